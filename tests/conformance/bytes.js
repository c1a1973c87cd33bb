// https://streams.spec.whatwg.org/#rbs-controller-class: readable streams of bytes.

const view = (...bytes) => new Uint8Array(bytes);
const from = (...chunks) => new ReadableStream({
  type: "bytes",
  start(to) {
    for (const chunk of chunks) to.enqueue(chunk);
    to.close();
  },
});

test("with a default reader", async () => {
  const reader = from(view(1, 2), new Uint16Array([3])).getReader();
  const { value } = await reader.read();
  equal(value, view(1, 2));
  const second = await reader.read();
  equal(second.value, view(3, 0), "chunks of any view arrive as Uint8Array");
  equal((await reader.read()).done, true);
});

test("enqueueing", async () => {
  let controller;
  const stream = new ReadableStream({ type: "bytes", start(to) { controller = to } });
  ok(controller instanceof ReadableByteStreamController);
  equal([controller.desiredSize, controller.byobRequest], [0, null]);
  const chunk = view(1, 2);
  controller.enqueue(chunk);
  equal([chunk.byteLength, controller.desiredSize], [0, -2], "the chunk's buffer is transferred");
  throws(TypeError, () => controller.enqueue("text"));
  throws(TypeError, () => controller.enqueue(new Uint8Array()), "an empty chunk");
  throws(TypeError, () => controller.enqueue(chunk), "a detached one");
  const reader = stream.getReader({ mode: "byob" });
  ok(reader instanceof ReadableStreamBYOBReader);
  equal((await reader.read(new Uint8Array(1))).value, view(1));
  equal((await reader.read(new Uint8Array(5))).value, view(2));
});

test("bringing one's own buffer", async () => {
  const reader = from(view(1, 2, 3, 4, 5)).getReader({ mode: "byob" });
  const mine = new Uint8Array(8);
  const { value, done } = await reader.read(mine.subarray(2, 5));
  equal([value, done, value.byteOffset, value.buffer.byteLength], [view(1, 2, 3), false, 2, 8]);
  equal(mine.byteLength, 0, "it is transferred");
  const wide = await reader.read(new Uint16Array(value.buffer, 0, 2));
  equal(wide.value, new Uint16Array(view(4, 5).buffer), "as the class of the view");
  const end = await reader.read(new Uint8Array(wide.value.buffer));
  equal([end.done, end.value.length], [true, 0], "at the end the buffer comes back");
  await rejects(TypeError, reader.read());
  await rejects(TypeError, reader.read(new Uint8Array()), "an empty view");
  await rejects(TypeError, reader.read(mine), "a detached view");
  throws(TypeError, () => new ReadableStream().getReader({ mode: "byob" }), "a stream that is not of bytes");
  throws(TypeError, () => from().getReader({ mode: "x" }));
});

test("a least number of elements", async () => {
  let pulls = 0;
  const stream = new ReadableStream({ type: "bytes", pull(to) { to.enqueue(view(++pulls)) } });
  const reader = stream.getReader({ mode: "byob" });
  equal((await reader.read(new Uint8Array(9), { min: 3 })).value.length, 3);
  await rejects(TypeError, reader.read(new Uint8Array(1), { min: 0 }));
  await rejects(RangeError, reader.read(new Uint8Array(1), { min: 2 }));
  await reader.cancel();
});

test("answering a request", async () => {
  const requests = [];
  const stream = new ReadableStream({
    type: "bytes",
    pull(to) {
      const { byobRequest } = to;
      requests.push(byobRequest.view.byteLength);
      byobRequest.view[0] = 42;
      byobRequest.respond(1);
    },
  });
  const reader = stream.getReader({ mode: "byob" });
  equal((await reader.read(new Uint8Array(4))).value, view(42));
  equal(requests, [4]);
  reader.releaseLock();
  const other = new ReadableStream({
    type: "bytes",
    pull(to) {
      const request = to.byobRequest;
      ok(request instanceof ReadableStreamBYOBRequest);
      throws(RangeError, () => request.respond(99), "more than there is room for");
      throws(TypeError, () => request.respond(0), "nothing, while it is open");
      const own = new Uint8Array(request.view.buffer, request.view.byteOffset, 2).fill(7);
      request.respondWithNewView(own);
      throws(TypeError, () => request.respond(1), "answered already");
      equal(request.view, null);
    },
  });
  equal((await other.getReader({ mode: "byob" }).read(new Uint8Array(4))).value, view(7, 7));
});

test("automatic buffers", async () => {
  let room;
  const stream = new ReadableStream({
    type: "bytes",
    autoAllocateChunkSize: 16,
    pull(to) { room = to.byobRequest.view.byteLength; to.byobRequest.view[0] = 1; to.byobRequest.respond(1) },
  });
  const { value } = await stream.getReader().read();
  equal([room, value], [16, view(1)]);
  throws(TypeError, () => new ReadableStream({ type: "bytes", autoAllocateChunkSize: 0 }));
});

test("tee", async () => {
  const [a, b] = from(view(1, 2)).tee();
  const first = (await a.getReader({ mode: "byob" }).read(new Uint8Array(2))).value;
  const second = (await b.getReader().read()).value;
  equal([first, second], [view(1, 2), view(1, 2)]);
  ok(first.buffer !== second.buffer, "each has bytes of its own");
});
