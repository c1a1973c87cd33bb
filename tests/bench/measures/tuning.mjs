// What each tuning step is worth, alone: all servers without any, then with that one; and with all but that one.

import { execFileSync } from "node:child_process";
import path from "node:path";

import { connectMany } from "../lib/client.mjs";
import { root, startMayfly, startPeer } from "../lib/contenders.mjs";
import { saturate } from "../lib/load.mjs";
import { cpuSeconds } from "../lib/proc.mjs";
import { table } from "../lib/report.mjs";
import { median, quantile, ratios, spread } from "../lib/stats.mjs";

export const title = "Tuning steps";

const CLIENTS = 4;

/** The names of all steps, as the program lists them when it is given none of them. */
function steps() {
  try {
    execFileSync(path.join(root, "target/release/mayfly"), ["serve", "--tuning=?"], { encoding: "utf8", stdio: "pipe" });
  } catch (error) {
    const names = /with commas: (.*)/.exec(error.stderr)?.[1];
    if (names) return names.replaceAll(".", "").split(", ");
  }
  throw new Error("The program does not list its tuning steps");
}

/** One server's block: first output of single runs, then runs a second and CPU time with several clients. */
async function block(tuning, runs, seconds, figures) {
  const server = tuning === undefined ? await startPeer("isolated-vm") : await startMayfly([`--tuning=${tuning}`], `tuning ${tuning}`);
  const clients = await connectMany(server, CLIENTS);
  try {
    for (let i = 0; i < runs / 4; i++) await clients[0].run();
    const times = [];
    for (let i = 0; i < runs; i++) times.push((await clients[0].run()).first);
    figures.p50.push(median(times));
    figures.p99.push(quantile(times, 0.99));
    const before = cpuSeconds(server.pid);
    const { rate, times: all } = await saturate(clients, seconds);
    figures.rate.push(rate);
    figures.cpu.push(((cpuSeconds(server.pid) - before) * 1000) / all.length);
  } finally {
    for (const client of clients) client.close();
    await server.stop();
  }
}

export async function measure({ quick }) {
  const names = steps();
  const [rounds, runs, seconds] = quick ? [1, 20, 0.2] : [9, 200, 1.5];
  const variants = [["off", "off"], ["auto", "auto"], ["isolated-vm", undefined]];
  for (const name of names) {
    variants.push([`off and ${name}`, name]);
    variants.push([`auto without ${name}`, names.filter((other) => other !== name).join(",")]);
  }
  const all = new Map(variants.map(([name, tuning]) => [name, { tuning, figures: { p50: [], p99: [], rate: [], cpu: [] } }]));
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? [...all.values()] : [...all.values()].toReversed();
    for (const { tuning, figures } of order) await block(tuning, runs, seconds, figures);
  }
  const rows = [...all].map(([name, { figures }]) => [name, ...["p50", "p99", "rate", "cpu"].map((key) => spread(figures[key]))]);
  const of = (name) => all.get(name).figures;
  /** The figures with a step by those without it, pair by pair. */
  const worth = (name, key) => [
    spread(ratios(of(`off and ${name}`)[key], of("off")[key])),
    spread(ratios(of("auto")[key], of(`auto without ${name}`)[key])),
  ];
  const worths = names.map((name) => [name, ...["cpu", "p50", "rate"].flatMap((key) => worth(name, key))]);
  const text = [
    table(["tuning", "first output p50, ms", "p99, ms", `runs/s, ${CLIENTS} clients`, "CPU per run, ms"], rows),
    "A step's figures by those without it: alone, and as the last of all.",
    table(["step", "CPU alone", "CPU last", "first output alone", "first output last", "runs/s alone", "runs/s last"], worths),
  ].join("\n\n");
  const goals = [{ what: "first output with tuning off, by isolated-vm's", got: median(ratios(of("off").p50, of("isolated-vm").p50)), most: 0.5 }];
  return { title, goals, text };
}
