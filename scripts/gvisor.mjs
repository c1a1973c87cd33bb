#!/usr/bin/env node
// Runs a command inside gVisor, with this machine's files but no way to change them.
//
//   scripts/gvisor.mjs [--write FOLDER]... [--] COMMAND [ARGUMENT...]
//
// The command has this script's environment, working folder, standard streams and network; files that it makes
// under TMPDIR are in memory and gone with it. Signals sent to this script reach it, and it ends with this
// script whatever ends that. Needs `runsc` and root. What each flag is for: "In gVisor" in server/README.md.

import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import path from "node:path";

const USAGE = "usage: scripts/gvisor.mjs [--write FOLDER]... [--] COMMAND [ARGUMENT...]";

/** How gVisor gets hold of system calls. `ptrace` works on every machine; it is also the slowest. */
const PLATFORM = process.env.GVISOR_PLATFORM || "ptrace";

/** What root may do inside: to its sandbox's own kernel, never to the machine's. */
const CAPABILITIES = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "NET_BIND_SERVICE", "SETGID", "SETPCAP", "SETUID",
  "SYS_ADMIN", "SYS_CHROOT", "SYS_PTRACE", "SYS_RESOURCE"].map((name) => `CAP_${name}`);

/** The folders to write to, and the command. */
function read(words) {
  const writable = [];
  while (words[0] === "--write" && words.length > 1) writable.push(realpathSync(words.splice(0, 2)[1]));
  if (words[0] === "--") words.shift();
  if (words.length === 0 || words[0].startsWith("-")) throw new Error(USAGE);
  return { writable, command: words };
}

/** The bundle's description: https://github.com/opencontainers/runtime-spec/blob/main/config.md */
function config({ writable, command }, temporary) {
  const bind = (folder, mode) => ({ type: "bind", source: folder, destination: folder, options: ["rbind", mode] });
  return {
    ociVersion: "1.0.2",
    process: {
      args: command,
      cwd: process.cwd(),
      env: Object.entries({ ...process.env, TMPDIR: temporary }).map(([name, value]) => `${name}=${value}`),
      user: { uid: 0, gid: 0 },
      capabilities: { bounding: CAPABILITIES, effective: CAPABILITIES, permitted: CAPABILITIES },
      noNewPrivileges: true,
    },
    root: { path: "/", readonly: true },
    mounts: [
      { type: "proc", source: "proc", destination: "/proc" },
      { type: "sysfs", source: "sysfs", destination: "/sys", options: ["ro"] },
      { type: "tmpfs", source: "tmpfs", destination: temporary },
      ...writable.map((folder) => bind(folder, "rw")),
    ],
    linux: { namespaces: ["pid", "mount", "ipc", "uts"].map((type) => ({ type })) },
  };
}

/** Runs runsc until the command has ended. Gives the exit code. */
async function run(asked) {
  const bundle = mkdtempSync(path.join(tmpdir(), "gvisor-"));
  try {
    const temporary = path.join(bundle, "tmp");
    mkdirSync(temporary);
    writeFileSync(path.join(bundle, "config.json"), JSON.stringify(config(asked, temporary)));
    // In the foreground runsc takes its sandbox along when it dies, and setpriv has it die with this script.
    // Output goes through pipes: gVisor writes to a file by offsets of its own, over what others wrote.
    const runsc = spawn("setpriv", ["--pdeathsig", "KILL", "runsc", "--root", path.join(bundle, "state"),
      `--platform=${PLATFORM}`, "--network=host", "--ignore-cgroups",
      "run", "--bundle", bundle, `mayfly-${randomUUID()}`], { stdio: ["inherit", "pipe", "pipe"] });
    runsc.stdout.pipe(process.stdout);
    runsc.stderr.pipe(process.stderr);
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"]) process.on(signal, () => runsc.kill(signal));
    return await new Promise((resolve, reject) => {
      runsc.on("error", reject);
      runsc.on("close", (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
    });
  } finally {
    rmSync(bundle, { recursive: true, force: true });
  }
}

try {
  process.exitCode = await run(read(process.argv.slice(2)));
} catch (error) {
  console.error(`scripts/gvisor.mjs: ${error.message}`);
  process.exitCode = 2;
}
