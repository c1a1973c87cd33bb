// The ten main states of the page, as pictures to be looked at: light and dark, on a desktop and at 360 px. They are
// drawn against the mock, so that the same page gives the same pictures.

import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";

import type { Browser, Page } from "playwright-core";

import { launch, openPage, type } from "./browser.ts";
import { LIMITS, MockServer, report, type Script } from "./mock-server.ts";
import { ERROR, event, sampleRun, string } from "./sample-run.ts";

const folder = process.argv[2] ?? "docs/states";

const WIDE = { width: 1180, height: 700 };
const NARROW = { width: 360, height: 700 };

const DIVIDE = `function divide(a, b) {
  if (b === 0) throw new RangeError("division by zero");
  return a / b;
}

console.log(divide(6, 3));
divide(6, 0);
`;
const SPIN = `let found = 0;
for (let n = 2; ; n++) {
  if (isPrime(n)) found++;
}

function isPrime(n) {
  for (let i = 2; i * i <= n; i++) if (n % i === 0) return false;
  return true;
}
`;

type Run = { id: string; peer: Parameters<Script>[1] };

function onRun(answer: (run: Run) => void): Script {
  return (message, peer) => {
    if (message.type === "run" && message.run_id !== undefined) answer({ id: message.run_id, peer });
  };
}

const flying = onRun(({ id, peer }) => {
  peer.send({ type: "started", run_id: id });
  const events = Array.from({ length: 12 }, (_, i) => {
    const text = `${"∙".repeat(Math.round(14 + 12 * Math.sin(i / 2.6)))} ──·──`;
    return event({ args: [string(text)], text, line: 9, column: 11, at_ms: i * 150 });
  });
  peer.send({ type: "console", run_id: id, seq: 0, events });
});

const failing = onRun(({ id, peer }) => {
  peer.send({ type: "started", run_id: id });
  peer.send({ type: "console", run_id: id, seq: 0, events: [event({ args: [{ type: "number", value: 2 }], text: "2", line: 6, column: 9 }), event({ level: "error", args: [string("caught:"), ERROR], line: 6, column: 9, at_ms: 7 })] });
  const stack = [
    { function: "divide", line: 2, column: 22 },
    { function: "", line: 7, column: 1 },
  ];
  peer.send({ type: "finished", run_id: id, ...report("failed", { error: { name: "RangeError", message: "division by zero", stack } }) });
});

const spinning = onRun(({ id, peer }) => {
  const limits = { ...LIMITS, cpu_ms: 30_000, wall_ms: 60_000 };
  peer.send({ type: "started", run_id: id });
  peer.send({ type: "usage", run_id: id, usage: { ...report("completed").usage, cpu_ms: 5_240, limits }, at: { function: "isPrime", line: 7, column: 31 } });
});

const says = (...lines: string[]): Script =>
  onRun(({ id, peer }) => {
    peer.send({ type: "started", run_id: id });
    peer.send({ type: "console", run_id: id, seq: 0, events: lines.map((text, i) => event({ args: [string(text)], text, line: i + 1, at_ms: i * 3 })) });
    peer.send({ type: "finished", run_id: id, ...report("completed") });
  });

type Stage = { page: Page; server: MockServer };

async function run({ page, server }: Stage, script: Script): Promise<void> {
  server.script = script;
  await page.locator("#run").click();
}

/** Brings the page, just opened, into a state; `isNew` for one that a first visit has. */
const STATES: { name: string; isNew?: boolean; reach: (stage: Stage) => Promise<void> }[] = [
  {
    name: "first-visit",
    isNew: true,
    reach: async ({ page }) => {
      await page.locator(".row", { hasText: "+1.65 s" }).waitFor();
    },
  },
  {
    name: "values",
    reach: async (stage) => {
      await run(stage, sampleRun);
      await stage.page.locator(".row.result").waitFor();
      await stage.page.locator("#console").evaluate((element) => {
        element.scrollTop = 0;
      });
      await stage.page.locator(".tree > .item > .line").first().click();
    },
  },
  {
    name: "error",
    reach: async (stage) => {
      await type(stage.page, DIVIDE);
      await run(stage, failing);
      await stage.page.locator(".row.uncaught").waitFor();
    },
  },
  {
    name: "computes-long",
    reach: async (stage) => {
      await type(stage.page, SPIN);
      await run(stage, spinning);
      await stage.page.locator("#long").waitFor();
    },
  },
  {
    name: "inputs",
    reach: async ({ page }) => {
      await type(page, "export default ({ words }) => words.toSorted();\n");
      await page.locator("#inputs-toggle").click();
      await page.locator("#mode").selectOption("function");
      await page.locator("#input").fill('{\n  "words": ["b", a]\n}');
      await page.locator("#input-trouble", { hasText: "line 2" }).waitFor();
    },
  },
  {
    name: "examples",
    reach: async ({ page }) => {
      await page.locator("#examples").click();
      await page.locator("#examples-menu .menu-item").last().waitFor();
    },
  },
  {
    name: "files",
    reach: async ({ page }) => {
      await page.locator("#examples").click();
      await page.locator("#examples-menu .menu-item", { hasText: /^Several files/ }).click();
      await page.locator("#tabs [role=tab]").nth(2).click();
    },
  },
  {
    name: "share",
    reach: async (stage) => {
      await run(stage, says("shared with its output"));
      await stage.page.locator("#badge[data-tone=good]").waitFor();
      await stage.page.locator("#share").click();
      await stage.page.locator("dialog[open]").waitFor();
    },
  },
  {
    name: "history",
    reach: async (stage) => {
      await run(stage, says("alike", "of the first run", "the end"));
      await stage.page.locator("#badge[data-tone=good]").waitFor();
      await type(stage.page, 'console.log("alike");\nconsole.log("of the second run");\n');
      await run(stage, says("alike", "of the second run", "one more", "the end"));
      await stage.page.locator("#rows .row", { hasText: "one more" }).waitFor();
      await stage.page.locator("#badge[data-tone=good]").waitFor();
      await stage.page.locator("#history").click();
      await stage.page.locator(".history-run button").nth(1).click();
      await stage.page.locator(".diff").waitFor();
    },
  },
  {
    name: "settings",
    reach: async ({ page }) => {
      await page.locator("#settings").click();
      await page.locator("#settings-panel .setting").last().waitFor();
    },
  },
];

async function shoot(browser: Browser, state: (typeof STATES)[number], colorScheme: "light" | "dark", viewport: { width: number; height: number }): Promise<string> {
  const server = await MockServer.start();
  server.script = flying;
  const { page, problems, close } = await openPage(browser, server.url, { colorScheme, viewport, isNew: state.isNew ?? false, reducedMotion: "reduce" });
  await state.reach({ page, server });
  await page.evaluate(() => document.fonts.ready);
  const picture = await page.screenshot({ caret: "hide" });
  await close();
  await server.stop();
  if (problems.length > 0) throw new Error(`${state.name}: ${problems.join("\n")}`);
  return `data:image/png;base64,${picture.toString("base64")}`;
}

await mkdir(folder, { recursive: true });
const browser = await launch();
const sheet = await browser.newPage();
for (const state of STATES) {
  const pictures: string[] = [];
  for (const viewport of [WIDE, NARROW]) for (const colorScheme of ["light", "dark"] as const) pictures.push(await shoot(browser, state, colorScheme, viewport));
  const [light, dark, narrow, narrowDark] = pictures;
  const url = await sheet.evaluate(async (rows) => {
    const HEIGHT = 480;
    const GAP = 8;
    const images = await Promise.all(
      rows.map((row) =>
        Promise.all(
          row.map(async (src) => {
            const image = new Image();
            image.src = src;
            await image.decode();
            return image;
          }),
        ),
      ),
    );
    const width = (image: HTMLImageElement) => Math.round((image.width * HEIGHT) / image.height);
    const canvas = document.createElement("canvas");
    canvas.width = (images[0] ?? []).reduce((sum, image) => sum + width(image) + GAP, GAP);
    canvas.height = images.length * (HEIGHT + GAP) + GAP;
    const context = canvas.getContext("2d");
    if (context === null) throw new Error("There is no canvas.");
    context.fillStyle = "#777";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.imageSmoothingQuality = "high";
    for (const [line, row] of images.entries()) {
      let x = GAP;
      for (const image of row) {
        context.drawImage(image, x, GAP + line * (HEIGHT + GAP), width(image), HEIGHT);
        x += width(image) + GAP;
      }
    }
    return canvas.toDataURL("image/webp", 0.8);
  }, [[light ?? "", narrow ?? ""], [dark ?? "", narrowDark ?? ""]]);
  await writeFile(path.join(folder, `${state.name}.webp`), Buffer.from(url.slice(url.indexOf(",") + 1), "base64"));
}
await browser.close();
