// localStorage that may be missing, full or forbidden: then nothing is kept, and the caller is told.

/** The part of `Storage` that the page uses. */
export type Store = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/** What is stored under `key`; `null` when there is nothing or no storage. */
export function load(key: string, store: () => Store = () => localStorage): string | null {
  try {
    return store().getItem(key);
  } catch {
    return null;
  }
}

/** Stores `value`, or removes the key when it is `null`. Returns whether that worked. */
export function save(key: string, value: string | null, store: () => Store = () => localStorage): boolean {
  try {
    if (value === null) store().removeItem(key);
    else store().setItem(key, value);
    return true;
  } catch {
    return false;
  }
}
