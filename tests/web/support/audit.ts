// What every state of the page must hold to.

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";

import type { AxeResults } from "axe-core";
import type { Frame, Page } from "playwright-core";

import { root } from "./paths.ts";

const axeSource = await readFile(createRequire(path.join(root, "package.json")).resolve("axe-core/axe.min.js"), "utf8");

/** How often axe looks at most. It walks the page in many steps, and breaks, or sees what nobody sees, when something
 * (a colour on its way, a row that comes) changes in between. What is wrong with a page stays wrong. */
const LOOKS = 4;

/** What axe finds wrong: rule and place. Text that a program has coloured with %c is the program's own affair. */
export async function axe(page: Page | Frame): Promise<string[]> {
  // By the debugger, which the page's CSP does not bind.
  await page.evaluate(axeSource);
  for (let look = 1; ; look++) {
    await settled(page);
    try {
      const found = await audit(page);
      if (found.length === 0 || look === LOOKS) return found;
    } catch (error) {
      if (look === LOOKS) throw error;
    }
  }
}

async function audit(page: Page | Frame): Promise<string[]> {
  const exclude = [
    [".text [style]"],
    // The editor keeps the focus and moves through the list by aria-activedescendant, which axe knows of inputs only.
    { fromShadowDom: ["#editor", ".cm-tooltip-autocomplete > ul"] },
  ];
  const results = await page.evaluate(async (exclude) => {
    const { axe } = globalThis as unknown as { axe: { run: (context: unknown) => Promise<AxeResults> } };
    return (await axe.run({ exclude })).violations.map(({ id, nodes }) => ({
      id,
      nodes: nodes.map(({ target, failureSummary }) => `${target.join(" ")}: ${failureSummary ?? ""}`),
    }));
  }, exclude);
  return results.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node}`));
}

/** Waits until what moves and ends has ended, and the page was painted. */
async function settled(page: Page | Frame): Promise<void> {
  await page.evaluate(async () => {
    const ends = document.getAnimations().filter((animation) => animation.effect?.getComputedTiming().endTime !== Infinity);
    await Promise.allSettled(ends.map((animation) => animation.finished));
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  });
}

/** By how many pixels the page scrolls sideways, and whether the whole Run button can be seen. */
export function layout(page: Page): Promise<{ sideways: number; runInSight: boolean }> {
  return page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    const run = document.querySelector("#run")?.getBoundingClientRect();
    const inSight =
      run !== undefined && run.width > 0 && run.left >= 0 && run.top >= 0 && run.right <= innerWidth && run.bottom <= innerHeight;
    return { sideways: scrollWidth - clientWidth, runInSight: inSight };
  });
}
