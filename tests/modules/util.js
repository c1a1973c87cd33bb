// https://nodejs.org/docs/latest-v20.x/api/util.html
import util, { callbackify, deprecate, format, formatWithOptions, inherits, inspect, isDeepStrictEqual, parseArgs, promisify, stripVTControlCharacters, toUSVString, types } from "node:util";
import bareTypes from "util/types";

test("format", () => {
  equal(format("%s:%s", "foo"), "foo:%s");
  equal(format("%s:%s", "foo", "bar", "baz"), "foo:bar baz");
  equal(format(1, 2, "3"), "1 2 3");
  equal(format("%% %s"), "%% %s");
  equal(format("%d %i %f %j %o %O %c", "42", 42.9, "1.5", { a: 1 }, [1], { b: 2 }, "css"),
    "42 42 1.5 {\"a\":1} [ 1, [length]: 1 ] { b: 2 } ");
  equal([format("%s", 42n), format("%s", -0), format("%s", Symbol("a")), format("%s", null)], ["42n", "-0", "Symbol(a)", "null"]);
  equal([format("%d", "x"), format("%i", 1n), format("%%")], ["NaN", "1n", "%%"]);
  const circular = {};
  circular.self = circular;
  equal(format("%j", circular), "[Circular]");
  equal(formatWithOptions({ compact: true }, "%O", { a: { b: 1 } }), "{ a: { b: 1 } }");
});

test("inspect", () => {
  equal(inspect({ a: 1, b: "two", c: [1, 2, 3] }), "{ a: 1, b: 'two', c: [ 1, 2, 3 ] }");
  equal(inspect({ a: { b: { c: { d: 1 } } } }), "{ a: { b: { c: [Object] } } }");
  equal(inspect({ a: { b: { c: { d: 1 } } } }, { depth: 0 }), "{ a: [Object] }");
  equal(inspect(new Map([["a", { b: 2 }]])), "Map(1) { 'a' => { b: 2 } }");
  equal(inspect(new Set([1, "a"])), "Set(2) { 1, 'a' }");
  equal([inspect("a'b"), inspect("a"), inspect(-0), inspect(10n), inspect(undefined), inspect(Symbol("s"))],
    ["\"a'b\"", "'a'", "-0", "10n", "undefined", "Symbol(s)"]);
  equal([inspect([, 1, , ,]), inspect([undefined, null])], ["[ <1 empty item>, 1, <2 empty items> ]", "[ undefined, null ]"]);
  equal([inspect(class A {}), inspect(class B extends Map {}), inspect(function f() {}), inspect(() => {})],
    ["[class A]", "[class B extends Map]", "[Function: f]", "[Function (anonymous)]"]);
  class Point { constructor() { this.x = 1 } }
  equal([inspect(new Point()), inspect(Object.create(null)), inspect(new (class extends Array {})(2))],
    ["Point { x: 1 }", "[Object: null prototype] {}", "[ <2 empty items> ]"]);
  equal([inspect(new Date(0)), inspect(/a/g), inspect(new Date(NaN))], ["1970-01-01T00:00:00.000Z", "/a/g", "Invalid Date"]);
  equal(inspect({ get a() { return 1 }, set b(it) {} }), "{ a: [Getter], b: [Setter] }");
  equal(inspect({ get a() { return 1 } }, { getters: true }), "{ a: [Getter: 1] }");
  const circular = { name: "c" };
  circular.self = circular;
  equal(inspect(circular), "<ref *1> { name: 'c', self: [Circular *1] }");
  equal(inspect({ [inspect.custom]: (depth, options) => `custom ${depth} ${typeof options.stylize}` }), "custom 2 function");
  equal(inspect(new Uint8Array([1, 2])), "Uint8Array(2) [ 1, 2 ]");
  equal(inspect([1, "a"], { colors: true }), "[ \u001b[33m1\u001b[39m, \u001b[32m'a'\u001b[39m ]");
  equal(inspect({ b: 1, a: 2 }, { sorted: true }), "{ a: 2, b: 1 }");
  equal(inspect(Promise.resolve(4)).startsWith("Promise {"), true);
  equal(inspect(Array.from({ length: 101 }, (_, i) => i)).endsWith("... 1 more item\n]"), true);
  equal(inspect({ "a-b": 1, "c": 2 }), "{ 'a-b': 1, c: 2 }");
  equal(inspect(new Error("boom")).split("\n")[0], "Error: boom");
  equal(inspect({ a: 1n, b: new Number(1), c: new String("x") }), "{ a: 1n, b: [Number: 1], c: [String: 'x'] }");
  equal(inspect("a".repeat(20), { maxStringLength: 5 }), "'aaaaa'... 15 more characters");
  equal(inspect({ a: 1, b: { c: 2 } }, { compact: false }), "{\n  a: 1,\n  b: {\n    c: 2\n  }\n}");
  equal([inspect.defaultOptions.depth, inspect.custom === Symbol.for("nodejs.util.inspect.custom")], [2, true]);
});

test("promisify and callbackify", async () => {
  const half = (value, done) => (value % 2 ? done(new RangeError("odd")) : done(null, value / 2));
  equal(await promisify(half)(4), 2);
  await rejects(RangeError, promisify(half)(3));
  const own = () => {};
  own[promisify.custom] = () => "custom";
  equal(promisify(own)(), "custom");
  equal(await promisify(setTimeout)(1, "later"), "later");
  throws(TypeError, () => promisify("x"));
  const back = callbackify(async (value) => { if (value) throw value; return "fine" });
  equal(await new Promise((done) => back(0, (...args) => done(args))), [null, "fine"]);
  equal((await new Promise((done) => back(new RangeError("r"), (error) => done(error)))).message, "r");
});

test("inherits and deprecate", () => {
  function A() {}
  function B() {}
  inherits(B, A);
  equal([new B() instanceof A, B.super_ === A], [true, true]);
  throws(TypeError, () => inherits(B, null));
  const { warn } = console, said = [];
  console.warn = (text) => said.push(text);
  const old = deprecate((a) => a + 1, "old", "X1");
  equal([old(1), old(2), said], [2, 3, ["[X1] DeprecationWarning: old"]]);
  console.warn = warn;
});

test("isDeepStrictEqual", () => {
  const same = (a, b) => isDeepStrictEqual(a, b);
  equal([same({ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }), same({ a: 1 }, { a: "1" }), same([1, 2], [1, 2, 3])], [true, false, false]);
  equal([same(NaN, NaN), same(0, -0), same(new Date(1), new Date(1)), same(/a/g, /a/i)], [true, false, true, false]);
  equal([same(new Map([[{ a: 1 }, 1]]), new Map([[{ a: 1 }, 1]])), same(new Set([[1]]), new Set([[1]])), same(new Set([1]), new Set([2]))], [true, true, false]);
  equal([same({}, Object.create(null)), same([], {}), same(Object(1), Object(1)), same(new Error("a"), new Error("b"))], [false, false, true, false]);
  const a = {}, b = {};
  a.a = a;
  b.a = b;
  equal([same(a, b), same({ [Symbol.for("x")]: 1 }, { [Symbol.for("x")]: 2 }), same(new Uint8Array([1]), new Uint8Array([1]))], [true, false, true]);
});

test("types", () => {
  ok(types === bareTypes);
  const of = {
    isPromise: Promise.resolve(), isMap: new Map(), isSet: new Set(), isDate: new Date(), isRegExp: /a/,
    isWeakMap: new WeakMap(), isWeakSet: new WeakSet(), isNativeError: new RangeError(), isTypedArray: new Uint8Array(),
    isUint8Array: new Uint8Array(), isFloat64Array: new Float64Array(), isArrayBuffer: new ArrayBuffer(1),
    isAnyArrayBuffer: new ArrayBuffer(1), isDataView: new DataView(new ArrayBuffer(1)), isAsyncFunction: async () => {},
    isGeneratorFunction: function* () {}, isGeneratorObject: (function* () {})(), isMapIterator: new Map().keys(),
    isSetIterator: new Set().keys(), isBoxedPrimitive: Object(1), isNumberObject: Object(1), isStringObject: Object("a"),
    isSymbolObject: Object(Symbol()), isBigIntObject: Object(1n), isBooleanObject: Object(false),
    isArgumentsObject: (function () { return arguments })(), isArrayBufferView: new Uint8Array(),
    isSharedArrayBuffer: new SharedArrayBuffer(1), isBigInt64Array: new BigInt64Array(1),
  };
  for (const [name, value] of Object.entries(of)) {
    equal([types[name](value), types[name]({}), types[name](null), types[name](1)], [true, false, false, false], name);
  }
  equal([types.isMap({ [Symbol.toStringTag]: "Map" }), types.isDate(Object.create(Date.prototype))], [false, false]);
});

test("the rest", () => {
  ok(util.TextEncoder === TextEncoder && util.TextDecoder === TextDecoder);
  equal([stripVTControlCharacters("\u001b[31mred\u001b[39m"), toUSVString("a\ud800")], ["red", "a\ufffd"]);
  equal([util.isArray([]), typeof util.debuglog("x"), util.inspect.colors.red], [true, "function", [31, 39]]);
  const { values, positionals } = parseArgs({ args: ["-f", "--bar", "b", "p"], options: { foo: { type: "boolean", short: "f" }, bar: { type: "string" } }, allowPositionals: true });
  equal([{ ...values }, positionals], [{ foo: true, bar: "b" }, ["p"]]);
  equal(util.styleText("red", "x", { validateStream: false }), "\u001b[31mx\u001b[39m");
});
