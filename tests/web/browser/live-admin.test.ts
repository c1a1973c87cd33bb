// The page of whoever looks after the server: real Chromium, the real server, with a key of the test's own.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";

import type { Browser, BrowserContextOptions, Page } from "playwright-core";

import { axe, layout } from "../support/audit.ts";
import { launch, watchPage, type Watched } from "../support/browser.ts";
import { RealServer } from "../support/real-server.ts";

const KEY = "a-key-of-the-operator-1234";
const FLAGS = [`--admin-keys=ada:${KEY}`, "--trusted-proxies=127.0.0.1", "--embed-rate-limit=100/min"];
/** What a program throws that would like to be more than text. */
const HOSTILE = "<img src=x onerror=alert(document.title)>";

let browser: Browser;
let server: RealServer;
let watched: Watched;
let page: Page;

before(async () => {
  [browser, server] = await Promise.all([launch(), RealServer.start(FLAGS)]);
});
after(async () => {
  await browser.close();
  await server.end();
});
afterEach(async () => {
  await watched.close();
  // Whoever is not logged in is told so, and the browser notes it.
  assert.deepEqual(watched.problems.filter((problem) => !/status of (401|404|429)/.test(problem)), []);
});

async function open(options: BrowserContextOptions = {}): Promise<void> {
  watched = await watchPage(browser, `${server.url}/admin`, options);
  page = watched.page;
}

async function logIn(): Promise<void> {
  await page.locator("#key").fill(KEY);
  await page.keyboard.press("Enter");
  await page.locator("#parts:not([hidden])").waitFor();
}

/** Runs a program from an address and a page's origin, and gives what comes of it. */
async function run(source: string, from: string, more: Record<string, string> = {}): Promise<Response> {
  return fetch(`${server.url}/api/v1/run`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-forwarded-for": from, ...more },
    body: JSON.stringify({ source }),
  });
}

const part = (id: string) => page.locator(`#${id} tbody tr`);

describe("the operator", () => {
  beforeEach(() => open());

  test("logs in with a key and by keyboard alone, and stays so", async () => {
    await page.locator("#log-in:not([hidden])").waitFor();
    assert.equal(await page.evaluate(() => document.activeElement?.id), "key");
    await page.keyboard.type("not the key, which is another one");
    await page.keyboard.press("Enter");
    await page.locator("#problem", { hasText: "There is no such key." }).waitFor();
    assert.equal(await page.locator("#parts").isVisible(), false);
    await logIn();
    assert.equal(await page.locator("#problem").isVisible(), false);
    await part("servers").first().waitFor();
    await page.waitForFunction(() => document.activeElement?.id === "servers-title");
    await page.reload();
    await page.locator("#parts:not([hidden])").waitFor();
    // No script can read the log-in.
    assert.equal(await page.evaluate(() => document.cookie), "");
    await page.locator("#log-out").click();
    await page.locator("#log-in:not([hidden])").waitFor();
    await page.reload();
    await page.locator("#log-in:not([hidden])").waitFor();
    await part("servers").waitFor({ state: "detached" });
  });

  test("sees what runs and stops it", async () => {
    await logIn();
    await page.locator("#runs", { hasText: "Nothing runs." }).waitFor();
    const ran = run("await new Promise((go) => setTimeout(go, 9_000))", "192.0.2.1");
    await part("runs").waitFor();
    assert.match((await part("runs").textContent()) ?? "", /192\.0\.2\.1/);
    const stop = part("runs").getByRole("button", { name: /^Stop: / });
    await stop.focus();
    await page.keyboard.press("Enter");
    await page.locator("#live", { hasText: "The run was told to stop." }).waitFor();
    const { outcome, error } = (await (await ran).json()) as { outcome: string; error: { message: string } };
    assert.deepEqual([outcome, error.message], ["stopped", "The operator of this server stopped this run."]);
    await part("runs").waitFor({ state: "detached" });
    await page.waitForFunction(() => document.activeElement?.id === "runs-title");
    await part("acts").first().filter({ hasText: "stopped a run" }).waitFor();
  });

  test("sees what goes wrong, as text, and blocks where it comes from", async () => {
    await logIn();
    await run(`throw new Error(${JSON.stringify(HOSTILE)})`, "192.0.2.2");
    await part("errors").filter({ hasText: HOSTILE }).waitFor();
    assert.equal(await page.locator("#parts img").count(), 0);
    const row = part("clients").filter({ hasText: "192.0.2.2" });
    await row.getByRole("button", { name: "Block …: 192.0.2.2" }).click();
    assert.equal(await page.locator("#value").inputValue(), "192.0.2.2");
    await page.keyboard.type(`Spam ${HOSTILE}`);
    await page.locator("#block").getByRole("button", { name: "Block", exact: true }).click();
    await page.locator("#blocked tbody tr", { hasText: `Spam ${HOSTILE}` }).waitFor();
    const refused = await run("1", "192.0.2.2");
    const { detail } = (await refused.json()) as { detail: string };
    assert.equal(refused.status, 403);
    assert.match(detail, /^The operator of this server takes nothing from your address until .* The reason given: Spam <img/);
    await page.locator("#blocked").getByRole("button", { name: "Withdraw: 192.0.2.2" }).click();
    await page.locator("#blocked", { hasText: "Nobody is blocked." }).waitFor();
    assert.equal((await run("1", "192.0.2.2")).status, 200);
    await page.locator("#kind").selectOption("origin");
    await page.locator("#value").fill("no origin");
    await page.keyboard.press("Enter");
    await page.locator("#problem", { hasText: "Write an origin" }).waitFor();
    watched.problems.splice(0, Infinity, ...watched.problems.filter((it) => !it.includes("status of 400")));
  });

  test("sees the last attestation, as text", async () => {
    await logIn();
    await page.locator("#attestation", { hasText: "None yet" }).waitFor();
    const program = { class: "escape", name: HOSTILE, outcome: "reached", detail: HOSTILE };
    const report = {
      format: 1, outcome: "reached", begun: "2026-01-02T03:04:05Z", done: "2026-01-02T03:09:05Z", target: HOSTILE, attested_by: "mayfly 9", programs_digest: "00",
      server: { id: "", version: "9.8.7", engine: "", kernel: "gvisor", fork: "warm", layers: [], tuning: [], notes: [] },
      programs: [program], exits: ["the server was started anew"], benign: { runs: 5, harmed: 0, details: [], median_ms: 1, longest_ms: 2 },
    };
    const headers = { "content-type": "application/json", authorization: `Bearer ${KEY}` };
    const sent = await fetch(`${server.url}/api/v1/admin/attestation`, { method: "POST", headers, body: JSON.stringify(report) });
    assert.equal(sent.status, 204);
    await part("attestation").filter({ hasText: "not held" }).filter({ hasText: "9.8.7, gvisor" }).waitFor();
    await part("findings").filter({ hasText: "the server was started anew" }).waitFor();
    await part("findings").filter({ hasText: `escape: ${HOSTILE}` }).waitFor();
    await part("acts").first().filter({ hasText: "sent an attestation" }).waitFor();
    assert.equal(await page.locator("#parts img").count(), 0);
  });

  test("sends clients elsewhere and takes them again", async () => {
    await logIn();
    await part("servers").getByRole("button", { name: /^Drain: / }).click();
    await part("servers").filter({ hasText: "sends new clients elsewhere" }).waitFor();
    assert.equal((await fetch(`${server.url}/readyz`)).status, 503);
    await part("servers").getByRole("button", { name: /^Take clients again: / }).click();
    await part("servers").filter({ hasText: "serves" }).waitFor();
    assert.equal((await fetch(`${server.url}/readyz`)).status, 200);
  });
});

test("is told to a visitor in the page itself when it is blocked", async () => {
  // The address of the connection: not every Chromium sends further headers along with a WebSocket.
  const block = { kind: "address", value: "127.0.0.1", reason: "Too much of it.", expires_in: 600 };
  const headers = { "content-type": "application/json", authorization: `Bearer ${KEY}` };
  const made = await fetch(`${server.url}/api/v1/admin/blocks`, { method: "POST", headers, body: JSON.stringify(block) });
  assert.equal(made.status, 201);
  const { id } = (await made.json()) as { id: string };
  try {
    watched = await watchPage(browser, server.url);
    page = watched.page;
    await page.locator("#run").click();
    await page.getByText("takes nothing from your address until").first().waitFor();
    await page.getByText("Too much of it.").first().waitFor();
  } finally {
    const ended = await fetch(`${server.url}/api/v1/admin/blocks/${id}`, { method: "DELETE", headers });
    assert.equal(ended.status, 204);
  }
});

describe("every theme and size", () => {
  const looks: [string, BrowserContextOptions][] = [
    ["light", { colorScheme: "light" }],
    ["dark", { colorScheme: "dark" }],
    ["light, 360 px", { colorScheme: "light", viewport: { width: 360, height: 740 } }],
    ["dark, 360 px, in German", { colorScheme: "dark", viewport: { width: 360, height: 740 }, locale: "de-DE" }],
  ];
  for (const [name, options] of looks) {
    test(`${name}: axe finds nothing, nothing scrolls sideways`, async () => {
      await run("null.x", "2001:db8:1234:5678:9abc::1", {});
      await run("for (;;);", "192.0.2.3");
      const running = run("await new Promise((go) => setTimeout(go, 9_000))", "192.0.2.1");
      await open(options);
      await page.locator("#log-in:not([hidden])").waitFor();
      assert.deepEqual(await axe(page), []);
      await logIn();
      await part("runs").first().waitFor();
      await part("errors").first().waitFor();
      assert.deepEqual(await axe(page), []);
      assert.equal((await layout(page)).sideways, 0);
      const shots = process.env["SHOTS"];
      if (shots !== undefined) await page.screenshot({ path: `${shots}/${name}.png`, fullPage: true });
      await part("runs").first().getByRole("button").click();
      await running;
    });
  }
});
