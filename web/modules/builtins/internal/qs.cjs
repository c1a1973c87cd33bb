// What the package `url` asks of `qs`, by node:querystring, as Node does it.
const querystring = require("node:querystring");
module.exports = { parse: (text) => querystring.parse(text), stringify: (object) => querystring.stringify(object) };
