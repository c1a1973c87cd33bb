// From an element's attributes, or an address' query, to options. Whoever wrote them may have mistyped: what is
// wrong is said, and the default stands in.

import type { Language, Mode } from "../protocol.ts";

/** How the frame behaves. */
export type Options = {
  language: Language;
  mode: Mode;
  autorun: "visible" | "load" | "no";
  readonly: boolean;
  /** Whether the frame is as high as its content would like. */
  auto: boolean;
  console: "open" | "closed" | "only";
  /** Names of the files that have a tab, in order; empty for all of them. */
  files: string[];
  hide: Set<Part>;
  /** The modules that the program may import; `null` for all that the server has. */
  modules: string[] | null;
  runLabel: string;
  /** A stored program, with or without `@version`. */
  snippet: string | null;
  label: string;
};

/** What can be left out of the frame. */
export type Part = "bar" | "stop" | "reset" | "status" | "clear" | "lines" | "brand";

/** Options, and what was wrong with them: a sentence each. */
export type Read = { options: Options; problems: string[] };

// The server knows which languages and modes it has; these are all that there are to be.
const LANGUAGES: Record<string, string> = {
  javascript: "javascript",
  js: "javascript",
  mjs: "javascript",
  cjs: "javascript",
  typescript: "typescript",
  ts: "typescript",
  mts: "typescript",
  cts: "typescript",
  jsx: "jsx",
  tsx: "tsx",
};
const MODES = same("auto", "script", "module", "commonjs", "function");
const AUTORUN = same("no", "visible", "load");
const CONSOLE = same("open", "closed", "only");
const PARTS = same("bar", "stop", "reset", "status", "clear", "lines", "brand");

/** A rule for modules, roughly as the server reads it (server/policy/modules.rs). */
const MODULE = /^(\*|node:\*|npm:\*|(node:|npm:)?(@[\w.-]+\/)?[\w.-]+(\/[\w.-]+)*(@[\w.^~*+-]{1,64})?)$/;

/** The longest label of the Run button, in characters. */
const LABEL = 40;

/** Reads attributes. */
export function readOptions(attributes: Readonly<Record<string, string>>): Read {
  const problems: string[] = [];
  const choose = (name: string, among: Record<string, string>): string => {
    const given = attributes[name]?.trim().toLowerCase() ?? "";
    const first = Object.values(among)[0] ?? "";
    if (given === "") return first;
    if (Object.hasOwn(among, given)) return among[given] ?? first;
    problems.push(`The attribute ${name} can't be "${given.slice(0, 40)}": write ${Object.keys(among).join(", ")}.`);
    return first;
  };
  const words = (name: string): string[] => (attributes[name] ?? "").split(/[\s,]+/).filter((word) => word !== "");
  const hide = new Set<Part>();
  for (const word of words("hide")) {
    if (Object.hasOwn(PARTS, word)) hide.add(word as Part);
    else problems.push(`The attribute hide can't have "${word.slice(0, 40)}": it takes ${Object.keys(PARTS).join(", ")}.`);
  }
  const snippet = attributes["snippet"]?.trim() ?? "";
  if (snippet !== "" && !/^[\w-]{1,64}(@\d{1,9})?$/.test(snippet)) {
    problems.push("The attribute snippet takes the id of a shared program, like a1B2c3D4e5, with or without @ and a version.");
  }
  const modules = attributes["modules"] === undefined ? null : words("modules").filter((name) => {
    const right = MODULE.test(name);
    if (!right) problems.push(`The attribute modules can't have "${name.slice(0, 40)}": it takes names like node:path, lodash and axios@1, or node:* and npm:*.`);
    return right;
  });
  const options: Options = {
    language: choose("language", LANGUAGES) as Language,
    mode: choose("mode", MODES) as Mode,
    autorun: choose("autorun", AUTORUN) as Options["autorun"],
    readonly: (attributes["readonly"] ?? "false") !== "false",
    auto: (attributes["height"] ?? "auto") === "auto",
    console: choose("console", CONSOLE) as Options["console"],
    files: words("files"),
    hide,
    modules,
    runLabel: (attributes["run-label"] ?? "").trim().slice(0, LABEL),
    snippet: snippet === "" || problems.some((problem) => problem.includes("snippet")) ? null : snippet,
    label: (attributes["label"] ?? "").trim(),
  };
  return { options, problems };
}

function same(...names: string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, name]));
}
