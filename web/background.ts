// Work on strangers' text, off the page's own thread. Some texts take a renderer for ever, and nothing interrupts it but
// the end of its thread: so each piece of work has a deadline, after which its worker is ended.

/** The part of `Worker` that is used; tests bring their own. */
export type BackgroundWorker<Ask> = {
  postMessage: (ask: Ask) => void;
  terminate: () => void;
  onmessage: ((event: MessageEvent<never>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
};

/** What a worker says: that it is there (null), an answer, or that there is none. */
export type FromBackground<Answer> = { answer: Answer } | { failed: "broken" } | null;

/** What came of it: an answer; or none, as it took too long, it went wrong, too much was asked at once, or there is no worker. */
export type Outcome<Answer> = { answer: Answer } | { failed: "slow" | "broken" | "busy" | "lost" };

/** How long a worker may take to load, in milliseconds. */
const LOADING_MS = 15_000;

type Waiting<Ask, Answer> = { ask: Ask; give: (outcome: Outcome<Answer>) => void };

/** A worker that does one thing after the other. It is started when it is needed, and again after it was ended. */
export class Background<Ask, Answer> {
  readonly #start: () => BackgroundWorker<Ask>;
  readonly #ms: number;
  readonly #most: number;
  readonly #waiting: Waiting<Ask, Answer>[] = [];
  #worker: BackgroundWorker<Ask> | null = null;
  #isThere = false;
  #current: Waiting<Ask, Answer> | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Each piece of work has `ms` milliseconds, and no more than `most` wait. */
  constructor(start: () => BackgroundWorker<Ask>, ms: number, most = 50) {
    this.#start = start;
    this.#ms = ms;
    this.#most = most;
  }

  /** Has something done. */
  ask(ask: Ask): Promise<Outcome<Answer>> {
    if (this.#waiting.length >= this.#most) return Promise.resolve({ failed: "busy" });
    return new Promise((give) => {
      this.#waiting.push({ ask, give });
      this.#next();
    });
  }

  #next(): void {
    if (this.#current !== null || this.#waiting.length === 0) return;
    if (this.#worker === null) this.#open();
    else if (this.#isThere) this.#begin(this.#worker);
  }

  #begin(worker: BackgroundWorker<Ask>): void {
    this.#current = this.#waiting.shift() ?? null;
    if (this.#current === null) return;
    this.#timer = setTimeout(() => {
      this.#end("slow");
    }, this.#ms);
    worker.postMessage(this.#current.ask);
  }

  #open(): void {
    let worker: BackgroundWorker<Ask>;
    try {
      worker = this.#start();
    } catch {
      this.#end("lost");
      return;
    }
    this.#worker = worker;
    this.#isThere = false;
    this.#timer = setTimeout(() => {
      this.#end("lost");
    }, LOADING_MS);
    worker.onerror = () => {
      if (this.#worker === worker) this.#end("lost");
    };
    worker.onmessage = ({ data }: MessageEvent<FromBackground<Answer>>) => {
      // What an ended worker had still sent is nobody's answer.
      if (this.#worker !== worker) return;
      clearTimeout(this.#timer);
      this.#isThere = true;
      const current = this.#current;
      this.#current = null;
      if (data !== null) current?.give(data);
      this.#next();
    };
  }

  /** Ends the worker, and with it what it was at; without one, all that waits for it. */
  #end(failed: "slow" | "lost"): void {
    clearTimeout(this.#timer);
    this.#worker?.terminate();
    this.#worker = null;
    const current = this.#current;
    this.#current = null;
    if (current !== null) current.give({ failed });
    else for (const { give } of this.#waiting.splice(0)) give({ failed });
    this.#next();
  }
}
