#!/usr/bin/env node
// Draws the icons that systems want as PNG from static/icons/icon.svg, with Chromium: `node scripts/icons.mjs`.

import { readFile } from "node:fs/promises";
import path from "node:path";

import { chromium } from "playwright-core";

const folder = path.join(path.dirname(path.dirname(new URL(import.meta.url).pathname)), "static/icons");
const svg = await readFile(path.join(folder, "icon.svg"), "utf8");
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--headless", "--no-sandbox"] });
/** Systems cut a maskable icon to a shape of theirs: all that counts is within the inner 80 %. */
for (const [name, size, part, background] of [
  ["icon-192.png", 192, 1, "transparent"],
  ["icon-512.png", 512, 1, "transparent"],
  ["icon-maskable-512.png", 512, 0.84, "#0f4f4a"],
]) {
  const page = await browser.newPage({ viewport: { width: size, height: size } });
  const inner = Math.round(size * part);
  await page.setContent(`<style>body{margin:0;display:grid;place-items:center;height:100vh;background:${background}}svg{width:${inner}px;height:${inner}px}</style>${svg}`);
  await page.screenshot({ path: path.join(folder, name), omitBackground: true });
}
await browser.close();
