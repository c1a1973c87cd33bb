// node:querystring. Ours: the package `querystring-es3` throws where Node leaves a bad escape alone.

const unreserved = /[^A-Za-z0-9\-_.!~*'()]/;

function escape(text) {
  if (typeof text !== "string") text = typeof text === "object" ? String(text) : `${text}`;
  return unreserved.test(text) ? encodeURIComponent(text) : text;
}

/** The bytes that an escaped text stands for, whatever its other characters. */
function unescapeBuffer(text) {
  const { Buffer } = require("node:buffer");
  const bytes = [];
  for (let i = 0; i < text.length; i++) {
    const hex = text[i] === "%" ? text.slice(i + 1, i + 3) : "";
    if (/^[0-9a-fA-F]{2}$/.test(hex)) {
      bytes.push(parseInt(hex, 16));
      i += 2;
    } else {
      bytes.push(text.charCodeAt(i));
    }
  }
  return Buffer.from(bytes);
}

function unescape(text, decodeSpaces) {
  try {
    return decodeURIComponent(text);
  } catch {
    return unescapeBuffer(decodeSpaces ? text.replaceAll("+", " ") : text).toString();
  }
}

const primitive = (value) => {
  switch (typeof value) {
    case "string": return value;
    case "number": return Number.isFinite(value) ? `${value}` : "";
    case "bigint":
    case "boolean": return `${value}`;
    default: return "";
  }
};

function stringify(object, separator, equals, options) {
  const [sep, eq] = [separator || "&", equals || "="];
  const encode = typeof options?.encodeURIComponent === "function" ? options.encodeURIComponent : querystring.escape;
  if (object === null || typeof object !== "object") return "";
  const parts = [];
  for (const key of Object.keys(object)) {
    const name = encode(primitive(key)) + eq;
    const values = Array.isArray(object[key]) ? object[key] : [object[key]];
    for (const value of values) parts.push(name + encode(primitive(value)));
  }
  return parts.join(sep);
}

function parse(text, separator, equals, options) {
  const found = { __proto__: null };
  if (typeof text !== "string" || text.length === 0) return found;
  const [sep, eq] = [separator ? `${separator}` : "&", equals ? `${equals}` : "="];
  const own = typeof options?.decodeURIComponent === "function" ? options.decodeURIComponent : undefined;
  const most = typeof options?.maxKeys === "number" ? options.maxKeys : 1000;
  const decode = (part) => {
    const spaced = part.replaceAll("+", "%20");
    // As in Node, a decoder of the caller's is asked only where there is something to decode.
    if (!spaced.includes("%")) return spaced;
    try {
      return (own ?? querystring.unescape)(spaced, true);
    } catch {
      return unescape(spaced, true);
    }
  };
  let parts = text.split(sep);
  if (most > 0) parts = parts.slice(0, most);
  for (const part of parts) {
    if (part === "") continue;
    const at = part.indexOf(eq);
    const key = decode(at < 0 ? part : part.slice(0, at));
    const value = at < 0 ? "" : decode(part.slice(at + eq.length));
    if (!(key in found)) found[key] = value;
    else if (Array.isArray(found[key])) found[key].push(value);
    else found[key] = [found[key], value];
  }
  return found;
}

const querystring = { decode: parse, encode: stringify, escape, parse, stringify, unescape, unescapeBuffer };

module.exports = querystring;
