// node:buffer: the package `buffer`, and what Node has added since: base64url, copyBytesFrom, isUtf8 and others.

const base = require("buffer/index.js");
const { coded, wrongType, outOfRange } = require("./internal/errors.cjs");

const { Buffer, kMaxLength } = base;
const K_STRING_MAX_LENGTH = 0x1fffffe8;

const isUrl = (encoding) => typeof encoding === "string" && encoding.toLowerCase() === "base64url";
const toUrl = (text) => text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const unknown = (encoding) => coded(new TypeError(`Unknown encoding: ${encoding}`), "ERR_UNKNOWN_ENCODING");

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
const { toString, write, fill, indexOf, lastIndexOf, includes } = Buffer.prototype;
const { byteLength, from, isEncoding, alloc, concat } = Buffer;

/** A method with base64url for its encodings: one reads what the other does. */
const reading = (method) => ({
  value(...args) {
    return Reflect.apply(method, this, args.map((it, index) => (index > 0 && isUrl(it) ? "base64" : it)));
  },
  writable: true,
  configurable: true,
});

Object.defineProperties(Buffer.prototype, {
  toString: {
    value: function toString_(encoding, start, end) {
      if (isUrl(encoding)) return toUrl(toString.call(this, "base64", start, end));
      // The package's own decoder sees fewer mistakes in a text than the standard's.
      if (encoding === undefined || encoding === "utf8" || encoding === "utf-8") {
        const whole = start === undefined && end === undefined;
        return utf8.decode(whole ? this : this.subarray(Math.max(0, start | 0), end));
      }
      return toString.apply(this, arguments);
    },
    writable: true,
    configurable: true,
  },
  write: reading(write),
  fill: reading(fill),
  indexOf: reading(indexOf),
  lastIndexOf: reading(lastIndexOf),
  includes: reading(includes),
});
Object.defineProperty(Buffer.prototype.toString, "name", { value: "toString" });
Buffer.prototype.toLocaleString = Buffer.prototype.toString;

const sized = (size) => {
  if (typeof size !== "number") throw wrongType("size", "of type number", size);
  if (!(size >= 0 && size <= kMaxLength)) throw outOfRange("size", `>= 0 && <= ${kMaxLength}`, size);
};

Object.assign(Buffer, {
  from(value, encoding, length) {
    if (typeof value === "string" && encoding !== undefined && encoding !== "" && !Buffer.isEncoding(encoding)) {
      throw unknown(encoding);
    }
    return from(value, isUrl(encoding) ? "base64" : encoding, length);
  },
  alloc(size, filling, encoding) {
    sized(size);
    return alloc(size, filling, isUrl(encoding) ? "base64" : encoding);
  },
  allocUnsafe(size) {
    sized(size);
    return alloc(size);
  },
  allocUnsafeSlow(size) {
    sized(size);
    return alloc(size);
  },
  byteLength: (value, encoding) => byteLength(value, isUrl(encoding) ? "base64" : encoding),
  isEncoding: (encoding) => isUrl(encoding) || (typeof encoding === "string" && isEncoding(encoding)),
  concat(list, length) {
    if (!Array.isArray(list)) throw wrongType("list", "an instance of Array", list);
    return concat(list, length);
  },
  copyBytesFrom(view, offset = 0, length = view.length - offset) {
    if (!ArrayBuffer.isView(view) || view instanceof DataView) throw wrongType("view", "an instance of TypedArray", view);
    const part = view.subarray(offset, offset + length);
    return from(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
  },
});

const bytesOf = (input) => {
  if (ArrayBuffer.isView(input)) return new Uint8Array(input.buffer, input.byteOffset, input.byteLength);
  if (input instanceof ArrayBuffer) return new Uint8Array(input);
  throw wrongType("input", "an instance of ArrayBuffer, Buffer, or TypedArray", input);
};

function isUtf8(input) {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytesOf(input));
    return true;
  } catch (error) {
    if (error?.code === "ERR_INVALID_ARG_TYPE") throw error;
    return false;
  }
}

const transcodable = ["utf8", "utf-8", "ucs2", "ucs-2", "utf16le", "utf-16le", "latin1", "binary", "ascii"];

function transcode(source, fromEncoding, toEncoding) {
  for (const it of [fromEncoding, toEncoding]) {
    if (!transcodable.includes(`${it}`.toLowerCase())) {
      throw coded(new Error("Unable to transcode Buffer [U_ILLEGAL_ARGUMENT_ERROR]"), "U_ILLEGAL_ARGUMENT_ERROR");
    }
  }
  const text = Buffer.from(bytesOf(source)).toString(fromEncoding);
  const single = ["latin1", "binary", "ascii"].includes(`${toEncoding}`.toLowerCase());
  const most = `${toEncoding}`.toLowerCase() === "ascii" ? 0x7f : 0xff;
  // What the other encoding does not have becomes a question mark.
  return Buffer.from(single ? Array.from(text, (it) => (it.codePointAt(0) > most ? "?" : it)).join("") : text, toEncoding);
}

module.exports = {
  Blob,
  Buffer,
  File,
  INSPECT_MAX_BYTES: 50,
  SlowBuffer: base.SlowBuffer,
  atob,
  btoa,
  constants: { MAX_LENGTH: kMaxLength, MAX_STRING_LENGTH: K_STRING_MAX_LENGTH },
  isAscii: (input) => bytesOf(input).every((byte) => byte < 0x80),
  isUtf8,
  kMaxLength,
  kStringMaxLength: K_STRING_MAX_LENGTH,
  transcode,
};
