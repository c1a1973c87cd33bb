// The page alone, in real Chromium, against a server that says what each test wants: the line under the console.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { axe, layout } from "../support/audit.ts";
import { forgive, open, page, run, server, usePages } from "../support/mock-page.ts";
import { report, type Peer, type Script } from "../support/mock-server.ts";
import { event, number, string } from "../support/sample-run.ts";

usePages();

const field = () => page.getByRole("textbox", { name: "Evaluate in the program" });
const messages = () => page.locator(".row .message").allTextContents();
let said: (act: (peer: Peer, run_id: string) => void) => void = () => undefined;

/** A server that starts a run, ends its program at once if `ends`, and does with each evaluation what `evaluate` says. */
function lives(ends: boolean, evaluate: (source: string, id: number, peer: Peer, run_id: string) => void = () => undefined): Script {
  return (message, peer) => {
    if (message.type === "run" && message.run_id !== undefined) {
      const { run_id } = message;
      said = (act) => {
        act(peer, run_id);
      };
      peer.send({ type: "started", run_id });
      if (ends) peer.send({ type: "paused", run_id, left_ms: 60_000, report: report("completed", { value: number(42) }) });
    } else if (message.type === "evaluate") {
      evaluate(message.source, message.evaluation_id, peer, message.run_id);
    } else if (message.type === "stop") {
      peer.send({ type: "finished", run_id: message.run_id, ...report("completed", { value: number(42) }) });
    }
  };
}

const echoes = lives(true, (source, evaluation_id, peer, run_id) => {
  if (source === "bad") peer.send({ type: "evaluated", run_id, evaluation_id, error: { name: "TypeError", message: "no", stack: [] } });
  else peer.send({ type: "evaluated", run_id, evaluation_id, value: string(source) });
  peer.send({ type: "paused", run_id, left_ms: 30_000 });
});

describe("the line under the console", () => {
  test("evaluates while the program's isolate stays, and tells until when that is", async () => {
    await open();
    assert.ok(await page.locator("#repl").isHidden());
    await run(echoes);
    await page.locator("#badge", { hasText: "Completed" }).waitFor();
    await page.locator("#repl-status", { hasText: "The program has ended; its isolate stays until" }).waitFor();
    assert.deepEqual(await messages(), ["42"]);
    await field().fill("1 + 1");
    await field().press("Enter");
    await page.locator(".row.result", { hasText: '"1 + 1"' }).waitFor();
    assert.deepEqual(await messages(), ["42", "1 + 1", '"1 + 1"']);
    assert.equal(await field().inputValue(), "");
    await field().fill("bad");
    await field().press("Enter");
    await page.locator(".row.uncaught", { hasText: "TypeError: no" }).waitFor();
    await page.locator("#live", { hasText: "TypeError: no" }).waitFor({ state: "attached" });
    // The run's end is told as it was.
    await page.locator("#badge", { hasText: "Completed" }).waitFor();
    const [first, ...evaluations] = server.received;
    assert.ok(first?.type === "run" && first.repl === true);
    assert.deepEqual(evaluations.map((it) => (it.type === "evaluate" ? [it.evaluation_id, it.source] : [])), [[1, "1 + 1"], [2, "bad"]]);
    assert.deepEqual(await axe(page), []);
    await page.getByRole("button", { name: "Let go" }).click();
    await page.locator("#repl").waitFor({ state: "hidden" });
    await page.locator("#badge", { hasText: "Completed" }).waitFor();
    assert.equal(await page.evaluate(() => document.activeElement?.id), "run");
  });

  test("takes several lines, and goes back to earlier ones", async () => {
    await open();
    await run(echoes);
    await field().waitFor();
    for (const source of ["first", "second"]) {
      await field().fill(source);
      await field().press("Enter");
    }
    await field().pressSequentially("being typed");
    await field().press("ArrowUp");
    assert.equal(await field().inputValue(), "second");
    await field().press("ArrowUp");
    assert.equal(await field().inputValue(), "first");
    await field().press("ArrowUp");
    assert.equal(await field().inputValue(), "first");
    await field().press("ArrowDown");
    await field().press("ArrowDown");
    assert.equal(await field().inputValue(), "being typed");
    await field().press("Shift+Enter");
    await field().pressSequentially("and more");
    assert.equal(await field().getAttribute("rows"), "2");
    await field().press("Enter");
    await page.locator(".row.result", { hasText: "being typed\\nand more" }).waitFor();
    assert.equal(await page.locator(".row.input .message").last().textContent(), "being typed\nand more");
  });

  test("is there while the program runs, and what is printed comes in between", async () => {
    await open();
    await run(
      lives(false, (_, evaluation_id, peer, run_id) => {
        peer.send({ type: "console", run_id, seq: 0, events: [event({ args: [string("printed")], text: "printed" })] });
        peer.send({ type: "evaluated", run_id, evaluation_id, value: { type: "undefined" } });
      }),
    );
    await page.locator("#repl-status", { hasText: "The program runs" }).waitFor();
    assert.ok(await page.getByRole("button", { name: "Let go" }).isHidden());
    await field().fill("console.log('printed')");
    await field().press("Enter");
    await page.locator(".row.result", { hasText: "undefined" }).waitFor();
    assert.deepEqual(await messages(), ["console.log('printed')", "printed", "undefined"]);
    await page.locator("#badge", { hasText: "Running" }).waitFor();
  });

  test("can be told to stop what does not end, and says when the isolate is gone and why", async () => {
    await open();
    await run(lives(true));
    await field().fill("for (;;) ;");
    await field().press("Enter");
    await page.locator("#repl-status", { hasText: "Evaluating" }).waitFor();
    await page.locator("#stop:enabled").click();
    await page.locator("#repl").waitFor({ state: "hidden" });
    assert.equal(server.received.at(-1)?.type, "stop");
    await run(lives(true));
    await field().waitFor();
    said((peer, run_id) => {
      peer.send({ type: "released", run_id, reason: "others" });
      peer.send({ type: "finished", run_id, ...report("completed", { value: number(42) }) });
    });
    await page.locator(".row.notice", { hasText: "another run was waiting for its place" }).waitFor();
    await page.locator("#repl").waitFor({ state: "hidden" });
    await run(lives(true));
    await field().waitFor();
    said((peer, run_id) => {
      peer.send({ type: "finished", run_id, ...report("cpu_exceeded", { error: { name: "CpuLimit", message: "Stopped after 5 s of computing.", stack: [] } }) });
    });
    await page.locator(".row.notice", { hasText: "Stopped after 5 s of computing." }).waitFor();
    // The program itself has not gone over a limit.
    await page.locator("#badge", { hasText: "Completed" }).waitFor();
  });

  test("lets the isolate go when another run begins, or the connection is lost", async () => {
    await open();
    await run(lives(true));
    await field().waitFor();
    await run(lives(true));
    await page.waitForFunction(() => document.querySelectorAll(".row").length === 1);
    assert.deepEqual(server.received.map(({ type }) => type), ["run", "stop", "run"]);
    await field().waitFor();
    server.dropConnections();
    await page.locator("#repl").waitFor({ state: "hidden" });
    await page.locator("#badge", { hasText: "Completed" }).waitFor();
    forgive("WebSocket");
  });

  test("records what the program did and not what was evaluated", async () => {
    await open();
    await run(
      lives(true, (_, evaluation_id, peer, run_id) => {
        peer.send({ type: "console", run_id, seq: 0, events: [event({ args: [string("late")], text: "late" })] });
        peer.send({ type: "evaluated", run_id, evaluation_id, value: number(1) });
      }),
    );
    await field().fill("1");
    await field().press("Enter");
    await page.locator(".row", { hasText: "late" }).waitFor();
    let shared = "";
    server.api = ({ body }) => {
      shared = body;
      return { status: 201, json: { id: "a1B2c3D4e5f6", version: 1, url: `${server.url}/s/a1B2c3D4e5f6`, deletion_token: "key" } };
    };
    await page.locator("#share").click();
    await page.locator("dialog").getByRole("button", { name: "Share" }).click();
    await page.getByLabel("Link").waitFor();
    const { output } = JSON.parse(shared) as { output: { console: unknown[]; value: unknown } };
    assert.deepEqual([output.console, output.value], [[], number(42)]);
  });

  for (const colorScheme of ["light", "dark"] as const) {
    test(`${colorScheme}, 360 px: fits, and axe finds nothing`, async () => {
      await open({ colorScheme, viewport: { width: 360, height: 740 } });
      await run(echoes);
      await field().fill("x");
      await field().press("Enter");
      await page.locator(".row.result", { hasText: '"x"' }).waitFor();
      assert.deepEqual(await layout(page), { sideways: 0, runInSight: true });
      assert.deepEqual(await axe(page), []);
    });
  }
});
