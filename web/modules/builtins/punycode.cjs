// node:punycode: the package that Node's own was taken from.
module.exports = require("punycode/punycode.js");
