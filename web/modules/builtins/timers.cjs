// node:timers. The timers are the platform's own, and so their handles are numbers: there is nothing to unref.

const { needFunction } = require("./internal/errors.cjs");
const { setTimeout, clearTimeout, setInterval, clearInterval } = globalThis;

function setImmediate(callback, ...args) {
  needFunction("callback", callback);
  return setTimeout(callback, 0, ...args);
}

const timers = {
  clearImmediate: clearTimeout,
  clearInterval,
  clearTimeout,
  get promises() {
    return require("node:timers/promises");
  },
  setImmediate,
  setInterval,
  setTimeout,
};
const custom = Symbol.for("nodejs.util.promisify.custom");
for (const name of ["setTimeout", "setImmediate"]) {
  if (Object.hasOwn(timers[name], custom)) continue;
  Object.defineProperty(timers[name], custom, { get: () => timers.promises[name], configurable: true });
}
module.exports = timers;
