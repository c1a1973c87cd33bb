// What the element on somebody's page and the frame with the editor say to each other. Both sides read this file
// and neither trusts the other: whatever arrives is read by the functions below, and what is not as it should be is
// no message.
//
// Page and frame meet like this. The frame, once its script runs, posts a `hello` to its parent. The element knows
// it by its window and its origin, makes a channel, and posts `connect` with one end of it to that window and
// that origin alone. From then on the two talk over the channel, and the window is listened to only for another
// `hello`, as a frame that is moved in its page loads anew.

/** Version of this conversation. The two sides may be of different builds, but not of different versions. */
export const VERSION = 1;

/** The longest text that is taken, in UTF-16 units; the server has a bound of its own, below this. */
export const MAX_TEXT = 4 << 20;

/** How many files a program may have. */
export const MAX_FILES = 32;

/** How many lines of console output go into one message. */
export const MAX_LINES = 1_000;

/** A file of a program. The program that is one text and no file has the name `""`. */
export type SourceFile = { name: string; content: string };

/** What an editor begins with. */
export type Program = {
  /** What the visitor sees; the first is the program. */
  files: SourceFile[];
  /** Runs before the program, unseen. */
  setup: string;
  /** Runs after the program, unseen. */
  check: string;
  /** JSON for the program's `input`; empty for none. */
  input: string;
};

/** How the frame is to look: the theme, and values of the custom properties in [`TOKENS`]. */
export type Look = { theme: string; tokens: Record<string, string> };

/** What the element tells the frame over the channel. */
export type ToFrame =
  /** Attributes of the element, by name, as they stand there. */
  | { type: "set"; attributes: Record<string, string> }
  | { type: "look"; look: Look }
  | { type: "program"; program: Program }
  /** Code of earlier editors, to be run before this one's. */
  | { type: "before"; code: string }
  | { type: "source"; file: SourceFile }
  | { type: "run" }
  | { type: "stop" };

/** A line of console output, as an embedding page gets it. */
export type ConsoleLine = {
  /** `debug`, `log`, `info`, `warn` or `error`. */
  level: string;
  /** The line as plain text. */
  text: string;
  /** Where in the program, counted from 1; 0 where that is not known. */
  line: number;
  /** The column, likewise. */
  column: number;
  /** Milliseconds since the run started. */
  at_ms: number;
};

/** How a run ended, as an embedding page gets it. */
export type Result = {
  /** As in the API (`completed`, `failed`, `timed_out`…), or `not_run`. */
  outcome: string;
  /** Which code failed: `program`, `before` (setup or earlier editors) or `check`; empty when none did. */
  part: string;
  /** A sentence that says how it ended. */
  message: string;
  /** The program's value as text, where it has one. */
  value: string | null;
  /** Where in the program it failed or was stopped, counted from 1; 0 where that is not known. */
  line: number;
  /** The column, likewise. */
  column: number;
  /** Milliseconds from start to end. */
  wall_ms: number;
  /** Milliseconds of CPU. */
  cpu_ms: number;
};

/** What the frame tells the element over the channel. */
export type FromFrame =
  /** The editor is there. */
  | { type: "ready" }
  /** How high the frame would like to be, in pixels. */
  | { type: "height"; px: number }
  /** The visitor has edited a file. */
  | { type: "source"; file: SourceFile }
  | { type: "run" }
  | { type: "console"; lines: ConsoleLine[] }
  | { type: "result"; result: Result };

/** Custom properties that an element hands on to its frame. */
export const TOKENS = [
  "accent",
  "on-accent",
  "background",
  "surface",
  "raised",
  "text",
  "muted",
  "line",
  "error",
  "warning",
  "font",
  "code-font",
  "code-size",
].map((name) => `--mayfly-${name}`);

/** Attributes that an element hands on to its frame. */
export const ATTRIBUTES = [
  "language",
  "mode",
  "autorun",
  "readonly",
  "height",
  "console",
  "files",
  "hide",
  "modules",
  "run-label",
  "snippet",
  "label",
];

type Fields = Record<string, unknown>;

/** What `hello` and `connect` look like. */
export function opening(type: "hello" | "connect"): object {
  return { mayfly: VERSION, type };
}

/** Whether `raw` is that opening. */
export function isOpening(raw: unknown, type: "hello" | "connect"): boolean {
  const from = fields(raw);
  return from?.["mayfly"] === VERSION && from["type"] === type;
}

/** A message from the element; `null` when it is none. */
export function readToFrame(raw: unknown): ToFrame | null {
  const from = fields(raw);
  switch (from?.["type"]) {
    case "set":
      return { type: "set", attributes: texts(from["attributes"], ATTRIBUTES) };
    case "look": {
      const look = fields(from["look"]);
      return look === null ? null : { type: "look", look: { theme: text(look["theme"]), tokens: texts(look["tokens"], TOKENS) } };
    }
    case "program": {
      const program = fields(from["program"]);
      if (program === null) return null;
      const files = list(program["files"], MAX_FILES, file);
      if (files.length === 0) return null;
      return {
        type: "program",
        program: { files, setup: text(program["setup"]), check: text(program["check"]), input: text(program["input"]) },
      };
    }
    case "before":
      return typeof from["code"] === "string" ? { type: "before", code: text(from["code"]) } : null;
    case "source": {
      const found = file(from["file"]);
      return found === null ? null : { type: "source", file: found };
    }
    case "run":
      return { type: "run" };
    case "stop":
      return { type: "stop" };
    default:
      return null;
  }
}

/** A message from the frame; `null` when it is none. */
export function readFromFrame(raw: unknown): FromFrame | null {
  const from = fields(raw);
  switch (from?.["type"]) {
    case "ready":
      return { type: "ready" };
    case "run":
      return { type: "run" };
    case "height": {
      const px = figure(from["px"]);
      return px > 0 && px < 100_000 ? { type: "height", px } : null;
    }
    case "source": {
      const found = file(from["file"]);
      return found === null ? null : { type: "source", file: found };
    }
    case "console":
      return { type: "console", lines: list(from["lines"], MAX_LINES, consoleLine) };
    case "result": {
      const result = fields(from["result"]);
      if (result === null) return null;
      const value = result["value"];
      return {
        type: "result",
        result: {
          outcome: text(result["outcome"]),
          part: text(result["part"]),
          message: text(result["message"]),
          value: typeof value === "string" ? text(value) : null,
          line: figure(result["line"]),
          column: figure(result["column"]),
          wall_ms: figure(result["wall_ms"]),
          cpu_ms: figure(result["cpu_ms"]),
        },
      };
    }
    default:
      return null;
  }
}

function consoleLine(raw: unknown): ConsoleLine | null {
  const from = fields(raw);
  if (from === null) return null;
  return {
    level: text(from["level"]),
    text: text(from["text"]),
    line: figure(from["line"]),
    column: figure(from["column"]),
    at_ms: figure(from["at_ms"]),
  };
}

/** `""`, or a relative path without `.` and `..`. */
function file(raw: unknown): SourceFile | null {
  const from = fields(raw);
  const name = from?.["name"];
  const content = from?.["content"];
  if (typeof name !== "string" || typeof content !== "string" || !isFileName(name)) return null;
  return { name, content: text(content) };
}

/** Whether a file may be called so. `""` stands for a program that is no file. */
export function isFileName(name: string): boolean {
  return name === "" || (name.length <= 100 && /^(?!\.{1,2}(\/|$))[\w.-]+(\/(?!\.{1,2}(\/|$))[\w.-]+)*$/.test(name));
}

function fields(raw: unknown): Fields | null {
  return typeof raw === "object" && raw !== null && !Array.isArray(raw) ? (raw as Fields) : null;
}

function text(raw: unknown): string {
  return typeof raw === "string" ? raw.slice(0, MAX_TEXT) : "";
}

function figure(raw: unknown): number {
  return typeof raw === "number" && Number.isFinite(raw) && raw >= 0 ? raw : 0;
}

function list<T>(raw: unknown, most: number, each: (entry: unknown) => T | null): T[] {
  return Array.isArray(raw) ? raw.slice(0, most).map(each).filter((entry) => entry !== null) : [];
}

/** Those of `names` that `raw` has as its own, with texts as values. */
function texts(raw: unknown, names: readonly string[]): Record<string, string> {
  const from = fields(raw) ?? {};
  const found: Record<string, string> = {};
  for (const name of names) {
    if (Object.hasOwn(from, name) && typeof from[name] === "string") found[name] = text(from[name]);
  }
  return found;
}
