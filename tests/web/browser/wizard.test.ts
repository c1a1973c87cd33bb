// The page that helps to write the tag, and frames without a page around that knows them; against the mock.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import type { BrowserContextOptions, Frame } from "playwright-core";

import { axe, layout } from "../support/audit.ts";
import { browserOf, forgive, page, prints, server, usePages, watch } from "../support/mock-page.ts";
import { event, string } from "../support/sample-run.ts";
import { watchPage } from "../support/browser.ts";

usePages();

/** Opens a path of the mock's. */
async function openAt(path: string, options: BrowserContextOptions = {}): Promise<void> {
  watch(await watchPage(browserOf(), `${server.url}${path}`, options));
}

/** The frame of the only editor on the page, once it is there. */
async function frame(): Promise<Frame> {
  await page.locator("mayfly-editor").scrollIntoViewIfNeeded();
  const handle = await page.locator("mayfly-editor .ready iframe").elementHandle();
  const found = await handle.contentFrame();
  assert.ok(found);
  return found;
}

const tag = () => page.locator("#tag").inputValue();

test("what is chosen is shown, and stands in the tag", async () => {
  await openAt("/embed");
  assert.match(await tag(), /^<script async src="http:\/\/127\.0\.0\.1:\d+\/embed\.js"><\/script>\n\n<mayfly-editor>\n<pre>\nconst name/);
  await frame();
  await page.getByLabel("Theme", { exact: true }).selectOption("dark");
  await page.getByLabel("Words on Run").fill("Fly");
  await page.getByLabel("line numbers").check();
  await page.getByLabel("Program", { exact: true }).fill('console.log("<b>");');
  await page.waitForFunction(() => document.querySelector("mayfly-editor")?.getAttribute("run-label") === "Fly");
  assert.equal(
    (await tag()).split("\n").slice(2).join("\n"),
    '<mayfly-editor theme="dark" hide="lines" run-label="Fly">\n<pre>\nconsole.log("&lt;b>");\n</pre>\n</mayfly-editor>',
  );
  const shown = await frame();
  server.script = prints(event({ args: [string("flown")] }));
  await shown.locator("#run").click();
  assert.equal(await shown.locator("#run").textContent(), "Fly");
  await shown.locator(".row", { hasText: "flown" }).waitFor();
  const sent = server.received.at(-1);
  assert.equal(sent?.type === "run" ? sent.source : "", 'console.log("<b>");');
  await page.locator("#copy").click();
  await page.locator("#live", { hasText: "The tag is" }).waitFor();
});

test("the tag that is copied gives the editor that was shown", async () => {
  await openAt("/embed");
  const code = "if (1 < 2 && '</pre>') {\n  console.log(`\"&amp;\"`);\n}";
  await page.getByLabel("Program", { exact: true }).fill(code);
  await page.waitForFunction(() => (document.querySelector<HTMLTextAreaElement>("#tag")?.value ?? "").includes("&amp;amp;"));
  // As a parser of markup reads it, on a page of its own.
  const read = await page.evaluate((markup) => {
    const parsed = new DOMParser().parseFromString(markup, "text/html");
    return parsed.querySelector("mayfly-editor > pre")?.textContent;
  }, await tag());
  assert.equal(read?.trim(), code);
  // Every change makes a new editor, whose predecessor may still have been loading.
  forgive("/embed/frame");
});

describe("every theme and size", () => {
  const looks: [string, BrowserContextOptions][] = [
    ["light", { colorScheme: "light" }],
    ["dark", { colorScheme: "dark" }],
    ["light, 360 px", { colorScheme: "light", viewport: { width: 360, height: 740 } }],
    ["dark, 320 px", { colorScheme: "dark", viewport: { width: 320, height: 568 } }],
  ];
  for (const [name, options] of looks) {
    test(`${name}: axe finds nothing, nothing scrolls sideways`, async () => {
      await openAt("/embed", options);
      await frame();
      await page.locator("summary").click();
      assert.deepEqual(await axe(page), []);
      assert.equal((await layout(page)).sideways, 0);
    });
  }
});

describe("a frame without a script around it", () => {
  const SNIPPET = { id: "a1B2c3D4e5f6", version: 1, title: "Stored", source: 'console.log("stored")', language: "javascript", mode: "module" };

  test("shows the stored program that its address names", async () => {
    server.api = ({ path }) => (path === "/api/v1/snippets/a1B2c3D4e5f6" ? { status: 200, json: SNIPPET } : null);
    server.script = prints(event({ args: [string("stored")] }));
    await openAt("/embed/frame?snippet=a1B2c3D4e5f6&theme=dark&autorun=load&run-label=Go");
    await page.locator("#editor .cm-line", { hasText: 'console.log("stored")' }).waitFor();
    await page.locator(".row", { hasText: "stored" }).waitFor();
    const sent = server.received.at(-1);
    assert.deepEqual(sent?.type === "run" ? [sent.source, sent.mode] : [], [SNIPPET.source, "module"]);
    assert.equal(await page.locator("#run").textContent(), "Go");
    assert.equal(await page.locator("#brand").getAttribute("href"), "/s/a1B2c3D4e5f6");
    assert.equal(await page.evaluate(() => document.documentElement.dataset["theme"]), "dark");
  });

  test("says why when there is none", async () => {
    await openAt("/embed/frame?snippet=a1B2c3D4e5f6");
    await page.locator(".row.notice", { hasText: "There is nothing at this address." }).waitFor();
    forgive("404");
  });
});

test("a program of several files has tabs, and all of it is sent", async () => {
  await openAt("/embed");
  server.script = prints(event({ args: [string("ok")] }));
  await frame();
  await page.evaluate(() => {
    const editor = document.createElement("mayfly-editor");
    editor.setAttribute("files", "main.js lib/sum.js");
    for (const [name, code] of [["main.js", "import { sum } from './lib/sum.js';\nsum"], ["lib/sum.js", "export const sum = 3;"], ["data.json", "{}"]] as const) {
      const file = document.createElement("script");
      file.type = "text/plain";
      file.dataset["file"] = name;
      file.textContent = code;
      editor.append(file);
    }
    document.querySelector("#shown")?.replaceChildren(editor);
  });
  const shown = await frame();
  assert.deepEqual(await shown.locator("[role=tab]").allTextContents(), ["main.js", "lib/sum.js"]);
  await shown.locator("[role=tab][aria-selected=true]").press("ArrowRight");
  await shown.locator("#editor .cm-line", { hasText: "export const sum = 3;" }).waitFor();
  await shown.locator("#editor .cm-content").click();
  await page.keyboard.press("ControlOrMeta+End");
  await page.keyboard.insertText(" // edited");
  await shown.getByRole("tab", { name: "main.js" }).click();
  await shown.locator("#run").click();
  await shown.locator(".row", { hasText: "ok" }).waitFor();
  const sent = server.received.at(-1) as unknown as { files: { name: string; content: string }[]; entry: string; source?: string };
  assert.equal(sent.source, undefined);
  assert.equal(sent.entry, "main.js");
  assert.deepEqual(sent.files.map(({ name, content }) => [name, content.slice(0, 33)]), [
    ["main.js", "import { sum } from './lib/sum.js"],
    ["lib/sum.js", "export const sum = 3; // edited"],
    ["data.json", "{}"],
  ]);
  // What was typed into one file is undone in that file alone.
  await shown.getByRole("tab", { name: "lib/sum.js" }).click();
  await shown.locator("#editor .cm-content").click();
  await page.keyboard.press("ControlOrMeta+z");
  await shown.locator("#editor .cm-line", { hasText: /^export const sum = 3;$/ }).waitFor();
  await page.keyboard.press("ControlOrMeta+z");
  assert.equal(await shown.locator("#editor .cm-content").textContent(), "export const sum = 3;");
  assert.deepEqual(await axe(shown), []);
});
