// Measures this build and another one, AGAINST=path/to/another/mayfly, in turns, block by block, so that whatever else
// the machine does falls on both alike. AGAINST may go on with flags for the other: with this build's own path it tells
// what a setting is worth.

import { connectMany } from "./lib/client.mjs";
import { binary, copied, startMayfly } from "./lib/contenders.mjs";
import { inTurns, saturate } from "./lib/load.mjs";
import { cpuSeconds } from "./lib/proc.mjs";
import { table } from "./lib/report.mjs";
import { median, quantile, ratios, spread } from "./lib/stats.mjs";

/** Both servers are started this often, as one zygote is not like the next: where its pages are, what seed it has. */
const STARTS = 8;
/** Blocks of each start, runs in one with one client, and seconds of one with several. */
const BLOCKS = 4;
const RUNS = 100;
const CLIENTS = 4;
const SECONDS = 0.8;
/** The same with a pause, in milliseconds. */
const RESTED_RUNS = 20;
const PAUSE = 20;

/** What is measured, from the name to the values of blocks. */
class Figures extends Map {
  add(name, value) {
    if (!this.has(name)) this.set(name, []);
    this.get(name).push(value);
  }
}

/** Starts both, the first of `builds` first, and adds what they take to their figures. */
async function measure(builds) {
  const all = [];
  for (const { name, from, flags, figures } of builds) {
    const server = await startMayfly(flags, name, { from });
    const clients = await connectMany(server, CLIENTS);
    all.push({ server, clients, figures, take: () => clients[0].run() });
  }
  for (const { take } of all) for (let i = 0; i < RUNS; i++) await take();
  for (const [count, pause, what] of [[RUNS, 0, ""], [RESTED_RUNS, PAUSE, `, ${PAUSE} ms between runs`]]) {
    const blocks = await inTurns(all.map(({ take }) => ({ take, count })), BLOCKS, pause);
    for (const [at, { figures }] of all.entries()) {
      for (const times of blocks[at]) {
        figures.add(`first output, p50, ms${what}`, median(times.map(({ first }) => first)));
        figures.add(`finished, p50, ms${what}`, median(times.map(({ end }) => end)));
      }
      figures.add(`first output, p99 of a start, ms${what}`, quantile(blocks[at].flat().map(({ first }) => first), 0.99));
    }
  }
  for (let block = 0; block < BLOCKS; block++) {
    for (const { server, clients, figures } of block % 2 === 0 ? all : all.toReversed()) {
      const before = cpuSeconds(server.pid);
      const { rate, times } = await saturate(clients, SECONDS);
      figures.add(`runs/s, ${CLIENTS} clients`, rate);
      figures.add(`CPU per run, ms, ${CLIENTS} clients`, ((cpuSeconds(server.pid) - before) * 1000) / times.length);
    }
  }
  for (const { clients } of all) for (const client of clients) client.close();
  await Promise.all(all.map(({ server }) => server.stop()));
}

const [other, ...flags] = process.env.AGAINST.split(/\s+/);
const builds = [
  { name: "this build", from: binary, flags: [], figures: new Figures() },
  { name: "the other", from: copied(other, "other"), flags, figures: new Figures() },
];
// Who goes first changes.
for (let start = 0; start < STARTS; start++) await measure(start % 2 === 0 ? builds : builds.toReversed());
const [ours, theirs] = builds.map(({ figures }) => figures);
console.log(table(["", "this build", "the other", "this by the other"], [...ours].map(([what, values]) => [
  what, spread(values), spread(theirs.get(what)), spread(ratios(values, theirs.get(what))),
])));
process.exit();
