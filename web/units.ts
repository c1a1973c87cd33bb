// Figures for people: times, sizes, counts, in the page's language.

import { currentLocale } from "./strings/words.ts";

/** Formats by language and digits: each takes longer to make than to use a thousand times. */
const formats = new Map<string, Intl.NumberFormat>();

function written(value: number, least: number, most: number, grouped: boolean): string {
  const key = `${currentLocale()} ${least} ${most} ${grouped}`;
  let format = formats.get(key);
  if (format === undefined) {
    format = new Intl.NumberFormat(currentLocale(), { minimumFractionDigits: least, maximumFractionDigits: most, useGrouping: grouped });
    formats.set(key, format);
  }
  return format.format(value);
}

const BYTES = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** `1536` becomes `1.5 KiB`. */
export function bytes(count: number): string {
  let value = count;
  let unit = 0;
  while (value >= 1024 && unit < BYTES.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? String(value) : figure(value)} ${BYTES[unit] ?? "B"}`;
}

/** Milliseconds: `840 ms`, `1.3 s`, `2 min 5 s`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${figure(Math.floor(ms / 100) / 10)} s`;
  const seconds = Math.floor(ms / 1000);
  const rest = seconds % 60;
  return `${Math.floor(seconds / 60)} min${rest === 0 ? "" : ` ${rest} s`}`;
}

/** Seconds that tick: always one decimal, so that the text keeps its width. */
export function elapsed(ms: number): string {
  return ms < 60_000 ? `${written(Math.max(0, ms) / 1000, 1, 1, false)} s` : duration(ms);
}

/** When something happened in a run: `+0.30 s`. */
export function sinceStart(ms: number): string {
  return `+${written(ms / 1000, 2, 2, false)} s`;
}

/** `12345` becomes `12,345`, or what that is in the page's language. */
export function count(value: number): string {
  return written(value, 0, 0, true);
}

/** At most one decimal, and none after a zero. */
function figure(value: number): string {
  return written(value, 0, value >= 100 ? 0 : 1, false);
}
