// The algorithms of WebCrypto: what each makes of its parameters and keys. Used by subtle.js.
//
// A key's state is its `type`, `extractable`, `algorithm` and `usages`, and `data`, bytes in a form of our own:
// a secret as it is; RSA's keys as PKCS #8 or SPKI; a point of a curve uncompressed; all others as the standard has
// them raw.
import { primordials } from "ext:core/mod.js";

const {
  ArrayPrototypeIncludes,
  ArrayPrototypePush,
  MathCeil,
  MathClz32,
  ObjectDefineProperty,
  ObjectSetPrototypeOf,
  SafeArrayIterator,
  StringPrototypeSlice,
  TypedArrayPrototypeGetByteLength: sizeOf,
  TypedArrayPrototypeSet,
  TypeError,
  Uint8Array,
} = primordials;

/** What a key can be for, in the standard's order. */
export const USAGES = [
  "encrypt",
  "decrypt",
  "sign",
  "verify",
  "deriveKey",
  "deriveBits",
  "wrapKey",
  "unwrapKey",
];

/** The members of a JSON Web Key, in the order that they are shown in. */
const JWK = [
  "alg", "crv", "d", "dp", "dq", "e", "ext", "k", "key_ops", "kty", "n", "p", "q", "qi", "x", "y",
];

/** Bits in the block of a hash function. */
const BLOCK_BITS = { __proto__: null, "SHA-1": 512, "SHA-256": 512, "SHA-384": 1024, "SHA-512": 1024 };

/**
 * Makes the algorithms by their names: what each does for the operations that it has.
 */
export function algorithmsOf({ error, stateOf, perform }) {
  const fail = (name, message) => {
    throw error(name, message);
  };

  /** Of `usages`, those in `wanted`, in the standard's order. */
  function among(usages, wanted) {
    const found = [];
    for (let i = 0; i < USAGES.length; i++) {
      const usage = USAGES[i];
      if (ArrayPrototypeIncludes(usages, usage) && ArrayPrototypeIncludes(wanted, usage)) {
        ArrayPrototypePush(found, usage);
      }
    }
    return found;
  }

  /** A key's usages, all of which have to be among `wanted`. */
  function only(usages, wanted, what) {
    for (let i = 0; i < usages.length; i++) {
      if (!ArrayPrototypeIncludes(wanted, usages[i])) fail("SyntaxError", `${what} can't be used to ${usages[i]}`);
    }
    return among(usages, wanted);
  }

  const state = (type, extractable, algorithm, usages, data) => ({
    __proto__: null,
    type,
    extractable,
    algorithm,
    usages,
    data,
  });

  /** A new secret key. `check` looks at its parameters. */
  function newSecret(extractable, algorithm, usages, wanted, check) {
    usages = only(usages, wanted, `A key for ${algorithm.name}`);
    check();
    if (usages.length === 0) fail("SyntaxError", "A secret key that may be used for nothing can't be made");
    return state("secret", extractable, algorithm, usages, perform("random", algorithm.length));
  }

  /** A new pair of keys, of what `make` gives. `check` looks at their parameters. */
  function newPair(extractable, algorithm, usages, forPrivate, forPublic, check, make) {
    const all = [...new SafeArrayIterator(forPrivate), ...new SafeArrayIterator(forPublic)];
    only(usages, all, `A key for ${algorithm.name}`);
    check();
    const privateUsages = among(usages, forPrivate);
    if (privateUsages.length === 0) fail("SyntaxError", "A private key that may be used for nothing can't be made");
    const parts = make();
    return {
      __proto__: null,
      privateKey: state("private", extractable, algorithm, privateUsages, parts[0]),
      publicKey: state("public", true, algorithm, among(usages, forPublic), parts[1]),
    };
  }

  const noFormat = (format, name) => fail("NotSupportedError", `A key for ${name} can't be in the format '${format}'`);

  /** Refuses a key that is not of `type`. */
  function must(key, type) {
    if (key.type !== type) fail("InvalidAccessError", `That takes a ${type} key, and this is a ${key.type} one`);
    return key.data;
  }

  const badJwk = (message) => fail("DataError", `The JSON Web Key can't be used: ${message}`);

  /** The bytes of a member. */
  function member(jwk, name) {
    const text = jwk[name];
    return text === undefined ? badJwk(`it has no '${name}'`) : perform("base64.decode", text);
  }

  /** Checks what all have in common. */
  function checkJwk(jwk, kty, use, extractable, usages) {
    if (jwk.kty !== kty) badJwk(`its 'kty' is not '${kty}'`);
    if (usages.length > 0 && jwk.use !== undefined && jwk.use !== use) badJwk(`its 'use' is not '${use}'`);
    const { key_ops: allowed } = jwk;
    if (allowed !== undefined) {
      for (let i = 0; i < allowed.length; i++) {
        for (let j = 0; j < i; j++) if (allowed[i] === allowed[j]) badJwk("its 'key_ops' has one twice");
      }
      for (let i = 0; i < usages.length; i++) {
        if (!ArrayPrototypeIncludes(allowed, usages[i])) badJwk(`its 'key_ops' does not have '${usages[i]}'`);
      }
    }
    if (jwk.ext === false && extractable) badJwk("it is not extractable");
  }

  function checkAlg(jwk, ...names) {
    if (jwk.alg !== undefined && !ArrayPrototypeIncludes(names, jwk.alg)) badJwk(`its 'alg' is not '${names[0]}'`);
  }

  /** A JSON Web Key with these members, and those that all have. Bytes become base64. */
  function jwkOf(key, members) {
    const jwk = {};
    for (let i = 0; i < JWK.length; i++) {
      const name = JWK[i];
      let value = members[name];
      if (name === "ext") value = key.extractable;
      else if (name === "key_ops") value = among(key.usages, USAGES);
      else if (value !== undefined && typeof value !== "string") value = perform("base64.encode", value);
      if (value === undefined) continue;
      ObjectDefineProperty(jwk, name, {
        __proto__: null,
        value,
        writable: true,
        enumerable: true,
        configurable: true,
      });
    }
    return jwk;
  }

  function aes(name, wanted, suffix) {
    const checkLength = (length) => {
      if (length !== 128 && length !== 192 && length !== 256) {
        fail("OperationError", "A key for AES has 128, 192 or 256 bits");
      }
      return length;
    };
    return {
      __proto__: null,
      generateKey(algorithm, extractable, usages) {
        const { length } = algorithm;
        return newSecret(extractable, { __proto__: null, name, length }, usages, wanted, () => checkLength(length));
      },
      importKey(format, data, algorithm, extractable, usages) {
        usages = only(usages, wanted, `A key for ${name}`);
        if (format === "jwk") {
          checkJwk(data, "oct", "enc", extractable, usages);
          const bytes = member(data, "k");
          checkAlg(data, `A${sizeOf(bytes) * 8}${suffix}`);
          data = bytes;
        } else if (format !== "raw") {
          noFormat(format, name);
        }
        const length = sizeOf(data) * 8;
        if (length !== 128 && length !== 192 && length !== 256) {
          fail("DataError", "A key for AES has 128, 192 or 256 bits");
        }
        return state("secret", extractable, { __proto__: null, name, length }, usages, data);
      },
      exportKey(format, key) {
        if (format === "raw") return new Uint8Array(key.data);
        if (format !== "jwk") noFormat(format, name);
        const alg = `A${sizeOf(key.data) * 8}${suffix}`;
        return jwkOf(key, { __proto__: null, kty: "oct", k: key.data, alg });
      },
      getKeyLength: (algorithm) => checkLength(algorithm.length),
    };
  }

  const CIPHER = ["encrypt", "decrypt", "wrapKey", "unwrapKey"];
  const counterMode = (algorithm, key, data) => {
    if (sizeOf(algorithm.counter) !== 16) fail("OperationError", "The counter block of AES-CTR has 16 bytes");
    return perform("aes.ctr", key.data, algorithm.counter, algorithm.length, data);
  };
  const galois = (what) => (algorithm, key, data) => {
    const { iv, additionalData = new Uint8Array(0), tagLength = 128 } = algorithm;
    return perform(what, key.data, iv, additionalData, tagLength, data);
  };

  function hmacLength(hash, length) {
    if (length === 0) throw new TypeError("A key for HMAC has one bit at least");
    return length ?? BLOCK_BITS[hash];
  }

  const HMAC = {
    __proto__: null,
    generateKey(algorithm, extractable, usages) {
      const { hash } = algorithm;
      const length = algorithm.length ?? BLOCK_BITS[hash];
      const made = { __proto__: null, name: "HMAC", hash, length };
      return newSecret(extractable, made, usages, ["sign", "verify"], () => {
        if (length === 0) fail("OperationError", "A key for HMAC has one bit at least");
      });
    },
    importKey(format, data, algorithm, extractable, usages) {
      const { hash } = algorithm;
      usages = only(usages, ["sign", "verify"], "A key for HMAC");
      if (format === "jwk") {
        checkJwk(data, "oct", "sig", extractable, usages);
        checkAlg(data, `HS${StringPrototypeSlice(hash, 4)}`);
        data = member(data, "k");
      } else if (format !== "raw") {
        noFormat(format, "HMAC");
      }
      let length = sizeOf(data) * 8;
      if (length === 0) fail("DataError", "A key for HMAC has one bit at least");
      if (algorithm.length !== undefined) {
        if (algorithm.length > length || algorithm.length <= length - 8) {
          fail("DataError", `The key has ${length} bits and not ${algorithm.length}`);
        }
        length = algorithm.length;
      }
      return state("secret", extractable, { __proto__: null, name: "HMAC", hash, length }, usages, data);
    },
    exportKey(format, key) {
      if (format === "raw") return new Uint8Array(key.data);
      if (format !== "jwk") noFormat(format, "HMAC");
      const alg = `HS${StringPrototypeSlice(key.algorithm.hash, 4)}`;
      return jwkOf(key, { __proto__: null, kty: "oct", k: key.data, alg });
    },
    getKeyLength: ({ hash, length }) => hmacLength(hash, length),
    sign: (_, key, data) => perform("hmac.sign", key.algorithm.hash, key.data, data),
    verify: (_, key, signature, data) => perform("hmac.verify", key.algorithm.hash, key.data, signature, data),
  };

  function rsa(name, forPrivate, forPublic, use, alg) {
    const algOf = (hash) => alg + (name === "RSA-OAEP" && hash === "SHA-1" ? "" : algSuffix(name, hash));
    return {
      __proto__: null,
      generateKey(algorithm, extractable, usages) {
        const { modulusLength, publicExponent, hash } = algorithm;
        const made = { __proto__: null, name, modulusLength, publicExponent, hash };
        const check = () => perform("rsa.check", modulusLength, publicExponent);
        const make = () => perform("rsa.generate", modulusLength, publicExponent);
        return newPair(extractable, made, usages, forPrivate, forPublic, check, make);
      },
      importKey(format, data, { hash }, extractable, usages) {
        if (format === "raw") noFormat(format, name);
        const isPrivate = format === "pkcs8" || (format === "jwk" && data.d !== undefined);
        usages = only(usages, isPrivate ? forPrivate : forPublic, `A ${isPrivate ? "private" : "public"} key for ${name}`);
        let parts;
        if (format === "jwk") {
          checkJwk(data, "RSA", use, extractable, usages);
          checkAlg(data, algOf(hash));
          if (data.oth !== undefined) fail("NotSupportedError", "RSA with more than two primes is not supported");
          const hasPrimes =
            isPrivate && (data.p ?? data.q ?? data.dp ?? data.dq ?? data.qi) !== undefined;
          const members = ["n", "e"];
          if (isPrivate) ArrayPrototypePush(members, "d");
          if (hasPrimes) ArrayPrototypePush(members, "p", "q", "dp", "dq", "qi");
          const given = ["rsa.import.jwk", members.length];
          for (let i = 0; i < members.length; i++) ArrayPrototypePush(given, member(data, members[i]));
          parts = perform(...new SafeArrayIterator(given));
        } else {
          parts = perform(`rsa.import.${format}`, data);
        }
        const modulusLength = bitsOf(parts[1]);
        const algorithm = { __proto__: null, name, modulusLength, publicExponent: parts[2], hash };
        return state(isPrivate ? "private" : "public", extractable, algorithm, usages, parts[0]);
      },
      exportKey(format, key) {
        if (format === "spki") return new Uint8Array(must(key, "public"));
        if (format === "pkcs8") return new Uint8Array(must(key, "private"));
        if (format !== "jwk") noFormat(format, name);
        const parts = perform(`rsa.export.${key.type}`, key.data);
        const members = { __proto__: null, kty: "RSA", alg: algOf(key.algorithm.hash) };
        const names = ["n", "e", "d", "p", "q", "dp", "dq", "qi"];
        for (let i = 0; i < parts.length; i++) members[names[i]] = parts[i];
        return jwkOf(key, members);
      },
    };
  }

  /** How many bits a number has. */
  function bitsOf(number) {
    return sizeOf(number) === 0 ? 0 : sizeOf(number) * 8 - MathClz32(number[0]) + 24;
  }

  function algSuffix(name, hash) {
    const digits = StringPrototypeSlice(hash, 4);
    return name === "RSA-OAEP" ? `-${digits}` : digits;
  }

  const rsaSignature = (name) => ({
    sign: (algorithm, key, data) =>
      perform("rsa.sign", name, key.algorithm.hash, must(key, "private"), algorithm.saltLength ?? 0, data),
    verify: (algorithm, key, signature, data) =>
      perform("rsa.verify", name, key.algorithm.hash, must(key, "public"), algorithm.saltLength ?? 0, signature, data),
  });

  const CURVES = { __proto__: null, "P-256": 32, "P-384": 48, "P-521": 66 };

  function ec(name, forPrivate, forPublic, use) {
    const checkAlgOf = (jwk, curve) => {
      if (name === "ECDSA") checkAlg(jwk, `ES${curve === "P-521" ? "512" : StringPrototypeSlice(curve, 2)}`);
    };
    return {
      __proto__: null,
      generateKey(algorithm, extractable, usages) {
        const { namedCurve } = algorithm;
        const made = { __proto__: null, name, namedCurve };
        const check = () => {
          if (CURVES[namedCurve] === undefined) fail("NotSupportedError", `There is no curve '${namedCurve}' here`);
        };
        return newPair(extractable, made, usages, forPrivate, forPublic, check, () => perform("ec.generate", namedCurve));
      },
      importKey(format, data, { namedCurve }, extractable, usages) {
        const size = CURVES[namedCurve];
        const isPrivate = format === "pkcs8" || (format === "jwk" && data.d !== undefined);
        usages = only(usages, isPrivate ? forPrivate : forPublic, `A ${isPrivate ? "private" : "public"} key for ${name}`);
        if (size === undefined) fail("DataError", `There is no curve '${namedCurve}' here`);
        let bytes;
        if (format === "jwk") {
          checkJwk(data, "EC", use, extractable, usages);
          if (data.crv !== namedCurve) badJwk(`its 'crv' is not '${namedCurve}'`);
          checkAlgOf(data, namedCurve);
          const x = member(data, "x");
          const y = member(data, "y");
          if (sizeOf(x) !== size || sizeOf(y) !== size) badJwk("its coordinates are not as long as the curve's");
          const point = new Uint8Array(1 + 2 * size);
          point[0] = 4;
          TypedArrayPrototypeSet(point, x, 1);
          TypedArrayPrototypeSet(point, y, 1 + size);
          bytes = perform("ec.import.raw", namedCurve, point);
          if (isPrivate) {
            const scalar = member(data, "d");
            if (!equal(perform("ec.public", namedCurve, scalar), bytes)) badJwk("its keys don't belong together");
            bytes = scalar;
          }
        } else {
          bytes = perform(`ec.import.${format}`, namedCurve, data);
        }
        const algorithm = { __proto__: null, name, namedCurve };
        return state(isPrivate ? "private" : "public", extractable, algorithm, usages, bytes);
      },
      exportKey(format, key) {
        const { namedCurve } = key.algorithm;
        if (format === "raw") return new Uint8Array(must(key, "public"));
        if (format === "spki") return perform("ec.export.spki", namedCurve, must(key, "public"));
        if (format === "pkcs8") return perform("ec.export.pkcs8", namedCurve, must(key, "private"));
        const isPrivate = key.type === "private";
        const point = isPrivate ? perform("ec.public", namedCurve, key.data) : key.data;
        const size = CURVES[namedCurve];
        return jwkOf(key, {
          __proto__: null,
          kty: "EC",
          crv: namedCurve,
          x: cut(point, 1, 1 + size),
          y: cut(point, 1 + size, 1 + 2 * size),
          d: isPrivate ? key.data : undefined,
        });
      },
    };
  }

  function cut(bytes, start, end) {
    const part = new Uint8Array(end - start);
    for (let i = start; i < end; i++) part[i - start] = bytes[i];
    return part;
  }

  function equal(one, other) {
    const size = sizeOf(one);
    if (size !== sizeOf(other)) return false;
    for (let i = 0; i < size; i++) if (one[i] !== other[i]) return false;
    return true;
  }

  function okp(name, forPrivate, forPublic, use) {
    return {
      __proto__: null,
      generateKey(_, extractable, usages) {
        const make = () => perform("okp.generate", name);
        return newPair(extractable, { __proto__: null, name }, usages, forPrivate, forPublic, () => {}, make);
      },
      importKey(format, data, _, extractable, usages) {
        const isPrivate = format === "pkcs8" || (format === "jwk" && data.d !== undefined);
        usages = only(usages, isPrivate ? forPrivate : forPublic, `A ${isPrivate ? "private" : "public"} key for ${name}`);
        let bytes = data;
        if (format === "jwk") {
          checkJwk(data, "OKP", use, extractable, usages);
          if (data.crv !== name) badJwk(`its 'crv' is not '${name}'`);
          if (name === "Ed25519") checkAlg(data, "Ed25519", "EdDSA");
          const point = member(data, "x");
          if (sizeOf(point) !== 32) badJwk("its 'x' does not have 32 bytes");
          bytes = isPrivate ? member(data, "d") : point;
          if (isPrivate && !equal(perform("okp.public", name, bytes), point)) badJwk("its keys don't belong together");
        } else if (format !== "raw") {
          bytes = perform(`okp.import.${format}`, name, data);
        } else if (sizeOf(data) !== 32) {
          fail("DataError", `A key for ${name} has 32 bytes`);
        }
        return state(isPrivate ? "private" : "public", extractable, { __proto__: null, name }, usages, bytes);
      },
      exportKey(format, key) {
        if (format === "raw") return new Uint8Array(must(key, "public"));
        if (format === "spki") return perform("okp.export.spki", name, must(key, "public"));
        if (format === "pkcs8") return perform("okp.export.pkcs8", name, must(key, "private"));
        const isPrivate = key.type === "private";
        const x = isPrivate ? perform("okp.public", name, key.data) : key.data;
        const alg = name === "Ed25519" ? "Ed25519" : undefined;
        return jwkOf(key, { __proto__: null, kty: "OKP", crv: name, alg, x, d: isPrivate ? key.data : undefined });
      },
    };
  }

  /** The secret that two keys agree on, or its first bits. */
  const agree = (perform) => (algorithm, key, length) => {
    const other = stateOf(algorithm.public);
    must(key, "private");
    must(other, "public");
    if (other.algorithm.name !== key.algorithm.name || other.algorithm.namedCurve !== key.algorithm.namedCurve) {
      fail("InvalidAccessError", "The two keys are not of one kind");
    }
    const secret = perform(key, other);
    if (length === null) return secret;
    const most = sizeOf(secret) * 8;
    if (length > most) fail("OperationError", `The secret has no more than ${most} bits`);
    const size = MathCeil(length / 8);
    const bits = cut(secret, 0, size);
    if (length % 8 !== 0) bits[size - 1] &= 0xff << (8 - (length % 8));
    return bits;
  };

  /** A password, or a secret that is one. */
  function stretched(name, deriveBits) {
    return {
      __proto__: null,
      importKey(format, data, _, extractable, usages) {
        if (format !== "raw") noFormat(format, name);
        usages = only(usages, ["deriveKey", "deriveBits"], `A key for ${name}`);
        if (extractable) fail("SyntaxError", `A key for ${name} can't be extractable`);
        return state("secret", false, { __proto__: null, name }, usages, data);
      },
      getKeyLength: () => null,
      deriveBits(algorithm, key, length) {
        if (length === null || length % 8 !== 0) {
          fail("OperationError", `${name} makes whole bytes: a length has to be given that is a multiple of 8`);
        }
        return deriveBits(algorithm, key, length);
      },
    };
  }

  const algorithms = {
    __proto__: null,
    "AES-CBC": {
      ...aes("AES-CBC", CIPHER, "CBC"),
      encrypt: ({ iv }, key, data) => perform("aes.cbc.encrypt", key.data, iv, data),
      decrypt: ({ iv }, key, data) => perform("aes.cbc.decrypt", key.data, iv, data),
    },
    "AES-CTR": { ...aes("AES-CTR", CIPHER, "CTR"), encrypt: counterMode, decrypt: counterMode },
    "AES-GCM": {
      ...aes("AES-GCM", CIPHER, "GCM"),
      encrypt: galois("aes.gcm.encrypt"),
      decrypt: galois("aes.gcm.decrypt"),
    },
    "AES-KW": {
      ...aes("AES-KW", ["wrapKey", "unwrapKey"], "KW"),
      wrapKey: (_, key, data) => perform("aes.kw.wrap", key.data, data),
      unwrapKey: (_, key, data) => perform("aes.kw.unwrap", key.data, data),
    },
    HMAC,
    "RSASSA-PKCS1-v1_5": {
      ...rsa("RSASSA-PKCS1-v1_5", ["sign"], ["verify"], "sig", "RS"),
      ...rsaSignature("RSASSA-PKCS1-v1_5"),
    },
    "RSA-PSS": { ...rsa("RSA-PSS", ["sign"], ["verify"], "sig", "PS"), ...rsaSignature("RSA-PSS") },
    "RSA-OAEP": {
      ...rsa("RSA-OAEP", ["decrypt", "unwrapKey"], ["encrypt", "wrapKey"], "enc", "RSA-OAEP"),
      encrypt: ({ label = new Uint8Array(0) }, key, data) =>
        perform("rsa.encrypt", key.algorithm.hash, must(key, "public"), label, data),
      decrypt: ({ label = new Uint8Array(0) }, key, data) =>
        perform("rsa.decrypt", key.algorithm.hash, must(key, "private"), label, data),
    },
    ECDSA: {
      ...ec("ECDSA", ["sign"], ["verify"], "sig"),
      sign: ({ hash }, key, data) => perform("ec.sign", key.algorithm.namedCurve, hash, must(key, "private"), data),
      verify: ({ hash }, key, signature, data) =>
        perform("ec.verify", key.algorithm.namedCurve, hash, must(key, "public"), signature, data),
    },
    ECDH: {
      ...ec("ECDH", ["deriveKey", "deriveBits"], [], "enc"),
      deriveBits: agree((key, other) => perform("ec.agree", key.algorithm.namedCurve, key.data, other.data)),
    },
    Ed25519: {
      ...okp("Ed25519", ["sign"], ["verify"], "sig"),
      sign: (_, key, data) => perform("okp.sign", "Ed25519", must(key, "private"), data),
      verify: (_, key, signature, data) => perform("okp.verify", "Ed25519", must(key, "public"), signature, data),
    },
    X25519: {
      ...okp("X25519", ["deriveKey", "deriveBits"], [], "enc"),
      deriveBits: agree((key, other) => perform("okp.agree", "X25519", key.data, other.data)),
    },
    HKDF: stretched("HKDF", ({ hash, salt, info }, key, length) =>
      perform("hkdf", hash, key.data, salt, info, length),
    ),
    PBKDF2: stretched("PBKDF2", ({ hash, salt, iterations }, key, length) => {
      if (iterations === 0) fail("OperationError", "PBKDF2 takes one iteration at least");
      return perform("pbkdf2", hash, key.data, salt, iterations, length);
    }),
  };

  // What an algorithm does not do it shall not find on a prototype.
  for (const name in algorithms) ObjectSetPrototypeOf(algorithms[name], null);

  return algorithms;
}
