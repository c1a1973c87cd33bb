// `make soak`: a server under a steady load for as long as one likes, and what becomes of its memory, files and
// processes. First the load is found: as many programs as the server gets done, a part of which are attacks. Then so
// many a second are sent as LOAD of that, whatever becomes of them, and every second is written down. Leaves
// target/soak/soak.csv and soak.svg; fails when a run does not end as it should, or something grows.
//
//   SECONDS=120 (or HOURS=2) LOAD=0.7 ATTACKS=0.05   is what is done if nothing else is said

import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, openSync, readFileSync, readdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { performance } from "node:perf_hooks";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

import WebSocket from "ws";

import { plot } from "./plot.mjs";

const root = path.dirname(path.dirname(import.meta.dirname));
const binary = path.resolve(process.env.MAYFLY_BIN || path.join(root, "target/release/mayfly"));
const SECONDS = process.env.HOURS ? Number(process.env.HOURS) * 3_600 : Number(process.env.SECONDS || 120);
const LOAD = Number(process.env.LOAD || 0.7);
const ATTACKS = Number(process.env.ATTACKS || 0.05);
const SOCKETS = 32;
const CALIBRATION_MS = 15_000;
const { fetch } = globalThis;

/** Programs that visitors write, and how each ends. */
const PROGRAMS = [
  ["console.log('hello', {a: 1}); 1 + 1", ["completed"]],
  ["for (let i = 0; i < 40; i++) console.log(i, 'x'.repeat(100))", ["completed"]],
  ["await new Promise((go) => setTimeout(go, 20)); console.log('later')", ["completed"]],
  ["const all = new Map(); for (let i = 0; i < 2e4; i++) all.set(i, [i]); all.size", ["completed"]],
  ["null.x", ["failed"]],
  ["const path = require('node:path'); path.join('a', '..', 'b')", ["completed"]],
];
/** Programs that mean harm, with limits that keep them from taking all of the machine's time. */
const HARM = [
  ["for (;;);", ["timed_out", "cpu_exceeded"]],
  ["const kept = []; for (;;) kept.push('x'.repeat(1 << 18) + kept.length)", ["memory_exceeded", "timed_out", "cpu_exceeded"]],
  ["for (;;) console.log('x'.repeat(1000))", ["output_exceeded", "timed_out", "cpu_exceeded"]],
  ["(function f() { f(); })()", ["failed"]],
  ["new Array(5e7).fill(0)", ["memory_exceeded", "timed_out", "cpu_exceeded", "failed"]],
  ["Array.prototype.includes.call({length: 2 ** 53 - 1}, 1)", ["timed_out", "cpu_exceeded"]],
  ["Promise.prototype.then = null; Object.prototype.x = 1; for (;;) await 0", ["timed_out", "cpu_exceeded", "failed"]],
  ["new WebAssembly.Memory({ initial: 60000 })", ["failed", "memory_exceeded"]],
];
const HARM_LIMITS = { wall_ms: 300, cpu_ms: 250 };

function program() {
  const isHarm = Math.random() < ATTACKS;
  const all = isHarm ? HARM : PROGRAMS;
  const [source, outcomes] = all[Math.floor(Math.random() * all.length)];
  return { source, outcomes, isHarm };
}

class Client {
  #runs = new Map();

  static async connect(host, number) {
    const client = new Client();
    client.socket = new WebSocket(`ws://${host}/api/v1/ws`, { headers: { "x-forwarded-for": `10.2.0.${number}` } });
    client.socket.on("message", (data) => client.#receive(JSON.parse(data)));
    client.socket.on("close", (code) => client.#lost(code));
    await new Promise((resolve, reject) => client.socket.once("open", resolve).once("error", reject));
    return client;
  }

  #receive(message) {
    const run = this.#runs.get(message.run_id);
    if (!run || !["finished", "rejected"].includes(message.type)) return;
    this.#runs.delete(message.run_id);
    const outcome = message.type === "rejected" ? `rejected: ${message.reason}` : message.outcome;
    run.resolve({ ...run, outcome, ms: performance.now() - run.sent });
  }

  #lost(code) {
    for (const run of this.#runs.values()) run.resolve({ ...run, outcome: `lost (${code})`, ms: NaN });
    this.#runs.clear();
  }

  get open() {
    return this.#runs.size;
  }

  run() {
    const { source, outcomes, isHarm } = program();
    const run_id = randomUUID();
    return new Promise((resolve) => {
      this.#runs.set(run_id, { resolve, source, outcomes, isHarm, sent: performance.now() });
      this.socket.send(JSON.stringify({ type: "run", run_id, source, ...(isHarm ? { limits: HARM_LIMITS } : {}) }));
    });
  }
}

/** Memory, files and processes: the server's own, and those of all that it started. */
function look(pid) {
  const parents = new Map();
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, "utf8");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      parents.set(Number(entry), { parent: Number(fields[1]), state: fields[0] });
    } catch {
      // It has ended.
    }
  }
  const isOurs = (it) => parents.has(it) && (parents.get(it).parent === pid || isOurs(parents.get(it).parent));
  const ours = [...parents.keys()].filter(isOurs);
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return {
    rss: Number(/^VmRSS:\s+(\d+)/m.exec(status)[1]) / 1024,
    fds: readdirSync(`/proc/${pid}/fd`).length,
    processes: ours.length,
    zombies: ours.filter((it) => parents.get(it).state === "Z").length,
  };
}

/** What kinds of files are open, when there are too many. */
function openFiles(pid) {
  const kinds = new Map();
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    try {
      const kind = readlinkSync(`/proc/${pid}/fd/${fd}`).replace(/\d+/g, "N");
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    } catch {
      // Closed meanwhile.
    }
  }
  return Object.fromEntries(kinds);
}

const quantile = (values, q) => values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))] ?? NaN;
const mean = (values) => values.reduce((all, it) => all + it, 0) / values.length;

const folder = mkdtempSync(path.join(tmpdir(), "mayfly-soak-"));
const out = path.join(root, "target/soak");
mkdirSync(out, { recursive: true });
const server = spawn(binary, ["serve", "--listen=127.0.0.1:0", `--data-dir=${folder}/var`, "--log=warn", "--rate-limit=off",
  "--trusted-proxies=127.0.0.1", "--open-runs=32", "--zygote-forks=2000"], { stdio: ["ignore", "pipe", openSync(path.join(out, "log"), "w")] });
let wrong = [];
try {
  let host = "";
  for await (const line of createInterface({ input: server.stdout })) {
    host = line.replace(/^.*\/\//, "");
    break;
  }
  const clients = await Promise.all(Array.from({ length: SOCKETS }, (_, number) => Client.connect(host, number)));

  const end = performance.now() + CALIBRATION_MS;
  let done = 0;
  const lane = async (client) => {
    while (performance.now() < end) {
      await client.run();
      done += 1;
    }
  };
  await Promise.all(clients.slice(0, 8).map(lane));
  const capacity = done / (CALIBRATION_MS / 1_000);
  const rate = capacity * LOAD;
  console.log(`capacity with ${ATTACKS * 100} % attacks: ${capacity.toFixed(0)} runs/s; ${SECONDS} s at ${rate.toFixed(0)} runs/s`);

  const outcomes = new Map();
  const rows = [];
  let second = { ms: [], harm: 0 };
  const started = performance.now();
  const count = ({ outcome, outcomes: expected, source, isHarm, ms }) => {
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    if (!expected.includes(outcome) && !outcome.startsWith("rejected")) wrong.push(`${outcome}: ${source}`);
    if (isHarm) second.harm += 1;
    else if (!outcome.startsWith("rejected")) second.ms.push(ms);
  };
  let sent = 0;
  let nextLook = 1_000;
  for (;;) {
    const elapsed = performance.now() - started;
    if (elapsed >= SECONDS * 1_000) break;
    for (const due = (elapsed / 1_000) * rate; sent < due; sent++) {
      // Each connection has 8 at once at most.
      const client = clients[sent % SOCKETS];
      if (client.open < 8) void client.run().then(count);
      else outcomes.set("not sent", (outcomes.get("not sent") ?? 0) + 1);
    }
    if (elapsed >= nextLook) {
      nextLook += 1_000;
      const seen = second;
      second = { ms: [], harm: 0 };
      rows.push({ second: Math.round(elapsed / 1_000), ...look(server.pid), runs: seen.ms.length + seen.harm, p50: quantile(seen.ms, 0.5), p99: quantile(seen.ms, 0.99) });
    }
    await sleep(5);
  }
  while (clients.some((client) => client.open > 0)) await sleep(50);
  for (const client of clients) client.socket.close();
  // What was started for the load goes; what waits warm stays.
  const isQuiet = async () => {
    const health = await (await fetch(`http://${host}/healthz`)).json();
    return health.open_runs === 0 && health.warm_children === 4 && look(server.pid).zombies === 0;
  };
  for (let tries = 0; tries < 600 && !(await isQuiet()); tries++) await sleep(50);
  const last = look(server.pid);

  const columns = ["second", "rss", "fds", "processes", "zombies", "runs", "p50", "p99"];
  writeFileSync(path.join(out, "soak.csv"), `second,rss_mib,fds,processes,zombies,runs,p50_ms,p99_ms\n${rows.map((row) => columns.map((name) => Number(row[name].toFixed(2))).join(",")).join("\n")}\n`);
  const series = [["rss", "Resident memory of the server, MiB"], ["fds", "Open files"], ["processes", "Processes"], ["p99", "p99 of honest runs, ms"]];
  writeFileSync(path.join(out, "soak.svg"), plot(series.map(([name, title]) => ({ title, points: rows.map((row) => [row.second, row[name]]) }))));

  const quarter = (number, name) => mean(rows.slice(Math.floor((rows.length * number) / 4), Math.floor((rows.length * (number + 1)) / 4)).map((row) => row[name]));
  const told = (name, digits = 1) => `${quarter(1, name).toFixed(digits)} in the second quarter, ${quarter(3, name).toFixed(digits)} in the last`;
  console.log(`outcomes: ${[...outcomes].map(([outcome, times]) => `${times} ${outcome}`).join(", ")}`);
  console.log(`memory of the server, MiB: ${told("rss")}; files: ${told("fds")}; processes: ${told("processes")}; p99 of honest runs, ms: ${told("p99")}`);
  console.log(`at rest afterwards: ${last.rss.toFixed(1)} MiB, ${last.fds} files, ${last.processes} processes, ${last.zombies} zombies`);
  // What grows for ever grows by more than noise.
  if (quarter(3, "rss") > quarter(1, "rss") * 1.15 + 4) wrong.push("the server's memory grows");
  if (quarter(3, "fds") > quarter(1, "fds") * 1.15 + 8) wrong.push(`the server's open files grow: ${JSON.stringify(openFiles(server.pid))}`);
  if (quarter(3, "processes") > quarter(1, "processes") * 1.15 + 8) wrong.push("there are more and more processes");
  if (last.zombies > 0 || last.processes > 8) wrong.push(`${last.processes} processes are left, ${last.zombies} of them zombies`);
  console.log(`written: ${path.join(out, "soak.csv")}, soak.svg`);
} finally {
  server.kill();
  rmSync(folder, { recursive: true, force: true });
}
if (wrong.length > 0) {
  console.error([...new Set(wrong)].slice(0, 20).join("\n"));
  process.exit(1);
}
process.exit();
