// https://dom.spec.whatwg.org/#events, https://html.spec.whatwg.org/multipage/webappapis.html#errorevent

test("Event", () => {
  const event = new Event("x", { bubbles: true, cancelable: true });
  equal([event.type, event.bubbles, event.cancelable, event.composed], ["x", true, true, false]);
  equal([event.target, event.currentTarget, event.srcElement], [null, null, null]);
  equal([event.eventPhase, event.isTrusted, event.defaultPrevented, event.returnValue], [0, false, false, true]);
  equal([Event.NONE, Event.CAPTURING_PHASE, Event.AT_TARGET, Event.BUBBLING_PHASE], [0, 1, 2, 3]);
  ok(Math.abs(event.timeStamp - performance.now()) < 1_000, "its time is that of performance");
  equal(event.composedPath(), []);
  event.preventDefault();
  equal([event.defaultPrevented, event.returnValue], [true, false]);
  const fixed = new Event("y");
  fixed.preventDefault();
  equal(fixed.defaultPrevented, false, "not cancelable");
  equal(new Event(null).type, "null");
  throws(TypeError, () => new Event());
  throws(TypeError, () => Event("x"));
});

test("dispatching", () => {
  const target = new EventTarget(), event = new Event("x"), seen = [];
  target.addEventListener("x", function (it) {
    seen.push(it === event, this === target, it.target === target, it.currentTarget === target, it.eventPhase, it.composedPath()[0] === target);
  });
  equal(target.dispatchEvent(event), true);
  equal(seen, [true, true, true, true, 2, true]);
  equal([event.target === target, event.currentTarget, event.eventPhase], [true, null, 0]);
  target.addEventListener("x", () => throws("InvalidStateError", () => target.dispatchEvent(event), "while it is dispatched"));
  equal(target.dispatchEvent(event), true, "it can be dispatched again");
  throws(TypeError, () => target.dispatchEvent());
  const cancelled = new EventTarget();
  cancelled.addEventListener("x", (it) => it.preventDefault());
  equal(cancelled.dispatchEvent(new Event("x", { cancelable: true })), false);
  equal(cancelled.dispatchEvent(new Event("x")), true);
});

test("listeners", () => {
  const target = new EventTarget(), seen = [];
  const fire = (type = "x") => { seen.length = 0; target.dispatchEvent(new Event(type)); return seen.join() };
  const a = () => seen.push("a"), b = () => seen.push("b");
  equal(target.addEventListener("x", a), undefined);
  target.addEventListener("x", b);
  target.addEventListener("x", a);
  equal(fire(), "a,b", "the same one counts once");
  target.addEventListener("x", a, { capture: true });
  equal([...fire()].sort().join(""), ",,aab", "capturing is another");
  target.removeEventListener("x", a);
  equal([...fire()].sort().join(""), ",ab");
  target.removeEventListener("x", a, true);
  equal(fire(), "b");
  target.removeEventListener("x", a);
  equal(fire("X"), "", "types have case");
  target.addEventListener("x", null);
  equal(fire(), "b", "null is none");
  target.addEventListener("o", { handleEvent() { seen.push(this === undefined) } });
  equal(fire("o"), "false", "an object with handleEvent");
  throws(TypeError, () => target.addEventListener("x"));
});

test("options of listeners", () => {
  const target = new EventTarget(), seen = [];
  target.addEventListener("x", () => seen.push("once"), { once: true });
  target.dispatchEvent(new Event("x"));
  target.dispatchEvent(new Event("x"));
  equal(seen, ["once"]);
  const passive = new Event("p", { cancelable: true });
  target.addEventListener("p", (event) => event.preventDefault(), { passive: true });
  equal(target.dispatchEvent(passive), true, "a passive listener prevents nothing");
  equal(passive.defaultPrevented, false);
  target.addEventListener("r", function again() {
    seen.push("again");
    target.dispatchEvent(new Event("r"));
  }, { once: true });
  target.dispatchEvent(new Event("r"));
  equal(seen, ["once", "again"], "once is over before the call");
});

test("stopping", () => {
  const target = new EventTarget(), seen = [];
  target.addEventListener("x", (event) => { seen.push(1); event.stopPropagation() });
  target.addEventListener("x", (event) => { seen.push(2); event.stopImmediatePropagation() });
  target.addEventListener("x", () => seen.push(3));
  const event = new Event("x");
  target.dispatchEvent(event);
  equal(seen, [1, 2]);
  equal(event.cancelBubble, false, "reset behind the dispatch");
  event.cancelBubble = true;
  equal(event.cancelBubble, true);
  target.dispatchEvent(event);
  equal(seen, [1, 2], "one that is stopped reaches nobody");
});

test("listeners that change while an event is dispatched", () => {
  const target = new EventTarget(), seen = [];
  const late = () => seen.push("late");
  target.addEventListener("x", () => {
    seen.push("first");
    target.removeEventListener("x", removed);
    target.addEventListener("x", late);
  });
  const removed = () => seen.push("removed");
  target.addEventListener("x", removed);
  target.dispatchEvent(new Event("x"));
  equal(seen, ["first"]);
  target.dispatchEvent(new Event("x"));
  equal(seen, ["first", "first", "late"]);
});

test("CustomEvent, ErrorEvent and the others", () => {
  const detail = {};
  ok(new CustomEvent("x", { detail }).detail === detail);
  ok(new CustomEvent("x") instanceof Event);
  const cause = new Error("e");
  const error = new ErrorEvent("error", { message: "m", filename: "f", lineno: 1, colno: 2, error: cause });
  equal([error.message, error.filename, error.lineno, error.colno, error.error === cause], ["m", "f", 1, 2, true]);
  const empty = new ErrorEvent("error");
  equal([empty.message, empty.filename, empty.lineno, empty.colno], ["", "", 0, 0]);
  const close = new CloseEvent("close", { wasClean: true, code: 1000, reason: "r" });
  equal([close.wasClean, close.code, close.reason], [true, 1000, "r"]);
  const progress = new ProgressEvent("progress", { lengthComputable: true, loaded: 1, total: 2 });
  equal([progress.lengthComputable, progress.loaded, progress.total], [true, 1, 2]);
  const message = new MessageEvent("message", { data: 1, origin: "o", lastEventId: "i" });
  equal([message.data, message.origin, message.lastEventId, message.source, [...message.ports]], [1, "o", "i", null, []]);
  const promise = Promise.resolve();
  const rejection = new PromiseRejectionEvent("unhandledrejection", { promise, reason: 1 });
  equal([rejection.promise === promise, rejection.reason], [true, 1]);
  for (const event of [error, close, progress, message, rejection]) ok(event instanceof Event, event.constructor.name);
});

test("classes of one's own", () => {
  class Shop extends EventTarget {
    sell(what) { return this.dispatchEvent(new CustomEvent("sold", { detail: what })) }
  }
  const shop = new Shop();
  let sold;
  shop.addEventListener("sold", ({ detail }) => sold = detail);
  shop.sell("hat");
  equal(sold, "hat");
  class Sale extends Event {
    constructor(price) { super("sale"); this.price = price }
  }
  equal([new Sale(3).price, new Sale(3).type], [3, "sale"]);
  throws(TypeError, () => Object.getOwnPropertyDescriptor(Event.prototype, "type").get.call({}));
});

const unchecked = "deno_web does not check what it is given here";
known(unchecked, "an event's dictionary is an object", () => throws(TypeError, () => new Event("x", 1)));
known(unchecked, "an event's dictionary may be null", () => equal(new Event("x", null).bubbles, false));
known(unchecked, "a promise is required", () => throws(TypeError, () => new PromiseRejectionEvent("x")));
known(unchecked, "what is dispatched is an event", () => {
  const target = new EventTarget();
  target.addEventListener("x", () => {});
  throws(TypeError, () => target.dispatchEvent({ type: "x" }));
});
known(unchecked, "a listener is an object", () => throws(TypeError, () => new EventTarget().addEventListener("x", 1)));
known("deno_web calls listeners in their order at an event's target", "capturing comes first", () => {
  const target = new EventTarget(), seen = [];
  target.addEventListener("x", () => seen.push("bubble"));
  target.addEventListener("x", () => seen.push("capture"), true);
  target.dispatchEvent(new Event("x"));
  equal(seen, ["capture", "bubble"]);
});
known("deno_web leaves it undefined", "an event without a detail", () => equal(new CustomEvent("x").detail, null));
known("deno_web has it on the prototype", "isTrusted is an event's own", () => ok(Object.hasOwn(new Event("x"), "isTrusted")));
