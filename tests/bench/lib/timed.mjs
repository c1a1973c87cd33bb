// Times a program in plain Node: `node lib/timed.mjs FILE` prints milliseconds and the program's value, as JSON. Only
// the program is timed, not Node's start.

import { readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";

const source = readFileSync(process.argv[2], "utf8");
const evaluate = eval; // called by another name it has the global scope, as a script has
const begun = performance.now();
const value = await evaluate(source);
console.log(JSON.stringify({ ms: performance.now() - begun, value }));
