// The page alone, in real Chromium: several files as tabs, and what goes to the server of them.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { axe, layout } from "../support/audit.ts";
import { program, type } from "../support/browser.ts";
import { focused, onRun, open, page, prints, run, server, usePages } from "../support/mock-page.ts";
import { report } from "../support/mock-server.ts";
import { event, number } from "../support/sample-run.ts";

usePages();

const tabs = () => page.locator("#tabs [role=tab] .tab-name").allTextContents();
const shown = () => page.locator("#tabs [aria-selected=true] .tab-name").textContent();
const tab = (name: string) => page.locator(`#tabs [data-name="${name}"]`);

/** Adds a file by its dialog, and types into it. */
async function add(name: string, text: string): Promise<void> {
  await page.locator("#add-file").click();
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.type(name);
  await page.keyboard.press("Enter");
  await page.locator("dialog[aria-label]").waitFor({ state: "detached" });
  await page.waitForFunction(() => document.activeElement?.id === "editor");
  await page.keyboard.insertText(text);
}

describe("files", () => {
  test("are added, shown, and sent together; one alone is sent as it was", async () => {
    await open();
    await type(page, 'import { two } from "./lib/two.js";\ntwo');
    await add("lib/two.js", "export const two = 2;");
    assert.deepEqual(await tabs(), ["main.js", "lib/two.js"]);
    assert.equal(await shown(), "lib/two.js");
    await tab("main.js").click();
    assert.match(await program(page), /^import/);
    await run(prints());
    await page.locator("#badge", { hasText: "Completed" }).waitFor();
    const [sent] = server.received.filter((it) => it.type === "run") as unknown as Record<string, unknown>[];
    assert.deepEqual(sent?.["files"], [
      { name: "main.js", content: 'import { two } from "./lib/two.js";\ntwo' },
      { name: "lib/two.js", content: "export const two = 2;" },
    ]);
    assert.equal(sent["entry"], "main.js");
    assert.ok(!("source" in sent));
    await tab("lib/two.js").press("Delete");
    await run(prints());
    await page.waitForFunction(() => document.querySelectorAll("#tabs [role=tab]").length === 1);
    await page.locator("#badge", { hasText: "Completed" }).waitFor();
    const alone = server.received.filter((it) => it.type === "run").at(-1) as unknown as Record<string, unknown>;
    assert.equal(alone["source"], 'import { two } from "./lib/two.js";\ntwo');
    assert.ok(!("files" in alone));
  });

  test("are kept with the draft, each with its text", async () => {
    await open();
    await type(page, "// one");
    await add("b.ts", "// two");
    await add("c.json", "{}");
    await page.locator("#tabs [data-name='b.ts']").click();
    await page.reload();
    await page.locator("#connection[data-at=open]").waitFor();
    assert.deepEqual(await tabs(), ["main.js", "b.ts", "c.json"]);
    assert.equal(await shown(), "b.ts");
    assert.equal(await program(page), "// two");
    await tab("main.js").click();
    assert.equal(await program(page), "// one");
  });

  test("have undo of their own, also after they were closed and brought back", async () => {
    await open();
    await type(page, "// one");
    await add("b.js", "// two");
    await page.keyboard.insertText(" more");
    await tab("main.js").click();
    await tab("b.js").hover();
    await tab("b.js").locator(".tab-close").click();
    assert.deepEqual(await tabs(), ["main.js"]);
    const toast = page.locator("#toast");
    assert.match((await toast.textContent()) ?? "", /Closed b\.js/);
    await toast.getByRole("button", { name: "Undo" }).click();
    assert.deepEqual(await tabs(), ["main.js", "b.js"]);
    assert.equal(await program(page), "// two more");
    await page.keyboard.press("ControlOrMeta+z");
    assert.notEqual(await program(page), "// two more");
    await tab("main.js").click();
    assert.equal(await program(page), "// one");
  });

  test("are handled by keys alone, with one stop for Tab", async () => {
    await open();
    await add("b.js", "");
    await add("c.js", "");
    await tab("c.js").focus();
    assert.deepEqual(await page.locator("#tabs [role=tab]").evaluateAll((all) => all.map((it) => (it as HTMLElement).tabIndex)), [-1, -1, 0]);
    await page.keyboard.press("ArrowRight");
    assert.equal(await shown(), "main.js");
    await page.keyboard.press("End");
    await page.keyboard.press("ArrowLeft");
    assert.equal(await shown(), "b.js");
    await page.keyboard.press("Control+Shift+ArrowLeft");
    assert.deepEqual(await tabs(), ["b.js", "main.js", "c.js"]);
    assert.equal(await focused(), "tab-0");
    await page.keyboard.press("F2");
    await page.keyboard.press("ControlOrMeta+a");
    await page.keyboard.type("main.js");
    await page.keyboard.press("Enter");
    assert.equal(await page.locator("dialog[aria-label] .trouble").textContent(), "There is a file of this name.");
    assert.equal(await page.locator("dialog[aria-label] input").getAttribute("aria-invalid"), "true");
    await page.keyboard.press("ControlOrMeta+a");
    await page.keyboard.type("util/b.ts");
    await page.keyboard.press("Enter");
    await page.locator("dialog[aria-label]").waitFor({ state: "detached" });
    assert.deepEqual(await tabs(), ["util/b.ts", "main.js", "c.js"]);
    await tab("util/b.ts").press("Delete");
    assert.deepEqual(await tabs(), ["main.js", "c.js"]);
    await page.keyboard.press("Alt+PageDown");
    assert.equal(await shown(), "c.js");
    assert.equal(await focused(), "editor");
  });

  test("are put in another order by the mouse", async () => {
    await open();
    await add("b.js", "");
    await tab("b.js").dragTo(tab("main.js"));
    assert.deepEqual(await tabs(), ["b.js", "main.js"]);
  });

  test("say which one runs, and another can be chosen", async () => {
    await open();
    await add("b.js", "1");
    assert.equal(await page.locator("#tabs .tab-entry").count(), 1);
    assert.equal(await tab("main.js").locator(".tab-entry").count(), 1);
    await page.keyboard.press("F1");
    await page.locator(".palette-field").waitFor();
    await page.keyboard.type("Run b.js first");
    await page.keyboard.press("Enter");
    // The command is done when its dialog is gone.
    await page.locator("dialog[aria-label]").waitFor({ state: "detached" });
    await tab("b.js").locator(".tab-entry").waitFor();
    await run(prints());
    await page.locator("#badge", { hasText: "Completed" }).waitFor();
    assert.equal((server.received.at(-1) as unknown as Record<string, unknown>)["entry"], "b.js");
  });

  test("are gone to by positions, and marked", async () => {
    await open();
    await type(page, "// program");
    await add("lib.js", "// one\nthrow new Error('no');");
    await tab("main.js").click();
    await run(
      onRun((run_id, peer) => {
        peer.send({ type: "started", run_id });
        const at = { file: "lib.js" };
        peer.send({ type: "console", run_id, seq: 0, events: [event({ args: [number(1)], line: 1, column: 4 })] });
        peer.send({ type: "finished", run_id, ...report("failed", { error: { name: "Error", message: "no", stack: [{ function: "", line: 2, column: 7, ...at }] } }) });
      }),
    );
    await page.locator(".row.uncaught").waitFor();
    // The program itself is not marked; the other file says that it failed.
    assert.equal(await page.locator("#editor .cm-line-error").count(), 0);
    assert.equal(await page.locator("#tabs [data-failed]").getAttribute("data-name"), "lib.js");
    await tab("lib.js").click();
    await page.locator("#editor .cm-line-error", { hasText: "throw new Error" }).waitFor();
    await page.getByRole("button", { name: "1:4" }).click();
    assert.equal(await shown(), "main.js");
  });

  test("give way to an example, and can be brought back", async () => {
    await open();
    await type(page, "// mine");
    await add("b.js", "// also mine");
    await page.locator("#examples").click();
    await page.locator("#examples-menu").getByRole("button", { name: /^Table/ }).click();
    assert.deepEqual(await tabs(), ["main.js"]);
    assert.match(await program(page), /Real tables/);
    await page.locator("#toast").getByRole("button", { name: "Undo" }).click();
    assert.deepEqual(await tabs(), ["main.js", "b.js"]);
    await tab("main.js").click();
    assert.equal(await program(page), "// mine");
  });

  test("are at most 32", async () => {
    await open({}, () => {
      const files = Array.from({ length: 32 }, (_, i) => ({ name: `f${i}.js`, content: "" }));
      localStorage.setItem("mayfly.draft", `mayfly files 1\n${JSON.stringify({ files })}`);
    });
    assert.equal((await tabs()).length, 32);
    await page.locator("#add-file").click();
    assert.match((await page.locator("#toast").textContent()) ?? "", /at most 32 files/);
  });
});

for (const colorScheme of ["light", "dark"] as const) {
  for (const viewport of [{ width: 1280, height: 800 }, { width: 360, height: 740 }]) {
    test(`tabs and their dialog are accessible and fit: ${colorScheme}, ${viewport.width} px`, async () => {
      await open({ colorScheme, viewport });
      await add("a-rather-long-name-of-a-file.js", "1");
      await add("b.ts", "2");
      assert.deepEqual(await axe(page), []);
      assert.deepEqual(await layout(page), { sideways: 0, runInSight: true });
      await tab("b.ts").press("F2");
      await page.locator("dialog[aria-label] input").fill("a b");
      await page.keyboard.press("Enter");
      assert.deepEqual(await axe(page), []);
      await page.keyboard.press("Escape");
      await page.locator("dialog[aria-label]").waitFor({ state: "detached" });
      await tab("b.ts").press("Delete");
      await page.locator("#toast .toast").waitFor();
      assert.deepEqual(await axe(page), []);
    });
  }
}
