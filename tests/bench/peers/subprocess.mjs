// A new process for each run, which reads the program on stdin; each line that it prints is one message.

import { spawn } from "node:child_process";

import { TIMEOUT_MS, serve } from "./serve.mjs";

/** Serves runs of `command`. */
export function serveProcess(command, args, env = {}) {
  serve((source, log) => new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"], env: { ...process.env, ...env }, timeout: TIMEOUT_MS });
    let begun = "";
    let complaint = "";
    child.stdout.setEncoding("utf8").on("data", (text) => {
      const lines = (begun + text).split("\n");
      begun = lines.pop();
      for (const line of lines) log(line);
    });
    child.stderr.setEncoding("utf8").on("data", (text) => (complaint += text));
    child.on("error", reject);
    child.on("close", (code) => (code === 0 ? resolve() : reject(new Error(complaint || `ended with ${code}`))));
    child.stdin.on("error", () => {}); // It ended without reading: its exit code says so.
    child.stdin.end(source);
  }));
}
