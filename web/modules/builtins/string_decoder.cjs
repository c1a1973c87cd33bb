// node:string_decoder: Node's own, as the package of that name has it.

const { Buffer } = require("node:buffer");
const { StringDecoder: Base } = require("string_decoder/lib/string_decoder.js");
const { coded } = require("./internal/errors.cjs");

function StringDecoder(encoding) {
  if (encoding !== undefined && encoding !== null && !Buffer.isEncoding(encoding)) {
    throw coded(new TypeError(`Unknown encoding: ${String(encoding)}`), "ERR_UNKNOWN_ENCODING");
  }
  Base.call(this, encoding ?? "utf8");
}
StringDecoder.prototype = Base.prototype;
Object.defineProperty(StringDecoder.prototype, "constructor", { value: StringDecoder, writable: true, configurable: true });

module.exports = { StringDecoder };
