// How a program is run besides its text: its mode, the function that is called, its input, answers given
// beforehand. What is typed is kept as text, so that what is no JSON yet is not lost.

import type { Mode } from "./protocol.ts";

/** What is set, as it was typed. */
export type Inputs = {
  mode: Mode;
  /** In mode `function`: the export to call; empty for the default one. */
  exported: string;
  /** JSON; empty for none. */
  input: string;
  /** Answers, one on each line; empty for none. */
  stdin: string;
  /** What `stdin` was made from, where an answer has lines of its own, which it would fall apart into. */
  answers?: readonly string[];
};

/** The same, as a run's request has it. */
export type RunAs = { mode: Mode; export?: string; input?: unknown; stdin?: string[] };

/** Where a text stops being JSON, counted from 1. */
export type Trouble = { line: number; column: number };

/** Nothing is set. */
export const NO_INPUTS: Inputs = { mode: "auto", exported: "", input: "", stdin: "" };

/** `Record`, so that the compiler finds a mode that the wire has gained. */
const MODES: Record<Mode, true> = { auto: true, script: true, module: true, commonjs: true, function: true };

/** The modes, in the order in which they are offered. */
export const ALL_MODES = Object.keys(MODES) as Mode[];

/** Whether nothing is set. */
export function isPlain({ mode, exported, input, stdin }: Inputs): boolean {
  return mode === "auto" && exported === "" && input.trim() === "" && stdin === "";
}

/** Reads what was stored; what can't be read is as if it was not set. */
export function readInputs(raw: unknown): Inputs {
  const from = typeof raw === "object" && raw !== null ? (raw as Partial<Record<keyof Inputs, unknown>>) : {};
  const text = (value: unknown) => (typeof value === "string" ? value : "");
  const mode = text(from.mode);
  const answers = Array.isArray(from.answers) ? from.answers.filter((answer): answer is string => typeof answer === "string") : [];
  return {
    mode: Object.hasOwn(MODES, mode) ? (mode as Mode) : "auto",
    exported: text(from.exported),
    input: text(from.input),
    stdin: text(from.stdin),
    ...(answers.length > 0 ? { answers } : {}),
  };
}

/** As a request has it; or what keeps the input from being JSON. */
export function runAs({ mode, exported, input, stdin, answers }: Inputs): RunAs | { trouble: Trouble } {
  const as: RunAs = { mode };
  // In other modes it counts for whoever calls the shared program as a function.
  if (exported.trim() !== "") as.export = exported.trim();
  if (input.trim() !== "") {
    try {
      as.input = JSON.parse(input);
    } catch {
      return { trouble: jsonTrouble(input) ?? placeOf(input, input.length) };
    }
  }
  const lines = answers !== undefined && textOf(answers) === stdin ? [...answers] : linesOf(stdin);
  if (lines.length > 0) as.stdin = lines;
  return as;
}

/** The same from what a shared program has. */
export function typed({ mode, export: exported, input, stdin }: RunAs): Inputs {
  const text = input === undefined ? "" : JSON.stringify(input, null, 2);
  const answers = stdin?.some((answer) => answer.includes("\n")) === true ? { answers: stdin } : {};
  return { mode, exported: exported ?? "", input: text, stdin: textOf(stdin ?? []), ...answers };
}

const textOf = (answers: readonly string[]): string => answers.map((answer) => `${answer}\n`).join("");

/** The end of a line ends it: behind the last one there is none. */
function linesOf(text: string): string[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

/** Space, and one of: a mark, a text, a number or a word. None of it can backtrack. */
// JSON forbids control characters in texts.
// eslint-disable-next-line no-control-regex
const TOKEN = /[ \t\n\r]*(?:([{}[\],:])|("[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*")|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null)/y;

/**
 * Where a text stops being JSON; null where it is. Engines say it in words of their own, some in none.
 */
export function jsonTrouble(text: string): Trouble | null {
  /** What is open, innermost last. */
  const open: ("[" | "{")[] = [];
  let wanted: "value" | "value or ]" | "key" | "key or }" | "colon" | "comma" = "value";
  let at = 0;
  for (;;) {
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(text);
    const rest = /[ \t\n\r]*/y;
    rest.lastIndex = at;
    const start = at + (rest.exec(text)?.[0].length ?? 0);
    const isOver = wanted === "comma" && open.length === 0;
    if (found === null) return start === text.length && isOver ? null : placeOf(text, start);
    const [whole, mark, string] = found;
    // Not before it is wanted: to count lines again for each piece would take time by the square of their number.
    const wrong = () => placeOf(text, start);
    if (isOver) return wrong();
    const innermost = open.at(-1);
    const closes = (mark === "]" && innermost === "[") || (mark === "}" && innermost === "{");
    if (closes && (wanted === "comma" || wanted === `value or ${mark}` || wanted === `key or ${mark}`)) {
      open.pop();
      wanted = "comma";
    } else if (wanted === "key" || wanted === "key or }") {
      if (string === undefined) return wrong();
      wanted = "colon";
    } else if (wanted === "colon") {
      if (mark !== ":") return wrong();
      wanted = "value";
    } else if (wanted === "comma") {
      if (mark !== ",") return wrong();
      wanted = innermost === "{" ? "key" : "value";
    } else if (mark === "[" || mark === "{") {
      open.push(mark);
      wanted = mark === "[" ? "value or ]" : "key or }";
    } else if (mark === undefined) {
      wanted = "comma";
    } else {
      return wrong();
    }
    at += whole.length;
  }
}

function placeOf(text: string, at: number): Trouble {
  const before = text.slice(0, at).split("\n");
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

/** What is set on the page, and who wants to know when that changes. */
export class InputsStore {
  #now: Inputs;
  readonly #hearers: ((now: Inputs) => void)[] = [];

  constructor(now: Inputs) {
    this.#now = now;
  }

  /** What is set. */
  get now(): Inputs {
    return this.#now;
  }

  /** Sets some of it. */
  set(some: Partial<Inputs>): void {
    this.#now = { ...this.#now, ...some };
    for (const hear of this.#hearers) hear(this.#now);
  }

  /** Tells `hear` of each change. */
  onChange(hear: (now: Inputs) => void): void {
    this.#hearers.push(hear);
  }
}
