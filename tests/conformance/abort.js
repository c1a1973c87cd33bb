// https://dom.spec.whatwg.org/#aborting-ongoing-activities

test("a controller and its signal", () => {
  const controller = new AbortController();
  const { signal } = controller;
  ok(signal instanceof AbortSignal && signal instanceof EventTarget);
  ok(controller.signal === signal, "it is always the same");
  equal([signal.aborted, signal.reason, signal.onabort], [false, undefined, null]);
  equal(signal.throwIfAborted(), undefined);
  const events = [];
  signal.onabort = (event) => events.push(["onabort", event.type, event.isTrusted, event.target === signal, event.bubbles]);
  signal.addEventListener("abort", () => events.push("listener"));
  equal(controller.abort(), undefined);
  equal(signal.aborted, true);
  equal(events, [["onabort", "abort", true, true, false], "listener"]);
  ok(signal.reason instanceof DOMException);
  equal([signal.reason.name, signal.reason.code], ["AbortError", 20]);
  throws("AbortError", () => signal.throwIfAborted());
  const { reason } = signal;
  controller.abort("again");
  equal(events.length, 2, "once is all");
  ok(signal.reason === reason, "the reason stays");
});

test("reasons", () => {
  for (const reason of ["text", 0, null, false]) {
    const controller = new AbortController();
    controller.abort(reason);
    equal(controller.signal.reason, reason);
    let thrown = "nothing";
    try { controller.signal.throwIfAborted() } catch (error) { thrown = error }
    equal(thrown, reason, `thrown ${reason}`);
  }
  const controller = new AbortController();
  controller.abort(undefined);
  equal(controller.signal.reason.name, "AbortError");
});

test("AbortSignal.abort", () => {
  const signal = AbortSignal.abort();
  equal([signal.aborted, signal.reason.name], [true, "AbortError"]);
  equal(AbortSignal.abort(7).reason, 7);
  let fired = false;
  signal.onabort = () => fired = true;
  equal(fired, false, "no event");
});

test("AbortSignal.timeout", async () => {
  const signal = AbortSignal.timeout(3);
  equal(signal.aborted, false);
  const event = await until(signal, "abort");
  equal(event.isTrusted, true);
  equal([signal.aborted, signal.reason.name, signal.reason.code], [true, "TimeoutError", 23]);
  ok(signal.reason instanceof DOMException);
  throws(TypeError, () => AbortSignal.timeout(), "no delay");
  throws(TypeError, () => AbortSignal.timeout(-1), "negative");
  throws(TypeError, () => AbortSignal.timeout(NaN), "NaN");
  throws(TypeError, () => AbortSignal.timeout(Infinity), "Infinity");
});

test("AbortSignal.any", async () => {
  const a = new AbortController(), b = new AbortController();
  const any = AbortSignal.any([a.signal, b.signal]);
  equal(any.aborted, false);
  const order = [];
  any.addEventListener("abort", () => order.push("any"));
  b.signal.addEventListener("abort", () => order.push("b"));
  b.abort("why");
  equal([any.aborted, any.reason], [true, "why"]);
  equal(order, ["b", "any"], "sources come before what depends on them");
  a.abort("late");
  equal(any.reason, "why");
  equal(AbortSignal.any([]).aborted, false);
  equal(AbortSignal.any([AbortSignal.abort(1), AbortSignal.abort(2)]).reason, 1, "the first that is aborted");
  const c = new AbortController();
  const nested = AbortSignal.any([AbortSignal.any([c.signal]), new AbortController().signal]);
  c.abort(3);
  equal(nested.reason, 3, "through another");
  const timed = AbortSignal.any([AbortSignal.timeout(2)]);
  await until(timed, "abort");
  equal(timed.reason.name, "TimeoutError");
  equal(AbortSignal.any(new Set([AbortSignal.abort(4)])).reason, 4, "any iterable");
  throws(TypeError, () => AbortSignal.any());
  throws(TypeError, () => AbortSignal.any([{}]));
  const d = new AbortController();
  const set = AbortSignal.any([d.signal]);
  let aborted;
  d.signal.addEventListener("abort", () => aborted = set.aborted);
  d.abort();
  equal(aborted, true, "it is aborted before any event");
});

test("listeners that end with a signal", () => {
  const target = new EventTarget(), controller = new AbortController();
  let heard = 0;
  target.addEventListener("x", () => heard++, { signal: controller.signal });
  target.dispatchEvent(new Event("x"));
  controller.abort();
  target.dispatchEvent(new Event("x"));
  equal(heard, 1);
  target.addEventListener("x", () => heard++, { signal: AbortSignal.abort() });
  target.dispatchEvent(new Event("x"));
  equal(heard, 1, "a signal that is aborted already");
  throws(TypeError, () => target.addEventListener("x", () => {}, { signal: null }));
  throws(TypeError, () => target.addEventListener("x", () => {}, { signal: {} }));
});

test("classes", () => {
  throws(TypeError, () => new AbortSignal());
  throws(TypeError, () => AbortController());
  throws(TypeError, () => Object.getOwnPropertyDescriptor(AbortSignal.prototype, "aborted").get.call({}));
  throws(TypeError, () => AbortController.prototype.abort.call({}));
  equal(Object.prototype.toString.call(new AbortController()), "[object AbortController]");
  equal(Object.prototype.toString.call(AbortSignal.abort()), "[object AbortSignal]");
  equal([AbortController.length, AbortSignal.timeout.length, AbortSignal.any.length], [0, 1, 1]);
});
