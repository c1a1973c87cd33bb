// https://html.spec.whatwg.org/multipage/structured-data.html, https://html.spec.whatwg.org/multipage/web-messaging.html

test("primitives", () => {
  for (const value of [undefined, null, true, false, 0, -0, 1.5, NaN, Infinity, 10n ** 30n, -5n, "", "text", "\ud800", "\u{1f600}"]) {
    equal(structuredClone(value), value, String(value));
  }
  throws("DataCloneError", () => structuredClone(Symbol("s")));
  throws(TypeError, () => structuredClone());
});

test("objects and arrays", () => {
  const value = { a: [1, , 3], b: { c: { d: null } }, "": 0, 2: "two", 1: "one" };
  const clone = structuredClone(value);
  ok(clone !== value && clone.b !== value.b && clone.a !== value.a);
  equal(Object.keys(clone), ["1", "2", "a", "b", ""]);
  equal([clone.a.length, 1 in clone.a, clone.a[2]], [3, false, 3], "a hole stays a hole");
  equal(clone.b, { c: { d: null } });
  const array = Object.assign([1], { extra: 2 });
  equal(structuredClone(array).extra, 2, "what else an array has");
  const same = {};
  const both = structuredClone([same, same]);
  ok(both[0] === both[1], "identity is kept");
  const ring = [];
  ring.push(ring);
  const clonedRing = structuredClone(ring);
  ok(clonedRing[0] === clonedRing && clonedRing !== ring, "so are cycles");
});

test("what is not carried over", () => {
  class Point {
    #secret = 1;
    constructor() { this.x = 1 }
    get y() { return 2 }
  }
  const clone = structuredClone(new Point());
  equal(Object.getPrototypeOf(clone), Object.prototype, "the prototype");
  equal(Object.keys(clone), ["x"], "accessors of the prototype");
  const value = Object.defineProperty({ [Symbol("s")]: 1 }, "hidden", { value: 1 });
  equal(Reflect.ownKeys(structuredClone(value)), [], "symbols and properties that are not enumerable");
  let calls = 0;
  equal(structuredClone({ get a() { return ++calls } }), { a: 1 }, "a getter is called once");
  equal(calls, 1);
  equal(Object.isFrozen(structuredClone(Object.freeze({ a: 1 }))), false);
  const regexp = /a/g;
  regexp.lastIndex = 3;
  equal(structuredClone(regexp).lastIndex, 0);
});

test("the language's own classes", () => {
  equal(structuredClone(new Date(42)).getTime(), 42);
  ok(Number.isNaN(structuredClone(new Date(NaN)).getTime()));
  const { source, flags } = structuredClone(/a\/b/giu);
  equal([source, flags], ["a\\/b", "giu"]);
  const map = structuredClone(new Map([[{ k: 1 }, [2]], ["x", undefined]]));
  equal([...map], [[{ k: 1 }, [2]], ["x", undefined]]);
  equal([...structuredClone(new Set([1, "a", null]))], [1, "a", null]);
  const selfMap = new Map();
  selfMap.set("self", selfMap);
  const clonedMap = structuredClone(selfMap);
  ok(clonedMap.get("self") === clonedMap);
  for (const boxed of [new Number(1), new String("s"), new Boolean(false), Object(1n)]) {
    const clone = structuredClone(boxed);
    equal([typeof clone, clone.valueOf(), clone.constructor], ["object", boxed.valueOf(), boxed.constructor], boxed.constructor.name);
  }
  throws("DataCloneError", () => structuredClone(Object(Symbol())));
});

test("errors", () => {
  for (const type of [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError]) {
    const clone = structuredClone(new type("m"));
    equal([clone.constructor, clone.name, clone.message], [type, type.name, "m"]);
  }
  class Own extends RangeError { name = "Own" }
  equal([structuredClone(new Own("m")).name, structuredClone(new Own("m")).constructor], ["Error", Error], "a name of one's own");
  equal(structuredClone(new Error("m", { cause: { a: 1 } })).cause, { a: 1 });
  const clone = structuredClone(new DOMException("m", "TimeoutError"));
  equal([clone.name, clone.message, clone.code], ["TimeoutError", "m", 23]);
});

test("bytes", () => {
  const buffer = new Uint8Array([1, 2, 3, 4]).buffer;
  equal(new Uint8Array(structuredClone(buffer)), new Uint8Array([1, 2, 3, 4]));
  for (const kind of [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array]) {
    const clone = structuredClone(kind.of(1, 2));
    equal(clone, kind.of(1, 2), kind.name);
  }
  equal(structuredClone(BigInt64Array.of(-1n)), BigInt64Array.of(-1n));
  const view = structuredClone(new DataView(buffer, 1, 2));
  equal([view.byteOffset, view.byteLength, view.getUint8(0)], [1, 2, 2]);
  const [a, b] = structuredClone([new Uint8Array(buffer, 0, 2), new Uint8Array(buffer, 2)]);
  ok(a.buffer === b.buffer, "views of one buffer share the clone of it");
});

test("transfer", () => {
  const buffer = new ArrayBuffer(8);
  const moved = structuredClone({ buffer }, { transfer: [buffer] });
  equal([moved.buffer.byteLength, buffer.byteLength, buffer.detached], [8, 0, true]);
  const unused = new ArrayBuffer(2);
  structuredClone(null, { transfer: [unused] });
  equal(unused.detached, true, "even if the value does not hold it");
  throws("DataCloneError", () => structuredClone(null, { transfer: [unused] }), "detached");
  const twice = new ArrayBuffer(1);
  throws("DataCloneError", () => structuredClone(null, { transfer: [twice, twice] }), "twice");
  equal(twice.detached, false);
  throws("DataCloneError", () => structuredClone(null, { transfer: [{}] }));
  throws(TypeError, () => structuredClone(null, { transfer: 1 }));
});

test("what can't be cloned", () => {
  for (const [what, value] of [
    ["a function", () => {}], ["a class", class {}], ["a promise", Promise.resolve()], ["a weak map", new WeakMap()],
    ["a weak set", new WeakSet()], ["a weak reference", new WeakRef({})], ["a proxy", new Proxy({}, {})],
    ["a port", new MessageChannel().port1], ["an event", new Event("x")], ["a target", new EventTarget()], ["a URL", new URL("a:b")],
    ["a stream", new ReadableStream()], ["a signal", AbortSignal.abort()], ["inside", { a: [() => {}] }],
  ]) throws("DataCloneError", () => structuredClone(value), what);
});

test("Temporal's objects can't be cloned, and the error says what to do", () => {
  if (typeof Temporal === "undefined") return ok(true);
  const day = Temporal.PlainDate.from("2026-11-30");
  const words = "[object Temporal.PlainDate] could not be cloned. Clone its text, String(it), and read that with Temporal.PlainDate.from().";
  const { port1 } = new MessageChannel();
  for (const clone of [structuredClone, (value) => port1.postMessage(value)]) {
    for (const value of [day, { day }, [new Map([[1, day]])], new (class Mine extends Temporal.PlainDate {})(2026, 11, 30)]) {
      let caught;
      try { clone(value) } catch (error) { caught = error }
      ok(caught instanceof DOMException);
      equal([caught.name, caught.message], ["DataCloneError", words]);
    }
  }
  for (const value of [
    Temporal.PlainTime.from("12:00"), Temporal.PlainDateTime.from("2026-11-30T12:00"), Temporal.PlainYearMonth.from("2026-11"), Temporal.PlainMonthDay.from("11-30"),
    Temporal.ZonedDateTime.from("2026-11-30[UTC]"), Temporal.Instant.from("2026-11-30T12:00Z"), Temporal.Duration.from("P1D"),
  ]) throws("DataCloneError", () => structuredClone(value), String(value));
  equal(structuredClone(Object.create(Temporal.PlainDate.prototype)), {}, "what only looks like one is a plain object");
});

test("errors that getters throw pass through", () => {
  const own = new RangeError("mine");
  let caught;
  try { structuredClone({ get a() { throw own } }) } catch (error) { caught = error }
  ok(caught === own);
});

test("a TypeError, too", () => {
  throws(TypeError, () => structuredClone({ get a() { throw new TypeError("mine") } }));
});

test("MessageChannel", async () => {
  const { port1, port2 } = new MessageChannel();
  ok(port1 instanceof MessagePort && port1 instanceof EventTarget);
  const order = [];
  const got = new Promise((done) => {
    port2.onmessage = ({ data }) => { order.push(data); if (data === 3) done() };
  });
  for (const data of [1, 2, 3]) port1.postMessage(data);
  order.push("sync");
  await got;
  equal(order, ["sync", 1, 2, 3], "messages arrive later and in order");
  const answer = until(port2, "message");
  port1.postMessage({ a: new Map([[1, 2]]) });
  const event = await answer;
  ok(event instanceof MessageEvent);
  equal([event.data.a.get(1), event.origin, event.source, [...event.ports]], [2, "", null, []]);
  throws("DataCloneError", () => port1.postMessage(() => {}));
  throws("DataCloneError", () => port1.postMessage(null, [port1]), "a port can't be sent through itself");
  port1.close();
  port2.close();
  equal(port1.postMessage("nobody"), undefined, "a closed port takes anything");
});

test("a port waits until it is started", async () => {
  const { port1, port2 } = new MessageChannel();
  let heard = 0;
  port2.addEventListener("message", () => heard++);
  port1.postMessage(1);
  await sleep(5);
  equal(heard, 0);
  port2.start();
  await sleep(5);
  equal(heard, 1);
  port1.close();
  port2.close();
});

test("transferred ports", async () => {
  const { port1, port2 } = new MessageChannel(), inner = new MessageChannel();
  const got = new Promise((done) => port2.onmessage = done);
  inner.port2.postMessage("early");
  port1.postMessage({ port: inner.port1 }, [inner.port1]);
  const { data, ports } = await got;
  equal(ports.length, 1);
  ok(data.port === ports[0] && ports[0] !== inner.port1);
  ok(Object.isFrozen(ports), "the list is frozen");
  const early = new Promise((done) => data.port.onmessage = done);
  equal((await early).data, "early", "its messages go along");
  throws("DataCloneError", () => port1.postMessage(null, { transfer: [inner.port1] }), "it is gone");
  for (const port of [port1, port2, data.port, inner.port2]) port.close();
});

test("ports behind a buffer", async () => {
  const { port1, port2 } = new MessageChannel(), inner = new MessageChannel(), buffer = new ArrayBuffer(1);
  const got = new Promise((done) => port2.onmessage = done);
  port1.postMessage(null, [buffer, inner.port1]);
  const { ports } = await got;
  for (const port of [port1, port2, inner.port2]) port.close();
  equal(ports.length, 1);
});

test("transferred streams", async () => {
  const source = new ReadableStream({
    start(controller) {
      for (const chunk of [{ a: 1 }, "b"]) controller.enqueue(chunk);
      controller.close();
    },
  });
  const moved = structuredClone({ source }, { transfer: [source] }).source;
  ok(moved instanceof ReadableStream && moved !== source && source.locked && !moved.locked);
  equal(await Array.fromAsync(moved), [{ a: 1 }, "b"]);

  const kept = [], original = { c: 1 };
  const sink = new WritableStream({ write: (chunk) => kept.push(chunk) });
  const writer = structuredClone(sink, { transfer: [sink] }).getWriter();
  await writer.write(original);
  await writer.close();
  equal(kept, [original]);
  ok(kept[0] !== original, "chunks are copies");

  const twice = new TransformStream({ transform: (chunk, controller) => controller.enqueue(2 * chunk) });
  const { readable, writable } = structuredClone(twice, { transfer: [twice] });
  ok(twice.readable.locked && twice.writable.locked);
  const doubled = Array.fromAsync(readable), numbers = writable.getWriter();
  for (const number of [1, 2]) await numbers.write(number);
  await numbers.close();
  equal(await doubled, [2, 4]);
});

test("streams that can't be transferred, and what goes wrong in them", async () => {
  const locked = new ReadableStream();
  locked.getReader();
  throws("DataCloneError", () => structuredClone(locked, { transfer: [locked] }));
  const bad = new ReadableStream({ start: (controller) => controller.enqueue(() => {}) });
  await rejects("DataCloneError", structuredClone(bad, { transfer: [bad] }).getReader().read());
  let reason;
  const endless = new ReadableStream({ cancel: (why) => reason = why });
  await structuredClone(endless, { transfer: [endless] }).cancel("enough");
  await sleep(1);
  equal(reason, "enough");
  const broken = new ReadableStream({ start: (controller) => controller.error(new RangeError("mine")) });
  await rejects(RangeError, structuredClone(broken, { transfer: [broken] }).getReader().read());
});

test("ports, buffers and streams in one message", async () => {
  const { port1, port2 } = new MessageChannel(), a = new MessageChannel(), b = new MessageChannel();
  const one = new ReadableStream({ start(it) { it.enqueue(1); it.close() } });
  const two = new ReadableStream({ start(it) { it.enqueue(2); it.close() } });
  const first = new ArrayBuffer(1), second = new ArrayBuffer(2);
  const got = new Promise((done) => port2.onmessage = done);
  port1.postMessage({ two, b: b.port1, second, one, a: a.port1, first }, [first, one, a.port1, second, two, b.port1]);
  const { data, ports } = await got;
  equal([data.first.byteLength, data.second.byteLength, first.detached, second.detached], [1, 2, true, true]);
  equal([await Array.fromAsync(data.one), await Array.fromAsync(data.two)], [[1], [2]]);
  ok(ports.length === 2 && ports[0] === data.a && ports[1] === data.b, "ports are in the order of the list");
  for (const port of [port1, port2, ...ports, a.port2, b.port2]) port.close();
});

// Last, as it changes what the others use.
test("what is frozen does not keep ports from being made", async () => {
  Object.freeze(MessagePort.prototype);
  Object.freeze(EventTarget.prototype);
  const { port1, port2 } = new MessageChannel();
  const moved = structuredClone(port1, { transfer: [port1] });
  ok(moved instanceof MessagePort);
  moved.close();
  port2.close();
});
