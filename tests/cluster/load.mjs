// Visitors: each has a page open, which runs a program now and then. A page does what web/socket.ts and web/run.ts do:
// when its server says that it restarts (1012), it goes to the next, and sends what was not begun once more.

import { randomUUID } from "node:crypto";
import { performance } from "node:perf_hooks";
import { clearTimeout, setTimeout } from "node:timers";
import { setTimeout as sleep } from "node:timers/promises";

import WebSocket from "ws";

const RESTARTS = 1012;
/** A page that has no connection for so long is lost. */
const LOST_MS = 15_000;
/** A run that is silent for so long is, too. */
const SILENT_MS = 30_000;
const PROGRAM = "console.log('hi', {a: 1}); await new Promise((go) => setTimeout(go, 20)); 1 + 1";

/** What came of it all, seen from the visitors. */
export class Tally {
  completed = 0;
  failed = [];
  lost = [];
  rejected = new Map();
  reconnected = 0;
  sentAgain = 0;
  refused = 0;
  milliseconds = [];
  longestWithout = 0;

  quantile(q) {
    const sorted = this.milliseconds.toSorted((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? NaN;
  }

  /** Figures, for people. */
  toString() {
    const rejected = [...this.rejected].map(([reason, times]) => `${times} ${reason}`).join(", ") || "none";
    return `${this.completed} runs completed, ${this.failed.length} accepted ones failed, ${this.lost.length} editors lost; ` +
      `rejected: ${rejected}; ${this.reconnected} times to another server, ${this.sentAgain} runs sent again, ` +
      `longest without a connection ${Math.round(this.longestWithout)} ms; ` +
      `p50 ${this.quantile(0.5).toFixed(1)} ms, p99 ${this.quantile(0.99).toFixed(1)} ms`;
  }
}

/** One page, until `over`. */
class Editor {
  #run = null;

  constructor(number, port, tally) {
    Object.assign(this, { number, port, tally });
  }

  /** Connects, and again while that fails. */
  async connect() {
    const since = performance.now();
    for (let attempt = 0; ; attempt++) {
      try {
        this.socket = await this.#open();
        this.tally.longestWithout = Math.max(this.tally.longestWithout, performance.now() - since);
        return;
      } catch (error) {
        this.tally.refused += 1;
        if (performance.now() - since > LOST_MS) {
          this.tally.lost.push(`${this.number}: ${error.message}`);
          throw error;
        }
        await sleep(Math.min(15_000, 250 * 2 ** attempt) * (0.5 + 0.5 * Math.random()));
      }
    }
  }

  #open() {
    // As if each came from an address of its own.
    const headers = { "x-forwarded-for": `10.1.${this.number >> 8}.${this.number & 255}` };
    const socket = new WebSocket(`ws://127.0.0.1:${this.port}/api/v1/ws`, { headers, handshakeTimeout: 10_000 });
    return new Promise((resolve, reject) => {
      socket.once("error", reject);
      socket.once("close", (code, reason) => reject(new Error(`closed before hello: ${code} ${reason}`)));
      socket.on("message", (data) => {
        const message = JSON.parse(data);
        if (message.type === "hello") {
          socket.removeAllListeners("close");
          socket.removeAllListeners("error");
          socket.on("error", () => {});
          socket.on("close", (code) => this.#closed(code));
          resolve(socket);
        } else {
          this.#receive(message);
        }
      });
    });
  }

  #closed(code) {
    this.socket = null;
    const run = this.#run;
    if (run === null) return;
    if (run.accepted) {
      this.#end({ failed: `lost after it was accepted (${code})` });
    } else if (code === RESTARTS) {
      run.again();
    } else {
      this.#end({ failed: `lost before it was answered (${code})` });
    }
  }

  #receive(message) {
    const run = this.#run;
    if (run === null || message.run_id !== run.id) return;
    if (message.type === "rejected") {
      this.#end({ rejected: message.reason });
      return;
    }
    run.accepted = true;
    if (message.type === "finished") this.#end(message.outcome === "completed" ? {} : { failed: `${message.outcome}: ${JSON.stringify(message.error)}` });
  }

  #end({ failed, rejected }) {
    const run = this.#run;
    if (run === null) return;
    this.#run = null;
    clearTimeout(run.timer);
    if (failed !== undefined) this.tally.failed.push(`${this.number}: ${failed}`);
    else if (rejected !== undefined) this.tally.rejected.set(rejected, (this.tally.rejected.get(rejected) ?? 0) + 1);
    else {
      this.tally.completed += 1;
      this.tally.milliseconds.push(performance.now() - run.sent);
    }
    run.resolve();
  }

  /** Runs the program to its end, wherever that is. */
  async run() {
    await new Promise((resolve) => {
      const id = randomUUID();
      const send = () => this.socket.send(JSON.stringify({ type: "run", run_id: id, source: PROGRAM }));
      const again = () => {
        this.tally.sentAgain += 1;
        void this.reconnect().then(send, () => this.#end({ failed: "its editor was lost" }));
      };
      const timer = setTimeout(() => this.#end({ failed: "silent" }), SILENT_MS);
      this.#run = { id, resolve, again, accepted: false, sent: performance.now(), timer };
      send();
    });
  }

  /** As the page does it: at once, and not all at the same moment. */
  async reconnect() {
    await sleep(200 * Math.random());
    await this.connect();
    this.tally.reconnected += 1;
  }
}

/** Opens so many editors, each of which runs a program every `every` milliseconds or so, until `over.is` is true. */
export function editors(count, every, port, tally, over) {
  const visit = async (number) => {
    const editor = new Editor(number, port, tally);
    await sleep((number / count) * every);
    await editor.connect();
    while (!over.is) {
      if (editor.socket === null) await editor.reconnect();
      await editor.run();
      await sleep(every * (0.5 + Math.random()));
    }
    editor.socket?.close();
  };
  return Array.from({ length: count }, (_, number) => visit(number).catch(() => {}));
}
