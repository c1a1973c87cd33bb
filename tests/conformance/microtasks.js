// https://html.spec.whatwg.org/multipage/webappapis.html#perform-a-microtask-checkpoint,
// https://tc39.es/ecma262/#sec-jobs

const noted = async (start) => {
  const seen = [];
  start((value) => seen.push(value));
  await sleep(5);
  return seen.join(" ");
};

test("queueMicrotask", async () => {
  equal(await noted((note) => { queueMicrotask(() => note("b")); note("a") }), "a b");
  equal(await noted((note) => {
    Promise.resolve().then(() => note("p1"));
    queueMicrotask(() => note("m"));
    Promise.resolve().then(() => note("p2"));
  }), "p1 m p2", "one queue for all");
  equal(await noted((note) => {
    setTimeout(() => note("timer"), 0);
    queueMicrotask(() => { note("m1"); queueMicrotask(() => note("m2")) });
  }), "m1 m2 timer", "all of them come before the next task");
  equal(await noted((note) => queueMicrotask(function (...args) { note(args.length); note(String(this)) })), "0 undefined");
  equal(queueMicrotask(() => {}), undefined);
  equal([queueMicrotask.name, queueMicrotask.length], ["queueMicrotask", 1]);
  for (const callback of [undefined, null, 1, "x", {}]) throws(TypeError, () => queueMicrotask(callback), String(callback));
});

test("async functions", async () => {
  equal(await noted(async (note) => {
    const inner = async () => { note("2"); await null; note("5") };
    note("1");
    const promise = inner().then(() => note("7"));
    note("3");
    queueMicrotask(() => note("6"));
    note("4");
    await promise;
  }), "1 2 3 4 5 6 7");
  equal(await noted((note) => {
    (async () => { await Promise.resolve(); note("await") })();
    Promise.resolve().then(() => note("then"));
  }), "await then", "await of a promise takes one turn");
  equal(await noted((note) => {
    const thenable = { then(done) { note("then()"); done() } };
    (async () => { await thenable; note("after") })();
    Promise.resolve().then(() => note("1")).then(() => note("2"));
  }), "then() 1 after 2", "a thenable takes a turn more");
  equal(await noted((note) => {
    (async () => Promise.resolve())().then(() => note("returned"));
    Promise.resolve().then(() => note("1")).then(() => note("2")).then(() => note("3")).then(() => note("4"));
  }), "1 2 returned 3 4", "a promise that is returned takes two");
});

test("combinators", async () => {
  const no = (reason) => Promise.reject(reason);
  equal(await Promise.all([1, Promise.resolve(2), { then: (done) => done(3) }]), [1, 2, 3]);
  equal(await Promise.allSettled([1, no(2)]), [{ status: "fulfilled", value: 1 }, { status: "rejected", reason: 2 }]);
  equal(await Promise.any([no(1), 2]), 2);
  await rejects(AggregateError, Promise.any([no(1)]));
  equal(await Promise.race([sleep(50), "first"]), "first");
  equal(await Promise.try((a) => a + 1, 1), 2);
  await rejects(RangeError, Promise.try(() => { throw new RangeError() }));
  const { promise, resolve } = Promise.withResolvers();
  resolve(7);
  equal(await promise, 7);
  equal(await Array.fromAsync((async function* () { yield 1; yield 2 })()), [1, 2]);
});

test("a rejection that is handled in time ends nothing", async () => {
  const promise = Promise.reject(new Error("handled"));
  await null;
  const message = await promise.catch((error) => error.message);
  equal(message, "handled");
  const late = Promise.reject(1);
  queueMicrotask(() => late.catch(() => {}));
  equal(await Promise.race([late.catch(() => "caught")]), "caught");
});

test("for await", async () => {
  const seen = [];
  const source = {
    [Symbol.asyncIterator]: () => {
      let n = 0;
      return { next: async () => ({ done: n === 3, value: n++ }), return: async () => { seen.push("return"); return {} } };
    },
  };
  for await (const value of source) seen.push(value);
  for await (const value of source) { seen.push(value); break }
  equal(seen, [0, 1, 2, 0, "return"]);
});
