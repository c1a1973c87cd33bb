// The lines of the console as data: how many are kept, which repeat the one before, which stand in a group that
// is closed, which the visitor wants to see. No DOM, so that it can be tested without a page.

import type { ConsoleEvent, Level, RunError, Value } from "../protocol.ts";
import { currentLocale, words } from "../strings/words.ts";
import { withoutAnsi } from "./ansi.ts";
import { inlineText } from "./children.ts";

/** How many lines are kept. */
export const MAX_LINES = 100_000;

/** How much is kept, in characters of text and as much for each value: what a flood of large objects comes to. */
export const MAX_WEIGHT = 64_000_000;

/** What a line is about. */
export type What =
  | { type: "event"; event: ConsoleEvent }
  | { type: "result"; value: Value }
  | { type: "error"; error: RunError }
  | { type: "notice"; level: Level; text: string }
  /** What the visitor evaluates. */
  | { type: "input"; source: string }
  /** A run begins below it; `at` is in milliseconds of `Date.now()`. */
  | { type: "run"; number: number; at: number };

/** A `console.group`. Its lines come after its heading, like all others: that keeps dropping the oldest simple. */
export type Group = { readonly heading: Line; readonly depth: number; open: boolean; readonly parent: Group | null };

/** A line. */
export type Line = {
  /** Its number among all lines ever, from 0. */
  readonly number: number;
  what: What;
  readonly level: Level;
  readonly depth: number;
  /** The group around it, and the one that it opens. */
  readonly parent: Group | null;
  opens: Group | null;
  /** How often it came, one directly after the other. */
  times: number;
  readonly weight: number;
};

/** Which lines are wanted. */
export type Sieve = { hidden: ReadonlySet<Level>; matches: ((line: Line) => boolean) | null };

/** All lines, and those of them that are shown. */
export class Lines {
  /** Those that are kept, in order. */
  all: Line[] = [];
  /** Those of them that are wanted and in no closed group, in order. */
  shown: Line[] = [];
  /** How many were there and are not kept. */
  dropped = 0;
  #next = 0;
  #weight = 0;
  #groups: Group[] = [];
  #sieve: Sieve = { hidden: new Set(), matches: null };
  readonly #most: number;
  readonly #heaviest: number;

  constructor(most = MAX_LINES, heaviest = MAX_WEIGHT) {
    this.#most = most;
    this.#heaviest = heaviest;
  }

  /** Adds a line, or counts the last one once more. */
  add(what: What): void {
    const event = what.type === "event" ? what.event : null;
    const last = this.all.at(-1);
    if (event !== null && last !== undefined && repeats(last, event)) {
      last.times += 1;
      last.what = what;
      return;
    }
    const depth = event?.depth ?? 0;
    while ((this.#groups.at(-1)?.depth ?? -1) >= depth) this.#groups.pop();
    const line: Line = {
      number: this.#next,
      what,
      level: levelOf(what),
      depth,
      parent: this.#groups.at(-1) ?? null,
      opens: null,
      times: 1,
      weight: weightOf(what),
    };
    this.#next += 1;
    if (event?.kind === "group" || event?.kind === "group_collapsed") {
      line.opens = { heading: line, depth, open: event.kind === "group", parent: line.parent };
      this.#groups.push(line.opens);
    }
    this.all.push(line);
    this.#weight += line.weight;
    if (this.#isShown(line)) this.shown.push(line);
    // Not line by line: taking away the first of many costs as much as taking away a thousand.
    if (this.all.length > 2 * this.#most || this.#weight > 2 * this.#heaviest) this.trim();
  }

  /** Drops what is over the limits; how many shown lines that took away. */
  trim(): number {
    let over = Math.max(0, this.all.length - this.#most);
    let weight = this.#weight;
    for (let at = 0; at < this.all.length && (at < over || weight > this.#heaviest); at += 1) {
      weight -= this.all[at]?.weight ?? 0;
      over = Math.max(over, at + 1);
    }
    if (over === 0) return 0;
    this.#weight = weight;
    this.dropped += this.all.slice(0, over).reduce((sum, line) => sum + line.times, 0);
    this.all = this.all.slice(over);
    const first = this.all[0]?.number ?? this.#next;
    const gone = this.shown.findIndex((line) => line.number >= first);
    const count = gone < 0 ? this.shown.length : gone;
    this.shown = this.shown.slice(count);
    return count;
  }

  /** Takes all lines away. */
  clear(): void {
    this.all = [];
    this.shown = [];
    this.dropped = 0;
    this.#weight = 0;
    this.#groups = [];
  }

  /** A new run begins: its lines are in no group of the one before. */
  leaveGroups(): void {
    this.#groups = [];
  }

  /** Says which lines are wanted; the same sieve again where it now knows better. */
  sift(sieve: Sieve): void {
    this.#sieve = sieve;
    this.#siftAgain();
  }

  /** Opens or closes a group. */
  fold(group: Group, open: boolean): void {
    group.open = open;
    this.#siftAgain();
  }

  #siftAgain(): void {
    this.shown = this.all.filter((line) => this.#isShown(line));
  }

  #isShown(line: Line): boolean {
    for (let around = line.parent; around !== null; around = around.parent) {
      if (!around.open) return false;
    }
    // Without the lines between runs nobody would know which is which.
    if (line.what.type === "run") return true;
    const { hidden, matches } = this.#sieve;
    return !hidden.has(line.level) && (matches === null || matches(line));
  }
}

function levelOf(what: What): Level {
  switch (what.type) {
    case "event":
      return what.event.level;
    case "error":
      return "error";
    case "notice":
      return what.level;
    case "result":
    case "input":
    case "run":
      return "log";
  }
}

/** A line's text, as a terminal would have it. */
export function textOf({ what }: Line): string {
  switch (what.type) {
    case "event": {
      const { event } = what;
      if (event.kind === "clear") return words().output.cleared;
      const text = event.text === "" ? event.args.map((value) => (value.type === "string" ? value.value : inlineText(value))).join(" ") : event.text;
      return withoutAnsi(text);
    }
    case "result":
      return what.value.type === "string" ? what.value.value : inlineText(what.value);
    case "error":
      return errorText(what.error);
    case "notice":
      return what.text;
    case "input":
      return what.source;
    case "run":
      return words().output.runStarts(what.number, clock(what.at));
  }
}

/** An error that nobody caught, in one line. */
export function errorText({ name, message, in_promise }: RunError): string {
  const { uncaught: plain, inPromise } = words().output;
  const uncaught = in_promise === true ? inPromise : plain;
  return name === "Uncaught" ? `${uncaught} ${message}` : `${uncaught} ${name}: ${message}`;
}

/** The time of day, for a line between runs. */
export function clock(at: number): string {
  return new Date(at).toLocaleTimeString(currentLocale());
}

/** Whether `event` says what `line` says, from the same place. */
function repeats(line: Line, event: ConsoleEvent): boolean {
  if (line.what.type !== "event") return false;
  const { event: last } = line.what;
  return (
    event.kind === undefined &&
    last.kind === undefined &&
    event.text === last.text &&
    event.level === last.level &&
    event.line === last.line &&
    event.column === last.column &&
    event.file === last.file &&
    (event.depth ?? 0) === (last.depth ?? 0) &&
    event.args.length === last.args.length &&
    event.args.every((value, at) => isSame(value, last.args[at])) &&
    (event.format === undefined) === (last.format === undefined) &&
    (event.format === undefined || JSON.stringify(event.format) === JSON.stringify(last.format))
  );
}

function isSame(a: Value, b: Value | undefined): boolean {
  if (a.type !== b?.type) return false;
  if (a.type === "string" && b.type === "string") return a.value === b.value && a.length === b.length;
  return JSON.stringify(a) === JSON.stringify(b);
}

/** What a line of this takes in memory, roughly, in characters. */
function weightOf(what: What): number {
  const base = 100;
  switch (what.type) {
    case "event": {
      const { text, args, table, stack, bundle } = what.event;
      const cells = (table?.rows ?? []).reduce((sum, row) => sum + row.cells.reduce((all, cell) => all + (cell === null ? 1 : valueWeight(cell)), 0), 0);
      const forms = bundle === undefined ? 0 : Object.values(bundle).reduce((sum, form) => sum + form.length, 0);
      return base + text.length + args.reduce((sum, value) => sum + valueWeight(value), 0) + cells + forms + 50 * (stack?.length ?? 0);
    }
    case "result":
      return base + valueWeight(what.value);
    case "error":
      return base + what.error.message.length;
    case "notice":
      return base + what.text.length;
    case "input":
      return base + what.source.length;
    case "run":
      return base;
  }
}

function valueWeight(value: Value): number {
  if (value.type === "string") return 30 + value.value.length;
  if (value.type !== "object") return 30;
  let sum = 100 + value.text.length;
  for (const item of value.items ?? []) sum += valueWeight(item);
  for (const [key, entry] of value.entries ?? []) sum += valueWeight(key) + valueWeight(entry);
  for (const { key, value: inner } of value.properties ?? []) sum += key.length + (inner === undefined ? 30 : valueWeight(inner));
  for (const inner of [value.value, value.handler, value.prototype, value.error?.cause]) if (inner !== undefined) sum += valueWeight(inner);
  return sum;
}
