// A shared program, as the server tells of it.

import { decodeEvent, decodeMessage } from "../decode.ts";
import { isFileName, type SourceFile } from "../embed/messages.ts";
import type { RunAs } from "../inputs.ts";
import type { ConsoleEvent, Language, Mode, RunReport } from "../protocol.ts";

/** What a program did when whoever shared it ran it. */
export type Recording = {
  events: ConsoleEvent[];
  report: RunReport;
  /** What ran it, such as `V8 15.0.1`; may be empty. */
  engine: string;
};

/** A shared program. */
export type Snippet = {
  id: string;
  version: number;
  title: string;
  /** Never empty; a program that is no file is called `""`. The entry comes first. */
  files: SourceFile[];
  language: Language;
  /** How it is run. */
  as: RunAs;
  output: Recording | null;
  /** Where its output is to be had, where that is not here. */
  outputUrl: string | null;
  /** Whether that is nothing to show. */
  outputIsWrong: boolean;
  /** What it was made from: `id` or `id@version`. */
  parent: string | null;
};

type Fields = Record<string, unknown>;

/** The snippet that `raw`, read from JSON, is; `null` when it is none. */
export function decodeSnippet(raw: unknown): Snippet | null {
  const from = fields(raw);
  if (from === null) return null;
  const files = filesOf(from);
  const id = from["id"];
  if (files.length === 0 || typeof id !== "string" || id === "") return null;
  const { version } = from;
  return {
    id,
    version: typeof version === "number" && Number.isSafeInteger(version) && version > 0 ? version : 1,
    title: text(from["title"]),
    files,
    language: (text(from["language"]) || "javascript") as Language,
    as: asOf(from),
    output: decodeRecording(from["output"]),
    outputUrl: /^\/api\/v1\/snippets\/[\w@]+\/output$/.test(text(from["output_url"])) ? text(from["output_url"]) : null,
    outputIsWrong: from["output_is_wrong"] === true,
    parent: text(from["parent"]) || null,
  };
}

function asOf(from: Fields): RunAs {
  const as: RunAs = { mode: (text(from["mode"]) || "auto") as Mode };
  const { input, stdin } = from;
  if (text(from["export"]) !== "") as.export = text(from["export"]);
  if (input !== undefined) as.input = input;
  if (Array.isArray(stdin)) as.stdin = stdin.filter((line): line is string => typeof line === "string");
  return as;
}

function filesOf(from: Fields): SourceFile[] {
  if (typeof from["source"] === "string") return [{ name: "", content: from["source"] }];
  const files: SourceFile[] = [];
  for (const entry of Array.isArray(from["files"]) ? (from["files"] as unknown[]) : []) {
    const file = fields(entry);
    const name = file?.["name"];
    const content = file?.["content"];
    if (typeof name === "string" && typeof content === "string" && name !== "" && isFileName(name)) files.push({ name, content });
  }
  const at = files.findIndex(({ name }) => name === entryOf(text(from["entry"]), files));
  return at <= 0 ? files : [...files.slice(at, at + 1), ...files.slice(0, at), ...files.slice(at + 1)];
}

/** Which file is the program, by the server's rule. */
function entryOf(entry: string, files: readonly SourceFile[]): string | undefined {
  if (files.some(({ name }) => name === entry)) return entry;
  const endings = ["ts", "tsx", "js", "jsx", "mjs", "cjs", "mts", "cts"];
  for (const stem of ["main", "index"]) {
    for (const ending of endings) {
      if (files.some(({ name }) => name === `${stem}.${ending}`)) return `${stem}.${ending}`;
    }
  }
  return files[0]?.name;
}

/** The recording that `raw` is; `null` when it is none. */
export function decodeRecording(raw: unknown): Recording | null {
  const from = fields(raw);
  if (from === null || !Array.isArray(from["console"])) return null;
  const ended = decodeMessage({ ...from, type: "finished", run_id: "" });
  if (ended?.type !== "finished") return null;
  const { type, run_id, ...report } = ended;
  return { events: from["console"].map(decodeEvent), report, engine: text(from["engine"]) };
}

/** A recording, as the server takes it. */
export function encodeRecording({ events, report, engine }: Recording): object {
  return { console: events, ...report, ...(engine === "" ? {} : { engine }) };
}

function fields(raw: unknown): Fields | null {
  return typeof raw === "object" && raw !== null && !Array.isArray(raw) ? (raw as Fields) : null;
}

function text(raw: unknown): string {
  return typeof raw === "string" ? raw : "";
}
