// The real server: the one at MAYFLY_URL, or a binary started here with a data folder of its own.

import { spawn, type ChildProcess } from "node:child_process";
import { access, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { root } from "./paths.ts";

/** How long the server may take to get ready, in milliseconds. */
const READY_MS = 30_000;

/** A server to test against. */
export class RealServer {
  /** Where it is; keeps its port over a restart. */
  url: string;
  #child: ChildProcess | null;
  #data: string | null;
  #flags: readonly string[];

  private constructor(url: string, child: ChildProcess | null, data: string | null, flags: readonly string[] = []) {
    this.url = url;
    this.#child = child;
    this.#data = data;
    this.#flags = flags;
  }

  /** The server at `MAYFLY_URL`, else one started from `MAYFLY_BIN` (default `target/release/mayfly`) with these flags. */
  static async start(flags: readonly string[] = []): Promise<RealServer> {
    const given = process.env["MAYFLY_URL"];
    // A server that somebody else has started has the settings that they gave it.
    if (given !== undefined && given !== "" && flags.length === 0) return new RealServer(given.replace(/\/$/, ""), null, null);
    const data = await mkdtemp(path.join(tmpdir(), "mayfly-test-"));
    const { child, url } = await spawnServer("127.0.0.1:0", data, flags);
    return new RealServer(url, child, data, flags);
  }

  /** Whether it is ours to stop and start. */
  get ours(): boolean {
    return this.#child !== null;
  }

  /** Stops it; the data stay. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    await gone;
  }

  /** Starts it again where it was. */
  async startAgain(): Promise<void> {
    if (this.#data === null) throw new Error("A server at MAYFLY_URL is not ours to start.");
    ({ child: this.#child, url: this.url } = await spawnServer(new URL(this.url).host, this.#data, this.#flags));
  }

  /** Stops it for good. */
  async end(): Promise<void> {
    await this.stop();
    if (this.#data !== null) await rm(this.#data, { recursive: true, force: true });
  }
}

async function spawnServer(listen: string, data: string, flags: readonly string[]): Promise<{ child: ChildProcess; url: string }> {
  const binary = process.env["MAYFLY_BIN"] ?? path.join(root, "target/release/mayfly");
  await access(binary).catch(() => {
    throw new Error(`There is no server at ${binary}. Run "make build" first, or set MAYFLY_URL or MAYFLY_BIN.`);
  });
  const child = spawn(binary, ["serve", "--listen", listen, "--data-dir", data, "--rate-limit=off", ...flags], { stdio: ["ignore", "pipe", "pipe"] });
  const url = await new Promise<string>((resolve, reject) => {
    let said = "";
    const late = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error(`The server was not ready after ${READY_MS / 1000} s. It said:\n${said}`));
    }, READY_MS);
    const hear = (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-20_000);
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(said);
      if (found === null) return;
      clearTimeout(late);
      resolve(found[0]);
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-20_000);
    });
    child.once("exit", (code) => {
      clearTimeout(late);
      reject(new Error(`The server ended with ${code ?? "a signal"}. It said:\n${said}`));
    });
  });
  return { child, url };
}
