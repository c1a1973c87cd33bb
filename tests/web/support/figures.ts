// Figures of the page, measured in Chromium with its own throttling: how soon it is there on a slow network and a slow
// machine, and what a keystroke costs in a long program. Prints them beside what they are to be.

import { readFile } from "node:fs/promises";
import path from "node:path";

import type { Browser, CDPSession, Page } from "playwright-core";

import { launch } from "./browser.ts";
import { root } from "./paths.ts";
import { RealServer } from "./real-server.ts";

/** How often each load is measured; the median counts. */
const LOADS = 7;
/** Keystrokes that are measured, after as many again to warm up. */
const KEYS = 200;
const LINES = 2_000;

/**
 * What is called fast 3G: 1.6 Mbit/s and a round trip of 150 ms. DevTools' preset of that name gives each request a
 * delay of 3.75 round trips on its own, whether it needs a connection or not, and 90 % of the rate.
 */
const NETWORKS = {
  "150 ms a round trip, 1.6 Mbit/s": { latency: 150, downloadThroughput: (1.6 * 1024 * 1024) / 8, uploadThroughput: (750 * 1024) / 8 },
  "DevTools' preset, 562.5 ms a request": { latency: 562.5, downloadThroughput: (1.6 * 1024 * 1024 * 0.9) / 8, uploadThroughput: (750 * 1024 * 0.9) / 8 },
} as const;

type Load = { paint: number; ready: number; editor: number; shift: number };

const part = (values: number[], of: number): number => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * of))] ?? NaN;
const median = (values: number[]): number => part(values, 0.5);

function write(line: string): void {
  process.stdout.write(`${line}\n`);
}

function say(what: string, figure: string, wanted: string, holds: boolean): void {
  write(`${holds ? "  " : "! "}${what.padEnd(58)} ${figure.padStart(12)}   ${wanted}`.trimEnd());
}

async function devtools(page: Page, slower: number): Promise<CDPSession> {
  const session = await page.context().newCDPSession(page);
  await session.send("Emulation.setCPUThrottlingRate", { rate: slower });
  return session;
}

async function load(browser: Browser, url: string, network: (typeof NETWORKS)[keyof typeof NETWORKS]): Promise<Load> {
  const context = await browser.newContext({ viewport: { width: 412, height: 823 }, serviceWorkers: "block" });
  const page = await context.newPage();
  const session = await devtools(page, 4);
  await session.send("Network.enable");
  await session.send("Network.emulateNetworkConditions", { offline: false, ...network });
  await context.addInitScript(() => {
    const seen = { shift: 0 };
    Object.assign(globalThis, { seen });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        const { value, hadRecentInput } = entry as PerformanceEntry & { value: number; hadRecentInput: boolean };
        if (!hadRecentInput) seen.shift += value;
      }
    }).observe({ type: "layout-shift", buffered: true });
  });
  await page.goto(url, { waitUntil: "commit" });
  await page.locator("#connection[data-at=open]").waitFor();
  // A first visit runs a program: its lines are what shifts where that is not thought of.
  await page.locator("#rows .row").nth(3).waitFor();
  const measured = await page.evaluate(() => ({
    paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? NaN,
    ready: performance.getEntriesByName("mayfly.ready")[0]?.startTime ?? NaN,
    editor: performance.getEntriesByName("mayfly.editor")[0]?.startTime ?? NaN,
    shift: (globalThis as unknown as { seen: { shift: number } }).seen.shift,
  }));
  await context.close();
  return measured;
}

/** A program of so many lines, of all that programs are made of. */
function longProgram(): string {
  const lines: string[] = [];
  for (let n = 0; lines.length < LINES; n += 1) {
    lines.push(
      `/** Adds up the ${n}th list, but for what is not a number. */`,
      `export function total${n}(list: readonly { value: number; name?: string }[]): number {`,
      `  const found = list.filter(({ value }) => !Number.isNaN(value)).map((it) => it.value * ${n});`,
      "  if (found.length === 0) return 0;",
      "  return found.reduce((sum, value) => sum + value, 0);",
      "}",
      "",
      `console.log(\`\${total${n}([{ value: ${n} }, { value: 2, name: "two" }])}\`);`,
    );
  }
  return lines.slice(0, LINES).join("\n");
}

type Typed = { work: number[]; frame: number[] };

async function keystrokes(browser: Browser, url: string, slower: number): Promise<Typed> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, serviceWorkers: "block" });
  const draft = `mayfly files 1\n${JSON.stringify({ files: [{ name: "main.ts", content: longProgram() }] })}`;
  await context.addInitScript((text) => {
    localStorage.setItem("mayfly.visited", "1");
    localStorage.setItem("mayfly.draft", text);
  }, draft);
  const page = await context.newPage();
  await page.goto(url);
  await page.locator("html[data-assist=ready]").waitFor({ timeout: 60_000 });
  await page.locator("#editor .cm-content").click();
  // Into the middle, at the end of a line inside a function.
  await page.keyboard.press("Control+Alt+g");
  await page.keyboard.type("1004");
  await page.keyboard.press("Enter");
  await page.keyboard.press("End");
  await devtools(page, slower);
  await page.evaluate(() => {
    const typed: { work: number[]; frame: number[] } = { work: [], frame: [] };
    Object.assign(globalThis, { typed });
    // First of all hearers: what follows is what the keystroke sets off.
    window.addEventListener(
      "keydown",
      (event) => {
        if (event.key.length !== 1) return;
        const begin = performance.now();
        let handled = begin;
        const { port1, port2 } = new MessageChannel();
        // A message comes when the handlers of this key, its input included, are through.
        port2.onmessage = () => {
          handled = performance.now();
        };
        port1.postMessage(null);
        requestAnimationFrame((frame) => {
          const drawing = performance.now();
          const after = new MessageChannel();
          after.port2.onmessage = () => {
            const now = performance.now();
            typed.work.push(Math.max(0, handled - begin) + (now - drawing));
            typed.frame.push(Math.max(frame, drawing) - event.timeStamp + (now - drawing));
          };
          after.port1.postMessage(null);
        });
      },
      { capture: true },
    );
  });
  const text = "const value = list.length + total; ";
  for (let i = 0; i < 2 * KEYS; i += 1) {
    await page.keyboard.type(text[i % text.length] ?? " ");
    await page.waitForTimeout(60);
  }
  const typed = await page.evaluate(() => (globalThis as unknown as { typed: Typed }).typed);
  await context.close();
  return { work: typed.work.slice(-KEYS), frame: typed.frame.slice(-KEYS) };
}

async function scriptBytes(): Promise<number> {
  const dist = path.join(root, "static/dist");
  const read = async (name: string) => JSON.parse(await readFile(path.join(dist, name), "utf8")) as unknown;
  const manifest = (await read("manifest.json")) as Record<string, string>;
  const preload = (await read("preload.json")) as Record<string, string[]>;
  const names = ["main.js", "theme.js", "early.js"].map((name) => manifest[name] ?? "").concat(preload["main.js"] ?? []);
  const sizes = await Promise.all(names.map(async (name) => (await readFile(path.join(dist, `${name}.br`))).length));
  return sizes.reduce((sum, size) => sum + size, 0);
}

const server = await RealServer.start();
const browser = await launch();
const bytes = await scriptBytes();
say("initial JavaScript, compressed (Brotli)", `${(bytes / 1024).toFixed(1)} KiB`, "at most 180 KiB", bytes <= 180 * 1024);
for (const [name, network] of Object.entries(NETWORKS)) {
  write(`\nFirst visit, processor 4 times as slow, ${name}; median of ${LOADS}`);
  const loads: Load[] = [];
  for (let i = 0; i < LOADS; i += 1) loads.push(await load(browser, server.url, network));
  // What can't be seen can't be typed into.
  const ready = median(loads.map((it) => Math.max(it.paint, it.ready)));
  const [paint, editor, shift] = [median(loads.map((it) => it.paint)), median(loads.map((it) => it.editor)), Math.max(...loads.map((it) => it.shift))];
  say("first contentful paint", `${Math.round(paint)} ms`, "under 1,200 ms", paint < 1_200);
  say("ready to type, as plain text", `${Math.round(ready)} ms`, "under 2,000 ms", ready < 2_000);
  say("the editor in place of that, with what was typed", `${Math.round(editor)} ms`, "under 2,000 ms", editor < 2_000);
  say("cumulative layout shift, the worst", shift.toFixed(4), "0", shift === 0);
}
for (const slower of [1, 4]) {
  const { work, frame } = await keystrokes(browser, server.url, slower);
  write(`\nTyping in ${LINES} lines with the language service on, processor ${slower === 1 ? "as it is" : `${slower} times as slow`}; ${KEYS} keys`);
  say("work of the page's thread for a key, p50", `${part(work, 0.5).toFixed(1)} ms`, "", true);
  say("work of the page's thread for a key, p95", `${part(work, 0.95).toFixed(1)} ms`, slower === 1 ? "under 16 ms" : "no bound", slower !== 1 || part(work, 0.95) < 16);
  say("from the key to the end of the next frame, p95", `${part(frame, 0.95).toFixed(1)} ms`, "a frame is 16.7 ms", true);
}
await browser.close();
await server.end();
