// The page alone, in real Chromium: the language service in the editor, from its worker: completion, types, help with calls.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { axe, layout } from "../support/audit.ts";
import { program, type } from "../support/browser.ts";
import { assisted, completion, options } from "../support/language.ts";
import { focused, page, usePages } from "../support/mock-page.ts";

usePages();

describe("completion", () => {
  test("comes while typing, is taken by Enter, and knows the sandbox", async () => {
    await assisted();
    await type(page, "");
    await page.keyboard.type("struc");
    await completion("structuredClone").first().waitFor();
    // A list that has only just come takes no key: it may have been meant for the text.
    await page.waitForTimeout(120);
    await page.keyboard.press("Enter");
    assert.equal(await program(page), "structuredClone");
    await type(page, "");
    await page.keyboard.type("docum");
    await page.keyboard.press("Control+Space");
    await page.waitForTimeout(300);
    assert.ok(!(await options()).includes("document"));
  });

  test("offers Temporal, which the server says its engine has", async () => {
    await assisted();
    await type(page, "");
    await page.keyboard.type("Temporal.Plain");
    await completion("PlainDate").first().waitFor();
    assert.deepEqual((await options()).sort(), ["PlainDate", "PlainDateTime", "PlainMonthDay", "PlainTime", "PlainYearMonth"]);
  });

  test("lists the modules after `import { `, and then what the chosen one exports", async () => {
    await assisted();
    await type(page, "");
    await page.keyboard.type("import { ");
    await page.keyboard.press("Control+Space");
    await completion("axios").waitFor();
    assert.deepEqual((await options()).sort(), ["axios", "lodash", "node:events", "node:util"]);
    await completion("axios").click();
    await completion("get").waitFor();
    assert.match(await program(page), /^import \{ ?\} from "axios";$/);
    await completion("get").click();
    assert.match(await program(page), /^import \{ ?get ?\} from "axios";$/);
  });

  test("imports what it completes", async () => {
    await assisted();
    await type(page, "const a = 1;\n");
    await page.keyboard.type("debou");
    await completion("debounce").first().click();
    await page.locator("#editor .cm-line", { hasText: "import" }).waitFor();
    assert.equal(await program(page), 'import { debounce } from "lodash";\nconst a = 1;\ndebounce');
  });

  test("leaves Tab to the indentation, and Escape then Tab to leaving", async () => {
    await assisted();
    await type(page, "");
    await page.keyboard.type("struc");
    await completion("structuredClone").first().waitFor();
    await page.keyboard.press("Escape");
    await page.keyboard.press("Tab");
    assert.notEqual(await focused(), "editor");
  });
});

describe("what is known", () => {
  test("is shown on hover, with types of modules", async () => {
    await assisted();
    await type(page, 'import axios from "axios";\naxios.get("x");');
    // The worker fetches the module's types once it has seen the import.
    await page.waitForResponse((it) => it.url().endsWith("/types/axios")).catch(() => undefined);
    const word = page.locator("#editor .cm-line", { hasText: "axios.get" }).getByText("get", { exact: true });
    const info = page.locator("#editor .cm-info");
    for (let tries = 0; tries < 10 && !((await info.count()) > 0 && ((await info.first().textContent()) ?? "").includes("AxiosStatic")); tries++) {
      await page.mouse.move(5, 5);
      await word.hover();
      await page.waitForTimeout(600);
    }
    const text = (await info.first().textContent()) ?? "";
    assert.match(text, /AxiosStatic\.get<any>\(url: string/);
    assert.match(text, /Fetches by GET\./);
    assert.deepEqual(await axe(page), []);
  });

  test("helps with a call, parameter by parameter, until Escape", async () => {
    await assisted();
    await type(page, "function add(first, second) { return first + second; }\n");
    await page.keyboard.type("add(");
    const active = page.locator("#editor .cm-signature .cm-info-active");
    await active.filter({ hasText: "first" }).waitFor();
    await page.keyboard.type("1, ");
    await active.filter({ hasText: "second" }).waitFor();
    // With completions on their way, which are not seen yet.
    await page.keyboard.type("s");
    await page.keyboard.press("Escape");
    await page.locator("#editor .cm-signature").waitFor({ state: "detached" });
  });
});

for (const colorScheme of ["light", "dark"] as const) {
  for (const viewport of [{ width: 1280, height: 800 }, { width: 360, height: 740 }]) {
    test(`completion and problems are accessible and fit: ${colorScheme}, ${viewport.width} px`, async () => {
      await assisted({ colorScheme, viewport });
      await type(page, "const work = async () => 1;\nwork();\nconsle.log(1);\n");
      await page.locator("#editor .cm-lintRange-error").waitFor();
      await page.keyboard.type("con");
      await completion("console").first().waitFor();
      assert.deepEqual(await axe(page), []);
      assert.deepEqual(await layout(page), { sideways: 0, runInSight: true });
      const box = await page.locator("#editor .cm-tooltip-autocomplete").boundingBox();
      assert.ok(box !== null && box.x >= 0 && box.x + box.width <= viewport.width + 1, JSON.stringify(box));
    });
  }
}
