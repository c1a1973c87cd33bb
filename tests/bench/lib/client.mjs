// The client, the same for all: starts runs over a WebSocket, and takes the time.

import { randomUUID } from "node:crypto";
import { performance } from "node:perf_hooks";

import WebSocket from "ws";

/** What is run where a measure needs nothing else: one line that has a string and an object in it, and a value. */
export const PROGRAM = "console.log('hi', {a: 1}); 1 + 1";

/** A connection on which runs are started one after the other or side by side. */
export class Client {
  #runs = new Map();

  static async connect({ host, name }) {
    const client = new Client();
    client.name = name;
    client.socket = new WebSocket(`ws://${host}/api/v1/ws`, { perMessageDeflate: false, maxPayload: 1 << 30 });
    client.socket.on("message", (data) => client.#receive(JSON.parse(data)));
    client.socket.on("close", () => client.#fail(new Error(`${name} closed the connection`)));
    await new Promise((resolve, reject) => client.socket.once("open", resolve).once("error", reject));
    client.socket.on("error", (error) => client.#fail(error));
    return client;
  }

  #fail(error) {
    for (const { reject } of this.#runs.values()) reject(error);
    this.#runs.clear();
  }

  #receive(message) {
    const run = this.#runs.get(message.run_id);
    if (!run) return;
    const now = performance.now();
    if (message.type === "console") run.first ??= now;
    if (message.type !== "rejected" && message.type !== "finished") return;
    this.#runs.delete(message.run_id);
    if (message.outcome === "completed") {
      run.resolve({ first: run.first - run.sent, end: now - run.sent, value: message.value });
    } else run.reject(new Error(`${this.name}: ${JSON.stringify(message)}`));
  }

  /** Runs a program, `{ source }` or `{ files }`. Milliseconds from sending it to its first output and to its end. */
  run(program = { source: PROGRAM }) {
    return new Promise((resolve, reject) => {
      const run_id = randomUUID();
      const text = JSON.stringify({ type: "run", run_id, ...program });
      this.#runs.set(run_id, { resolve, reject, sent: performance.now() });
      this.socket.send(text);
    });
  }

  /** Milliseconds until a ping came back. */
  ping() {
    return new Promise((resolve) => {
      const sent = performance.now();
      this.socket.once("pong", () => resolve(performance.now() - sent));
      this.socket.ping("x");
    });
  }

  close() {
    this.socket.terminate();
  }
}

/** So many connections, opened a few at a time. */
export async function connectMany(server, count) {
  const clients = [];
  while (clients.length < count) {
    const some = Math.min(50, count - clients.length);
    clients.push(...(await Promise.all(Array.from({ length: some }, () => Client.connect(server)))));
  }
  return clients;
}
