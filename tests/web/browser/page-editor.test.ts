// The page alone, in real Chromium, against a server that says what each test wants: the editor, and positions in it.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { program, type } from "../support/browser.ts";
import { focused, onRun, open, page, prints, run, usePages } from "../support/mock-page.ts";
import { report } from "../support/mock-server.ts";
import { event, number, string } from "../support/sample-run.ts";

usePages();

describe("positions", () => {
  const caret = () =>
    page.evaluate(() => {
      const editor = document.querySelector("#editor");
      const lines = [...(editor?.shadowRoot?.querySelectorAll(".cm-line") ?? [])];
      return lines.findIndex((line) => line.classList.contains("cm-activeLine")) + 1;
    });

  test("go to the editor, also after it was edited", async () => {
    await open();
    await type(page, "// one\n// two\n// three");
    await run(prints(event({ args: [number(1)], line: 2, column: 4 })));
    await page.getByRole("button", { name: "2:4" }).click();
    assert.equal(await caret(), 2);
    assert.equal(await focused(), "editor");
    await page.keyboard.press("Control+Home");
    await page.keyboard.insertText("// new\n// new\n");
    await page.getByRole("button", { name: "2:4" }).click();
    assert.equal(await caret(), 4);
  });

  test("of an error are marked, until its line is edited or the program runs again", async () => {
    await open();
    await type(page, "1;\nthrow new Error('no');\n2;");
    const fails = onRun((run_id, peer) => {
      peer.send({ type: "started", run_id });
      const stack = [{ function: "", line: 2, column: 7 }];
      peer.send({ type: "finished", run_id, ...report("failed", { error: { name: "Error", message: "no", stack } }) });
    });
    await run(fails);
    await page.locator("#editor .cm-line-error", { hasText: "throw new Error" }).waitFor();
    assert.equal(await page.locator("#editor .cm-mark-message").textContent(), "Error: no");
    await page.locator(".row.uncaught").getByRole("button", { name: "2:7" }).click();
    await page.keyboard.insertText("x");
    assert.equal(await page.locator("#editor .cm-line-error").count(), 0);
    await run(fails);
    await page.locator("#editor .cm-line-error").waitFor();
    await run(prints());
    await page.locator("#badge", { hasText: "Completed" }).waitFor();
    assert.equal(await page.locator("#editor .cm-line-error").count(), 0);
  });

  test("beyond the program's end do no harm", async () => {
    await open();
    await type(page, "1");
    await run(
      onRun((run_id, peer) => {
        peer.send({ type: "started", run_id });
        const stack = [{ function: "", line: 4_000_000_000, column: 4_000_000_000 }];
        peer.send({ type: "finished", run_id, ...report("failed", { error: { name: "Error", message: "far", stack } }) });
      }),
    );
    await page.locator("#editor .cm-line-error").waitFor();
  });
});

describe("the editor", () => {
  test("indents by Tab, and is left by Escape and Tab", async () => {
    await open();
    await type(page, "x");
    await page.keyboard.press("Home");
    await page.keyboard.press("Tab");
    assert.equal(await program(page), "  x");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Tab");
    assert.notEqual(await focused(), "editor");
  });

  test("is reached by the skip link", async () => {
    await open();
    await page.keyboard.press("Tab");
    assert.equal(await focused(), "skip");
    await page.keyboard.press("Enter");
    assert.equal(await focused(), "editor");
    await page.keyboard.press("Control+a");
    await page.keyboard.insertText("typed");
    assert.equal(await program(page), "typed");
  });

  test("keeps the draft over a reload", async () => {
    await open();
    await type(page, "const draft = 'survives';");
    await page.reload();
    await page.locator("#connection[data-at=open]").waitFor();
    assert.equal(await program(page), "const draft = 'survives';");
  });

  test("works without storage, and says that nothing is kept", async () => {
    await open({}, () => {
      Object.defineProperty(window, "localStorage", {
        get() {
          throw new DOMException("storage is off", "SecurityError");
        },
      });
    });
    await type(page, "1");
    await page.locator("#saved", { hasText: "keeps no draft" }).waitFor();
    await page.locator("#theme").click();
    await run(prints(event({ args: [string("fine")] })));
    await page.locator(".row", { hasText: "fine" }).waitFor();
  });

  test("takes examples, and undo brings the own program back", async () => {
    await open();
    await type(page, "mine");
    await page.locator("#examples").click();
    await page.locator("#examples-menu button").first().waitFor();
    await page.waitForFunction(() => document.activeElement?.classList.contains("menu-item"));
    for (let i = 0; i < 4; i += 1) await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    assert.match(await program(page), /^\/\/ Values stay alive/);
    await page.keyboard.press("Control+z");
    assert.equal(await program(page), "mine");
  });
});
