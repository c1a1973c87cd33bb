// Plays a recorded run with its own timing, and can pause.

import type { ConsoleEvent } from "../protocol.ts";

/** Who watches. */
export type PlayerEvents = {
  /** It begins: whatever is shown goes. */
  onStart: () => void;
  /** The time of these has come. */
  onEvents: (events: ConsoleEvent[]) => void;
  /** The run is over. */
  onEnd: () => void;
  /** It plays, pauses or has ended. */
  onState: (state: "playing" | "paused" | "idle") => void;
};

/** The longest wait that `setTimeout` knows. */
const LONGEST_MS = 2 ** 31 - 1;

/** Plays one recording. */
export class Player {
  #events: readonly ConsoleEvent[];
  #end: number;
  #watch: PlayerEvents;
  #now: () => number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #next = 0;
  /** How far it is, in milliseconds of the run, when it last began to play. */
  #at = 0;
  #since = 0;
  #state: "playing" | "paused" | "idle" = "idle";

  /** Of a run that took `length` milliseconds. `now` is a clock in milliseconds. */
  constructor(events: readonly ConsoleEvent[], length: number, watch: PlayerEvents, now = () => performance.now()) {
    this.#events = events;
    this.#end = Math.max(length, events.at(-1)?.at_ms ?? 0);
    this.#watch = watch;
    this.#now = now;
  }

  /** Whether it plays, pauses, or neither. */
  get state(): "playing" | "paused" | "idle" {
    return this.#state;
  }

  /** Plays from the start, pauses, or goes on. */
  toggle(): void {
    if (this.#state === "playing") {
      this.#at = this.#position();
      clearTimeout(this.#timer);
      this.#set("paused");
      return;
    }
    if (this.#state === "idle") {
      this.#next = 0;
      this.#at = 0;
      this.#watch.onStart();
    }
    this.#since = this.#now();
    this.#set("playing");
    this.#step();
  }

  /** Stops where it is, without a word on how the run ended: something else is shown now. */
  cancel(): void {
    clearTimeout(this.#timer);
    if (this.#state !== "idle") this.#set("idle");
  }

  #position(): number {
    return this.#at + this.#now() - this.#since;
  }

  #step(): void {
    const position = this.#position();
    const from = this.#next;
    while ((this.#events[this.#next]?.at_ms ?? Infinity) <= position) this.#next += 1;
    if (this.#next > from) this.#watch.onEvents(this.#events.slice(from, this.#next));
    const due = this.#events[this.#next]?.at_ms ?? this.#end;
    if (this.#next === this.#events.length && position >= this.#end) {
      this.#set("idle");
      this.#watch.onEnd();
      return;
    }
    this.#timer = setTimeout(() => {
      this.#step();
    }, Math.min(Math.max(due - position, 0), LONGEST_MS));
  }

  #set(state: "playing" | "paused" | "idle"): void {
    this.#state = state;
    this.#watch.onState(state);
  }
}
