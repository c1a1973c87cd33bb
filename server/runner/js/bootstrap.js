// Evaluated once, when the startup snapshot is made. Loads the web APIs of a program from deno_web and
// deno_fetch and puts them on the global object with the attributes that Web IDL gives them: interfaces are not enumerable,
// operations are. What is native (`console`, `crypto`, `queueMicrotask`) is added by Rust when a runtime
// starts, from server/runner/globals.rs, and what deno_core leaves lying about is taken away there.
import { core, internals, primordials } from "ext:core/mod.js";
import { describePlatform } from "ext:mayfly/platform.js";

const {
  ObjectDefineProperties,
  ObjectDefineProperty,
  ObjectGetOwnPropertyDescriptor,
  ReflectApply,
  SafeArrayIterator,
  SafeSet,
  SetPrototypeHas,
  SymbolToStringTag,
  TypedArrayPrototypeGetByteLength,
  TypedArrayPrototypeGetSymbolToStringTag,
  TypeError,
  uncurryThis,
} = primordials;
const load = (name) => core.loadExtScript(`ext:deno_web/${name}`);

const url = load("00_url.js");
const pattern = load("01_urlpattern.js");
const exception = load("01_dom_exception.js");
const event = load("02_event.js");
const clone = load("02_structured_clone.js");
const timers = load("02_timers.js");
const abort = load("03_abort_signal.js");
const base64 = load("05_base64.js");
const streams = load("06_streams.js");
const encoding = load("08_text_encoding.js");
const file = load("09_file.js");
const ports = load("13_message_port.js");
const compression = load("14_compression.js");
const performance = load("15_performance.js");

// deno_fetch reports to Deno's tracing, which here is off and has nothing to report to.
internals.__telemetry = { __proto__: null, TRACING_ENABLED: false, DID_NOT_ENTER: null, exitSpan() {} };
internals.__telemetryUtil = { __proto__: null };
const loadFetch = (name) => core.loadExtScript(`ext:deno_fetch/${name}`);
const headers = loadFetch("20_headers.js");
const formData = loadFetch("21_formdata.js");
const request = loadFetch("23_request.js");
const response = loadFetch("23_response.js");
const { fetch: fetchByDeno } = loadFetch("26_fetch.js");
// As an operation should be, a method is no constructor.
const { fetch } = {
  fetch(input, init = undefined) {
    return ReflectApply(fetchByDeno, undefined, arguments);
  },
};

const { configureInterface } = core.loadExtScript("ext:deno_webidl/00_webidl.js");

// Operations of deno_web throw these by name.
for (const name of new SafeArrayIterator(["IndexSizeError", "InvalidCharacterError", "InvalidStateError", "SyntaxError"])) {
  core.registerErrorBuilder(`DOMException${name}`, (message) => new exception.DOMException(message, name));
}

// https://html.spec.whatwg.org/multipage/system-state.html#the-navigator-object, what of it a runtime without a
// browser has: https://min-common-api.proposal.wintertc.org/#navigator-useragent-requirements
let userAgent;
let makeNavigator = true;

class Navigator {
  #branded = true;

  constructor() {
    if (!makeNavigator) throw new TypeError("Illegal constructor");
    makeNavigator = false;
  }

  get userAgent() {
    this.#branded;
    return userAgent;
  }
}
configureInterface(Navigator);

const interfaces = {
  AbortController: abort.AbortController,
  AbortSignal: abort.AbortSignal,
  Blob: file.Blob,
  ByteLengthQueuingStrategy: streams.ByteLengthQueuingStrategy,
  CloseEvent: event.CloseEvent,
  CompressionStream: compression.CompressionStream,
  CountQueuingStrategy: streams.CountQueuingStrategy,
  CustomEvent: event.CustomEvent,
  DecompressionStream: compression.DecompressionStream,
  DOMException: exception.DOMException,
  ErrorEvent: event.ErrorEvent,
  Event: event.Event,
  EventTarget: event.EventTarget,
  File: file.File,
  FormData: formData.FormData,
  Headers: headers.Headers,
  MessageChannel: ports.MessageChannel,
  MessageEvent: event.MessageEvent,
  MessagePort: ports.MessagePort,
  Navigator,
  Performance: performance.Performance,
  PerformanceEntry: performance.PerformanceEntry,
  PerformanceMark: performance.PerformanceMark,
  PerformanceMeasure: performance.PerformanceMeasure,
  ProgressEvent: event.ProgressEvent,
  PromiseRejectionEvent: event.PromiseRejectionEvent,
  QuotaExceededError: exception.QuotaExceededError,
  ReadableByteStreamController: streams.ReadableByteStreamController,
  ReadableStream: streams.ReadableStream,
  ReadableStreamBYOBReader: streams.ReadableStreamBYOBReader,
  ReadableStreamBYOBRequest: streams.ReadableStreamBYOBRequest,
  ReadableStreamDefaultController: streams.ReadableStreamDefaultController,
  ReadableStreamDefaultReader: streams.ReadableStreamDefaultReader,
  Request: request.Request,
  Response: response.Response,
  TextDecoder: encoding.TextDecoder,
  TextDecoderStream: encoding.TextDecoderStream,
  TextEncoder: encoding.TextEncoder,
  TextEncoderStream: encoding.TextEncoderStream,
  TransformStream: streams.TransformStream,
  TransformStreamDefaultController: streams.TransformStreamDefaultController,
  URL: url.URL,
  URLPattern: pattern.URLPattern,
  URLSearchParams: url.URLSearchParams,
  WritableStream: streams.WritableStream,
  WritableStreamDefaultController: streams.WritableStreamDefaultController,
  WritableStreamDefaultWriter: streams.WritableStreamDefaultWriter,
};

const operations = {
  atob: base64.atob,
  btoa: base64.btoa,
  clearInterval: timers.clearInterval,
  clearTimeout: timers.clearTimeout,
  fetch,
  reportError: event.reportError,
  setInterval: timers.setInterval,
  setTimeout: timers.setTimeout,
  structuredClone: clone.structuredClone,
};

for (const name in interfaces) {
  if (typeof interfaces[name] !== "function") throw new TypeError(`deno_web has no ${name}`);
  ObjectDefineProperty(globalThis, name, {
    __proto__: null,
    value: interfaces[name],
    writable: true,
    enumerable: false,
    configurable: true,
  });
}
for (const name in operations) {
  if (typeof operations[name] !== "function") throw new TypeError(`deno_web has no ${name}`);
  ObjectDefineProperty(globalThis, name, {
    __proto__: null,
    value: operations[name],
    writable: true,
    enumerable: true,
    configurable: true,
  });
}
ObjectDefineProperties(globalThis, {
  __proto__: null,
  [SymbolToStringTag]: { __proto__: null, value: "global", configurable: true },
  self: { __proto__: null, value: globalThis, writable: true, enumerable: true, configurable: true },
  navigator: { __proto__: null, value: new Navigator(), writable: true, enumerable: true, configurable: true },
  performance: {
    __proto__: null,
    value: performance.performance,
    writable: true,
    enumerable: true,
    configurable: true,
  },
});

// https://w3c.github.io/webcrypto/#Crypto-interface, without `subtle`. The random bytes come from the kernel,
// through functions that Rust hands over when a runtime starts.
let randomFill;
let randomUuid;
const integerArrays = new SafeSet([
  "Int8Array",
  "Uint8Array",
  "Uint8ClampedArray",
  "Int16Array",
  "Uint16Array",
  "Int32Array",
  "Uint32Array",
  "BigInt64Array",
  "BigUint64Array",
]);
let makeCrypto = true;

class Crypto {
  #branded = true;

  constructor() {
    if (!makeCrypto) throw new TypeError("Illegal constructor");
    makeCrypto = false;
  }

  getRandomValues(array) {
    this.#branded;
    const kind = TypedArrayPrototypeGetSymbolToStringTag(array);
    if (kind === undefined || !SetPrototypeHas(integerArrays, kind)) {
      throw new exception.DOMException(
        "crypto.getRandomValues needs an integer typed array, such as a Uint8Array",
        "TypeMismatchError",
      );
    }
    const length = TypedArrayPrototypeGetByteLength(array);
    if (length > 65536) {
      throw new exception.QuotaExceededError(
        `crypto.getRandomValues fills at most 65536 bytes at once; this array has ${length}`,
        { quota: 65536, requested: length },
      );
    }
    randomFill(array);
    return array;
  }

  randomUUID() {
    this.#branded;
    return randomUuid();
  }

  get [SymbolToStringTag]() {
    return "Crypto";
  }
}

ObjectDefineProperties(globalThis, {
  __proto__: null,
  Crypto: { __proto__: null, value: Crypto, writable: true, enumerable: false, configurable: true },
  crypto: { __proto__: null, value: new Crypto(), writable: true, enumerable: true, configurable: true },
});

// A program may replace the accessor.
const errorOf = uncurryThis(ObjectGetOwnPropertyDescriptor(event.ErrorEvent.prototype, "error").get);

// What Rust takes off the global object before any program runs.
globalThis.__mayfly = {
  /** Hands over the function that is told of every error nobody caught in a timer or an event listener. */
  onUncaught(report) {
    core.setReportExceptionCallback(report);
    // Listeners' errors are dispatched on the global object first, which here is no event target.
    event.saveGlobalThisReference({
      dispatchEvent(errorEvent) {
        report(errorOf(errorEvent));
        return false;
      },
    });
  },
  /** What the console shows of the platform's own objects. */
  platform: describePlatform(interfaces, core.loadExtScript("ext:deno_webidl/00_webidl.js").brand),
  /** Hands over where random bytes and UUIDs come from. */
  useRandom(fill, uuid) {
    randomFill = fill;
    randomUuid = uuid;
  },
  /** Makes `performance.now()` count from here. */
  startClock() {
    performance.setTimeOrigin();
  },
  /** Hands over what `navigator.userAgent` says. */
  useName(name) {
    userAgent = name;
  },
};
