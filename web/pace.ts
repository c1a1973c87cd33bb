// Work that comes in faster than the page can draw: in each frame it gets what time drawing has left over, the rest
// waits its turn. What comes alone is done at once.

/** How much of a frame goes into this work at most and at least, in milliseconds. */
const BUDGET_MS = 4;
const LEAST_MS = 1;

/** How long a frame is, at 60 a second, and how much of that is left alone, in milliseconds. */
const FRAME_MS = 1000 / 60;
const SPARE_MS = 7;

/** How long a frame is awaited, in milliseconds: where nothing is drawn there are none. */
const LATEST_MS = 100;

/** What a [`Pace`] goes by. */
export type Clock = {
  now: () => number;
  /** Calls back when the next frame is drawn, or when none comes, with how many milliseconds there are then. */
  next: (act: (budget: number) => void) => void;
  /** Whether nothing is drawn, so that there is no time to leave. */
  isHidden: () => boolean;
};

/** The page's own clock. */
const CLOCK: Clock = {
  now: () => performance.now(),
  next: (act) => {
    let isDone = false;
    const once = (budget: number) => {
      if (isDone) return;
      isDone = true;
      act(budget);
    };
    if (typeof requestAnimationFrame === "function") {
      requestAnimationFrame((start) => {
        // A message comes behind the drawing, which goes before this work.
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => {
          port1.close();
          once(Math.max(LEAST_MS, Math.min(BUDGET_MS, start + FRAME_MS - SPARE_MS - performance.now())));
        };
        port2.postMessage(null);
      });
    }
    setTimeout(() => {
      once(BUDGET_MS);
    }, LATEST_MS);
  },
  isHidden: () => typeof document !== "undefined" && document.visibilityState === "hidden",
};

/** Does work in order. */
export class Pace {
  #clock: Clock;
  #waiting: (() => void)[] = [];
  /** How much of this frame's time is spent, and whether the next one is awaited. */
  #spent = 0;
  #budget = BUDGET_MS;
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
      while (at < this.#waiting.length && (this.#spent < this.#budget || this.#clock.isHidden())) {
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
    this.#clock.next((budget) => {
      this.#awaits = false;
      this.#spent = 0;
      this.#budget = budget;
      if (this.#waiting.length > 0) this.#go();
      else this.#budget = BUDGET_MS;
    });
  }
}
