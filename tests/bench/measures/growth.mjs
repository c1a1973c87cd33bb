// What a run costs as it gets larger: how long it takes by the size of its source, its output, the number of its files
// and of the clients beside it.

import { Client, PROGRAM, connectMany } from "../lib/client.mjs";
import { startMayfly, startPeer, withServers } from "../lib/contenders.mjs";
import { saturate } from "../lib/load.mjs";
import { table } from "../lib/report.mjs";
import { digits, median, ratios, spread } from "../lib/stats.mjs";

const FLAGS = ["--source-bytes=2MiB"];

/** A program of so many bytes that has to be read to its end: functions, and a line. */
function sourceOf(bytes) {
  const pieces = ["console.log('hi', {a: 1});"];
  for (let size = pieces[0].length, number = 0; size < bytes; number++) {
    const piece = `\nfunction f${number}(a, b) { return a * ${number} + b; }`;
    pieces.push(piece);
    size += piece.length;
  }
  return { source: pieces.join("").slice(0, Math.max(bytes, pieces[0].length)).replace(/\nfunction[^\n]*$/, "") };
}

const outputOf = (lines) => ({ source: `for (let i = 0; i < ${lines}; i++) console.log("line", i);` });

/** A main file that imports all others, each with a value of its own. */
function filesOf(count) {
  const others = Array.from({ length: count - 1 }, (_, at) => ({ name: `part${at}.js`, content: `export const value${at} = ${at};\n` }));
  const imports = others.map((_, at) => `import { value${at} } from "./part${at}.js";\n`).join("");
  const sum = others.map((_, at) => `value${at}`).join(" + ") || "0";
  return { files: [{ name: "main.js", content: `${imports}console.log("sum", ${sum});\n` }, ...others] };
}

const GROWING = [
  { what: "source, KB", sizes: [1, 10, 100, 1_000], program: (kilobytes) => sourceOf(kilobytes * 1000) },
  { what: "output, lines", sizes: [1, 10, 100, 1_000], program: outputOf },
  { what: "files", sizes: [1, 2, 4, 8, 16], program: filesOf, onlyMayfly: true },
];
const CLIENTS = [1, 2, 4, 8, 16];

export const title = "Growth";

/** Milliseconds from a run's start to its end, in blocks in turns, for each size and server. */
async function bySize(servers, { what, sizes, program, onlyMayfly }, rounds, block) {
  const series = [];
  for (const server of onlyMayfly ? servers.slice(0, 1) : servers) {
    series.push({ name: server.name, client: await Client.connect(server), medians: sizes.map(() => []) });
  }
  const programs = sizes.map(program);
  for (let round = -1; round < rounds; round++) {
    for (const [at, one] of programs.entries()) {
      for (const { client, medians } of series) {
        const times = [];
        for (let i = 0; i < block; i++) times.push((await client.run(one)).end);
        if (round >= 0) medians[at].push(median(times)); // the first round only warms up
      }
    }
  }
  for (const { client } of series) client.close();
  return { what, sizes, series, unit: "ms" };
}

/** Milliseconds of each run's share of the time, with so many clients at once. */
async function byClients(servers, rounds, seconds) {
  const series = servers.map((server) => ({ name: server.name, server, medians: CLIENTS.map(() => []) }));
  for (let round = -1; round < rounds; round++) {
    for (const [at, count] of CLIENTS.entries()) {
      for (const { server, medians } of series) {
        const clients = await connectMany(server, count);
        const { rate } = await saturate(clients, seconds, { source: PROGRAM });
        if (round >= 0) medians[at].push(1000 / rate);
        for (const client of clients) client.close();
      }
    }
  }
  return { what: "clients at once", sizes: CLIENTS, series, unit: "ms of the server's time" };
}

export async function measure({ quick }) {
  const [rounds, block, seconds] = quick ? [1, 3, 0.2] : [9, 20, 1];
  return withServers([startMayfly(FLAGS), startPeer("isolated-vm")], async (servers) => {
    const measured = [];
    for (const growing of GROWING) measured.push(await bySize(servers, growing, rounds, block));
    measured.push(await byClients(servers, rounds, seconds));

    const tables = measured.map(({ what, sizes, series, unit }) => {
      const [ours, theirs] = series;
      const head = [what, `Mayfly, ${unit}`, "by the one before", ...(theirs ? [`isolated-vm, ${unit}`, "Mayfly's by isolated-vm's"] : [])];
      return table(head, sizes.map((size, at) => [
        size.toLocaleString("en"), spread(ours.medians[at]), at === 0 ? "" : digits(median(ours.medians[at]) / median(ours.medians[at - 1])),
        ...(theirs ? [spread(theirs.medians[at]), spread(ratios(ours.medians[at], theirs.medians[at]))] : []),
      ]));
    });
    const values = measured.flatMap(({ what, sizes, series }) =>
      series.flatMap(({ name, medians }) => sizes.map((size, at) => ({ what, server: name, size, ms: median(medians[at]) }))));
    const log = { type: "log", nice: false };
    const plot = {
      title: "What a run takes as it grows",
      data: { values },
      facet: { field: "what", title: null, sort: measured.map(({ what }) => what) },
      columns: 2,
      spec: {
        width: 300,
        height: 180,
        mark: { type: "line", point: true },
        encoding: {
          x: { field: "size", type: "quantitative", scale: log, title: null },
          y: { field: "ms", type: "quantitative", scale: log, title: "milliseconds a run" },
          color: { field: "server", type: "nominal", title: null },
        },
      },
      // One scale of time, so that slopes can be compared.
      resolve: { scale: { x: "independent" }, axis: { y: "independent" } },
    };
    return { title, text: tables.join("\n\n"), plots: { growth: plot } };
  });
}
