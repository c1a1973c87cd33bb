// The program as plain text, before the editor is there, and what becomes of what was done in it.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { axe, layout } from "../support/audit.ts";
import { LOOKS, program, type Visitor } from "../support/browser.ts";
import { open, page, prints, server, usePages } from "../support/mock-page.ts";
import { event, string } from "../support/sample-run.ts";

usePages();

const early = () => page.locator("#early");
const text = () => program(page);

/** Opens the page and keeps its main script back; gives what lets it come. */
async function openEarly(options: Visitor = {}, before?: () => void): Promise<() => Promise<void>> {
  let letCome: () => void = () => undefined;
  const come = new Promise<void>((resolve) => {
    letCome = resolve;
  });
  await open({ ...options, holds: { files: /\/main-.*\.js$/, until: come } }, before);
  await early().waitFor();
  return async () => {
    letCome();
    await page.locator("#connection[data-at=open]").waitFor();
  };
}

describe("before the editor is there", () => {
  test("the first program can be typed into, and the editor goes on where that was", async () => {
    server.script = prints(event({ args: [string("ran")], text: "ran" }));
    const come = await openEarly();
    const first = await early().inputValue();
    assert.match(first, /console\.log/);
    await early().focus();
    await page.keyboard.press("ControlOrMeta+Home");
    await page.keyboard.type("// mine\n");
    await come();
    assert.equal(await early().count(), 0);
    assert.ok(await page.evaluate(() => document.activeElement?.id === "editor"));
    await page.keyboard.type("// more\n");
    assert.ok((await text()).startsWith("// mine\n// more\n"), await text());
    assert.equal(server.received.filter(({ type }) => type === "run").length, 0, "what is being typed is not run by itself");
    // How many keys one step back takes away depends on how fast they came.
    for (let step = 0; step < 12; step += 1) await page.keyboard.press("ControlOrMeta+z");
    assert.equal((await text()).trimEnd(), first.trimEnd());
  });

  test("a draft is there, of the file that was shown, and Run is remembered", async () => {
    const come = await openEarly({}, () => {
      localStorage.setItem("mayfly.visited", "1");
      const files = [{ name: "main.js", content: "1 + 1" }, { name: "other.js", content: "const other = 2;" }];
      localStorage.setItem("mayfly.draft", `mayfly files 1\n${JSON.stringify({ files, active: "other.js" })}`);
    });
    assert.equal(await early().inputValue(), "const other = 2;");
    await early().press("End");
    await page.keyboard.type(" // two");
    await page.keyboard.press("ControlOrMeta+Enter");
    await come();
    await page.waitForFunction(() => (JSON.stringify(localStorage.getItem("mayfly.draft"))).includes("// two"));
    const [run] = server.received.filter(({ type }) => type === "run");
    assert.ok(run?.type === "run");
    assert.deepEqual(run.files, [{ name: "main.js", content: "1 + 1" }, { name: "other.js", content: "const other = 2; // two" }]);
  });

  for (const [name, options] of LOOKS) {
    test(`${name}: it fits, stands where the editor will have it, and axe finds nothing`, async () => {
      const come = await openEarly(options);
      assert.deepEqual(await layout(page), { sideways: 0, runInSight: true });
      assert.deepEqual(await axe(page), []);
      const at = await early().evaluate((box) => {
        const style = getComputedStyle(box);
        return { left: box.getBoundingClientRect().left + Number.parseFloat(style.paddingLeft), top: box.getBoundingClientRect().top + Number.parseFloat(style.paddingTop), size: style.fontSize };
      });
      await come();
      const then = await page.evaluate(() => {
        const line = document.querySelector("#editor")?.shadowRoot?.querySelector(".cm-line");
        if (line === null || line === undefined) throw new Error("no line");
        const range = document.createRange();
        range.selectNodeContents(line);
        const place = range.getBoundingClientRect();
        const height = Number.parseFloat(getComputedStyle(line).lineHeight);
        return { left: place.left, top: place.top - (height - place.height) / 2, size: getComputedStyle(line).fontSize };
      });
      assert.ok(Math.abs(at.left - then.left) <= 3 && Math.abs(at.top - then.top) <= 3, JSON.stringify([at, then]));
      assert.equal(at.size, then.size);
    });
  }
});
