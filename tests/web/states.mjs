// Draws the page's main states, each in four looks on one sheet: `node tests/web/states.mjs [FOLDER]`, by default
// docs/states.

import { spawnSync } from "node:child_process";
import { argv, execPath } from "node:process";

import { bundle, root } from "./support/bundle.mjs";

const [script] = await bundle(["tests/web/support/states.ts"]);
process.exitCode = spawnSync(execPath, ["--enable-source-maps", script, ...argv.slice(2)], { cwd: root, stdio: "inherit" }).status ?? 1;
