// From an element's children to its program.

import { MAX_FILES, isFileName, type Program, type SourceFile } from "./messages.ts";

/** Without the blank lines around `code`, and without the indentation that all of its lines share. */
export function dedent(code: string): string {
  const lines = code.replaceAll("\r\n", "\n").split("\n");
  while (lines.length > 0 && lines[0]?.trim() === "") lines.shift();
  while (lines.length > 0 && lines.at(-1)?.trim() === "") lines.pop();
  let shared: string | null = null;
  for (const line of lines) {
    if (line.trim() === "") continue;
    const indent = /^[ \t]*/.exec(line)?.[0] ?? "";
    shared ??= indent;
    while (!indent.startsWith(shared)) shared = shared.slice(0, -1);
  }
  const { length } = shared ?? "";
  return lines.map((line) => line.slice(line.trim() === "" ? line.length : length)).join("\n");
}

/**
 * The program in `element`: its text, or those of its children that have `data-file`; children with a `slot` of
 * `setup`, `check` or `input`, and attributes of these names, are what they say.
 */
export function readProgram(element: Element): Program {
  let loose = "";
  const files: SourceFile[] = [];
  const parts: Record<string, string> = {};
  for (const name of ["setup", "check", "input"]) parts[name] = element.getAttribute(name) ?? "";
  for (const child of element.childNodes) {
    const from = child instanceof HTMLTemplateElement ? child.content : child;
    const text = from.textContent ?? "";
    if (!(child instanceof Element)) {
      if (child.nodeType === Node.TEXT_NODE) loose += text;
      continue;
    }
    const slot = child.getAttribute("slot") ?? "";
    const name = child.getAttribute("data-file");
    if (Object.hasOwn(parts, slot)) parts[slot] = dedent(text);
    else if (name === null) loose += text;
    else if (name !== "" && isFileName(name) && files.length < MAX_FILES) files.push({ name, content: dedent(text) });
  }
  if (files.length === 0) files.push({ name: "", content: dedent(loose) });
  return { files, setup: parts["setup"] ?? "", check: parts["check"] ?? "", input: parts["input"] ?? "" };
}
