// The page alone, in real Chromium: the language service in the editor, from its worker: problems, definitions, renaming; and typing with it on.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { axe } from "../support/audit.ts";
import { program, type } from "../support/browser.ts";
import { assisted, renameFile } from "../support/language.ts";
import { open, page, usePages } from "../support/mock-page.ts";

usePages();

describe("problems", () => {
  test("of types show before running, are counted, and are listed", async () => {
    await assisted();
    await renameFile("main.ts");
    await type(page, 'const days: number = "one";\nconsole.log(days);');
    await page.locator("#editor .cm-lintRange-error").waitFor();
    assert.equal(await page.locator("#problems").textContent(), "1 error");
    await page.locator("#problems").click();
    await page.locator("#editor .cm-panel-lint", { hasText: "not assignable to type 'number'" }).waitFor();
    assert.deepEqual(await axe(page), []);
    await page.keyboard.press("Escape");
    await page.locator("#editor .cm-content").click();
    await page.keyboard.press("ControlOrMeta+Home");
    await page.keyboard.press("F8");
    assert.match((await page.locator("#editor .cm-diagnostic").first().textContent()) ?? "", /not assignable/);
    await type(page, "const days: number = 1;\nconsole.log(days);");
    await page.locator("#problems").waitFor({ state: "hidden" });
  });

  test("likely ones come with what to do, and do it", async () => {
    await assisted();
    await type(page, "let i = 0;\nwhile (i < 3) {\n  console.log(i);\n}\n");
    await page.locator("#editor .cm-lintRange-warning", { hasText: "i" }).first().waitFor();
    await type(page, "const work = async () => 1;\nwork();");
    const range = page.locator("#editor .cm-lintRange-warning", { hasText: "work" }).first();
    await range.waitFor();
    await range.hover();
    await page.locator("#editor .cm-diagnosticAction", { hasText: "Add await" }).click();
    assert.equal(await program(page), "const work = async () => 1;\nawait work();");
  });

  test("of modules that there are not", async () => {
    await assisted();
    await type(page, 'const fs = require("fs");\nconsole.log(fs);');
    await page.locator("#editor .cm-lintRange-error", { hasText: "fs" }).waitFor();
    await page.locator("#problems").click();
    await page.locator("#editor .cm-panel-lint", { hasText: "Module 'fs' is not available in this sandbox." }).waitFor();
  });

  test("are looked for in the file that is shown", async () => {
    await assisted();
    await type(page, 'import { two } from "./two.ts";\nconsole.log(two);');
    await page.locator("#problems", { hasText: "1 error" }).waitFor();
    await page.locator("#add-file").click();
    await page.keyboard.press("ControlOrMeta+a");
    await page.keyboard.type("two.ts");
    await page.keyboard.press("Enter");
    await page.locator("dialog[aria-label]").waitFor({ state: "detached" });
    await page.keyboard.insertText("export const two: string = 2;");
    await page.locator("#editor .cm-lintRange-error", { hasText: "two" }).waitFor();
    await page.locator("#tabs [data-name='main.js']").click();
    await page.locator("#problems").waitFor({ state: "hidden" });
  });
});

describe("names", () => {
  const two = async () => {
    await assisted();
    await type(page, 'import { halve } from "./maths.js";\nconsole.log(halve(4));');
    await page.locator("#add-file").click();
    await page.keyboard.press("ControlOrMeta+a");
    await page.keyboard.type("maths.js");
    await page.keyboard.press("Enter");
    await page.locator("dialog[aria-label]").waitFor({ state: "detached" });
    await page.keyboard.insertText("// halves\nexport const halve = (it) => it / 2;");
    await page.locator("#tabs [data-name='main.js']").click();
    await page.locator("#editor .cm-content").click();
    await page.keyboard.press("ControlOrMeta+End");
    for (let i = 0; i < 7; i++) await page.keyboard.press("ArrowLeft");
  };
  const shown = () => page.locator("#tabs [aria-selected=true] .tab-name").textContent();

  test("lead to their definition, in other files too", async () => {
    await two();
    await page.keyboard.press("F12");
    await page.locator("#tabs [aria-selected=true]", { hasText: "maths.js" }).waitFor();
    assert.equal(await page.locator("#editor .cm-activeLine").textContent(), "export const halve = (it) => it / 2;");
    await page.locator("#tabs [data-name='main.js']").click();
    await page.locator("#editor .cm-line", { hasText: "console" }).getByText("halve").click({ modifiers: ["ControlOrMeta"] });
    await page.locator("#tabs [aria-selected=true]", { hasText: "maths.js" }).waitFor();
  });

  test("are changed in every file", async () => {
    await two();
    await page.keyboard.press("F2");
    await page.locator("dialog[aria-label] input").fill("2x");
    await page.keyboard.press("Enter");
    assert.match((await page.locator("dialog[aria-label] .trouble").textContent()) ?? "", /can't be a name/);
    await page.locator("dialog[aria-label] input").fill("half");
    await page.keyboard.press("Enter");
    await page.locator("#toast", { hasText: "Renamed halve to half in 3 places." }).waitFor();
    assert.equal(await shown(), "main.js");
    assert.equal(await program(page), 'import { half } from "./maths.js";\nconsole.log(half(4));');
    await page.locator("#tabs [data-name='maths.js']").click();
    assert.equal(await program(page), "// halves\nexport const half = (it) => it / 2;");
  });
});

test("the service is loaded after the page, cached for ever, and goes when it is turned off", async () => {
  await open();
  const loaded = () => page.evaluate(() => performance.getEntriesByType("resource").map((it) => it.name.replace(/^.*\//, "")));
  const first = await page.evaluate(() => document.querySelectorAll("link[rel=modulepreload]").length);
  assert.ok(first > 0);
  await page.locator("html[data-assist=ready]").waitFor({ timeout: 20_000 });
  assert.ok((await loaded()).some((it) => it.startsWith("start-")));
  assert.equal(page.workers().length, 1);
  await page.locator("#settings").click();
  await page.getByLabel("Completion, types and problems").uncheck();
  assert.equal(await page.locator("html[data-assist]").count(), 0);
  const [worker] = page.workers();
  await worker?.waitForEvent("close");
  assert.equal(page.workers().length, 0);
});

test("typing in 2,000 lines with the service on answers each key within a frame", async (context) => {
  await assisted();
  const block = (i: number) => `function step${i}(value) {\n  const next = value + ${i};\n  return { next, text: \`step \${next}\` };\n}\n\n`;
  const lines = Array.from({ length: 400 }, (_, i) => block(i)).join("");
  await type(page, lines);
  await page.keyboard.press("ControlOrMeta+Home");
  for (let i = 0; i < 60; i++) await page.keyboard.press("PageDown");
  await page.keyboard.press("ControlOrMeta+End");
  // The first look at so long a program is behind it.
  await page.waitForTimeout(2500);
  await page.evaluate(() => {
    const noted = globalThis as unknown as { took: number[]; worked: number[] };
    noted.took = [];
    noted.worked = [];
    document.querySelector("#editor")?.shadowRoot?.addEventListener(
      "keydown",
      () => {
        const began = performance.now();
        const done = new MessageChannel();
        // Comes once the key and all that it sets off at once are done.
        done.port1.onmessage = () => noted.worked.push(performance.now() - began);
        done.port2.postMessage(null);
        // A task of its own runs right after the frame in which the key shows.
        requestAnimationFrame(() => {
          const { port1, port2 } = new MessageChannel();
          port1.onmessage = () => noted.took.push(performance.now() - began);
          port2.postMessage(null);
        });
      },
      true,
    );
  });
  const text = "const result = step3(step4(1).next);\nconsole.log(result.text, structuredClone(result));\n".repeat(4);
  await page.keyboard.type(text, { delay: 25 });
  const { took, worked } = await page.evaluate(() => {
    const { took, worked } = globalThis as unknown as { took: number[]; worked: number[] };
    return { took, worked };
  });
  const quantile = (of: number[], part: number) => [...of].sort((a, b) => a - b)[Math.min(of.length - 1, Math.floor(of.length * part))] ?? NaN;
  const tell = (of: number[]) => [0.5, 0.95, 1].map((part) => `${quantile(of, part).toFixed(1)} ms`).join(", ");
  context.diagnostic(`of ${took.length} keys, p50, p95 and worst: work ${tell(worked)}; to the frame ${tell(took)}`);
  assert.ok(took.length > 200);
  // On a machine with nothing else to do the work is done in 16 ms; others build and test beside this one.
  assert.ok(quantile(worked, 0.95) < 40, `p95 ${quantile(worked, 0.95)} ms`);
  assert.ok(quantile(took, 0.95) < 80, `p95 ${quantile(took, 0.95)} ms`);
});
