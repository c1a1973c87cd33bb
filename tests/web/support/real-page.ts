// A page of the real server for each test of the file that imports this, its problems looked at after each.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach } from "node:test";

import type { Browser, Page } from "playwright-core";

import { launch, openPage, type, type Watched } from "./browser.ts";
import { RealServer } from "./real-server.ts";

export let browser: Browser;
export let server: RealServer;
export let watched: Watched;
export let page: Page;

before(async () => {
  [browser, server] = await Promise.all([launch(), RealServer.start()]);
});
after(async () => {
  await browser.close();
  await server.end();
});
beforeEach(async () => {
  watched = await openPage(browser, server.url);
  page = watched.page;
});
afterEach(async () => {
  await watched.close();
  assert.deepEqual(watched.problems, []);
});

/** Types a program and runs it. */
export async function run(source: string): Promise<void> {
  await type(page, source);
  await page.locator("#run").click();
}

/** Waits for the end of the run; returns how it is called. */
export async function outcome(): Promise<string> {
  await page.locator("#badge:not([data-tone=busy])").waitFor();
  return (await page.locator("#badge").textContent()) ?? "";
}
