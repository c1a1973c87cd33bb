// The parameters of WebCrypto's algorithms, as Web IDL has them. Used by subtle.js.
import { primordials } from "ext:core/mod.js";

const {
  ArrayBufferIsView,
  ArrayBufferPrototypeGetByteLength,
  DataViewPrototypeGetBuffer,
  DataViewPrototypeGetByteLength,
  DataViewPrototypeGetByteOffset,
  TypedArrayPrototypeGetBuffer,
  TypedArrayPrototypeGetByteLength,
  TypedArrayPrototypeGetByteOffset,
  TypedArrayPrototypeGetSymbolToStringTag,
  Uint8Array,
} = primordials;

/** A copy of what a buffer or a view has in it: nothing, where it is detached. */
export function bytesOf(source) {
  let buffer = source, offset = 0, length;
  if (!ArrayBufferIsView(source)) {
    length = ArrayBufferPrototypeGetByteLength(source);
  } else if (TypedArrayPrototypeGetSymbolToStringTag(source) !== undefined) {
    buffer = TypedArrayPrototypeGetBuffer(source);
    offset = TypedArrayPrototypeGetByteOffset(source);
    length = TypedArrayPrototypeGetByteLength(source);
  } else {
    try {
      length = DataViewPrototypeGetByteLength(source);
      buffer = DataViewPrototypeGetBuffer(source);
      offset = DataViewPrototypeGetByteOffset(source);
    } catch {
      length = 0;
    }
  }
  return length === 0 ? new Uint8Array(0) : new Uint8Array(new Uint8Array(buffer, offset, length));
}

/**
 * Makes a table for each operation: which algorithms it has, by their names in capitals, and what converts their
 * parameters. `types` are converters of what members can be.
 */
export function tablesOf(webidl, types) {
  const required = (key, converter) => ({ key, converter, required: true });
  const optional = (key, converter) => ({ key, converter });
  const dictionary = (name, ...members) => webidl.createDictionaryConverter(name, members);
  const { bytes, bigInteger, hash, key, octet, short, long, text } = types;
  const rsaKeyGen = dictionary(
    "RsaHashedKeyGenParams",
    required("hash", hash),
    required("modulusLength", long),
    required("publicExponent", bigInteger),
  );
  const rsaImport = dictionary("RsaHashedImportParams", required("hash", hash));
  const ecKeyGen = dictionary("EcKeyGenParams", required("namedCurve", text));
  const ecImport = dictionary("EcKeyImportParams", required("namedCurve", text));
  const aesKeyGen = dictionary("AesKeyGenParams", required("length", short));
  const aesDerived = dictionary("AesDerivedKeyParams", required("length", short));
  const hmacKeyGen = dictionary("HmacKeyGenParams", required("hash", hash), optional("length", long));
  const hmacImport = dictionary("HmacImportParams", required("hash", hash), optional("length", long));
  const agreement = dictionary("EcdhKeyDeriveParams", required("public", key));
  const ciphers = {
    "AES-CBC": dictionary("AesCbcParams", required("iv", bytes)),
    "AES-CTR": dictionary("AesCtrParams", required("counter", bytes), required("length", octet)),
    "AES-GCM": dictionary(
      "AesGcmParams",
      optional("additionalData", bytes),
      required("iv", bytes),
      optional("tagLength", octet),
    ),
    "RSA-OAEP": dictionary("RsaOaepParams", optional("label", bytes)),
  };
  const signatures = {
    "RSASSA-PKCS1-v1_5": null,
    "RSA-PSS": dictionary("RsaPssParams", required("saltLength", long)),
    ECDSA: dictionary("EcdsaParams", required("hash", hash)),
    HMAC: null,
    Ed25519: null,
  };
  // https://w3c.github.io/webcrypto/#algorithm-overview
  const operations = {
    __proto__: null,
    digest: { "SHA-1": null, "SHA-256": null, "SHA-384": null, "SHA-512": null },
    encrypt: ciphers,
    decrypt: ciphers,
    sign: signatures,
    verify: signatures,
    wrapKey: { "AES-KW": null },
    unwrapKey: { "AES-KW": null },
    deriveBits: {
      ECDH: agreement,
      X25519: agreement,
      HKDF: dictionary("HkdfParams", required("hash", hash), required("info", bytes), required("salt", bytes)),
      PBKDF2: dictionary("Pbkdf2Params", required("hash", hash), required("iterations", long), required("salt", bytes)),
    },
    getKeyLength: {
      "AES-CBC": aesDerived,
      "AES-CTR": aesDerived,
      "AES-GCM": aesDerived,
      "AES-KW": aesDerived,
      HMAC: hmacImport,
      HKDF: null,
      PBKDF2: null,
    },
    generateKey: {
      "RSASSA-PKCS1-v1_5": rsaKeyGen,
      "RSA-PSS": rsaKeyGen,
      "RSA-OAEP": rsaKeyGen,
      ECDSA: ecKeyGen,
      ECDH: ecKeyGen,
      Ed25519: null,
      X25519: null,
      "AES-CBC": aesKeyGen,
      "AES-CTR": aesKeyGen,
      "AES-GCM": aesKeyGen,
      "AES-KW": aesKeyGen,
      HMAC: hmacKeyGen,
    },
    importKey: {
      "RSASSA-PKCS1-v1_5": rsaImport,
      "RSA-PSS": rsaImport,
      "RSA-OAEP": rsaImport,
      ECDSA: ecImport,
      ECDH: ecImport,
      Ed25519: null,
      X25519: null,
      "AES-CBC": null,
      "AES-CTR": null,
      "AES-GCM": null,
      "AES-KW": null,
      HMAC: hmacImport,
      HKDF: null,
      PBKDF2: null,
    },
  };
  const tables = { __proto__: null };
  for (const operation in operations) {
    const table = (tables[operation] = { __proto__: null });
    for (const [name, convert] of Object.entries(operations[operation])) {
      table[name.toUpperCase()] = { __proto__: null, name, convert };
    }
  }
  return tables;
}
