// Measures how the page draws while a flood comes in: `node tests/web/flood.mjs [LINES]`.

import { spawnSync } from "node:child_process";
import { argv, execPath } from "node:process";

import { bundle, root } from "./support/bundle.mjs";

const [script] = await bundle(["tests/web/support/flood.ts"]);
process.exitCode = spawnSync(execPath, ["--enable-source-maps", script, ...argv.slice(2)], { cwd: root, stdio: "inherit" }).status ?? 1;
