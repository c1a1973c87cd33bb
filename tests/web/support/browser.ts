// Real Chromium, and a page that is watched for everything a page should not do.

import { execFileSync } from "node:child_process";

import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";

/** Chromium's path: `CHROMIUM` if set, else the first one found on PATH. */
function findChromium(): string {
  const named = process.env["CHROMIUM"];
  if (named !== undefined && named !== "") return named;
  for (const name of ["chromium", "chromium-browser", "google-chrome"]) {
    try {
      return execFileSync("which", [name], { encoding: "utf8" }).trim();
    } catch {
      // Not this one.
    }
  }
  throw new Error("No Chromium found. Install Debian's chromium package, or set CHROMIUM to a browser's path.");
}

/** What a state of a page is looked at in: both themes, on a desktop and on a phone. */
export const LOOKS: readonly [name: string, options: BrowserContextOptions][] = [
  ["light", { colorScheme: "light" }],
  ["dark", { colorScheme: "dark" }],
  ["light, 360 px", { colorScheme: "light", viewport: { width: 360, height: 740 } }],
  ["dark, 360 px", { colorScheme: "dark", viewport: { width: 360, height: 740 } }],
];

/** Starts Chromium. */
export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: findChromium(),
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** A page, and what went wrong on it so far. */
export type Watched = { page: Page; problems: string[]; close: () => Promise<void> };

/** Opens a page of its own storage, `before` having run in it first, and waits until it has its connection. */
export async function openPage(
  browser: Browser,
  url: string,
  options: Visitor = {},
  before: () => void = () => undefined,
): Promise<Watched> {
  const watched = await watchPage(browser, url, options, before);
  if (options.holds === undefined) await watched.page.locator("#connection[data-at=open]").waitFor();
  return watched;
}

/** Contexts whose visitor has been here before: all but those that say otherwise. */
export type Visitor = BrowserContextOptions & { isNew?: boolean; holds?: Held };

/** Files that do not come before something has happened. */
export type Held = { files: RegExp; until: Promise<void> };

/** Opens any page, as `openPage` does. CSP violations, errors and failed requests end up in `problems`. */
export async function watchPage(
  browser: Browser,
  url: string,
  options: Visitor = {},
  before: () => void = () => undefined,
): Promise<Watched> {
  const { isNew = false, serviceWorkers = "block", holds, ...rest } = options;
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, serviceWorkers, ...rest });
  if (!isNew) {
    await context.addInitScript(() => {
      // A frame that is sandboxed has no storage.
      if (globalThis.origin !== "null") localStorage.setItem("mayfly.visited", "1");
    });
  }
  const problems: string[] = [];
  await context.exposeFunction("tellProblem", (text: string) => problems.push(text));
  await context.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      const tell = (globalThis as unknown as { tellProblem: (text: string) => void }).tellProblem;
      tell(`CSP: ${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  await context.addInitScript(before);
  const page = await context.newPage();
  page.on("console", (message) => {
    // What tests that have none of it see of the page's service worker.
    if (message.text().includes("blocked by Playwright")) return;
    if (message.type() === "error" || message.type() === "warning") problems.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => problems.push(`error: ${error.message}`));
  page.on("requestfailed", (request) => {
    // A page that is left or reloaded gives up what it was loading for later.
    if (request.failure()?.errorText !== "net::ERR_ABORTED") problems.push(`request: ${request.url()}`);
  });
  if (holds !== undefined) {
    await context.route(holds.files, async (route) => {
      await holds.until;
      await route.continue();
    });
  }
  await page.goto(url, { waitUntil: holds === undefined ? "load" : "commit" });
  return { page, problems, close: () => context.close() };
}

/** Replaces the program in the editor, as a visitor would: select all, then insert. */
export async function type(page: Page, program: string): Promise<void> {
  await page.locator("#editor .cm-content").click();
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.press("Delete");
  await page.keyboard.insertText(program);
}

/** The program in the editor: every line of it, for programs short enough to be drawn whole. */
export async function program(page: Page): Promise<string> {
  return (await page.locator("#editor .cm-line").allTextContents()).join("\n");
}
