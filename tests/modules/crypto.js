// https://nodejs.org/docs/latest-v20.x/api/crypto.html
import crypto, { createHash, createHmac, getHashes, getRandomValues, hash, hkdfSync, pbkdf2, pbkdf2Sync, randomBytes, randomFillSync, randomInt, randomUUID, scrypt, scryptSync, timingSafeEqual, webcrypto } from "node:crypto";
import { Buffer } from "node:buffer";

test("hashes", () => {
  const of = (name) => createHash(name).update("abc").digest("hex");
  equal(of("md5"), "900150983cd24fb0d6963f7d28e17f72");
  equal(of("sha1"), "a9993e364706816aba3e25717850c26c9cd0d89d");
  equal(of("sha256"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  equal(of("sha224"), "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7");
  equal(of("sha384").slice(0, 32), "cb00753f45a35e8bb5a03d699ac65007");
  equal(of("sha512").slice(0, 32), "ddaf35a193617abacc417349ae204131");
  equal(of("sha3-256"), "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532");
  equal(of("ripemd160"), "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc");
  equal([of("SHA256"), of("RSA-SHA256")], [of("sha256"), of("sha256")]);
  const hash = createHash("sha256").update("a").update(Buffer.from("b")).update(new Uint8Array([99]));
  equal(hash.copy().digest("base64"), hash.digest("base64"));
  throws(Error, () => hash.update("d"));
  throws(Error, () => hash.digest());
  equal(fails(() => createHash("nope")).message, "Digest method not supported");
  throws(TypeError, () => createHash("md5").update(1));
  equal(createHash("sha1").update("616263", "hex").digest("base64url"), "qZk-NkcGgWq6PiVxeFDCbJzQ2J0");
  ok(Buffer.isBuffer(createHash("md5").digest()));
  equal(["md5", "sha1", "sha256", "sha512"].every((it) => getHashes().includes(it)), true);
});

const fails = (body) => {
  try { body() } catch (error) { return error }
  return null;
};

test("hmac", () => {
  equal(createHmac("sha256", "key").update("The quick brown fox jumps over the lazy dog").digest("hex"),
    "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8");
  equal(createHmac("md5", Buffer.from("key")).update("The quick brown fox jumps over the lazy dog").digest("hex"),
    "80070713463e7749b90c2dc24911e275");
  throws(TypeError, () => createHmac("sha256"));
});

test("keys from passwords", async () => {
  const expected = "0c60c80f961f0e71f3a9b524af6012062fe037a6";
  equal(pbkdf2Sync("password", "salt", 1, 20, "sha1").toString("hex"), expected);
  equal((await new Promise((done) => pbkdf2("password", "salt", 1, 20, "sha1", (_, key) => done(key)))).toString("hex"), expected);
  const key = scryptSync("", "", 64, { N: 16, r: 1, p: 1 }).toString("hex");
  equal(key.slice(0, 32), "77d6576238657b203b19ca42c18a0497");
  equal((await new Promise((done) => scrypt("", "", 64, { N: 16, r: 1, p: 1 }, (_, key) => done(key)))).toString("hex"), key);
  equal(Buffer.from(hkdfSync("sha512", "key", "salt", "info", 64)).toString("hex").slice(0, 32), "24156e2c35525baaf3d0fbb92b734c80");
  throws(RangeError, () => scryptSync("a", "b", 8, { N: 3 }));
});

test("randomness", () => {
  const bytes = randomBytes(16);
  ok(Buffer.isBuffer(bytes) && bytes.length === 16 && !bytes.equals(randomBytes(16)));
  ok(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(randomUUID()));
  const number = randomInt(5, 10);
  ok(number >= 5 && number < 10 && randomInt(1) === 0);
  throws(RangeError, () => randomInt(5, 5));
  equal(randomFillSync(Buffer.alloc(8)).length, 8);
  equal(getRandomValues(new Uint8Array(4)).length, 4);
  equal(randomBytes(100_000).length, 100_000, "more than getRandomValues gives at once");
});

test("the rest", () => {
  equal(timingSafeEqual(Buffer.from("a"), Buffer.from("a")), true);
  equal(timingSafeEqual(Buffer.from("a"), Buffer.from("b")), false);
  equal(fails(() => timingSafeEqual(Buffer.from("a"), Buffer.from("ab"))).code, "ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH");
  ok(webcrypto === globalThis.crypto);
  ok(crypto.createHash === createHash);
  equal(hash("sha1", "abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
});
