// node:timers/promises, on the platform's timers.

const { AbortError, needSignal } = require("./internal/errors.cjs");
const { setTimeout: start, clearTimeout: stop } = globalThis;

function after(ms, value, options = {}) {
  const { signal } = options ?? {};
  return new Promise((resolve, reject) => {
    needSignal("options.signal", signal);
    if (signal?.aborted) throw new AbortError(signal);
    let timer;
    const abort = () => {
      stop(timer);
      reject(new AbortError(signal));
    };
    timer = start(() => {
      signal?.removeEventListener("abort", abort);
      resolve(value);
    }, ms);
    signal?.addEventListener("abort", abort, { once: true });
  });
}

const setTimeout = (delay = 1, value, options) => after(delay, value, options);
const setImmediate = (value, options) => after(0, value, options);

async function* setInterval(delay = 1, value, options = {}) {
  for (;;) {
    await after(delay, undefined, options);
    yield value;
  }
}

const scheduler = {
  wait: (delay, options) => after(delay, undefined, options),
  yield: () => after(0),
};

module.exports = { scheduler, setImmediate, setInterval, setTimeout };
