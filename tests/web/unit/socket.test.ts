import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";

import { backoff, jitter } from "../../../web/backoff.ts";
import type { ServerMsg } from "../../../web/protocol.ts";
import { Socket, type Connection } from "../../../web/socket.ts";

/** As much of WebSocket as the page uses. */
class FakeSocket {
  static made: FakeSocket[] = [];
  sent: string[] = [];
  closed = false;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { reason: string; code?: number }) => void) | null = null;

  constructor() {
    FakeSocket.made.push(this);
  }

  send(text: string): void {
    this.sent.push(text);
  }

  close(): void {
    this.closed = true;
  }

  static get last(): FakeSocket {
    const last = FakeSocket.made.at(-1);
    assert.ok(last);
    return last;
  }

  hello(): void {
    this.onmessage?.({ data: JSON.stringify({ type: "hello", version: 1 }) });
  }
}

describe("backoff", () => {
  test("doubles up to 15 s", () => {
    const waits = [0, 1, 2, 3, 4, 5, 6, 7, 1000].map((attempt) => backoff(attempt, () => 1));
    assert.deepEqual(waits, [250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]);
  });

  test("is next to nothing for a restart", () => {
    assert.equal(jitter(() => 0), 0);
    assert.equal(jitter(() => 1), 200);
  });

  test("is spread over the upper half", () => {
    assert.equal(backoff(2, () => 0), 500);
    assert.equal(backoff(2, () => 0.5), 750);
    for (let attempt = 0; attempt < 20; attempt += 1) {
      const wait = backoff(attempt);
      assert.ok(wait >= 125 && wait <= 15_000);
    }
  });
});

describe("socket", () => {
  const real = globalThis.WebSocket as unknown;
  let connections: Connection[];
  let messages: ServerMsg[];
  let unreadable: number;
  let socket: Socket;
  /** What the server answers to who asks why; `null` when it does not answer. */
  let answer: Response | null;
  let asked: string[];

  beforeEach(() => {
    mock.timers.enable({ apis: ["setTimeout", "Date"] });
    FakeSocket.made = [];
    (globalThis as { WebSocket: unknown }).WebSocket = FakeSocket;
    connections = [];
    messages = [];
    unreadable = 0;
    answer = null;
    asked = [];
    mock.method(globalThis, "fetch", (url: string) => {
      asked.push(url);
      return answer === null ? Promise.reject(new TypeError("no server")) : Promise.resolve(answer);
    });
    socket = new Socket("ws://test", {
      onConnection: (connection) => connections.push(connection),
      onMessage: (message) => messages.push(message),
      onUnreadable: () => {
        unreadable += 1;
      },
    });
  });

  afterEach(() => {
    mock.timers.reset();
    mock.restoreAll();
    (globalThis as { WebSocket: unknown }).WebSocket = real;
  });

  const at = () => connections.map((connection) => connection.at);

  test("is open at hello, and only then sends", () => {
    assert.equal(socket.send({ type: "stop", run_id: "a" }), false);
    FakeSocket.last.hello();
    assert.deepEqual(at(), ["connecting", "open"]);
    assert.equal(socket.send({ type: "stop", run_id: "a" }), true);
    assert.deepEqual(FakeSocket.last.sent, ['{"type":"stop","run_id":"a"}']);
  });

  test("comes back after a loss, waiting longer each time, and starts afresh after hello", () => {
    FakeSocket.last.hello();
    const waits: number[] = [];
    for (let loss = 0; loss < 4; loss += 1) {
      FakeSocket.last.onclose?.({ reason: "restart" });
      const last = connections.at(-1);
      assert.ok(last?.at === "closed");
      assert.equal(last.reason, "restart");
      const wait = last.retryAt - Date.now();
      waits.push(wait);
      mock.timers.tick(wait - 1);
      assert.equal(FakeSocket.made.length, loss + 1);
      mock.timers.tick(1);
      assert.equal(FakeSocket.made.length, loss + 2);
    }
    for (const [attempt, wait] of waits.entries()) assert.ok(wait >= 125 * 2 ** attempt && wait <= 250 * 2 ** attempt);
    FakeSocket.last.hello();
    FakeSocket.last.onclose?.({ reason: "" });
    const last = connections.at(-1);
    assert.ok(last?.at === "closed" && last.retryAt - Date.now() <= 250);
  });

  test("comes back at once to a server that restarts, and then with growing waits", () => {
    FakeSocket.last.hello();
    FakeSocket.last.onclose?.({ reason: "restarts", code: 1012 });
    const first = connections.at(-1);
    assert.ok(first?.at === "closed" && first.restarts && first.retryAt - Date.now() <= 200);
    mock.timers.tick(200);
    assert.equal(FakeSocket.made.length, 2);
    // Not there yet after all.
    FakeSocket.last.onclose?.({ reason: "", code: 1006 });
    const second = connections.at(-1);
    assert.ok(second?.at === "closed" && !second.restarts && second.retryAt - Date.now() >= 250);
    // One that never says hello may say what it likes.
    mock.timers.tick(500);
    FakeSocket.last.onclose?.({ reason: "", code: 1012 });
    const third = connections.at(-1);
    assert.ok(third?.at === "closed" && third.retryAt - Date.now() >= 500);
  });

  test("gives up a connection that says no hello", () => {
    const first = FakeSocket.last;
    mock.timers.tick(10_000);
    assert.ok(first.closed);
    assert.deepEqual(at(), ["connecting", "closed"]);
  });

  test("can be told not to wait", () => {
    FakeSocket.last.onclose?.({ reason: "" });
    socket.retryNow();
    assert.equal(FakeSocket.made.length, 2);
    socket.retryNow();
    assert.equal(FakeSocket.made.length, 2);
  });

  const refused = (status: number, body: string, headers: Record<string, string> = {}) => {
    answer = new Response(body, { status, headers });
    FakeSocket.last.onclose?.({ reason: "" });
  };

  /** Lets everything happen that waits for nothing else. */
  const settle = async () => {
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  };

  test("asks why it was refused, says so, and comes back when it was told to", async () => {
    refused(429, JSON.stringify({ detail: "Too many connections." }), { "retry-after": "7" });
    await settle();
    assert.deepEqual(asked, ["http://test"]);
    const last = connections.at(-1);
    assert.deepEqual(last, { at: "closed", retryAt: Date.now() + 7000, reason: "Too many connections.", restarts: false });
    mock.timers.tick(6999);
    assert.equal(FakeSocket.made.length, 1);
    mock.timers.tick(1);
    assert.equal(FakeSocket.made.length, 2);
  });

  test("makes nothing of an answer that is no refusal", async () => {
    for (const [status, body] of [
      [426, '{"detail":"Upgrade."}'],
      [503, "<html>"],
      [503, "null"],
      [503, "{}"],
      [429, '{"detail":1}'],
    ] as const) {
      refused(status, body);
      await settle();
      const last = connections.at(-1);
      assert.ok(last?.at === "closed" && last.reason === "", body);
      socket.retryNow();
    }
    assert.equal(asked.length, 5);
  });

  test("does not ask about a connection that was open, or that said why it ended", async () => {
    FakeSocket.last.onclose?.({ reason: "restart" });
    socket.retryNow();
    FakeSocket.last.hello();
    FakeSocket.last.onclose?.({ reason: "" });
    await settle();
    assert.deepEqual(asked, []);
  });

  test("an answer that comes late changes nothing", async () => {
    refused(503, JSON.stringify({ detail: "Full." }), { "retry-after": "60" });
    socket.retryNow();
    FakeSocket.last.hello();
    await settle();
    assert.deepEqual(connections.at(-1), { at: "open" });
  });

  test("does not listen to a connection it has left", () => {
    FakeSocket.last.hello();
    const old = FakeSocket.last;
    const { onmessage } = old;
    socket.reconnect("silent");
    assert.ok(old.closed);
    onmessage?.({ data: '{"type":"started","run_id":"a"}' });
    assert.deepEqual(messages.map((message) => message.type), ["hello"]);
  });

  test("tells of what it can't read", () => {
    for (const data of ["", "{", "null", "[]", '{"type":"new"}', '{"type":"started"}', new ArrayBuffer(1)]) {
      FakeSocket.last.onmessage?.({ data });
    }
    assert.equal(unreadable, 7);
    assert.deepEqual(messages, []);
  });
});
