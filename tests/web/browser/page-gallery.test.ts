// The page alone, in real Chromium, against a server that says what each test wants: examples and a first visit.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { axe, layout } from "../support/audit.ts";
import { LOOKS, program } from "../support/browser.ts";
import { forgive, onRun, open, page, prints, server, usePages } from "../support/mock-page.ts";
import { event, string } from "../support/sample-run.ts";

usePages();

const item = (name: string) => page.locator("#examples-menu .menu-item").filter({ has: page.locator(".menu-name", { hasText: new RegExp(`^${name}$`) }) });
const asked = () => [...server.asked.keys()].filter((path) => path.startsWith("/assets/examples-"));

describe("the gallery", () => {
  test("comes when it is opened, in groups, and gives the focus to its first program", async () => {
    await open();
    assert.deepEqual(asked(), []);
    await page.locator("#examples").click();
    await page.waitForFunction(() => document.activeElement?.classList.contains("menu-item"));
    assert.equal(asked().length, 1);
    assert.ok((await page.locator("#examples-menu .menu-item").count()) >= 23);
    assert.deepEqual(await page.locator("#examples-menu h2").allTextContents(), ["Begin with", "First steps", "To look at", "At the same time", "The language", "The platform", "Larger programs"]);
    await page.keyboard.press("End");
    assert.equal(await page.evaluate(() => document.activeElement?.querySelector(".menu-name")?.textContent), "Several files");
    await page.keyboard.press("ArrowDown");
    assert.equal(await page.evaluate(() => document.activeElement?.querySelector(".menu-name")?.textContent), "Function");
    await page.keyboard.press("Escape");
    assert.ok(await page.locator("#examples-menu").isHidden());
    assert.equal(await page.evaluate(() => document.activeElement?.id), "examples");
  });

  test("a program brings its files and how it is run, and both can be taken back", async () => {
    await open();
    await page.locator("#examples").click();
    await item("Function endpoint").click();
    assert.match(await program(page), /export default function longest/);
    server.script = prints();
    await page.locator("#run").click();
    await page.locator("#badge", { hasText: "Completed" }).waitFor();
    const [run] = server.received.flatMap((message) => (message.type === "run" ? [message] : []));
    assert.deepEqual([run?.mode, run?.input], ["function", { words: ["egg", "nymph", "subimago", "imago"] }]);
    await page.locator("#examples").click();
    await item("Several files").click();
    assert.deepEqual(await page.locator("#tabs .tab-name").allTextContents(), ["main.js", "shapes.js", "lib/geometry.ts", "lib/report.js", "units.json"]);
    assert.equal(await page.locator("#inputs-toggle").innerText(), "Input");
    await page.locator("#toast").getByRole("button", { name: "Undo" }).click();
    assert.match(await program(page), /export default function longest/);
    assert.equal(await page.locator("#inputs-toggle").innerText(), "Function");
  });

  test("says so when it can't be had, and comes the next time", async () => {
    await open();
    await page.route(/\/assets\/examples-/, (route) => route.abort());
    await page.locator("#examples").click();
    await page.locator("#examples-menu", { hasText: "can't be had just now" }).waitFor();
    await page.keyboard.press("Escape");
    await page.unroute(/\/assets\/examples-/);
    await page.locator("#examples").click();
    await item("Values").waitFor();
    forgive("examples-");
    forgive("ERR_FAILED");
  });

  test("is in the page's language", async () => {
    await open({ locale: "de-DE" });
    await page.locator("#examples").click();
    await item("Fliegende Zeilen").waitFor();
  });

  for (const [name, options] of LOOKS) {
    test(`${name}: fits, and axe finds nothing; nor on a first visit`, async () => {
      server.script = prints(event({ args: [string("flies")] }));
      await open({ ...options, isNew: true });
      await page.locator(".row", { hasText: "flies" }).waitFor();
      assert.deepEqual(await layout(page), { sideways: 0, runInSight: true });
      assert.deepEqual(await axe(page), []);
      await page.locator("#examples").click();
      await item("Several files").waitFor();
      assert.deepEqual(await layout(page), { sideways: 0, runInSight: true });
      const box = await page.locator("#examples-menu").boundingBox();
      const width = options.viewport?.width ?? 1280;
      assert.ok(box !== null && box.x >= 0 && box.x + box.width <= width);
      assert.deepEqual(await axe(page), []);
    });
  }
});

describe("a first visit", () => {
  test("says in one sentence what this is, and has something running by itself", async () => {
    server.script = prints(event({ args: [string("flies")] }));
    await open({ isNew: true });
    await page.locator(".row", { hasText: "flies" }).waitFor();
    const said = await page.locator("#welcome").innerText();
    assert.match(said, /^Mayfly runs JavaScript[^.]*\.$/);
    assert.equal(server.received.filter((message) => message.type === "run").length, 1);
    await page.locator("#welcome").getByRole("button", { name: "Close" }).click();
    assert.ok(await page.locator("#welcome").isHidden());
    // The next one is none.
    await page.reload();
    await page.locator("#connection[data-at=open]").waitFor();
    assert.ok(await page.locator("#welcome").isHidden());
    assert.equal(await page.locator("#badge").textContent(), "Ready");
    assert.equal(server.received.filter((message) => message.type === "run").length, 1);
  });

  test("has room on a phone for what the program prints, while it runs", async () => {
    const lines = Array.from({ length: 12 }, (_, at) => event({ args: [string(`line ${at}`)], text: `line ${at}` }));
    server.script = onRun((run_id, peer) => {
      peer.send({ type: "started", run_id });
      peer.send({ type: "console", run_id, seq: 0, events: lines });
    });
    await open({ isNew: true, viewport: { width: 360, height: 640 } });
    await page.locator(".row", { hasText: "line 11" }).waitFor();
    await page.locator("#badge", { hasText: "Running" }).waitFor();
    assert.ok(await page.locator("#console").evaluate((list) => list.clientHeight >= 60));
    assert.deepEqual(await layout(page), { sideways: 0, runInSight: true });
    // The sentence put away, all of the console is there.
    await page.locator("#welcome-close").click();
    await page.locator("#console-tools .find").waitFor();
    await page.locator("#repl textarea").waitFor();
    assert.ok(await page.locator("#console").evaluate((list) => list.clientHeight >= 27));
  });

  test("to a shared program runs nothing", async () => {
    server.snippet = { id: "a1B2c3D4e5f6", version: 1, title: "Sum", source: "1 + 1", language: "javascript", mode: "auto", output: null, parent: null };
    await open();
    await page.evaluate(() => {
      localStorage.clear();
    });
    await page.goto(`${server.url}/s/a1B2c3D4e5f6`);
    await page.locator("#connection[data-at=open]").waitFor();
    assert.equal(await page.locator("#badge").textContent(), "Ready");
    assert.deepEqual(server.received, []);
  });
});
