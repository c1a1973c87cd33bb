// https://nodejs.org/docs/latest-v20.x/api/events.html
import EventEmitter, { EventEmitter as named, getEventListeners, on, once, setMaxListeners } from "node:events";

test("one class", () => {
  ok(EventEmitter === named && EventEmitter.EventEmitter === EventEmitter);
  equal(EventEmitter.defaultMaxListeners, 10);
  ok(typeof EventEmitter.errorMonitor === "symbol" && typeof EventEmitter.captureRejectionSymbol === "symbol");
});

test("listeners are called in order with the arguments", () => {
  const emitter = new EventEmitter(), seen = [];
  emitter.on("e", (...args) => seen.push(["a", ...args]));
  emitter.once("e", (...args) => seen.push(["b", ...args]));
  emitter.prependListener("e", function () { seen.push(this === emitter) });
  equal([emitter.emit("e", 1, 2), emitter.emit("e"), emitter.emit("none")], [true, true, false]);
  equal(seen, [true, ["a", 1, 2], ["b", 1, 2], true, ["a"]]);
  equal([emitter.listenerCount("e"), emitter.eventNames()], [2, ["e"]]);
});

test("adding and removing", () => {
  const emitter = new EventEmitter(), seen = [];
  const listener = () => {};
  emitter.on("newListener", (name) => seen.push(`+${name}`)).on("removeListener", (name) => seen.push(`-${name}`));
  emitter.once("x", listener);
  equal([emitter.listeners("x")[0] === listener, emitter.rawListeners("x")[0].listener === listener], [true, true]);
  emitter.off("x", listener).on("y", listener).removeAllListeners("y");
  equal(seen, ["+removeListener", "+x", "-x", "+y", "-y"]);
  throws(TypeError, () => emitter.on("x", "no function"));
  equal([emitter.getMaxListeners(), emitter.setMaxListeners(3).getMaxListeners()], [10, 3]);
});

test("errors", () => {
  const emitter = new EventEmitter();
  let monitored;
  emitter.on(EventEmitter.errorMonitor, (error) => { monitored = error.message });
  throws(RangeError, () => emitter.emit("error", new RangeError("mine")));
  equal(monitored, "mine");
  let thrown;
  try { new EventEmitter().emit("error", 42) } catch (error) { thrown = error }
  equal([thrown.code, thrown.context], ["ERR_UNHANDLED_ERROR", 42]);
});

test("symbols are names, and subclasses work", () => {
  const name = Symbol("s");
  class Mine extends EventEmitter {}
  const emitter = new Mine();
  let count = 0;
  emitter.on(name, () => count++);
  emitter.emit(name);
  equal([count, emitter.eventNames()[0] === name, emitter instanceof EventEmitter], [1, true, true]);
  function Old() { EventEmitter.call(this) }
  Object.setPrototypeOf(Old.prototype, EventEmitter.prototype);
  const old = new Old();
  old.on("x", () => count++);
  equal([old.emit("x"), count], [true, 2]);
});

test("once as a promise", async () => {
  const emitter = new EventEmitter();
  setTimeout(() => emitter.emit("e", 1, 2));
  equal(await once(emitter, "e"), [1, 2]);
  setTimeout(() => emitter.emit("error", new RangeError()));
  await rejects(RangeError, once(emitter, "e"));
  const target = new EventTarget();
  setTimeout(() => target.dispatchEvent(new Event("t")));
  equal((await once(target, "t"))[0].type, "t");
  const aborted = once(emitter, "e", { signal: AbortSignal.abort() });
  equal(await aborted.catch((error) => [error.name, error.code]), ["AbortError", "ABORT_ERR"]);
});

test("on as an iterator", async () => {
  const emitter = new EventEmitter(), seen = [];
  const controller = new AbortController();
  setTimeout(() => { emitter.emit("e", 1); emitter.emit("e", 2) });
  for await (const [value] of on(emitter, "e", { signal: controller.signal })) {
    seen.push(value);
    if (seen.length === 2) break;
  }
  equal([seen, emitter.listenerCount("e")], [[1, 2], 0]);
});

test("captured rejections", async () => {
  const emitter = new EventEmitter({ captureRejections: true });
  emitter.on("e", async () => { throw new RangeError("captured") });
  const error = new Promise((done) => emitter.on("error", done));
  emitter.emit("e");
  equal((await error).message, "captured");
});

test("helpers", () => {
  const emitter = new EventEmitter();
  const listener = () => {};
  emitter.on("e", listener);
  ok(getEventListeners(emitter, "e")[0] === listener);
  setMaxListeners(5, emitter);
  equal(emitter.getMaxListeners(), 5);
});
