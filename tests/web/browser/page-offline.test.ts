// The page alone, in real Chromium: when its server is away, and as something that can be installed.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { program, type, watchPage } from "../support/browser.ts";
import { browserOf, forgive, open, page, prints, restart, server, usePages, watch } from "../support/mock-page.ts";
import { event, string } from "../support/sample-run.ts";

usePages();

/** Opens the page, and waits until it is kept. */
async function openKept(): Promise<void> {
  await open({ serviceWorkers: "allow" });
  await page.waitForFunction(() => navigator.serviceWorker.controller?.state === "activated");
}

describe("with its server away", () => {
  test("the page opens, has what was typed, says how it stands, and runs when the server is back", async () => {
    await openKept();
    await type(page, "'kept'");
    await page.locator("#saved", { hasText: "Draft kept" }).waitFor();
    await restart(async () => {
      await page.reload();
      await page.locator("#connection[data-at=closed]").waitFor();
      assert.equal(await program(page), "'kept'");
      assert.match((await page.locator("#connection-text").textContent()) ?? "", /^Offline, next try in \d+ s$/);
      // Parts that are loaded when they are wanted are there, too.
      await page.locator("#settings").click();
      await page.locator("#settings-panel .setting").first().waitFor();
      await page.keyboard.press("Escape");
      await page.locator("#examples").click();
      await page.locator("#examples-menu .menu-item").first().waitFor();
      await page.keyboard.press("Escape");
      await page.locator("#run").click();
      await page.locator("#message", { hasText: "Runs as soon as the server is back." }).waitFor();
      assert.ok(await page.locator("#stop").isEnabled());
    });
    server.script = prints(event({ args: [string("on we go")] }));
    await page.locator("#connection").click();
    await page.locator(".row", { hasText: "on we go" }).waitFor();
    assert.deepEqual(server.received.map((message) => message.type === "run" && message.source), ["'kept'"]);
    // What Chromium writes of connections that were refused.
    for (const part of ["ERR_CONNECTION_REFUSED", "/api/v1/", "Failed to fetch"]) forgive(part);
  });

  test("the server's own page counts whenever there is one", async () => {
    await openKept();
    server.page = "<!doctype html><title>Another</title><p>A newer page</p>";
    await page.reload();
    await page.getByText("A newer page").waitFor();
    // It names no icon, so the browser looks for one.
    await page.waitForLoadState("networkidle");
    forgive("404");
  });

  test("what stands before a server that is away counts for nothing", async () => {
    await openKept();
    await page.context().route(`${server.url}/`, (route) => route.fulfill({ status: 502, body: "Bad Gateway" }));
    await page.reload();
    await page.locator("#editor .cm-content").waitFor();
    forgive("502");
  });

  test("files of the page are asked for once", async () => {
    await openKept();
    const before = [...server.asked].filter(([path]) => path.includes('/assets/main-')).map(([, times]) => times);
    await page.reload();
    await page.locator("#connection[data-at=open]").waitFor();
    const after = [...server.asked].filter(([path]) => path.includes('/assets/main-')).map(([, times]) => times);
    assert.deepEqual(after, before);
  });
});

describe("other pages", () => {
  for (const path of ["/embed", "/embed/frame"]) {
    test(`${path} registers nothing, and comes from the server also where the page is kept`, async () => {
      watch(await watchPage(browserOf(), `${server.url}${path}`, { serviceWorkers: "allow" }));
      await page.waitForLoadState("networkidle");
      assert.equal(await page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length), 0);
      await page.goto(server.url);
      await page.waitForFunction(() => navigator.serviceWorker.controller?.state === "activated");
      const before = server.asked.get(path) ?? 0;
      await page.goto(`${server.url}${path}`);
      assert.equal(server.asked.get(path), before + 1);
    });
  }
});

test("the page can be installed: its manifest has a name, a start and icons that are there", async () => {
  await open();
  const link = await page.locator("link[rel=manifest]").getAttribute("href");
  const response = await fetch(`${server.url}${link ?? ""}`);
  const { name, start_url, scope, display, icons } = (await response.json()) as { name: string; start_url: string; scope: string; display: string; icons: { src: string; sizes: string; purpose: string; type: string }[] };
  assert.deepEqual([name, start_url, scope, display], ["Mayfly", "/", "/", "standalone"]);
  for (const size of ["192x192", "512x512"]) assert.ok(icons.some((icon) => icon.sizes === size && icon.purpose === "any"), size);
  assert.ok(icons.some(({ purpose }) => purpose === "maskable"));
  for (const { src, sizes, type } of icons) {
    const icon = await fetch(`${server.url}${src}`);
    assert.equal(icon.headers.get("content-type"), type);
    if (sizes === "any") continue;
    const bytes = new DataView(await icon.arrayBuffer());
    // A PNG's own width and height.
    assert.equal(`${bytes.getUint32(16)}x${bytes.getUint32(20)}`, sizes);
  }
  const errors = await (await page.context().newCDPSession(page)).send("Page.getAppManifest");
  assert.deepEqual(errors.errors, []);
});
