// What connections cost that do nothing, and programs that wait; and whether the server answers beside them.

import { setTimeout as sleep } from "node:timers/promises";

import { Client, connectMany } from "../lib/client.mjs";
import { connections, startMayfly, startPeer, withServers } from "../lib/contenders.mjs";
import { memory, tree, treeMemory } from "../lib/proc.mjs";
import { table } from "../lib/report.mjs";
import { digits, median, quantile, spread } from "../lib/stats.mjs";

/** Waits, and holds little. The same in Node, which has no `await` in a program on stdin. */
const waiting = (ms) => `setTimeout(() => console.log("end"), ${ms}); console.log("alive")`;
/** The subprocesses of Node beside it: so few, as each takes tens of MiB. */
const NODE_PROGRAMS = 10;

export const title = "Memory";

/** KiB that the server has grown by for each of so many connections. */
async function idle(start, count) {
  return withServers([start()], async ([server]) => {
    // The first ones make room that later ones find made.
    const first = await connectMany(server, 4);
    await sleep(500);
    const before = memory(server.pid);
    const clients = await connectMany(server, count);
    await sleep(1_000);
    const after = memory(server.pid);
    for (const client of [...first, ...clients]) client.close();
    return { pss: (after.pss - before.pss) / count, rss: (after.rss - before.rss) / count };
  });
}

async function idleTable(counts, rounds, goals) {
  const rows = [];
  for (const count of counts) {
    const ours = [];
    const theirs = [];
    for (let round = 0; round < rounds; round++) {
      ours.push(await idle(startMayfly, count));
      theirs.push(await idle(() => startPeer("isolated-vm"), count));
    }
    const pss = (all) => all.map((one) => one.pss);
    if (count === counts.at(-1)) goals.push({ what: `memory of each of ${count} idle connections, KiB`, got: median(pss(ours)), most: 24 });
    rows.push([count, spread(pss(ours)), spread(ours.map((one) => one.rss)), spread(pss(theirs)), digits(median(pss(ours)) / median(pss(theirs)))]);
  }
  return table(["idle connections", "Mayfly, KiB each (Pss)", "(RSS)", "Node's `ws`, KiB each (Pss)", "Mayfly's by Node's"], rows);
}

/** Starts so many waiting programs, one client's, and says what came on top of the memory before. */
async function alive(server, count, ms) {
  const client = await Client.connect(server);
  const beside = await Client.connect(server);
  for (let i = 0; i < 20; i++) await client.run();
  const latency = async () => {
    const times = [];
    for (let i = 0; i < 30; i++) times.push((await beside.run()).first);
    return times;
  };
  const latencyBefore = await latency();
  await sleep(500);
  const before = treeMemory(server.pid);
  const leaves = () => tree(server.pid).filter(({ isLeaf }) => isLeaf).map(({ id }) => id);
  const warm = leaves().length;

  let running = 0;
  const all = [];
  client.socket.on("message", (data) => {
    if (String(data).includes('"type":"console"') && String(data).includes("alive")) running++;
  });
  for (let i = 0; i < count; i++) all.push(client.run({ source: waiting(ms) }));
  const failure = Promise.all(all).then(() => new Error("the programs ended before all were alive"), (error) => error);
  while (running < count) {
    const error = await Promise.race([sleep(10), failure]);
    if (error) throw error;
  }
  const after = treeMemory(server.pid);
  const children = leaves().map((id) => memory(id).own).sort((a, b) => b - a).slice(0, count);
  const latencyMeanwhile = server.name === "Mayfly" ? await latency() : [];
  const error = await failure;
  if (error.message !== "the programs ended before all were alive") throw error;
  client.close();
  beside.close();
  return { count, warm, own: median(children), all: (after.pss - before.pss) / count, latencyBefore, latencyMeanwhile };
}

async function aliveTable(counts, ms, goals) {
  const rows = [];
  const row = (name, it) => {
    const ms = (times, q) => digits(quantile(times, q));
    rows.push([name, it.count, digits(it.own), digits(it.all), ms(it.latencyBefore, 0.5), ms(it.latencyMeanwhile, 0.5), ms(it.latencyMeanwhile, 0.99)]);
  };
  for (const count of counts) {
    await withServers([startMayfly([`--limit-wall-ms=${ms * 3}ms`])], async ([server]) => {
      const it = await alive(server, count, ms);
      row("Mayfly", it);
      if (count === counts.at(-1)) goals.push({ what: `private memory of each of ${count} programs that wait, KiB`, got: it.own, most: 4_096 });
    });
  }
  const few = Math.min(NODE_PROGRAMS, ...counts);
  await withServers([startPeer("node", { TIMEOUT_MS: String(ms * 3) })], async ([server]) => row("`node`", await alive(server, few, ms)));
  return table(["programs that wait", "alive", "private memory of each process, KiB", "growth of all (Pss) for each, KiB", "first output before, p50, ms", "meanwhile, p50, ms", "meanwhile, p99, ms"], rows);
}

export async function measure({ quick }) {
  const goals = [];
  const text = [
    await idleTable((quick ? [10, 100] : [10, 100, 1_000, 5_000]).filter((count) => count + 100 < connections), quick ? 1 : 3, goals),
    await aliveTable(quick ? [10, 20] : [10, 100, 200], quick ? 3_000 : 8_000, goals),
  ];
  return { title, goals, text: text.join("\n\n") };
}
