// https://w3c.github.io/webcrypto/#Crypto-interface

test("getRandomValues", () => {
  for (const kind of [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, BigInt64Array, BigUint64Array]) {
    const array = new kind(64);
    ok(crypto.getRandomValues(array) === array, `${kind.name} is given back`);
    ok(array.some((item) => item != 0), `${kind.name} is filled`);
  }
  const part = new Uint8Array(64);
  crypto.getRandomValues(part.subarray(16, 32));
  ok(part.slice(0, 16).every((byte) => byte === 0) && part.slice(32).every((byte) => byte === 0), "only the part is");
  ok(part.slice(16, 32).some((byte) => byte !== 0));
  equal(crypto.getRandomValues(new Uint8Array()).length, 0);
  equal(crypto.getRandomValues(new Uint8Array(65536)).length, 65536);
  throws(QuotaExceededError, () => crypto.getRandomValues(new Uint8Array(65537)));
  for (const array of [new Float32Array(1), new Float64Array(1), new DataView(new ArrayBuffer(1))]) {
    throws("TypeMismatchError", () => crypto.getRandomValues(array), array.constructor.name);
  }
  for (const value of [undefined, null, 1, "x", {}, [1], new ArrayBuffer(1)]) {
    throws(TypeError, () => crypto.getRandomValues(value), Object.prototype.toString.call(value));
  }
});

test("randomUUID", () => {
  const uuids = new Set(Array.from({ length: 100 }, () => crypto.randomUUID()));
  equal(uuids.size, 100);
  ok([...uuids].every((uuid) => /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(uuid)), "version 4");
});

test("the class", () => {
  ok(crypto instanceof Crypto);
  equal(Object.prototype.toString.call(crypto), "[object Crypto]");
  throws(TypeError, () => new Crypto());
  throws(TypeError, () => Crypto.prototype.getRandomValues.call({}, new Uint8Array(1)));
  throws(TypeError, () => Crypto.prototype.randomUUID.call({}));
  equal([crypto.getRandomValues.length, crypto.randomUUID.length], [1, 0]);
});
