// Measures the page: `node tests/web/figures.mjs`, or `make figures`. Needs target/release/mayfly, and a machine that
// does nothing else meanwhile.

import { spawnSync } from "node:child_process";
import { argv, execPath } from "node:process";

import { bundle, root } from "./support/bundle.mjs";

const [script] = await bundle(["tests/web/support/figures.ts"]);
process.exitCode = spawnSync(execPath, ["--enable-source-maps", script, ...argv.slice(2)], { cwd: root, stdio: "inherit" }).status ?? 1;
