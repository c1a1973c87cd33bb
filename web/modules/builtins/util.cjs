// node:util. `inspect` and `format` are Node's own, as the package node-inspect-extracted has them; deep equality is
// the package assert's, `parseArgs` its authors' @pkgjs/parseargs.

const types = require("node:util/types");
const { coded, needFunction, needString, wrongType, wrongValue } = require("./internal/errors.cjs");

/** Loaded when it is first called: it takes ten times as long as the rest. */
const extracted = () => require("node-inspect-extracted");
const format = (...args) => extracted().format(...args);
const formatWithOptions = (...args) => extracted().formatWithOptions(...args);
const stripVTControlCharacters = (text) => extracted().stripVTControlCharacters(text);
function inspect(value, options, ...more) {
  return extracted().inspect(value, options, ...more);
}
inspect.custom = Symbol.for("nodejs.util.inspect.custom");
for (const name of ["colors", "defaultOptions", "replDefaults", "styles"]) {
  Object.defineProperty(inspect, name, {
    get: () => extracted().inspect[name],
    set(value) {
      extracted().inspect[name] = value;
    },
    enumerable: true,
    configurable: true,
  });
}

const custom = Symbol.for("nodejs.util.promisify.custom");

function promisify(original) {
  needFunction("original", original);
  // The platform's timers don't know node:util, so they get their promises here.
  const timers = original === globalThis.setTimeout ? require("node:timers/promises").setTimeout : undefined;
  const own = original[custom] ?? timers;
  if (own !== undefined) {
    needFunction("util.promisify.custom", own);
    return Object.defineProperty(own, custom, { value: own, enumerable: false, writable: false, configurable: true });
  }
  function promised(...args) {
    return new Promise((resolve, reject) => {
      Reflect.apply(original, this, [...args, (error, value) => (error ? reject(error) : resolve(value))]);
    });
  }
  Object.setPrototypeOf(promised, Object.getPrototypeOf(original));
  Object.defineProperty(promised, custom, { value: promised, enumerable: false, writable: false, configurable: true });
  return Object.defineProperties(promised, Object.getOwnPropertyDescriptors(original));
}
promisify.custom = custom;

function callbackify(original) {
  needFunction("original", original);
  function called(...args) {
    const callback = args.pop();
    needFunction("last argument", callback);
    // Out of the promise, so that what the callback throws is not a rejection.
    Reflect.apply(original, this, args).then(
      (value) => queueMicrotask(() => Reflect.apply(callback, this, [null, value])),
      (reason) => {
        if (!reason) {
          const error = coded(new Error("Promise was rejected with a falsy value"), "ERR_FALSY_VALUE_REJECTION");
          error.reason = reason;
          reason = error;
        }
        queueMicrotask(() => Reflect.apply(callback, this, [reason]));
      },
    );
  }
  const { name } = original;
  Object.setPrototypeOf(called, Object.getPrototypeOf(original));
  return Object.defineProperty(called, "name", { value: typeof name === "string" ? `${name}Callbackified` : name });
}

function inherits(constructor, superConstructor) {
  needFunction("ctor", constructor);
  needFunction("superCtor", superConstructor);
  if (superConstructor.prototype === undefined) throw wrongType("superCtor.prototype", "of type object", undefined);
  Object.defineProperty(constructor, "super_", { value: superConstructor, writable: true, configurable: true });
  Object.setPrototypeOf(constructor.prototype, superConstructor.prototype);
}

const told = new Set();

function deprecate(original, message, code) {
  if (code !== undefined) needString("code", code);
  let warned = false;
  function deprecated(...args) {
    if (!warned) {
      warned = true;
      if (code === undefined || !told.has(code)) console.warn(`${code ? `[${code}] ` : ""}DeprecationWarning: ${message}`);
      told.add(code);
    }
    return new.target ? Reflect.construct(original, args, new.target) : Reflect.apply(original, this, args);
  }
  Object.setPrototypeOf(deprecated, original);
  if (original.prototype) deprecated.prototype = original.prototype;
  return deprecated;
}

/** NODE_DEBUG is never set here, so it writes nothing. */
function debuglog() {
  const log = () => {};
  return Object.defineProperty(log, "enabled", { value: false, enumerable: true });
}

function styleText(style, text, _options) {
  needString("text", text);
  let [before, after] = ["", ""];
  for (const name of Array.isArray(style) ? style : [style]) {
    const codes = inspect.colors[name];
    if (codes === undefined) throw wrongValue("format", name, `must be one of: ${Object.keys(inspect.colors).join(", ")}`);
    before += `\u001b[${codes[0]}m`;
    after = `\u001b[${codes[1]}m${after}`;
  }
  return before + text + after;
}

function aborted(signal, resource) {
  if (resource === null || typeof resource !== "object") {
    return Promise.reject(wrongType("resource", "an instance of Object", resource));
  }
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

const { log } = console;

module.exports = {
  TextDecoder,
  TextEncoder,
  _extend(target, source) {
    return source !== null && typeof source === "object" ? Object.assign(target, source) : target;
  },
  aborted,
  callbackify,
  debug: debuglog,
  debuglog,
  deprecate,
  format,
  formatWithOptions,
  inherits,
  inspect,
  isArray: Array.isArray,
  isBoolean: (it) => typeof it === "boolean",
  isBuffer: (it) => require("node:buffer").Buffer.isBuffer(it),
  isDate: types.isDate,
  // These two are loaded when they are first called.
  isDeepStrictEqual: (a, b) => require("assert/build/internal/util/comparisons.js").isDeepStrictEqual(a, b),
  isError: (it) => types.isNativeError(it) || it instanceof Error,
  isFunction: (it) => typeof it === "function",
  isNull: (it) => it === null,
  isNullOrUndefined: (it) => it === null || it === undefined,
  isNumber: (it) => typeof it === "number",
  isObject: (it) => it !== null && typeof it === "object",
  isPrimitive: (it) => it === null || (typeof it !== "object" && typeof it !== "function"),
  isRegExp: types.isRegExp,
  isString: (it) => typeof it === "string",
  isSymbol: (it) => typeof it === "symbol",
  isUndefined: (it) => it === undefined,
  log: (...args) => log(format(...args)),
  parseArgs: (config) => require("@pkgjs/parseargs").parseArgs({ args: [], ...config }),
  promisify,
  stripVTControlCharacters,
  styleText,
  toUSVString: (text) => `${text}`.toWellFormed(),
  types,
};
