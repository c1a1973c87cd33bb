// Latency and throughput inside gVisor, each server in a sandbox of its own, the client outside. `runsc` with
// `--platform=ptrace` works on every machine, and is the slowest.

import { spawnSync } from "node:child_process";

import { Client, connectMany } from "../lib/client.mjs";
import { startMayfly, startPeer, withServers } from "../lib/contenders.mjs";
import { saturate } from "../lib/load.mjs";
import { table } from "../lib/report.mjs";
import { digits, median, quantile, ratios, spread } from "../lib/stats.mjs";

/** Whose scope is an isolate in one process, and a process for each run. */
const OTHERS = ["isolated-vm", "node"];
const PATIENT = { TIMEOUT_MS: "60000" };
const LANES = 4;

export const title = "Inside gVisor (`runsc`, ptrace)";

/** The servers' times in blocks in turns. */
async function latency(servers, rounds, block, slowBlock) {
  const all = [];
  for (const server of servers) {
    const client = await Client.connect(server);
    all.push({ name: server.name, client, count: server.name === "node" ? slowBlock : block, first: [], end: [], times: [] });
  }
  for (const { client, count } of all) for (let i = 0; i < count; i++) await client.run();
  for (let round = 0; round < rounds; round++) {
    const turn = round % all.length;
    for (const one of [...all.slice(turn), ...all.slice(0, turn)]) {
      const times = [];
      for (let i = 0; i < one.count; i++) times.push(await one.client.run());
      one.first.push(median(times.map(({ first }) => first)));
      one.end.push(median(times.map(({ end }) => end)));
      one.times.push(...times.map(({ first }) => first));
    }
  }
  for (const { client } of all) client.close();
  return all;
}

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
    const times = await latency(servers, quick ? 2 : 9, quick ? 3 : 12, quick ? 1 : 2);
    const [ours, isolates, processes] = times;
    const rates = await throughput(servers, quick ? 1 : 4, quick ? 1 : 4);
    const text = [
      table(["one client", "runs", "first output, p50, ms", "p90, ms", "Mayfly's by this one's", "finished, p50, ms", "Mayfly's by this one's"], times.map((one) => [
        one.name, one.times.length, spread(one.first), digits(quantile(one.times, 0.9)), one === ours ? "1" : spread(ratios(ours.first, one.first)),
        spread(one.end), one === ours ? "1" : spread(ratios(ours.end, one.end)),
      ])),
      table([`${LANES} clients`, "runs/s", "Mayfly's by this one's"], rates.map((one) => [one.name, spread(one.rates), one === rates[0] ? "1" : spread(ratios(rates[0].rates, one.rates))])),
    ];
    const goals = [
      { what: "first output by a new isolate's (isolated-vm), all inside", got: median(ratios(ours.first, isolates.first)), most: 0.33 },
      { what: "first output by a new process's (`node`), all inside", got: median(ratios(ours.first, processes.first)), most: 0.33 },
    ];
    return { title, goals, text: text.join("\n\n") };
  });
}
