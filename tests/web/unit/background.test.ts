// Work in a worker with a deadline.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Background, type BackgroundWorker, type FromBackground } from "../../../web/background.ts";

/** A worker that answers when the test says so. */
class Fake implements BackgroundWorker<string> {
  onmessage: ((event: MessageEvent<never>) => void) | null = null;
  onerror: ((event: ErrorEvent) => void) | null = null;
  asked: string[] = [];
  ended = false;

  postMessage(ask: string): void {
    this.asked.push(ask);
  }

  terminate(): void {
    this.ended = true;
  }

  say(message: FromBackground<string>): void {
    this.onmessage?.({ data: message } as unknown as MessageEvent<never>);
  }
}

function made(ms: number, most?: number): { background: Background<string, string>; workers: Fake[] } {
  const workers: Fake[] = [];
  const start = () => {
    const worker = new Fake();
    workers.push(worker);
    return worker;
  };
  return { background: new Background(start, ms, most), workers };
}

test("one worker does one thing after the other", async () => {
  const { background, workers } = made(10_000);
  const [one, two] = [background.ask("one"), background.ask("two")];
  const [worker] = workers;
  assert.ok(worker);
  assert.deepEqual(worker.asked, [], "not before it is there");
  worker.say(null);
  assert.deepEqual(worker.asked, ["one"]);
  worker.say({ answer: "1" });
  assert.deepEqual(worker.asked, ["one", "two"]);
  worker.say({ answer: "2" });
  assert.deepEqual([await one, await two], [{ answer: "1" }, { answer: "2" }]);
  assert.equal(workers.length, 1);
});

test("what takes too long ends its worker, and what waits goes on in another", async () => {
  const { background, workers } = made(20);
  const [slow, quick] = [background.ask("slow"), background.ask("quick")];
  workers[0]?.say(null);
  assert.deepEqual(await slow, { failed: "slow" });
  assert.equal(workers[0]?.ended, true);
  assert.equal(workers.length, 2);
  workers[1]?.say(null);
  assert.deepEqual(workers[1]?.asked, ["quick"]);
  // What the first one still says is nobody's answer.
  const [ended, next] = workers;
  ended.say({ answer: "late" });
  next.say({ answer: "done" });
  assert.deepEqual(await quick, { answer: "done" });
});

test("what goes wrong leaves the worker as it is", async () => {
  const { background, workers } = made(10_000);
  const [one, two] = [background.ask("one"), background.ask("two")];
  const [worker] = workers;
  assert.ok(worker);
  worker.say(null);
  worker.say({ failed: "broken" });
  worker.say({ answer: "2" });
  assert.deepEqual([await one, await two], [{ failed: "broken" }, { answer: "2" }]);
  assert.equal(workers.length, 1);
});

test("no more than a few wait", async () => {
  const { background, workers } = made(10_000, 2);
  const [one, two] = [background.ask("one"), background.ask("two")];
  assert.deepEqual(await background.ask("three"), { failed: "busy" });
  const [worker] = workers;
  assert.ok(worker);
  worker.say(null);
  worker.say({ answer: "1" });
  worker.say({ answer: "2" });
  assert.deepEqual([await one, await two], [{ answer: "1" }, { answer: "2" }]);
});

test("a worker that can not be loaded is said to be lost, and tried again", async () => {
  const { background, workers } = made(10_000);
  const [one, two] = [background.ask("one"), background.ask("two")];
  workers[0]?.onerror?.({} as ErrorEvent);
  assert.deepEqual([await one, await two], [{ failed: "lost" }, { failed: "lost" }]);
  const three = background.ask("three");
  workers[1]?.say(null);
  workers[1]?.say({ answer: "3" });
  assert.deepEqual(await three, { answer: "3" });
  const none = new Background<string, string>(() => {
    throw new Error("no workers here");
  }, 10_000);
  assert.deepEqual(await none.ask("one"), { failed: "lost" });
});
