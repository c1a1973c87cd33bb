// Programs that look for a way out of the global object: to deno_core, its operations, or a realm of its own.
var ownKeys = Reflect.ownKeys, describe = Reflect.getOwnPropertyDescriptor, protoOf = Reflect.getPrototypeOf;
var internal = new Set(["Deno", "__bootstrap", "__infra", "__mayfly", "internals", "primordials", "ops", "loadExtScript",
  "evalContext", "setReportExceptionCallback", "registerErrorBuilder", "createLazyLoader", "isProxy", "opNames"]);
/** Walks all that is reachable from `roots` without calling anything, and says so when it meets an internal. */
function search(...roots) {
  const seen = new Set(), queue = roots.slice();
  while (queue.length > 0 && seen.size < 100_000) {
    const it = queue.pop();
    if (it === null || (typeof it !== "object" && typeof it !== "function") || seen.has(it)) continue;
    seen.add(it);
    let keys;
    try { keys = ownKeys(it) } catch { continue }
    for (const key of keys) {
      if (typeof key === "string" && (internal.has(key) || /^op_|^ext:/.test(key))) console.log("LEAK: reached", key);
      const { value, get, set } = describe(it, key);
      queue.push(value, get, set);
    }
    queue.push(protoOf(it));
  }
  return seen.size;
}

//# name: walk the whole graph from the global object
//# outcome: completed
//# says: held
const size = search(globalThis);
if (size < 1000) throw new Error("the walk found only " + size);
console.log("held", size);

//# name: names of the runtime on the global object and its prototypes
//# outcome: completed
//# says: held
delete globalThis.internal;
for (let it = globalThis; it; it = protoOf(it)) for (const key of ownKeys(it)) {
  if (/deno|bootstrap|infra|^internals|mayfly|primordial|^op_|^core$|process|require|module|^Buffer|WebSocket|Worker|XMLHttp/i.test(String(key))) console.log("LEAK", String(key));
}
for (const name of ["Deno", "__bootstrap", "__infra", "__mayfly", "internals", "core", "ops", "primordials", "process", "require", "Worker", "d8", "gc", "print", "load", "read", "quit", "version"]) {
  if (name in globalThis) console.log("LEAK", name);
  let type; try { type = eval("typeof " + name) } catch {}
  if (type !== "undefined") console.log("LEAK typeof", name, type);
}
console.log("held");

//# name: free variables inside Function
//# outcome: completed
//# says: held
for (const name of ["Deno", "core", "internals", "primordials", "ops", "__bootstrap", "webidl", "exports", "module", "require", "arguments"]) {
  for (const make of [Function, (async () => {}).constructor, (function* () {}).constructor, (async function* () {}).constructor]) {
    const type = (() => { try { return make(`return typeof ${name}`)() } catch { return "undefined" } })();
    if (type !== "undefined" && typeof type === "string" && name !== "arguments") console.log("LEAK", name, type);
  }
}
console.log("held");

//# name: constructors of every function make code in this realm only
//# outcome: completed
//# says: held
for (const key of ownKeys(globalThis)) {
  const value = globalThis[key];
  if (typeof value !== "function") continue;
  const there = value.constructor("return this")();
  if (there !== globalThis) console.log("LEAK another global through", String(key));
}
console.log("held");

//# name: constructors of methods and accessors of the platform
//# outcome: completed
//# says: held
for (const key of ownKeys(globalThis)) {
  const it = describe(globalThis, key).value?.prototype;
  if (!it) continue;
  for (const name of ownKeys(it)) for (const f of Object.values(describe(it, name))) {
    if (typeof f === "function" && f.constructor === Function && f.constructor("return globalThis")() !== globalThis) console.log("LEAK", String(key), String(name));
  }
}
console.log("held");

//# name: caller and arguments of platform functions
//# outcome: completed
//# says: held
const look = (f) => {
  for (const key of ["caller", "arguments", "callee"]) {
    try { if (f[key]) { console.log("LEAK", key, f.name) } } catch {}
  }
};
for (const f of [console.log, setTimeout, structuredClone, URL, EventTarget.prototype.addEventListener, queueMicrotask, reportError, atob]) look(f);
console.log("held");

//# name: caller of a sloppy callback that the platform calls
//# outcome: completed
//# says: held
var calls = 0;
function sloppy() {
  calls++;
  for (const it of [sloppy, arguments.callee]) {
    const caller = it.caller;
    if (caller && !String(caller).includes("sloppy")) { console.log("LEAK caller", caller.name); search(caller) }
  }
  if (this !== globalThis && this !== undefined) search(this);
  search(...arguments);
}
const target = new EventTarget();
target.addEventListener("x", sloppy);
target.dispatchEvent(new Event("x"));
setTimeout(sloppy, 0);
queueMicrotask(sloppy);
structuredClone({ get a() { sloppy() } });
new URLSearchParams({ [Symbol.iterator]: function () { sloppy(); return [][Symbol.iterator]() } });
new ReadableStream({ start: sloppy, pull: sloppy });
new TransformStream({ start: sloppy });
new WritableStream({ start: sloppy });
new AbortController().signal.addEventListener("abort", sloppy);
setTimeout(() => console.log(calls >= 7 ? "held" : "only " + calls), 20);

//# name: caller chain upwards from microtasks and promise jobs
//# outcome: completed
//# says: held
function up() { for (let f = up.caller, n = 0; f && n < 20; f = f.caller, n++) { if (/op_|core\./.test(Function.prototype.toString.call(f))) console.log("LEAK", f) } }
Promise.resolve().then(up);
({ then: up });
Promise.resolve({ then: up });
setTimeout(up);
setTimeout(() => console.log("held"), 10);

//# name: prepareStackTrace call sites of timers and events
//# outcome: completed
//# says: held
var sites = 0;
Error.prepareStackTrace = (error, callSites) => {
  for (const site of callSites) {
    sites++;
    for (const name of ["getThis", "getFunction"]) {
      let it; try { it = site[name]() } catch {}
      if (it && it !== globalThis && typeof it === "function" && /ext:|core/.test(site.getFileName() ?? "")) console.log("LEAK", name, site.getFileName());
      search(it);
    }
  }
  return "";
};
const trace = () => new Error("x").stack;
setTimeout(trace);
const target = new EventTarget();
target.addEventListener("x", trace);
target.dispatchEvent(new Event("x"));
structuredClone({ get a() { return trace() } });
new ReadableStream({ start: trace });
new URLSearchParams({ [Symbol.iterator]() { trace(); return [][Symbol.iterator]() } });
queueMicrotask(trace);
const controller = new AbortController();
controller.signal.onabort = trace;
controller.abort();
setTimeout(() => console.log(sites > 5 ? "held" : "only " + sites), 10);

//# name: getThis and getFunction of a stream's internal frames
//# outcome: completed
//# says: held
Error.prepareStackTrace = (_, all) => all;
const got = [];
const transform = new TransformStream({
  start() { got.push(...new Error().stack) }, transform() { got.push(...new Error().stack) }, flush() { got.push(...new Error().stack) } });
const writer = transform.writable.getWriter();
writer.write({ get x() { return 1 } });
writer.close();
for await (const _ of transform.readable);
for (const site of got) {
  const f = site.getFunction(), self = site.getThis();
  if (f && /ext:/.test(site.getFileName())) console.log("LEAK", f);
  search(f, self);
}
console.log("held", got.length);

//# name: errors that internals throw show call sites
//# outcome: completed
//# says: held
Error.prepareStackTrace = (_, all) => all;
const throwing = [() => new URL("no"), () => atob("%"), () => structuredClone(() => {}), () => new Event(), () => new TextDecoder("no"),
  () => setTimeout(Symbol()), () => new Blob(1), () => new AbortSignal(), () => performance.measure("a", "b"), () => new ReadableStream(1),
  () => crypto.getRandomValues(1), () => new URLPattern("\u0000:("), () => AbortSignal.timeout(-1)];
for (const f of throwing) {
  try { f() } catch (error) {
    const stack = error.stack;
    if (!Array.isArray(stack)) continue;
    for (const site of stack) search(site.getFunction(), site.getThis());
  }
}
console.log("held");

//# name: stack overflow inside internals
//# outcome: completed
//# says: held
Error.prepareStackTrace = (_, all) => all;
let errors = 0;
function deep(f) {
  try { deep(f) } catch { try { f() } catch (error) { errors++; const all = error?.stack; if (Array.isArray(all)) for (const site of all) { const g = site.getFunction(); if (g && /ext:/.test(site.getFileName() ?? "")) console.log("LEAK", g.name); } } }
}
for (const f of [() => new URL("a:b"), () => new EventTarget().dispatchEvent(new Event("x")), () => setTimeout(() => {}), () => structuredClone({}),
  () => new ReadableStream({}), () => new AbortController().abort(), () => console.log, () => new Blob(["a"]), () => new TextDecoder(),
  () => performance.mark("a"), () => new URLPattern({}), () => crypto.randomUUID(), () => new MessageChannel(), () => new DOMException("a")]) deep(f);
search(globalThis);
console.log("held");

//# name: stack overflow inside the console
//# outcome: completed|failed
let times = 0;
(function deep() { try { deep() } catch { if (times++ < 5) console.log({ a: [1, new Map([[1, 2]])] }, new Error("x")) } })();

//# name: captureStackTrace on objects of the platform
//# outcome: completed
//# says: held
Error.prepareStackTrace = (it, sites) => sites.map((site) => [site.getFunction(), site.getThis()]);
for (const it of [new URL("a:b"), new Event("x"), performance, crypto, console, {}]) {
  try { Error.captureStackTrace(it, () => {}); search(it.stack) } catch {}
}
console.log("held");

//# name: getEvalOrigin and script names of frames
//# outcome: completed
//# says: held
Error.prepareStackTrace = (_, all) => all.map((site) => [site.getEvalOrigin(), site.getFileName(), site.getScriptNameOrSourceURL(), site.toString()].join());
const text = String(eval("Function('return new Error().stack')()"));
if (/\/(work|home|root|usr|proc)\/|\.cargo|\.rs/.test(text)) console.log("LEAK", text);
console.log("held");

//# name: prepareStackTrace as an accessor and a proxy
//# outcome: completed
//# says: held
const seen = [];
Object.defineProperty(Error, "prepareStackTrace", { get() { seen.push(this); return new Proxy(() => "", { apply(_, self, args) { seen.push(self, ...args); return "" } }) } });
new Error("x").stack;
try { new URL("no") } catch (error) { error.stack }
try { null.x } catch (error) { error.stack }
search(...seen.filter((it) => it !== Error));
console.log("held");

//# name: the error that ends the program in prepareStackTrace
//# outcome: failed
//# never: taken over
Error.prepareStackTrace = () => { console.log("taken over"); for (;;); };
throw new Error("end");

//# name: getters on the global object for names that internals may look up
//# outcome: completed
//# says: held
const names = ["Deno", "__bootstrap", "core", "internals", "ops", "primordials", "fetch", "Request", "Worker", "SharedWorker", "DedicatedWorkerGlobalScope",
  "onerror", "onunhandledrejection", "reportError", "addEventListener", "process", "navigator", "location", "window", "Buffer", "__mayfly", "__infra"];
for (const name of names) Object.defineProperty(globalThis, name, { configurable: true,
  get() { hits.push(name); return undefined }, set(value) { console.log("LEAK set", name); search(value) } });
const hits = [];
new EventTarget().dispatchEvent(new Event("x"));
setTimeout(() => {}, 0);
structuredClone({ a: new Map(), b: new Date(), c: new Error("x") });
await new Blob(["x"]).text();
new URL("http://a/b").searchParams.append("a", "b");
AbortSignal.any([AbortSignal.timeout(1)]);
new MessageChannel().port1.postMessage({});
for await (const _ of new ReadableStream({ start(c) { c.enqueue(1); c.close() } }));
console.log("held");

//# name: setters on Object.prototype that internals may trip over
//# outcome: completed
//# says: held
const caught = [];
for (const name of ["ops", "core", "Deno", "internals", "timer", "_timerId", "callback", "args", "id", "promise", "resolve", "reject", "value", "get", "set", "then", "port", "data", "signal", "queue"])
  Object.defineProperty(Object.prototype, name, { __proto__: null, configurable: true, set(value) { caught.push(this, value) } });
setTimeout(() => {}, 0);
new EventTarget().addEventListener("x", () => {});
new AbortController().abort();
const { port1, port2 } = new MessageChannel();
port2.onmessage = () => port1.close();
port1.postMessage(1);
const reader = new ReadableStream({ pull(c) { c.enqueue(1); c.close() } }).getReader();
await reader.read();
await new Blob(["x"]).arrayBuffer();
performance.mark("x");
for (const name of ownKeys(Object.prototype)) if (!describe(Object.prototype, name).value && name !== "__proto__") delete Object.prototype[name];
search(...caught);
console.log("held");

//# name: platform globals replaced before internals are loaded
//# outcome: completed
//# says: held
const given = [];
for (const name of ownKeys(globalThis)) {
  const { value, configurable, writable } = describe(globalThis, name);
  if (typeof value !== "function" || name === "search" || name === "eval" || !(configurable || writable)) continue;
  if (["Reflect", "Set", "Object", "Promise", "RegExp", "String", "Error"].includes(name)) continue;
  globalThis[name] = new Proxy(value, { apply(f, self, args) { given.push(self, ...args); return Reflect.apply(f, self, args) }, construct(f, args, t) { given.push(...args, t); return Reflect.construct(f, args) } });
}
new URL("http://a/").searchParams.get("x");
await new Blob(["a"]).stream().pipeThrough(new TextDecoderStream()).getReader().read();
structuredClone({ e: new Error("x"), m: new Map([[1, new Date()]]), b: new ArrayBuffer(8) });
AbortSignal.timeout(1).addEventListener("abort", () => {});
new MessageChannel().port1.postMessage(new Uint8Array(4));
new URLPattern({ pathname: "/:a" }).exec({ pathname: "/b" });
search(...given);
console.log("held");

//# name: Symbol.species and constructors of arrays given to internals
//# outcome: completed
//# says: held
const made = [];
class Spy extends Array { static get [Symbol.species]() { return function (n) { made.push(this); return new Spy() } } constructor(...all) { super(...all); made.push(this) } }
Object.defineProperty(Array, Symbol.species, { value: Spy });
Object.defineProperty(Array.prototype, "constructor", { value: Spy });
Object.defineProperty(Promise, Symbol.species, { value: function (executor) { const p = new Promise(executor); made.push(p, executor); return p } });
const view = new Uint8Array(4);
view.constructor = { [Symbol.species]: function (n) { made.push(this); return new Uint8Array(n) } };
new Blob([view, "a"]).slice(0, 2);
new TextEncoder().encodeInto("a", view);
structuredClone([1, 2, 3]);
await new ReadableStream({ start(c) { c.enqueue(view); c.close() } }).getReader().read();
search(...made);
console.log("held");

//# name: proxies handed to every constructor
//# outcome: completed|failed
//# says: held
const handed = [];
const handler = new Proxy({}, { get(_, trap) { return (target, ...args) => { handed.push(...args.filter((it) => it !== proxy)); return Reflect[trap](target, ...args) } } });
const proxy = new Proxy(function () {}, handler);
for (const name of ownKeys(globalThis)) {
  const C = globalThis[name];
  if (typeof C !== "function" || ["eval", "Function", "search", "reportError"].includes(name)) continue;
  for (const args of [[proxy], [proxy, proxy], ["x", proxy], ["x", proxy, proxy]]) {
    try { C(...args) } catch {}
    try { new C(...args) } catch {}
    try { Reflect.construct(C, args, proxy) } catch {}
  }
}
search(...handed);
console.log("held");

//# name: proxies as receivers of every method
//# outcome: completed
//# says: held
const handed = [];
const handler = new Proxy({}, { get(_, trap) { return (target, ...args) => { handed.push(...args.filter((it) => it !== proxy)); return Reflect[trap](target, ...args) } } });
for (const name of ["URL", "Event", "EventTarget", "AbortSignal", "ReadableStream", "WritableStream", "TransformStream", "Blob", "MessagePort", "URLSearchParams", "TextDecoder", "Performance", "URLPattern", "Crypto", "DOMException"]) {
  const it = globalThis[name].prototype;
  var proxy = new Proxy(it, handler);
  for (const key of ownKeys(it)) for (const f of Object.values(describe(it, key))) {
    if (typeof f === "function" && key !== "constructor") try { Promise.resolve(f.call(proxy, proxy, proxy)).catch(() => {}) } catch {}
  }
}
for (const it of handed) if (typeof it === "object") search(it);
console.log("held");

//# name: new.target that is not what internals expect
//# outcome: completed
//# says: held
for (const name of ownKeys(globalThis)) {
  const C = globalThis[name];
  if (typeof C !== "function" || !C.prototype) continue;
  for (const target of [Object, Function, Array, class extends C {}, function () {}]) {
    try { search(Reflect.construct(C, ["a:b", {}], target)) } catch {}
  }
}
console.log("held");

//# name: interfaces without a constructor
//# outcome: completed
//# says: held
for (const C of [AbortSignal, Crypto, MessagePort, Performance, PerformanceEntry, PerformanceMeasure, ReadableStreamDefaultController, ReadableByteStreamController,
  ReadableStreamBYOBRequest, TransformStreamDefaultController, WritableStreamDefaultController]) {
  try { new C(); console.log("LEAK made a", C.name) } catch {}
  try { new C(Symbol("brand"), {}); console.log("LEAK made a", C.name) } catch {}
}
console.log("held");

//# name: brand symbols stolen from one class make no other
//# outcome: completed
//# says: held
const symbols = new Set();
for (const it of [new URL("a:b"), new Event("x"), new AbortController(), new AbortController().signal, new Blob([]), new ReadableStream(), new MessageChannel().port1, performance, crypto, new URLSearchParams()])
  for (const symbol of Object.getOwnPropertySymbols(it)) symbols.add(symbol);
for (const symbol of symbols) {
  const fake = { [symbol]: symbol };
  for (const C of [AbortSignal, MessagePort, ReadableStreamDefaultController, ReadableStreamBYOBRequest, PerformanceEntry]) {
    try { search(new C(symbol, fake)) } catch {}
    try { for (const f of ownKeys(C.prototype)) { const d = describe(C.prototype, f); (d.get ?? d.value).call(fake) } } catch {}
  }
}
console.log("held");

//# name: forged slots on a message port do not reach a resource
//# outcome: completed
//# says: held
const { port1 } = new MessageChannel();
for (const symbol of Object.getOwnPropertySymbols(port1)) {
  for (const value of [0, 1, 2, 3, 7, -1, 2 ** 31, {}, "0"]) {
    try { Object.defineProperty(port1, symbol, { value, writable: true, configurable: true }) } catch { try { port1[symbol] = value } catch {} }
    try { port1.postMessage("x") } catch {}
    try { port1.start() } catch {}
    try { port1.close() } catch {}
  }
}
console.log("held");

//# name: ShadowRealm
//# outcome: completed
//# says: held
if (typeof ShadowRealm !== "undefined") {
  const realm = new ShadowRealm();
  for (const name of ["Deno", "__bootstrap", "__infra"]) if (realm.evaluate(`typeof ${name}`) !== "undefined") console.log("LEAK", name);
}
console.log("held");

//# name: WebAssembly imports are called with nothing of the runtime's
//# outcome: completed
//# says: held
const got = [];
const bytes = new Uint8Array([0,97,115,109,1,0,0,0,1,4,1,96,0,0,2,7,1,1,97,1,98,0,0,3,2,1,0,7,5,1,1,99,0,1,10,6,1,4,0,16,0,11]);
const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), new Proxy({}, { get: (_, m) => { got.push(m); return { b: function () { got.push(this, ...arguments, new Error().stack) } } } }));
exports.c();
search(got);
console.log("held", got.length);

//# name: WebAssembly streaming functions
//# outcome: completed
//# says: held
for (const name of ["compileStreaming", "instantiateStreaming"]) {
  try { search(await WebAssembly[name]?.({ then(f) { search(f); f({ url: "file:///etc/passwd" }) } })) } catch (error) { search(error) }
}
console.log("held");

//# name: async iterators given to streams
//# outcome: completed
//# says: held
const got = [];
const from = ReadableStream.from?.({ [Symbol.asyncIterator]() { got.push(this, ...arguments); return { next(...all) { got.push(...all); return { get value() { got.push(this); return 1 }, get done() { return got.length > 20 } } }, return(...all) { got.push(...all); return {} } } } });
if (from) for await (const _ of from) if (got.length > 10) break;
search(...got);
console.log("held");

//# name: thenables given to internals
//# outcome: completed
//# says: held
const got = [];
const thenable = { then(...all) { got.push(...all); all[0]?.(1) } };
const w = new WritableStream({ start: () => thenable, write: () => thenable, close: () => thenable }).getWriter();
await w.write(1); await w.close();
await new ReadableStream({ start: () => thenable, pull: (c) => { c.close(); return thenable } }).getReader().read();
for (const f of got) { search(f); try { f(new Error("x")) } catch {} }
console.log("held", got.length);

//# name: message ports hand over only what was sent
//# outcome: completed
//# says: held
const { port1, port2 } = new MessageChannel();
const arrived = new Promise((go) => { port2.onmessage = (event) => go(event) });
port1.postMessage({ a: 1 }, [new ArrayBuffer(8)]);
search(await arrived);
port1.close();
console.log("held");

//# name: transfer of what cannot be transferred
//# outcome: completed|timed_out
//# limit: wall_ms 1000
//# says: held
const { port1, port2 } = new MessageChannel();
for (const it of [port1, port2, globalThis, console, performance, crypto, new ReadableStream(), new Proxy({}, {}), new WebAssembly.Memory({ initial: 1 }).buffer, new SharedArrayBuffer(8)]) {
  try { search(structuredClone(it, { transfer: [it] })) } catch {}
  try { port1.postMessage(it, [it]) } catch {}
}
port1.close(); port2.close();
console.log("held");

//# name: structured clone of host objects
//# outcome: completed
//# says: held
for (const it of [globalThis, console, performance, crypto, URL, new URL("a:b"), new Event("x"), new AbortController().signal, new Blob(["x"]), new DOMException("x"), new MessageChannel().port1, new ReadableStream(), new URLPattern({}), Symbol.iterator, setTimeout])
  try { search(structuredClone(it)) } catch (error) { search(error) }
console.log("held");

//# name: performance entries and observers
//# outcome: completed
//# says: held
if (typeof PerformanceObserver !== "undefined") search(new PerformanceObserver((...all) => search(...all)));
performance.mark("a", { detail: { get x() { return 1 } } });
performance.measure("m", "a");
search(performance.getEntries(), performance.toJSON());
if (performance.timeOrigin < 1e12) throw new Error("no clock");
console.log("held");

//# name: events of the platform's making
//# outcome: completed
//# says: held
const controller = new AbortController();
controller.signal.onabort = (event) => { search(event, event.composedPath?.()); };
controller.abort();
const target = new EventTarget();
target.addEventListener("x", { get handleEvent() { return function (event) { search(this, event, event.composedPath()) } } });
target.dispatchEvent(new CustomEvent("x", { detail: 1 }));
console.log("held");

//# name: uncaught errors dispatched on a global that became an event target
//# outcome: failed
//# says: boom
//# never: dispatched
globalThis.dispatchEvent = (event) => { console.log("dispatched"); search(event); return false };
globalThis.onerror = () => true;
Object.setPrototypeOf(globalThis, EventTarget.prototype);
setTimeout(() => { throw new Error("boom") });

//# name: reportError with a replaced dispatch
//# outcome: failed
//# says: boom
globalThis.dispatchEvent = () => { console.log("LEAK") };
ErrorEvent.prototype.constructor = null;
Object.defineProperty(ErrorEvent.prototype, "error", { get() { return null } });
reportError(new Error("boom"));

//# name: native syntax and flags of the engine
//# outcome: failed
//# says: SyntaxError
%DebugPrint(1);

//# name: native syntax inside Function
//# outcome: failed
//# says: SyntaxError
Function("%GetOptimizationStatus(1)")();

//# name: the sources of functions name no internals
//# outcome: completed
//# says: held
let read = 0;
for (const key of ownKeys(globalThis)) {
  const it = globalThis[key];
  if (typeof it !== "function" || key === "search") continue;
  read += Function.prototype.toString.call(it).length;
  if (/\/work\/|\/home\/|\/root\/|\.cargo/.test(Function.prototype.toString.call(it))) console.log("LEAK path", String(key));
}
console.log("held", read > 0);

//# name: document.all-like and hidden values of the engine
//# outcome: completed
//# says: held
for (const symbol of ["Deno", "internals", "ops", "core", "nodejs.util.inspect.custom", "Deno.customInspect", "Deno.privateCustomInspect", "Deno.internal"]) search(Symbol.for(symbol));
for (const key of Object.getOwnPropertySymbols(globalThis)) if (key !== Symbol.toStringTag) console.log("LEAK", String(key));
console.log("held");

//# name: custom inspection methods are not called
//# outcome: completed
//# never: called
const spy = () => { console.log("called"); return "called" };
console.log({ [Symbol.for("Deno.customInspect")]: spy, [Symbol.for("nodejs.util.inspect.custom")]: spy, [Symbol.for("Deno.privateCustomInspect")]: spy, inspect: spy, toJSON: spy, toString: spy, valueOf: spy, [Symbol.toPrimitive]: spy });

//# name: another realm through iterators, generators and regular expressions
//# outcome: completed
//# says: held
const protos = [[][Symbol.iterator](), new Map().entries(), "".matchAll(/a/g), (function* () {})(), (async function* () {})(), Iterator.from({ next() {} }), new Intl.Segmenter().segment("a")[Symbol.iterator](), new URLSearchParams().entries(), (new ReadableStream()).values()];
for (const it of protos) for (let p = it; p; p = protoOf(p)) for (const key of ownKeys(p)) { const f = describe(p, key).value; if (typeof f === "function" && f.constructor === Function && f.constructor("return globalThis")() !== globalThis) console.log("LEAK") }
console.log("held");

//# name: prototype of the global object replaced
//# outcome: completed|failed
//# never: LEAK
try { Object.setPrototypeOf(globalThis, new Proxy({}, { get(_, key) { if (/deno|ops|core/i.test(String(key))) console.log("LEAK asked for", String(key)) }, has: () => true })) } catch {}
setTimeout(() => {}, 0);
new AbortController().abort();
await new Blob(["x"]).text();

//# name: FinalizationRegistry callbacks get nothing else
//# outcome: completed
//# says: held
const registry = new FinalizationRegistry((...all) => search(all, this));
for (let i = 0; i < 1000; i++) registry.register({}, i);
let garbage = []; for (let i = 0; i < 1e5; i++) garbage.push({ i });
garbage = null;
await new Promise((go) => setTimeout(go, 5));
console.log("held");

//# name: the brand of host objects on objects of its own
//# outcome: completed|failed
// deno_core takes any function under its registered symbol for a platform object's own, and then calls what it
// finds for the type that this names, unchecked and where V8 allows no JavaScript: the process aborts.
const brands = Object.getOwnPropertySymbols(new MessageChannel().port1).concat(Object.getOwnPropertySymbols(new Event("x")), Object.getOwnPropertySymbols(new DOMException("x")));
for (const it of [new Blob(["x"]), new URL("a:b"), new DOMException("x")]) for (let p = it; p; p = protoOf(p)) brands.push(...Object.getOwnPropertySymbols(p));
for (const brand of new Set(brands)) for (const value of ["MessagePort", "Blob", "DOMException", "CryptoKey", "x", 0, 2 ** 31, {}, () => search(globalThis), null]) {
  const make = () => Object.defineProperty({ type: "MessagePort", resourceId: 0, id: 1 }, brand, { value });
  try { search(structuredClone(make())) } catch (error) { search(error) }
  try { search(structuredClone([make(), make()])) } catch {}
  try { const { port1 } = new MessageChannel(); port1.postMessage(make()); port1.close() } catch {}
}
console.log("held");

//# name: host objects of types that do not exist
//# outcome: completed|failed
// deno_core takes any function under its registered symbol for a platform object's own, and then calls what it
// finds for the type that this names, unchecked and where V8 allows no JavaScript: the process aborts.
const brand = Symbol.for("Deno.core.hostObject");
for (const type of ["x", undefined, null, 0, Symbol.iterator, {}, "__proto__", "constructor", "toString", "Blob", "File", "DOMException", "MessagePort", "ReadableStream", "CryptoKey"])
  for (const make of [() => ({ type }), () => ({ type, id: "x", name: {}, message: [], parts: 1, size: -1 }), () => [type], () => type, () => { throw type }]) {
    try { search(structuredClone({ a: { [brand]: make } })) } catch (error) { search(error) }
    const { port1, port2 } = new MessageChannel();
    port2.onmessage = ({ data }) => search(data);
    try { port1.postMessage({ [brand]: make }) } catch {}
    port1.close();
  }
await new Promise((go) => setTimeout(go, 20));
console.log("held");

//# name: a forged brand in what a message port receives
//# outcome: completed|failed
// deno_core takes any function under its registered symbol for a platform object's own, and then calls what it
// finds for the type that this names, unchecked and where V8 allows no JavaScript: the process aborts.
const { port1, port2 } = new MessageChannel();
port2.onmessage = ({ data }) => { search(data); port2.close() };
port1.postMessage({ [Symbol.for("Deno.core.hostObject")]: () => ({ type: "none" }) });
setTimeout(() => port2.close(), 50);

//# name: names of internal files in call sites
//# outcome: completed
//# says: held
//# never: ext:
// Whatever throws inside the platform's own functions, or is called back by them, shows call sites to the program.
const shown = new Set();
const note = (text) => { if (/ext:|\[deno|core\.js/i.test(String(text))) shown.add(String(text).slice(0, 200).replaceAll("ext:", "LEAK ext ")) };
const look = (error) => { try { note(error?.stack); note(error?.message); note(error?.fileName); note(error?.cause?.stack) } catch {} };
let left = 20_000;
const here = () => { if (left-- < 0) throw new Error("enough"); const error = new Error("here"); look(error); const own = {}; Error.captureStackTrace?.(own); look(own); return 1 };
const hostile = () => new Proxy(function () {}, {
  get: (_, key) => { here(); if (key === "then" || typeof key === "symbol" && key !== Symbol.toPrimitive) return undefined; return key === Symbol.toPrimitive ? () => { here(); throw new Error("primitive") } : hostile() },
  has: () => { here(); return true }, ownKeys: () => { here(); return [] }, apply: () => { here(); return hostile() }, construct: () => { here(); return {} },
  getPrototypeOf: () => { here(); return null }, getOwnPropertyDescriptor: () => { here(); return undefined },
});
const callback = function () { here(); throw new Error("called back") };
const attempts = (f, self) => {
  for (const args of [[], [1], ["x"], [hostile()], [callback], [{ get a() { return here() }, then: callback, start: callback, pull: callback, signal: hostile() }], ["x", callback, hostile()], [Symbol.iterator, {}]]) {
    try { look(f.apply(self, args)?.catch?.(look)) } catch (error) { look(error) }
    try { const made = new f(...args); look(made?.catch?.(look)) } catch (error) { look(error) }
  }
};
await (async () => {
  const target = new EventTarget();
  target.addEventListener("x", here); target.addEventListener("x", { get handleEvent() { here(); return here } }); target.dispatchEvent(new Event("x"));
  const { signal } = new AbortController(); signal.addEventListener("abort", here);
  queueMicrotask(here); setTimeout(here);
  const stream = new ReadableStream({ start: here, pull(c) { here(); c.enqueue(1); c.close() } });
  for await (const _ of stream) here();
  await new Response("x").text().then(here);
  structuredClone({ get a() { return here() } });
  try { structuredClone(() => {}) } catch (error) { look(error) }
  try { new URL("no address") } catch (error) { look(error) }
  try { atob("%") } catch (error) { look(error) }
  try { await fetch("no:where") } catch (error) { look(error) }
  try { await crypto.subtle.digest("no", new Uint8Array()) } catch (error) { look(error) }
  try { await new Blob([callback]).stream().getReader(hostile()) } catch (error) { look(error) }
  await new Promise((go) => setTimeout(go, 5));
})().catch(look);
const sites = [];
for (const how of ["text", "sites"]) {
  if (how === "sites") Error.prepareStackTrace = (error, calls) => {
    for (const call of calls) for (const ask of ["getFileName", "getScriptNameOrSourceURL", "getEvalOrigin", "getFunctionName", "getTypeName", "getMethodName", "getScriptHash", "toString", "getThis", "getFunction"])
      try { note(call[ask]?.()); if (ask === "getThis" || ask === "getFunction") { const it = call[ask]?.(); if (typeof it === "function" && it !== here) sites.push(it) } } catch (thrown) { note(thrown) }
    return String(error);
  };
  for (const name of ["URL", "structuredClone", "atob", "btoa", "fetch", "Headers", "Request", "Response", "Blob", "File", "FormData", "TextDecoder", "TextEncoder", "EventTarget", "Event", "AbortSignal", "ReadableStream", "WritableStream", "TransformStream", "CompressionStream", "DOMException", "MessageChannel", "URLPattern", "URLSearchParams", "BroadcastChannel", "crypto", "performance", "Intl", "WebAssembly"]) {
    const value = globalThis[name];
    left = 300;
    if (typeof value === "function") attempts(value, undefined);
    const holder = value?.prototype ?? value;
    if (holder !== undefined) for (const key of ownKeys(holder)) { const d = describe(holder, key); for (const f of [d.value, d.get, d.set]) if (typeof f === "function" && key !== "constructor") { try { look(f.call(hostile(), hostile(), callback)?.catch?.(look)) } catch (error) { look(error) } try { look(f.call({}, callback)?.catch?.(look)) } catch (error) { look(error) } } }
  }
  await 0;
}
search(...sites);
delete Error.prepareStackTrace;
for (const text of shown) console.log(text);
console.log("held");

//# name: names of internal files in what is shown of errors
//# outcome: failed
//# says: boom
//# never: ext:
console.trace("where");
try { new URL("no address") } catch (error) { console.log(error, error.stack) }
try { structuredClone(() => {}) } catch (error) { console.error(error.stack, { error }) }
const target = new EventTarget();
target.addEventListener("x", () => console.trace("called back"));
target.dispatchEvent(new Event("x"));
await new ReadableStream({ pull(c) { console.trace("pulled"); c.close() } }).getReader().read();
new ReadableStream({ start() { throw new Error("boom") } });
