// The program being typed, kept in this browser so that no reload, crash or lost connection takes it away.

import { load, save, type Store } from "./storage.ts";

const KEY = "mayfly.draft";

/** How long typing must pause before the draft is stored, in milliseconds. */
const PAUSE_MS = 300;

/** What a [`Draft`] needs from the outside; tests bring their own. */
export type DraftOptions = {
  /** Which draft, where it is not the visitor's own program. */
  name?: string;
  /** Where to store. Default: localStorage. */
  store?: () => Store;
  /** Told after each attempt to store whether it worked. */
  onSaved?: (ok: boolean) => void;
};

/** Keeps one draft. */
export class Draft {
  #key: string;
  #store: (() => Store) | undefined;
  #onSaved: (ok: boolean) => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #pending: (() => string) | undefined;

  constructor({ name, store, onSaved }: DraftOptions = {}) {
    this.#key = name === undefined ? KEY : `${KEY}.${name}`;
    this.#store = store;
    this.#onSaved = onSaved ?? (() => undefined);
  }

  /** The stored draft; `null` on a first visit. */
  load(): string | null {
    return load(this.#key, this.#store);
  }

  /** Stores what `read` gives, once typing pauses. It is read then, so that a keystroke costs nothing. */
  changed(read: () => string): void {
    this.#pending = read;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.flush();
    }, PAUSE_MS);
  }

  /** Stores now what waits to be stored; for when the page may go away. */
  flush(): void {
    clearTimeout(this.#timer);
    const read = this.#pending;
    if (read === undefined) return;
    this.#pending = undefined;
    this.#onSaved(save(this.#key, read(), this.#store));
  }
}
