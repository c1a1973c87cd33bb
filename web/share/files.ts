// The files of a shared program and those on the page: a shared program that is no file is called "".

import type { Files, SourceFile } from "../files.ts";
import type { Language } from "../protocol.ts";
import type { Snippet } from "./snippet.ts";

/** Names of a program without a name, by what it is written in. */
const NAMES: Record<Language, string> = { javascript: "main.js", typescript: "main.ts", jsx: "main.jsx", tsx: "main.tsx" };

/** A shared program's files on the page. */
export function filesOf({ files, language }: Pick<Snippet, "files" | "language">): Files {
  const named = files.map(({ name, content }) => ({ name: name === "" ? NAMES[language] : name, content }));
  const entry = named[0]?.name ?? NAMES[language];
  return { files: named, active: entry, entry: named.length > 1 ? entry : null };
}

/** The page's files as they are shared: the entry first, and a program alone under its first name as no file. */
export function sharedFiles({ files }: Files, entry: string): SourceFile[] {
  const [only] = files;
  if (files.length === 1 && only !== undefined && Object.values(NAMES).includes(only.name)) return [{ name: "", content: only.content }];
  return [...files.filter((file) => file.name === entry), ...files.filter((file) => file.name !== entry)];
}
