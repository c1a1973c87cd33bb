// The page's end of the language worker: a program whose types take for ever ends the worker, and not the page's patience.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Client, type ClientEvents, type Post } from "../../../web/language/client.ts";
import type { FromWorker, ToWorker } from "../../../web/language/protocol.ts";

class Fake implements Post {
  onmessage: Post["onmessage"] = null;
  sent: ToWorker[] = [];
  ended = false;

  postMessage(message: ToWorker): void {
    this.sent.push(message);
  }

  terminate(): void {
    this.ended = true;
  }

  say(data: FromWorker): void {
    this.onmessage?.({ data });
  }
}

function started(ms: number): { client: Client; worker: Fake; slow: Promise<void> } {
  const worker = new Fake();
  let tell: () => void = () => undefined;
  const slow = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const events: ClientEvents = { onReady: () => undefined, onLearned: () => undefined, onFailed: () => undefined, onSlow: () => {
      tell();
    } };
  return { client: new Client(worker, () => [], events, ms), worker, slow };
}

const ASKS = { name: "a.ts", at: 0 } as never;

test("a worker that does not answer in time is ended, and whoever waits is told", async () => {
  const { client, worker, slow } = started(20);
  worker.say({ type: "ready" });
  const asked = [client.ask("hover" as never, ASKS), client.ask("hover" as never, ASKS)];
  await slow;
  assert.ok(worker.ended);
  for (const each of asked) await assert.rejects(each, /too long/);
  await assert.rejects(client.ask("hover" as never, ASKS));
});

test("time counts for one question at a time, and not while the worker loads", async () => {
  const { client, worker, slow } = started(60);
  const late = slow.then(() => "slow");
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms, "in time"));
  const asked = [client.ask("hover" as never, ASKS), client.ask("hover" as never, ASKS), client.ask("hover" as never, ASKS)];
  assert.equal(await Promise.race([late, pause(100)]), "in time", "it is not there yet");
  worker.say({ type: "ready" });
  for (const id of [1, 2, 3]) {
    assert.equal(await Promise.race([late, pause(25)]), "in time");
    worker.say({ type: "answer", id, gives: null });
  }
  await Promise.all(asked);
  assert.equal(await Promise.race([late, pause(100)]), "in time", "nobody waits");
  assert.ok(!worker.ended);
});
