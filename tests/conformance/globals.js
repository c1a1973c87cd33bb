// https://webidl.spec.whatwg.org/#javascript-binding: how interfaces and operations look from JavaScript, and what
// this global object has and has not.

const interfaces = [
  "AbortController", "AbortSignal", "Blob", "ByteLengthQueuingStrategy", "CloseEvent", "CountQueuingStrategy", "Crypto",
  "CustomEvent", "DOMException", "ErrorEvent", "Event", "EventTarget", "File", "MessageChannel", "MessageEvent", "MessagePort",
  "Performance", "PerformanceEntry", "PerformanceMark", "PerformanceMeasure", "ProgressEvent", "PromiseRejectionEvent",
  "QuotaExceededError", "ReadableByteStreamController", "ReadableStream", "ReadableStreamBYOBReader",
  "ReadableStreamBYOBRequest", "ReadableStreamDefaultController", "ReadableStreamDefaultReader", "TextDecoder",
  "TextDecoderStream", "TextEncoder", "TextEncoderStream", "TransformStream", "TransformStreamDefaultController", "URL",
  "URLPattern", "URLSearchParams", "WritableStream", "WritableStreamDefaultController", "WritableStreamDefaultWriter",
];
const operations = {
  atob: 1, btoa: 1, clearInterval: 0, clearTimeout: 0, queueMicrotask: 1, reportError: 1, setInterval: 1, setTimeout: 1,
  structuredClone: 1,
};

test("interfaces", () => {
  for (const name of interfaces) {
    const { value, ...attributes } = Object.getOwnPropertyDescriptor(globalThis, name) ?? {};
    equal(attributes, { writable: true, enumerable: false, configurable: true }, name);
    equal([typeof value, value?.name], ["function", name], name);
    const { writable } = Object.getOwnPropertyDescriptor(value, "prototype");
    equal(writable, false, `${name}.prototype`);
    const { prototype } = value;
    const constructor = Object.getOwnPropertyDescriptor(prototype, "constructor");
    equal([constructor.value === value, constructor.enumerable], [true, false], `${name}.prototype.constructor`);
    const tag = Object.getOwnPropertyDescriptor(prototype, Symbol.toStringTag);
    equal(tag && (tag.value ?? name), name, `${name}.prototype[Symbol.toStringTag]`);
    equal(tag?.enumerable, false, `${name}.prototype[Symbol.toStringTag]`);
    throws(TypeError, () => value(), `${name} without new`);
  }
});

test("members of interfaces", () => {
  for (const name of interfaces) {
    const { prototype } = globalThis[name];
    // isTrusted is no member of the prototype.
    for (const key of Object.getOwnPropertyNames(prototype).filter((key) => !["constructor", "isTrusted"].includes(key))) {
      const { enumerable, configurable, get, set, value, writable } = Object.getOwnPropertyDescriptor(prototype, key);
      if (value !== undefined && typeof value !== "function") continue;
      ok(enumerable, `${name}.prototype.${key} is enumerable`);
      ok(configurable, `${name}.prototype.${key} is configurable`);
      if (get) equal([get.name, get.length, set?.length ?? 1], [`get ${key}`, 0, 1], `${name}.prototype.${key}`);
      else equal([value.name, writable, "prototype" in value], [key, true, false], `${name}.prototype.${key}`);
    }
  }
});

test("static members", () => {
  for (const [name, key] of [
    ["AbortSignal", "abort"], ["AbortSignal", "any"], ["AbortSignal", "timeout"], ["URL", "canParse"], ["URL", "parse"], ["ReadableStream", "from"],
  ]) {
    const { value, ...attributes } = Object.getOwnPropertyDescriptor(globalThis[name], key);
    equal([value.name, attributes], [key, { writable: true, enumerable: true, configurable: true }], `${name}.${key}`);
  }
});

known("deno_web has a class of its own between them", "MessagePort extends EventTarget", () => {
  ok(Object.getPrototypeOf(MessagePort) === EventTarget);
});

test("lengths of methods", () => {
  for (const [name, key, length] of [
    ["AbortController", "abort", 0], ["EventTarget", "addEventListener", 2], ["EventTarget", "dispatchEvent", 1],
    ["EventTarget", "removeEventListener", 2], ["TextDecoder", "decode", 0], ["TextEncoder", "encodeInto", 2], ["Blob", "slice", 0],
    ["URLSearchParams", "append", 2], ["URLSearchParams", "has", 1], ["MessagePort", "postMessage", 1],
    ["Performance", "measure", 1], ["ReadableStream", "pipeTo", 1], ["ReadableStream", "pipeThrough", 1], ["ReadableStream", "tee", 0],
    ["WritableStreamDefaultWriter", "write", 0], ["Event", "composedPath", 0],
  ]) equal(globalThis[name].prototype[key].length, length, `${name}.prototype.${key}`);
});

test("inheritance", () => {
  for (const [name, parent] of [
    ["AbortSignal", "EventTarget"], ["CustomEvent", "Event"], ["ErrorEvent", "Event"], ["File", "Blob"], ["MessageEvent", "Event"],
    ["PerformanceMark", "PerformanceEntry"], ["Performance", "EventTarget"],
    ["QuotaExceededError", "DOMException"], ["CloseEvent", "Event"], ["ProgressEvent", "Event"], ["PromiseRejectionEvent", "Event"],
  ]) {
    ok(Object.getPrototypeOf(globalThis[name]) === globalThis[parent], `${name} extends ${parent}`);
    ok(Object.getPrototypeOf(globalThis[name].prototype) === globalThis[parent].prototype, `${name}.prototype`);
  }
  ok(Object.getPrototypeOf(DOMException.prototype) === Error.prototype);
  ok(Object.getPrototypeOf(DOMException) === Function.prototype);
});

test("what can't be constructed", () => {
  for (const name of [
    "AbortSignal", "Crypto", "MessagePort", "Performance", "PerformanceEntry", "PerformanceMeasure", "ReadableByteStreamController",
    "ReadableStreamBYOBRequest", "ReadableStreamDefaultController", "TransformStreamDefaultController", "WritableStreamDefaultController",
  ]) throws(TypeError, () => new globalThis[name](), name);
});

test("receivers are checked", () => {
  for (const [name, member, ...args] of [
    ["URL", "toString"], ["URLSearchParams", "get", "a"], ["TextDecoder", "decode"], ["TextEncoder", "encode"], ["Blob", "slice"],
    ["ReadableStream", "getReader"], ["WritableStream", "getWriter"], ["MessagePort", "postMessage", 1], ["Performance", "now"],
    ["AbortSignal", "throwIfAborted"], ["AbortController", "abort"], ["URLPattern", "test", {}], ["EventTarget", "dispatchEvent", 1],
  ]) throws(TypeError, () => globalThis[name].prototype[member].call({}, ...args), `${name}.prototype.${member}`);
  for (const [name, member] of [
    ["URL", "href"], ["URLSearchParams", "size"], ["TextDecoder", "encoding"], ["Blob", "size"], ["File", "name"],
    ["ReadableStream", "locked"], ["AbortSignal", "aborted"], ["MessageChannel", "port1"], ["DOMException", "code"],
  ]) throws(TypeError, () => Object.getOwnPropertyDescriptor(globalThis[name].prototype, member).get.call({}), `${name}.prototype.${member}`);
});

test("operations", () => {
  for (const [name, length] of Object.entries(operations)) {
    const { value, ...attributes } = Object.getOwnPropertyDescriptor(globalThis, name) ?? {};
    equal(attributes, { writable: true, enumerable: true, configurable: true }, name);
    equal([value?.name, value?.length, "prototype" in Object(value)], [name, length, false], name);
    throws(TypeError, () => new value(), `new ${name}`);
  }
});

test("the global object", () => {
  ok(self === globalThis);
  equal(this, undefined, "this of a module");
  equal(Object.prototype.toString.call(globalThis), "[object global]");
  for (const name of ["performance", "crypto", "self"]) ok(Object.keys(globalThis).includes(name), name);
  equal(Function("return this")() === globalThis, true);
  equal((0, eval)("this") === globalThis, true);
});

test("what there is not", () => {
  for (const name of [
    "Deno", "__bootstrap", "__mayfly", "process", "require", "module", "exports", "Buffer", "global", "__dirname", "window", "document",
    "Worker", "SharedWorker", "BroadcastChannel", "WebSocket", "XMLHttpRequest", "EventSource", "localStorage", "sessionStorage",
    "indexedDB", "caches", "importScripts", "WebTransport",
  ]) equal(name in globalThis, false, name);
});

test("the language is that of its latest edition", async () => {
  equal(typeof Iterator.prototype.map, "function");
  equal(Object.groupBy([1, 2, 3], (n) => n % 2 ? "odd" : "even").odd, [1, 3]);
  equal([..."ab"].with(0, "c").toSorted(), ["b", "c"]);
  equal(new Set([1, 2]).union(new Set([3])).size, 3);
  equal("a\ud800".toWellFormed(), "a\ufffd");
  equal(/[\p{L}--[a-z]]/v.test("a"), false);
  equal(RegExp.escape("a.b"), "\\x61\\.b");
  equal(Math.sumPrecise?.([0.1, 0.2, -0.3]) ?? 2.7755575615628914e-17, 2.7755575615628914e-17);
  equal(typeof Atomics.waitAsync, "function");
  equal(await import("data:text/javascript,export default 1").then(() => "imported", (error) => error instanceof Error), true, "import() of anything is refused");
});
