// node:crypto, what of it needs no keys of the machine: hashes and what is made of them, by @noble/hashes (audited,
// small, without dependencies); random bytes and `webcrypto` are the platform's own.

const { md5, ripemd160, sha1 } = require("@noble/hashes/legacy.js");
const { sha224, sha256, sha384, sha512, sha512_256 } = require("@noble/hashes/sha2.js");
const { sha3_224, sha3_256, sha3_384, sha3_512 } = require("@noble/hashes/sha3.js");
const { blake2b, blake2s } = require("@noble/hashes/blake2.js");
const { hmac } = require("@noble/hashes/hmac.js");
const { hkdf } = require("@noble/hashes/hkdf.js");
const { pbkdf2: derive } = require("@noble/hashes/pbkdf2.js");
const { scrypt: mix } = require("@noble/hashes/scrypt.js");
const { Buffer } = require("node:buffer");
const { coded, needFunction, needInteger, needString, outOfRange, wrongType } = require("./internal/errors.cjs");

const hashes = {
  __proto__: null,
  blake2b512: blake2b,
  blake2s256: blake2s,
  md5,
  ripemd160,
  sha1,
  sha224,
  sha256,
  sha384,
  sha512,
  "sha512-256": sha512_256,
  "sha3-224": sha3_224,
  "sha3-256": sha3_256,
  "sha3-384": sha3_384,
  "sha3-512": sha3_512,
};
const aliases = { __proto__: null, rmd160: "ripemd160" };

/** The hash of this name, in any case, with `RSA-` before it or not. */
function find(name) {
  needString("algorithm", name);
  const plain = name.toLowerCase().replace(/^rsa-/, "").replace(/^sha-(1|224|256|384|512)$/, "sha$1");
  return hashes[aliases[plain] ?? plain];
}

const toBytes = (name, value, encoding) => {
  if (typeof value === "string") return Buffer.from(value, encoding === "buffer" ? "utf8" : encoding);
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  throw wrongType(name, "of type string or an instance of Buffer, TypedArray, or DataView", value);
};
const encoded = (bytes, encoding) => {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return encoding === undefined || encoding === "buffer" ? buffer : buffer.toString(encoding);
};

/** What a Hash and a Hmac have in common: bytes in, and once a digest. */
class Digest {
  #state;
  #done = false;
  constructor(state) {
    this.#state = state;
  }
  update(data, encoding) {
    if (this.#done) throw coded(new Error("Digest already called"), "ERR_CRYPTO_HASH_FINALIZED");
    this.#state.update(toBytes("data", data, encoding));
    return this;
  }
  digest(encoding) {
    if (this.#done) throw coded(new Error("Digest already called"), "ERR_CRYPTO_HASH_FINALIZED");
    this.#done = true;
    return encoded(this.#state.digest(), encoding);
  }
  _copy() {
    if (this.#done) throw coded(new Error("Digest already called"), "ERR_CRYPTO_HASH_FINALIZED");
    return this.#state.clone();
  }
}

class Hash extends Digest {
  copy() {
    return new Hash(this._copy());
  }
}

class Hmac extends Digest {}

function createHash(name) {
  const hash = find(name);
  if (hash === undefined) throw coded(new Error("Digest method not supported"), "ERR_CRYPTO_INVALID_DIGEST");
  return new Hash(hash.create());
}

const invalid = (name) => coded(new TypeError(`Invalid digest: ${name}`), "ERR_CRYPTO_INVALID_DIGEST");

function needHash(name) {
  const hash = find(name);
  if (hash === undefined) throw invalid(name);
  return hash;
}

function createHmac(name, key) {
  const hash = find(name);
  if (hash === undefined) throw coded(new Error(`Invalid digest: ${name}`), "ERR_CRYPTO_INVALID_DIGEST");
  return new Hmac(hmac.create(hash, toBytes("key", key)));
}

const hash = (name, data, encoding = "hex") => createHash(name).update(data).digest(encoding);

/** The form with a callback of what is done at once: the result comes later, mistakes at once. */
const later = (work, callback) => {
  needFunction("callback", callback);
  let result;
  setTimeout(() => {
    try {
      result = work();
    } catch (error) {
      callback(error);
      return;
    }
    callback(null, result);
  });
};

function checkPbkdf2(password, salt, iterations, keylen, digest) {
  needInteger("iterations", iterations, 1, 2 ** 31 - 1);
  needInteger("keylen", keylen, 0, 2 ** 31 - 1);
  return [needHash(digest), toBytes("password", password), toBytes("salt", salt), { c: iterations, dkLen: keylen }];
}

const pbkdf2Sync = (...args) => encoded(derive(...checkPbkdf2(...args)));

function pbkdf2(password, salt, iterations, keylen, digest, callback) {
  const checked = checkPbkdf2(password, salt, iterations, keylen, digest);
  later(() => encoded(derive(...checked)), callback);
}

function checkScrypt(password, salt, keylen, options = {}) {
  needInteger("keylen", keylen, 0, 2 ** 31 - 1);
  const N = options.N ?? options.cost ?? 16_384, r = options.r ?? options.blockSize ?? 8;
  const p = options.p ?? options.parallelization ?? 1, maxmem = options.maxmem ?? 32 << 20;
  if (!Number.isInteger(N) || N < 2 || (N & (N - 1)) !== 0 || 128 * N * r > maxmem) {
    throw coded(new RangeError("Invalid scrypt params"), "ERR_CRYPTO_INVALID_SCRYPT_PARAMS");
  }
  return [toBytes("password", password), toBytes("salt", salt), { N, r, p, dkLen: keylen, maxmem: maxmem + 1024 }];
}

const scryptSync = (...args) => encoded(mix(...checkScrypt(...args)));

function scrypt(password, salt, keylen, options, callback = options) {
  const checked = checkScrypt(password, salt, keylen, callback === options ? {} : options);
  later(() => encoded(mix(...checked)), callback);
}

function hkdfSync(digest, key, salt, info, keylen) {
  needInteger("keylen", keylen, 0, 2 ** 31 - 1);
  const bytes = hkdf(needHash(digest), toBytes("ikm", key), toBytes("salt", salt), toBytes("info", info), keylen);
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
}

function hkdf_(digest, key, salt, info, keylen, callback) {
  needHash(digest);
  later(() => hkdfSync(digest, key, salt, info, keylen), callback);
}

const AT_ONCE = 65_536;

function randomFillSync(view, offset = 0, size) {
  const bytes = toBytes("buf", view);
  const unit = view.BYTES_PER_ELEMENT ?? 1;
  const [start, length] = [offset * unit, size === undefined ? bytes.length - offset * unit : size * unit];
  needInteger("offset", start, 0, bytes.length);
  needInteger("size", length, 0, bytes.length - start);
  for (let at = start; at < start + length; at += AT_ONCE) {
    globalThis.crypto.getRandomValues(bytes.subarray(at, Math.min(at + AT_ONCE, start + length)));
  }
  return view;
}

function randomFill(view, offset, size, callback) {
  if (typeof offset === "function") [offset, callback] = [0, offset];
  else if (typeof size === "function") [size, callback] = [undefined, size];
  later(() => randomFillSync(view, offset, size), callback);
}

function randomBytes(size, callback) {
  needInteger("size", size, 0, 2 ** 31 - 1);
  if (callback === undefined) return randomFillSync(Buffer.alloc(size));
  return later(() => randomFillSync(Buffer.alloc(size)), callback);
}

function randomInt(min, max, callback) {
  if (max === undefined || typeof max === "function") [min, max, callback] = [0, min, max];
  if (!Number.isSafeInteger(min)) throw wrongType("min", "a safe integer", min);
  if (!Number.isSafeInteger(max)) throw wrongType("max", "a safe integer", max);
  const range = max - min;
  if (!(range > 0)) throw outOfRange("max", `greater than the value of "min" (${min})`, max);
  if (range > 2 ** 48 - 1) throw outOfRange("max - min", "<= 281474976710655", range);
  const most = 2 ** 48 - (2 ** 48 % range);
  const draw = () => {
    // Numbers beyond the last whole multiple would make some more likely than others.
    for (;;) {
      const drawn = randomBytes(6).readUIntBE(0, 6);
      if (drawn < most) return min + (drawn % range);
    }
  };
  return callback === undefined ? draw() : later(draw, callback);
}

function timingSafeEqual(a, b) {
  const [left, right] = [toBytes("buf1", a), toBytes("buf2", b)];
  if (typeof a === "string") throw wrongType("buf1", "an instance of ArrayBuffer, Buffer, TypedArray, or DataView", a);
  if (typeof b === "string") throw wrongType("buf2", "an instance of ArrayBuffer, Buffer, TypedArray, or DataView", b);
  if (left.length !== right.length) {
    throw coded(new RangeError("Input buffers must have the same byte length"), "ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH");
  }
  let different = 0;
  for (let i = 0; i < left.length; i++) different |= left[i] ^ right[i];
  return different === 0;
}

module.exports = {
  Hash,
  Hmac,
  createHash,
  createHmac,
  getHashes: () => Object.keys(hashes),
  getRandomValues: (array) => globalThis.crypto.getRandomValues(array),
  hash,
  hkdf: hkdf_,
  hkdfSync,
  pbkdf2,
  pbkdf2Sync,
  pseudoRandomBytes: randomBytes,
  randomBytes,
  randomFill,
  randomFillSync,
  randomInt,
  randomUUID: () => globalThis.crypto.randomUUID(),
  rng: randomBytes,
  scrypt,
  scryptSync,
  get subtle() {
    return globalThis.crypto.subtle;
  },
  timingSafeEqual,
  get webcrypto() {
    return globalThis.crypto;
  },
};
