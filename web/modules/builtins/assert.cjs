// node:assert: the package of that name, on our node:util.

const assert = require("assert/build/assert.js");

// The package makes `strict` a function of its own; Node's is one with itself.
assert.strict.strict = assert.strict;
assert.strict.AssertionError = assert.AssertionError;
module.exports = assert;
