// What the console knows of the platform's own objects: which attributes it shows of a `URL` or an `Event`, and
// how it gets at them without running anything of a program's. Evaluated once, when the startup snapshot is
// made and no program can have touched anything yet; server/runner/inspect/platform.rs does the reading.
//
// deno_web keeps an object's state in one of two places:
// - in properties with symbols for keys. A program can find those symbols and put an accessor behind them, so
//   deno_web's getters, which look them up, are not safe to call: Rust reads the properties as data instead.
// - in private fields, which only deno_web's own getters can read. Those listed here do that and no more, once
//   the object has the brand that some of them look for first; Rust makes sure of it beforehand.
//
// Left out is what is neither: getters that make something (`URL.prototype.searchParams`), that ask another
// object by its public name (`TextDecoderStream.prototype.encoding`) or that calculate (`desiredSize`).

/** Symbols that are put on an object later in its life, by their descriptions: no probe has them. */
const LATE = new Set([
  "MessagePortReceiveMessageOnPort",
  "dataPromise",
  "nodeWorkerThreadCloseCb",
  "nodeWorkerThreadCloseCbInvoked",
]);

/** The symbol of `probe` that is described as `description`. */
function symbolOf(probe, description) {
  const found = Object.getOwnPropertySymbols(probe).filter((symbol) => symbol.description === description);
  if (found.length !== 1) {
    throw new TypeError(`deno_web's ${probe.constructor.name} has ${found.length} slots called ${description}`);
  }
  return found[0];
}

/** An attribute that is the value at `path`, of which the first step is a symbol. */
const slot = (key, probe, description, ...path) => ({
  key,
  kind: "slot",
  path: [symbolOf(probe, description), ...path],
});

/** An attribute that says whether a symbol has a value. */
const isSet = (key, probe, description) => ({ ...slot(key, probe, description), kind: "is_set" });

/** Attributes that getters of `constructor` read from private fields. */
function getters(constructor, kind, ...keys) {
  return keys.map((key) => {
    const { get } = Object.getOwnPropertyDescriptor(constructor.prototype, key) ?? {};
    if (get === undefined) throw new TypeError(`deno_web's ${constructor.name} has no getter of ${key}`);
    return { key, kind, get };
  });
}

/** Adds the symbols on `object`, and on what those lead to, to `symbols`. */
function collect(object, symbols, seen) {
  if (object === null || typeof object !== "object" || object === globalThis || seen.has(object)) return;
  seen.add(object);
  for (const symbol of Object.getOwnPropertySymbols(object)) {
    // Well-known symbols are the language's.
    if (symbol.description?.startsWith("Symbol.")) continue;
    symbols.add(symbol);
    collect(object[symbol], symbols, seen);
  }
}

/**
 * Describes the classes in `interfaces` and their hidden state. `brand` is the symbol that deno_webidl marks
 * objects with.
 */
export function describePlatform(interfaces, brand) {
  const {
    AbortController,
    Blob,
    ByteLengthQueuingStrategy,
    CloseEvent,
    CountQueuingStrategy,
    CryptoKey,
    CustomEvent,
    DOMException,
    ErrorEvent,
    Event,
    EventTarget,
    File,
    FormData,
    Headers,
    MessageChannel,
    MessageEvent,
    Navigator,
    Performance,
    PerformanceMark,
    PromiseRejectionEvent,
    QuotaExceededError,
    ReadableByteStreamController,
    ReadableStream,
    ReadableStreamBYOBRequest,
    Request,
    Response,
    TextDecoder,
    TextEncoder,
    TransformStream,
    TransformStreamDefaultController,
    URL,
    URLPattern,
    URLSearchParams,
    WritableStream,
    WritableStreamDefaultController,
  } = interfaces;
  const nothing = () => {};

  const controller = new AbortController();
  controller.signal.onabort = nothing;
  const target = new EventTarget();
  target.addEventListener("probe", nothing);
  const file = new File([], "probe");
  const strategies = [
    new ByteLengthQueuingStrategy({ highWaterMark: 1 }),
    new CountQueuingStrategy({ highWaterMark: 1 }),
  ];
  const event = new Event("probe");
  const exception = new DOMException();
  const quotaExceeded = new QuotaExceededError();
  const mark = new PerformanceMark("probe", { startTime: 0 });
  const readable = new ReadableStream();
  const writable = new WritableStream();
  const transform = new TransformStream();
  const byobRequest = new ReadableStreamBYOBRequest(brand);
  const writableController = new WritableStreamDefaultController(brand);
  const form = new FormData();
  const headers = new Headers({ probe: "" });
  // What it keeps for its iterators it keeps from then on.
  headers.forEach(nothing);
  const request = new Request("mayfly:probe");
  const response = new Response();
  const params = new URLSearchParams();
  const pattern = new URLPattern();

  const attributes = {
    AbortController: [slot("signal", controller, "[[signal]]")],
    AbortSignal: [
      isSet("aborted", controller.signal, "[[abortReason]]"),
      slot("reason", controller.signal, "[[abortReason]]"),
    ],
    Blob: [slot("size", file, "Size"), slot("type", file, "Type")],
    ByteLengthQueuingStrategy: [slot("highWaterMark", strategies[0], "[[highWaterMark]]")],
    CloseEvent: getters(CloseEvent, "field", "wasClean", "code", "reason"),
    CountQueuingStrategy: [slot("highWaterMark", strategies[1], "[[highWaterMark]]")],
    CryptoKey: getters(CryptoKey, "field", "type", "extractable", "algorithm", "usages"),
    CustomEvent: getters(CustomEvent, "field", "detail"),
    // The console knows these two as an error's.
    DOMException: [slot("name", exception, "name"), slot("message", exception, "message")],
    ErrorEvent: getters(ErrorEvent, "field", "message", "filename", "lineno", "colno", "error"),
    Event: [
      slot("type", event, "[[attributes]]", "type"),
      slot("target", event, "[[attributes]]", "target"),
      slot("currentTarget", event, "[[attributes]]", "currentTarget"),
      slot("eventPhase", event, "[[attributes]]", "eventPhase"),
      slot("bubbles", event, "[[attributes]]", "bubbles"),
      slot("cancelable", event, "[[attributes]]", "cancelable"),
      slot("defaultPrevented", event, "[[canceledFlag]]"),
      slot("composed", event, "[[attributes]]", "composed"),
      slot("isTrusted", event, "[[isTrusted]]"),
      slot("timeStamp", event, "[[attributes]]", "timeStamp"),
    ],
    File: [slot("name", file, "[[Name]]"), slot("lastModified", file, "[[LastModified]]")],
    FormData: [{ ...slot("entries", form, "entry list"), kind: "records" }],
    Headers: [{ ...slot("entries", headers, "header list"), kind: "pairs" }],
    MessageChannel: getters(MessageChannel, "branded_field", "port1", "port2"),
    MessageEvent: getters(MessageEvent, "field", "source"),
    Navigator: getters(Navigator, "field", "userAgent", "hardwareConcurrency", "language"),
    Performance: getters(Performance, "branded_field", "timeOrigin"),
    PerformanceEntry: [
      slot("name", mark, "[[name]]"),
      slot("entryType", mark, "[[entryType]]"),
      slot("startTime", mark, "[[startTime]]"),
      slot("duration", mark, "[[duration]]"),
    ],
    PerformanceMark: [slot("detail", mark, "[[detail]]")],
    PerformanceMeasure: [slot("detail", mark, "[[detail]]")],
    PromiseRejectionEvent: getters(PromiseRejectionEvent, "field", "promise", "reason"),
    QuotaExceededError: [
      slot("quota", quotaExceeded, "quota"),
      slot("requested", quotaExceeded, "requested"),
    ],
    ReadableStream: [isSet("locked", readable, "[[reader]]")],
    ReadableStreamBYOBRequest: [slot("view", byobRequest, "[[view]]")],
    // Their URLs are made when somebody asks for them. `headers`, too; the list behind it is there before.
    Request: [
      // In one made from another, the second of these is the property.
      slot("method", request, "request", "methodInner"),
      slot("method", request, "request", "method"),
      { ...slot("url", request, "request", "urlListProcessed"), kind: "last" },
      slot("redirect", request, "request", "redirectMode"),
    ],
    Response: [
      slot("status", response, "response", "status"),
      slot("statusText", response, "response", "statusMessage"),
      { ...slot("url", response, "response", "urlList"), kind: "last" },
      slot("type", response, "response", "type"),
    ],
    TextDecoder: getters(TextDecoder, "branded_field", "encoding", "fatal", "ignoreBOM"),
    TextEncoder: getters(TextEncoder, "branded_field", "encoding"),
    TransformStream: [
      slot("readable", transform, "[[readable]]"),
      slot("writable", transform, "[[writable]]"),
    ],
    // All else follows from the text, and is made of it by Rust.
    URL: getters(URL, "url", "href"),
    URLPattern: [
      ...["protocol", "username", "password", "hostname", "port", "pathname", "search", "hash"].map((key, index) =>
        slot(key, pattern, "components", `${index}`, "patternString"),
      ),
      slot("hasRegExpGroups", pattern, "[[hasRegExpGroups]]"),
    ],
    URLSearchParams: [{ ...slot("entries", params, "list"), kind: "pairs" }],
    WritableStream: [isSet("locked", writable, "[[writer]]")],
    WritableStreamDefaultController: [slot("signal", writableController, "[[signal]]")],
  };

  const symbols = new Set();
  const seen = new Set();
  const probes = [
    controller,
    target,
    file,
    ...strategies,
    event,
    quotaExceeded,
    mark,
    readable,
    readable.getReader(),
    new ReadableStream({ type: "bytes" }),
    new ReadableStream({ type: "bytes" }).getReader({ mode: "byob" }),
    new ReadableByteStreamController(brand),
    writable,
    writable.getWriter(),
    writableController,
    transform,
    new TransformStreamDefaultController(brand),
    byobRequest,
    form,
    headers,
    request,
    request.headers,
    response,
    response.headers,
    params,
    params.entries(),
    new URL("mayfly:probe").searchParams,
    pattern,
    new MessageChannel().port1,
  ];
  for (const probe of probes) collect(probe, symbols, seen);

  for (const name in attributes) {
    if (!Object.hasOwn(interfaces, name)) throw new TypeError(`there is no interface ${name}`);
  }
  return {
    brand,
    symbols: [...symbols],
    late: [...LATE],
    classes: Object.entries(interfaces).map(([name, { prototype }]) => ({
      prototype,
      attributes: attributes[name] ?? [],
    })),
  };
}
