// Programs that turn on the modules of the catalogue, and on what loads them. A module runs in the program's realm
// with the program's rights: what it is made to do, the program could do itself.

//# name: the name of everything and nothing
//# mode: commonjs
//# outcome: completed
//# says: done
for (const name of ["constructor", "__proto__", "toString", "hasOwnProperty", "prototype", "node:constructor", "node:__proto__", "lodash/__proto__", "lodash/constructor", "npm:__proto__", "mayfly:lodash", "ext:core/ops"])
  try { require(name); console.log("LEAK", name) } catch {}
console.log("done");

//# name: names with tricks in them
//# mode: commonjs
//# outcome: completed
//# says: done
for (const name of ["node:fs", "node:node:path", "NODE:path", "node:path\0", "node:path/../fs", "node:path/posix/../../fs", "path/../fs", "./node:fs", "lodash/../../etc/passwd", "lodash@4/../axios", "lodash@file:/etc", "lodash@4@4", "npm:npm:lodash", "npm:node:fs", "npm:/etc/passwd", "npm:../lodash", "lodash%2fget", "lodash\\get", "lod\u0430sh", "\ufefflodash", "lodash ", "file:lodash", "data:lodash", "blob:lodash", "//lodash", "@/lodash", "@a", "lodash/", "lodash//get"])
  try { require(name); console.log("LEAK", JSON.stringify(name)) } catch (error) { if (!error.message.includes("is not available in this sandbox") && !/files/.test(error.message)) console.log("ODD", name, error.message) }
console.log("done");

//# name: a specifier of a megabyte
//# mode: commonjs
//# outcome: completed
//# says: true
for (const make of [(it) => it, (it) => "node:" + it, (it) => "lodash/" + it, (it) => "lodash@" + it, (it) => "npm:@" + it + "/" + it])
  try { require(make("x".repeat(1 << 20))); console.log("LEAK") } catch (error) { if (error.message.length > 600) console.log("LEAK of length", error.message.length) }
console.log(true);

//# name: what is no string
//# mode: commonjs
//# outcome: completed
//# says: done
for (const it of [undefined, null, 1, 1n, Symbol("path"), {}, [], () => {}, new String("path"), { toString: () => "fs" }, new Proxy({}, { get() { console.log("LEAK: a trap ran") } })])
  try { require(it); console.log("LEAK") } catch {}
console.log("done");

//# name: a cache to tamper with
//# mode: commonjs
//# outcome: completed
//# says: undefined
//# says: true
console.log(require.cache);
require.cache = { fs: { exports: "LEAK" }, "node:fs": { exports: "LEAK" } };
require.extensions = { ".js": () => console.log("LEAK") };
try { console.log(require("fs")) } catch {}
const first = require("path");
delete require.cache;
console.log(require("path") === first);

//# name: what hangs on module and require
//# mode: commonjs
//# outcome: completed
//# says: done
for (const it of [module, require, module.constructor, require.main, module.parent, module.children])
  for (const key of it ? Reflect.ownKeys(Object(it)) : [])
    if (["_load", "_extensions", "_resolveFilename", "createRequire", "binding", "_linkedBinding", "dlopen"].includes(key)) console.log("LEAK", key);
try { console.log("LEAK", module.constructor._load("fs")) } catch {}
try { console.log("LEAK", module.require("fs")) } catch {}
console.log("done");

//# name: the process that modules know
//# mode: commonjs
//# outcome: completed
//# says: done
const process = require("process");
for (const name of ["binding", "_linkedBinding", "dlopen", "mainModule", "moduleLoadList", "getBuiltinModule", "setuid", "memoryUsage", "report", "_rawDebug", "reallyExit", "openStdin", "stdin"])
  if (process[name] !== undefined) console.log("LEAK", name);
if (Object.keys(process.env).length || process.pid !== 1) console.log("LEAK of the machine");
for (const name of ["exit", "kill", "abort", "chdir"]) try { process[name](0); console.log("LEAK", name) } catch {}
console.log("done");

//# name: constructors of modules' functions
//# mode: commonjs
//# outcome: completed
//# says: done
for (const name of ["lodash", "axios", "util", "stream", "crypto", "events", "zod"]) {
  const it = require(name), some = typeof it === "function" ? it : Object.values(it).find((member) => typeof member === "function");
  const outside = Reflect.getPrototypeOf(some).constructor("return [typeof Deno, typeof process, typeof require, this === globalThis].join()")();
  if (outside !== "undefined,undefined,undefined,true") console.log("LEAK", name, outside);
}
console.log("done");

//# name: frames of modules
//# mode: commonjs
//# outcome: completed
//# says: done
Error.prepareStackTrace = (error, frames) => frames;
const _ = require("lodash");
_.map([1], () => {
  const { stack } = new Error();
  for (const frame of Array.isArray(stack) ? stack : []) {
    const it = frame.getFunction?.(), self = frame.getThis?.();
    if (it && /mayfly|ext:/.test(String(frame.getFileName())) && it.toString().includes("native")) console.log("LEAK", it, self);
  }
});
console.log("done");

//# name: prototypes replaced before anything is required
//# mode: commonjs
//# outcome: completed|failed
for (const holder of [Array.prototype, Object.prototype, Function.prototype, String.prototype, Map.prototype, Promise.prototype, RegExp.prototype])
  for (const key of Reflect.ownKeys(holder)) {
    const found = Reflect.getOwnPropertyDescriptor(holder, key);
    if (key !== "constructor" && found.writable && typeof found.value === "function") try { holder[key] = () => { throw 1 } } catch {}
  }
for (const name of ["lodash", "path", "util", "assert", "stream", "axios", "zod", "date-fns", "crypto"]) try { require(name) } catch {}

//# name: getters on Object.prototype for all that a loader reads
//# mode: commonjs
//# outcome: completed|failed
for (const key of ["exports", "default", "__esModule", "then", "id", "loaded", "filename", "main", "resolve", "require", "module", "name", "get", "set", "value"])
  Object.defineProperty(Object.prototype, key, { get() { return undefined }, set() {}, configurable: true });
for (const name of ["path", "lodash/get", "lodash", "events"]) { try { require(name) } catch {} import(name).catch(() => {}) }

//# name: exports that turn on whoever reads them
//# mode: commonjs
//# outcome: completed|failed
//# says: done
const lodash = require("lodash");
for (const key of Object.keys(lodash)) Object.defineProperty(lodash, key, { get() { throw new Error("mine") }, configurable: true });
import("lodash").catch((error) => error.message).then(() => console.log("done"));

//# name: a thousand views, a thousand times
//# mode: commonjs
//# outcome: completed
//# says: true
const names = Object.keys(require("lodash")).filter((it) => { try { require("lodash/" + it); return true } catch { return false } });
for (let i = 0; i < 1000; i++) for (const name of names.slice(0, 50)) require("lodash/" + name + (i % 2 ? ".js" : ""));
console.log(names.length > 250);

//# name: all modules at once
//# mode: commonjs
//# outcome: completed
//# says: done
for (const name of ["assert", "buffer", "crypto", "events", "os", "path", "process", "punycode", "querystring", "stream", "stream/web", "string_decoder", "timers", "url", "util", "axios", "date-fns", "date-fns/locale", "lodash", "lodash-es", "uuid", "zod", "zod/mini", "zod/v3"]) require(name);
console.log("done");

//# name: all modules in the smallest heap
//# mode: commonjs
//# limit: heap_bytes 8388608
//# outcome: completed|memory_exceeded
for (let i = 0; i < 3; i++) for (const name of ["zod", "zod/mini", "date-fns/locale", "lodash-es", "stream", "crypto"]) require(name);

//# name: a hash without end
//# mode: commonjs
//# outcome: cpu_exceeded
require("crypto").pbkdf2Sync("a", "b", 2 ** 31 - 1, 64, "sha512");

//# name: a password that takes all memory
//# mode: commonjs
//# outcome: failed|memory_exceeded
require("crypto").scryptSync("a", "b", 64, { N: 2 ** 25, r: 8, p: 1, maxmem: 2 ** 40 });

//# name: more random bytes than there is room for
//# mode: commonjs
//# outcome: failed|memory_exceeded
require("crypto").randomBytes(2 ** 31 - 1);

//# name: a buffer of hostile length
//# mode: commonjs
//# outcome: failed|memory_exceeded
const { Buffer } = require("buffer");
for (const length of [NaN, -1, 2 ** 53, Infinity, "9", {}]) try { Buffer.alloc(length); console.log("LEAK", length) } catch {}
Buffer.alloc(2 ** 32);
