// The page's end of the language worker: starts it, tells it what changed before each question, and matches
// answers to questions. Nothing here waits: a worker that is busy or gone costs no keystroke.

import type { Text } from "@codemirror/state";

import type { Call, Calls, FromWorker, ToWorker } from "./protocol.ts";

/** The part of `Worker` that is used; tests bring their own. */
export type Post = { postMessage: (message: ToWorker) => void; terminate: () => void; onmessage: ((event: { data: FromWorker }) => void) | null };

/** Where the state of the service is shown. */
export type ClientEvents = {
  /** It works. */
  onReady: () => void;
  /** It knows more types than before. */
  onLearned: () => void;
  /** It does not work, and will not. */
  onFailed: (message: string) => void;
  /** It has been at one question for too long, and was ended. */
  onSlow: () => void;
};

/** How long the worker may be at one question, in milliseconds. Some programs' types take the compiler for ever. */
export const ANSWER_MS = 30_000;

type Waiting = { give: (answer: unknown) => void; fail: (error: Error) => void };

/** Talks to the worker. */
export class Client {
  readonly #worker: Post;
  readonly #docs: () => { name: string; doc: Text }[];
  readonly #sent = new Map<string, Text>();
  readonly #waiting = new Map<number, Waiting>();
  readonly #events: ClientEvents;
  readonly #answerMs: number;
  #id = 0;
  #failed = false;
  #isReady = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `docs` gives the files as they are; texts that are the same object as before have not changed. */
  constructor(worker: Post, docs: () => { name: string; doc: Text }[], events: ClientEvents, answerMs = ANSWER_MS) {
    this.#worker = worker;
    this.#docs = docs;
    this.#events = events;
    this.#answerMs = answerMs;
    worker.onmessage = ({ data }) => {
      switch (data.type) {
        case "ready":
          this.#isReady = true;
          this.#watch();
          events.onReady();
          break;
        case "learned":
          events.onLearned();
          break;
        case "failed":
          this.#fail(data.message);
          events.onFailed(data.message);
          break;
        case "answer":
          this.#take(data.id)?.give(data.gives);
          break;
        case "error":
          this.#take(data.id)?.fail(new Error(data.message));
      }
      if (data.type === "answer" || data.type === "error") this.#watch();
    };
  }

  /** Tells where the library and the list of modules are. */
  start(library: string, modules: string | null): void {
    this.#worker.postMessage({ type: "start", library, modules });
  }

  /** Asks, about the files as they are now. */
  ask<Name extends Call>(call: Name, asks: Calls[Name]["asks"]): Promise<Calls[Name]["gives"]> {
    if (this.#failed) return Promise.reject(new Error("The language service does not work."));
    this.sync();
    const id = ++this.#id;
    return new Promise((give, fail) => {
      this.#waiting.set(id, { give: give as (answer: unknown) => void, fail });
      if (this.#waiting.size === 1) this.#watch();
      this.#worker.postMessage({ type: "call", id, call, asks } as ToWorker);
    });
  }

  /** Tells what changed since it last did. */
  sync(): void {
    const docs = this.#docs();
    const changed = docs.filter(({ name, doc }) => this.#sent.get(name) !== doc);
    const names = new Set(docs.map(({ name }) => name));
    const removed = [...this.#sent.keys()].filter((name) => !names.has(name));
    if (changed.length === 0 && removed.length === 0) return;
    for (const name of removed) this.#sent.delete(name);
    for (const { name, doc } of changed) this.#sent.set(name, doc);
    this.#worker.postMessage({ type: "files", changed: changed.map(({ name, doc }) => ({ name, content: doc.toString() })), removed });
  }

  /** Ends the worker. */
  end(): void {
    this.#worker.terminate();
    this.#fail("The language service was turned off.");
  }

  /** Gives the question that the worker is at its time. To load takes a worker what the network takes, so that does not count. */
  #watch(): void {
    clearTimeout(this.#timer);
    if (!this.#isReady || this.#failed || this.#waiting.size === 0) return;
    this.#timer = setTimeout(() => {
      this.#worker.terminate();
      this.#fail("The language service took too long.");
      this.#events.onSlow();
    }, this.#answerMs);
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }

  #fail(message: string): void {
    this.#failed = true;
    clearTimeout(this.#timer);
    for (const { fail } of this.#waiting.values()) fail(new Error(message));
    this.#waiting.clear();
  }
}
