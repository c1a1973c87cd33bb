// From sending a program to its first output and to its end, one client, one run after the other.

import { Client } from "../lib/client.mjs";
import { FAST, PEERS, startMayfly, startPeer, withServers } from "../lib/contenders.mjs";
import { FORK, ISOLATE, startFloor } from "../lib/floors.mjs";
import { table } from "../lib/report.mjs";
import { digits, median, quantile, ratios, spread } from "../lib/stats.mjs";

const KEYS = { first: "to first output", end: "to finished" };

export const title = "Latency, one client";

export async function measure({ quick }) {
  const rounds = quick ? 3 : 24;
  const [block, slowBlock] = quick ? [10, 2] : [50, 5];

  const floors = [{ name: "a bare warm fork (floor)", floor: await startFloor(FORK) }, { name: "a bare isolate (floor)", floor: await startFloor(ISOLATE) }];
  const servers = [startMayfly(), ...PEERS.map((name) => startPeer(name))];
  const lanes = await withServers(servers, async (all) => {
    const lanes = [];
    for (const server of all) {
      const client = await Client.connect(server);
      const isFast = server.name === "Mayfly" || FAST.includes(server.name);
      lanes.push({ name: server.name, count: isFast ? block : slowBlock, take: () => client.run(), blocks: [] });
    }
    const echo = await Client.connect(all[0]);
    const take = async () => {
      const time = await echo.ping();
      return { first: time, end: time };
    };
    lanes.push({ name: "echo (floor)", count: block, take, blocks: [] });
    for (const { name, floor } of floors) {
      const takeOne = async () => {
        const [time] = (await floor.take(1)).ms;
        return { first: time, end: time };
      };
      lanes.push({ name, count: block, take: takeOne, blocks: [] });
    }
    for (const { take, count } of lanes) for (let i = 0; i < count; i++) await take();

    for (let round = 0; round < rounds; round++) {
      // Who comes after whom changes.
      const turn = round % lanes.length;
      for (const { take, count, blocks } of [...lanes.slice(turn), ...lanes.slice(0, turn)]) {
        const times = [];
        for (let i = 0; i < count; i++) times.push(await take());
        blocks.push(times);
      }
    }
    return lanes;
  });
  for (const { floor } of floors) floor.stop();

  const tables = [];
  const points = [];
  for (const [key, what] of Object.entries(KEYS)) {
    const medians = ({ blocks }) => blocks.map((block) => median(block.map((time) => time[key])));
    const ours = medians(lanes[0]);
    const rows = lanes.map((lane) => {
      const times = lane.blocks.flat().map((time) => time[key]);
      for (const [label, q] of [["p50", 0.5], ["p90", 0.9], ["p99", 0.99]]) points.push({ server: lane.name, what, quantile: label, ms: quantile(times, q) });
      const quantiles = [0.9, 0.99].map((q) => digits(quantile(times, q)));
      return [lane.name, times.length, spread(medians(lane)), ...quantiles, lane === lanes[0] ? "1" : spread(ratios(ours, medians(lane)))];
    });
    tables.push(table([`run ${what}`, "runs", "p50, ms", "p90, ms", "p99, ms", "Mayfly's p50 by this one's"], rows));
  }
  const named = (wanted) => lanes.find(({ name }) => name.startsWith(wanted));
  const firsts = ({ blocks }) => blocks.map((block) => median(block.map((time) => time.first)));
  const echoes = firsts(named("echo"));
  const goals = [
    { what: "first output after an echo on the same server, p50, ms", got: median(firsts(lanes[0]).map((first, at) => first - echoes[at])), most: 0.6 },
    { what: "first output by isolated-vm's, p50", got: median(ratios(firsts(lanes[0]), firsts(named("isolated-vm")))), most: 0.5 },
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
