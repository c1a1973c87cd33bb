#!/usr/bin/env node
// Says what the documents name that is not there: files and headings that they link to, targets of the Makefile,
// settings of the server. Links to other sites are not followed.
//
//   scripts/check-docs.mjs [FOLDER]     checks FOLDER (default: this repository)
//   scripts/check-docs.mjs --self-test  checks that this script finds what it should

import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** Endings of files, whose names can look like settings: `modules.rs`. */
const FILES = new Set(["db", "css", "html", "js", "json", "md", "mjs", "rs", "toml", "ts", "yaml"]);

/** All documents: those at the top, the book, and the ones beside code. */
function documents(root) {
  const inFolder = (folder) => (existsSync(path.join(root, folder)) ? readdirSync(path.join(root, folder)) : [])
    .filter((name) => name.endsWith(".md")).map((name) => path.join(folder, name));
  return [...inFolder("."), ...inFolder("docs"), ...inFolder("server"), ...inFolder("tests/fuzz"), ...inFolder("tests/bench"), ...inFolder("docs/benchmarks")];
}

/** What a heading is called in an address, as GitHub does it. */
function anchor(heading) {
  return heading.trim().toLowerCase().replace(/[`*_]/g, "").replace(/\[(.*?)\]\(.*?\)/g, "$1").replace(/[^\p{L}\p{N}\- ]/gu, "").replaceAll(" ", "-");
}

/** Text without blocks of code: fenced, or indented by four after an empty line. */
function prose(text) {
  return text.replace(/^```[^]*?^```$/gm, "").replace(/(^|\n\n)( {4}[^\n]*(\n|$)+)+/g, "\n\n");
}

function check(root) {
  const complaints = [];
  const read = (file) => readFileSync(path.join(root, file), "utf8");
  const anchors = (file) => new Set([...prose(read(file)).matchAll(/^#+ (.*)$/gm)].map((found) => anchor(found[1])));
  const targets = new Set([...read("Makefile").matchAll(/^([a-z0-9-]+):/gm)].map((found) => found[1]));
  // The table is generated from the settings themselves.
  const settings = new Set([...read("README.md").matchAll(/^\| `([a-z]+\.[a-z_]+)` \| `--/gm)].map((found) => found[1]));
  const sections = new Set([...settings].map((name) => name.split(".")[0]));
  for (const document of documents(root)) {
    const text = read(document);
    const complain = (what) => complaints.push(`${document}: ${what}`);
    for (const [, target] of prose(text).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [file, heading] = target.split("#");
      const there = file ? path.join(path.dirname(document), file) : document;
      if (!existsSync(path.join(root, there))) complain(`links to ${target}, and there is no ${there}`);
      else if (heading !== undefined && statSync(path.join(root, there)).isFile() && !anchors(there).has(heading)) complain(`links to ${target}, and ${there} has no such heading`);
    }
    for (const [, target] of text.matchAll(/(?:`|^ {4})make ([a-z][a-z0-9-]*)/gm)) {
      if (!targets.has(target)) complain(`names \`make ${target}\`, which the Makefile does not have`);
    }
    for (const [, name] of prose(text).matchAll(/`([a-z]+\.[a-z_]+)(?: = [^`]*)?`/g)) {
      const [section, key] = name.split(".");
      if (sections.has(section) && !settings.has(name) && !FILES.has(key)) complain(`names the setting ${name}, which the server does not have`);
    }
  }
  return complaints;
}

function selfTest() {
  const folder = mkdtempSync(path.join(tmpdir(), "check-docs-"));
  try {
    mkdirSync(path.join(folder, "docs"));
    writeFileSync(path.join(folder, "Makefile"), "run: build\nbuild:\n");
    const readme = "# Top\n\n| `limits.wall_ms` | `--limit-wall-ms` | 10s | time |\n\n## The *first* `part`, really\n";
    const cases = [
      ["[a](docs/page.md) [b](#the-first-part-really) [c](https://example.com/x) `make run` `limits.wall_ms = \"3s\"`", undefined],
      ["    [in code](nowhere.md)\n", undefined],
      ["[a](docs/none.md)", "no docs/none.md"],
      ["[a](docs/page.md#none)", "no such heading"],
      ["[a](#none)", "no such heading"],
      ["`make runs`", "the Makefile does not have"],
      ["    make runs\n", "the Makefile does not have"],
      ["`limits.wall_s`", "the server does not have"],
      ["`web.anything` `api.example.com` `limits.rs`", undefined],
    ];
    for (const [text, complaint] of cases) {
      writeFileSync(path.join(folder, "README.md"), `${readme}\n${text}\n`);
      writeFileSync(path.join(folder, "docs/page.md"), "# Page\n\n[up](../README.md#top)\n");
      const found = check(folder).join("\n");
      if (complaint === undefined ? found !== "" : !found.includes(complaint)) {
        throw new Error(`self-test: ${JSON.stringify(text)}: expected ${complaint ?? "nothing"}, found ${JSON.stringify(found)}`);
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  console.log("check-docs: self-test passed");
}

const [asked] = process.argv.slice(2);
if (asked === "--self-test") {
  selfTest();
} else {
  const complaints = check(asked ? realpathSync(asked) : path.dirname(path.dirname(fileURLToPath(import.meta.url))));
  for (const complaint of complaints) console.error(complaint);
  if (complaints.length > 0) process.exitCode = 1;
}
