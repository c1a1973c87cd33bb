// The page alone, in real Chromium: commands, shortcuts, settings, the divider, formatting, other keys, languages.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { axe, layout } from "../support/audit.ts";
import { program, type } from "../support/browser.ts";
import { focused, open, page, prints, run, server, usePages } from "../support/mock-page.ts";

usePages();

const live = () => page.locator("#live").textContent();

/** Starts a command by the palette. */
async function command(typed: string): Promise<void> {
  await page.keyboard.press("F1");
  await page.locator(".palette-field").waitFor();
  await page.keyboard.type(typed);
  await page.keyboard.press("Enter");
  await page.locator("dialog[aria-label]").waitFor({ state: "detached" });
}

describe("the palette", () => {
  test("opens by its keys from everywhere, sifts, and gives the focus back", async () => {
    await open();
    await type(page, "let a=1");
    await page.keyboard.press("Control+Shift+P");
    const options = page.locator(".palette-option");
    await options.first().waitFor();
    assert.ok((await options.count()) > 20);
    await page.keyboard.type("wrap long");
    assert.equal(await options.count(), 1);
    assert.equal(await options.first().getAttribute("aria-selected"), "true");
    assert.equal(await page.locator(".palette-field").getAttribute("aria-activedescendant"), "command-0");
    await page.keyboard.press("ControlOrMeta+a");
    await page.keyboard.type("zzz");
    assert.equal(await page.locator(".palette-none").textContent(), "There is no such command.");
    await page.keyboard.press("Escape");
    await page.locator("dialog[aria-label]").waitFor({ state: "detached" });
    assert.equal(await focused(), "editor");
    await page.locator("#commands").click();
    await options.first().waitFor();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("ArrowUp");
    assert.equal(await options.last().getAttribute("aria-selected"), "true");
  });

  test("runs the program", async () => {
    await open();
    await type(page, "1");
    server.script = prints();
    await command("run the program");
    await page.locator("#badge", { hasText: "Completed" }).waitFor();
  });
});

describe("shortcuts", () => {
  test("are listed by ? outside of text, and by their button", async () => {
    await open();
    await type(page, "a?");
    await page.keyboard.type("?");
    assert.equal(await program(page), "a??");
    await page.locator("#run").focus();
    await page.keyboard.press("?");
    const dialog = page.getByRole("dialog", { name: "Keyboard shortcuts" });
    await dialog.waitFor();
    assert.match((await dialog.textContent()) ?? "", /Commands.*Ctrl\+Shift\+P/);
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    assert.equal(await focused(), "run");
    await page.locator("#shortcuts").click();
    await dialog.getByRole("button", { name: "Close" }).click();
    await dialog.waitFor({ state: "detached" });
  });
});

describe("settings", () => {
  const size = () => page.locator("#editor .cm-content").evaluate((it) => getComputedStyle(it).fontSize);

  test("change the page at once, and are kept", async () => {
    await open();
    await type(page, `// ${"long ".repeat(200)}`);
    await page.locator("#settings").click();
    await page.getByLabel("Text size").fill("20");
    await page.getByLabel("Wrap long lines").check();
    assert.equal(await size(), "20px");
    assert.equal(await page.locator("#editor .cm-lineWrapping").count(), 1);
    await page.keyboard.press("Escape");
    assert.equal(await focused(), "settings");
    await page.reload();
    await page.locator("#connection[data-at=open]").waitFor();
    assert.equal(await size(), "20px");
    assert.equal(await page.locator("#editor .cm-lineWrapping").count(), 1);
    await command("smaller text");
    assert.equal(await size(), "19px");
    await page.locator("#settings").click();
    await page.getByRole("button", { name: "Reset" }).click();
    assert.equal(await size(), "13.5px");
    assert.equal(await page.locator("#editor .cm-lineWrapping").count(), 0);
  });

  test("show guides of indentation, or none", async () => {
    await open();
    await type(page, "if (1) {\n  if (2) {\n    3;\n  }\n}");
    await page.waitForFunction(() => document.querySelector("#editor")?.shadowRoot?.querySelector(".cm-indent-markers") !== null);
    await page.locator("#settings").click();
    await page.getByLabel("Indentation guides").uncheck();
    assert.equal(await page.locator("#editor .cm-indent-markers").count(), 0);
  });
});

describe("the divider", () => {
  const widths = () => page.locator(".pane").evaluateAll((all) => all.map((it) => Math.round(it.getBoundingClientRect().width)));
  const value = () => page.locator("#divider").getAttribute("aria-valuenow");

  test("moves by keys and by the mouse, and is put back", async () => {
    await open();
    const [before = 0] = await widths();
    const divider = page.locator("#divider");
    assert.equal(await divider.getAttribute("aria-orientation"), "vertical");
    await divider.focus();
    await page.keyboard.press("ArrowRight");
    assert.equal(await value(), "54");
    assert.ok(((await widths())[0] ?? 0) > before);
    await page.keyboard.press("End");
    assert.equal(await value(), "85");
    const box = await divider.boundingBox();
    assert.ok(box);
    await page.mouse.move(box.x + 4, box.y + 200);
    await page.mouse.down();
    await page.mouse.move(400, box.y + 220, { steps: 3 });
    await page.mouse.up();
    assert.ok(Math.abs(((await widths())[0] ?? 0) - 390) < 12, String(await widths()));
    await page.reload();
    await page.locator("#connection[data-at=open]").waitFor();
    assert.ok(Math.abs(((await widths())[0] ?? 0) - 390) < 12);
    await divider.dblclick();
    assert.equal((await widths())[0], before);
  });

  test("lies between panes one above the other where that is wanted", async () => {
    await open();
    await command("program above");
    assert.equal(await page.locator("#divider").getAttribute("aria-orientation"), "horizontal");
    const [first, second] = await widths();
    assert.equal(first, second);
    await page.locator("#divider").focus();
    await page.keyboard.press("ArrowDown");
    assert.equal(await value(), "45");
    await command("side by side");
    assert.equal(await page.locator("#divider").getAttribute("aria-orientation"), "vertical");
  });

  test("is there on phones, and both panes stay", async () => {
    await open({ viewport: { width: 360, height: 740 } });
    assert.equal(await page.locator("#divider").getAttribute("aria-orientation"), "horizontal");
    await page.locator("#divider").focus();
    await page.keyboard.press("Home");
    assert.deepEqual(await layout(page), { sideways: 0, runInSight: true });
    for (const height of await page.locator(".pane").evaluateAll((all) => all.map((it) => it.getBoundingClientRect().height))) assert.ok(height > 60);
  });
});

describe("formatting", () => {
  test("keeps what can't be read, and says so", async () => {
    await open();
    await type(page, "let a=[1,2\n,3]\nif(a){console.log( a )}");
    await page.keyboard.press("Shift+Alt+F");
    await page.waitForFunction(() => document.querySelector("#live")?.textContent === "Formatted.");
    assert.equal(await program(page), "let a = [1, 2, 3];\nif (a) {\n  console.log(a);\n}\n");
    await page.keyboard.press("ControlOrMeta+z");
    assert.match(await program(page), /^let a=\[1,2/);
    await type(page, "let = = 1");
    await page.keyboard.press("Shift+Alt+F");
    await page.locator("#toast", { hasText: "Can't be formatted." }).waitFor();
    assert.equal(await program(page), "let = = 1");
  });
});

describe("keys", () => {
  test("of Vim", async () => {
    await open();
    await type(page, "one two three");
    await command("keys: vim");
    await page.locator("#editor .cm-vim-panel").waitFor();
    await page.locator("#editor .cm-content").click();
    await page.keyboard.press("Escape");
    await page.keyboard.type("0dw");
    assert.equal(await program(page), "two three");
    await page.keyboard.type("inew ");
    await page.keyboard.press("Escape");
    assert.equal(await program(page), "new two three");
    // Run works all the same.
    server.script = prints();
    await page.keyboard.press("Control+Enter");
    await page.locator("#badge", { hasText: "Completed" }).waitFor();
    await command("keys: standard");
    await page.locator("#editor .cm-content").click();
    await page.keyboard.press("Home");
    await page.keyboard.type("0");
    assert.equal(await program(page), "0new two three");
  });

  test("of Emacs", async () => {
    await open();
    await type(page, "one two");
    await command("keys: emacs");
    await page.locator("html[data-keys=emacs]").waitFor();
    await page.locator("#editor .cm-content").click();
    await page.keyboard.press("Control+a");
    await page.keyboard.press("Control+k");
    assert.equal(await program(page), "");
    await page.keyboard.press("Control+y");
    assert.equal(await program(page), "one two");
  });
});

describe("the editor", () => {
  test("has several carets, and finds and replaces", async () => {
    await open();
    await type(page, "let one = 1;\none + one;");
    await page.keyboard.press("ControlOrMeta+Home");
    for (let i = 0; i < 4; i++) await page.keyboard.press("ArrowRight");
    for (let i = 0; i < 3; i++) await page.keyboard.press("Control+d");
    await page.keyboard.press("Control+d");
    await page.keyboard.type("two");
    assert.equal(await program(page), "let two = 1;\ntwo + two;");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Control+f");
    await page.locator("#editor [name=search]").fill("two");
    await page.locator("#editor input[name=replace]").fill("three");
    await page.locator("#editor [name=replaceAll]").click();
    assert.equal(await program(page), "let three = 1;\nthree + three;");
    assert.deepEqual(await axe(page), []);
    await page.keyboard.press("Escape");
    assert.equal(await page.locator("#editor .cm-search").count(), 0);
  });

  test("folds", async () => {
    await open();
    await type(page, "function f() {\n  return 1;\n}\nf();");
    await command("fold everything");
    assert.equal(await page.locator("#editor .cm-foldPlaceholder").count(), 1);
    await command("unfold everything");
    assert.equal(await page.locator("#editor .cm-foldPlaceholder").count(), 0);
  });

  test("tells that Tab leaves after Escape, and lets it", async () => {
    await open();
    await type(page, "x");
    await page.keyboard.press("Escape");
    assert.equal(await live(), "Tab now leaves the editor.");
    await page.keyboard.press("Tab");
    assert.notEqual(await focused(), "editor");
    assert.equal(await program(page), "x");
    assert.match((await page.locator("#editor .cm-content").getAttribute("aria-describedby")) ?? "", /hint/);
  });
});

describe("languages", () => {
  for (const [locale, words, found] of [
    ["de-DE", "Befehle", "Programm starten"],
    ["es-MX", "Órdenes", "Ejecutar el programa"],
  ] as const) {
    test(`are the browser's: ${locale}`, async () => {
      await open({ locale });
      assert.equal(await page.locator("html").getAttribute("lang"), locale.slice(0, 2));
      assert.equal(await page.locator("#commands").getAttribute("aria-label"), words);
      assert.deepEqual(await axe(page), []);
      assert.deepEqual(await layout(page), { sideways: 0, runInSight: true });
      await page.locator("#commands").click();
      await page.locator(".palette-option", { hasText: found }).waitFor();
    });
  }

  test("can be chosen", async () => {
    await open();
    await type(page, "// kept");
    await page.locator("#settings").click();
    await Promise.all([page.waitForEvent("load"), page.locator("#settings-panel").getByLabel("Language").selectOption("de")]);
    await page.locator("html[lang=de]").waitFor();
    await page.locator("#connection[data-at=open]").waitFor();
    assert.equal(await program(page), "// kept");
    assert.equal(await page.locator("#run [data-words=run]").textContent(), "Start");
  });

  test("from right to left would have room", async () => {
    await open({ viewport: { width: 360, height: 740 } });
    await page.evaluate(() => {
      document.documentElement.dir = "rtl";
    });
    assert.deepEqual(await layout(page), { sideways: 0, runInSight: true });
  });
});

for (const colorScheme of ["light", "dark"] as const) {
  for (const viewport of [{ width: 1280, height: 800 }, { width: 360, height: 740 }]) {
    test(`palette, shortcuts and settings are accessible and fit: ${colorScheme}, ${viewport.width} px`, async () => {
      await open({ colorScheme, viewport });
      await run(prints());
      await page.locator("#commands").click();
      await page.locator(".palette-option").first().waitFor();
      assert.deepEqual(await axe(page), []);
      await page.keyboard.press("Escape");
      await page.locator("dialog[aria-label]").waitFor({ state: "detached" });
      await page.locator("#run").focus();
      await page.keyboard.press("?");
      await page.locator(".shortcuts").first().waitFor();
      assert.deepEqual(await axe(page), []);
      await page.keyboard.press("Escape");
      await page.locator("#settings").click();
      await page.locator("#settings-panel select").first().waitFor();
      assert.deepEqual(await axe(page), []);
      assert.equal((await layout(page)).sideways, 0);
      for (const part of ["#settings-panel"]) {
        const box = await page.locator(part).boundingBox();
        assert.ok(box !== null && box.x >= 0 && box.x + box.width <= viewport.width && box.y + box.height <= viewport.height, JSON.stringify(box));
      }
    });
  }
}

test("nothing moves for those who want no motion", async () => {
  await open({ reducedMotion: "reduce" });
  const moving = await page.evaluate(() =>
    [...document.querySelectorAll("*")].filter((it) => getComputedStyle(it).transitionDuration.split(", ").some((time) => time !== "0s") || getComputedStyle(it).animationName !== "none").map((it) => it.id || it.className),
  );
  assert.deepEqual(moving, []);
});
