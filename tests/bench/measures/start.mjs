// From nothing to a page; and what it costs runs that zygotes are replaced under load.

import { statSync } from "node:fs";
import { performance } from "node:perf_hooks";

import { connectMany } from "../lib/client.mjs";
import { DENO, binary, startMayfly, startPeer, withServers } from "../lib/contenders.mjs";
import { saturate } from "../lib/load.mjs";
import { table } from "../lib/report.mjs";
import { digits, median, quantile, ratios, spread } from "../lib/stats.mjs";

const { fetch } = globalThis;

export const title = "Start, size, replacement";

/** Milliseconds until a server says that it listens, until it has served a page, and until it has run a program. */
async function cold(start, hasPage) {
  const begun = performance.now();
  return withServers([start()], async ([server]) => {
    const listens = performance.now() - begun;
    if (hasPage) await (await fetch(`http://${server.host}/`)).text();
    const page = hasPage ? performance.now() - begun : NaN;
    const [client] = await connectMany(server, 1);
    await client.run();
    const run = performance.now() - begun;
    client.close();
    return { listens, page, run };
  });
}

async function starts(rounds, goals) {
  const all = [
    { name: "Mayfly", start: () => startMayfly(), hasPage: true, times: [] },
    { name: "isolated-vm", start: () => startPeer("isolated-vm"), hasPage: false, times: [] },
  ];
  for (let round = 0; round < rounds; round++) for (const one of all) one.times.push(await cold(one.start, one.hasPage));
  // A server listens when it has a zygote that is ready.
  goals.push({ what: "server start to its zygote's ready, and to listening, ms", got: median(all[0].times.map((time) => time.listens)), most: 60 });
  goals.push({ what: "server start to first page, ms", got: median(all[0].times.map((time) => time.page)), most: 150 });
  const rows = all.map(({ name, times }) => {
    const of = (key) => times.map((time) => time[key]);
    return [name, spread(of("listens")), name === "Mayfly" ? spread(of("page")) : "has none", spread(of("run")), spread(ratios(all[0].times.map((time) => time.run), of("run")))];
  });
  return table(["from its start", "listens, ms", "first page, ms", "first run finished, ms", "Mayfly's run by this one's"], rows);
}

function sizes() {
  const files = [["mayfly, page inside", binary], ["node", process.execPath], ["deno", DENO]];
  const [ours] = files.map(([, file]) => statSync(file).size);
  return table(["binary", "MB", "Mayfly's by this one's"], files.map(([name, file]) => {
    const { size } = statSync(file);
    return [name, digits(size / 1e6), digits(ours / size)];
  }));
}

async function replacement(rounds, seconds) {
  const starting = [startMayfly([], "after 10,000 forks (default)"), startMayfly(["--zygote-forks=50"], "after 50 forks")];
  return withServers(starting, async (servers) => {
    const all = [];
    for (const server of servers) all.push({ name: server.name, clients: await connectMany(server, 4), p50: [], p99: [], rate: [] });
    for (const { clients } of all) await saturate(clients, seconds / 4);
    for (let round = 0; round < rounds; round++) {
      for (const one of round % 2 === 0 ? all : all.toReversed()) {
        const { rate, times } = await saturate(one.clients, seconds);
        one.p50.push(quantile(times, 0.5));
        one.p99.push(quantile(times, 0.99));
        one.rate.push(rate);
      }
    }
    for (const { clients } of all) for (const client of clients) client.close();
    return table(["zygotes replaced, 4 clients", "runs/s", "p50, ms", "p99, ms", "p99 by default's"], all.map((one) => [
      one.name, spread(one.rate), spread(one.p50), spread(one.p99), spread(ratios(one.p99, all[0].p99)),
    ]));
  });
}

export async function measure({ quick }) {
  const goals = [];
  const text = [await starts(quick ? 2 : 15, goals), sizes(), await replacement(quick ? 2 : 10, quick ? 0.5 : 2)];
  return { title, goals, text: text.join("\n\n") };
}
