// Starts Mayfly and those it is measured against.

import { spawn } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

const bench = path.dirname(import.meta.dirname);
export const root = path.dirname(path.dirname(bench));

/** Peers, by the names of their files in `peers`. */
export const PEERS = ["isolated-vm", "vm2", "quickjs", "node", "deno"];
/** Those that need no process for each run: fast enough for as many runs as Mayfly. */
export const FAST = ["isolated-vm", "vm2", "quickjs"];

/** Connections that the limit on open files leaves room for, each with a file to spare in the server. */
const openFiles = Number(/^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1] ?? 1024);
export const connections = Math.min(8_000, Math.floor((openFiles - 1_024) / 2));

/** What would be in the way of one client that is a whole load. */
const OPEN = [
  "--rate-limit=off", `--connections-per-client=${connections}`, `--max-connections=${connections}`, "--places-per-client=512",
  "--queue-per-client=4096", "--queue=4096", "--open-runs=512", "--open-runs-per-connection=256",
];

/** Deno's binary itself: the package's script around it would cost a start of Node on top. */
export const DENO = path.join(path.dirname(createRequire(import.meta.url).resolve("deno/package.json")), "deno");

const folder = mkdtempSync(path.join(tmpdir(), "mayfly-bench-"));

/**
 * A copy of a binary, as a file that was copied lies in larger pieces in the page cache than one that a linker wrote, and
 * a process that is forked from it starts a sixth faster.
 */
export function copied(file, name) {
  const copy = path.join(folder, name);
  copyFileSync(file, copy);
  return copy;
}

export const binary = copied(process.env.MAYFLY_BIN || path.join(root, "target/release/mayfly"), "mayfly");

// The server takes variables called so for settings, and complains about this one.
const environment = { ...process.env };
delete environment.MAYFLY_BIN;

const running = new Set();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));

async function launch(name, command, args, env) {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"], env: { ...environment, ...env } });
  running.add(child);
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const stop = async () => {
    child.kill();
    const isGone = await Promise.race([ended.then(() => true), sleep(5_000, false, { ref: false })]);
    if (!isGone) child.kill("SIGKILL");
    await ended;
    running.delete(child);
  };
  for await (const line of createInterface({ input: child.stdout })) {
    const host = /http:\/\/(\S+)/.exec(line)?.[1];
    if (host) return { name, host, pid: child.pid, stop };
  }
  throw new Error(`${name} did not start`);
}

let started = 0;

/** What runs a command inside gVisor. It sees the machine's files, but can write to this folder alone. */
const GVISOR = [path.join(root, "scripts/gvisor.mjs"), "--write", folder, "--"];

/** Starts Mayfly with further flags: this build, or another one. */
export const startMayfly = (flags = [], name = "Mayfly", { inGvisor = false, from = binary } = {}) => {
  const given = new Set(flags.map((flag) => flag.split("=")[0]));
  const open = OPEN.filter((flag) => !given.has(flag.split("=")[0]));
  const own = ["--listen=127.0.0.1:0", `--data-dir=${path.join(folder, String(started++))}`, "--log=warn", "--shutdown-grace=1s"];
  return launchIn(inGvisor, name, [from, "serve", ...own, ...open, ...flags], {});
};

/** Starts a peer. */
export const startPeer = (name, env = {}, { inGvisor = false } = {}) =>
  launchIn(inGvisor, name, [process.execPath, path.join(bench, "peers", `${name}.mjs`)], env);

function launchIn(isInGvisor, name, command, env) {
  const [program, ...args] = isInGvisor ? [...GVISOR, ...command] : command;
  return launch(name, program, args, env);
}

/** Starts them, gives them to `work`, and stops them. */
export async function withServers(starting, work) {
  const servers = await Promise.all(starting);
  try {
    return await work(servers);
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}
