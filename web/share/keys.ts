// The keys with which this browser can change or delete what was shared from it. The server keeps only a hash.

import { load, save, type Store } from "../storage.ts";

const KEY = "mayfly.shared";

/** How many are kept, the newest. */
const MOST = 200;

type Kept = { id: string; token: string };

/** The key of a shared program; `null` when this browser has none. */
export function keyOf(id: string, store?: () => Store): string | null {
  return read(store).find((kept) => kept.id === id)?.token ?? null;
}

/** Keeps a key; says whether that worked. */
export function keepKey(id: string, token: string, store?: () => Store): boolean {
  const others = read(store).filter((kept) => kept.id !== id);
  return save(KEY, JSON.stringify([{ id, token }, ...others].slice(0, MOST)), store);
}

/** Forgets a key: what it was for is gone. */
export function forgetKey(id: string, store?: () => Store): void {
  const others = read(store).filter((kept) => kept.id !== id);
  save(KEY, others.length === 0 ? null : JSON.stringify(others), store);
}

function read(store?: () => Store): Kept[] {
  try {
    const raw: unknown = JSON.parse(load(KEY, store) ?? "[]");
    if (!Array.isArray(raw)) return [];
    return raw.filter((entry: unknown): entry is Kept => {
      if (typeof entry !== "object" || entry === null) return false;
      const { id, token } = entry as Partial<Kept>;
      return typeof id === "string" && typeof token === "string";
    });
  } catch {
    return [];
  }
}
