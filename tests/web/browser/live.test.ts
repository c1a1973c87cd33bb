// The whole product: real Chromium, the real server, real programs.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { axe, layout } from "../support/audit.ts";
import { openPage, program, type } from "../support/browser.ts";
import { browser, outcome, page, run, server, watched } from "../support/real-page.ts";

describe("live output", () => {
  test("the loop shows one line every 300 ms, while it runs", async () => {
    await type(page, "for (let i=0;i<5;i++){console.log(i,{i});await new Promise(r=>setTimeout(r,300))}");
    // In the page, when does each row come, and was the run still going on?
    await page.evaluate(() => {
      const seen: { at: number; busy: boolean }[] = [];
      (globalThis as unknown as { seen: typeof seen }).seen = seen;
      const rows = document.querySelector("#rows");
      const badge = document.querySelector<HTMLElement>("#badge");
      if (rows === null || badge === null) throw new Error("no console");
      new MutationObserver((changes) => {
        for (const change of changes) {
          for (const node of change.addedNodes) {
            if (node instanceof HTMLElement && node.dataset["atMs"] !== undefined) {
              seen.push({ at: performance.now(), busy: badge.dataset["tone"] === "busy" });
            }
          }
        }
      }).observe(rows, { childList: true });
    });
    await page.locator("#run").click();
    assert.equal(await outcome(), "Completed");
    const seen = await page.evaluate(() => (globalThis as unknown as { seen: { at: number; busy: boolean }[] }).seen);
    assert.equal(seen.length, 5);
    assert.ok(seen.every(({ busy }) => busy), "each row came while the run was going on");
    const gaps = seen.slice(1).map(({ at }, i) => at - (seen[i]?.at ?? 0));
    for (const gap of gaps) assert.ok(gap > 200 && gap < 450, `rows came ${gaps.map(Math.round).join(", ")} ms apart`);
    const stamps = await page.locator("#rows .row[data-at-ms]").evaluateAll((rows) => rows.map((row) => Number((row as HTMLElement).dataset["atMs"])));
    for (const [i, stamp] of stamps.slice(1).entries()) {
      const gap = stamp - (stamps[i] ?? 0);
      assert.ok(gap >= 290 && gap < 450, `the program's own times: ${stamps.join(", ")}`);
    }
    assert.deepEqual(await page.locator("#rows .row[data-at-ms] .message").allTextContents(), ["0 {i: 0}", "1 {i: 1}", "2 {i: 2}", "3 {i: 3}", "4 {i: 4}"]);
  });

  test("a flood leaves the page alive, and what is missing is counted", async () => {
    await run('for(let i=0;;i++)console.log("line", i)');
    assert.equal(await outcome(), "Output limit");
    await page.locator(".row", { hasText: "not shown: over the limit for output" }).waitFor();
    await run("'still here'");
    await page.locator(".row.result", { hasText: '"still here"' }).waitFor();
  });
});

describe("following", () => {
  const source = `for (let i = 0; i < 12; i++) {
  console.log(i);
  await new Promise((wake) => setTimeout(wake, 20));
}
console.table([{ a: 1 }, { a: 2 }, { a: 3 }]);
console.log("multi\\nline\\ntext");
"the end"`;
  for (const width of [1280, 360]) {
    test(`the newest row stays in view, whatever its height, at ${width} px`, async () => {
      await page.setViewportSize({ width, height: 640 });
      await run(source);
      assert.equal(await outcome(), "Completed");
      const last = page.locator(".row.result", { hasText: "the end" });
      await last.waitFor();
      await page.waitForFunction(() => {
        const row = document.querySelector(".row.result")?.getBoundingClientRect();
        const box = document.querySelector("#rows")?.parentElement?.getBoundingClientRect();
        return row !== undefined && box !== undefined && row.bottom <= box.bottom + 1;
      });
      assert.ok(await page.locator("#latest").isHidden());
    });
  }

  test("who scrolls up stays there", async () => {
    await run("for (let i = 0; i < 80; i++) console.log(i); await new Promise((wake) => setTimeout(wake, 400)); console.log('more'); 'the end'");
    await page.locator("#rows .row", { hasText: "79" }).waitFor();
    await page.locator("#rows .row").last().hover();
    await page.mouse.wheel(0, -600);
    await page.locator("#latest").waitFor();
    assert.equal(await outcome(), "Completed");
    assert.ok(await page.locator("#latest").isVisible());
    await page.locator("#latest").click();
    await page.locator("#latest").waitFor({ state: "hidden" });
  });
});

describe("stopping", () => {
  test("a loop without end is dead within 300 ms of the click", async () => {
    await run("while(true){}");
    await page.locator("#badge", { hasText: "Running" }).waitFor();
    const took = await page.evaluate(async () => {
      const badge = document.querySelector<HTMLElement>("#badge");
      const stop = document.querySelector<HTMLButtonElement>("#stop");
      if (badge === null || stop === null) throw new Error("no run bar");
      const ended = new Promise<void>((resolve) => {
        new MutationObserver(() => {
          if (badge.dataset["tone"] !== "busy") resolve();
        }).observe(badge, { attributes: true });
      });
      const start = performance.now();
      stop.click();
      await ended;
      return performance.now() - start;
    });
    assert.equal(await outcome(), "Stopped");
    assert.ok(took < 300, `it took ${Math.round(took)} ms`);
    assert.match(await page.locator("#message").innerText(), /line 1/);
  });

  test("by a limit: the message names the line, which is marked and can be gone to", async () => {
    await run("let turns = 0;\nfunction spin() {\n  while (true) turns++;\n}\nspin();");
    assert.match(await outcome(), /^(CPU limit|Out of time)$/);
    assert.match(await page.locator("#message").innerText(), /spin.*line 3/);
    await page.locator("#editor .cm-line-stopped", { hasText: "while (true) turns++" }).waitFor();
    await page.locator("#message").getByRole("button", { name: "line 3" }).click();
    assert.equal(await page.locator("#editor .cm-activeLine").textContent(), "  while (true) turns++;");
  });

  test("running again leaves the old run behind", async () => {
    await run("let i = 0;\nfor (;;) { console.log('old', i++); await new Promise((r) => setTimeout(r, 5)); }");
    await page.locator(".row", { hasText: "old 3" }).first().waitFor();
    await run("console.log('new'); await new Promise((r) => setTimeout(r, 400)); 'done'");
    await page.locator(".row.result", { hasText: '"done"' }).waitFor();
    assert.deepEqual(await page.locator("#rows .row[data-at-ms] .message").allTextContents(), ["new"]);
  });
});

describe("values", () => {
  test("open by keyboard, and nothing of theirs runs", async () => {
    await run(`class Point { constructor() { this.x = 3; this.self = this; } }
const point = new Point();
Object.defineProperty(point, "lazy", { enumerable: true, get() { console.log("ran"); return 1; } });
console.log(point);`);
    assert.equal(await outcome(), "Completed");
    await page.locator("#console").focus();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    const lines = await page.locator(".tree .group .line").allTextContents();
    assert.equal(lines.length, 3);
    assert.equal(lines[0], "x: 3");
    assert.match(lines[1] ?? "", /^self: circular → #\d+$/);
    assert.equal(lines[2], "lazy: (getter)");
    assert.equal(await page.locator(".row", { hasText: "ran" }).count(), 0);
  });

  test("tables are tables, and their cells open, too", async () => {
    await run('console.table([{ name: "mayfly", lays: { eggs: 4000 } }, { name: "moth" }])');
    await page.locator("table").waitFor();
    assert.deepEqual(await page.locator("thead th").allInnerTexts(), ["(index)", "name", "lays"]);
    assert.equal(await page.locator("tbody tr").count(), 2);
    await page.locator("table [role=treeitem]").first().press("ArrowRight");
    await page.locator("table .line", { hasText: "eggs: 4000" }).last().waitFor();
  });

  test("the result of the last expression is shown", async () => {
    await run("[1, , 3].concat('four')");
    await page.locator(".row.result").waitFor();
    assert.match((await page.locator(".row.result .message").textContent()) ?? "", /1.*empty.*3.*four/);
  });

  test("text that looks like markup stays text", async () => {
    const evil = '<img src=x onerror="document.title=1">';
    await run(`console.log(${JSON.stringify(evil)}, { [${JSON.stringify(evil)}]: 1 }); console.table([[${JSON.stringify(evil)}]])`);
    assert.equal(await outcome(), "Completed");
    assert.equal(await page.locator("#console img").count(), 0);
    assert.ok((await page.locator(".row").first().innerText()).includes(evil));
  });
});

describe("errors", () => {
  for (const [name, source, line, text] of [
    ["thrown", "let a = 1;\nthrow new TypeError('no good');", 2, /TypeError: no good/],
    ["of syntax", "let a = 1;\nlet b = ;\n", 2, /SyntaxError/],
    ["of a promise that nobody handles", "let a = 1;\n\nPromise.reject(new RangeError('left alone'));", 3, /RangeError: left alone/],
  ] as const) {
    test(`${name} say where, in console and editor`, async () => {
      await run(source);
      assert.equal(await outcome(), "Failed");
      assert.match(await page.locator("#message").innerText(), text);
      const row = page.locator(".row.uncaught");
      assert.match(await row.innerText(), text);
      await page.locator("#editor .cm-line-error").waitFor();
      await row.locator(".position").first().click();
      const shown = await page.locator("#editor .cm-activeLine").textContent();
      assert.equal(shown, source.split("\n")[line - 1]);
    });
  }
});

describe("from the gallery", () => {
  // What the others print is looked at in live-examples.
  for (const name of ["Live loop", "Values", "Table", "Errors", "Questions", "Charts and more", "Drawing", "JSX", "Function endpoint", "Several files"]) {
    test(`${name} runs as it should`, async () => {
      await page.locator("#examples").click();
      await page.locator("#examples-menu .menu-item").filter({ has: page.locator(".menu-name", { hasText: new RegExp(`^${name}$`) }) }).click();
      await page.locator("#run").click();
      if (name === "Questions") {
        await page.locator(".ask-input").waitFor();
        await page.keyboard.press("Escape");
      }
      assert.equal(await outcome(), name === "Errors" ? "Failed" : "Completed");
      await page.locator(".row").nth(1).waitFor();
      // What changes while axe looks confuses it.
      await page.locator("html[data-assist=ready]").waitFor();
      assert.deepEqual(await axe(page), []);
    });
  }
});

describe("looks", () => {
  for (const colorScheme of ["light", "dark"] as const) {
    for (const width of [1280, 360]) {
      test(`${colorScheme}, ${width} px`, async () => {
        const other = await openPage(browser, server.url, { colorScheme, viewport: { width, height: 740 } });
        const check = async () => {
          assert.deepEqual(await layout(other.page), { sideways: 0, runInSight: true });
          assert.deepEqual(await axe(other.page), []);
        };
        await check();
        await type(other.page, "console.log({ a: [1, 2] }); console.table([[1]]); console.warn('w'); throw new Error('e')");
        await other.page.locator("#run").click();
        await other.page.locator(".row.uncaught").waitFor();
        await check();
        await other.close();
        assert.deepEqual(other.problems, []);
      });
    }
  }
});

test("the draft survives a reload and a restart of the server, and the page comes back by itself", async (t) => {
  await type(page, "const draft = 'mine';\ndraft");
  await page.reload();
  await page.locator("#connection[data-at=open]").waitFor();
  assert.equal(await program(page), "const draft = 'mine';\ndraft");
  if (!server.ours) {
    t.diagnostic("The restart is left out: the server at MAYFLY_URL is not ours to stop.");
    return;
  }
  await page.locator("#run").click();
  await page.locator(".row.result", { hasText: '"mine"' }).waitFor();
  // What loads while the server stops would fail.
  await page.locator("html[data-assist=ready]").waitFor();
  await server.stop();
  await page.locator("#connection[data-at=closed]").waitFor();
  await page.locator("#editor .cm-content").click();
  await page.keyboard.press("Control+End");
  await page.keyboard.insertText("\n  + ' still'");
  await server.startAgain();
  await page.locator("#connection[data-at=open]").waitFor();
  assert.equal(await program(page), "const draft = 'mine';\ndraft\n  + ' still'");
  await page.locator("#run").click();
  await page.locator(".row.result", { hasText: '"mine still"' }).waitFor();
  // A refused connection is an error that Chromium itself writes to the console.
  watched.problems.splice(0, Infinity, ...watched.problems.filter((problem) => !/ERR_CONNECTION_REFUSED|\/api\/v1\/ws/.test(problem)));
});

test("pages that are not there look like the rest", async () => {
  const response = await page.goto(`${server.url}/no/such/page`);
  assert.equal(response?.status(), 404);
  assert.ok(await page.locator("h1").isVisible());
  assert.deepEqual(await axe(page), []);
  // Chromium itself writes an error to the console for a page of status 404.
  watched.problems.splice(0, Infinity, ...watched.problems.filter((problem) => !problem.includes("404")));
});
