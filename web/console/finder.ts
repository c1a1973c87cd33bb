// Finds lines. A text is found at once; a pattern is looked for in a worker, by the batch, and each batch has a time
// after which the worker is ended and the search with it.

import { isIn, placesIn, type Places, type Search } from "./search.ts";
import type { FromSearch, ToSearch } from "./search-worker.ts";

/** How long a batch may take, in milliseconds. An honest pattern takes some. */
export const BATCH_MS = 2_000;

/** How much goes into a batch. */
const BATCH_TEXTS = 2_000;
const BATCH_CHARACTERS = 200_000;

/** Of how many texts the places are remembered: more than can be in sight. */
const KNOWN_TEXTS = 2_000;

/** Why a search has ended: it takes too long, its worker can't be had, or what is wrong with the pattern. */
export type Ended = "slow" | "lost" | { trouble: string };

/** What a finder tells. */
export type FinderHooks = {
  /** More is known than before. */
  onNews: () => void;
  /** Nothing more will be found. */
  onEnd: (why: Ended) => void;
};

/** The part of `Worker` that is used; tests bring their own. */
export type SearchWorker = Pick<Worker, "postMessage" | "terminate" | "onmessage" | "onerror">;

/** What is in the worker's hands, and what is done with what it finds. */
type Batch = { texts: string[]; where: boolean; take: (from: FromSearch) => void };

/** Looks for one thing. `T` is what is looked through. */
export class Finder<T extends object> {
  readonly #search: Search;
  readonly #textOf: (item: T) => string;
  readonly #hooks: FinderHooks;
  readonly #start: () => SearchWorker;
  #known = new WeakMap<T, boolean>();
  #asked: T[] = [];
  #places = new Map<string, Places>();
  #texts = new Set<string>();
  #worker: SearchWorker | null = null;
  #isThere = false;
  #batch: Batch | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isOver = false;

  constructor(search: Search, textOf: (item: T) => string, hooks: FinderHooks, start: () => SearchWorker) {
    this.#search = search;
    this.#textOf = textOf;
    this.#hooks = hooks;
    this.#start = start;
  }

  /** Whether all that was asked is known. */
  get isIdle(): boolean {
    return this.#batch === null && this.#asked.length === 0;
  }

  /** Whether an item has what is looked for. What is not known yet is asked, and told as news. */
  has(item: T): boolean {
    if ("text" in this.#search) return isIn(this.#search, this.#textOf(item));
    const known = this.#known.get(item);
    if (known !== undefined) return known;
    // It is asked once: until then it is not there.
    this.#known.set(item, false);
    this.#asked.push(item);
    this.#go();
    return false;
  }

  /** Where in a text it is; nowhere as long as that is not known. */
  placesIn(text: string): Places {
    if ("text" in this.#search) return placesIn(this.#search, text);
    const known = this.#places.get(text);
    if (known === undefined) {
      this.#texts.add(text);
      this.#go();
    }
    return known ?? [];
  }

  /** Nobody looks any more. */
  end(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#worker?.terminate();
    this.#worker = null;
  }

  #fail(why: Ended): void {
    if (this.#isOver) return;
    this.end();
    this.#hooks.onEnd(why);
  }

  #go(): void {
    if (this.#isOver || this.#batch !== null) return;
    if (this.#worker === null) {
      this.#open();
      return;
    }
    if (!this.#isThere || !("pattern" in this.#search)) return;
    const batch = this.#nextItems() ?? this.#nextTexts();
    if (batch === null) return;
    this.#batch = batch;
    this.#timer = setTimeout(() => {
      this.#fail("slow");
    }, BATCH_MS);
    const { source, flags } = this.#search.pattern;
    const message: ToSearch = { source, flags, texts: batch.texts, where: batch.where };
    this.#worker.postMessage(message);
  }

  #nextItems(): Batch | null {
    const texts: string[] = [];
    let characters = 0;
    for (const item of this.#asked) {
      if (texts.length === BATCH_TEXTS || (texts.length > 0 && characters > BATCH_CHARACTERS)) break;
      const text = this.#textOf(item);
      texts.push(text);
      characters += text.length;
    }
    if (texts.length === 0) return null;
    const items = this.#asked.splice(0, texts.length);
    const take = ({ found = [] }: FromSearch) => {
      for (const [at, item] of items.entries()) this.#known.set(item, found[at] === true);
    };
    return { texts, where: false, take };
  }

  #nextTexts(): Batch | null {
    const texts = [...this.#texts].slice(0, BATCH_TEXTS);
    if (texts.length === 0) return null;
    this.#texts.clear();
    const take = ({ places = [] }: FromSearch) => {
      if (this.#places.size > KNOWN_TEXTS) this.#places.clear();
      for (const [at, text] of texts.entries()) this.#places.set(text, places[at] ?? []);
    };
    return { texts, where: true, take };
  }

  #open(): void {
    try {
      this.#worker = this.#start();
    } catch {
      this.#fail("lost");
      return;
    }
    this.#worker.onerror = () => {
      this.#fail("lost");
    };
    this.#worker.onmessage = ({ data }: MessageEvent<FromSearch>) => {
      clearTimeout(this.#timer);
      const batch = this.#batch;
      this.#batch = null;
      this.#isThere = true;
      if (data.trouble !== undefined) {
        this.#fail({ trouble: data.trouble });
        return;
      }
      batch?.take(data);
      this.#go();
      if (batch !== null) this.#hooks.onNews();
    };
  }
}
