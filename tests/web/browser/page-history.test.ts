// The page alone, in real Chromium, against a server that says what each test wants: runs of before, a selection, and
// running by itself.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import type { BrowserContextOptions } from "playwright-core";

import { axe, layout } from "../support/audit.ts";
import { program, type } from "../support/browser.ts";
import { open, page, prints, run, server, usePages } from "../support/mock-page.ts";
import { event, string } from "../support/sample-run.ts";

usePages();

const says = (...lines: string[]) => prints(...lines.map((text) => event({ args: [string(text)], text })));
const row = (text: string) => page.locator("#rows .row", { hasText: text });
const sources = () => server.received.flatMap((message) => (message.type === "run" ? [message.source] : []));

/** Runs two programs, which print one line alike and one each of their own. */
async function twoRuns(): Promise<void> {
  await type(page, "first()");
  await run(says("alike", "of the first"));
  await row("of the first").waitFor();
  await type(page, "second()");
  await run(says("alike", "of the second"));
  await row("of the second").waitFor();
  await page.locator("#badge", { hasText: "Completed" }).waitFor();
}

describe("runs of this visit", () => {
  test("can be gone back to, with their program and output, and that can be undone", async () => {
    await open();
    assert.ok(await page.locator("#history").isHidden());
    await twoRuns();
    await page.locator("#history").click();
    const runs = page.locator(".history-run");
    await runs.nth(1).waitFor();
    assert.deepEqual(await runs.locator("code").allTextContents(), ["second()", "first()"]);
    await runs.nth(1).getByRole("button", { name: "Go back to it" }).click();
    await row("of the first").waitFor();
    assert.equal(await row("of the second").count(), 0);
    assert.equal(await program(page), "first()");
    await page.locator("#editor .cm-content").click();
    await page.keyboard.press("Control+z");
    assert.equal(await program(page), "second()");
  });

  test("are compared line by line", async () => {
    await open();
    await twoRuns();
    await page.locator("#history").click();
    await page.locator(".history-run").nth(1).waitFor();
    assert.equal(await page.getByRole("button", { name: /^Compare with the one before/ }).count(), 1);
    await page.getByRole("button", { name: /^Compare with the one before/ }).click();
    assert.deepEqual(await page.locator(".diff > li").evaluateAll((items) => items.map((item) => [item.getAttribute("class"), item.lastChild?.textContent])), [
      ["diff-same", "alike"],
      ["diff-less", "of the first"],
      ["diff-more", "of the second"],
      ["diff-same", "Completed"],
    ]);
    await page.keyboard.press("Escape");
    await page.locator(".history-dialog").waitFor({ state: "detached" });
    assert.equal(await page.evaluate(() => document.activeElement?.id), "history");
    await run(says("alike", "of the second"));
    await page.locator("#badge", { hasText: "Completed" }).waitFor();
    await page.locator("#history").click();
    await page.getByRole("button", { name: /^Compare with the one before: run 3/ }).click();
    await page.locator(".differences", { hasText: "Both printed the same." }).waitFor();
  });

  const looks: [string, BrowserContextOptions][] = [
    ["light", { colorScheme: "light" }],
    ["dark, 360 px", { colorScheme: "dark", viewport: { width: 360, height: 740 } }],
  ];
  for (const [name, options] of looks) {
    test(`${name}: fit, and axe finds nothing`, async () => {
      await open(options);
      await twoRuns();
      await page.locator("#history").click();
      await page.getByRole("button", { name: /^Compare with the one before/ }).click();
      await page.locator(".diff-more").waitFor();
      assert.equal((await layout(page)).sideways, 0);
      assert.deepEqual(await axe(page), []);
    });
  }
});

describe("the selection", () => {
  test("runs alone, where it stands; without one that is said", async () => {
    await open();
    await type(page, "const a = 1;\nconst b = a + 1;\nb");
    await page.keyboard.press("Control+Shift+Enter");
    await page.waitForFunction(() => document.querySelector("#live")?.textContent === "Nothing is selected.");
    assert.deepEqual(sources(), []);
    // The second line but for its first word.
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("Home");
    for (let i = 0; i < 6; i += 1) await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Shift+End");
    server.script = says("fine");
    await page.keyboard.press("Control+Shift+Enter");
    await row("fine").waitFor();
    assert.deepEqual(sources(), ["\n      b = a + 1;"]);
  });
});

describe("running when typing pauses", () => {
  test("is off, and can be set", async () => {
    await open();
    server.script = says("by itself");
    await page.locator("#settings").click();
    const box = page.getByLabel("Run when typing pauses");
    assert.ok(!(await box.isChecked()));
    await box.check();
    await page.keyboard.press("Escape");
    await type(page, "typed()");
    await row("by itself").waitFor();
    assert.equal(sources().at(-1), "typed()");
  });
});
