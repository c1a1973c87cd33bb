// https://html.spec.whatwg.org/multipage/timers-and-user-prompts.html#timers

/** What `start` noted by the time that all its timers are over. */
const noted = async (start, ms = 20) => {
  const seen = [];
  start((value) => seen.push(value));
  await sleep(ms);
  // A timer that one of them has set is due before this, however late they were.
  await sleep(4);
  return seen;
};

test("order", async () => {
  equal(await noted((note) => {
    setTimeout(note, 80, "c");
    setTimeout(note, 4, "b");
    setTimeout(note, 0, "a");
    setTimeout(note, 4, "b2");
    note("sync");
  }, 120), ["sync", "a", "b", "b2", "c"]);
  equal(await noted((note) => { setTimeout(note, 1, 1); setTimeout(note, 0, 0) }, 10).then((seen) => seen.sort()), [0, 1]);
  equal(await noted((note) => setTimeout(() => { note(1); setTimeout(note, 0, 2); queueMicrotask(() => note("m")) }, 0)),
    [1, "m", 2], "microtasks run before the next timer");
  equal(await noted((note) => {
    setTimeout(() => { note(1); Promise.resolve().then(() => note("m")) });
    setTimeout(note, 0, 2);
  }), [1, "m", 2], "even when both are due");
});

test("delays", async () => {
  for (const delay of [undefined, null, NaN, -1, "0", "x", 0.9, {}, -Infinity]) {
    equal(await noted((note) => setTimeout(note, delay, "ran"), 6), ["ran"], String(delay));
  }
  const started = performance.now();
  await new Promise((done) => setTimeout(done, 15));
  ok(performance.now() - started >= 14, "it is not early");
  equal(await noted((note) => setTimeout(note, 2 ** 32 + 1, "ran")), ["ran"], "a long is 32 bits");
});

test("arguments and this", async () => {
  equal(await noted((note) => setTimeout((...args) => note(args), 0, 1, "a", null)), [[1, "a", null]]);
  equal(await noted((note) => setTimeout(function () { note(arguments.length); note(this === globalThis) }, 0)), [0, true]);
  equal(await noted((note) => {
    const timer = setInterval((a, b) => { note(a + b); clearInterval(timer) }, 1, 1, 2);
  }), [3]);
});

test("ids", () => {
  const a = setTimeout(() => {}, 0), b = setInterval(() => {}, 1);
  equal(typeof a, "number");
  ok(Number.isInteger(a) && a > 0);
  ok(b !== a, "they are told apart");
  equal(clearTimeout(b), undefined, "either function clears either");
  clearInterval(a);
  for (const id of [undefined, null, 0, -1, NaN, 1e9, "x", {}]) equal(clearTimeout(id), undefined, String(id));
});

test("clearing", async () => {
  equal(await noted((note) => clearTimeout(setTimeout(note, 1, "ran"))), []);
  equal(await noted((note) => {
    setTimeout(() => clearTimeout(second), 1);
    const second = setTimeout(note, 2, "ran");
  }), [], "from another timer");
  equal(await noted((note) => { const id = setTimeout(note, 1, "ran"); clearTimeout(String(id)) }), [], "an id is converted");
  equal(await noted((note) => clearInterval(setTimeout(note, 1, "ran"))), []);
});

test("a handler has to be given", () => {
  throws(TypeError, () => setTimeout());
  throws(TypeError, () => setInterval());
  throws(TypeError, () => setTimeout.call({}, () => {}));
});

test("intervals", async () => {
  equal(await noted((note) => {
    let count = 0;
    const timer = setInterval(() => { note(++count); if (count === 3) clearInterval(timer) }, 1);
  }, 40), [1, 2, 3]);
  equal(await noted((note) => {
    const timer = setInterval(() => { note("i"); setTimeout(clearInterval, 0, timer); clearInterval(timer) }, 0);
  }), ["i"], "cleared while it runs");
});

test("code in a string is compiled, in the global scope", async () => {
  setTimeout("globalThis.compiled = typeof noted", 0);
  await sleep(3);
  equal(globalThis.compiled, "undefined");
  delete globalThis.compiled;
});

test("deeply nested timers are clamped to 4 ms", async () => {
  const started = performance.now();
  await new Promise((done) => {
    let level = 0;
    const next = () => ++level < 10 ? setTimeout(next, 0) : done();
    setTimeout(next, 0);
  });
  const took = performance.now() - started;
  ok(took >= 15, `ten levels took ${took} ms`);
});

test("functions", () => {
  for (const [name, length] of [["setTimeout", 1], ["setInterval", 1], ["clearTimeout", 0], ["clearInterval", 0]]) {
    equal([globalThis[name].name, globalThis[name].length], [name, length]);
  }
});
