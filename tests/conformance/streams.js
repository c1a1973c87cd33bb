// https://streams.spec.whatwg.org: readable streams.

const from = (...chunks) => new ReadableStream({
  start(to) {
    for (const chunk of chunks) to.enqueue(chunk);
    to.close();
  },
});

test("reading", async () => {
  const stream = from("a", "b");
  equal(stream.locked, false);
  const reader = stream.getReader();
  ok(reader instanceof ReadableStreamDefaultReader);
  equal(stream.locked, true);
  equal(await reader.read(), { value: "a", done: false });
  equal(await reader.read(), { value: "b", done: false });
  equal(await reader.read(), { value: undefined, done: true });
  equal(await reader.read(), { value: undefined, done: true }, "the end stays the end");
  equal(await reader.closed, undefined);
});

test("locks", async () => {
  const stream = from(1, 2), reader = stream.getReader();
  throws(TypeError, () => stream.getReader());
  throws(TypeError, () => new ReadableStreamDefaultReader(stream));
  await rejects(TypeError, stream.cancel());
  throws(TypeError, () => stream.tee());
  throws(TypeError, () => stream.pipeThrough(new TransformStream()));
  await rejects(TypeError, stream.pipeTo(new WritableStream()));
  equal(reader.releaseLock(), undefined);
  equal(stream.locked, false);
  await rejects(TypeError, reader.read(), "a reader without a stream");
  await rejects(TypeError, reader.closed);
  equal((await stream.getReader().read()).value, 1, "nothing is lost");
  const waiting = new ReadableStream().getReader();
  const pending = waiting.read();
  waiting.releaseLock();
  await rejects(TypeError, pending, "a read under way");
});

test("pulling", async () => {
  const calls = [];
  const stream = new ReadableStream({
    start: () => { calls.push("start") },
    pull(to) { calls.push("pull"); to.enqueue(calls.length) },
  });
  equal(calls, ["start"]);
  await null;
  equal(calls, ["start", "pull"], "the queue takes one chunk by default");
  const reader = stream.getReader();
  equal(await reader.read(), { value: 2, done: false });
  await null;
  equal(calls.length, 3, "the place is filled again");
  const lazy = [];
  const empty = new ReadableStream({ pull(to) { lazy.push("pull"); to.enqueue(1) } }, { highWaterMark: 0 });
  await sleep(0);
  equal(lazy, [], "a queue of nothing waits for a reader");
  await empty.getReader().read();
  equal(lazy, ["pull"]);
  let open = 0, most = 0;
  const slow = new ReadableStream({
    async pull(to) { most = Math.max(most, ++open); await sleep(1); open--; to.enqueue(1) },
  }, { highWaterMark: 3 });
  const slowReader = slow.getReader();
  await Promise.all([slowReader.read(), slowReader.read(), slowReader.read()]);
  equal(most, 1, "one call of pull at a time");
  await slowReader.cancel();
});

test("the controller", async () => {
  let controller;
  const sizes = [];
  const stream = new ReadableStream({ start(to) { controller = to } }, { highWaterMark: 5, size: (chunk) => chunk.length });
  ok(controller instanceof ReadableStreamDefaultController);
  sizes.push(controller.desiredSize);
  controller.enqueue("abc");
  sizes.push(controller.desiredSize);
  controller.enqueue("defg");
  sizes.push(controller.desiredSize);
  equal(sizes, [5, 2, -2], "more than fits may be put there");
  controller.close();
  throws(TypeError, () => controller.enqueue("x"), "closed");
  throws(TypeError, () => controller.close(), "closed twice");
  equal(await Array.fromAsync(stream), ["abc", "defg"], "what is queued is read still");
  equal(controller.desiredSize, 0);
  throws(TypeError, () => new ReadableStreamDefaultController());
  throws(RangeError, () => new ReadableStream({}, { highWaterMark: -1 }));
  throws(RangeError, () => new ReadableStream({}, { highWaterMark: NaN }));
  throws(RangeError, () => new ReadableStream({ start(to) { to.enqueue(1) } }, { size: () => -1 }));
  throws(TypeError, () => new ReadableStream({}, { size: 1 }));
  throws(TypeError, () => new ReadableStream({ start: 1 }));
  throws(TypeError, () => new ReadableStream(null));
  throws(RangeError, () => new ReadableStream({ type: "bytes" }, { size: () => 1 }));
  throws(TypeError, () => new ReadableStream({ type: "x" }));
});

test("errors", async () => {
  const why = new URIError("why");
  for (const [what, source] of [
    ["start", { start: () => Promise.reject(why) }],
    ["pull", { pull() { throw why } }],
    ["error()", { start: (to) => to.error(why) }],
  ]) {
    const reader = new ReadableStream(source).getReader();
    await rejects(URIError, reader.read(), what);
    await rejects(URIError, reader.closed, what);
    await rejects(URIError, reader.read(), `${what}, again`);
  }
  throws(URIError, () => new ReadableStream({ start() { throw why } }), "start() that throws");
  let controller;
  const stream = new ReadableStream({ start(to) { controller = to; to.enqueue(1) } });
  controller.error(why);
  await rejects(URIError, stream.getReader().read(), "an error empties the queue");
  equal(controller.desiredSize, null);
  throws(TypeError, () => controller.enqueue(1));
});

test("cancelling", async () => {
  const reasons = [];
  const stream = new ReadableStream({ cancel: async (reason) => { reasons.push(reason); return "ignored" } });
  equal(await stream.cancel("enough"), undefined);
  equal(reasons, ["enough"]);
  equal((await stream.getReader().read()).done, true);
  equal(await from(1).cancel(), undefined, "one that is closed");
  const failing = new ReadableStream({ cancel() { throw new URIError() } });
  await rejects(URIError, failing.cancel());
  const reader = from(1, 2).getReader();
  await reader.cancel();
  equal(await reader.read(), { value: undefined, done: true }, "the queue is dropped");
  const broken = new ReadableStream({ start: (to) => to.error(new URIError()) });
  await rejects(URIError, broken.cancel());
});

test("iteration", async () => {
  const seen = [];
  const stream = from(1, 2, 3);
  for await (const chunk of stream) seen.push(chunk);
  equal([seen, stream.locked], [[1, 2, 3], false]);
  let cancelled;
  const endless = new ReadableStream({ pull: (to) => to.enqueue(1), cancel: (reason) => { cancelled = [reason] } });
  for await (const _ of endless) break;
  equal([cancelled, endless.locked], [[undefined], false], "leaving the loop cancels");
  const kept = from(1, 2);
  for await (const _ of kept.values({ preventCancel: true })) break;
  equal((await kept.getReader().read()).value, 2, "preventCancel");
  const broken = new ReadableStream({ start: (to) => to.error(new URIError()) });
  await rejects(URIError, Array.fromAsync(broken));
  equal(ReadableStream.prototype[Symbol.asyncIterator], ReadableStream.prototype.values);
});

test("ReadableStream.from", async () => {
  equal(await Array.fromAsync(ReadableStream.from([1, Promise.resolve(2)])), [1, 2]);
  equal(await Array.fromAsync(ReadableStream.from((async function* () { yield "a"; yield "b" })())), ["a", "b"]);
  let returned = false;
  const iterable = { async *[Symbol.asyncIterator]() { try { yield 1; yield 2 } finally { returned = true } } };
  const reader = ReadableStream.from(iterable).getReader();
  await reader.read();
  await reader.cancel();
  equal(returned, true, "cancelling ends the iterator");
  throws(TypeError, () => ReadableStream.from(1));
  throws(TypeError, () => ReadableStream.from({}));
});

test("tee", async () => {
  const chunk = {};
  const [a, b] = from(chunk, 2).tee();
  const first = await a.getReader().read(), second = await b.getReader().read();
  ok(first.value === chunk && second.value === chunk, "both get the same chunks");
  const reasons = [];
  const [c, d] = new ReadableStream({ cancel(reason) { reasons.push(reason) } }).tee();
  const cancelling = c.cancel(1);
  equal(reasons, [], "the source lives while one reads");
  await Promise.all([cancelling, d.cancel(2)]);
  equal(reasons, [[1, 2]]);
  const [e, f] = new ReadableStream({ pull(to) { to.error(new URIError()) } }).tee();
  await rejects(URIError, e.getReader().read());
  await rejects(URIError, f.getReader().read());
  let pulls = 0;
  const [g] = new ReadableStream({ pull(to) { to.enqueue(++pulls) } }, { highWaterMark: 0 }).tee();
  await sleep(0);
  ok(pulls <= 1, "a branch that nobody reads pulls no more than its place");
  equal((await g.getReader().read()).value, 1);
});

test("strategies", () => {
  const count = new CountQueuingStrategy({ highWaterMark: 3 }), bytes = new ByteLengthQueuingStrategy({ highWaterMark: "4" });
  equal([count.highWaterMark, count.size("long chunk")], [3, 1]);
  equal([bytes.highWaterMark, bytes.size(new Uint8Array(7))], [4, 7]);
  throws(TypeError, () => new CountQueuingStrategy());
  throws(TypeError, () => new ByteLengthQueuingStrategy({}));
  ok(count.size === new CountQueuingStrategy({ highWaterMark: 1 }).size, "one function for all");
});
