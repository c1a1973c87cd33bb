// Runs as a service beside Mayfly's, and writes down what it sees.

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import http from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

/** A GET on a connection of its own: the status, or what went wrong. */
const connect = (address) => new Promise((resolve) => {
  http.get(address, { agent: false }, (response) => response.resume().on("end", () => resolve(response.statusCode)).on("error", (error) => resolve(String(error))))
    .on("error", (error) => resolve(String(error)));
});
const { fetch } = globalThis;
const URL_ = "http://127.0.0.1:8080";
const systemctl = (...words) => execFileSync("systemctl", words, { encoding: "utf8" }).trim();
const show = (name) => systemctl("show", "--value", `--property=${name}`, "mayfly.service");
const run = async (source) =>
  (await fetch(`${URL_}/api/v1/run`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ source }) })).json();

const seen = {};
while (systemctl("is-active", "mayfly.socket") !== "active") await sleep(50);
seen.before = show("ActiveState");
seen.health = await (await fetch(`${URL_}/healthz`)).json();
seen.run = await run("6 * 7");
const status = readFileSync(`/proc/${show("MainPID")}/status`, "utf8");
const field = (name) => new RegExp(`^${name}:\\s*(\\S+)`, "m").exec(status)[1];
seen.user = field("Uid");
seen.capabilities = `0x${field("CapEff")}`;
seen.noNewPrivileges = field("NoNewPrivs");
seen.dataDir = realpathSync("/var/lib/mayfly");
seen.pids = [show("MainPID")];

// New connections, one after the other, for as long as the restart takes.
seen.during = [];
let restarting = true;
const asking = (async () => {
  while (restarting) {
    seen.during.push(await connect(`${URL_}/healthz`));
  }
})();
await sleep(100);
systemctl("restart", "mayfly.service");
await sleep(300);
restarting = false;
await asking;
seen.pids.push(show("MainPID"));

// Another process takes over: the same, and it is the service from then on.
seen.handing = [];
let handing = true;
const askingOn = (async () => {
  while (handing) seen.handing.push(await connect(`${URL_}/healthz`));
})();
systemctl("kill", "--kill-whom=main", "--signal=SIGUSR2", "mayfly.service");
for (let tries = 0; tries < 400 && show("MainPID") === seen.pids[1]; tries++) await sleep(50);
seen.pids.push(show("MainPID"));
for (let tries = 0; tries < 400 && existsSync(`/proc/${seen.pids[1]}`); tries++) await sleep(50);
await sleep(300);
handing = false;
await askingOn;
seen.afterHanding = [show("ActiveState"), show("MainPID"), existsSync(`/proc/${seen.pids[1]}`)];

seen.memory = await run("const kept = []; for (;;) kept.push('x'.repeat(1 << 20) + kept.length)");
seen.pidAfterMemory = show("MainPID");
systemctl("stop", "mayfly.socket", "mayfly.service");
seen.result = show("Result");
const listed = execFileSync("sh", ["-c", "cat /proc/[0-9]*/comm 2> /dev/null || true"], { encoding: "utf8" });
seen.left = listed.split("\n").filter((name) => name === "mayfly").join(",");
writeFileSync("/probe/seen.json", JSON.stringify(seen, undefined, 2));
