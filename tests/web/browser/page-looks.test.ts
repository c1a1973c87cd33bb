// The page alone, in real Chromium, against a server that says what each test wants: how it looks in every state, theme and size.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";

import type { BrowserContextOptions } from "playwright-core";

import { axe, layout } from "../support/audit.ts";
import { onRun, open, openWithoutScripts, page, run, usePages } from "../support/mock-page.ts";
import { report } from "../support/mock-server.ts";
import { ERROR, event, sampleRun } from "../support/sample-run.ts";

usePages();

describe("every state, theme and size", () => {
  const looks: [string, BrowserContextOptions][] = [
    ["light", { colorScheme: "light" }],
    ["dark", { colorScheme: "dark" }],
    ["light, 360 px", { colorScheme: "light", viewport: { width: 360, height: 740 } }],
    ["dark, 360 px", { colorScheme: "dark", viewport: { width: 360, height: 740 } }],
    ["light, 320 px", { colorScheme: "light", viewport: { width: 320, height: 568 } }],
    ["dark, on its side", { colorScheme: "dark", viewport: { width: 740, height: 360 } }],
  ];
  const failed = onRun((run_id, peer) => {
    peer.send({ type: "started", run_id });
    peer.send({ type: "console", run_id, seq: 0, events: [event({ level: "error", args: [ERROR] })] });
    const stack = [{ function: "f", line: 1, column: 3 }];
    peer.send({ type: "finished", run_id, ...report("failed", { error: { name: "RangeError", message: "no", stack } }) });
  });
  for (const [name, options] of looks) {
    test(`${name}: nothing scrolls sideways, Run is in sight, axe finds nothing`, async () => {
      await open(options);
      const check = async (state: string) => {
        assert.deepEqual(await layout(page), { sideways: 0, runInSight: true }, state);
        assert.deepEqual(await axe(page), [], state);
      };
      await check("idle");
      await run(
        onRun((run_id, peer) => {
          peer.send({ type: "started", run_id });
        }),
      );
      await page.locator("#badge", { hasText: "Running" }).waitFor();
      await check("running");
      await run(sampleRun);
      await page.locator(".row.result").waitFor();
      await page.locator(".tree > .item > .line").first().click();
      await check("finished");
      await run(failed);
      await page.locator(".row.uncaught").waitFor();
      await check("failed");
      await run(
        onRun((run_id, peer) => {
          peer.send({ type: "rejected", run_id, reason: "busy", message: "The server is full.", retry_after_ms: 60_000 });
        }),
      );
      await page.locator("#retry").waitFor();
      await check("rejected");
      await page.locator("#examples").click();
      await page.locator("#examples-menu .menu-item").last().waitFor();
      await check("menu");
    });
  }

  test("with the keyboard of a phone up, Run stays in sight while typing", async () => {
    await open({ viewport: { width: 360, height: 300 }, hasTouch: true, isMobile: true });
    await page.locator("#editor .cm-content").tap();
    await page.keyboard.type("1;\n".repeat(30));
    assert.deepEqual(await layout(page), { sideways: 0, runInSight: true });
  });

  test("zoomed to 200 %, everything can be reached", async () => {
    await open({ viewport: { width: 640, height: 400 } });
    for (const id of ["run", "examples", "theme", "clear"]) {
      await page.locator(`#${id}`).scrollIntoViewIfNeeded();
      assert.ok(await page.locator(`#${id}`).isVisible(), id);
    }
    assert.equal((await layout(page)).sideways, 0);
  });
});

test("the chosen theme is there before the first paint", async () => {
  await open({ colorScheme: "light" });
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await background();
  await page.locator("#theme").click();
  await page.locator("#theme").click();
  assert.equal(await page.locator("#theme").getAttribute("aria-label"), "Theme: dark");
  const dark = await background();
  assert.notEqual(dark, light);
  // Without main.js the theme can only come from theme.js.
  await page.route(/main-.*\.js/, (route) => route.fulfill({ contentType: "text/javascript", body: "" }));
  await page.reload();
  assert.equal(await background(), dark);
});

test("without JavaScript the page says what it needs", async () => {
  await openWithoutScripts();
  await page.locator(".noscript", { hasText: "This page needs JavaScript" }).waitFor();
  assert.ok(await page.locator("#run").isHidden());
});

test("the page's scripts stay small", async () => {
  await open();
  const manifest = JSON.parse(await readFile("static/dist/manifest.json", "utf8")) as Record<string, string>;
  let total = 0;
  for (const name of ["main.js", "theme.js"]) {
    const hashed = manifest[name];
    assert.ok(hashed);
    total += (await readFile(`static/dist/${hashed}.br`)).length;
  }
  assert.ok(total < 180 * 1024, `${total} bytes of compressed JavaScript`);
});
