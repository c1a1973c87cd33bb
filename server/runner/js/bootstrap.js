// Evaluated once, when the startup snapshot is made. Loads the web APIs of a program from deno_web and
// deno_fetch and puts them on the global object with the attributes that Web IDL gives them: interfaces are not enumerable,
// operations are. What is native (`console`, `crypto`, `queueMicrotask`) is added by Rust when a runtime
// starts, from server/runner/globals.rs, and what deno_core leaves lying about is taken away there.
import { core, internals, primordials } from "ext:core/mod.js";
import { describePlatform } from "ext:mayfly/platform.js";
import { webCrypto } from "ext:mayfly/subtle.js";
import { streamTransfers } from "ext:mayfly/transfer.js";

const {
  ArrayBufferIsView,
  ObjectAssign,
  ObjectDefineProperties,
  ObjectDefineProperty,
  ObjectFreeze,
  ObjectGetOwnPropertyDescriptor,
  ObjectGetOwnPropertyNames,
  PromiseReject,
  ReflectApply,
  RegExpPrototypeExec,
  SafeArrayIterator,
  SafeSet,
  SetPrototypeHas,
  Symbol,
  SymbolToStringTag,
  TypedArrayPrototypeGetBuffer,
  TypedArrayPrototypeGetByteLength,
  TypedArrayPrototypeGetSymbolToStringTag,
  TypeError,
  Uint32Array,
  uncurryThis,
} = primordials;

// The clock of `performance`, in steps of 5 µs, as browsers have it: fine enough to time code with, too coarse
// to time a cache with.
const CLOCK_STEP_NS = 5000;
let clockBytes;
let clock;
function coarseNow(bytes) {
  core.ops.op_now(bytes);
  if (clockBytes !== bytes) {
    clockBytes = bytes;
    clock = new Uint32Array(TypedArrayPrototypeGetBuffer(bytes));
  }
  // Seconds, and nanoseconds.
  clock[1] -= clock[1] % CLOCK_STEP_NS;
}

// What deno_web's scripts get for deno_core: the same, but with that clock, with our way for streams that are
// transferred, and with the structured clone of server/runner/clone.rs, whose functions Rust hands over when a
// runtime starts. Until then nothing is cloned but plain values of our own.
const cloneable = Symbol("cloneable");
let cloner = { __proto__: null, clone: core.structuredClone };
const transfers = streamTransfers();
core.ops.op_set_captured_bootstrap({
  __proto__: null,
  core: ObjectAssign({ __proto__: null }, core, {
    ops: ObjectAssign({ __proto__: null }, core.ops, {
      op_now: coarseNow,
      op_message_port_post_message: (port, message) =>
        core.ops.op_message_port_post_message(port, transfers.depart(message)),
    }),
    registerTransferableResource(name, send, receive) {
      const ours = transfers.resources[name] ?? { send, receive };
      core.registerTransferableResource(name, ours.send, ours.receive);
    },
    hostObjectBrand: cloneable,
    structuredClone: (value) => cloner.clone(value),
    serialize: (value, options) =>
      cloner.serialize(value, options?.hostObjects, options?.transferredArrayBuffers),
    deserialize(bytes, options) {
      const { hostObjects, transferredArrayBuffers } = options ?? { __proto__: null };
      if (transferredArrayBuffers !== undefined) transfers.arrive(hostObjects, transferredArrayBuffers);
      return cloner.deserialize(bytes, hostObjects, transferredArrayBuffers);
    },
  }),
  internals,
  primordials,
});

const load = (name) => core.loadExtScript(`ext:deno_web/${name}`);

const url = load("00_url.js");
const pattern = load("01_urlpattern.js");
const exception = load("01_dom_exception.js");
const event = load("02_event.js");
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

const webidl = core.loadExtScript("ext:deno_webidl/00_webidl.js");
const { configureInterface } = webidl;
transfers.use(streams, exception.DOMException, (value) => cloner.clone(value));

// deno_web's takes a TypeError that a getter of the program's throws for one of the serializer's.
const { structuredClone } = {
  structuredClone(value, options = undefined) {
    const prefix = "Failed to execute 'structuredClone'";
    webidl.requiredArguments(arguments.length, 1, prefix);
    const { transfer } = webidl.converters.StructuredSerializeOptions(options, prefix, "Argument 2");
    if (transfer.length === 0) return cloner.clone(value);
    return ports.structuredClone(value, { __proto__: null, transfer });
  },
};
const { CryptoKey, SubtleCrypto, ...subtleCrypto } = webCrypto(webidl, exception.DOMException, cloneable);

// Both halves are native: the first takes the question, the second waits for the answer.
let beginLine;
function readLine(message = undefined) {
  let number;
  try {
    number = beginLine(message);
  } catch (error) {
    return PromiseReject(error);
  }
  return core.ops.op_read_line(number);
}

// Operations of deno_web throw these by name.
for (const name of new SafeArrayIterator(["IndexSizeError", "InvalidCharacterError", "InvalidStateError", "SyntaxError"])) {
  core.registerErrorBuilder(`DOMException${name}`, (message) => new exception.DOMException(message, name));
}

// https://html.spec.whatwg.org/multipage/system-state.html#the-navigator-object, what of it a runtime without a
// browser has: https://min-common-api.proposal.wintertc.org/#navigator-useragent-requirements
let userAgent;
const languages = ObjectFreeze(["en-US"]);
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

  // A run has one thread, and speaks the language of its locale.
  get hardwareConcurrency() {
    this.#branded;
    return 1;
  }

  get language() {
    this.#branded;
    return "en-US";
  }

  get languages() {
    this.#branded;
    return languages;
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
  CryptoKey,
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
  SubtleCrypto,
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
  readLine,
  reportError: event.reportError,
  setInterval: timers.setInterval,
  setTimeout: timers.setTimeout,
  structuredClone,
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
// deno_web leaves a timer's context before it reports what the callback threw. An evaluation's is reported inside, where
// it can be told from the program's.
let report;
const asEvaluation = (callback) =>
  function (...args) {
    try {
      return ReflectApply(callback, this, args);
    } catch (error) {
      report(error);
    }
  };

for (const name in operations) {
  const operate = operations[name];
  if (typeof operate !== "function") throw new TypeError(`deno_web has no ${name}`);
  // It would take a missing handler for the code `undefined`.
  const needsHandler = operate === timers.setInterval || operate === timers.setTimeout;
  // A method, which is no constructor, as operations are none.
  const { [name]: operation } = {
    [name](...args) {
      if (needsHandler && args.length === 0) throw new TypeError(`${name} needs a function to call`);
      if (needsHandler && typeof args[0] === "function" && core.getAsyncContext() === true) args[0] = asEvaluation(args[0]);
      return ReflectApply(operate, this, args);
    },
  };
  // The options of structuredClone may be left out.
  const length = name === "structuredClone" ? 1 : operate.length;
  ObjectDefineProperty(operation, "length", { __proto__: null, value: length });
  ObjectDefineProperty(globalThis, name, {
    __proto__: null,
    value: operation,
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

// https://w3c.github.io/webcrypto/#Crypto-interface; `subtle` is made in subtle.js. The random bytes come from the
// kernel, through functions that Rust hands over when a runtime starts.
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

  get subtle() {
    this.#branded;
    return subtleCrypto.subtle;
  }

  getRandomValues(array) {
    this.#branded;
    if (!ArrayBufferIsView(array)) {
      throw new TypeError("crypto.getRandomValues needs an integer typed array, such as a Uint8Array");
    }
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
}

ObjectDefineProperties(globalThis, {
  __proto__: null,
  Crypto: { __proto__: null, value: Crypto, writable: true, enumerable: false, configurable: true },
  crypto: { __proto__: null, value: new Crypto(), writable: true, enumerable: true, configurable: true },
});

/** What each class has besides its members. */
const notStatic = { __proto__: null, length: true, name: true };
/** Whose instances say that they can be cloned. */
const exceptions = { __proto__: null, DOMException: true, QuotaExceededError: true };
/** An accessor: a port assigns its own, which it could not if a program froze the property of a prototype. */
const notCloneable = {
  __proto__: null,
  get: () => null,
  set(value) {
    const own = { __proto__: null, value, writable: true, enumerable: true, configurable: true };
    ObjectDefineProperty(this, cloneable, own);
  },
  enumerable: false,
  configurable: true,
};
// What deno_web's classes and those above leave to be desired of what Web IDL says: members can be enumerated,
// accessors are named after what they read, and a prototype has the name of its class for a tag.
function asWebIdl(constructor) {
  const { name, prototype } = constructor;
  for (const holder of new SafeArrayIterator([constructor, prototype])) {
    for (const key of new SafeArrayIterator(ObjectGetOwnPropertyNames(holder))) {
      const member = ObjectGetOwnPropertyDescriptor(holder, key);
      if (!member.configurable || key === "constructor" || (holder === constructor && key in notStatic)) continue;
      ObjectDefineProperty(holder, key, { __proto__: null, enumerable: true });
      for (const half of new SafeArrayIterator(["get", "set"])) {
        if (member[half] === undefined) continue;
        ObjectDefineProperty(member[half], "name", { __proto__: null, value: `${half} ${key}` });
      }
    }
  }
  ObjectDefineProperty(prototype, SymbolToStringTag, {
    __proto__: null,
    value: name,
    writable: false,
    enumerable: false,
    configurable: true,
  });
  // To structured clone its objects are not plain ones. Those that can be cloned or transferred say so themselves.
  if (prototype[cloneable] === undefined && !(name in exceptions)) {
    ObjectDefineProperty(prototype, cloneable, notCloneable);
  }
}
// deno_web's own, and used by nobody.
delete event.Event.prototype.initialized;
for (const name in interfaces) asWebIdl(interfaces[name]);
asWebIdl(Crypto);
// Arguments that may be left out do not count.
const { addEventListener, removeEventListener } = event.EventTarget.prototype;
ObjectDefineProperty(addEventListener, "length", { __proto__: null, value: 2 });
ObjectDefineProperty(removeEventListener, "length", { __proto__: null, value: 2 });
ObjectDefineProperty(abort.AbortController.prototype.abort, "length", { __proto__: null, value: 0 });

// A program may replace the accessors.
const typeOf = uncurryThis(ObjectGetOwnPropertyDescriptor(file.Blob.prototype, "type").get);
const errorOf = uncurryThis(ObjectGetOwnPropertyDescriptor(event.ErrorEvent.prototype, "error").get);

// What Rust takes off the global object before any program runs.
globalThis.__mayfly = {
  /** Hands over the function that is told of every error nobody caught in a timer or an event listener. */
  onUncaught(tell) {
    report = tell;
    core.setReportExceptionCallback(report);
    // Listeners' errors are dispatched on the global object first, which here is no event target.
    event.saveGlobalThisReference({
      dispatchEvent(errorEvent) {
        report(errorOf(errorEvent));
        return false;
      },
    });
  },
  /** What structured clone asks the platform. */
  cloneable: {
    brand: cloneable,
    error: (message) => new exception.DOMException(message, "DataCloneError"),
    types: core.getCloneableDeserializers(),
  },
  /** Hands over structured clone. */
  useCloner(clone, serialize, deserialize) {
    cloner = { __proto__: null, clone, serialize, deserialize };
  },
  /** What the console shows of the platform's own objects. */
  platform: describePlatform(interfaces, webidl.brand),
  /** Hands over where random bytes and UUIDs come from. */
  useRandom(fill, uuid) {
    randomFill = fill;
    randomUuid = uuid;
  },
  /** Hands over the first half of `readLine`. */
  useLines(begin) {
    beginLine = begin;
  },
  /** The numbers of a blob's parts, and its type; nothing for what is no blob. */
  blob: (value) => (file.isBlob(value) ? [typeOf(value), file.getParts(value)] : undefined),
  /** What `crypto.subtle` throws where native code fails. */
  subtleError: subtleCrypto.error,
  /** Hands over what `crypto.subtle` does. */
  useSubtle: subtleCrypto.use,
  /** Makes `performance.now()` count from here. */
  startClock() {
    performance.setTimeOrigin();
  },
  /** Hands over what `navigator.userAgent` says. */
  useName(name) {
    userAgent = name;
  },
};

// `RegExp.lastMatch` and its like tell of the last match in the realm: let it be an empty one.
RegExpPrototypeExec(/(?:)/, "");
