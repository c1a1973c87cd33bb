// A flood of lines, as fast as the page takes them, and how many frames the page missed meanwhile. Not a test: what
// it measures depends on the machine.

import { launch, openPage } from "./browser.ts";
import { MockServer, report, type Script } from "./mock-server.ts";
import { event, string } from "./sample-run.ts";

const lines = Number(process.argv[2] ?? 1_000_000);
/** About as much as the server puts into a frame. */
const AT_ONCE = 400;
const FRAME_MS = 1000 / 60;

const flood: Script = (message, peer) => {
  if (message.type !== "run" || message.run_id === undefined) return;
  const run_id = message.run_id;
  peer.send({ type: "started", run_id });
  let seq = 0;
  const more = () => {
    // So that the mock's own memory is not what is measured.
    for (let burst = 0; burst < 5 && seq < lines; burst += 1) {
      const events = Array.from({ length: AT_ONCE }, (_, i) => event({ args: [string(`line ${seq + i} of the flood`)], text: `line ${seq + i} of the flood`, line: 3, column: 3 }));
      peer.send({ type: "console", run_id, seq, events });
      seq += AT_ONCE;
    }
    if (seq < lines) setImmediate(more);
    else peer.send({ type: "finished", run_id, ...report("completed") });
  };
  more();
};

const say = (line: string) => process.stdout.write(`${line}\n`);
const server = await MockServer.start();
const browser = await launch();
const { page, close } = await openPage(browser, server.url);

/** Starts to count frames; gives back, when called again, how it went. */
const measure = async (what: string, act: () => Promise<void>) => {
  await page.evaluate(() => {
    const seen = globalThis as unknown as { gaps: number[]; stop: boolean };
    seen.gaps = [];
    seen.stop = false;
    let last = performance.now();
    const tick = () => {
      const now = performance.now();
      seen.gaps.push(now - last);
      last = now;
      if (!seen.stop) requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  });
  const start = performance.now();
  await act();
  const took = performance.now() - start;
  const gaps = await page.evaluate(() => {
    const seen = globalThis as unknown as { gaps: number[]; stop: boolean };
    seen.stop = true;
    return seen.gaps;
  });
  const missed = gaps.reduce((sum, gap) => sum + Math.max(0, Math.round(gap / FRAME_MS) - 1), 0);
  const part = (100 * missed) / (missed + gaps.length);
  say(`${what}: ${(took / 1000).toFixed(1)} s, ${gaps.length} frames, ${missed} missed (${part.toFixed(1)} %), longest ${Math.round(Math.max(...gaps))} ms`);
};

await page.waitForTimeout(6000);
await measure("at rest", () => page.waitForTimeout(3000));
server.script = flood;
await measure(`${lines.toLocaleString("en")} lines arrive`, async () => {
  await page.locator("#run").click();
  await page.locator("#badge", { hasText: "Completed" }).waitFor({ timeout: 300_000 });
});
await measure("scrolling through what is kept", async () => {
  await page.locator("#console").hover();
  for (let i = 0; i < 120; i += 1) {
    await page.mouse.wheel(0, i % 2 === 0 ? -4000 : -1000);
    await page.waitForTimeout(16);
  }
});
say(`${await page.locator(".row").count()} rows drawn, ${await page.locator("#earlier").textContent()}`);
await close();
await browser.close();
await server.stop();
