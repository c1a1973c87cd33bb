// The page alone, in real Chromium, against a server that says what each test wants: finding, sorting, folding,
// keeping and copying what the console shows.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import type { ConsoleEvent, Value } from "../../../web/protocol.ts";
import { axe, layout } from "../support/audit.ts";
import { onRun, open, page, prints, run, usePages } from "../support/mock-page.ts";
import { report } from "../support/mock-server.ts";
import { ERROR, POINT, event, number, sampleRun, string } from "../support/sample-run.ts";

usePages();

/** An event that prints a text. */
const says = (text: string, rest: Partial<ConsoleEvent> = {}) => event({ args: [string(text)], text, ...rest });

/** The texts of the rows, waiting until they are these. */
async function rowsAre(...expected: string[]): Promise<void> {
  await page.waitForFunction(
    (expected) => JSON.stringify([...document.querySelectorAll("#rows > .row > .message")].map((it) => it.textContent)) === JSON.stringify(expected),
    expected,
  );
}

const find = () => page.locator("#console-tools input[type=search]");
const copied = () => page.evaluate(() => navigator.clipboard.readText());

describe("finding", () => {
  test("by text and by pattern, with a count, and words for what is no pattern", async () => {
    await open();
    await run(prints(says("apple"), says("pear"), says("Apple pie"), says("plum", { level: "warn" })));
    await rowsAre("apple", "pear", "Apple pie", "plum");
    await find().fill("APPLE");
    await rowsAre("apple", "Apple pie");
    await page.locator("#console-found", { hasText: "2 of 4 lines" }).waitFor();
    assert.equal(await page.evaluate(() => CSS.highlights.get("console-found")?.size), 2);
    await find().fill("/^p/");
    await rowsAre("pear", "plum");
    await find().fill("/^p(/");
    await page.locator("#console-found.bad", { hasText: "No pattern" }).waitFor();
    assert.equal(await find().getAttribute("aria-invalid"), "true");
    await rowsAre("pear", "plum");
    await page.locator("#live", { hasText: "No pattern" }).waitFor({ state: "attached" });
    await find().press("Escape");
    await rowsAre("apple", "pear", "Apple pie", "plum");
    assert.equal(await page.evaluate(() => CSS.highlights.has("console-found")), false);
    // What comes later is sifted as well.
    await find().fill("new");
    await run(prints(says("old"), says("new")));
    await rowsAre("new");
    await page.locator("#console-found", { hasText: "1 of 2 lines" }).waitFor();
  });

  test("by a pattern that never ends: the page goes on, says so, and shows all lines", async () => {
    await open();
    await run(prints(says("apple"), says(`${"a".repeat(60)}!`), says("pear")));
    await page.locator(".row", { hasText: "pear" }).waitFor();
    await find().fill("/^(a+)+$/");
    // Meanwhile the page answers.
    await page.locator("#console-levels").click();
    await page.getByRole("checkbox", { name: "Output" }).waitFor();
    await page.keyboard.press("Escape");
    await page.locator("#console-found.bad", { hasText: "This pattern takes too long" }).waitFor();
    await page.locator("#live", { hasText: "This pattern takes too long" }).waitFor({ state: "attached" });
    assert.equal(await page.locator(".row").count(), 3);
    assert.deepEqual(await axe(page), []);
    // The next one is looked for as if nothing had been.
    await find().fill("/^p/");
    await rowsAre("pear");
    await page.locator("#console-found:not(.bad)", { hasText: "1 of 3 lines" }).waitFor();
    await page.waitForFunction(() => CSS.highlights.get("console-found")?.size === 1);
  });

  test("by level, which is remembered", async () => {
    await open();
    await run(prints(says("fine"), says("careful", { level: "warn" }), says("detail", { level: "debug" })));
    await rowsAre("fine", "careful", "detail");
    await page.locator("#console-levels").click();
    assert.deepEqual(await axe(page), []);
    await page.getByRole("checkbox", { name: "Output" }).uncheck();
    await page.getByLabel("Details").uncheck();
    await rowsAre("careful");
    await page.keyboard.press("Escape");
    assert.equal(await page.locator("#console-levels").getAttribute("data-some"), "true");
    await page.reload();
    await page.locator("#connection[data-at=open]").waitFor();
    await run(prints(says("fine"), says("wrong", { level: "error" })));
    await rowsAre("wrong");
    await page.locator("#console-levels").press("Enter");
    await page.getByRole("checkbox", { name: "Output" }).press("Space");
    await rowsAre("fine", "wrong");
  });
});

describe("what is kept", () => {
  test("from run to run, with a line between and without clearing, when that is wanted", async () => {
    await open();
    await page.locator("#console-options").click();
    await page.getByLabel("Keep output from run to run").check();
    await page.keyboard.press("Escape");
    await run(prints(event({ kind: "group", args: [string("g")], text: "g" }), says("one", { depth: 1 })));
    await page.locator("#badge", { hasText: "Completed" }).waitFor();
    await run(prints(event({ kind: "clear" }), says("two")));
    await page.locator(".row", { hasText: "two" }).waitFor();
    const texts = await page.locator(".row .message").allTextContents();
    assert.equal(texts.length, 5);
    assert.match(texts[2] ?? "", /^Run 2, /);
    assert.match(texts[3] ?? "", /passed over/);
    assert.deepEqual(await axe(page), []);
    // Lines of this run belong to no group of the last one.
    await page.getByRole("button", { name: "Group g" }).click();
    await page.waitForFunction(() => document.querySelectorAll("#rows > .row").length === 4);
    await page.locator("#clear").click();
    await rowsAre();
    await page.locator("#empty").waitFor();
  });

  test("the times, when they are wanted", async () => {
    await open({ viewport: { width: 360, height: 740 } });
    await run(prints(says("one")));
    await page.locator(".row", { hasText: "one" }).waitFor();
    assert.ok(await page.locator(".row .at").isHidden());
    await page.locator("#console-options").click();
    await page.getByLabel("Timestamps").check();
    await page.locator(".row .at").waitFor();
    assert.equal(await page.locator(".row .at").textContent(), "+0.01 s");
    await page.reload();
    await page.locator("#connection[data-at=open]").waitFor();
    await run(prints(says("one")));
    await page.locator(".row .at").waitFor();
    assert.deepEqual(await layout(page), { sideways: 0, runInSight: true });
  });

  test("what was opened, while it is out of sight", async () => {
    await open();
    await run(prints(event({ args: [POINT], text: "point" }), ...Array.from({ length: 3000 }, (_, i) => says(`line ${i}`))));
    await page.locator(".row", { hasText: "line 2999" }).waitFor();
    const scroll = (top: number) =>
      page.locator("#console").evaluate((element, top) => {
        element.scrollTop = top;
      }, top);
    await scroll(0);
    await page.locator(".tree > .item > .line").click();
    await page.locator(".tree .line", { hasText: "list:" }).click();
    await page.locator(".tree .line", { hasText: "900 more" }).waitFor();
    await page.locator("#console").focus();
    await scroll(30_000);
    await page.locator(".tree").waitFor({ state: "detached" });
    await scroll(0);
    await page.locator(".tree .line", { hasText: "900 more" }).waitFor();
    // And what has the focus stays, wherever the list is.
    await page.locator(".tree .line", { hasText: "900 more" }).click();
    await scroll(30_000);
    await page.locator(".row", { hasText: /line 11\d\d/ }).first().waitFor();
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), "… 900 more");
    await page.keyboard.press("ArrowUp");
    await page.waitForFunction(() => document.activeElement?.textContent === "3: 10n" || document.activeElement?.textContent === "5: 10n");
  });
});

describe("lines", () => {
  test("that repeat are counted in one", async () => {
    await open();
    await run(prints(says("tick"), says("tick", { at_ms: 900 }), says("tick", { at_ms: 1900 }), says("tock")));
    await rowsAre("tick", "tock");
    assert.equal(await page.locator(".row .times").first().textContent(), "3");
    assert.equal(await page.locator(".row .at").first().textContent(), "+1.90 s");
    assert.ok(await page.locator(".row .times").nth(1).isHidden());
  });

  test("have links that lead where they say, and colours", async () => {
    await open();
    const text = "see https://example.org/a?b=c, (http://example.org/x) javascript://x ftp://x \u001b[31;4mred\u001b[0m plain";
    await run(prints(event({ args: [string(text), { type: "object", kind: "object", text: "{u: 'https://in.example/x'}", properties: [{ key: "u", value: string("https://in.example/x") }] }] })));
    await page.locator(".row a").first().waitFor();
    await page.locator(".tree > .item > .line").click();
    const links = await page.locator(".row a").evaluateAll((all) => all.map((a) => [a.textContent, (a as HTMLAnchorElement).href, (a as HTMLAnchorElement).rel, (a as HTMLAnchorElement).target]));
    assert.deepEqual(links, [
      ["https://example.org/a?b=c", "https://example.org/a?b=c", "noopener noreferrer", "_blank"],
      ["http://example.org/x", "http://example.org/x", "noopener noreferrer", "_blank"],
      ["https://in.example/x", "https://in.example/x", "noopener noreferrer", "_blank"],
    ]);
    const red = page.locator(".ansi");
    assert.equal(await red.textContent(), "red");
    assert.equal(await red.getAttribute("class"), "ansi ansi-fg-1 ansi-underline");
    assert.ok(!(await page.locator(".row").first().textContent())?.includes("\u001b"));
  });

  test("of what nobody caught tell their causes", async () => {
    await open();
    const error = { name: "TypeError", message: "outer", stack: [{ function: "f", line: 2, column: 3 }], cause: ERROR };
    await run(
      onRun((run_id, peer) => {
        peer.send({ type: "started", run_id });
        peer.send({ type: "finished", run_id, ...report("failed", { error }) });
      }),
    );
    const row = page.locator(".row.uncaught");
    await row.waitFor();
    assert.match((await row.textContent()) ?? "", /^Uncaught TypeError: outer.*Caused by: RangeError: division by zero.*at divide 3:22.*Caused by: \{a: 1, b: 0\}/);
    await row.getByRole("button", { name: "3:22" }).waitFor();
  });

  test("are walked by keys, and worked", async () => {
    await open();
    await run(sampleRun);
    await page.locator(".row.result").waitFor();
    await page.locator("#console").focus();
    await page.keyboard.press("Home");
    const row = () => page.evaluate(() => document.activeElement?.closest(".row")?.getAttribute("aria-posinset"));
    await page.waitForFunction(() => document.activeElement?.getAttribute("aria-posinset") === "1");
    // Into the value, down in it, and out again.
    await page.keyboard.press("ArrowRight");
    assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("aria-expanded")), "true");
    await page.keyboard.press("ArrowDown");
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), "x: 3");
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("ArrowLeft");
    assert.ok(await page.evaluate(() => document.activeElement?.classList.contains("row")));
    await page.keyboard.press("End");
    assert.equal(await row(), await page.locator(".row").last().getAttribute("aria-setsize"));
    // The heading of a group closes and opens it.
    await page.locator(".row[data-kind=group]").focus();
    await page.keyboard.press("ArrowLeft");
    await page.locator(".row", { hasText: "a warning inside a group" }).waitFor({ state: "detached" });
    await page.keyboard.press("ArrowRight");
    await page.locator(".row", { hasText: "a warning inside a group" }).waitFor();
    // Enter goes to where a line came from.
    await page.locator(".row.level-info").focus();
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.activeElement?.closest("#editor") !== null);
  });
});

describe("tables", () => {
  test("are sorted by their headings, with the keyboard", async () => {
    await open();
    const cell = (value: Value | null) => value;
    const table = {
      columns: ["(index)", "name", "n"],
      rows: [
        { index: "0", cells: [string("b"), cell(number(10))] },
        { index: "1", cells: [string("a"), cell(null)] },
        { index: "2", cells: [string("c"), cell(number(9))] },
      ],
      more_rows: 0,
      more_columns: 0,
    };
    await run(prints(event({ kind: "table", table })));
    const order = () => page.locator("tbody th").allTextContents();
    await page.locator("table").waitFor();
    await page.getByRole("button", { name: "n", exact: true }).focus();
    await page.keyboard.press("Enter");
    assert.deepEqual(await order(), ["2", "0", "1"]);
    assert.equal(await page.locator("thead th").nth(2).getAttribute("aria-sort"), "ascending");
    await page.keyboard.press("Space");
    assert.deepEqual(await order(), ["0", "2", "1"]);
    await page.keyboard.press("Space");
    assert.deepEqual(await order(), ["0", "1", "2"]);
    await page.getByRole("button", { name: "name" }).click();
    assert.deepEqual(await order(), ["1", "0", "2"]);
    assert.deepEqual(await axe(page), []);
  });
});

describe("copying", () => {
  const allowed = { permissions: ["clipboard-read", "clipboard-write"] };

  test("a value and a line, from a menu and by keys", async () => {
    await open(allowed);
    await run(prints(event({ args: [string("p"), POINT], text: "p Point" })));
    await page.locator(".tree > .item > .line").click();
    await page.locator(".tree .line", { hasText: "list:" }).click({ button: "right" });
    await page.getByRole("menuitem", { name: "Copy value as JSON" }).click();
    await page.waitForFunction(() => document.getElementById("live")?.textContent === "Copied.");
    assert.deepEqual(JSON.parse(await copied()), [1, null, null, null, 0, "10n", "… 900 more"]);
    await page.locator(".row-menu").first().click();
    await page.locator(".line-menu:popover-open").waitFor();
    assert.deepEqual(await axe(page), []);
    await page.keyboard.press("ArrowDown");
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), "Copy line as JSON");
    await page.keyboard.press("Escape");
    assert.equal(await page.evaluate(() => document.activeElement?.className), "row-menu");
    await page.getByRole("treeitem", { name: "x: 3", exact: true }).click();
    await page.keyboard.press("ControlOrMeta+c");
    await page.waitForFunction(async () => (await navigator.clipboard.readText()) === "3");
    await page.locator(".row").first().focus();
    await page.keyboard.press("ControlOrMeta+c");
    await page.waitForFunction(async () => (await navigator.clipboard.readText()) === "p Point");
  });

  test("all of it, as text and as JSON", async () => {
    await open(allowed);
    await run(prints(...Array.from({ length: 200 }, (_, i) => says(`line ${i}`)), says("bad", { level: "error" })));
    await page.locator(".row", { hasText: "bad" }).waitFor();
    await page.locator("#console-options").click();
    await page.getByRole("button", { name: "Copy all as text" }).click();
    await page.waitForFunction(() => document.getElementById("live")?.textContent === "201 lines copied.");
    assert.equal(await copied(), `${Array.from({ length: 200 }, (_, i) => `line ${i}\n`).join("")}bad\n`);
    await page.locator("#console-options").click();
    await page.getByRole("button", { name: "Copy all as JSON" }).click();
    await page.waitForFunction(async () => (await navigator.clipboard.readText()).startsWith("["));
    const read = JSON.parse(await copied()) as { level: string; args: unknown[] }[];
    assert.equal(read.length, 201);
    assert.deepEqual(read[200], { level: "error", text: "bad", args: ["bad"], line: 1, column: 1, at_ms: 5 });
  });

  test("a selection over lines that are not drawn", async () => {
    await open(allowed);
    await run(prints(...Array.from({ length: 1000 }, (_, i) => says(`line ${i}`))));
    await page.locator(".row", { hasText: "line 999" }).waitFor();
    await page.evaluate(() => {
      const scroller = document.getElementById("console");
      if (scroller !== null) scroller.scrollTop = 0;
    });
    await page.locator(".row .message", { hasText: /^line 3$/ }).waitFor();
    await page.evaluate(() => {
      const row = [...document.querySelectorAll(".row .message")].find((it) => it.textContent === "line 3");
      if (row !== undefined) document.getSelection()?.setBaseAndExtent(row, 0, row, 1);
      const scroller = document.getElementById("console");
      if (scroller !== null) scroller.scrollTop = scroller.scrollHeight;
    });
    await page.locator(".row", { hasText: "line 990" }).waitFor();
    await page.evaluate(() => {
      const row = [...document.querySelectorAll(".row .message")].find((it) => it.textContent === "line 990");
      if (row !== undefined) document.getSelection()?.extend(row, 1);
    });
    await page.keyboard.press("ControlOrMeta+c");
    await page.waitForFunction(async () => (await navigator.clipboard.readText()).startsWith("line 3\n"));
    assert.equal((await copied()).split("\n").length, 988);
  });
});

describe("looks", () => {
  for (const colorScheme of ["light", "dark"] as const) {
    test(`${colorScheme}, 360 px: the bar fits, and axe finds nothing`, async () => {
      await open({ colorScheme, viewport: { width: 360, height: 740 } });
      await run(sampleRun);
      await page.locator(".row.result").waitFor();
      await find().fill("a");
      await page.locator("#console-found", { hasText: "of" }).waitFor();
      assert.deepEqual(await layout(page), { sideways: 0, runInSight: true });
      assert.deepEqual(await axe(page), []);
    });
  }

  test("in German, all of it", async () => {
    await open({ locale: "de-DE" });
    await run(prints(says("a"), says("a"), event({ kind: "clear" })));
    await rowsAre("Die Konsole wurde geleert");
    await page.getByRole("button", { name: "Stufen" }).waitFor();
    assert.equal(await find().getAttribute("placeholder"), "Filter: Text oder /Regex/");
  });
});
