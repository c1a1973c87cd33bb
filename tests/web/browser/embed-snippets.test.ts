// Shared programs in frames on somebody else's site, as oEmbed gives them and in elements: their recorded output, their
// files, and what the page that they are in lets them import.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import type { Browser, Frame, Page } from "playwright-core";

import { axe } from "../support/audit.ts";
import { launch } from "../support/browser.ts";
import { HostSite } from "../support/host-page.ts";
import { RealServer } from "../support/real-server.ts";

let browser: Browser;
let server: RealServer;
let site: HostSite;
let page: Page;
let problems: string[] = [];

before(async () => {
  [browser, site] = await Promise.all([launch(), HostSite.start()]);
  server = await RealServer.start([`--embed-origins=${site.origin}`, `--modules-origins=${site.origin} node:path`]);
  site.policy = `default-src 'none'; script-src ${server.url}; frame-src ${server.url}`;
});
after(async () => {
  await browser.close();
  await server.end();
  await site.stop();
});
afterEach(async () => {
  await page.context().close();
  const seen = problems;
  problems = [];
  assert.deepEqual(seen, []);
});

const post = async (path: string, body: object): Promise<Record<string, unknown>> => {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${server.url}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  return (await answer.json()) as Record<string, unknown>;
};

/** Shares a program, with what it does. */
async function share(program: object, title = "A program"): Promise<{ id: string; url: string }> {
  const output = await post("/api/v1/run", program);
  return (await post("/api/v1/snippets", { title, ...program, output })) as { id: string; url: string };
}

/** Opens a page of the site with this in its body, and gives the first frame in it. */
async function open(body: string): Promise<Frame> {
  site.pages.set("/", body);
  page = await (await browser.newContext({ viewport: { width: 1000, height: 900 } })).newPage();
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") problems.push(message.text());
  });
  page.on("pageerror", (error) => problems.push(error.message));
  await page.goto(`${site.origin}/`);
  const frame = await (await page.locator("iframe").first().elementHandle()).contentFrame();
  assert.ok(frame);
  return frame;
}

/** The frame that oEmbed gives for a snippet. */
async function oembed(url: string): Promise<string> {
  const answer = await fetch(`${server.url}/oembed?url=${encodeURIComponent(url)}`);
  return ((await answer.json()) as { html: string }).html;
}

test("a frame as oEmbed gives it shows what was recorded, plays it, and says whether a run does the same", async () => {
  const { url } = await share({ source: 'console.log({ n: 1 }, 2);\nconsole.log("said");\n6 * 7' });
  const frame = await open(await oembed(url));
  const rows = () => frame.locator("#rows > .row").allInnerTexts();
  await frame.locator(".row.result", { hasText: "42" }).waitFor();
  const shown = await rows();
  assert.equal(shown.length, 3, shown.join("\n"));
  await frame.locator("#recorded .recorded-words", { hasText: /^Recorded: .*V8/ }).waitFor();
  assert.equal(await frame.locator("#badge").innerText(), "Completed");
  assert.deepEqual(await axe(frame), []);

  await frame.locator("#recorded button", { hasText: "Replay" }).click();
  await frame.locator(".row.result", { hasText: "42" }).waitFor();
  await frame.locator("#recorded button", { hasText: "Replay" }).waitFor();
  assert.deepEqual(await rows(), shown);

  await frame.locator("#run").click();
  await frame.locator('.recorded-verdict[data-same="true"]', { hasText: "Your run did the same." }).waitFor();
  // Another program was not recorded.
  await frame.locator("#editor .cm-content").press("ControlOrMeta+End");
  await page.keyboard.insertText(" + 1");
  await frame.locator("#run").click();
  await frame.locator(".row.result", { hasText: "43" }).waitFor();
  assert.equal(await frame.locator(".recorded-verdict").innerText(), "");
});

test("a run that does something else says so, and an element around the frame changes nothing", async () => {
  const { id } = await share({ source: "console.log(crypto.randomUUID())" });
  const frame = await open(`<script src="${server.url}/embed.js"></script><mayfly-editor id="a" snippet="${id}"></mayfly-editor>`);
  await frame.locator("#recorded button", { hasText: "Replay" }).waitFor();
  await frame.locator("#rows > .row", { hasText: /[0-9a-f-]{36}/ }).waitFor();
  await frame.locator("#run").click();
  await frame.locator('.recorded-verdict[data-same="false"]', { hasText: "Your run differs: Line 1 of the output is another." }).waitFor();
});

test("a place in another file opens it", async () => {
  const files = [
    { name: "main.js", content: 'import { broken } from "./lib/a.js";\nconsole.log("main");\nbroken();' },
    { name: "lib/a.js", content: '// one\n// two\nexport function broken() {\n  throw new Error("in the other file");\n}' },
  ];
  const { url } = await share({ files });
  const frame = await open(await oembed(url));
  const tab = frame.locator('#tabs [aria-selected="true"]');
  await frame.locator("#run").click();
  await frame.locator('.recorded-verdict[data-same="true"]').waitFor();
  assert.equal(await tab.innerText(), "main.js");
  await frame.locator(".row button.position", { hasText: "lib/a.js:4:9" }).first().click();
  await frame.locator('#tabs [aria-selected="true"]', { hasText: "lib/a.js" }).waitFor();
  // The mark that the run left is there, in the file that it is about.
  await frame.locator("#editor .cm-line", { hasText: "throw new Error" }).and(frame.locator("#editor .cm-activeLine")).waitFor();
  await frame.locator("#editor .cm-gutter-error").first().waitFor();
  await frame.locator(".row button.position", { hasText: /^3:1$/ }).first().click();
  await frame.locator('#tabs [aria-selected="true"]', { hasText: "main.js" }).waitFor();
});

test("the operator's rules for the page count, with or without an element, and the page can't take itself out", async () => {
  const { id, url } = await share({ source: 'require("lodash"); "got it"' });
  const plain = (await oembed(url)).replace("<iframe", '<iframe referrerpolicy="no-referrer"');
  for (const body of [plain, `<script src="${server.url}/embed.js"></script><mayfly-editor snippet="${id}"></mayfly-editor>`]) {
    const frame = await open(body);
    await frame.locator(".row.result", { hasText: "got it" }).waitFor();
    await frame.locator("#run").click();
    await frame.locator('.recorded-verdict[data-same="false"]', { hasText: "It printed" }).or(frame.locator("#badge", { hasText: "Failed" })).first().waitFor();
    await frame.locator(".row", { hasText: "Module 'lodash' is not available" }).first().waitFor();
    await page.context().close();
  }
});
