// `deno run` for each run, without any permission.

import { createRequire } from "node:module";
import path from "node:path";

import { serveProcess } from "./subprocess.mjs";

// The binary itself: the package's script around it would cost a start of Node on top.
const binary = path.join(path.dirname(createRequire(import.meta.url).resolve("deno/package.json")), "deno");
const flags = ["--quiet", "--no-prompt", "--no-config", "--no-lock", "--no-remote", "--no-npm"];
serveProcess(binary, ["run", ...flags, "-"], { DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" });
