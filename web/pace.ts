// Work that comes in faster than the page can draw: so much of it is done in each frame as leaves time for drawing,
// the rest waits its turn. What comes alone is done at once.

/** How much of each frame goes into this work, in milliseconds: half of what there is at 60 frames a second. */
const BUDGET_MS = 8;

/** How long a frame is awaited, in milliseconds: where nothing is drawn there are none. */
const LATEST_MS = 100;

/** What a [`Pace`] goes by. */
export type Clock = {
  now: () => number;
  /** Calls back with the next frame, or when none comes. */
  next: (act: () => void) => void;
  /** Whether nothing is drawn, so that there is no time to leave. */
  isHidden: () => boolean;
};

/** The page's own clock. */
const CLOCK: Clock = {
  now: () => performance.now(),
  next: (act) => {
    let isDone = false;
    const once = () => {
      if (isDone) return;
      isDone = true;
      act();
    };
    if (typeof requestAnimationFrame === "function") requestAnimationFrame(once);
    setTimeout(once, LATEST_MS);
  },
  isHidden: () => typeof document !== "undefined" && document.visibilityState === "hidden",
};

/** Does work in order. */
export class Pace {
  #clock: Clock;
  #waiting: (() => void)[] = [];
  /** How much of this frame's time is spent, and whether the next one is awaited. */
  #spent = 0;
  #awaits = false;
  #works = false;

  constructor(clock = CLOCK) {
    this.#clock = clock;
  }

  /** Does `work` now, or as soon as what came before it is done. */
  add(work: () => void): void {
    this.#waiting.push(work);
    if (!this.#works) this.#go();
  }

  #go(): void {
    this.#works = true;
    let at = 0;
    try {
      while (at < this.#waiting.length && (this.#spent < BUDGET_MS || this.#clock.isHidden())) {
        const start = this.#clock.now();
        const work = this.#waiting[at];
        at += 1;
        work?.();
        this.#spent += this.#clock.now() - start;
      }
    } finally {
      // Work that throws is done with, and not the end of what waits behind it.
      this.#waiting.splice(0, at);
      this.#works = false;
      this.#goOn();
    }
  }

  #goOn(): void {
    if (this.#awaits) return;
    this.#awaits = true;
    this.#clock.next(() => {
      this.#awaits = false;
      this.#spent = 0;
      if (this.#waiting.length > 0) this.#go();
    });
  }
}
