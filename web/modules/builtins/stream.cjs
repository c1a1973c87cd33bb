// node:stream: Node's own, as the package readable-stream has it.

module.exports = require("readable-stream/lib/stream.js");
