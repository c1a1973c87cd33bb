// Formatting, by a worker that is started when it is first asked for.

import { assetUrl } from "./assets.ts";
import type { FormatAnswer } from "./format/protocol.ts";

type Formatted = { text: string; caret: number } | { failed: string };

let worker: Worker | null = null;
let id = 0;
const waiting = new Map<number, (answer: Formatted) => void>();

/** Formats a file's text, and tells where the caret then is; or why it can't be formatted. */
export function format(file: string, text: string, caret: number): Promise<Formatted> {
  if (worker === null) {
    worker = new Worker(assetUrl("format-worker.js"), { name: "format" });
    worker.onmessage = ({ data }: MessageEvent<FormatAnswer>) => {
      waiting.get(data.id)?.(data);
      waiting.delete(data.id);
    };
    worker.onerror = () => {
      for (const give of waiting.values()) give({ failed: "" });
      waiting.clear();
      worker = null;
    };
  }
  const started = worker;
  id += 1;
  const own = id;
  return new Promise((give) => {
    waiting.set(own, give);
    started.postMessage({ id: own, file, text, caret });
  });
}

/** The part of two texts that differs, as one change. */
export function difference(before: string, after: string): { from: number; to: number; insert: string } | null {
  if (before === after) return null;
  const shorter = Math.min(before.length, after.length);
  let from = 0;
  while (from < shorter && before[from] === after[from]) from += 1;
  let end = 0;
  while (end < shorter - from && before[before.length - 1 - end] === after[after.length - 1 - end]) end += 1;
  return { from, to: before.length - end, insert: after.slice(from, after.length - end) };
}
