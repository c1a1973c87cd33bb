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

/** Runs these files; whether all is well. */
function run(files, ...options) {
  const args = ["--enable-source-maps", "--test", "--test-reporter=spec", ...options, ...files];
  const child = spawn(process.execPath, args, { cwd: root, stdio: "inherit" });
  return new Promise((resolve) => child.on("exit", (code) => resolve(code === 0)));
}

if (kind !== "browser") {
  if (!(await run(files, "--test-timeout=120000"))) process.exitCode = 1;
} else {
  // Browser tests measure times: one file after the other. A machine that has other work can make one wait in vain, so
  // a file gets a second try, and is named: a test that needs one is to be mended.
  const [flaky, failed] = [[], []];
  for (const file of files) {
    if (await run([file], "--test-timeout=240000")) continue;
    const list = (await run([file], "--test-timeout=240000")) ? flaky : failed;
    list.push(path.basename(file));
  }
  if (flaky.length > 0) console.log(`Flaky, and to be mended: ${flaky.join(", ")}`);
  if (failed.length > 0) {
    console.log(`Failed: ${failed.join(", ")}`);
    process.exitCode = 1;
  }
}
