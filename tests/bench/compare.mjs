// Measures this build and another one, AGAINST=path/to/another/mayfly, in turns, block by block, so that whatever else
// the machine does falls on both alike.

import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { performance } from "node:perf_hooks";
import { createInterface } from "node:readline";

import WebSocket from "ws";

/** Both servers are started this often, as one zygote is not like the next (where its pages are, what seed it has), and
 * each gets this many blocks of this many runs. */
const ROUNDS = 8;
const BLOCKS = 4;
const BLOCK = 100;
const PROGRAM = "console.log('hi', {a: 1}); 1 + 1";

/** Starts the server on a free port. */
async function start(folder, binary) {
  const server = spawn(binary, ["serve", "--listen=127.0.0.1:0", `--data-dir=${folder}`, "--log=warn", "--rate-limit=off"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  for await (const line of createInterface({ input: server.stdout })) {
    return { server, host: line.replace(/^.*\/\//, "") };
  }
  throw new Error("the server did not start");
}

/** A connection on which runs are started one after the other or side by side. */
class Client {
  #runs = new Map();

  static async connect(host) {
    const client = new Client();
    client.socket = new WebSocket(`ws://${host}/api/v1/ws`);
    client.socket.on("message", (data) => client.#receive(JSON.parse(data)));
    await new Promise((resolve, reject) => client.socket.once("open", resolve).once("error", reject));
    return client;
  }

  #receive(message) {
    const run = this.#runs.get(message.run_id);
    if (!run) return;
    if (message.type === "console") run.first ??= performance.now();
    if (message.type === "rejected") run.reject(new Error(message.message));
    if (message.type !== "finished") return;
    this.#runs.delete(message.run_id);
    if (message.outcome !== "completed") run.reject(new Error(JSON.stringify(message)));
    run.resolve({ first: run.first - run.sent, end: performance.now() - run.sent });
  }

  /** Runs the program. Milliseconds from sending it to its first output and to its end. */
  run() {
    return new Promise((resolve, reject) => {
      const run_id = randomUUID();
      this.#runs.set(run_id, { resolve, reject, sent: performance.now() });
      this.socket.send(JSON.stringify({ type: "run", run_id, source: PROGRAM }));
    });
  }
}

const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))].toFixed(2);

function report(name, values) {
  const sorted = values.toSorted((a, b) => a - b);
  console.log(`${name.padEnd(34)} p50 ${quantile(sorted, 0.5)} ms, p99 ${quantile(sorted, 0.99)} ms`);
}

/** Measures this build and another one in turns: first output and end, and the ratio of their medians. */
async function compare(folder, other) {
  const builds = [
    { name: "this build", binary: path.resolve(process.env.MAYFLY_BIN || "target/release/mayfly"), times: [] },
    { name: "the other", binary: path.resolve(other), times: [] },
  ];
  // Copies, as a file that was copied lies in larger pieces in the page cache than one that a linker wrote, and a
  // process that is forked from it starts a sixth faster.
  for (const build of builds) {
    const copy = path.join(folder, `${build.name}.bin`);
    await copyFile(build.binary, copy);
    build.binary = copy;
  }
  for (let round = 0; round < ROUNDS; round++) {
    // Who goes first changes, too.
    const order = round % 2 === 0 ? builds : builds.toReversed();
    for (const build of order) {
      const { server, host } = await start(path.join(folder, build.name), build.binary);
      Object.assign(build, { server, client: await Client.connect(host) });
      for (let i = 0; i < BLOCK; i++) await build.client.run();
    }
    for (let block = 0; block < BLOCKS; block++) {
      for (const { client, times } of order) for (let i = 0; i < BLOCK; i++) times.push(await client.run());
    }
    for (const { server } of builds) server.kill();
  }
  for (const key of ["first", "end"]) {
    const what = key === "first" ? "first output" : "finished";
    const medians = builds.map(({ name, times }) => {
      const values = times.map((time) => time[key]).toSorted((a, b) => a - b);
      report(`run to ${what}, ${name}`, values);
      return Number(quantile(values, 0.5));
    });
    console.log(`${"ratio of the medians".padEnd(34)} ${(medians[0] / medians[1]).toFixed(2)}`);
  }
}

const folder = await mkdtemp(path.join(tmpdir(), "mayfly-bench-"));
try {
  await compare(folder, process.env.AGAINST);
} finally {
  await rm(folder, { recursive: true });
}
process.exit();
