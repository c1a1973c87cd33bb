// What bounds Mayfly from below, in processes of their own: tests of the server's that are ignored unless somebody asks
// for them (server/runner/floors.rs). Building them takes some minutes where the tests have not been built yet.

import { execFileSync, spawn } from "node:child_process";
import { createInterface } from "node:readline";

import { root } from "./contenders.mjs";

/** The floors, by the names of their tests. */
export const FORK = "bare_warm_fork";
export const ISOLATE = "bare_isolate";

/** The binary with the tests in it. */
function build() {
  const args = ["cargo", "test", "--release", "--locked", "--lib", "--no-run", "--message-format=json"];
  const said = execFileSync("scripts/v8-env", args, { cwd: root, encoding: "utf8", maxBuffer: 1 << 30, stdio: ["ignore", "pipe", "inherit"] });
  const built = said.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
  const executable = built.findLast(({ executable, target }) => executable && target.kind.includes("lib"))?.executable;
  if (!executable) throw new Error("cargo built no test of the library");
  return executable;
}

let binary;

/** Starts one of them. `take(count)` does it so often: milliseconds of each, and CPU time of all. */
export async function startFloor(name) {
  binary ??= build();
  const args = ["--ignored", "--exact", "--nocapture", "--test-threads=1", `runner::floors::${name}`];
  const child = spawn(binary, args, { cwd: root, stdio: ["pipe", "pipe", "inherit"] });
  process.on("exit", () => child.kill("SIGKILL"));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done) throw new Error(`${name} ended`);
      if (value.startsWith("{")) return JSON.parse(value);
    }
  };
  await answer();
  const take = (count) => {
    child.stdin.write(`${count}\n`);
    return answer();
  };
  return { take, stop: () => child.stdin.end() };
}
