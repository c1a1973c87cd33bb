// Programs that replace the language under the platform's feet. The harm is their own: what internals hand to
// a replaced function is the visitor's anyway, or a value without a way in.
var spied = [], record = Reflect.apply, ownKeys = Reflect.ownKeys, describe = Reflect.getOwnPropertyDescriptor, protoOf = Reflect.getPrototypeOf, set = Reflect.set, define = Reflect.defineProperty, log = console.log;
/** Keeps what a replaced function was given, without using anything that may be replaced. */
function spy(self, args) {
  if (spied.length > 3000) return;
  define(spied, spied.length, { __proto__: null, value: self, configurable: true, enumerable: true, writable: true });
  for (let i = 0; i < args.length && i < 8; i++) define(spied, spied.length, { __proto__: null, value: args[i], configurable: true, enumerable: true, writable: true });
}
/** Replaces all methods of `it`. Each tells what it was given, and does its work. */
function wreck(it) {
  const keys = ownKeys(it);
  for (let i = 0; i < keys.length; i++) {
    const d = describe(it, keys[i]), f = d.value;
    if (typeof f !== "function" || keys[i] === "constructor" || !d.writable) continue;
    it[keys[i]] = function () { spy(this, arguments); return record(f, this, arguments) };
  }
}
/** Says so when something among what was seen is one of the runtime's internals. */
function verdict() {
  for (let i = 0; i < spied.length; i++) {
    let it = spied[i];
    for (let depth = 0; it !== null && (typeof it === "object" || typeof it === "function") && depth < 4; depth++, it = protoOf(it)) {
      if (it === globalThis) break;
      const keys = ownKeys(it);
      for (let k = 0; k < keys.length; k++) {
        const key = keys[k];
        if (key === "ops" || key === "primordials" || key === "loadExtScript" || key === "_timerId" || key === "registerErrorBuilder" || key === "evalContext" || key === "__bootstrap" || key === "core") log("LEAK: an internal with", key);
        if (typeof key === "string" && key[0] === "o" && key[1] === "p" && key[2] === "_") log("LEAK: the operation", key);
      }
    }
  }
}

//# name: the iterator of arrays
//# outcome: completed
//# says: held http://a/b?c=d&e=f 1 {a: 1} abc true [1, 2] Map(0)
Array.prototype[Symbol.iterator] = function () { spy(this, arguments); return { next: () => ({ done: true }) } };
const u = new URL("http://a/b?c=d"); u.searchParams.append("e", "f");
const w = new EventTarget(); let heard = 0; w.addEventListener("x", () => heard++); w.dispatchEvent(new Event("x"));
setTimeout(() => {}, 0); queueMicrotask(() => {});
const cl = structuredClone({ a: 1 }); const enc = new TextEncoder().encode("abc"); const dec = new TextDecoder().decode(enc);
const ac = new AbortController(); ac.abort(); new Blob(["x"]); const r = new ReadableStream(); new WritableStream(); new TransformStream(); new MessageChannel().port1.postMessage(1); new URLPattern({ pathname: "/a" }).test({ pathname: "/a" }); crypto.getRandomValues(new Uint8Array(4)); crypto.randomUUID(); performance.mark("m"); atob(btoa("x"));
console.log("held", u.href, heard, cl, dec, ac.signal.aborted, [1, 2], new Map([[1, { b: 2 }]]), new Error("e").message);
verdict();

//# name: push, map, join and slice
//# outcome: completed
//# says: held http://a/b?c=d&e=f 1 {a: 1} abc true [1, 2] Map(1)
for (const k of ["push", "map", "join", "slice", "splice", "shift", "unshift", "forEach", "filter", "indexOf", "concat", "at", "pop"]) Array.prototype[k] = function () { spy(this, arguments); throw 1 };
const u = new URL("http://a/b?c=d"); u.searchParams.append("e", "f");
const w = new EventTarget(); let heard = 0; w.addEventListener("x", () => heard++); w.dispatchEvent(new Event("x"));
setTimeout(() => {}, 0); queueMicrotask(() => {});
const cl = structuredClone({ a: 1 }); const enc = new TextEncoder().encode("abc"); const dec = new TextDecoder().decode(enc);
const ac = new AbortController(); ac.abort(); new Blob(["x"]); const r = new ReadableStream(); new WritableStream(); new TransformStream(); new MessageChannel().port1.postMessage(1); new URLPattern({ pathname: "/a" }).test({ pathname: "/a" }); crypto.getRandomValues(new Uint8Array(4)); crypto.randomUUID(); performance.mark("m"); atob(btoa("x"));
console.log("held", u.href, heard, cl, dec, ac.signal.aborted, [1, 2], new Map([[1, { b: 2 }]]), new Error("e").message);
verdict();

//# name: every method of Array.prototype
//# outcome: completed
//# says: held http://a/b?c=d&e=f 1 {a: 1} abc true [1, 2] Map(1)
wreck(Array.prototype);
const u = new URL("http://a/b?c=d"); u.searchParams.append("e", "f");
const w = new EventTarget(); let heard = 0; w.addEventListener("x", () => heard++); w.dispatchEvent(new Event("x"));
setTimeout(() => {}, 0); queueMicrotask(() => {});
const cl = structuredClone({ a: 1 }); const enc = new TextEncoder().encode("abc"); const dec = new TextDecoder().decode(enc);
const ac = new AbortController(); ac.abort(); new Blob(["x"]); const r = new ReadableStream(); new WritableStream(); new TransformStream(); new MessageChannel().port1.postMessage(1); new URLPattern({ pathname: "/a" }).test({ pathname: "/a" }); crypto.getRandomValues(new Uint8Array(4)); crypto.randomUUID(); performance.mark("m"); atob(btoa("x"));
console.log("held", u.href, heard, cl, dec, ac.signal.aborted, [1, 2], new Map([[1, { b: 2 }]]), new Error("e").message);
verdict();

//# name: every method of String.prototype
//# outcome: completed
//# says: held http://a/b?c=d&e=f 1 {a: 1} abc true [1, 2] Map(1)
wreck(String.prototype);
const u = new URL("http://a/b?c=d"); u.searchParams.append("e", "f");
const w = new EventTarget(); let heard = 0; w.addEventListener("x", () => heard++); w.dispatchEvent(new Event("x"));
setTimeout(() => {}, 0); queueMicrotask(() => {});
const cl = structuredClone({ a: 1 }); const enc = new TextEncoder().encode("abc"); const dec = new TextDecoder().decode(enc);
const ac = new AbortController(); ac.abort(); new Blob(["x"]); const r = new ReadableStream(); new WritableStream(); new TransformStream(); new MessageChannel().port1.postMessage(1); new URLPattern({ pathname: "/a" }).test({ pathname: "/a" }); crypto.getRandomValues(new Uint8Array(4)); crypto.randomUUID(); performance.mark("m"); atob(btoa("x"));
console.log("held", u.href, heard, cl, dec, ac.signal.aborted, [1, 2], new Map([[1, { b: 2 }]]), new Error("e").message);
verdict();

//# name: every method of Promise.prototype
//# outcome: completed
//# says: held http://a/b?c=d&e=f 1 {a: 1} abc true [1, 2] Map(1)
wreck(Promise.prototype);
const u = new URL("http://a/b?c=d"); u.searchParams.append("e", "f");
const w = new EventTarget(); let heard = 0; w.addEventListener("x", () => heard++); w.dispatchEvent(new Event("x"));
setTimeout(() => {}, 0); queueMicrotask(() => {});
const cl = structuredClone({ a: 1 }); const enc = new TextEncoder().encode("abc"); const dec = new TextDecoder().decode(enc);
const ac = new AbortController(); ac.abort(); new Blob(["x"]); const r = new ReadableStream(); new WritableStream(); new TransformStream(); new MessageChannel().port1.postMessage(1); new URLPattern({ pathname: "/a" }).test({ pathname: "/a" }); crypto.getRandomValues(new Uint8Array(4)); crypto.randomUUID(); performance.mark("m"); atob(btoa("x"));
console.log("held", u.href, heard, cl, dec, ac.signal.aborted, [1, 2], new Map([[1, { b: 2 }]]), new Error("e").message);
verdict();

//# name: every method of RegExp.prototype
//# outcome: completed
//# says: held http://a/b?c=d&e=f 1 {a: 1} abc true [1, 2] Map(1)
wreck(RegExp.prototype);
const u = new URL("http://a/b?c=d"); u.searchParams.append("e", "f");
const w = new EventTarget(); let heard = 0; w.addEventListener("x", () => heard++); w.dispatchEvent(new Event("x"));
setTimeout(() => {}, 0); queueMicrotask(() => {});
const cl = structuredClone({ a: 1 }); const enc = new TextEncoder().encode("abc"); const dec = new TextDecoder().decode(enc);
const ac = new AbortController(); ac.abort(); new Blob(["x"]); const r = new ReadableStream(); new WritableStream(); new TransformStream(); new MessageChannel().port1.postMessage(1); new URLPattern({ pathname: "/a" }).test({ pathname: "/a" }); crypto.getRandomValues(new Uint8Array(4)); crypto.randomUUID(); performance.mark("m"); atob(btoa("x"));
console.log("held", u.href, heard, cl, dec, ac.signal.aborted, [1, 2], new Map([[1, { b: 2 }]]), new Error("e").message);
verdict();

//# name: every method of Map and Set
//# outcome: completed
//# says: held http://a/b?c=d&e=f 1 {a: 1} abc true [1, 2] Map(1)
wreck(Map.prototype); wreck(Set.prototype); wreck(WeakMap.prototype); wreck(WeakSet.prototype);
const u = new URL("http://a/b?c=d"); u.searchParams.append("e", "f");
const w = new EventTarget(); let heard = 0; w.addEventListener("x", () => heard++); w.dispatchEvent(new Event("x"));
setTimeout(() => {}, 0); queueMicrotask(() => {});
const cl = structuredClone({ a: 1 }); const enc = new TextEncoder().encode("abc"); const dec = new TextDecoder().decode(enc);
const ac = new AbortController(); ac.abort(); new Blob(["x"]); const r = new ReadableStream(); new WritableStream(); new TransformStream(); new MessageChannel().port1.postMessage(1); new URLPattern({ pathname: "/a" }).test({ pathname: "/a" }); crypto.getRandomValues(new Uint8Array(4)); crypto.randomUUID(); performance.mark("m"); atob(btoa("x"));
console.log("held", u.href, heard, cl, dec, ac.signal.aborted, [1, 2], new Map([[1, { b: 2 }]]), new Error("e").message);
verdict();

//# name: every method of Function.prototype
//# outcome: completed
//# says: held http://a/b?c=d&e=f 1 {a: 1} abc true [1, 2] Map(1)
wreck(Function.prototype);
const u = new URL("http://a/b?c=d"); u.searchParams.append("e", "f");
const w = new EventTarget(); let heard = 0; w.addEventListener("x", () => heard++); w.dispatchEvent(new Event("x"));
setTimeout(() => {}, 0); queueMicrotask(() => {});
const cl = structuredClone({ a: 1 }); const enc = new TextEncoder().encode("abc"); const dec = new TextDecoder().decode(enc);
const ac = new AbortController(); ac.abort(); new Blob(["x"]); const r = new ReadableStream(); new WritableStream(); new TransformStream(); new MessageChannel().port1.postMessage(1); new URLPattern({ pathname: "/a" }).test({ pathname: "/a" }); crypto.getRandomValues(new Uint8Array(4)); crypto.randomUUID(); performance.mark("m"); atob(btoa("x"));
console.log("held", u.href, heard, cl, dec, ac.signal.aborted, [1, 2], new Map([[1, { b: 2 }]]), new Error("e").message);
verdict();

//# name: every method of Number, BigInt, Symbol and Boolean
//# outcome: completed
//# says: held http://a/b?c=d&e=f 1 {a: 1} abc true [1, 2] Map(1)
wreck(Number.prototype); wreck(BigInt.prototype); wreck(Symbol.prototype); wreck(Boolean.prototype);
const u = new URL("http://a/b?c=d"); u.searchParams.append("e", "f");
const w = new EventTarget(); let heard = 0; w.addEventListener("x", () => heard++); w.dispatchEvent(new Event("x"));
setTimeout(() => {}, 0); queueMicrotask(() => {});
const cl = structuredClone({ a: 1 }); const enc = new TextEncoder().encode("abc"); const dec = new TextDecoder().decode(enc);
const ac = new AbortController(); ac.abort(); new Blob(["x"]); const r = new ReadableStream(); new WritableStream(); new TransformStream(); new MessageChannel().port1.postMessage(1); new URLPattern({ pathname: "/a" }).test({ pathname: "/a" }); crypto.getRandomValues(new Uint8Array(4)); crypto.randomUUID(); performance.mark("m"); atob(btoa("x"));
console.log("held", u.href, heard, cl, dec, ac.signal.aborted, [1, 2], new Map([[1, { b: 2 }]]), new Error("e").message);
verdict();

//# name: every method of typed arrays and buffers
//# outcome: completed
//# says: held http://a/b?c=d&e=f 1 {a: 1} abc true [1, 2] Map(1)
wreck(Reflect.getPrototypeOf(Uint8Array.prototype)); wreck(ArrayBuffer.prototype); wreck(DataView.prototype);
const u = new URL("http://a/b?c=d"); u.searchParams.append("e", "f");
const w = new EventTarget(); let heard = 0; w.addEventListener("x", () => heard++); w.dispatchEvent(new Event("x"));
setTimeout(() => {}, 0); queueMicrotask(() => {});
const cl = structuredClone({ a: 1 }); const enc = new TextEncoder().encode("abc"); const dec = new TextDecoder().decode(enc);
const ac = new AbortController(); ac.abort(); new Blob(["x"]); const r = new ReadableStream(); new WritableStream(); new TransformStream(); new MessageChannel().port1.postMessage(1); new URLPattern({ pathname: "/a" }).test({ pathname: "/a" }); crypto.getRandomValues(new Uint8Array(4)); crypto.randomUUID(); performance.mark("m"); atob(btoa("x"));
console.log("held", u.href, heard, cl, dec, ac.signal.aborted, [1, 2], new Map([[1, { b: 2 }]]), new Error("e").message);
verdict();

//# name: every method of iterators
//# outcome: completed
//# says: held http://a/b?c=d&e=f 1 {a: 1} abc true [1, 2] Map(1)
wreck(Reflect.getPrototypeOf(Reflect.getPrototypeOf([][Symbol.iterator]()))); wreck(Reflect.getPrototypeOf([][Symbol.iterator]()));
const u = new URL("http://a/b?c=d"); u.searchParams.append("e", "f");
const w = new EventTarget(); let heard = 0; w.addEventListener("x", () => heard++); w.dispatchEvent(new Event("x"));
setTimeout(() => {}, 0); queueMicrotask(() => {});
const cl = structuredClone({ a: 1 }); const enc = new TextEncoder().encode("abc"); const dec = new TextDecoder().decode(enc);
const ac = new AbortController(); ac.abort(); new Blob(["x"]); const r = new ReadableStream(); new WritableStream(); new TransformStream(); new MessageChannel().port1.postMessage(1); new URLPattern({ pathname: "/a" }).test({ pathname: "/a" }); crypto.getRandomValues(new Uint8Array(4)); crypto.randomUUID(); performance.mark("m"); atob(btoa("x"));
console.log("held", u.href, heard, cl, dec, ac.signal.aborted, [1, 2], new Map([[1, { b: 2 }]]), new Error("e").message);
verdict();

//# name: every method of errors
//# outcome: completed
//# says: held http://a/b?c=d&e=f 1 {a: 1} abc true [1, 2] Map(1)
wreck(Error.prototype); wreck(TypeError.prototype);
const u = new URL("http://a/b?c=d"); u.searchParams.append("e", "f");
const w = new EventTarget(); let heard = 0; w.addEventListener("x", () => heard++); w.dispatchEvent(new Event("x"));
setTimeout(() => {}, 0); queueMicrotask(() => {});
const cl = structuredClone({ a: 1 }); const enc = new TextEncoder().encode("abc"); const dec = new TextDecoder().decode(enc);
const ac = new AbortController(); ac.abort(); new Blob(["x"]); const r = new ReadableStream(); new WritableStream(); new TransformStream(); new MessageChannel().port1.postMessage(1); new URLPattern({ pathname: "/a" }).test({ pathname: "/a" }); crypto.getRandomValues(new Uint8Array(4)); crypto.randomUUID(); performance.mark("m"); atob(btoa("x"));
console.log("held", u.href, heard, cl, dec, ac.signal.aborted, [1, 2], new Map([[1, { b: 2 }]]), new Error("e").message);
verdict();

//# name: every static of Object
//# outcome: completed
//# says: held http://a/b?c=d&e=f 1 {a: 1} abc true [1, 2] Map(1)
wreck(Object);
const u = new URL("http://a/b?c=d"); u.searchParams.append("e", "f");
const w = new EventTarget(); let heard = 0; w.addEventListener("x", () => heard++); w.dispatchEvent(new Event("x"));
setTimeout(() => {}, 0); queueMicrotask(() => {});
const cl = structuredClone({ a: 1 }); const enc = new TextEncoder().encode("abc"); const dec = new TextDecoder().decode(enc);
const ac = new AbortController(); ac.abort(); new Blob(["x"]); const r = new ReadableStream(); new WritableStream(); new TransformStream(); new MessageChannel().port1.postMessage(1); new URLPattern({ pathname: "/a" }).test({ pathname: "/a" }); crypto.getRandomValues(new Uint8Array(4)); crypto.randomUUID(); performance.mark("m"); atob(btoa("x"));
console.log("held", u.href, heard, cl, dec, ac.signal.aborted, [1, 2], new Map([[1, { b: 2 }]]), new Error("e").message);
verdict();

//# name: every static of Reflect
//# outcome: completed
//# says: held http://a/b?c=d&e=f 1 {a: 1} abc true [1, 2] Map(1)
wreck(Reflect);
const u = new URL("http://a/b?c=d"); u.searchParams.append("e", "f");
const w = new EventTarget(); let heard = 0; w.addEventListener("x", () => heard++); w.dispatchEvent(new Event("x"));
setTimeout(() => {}, 0); queueMicrotask(() => {});
const cl = structuredClone({ a: 1 }); const enc = new TextEncoder().encode("abc"); const dec = new TextDecoder().decode(enc);
const ac = new AbortController(); ac.abort(); new Blob(["x"]); const r = new ReadableStream(); new WritableStream(); new TransformStream(); new MessageChannel().port1.postMessage(1); new URLPattern({ pathname: "/a" }).test({ pathname: "/a" }); crypto.getRandomValues(new Uint8Array(4)); crypto.randomUUID(); performance.mark("m"); atob(btoa("x"));
console.log("held", u.href, heard, cl, dec, ac.signal.aborted, [1, 2], new Map([[1, { b: 2 }]]), new Error("e").message);
verdict();

//# name: every static of Promise and Array
//# outcome: completed
//# says: held http://a/b?c=d&e=f 1 {a: 1} abc true [1, 2] Map(1)
wreck(Promise); wreck(Array);
const u = new URL("http://a/b?c=d"); u.searchParams.append("e", "f");
const w = new EventTarget(); let heard = 0; w.addEventListener("x", () => heard++); w.dispatchEvent(new Event("x"));
setTimeout(() => {}, 0); queueMicrotask(() => {});
const cl = structuredClone({ a: 1 }); const enc = new TextEncoder().encode("abc"); const dec = new TextDecoder().decode(enc);
const ac = new AbortController(); ac.abort(); new Blob(["x"]); const r = new ReadableStream(); new WritableStream(); new TransformStream(); new MessageChannel().port1.postMessage(1); new URLPattern({ pathname: "/a" }).test({ pathname: "/a" }); crypto.getRandomValues(new Uint8Array(4)); crypto.randomUUID(); performance.mark("m"); atob(btoa("x"));
console.log("held", u.href, heard, cl, dec, ac.signal.aborted, [1, 2], new Map([[1, { b: 2 }]]), new Error("e").message);
verdict();

//# name: every static of JSON, Math, Symbol, String and Number
//# outcome: completed
//# says: held http://a/b?c=d&e=f 1 {a: 1} abc true [1, 2] Map(1)
wreck(JSON); wreck(Math); wreck(Symbol); wreck(String); wreck(Number); wreck(Date);
const u = new URL("http://a/b?c=d"); u.searchParams.append("e", "f");
const w = new EventTarget(); let heard = 0; w.addEventListener("x", () => heard++); w.dispatchEvent(new Event("x"));
setTimeout(() => {}, 0); queueMicrotask(() => {});
const cl = structuredClone({ a: 1 }); const enc = new TextEncoder().encode("abc"); const dec = new TextDecoder().decode(enc);
const ac = new AbortController(); ac.abort(); new Blob(["x"]); const r = new ReadableStream(); new WritableStream(); new TransformStream(); new MessageChannel().port1.postMessage(1); new URLPattern({ pathname: "/a" }).test({ pathname: "/a" }); crypto.getRandomValues(new Uint8Array(4)); crypto.randomUUID(); performance.mark("m"); atob(btoa("x"));
console.log("held", u.href, heard, cl, dec, ac.signal.aborted, [1, 2], new Map([[1, { b: 2 }]]), new Error("e").message);
verdict();

//# name: Promise.prototype.then
//# outcome: completed
//# says: held http://a/b?c=d&e=f 1 {a: 1} abc true [1, 2] Map(1)
Promise.prototype.then = function () { spy(this, arguments); };
const u = new URL("http://a/b?c=d"); u.searchParams.append("e", "f");
const w = new EventTarget(); let heard = 0; w.addEventListener("x", () => heard++); w.dispatchEvent(new Event("x"));
setTimeout(() => {}, 0); queueMicrotask(() => {});
const cl = structuredClone({ a: 1 }); const enc = new TextEncoder().encode("abc"); const dec = new TextDecoder().decode(enc);
const ac = new AbortController(); ac.abort(); new Blob(["x"]); const r = new ReadableStream(); new WritableStream(); new TransformStream(); new MessageChannel().port1.postMessage(1); new URLPattern({ pathname: "/a" }).test({ pathname: "/a" }); crypto.getRandomValues(new Uint8Array(4)); crypto.randomUUID(); performance.mark("m"); atob(btoa("x"));
console.log("held", u.href, heard, cl, dec, ac.signal.aborted, [1, 2], new Map([[1, { b: 2 }]]), new Error("e").message);
verdict();

//# name: the constructor of promises
//# outcome: completed
//# says: held http://a/b?c=d&e=f 1 {a: 1} abc true [1, 2] Map(1)
Object.defineProperty(Promise.prototype, "constructor", { get() { spy(this, arguments); return undefined } });
const u = new URL("http://a/b?c=d"); u.searchParams.append("e", "f");
const w = new EventTarget(); let heard = 0; w.addEventListener("x", () => heard++); w.dispatchEvent(new Event("x"));
setTimeout(() => {}, 0); queueMicrotask(() => {});
const cl = structuredClone({ a: 1 }); const enc = new TextEncoder().encode("abc"); const dec = new TextDecoder().decode(enc);
const ac = new AbortController(); ac.abort(); new Blob(["x"]); const r = new ReadableStream(); new WritableStream(); new TransformStream(); new MessageChannel().port1.postMessage(1); new URLPattern({ pathname: "/a" }).test({ pathname: "/a" }); crypto.getRandomValues(new Uint8Array(4)); crypto.randomUUID(); performance.mark("m"); atob(btoa("x"));
console.log("held", u.href, heard, cl, dec, ac.signal.aborted, [1, 2], new Map([[1, { b: 2 }]]), new Error("e").message);
verdict();

//# name: RegExp.prototype.exec
//# outcome: completed
//# says: held http://a/b?c=d&e=f 1 {a: 1} abc true [1, 2] Map(1)
RegExp.prototype.exec = function () { spy(this, arguments); return null };
const u = new URL("http://a/b?c=d"); u.searchParams.append("e", "f");
const w = new EventTarget(); let heard = 0; w.addEventListener("x", () => heard++); w.dispatchEvent(new Event("x"));
setTimeout(() => {}, 0); queueMicrotask(() => {});
const cl = structuredClone({ a: 1 }); const enc = new TextEncoder().encode("abc"); const dec = new TextDecoder().decode(enc);
const ac = new AbortController(); ac.abort(); new Blob(["x"]); const r = new ReadableStream(); new WritableStream(); new TransformStream(); new MessageChannel().port1.postMessage(1); new URLPattern({ pathname: "/a" }).test({ pathname: "/a" }); crypto.getRandomValues(new Uint8Array(4)); crypto.randomUUID(); performance.mark("m"); atob(btoa("x"));
console.log("held", u.href, heard, cl, dec, ac.signal.aborted, [1, 2], new Map([[1, { b: 2 }]]), new Error("e").message);
verdict();

//# name: Map.prototype.get and has
//# outcome: completed
//# says: held http://a/b?c=d&e=f 1 {a: 1} abc true [1, 2] Map(1)
Map.prototype.get = Map.prototype.has = WeakMap.prototype.get = function () { spy(this, arguments); };
const u = new URL("http://a/b?c=d"); u.searchParams.append("e", "f");
const w = new EventTarget(); let heard = 0; w.addEventListener("x", () => heard++); w.dispatchEvent(new Event("x"));
setTimeout(() => {}, 0); queueMicrotask(() => {});
const cl = structuredClone({ a: 1 }); const enc = new TextEncoder().encode("abc"); const dec = new TextDecoder().decode(enc);
const ac = new AbortController(); ac.abort(); new Blob(["x"]); const r = new ReadableStream(); new WritableStream(); new TransformStream(); new MessageChannel().port1.postMessage(1); new URLPattern({ pathname: "/a" }).test({ pathname: "/a" }); crypto.getRandomValues(new Uint8Array(4)); crypto.randomUUID(); performance.mark("m"); atob(btoa("x"));
console.log("held", u.href, heard, cl, dec, ac.signal.aborted, [1, 2], new Map([[1, { b: 2 }]]), new Error("e").message);
verdict();

//# name: JSON.stringify and toJSON
//# outcome: completed
//# says: held http://a/b?c=d&e=f 1 {a: 1} abc true [1, 2] Map(1)
JSON.stringify = function () { spy(this, arguments); return "forged" }; Object.prototype.toJSON = function () { spy(this, arguments); return "forged" };
const u = new URL("http://a/b?c=d"); u.searchParams.append("e", "f");
const w = new EventTarget(); let heard = 0; w.addEventListener("x", () => heard++); w.dispatchEvent(new Event("x"));
setTimeout(() => {}, 0); queueMicrotask(() => {});
const cl = structuredClone({ a: 1 }); const enc = new TextEncoder().encode("abc"); const dec = new TextDecoder().decode(enc);
const ac = new AbortController(); ac.abort(); new Blob(["x"]); const r = new ReadableStream(); new WritableStream(); new TransformStream(); new MessageChannel().port1.postMessage(1); new URLPattern({ pathname: "/a" }).test({ pathname: "/a" }); crypto.getRandomValues(new Uint8Array(4)); crypto.randomUUID(); performance.mark("m"); atob(btoa("x"));
console.log("held", u.href, heard, cl, dec, ac.signal.aborted, [1, 2], new Map([[1, { b: 2 }]]), new Error("e").message);
verdict();

//# name: call, apply and bind
//# outcome: completed
//# says: held http://a/b?c=d&e=f 1 {a: 1} abc true [1, 2] Map(1)
Function.prototype.call = Function.prototype.apply = Function.prototype.bind = function () { spy(this, arguments); };
const u = new URL("http://a/b?c=d"); u.searchParams.append("e", "f");
const w = new EventTarget(); let heard = 0; w.addEventListener("x", () => heard++); w.dispatchEvent(new Event("x"));
setTimeout(() => {}, 0); queueMicrotask(() => {});
const cl = structuredClone({ a: 1 }); const enc = new TextEncoder().encode("abc"); const dec = new TextDecoder().decode(enc);
const ac = new AbortController(); ac.abort(); new Blob(["x"]); const r = new ReadableStream(); new WritableStream(); new TransformStream(); new MessageChannel().port1.postMessage(1); new URLPattern({ pathname: "/a" }).test({ pathname: "/a" }); crypto.getRandomValues(new Uint8Array(4)); crypto.randomUUID(); performance.mark("m"); atob(btoa("x"));
console.log("held", u.href, heard, cl, dec, ac.signal.aborted, [1, 2], new Map([[1, { b: 2 }]]), new Error("e").message);
verdict();

//# name: Symbol.hasInstance
//# outcome: completed
//# says: held http://a/b?c=d&e=f 1 {a: 1} abc true [1, 2] Map(1)
for (const C of [Object, Array, Error, URL]) Object.defineProperty(C, Symbol.hasInstance, { value() { spy(this, arguments); return true } });
const u = new URL("http://a/b?c=d"); u.searchParams.append("e", "f");
const w = new EventTarget(); let heard = 0; w.addEventListener("x", () => heard++); w.dispatchEvent(new Event("x"));
setTimeout(() => {}, 0); queueMicrotask(() => {});
const cl = structuredClone({ a: 1 }); const enc = new TextEncoder().encode("abc"); const dec = new TextDecoder().decode(enc);
const ac = new AbortController(); ac.abort(); new Blob(["x"]); const r = new ReadableStream(); new WritableStream(); new TransformStream(); new MessageChannel().port1.postMessage(1); new URLPattern({ pathname: "/a" }).test({ pathname: "/a" }); crypto.getRandomValues(new Uint8Array(4)); crypto.randomUUID(); performance.mark("m"); atob(btoa("x"));
console.log("held", u.href, heard, cl, dec, ac.signal.aborted, [1, 2], new Map([[1, { b: 2 }]]), new Error("e").message);
verdict();

//# name: Symbol.toPrimitive and toString of everything
//# outcome: completed
//# says: held http://a/b?c=d&e=f 1 {a: 1} abc true [1, 2] Map(1)
Object.prototype[Symbol.toPrimitive] = Object.prototype.toString = Object.prototype.valueOf = function () { spy(this, arguments); return "forged" };
const u = new URL("http://a/b?c=d"); u.searchParams.append("e", "f");
const w = new EventTarget(); let heard = 0; w.addEventListener("x", () => heard++); w.dispatchEvent(new Event("x"));
setTimeout(() => {}, 0); queueMicrotask(() => {});
const cl = structuredClone({ a: 1 }); const enc = new TextEncoder().encode("abc"); const dec = new TextDecoder().decode(enc);
const ac = new AbortController(); ac.abort(); new Blob(["x"]); const r = new ReadableStream(); new WritableStream(); new TransformStream(); new MessageChannel().port1.postMessage(1); new URLPattern({ pathname: "/a" }).test({ pathname: "/a" }); crypto.getRandomValues(new Uint8Array(4)); crypto.randomUUID(); performance.mark("m"); atob(btoa("x"));
console.log("held", u.href, heard, cl, dec, ac.signal.aborted, [1, 2], new Map([[1, { b: 2 }]]), new Error("e").message);
verdict();

//# name: Symbol.toStringTag of everything
//# outcome: completed
//# says: held http://a/b?c=d&e=f 1 {a: 1} abc true [1, 2] Map(1)
Object.defineProperty(Object.prototype, Symbol.toStringTag, { get() { spy(this, arguments); return "Forged" } });
const u = new URL("http://a/b?c=d"); u.searchParams.append("e", "f");
const w = new EventTarget(); let heard = 0; w.addEventListener("x", () => heard++); w.dispatchEvent(new Event("x"));
setTimeout(() => {}, 0); queueMicrotask(() => {});
const cl = structuredClone({ a: 1 }); const enc = new TextEncoder().encode("abc"); const dec = new TextDecoder().decode(enc);
const ac = new AbortController(); ac.abort(); new Blob(["x"]); const r = new ReadableStream(); new WritableStream(); new TransformStream(); new MessageChannel().port1.postMessage(1); new URLPattern({ pathname: "/a" }).test({ pathname: "/a" }); crypto.getRandomValues(new Uint8Array(4)); crypto.randomUUID(); performance.mark("m"); atob(btoa("x"));
console.log("held", u.href, heard, cl, dec, ac.signal.aborted, [1, 2], new Map([[1, { b: 2 }]]), new Error("e").message);
verdict();

//# name: setters for indices
//# outcome: completed|failed
for (let i = 0; i < 20; i++) Object.defineProperty(Array.prototype, i, { __proto__: null, set(v) { spy(this, [v]) }, get() { return undefined }, configurable: true });
const u = new URL("http://a/b?c=d"); u.searchParams.append("e", "f");
const w = new EventTarget(); let heard = 0; w.addEventListener("x", () => heard++); w.dispatchEvent(new Event("x"));
setTimeout(() => {}, 0); queueMicrotask(() => {});
const cl = structuredClone({ a: 1 }); const enc = new TextEncoder().encode("abc"); const dec = new TextDecoder().decode(enc);
const ac = new AbortController(); ac.abort(); new Blob(["x"]); const r = new ReadableStream(); new WritableStream(); new TransformStream(); new MessageChannel().port1.postMessage(1); new URLPattern({ pathname: "/a" }).test({ pathname: "/a" }); crypto.getRandomValues(new Uint8Array(4)); crypto.randomUUID(); performance.mark("m"); atob(btoa("x"));
console.log("held", u.href, heard, cl, dec, ac.signal.aborted, [1, 2], new Map([[1, { b: 2 }]]), new Error("e").message);
verdict();

//# name: accessors called then, value, done and next
//# outcome: completed
//# says: held http://a/b?c=d&e=f 1 {a: 1} abc true [1, 2] Map(1)
for (const k of ["then", "done", "next", "return"]) Object.defineProperty(Object.prototype, k, { __proto__: null, configurable: true, get() { spy(this, arguments); return undefined }, set() { spy(this, arguments) } });
const u = new URL("http://a/b?c=d"); u.searchParams.append("e", "f");
const w = new EventTarget(); let heard = 0; w.addEventListener("x", () => heard++); w.dispatchEvent(new Event("x"));
setTimeout(() => {}, 0); queueMicrotask(() => {});
const cl = structuredClone({ a: 1 }); const enc = new TextEncoder().encode("abc"); const dec = new TextDecoder().decode(enc);
const ac = new AbortController(); ac.abort(); new Blob(["x"]); const r = new ReadableStream(); new WritableStream(); new TransformStream(); new MessageChannel().port1.postMessage(1); new URLPattern({ pathname: "/a" }).test({ pathname: "/a" }); crypto.getRandomValues(new Uint8Array(4)); crypto.randomUUID(); performance.mark("m"); atob(btoa("x"));
console.log("held", u.href, heard, cl, dec, ac.signal.aborted, [1, 2], new Map([[1, { b: 2 }]]), new Error("e").message);
verdict();

//# name: descriptors: get, set, value and writable
//# outcome: completed
//# says: held http://a/b?c=d&e=f 1 {a: 1} abc true [1, 2] Map(1)
for (const k of ["get", "set", "writable"]) Object.defineProperty(Object.prototype, k, { __proto__: null, configurable: true, get() { spy(this, arguments); return undefined } });
const u = new URL("http://a/b?c=d"); u.searchParams.append("e", "f");
const w = new EventTarget(); let heard = 0; w.addEventListener("x", () => heard++); w.dispatchEvent(new Event("x"));
setTimeout(() => {}, 0); queueMicrotask(() => {});
const cl = structuredClone({ a: 1 }); const enc = new TextEncoder().encode("abc"); const dec = new TextDecoder().decode(enc);
const ac = new AbortController(); ac.abort(); new Blob(["x"]); const r = new ReadableStream(); new WritableStream(); new TransformStream(); new MessageChannel().port1.postMessage(1); new URLPattern({ pathname: "/a" }).test({ pathname: "/a" }); crypto.getRandomValues(new Uint8Array(4)); crypto.randomUUID(); performance.mark("m"); atob(btoa("x"));
console.log("held", u.href, heard, cl, dec, ac.signal.aborted, [1, 2], new Map([[1, { b: 2 }]]), new Error("e").message);
verdict();

//# name: dictionaries of web APIs
//# outcome: completed|failed
for (const k of ["signal", "once", "capture", "passive", "highWaterMark", "size", "type", "mode", "detail", "bubbles", "transfer", "fatal", "ignoreBOM", "stream", "preventClose", "cause"]) Object.defineProperty(Object.prototype, k, { __proto__: null, configurable: true, get() { spy(this, arguments); return undefined } });
const u = new URL("http://a/b?c=d"); u.searchParams.append("e", "f");
const w = new EventTarget(); let heard = 0; w.addEventListener("x", () => heard++); w.dispatchEvent(new Event("x"));
setTimeout(() => {}, 0); queueMicrotask(() => {});
const cl = structuredClone({ a: 1 }); const enc = new TextEncoder().encode("abc"); const dec = new TextDecoder().decode(enc);
const ac = new AbortController(); ac.abort(); new Blob(["x"]); const r = new ReadableStream(); new WritableStream(); new TransformStream(); new MessageChannel().port1.postMessage(1); new URLPattern({ pathname: "/a" }).test({ pathname: "/a" }); crypto.getRandomValues(new Uint8Array(4)); crypto.randomUUID(); performance.mark("m"); atob(btoa("x"));
console.log("held", u.href, heard, cl, dec, ac.signal.aborted, [1, 2], new Map([[1, { b: 2 }]]), new Error("e").message);
verdict();

//# name: Symbol.species of all
//# outcome: completed
//# says: held http://a/b?c=d&e=f 1 {a: 1} abc true [1, 2] Map(1)
for (const C of [Array, Promise, Map, Set, ArrayBuffer, RegExp, Reflect.getPrototypeOf(Uint8Array)]) Object.defineProperty(C, Symbol.species, { get() { spy(this, arguments); return C } });
const u = new URL("http://a/b?c=d"); u.searchParams.append("e", "f");
const w = new EventTarget(); let heard = 0; w.addEventListener("x", () => heard++); w.dispatchEvent(new Event("x"));
setTimeout(() => {}, 0); queueMicrotask(() => {});
const cl = structuredClone({ a: 1 }); const enc = new TextEncoder().encode("abc"); const dec = new TextDecoder().decode(enc);
const ac = new AbortController(); ac.abort(); new Blob(["x"]); const r = new ReadableStream(); new WritableStream(); new TransformStream(); new MessageChannel().port1.postMessage(1); new URLPattern({ pathname: "/a" }).test({ pathname: "/a" }); crypto.getRandomValues(new Uint8Array(4)); crypto.randomUUID(); performance.mark("m"); atob(btoa("x"));
console.log("held", u.href, heard, cl, dec, ac.signal.aborted, [1, 2], new Map([[1, { b: 2 }]]), new Error("e").message);
verdict();

//# name: the prototypes of platform classes
//# outcome: completed
//# says: held http://a/b?c=d&e=f 1 {a: 1} abc true [1, 2] Map(1)
for (const C of [URL, URLSearchParams, Event, EventTarget, Blob, ReadableStream, AbortSignal]) for (const k of Reflect.ownKeys(C.prototype)) { const d = Reflect.getOwnPropertyDescriptor(C.prototype, k); if (d.get && d.configurable) Object.defineProperty(C.prototype, k, { ...d, get() { spy(this, arguments); return Reflect.apply(d.get, this, []) } }) }
const u = new URL("http://a/b?c=d"); u.searchParams.append("e", "f");
const w = new EventTarget(); let heard = 0; w.addEventListener("x", () => heard++); w.dispatchEvent(new Event("x"));
setTimeout(() => {}, 0); queueMicrotask(() => {});
const cl = structuredClone({ a: 1 }); const enc = new TextEncoder().encode("abc"); const dec = new TextDecoder().decode(enc);
const ac = new AbortController(); ac.abort(); new Blob(["x"]); const r = new ReadableStream(); new WritableStream(); new TransformStream(); new MessageChannel().port1.postMessage(1); new URLPattern({ pathname: "/a" }).test({ pathname: "/a" }); crypto.getRandomValues(new Uint8Array(4)); crypto.randomUUID(); performance.mark("m"); atob(btoa("x"));
console.log("held", u.href, heard, cl, dec, ac.signal.aborted, [1, 2], new Map([[1, { b: 2 }]]), new Error("e").message);
verdict();

//# name: Error.prepareStackTrace and captureStackTrace
//# outcome: completed
//# says: held http://a/b?c=d&e=f 1 {a: 1} abc true [1, 2] Map(1)
Error.prepareStackTrace = function (e, sites) { spy(e, sites); return 1 }; Error.captureStackTrace = function () { spy(this, arguments) };
const u = new URL("http://a/b?c=d"); u.searchParams.append("e", "f");
const w = new EventTarget(); let heard = 0; w.addEventListener("x", () => heard++); w.dispatchEvent(new Event("x"));
setTimeout(() => {}, 0); queueMicrotask(() => {});
const cl = structuredClone({ a: 1 }); const enc = new TextEncoder().encode("abc"); const dec = new TextDecoder().decode(enc);
const ac = new AbortController(); ac.abort(); new Blob(["x"]); const r = new ReadableStream(); new WritableStream(); new TransformStream(); new MessageChannel().port1.postMessage(1); new URLPattern({ pathname: "/a" }).test({ pathname: "/a" }); crypto.getRandomValues(new Uint8Array(4)); crypto.randomUUID(); performance.mark("m"); atob(btoa("x"));
console.log("held", u.href, heard, cl, dec, ac.signal.aborted, [1, 2], new Map([[1, { b: 2 }]]), new Error("e").message);
verdict();

//# name: a frozen world
//# outcome: completed
//# says: held
//# mode: module
for (const k of Reflect.ownKeys(globalThis)) { const v = globalThis[k]; if (typeof v === "function") { Object.freeze(v.prototype); Object.freeze(v) } }
Object.freeze(globalThis);
var u = new URL("http://a/b?c=d"); u.searchParams.append("e", "f");
const w = new EventTarget(); let heard = 0; w.addEventListener("x", () => heard++); w.dispatchEvent(new Event("x"));
setTimeout(() => {}, 0); queueMicrotask(() => {});
const cl = structuredClone({ a: 1 }); const enc = new TextEncoder().encode("abc"); const dec = new TextDecoder().decode(enc);
const ac = new AbortController(); ac.abort(); new Blob(["x"]); const r = new ReadableStream(); new WritableStream(); new TransformStream(); new MessageChannel().port1.postMessage(1); new URLPattern({ pathname: "/a" }).test({ pathname: "/a" }); crypto.getRandomValues(new Uint8Array(4)); crypto.randomUUID(); performance.mark("m"); atob(btoa("x"));
console.log("held", u.href, heard, cl, dec, ac.signal.aborted, [1, 2], new Map([[1, { b: 2 }]]), new Error("e").message);

//# name: prototypes set to null
//# outcome: completed
//# says: held http://a/b?c=d&e=f 1 {a: 1} abc true [1, 2] Map(1)
for (const k of Reflect.ownKeys(globalThis)) { const v = globalThis[k]; if (typeof v === "function" && v.prototype) try { Object.setPrototypeOf(v.prototype, null) } catch {} }
const u = new URL("http://a/b?c=d"); u.searchParams.append("e", "f");
const w = new EventTarget(); let heard = 0; w.addEventListener("x", () => heard++); w.dispatchEvent(new Event("x"));
setTimeout(() => {}, 0); queueMicrotask(() => {});
const cl = structuredClone({ a: 1 }); const enc = new TextEncoder().encode("abc"); const dec = new TextDecoder().decode(enc);
const ac = new AbortController(); ac.abort(); new Blob(["x"]); const r = new ReadableStream(); new WritableStream(); new TransformStream(); new MessageChannel().port1.postMessage(1); new URLPattern({ pathname: "/a" }).test({ pathname: "/a" }); crypto.getRandomValues(new Uint8Array(4)); crypto.randomUUID(); performance.mark("m"); atob(btoa("x"));
console.log("held", u.href, heard, cl, dec, ac.signal.aborted, [1, 2], new Map([[1, { b: 2 }]]), new Error("e").message);

//# name: a console of its own
//# outcome: completed
//# says: held
console.log = () => { throw 1 }; Object.setPrototypeOf(console, null); globalThis.console = null; log.call(null, "held"); log.apply({}, ["held"]); new Proxy(log, {})("held");

//# name: the console as a constructor
//# outcome: completed
//# says: held
for (const f of Object.values(console)) try { new f(); console.log("LEAK") } catch {} console.log("held");

//# name: the result with a replaced Object.prototype
//# outcome: completed
//# says: "a"
//# never: forged
Object.prototype.toJSON = () => "forged"; Object.prototype.type = "forged"; Object.prototype.__defineGetter__("value", () => "forged"); ({ a: 1 })
