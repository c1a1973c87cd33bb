// Writes pictures of the page in its states: `node tests/web/screenshots.mjs FOLDER`.

import { spawnSync } from "node:child_process";
import { argv, execPath } from "node:process";

import { bundle, root } from "./support/bundle.mjs";

const [script] = await bundle(["tests/web/support/shots.ts"]);
process.exitCode = spawnSync(execPath, ["--enable-source-maps", script, ...argv.slice(2)], { cwd: root, stdio: "inherit" }).status ?? 1;
