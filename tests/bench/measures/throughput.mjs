// How many runs a second there can be, what each costs in CPU time, and how long runs take while not all is used.

import { connectMany } from "../lib/client.mjs";
import { FAST, PEERS, startMayfly, startPeer, withServers } from "../lib/contenders.mjs";
import { FORK, startFloor } from "../lib/floors.mjs";
import { atRate, saturate } from "../lib/load.mjs";
import { cpuSeconds } from "../lib/proc.mjs";
import { table } from "../lib/report.mjs";
import { digits, median, quantile, ratios, spread } from "../lib/stats.mjs";

const LANES = [4, 8];
const SHARES = [0.5, 0.9];
/** Forks in a block of the floor's. */
const FORKS = 200;

export const title = "Throughput";

/** Saturates each server in turns with so many clients, and the floor without any. */
async function blocks(servers, floor, lanes, rounds, seconds) {
  const all = [];
  for (const server of servers) all.push({ name: server.name, pid: server.pid, clients: await connectMany(server, lanes), rates: [], cpu: [] });
  for (const { clients } of all) await saturate(clients, seconds / 4);
  const forks = { name: "bare warm forks, one by one (floor)", rates: [], cpu: [] };
  for (let round = 0; round < rounds; round++) {
    const turn = round % all.length;
    for (const one of [...all.slice(turn), ...all.slice(0, turn)]) {
      const before = cpuSeconds(one.pid);
      const { rate, times } = await saturate(one.clients, seconds);
      one.rates.push(rate);
      one.cpu.push(((cpuSeconds(one.pid) - before) * 1000) / times.length);
    }
    const { ms, cpu_ms } = await floor.take(FORKS);
    forks.rates.push((FORKS * 1000) / ms.reduce((sum, one) => sum + one, 0));
    forks.cpu.push(cpu_ms / FORKS);
  }
  for (const { clients } of all) for (const client of clients) client.close();
  return [...all, forks];
}

/** How long runs take at parts of what each server can do. */
async function steady(servers, saturation, seconds, rounds) {
  const all = [];
  for (const server of servers) all.push({ name: server.name, clients: await connectMany(server, 16), p50: {}, p99: {} });
  for (let round = 0; round < rounds; round++) {
    for (const share of SHARES) {
      for (const { name, clients, p50, p99 } of all) {
        const times = await atRate(clients, saturation.get(name) * share, seconds);
        (p50[share] ??= []).push(quantile(times, 0.5));
        (p99[share] ??= []).push(quantile(times, 0.99));
      }
    }
  }
  return all;
}

export async function measure({ quick }) {
  const [rounds, seconds] = quick ? [2, 0.3] : [9, 2];
  const [steadyRounds, steadySeconds] = quick ? [1, 0.5] : [5, 4];

  return withServers([startMayfly(), ...PEERS.map((name) => startPeer(name))], async (servers) => {
    const tables = [];
    const points = [];
    let saturation;
    let goals;
    const floor = await startFloor(FORK);
    for (const lanes of LANES) {
      const all = await blocks(servers, floor, lanes, rounds, seconds);
      const [ours] = all;
      const of = (key, name) => median(ratios(ours[key], all.find((one) => one.name.startsWith(name))[key]));
      goals ??= [
        { what: `runs/s, ${lanes} clients`, got: median(ours.rates), least: 900 },
        { what: "runs/s by isolated-vm's", got: of("rates", "isolated-vm"), least: 1.5 },
        { what: "runs/s by `deno`'s", got: of("rates", "deno"), least: 15 },
        { what: "CPU per run by a bare warm fork's", got: of("cpu", "bare"), most: 1.6 },
      ];
      saturation ??= new Map(all.map(({ name, rates }) => [name, median(rates)]));
      tables.push(table([`${lanes} clients`, "runs/s", "Mayfly's by this one's", "CPU per run, ms", "Mayfly's by this one's"], all.map((one) => {
        points.push({ server: one.name, clients: `${lanes} clients`, rate: median(one.rates) });
        const against = (key) => (one === ours ? "1" : spread(ratios(ours[key], one[key])));
        return [one.name, spread(one.rates), against("rates"), spread(one.cpu), against("cpu")];
      })));
    }

    floor.stop();
    const fast = servers.filter(({ name }) => name === "Mayfly" || FAST.includes(name));
    const all = await steady(fast, saturation, steadySeconds, steadyRounds);
    tables.push(table(
      ["at a fixed rate", "of what it can do", "runs/s", "p50, ms", "p99, ms", "Mayfly's p99 by this one's"],
      SHARES.flatMap((share) => all.map((one) => [
        one.name, `${share * 100} %`, digits(saturation.get(one.name) * share), spread(one.p50[share]), spread(one.p99[share]),
        one === all[0] ? "1" : spread(ratios(all[0].p99[share], one.p99[share])),
      ])),
    ));

    const plot = {
      title: "Runs a second at saturation",
      data: { values: points },
      facet: { column: { field: "clients", title: null } },
      spec: {
        width: 320,
        height: 160,
        encoding: { y: { field: "server", type: "nominal", title: null, sort: servers.map(({ name }) => name) }, x: { field: "rate", type: "quantitative", title: "runs a second" } },
        layer: [{ mark: "bar" }, { mark: { type: "text", align: "left", dx: 3 }, encoding: { text: { field: "rate", format: ".0f" } } }],
      },
    };
    return { title, goals, text: tables.join("\n\n"), plots: { throughput: plot } };
  });
}
