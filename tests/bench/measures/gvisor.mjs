// Latency and throughput inside gVisor, each server in a sandbox of its own, the client outside. `runsc` with
// `--platform=ptrace` works on every machine, and is the slowest.

import { spawnSync } from "node:child_process";

import { Client, connectMany } from "../lib/client.mjs";
import { startMayfly, startPeer, withServers } from "../lib/contenders.mjs";
import { inTurns, saturate } from "../lib/load.mjs";
import { table } from "../lib/report.mjs";
import { digits, median, quantile, ratios, spread } from "../lib/stats.mjs";

/** Whose scope is an isolate in one process, and a process for each run. */
const OTHERS = ["isolated-vm", "node"];
const PATIENT = { TIMEOUT_MS: "60000" };
const LANES = 4;
/** Milliseconds between runs of a client that pauses: Mayfly's pool is full again then. */
const PAUSE = 300;

export const title = "Inside gVisor (`runsc`, ptrace)";

/** The servers' times in blocks in turns, with so many milliseconds before each run. */
async function latency(servers, rounds, block, slowBlock, pause) {
  const lanes = [];
  for (const server of servers) {
    const client = await Client.connect(server);
    lanes.push({ name: server.name, client, count: server.name === "node" ? slowBlock : block, take: () => client.run() });
  }
  for (const { take, count } of lanes) for (let i = 0; i < count; i++) await take();
  const blocks = await inTurns(lanes, rounds, pause);
  for (const { client } of lanes) client.close();
  const medians = (some, key) => some.map((times) => median(times.map((time) => time[key])));
  return lanes.map(({ name }, at) => ({ name, times: blocks[at].flat().map(({ first }) => first), first: medians(blocks[at], "first"), end: medians(blocks[at], "end") }));
}

/** Times of all, against those of the first. */
function timesTable(what, all) {
  const [ours] = all;
  const against = (one, key) => (one === ours ? "1" : spread(ratios(ours[key], one[key])));
  return table([what, "runs", "first output, p50, ms", "p90, ms", "Mayfly's by this one's", "finished, p50, ms", "Mayfly's by this one's"], all.map((one) => [
    one.name, one.times.length, spread(one.first), digits(quantile(one.times, 0.9)), against(one, "first"), spread(one.end), against(one, "end"),
  ]));
}

/** Mayfly's first output by another's. */
const firstBy = ([ours, ...others], name) => median(ratios(ours.first, others.find((one) => one.name === name).first));

async function throughput(servers, rounds, seconds) {
  const all = [];
  for (const server of servers) all.push({ name: server.name, clients: await connectMany(server, LANES), rates: [] });
  for (let round = 0; round < rounds; round++) {
    for (const one of round % 2 === 0 ? all : all.toReversed()) one.rates.push((await saturate(one.clients, seconds)).rate);
  }
  for (const { clients } of all) for (const client of clients) client.close();
  return all;
}

export async function measure({ quick }) {
  if (spawnSync("runsc", ["--version"]).status !== 0) return { title, text: "There is no `runsc` on this machine." };
  const inGvisor = { inGvisor: true };
  const starting = [startMayfly(["--limit-wall-ms=60s"], "Mayfly", inGvisor), ...OTHERS.map((name) => startPeer(name, PATIENT, inGvisor))];
  return withServers(starting, async (servers) => {
    const times = await latency(servers, quick ? 2 : 9, quick ? 3 : 12, quick ? 1 : 2, 0);
    const rested = await latency(servers, quick ? 2 : 9, quick ? 3 : 6, 1, PAUSE);
    const rates = await throughput(servers, quick ? 1 : 4, quick ? 1 : 4);
    const text = [
      timesTable("one client", times),
      timesTable(`one client, ${PAUSE} ms between runs`, rested),
      table([`${LANES} clients`, "runs/s", "Mayfly's by this one's"], rates.map((one) => [one.name, spread(one.rates), one === rates[0] ? "1" : spread(ratios(rates[0].rates, one.rates))])),
    ];
    const goals = [
      { what: "first output by a new isolate's (isolated-vm), all inside", got: firstBy(times, "isolated-vm"), most: 0.33 },
      { what: `the same, ${PAUSE} ms between runs`, got: firstBy(rested, "isolated-vm"), most: 0.33 },
      { what: "first output by a new process's (`node`), all inside", got: firstBy(times, "node"), most: 0.33 },
    ];
    return { title, goals, text: text.join("\n\n") };
  });
}
