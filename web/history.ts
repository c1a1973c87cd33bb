// The runs of this visit, to go back to: what ran, what it printed and how it ended. In memory, and bounded.

import type { ConsoleEvent, RunReport } from "./protocol.ts";

/** A run that has ended. */
export type PastRun = {
  number: number;
  /** When it ended, in milliseconds of `Date.now()`. */
  at: number;
  /** The program and how it was run, as `serialise` writes them. */
  program: string;
  /** Its first events; `more` counts those that were too many to keep. */
  events: ConsoleEvent[];
  more: number;
  report: RunReport;
};

/** As many runs are kept, */
export const MOST_RUNS = 20;
/** so many events of each, and so many of all. */
export const MOST_EVENTS = 2_000;
const MOST_EVENTS_OF_ALL = 10_000;

/** The runs, oldest first. */
export class RunHistory {
  #runs: PastRun[] = [];
  #count = 0;
  #open: { program: string; events: ConsoleEvent[]; more: number } | null = null;

  /** A run of `program` begins. What came before it without an end is forgotten. */
  begin(program: string): void {
    this.#open = { program, events: [], more: 0 };
  }

  /** It has printed something. */
  events(events: readonly ConsoleEvent[]): void {
    if (this.#open === null) return;
    const room = Math.max(0, MOST_EVENTS - this.#open.events.length);
    this.#open.events.push(...events.slice(0, room));
    this.#open.more += Math.max(0, events.length - room);
  }

  /** It has ended. */
  end(report: RunReport, at: number): void {
    if (this.#open === null) return;
    this.#count += 1;
    this.#runs.push({ number: this.#count, at, ...this.#open, report });
    this.#open = null;
    let events = this.#runs.reduce((sum, run) => sum + run.events.length, 0);
    while (this.#runs.length > 1 && (this.#runs.length > MOST_RUNS || events > MOST_EVENTS_OF_ALL)) {
      events -= this.#runs.shift()?.events.length ?? 0;
    }
  }

  /** The runs that are kept, oldest first. */
  get runs(): readonly PastRun[] {
    return this.#runs;
  }
}
