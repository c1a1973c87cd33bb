// `make siege`: a server with its default settings under 64 hostile addresses that do all at once what has once stopped
// one, and beside them one visitor who runs a program twice a second. All of his runs have to complete, 99 of 100
// within a second, and the server has to keep its memory.
//
//   SECONDS=60 ADDRESSES=64 ATTACKS=bombs,frames,readers,prompts,queue   is what is done if nothing else is said

import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { performance } from "node:perf_hooks";
import { createInterface } from "node:readline";
import { clearInterval, clearTimeout, setInterval, setTimeout } from "node:timers";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";

import WebSocket from "ws";

import { processes } from "./processes.mjs";

const root = path.dirname(path.dirname(import.meta.dirname));
const binary = path.resolve(process.env.MAYFLY_BIN || path.join(root, "target/release/mayfly"));
const SECONDS = Number(process.env.SECONDS || 60);
const ADDRESSES = Number(process.env.ADDRESSES || 64);
const ATTACKS = (process.env.ATTACKS || "bombs,frames,readers,prompts,queue").split(",");
const MOST_MS = 1_000;
const MOST_MIB = 512;
/** Between two runs: with this a minute of them is within the rate that the settings allow by default. */
const PAUSE_MS = 400;
/** A run that takes so long is given up. */
const LOST_MS = 30_000;
const PROGRAM = "console.log('hello', {a: 1}); 1 + 1";

const quantile = (values, q) => values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))] ?? NaN;
const wrong = [];

/** The visitor: one page after another, each of which runs the program some times. */
class Visitor {
  milliseconds = [];
  socket = null;

  constructor(host, address) {
    Object.assign(this, { host, address });
  }

  async run() {
    const began = performance.now();
    const id = randomUUID();
    const ended = await new Promise((resolve) => {
      const over = setTimeout(() => resolve("no end"), LOST_MS);
      const end = (what) => {
        clearTimeout(over);
        resolve(what);
      };
      const send = () => {
        this.socket.on("message", (data) => {
          const message = JSON.parse(data);
          if (message.run_id !== id) return;
          if (message.type === "finished") end(message.outcome);
          if (message.type === "rejected") end(`rejected: ${message.reason}: ${message.message}`);
        });
        this.socket.on("close", (code, words) => end(`closed: ${code} ${words}`));
        this.socket.send(JSON.stringify({ type: "run", run_id: id, source: PROGRAM }));
      };
      if (this.socket === null) {
        this.socket = new WebSocket(`ws://${this.host}/api/v1/ws`, { headers: { "x-forwarded-for": this.address } });
        this.socket.on("error", (error) => end(String(error)));
        this.socket.on("open", send);
      } else send();
    });
    this.socket?.removeAllListeners("message").removeAllListeners("close");
    this.milliseconds.push(performance.now() - began);
    if (ended !== "completed") wrong.push(`the visitor's run ended as: ${ended}`);
    // Every fifth run is that of a page that was just opened.
    if (ended !== "completed" || this.milliseconds.length % 5 === 0) {
      this.socket?.terminate();
      this.socket = null;
    }
  }

  toString() {
    const [p50, p99, most] = [0.5, 0.99, 1].map((q) => quantile(this.milliseconds, q).toFixed(1));
    return `${this.milliseconds.length} runs, p50 ${p50} ms, p99 ${p99} ms, longest ${most} ms`;
  }
}

const folder = mkdtempSync(path.join(tmpdir(), "mayfly-siege-"));
const out = path.join(root, "target/siege");
mkdirSync(out, { recursive: true });
const server = spawn(binary, ["serve", "--listen=127.0.0.1:0", `--data-dir=${folder}/var`, "--log=warn", "--trusted-proxies=127.0.0.1"], {
  stdio: ["ignore", "pipe", openSync(path.join(out, "log"), "w")],
});
let exited = null;
server.on("exit", (code, signal) => (exited = `the server ended: ${code ?? signal}`));
try {
  let host = "";
  for await (const line of createInterface({ input: server.stdout })) {
    host = line.replace(/^.*\/\//, "");
    break;
  }
  const visitor = new Visitor(host, "203.0.113.9");
  const visit = async (until) => {
    visitor.milliseconds = [];
    while (performance.now() < until && exited === null) {
      await visitor.run();
      await sleep(PAUSE_MS);
    }
    return visitor.toString();
  };
  console.log(`at peace: ${await visit(performance.now() + 3_000)}`);
  const hostile = new Worker(new URL("hostile.mjs", import.meta.url), { workerData: { host, addresses: ADDRESSES, attacks: ATTACKS } });
  hostile.on("error", (error) => wrong.push(`the hostile thread: ${error.stack}`));
  const most = { server: {}, zygote: {}, children: {} };
  const watch = setInterval(() => {
    for (const [role, seen] of Object.entries(processes(server.pid))) {
      for (const [what, value] of Object.entries(seen)) most[role][what] = Math.max(most[role][what] ?? 0, value);
    }
  }, 500);
  const told = await visit(performance.now() + SECONDS * 1_000);
  const done = new Promise((resolve) => hostile.once("message", resolve));
  hostile.postMessage("tell");
  console.log(`hostile, ${ADDRESSES} addresses, ${ATTACKS.join(", ")}: ${(await done).map(([what, times]) => `${times} ${what}`).join("; ")}`);
  clearInterval(watch);
  await hostile.terminate();
  console.log(`under siege: ${told}`);
  for (const [role, { count, rss, pss }] of Object.entries(most)) {
    console.log(`${role}: at most ${count} at once, ${rss?.toFixed(0)} MiB resident, ${pss?.toFixed(0)} MiB by share`);
  }
  if (exited !== null) wrong.push(exited);
  const p99 = quantile(visitor.milliseconds, 0.99);
  if (!(p99 <= MOST_MS)) wrong.push(`99 of 100 runs took up to ${p99.toFixed(0)} ms; ${MOST_MS} are allowed`);
  if (!(most.server.rss <= MOST_MIB)) wrong.push(`the server took ${most.server.rss?.toFixed(0)} MiB; ${MOST_MIB} are allowed`);
} finally {
  server.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
}
if (wrong.length > 0) {
  const times = new Map();
  for (const what of wrong) times.set(what, (times.get(what) ?? 0) + 1);
  console.error([...times].slice(0, 20).map(([what, count]) => `${count} × ${what}`).join("\n"));
  process.exit(1);
}
process.exit();
