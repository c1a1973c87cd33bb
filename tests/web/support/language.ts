// Short words for tests of the language service in the editor.

import { open, page } from "./mock-page.ts";

/** Waits until the service is there. */
export async function assisted(...options: Parameters<typeof open>): Promise<void> {
  await open(...options);
  page.setDefaultTimeout(15_000);
  await page.locator("html[data-assist=ready]").waitFor({ timeout: 20_000 });
}

/** Gives the program's only file another name. */
export async function renameFile(name: string): Promise<void> {
  await page.locator("#tabs [role=tab]").first().press("F2");
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.type(name);
  await page.keyboard.press("Enter");
  await page.locator("dialog[aria-label]").waitFor({ state: "detached" });
  await page.locator("#editor .cm-content").click();
}

/** What is offered. */
export const options = () => page.locator("#editor .cm-tooltip-autocomplete .cm-completionLabel").allTextContents();
/** One of the completions that are offered. */
export const completion = (label: string) => page.locator("#editor .cm-tooltip-autocomplete li", { hasText: label });
