// Three servers, one PostgreSQL, HAProxy before them, and visitors: `make test-cluster`. All servers are restarted one
// after the other, and the database goes away and comes back, while everybody goes on. Figures go to stdout.
//
//   SESSIONS=200 EVERY_MS=1000 OUTAGE_SECONDS=30   is what is done if nothing else is said

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, chmodSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";

import { Tally, editors } from "./load.mjs";
import { Haproxy, Postgres, Server, freePort, until } from "./parts.mjs";

const root = path.dirname(path.dirname(import.meta.dirname));
const binary = path.resolve(process.env.MAYFLY_BIN || path.join(root, "target/release/mayfly"));
const SESSIONS = Number(process.env.SESSIONS || 200);
const EVERY_MS = Number(process.env.EVERY_MS || 1_000);
const OUTAGE_SECONDS = Number(process.env.OUTAGE_SECONDS || 30);
const { fetch } = globalThis;

const folder = mkdtempSync(path.join(tmpdir(), "mayfly-cluster-"));
// PostgreSQL has another user.
chmodSync(folder, 0o755);
const servers = [];
let postgres;
let haproxy;

before(async () => {
  postgres = new Postgres(path.join(folder, "postgres"));
  await postgres.start();
  const flags = ["--log-format=json", `--database-url=${postgres.url}`, "--database-timeout=2s", "--trusted-proxies=127.0.0.1",
    "--connections-per-client=1000", "--rate-limit=1000/min", "--snippet-rate-limit=off", "--shutdown-delay=1s", "--shutdown-grace=20s"];
  for (const name of ["one", "two", "three"]) servers.push(new Server(name, path.join(folder, name), await freePort(), flags));
  await Promise.all(servers.map((server) => server.start(binary)));
  haproxy = new Haproxy(path.join(folder, "haproxy"), await freePort(), servers);
  await haproxy.start();
  await until("all servers", async () => [...(await haproxy.states())].filter(([name, state]) => name !== "BACKEND" && state === "UP").length === servers.length);
});

after(async () => {
  await haproxy?.stop();
  await Promise.all(servers.map((server) => server.stop()));
  await postgres?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const url = (rest) => `http://127.0.0.1:${haproxy.port}${rest}`;
const post = (rest, body, headers = {}) =>
  fetch(url(rest), { method: "POST", headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) });

/** What goes on while `during` happens. */
async function underLoad(during) {
  const [tally, over] = [new Tally(), { is: false }];
  const visitors = editors(SESSIONS, EVERY_MS, haproxy.port, tally, over);
  try {
    await until("all visitors to have run something", () => tally.completed >= SESSIONS || tally.lost.length > 0, 60_000);
    await during(tally);
  } finally {
    over.is = true;
    await Promise.all(visitors);
  }
  assert.deepEqual(tally.failed, []);
  assert.deepEqual(tally.lost, []);
  return tally;
}

/** Requests without a WebSocket, one after the other: their statuses, or what went wrong. */
function requests(over) {
  const statuses = new Map();
  const asking = (async () => {
    while (!over.is) {
      let status;
      try {
        const response = await fetch(url("/"));
        await response.arrayBuffer();
        status = response.status;
      } catch (error) {
        status = String(error.cause ?? error);
      }
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      await sleep(5);
    }
  })();
  return { statuses, asking };
}

test("any server has what was shared at another, and does a call once", async () => {
  const shared = await (await post("/api/v1/snippets", { source: "export default () => crypto.randomUUID()", mode: "function" })).json();
  const answers = await Promise.all(Array.from({ length: 9 }, () => post(`/api/v1/functions/${shared.id}`, null, { "idempotency-key": "once" })));
  const texts = await Promise.all(answers.filter(({ status }) => status === 200).map((answer) => answer.text()));
  assert.ok(texts.length > 0);
  assert.equal(new Set(texts).size, 1);
  for (const { status } of answers) assert.ok(status === 200 || status === 409, status);
});

test("a rolling restart under load loses no accepted run and no editor", { timeout: 170_000 }, async () => {
  const over = { is: false };
  const { statuses, asking } = requests(over);
  const took = [];
  const tally = await underLoad(async (seen) => {
    for (const server of servers) {
      const runs = seen.completed;
      const { code, seconds } = await server.stop();
      assert.equal(code, 0, readFileSync(server.log, "utf8").slice(-2_000));
      took.push(seconds);
      await server.start(binary);
      await until(`${server.name} to be taken in again`, async () => (await haproxy.states()).get(server.name) === "UP");
      await until("visitors to go on", () => seen.completed >= runs + SESSIONS);
    }
  });
  over.is = true;
  await asking;
  console.log(`restarts: ${tally}; servers took ${took.map((it) => it.toFixed(1)).join(", ")} s to go; ${[...statuses].map(([status, times]) => `${times} pages with ${status}`).join(", ")}`);
  assert.deepEqual([...statuses.keys()], [200]);
  assert.ok(tally.reconnected >= SESSIONS, "every visitor's server was restarted at least once");
  for (const server of servers) assert.doesNotMatch(readFileSync(server.log, "utf8"), /"level":"ERROR"/);
});

test("without the database everybody runs on, and sharing says so until it is back", { timeout: 170_000 }, async () => {
  const shares = new Map();
  let detail = "";
  let back = 0;
  const tally = await underLoad(async (seen) => {
    const share = async () => {
      const answer = await post("/api/v1/snippets", { source: "1" });
      const body = await answer.json();
      if (answer.status === 503) ({ detail } = body);
      shares.set(answer.status, (shares.get(answer.status) ?? 0) + 1);
      return answer.status;
    };
    assert.equal(await share(), 201);
    await postgres.stop();
    const end = performance.now() + OUTAGE_SECONDS * 1_000;
    const runs = seen.completed;
    while (performance.now() < end) assert.equal(await share(), 503);
    assert.match(detail, /Sharing does not work at the moment.*Programs run as ever/);
    assert.ok(seen.completed > runs, "runs go on");
    await postgres.start();
    const started = performance.now();
    await until("sharing to work again", async () => (await share()) === 201);
    back = performance.now() - started;
  });
  console.log(`database away for ${OUTAGE_SECONDS} s: ${tally}; shared: ${[...shares].map(([status, times]) => `${times} times ${status}`).join(", ")}; back ${Math.round(back)} ms after the database`);
  assert.equal(tally.rejected.size, 0);
});
