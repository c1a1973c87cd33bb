// https://nodejs.org/docs/latest-v20.x/api/timers.html
import timers, { setImmediate, clearImmediate, promises } from "node:timers";
import { setTimeout as later, setInterval as every, setImmediate as soon, scheduler } from "node:timers/promises";
import timersPromises from "timers/promises";

test("the module's timers", async () => {
  const seen = [];
  await new Promise((done) => {
    timers.setTimeout((...args) => { seen.push(args); done() }, 5, 1, 2);
    setImmediate((it) => seen.push(it), "soon");
    clearImmediate(setImmediate(() => seen.push("never")));
    timers.clearTimeout(timers.setTimeout(() => seen.push("never"), 1));
    Promise.resolve().then(() => seen.push("microtask"));
  });
  equal(seen, ["microtask", "soon", [1, 2]]);
  ok(promises === timersPromises);
});

test("timers as promises", async () => {
  equal([await later(1, "value"), await soon("now"), await later()], ["value", "now", undefined]);
  const controller = new AbortController();
  const waiting = later(1e6, null, { signal: controller.signal });
  controller.abort("why");
  equal(await waiting.catch((error) => [error.name, error.code, error.cause]), ["AbortError", "ABORT_ERR", "why"]);
  let count = 0;
  for await (const value of every(1, "tick")) {
    equal(value, "tick");
    if (++count === 3) break;
  }
  equal([count, await scheduler.wait(1), await scheduler.yield()], [3, undefined, undefined]);
});
