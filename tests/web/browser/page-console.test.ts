// The page alone, in real Chromium, against a server that says what each test wants: the console.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import type { Value } from "../../../web/protocol.ts";
import { axe } from "../support/audit.ts";
import { focused, onRun, open, page, prints, run, usePages } from "../support/mock-page.ts";
import { report } from "../support/mock-server.ts";
import { POINT, event, number, sampleRun, string } from "../support/sample-run.ts";

usePages();

describe("the console", () => {
  test("shows text as text, whatever it looks like", async () => {
    await open();
    const evil = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>\u202e';
    const value: Value = { type: "object", kind: "object", class: evil, text: evil, id: 1, properties: [{ key: evil, value: string(evil) }] };
    const stack = [{ function: evil, line: 1, column: 1 }];
    await run(
      onRun((run_id, peer) => {
        peer.send({ type: "started", run_id });
        const events = [
          event({ args: [string(evil), value, { type: "symbol", value: evil }, { type: "bigint", value: evil }] }),
          event({ kind: "group", args: [string(evil)], text: evil }),
          event({ kind: "count", text: evil }),
          event({ kind: "trace", args: [], stack }),
          event({ kind: "table", table: { columns: [evil, evil], rows: [{ index: evil, cells: [value] }], more_rows: 0, more_columns: 0 } }),
          event({ args: [string("%c")], format: { parts: [{ type: "text", text: evil, style: `color: red; background: url(//x); ${evil}` }], consumed: 1 } }),
        ];
        peer.send({ type: "console", run_id, seq: 0, events });
        peer.send({ type: "finished", run_id, ...report("failed", { value, error: { name: evil, message: evil, stack } }) });
      }),
    );
    await page.locator(".row.uncaught").waitFor();
    for (const line of await page.locator(".tree > .item > .line").all()) await line.click();
    assert.equal(await page.locator("#console img, #console script, #message img").count(), 0);
    assert.equal(await page.evaluate(() => "hacked" in window), false);
    assert.ok((await page.locator(".row").first().textContent())?.includes(evil));
    const styles = await page.locator("#console [style]").evaluateAll((all) => all.map((element) => element.getAttribute("style")));
    // The list and its rows have their places from the page itself.
    const own = /^(height|top|--depth|--depth: \d+; top): [\d.]+(px)?;$/;
    assert.deepEqual([...new Set(styles)].filter((style) => !own.test(style ?? "")), ["color: red;"]);
  });

  test("shows an object of Temporal by its ISO form, in one piece, and opens it to its fields", async () => {
    await open();
    const text = "Temporal.PlainDate 2026-11-30";
    const day: Value = { type: "object", kind: "temporal", class: "Temporal.PlainDate", text, properties: [{ key: "year", value: number(2026) }, { key: "calendarId", value: string("iso8601") }] };
    await run(prints(event({ args: [day] })));
    const item = page.locator(".tree [role=treeitem]").first();
    assert.equal(await item.textContent(), text);
    const shown = item.locator(".v-temporal");
    assert.equal(await shown.locator("span").count(), 0, "its digits are no numbers");
    const colour = (of: string) => page.evaluate((name) => {
      const probe = document.querySelector("#console")?.appendChild(document.createElement("span"));
      if (probe === undefined) return "";
      probe.className = name;
      const { color } = getComputedStyle(probe);
      probe.remove();
      return color;
    }, of);
    assert.equal(await shown.evaluate((it) => getComputedStyle(it).color), await colour("v-date"));
    await item.click();
    assert.deepEqual(await page.locator(".tree [role=treeitem]").allTextContents(), [text, "year: 2026", 'calendarId: "iso8601"']);
  });

  test("opens values by keyboard alone", async () => {
    await open();
    await run(prints(event({ args: [POINT] })));
    await page.locator("#badge", { hasText: "Completed" }).waitFor();
    const item = page.locator(".tree [role=treeitem]").first();
    await page.locator("#console").focus();
    await page.keyboard.press("Tab");
    assert.ok(await page.locator(".row").evaluate((row) => row === document.activeElement));
    await page.keyboard.press("Tab");
    assert.equal(await focused(), await item.textContent());
    assert.equal(await page.locator(".tree [role=treeitem]").count(), 1);
    const press = async (...keys: string[]) => {
      for (const key of keys) await page.keyboard.press(key);
      return focused();
    };
    assert.equal(await press("ArrowRight", "ArrowRight"), "x: 3");
    assert.equal(await press("ArrowDown", "ArrowDown"), 'name: "origin"');
    assert.equal(await press("ArrowDown"), "self: circular → #1");
    assert.equal(await press("ArrowDown"), "length: (getter)");
    assert.equal(await press("End"), "list: (6) [1, empty × 3, -0, 10n]");
    assert.equal(await press("Enter", "ArrowDown", "ArrowDown"), "1 … 3: empty × 3");
    assert.equal(await press("End"), "… 900 more");
    assert.equal(await press("ArrowLeft"), "list: (6) [1, empty × 3, -0, 10n]");
    assert.equal(await press("Space", "ArrowDown"), "list: (6) [1, empty × 3, -0, 10n]");
    await press("Home", "ArrowLeft");
    assert.equal(await item.getAttribute("aria-expanded"), "false");
    // One stop in the tab order for each value.
    assert.equal(await page.locator('.tree [role=treeitem][tabindex="0"]').count(), 1);
  });

  test("opens long arrays by the hundred, entries of maps, and prototypes, each when it is wanted", async () => {
    await open();
    const items = Array.from({ length: 250 }, (_, at) => number(at * 2));
    const array: Value = { type: "object", kind: "array", class: "Array", text: "(250) [0, 2, 4, …]", length: 250, items };
    const fly: Value = { type: "object", kind: "object", class: "Fly", text: "Fly {days: 1}", properties: [{ key: "days", value: number(1) }] };
    const map: Value = { type: "object", kind: "map", class: "Map", text: 'Map(1) {"fly" => Fly}', length: 1, entries: [[string("fly"), fly]] };
    const child: Value = { ...fly, prototype: { type: "object", kind: "object", class: "Insect", text: "Insect {}", properties: [{ key: "name", accessor: "getter" }] } };
    await run(prints(event({ args: [array, map, child] })));
    await page.locator("#badge", { hasText: "Completed" }).waitFor();
    const trees = page.locator(".tree");
    const shownIn = (tree: number) => trees.nth(tree).locator("[role=treeitem]:visible");
    await shownIn(0).first().click();
    assert.deepEqual(await shownIn(0).allTextContents(), ["(250) [0, 2, 4, …]", "[0 … 99]", "[100 … 199]", "[200 … 249]"]);
    await shownIn(0).nth(2).click();
    assert.equal(await shownIn(0).count(), 104, "and only that hundred");
    assert.equal(await shownIn(0).nth(3).textContent(), "100: 200");
    await shownIn(1).first().click();
    await shownIn(1).nth(1).click();
    assert.deepEqual((await shownIn(1).allTextContents()).slice(1, 4), ['0: "fly" ⇒ Fly {days: 1}', 'key: "fly"', "value: Fly {days: 1}"]);
    await shownIn(2).first().click();
    await shownIn(2).nth(2).click();
    assert.deepEqual(await shownIn(2).allTextContents(), ["Fly {days: 1}", "days: 1", "[[Prototype]]: Insect {}", "name: (getter)"]);
    assert.deepEqual(await axe(page), []);
  });

  test("has real tables", async () => {
    await open();
    await run(sampleRun);
    await page.locator("table").waitFor();
    const cells = await page.locator("table tr").evaluateAll((rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent)));
    assert.deepEqual(cells, [
      ["(index)", "name", "days", "lays"],
      ["0", '"mayfly"', "1", ""],
      ["1", '"honey bee"', "40", ""],
      ["2", '"termite queen"', "7300", "{eggs: 30000}"],
    ]);
    await page.getByText("… 900 more rows").waitFor();
    assert.equal(await page.locator(".row[data-kind=time] .message").textContent(), "all: 12.3 ms so far {a: 1}");
    assert.equal(await page.locator(".row[data-kind=time] [role=treeitem]").count(), 1);
  });

  test("opens and closes groups, nested ones too", async () => {
    await open();
    const line = (text: string, depth: number) => event({ args: [string(text)], depth });
    await run(
      prints(
        event({ kind: "group", args: [string("outer")], text: "outer" }),
        line("one", 1),
        event({ kind: "group_collapsed", args: [string("inner")], text: "inner", depth: 1 }),
        line("two", 2),
        event({ kind: "group_end", depth: 2 }),
        line("three", 1),
        event({ kind: "group_end", depth: 1 }),
        line("four", 0),
      ),
    );
    await page.locator(".row", { hasText: "four" }).waitFor();
    const seen = () => page.locator(".row .message:visible").allTextContents();
    assert.deepEqual(await seen(), ["outer", "one", "inner", "three", "four"]);
    await page.getByRole("button", { name: "Group inner" }).click();
    assert.deepEqual(await seen(), ["outer", "one", "inner", "two", "three", "four"]);
    await page.getByRole("button", { name: "Group outer" }).press("Enter");
    assert.deepEqual(await seen(), ["outer", "four"]);
    await page.getByRole("button", { name: "Group outer" }).press("Enter");
    assert.deepEqual(await seen(), ["outer", "one", "inner", "two", "three", "four"]);
  });

  test("console.clear empties it, and says so", async () => {
    await open();
    await run(prints(event({ args: [string("gone")] }), event({ kind: "clear" }), event({ args: [string("stays")] })));
    await page.locator(".row", { hasText: "stays" }).waitFor();
    assert.deepEqual(await page.locator(".row .message").allTextContents(), ["Console was cleared", "stays"]);
  });

  test("keeps the newest 100,000 of a flood, counts the rest, and draws only what is in sight", async () => {
    await open();
    await page.evaluate(() => {
      const seen = globalThis as unknown as { most: number };
      seen.most = 0;
      const tick = () => {
        seen.most = Math.max(seen.most, document.querySelectorAll("#rows > *").length);
        requestAnimationFrame(tick);
      };
      requestAnimationFrame(tick);
    });
    await run(
      onRun((run_id, peer) => {
        peer.send({ type: "started", run_id });
        for (let seq = 0; seq < 120_000; seq += 500) {
          const events = Array.from({ length: 500 }, (_, i) => event({ args: [string(`line ${seq + i}`)], text: `line ${seq + i}` }));
          peer.send({ type: "console", run_id, seq, events });
        }
        peer.send({ type: "finished", run_id, ...report("output_exceeded", { error: { name: "OutputLimit", message: "Too much output.", stack: [] }, dropped: { events: 7, bytes: 700 } }) });
      }),
    );
    await page.locator(".row.notice", { hasText: "7 lines (700 B) not shown" }).waitFor({ timeout: 30_000 });
    assert.equal(await page.locator("#earlier").textContent(), "20,001 earlier lines not shown");
    assert.match((await page.locator(".row").nth(-2).textContent()) ?? "", /line 119999/);
    const last = page.locator(".row").last();
    assert.equal(await last.getAttribute("aria-posinset"), "100000");
    assert.equal(await last.getAttribute("aria-setsize"), "100000");
    const most = await page.evaluate(() => (globalThis as unknown as { most: number }).most);
    assert.ok(most > 10 && most < 120, `${most} rows at once`);
    // The way to the top, and back by keys.
    await page.locator("#console").evaluate((element) => {
      element.scrollTop = 0;
    });
    await page.locator(".row", { hasText: "line 20001" }).waitFor();
    await page.locator(".row", { hasText: "line 20001" }).click();
    await page.keyboard.press("End");
    await page.locator(".row.notice:focus").waitFor();
    await page.keyboard.press("Home");
    await page.locator(".row:focus", { hasText: "line 20001" }).waitFor();
    await page.keyboard.press("ArrowDown");
    await page.locator(".row:focus", { hasText: "line 20002" }).waitFor();
  });

  test("follows new rows only from its end", async () => {
    await open();
    let say: (text: string) => void = () => undefined;
    await run(
      onRun((run_id, peer) => {
        peer.send({ type: "started", run_id });
        let seq = 0;
        say = (text) => {
          const events = Array.from({ length: 60 }, (_, i) => event({ args: [string(`${text} ${i + 1}`)] }));
          peer.send({ type: "console", run_id, seq, events });
          seq += events.length;
        };
        say("first");
      }),
    );
    const below = () => page.locator("#console").evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight);
    await page.locator(".row", { hasText: "first 60" }).waitFor();
    assert.ok((await below()) < 32);
    assert.ok(await page.locator("#latest").isHidden());
    await page.locator("#console").hover();
    await page.mouse.wheel(0, -600);
    await page.locator("#latest").waitFor();
    const before = await page.locator("#console").evaluate((element) => element.scrollTop);
    say("second");
    await page.locator('.row[aria-setsize="120"]').first().waitFor({ state: "attached" });
    assert.equal(await page.locator("#console").evaluate((element) => element.scrollTop), before);
    await page.locator("#latest").click();
    assert.ok((await below()) < 32);
    say("third");
    await page.locator(".row", { hasText: "third 60" }).waitFor();
    assert.ok((await below()) < 32);
  });

  test("announces the outcome and not every line", async () => {
    await open();
    await run(prints(event({ args: [string("chatter")] })));
    await page.locator("#badge", { hasText: "Completed" }).waitFor();
    assert.equal(await page.locator("#live").textContent(), "Completed in 1.5 s.");
    assert.equal(await page.locator("#console").evaluate((element) => element.closest("[aria-live], [role=log], [role=status]")), null);
  });
});
