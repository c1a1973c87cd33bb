// A program that prints as fast as it can: to a client that keeps up, and to one that hardly reads.

import { randomUUID } from "node:crypto";
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";

import { Client } from "../lib/client.mjs";
import { PEERS, startMayfly, startPeer, withServers } from "../lib/contenders.mjs";
import { memory, treeMemory } from "../lib/proc.mjs";
import { table } from "../lib/report.mjs";
import { digits, median, ratios, spread } from "../lib/stats.mjs";

const FLAGS = ["--limit-output-bytes=256MiB", "--limit-console-events=2000000", "--limit-wall-ms=60s", "--limit-cpu-ms=60s"];
/** As long as Mayfly gives it here. */
const PATIENT = { TIMEOUT_MS: "60000" };
const program = (lines) => `for (let i = 0; i < ${lines}; i++) console.log("line", i);`;

export const title = "Output";

/**
 * Reads without taking apart what it reads, so as to be no slower than the server: frames are counted in bytes, and
 * that nothing is missing is seen by the number in the last one.
 */
async function print(server, lines) {
  const { socket } = await Client.connect(server);
  socket.removeAllListeners("message");
  const run_id = randomUUID();
  let bytes = 0;
  let last;
  const ended = new Promise((resolve, reject) => {
    socket.on("close", () => reject(new Error(`${server.name} closed the connection`)));
    socket.on("message", (data) => {
      // A message's type is at its beginning.
      if (data.subarray(0, 32).includes('"console"')) {
        bytes += data.length;
        last = data;
      } else if (data.includes('"type":"finished"') || data.includes('"type":"rejected"')) {
        if (JSON.parse(data).outcome === "completed") resolve();
        else reject(new Error(`${server.name}: ${data}`));
      }
    });
  });
  const sent = performance.now();
  socket.send(JSON.stringify({ type: "run", run_id, source: program(lines) }));
  await ended;
  const seconds = (performance.now() - sent) / 1000;
  socket.terminate();
  const { seq, events } = JSON.parse(last);
  if (seq + events.length !== lines) throw new Error(`${server.name} sent ${seq + events.length} of ${lines} lines`);
  return { lines: lines / seconds, megabytes: bytes / 1e6 / seconds };
}

async function keepingUp(rounds, lines, peerLines) {
  return withServers([startMayfly(FLAGS), ...PEERS.map((name) => startPeer(name, PATIENT))], async (servers) => {
    const all = servers.map((server) => ({ server, lines: [], megabytes: [] }));
    for (let round = 0; round < rounds; round++) {
      for (const one of all) {
        const { lines: rate, megabytes } = await print(one.server, one === all[0] ? lines : peerLines);
        one.lines.push(rate);
        one.megabytes.push(megabytes);
      }
    }
    const text = table(["a client that keeps up", "lines", "lines/s", "MB/s", "Mayfly's lines/s by this one's"], all.map((one) => [
      one.server.name, (one === all[0] ? lines : peerLines).toLocaleString("en"), spread(one.lines), spread(one.megabytes), one === all[0] ? "1" : spread(ratios(all[0].lines, one.lines)),
    ]));
    return { text, rate: median(all[0].lines) };
  });
}

/** MiB that a server grows by at most, itself and with its children, while a client reads for a moment now and then. */
async function slowly(server, lines, seconds) {
  const { socket } = await Client.connect(server);
  socket.removeAllListeners("message");
  let bytes = 0;
  socket.on("message", (data) => (bytes += data.length));
  await sleep(500);
  const [before, allBefore] = [memory(server.pid).rss, treeMemory(server.pid).pss];
  let [most, allMost] = [0, 0];
  socket.send(JSON.stringify({ type: "run", run_id: randomUUID(), source: program(lines) }));
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    socket.pause();
    await sleep(240);
    most = Math.max(most, memory(server.pid).rss - before);
    allMost = Math.max(allMost, treeMemory(server.pid).pss - allBefore);
    socket.resume();
    await sleep(10);
  }
  socket.terminate();
  return { most: most / 1024, allMost: allMost / 1024, read: bytes / 1e6 };
}

export async function measure({ quick }) {
  const { text: first, rate } = await keepingUp(quick ? 1 : 5, quick ? 100_000 : 1_000_000, quick ? 5_000 : 50_000);
  const text = [first];
  const goals = [{ what: "lines/s to a client that keeps up", got: rate, least: 500_000 }];
  const rows = [];
  for (const start of [() => startMayfly(FLAGS), () => startPeer("isolated-vm")]) {
    await withServers([start()], async ([server]) => {
      const { most, allMost, read } = await slowly(server, quick ? 200_000 : 1_000_000, quick ? 2 : 8);
      if (server.name === "Mayfly") goals.push({ what: "growth of the server's RSS against a client that reads slowly, MiB", got: most, most: 32 });
      rows.push([server.name, digits(most), digits(allMost), digits(read)]);
    });
  }
  text.push(table(["a client that reads slowly", "RSS of the server grows by at most, MiB", "with its children (Pss), MiB", "read by then, MB"], rows));
  return { title, goals, text: text.join("\n\n") };
}
