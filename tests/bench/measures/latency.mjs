// From sending a program to its first output and to its end, one client, one run after the other: at once, when what
// follows a run and what precedes the next takes the processors from it, and with a pause, when it does not.

import { Client } from "../lib/client.mjs";
import { FAST, PEERS, startMayfly, startPeer, withServers } from "../lib/contenders.mjs";
import { FORK, ISOLATE, startFloor } from "../lib/floors.mjs";
import { inTurns } from "../lib/load.mjs";
import { table } from "../lib/report.mjs";
import { digits, median, quantile, ratios, spread } from "../lib/stats.mjs";

/** Milliseconds between runs of a client that pauses. */
const PAUSE = 20;

const KEYS = { first: "to first output", end: "to finished" };

export const title = "Latency, one client";

const medians = ({ blocks }, key) => blocks.map((block) => median(block.map((time) => time[key])));

/** Times of all lanes, against those of the first. */
function timesTable(what, key, lanes) {
  const rows = lanes.map((lane) => {
    const times = lane.blocks.flat().map((time) => time[key]);
    const against = lane === lanes[0] ? "1" : spread(ratios(medians(lanes[0], key), medians(lane, key)));
    return [lane.name, times.length, spread(medians(lane, key)), digits(quantile(times, 0.9)), digits(quantile(times, 0.99)), against];
  });
  return table([what, "runs", "p50, ms", "p90, ms", "p99, ms", "Mayfly's p50 by this one's"], rows);
}

export async function measure({ quick }) {
  const rounds = quick ? 3 : 24;
  const [block, slowBlock] = quick ? [10, 2] : [50, 5];

  const floors = [{ name: "a bare warm fork (floor)", floor: await startFloor(FORK) }, { name: "a bare isolate (floor)", floor: await startFloor(ISOLATE) }];
  const servers = [startMayfly(), ...PEERS.map((name) => startPeer(name))];
  const [lanes, rested] = await withServers(servers, async (all) => {
    const lanes = [];
    for (const server of all) {
      const client = await Client.connect(server);
      const isFast = server.name === "Mayfly" || FAST.includes(server.name);
      lanes.push({ name: server.name, count: isFast ? block : slowBlock, take: () => client.run(), isFast });
    }
    const echo = await Client.connect(all[0]);
    const take = async () => {
      const time = await echo.ping();
      return { first: time, end: time };
    };
    lanes.push({ name: "echo (floor)", count: block, take, isFast: true });
    for (const { name, floor } of floors) {
      const takeOne = async () => {
        const [time] = (await floor.take(1)).ms;
        return { first: time, end: time };
      };
      lanes.push({ name, count: block, take: takeOne });
    }
    for (const { take, count } of lanes) for (let i = 0; i < count; i++) await take();

    const measured = [];
    const fast = lanes.filter(({ isFast }) => isFast).map((lane) => ({ ...lane, count: lane.count / 2 }));
    for (const [some, pause] of [[lanes, 0], [fast, PAUSE]]) {
      const blocks = await inTurns(some, rounds, pause);
      measured.push(some.map((lane, at) => ({ ...lane, blocks: blocks[at] })));
    }
    return measured;
  });
  for (const { floor } of floors) floor.stop();

  const points = [];
  for (const [key, what] of Object.entries(KEYS)) {
    for (const lane of lanes) {
      const times = lane.blocks.flat().map((time) => time[key]);
      for (const [label, q] of [["p50", 0.5], ["p90", 0.9], ["p99", 0.99]]) points.push({ server: lane.name, what, quantile: label, ms: quantile(times, q) });
    }
  }
  const tables = [
    ...Object.entries(KEYS).map(([key, what]) => timesTable(`run ${what}`, key, lanes)),
    timesTable(`run ${KEYS.first}, ${PAUSE} ms between runs`, "first", rested),
  ];

  const named = (all, wanted) => medians(all.find(({ name }) => name.startsWith(wanted)), "first");
  const aboveEcho = (all) => median(named(all, "Mayfly").map((first, at) => first - named(all, "echo")[at]));
  const goals = [
    { what: "first output after an echo on the same server, p50, ms", got: aboveEcho(lanes), most: 0.6 },
    { what: `the same, ${PAUSE} ms between runs`, got: aboveEcho(rested), most: 0.6 },
    { what: "first output by isolated-vm's, p50", got: median(ratios(named(lanes, "Mayfly"), named(lanes, "isolated-vm"))), most: 0.5 },
    { what: "first output, p99, ms", got: quantile(lanes[0].blocks.flat().map((time) => time.first), 0.99), most: 5 },
  ];

  const plot = {
    title: "Run to first output and to finished, one client",
    data: { values: points },
    facet: { column: { field: "what", title: null, sort: Object.values(KEYS) } },
    spec: {
      width: 320,
      height: 200,
      encoding: { y: { field: "server", type: "nominal", title: null, sort: lanes.map((lane) => lane.name) }, x: { field: "ms", type: "quantitative", scale: { type: "log" }, title: "milliseconds (log)" } },
      layer: [{ mark: { type: "line", color: "#999" }, encoding: { detail: { field: "server" } } }, { mark: { type: "point", filled: true, size: 60 }, encoding: { color: { field: "quantile", type: "nominal", title: null } } }],
    },
  };
  return { title, goals, text: tables.join("\n\n"), plots: { latency: plot } };
}
