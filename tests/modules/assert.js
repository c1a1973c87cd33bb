// https://nodejs.org/docs/latest-v20.x/api/assert.html
import assert, { AssertionError, strict } from "node:assert";
import strictModule from "node:assert/strict";

const fails = (body) => {
  try { body() } catch (error) { return error }
  return null;
};

test("truth and equality", () => {
  equal([assert(1), assert.ok("a"), assert.equal(1, "1"), assert.strictEqual(1, 1), assert.notStrictEqual(1, "1")], Array(5).fill(undefined));
  const error = fails(() => assert.strictEqual(1, 2));
  ok(error instanceof AssertionError && error instanceof Error);
  equal([error.name, error.code, error.actual, error.expected, error.operator, error.generatedMessage],
    ["AssertionError", "ERR_ASSERTION", 1, 2, "strictEqual", true]);
  equal(error.message, "Expected values to be strictly equal:\n\n1 !== 2\n");
  equal([fails(() => assert(false, "mine")).message, fails(() => assert.equal(1, 2)).message], ["mine", "1 == 2"]);
  equal(fails(() => assert.fail("boom")).message, "boom");
  ok(fails(() => assert.ok(0, new RangeError("own"))) instanceof RangeError);
  equal(fails(() => assert.strictEqual(NaN, NaN)), null);
});

test("deep", () => {
  assert.deepStrictEqual({ a: [1, new Map([["x", 1]])] }, { a: [1, new Map([["x", 1]])] });
  assert.deepEqual({ a: 1 }, { a: "1" });
  assert.notDeepStrictEqual({ a: 1 }, { a: "1" });
  const error = fails(() => assert.deepStrictEqual({ a: 1 }, { a: 2 }));
  equal([error.code, error.operator], ["ERR_ASSERTION", "deepStrictEqual"]);
  ok(error.message.startsWith("Expected values to be strictly deep-equal:\n"), error.message);
  ok(error.message.includes("a: 1") && error.message.includes("a: 2"), error.message);
});

test("throws and rejects", async () => {
  assert.throws(() => { throw new TypeError("bad") }, TypeError);
  assert.throws(() => { throw new TypeError("bad") }, /bad/);
  assert.throws(() => { throw new TypeError("bad") }, { name: "TypeError", message: "bad" });
  equal(fails(() => assert.throws(() => {})).message, "Missing expected exception.");
  assert.doesNotThrow(() => {});
  await assert.rejects(Promise.reject(new RangeError("r")), RangeError);
  equal((await assert.rejects(Promise.resolve()).catch((error) => error)).message, "Missing expected rejection.");
  await assert.doesNotReject(Promise.resolve());
});

test("match, ifError, strict", () => {
  assert.match("abc", /b/);
  assert.doesNotMatch("abc", /x/);
  equal(fails(() => assert.match("abc", /x/)).code, "ERR_ASSERTION");
  assert.ifError(null);
  ok(fails(() => assert.ifError(new Error("e"))) instanceof Error);
  ok(strict.equal === strict.strictEqual || fails(() => strict.equal(1, "1")) !== null);
  ok(strictModule === strict && assert.strict === strict);
});
