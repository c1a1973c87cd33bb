// The files of a program, as data: names, their order, which one is shown and which one runs. No DOM, no editor.

import { NO_INPUTS, isPlain, readInputs, type Inputs } from "./inputs.ts";

/** A file of the program. */
export type SourceFile = { name: string; content: string };

/** All files, and which of them is shown and which is the program; `entry` null leaves that to their names. */
export type Files = { files: SourceFile[]; active: string; entry: string | null };

/** The same, with how the program is run. */
export type Kept = Files & { inputs: Inputs };

/** The most files of one program. */
export const MOST_FILES = 32;

/** The longest name of a file, in characters. */
export const LONGEST_NAME = 100;

/** Name of the file that a program begins with. */
export const FIRST_NAME = "main.js";

/** Why a name can't be a file's. */
export type NameTrouble = "empty" | "long" | "characters" | "dots" | "taken";

/** What is wrong with a name beside others; null when nothing is. */
export function nameTrouble(name: string, others: readonly string[]): NameTrouble | null {
  if (name === "") return "empty";
  if (name.length > LONGEST_NAME) return "long";
  const segments = name.split("/");
  if (segments.some((segment) => !/^[A-Za-z0-9_.-]+$/.test(segment))) return "characters";
  if (segments.some((segment) => segment === "." || segment === "..")) return "dots";
  return others.includes(name) ? "taken" : null;
}

const RUNS = /\.(?:[cm]?[jt]s|[jt]sx)$/;

/** Which of these files is the program, as the server would choose: the only one, `main.*`, `index.*`, else the first. */
export function defaultEntry(names: readonly string[]): string {
  const find = (stem: string) => names.find((name) => RUNS.test(name) && name.replace(RUNS, "") === stem);
  return (names.length === 1 ? names[0] : undefined) ?? find("main") ?? find("index") ?? names[0] ?? FIRST_NAME;
}

/** A name that is free: `like` itself, or `like` with a number. */
export function freeName(names: readonly string[], like: string): string {
  const dot = like.lastIndexOf(".");
  const [stem, end] = dot > 0 ? [like.slice(0, dot), like.slice(dot)] : [like, ""];
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? like : `${stem}${number}${end}`;
    if (!names.includes(name)) return name;
  }
}

/** A list with one element moved. */
export function moved<T>(list: readonly T[], from: number, to: number): T[] {
  const next = [...list];
  const [one] = next.splice(from, 1);
  if (one !== undefined) next.splice(Math.min(Math.max(to, 0), next.length), 0, one);
  return next;
}

/** What a stored draft of several files begins with; a program alone, under its first name, is stored as it is. */
const MARK = "mayfly files 1\n";

/** All files as one text, to be kept, and how they are run. */
export function serialise({ files, active, entry }: Files, inputs: Inputs = NO_INPUTS): string {
  const [only] = files;
  const plain = isPlain(inputs);
  if (plain && files.length === 1 && only?.name === FIRST_NAME && !only.content.startsWith(MARK)) return only.content;
  return MARK + JSON.stringify({ files, active, entry, ...(plain ? {} : { inputs }) });
}

/** The files in a text made by [`serialise`]; a text of another kind is a program. */
export function parse(text: string): Kept {
  const alone: Kept = { files: [{ name: FIRST_NAME, content: text }], active: FIRST_NAME, entry: null, inputs: NO_INPUTS };
  if (!text.startsWith(MARK)) return alone;
  try {
    const { files, active, entry, inputs } = JSON.parse(text.slice(MARK.length)) as Record<string, unknown>;
    const found: SourceFile[] = [];
    for (const file of Array.isArray(files) ? (files as unknown[]) : []) {
      const { name, content } = file as Record<string, unknown>;
      if (typeof name !== "string" || typeof content !== "string" || found.length >= MOST_FILES) continue;
      if (nameTrouble(name, found.map((it) => it.name)) === null) found.push({ name, content });
    }
    const names = found.map((it) => it.name);
    const [first] = names;
    if (first === undefined) return alone;
    const known = (name: unknown): name is string => typeof name === "string" && names.includes(name);
    return { files: found, active: known(active) ? active : first, entry: known(entry) ? entry : null, inputs: readInputs(inputs) };
  } catch {
    return alone;
  }
}
