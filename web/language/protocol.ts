// What the editor and the worker with the language service say to each other. Offsets are UTF-16 units, as in
// both CodeMirror and TypeScript.

import type { SourceFile } from "../files.ts";

/** A place in a file. */
export type Place = { file: string; from: number; to: number };

/** What a completion stands for, for its icon. */
export type CompletionKind = "class" | "constant" | "enum" | "function" | "interface" | "keyword" | "method" | "namespace" | "property" | "type" | "variable";

/** One completion. */
export type Completion = {
  label: string;
  kind: CompletionKind;
  /** Smaller ones come first. */
  rank: number;
  /** Module or file that it is imported from when chosen. */
  source?: string;
  /** Text that goes in, where it is not the label. */
  insert?: string;
  /** What TypeScript needs to find it again. */
  data?: unknown;
  /** Where the caret goes, counted from the start of `insert`. */
  caret?: number;
};

/** Completions for the text from `from` on. */
export type Completions = { from: number; to: number; items: Completion[] };

/** A piece of a signature or type and what kind of thing it is, for its colour. */
export type Part = { text: string; kind: string };

/** What is known of a name. */
export type Info = { from: number; to: number; parts: Part[]; documentation: string };

/** The call around the caret. */
export type Signature = {
  /** Where its arguments begin. */
  from: number;
  prefix: Part[];
  parameters: { parts: Part[]; documentation: string }[];
  separator: Part[];
  suffix: Part[];
  documentation: string;
  /** Index of the parameter at the caret. */
  active: number;
  /** How many signatures there are, and which of them, from 0, this is. */
  count: number;
  index: number;
};

/** Something wrong, or likely to be. */
export type Problem = {
  from: number;
  to: number;
  severity: "error" | "warning" | "info";
  message: string;
  /** Code that nothing uses. */
  unused?: boolean;
  /** An edit that puts it right. */
  fix?: { title: string; edits: Edit[] };
};

/** Text to put in the place of another. */
export type Edit = Place & { insert: string };

/** Where a name is used, for its renaming; or why it can't be renamed. */
export type Renaming = { name: string; at: { from: number; to: number } } | { refused: string };

/** Everything that can be asked: name, argument, answer. */
export type Calls = {
  complete: { asks: { file: string; at: number; explicit: boolean }; gives: Completions | null };
  detail: { asks: { file: string; at: number; label: string; source?: string; data?: unknown }; gives: Info | null };
  /** The edits that make a completion from elsewhere known in this file. */
  imports: { asks: { file: string; at: number; label: string; source: string; data?: unknown }; gives: Edit[] };
  hover: { asks: { file: string; at: number }; gives: Info | null };
  signature: { asks: { file: string; at: number }; gives: Signature | null };
  problems: { asks: { file: string }; gives: Problem[] };
  definition: { asks: { file: string; at: number }; gives: { places: Place[]; elsewhere: boolean } };
  canRename: { asks: { file: string; at: number }; gives: Renaming };
  rename: { asks: { file: string; at: number; to: string }; gives: Edit[] };
};

/** Name of a call. */
export type Call = keyof Calls;

/** To the worker: what changed in the files, then perhaps a question. Or, first of all, where things are. */
export type ToWorker =
  | { type: "start"; library: string; modules: string | null }
  | { type: "files"; changed: SourceFile[]; removed: string[] }
  | { [Name in Call]: { type: "call"; id: number; call: Name; asks: Calls[Name]["asks"] } }[Call];

/** From the worker. */
export type FromWorker =
  | { type: "ready" }
  /** It can't work at all. */
  | { type: "failed"; message: string }
  /** It has come to know more types: problems told before may be out of date. */
  | { type: "learned" }
  | { type: "answer"; id: number; gives: unknown }
  | { type: "error"; id: number; message: string };
