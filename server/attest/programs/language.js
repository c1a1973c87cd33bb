// Programs that turn what runs TypeScript, modules and functions against it.

//# name: function: every prototype replaced
//# mode: function
//# outcome: completed
//# never: STOLEN
//# says: {"json":{"a":[1,"x","1970-01-01T00:00:00.000Z"]},"omitted":[]}
export default () => {
    const result = { a: [1, "x", new Date(0)] };
    const steal = () => { globalThis.console.log("STOLEN"); return "STOLEN" };
    for (const it of [Object, Array, String, Number, Function].map((it) => it.prototype)) {
        it.toJSON = it.toString = it.valueOf = it.toISOString = it[Symbol.toPrimitive] = it[Symbol.iterator] = steal;
    }
    JSON.stringify = JSON.parse = Object.keys = Reflect.ownKeys = steal;
    return result;
};

//# name: function: getters, proxies and toJSON in what is returned
//# mode: function
//# outcome: completed
//# never: RAN
//# says: a getter, which is not run
//# says: a Proxy, which is not asked
export default () => ({
    get a() { console.log("RAN"); return 1 },
    b: new Proxy({}, { get() { console.log("RAN") }, ownKeys() { console.log("RAN"); return [] } }),
    toJSON() { console.log("RAN") },
    c: Object.defineProperty([], "0", { get() { console.log("RAN") }, enumerable: true }),
});

//# name: function: a thenable that never ends
//# mode: function
//# outcome: failed
//# says: nothing is left to settle
export default () => ({ then() {} });

//# name: function: thenables without end
//# mode: function
//# outcome: cpu_exceeded|memory_exceeded|timed_out
export default () => { const next = () => ({ then(done) { done(next()) } }); return next() };

//# name: function: module.exports behind a getter
//# mode: function
//# outcome: completed
//# says: "json":5
Object.defineProperty(module, "exports", { get() { return () => 5 } });

//# name: function: exports that throw
//# mode: function
//# outcome: failed
//# says: RangeError: no
module.exports = { get default() { throw new RangeError("no") } };

//# name: function: exports behind a proxy that throws
//# mode: function
//# outcome: failed
//# says: RangeError: trap
module.exports = new Proxy({}, { get() { throw new RangeError("trap") }, ownKeys() { console.log("LEAK") } });

//# name: commonjs: module.exports is not read behind a getter at the end
//# mode: commonjs
//# outcome: completed
//# never: RAN
Object.defineProperty(module, "exports", { get() { console.log("RAN"); return 1 } });

//# name: commonjs: the constructor of require
//# mode: commonjs
//# outcome: completed
//# says: undefined undefined undefined
console.log(...require.constructor("return [typeof Deno, typeof process, typeof require]")());

//# name: commonjs: what require is called with
//# mode: commonjs
//# outcome: completed
//# says: all refused
for (const name of [{}, null, undefined, 1n, Symbol("x"), { toString: () => "fs" }, new Proxy({}, {}), "", "\0", "__proto__",
    "constructor", "toString", "mayfly:commonjs", "ext:core/mod.js", "file:///etc/passwd", "/etc/passwd", "node:fs", "./\u{202e}x",
    "./..%2f..%2fx", "\ud800", "x".repeat(1e6)]) {
    try { require(name); if (name !== "mayfly:commonjs") console.log("LEAK", name) } catch {}
}
console.log("all refused");

//# name: commonjs: require at the end of the stack
//# mode: commonjs
//# outcome: completed|failed
let calls = 0;
(function deeper() { try { deeper() } finally { if (calls++ < 200) try { require("./a.js") } catch {} } })();
//# file: a.js
module.exports = (function f() { return f() })();

//# name: commonjs: a module that requires itself as it throws
//# outcome: failed
//# says: Error: again
require("./a");
//# file: a.js
try { require("./a") } finally { throw new Error("again") }

//# name: modules: names that objects have
//# outcome: completed
//# says: 1 2 3
import a from "./__proto__.js";
import b from "./constructor";
import c from "./toString/index.js";
console.log(a, b, c);
//# file: __proto__.js
export default 1
//# file: constructor.js
export default 2
//# file: toString/index.js
export default 3

//# name: modules: imports without end
//# outcome: cpu_exceeded|memory_exceeded|timed_out|completed
const more = () => import("./a.js?" + Math.random()).catch(more); await Promise.all(Array.from({ length: 100 }, more));
//# file: a.js
export {}

//# name: modules: dynamic import of itself while it is evaluated
//# outcome: completed
//# says: done
import("./main.js").then(() => console.log("done"));
import * as me from "./main.js"; export { me };
//# file: unused.js
0

//# name: modules: a namespace that is thenable
//# outcome: completed
//# says: called
await import("./a.js");
//# file: a.js
export const then = (done) => { console.log("called"); done() };

//# name: modules: a CommonJS module whose exports are a trap
//# outcome: failed
//# says: RangeError: trap
import { a } from "./a.cjs"; console.log("LEAK", a);
//# file: a.cjs
exports.a = 1; module.exports = new Proxy({}, { get() { throw new RangeError("trap") } });

//# name: positions: a faked source address
//# outcome: failed
//# says: Error: here
//# never: faked
eval("throw new Error('here')\n//# sourceURL=lib/faked.js");
//# file: lib/faked.js
0

//# name: typescript: a namespace that takes hold of Object
//# language: typescript
//# outcome: completed
//# says: undefined
globalThis.Object = new Proxy(Object, { get() { console.log("mine"); return () => {} } }) as any;
namespace A { export let b = 1 } console.log(A.b);

//# name: typescript: names that begin as ours do
//# language: tsx
//# outcome: completed
//# says: 1 2 a
const $r0 = 1, $r0j = 2; enum A { B } console.log($r0, $r0j, (<a/>).type);

//# name: typescript: the helpers of decorators, replaced
//# language: typescript
//# outcome: failed
//# says: no
Object.getOwnPropertyDescriptor = () => { throw new Error("no") };
class A { @((f: any) => f) m() {} }
