// The page alone, in real Chromium, against a server that says what each test wants: how a program is run.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import type { ClientMsg } from "../../../web/protocol.ts";
import { axe, layout } from "../support/audit.ts";
import { LOOKS, program, type } from "../support/browser.ts";
import { open, page, prints, server, usePages } from "../support/mock-page.ts";

usePages();

type Run = Extract<ClientMsg, { type: "run" }>;

const toggle = () => page.locator("#inputs-toggle");

/** Presses Run, and gives what the server was sent. */
async function sent(): Promise<Run> {
  server.script = prints();
  const before = server.received.length;
  await page.locator("#run").click();
  await page.locator("#badge", { hasText: "Completed" }).waitFor();
  const run = server.received.slice(before).find((message): message is Run => message.type === "run");
  assert.ok(run);
  return run;
}

/** Opens a shared program that is run like this; gives what sharing it again is asked with. */
async function openShared(how: Record<string, unknown>): Promise<string[]> {
  server.snippet = { id: "a1B2c3D4e5f6", version: 1, title: "Sum", source: "export const sum = (n) => n", language: "javascript", ...how, output: null, parent: null };
  const asked: string[] = [];
  server.api = (request) => {
    asked.push(request.body);
    return { status: 201, json: { id: "b1B2c3D4e5f6", url: `${server.url}/s/b1B2c3D4e5f6`, version: 1, deletion_token: "t" } };
  };
  await open({}, () => undefined);
  await page.goto(`${server.url}/s/a1B2c3D4e5f6`);
  await page.locator("#connection[data-at=open]").waitFor();
  return asked;
}

async function share(): Promise<void> {
  await page.keyboard.press("Control+s");
  await page.locator("dialog[open]").getByRole("button", { name: "Share", exact: true }).click();
  await page.locator("#share-link").waitFor();
}

describe("how a program is run", () => {
  test("mode, export, input and answers go out with a run, and the draft keeps them", async () => {
    await open();
    await type(page, "export const sum = ({ a, b }) => a + b;");
    await toggle().click();
    await page.locator("#inputs-toggle[aria-expanded=true]").waitFor();
    await page.getByLabel("Mode", { exact: true }).selectOption("Function");
    await page.getByLabel("Export to call").fill("sum");
    await page.getByLabel("Input, as JSON").fill('{"a": 1, "b": [2]}');
    await page.getByLabel("Answers, one a line").fill("yes\n\nno\n");
    const { mode, export: exported, input, stdin, source, usage } = await sent();
    assert.deepEqual({ mode, exported, input, stdin, usage }, { mode: "function", exported: "sum", input: { a: 1, b: [2] }, stdin: ["yes", "", "no"], usage: true });
    assert.equal(source, "export const sum = ({ a, b }) => a + b;");
    assert.equal(await toggle().innerText(), "Function");
    await page.reload();
    await page.locator("#connection[data-at=open]").waitFor();
    assert.equal(await program(page), "export const sum = ({ a, b }) => a + b;");
    const again = await sent();
    assert.deepEqual([again.mode, again.export, again.input, again.stdin], ["function", "sum", { a: 1, b: [2] }, ["yes", "", "no"]]);
    await toggle().click();
    assert.equal(await page.getByLabel("Input, as JSON").inputValue(), '{"a": 1, "b": [2]}');
  });

  test("an input that is no JSON says where, is not run, and is kept", async () => {
    await open();
    await toggle().click();
    await page.getByLabel("Input, as JSON").fill('{\n  "a": oops\n}');
    await page.locator("#input-trouble", { hasText: "No JSON from line 2, column 8 on." }).waitFor();
    assert.equal(await page.getByLabel("Input, as JSON").getAttribute("aria-invalid"), "true");
    await page.keyboard.press("Escape");
    assert.ok(await page.locator("#inputs").isHidden());
    assert.equal(await page.evaluate(() => document.activeElement?.id), "inputs-toggle");
    await page.locator("#run").click();
    await page.locator("#inputs").waitFor();
    await page.waitForFunction(() => document.activeElement?.id === "input");
    assert.equal(await page.evaluate(() => (document.activeElement as HTMLTextAreaElement).selectionStart), '{\n  "a": '.length);
    assert.equal(await page.locator("#live").textContent(), "Nothing was run: the input is no JSON.");
    assert.deepEqual(server.received, []);
    await page.getByLabel("Input, as JSON").fill("[1]");
    assert.equal(await page.locator("#input-trouble").textContent(), "");
    assert.deepEqual((await sent()).input, [1]);
  });

  test("by the keyboard: opened from the palette, run from within, left by Escape", async () => {
    await open();
    await page.keyboard.press("F1");
    await page.locator("dialog[open] input").waitFor();
    await page.keyboard.type("mode, input");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.activeElement?.id === "mode");
    await page.keyboard.press("Tab");
    await page.keyboard.type("7");
    server.script = prints();
    await page.keyboard.press("Control+Enter");
    await page.locator("#badge", { hasText: "Completed" }).waitFor();
    assert.deepEqual(server.received.map((message) => message.type === "run" && message.input), [7]);
  });

  test("a shared program comes with its own, and is shared with what is set", async () => {
    const asked = await openShared({ mode: "function", export: "sum", input: { n: 2 }, stdin: ["a", "b"] });
    const run = await sent();
    assert.deepEqual([run.mode, run.export, run.input, run.stdin], ["function", "sum", { n: 2 }, ["a", "b"]]);
    await toggle().click();
    await page.getByLabel("Answers, one a line").fill("c");
    await share();
    const { mode, export: exported, input, stdin } = JSON.parse(asked[0] ?? "") as Record<string, unknown>;
    assert.deepEqual({ mode, exported, input, stdin }, { mode: "function", exported: "sum", input: { n: 2 }, stdin: ["c"] });
  });

  test("what counts only for callers of a shared program, and an answer of two lines, are not lost on the way", async () => {
    const asked = await openShared({ mode: "module", export: "sum", stdin: ["two\nlines", "b"] });
    await toggle().click();
    assert.equal(await page.getByLabel("Export to call").inputValue(), "sum", "it can be seen, and taken out");
    await share();
    const { mode, export: exported, stdin } = JSON.parse(asked[0] ?? "") as Record<string, unknown>;
    assert.deepEqual({ mode, exported, stdin }, { mode: "module", exported: "sum", stdin: ["two\nlines", "b"] });
  });

  for (const [name, options] of LOOKS) {
    test(`${name}: the panel fits, and axe finds nothing`, async () => {
      await open(options);
      await toggle().click();
      await page.getByLabel("Mode", { exact: true }).selectOption("Function");
      await page.getByLabel("Input, as JSON").fill("{");
      await page.locator("#input-trouble", { hasText: "No JSON" }).waitFor();
      assert.deepEqual(await layout(page), { sideways: 0, runInSight: true });
      assert.deepEqual(await axe(page), []);
      // The language is whole where it is shown, be it here or beside the tabs.
      const cut = await page.getByLabel("Language").evaluate((select) => select.scrollWidth > select.clientWidth);
      assert.ok(!cut);
      assert.ok(await page.getByLabel("Language").isVisible());
    });
  }
});
