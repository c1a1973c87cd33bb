// Programs that compute, against the same in plain Node and in Deno.

import { execFile } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";

import { Client } from "../lib/client.mjs";
import { DENO, startMayfly, withServers } from "../lib/contenders.mjs";
import { table } from "../lib/report.mjs";
import { digits, geometricMean, middle } from "../lib/stats.mjs";

const FOLDER = path.join(import.meta.dirname, "../programs");
const TIMED = path.join(import.meta.dirname, "../lib/timed.mjs");
const FLAGS = ["--limit-wall-ms=60s", "--limit-cpu-ms=60s"];
const execute = promisify(execFile);

const OTHERS = [
  { name: "`node`", command: process.execPath, args: [] },
  { name: "`deno`", command: DENO, args: ["run", "--quiet", "--no-config", "--no-lock", "--allow-read"] },
];

export const title = "Programs that compute";

export async function measure({ quick }) {
  const rounds = quick ? 1 : 9;
  const programs = readdirSync(FOLDER).filter((name) => name.endsWith(".js")).map((name) => ({ name, file: path.join(FOLDER, name), ours: [], theirs: OTHERS.map(() => []) }));
  await withServers([startMayfly(FLAGS)], async ([server]) => {
    const client = await Client.connect(server);
    for (let i = 0; i < 20; i++) await client.run();
    for (let round = 0; round < rounds; round++) {
      for (const { name, file, ours, theirs } of programs) {
        // From sending it: the millisecond that any run takes counts against Mayfly.
        const run = await client.run({ source: readFileSync(file, "utf8") });
        ours.push(run.end);
        for (const [at, { name: other, command, args }] of OTHERS.entries()) {
          const { ms, value } = JSON.parse((await execute(command, [...args, TIMED, file])).stdout);
          theirs[at].push(ms);
          // They have to have computed the same.
          if (!JSON.stringify(run.value).includes(String(value))) throw new Error(`${name}: ${JSON.stringify(run.value)} here, ${value} in ${other}`);
        }
      }
    }
  });
  const least = (values) => Math.min(...values);
  const times = (values) => `${digits(least(values))} (${middle(values).map(digits).join(" to ")})`;
  const ratios = OTHERS.map((_, at) => programs.map(({ ours, theirs }) => least(ours) / least(theirs[at])));
  const rows = programs.map(({ name, ours, theirs }, row) => [
    `\`${name}\``, times(ours), ...OTHERS.flatMap((_, at) => [times(theirs[at]), digits(ratios[at][row])]),
  ]);
  rows.push(["geometric mean", "", ...OTHERS.flatMap((_, at) => ["", digits(geometricMean(ratios[at]))])]);
  const head = ["program", "Mayfly, ms", ...OTHERS.flatMap(({ name }) => [`${name}, ms`, `Mayfly's by ${name}'s`])];
  const engines = await Promise.all(OTHERS.map(async ({ command }) => (await execute(command, ["--version"])).stdout.trim().split("\n")));
  const about = `The least of ${rounds}, and the middle half of them. V8 is of the same age in Mayfly and in Deno ` +
    `(${engines[1].find((line) => line.startsWith("v8"))}); Node is ${engines[0][0]}, with V8 ${process.versions.v8}.`;
  const goals = [
    { what: "time by `node`'s, geometric mean", got: geometricMean(ratios[0]), most: 1.1 },
    { what: "time by `node`'s, the slowest of them", got: Math.max(...ratios[0]), most: 1.3 },
  ];
  return { title, goals, text: `${table(head, rows)}\n\n${about}` };
}
