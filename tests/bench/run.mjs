// `make bench`: measures Mayfly against peers and floors, in turns, and writes docs/benchmarks.
//
//   node tests/bench/run.mjs [MEASURE...]   all, or those named: latency throughput memory output cpu start growth tuning gvisor
//   QUICK=1                                 few runs of each, to see that it works; written to target/bench
//   MAYFLY_BIN=path                         another binary than target/release/mayfly
//   AGAINST=path                            measures this build and another one in turns, and writes nothing

import path from "node:path";
import { performance } from "node:perf_hooks";

if (process.env.AGAINST) {
  await import("./compare.mjs");
} else {
  await all(process.argv.slice(2));
  process.exit();
}

/** Takes the measures one after the other; prints each as it is done. */
async function all(wanted) {
  const { root } = await import("./lib/contenders.mjs");
  const { goals, write } = await import("./lib/report.mjs");
  const names = ["latency", "throughput", "memory", "output", "cpu", "start", "growth", "tuning", "gvisor"];
  for (const name of wanted) {
    if (!names.includes(name)) throw new Error(`There is no measure ${name}. There are: ${names.join(" ")}`);
  }
  const quick = Boolean(process.env.QUICK);
  const folder = path.join(root, quick ? "target/bench" : "docs/benchmarks");
  for (const name of wanted.length > 0 ? wanted : names) {
    const begun = performance.now();
    const { measure } = await import(`./measures/${name}.mjs`);
    const result = await measure({ quick });
    console.log([`## ${result.title}`, ...(result.goals ? [goals(result.goals)] : []), `${result.text}\n`].join("\n\n"));
    console.error(`${name}: ${Math.round((performance.now() - begun) / 1000)} s`);
    // After each, so that what was measured stays when a later one fails.
    console.error(await write(folder, names, new Map([[name, result]])));
  }
}
