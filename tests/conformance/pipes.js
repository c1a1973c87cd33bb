// https://streams.spec.whatwg.org: writable streams, transform streams, pipes.

const from = (...chunks) => ReadableStream.from(chunks);
/** A writable stream that notes what happens to it. */
const sink = (notes, rest = {}, strategy) => new WritableStream({
  write: (chunk) => { notes.push(chunk) },
  close: () => { notes.push("close") },
  abort: (reason) => { notes.push(`abort ${reason}`) },
  ...rest,
}, strategy);

test("writing", async () => {
  const notes = [], stream = sink(notes);
  equal(stream.locked, false);
  const writer = stream.getWriter();
  ok(writer instanceof WritableStreamDefaultWriter);
  equal([stream.locked, writer.desiredSize], [true, 1]);
  equal(await writer.ready, undefined);
  const first = writer.write("a");
  writer.write("b");
  equal(writer.desiredSize, -1, "backpressure");
  equal(await first, undefined);
  equal(await writer.close(), undefined);
  equal(notes, ["a", "b", "close"]);
  equal(await writer.closed, undefined);
  await rejects(TypeError, writer.write("c"));
  await rejects(TypeError, writer.close());
  equal(writer.desiredSize, 0);
});

test("one call at a time", async () => {
  let open = 0, most = 0;
  const writer = new WritableStream({
    async write() { most = Math.max(most, ++open); await sleep(1); open-- },
  }).getWriter();
  await Promise.all([writer.write(1), writer.write(2), writer.write(3)]);
  equal(most, 1);
});

test("backpressure", async () => {
  let go;
  const writer = new WritableStream({ write: () => new Promise((done) => go = done) }, { highWaterMark: 2 }).getWriter();
  await writer.ready;
  writer.write(1);
  equal(writer.desiredSize, 1);
  writer.write(2);
  let ready = false;
  const waiting = writer.ready.then(() => ready = true);
  await sleep(1);
  equal([writer.desiredSize, ready], [0, false]);
  go();
  await waiting;
  equal([writer.desiredSize, ready], [1, true]);
  const sized = new WritableStream({ write: () => sleep(1) }, new ByteLengthQueuingStrategy({ highWaterMark: 10 })).getWriter();
  sized.write(new Uint8Array(4));
  equal(sized.desiredSize, 6);
});

test("aborting and errors", async () => {
  const notes = [], stream = sink(notes), writer = stream.getWriter();
  equal(await writer.abort("why"), undefined);
  equal(notes, ["abort why"]);
  let reason;
  await writer.write(1).catch((error) => reason = error);
  equal(reason, "why");
  let controller;
  const other = new WritableStream({ start(to) { controller = to } });
  ok(controller instanceof WritableStreamDefaultController && controller.signal instanceof AbortSignal);
  other.abort("stop");
  equal([controller.signal.aborted, controller.signal.reason], [true, "stop"]);
  const failing = new WritableStream({ write() { throw new URIError() } }).getWriter();
  await rejects(URIError, failing.write(1));
  await rejects(URIError, failing.write(2));
  await rejects(URIError, failing.closed);
  const erred = new WritableStream({ start(to) { to.error(new URIError()) } });
  await rejects(URIError, erred.getWriter().closed);
  throws(RangeError, () => new WritableStream({ type: "bytes" }), "types are for the future");
  await rejects(TypeError, (() => { const it = new WritableStream(); it.getWriter(); return it.abort() })(), "locked");
});

test("locks of writers", async () => {
  const notes = [], stream = sink(notes), writer = stream.getWriter();
  throws(TypeError, () => stream.getWriter());
  await rejects(TypeError, stream.close());
  writer.releaseLock();
  equal(stream.locked, false);
  throws(TypeError, () => writer.desiredSize);
  await rejects(TypeError, writer.write(1));
  await rejects(TypeError, writer.closed);
  await stream.close();
  equal(notes, ["close"]);
});

test("pipes", async () => {
  const notes = [], source = from(1, 2), target = sink(notes);
  const piping = source.pipeTo(target);
  equal([source.locked, target.locked], [true, true]);
  equal(await piping, undefined);
  equal([notes, source.locked, target.locked], [[1, 2, "close"], false, false]);
  const open = [];
  await from(1).pipeTo(sink(open), { preventClose: true });
  equal(open, [1], "preventClose");
  const aborted = [];
  const broken = () => new ReadableStream({ pull(to) { to.error("bad") } });
  let reason;
  await broken().pipeTo(sink(aborted)).catch((error) => reason = error);
  equal([reason, aborted], ["bad", ["abort bad"]], "the source's error aborts the target");
  const kept = [];
  await broken().pipeTo(sink(kept), { preventAbort: true }).catch(() => {});
  equal(kept, [], "preventAbort");
  let cancelled;
  const endless = (cancel) => new ReadableStream({ pull: (to) => to.enqueue(1), cancel });
  await rejects(URIError, endless((why) => { cancelled = why }).pipeTo(new WritableStream({ write() { throw new URIError() } })));
  ok(cancelled instanceof URIError, "the target's error cancels the source");
  cancelled = "not";
  await endless((why) => { cancelled = why }).pipeTo(new WritableStream({ write() { throw 1 } }), { preventCancel: true }).catch(() => {});
  equal(cancelled, "not", "preventCancel");
});

test("pipes end with a signal", async () => {
  const notes = [], controller = new AbortController();
  let cancelled;
  const source = new ReadableStream({ cancel(why) { cancelled = why } });
  const piping = source.pipeTo(sink(notes), { signal: controller.signal });
  controller.abort("stop");
  let reason;
  await piping.catch((error) => reason = error);
  equal([reason, cancelled, notes], ["stop", "stop", ["abort stop"]]);
  await rejects("AbortError", from(1).pipeTo(sink([]), { signal: AbortSignal.abort() }));
  await rejects(TypeError, from(1).pipeTo({}));
  await rejects(TypeError, from(1).pipeTo(new WritableStream(), { signal: 1 }));
});

test("backpressure through a pipe", async () => {
  let pulled = 0, go;
  const source = new ReadableStream({ pull(to) { to.enqueue(++pulled) } }, { highWaterMark: 0 });
  const gate = new Promise((done) => go = done);
  const controller = new AbortController();
  const piping = source.pipeTo(new WritableStream({ write: () => gate }), { signal: controller.signal });
  await sleep(2);
  ok(pulled <= 2, `${pulled} chunks were made for a target that takes none`);
  controller.abort(0);
  go();
  await piping.catch(() => {});
});

test("transforms", async () => {
  const upper = new TransformStream({
    start(to) { to.enqueue("start") },
    transform(chunk, to) { to.enqueue(chunk.toUpperCase()); to.enqueue(chunk) },
    flush(to) { to.enqueue("flush") },
  });
  equal(await Array.fromAsync(from("a", "b").pipeThrough(upper)), ["start", "A", "a", "B", "b", "flush"]);
  equal(await Array.fromAsync(from(1, 2).pipeThrough(new TransformStream())), [1, 2], "without a transformer all passes");
  const pair = { readable: from("r"), writable: new WritableStream() };
  ok(from().pipeThrough(pair) === pair.readable);
  throws(TypeError, () => from().pipeThrough({}));
  throws(RangeError, () => new TransformStream({ readableType: "bytes" }));
  throws(RangeError, () => new TransformStream({ writableType: "bytes" }));
});

test("transforms that end early, fail or are given up", async () => {
  const first = new TransformStream({ transform(chunk, to) { to.enqueue(chunk); to.terminate() } });
  const reader = first.readable.getReader(), writer = first.writable.getWriter();
  writer.closed.catch(() => {});
  const writing = writer.write(1);
  equal((await reader.read()).value, 1);
  equal((await reader.read()).done, true);
  await writing;
  await rejects(TypeError, writer.write(2), "terminate() errors the writable side");
  const failing = new TransformStream({ transform() { throw new URIError() } });
  const failed = failing.writable.getWriter();
  failed.closed.catch(() => {});
  const reading = failing.readable.getReader().read();
  await rejects(URIError, failed.write(1));
  await rejects(URIError, reading);
  let why;
  const cancelled = new TransformStream({ cancel(reason) { why = reason } });
  await cancelled.readable.cancel("no more");
  equal(why, "no more", "cancel() is told");
  const aborted = new TransformStream({ cancel(reason) { why = reason } });
  await aborted.writable.abort("gone");
  equal(why, "gone");
  await aborted.readable.getReader().read().catch((error) => equal(error, "gone"));
});

test("backpressure of transforms", async () => {
  const { readable, writable } = new TransformStream();
  const writer = writable.getWriter();
  equal(writer.desiredSize, 1);
  let written = false;
  const writing = writer.write("x").then(() => written = true);
  await sleep(1);
  equal(written, false, "nobody reads");
  equal((await readable.getReader().read()).value, "x");
  await writing;
  equal(written, true);
  let controller;
  new TransformStream({ start(to) { controller = to } }, undefined, { highWaterMark: 4 });
  equal(controller.desiredSize, 4);
});
