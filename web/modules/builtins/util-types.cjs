// node:util/types: what kind of object a value is. By brand checks, where the language has one: neither a tag nor a prototype, which
// any object can have, makes a Map.

/** Whether a getter or a method of the platform takes the value for its own. */
const brand = (prototype, name) => {
  const { get, value } = Object.getOwnPropertyDescriptor(prototype, name);
  const read = get ?? value;
  return (it) => {
    if (typeof it !== "object" || it === null) return false;
    try {
      Reflect.apply(read, it, []);
      return true;
    } catch {
      return false;
    }
  };
};

const TypedArray = Object.getPrototypeOf(Uint8Array);
const nameOf = Object.getOwnPropertyDescriptor(TypedArray.prototype, Symbol.toStringTag).get;
const typedArrayName = (it) => (typeof it === "object" && it !== null ? Reflect.apply(nameOf, it, []) : undefined);
const tag = (it) => Object.prototype.toString.call(it);
const untagged = (it) => {
  // A tag of its own is what it says, not what it is.
  for (let at = it; at !== null; at = Object.getPrototypeOf(at)) if (Object.hasOwn(at, Symbol.toStringTag)) return "";
  return tag(it);
};
const isObject = (it) => typeof it === "object" && it !== null;
const byPrototype = (prototype) => (it) => isObject(it) && Object.prototype.isPrototypeOf.call(prototype, it);
const functionOf = (name, prototype) => (it) => typeof it === "function" && (Object.getPrototypeOf(it) === prototype || tag(it) === `[object ${name}]`);

const AsyncFunction = Object.getPrototypeOf(async () => {});
const AsyncGeneratorFunction = Object.getPrototypeOf(async function* () {});
const GeneratorFunction = Object.getPrototypeOf(function* () {});
const has = (method) => (it) => {
  if (!isObject(it)) return false;
  try {
    Reflect.apply(method, it, [{}]);
    return true;
  } catch {
    return false;
  }
};

const types = {
  isAnyArrayBuffer: (it) => types.isArrayBuffer(it) || types.isSharedArrayBuffer(it),
  isArgumentsObject: (it) => isObject(it) && !Object.hasOwn(it, Symbol.toStringTag) && tag(it) === "[object Arguments]",
  isArrayBuffer: brand(ArrayBuffer.prototype, "byteLength"),
  isArrayBufferView: ArrayBuffer.isView,
  isAsyncFunction: (it) => functionOf("AsyncFunction", AsyncFunction)(it) || functionOf("AsyncGeneratorFunction", AsyncGeneratorFunction)(it),
  isBigIntObject: brand(BigInt.prototype, "valueOf"),
  isBooleanObject: brand(Boolean.prototype, "valueOf"),
  isBoxedPrimitive: (it) =>
    types.isNumberObject(it) || types.isStringObject(it) || types.isBooleanObject(it) || types.isBigIntObject(it) || types.isSymbolObject(it),
  isCryptoKey: (it) => typeof CryptoKey === "function" && it instanceof CryptoKey,
  isDataView: brand(DataView.prototype, "byteLength"),
  isDate: brand(Date.prototype, "valueOf"),
  isExternal: () => false,
  isGeneratorFunction: (it) => functionOf("GeneratorFunction", GeneratorFunction)(it) || functionOf("AsyncGeneratorFunction", AsyncGeneratorFunction)(it),
  isGeneratorObject: (it) => isObject(it) && /^\[object (Async)?Generator\]$/.test(tag(it)),
  isKeyObject: () => false,
  isMap: brand(Map.prototype, "size"),
  isMapIterator: byPrototype(Object.getPrototypeOf(new Map().keys())),
  isModuleNamespaceObject: (it) => isObject(it) && Object.getPrototypeOf(it) === null && tag(it) === "[object Module]" && Object.isSealed(it),
  isNativeError: (it) => (typeof Error.isError === "function" ? Error.isError(it) : untagged(it) === "[object Error]"),
  isNumberObject: brand(Number.prototype, "valueOf"),
  isPromise: (it) => it instanceof Promise,
  // JavaScript can't tell.
  isProxy: () => false,
  isRegExp: (it) => isObject(it) && brand(RegExp.prototype, "source")(it) && it !== RegExp.prototype,
  isSet: brand(Set.prototype, "size"),
  isSetIterator: byPrototype(Object.getPrototypeOf(new Set().keys())),
  isSharedArrayBuffer: typeof SharedArrayBuffer === "function" ? brand(SharedArrayBuffer.prototype, "byteLength") : () => false,
  isStringObject: brand(String.prototype, "valueOf"),
  isSymbolObject: brand(Symbol.prototype, "valueOf"),
  isTypedArray: (it) => typedArrayName(it) !== undefined,
  isWeakMap: has(WeakMap.prototype.has),
  isWeakSet: has(WeakSet.prototype.has),
};
for (const name of [
  "Int8Array", "Uint8Array", "Uint8ClampedArray", "Int16Array", "Uint16Array", "Int32Array", "Uint32Array",
  "Float16Array", "Float32Array", "Float64Array", "BigInt64Array", "BigUint64Array",
]) {
  types[`is${name}`] = (it) => typedArrayName(it) === name;
}

module.exports = types;
