// Runs the tests of one kind: `node tests/web/run.mjs unit|browser [part of a file's name]`.

import { spawn } from "node:child_process";
import { readdir } from "node:fs/promises";
import path from "node:path";

import { bundle, root } from "./support/bundle.mjs";

const [kind = "unit", part = ""] = process.argv.slice(2);
const folder = `tests/web/${kind}`;
const entries = (await readdir(path.join(root, folder)))
  .filter((name) => name.endsWith(".test.ts") && name.includes(part))
  .map((name) => `${folder}/${name}`);
if (entries.length === 0) throw new Error(`No test files in ${folder} match "${part}".`);
const files = await bundle(entries);
// Browser tests measure times: one file after the other.
const options = kind === "browser" ? ["--test-concurrency=1", "--test-timeout=120000"] : ["--test-timeout=30000"];
const child = spawn(process.execPath, ["--enable-source-maps", "--test", "--test-reporter=spec", ...options, ...files], {
  cwd: root,
  stdio: "inherit",
});
child.on("exit", (code) => {
  process.exitCode = code ?? 1;
});
