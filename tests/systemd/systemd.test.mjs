// The units in deploy/systemd under a systemd of their own, in a container that shares this machine's programs:
// `make test-systemd`. Needs systemd-nspawn and root. The part that runs inside is probe.mjs.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";

const root = path.dirname(path.dirname(import.meta.dirname));
const binary = path.resolve(process.env.MAYFLY_BIN || path.join(root, "target/release/mayfly"));
const folder = mkdtempSync(path.join(tmpdir(), "mayfly-systemd-"));
let seen;

before(() => {
  const [bin, units, probe] = ["bin", "units", "probe"].map((name) => path.join(folder, name));
  for (const made of [bin, probe, path.join(units, "sockets.target.wants"), path.join(units, "multi-user.target.wants")]) {
    mkdirSync(made, { recursive: true });
  }
  // mkdtemp's folder is for its owner only, and the service has another user.
  chmodSync(folder, 0o755);
  copyFileSync(binary, path.join(bin, "mayfly"));
  chmodSync(path.join(bin, "mayfly"), 0o755);
  for (const unit of ["mayfly.service", "mayfly.socket"]) copyFileSync(path.join(root, "deploy/systemd", unit), path.join(units, unit));
  copyFileSync(path.join(import.meta.dirname, "probe.mjs"), path.join(probe, "probe.mjs"));
  writeFileSync(path.join(units, "probe.service"),
    `[Service]\nType=oneshot\nTimeoutStartSec=60s\nExecStart=${process.execPath} /probe/probe.mjs\n` +
    "ExecStopPost=/usr/bin/systemctl --no-block poweroff\nStandardOutput=file:/probe/log\nStandardError=file:/probe/log\n");
  // The socket alone is enabled: who connects first starts the service.
  symlinkSync("../mayfly.socket", path.join(units, "sockets.target.wants/mayfly.socket"));
  symlinkSync("../probe.service", path.join(units, "multi-user.target.wants/probe.service"));
  symlinkSync("/usr/lib/systemd/system/multi-user.target", path.join(units, "default.target"));
  // It would ask somebody at the console for a language.
  symlinkSync("/dev/null", path.join(units, "systemd-firstboot.service"));
  const { stdout, stderr } = spawnSync("systemd-nspawn", ["--quiet", "--register=no", "--keep-unit", "--directory=/", "--volatile=yes",
    "--private-network", `--bind-ro=${bin}:/usr/local/bin`, `--bind-ro=${units}:/etc/systemd/system`, `--bind=${probe}:/probe`, "--boot"],
    { encoding: "utf8", timeout: 120_000, killSignal: "SIGKILL" });
  try {
    seen = JSON.parse(readFileSync(path.join(probe, "seen.json"), "utf8"));
  } catch (error) {
    let log = "";
    try {
      log = readFileSync(path.join(probe, "log"), "utf8");
    } catch {
      // The probe never started.
    }
    assert.fail(`the probe did not report: ${error.message}\n${log}\n${stdout.slice(-3_000)}\n${stderr}`);
  }
});

after(() => rmSync(folder, { recursive: true, force: true }));

test("who connects first starts the service", () => {
  assert.equal(seen.before, "inactive");
  assert.equal(seen.health.status, "ok");
  assert.equal(seen.run.outcome, "completed");
  assert.equal(seen.run.value.value, 42);
});

test("systemd's confinement leaves the server all that its own needs", () => {
  assert.equal(seen.health.fork, "warm");
  const missing = seen.health.confinement.filter(({ state }) => state !== "applied").map(({ layer }) => layer);
  // Not every kernel has landlock; all else is there.
  assert.deepEqual(missing.filter((layer) => !layer.startsWith("landlock_")), []);
});

test("the server has a user of its own, no capability, and a folder of its own", () => {
  assert.match(seen.user, /^6\d{4}$/, "not one of systemd's dynamic users");
  assert.equal(Number(seen.capabilities), 0);
  assert.equal(seen.noNewPrivileges, "1");
  assert.match(seen.dataDir, /\/mayfly$/);
});

test("a restart refuses nobody", () => {
  assert.notEqual(seen.pids[0], seen.pids[1]);
  assert.ok(seen.during.length > 10, `only ${seen.during.length} requests came while it restarted`);
  const failed = seen.during.filter((status) => status !== 200);
  assert.deepEqual(failed, []);
});

test("another process takes over without a gap, and is the service", () => {
  assert.notEqual(seen.pids[1], seen.pids[2]);
  assert.ok(seen.handing.length > 10, `only ${seen.handing.length} requests came meanwhile`);
  assert.deepEqual(seen.handing.filter((status) => status !== 200), []);
  assert.deepEqual(seen.afterHanding, ["active", seen.pids[2], false]);
});

test("a program that fills memory ends alone", () => {
  assert.ok(["memory_exceeded", "crashed"].includes(seen.memory.outcome), seen.memory.outcome);
  assert.equal(seen.pids[2], seen.pidAfterMemory);
});

test("stopping takes every process along", () => {
  assert.equal(seen.result, "success");
  assert.equal(seen.left, "");
});
