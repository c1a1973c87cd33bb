// A shared link opens what a stranger wrote and recorded: whatever that is, the page answers the visitor meanwhile.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import type { ConsoleEvent, StackFrame, Value } from "../../../web/protocol.ts";
import { openPage } from "../support/browser.ts";
import { browserOf, page, prints, run, server, usePages, open, watch } from "../support/mock-page.ts";
import { report } from "../support/mock-server.ts";
import { event, string } from "../support/sample-run.ts";

usePages();

/** What a visitor would call at once, and what no machine's other work explains, in milliseconds. */
const MOST_MEDIAN_MS = 100;
const MOST_MS = 3_000;
/** How long the page is watched while it shows what it got. */
const WATCHED_MS = 2_500;

const object = (text: string, rest: object = {}): Value => ({ type: "object", kind: "object", text, ...rest });
const frame = (rest: Partial<StackFrame> = {}): StackFrame => ({ function: "f", line: 1, column: 1, ...rest });
const shows = (bundle: Record<string, string>): ConsoleEvent => event({ kind: "display", text: "", bundle });
const times = <T>(count: number, make: (at: number) => T): T[] => Array.from({ length: count }, (_, at) => make(at));

/** SVG whose shapes use one another: ten million of them. */
function laughs(): string {
  const levels = times(7, (at) => `<g id="g${at + 1}">${`<use href="#g${at}"/>`.repeat(10)}</g>`).join("");
  return `<svg xmlns="http://www.w3.org/2000/svg"><defs><g id="g0"><rect width="9" height="9"/></g>${levels}</defs><use href="#g7"/></svg>`;
}

/** HTML that its parser makes millions of elements of. */
function formatting(): string {
  return `${times(3_000, (at) => `<b a${at}>`).join("")}${"<p>x".repeat(3_000)}`;
}

const HOSTILE: Record<string, ConsoleEvent[]> = {
  "nothing special": [event({ args: [string("Hello")], text: "Hello" })],
  "Markdown that never ends": [shows({ "text/markdown": "*a_".repeat(16_000) })],
  "much Markdown that never ends": times(20, (at) => shows({ "text/markdown": `${at} ${"*a_".repeat(16_000)}` })),
  "HTML that never ends": [shows({ "text/html": `${formatting()}<p>a${"\u0301".repeat(250_000)}</p>` })],
  "SVG that never ends": [shows({ "image/svg+xml": laughs() })],
  "a preview of one long word": [event({ args: [object("a".repeat(64_000))] })],
  "a preview of open quotes": [event({ args: [object('"\\"'.repeat(20_000))] })],
  "a text of combining marks": [event({ args: [string(`a${"\u0301".repeat(60_000)}`)] })],
  "a long text": [event({ args: [string("a".repeat(2_000_000))] })],
  "many lines in one text": [event({ args: [string("a\n".repeat(500_000))] })],
  "links over links": [event({ args: [string("http://a.example/ ".repeat(50_000))] })],
  "addresses with open ends": [event({ args: [string(`http://a${")".repeat(1_990)} `.repeat(500))] })],
  "colours over colours": [event({ args: [string("\u001b[31ma\u001b[32mb".repeat(50_000))] })],
  "links in colours": [event({ args: [string("\u001b[31mhttp://a.example/ ".repeat(20_000))] })],
  "a wide and long table": [
    event({
      kind: "table",
      table: { columns: ["", ...times(500, String)], rows: times(500, (at) => ({ index: String(at), cells: times(500, () => string("x")) })), more_rows: 0, more_columns: 0 },
    }),
  ],
  "a format of many parts": [event({ args: [object("a".repeat(1_000))], format: { consumed: 1, parts: times(40_000, () => ({ type: "value", arg: 0 }) as const) } })],
  "many styles": [event({ format: { consumed: 0, parts: times(20_000, () => ({ type: "text", text: "x", style: "color:red;".repeat(20) }) as const) } })],
  "many arguments": [event({ args: times(50_000, () => string("x")) })],
  "an object of many properties": [event({ kind: "dir", args: [object("{…}", { properties: times(50_000, (at) => ({ key: `k${at}`, value: string("x") })) })] })],
  "a deep stack of long names": [event({ kind: "trace", stack: times(20_000, () => frame({ function: "f".repeat(50), file: "a/".repeat(100) })) })],
  "names that are books": [event({ kind: "group", text: "g".repeat(500_000) }), event({ kind: "trace", stack: [frame({ function: "f".repeat(500_000), file: "a".repeat(500_000) })] })],
  "JSON that is nested deeply": [shows({ "application/json": "[".repeat(6_000) + "]".repeat(6_000) }), shows({ "application/json": "[".repeat(200_000) })],
  "a plain form that is a book": [shows({ "text/plain": "x ".repeat(1_000_000) })],
};

/** Programs that an editor, its colours or its language service could be at for long. */
const PROGRAMS: Record<string, string> = {
  "a program that only opens": "((((((((".repeat(8_000),
  "a program of one line": "a+".repeat(100_000),
  "a program of templates": "`${".repeat(20_000),
  "a program of types": `type A<T> = ${"T extends any ? ".repeat(2_000)}T${" : never".repeat(2_000)};`,
  "a program of tags": "<a>".repeat(30_000),
  "a program of combining marks": `// ${"\u0301".repeat(100_000)}`,
  "a program of types that grow": "type N<T extends any[]> = T['length'] extends 99999 ? T : N<[...T, 1]>; let n: N<[]>; type P<A extends string> = `${A}${A}${A}`; let p: P<P<P<P<P<'abcdefgh' | 'b' | 'c' | 'd'>>>>>;",
};

/** Has the page note how long it leaves clicks and timers waiting. */
function watchTime(): void {
  const noted = globalThis as unknown as { clicks: number[]; longest: number };
  noted.clicks = [];
  noted.longest = 0;
  let last = performance.now();
  const tick = () => {
    const now = performance.now();
    noted.longest = Math.max(noted.longest, now - last);
    last = now;
    setTimeout(tick, 5);
  };
  tick();
  addEventListener("click", (click) => noted.clicks.push(performance.now() - click.timeStamp), true);
}

/** Clicks for a while; how long that took to be answered, in the median, and the longest time that the page was busy. */
async function responsiveness(): Promise<{ median: number; longest: number }> {
  const until = performance.now() + WATCHED_MS;
  let clicked = 0;
  while (performance.now() < until || clicked < 10) {
    await page.mouse.click(640, 20);
    clicked += 1;
    await page.waitForTimeout(40);
  }
  const { clicks, longest } = await page.evaluate(() => {
    const { clicks, longest } = globalThis as unknown as { clicks: number[]; longest: number };
    return { clicks, longest };
  });
  clicks.sort((a, b) => a - b);
  return { median: clicks[clicks.length >> 1] ?? Infinity, longest };
}

async function isResponsive(): Promise<void> {
  const { median, longest } = await responsiveness();
  assert.ok(median < MOST_MEDIAN_MS, `clicks waited ${median} ms`);
  assert.ok(longest < MOST_MS, `the page was busy for ${longest} ms`);
}

async function openShared(events: ConsoleEvent[], source = "1", language = "typescript"): Promise<void> {
  server.snippet = { id: "a1B2c3D4e5f6", version: 1, source, language, output: { console: events, ...report("completed"), engine: "V8" } };
  watch(await openPage(browserOf(), `${server.url}/s/a1B2c3D4e5f6`, {}, watchTime));
}

describe("a shared link", () => {
  for (const [name, events] of Object.entries(HOSTILE)) {
    test(`the page answers while it shows ${name}`, async () => {
      await openShared(events);
      await page.locator("#console .row").first().waitFor();
      await isResponsive();
    });
  }

  for (const [name, source] of Object.entries(PROGRAMS)) {
    test(`the page answers while it shows ${name}`, async () => {
      await openShared([], source, name.endsWith("tags") ? "tsx" : "typescript");
      await isResponsive();
    });
  }
});

describe("a run", () => {
  for (const [name, text, note] of [
    ["takes too long", "*a_".repeat(7_000), "takes too long to lay out"],
    ["is nested too deeply", "*a_".repeat(30_000), "to lay out|can't be laid out"],
  ] as const) {
    test(`Markdown that ${name} is shown as it was written`, async () => {
      await open({}, watchTime);
      await run(prints(shows({ "text/markdown": text }), shows({ "text/markdown": "# After it" })));
      const first = page.frameLocator("iframe.frame >> nth=0");
      await first.locator(".mayfly-note", { hasText: new RegExp(note) }).waitFor();
      assert.equal(await first.locator("pre").innerText(), text);
      await page.frameLocator("iframe.frame >> nth=1").getByRole("heading", { name: "After it" }).waitFor();
      await isResponsive();
    });
  }

  test("a long text is shown piece by piece", async () => {
    await open();
    const text = "0123456789".repeat(5_000);
    await run(prints(event({ args: [string(text)], text })));
    const row = page.locator("#console .row .message");
    const more = row.getByRole("button", { name: /more characters/ });
    await more.click();
    await more.click();
    await page.waitForFunction(() => document.querySelector("#console .row .message .text")?.textContent.length === 50_000);
    assert.equal(await row.locator(".text").textContent(), text);
  });

  test("HTML that never ends is taken away", async () => {
    await open();
    // Its process is at the marks for minutes.
    await run(prints(shows({ "text/html": `<p>a${"\u0301".repeat(250_000)}</p>` })));
    await page.locator(".display-frame", { hasText: "(This takes too long to show.)" }).waitFor();
    assert.equal(await page.locator("iframe.frame").count(), 0);
  });
});
