// WebCrypto: `crypto.subtle` and its keys, as https://w3c.github.io/webcrypto/ has them. Here are parameters, keys,
// who may do what with which, and JSON Web Keys; what is done with bytes is done by server/runner/crypto, in one
// native function that Rust hands over when a runtime starts.
//
// All of an operation happens before its promise is given back: a program has one thread. That a promise is settled
// then, and not in a task of its own, is what a program can tell it by.
import { core, primordials } from "ext:core/mod.js";
import { algorithmsOf, USAGES } from "ext:mayfly/algorithms.js";
import { bytesOf, tablesOf } from "ext:mayfly/parameters.js";

const {
  ArrayBufferIsView,
  ArrayPrototypeIncludes,
  ArrayPrototypePush,
  JSONParse,
  JSONStringify,
  MapPrototypeDelete,
  MapPrototypeGet,
  MapPrototypeSet,
  ObjectDefineProperty,
  ObjectKeys,
  ObjectSetPrototypeOf,
  SafeArrayIterator,
  SafeMap,
  StringPrototypeCharCodeAt,
  StringPrototypeToUpperCase,
  TypedArrayPrototypeGetBuffer,
  TypeError,
  Uint8Array,
} = primordials;

/**
 * Makes the classes. `webidl` is deno_webidl's; `cloneable` is the symbol under which an object says how it is
 * cloned.
 */
export function webCrypto(webidl, DOMException, cloneable) {
  const { converters } = webidl;
  const error = (name, message) => new DOMException(message, name);

  let perform = () => {
    throw error("OperationError", "There is nothing to do it with.");
  };

  /** Of the next CryptoKey that is made: programs can make none. */
  let next;
  /** Whether it is one. */
  let isKey;
  /** What a key is, whatever a program did to what it sees of it. */
  let stateOf;

  /** What a program sees of a key's algorithm. */
  function shown(algorithm) {
    const { name, modulusLength, publicExponent, hash, namedCurve, length } = algorithm;
    const shown = { name };
    const add = (key, value) =>
      ObjectDefineProperty(shown, key, { __proto__: null, value, writable: true, enumerable: true, configurable: true });
    if (modulusLength !== undefined) add("modulusLength", modulusLength);
    if (publicExponent !== undefined) add("publicExponent", new Uint8Array(publicExponent));
    if (hash !== undefined) add("hash", { name: hash });
    if (namedCurve !== undefined) add("namedCurve", namedCurve);
    if (length !== undefined) add("length", length);
    return shown;
  }

  class CryptoKey {
    #type;
    #extractable;
    #algorithm;
    #usages;
    #state;

    constructor() {
      if (next === undefined) throw new TypeError("Illegal constructor");
      this.#state = next;
      next = undefined;
      const { type, extractable, algorithm, usages } = this.#state;
      this.#type = type;
      this.#extractable = extractable;
      this.#algorithm = shown(algorithm);
      this.#usages = [];
      for (let i = 0; i < usages.length; i++) ArrayPrototypePush(this.#usages, usages[i]);
    }

    get type() {
      return this.#type;
    }

    get extractable() {
      return this.#extractable;
    }

    get algorithm() {
      return this.#algorithm;
    }

    get usages() {
      return this.#usages;
    }

    static {
      isKey = (value) => typeof value === "object" && value !== null && #state in value;
      stateOf = (key) => key.#state;
    }
  }

  function keyOf(state) {
    next = state;
    return new CryptoKey();
  }

  // A key on its way from one object to another has a number. So a copy needs no bytes that a program could see.
  const travelling = new SafeMap();
  let lastNumber = 0;
  ObjectDefineProperty(CryptoKey.prototype, cloneable, {
    __proto__: null,
    value() {
      if (!isKey(this)) throw error("DataCloneError", "An object of this class can't be cloned.");
      MapPrototypeSet(travelling, ++lastNumber, stateOf(this));
      return { __proto__: null, type: "CryptoKey", number: lastNumber };
    },
    writable: false,
    enumerable: false,
    configurable: true,
  });
  core.registerCloneableResource("CryptoKey", ({ number }) => {
    const state = MapPrototypeGet(travelling, number);
    if (state === undefined) throw error("DataCloneError", "A CryptoKey that was sent is gone.");
    MapPrototypeDelete(travelling, number);
    return keyOf(state);
  });

  const asKey = (value, prefix, context) => {
    if (isKey(value)) return value;
    throw webidl.makeException(TypeError, "is not a CryptoKey", prefix, context);
  };

  // An AlgorithmIdentifier: an object, or what else there is as a string.
  function asIdentifier(value, prefix, context) {
    if ((typeof value === "object" && value !== null) || typeof value === "function") return value;
    return { __proto__: null, name: converters.DOMString(value, prefix, context) };
  }

  const asAlgorithm = webidl.createDictionaryConverter("Algorithm", [
    { key: "name", converter: converters.DOMString, required: true },
  ]);

  /** The name that a table has for `name`, whose letters may be small or large. */
  function find(table, name) {
    for (let i = 0; i < name.length; i++) {
      if (StringPrototypeCharCodeAt(name, i) > 0x7f) return undefined;
    }
    return table[StringPrototypeToUpperCase(name)];
  }

  // https://w3c.github.io/webcrypto/#algorithm-normalization-normalize-an-algorithm
  function normalize(operation, identifier, prefix, context) {
    const { name } = asAlgorithm(identifier, prefix, context);
    const entry = find(tables[operation], name);
    if (entry === undefined) {
      throw error("NotSupportedError", `${prefix}: '${name}' is not an algorithm for that`);
    }
    const normalized = entry.convert === null ? { __proto__: null } : entry.convert(identifier, prefix, context);
    normalized.name = entry.name;
    return normalized;
  }

  const bytes = (value, prefix, context) => bytesOf(converters.BufferSource(value, prefix, context));
  const within = (type) => (value, prefix, context) =>
    converters[type](value, prefix, context, { __proto__: null, enforceRange: true });
  const tables = tablesOf(webidl, {
    __proto__: null,
    bytes,
    bigInteger: (value, prefix, context) => bytesOf(converters.Uint8Array(value, prefix, context)),
    hash: (value, prefix, context) =>
      normalize("digest", asIdentifier(value, prefix, context), prefix, context).name,
    key: asKey,
    octet: within("octet"),
    short: within("unsigned short"),
    long: within("unsigned long"),
    text: converters.DOMString,
  });
  const algorithms = algorithmsOf({
    error,
    stateOf,
    perform: (...args) => perform(...new SafeArrayIterator(args)),
  });

  const asFormat = webidl.createEnumConverter("KeyFormat", ["raw", "spki", "pkcs8", "jwk"]);
  const asUsages = webidl.createSequenceConverter(webidl.createEnumConverter("KeyUsage", USAGES));
  const text = (key) => ({ key, converter: converters.DOMString });
  const asJwk = webidl.createDictionaryConverter("JsonWebKey", [
    ...["alg", "crv", "d", "dp", "dq", "e", "k", "kty", "n", "p", "q", "qi", "use", "x", "y"].map(text),
    { key: "ext", converter: converters.boolean },
    { key: "key_ops", converter: converters["sequence<DOMString>"] },
    { key: "oth", converter: converters["sequence<object>"] },
  ]);

  /** Whether `key` may be used for `usage` with `algorithm`. */
  function permit(key, algorithm, usage, prefix) {
    const state = stateOf(key);
    if (state.algorithm.name !== algorithm.name) {
      throw error("InvalidAccessError", `${prefix}: the key is one for ${state.algorithm.name}`);
    }
    if (!ArrayPrototypeIncludes(state.usages, usage)) {
      throw error("InvalidAccessError", `${prefix}: the key was not made to ${usage}`);
    }
    return state;
  }

  /** Whether `algorithm` does `what`, which is to say so when not. */
  function able(algorithm, what, prefix) {
    const does = algorithms[algorithm.name][what];
    if (does === undefined) throw error("NotSupportedError", `${prefix}: ${algorithm.name} can't do that`);
    return does;
  }

  function importKey(format, data, algorithm, extractable, usages, prefix) {
    const state = able(algorithm, "importKey", prefix)(format, data, algorithm, extractable, usages);
    if (state.type !== "public" && state.usages.length === 0) {
      throw error("SyntaxError", `${prefix}: a ${state.type} key that may be used for nothing can't be made`);
    }
    return keyOf(state);
  }

  function exportKey(format, key, prefix) {
    const state = stateOf(key);
    const exports = able(state.algorithm, "exportKey", prefix);
    if (!state.extractable) {
      throw error("InvalidAccessError", `${prefix}: the key is not extractable`);
    }
    return exports(format, state);
  }

  /** Bits that a key agrees on or is stretched to. */
  const derive = (algorithm, state, length) => algorithms[algorithm.name].deriveBits(algorithm, state, length);

  const bufferOf = (array) => TypedArrayPrototypeGetBuffer(array);

  // An ASCII text, since what is in it is base64 and names.
  function utf8(text) {
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) bytes[i] = StringPrototypeCharCodeAt(text, i);
    return bytes;
  }

  // JSONStringify would ask a program's `toJSON`.
  function jsonOf(jwk) {
    const keys = ObjectKeys(jwk);
    let json = "";
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i];
      const value = jwk[key];
      let text;
      if (key === "key_ops") {
        text = "";
        for (let j = 0; j < value.length; j++) text += `${j === 0 ? "" : ","}${JSONStringify(value[j])}`;
        text = `[${text}]`;
      } else {
        text = JSONStringify(value);
      }
      json += `${json === "" ? "" : ","}${JSONStringify(key)}:${text}`;
    }
    return utf8(`{${json}}`);
  }

  function jwkOf(bytes, prefix) {
    let parsed;
    try {
      parsed = JSONParse(core.decode(bytes));
      // It is not one that a program gave: what it lacks it does not find on a prototype.
      if (typeof parsed === "object" && parsed !== null) ObjectSetPrototypeOf(parsed, null);
      else parsed = undefined;
    } catch {
      parsed = undefined;
    }
    if (parsed === undefined) throw error("DataError", `${prefix}: what was unwrapped is not a JSON Web Key`);
    return asJwk(parsed, prefix, "The unwrapped key");
  }

  let makeSubtle = true;

  class SubtleCrypto {
    #branded = true;

    constructor() {
      if (!makeSubtle) throw new TypeError("Illegal constructor");
      makeSubtle = false;
    }

    async encrypt(algorithm, key, data) {
      return this.#cipher("encrypt", algorithm, key, data, arguments.length);
    }

    async decrypt(algorithm, key, data) {
      return this.#cipher("decrypt", algorithm, key, data, arguments.length);
    }

    #cipher(what, algorithm, key, data, given) {
      const prefix = `Failed to execute '${what}' on 'SubtleCrypto'`;
      webidl.requiredArguments(given, 3, prefix);
      algorithm = asIdentifier(algorithm, prefix, "Argument 1");
      asKey(key, prefix, "Argument 2");
      converters.BufferSource(data, prefix, "Argument 3");
      algorithm = normalize(what, algorithm, prefix, "Argument 1");
      data = bytesOf(data);
      const state = permit(key, algorithm, what, prefix);
      return bufferOf(algorithms[algorithm.name][what](algorithm, state, data));
    }

    async sign(algorithm, key, data) {
      this.#branded;
      const prefix = "Failed to execute 'sign' on 'SubtleCrypto'";
      webidl.requiredArguments(arguments.length, 3, prefix);
      algorithm = asIdentifier(algorithm, prefix, "Argument 1");
      asKey(key, prefix, "Argument 2");
      converters.BufferSource(data, prefix, "Argument 3");
      algorithm = normalize("sign", algorithm, prefix, "Argument 1");
      data = bytesOf(data);
      const state = permit(key, algorithm, "sign", prefix);
      return bufferOf(algorithms[algorithm.name].sign(algorithm, state, data));
    }

    async verify(algorithm, key, signature, data) {
      this.#branded;
      const prefix = "Failed to execute 'verify' on 'SubtleCrypto'";
      webidl.requiredArguments(arguments.length, 4, prefix);
      algorithm = asIdentifier(algorithm, prefix, "Argument 1");
      asKey(key, prefix, "Argument 2");
      converters.BufferSource(signature, prefix, "Argument 3");
      converters.BufferSource(data, prefix, "Argument 4");
      algorithm = normalize("verify", algorithm, prefix, "Argument 1");
      signature = bytesOf(signature);
      data = bytesOf(data);
      const state = permit(key, algorithm, "verify", prefix);
      return algorithms[algorithm.name].verify(algorithm, state, signature, data);
    }

    async digest(algorithm, data) {
      this.#branded;
      const prefix = "Failed to execute 'digest' on 'SubtleCrypto'";
      webidl.requiredArguments(arguments.length, 2, prefix);
      algorithm = asIdentifier(algorithm, prefix, "Argument 1");
      converters.BufferSource(data, prefix, "Argument 2");
      algorithm = normalize("digest", algorithm, prefix, "Argument 1");
      return bufferOf(perform("digest", algorithm.name, bytesOf(data)));
    }

    async generateKey(algorithm, extractable, keyUsages) {
      this.#branded;
      const prefix = "Failed to execute 'generateKey' on 'SubtleCrypto'";
      webidl.requiredArguments(arguments.length, 3, prefix);
      algorithm = asIdentifier(algorithm, prefix, "Argument 1");
      extractable = converters.boolean(extractable);
      const usages = asUsages(keyUsages, prefix, "Argument 3");
      algorithm = normalize("generateKey", algorithm, prefix, "Argument 1");
      const made = algorithms[algorithm.name].generateKey(algorithm, extractable, usages);
      if (made.type !== undefined) return keyOf(made);
      return { privateKey: keyOf(made.privateKey), publicKey: keyOf(made.publicKey) };
    }

    async deriveKey(algorithm, baseKey, derivedKeyType, extractable, keyUsages) {
      this.#branded;
      const prefix = "Failed to execute 'deriveKey' on 'SubtleCrypto'";
      webidl.requiredArguments(arguments.length, 5, prefix);
      algorithm = asIdentifier(algorithm, prefix, "Argument 1");
      asKey(baseKey, prefix, "Argument 2");
      derivedKeyType = asIdentifier(derivedKeyType, prefix, "Argument 3");
      extractable = converters.boolean(extractable);
      const usages = asUsages(keyUsages, prefix, "Argument 5");
      algorithm = normalize("deriveBits", algorithm, prefix, "Argument 1");
      const type = normalize("importKey", derivedKeyType, prefix, "Argument 3");
      const measured = normalize("getKeyLength", derivedKeyType, prefix, "Argument 3");
      const state = permit(baseKey, algorithm, "deriveKey", prefix);
      const length = algorithms[measured.name].getKeyLength(measured);
      const secret = derive(algorithm, state, length);
      return importKey("raw", secret, type, extractable, usages, prefix);
    }

    async deriveBits(algorithm, baseKey, length = null) {
      this.#branded;
      const prefix = "Failed to execute 'deriveBits' on 'SubtleCrypto'";
      webidl.requiredArguments(arguments.length, 2, prefix);
      algorithm = asIdentifier(algorithm, prefix, "Argument 1");
      asKey(baseKey, prefix, "Argument 2");
      if (length !== null) length = converters["unsigned long"](length, prefix, "Argument 3");
      algorithm = normalize("deriveBits", algorithm, prefix, "Argument 1");
      const state = permit(baseKey, algorithm, "deriveBits", prefix);
      return bufferOf(derive(algorithm, state, length));
    }

    async importKey(format, keyData, algorithm, extractable, keyUsages) {
      this.#branded;
      const prefix = "Failed to execute 'importKey' on 'SubtleCrypto'";
      webidl.requiredArguments(arguments.length, 5, prefix);
      format = asFormat(format, prefix, "Argument 1");
      const isBuffer = ArrayBufferIsView(keyData) || core.isAnyArrayBuffer(keyData);
      if (isBuffer) converters.BufferSource(keyData, prefix, "Argument 2");
      else keyData = asJwk(keyData, prefix, "Argument 2");
      algorithm = asIdentifier(algorithm, prefix, "Argument 3");
      extractable = converters.boolean(extractable);
      const usages = asUsages(keyUsages, prefix, "Argument 5");
      algorithm = normalize("importKey", algorithm, prefix, "Argument 3");
      if (isBuffer === (format === "jwk")) {
        throw new TypeError(`${prefix}: a key in the format '${format}' is ${isBuffer ? "an object" : "in a buffer"}`);
      }
      if (isBuffer) keyData = bytesOf(keyData);
      return importKey(format, keyData, algorithm, extractable, usages, prefix);
    }

    async exportKey(format, key) {
      this.#branded;
      const prefix = "Failed to execute 'exportKey' on 'SubtleCrypto'";
      webidl.requiredArguments(arguments.length, 2, prefix);
      format = asFormat(format, prefix, "Argument 1");
      asKey(key, prefix, "Argument 2");
      const exported = exportKey(format, key, prefix);
      return format === "jwk" ? exported : bufferOf(exported);
    }

    async wrapKey(format, key, wrappingKey, wrapAlgorithm) {
      this.#branded;
      const prefix = "Failed to execute 'wrapKey' on 'SubtleCrypto'";
      webidl.requiredArguments(arguments.length, 4, prefix);
      format = asFormat(format, prefix, "Argument 1");
      asKey(key, prefix, "Argument 2");
      asKey(wrappingKey, prefix, "Argument 3");
      const identifier = asIdentifier(wrapAlgorithm, prefix, "Argument 4");
      const wrap = eitherOf("wrapKey", "encrypt", identifier, prefix, "Argument 4");
      const algorithm = normalize(wrap, identifier, prefix, "Argument 4");
      const state = permit(wrappingKey, algorithm, "wrapKey", prefix);
      const exported = exportKey(format, key, prefix);
      const bytes = format === "jwk" ? jsonOf(exported) : exported;
      return bufferOf(algorithms[algorithm.name][wrap](algorithm, state, bytes));
    }

    async unwrapKey(
      format,
      wrappedKey,
      unwrappingKey,
      unwrapAlgorithm,
      unwrappedKeyAlgorithm,
      extractable,
      keyUsages,
    ) {
      this.#branded;
      const prefix = "Failed to execute 'unwrapKey' on 'SubtleCrypto'";
      webidl.requiredArguments(arguments.length, 7, prefix);
      format = asFormat(format, prefix, "Argument 1");
      converters.BufferSource(wrappedKey, prefix, "Argument 2");
      asKey(unwrappingKey, prefix, "Argument 3");
      const identifier = asIdentifier(unwrapAlgorithm, prefix, "Argument 4");
      const keyIdentifier = asIdentifier(unwrappedKeyAlgorithm, prefix, "Argument 5");
      extractable = converters.boolean(extractable);
      const usages = asUsages(keyUsages, prefix, "Argument 7");
      const unwrap = eitherOf("unwrapKey", "decrypt", identifier, prefix, "Argument 4");
      const algorithm = normalize(unwrap, identifier, prefix, "Argument 4");
      const keyAlgorithm = normalize("importKey", keyIdentifier, prefix, "Argument 5");
      const wrapped = bytesOf(wrappedKey);
      const state = permit(unwrappingKey, algorithm, "unwrapKey", prefix);
      const bytes = algorithms[algorithm.name][unwrap](algorithm, state, wrapped);
      const data = format === "jwk" ? jwkOf(bytes, prefix) : bytes;
      return importKey(format, data, keyAlgorithm, extractable, usages, prefix);
    }
  }

  /** Which of two operations there is for an algorithm: the first, or else the second. */
  function eitherOf(first, second, identifier, prefix, context) {
    const { name } = asAlgorithm(identifier, prefix, context);
    return find(tables[first], name) === undefined ? second : first;
  }

  return {
    CryptoKey,
    SubtleCrypto,
    subtle: new SubtleCrypto(),
    /** What native code makes its errors with. */
    error,
    /** Hands over the native function. */
    use(native) {
      perform = native;
    },
  };
}
