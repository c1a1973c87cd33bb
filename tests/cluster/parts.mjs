// What a cluster is made of, each part in a folder of its own: PostgreSQL, servers, HAProxy before them.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, mkdirSync, openSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { createServer, connect } from "node:net";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

/** Longer than anything here takes: what takes this long has failed. */
const PATIENCE = 30_000;
/** Whom PostgreSQL runs as when this is root: that it refuses. */
const NOBODY = 65_534;

/** Asks until it is so. */
export async function until(what, condition, patience = PATIENCE) {
  const end = performance.now() + patience;
  for (;;) {
    if (await condition()) return;
    if (performance.now() > end) throw new Error(`waited in vain for ${what}`);
    await sleep(25);
  }
}

/** A port that nobody listens on, for now. */
export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function postgresProgram(name) {
  const folders = existsSync("/usr/lib/postgresql")
    ? readdirSync("/usr/lib/postgresql").map((version) => `/usr/lib/postgresql/${version}/bin`) : [];
  const found = [...folders, ...process.env.PATH.split(":")].map((folder) => path.join(folder, name)).find((file) => existsSync(file));
  if (found === undefined) throw new Error(`There is no ${name}: scripts/setup cluster installs it.`);
  return found;
}

/** A database that can be stopped as if its machine had failed. */
export class Postgres {
  #process;

  constructor(folder) {
    this.folder = folder;
    mkdirSync(folder);
    this.options = { cwd: folder, stdio: "ignore", env: { PATH: process.env.PATH, LC_ALL: "C" } };
    if (process.getuid() === 0) {
      chownSync(folder, NOBODY, NOBODY);
      Object.assign(this.options, { uid: NOBODY, gid: NOBODY });
    }
    execFileSync(postgresProgram("initdb"), ["-D", "data", "-U", "mayfly", "-A", "trust", "-E", "UTF8", "--no-sync"], this.options);
  }

  get url() {
    return `postgres://mayfly@localhost/postgres?host=${this.folder}`;
  }

  async start() {
    this.#process = spawn(postgresProgram("postgres"), ["-D", "data", "-h", "", "-k", this.folder], this.options);
    const isReady = () => {
      try {
        execFileSync(postgresProgram("pg_isready"), ["-q", "-h", this.folder], this.options);
        return true;
      } catch {
        return false;
      }
    };
    await until("PostgreSQL", isReady);
  }

  async stop() {
    if (this.#process === undefined || this.#process.exitCode !== null) return;
    const ended = once(this.#process, "exit");
    this.#process.kill("SIGQUIT");
    await ended;
  }
}

/** One of the servers: always at the same port, whichever process it is. */
export class Server {
  constructor(name, folder, port, flags) {
    Object.assign(this, { name, folder, port, flags });
    mkdirSync(folder);
    this.log = path.join(folder, "log");
  }

  async start(binary) {
    const flags = ["serve", `--listen=127.0.0.1:${this.port}`, `--data-dir=${this.folder}/var`, ...this.flags];
    this.process = spawn(binary, flags, { cwd: this.folder, stdio: ["ignore", "pipe", openSync(this.log, "a")] });
    // Nobody waits for ever for a line of one that does not start.
    for await (const _ of createInterface({ input: this.process.stdout })) return;
    throw new Error(`${this.name} does not start:\n${readFileSync(this.log, "utf8").slice(-2_000)}`);
  }

  /** Tells it to stop. Its exit code, and how long it took. */
  async stop() {
    if (this.process === undefined || this.process.exitCode !== null) return { code: null, seconds: 0 };
    const told = performance.now();
    const ended = once(this.process, "exit");
    this.process.kill("SIGTERM");
    const [code] = await ended;
    return { code, seconds: (performance.now() - told) / 1000 };
  }
}

/** A balancer that asks for `/readyz`, and that is all it knows. */
export class Haproxy {
  #process;

  constructor(folder, port, servers) {
    Object.assign(this, { folder, port });
    mkdirSync(folder);
    this.control = path.join(folder, "control");
    writeFileSync(path.join(folder, "haproxy.cfg"), `
global
  maxconn 4000
  stats socket ${this.control}
defaults
  mode http
  timeout connect 2s
  timeout client 1m
  timeout server 1m
  timeout tunnel 1h
  # A connection that was refused is tried at another server.
  retries 3
  option redispatch 1
frontend all
  bind 127.0.0.1:${port}
  default_backend mayfly
backend mayfly
  balance leastconn
  option httpchk GET /readyz
  option forwardfor
  default-server check inter 200ms fall 1 rise 2
${servers.map(({ name, port }) => `  server ${name} 127.0.0.1:${port}`).join("\n")}
`);
  }

  async start() {
    const log = openSync(path.join(this.folder, "log"), "a");
    this.#process = spawn("haproxy", ["-db", "-f", path.join(this.folder, "haproxy.cfg")], { stdio: ["ignore", log, log] });
    await until("HAProxy", () => existsSync(this.control));
  }

  /** `UP` or `DOWN`, for each server. */
  async states() {
    const socket = connect(this.control);
    socket.end("show stat\n");
    let text = "";
    for await (const chunk of socket) text += chunk;
    const rows = text.trim().split("\n").map((line) => line.split(","));
    const column = rows[0].indexOf("status");
    return new Map(rows.filter((row) => row[0] === "mayfly").map((row) => [row[1], row[column]]));
  }

  async stop() {
    if (this.#process === undefined || this.#process.exitCode !== null) return;
    const ended = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await ended;
  }
}
