// Figures for people: times, sizes, counts.

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
  return ms < 60_000 ? `${(Math.max(0, ms) / 1000).toFixed(1)} s` : duration(ms);
}

/** When something happened in a run: `+0.30 s`. */
export function sinceStart(ms: number): string {
  return `+${(ms / 1000).toFixed(2)} s`;
}

/** `12345` becomes `12,345`. */
export function count(value: number): string {
  return value.toLocaleString("en");
}

/** `1` and `line` become `1 line`, `2` and `line` become `2 lines`. */
export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}

/** At most one decimal, and none after a zero. */
function figure(value: number): string {
  return value >= 100 ? String(Math.round(value)) : String(Math.round(value * 10) / 10);
}
