// A page and a mock server of its own for each test, and short words for what tests do with them.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach } from "node:test";

import type { Browser, Page } from "playwright-core";

import type { ClientMsg, ConsoleEvent } from "../../../web/protocol.ts";
import { launch, openPage, type Visitor, type Watched } from "./browser.ts";
import { MockServer, report, type Peer, type Script } from "./mock-server.ts";

let browser: Browser;
let watched: Watched | null = null;

/** The test's server. */
export let server: MockServer;

/** The test's page, once it is open. */
export let page: Page;

/** Has every test of the file start with a new server, and end with a page that did nothing wrong. */
export function usePages(): void {
  before(async () => {
    browser = await launch();
  });
  after(async () => {
    await browser.close();
  });
  beforeEach(async () => {
    server = await MockServer.start();
  });
  afterEach(async () => {
    const { problems } = watched ?? { problems: [] };
    await watched?.close();
    watched = null;
    await server.stop();
    assert.deepEqual(problems, []);
  });
}

/** The browser that all tests of the file share. */
export const browserOf = (): Browser => browser;

/** Makes a page that was opened elsewhere the test's. */
export function watch(opened: Watched): void {
  watched = opened;
  page = opened.page;
}

/** Opens the page, `before` having run in it first. */
export async function open(options: Visitor = {}, before?: () => void): Promise<void> {
  watched = await openPage(browser, server.url, options, before);
  page = watched.page;
}

/** Opens the page in a browser that runs no scripts. */
export async function openWithoutScripts(): Promise<void> {
  const context = await browser.newContext({ javaScriptEnabled: false });
  page = await context.newPage();
  watched = { page, problems: [], close: () => context.close() };
  await page.goto(server.url);
}

/** Stops the server and starts it again where it was, `between` happening in between. */
export async function restart(between: () => Promise<void>): Promise<void> {
  const { port } = server;
  await server.stop();
  await between();
  server = await MockServer.start(port);
  // The browser may have been fetching the page's icon or its language service, which it does when it likes.
  forgive("/assets/");
  forgive("ERR_CONNECTION_RESET");
}

/** Takes out of the page's problems those that a test has caused on purpose. */
export function forgive(part: string): void {
  watched?.problems.splice(0, Infinity, ...watched.problems.filter((problem) => !problem.includes(part)));
}

/** A script that answers each run; other messages go unanswered. */
export function onRun(answer: (run_id: string, peer: Peer) => void): Script {
  return (message: ClientMsg, peer) => {
    if (message.type === "run" && message.run_id !== undefined) answer(message.run_id, peer);
  };
}

/** A script that prints events and completes. */
export function prints(...events: ConsoleEvent[]): Script {
  return onRun((run_id, peer) => {
    peer.send({ type: "started", run_id });
    peer.send({ type: "console", run_id, seq: 0, events });
    peer.send({ type: "finished", run_id, ...report("completed") });
  });
}

/** Sets what answers, and presses Run. */
export async function run(script: Script): Promise<void> {
  server.script = script;
  await page.locator("#run").click();
}

/** What has the focus: the text of a line in a tree, else an id. */
export const focused = () =>
  page.evaluate(() => {
    const active = document.activeElement;
    return active?.getAttribute("role") === "treeitem" ? active.textContent : (active?.id ?? "");
  });
