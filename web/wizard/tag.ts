// The tag that shows an editor, as text to copy.

/** What was chosen: attributes by name, and texts. */
export type Choice = {
  attributes: Readonly<Record<string, string>>;
  code: string;
  setup: string;
  check: string;
};

/** Attributes in the order in which a tag has them, with the value that needs no attribute. */
const DEFAULTS: readonly (readonly [name: string, value: string])[] = [
  ["snippet", ""],
  ["language", "javascript"],
  ["mode", "auto"],
  ["theme", "auto"],
  ["autorun", "no"],
  ["console", "open"],
  ["height", "auto"],
  ["hide", ""],
  ["run-label", ""],
  ["label", ""],
];

/** The line for a page's head, once for all its editors. */
export function scriptTag(host: string): string {
  return `<script async src="${escape(host)}/embed.js"></script>`;
}

/** The tag of one editor. */
export function editorTag({ attributes, code, setup, check }: Choice): string {
  const words = DEFAULTS.flatMap(([name, value]) => {
    const given = (attributes[name] ?? "").trim();
    return given === "" || given === value ? [] : [` ${name}="${escape(given)}"`];
  });
  if (attributes["readonly"] === "true") words.push(" readonly");
  // A `pre` reads as code also where there is no script at all.
  const lines = [`<mayfly-editor${words.join("")}>`];
  if (setup.trim() !== "") lines.push(`<template slot="setup">\n${text(setup)}\n</template>`);
  if (code.trim() !== "") lines.push(`<pre>\n${text(code)}\n</pre>`);
  if (check.trim() !== "") lines.push(`<template slot="check">\n${text(check)}\n</template>`);
  lines.push("</mayfly-editor>");
  return lines.join("\n");
}

/** As text in markup. */
function text(code: string): string {
  return code.trimEnd().replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

/** As an attribute's value. */
function escape(value: string): string {
  return text(value).replaceAll('"', "&quot;");
}
