// In the place of `call-bind/callBound`, an intrinsic by its path, such as `Array.prototype.push`, that takes its
// receiver first.
module.exports = (path) => Function.prototype.call.bind(path.split(".").reduce((at, name) => at[name], globalThis));
