// What a visitor has set for the page, kept in this browser. What is stored may be from another version, or be
// anything: what can't be read is what it is by default.

import type { Level } from "./protocol.ts";
import { load, save, type Store } from "./storage.ts";

const KEY = "mayfly.settings";

/** The smallest and largest size of the text in the editor, in pixels. */
export const FONT_SIZES = { least: 10, most: 28 } as const;

/** Levels of the console, the least grave first. */
export const LEVELS: readonly Level[] = ["debug", "log", "info", "warn", "error"];

const CHOICES = {
  keys: ["standard", "vim", "emacs"],
  split: ["auto", "columns", "rows"],
  locale: ["auto", "en", "de", "es"],
} as const;

/** Keys of the editor, layout of the panes, language of the page. */
export type Choices = { [Name in keyof typeof CHOICES]: (typeof CHOICES)[Name][number] };

/** The settings. */
export type Settings = Choices & {
  /** Size of the text in the editor, in pixels; null leaves it to the page. */
  fontSize: number | null;
  /** Long lines go on below instead of to the side. */
  wrap: boolean;
  /** Lines that show indentation. */
  guides: boolean;
  /** The language service: completion, types, problems. */
  assist: boolean;
  /** How much of the space the program has, in percent, side by side and one above the other; null for the page's own measure. */
  columns: number | null;
  rows: number | null;
  /** Levels that the console does not show. */
  hiddenLevels: readonly Level[];
  /** When each line of the console came; null leaves it to the page. */
  timestamps: boolean | null;
  /** The console keeps what it has when a run begins. */
  preserve: boolean;
};

/** The settings of someone who has set nothing. */
export const DEFAULTS: Settings = {
  keys: "standard",
  split: "auto",
  locale: "auto",
  fontSize: null,
  wrap: false,
  guides: true,
  assist: true,
  columns: null,
  rows: null,
  hiddenLevels: [],
  timestamps: null,
  preserve: false,
};

/** What can be chosen for a setting. */
export function choices<Name extends keyof Choices>(name: Name): readonly Choices[Name][] {
  const all: { [Any in keyof Choices]: readonly Choices[Any][] } = CHOICES;
  return all[name];
}

function number(value: unknown, least: number, most: number): number | null {
  return typeof value === "number" && value >= least && value <= most ? value : null;
}

/** Reads stored settings. */
export function readSettings(text: string | null): Settings {
  let stored: Record<string, unknown> = {};
  try {
    const parsed: unknown = JSON.parse(text ?? "{}");
    if (typeof parsed === "object" && parsed !== null) stored = parsed as Record<string, unknown>;
  } catch {
    // As if there were none.
  }
  const choose = <Name extends keyof Choices>(name: Name): Choices[Name] =>
    choices(name).find((it) => it === stored[name]) ?? DEFAULTS[name];
  const flag = (name: "wrap" | "guides" | "assist" | "preserve") => (typeof stored[name] === "boolean" ? stored[name] : DEFAULTS[name]);
  return {
    keys: choose("keys"),
    split: choose("split"),
    locale: choose("locale"),
    fontSize: number(stored["fontSize"], FONT_SIZES.least, FONT_SIZES.most),
    wrap: flag("wrap"),
    guides: flag("guides"),
    assist: flag("assist"),
    columns: number(stored["columns"], 0, 100),
    rows: number(stored["rows"], 0, 100),
    hiddenLevels: LEVELS.filter((level) => Array.isArray(stored["hiddenLevels"]) && stored["hiddenLevels"].includes(level)),
    timestamps: typeof stored["timestamps"] === "boolean" ? stored["timestamps"] : DEFAULTS.timestamps,
    preserve: flag("preserve"),
  };
}

/** The settings of this browser, and who wants to know when they change. */
export class SettingsStore {
  #now: Settings;
  #store: (() => Store) | undefined;
  readonly #hearers: ((now: Settings, before: Settings) => void)[] = [];

  constructor(store?: () => Store) {
    this.#store = store;
    this.#now = readSettings(load(KEY, store));
  }

  /** The settings now. */
  get now(): Settings {
    return this.#now;
  }

  /** Changes some of them, and keeps that. */
  set(some: Partial<Settings>): void {
    const before = this.#now;
    this.#now = { ...before, ...some };
    save(KEY, JSON.stringify(this.#now), this.#store);
    for (const hear of this.#hearers) hear(this.#now, before);
  }

  /** Tells `hear` of each change. */
  onChange(hear: (now: Settings, before: Settings) => void): void {
    this.#hearers.push(hear);
  }
}
