// https://w3c.github.io/webcrypto/, with vectors of NIST and of the RFCs that are named. The keys and signatures
// without a name were made by OpenSSL.

const { subtle } = crypto;
const hex = (buffer) => new Uint8Array(buffer).toHex();
const bytes = (text) => Uint8Array.fromHex(text.replaceAll(" ", ""));
const utf8 = (text) => new TextEncoder().encode(text);
const base64 = (text) => Uint8Array.fromBase64(text);
const secret = (text, algorithm, ...usages) => subtle.importKey("raw", bytes(text), algorithm, true, usages);

test("digest", async () => {
  // FIPS 180-4: none, and "abc".
  for (const [name, none, abc] of [
    ["SHA-1", "da39a3ee5e6b4b0d3255bfef95601890afd80709", "a9993e364706816aba3e25717850c26c9cd0d89d"],
    ["SHA-256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
    ["SHA-384", "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b", "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"],
    ["SHA-512", "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e", "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"],
  ]) {
    equal(hex(await subtle.digest(name, new Uint8Array())), none, name);
    equal(hex(await subtle.digest({ name: name.toLowerCase() }, utf8("abc"))), abc, name);
  }
  const whole = utf8("xabcx");
  const abc = "a9993e364706816aba3e25717850c26c9cd0d89d";
  equal(hex(await subtle.digest("sha-1", new DataView(whole.buffer, 1, 3))), abc, "a view");
  equal(hex(await subtle.digest("SHA-1", whole.slice(1, 4).buffer)), abc, "a buffer");
  const changing = utf8("abc");
  const promise = subtle.digest("SHA-1", changing);
  changing.fill(0);
  equal(hex(await promise), abc, "what is in it when it is called counts");
  const gone = utf8("abc");
  structuredClone(gone, { transfer: [gone.buffer] });
  equal(hex(await subtle.digest("SHA-1", gone)), "da39a3ee5e6b4b0d3255bfef95601890afd80709", "a detached one is empty");
  for (const name of ["MD5", "SHA1", "SHA-2", "", "ſHA-1", "SHA-1\0"]) await rejects("NotSupportedError", subtle.digest(name, changing), name);
  for (const algorithm of [{}, { name: Symbol() }, []]) await rejects(TypeError, subtle.digest(algorithm, changing));
  await rejects("NotSupportedError", subtle.digest(null, changing));
  for (const data of [undefined, null, "abc", [1], {}]) await rejects(TypeError, subtle.digest("SHA-1", data));
  await rejects(TypeError, subtle.digest("SHA-1"));
});

test("HMAC", async () => {
  // RFC 4231, 4.3, and RFC 2202, 3, case 2.
  const data = utf8("what do ya want for nothing?");
  for (const [hash, tag] of [
    ["SHA-1", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"],
    ["SHA-256", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"],
    ["SHA-384", "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649"],
    ["SHA-512", "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"],
  ]) {
    const key = await subtle.importKey("raw", utf8("Jefe"), { name: "HMAC", hash }, false, ["sign", "verify"]);
    equal(hex(await subtle.sign("HMAC", key, data)), tag, hash);
    equal(await subtle.verify("HMAC", key, bytes(tag), data), true, hash);
    equal(await subtle.verify("HMAC", key, bytes(tag).subarray(1), data), false, `${hash}, a part`);
    equal(await subtle.verify("HMAC", key, bytes(tag), data.subarray(1)), false, `${hash}, other data`);
  }
  for (const [hash, length] of [["SHA-1", 512], ["SHA-256", 512], ["SHA-384", 1024], ["SHA-512", 1024]]) {
    const key = await subtle.generateKey({ name: "hmac", hash }, true, ["verify", "sign", "sign"]);
    equal(key.algorithm, { name: "HMAC", hash: { name: hash }, length });
    equal(key.usages, ["sign", "verify"]);
    equal((await subtle.exportKey("raw", key)).byteLength * 8, length);
    const jwk = await subtle.exportKey("jwk", key);
    equal([jwk.kty, jwk.alg, jwk.ext, jwk.key_ops], ["oct", `HS${hash.slice(4)}`, true, ["sign", "verify"]]);
  }
  const odd = await subtle.generateKey({ name: "HMAC", hash: "SHA-1", length: 9 }, true, ["sign"]);
  equal(new Uint8Array(await subtle.exportKey("raw", odd))[1] & 0x7f, 0, "of the last byte one bit");
  const hmac = { name: "HMAC", hash: "SHA-1" };
  await rejects("OperationError", subtle.generateKey({ ...hmac, length: 0 }, true, ["sign"]));
  await rejects("DataError", subtle.importKey("raw", new Uint8Array(), hmac, true, ["sign"]));
  await rejects("DataError", subtle.importKey("raw", new Uint8Array(2), { ...hmac, length: 17 }, true, ["sign"]));
  await rejects("DataError", subtle.importKey("raw", new Uint8Array(2), { ...hmac, length: 8 }, true, ["sign"]));
  await rejects("NotSupportedError", subtle.importKey("spki", new Uint8Array(2), hmac, true, ["sign"]));
  await rejects("SyntaxError", subtle.importKey("raw", new Uint8Array(2), hmac, true, []));
  await rejects("SyntaxError", subtle.importKey("raw", new Uint8Array(2), hmac, true, ["encrypt"]));
  await rejects(TypeError, subtle.importKey("raw", new Uint8Array(2), hmac, true, ["sing"]));
  await rejects("NotSupportedError", subtle.importKey("raw", new Uint8Array(2), { ...hmac, hash: "MD5" }, true, ["sign"]));
  await rejects(TypeError, subtle.importKey("raw", new Uint8Array(2), "HMAC", true, ["sign"]));
});

test("AES", async () => {
  const plain = bytes("6bc1bee22e409f96e93d7e117393172a");
  const keys = {
    128: "2b7e151628aed2a6abf7158809cf4f3c",
    192: "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b",
    256: "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
  };
  // SP 800-38A, F.2 and F.5: the first block.
  const iv = bytes("000102030405060708090a0b0c0d0e0f");
  for (const [size, sealed] of [[128, "7649abac8119b246cee98e9b12e9197d"], [192, "4f021db243bc633d7178183a9fa071e8"], [256, "f58c4c04d6e5f1ba779eabfb5f7bfbd6"]]) {
    const key = await secret(keys[size], "AES-CBC", "encrypt", "decrypt");
    const whole = await subtle.encrypt({ name: "AES-CBC", iv }, key, plain);
    equal(hex(whole).slice(0, 32), sealed, `CBC, ${size}`);
    equal(whole.byteLength, 32, "with padding");
    equal(hex(await subtle.decrypt({ name: "AES-CBC", iv }, key, whole)), hex(plain));
    await rejects("OperationError", subtle.decrypt({ name: "AES-CBC", iv }, key, whole.slice(0, 16)));
    await rejects("OperationError", subtle.decrypt({ name: "AES-CBC", iv }, key, whole.slice(0, 15)));
    await rejects("OperationError", subtle.encrypt({ name: "AES-CBC", iv: iv.subarray(1) }, key, plain));
  }
  const counter = bytes("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
  for (const [size, sealed] of [[128, "874d6191b620e3261bef6864990db6ce"], [192, "1abc932417521ca24f2b0459fe7e6e0b"], [256, "601ec313775789a5b7a7f504bbf3d228"]]) {
    const key = await secret(keys[size], "AES-CTR", "encrypt", "decrypt");
    const params = { name: "AES-CTR", counter, length: 64 };
    equal(hex(await subtle.encrypt(params, key, plain)), sealed, `CTR, ${size}`);
    equal(hex(await subtle.decrypt(params, key, bytes(sealed))), hex(plain));
    await rejects("OperationError", subtle.encrypt({ ...params, length: 0 }, key, plain));
    await rejects("OperationError", subtle.encrypt({ ...params, length: 129 }, key, plain));
    await rejects(TypeError, subtle.encrypt({ ...params, length: 256 }, key, plain));
    await rejects("OperationError", subtle.encrypt({ ...params, counter: iv.subarray(1) }, key, plain));
    await rejects("OperationError", subtle.encrypt({ ...params, length: 1 }, key, new Uint8Array(33)));
  }
  // The GCM specification's test cases 1, 2 and 14.
  const zeroes = new Uint8Array(12);
  for (const [key, data, sealed] of [
    ["00".repeat(16), "", "58e2fccefa7e3061367f1d57a4e7455a"],
    ["00".repeat(16), "00".repeat(16), "0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf"],
    ["00".repeat(32), "00".repeat(16), "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"],
  ]) {
    const imported = await secret(key, "AES-GCM", "encrypt", "decrypt");
    const params = { name: "AES-GCM", iv: zeroes };
    equal(hex(await subtle.encrypt(params, imported, bytes(data))), sealed);
    equal(hex(await subtle.decrypt(params, imported, bytes(sealed))), data);
    for (const tagLength of [32, 64, 96, 104, 112, 120, 128]) {
      const short = sealed.slice(0, data.length + tagLength / 4);
      equal(hex(await subtle.encrypt({ ...params, tagLength }, imported, bytes(data))), short, `tag of ${tagLength}`);
      equal(hex(await subtle.decrypt({ ...params, tagLength }, imported, bytes(short))), data);
    }
    for (const tagLength of [0, 16, 127]) await rejects("OperationError", subtle.encrypt({ ...params, tagLength }, imported, zeroes));
    await rejects("OperationError", subtle.decrypt({ ...params, additionalData: zeroes }, imported, bytes(sealed)), "other data");
    await rejects("OperationError", subtle.decrypt(params, imported, new Uint8Array(15)), "no room for a tag");
  }
  for (const name of ["AES-CBC", "AES-CTR", "AES-GCM", "AES-KW"]) {
    const usages = name === "AES-KW" ? ["wrapKey", "unwrapKey"] : ["encrypt", "decrypt", "wrapKey", "unwrapKey"];
    for (const length of [128, 192, 256]) {
      const key = await subtle.generateKey({ name, length }, true, usages);
      equal([key.type, key.extractable, key.algorithm, key.usages], ["secret", true, { name, length }, usages]);
      const jwk = await subtle.exportKey("jwk", key);
      equal(jwk.alg, `A${length}${name.slice(4)}`);
      const again = await subtle.importKey("jwk", jwk, name, true, usages);
      equal(hex(await subtle.exportKey("raw", again)), hex(await subtle.exportKey("raw", key)));
      await rejects("DataError", subtle.importKey("jwk", { ...jwk, alg: "A8CBC" }, name, true, usages));
      await rejects("DataError", subtle.importKey("jwk", { ...jwk, kty: "RSA" }, name, true, usages));
      await rejects("DataError", subtle.importKey("jwk", { ...jwk, k: "+" }, name, true, usages));
      await rejects("DataError", subtle.importKey("jwk", { ...jwk, k: undefined }, name, true, usages));
      await rejects("DataError", subtle.importKey("jwk", { ...jwk, use: "sig" }, name, true, usages));
      await rejects("DataError", subtle.importKey("jwk", { ...jwk, ext: false }, name, true, usages));
      await rejects("DataError", subtle.importKey("jwk", { ...jwk, key_ops: [] }, name, true, usages));
      await rejects("DataError", subtle.importKey("jwk", { ...jwk, key_ops: [...usages, usages[0]] }, name, true, usages));
    }
    await rejects("OperationError", subtle.generateKey({ name, length: 100 }, true, usages));
    await rejects("DataError", subtle.importKey("raw", new Uint8Array(15), name, true, usages));
    await rejects("SyntaxError", subtle.generateKey({ name, length: 128 }, true, []));
    await rejects("SyntaxError", subtle.generateKey({ name, length: 128 }, true, ["sign"]));
  }
});

test("HKDF and PBKDF2", async () => {
  // RFC 5869, A.1 and A.3.
  const input = bytes("0b".repeat(22));
  const key = await subtle.importKey("raw", input, "HKDF", false, ["deriveBits", "deriveKey"]);
  const params = { name: "HKDF", hash: "SHA-256", salt: bytes("000102030405060708090a0b0c"), info: bytes("f0f1f2f3f4f5f6f7f8f9") };
  equal(hex(await subtle.deriveBits(params, key, 336)), "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
  const none = { ...params, salt: new Uint8Array(), info: new Uint8Array() };
  equal(hex(await subtle.deriveBits(none, key, 336)), "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
  equal((await subtle.deriveBits(params, key, 0)).byteLength, 0);
  equal((await subtle.deriveBits(params, key, 255 * 256)).byteLength, 255 * 32);
  for (const length of [null, undefined, 1, 255 * 256 + 8]) await rejects("OperationError", subtle.deriveBits(params, key, length), `${length} bits`);
  await rejects(TypeError, subtle.deriveBits({ ...params, info: undefined }, key, 8));
  const derived = await subtle.deriveKey(params, key, { name: "AES-GCM", length: 256 }, true, ["encrypt"]);
  equal([derived.type, derived.algorithm, derived.usages], ["secret", { name: "AES-GCM", length: 256 }, ["encrypt"]]);
  equal(hex(await subtle.exportKey("raw", derived)), "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf");
  const mac = await subtle.deriveKey(params, key, { name: "HMAC", hash: "SHA-512" }, true, ["sign"]);
  equal(mac.algorithm.length, 1024, "as long as a block of the hash");
  await rejects("SyntaxError", subtle.deriveKey(params, key, { name: "AES-GCM", length: 256 }, true, []));
  await rejects("OperationError", subtle.deriveKey(params, key, { name: "AES-GCM", length: 255 }, true, ["encrypt"]));
  // RFC 6070, and the same for SHA-256 (RFC 7914, 11).
  const password = await subtle.importKey("raw", utf8("password"), "PBKDF2", false, ["deriveBits"]);
  const stretch = (iterations, hash = "SHA-1", salt = utf8("salt")) => ({ name: "PBKDF2", hash, salt, iterations });
  equal(hex(await subtle.deriveBits(stretch(1), password, 160)), "0c60c80f961f0e71f3a9b524af6012062fe037a6");
  equal(hex(await subtle.deriveBits(stretch(2), password, 160)), "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957");
  equal(hex(await subtle.deriveBits(stretch(4096), password, 160)), "4b007901b765489abead49d926f721d065a429c1");
  const passwd = await subtle.importKey("raw", utf8("passwd"), "PBKDF2", false, ["deriveBits"]);
  equal(hex(await subtle.deriveBits(stretch(1, "SHA-256"), passwd, 512)), "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783");
  await rejects("OperationError", subtle.deriveBits(stretch(0), password, 160));
  await rejects("OperationError", subtle.deriveBits(stretch(1), password, 159));
  await rejects("OperationError", subtle.deriveBits(stretch(1), password));
  await rejects("InvalidAccessError", subtle.deriveKey(stretch(1), password, { name: "AES-CBC", length: 128 }, true, ["encrypt"]));
  for (const name of ["HKDF", "PBKDF2"]) {
    await rejects("SyntaxError", subtle.importKey("raw", input, name, true, ["deriveBits"]), "extractable");
    await rejects("SyntaxError", subtle.importKey("raw", input, name, false, ["sign"]));
    await rejects("NotSupportedError", subtle.importKey("jwk", { kty: "oct", k: "AA" }, name, false, ["deriveBits"]));
    await rejects("NotSupportedError", subtle.generateKey(name, false, ["deriveBits"]));
    await rejects("NotSupportedError", subtle.exportKey("raw", name === "HKDF" ? key : password));
  }
});

test("AES-KW", async () => {
  // RFC 3394, 4.1 and 4.6.
  for (const [key, data, wrapped] of [
    ["000102030405060708090a0b0c0d0e0f", "00112233445566778899aabbccddeeff", "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5"],
    ["000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f", "28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21"],
  ]) {
    const wrapping = await secret(key, "AES-KW", "wrapKey", "unwrapKey");
    const inner = await secret(data, "AES-CBC", "encrypt");
    equal(hex(await subtle.wrapKey("raw", inner, wrapping, "AES-KW")), wrapped);
    const unwrapped = await subtle.unwrapKey("raw", bytes(wrapped), wrapping, "AES-KW", "AES-CBC", true, ["encrypt"]);
    equal(hex(await subtle.exportKey("raw", unwrapped)), data);
    const damaged = bytes(wrapped);
    damaged[0] ^= 1;
    await rejects("OperationError", subtle.unwrapKey("raw", damaged, wrapping, "AES-KW", "AES-CBC", true, ["encrypt"]));
    const hidden = await subtle.importKey("raw", bytes(data), "AES-CBC", false, ["encrypt"]);
    await rejects("InvalidAccessError", subtle.wrapKey("raw", hidden, wrapping, "AES-KW"));
    await rejects("NotSupportedError", subtle.encrypt("AES-KW", wrapping, bytes(data)));
  }
});

test("wrapping with what encrypts, as JSON", async () => {
  const wrapping = await subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["wrapKey", "unwrapKey"]);
  const params = { name: "AES-GCM", iv: new Uint8Array(12) };
  const { privateKey } = await subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign"]);
  const jwk = await subtle.exportKey("jwk", privateKey);
  // A program can't have a hand in how keys are written and read.
  Object.prototype.toJSON = Array.prototype.toJSON = String.prototype.toJSON = () => "no";
  Object.prototype.use = "enc";
  try {
    const wrapped = await subtle.wrapKey("jwk", privateKey, wrapping, params);
    const unwrapped = await subtle.unwrapKey("jwk", wrapped, wrapping, params, { name: "ECDSA", namedCurve: "P-256" }, true, ["sign"]);
    equal((await subtle.exportKey("jwk", unwrapped)).d, jwk.d);
  } finally {
    delete Object.prototype.toJSON, delete Array.prototype.toJSON, delete String.prototype.toJSON, delete Object.prototype.use;
  }
  await rejects("InvalidAccessError", subtle.encrypt(params, wrapping, new Uint8Array(1)), "it is for keys only");
  const key = await secret("00".repeat(16), "AES-CBC", "encrypt", "unwrapKey", "decrypt");
  const iv = new Uint8Array(16);
  const text = await subtle.encrypt({ name: "AES-CBC", iv }, key, utf8("no JSON"));
  await rejects("DataError", subtle.unwrapKey("jwk", text, key, { name: "AES-CBC", iv }, "AES-CBC", true, ["encrypt"]));
});

const MESSAGE = utf8("Mayfly");
const RSA_KEY = {
  kty: "RSA",
  n: "uTU5AIz5HLtgi8lTcP-quCuirhgwzf9xOm2pgQq7KfxAY5N4XhD8oYB01TCIvV7EvjHktdjHia6asL3-QlOpxjgBCzNtKeECUfKji2tNm2GsrUztdrMjLVRf9Y1y2IUdYDCpum3ghmZbvKOKTQm5QQffLK9L9PooUkBDyWuaVW47gabwxVXAdKuzm9nT7uDZHUH1fwb6GI_cjPSXvMMa4xzB_QgqwrJFCCm31odzg9dq9DWWIdF515u_T4-B8oOJTKpdKthiKJD0m11IZ3OwwAkHEdlU6R3cTxQ0aSoFWsFbRxMXiTL6pciMDDUvQf_mG99exn1RC2QlIbTomrDhqw",
  e: "AQAB",
  d: "OfuJIHyCAvZAqBK7_kz0gBsdH57wLJXTt4SchAs9hEv2RpZlISH1TYR_Tz0WGh9AvgC1xx6afaa9xCZ_Ivm5VZaz8PNFMk7A4LHzdJL_5WzjWBAU6cv0b90R-7iwY0vtYe9qO7TpjXofL0QN6MdqCYty2bT5tTTaCcIX1sfKtgK3nec4SINbHvrXBzLOva7GtM4kRbED_3nK0WGCiKyi4UX_iW3m5LweoAWskD4K8fD5pjFnpsMPhPWn3_FvdaIzmuh7U4boXkpOc6dR3JZLBphy1DE3Mv6SBrqzlZu3WfwbrxBtoEDsxWvJ290UTW17tP1OpN07vlenXIXR9I2tNQ",
  p: "6AgoLVTNHQtuOdD2fGnnL9fNdN063h96qCMcFpk5FSbSXbul2q4f7Lwwyi5-a9TWx4SeXSPGFM0jRgHPZqlCr38KJy6gEOJdQse4RPEGlFjX5oCiAmNF7f6HsI4kblROTdiOguJSJ2gwx4CjzmHsmY9JmtYYrKtDMGxBxELtTC8",
  q: "zFbauVYfxbzf_y9v72kB6o6XgZN9GGeVR3BfmHzOCOGBVk6N72ZA0I_xtZD-sLsDQ4QD4CjATCR6H3Xyq-U_NptffSxsLIBn2jQLwacsKnwlyVNCnyxw-bVy46nrpOp-r3Bs7YfVnTdo4AfMJMw25QhlSKM9_76oLKxAePbm90U",
  dp: "h69db0TLvVRV3NFpkk-LtdqIdvJ33jSiUXhWkJCBZPESy2VUE5EHcjSKg3C01PHdt0bCJM0qpDdhjSq50drg-CdeFJObXsRArTCFfStFIbLibhSCqMrMtePGDWTRwQLj13nvvHIEgK7Y95EuOR3icdnsvPK98xsja0mjG9XXVlk",
  dq: "ejaUWPcex6iAnGKl4x397GjeSryIvDjvuquGMXCr1fnx3knbcEzLBTKikUKoYdFoUVA69S3KXYAPnpNv0cmp9iIViYsxI6ik9IfeZDN1Ie_gtbnbhdIRu_f_QBUYACnUHV_zdlmgtIg4bI2dVoDhcDiGQ1yHL1e7xAQ-B1s8prU",
  qi: "d1_bnBJVHwYkBT1TKH4RMKoTAuKkrQBT5xng5mMezxraO6JbppKVPgPAmOYQeBBXH44mjQMVvYnZESpRDLb6SqXdLcl83Na9GUpUaIAu8SRpmE5GTgT50Y5aCJu8aUELY7I25vuxj25EUevbMHPQmi0PuuBasVNzs1H6ER5kO7Y",
};
const RSA_PUBLIC = { kty: "RSA", n: RSA_KEY.n, e: RSA_KEY.e };

test("RSA", async () => {
  const signed = base64("JGztebPjtXj6H7rc3v+rCbA5y2C2Y3ygTu4k+F6M6JvsC7r/yLC0kVhH0LWiDSMlY0ISqD0ukYPUv8jEFJEWem2g6i8JTZPIRt8981nNkksICGvyC0MusBNkJfCBk1zyd4xfNjY4YUvN8GeEM2VUL+0ezOpfUFIOaMu4TEE6W8uMNpTS/7PhxSLq/suvkf/nn+evCZUZlqXc2yGNpMc/IDp1tmJ3bo2t7+1FY49OT5ypcBUx+WqceyIAsAeSGKBNdrtJbsDsjaKPUDD63LAcpxkvF99xRneAlB4PZuiBEzk/vL1bo7ir96u2E2pe93278MgQADT3jRUT/AB08YFc2w==");
  const rs256 = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  const privateKey = await subtle.importKey("jwk", RSA_KEY, rs256, true, ["sign"]);
  const publicKey = await subtle.importKey("jwk", RSA_PUBLIC, rs256, true, ["verify"]);
  equal(privateKey.algorithm, { name: "RSASSA-PKCS1-v1_5", modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: { name: "SHA-256" } });
  equal([privateKey.type, publicKey.type], ["private", "public"]);
  equal(hex(await subtle.sign("RSASSA-PKCS1-v1_5", privateKey, MESSAGE)), hex(signed));
  equal(await subtle.verify("RSASSA-PKCS1-v1_5", publicKey, signed, MESSAGE), true);
  equal(await subtle.verify("RSASSA-PKCS1-v1_5", publicKey, signed, utf8("mayfly")), false);
  equal(await subtle.verify("RSASSA-PKCS1-v1_5", publicKey, signed.subarray(1), MESSAGE), false);
  await rejects("InvalidAccessError", subtle.sign("RSASSA-PKCS1-v1_5", publicKey, MESSAGE));
  await rejects("InvalidAccessError", subtle.verify("RSASSA-PKCS1-v1_5", privateKey, signed, MESSAGE));
  await rejects("InvalidAccessError", subtle.sign({ name: "RSA-PSS", saltLength: 0 }, privateKey, MESSAGE));
  equal(await subtle.exportKey("jwk", privateKey), { alg: "RS256", d: RSA_KEY.d, dp: RSA_KEY.dp, dq: RSA_KEY.dq, e: "AQAB", ext: true, key_ops: ["sign"], kty: "RSA", n: RSA_KEY.n, p: RSA_KEY.p, q: RSA_KEY.q, qi: RSA_KEY.qi });
  equal(await subtle.exportKey("jwk", publicKey), { alg: "RS256", e: "AQAB", ext: true, key_ops: ["verify"], kty: "RSA", n: RSA_KEY.n });
  for (const [format, key, usage] of [["pkcs8", privateKey, "sign"], ["spki", publicKey, "verify"]]) {
    const der = await subtle.exportKey(format, key);
    const again = await subtle.importKey(format, der, rs256, true, [usage]);
    equal(hex(await subtle.exportKey(format, again)), hex(der), format);
    const other = format === "spki" ? "pkcs8" : "spki";
    await rejects("InvalidAccessError", subtle.exportKey(other, key));
    await rejects("DataError", subtle.importKey(other, der, rs256, true, [other === "spki" ? "verify" : "sign"]));
    await rejects("DataError", subtle.importKey(format, der.slice(0, -1), rs256, true, [usage]));
    await rejects("NotSupportedError", subtle.exportKey("raw", key));
    await rejects("NotSupportedError", subtle.importKey("raw", der, rs256, true, [usage]));
  }
  for (const [change, name] of [[{ n: undefined }, "DataError"], [{ e: "Ag" }, "DataError"], [{ q: RSA_KEY.p }, "DataError"], [{ qi: undefined }, "DataError"], [{ dp: RSA_KEY.dq }, "DataError"], [{ alg: "RS1" }, "DataError"], [{ use: "enc" }, "DataError"], [{ kty: "EC" }, "DataError"], [{ oth: [] }, "NotSupportedError"]]) {
    await rejects(name, subtle.importKey("jwk", { ...RSA_KEY, ...change }, rs256, true, ["sign"]), JSON.stringify(change));
  }
  await rejects("SyntaxError", subtle.importKey("jwk", RSA_KEY, rs256, true, ["verify"]));
  await rejects("SyntaxError", subtle.importKey("jwk", RSA_PUBLIC, rs256, true, ["sign"]));
  ok((await subtle.importKey("jwk", RSA_PUBLIC, rs256, true, [])).usages.length === 0, "a public key may be for nothing");

  const ps384 = { name: "RSA-PSS", hash: "SHA-384" };
  const salted = base64("JqJO07nL3lYaiUpZwd+HBmwyneI+htfPSXlyLApFlmCOtRPOix/3kdvSY67KkFFwzcyvvgaMSMRdDKeaMwrdmdlsBc+gA34txUQVCd4Ifj3j1NvDkAWeQ6W1pRw4rmvK3kR0soxIpDVBNC69OabYUrai8h+1ipYr7KQpaFRNNp1p5ENxu6FH4ckvFxHgp2CEEXbseW9SphFTGHJuTNfsfLCm7X/QuuV41iNQgYc9+dGybv9ZJ5Dq0HDwOeCZNy5wN81s+334Ev6Xv2qlAuWgjC79NP2qLp+aWNPfnk5Zy7EGbxk1IRjMBvLz8lYDFrWrDXA2QwmkdnKupFsMFjycdA==");
  const verifying = await subtle.importKey("jwk", RSA_PUBLIC, ps384, true, ["verify"]);
  const signing = await subtle.importKey("jwk", RSA_KEY, ps384, true, ["sign"]);
  const pss = (saltLength) => ({ name: "RSA-PSS", saltLength });
  equal(await subtle.verify(pss(20), verifying, salted, MESSAGE), true);
  equal(await subtle.verify(pss(21), verifying, salted, MESSAGE), false);
  equal(await subtle.verify(pss(0xffff_ffff), verifying, salted, MESSAGE), false);
  equal(await subtle.verify(pss(0), verifying, await subtle.sign(pss(0), signing, MESSAGE), MESSAGE), true);
  ok(hex(await subtle.sign(pss(8), signing, MESSAGE)) !== hex(await subtle.sign(pss(8), signing, MESSAGE)), "salt is random");
  await rejects("OperationError", subtle.sign(pss(207), signing, MESSAGE));
  await rejects("OperationError", subtle.sign(pss(0xffff_ffff), signing, MESSAGE));
  await rejects(TypeError, subtle.sign("RSA-PSS", signing, MESSAGE));

  const oaep = { name: "RSA-OAEP", hash: "SHA-1" };
  const sealed = base64("G7LD9PE9khYRD841Kop61xDoQdwTC0ujT6AXCRfGI8lS3NsxAReXMPCmCs3XlTBE+cVk4lrkddDjEor7wopBchuYkyvXLyYlFasBW3AXshQ+1cvRNWPxRYXLJUs/yYj1ILdS6hOtsq/ugg1xjvj9jmZb2M1k4tw+XxzvGOuRI8CqTV9Mw176JLfxU8bzn2Uv4aFCXqShK/70BEh1hy/Uj6E6uG+V7kuiQOzqOi923Efet0Unp1N+0caN46DKMm7lV5zTyvv8eioJ4/PCqri4a8M2TMSVpSq/7j8EK4vEEEiTd0adzsA65BOIBfGW7iSB2uLr1pi+jiYClz6trZXlcg==");
  const opening = await subtle.importKey("jwk", RSA_KEY, oaep, true, ["decrypt"]);
  const sealing = await subtle.importKey("jwk", RSA_PUBLIC, oaep, true, ["encrypt"]);
  const labelled = { name: "RSA-OAEP", label: utf8("label") };
  equal(hex(await subtle.decrypt(labelled, opening, sealed)), hex(MESSAGE));
  await rejects("OperationError", subtle.decrypt("RSA-OAEP", opening, sealed));
  equal(hex(await subtle.decrypt("RSA-OAEP", opening, await subtle.encrypt("RSA-OAEP", sealing, MESSAGE))), hex(MESSAGE));
  await rejects("OperationError", subtle.encrypt("RSA-OAEP", sealing, new Uint8Array(215)));
  equal((await subtle.exportKey("jwk", sealing)).alg, "RSA-OAEP");
});

test("new RSA keys", async () => {
  const params = { name: "RSA-PSS", modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]), hash: "SHA-256" };
  const { privateKey, publicKey } = await subtle.generateKey(params, false, ["sign", "verify"]);
  equal([privateKey.extractable, publicKey.extractable], [false, true]);
  equal([privateKey.usages, publicKey.usages], [["sign"], ["verify"]]);
  equal(publicKey.algorithm.modulusLength, 1024);
  const pss = { name: "RSA-PSS", saltLength: 32 };
  equal(await subtle.verify(pss, publicKey, await subtle.sign(pss, privateKey, MESSAGE), MESSAGE), true);
  await rejects("InvalidAccessError", subtle.exportKey("pkcs8", privateKey));
  for (const publicExponent of [[], [0], [1], [2], [1, 0, 0]]) {
    await rejects("OperationError", subtle.generateKey({ ...params, publicExponent: new Uint8Array(publicExponent) }, true, ["sign"]), `e = ${publicExponent}`);
  }
  for (const modulusLength of [0, 1023, 16385]) await rejects("OperationError", subtle.generateKey({ ...params, modulusLength }, true, ["sign"]));
  await rejects("SyntaxError", subtle.generateKey(params, true, ["verify"]));
  await rejects("SyntaxError", subtle.generateKey(params, true, ["encrypt"]));
  await rejects(TypeError, subtle.generateKey({ ...params, publicExponent: [1, 0, 1] }, true, ["sign"]));
});

test("ECDSA", async () => {
  // RFC 6979, A.2.5: any implementation has to take it, whatever it takes for a random number itself.
  const p256 = { name: "ECDSA", namedCurve: "P-256" };
  const point = "04 60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6 7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
  const key = await subtle.importKey("raw", bytes(point), p256, true, ["verify"]);
  for (const [hash, text, signature] of [
    ["SHA-256", "sample", "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716 f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"],
    ["SHA-512", "test", "461d93f31b6540894788fd206c07cfa0cc35f46fa3c91816fff1040ad1581a04 39af9f15de0db8d97e72719c74820d304ce5226e32dedae67519e840d1194e55"],
  ]) {
    equal(await subtle.verify({ name: "ECDSA", hash }, key, bytes(signature), utf8(text)), true, hash);
    equal(await subtle.verify({ name: "ECDSA", hash }, key, bytes(signature), utf8("other")), false, hash);
  }
  const zeroes = new Uint8Array(64);
  for (const signature of [zeroes, zeroes.subarray(1), new Uint8Array(), new Uint8Array(64).fill(255)]) {
    equal(await subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, signature, MESSAGE), false);
  }
  for (const [jwk, hash, signature] of [
    [{ kty: "EC", x: "BrQmJ8AbnFEIFNcpGQl3VYQDSFZbtgglm1j9toYjf9_rFgEK_8HN_J36F1TsFwTK", y: "dpBnbFuif5LljKRyqHdpev5Gr69jZ6YUJIYG56EdJxGfywHFbkBDh63ZumvpeHXL", crv: "P-384" }, "SHA-384", "T455SgXhVAJB/2Jttqk9F46gsiMEiXo/m0C0IcbSPnt9U0cGE6spmi4CgBGt3Rl7A6QKYP0XT3XWF9N5i32t9KKQ/6rsZBSSlF9m1dZ64NX+HTulhKdgY0rOBI6KS+LR"],
    [{ kty: "EC", x: "AGIvpX2tKjnVdRdN_RicLIwJ92F1UMlFBxTaT979XD7Zrwkh6WDqSrvxmwY_Ky_njuUXXPJaU3m8LimYUwQWaswx", y: "AaQOmSq1CRf9NTV_ulLUssrgUnqPXrkpcOyLyJh7qPos1uQBS7RiB-72cqCYbJoem-mKZuJ1n-snOM5TQ712su8v", crv: "P-521" }, "SHA-1", "AH1m0weN4ZvdsmB6FJzRhTsgE8d5KLYAe61iOKsfivTpzng2rwkMkHr0aa/x0JL6Zy89KnvArYaeNHOV+iZMn++DAZzOXAu2zEMm/EOp3aGXn3ugVGFyCZswftpPYTqx9hVO3wkz9tterTTzLfNKMG9tavU54D/ZMmtYCeGvOxJ17DwI"],
  ]) {
    const imported = await subtle.importKey("jwk", jwk, { name: "ECDSA", namedCurve: jwk.crv }, true, ["verify"]);
    equal(await subtle.verify({ name: "ECDSA", hash }, imported, base64(signature), MESSAGE), true, jwk.crv);
    await rejects("DataError", subtle.importKey("jwk", jwk, p256, true, ["verify"]));
    await rejects("DataError", subtle.importKey("jwk", { ...jwk, x: jwk.y }, { name: "ECDSA", namedCurve: jwk.crv }, true, ["verify"]));
    await rejects("DataError", subtle.importKey("jwk", { ...jwk, alg: "ES256" }, { name: "ECDSA", namedCurve: jwk.crv }, true, ["verify"]));
  }
  for (const namedCurve of ["P-256", "P-384", "P-521"]) {
    const { privateKey, publicKey } = await subtle.generateKey({ name: "ECDSA", namedCurve }, true, ["sign", "verify"]);
    equal(privateKey.algorithm, { name: "ECDSA", namedCurve });
    for (const hash of ["SHA-1", "SHA-256", "SHA-384", "SHA-512"]) {
      const params = { name: "ECDSA", hash };
      equal(await subtle.verify(params, publicKey, await subtle.sign(params, privateKey, MESSAGE), MESSAGE), true, `${namedCurve}, ${hash}`);
    }
    for (const format of ["pkcs8", "jwk"]) {
      const again = await subtle.importKey(format, await subtle.exportKey(format, privateKey), { name: "ECDSA", namedCurve }, true, ["sign"]);
      const signature = await subtle.sign({ name: "ECDSA", hash: "SHA-256" }, again, MESSAGE);
      equal(await subtle.verify({ name: "ECDSA", hash: "SHA-256" }, publicKey, signature, MESSAGE), true, format);
    }
    const raw = await subtle.exportKey("raw", publicKey);
    for (const format of ["spki", "jwk", "raw"]) {
      const again = await subtle.importKey(format, await subtle.exportKey(format, publicKey), { name: "ECDSA", namedCurve }, true, ["verify"]);
      equal(hex(await subtle.exportKey("raw", again)), hex(raw), format);
    }
    const size = (raw.byteLength - 1) / 2;
    const compressed = new Uint8Array(raw.slice(0, 1 + size));
    compressed[0] = 2 + (new Uint8Array(raw).at(-1) & 1);
    const whole = await subtle.importKey("raw", compressed, { name: "ECDSA", namedCurve }, true, []);
    equal(hex(await subtle.exportKey("raw", whole)), hex(raw), "compressed");
    await rejects("InvalidAccessError", subtle.exportKey("raw", privateKey));
  }
  await rejects("NotSupportedError", subtle.generateKey({ name: "ECDSA", namedCurve: "P-255" }, true, ["sign"]));
  await rejects("SyntaxError", subtle.generateKey(p256, true, []));
  await rejects("DataError", subtle.importKey("raw", zeroes, p256, true, []));
  await rejects("DataError", subtle.importKey("raw", bytes(point).fill(1, 1, 9), p256, true, []), "not on the curve");
});

test("ECDH", async () => {
  const mine = { kty: "EC", x: "BrQmJ8AbnFEIFNcpGQl3VYQDSFZbtgglm1j9toYjf9_rFgEK_8HN_J36F1TsFwTK", y: "dpBnbFuif5LljKRyqHdpev5Gr69jZ6YUJIYG56EdJxGfywHFbkBDh63ZumvpeHXL", crv: "P-384", d: "raltJd7rWU_5ojw4JsPXqoE8pguKKjoVjsnMSz9nfluH7Mf5KwJs_cHryuXnwUyy" };
  const theirs = { kty: "EC", x: "Jcyk41Me9o4uccDCHfWa-rLaTmZr9kI2wn-qwrwYVIuZlOOSEBDfZOkOk-For-dH", y: "BrQBkqm7WIbi6JbtuQ2DW6MGLy76N5xFLy-1I8tPSyGevKAbRCRM4vta1Az7Ljyj", crv: "P-384" };
  const p384 = { name: "ECDH", namedCurve: "P-384" };
  const privateKey = await subtle.importKey("jwk", mine, p384, false, ["deriveBits", "deriveKey"]);
  const publicKey = await subtle.importKey("jwk", theirs, p384, false, []);
  const params = { name: "ECDH", public: publicKey };
  const shared = hex(base64("xLG6WeI7+1bCoqO2aIT0PrTIuLgo3CNJiLPQca/SabEcSELg6a6jhOYS1CyJKxsB"));
  equal(hex(await subtle.deriveBits(params, privateKey)), shared);
  equal(hex(await subtle.deriveBits(params, privateKey, null)), shared);
  equal(hex(await subtle.deriveBits(params, privateKey, 16)), shared.slice(0, 4));
  equal(new Uint8Array(await subtle.deriveBits(params, privateKey, 11)), new Uint8Array([0xc4, 0xb1 & 0xe0]), "11 bits");
  await rejects("OperationError", subtle.deriveBits(params, privateKey, 385));
  equal(hex(await subtle.exportKey("raw", await subtle.deriveKey(params, privateKey, { name: "AES-CBC", length: 128 }, true, ["encrypt"]))), shared.slice(0, 32));
  await rejects("DataError", subtle.importKey("jwk", { ...mine, d: "AA" }, p384, false, ["deriveBits"]));
  await rejects("DataError", subtle.importKey("jwk", { ...mine, x: theirs.x, y: theirs.y }, p384, false, ["deriveBits"]), "another's point");
  await rejects("SyntaxError", subtle.importKey("jwk", theirs, p384, false, ["deriveBits"]));
  await rejects("InvalidAccessError", subtle.deriveBits({ name: "ECDH", public: privateKey }, privateKey));
  const { publicKey: other } = await subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, false, ["deriveBits"]);
  await rejects("InvalidAccessError", subtle.deriveBits({ name: "ECDH", public: other }, privateKey));
  for (const it of [undefined, null, {}, Object.create(CryptoKey.prototype)]) await rejects(TypeError, subtle.deriveBits({ name: "ECDH", public: it }, privateKey));
  const spki = base64("MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAENjgZQi4RiKvyiVGE1A1wl4vbOhLOv8hUzwNwJ45FhF4dVCLoB/Q6cECxpRx0ywSxaMiEQp/W3nQpzDUPxJy+GA==");
  const imported = await subtle.importKey("spki", spki, { name: "ECDH", namedCurve: "P-256" }, true, []);
  equal(hex(await subtle.exportKey("spki", imported)), hex(spki));
  await rejects("DataError", subtle.importKey("spki", spki, p384, true, []));
});

test("Ed25519", async () => {
  // RFC 8032, 7.1, tests 1 to 3.
  for (const [secretKey, publicKey, message, signature] of [
    ["9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "", "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"],
    ["4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72", "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"],
    ["c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7", "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82", "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"],
  ]) {
    const pkcs8 = bytes(`302e020100300506032b657004220420${secretKey}`);
    const signing = await subtle.importKey("pkcs8", pkcs8, "Ed25519", true, ["sign"]);
    equal(hex(await subtle.exportKey("pkcs8", signing)), hex(pkcs8));
    equal(hex(await subtle.sign("Ed25519", signing, bytes(message))), signature);
    const verifying = await subtle.importKey("raw", bytes(publicKey), { name: "ed25519" }, true, ["verify"]);
    equal(verifying.algorithm, { name: "Ed25519" });
    equal(await subtle.verify("Ed25519", verifying, bytes(signature), bytes(message)), true);
    equal(await subtle.verify("Ed25519", verifying, bytes(signature), MESSAGE), false);
    equal(hex(await subtle.exportKey("spki", verifying)), `302a300506032b6570032100${publicKey}`);
    const jwk = await subtle.exportKey("jwk", signing);
    equal([jwk.kty, jwk.crv, hex(Uint8Array.fromBase64(jwk.x, { alphabet: "base64url" }))], ["OKP", "Ed25519", publicKey]);
    const again = await subtle.importKey("jwk", jwk, "Ed25519", true, ["sign"]);
    equal(hex(await subtle.sign("Ed25519", again, bytes(message))), signature);
    await rejects("DataError", subtle.importKey("jwk", { ...jwk, crv: "X25519" }, "Ed25519", true, ["sign"]));
    await rejects("DataError", subtle.importKey("jwk", { ...jwk, x: jwk.d }, "Ed25519", true, ["sign"]));
    await rejects("DataError", subtle.importKey("jwk", { ...jwk, alg: "ES256" }, "Ed25519", true, ["sign"]));
  }
  // A key of a small order, for which all messages would be signed.
  const weak = await subtle.importKey("raw", bytes(`01${"00".repeat(31)}`), "Ed25519", true, ["verify"]);
  equal(await subtle.verify("Ed25519", weak, bytes(`01${"00".repeat(63)}`), MESSAGE), false);
  await rejects("DataError", subtle.importKey("raw", new Uint8Array(31), "Ed25519", true, ["verify"]));
  const pair = await subtle.generateKey("Ed25519", false, ["sign", "verify"]);
  equal(await subtle.verify("Ed25519", pair.publicKey, await subtle.sign("Ed25519", pair.privateKey, MESSAGE), MESSAGE), true);
});

test("X25519", async () => {
  // RFC 7748, 6.1.
  const pkcs8 = (key) => bytes(`302e020100300506032b656e04220420${key}`);
  const bob = await subtle.importKey("pkcs8", pkcs8("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"), "X25519", true, ["deriveBits"]);
  const alice = await subtle.importKey("raw", bytes("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"), "X25519", true, []);
  equal(hex(await subtle.deriveBits({ name: "X25519", public: alice }, bob)), "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
  const jwk = await subtle.exportKey("jwk", bob);
  equal(hex(Uint8Array.fromBase64(jwk.x, { alphabet: "base64url" })), "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
  equal([jwk.kty, jwk.crv, jwk.alg, jwk.key_ops], ["OKP", "X25519", undefined, ["deriveBits"]]);
  const zero = await subtle.importKey("raw", new Uint8Array(32), "X25519", true, []);
  await rejects("OperationError", subtle.deriveBits({ name: "X25519", public: zero }, bob), "a point of a small order");
  const [one, other] = [await subtle.generateKey("X25519", false, ["deriveBits"]), await subtle.generateKey("X25519", false, ["deriveBits"])];
  equal(hex(await subtle.deriveBits({ name: "X25519", public: one.publicKey }, other.privateKey)), hex(await subtle.deriveBits({ name: "X25519", public: other.publicKey }, one.privateKey)));
  const ed = await subtle.generateKey("Ed25519", false, ["sign"]);
  await rejects("InvalidAccessError", subtle.deriveBits({ name: "X25519", public: ed.publicKey }, one.privateKey));
});

test("the classes", async () => {
  ok(crypto.subtle === subtle && subtle instanceof SubtleCrypto);
  equal(Object.keys(SubtleCrypto.prototype), ["encrypt", "decrypt", "sign", "verify", "digest", "generateKey", "deriveKey", "deriveBits", "importKey", "exportKey", "wrapKey", "unwrapKey"]);
  equal(Object.keys(SubtleCrypto.prototype).map((name) => subtle[name].length), [3, 3, 3, 4, 2, 3, 5, 2, 5, 2, 4, 7]);
  equal(Object.keys(CryptoKey.prototype), ["type", "extractable", "algorithm", "usages"]);
  equal([SubtleCrypto.length, CryptoKey.length], [0, 0]);
  throws(TypeError, () => new SubtleCrypto());
  throws(TypeError, () => new CryptoKey());
  throws(TypeError, () => Reflect.construct(CryptoKey, [], class extends CryptoKey {}));
  throws(TypeError, () => CryptoKey.prototype.type);
  throws(TypeError, () => Object.getOwnPropertyDescriptor(Crypto.prototype, "subtle").get.call({}));
  for (const name of Object.keys(SubtleCrypto.prototype)) {
    await rejects(TypeError, SubtleCrypto.prototype[name].call({}, 1, 2, 3, 4, 5, 6, 7), name);
    await rejects(TypeError, subtle[name](), name);
  }
  const key = await secret("00".repeat(16), "AES-GCM", "encrypt");
  equal(Object.prototype.toString.call(key), "[object CryptoKey]");
  ok(key.algorithm === key.algorithm && key.usages === key.usages, "the same object each time");
  // What a program does to what it sees of a key changes nothing about the key.
  key.algorithm.name = "AES-CBC";
  key.usages.push("decrypt");
  const params = { name: "AES-GCM", iv: new Uint8Array(12) };
  equal((await subtle.encrypt(params, key, MESSAGE)).byteLength, 22);
  await rejects("InvalidAccessError", subtle.decrypt(params, key, new Uint8Array(22)));
  await rejects("InvalidAccessError", subtle.encrypt({ name: "AES-CBC", iv: new Uint8Array(16) }, key, MESSAGE));
  for (const format of ["", "RAW", "pem", null]) await rejects(TypeError, subtle.exportKey(format, key), String(format));
  await rejects(TypeError, subtle.importKey("jwk", new Uint8Array(16), "AES-GCM", true, ["encrypt"]));
  await rejects(TypeError, subtle.importKey("raw", {}, "AES-GCM", true, ["encrypt"]));
  await rejects("InvalidAccessError", subtle.exportKey("raw", await subtle.importKey("raw", new Uint8Array(16), "AES-GCM", false, ["encrypt"])));
});

test("a key is cloned with all that it is", async () => {
  const key = await subtle.importKey("raw", new Uint8Array(16), { name: "HMAC", hash: "SHA-1" }, false, ["sign"]);
  const [clone, same] = structuredClone([key, key]);
  ok(clone instanceof CryptoKey && clone !== key && clone === same);
  equal([clone.type, clone.extractable, clone.algorithm, clone.usages], [key.type, false, key.algorithm, ["sign"]]);
  equal(hex(await subtle.sign("HMAC", clone, MESSAGE)), hex(await subtle.sign("HMAC", key, MESSAGE)));
  await rejects("InvalidAccessError", subtle.exportKey("raw", clone));
  const { port1, port2 } = new MessageChannel();
  port1.postMessage({ key });
  const { data } = await new Promise((done) => (port2.onmessage = done));
  equal(hex(await subtle.sign("HMAC", data.key, MESSAGE)), hex(await subtle.sign("HMAC", key, MESSAGE)));
  port1.close();
});

shows("a key in the console", () => console.log(crypto.subtle), { text: "SubtleCrypto {}" });
