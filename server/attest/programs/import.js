// Programs that ask for modules that are not theirs. Each is refused by name.

//# name: static: an internal of deno_web
//# outcome: failed
//# says: is not available in this sandbox
import x from "ext:deno_web/locks.js";
console.log("LEAK", x);

//# name: static: the core
//# outcome: failed
//# says: is not available in this sandbox
import x from "ext:core/mod.js";
console.log("LEAK", x);

//# name: static: our own bootstrap
//# outcome: failed
//# says: is not available in this sandbox
import x from "ext:mayfly/platform.js";
console.log("LEAK", x);

//# name: static: node
//# outcome: failed
//# says: is not available in this sandbox
import x from "node:fs";
console.log("LEAK", x);

//# name: static: a bare name
//# outcome: failed
//# says: is not available in this sandbox
import x from "fs";
console.log("LEAK", x);

//# name: static: a file address
//# outcome: failed
//# says: There is no file
import x from "file:///etc/passwd";
console.log("LEAK", x);

//# name: static: an absolute path
//# outcome: failed
//# says: There is no file
import x from "/etc/passwd";
console.log("LEAK", x);

//# name: static: a relative path
//# outcome: failed
//# says: There is no file
import x from "./other.js";
console.log("LEAK", x);

//# name: static: the parent folder
//# outcome: failed
//# says: leads out of the program's files
import x from "../../../etc/passwd";
console.log("LEAK", x);

//# name: static: itself
//# outcome: failed
//# says: does not provide an export named 'default'
import x from "./main.js";
console.log("LEAK", x);

//# name: static: itself by name
//# outcome: failed
//# says: is not available in this sandbox
import x from "main.js";
console.log("LEAK", x);

//# name: static: data
//# outcome: failed
//# says: is not available in this sandbox
import x from "data:text/javascript,export default 1";
console.log("LEAK", x);

//# name: static: http
//# outcome: failed
//# says: is not available in this sandbox
import x from "http://127.0.0.1/x.js";
console.log("LEAK", x);

//# name: static: https
//# outcome: failed
//# says: is not available in this sandbox
import x from "https://example.com/x.js";
console.log("LEAK", x);

//# name: static: blob
//# outcome: failed
//# says: is not available in this sandbox
import x from "blob:null/1-2-3";
console.log("LEAK", x);

//# name: static: npm
//# outcome: failed
//# says: is not available in this sandbox
import x from "npm:left-pad";
console.log("LEAK", x);

//# name: static: jsr
//# outcome: failed
//# says: is not available in this sandbox
import x from "jsr:@std/fs";
console.log("LEAK", x);

//# name: static: an empty specifier
//# outcome: failed
//# says: is not available in this sandbox
import x from "";
console.log("LEAK", x);

//# name: static: unicode
//# outcome: failed
//# says: is not available in this sandbox
import x from "\u202e\ud83d\ude00\ud800";
console.log("LEAK", x);

//# name: static: markup
//# outcome: failed
//# says: is not available in this sandbox
import x from "<img src=x onerror=alert(1)>";
console.log("LEAK", x);

//# name: static: NUL
//# outcome: failed
//# says: is not available in this sandbox
import x from "a\u0000b";
console.log("LEAK", x);

//# name: static: the result
//# outcome: failed
//# says: is not available in this sandbox
import x from "mayfly:result";
console.log("LEAK", x);

//# name: static: wasm
//# outcome: failed
//# says: There is no file
import x from "./x.wasm";
console.log("LEAK", x);

//# name: static: side effects only
//# outcome: failed
//# says: is not available in this sandbox
import "ext:deno_web/00_url.js";

//# name: static: re-export of all
//# outcome: failed
//# says: is not available in this sandbox
export * from "ext:core/ops";

//# name: static: attributes
//# outcome: failed
//# says: There is no file
import x from "file:///etc/passwd" with { type: "json" };

//# name: static: source phase
//# outcome: failed
import source x from "./x.wasm";

//# name: static: deferred
//# outcome: failed
import defer * as x from "ext:core/mod.js";

//# name: static: the second of many
//# outcome: failed
//# says: Module 'a' is not available in this sandbox
import "a"; import "ext:core/mod.js"; import "b";

//# name: dynamic: ext
//# outcome: completed
//# says: TypeError Module
//# says: is not available in this sandbox
try { console.log("LEAK", await import("ext:deno_web/locks.js")) } catch (error) { console.log(error.name, error.message) }

//# name: dynamic: core
//# outcome: completed
//# says: TypeError Module
//# says: is not available in this sandbox
try { console.log("LEAK", await import("ext:core/mod.js")) } catch (error) { console.log(error.name, error.message) }

//# name: dynamic: ops
//# outcome: completed
//# says: TypeError Module
//# says: is not available in this sandbox
try { console.log("LEAK", await import("ext:core/ops")) } catch (error) { console.log(error.name, error.message) }

//# name: dynamic: node
//# outcome: completed
//# says: TypeError Module
//# says: is not available in this sandbox
try { console.log("LEAK", await import("node:child_process")) } catch (error) { console.log(error.name, error.message) }

//# name: dynamic: file
//# outcome: completed
//# says: TypeError There is no file
try { console.log("LEAK", await import("file:///proc/self/environ")) } catch (error) { console.log(error.name, error.message) }

//# name: dynamic: data
//# outcome: completed
//# says: TypeError Module
//# says: is not available in this sandbox
try { console.log("LEAK", await import("data:text/javascript,1")) } catch (error) { console.log(error.name, error.message) }

//# name: dynamic: http
//# outcome: completed
//# says: TypeError Module
//# says: is not available in this sandbox
try { console.log("LEAK", await import("http://127.0.0.1/")) } catch (error) { console.log(error.name, error.message) }

//# name: dynamic: https
//# outcome: completed
//# says: TypeError Module
//# says: is not available in this sandbox
try { console.log("LEAK", await import("https://example.com/")) } catch (error) { console.log(error.name, error.message) }

//# name: dynamic: blob
//# outcome: completed
//# says: TypeError Module
//# says: is not available in this sandbox
try { console.log("LEAK", await import("blob:x")) } catch (error) { console.log(error.name, error.message) }

//# name: dynamic: relative
//# outcome: completed
//# says: TypeError There is no file
try { console.log("LEAK", await import("./a.js")) } catch (error) { console.log(error.name, error.message) }

//# name: dynamic: empty
//# outcome: completed
//# says: TypeError Module
//# says: is not available in this sandbox
try { console.log("LEAK", await import("")) } catch (error) { console.log(error.name, error.message) }

//# name: dynamic: a number
//# outcome: completed
//# says: TypeError Module
//# says: is not available in this sandbox
try { console.log("LEAK", await import(1)) } catch (error) { console.log(error.name, error.message) }

//# name: dynamic: an object that turns into a name
//# outcome: completed
//# says: TypeError Module
//# says: is not available in this sandbox
try { console.log("LEAK", await import({ toString: () => "ext:core/mod.js" })) } catch (error) { console.log(error.name, error.message) }

//# name: dynamic: half a surrogate
//# outcome: completed
//# says: TypeError Module
//# says: is not available in this sandbox
try { console.log("LEAK", await import("\ud800")) } catch (error) { console.log(error.name, error.message) }

//# name: dynamic: a huge specifier
//# outcome: completed
//# says: true
//# says: is not available in this sandbox
try { await import("x".repeat(1e7)) } catch (error) { console.log(error.message.length < 400, error.message.slice(-40)) }

//# name: dynamic: a specifier that throws
//# outcome: completed
//# says: mine
try { await import({ toString() { throw new Error("mine") } }) } catch (error) { console.log(error.message) }

//# name: dynamic: a symbol
//# outcome: completed
//# says: TypeError
try { await import(Symbol()) } catch (error) { console.log(error.name) }

//# name: dynamic: attributes with getters
//# outcome: completed
//# says: is not available in this sandbox
try { await import("ext:core/mod.js", { with: { get type() { return "json" } } }) } catch (error) { console.log(error.message) }

//# name: dynamic: inside eval
//# outcome: completed
//# says: is not available in this sandbox
//# mode: script
eval(`import("ext:core/mod.js")`).catch((error) => console.log(error.message));

//# name: dynamic: inside Function
//# outcome: completed
//# says: is not available in this sandbox
Function(`return import("ext:deno_web/00_url.js")`)().catch((error) => console.log(error.message));

//# name: dynamic: inside an async function made of text
//# outcome: completed
//# says: is not available in this sandbox
(async () => {}).constructor(`await import("ext:core/mod.js")`)().catch((error) => console.log(error.message));

//# name: dynamic: inside a timer
//# outcome: completed
//# says: is not available in this sandbox
setTimeout(() => import("ext:core/mod.js").catch((error) => console.log(error.message)));

//# name: dynamic: inside the text of a timer
//# outcome: completed|failed
setTimeout(`import("ext:core/mod.js").then(() => console.log("LEAK"))`);

//# name: dynamic: inside an event listener
//# outcome: completed
//# says: is not available in this sandbox
const t = new EventTarget(); t.addEventListener("x", () => import("ext:core/mod.js").catch((error) => console.log(error.message))); t.dispatchEvent(new Event("x"));

//# name: dynamic: from a script
//# outcome: completed
//# says: is not available in this sandbox
//# mode: script
import("node:fs").then(() => console.log("LEAK"), (error) => console.log(error.message));

//# name: dynamic: source and deferred phases
//# outcome: completed
//# says: Error
for (const text of ['import.source("./x.wasm")', 'import.defer("ext:core/mod.js")'])
  try { await Function("return " + text)(); console.log("LEAK") } catch (error) { console.log(error.name) }

//# name: dynamic: the same one again after it failed
//# outcome: completed
//# says: is not available in this sandbox
for (let i = 0; i < 50; i++) try { await import("ext:deno_web/locks.js"); console.log("LEAK") } catch (error) { if (i === 49) console.log(error.message) }

//# name: dynamic: after a loader error, other internals
//# outcome: completed
//# says: is not available in this sandbox
await import("./missing.js").catch(() => {});
for (const name of ["ext:deno_web/locks.js", "ext:deno_web/01_broadcast_channel.js", "ext:deno_web/02_timers.js", "ext:deno_web/16_image_data.js", "ext:deno_webidl/00_webidl.js", "ext:core/mod.js", "ext:mayfly/bootstrap.js"])
  try { await import(name); console.log("LEAK", name) } catch (error) { console.log(error.message) }

//# name: dynamic: ten thousand at once
//# outcome: completed
//# says: true
const all = await Promise.allSettled(Array.from({ length: 1e4 }, (_, i) => import("ext:m" + i))); console.log(all.every((it) => it.status === "rejected"));

//# name: dynamic: nobody catches it
//# outcome: failed
//# says: is not available in this sandbox
import("ext:core/mod.js");

//# name: import.meta holds no more than the file's name
//# outcome: completed
//# says: 4 null file:///main.js undefined true
console.log(Reflect.ownKeys(import.meta).length, Object.getPrototypeOf(import.meta), import.meta.url, import.meta.resolve, import.meta.main);

//# name: a thenable namespace
//# outcome: completed
//# says: is not available in this sandbox
Object.prototype.then = function () { console.log("LEAK") };
Object.defineProperty(Promise.prototype, "constructor", { get() { return Promise } });
await import("x").catch((error) => console.log(error.message));
delete Object.prototype.then;
