// The page alone, in real Chromium, against a server that says what each test wants: how it looks in every state, theme and size.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";

import type { BrowserContextOptions } from "playwright-core";

import { axe, layout } from "../support/audit.ts";
import { LOOKS } from "../support/browser.ts";
import { onRun, open, openWithoutScripts, page, run, usePages } from "../support/mock-page.ts";
import { report } from "../support/mock-server.ts";
import { ERROR, event, sampleRun } from "../support/sample-run.ts";

usePages();

describe("every state, theme and size", () => {
  const looks: [string, BrowserContextOptions][] = [
    ...LOOKS,
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
  const preload = JSON.parse(await readFile("static/dist/preload.json", "utf8")) as Record<string, string[]>;
  const names = ["main.js", "theme.js", "early.js"].map((name) => manifest[name]);
  for (const hashed of [...names, ...(preload["main.js"] ?? [])]) {
    assert.ok(hashed);
    total += (await readFile(`static/dist/${hashed}.br`)).length;
  }
  assert.ok(total < 180 * 1024, `${total} bytes of compressed JavaScript`);
});

describe("from right to left", () => {
  for (const [name, options] of [["1280 px", {}], ["360 px", { viewport: { width: 360, height: 740 } }]] as [string, BrowserContextOptions][]) {
    test(`${name}: nothing scrolls sideways, and panels open where their buttons are`, async () => {
      await open(options);
      await page.evaluate(() => {
        document.documentElement.dir = "rtl";
      });
      await run(sampleRun);
      await page.locator(".row.result").waitFor();
      const check = async (state: string) => {
        assert.deepEqual(await layout(page), { sideways: 0, runInSight: true }, state);
        assert.deepEqual(await axe(page), [], state);
      };
      await check("finished");
      const width = options.viewport?.width ?? 1280;
      for (const [opener, panel] of [["#examples", "#examples-menu"], ["#settings", "#settings-panel"]] as const) {
        await page.locator(opener).click();
        await page.locator(`${panel} :is(button, input)`).first().waitFor();
        const [box, button] = [await page.locator(panel).boundingBox(), await page.locator(opener).boundingBox()];
        assert.ok(box !== null && button !== null && box.x >= 0 && box.x + box.width <= width, panel);
        assert.ok(box.x <= button.x + button.width && box.x + box.width >= button.x, `${panel} is over or under its button`);
        await check(panel);
        await page.keyboard.press("Escape");
      }
      await page.locator("#inputs-toggle").click();
      await page.locator("#mode").waitFor();
      await check("inputs");
      // Code is written from left to right in every language.
      assert.equal(await page.locator("#editor").evaluate((editor) => getComputedStyle(editor).direction), "ltr");
    });
  }
});

test("with more contrast wanted, lines and quiet words have it", async () => {
  await open({ contrast: "more" });
  await run(sampleRun);
  await page.locator(".row.result").waitFor();
  assert.deepEqual(await axe(page), []);
  const ratio = await page.evaluate(() => {
    const probe = document.createElement("span");
    document.body.append(probe);
    const luminance = (colour: string) => {
      probe.style.color = colour;
      const [r = 0, g = 0, b = 0] = (getComputedStyle(probe).color.match(/[\d.]+/g) ?? []).map((value) => {
        const part = Number(value) / 255;
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const against = (a: string, b: string) => {
      const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
      return (light + 0.05) / (dark + 0.05);
    };
    return { quiet: against("var(--muted)", "var(--raised)"), line: against("var(--line)", "var(--surface)") };
  });
  assert.ok(ratio.quiet >= 7, `${ratio.quiet}`);
  assert.ok(ratio.line >= 3, `${ratio.line}`);
});

test("in the system's own colours, what is chosen and how full a meter is can be seen", async () => {
  await open({ forcedColors: "active" });
  await page.locator("#add-file").click();
  await page.locator("dialog input").press("Enter");
  await run(sampleRun);
  await page.locator(".row.result").waitFor();
  const seen = await page.evaluate(() => {
    const style = (selector: string) => getComputedStyle(document.querySelector(selector) ?? document.body);
    return {
      chosen: style(".tab[aria-selected=true]").borderBlockStartWidth,
      other: style(".tab[aria-selected=false]").borderBlockStartWidth,
      bar: style(".meter-bar").backgroundColor !== style(".meter-track").backgroundColor,
    };
  });
  assert.deepEqual(seen, { chosen: "3px", other: "0px", bar: true });
});

test("with less motion wanted, nothing moves by itself", async () => {
  await open({ reducedMotion: "reduce" });
  await run(
    onRun((run_id, peer) => {
      peer.send({ type: "started", run_id });
    }),
  );
  await page.locator("#badge", { hasText: "Running" }).waitFor();
  await page.locator("#stop").hover();
  assert.equal(await page.evaluate(() => document.getAnimations().length), 0);
});
