// Remembers what the newest run did, so that it can be shared along with its program.

import type { ConsoleEvent, RunReport } from "../protocol.ts";
import type { Recording } from "./snippet.ts";

/** As many events are remembered as the page shows rows for; a run with more is shared without its output. */
const MOST = 10_000;

/** Remembers one run. */
export class Recorder {
  #source: string | null = null;
  #events: ConsoleEvent[] = [];
  #report: RunReport | null = null;

  /** A run of `source` begins. */
  begin(source: string): void {
    this.#source = source;
    this.#events = [];
    this.#report = null;
  }

  /** It has printed something. */
  events(events: readonly ConsoleEvent[]): void {
    // One more than is allowed is enough to know that there were too many.
    if (this.#events.length <= MOST) this.#events.push(...events);
  }

  /** It has ended. */
  end(report: RunReport): void {
    this.#report = report;
  }

  /** Whether there was a run of `source`, to its end. */
  has(source: string): boolean {
    return this.#source === source && this.#report !== null;
  }

  /** What the run of `source` did; `null` when there was none, or too much of it. */
  recording(source: string, engine: string): Recording | null {
    if (!this.has(source) || this.#report === null || this.#events.length > MOST) return null;
    return { events: this.#events, report: this.#report, engine };
  }
}
