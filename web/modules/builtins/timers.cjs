// node:timers. The timers are the platform's own, and so their handles are numbers: there is nothing to unref.

const { needFunction } = require("./internal/errors.cjs");
const { setTimeout: start, clearTimeout: stop, setInterval: repeat } = globalThis;

// The platform's own look at their `this`, which here would be the module.
function setTimeout(callback, delay, ...args) {
  needFunction("callback", callback);
  return start(callback, delay, ...args);
}

function setInterval(callback, delay, ...args) {
  needFunction("callback", callback);
  return repeat(callback, delay, ...args);
}

function setImmediate(callback, ...args) {
  needFunction("callback", callback);
  return start(callback, 0, ...args);
}

const clear = (timer) => stop(timer);

const timers = {
  clearImmediate: clear,
  clearInterval: clear,
  clearTimeout: clear,
  get promises() {
    return require("node:timers/promises");
  },
  setImmediate,
  setInterval,
  setTimeout,
};
const custom = Symbol.for("nodejs.util.promisify.custom");
for (const name of ["setTimeout", "setImmediate"]) {
  Object.defineProperty(timers[name], custom, { get: () => timers.promises[name], configurable: true });
}
module.exports = timers;
