// Pictures of the page in its states, against the mock: `node tests/web/screenshots.mjs FOLDER`.

import { mkdir } from "node:fs/promises";
import path from "node:path";

import { launch, openPage, type } from "./browser.ts";
import { MockServer, report, type Script } from "./mock-server.ts";
import { event, EVENTS, POINT, sampleRun, string } from "./sample-run.ts";

const folder = process.argv[2];
if (folder === undefined) throw new Error("Usage: node tests/web/screenshots.mjs FOLDER");
await mkdir(folder, { recursive: true });

const failing: Script = (message, peer) => {
  if (message.type !== "run" || message.run_id === undefined) return;
  const run_id = message.run_id;
  peer.send({ type: "started", run_id });
  peer.send({ type: "console", run_id, seq: 0, events: EVENTS.slice(9, 12) });
  const stack = [
    { function: "divide", line: 2, column: 20 },
    { function: "", line: 6, column: 1 },
  ];
  const error = { name: "RangeError", message: "division by zero", stack };
  peer.send({ type: "finished", run_id, ...report("failed", { error }) });
};

const running: Script = (message, peer) => {
  if (message.type !== "run" || message.run_id === undefined) return;
  const run_id = message.run_id;
  peer.send({ type: "started", run_id });
  const events = Array.from({ length: 12 }, (_, i) =>
    event({ args: [string(`beat ${i}`), string("∙".repeat(Math.round(14 + 12 * Math.sin(i / 2.6))))], line: 7, column: 11, at_ms: i * 150 }),
  );
  peer.send({ type: "console", run_id, seq: 0, events });
};

const timedOut: Script = (message, peer) => {
  if (message.type !== "run" || message.run_id === undefined) return;
  const run_id = message.run_id;
  peer.send({ type: "started", run_id });
  const at = { function: "loop", line: 2, column: 3 };
  const error = { name: "TimeLimit", message: "Stopped after 10 s, in `loop` at line 2. Make it finish sooner, or print less often.", stack: [] };
  const ended = report("timed_out", { error, stopped_at: at });
  ended.usage.wall_ms = 10_004;
  ended.usage.cpu_ms = 4_800;
  peer.send({ type: "finished", run_id, ...ended });
};

/** A program that has ended and stays, with what terminals and links look like, and something evaluated. */
const alive: Script = (message, peer) => {
  if (message.type === "run" && message.run_id !== undefined) {
    const run_id = message.run_id;
    peer.send({ type: "started", run_id });
    const esc = "\u001b[";
    const says = (text: string, rest = {}) => event({ args: [string(text)], text, line: 3, column: 9, ...rest });
    const events = [
      says(`${esc}1;32mok${esc}0m 12 tests ${esc}2min 3 ms${esc}0m, ${esc}41m 1 failed ${esc}0m, ${esc}38;5;208morange${esc}0m`),
      ...Array.from({ length: 5 }, () => says("the same again")),
      says("see https://example.org/a?b=c for more"),
      ...Array.from({ length: 8 }, (_, i) => says(`${["red", "yellow", "blue"][i % 3] ?? ""} ${i}`, { level: ["error", "warn", "info", "debug"][i % 4] })),
    ];
    peer.send({ type: "console", run_id, seq: 0, events });
    peer.send({ type: "paused", run_id, left_ms: 60_000, report: report("completed", { value: POINT }) });
  } else if (message.type === "evaluate") {
    const { run_id, evaluation_id } = message;
    peer.send({ type: "evaluated", run_id, evaluation_id, value: POINT });
    peer.send({ type: "paused", run_id, left_ms: 55_000 });
  }
};

const busy: Script = (message, peer) => {
  if (message.type !== "run" || message.run_id === undefined) return;
  peer.send({ type: "rejected", run_id: message.run_id, reason: "busy", message: "The server is full. Try again in a moment.", retry_after_ms: 4000 });
};

const DIVIDE = `function divide(a, b) {
  if (b === 0) throw new RangeError("division by zero");
  return a / b;
}

divide(6, 0);
`;
const LOOP = `(function loop() {
  for (;;);
})();
`;

const server = await MockServer.start();
const browser = await launch();
const looks = [
  { name: "light", options: { colorScheme: "light" } },
  { name: "dark", options: { colorScheme: "dark" } },
  { name: "360-light", options: { colorScheme: "light", viewport: { width: 360, height: 740 } } },
  { name: "360-dark", options: { colorScheme: "dark", viewport: { width: 360, height: 740 } } },
] as const;
for (const { name, options } of looks) {
  const { page, problems, close } = await openPage(browser, server.url, options);
  const shoot = (state: string) => page.screenshot({ path: path.join(folder, `${name}-${state}.png`) });
  await shoot("idle");
  server.script = running;
  await page.locator("#run").click();
  await page.locator(".row", { hasText: "beat 11" }).waitFor();
  await page.waitForTimeout(1200);
  await shoot("running");
  server.script = sampleRun;
  await page.locator("#run").click();
  await page.locator(".row.result").waitFor();
  await page.locator("#console").evaluate((element) => {
    element.scrollTop = 0;
  });
  await page.locator(".row", { hasText: "a point" }).locator(".tree > .item > .line").click();
  await page.locator(".tree .group .line[aria-expanded]").first().click();
  await shoot("finished");
  server.script = alive;
  await page.locator("#run").click();
  await page.getByRole("textbox", { name: "Evaluate in the program" }).fill("point");
  await page.keyboard.press("Enter");
  await page.locator(".row.input").waitFor();
  await page.waitForTimeout(200);
  await shoot("alive");
  await page.locator("#console-levels").click();
  await page.locator("#console-tools input[type=search]").evaluate((field: HTMLInputElement) => {
    field.value = "/red|e/";
    field.dispatchEvent(new Event("input"));
  });
  await page.locator("#console-found", { hasText: "of" }).waitFor();
  await shoot("filtered");
  await page.keyboard.press("Escape");
  await page.locator("#console-tools input[type=search]").fill("");
  server.script = failing;
  await type(page, DIVIDE);
  await page.locator("#run").click();
  await page.locator(".row.uncaught").waitFor();
  await shoot("error");
  server.script = timedOut;
  await type(page, LOOP);
  await page.locator("#run").click();
  await page.locator("#badge[data-tone=warn]").waitFor();
  await shoot("timed-out");
  server.script = busy;
  await page.locator("#run").click();
  await page.locator("#retry").waitFor();
  await page.locator("#examples").click();
  await shoot("rejected");
  if (problems.length > 0) throw new Error(problems.join("\n"));
  await close();
}
await browser.close();
await server.stop();
