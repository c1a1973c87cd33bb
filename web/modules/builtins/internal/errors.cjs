// Errors as Node throws them: with a code, which is what programs look at.

/** Whether `signal` may be one: Node takes whatever has `aborted`. */
const isSignal = (signal) => typeof signal === "object" && signal !== null && "aborted" in signal;

/** What a message says of a value of the wrong type. */
function received(value) {
  if (value === null || value === undefined) return `Received ${value}`;
  if (typeof value === "function") return `Received function ${value.name}`;
  if (typeof value === "object") {
    return value.constructor?.name ? `Received an instance of ${value.constructor.name}` : "Received an object";
  }
  let shown = typeof value === "string" ? `'${value}'` : String(value);
  if (shown.length > 28) shown = `${shown.slice(0, 25)}...`;
  return `Received type ${typeof value} (${shown}${typeof value === "bigint" ? "n" : ""})`;
}

/** Gives `error` its code, and the code to its stack. */
function coded(error, code) {
  Object.defineProperty(error, "code", { value: code, writable: true, enumerable: true, configurable: true });
  return error;
}

const wrongType = (name, wanted, value) =>
  coded(new TypeError(`The "${name}" argument must be ${wanted}. ${received(value)}`), "ERR_INVALID_ARG_TYPE");

const wrongValue = (name, value, reason = "is invalid") =>
  coded(new TypeError(`The argument '${name}' ${reason}. Received ${String(value)}`), "ERR_INVALID_ARG_VALUE");

const outOfRange = (name, wanted, value) =>
  coded(
    new RangeError(`The value of "${name}" is out of range. It must be ${wanted}. Received ${String(value)}`),
    "ERR_OUT_OF_RANGE",
  );

class AbortError extends Error {
  constructor(signal) {
    super("The operation was aborted", signal?.reason === undefined ? undefined : { cause: signal.reason });
    coded(this, "ABORT_ERR");
    Object.defineProperty(this, "name", { value: "AbortError", writable: true, configurable: true });
  }
}

function needFunction(name, value) {
  if (typeof value !== "function") throw wrongType(name, "of type function", value);
}

function needString(name, value) {
  if (typeof value !== "string") throw wrongType(name, "of type string", value);
}

function needSignal(name, signal) {
  if (signal !== undefined && !isSignal(signal)) throw wrongType(name, "an instance of AbortSignal", signal);
}

function needInteger(name, value, min, max) {
  if (typeof value !== "number") throw wrongType(name, "of type number", value);
  if (!Number.isInteger(value)) throw outOfRange(name, "an integer", value);
  if (value < min || value > max) throw outOfRange(name, `>= ${min} && <= ${max}`, value);
}

module.exports = {
  AbortError, coded, needFunction, needInteger, needSignal, needString, outOfRange, received, wrongType, wrongValue,
};
