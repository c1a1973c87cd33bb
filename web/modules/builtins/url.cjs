// node:url. The classes are the platform's own, the legacy parser is the package `url`'s.

const legacy = require("url/url.js");
const { coded, needString, wrongType } = require("./internal/errors.cjs");
const punycode = require("node:punycode");

/** The host that the platform makes of `domain`; empty where it is none. */
function domainToASCII(domain) {
  try {
    return new URL(`ws://${domain}`).hostname;
  } catch {
    return "";
  }
}

const domainToUnicode = (domain) => punycode.toUnicode(domainToASCII(domain));

function format(address, options) {
  if (typeof address === "string") return legacy.format(legacy.parse(address));
  if (address === null || typeof address !== "object") {
    throw wrongType("urlObject", "one of type object or string", address);
  }
  if (!(address instanceof URL)) return legacy.format(address);
  const { fragment = true, unicode = false, search = true, auth = true } = options ?? {};
  const host = unicode ? domainToUnicode(address.hostname) + (address.port && `:${address.port}`) : address.host;
  let user = "";
  if (auth && (address.username || address.password)) {
    user = `${address.username}${address.password && `:${address.password}`}@`;
  }
  const slashes = address.host !== "" || address.protocol === "file:" ? "//" : "";
  return (
    address.protocol + slashes + user + host + address.pathname +
    (search ? address.search : "") + (fragment ? address.hash : "")
  );
}

function fileURLToPath(from) {
  const address = typeof from === "string" ? new URL(from) : from;
  if (!(address instanceof URL)) throw wrongType("path", "of type string or an instance of URL", from);
  if (address.protocol !== "file:") {
    throw coded(new TypeError("The URL must be of scheme file"), "ERR_INVALID_URL_SCHEME");
  }
  if (address.hostname !== "") {
    throw coded(new TypeError('File URL host must be "localhost" or empty on linux'), "ERR_INVALID_FILE_URL_HOST");
  }
  if (/%2f/i.test(address.pathname)) {
    throw coded(new TypeError("File URL path must not include encoded / characters"), "ERR_INVALID_FILE_URL_PATH");
  }
  return decodeURIComponent(address.pathname);
}

const escapes = { "%": "%25", "\\": "%5C", "\n": "%0A", "\r": "%0D", "\t": "%09", "?": "%3F", "#": "%23" };

function pathToFileURL(from) {
  needString("path", from);
  let resolved = require("node:path").resolve(from);
  if (from.endsWith("/") && !resolved.endsWith("/")) resolved += "/";
  return new URL(`file://${resolved.replace(/[%\\\n\r\t?#]/g, (it) => escapes[it])}`);
}

function urlToHttpOptions(address) {
  const { hostname, pathname, port, username, password, search } = address;
  const options = {
    __proto__: null,
    ...address,
    protocol: address.protocol,
    hostname: hostname.startsWith("[") ? hostname.slice(1, -1) : hostname,
    hash: address.hash,
    search,
    pathname,
    path: `${pathname || ""}${search || ""}`,
    href: address.href,
  };
  if (port !== "") options.port = Number(port);
  if (username || password) options.auth = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return options;
}

function parse(text, parseQuery, slashes) {
  if (!(text instanceof legacy.Url)) needString("url", text);
  return legacy.parse(text, parseQuery, slashes);
}

module.exports = {
  URL,
  URLSearchParams,
  Url: legacy.Url,
  domainToASCII,
  domainToUnicode,
  fileURLToPath,
  format,
  parse,
  pathToFileURL,
  resolve: (from, to) => parse(from, false, true).resolve(to),
  resolveObject: legacy.resolveObject,
  urlToHttpOptions,
};
