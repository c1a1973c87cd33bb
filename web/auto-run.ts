// Runs the program when typing pauses, where the visitor has set that.

/** How long typing must pause, in milliseconds. */
const PAUSE_MS = 1_000;

/** What it needs to know, and what it does. */
export type AutoRunPage = {
  /** Whether it is set. */
  wanted: () => boolean;
  /** The program as it is, as one text. */
  program: () => string;
  /** Whether a run would disturb: someone is being asked something. */
  disturbs: () => boolean;
  run: () => void;
};

/** Waits for pauses. */
export class AutoRun {
  readonly #page: AutoRunPage;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #ran: string;

  constructor(page: AutoRunPage) {
    this.#page = page;
    this.#ran = page.program();
  }

  /** Something was typed. */
  edited(): void {
    clearTimeout(this.#timer);
    if (!this.#page.wanted()) return;
    this.#timer = setTimeout(() => {
      // Going from file to file changes nothing.
      if (!this.#page.wanted() || this.#page.disturbs() || this.#page.program() === this.#ran) return;
      this.#page.run();
    }, PAUSE_MS);
  }

  /** A run begins, whoever began it. */
  began(): void {
    clearTimeout(this.#timer);
    this.#ran = this.#page.program();
  }
}
