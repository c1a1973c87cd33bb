// The page alone, in real Chromium, against a server that says what each test wants: running, stopping and the connection.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { program, type } from "../support/browser.ts";
import { focused, forgive, onRun, open, page, prints, restart, run, server, usePages } from "../support/mock-page.ts";
import { report, type Peer } from "../support/mock-server.ts";
import { event, sampleRun, string } from "../support/sample-run.ts";

usePages();

describe("running", () => {
  test("by button, by Ctrl+Enter in the editor and outside it", async () => {
    await open();
    await type(page, "1 + 1");
    await page.keyboard.press("Control+Enter");
    await page.locator("#run").click();
    await page.locator("#console").focus();
    await page.keyboard.press("Control+Enter");
    await page.locator("#badge", { hasText: "Sending" }).waitFor();
    await page.waitForFunction(() => document.querySelector("#stop:enabled") !== null);
    const runs = () => server.received.filter((message) => message.type === "run");
    while (runs().length < 3) await new Promise((resolve) => setImmediate(resolve));
    for (const message of runs()) assert.equal(message.source, "1 + 1");
    assert.equal(new Set(runs().map((message) => message.run_id)).size, 3);
  });

  test("a run says what it is written in, and the browser remembers", async () => {
    await open();
    const languages = () => server.received.filter((message) => message.type === "run").map((message) => message.language);
    const select = page.getByLabel("Language");
    assert.equal(await select.inputValue(), "javascript");
    await select.selectOption("TSX");
    await page.reload();
    assert.equal(await select.inputValue(), "tsx");
    await page.locator("#run").click();
    await page.waitForFunction(() => document.querySelector("#stop:enabled") !== null);
    while (languages().length === 0) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(languages(), ["tsx"]);
    await select.selectOption("JavaScript");
  });

  test("Stop works only while something runs, and says what it does", async () => {
    await open();
    assert.ok(await page.locator("#stop").isDisabled());
    let peer: Peer | undefined;
    let id = "";
    await run((message, from) => {
      if (message.type === "run" && message.run_id !== undefined) {
        [peer, id] = [from, message.run_id];
        from.send({ type: "started", run_id: id });
      }
    });
    await page.locator("#badge", { hasText: "Running" }).waitFor();
    await page.locator("#stop").click();
    await page.locator("#badge", { hasText: "Stopping" }).waitFor();
    assert.ok(await page.locator("#stop").isDisabled());
    const error = { name: "Stopped", message: "Stopped in `loop` at line 7.", stack: [] };
    peer?.send({ type: "finished", run_id: id, ...report("stopped", { error, stopped_at: { function: "loop", line: 7, column: 3 } }) });
    await page.locator("#badge", { hasText: "Stopped" }).waitFor();
    assert.equal(await page.locator("#message").innerText(), "Stopped in `loop` at line 7.");
    assert.ok(await page.locator("#message").getByRole("button", { name: "line 7" }).isVisible());
    assert.deepEqual(server.received.at(-1), { type: "stop", run_id: id });
    assert.equal(await page.locator("#live").textContent(), "Stopped in `loop` at line 7.");
    // The disabled button did not take the focus with it.
    assert.equal(await focused(), "run");
  });

  test("a place in the queue is shown", async () => {
    await open();
    await run(
      onRun((run_id, peer) => {
        peer.send({ type: "queued", run_id, position: 3 });
      }),
    );
    await page.locator("#message", { hasText: "Number 3 in line" }).waitFor();
    assert.equal(await page.locator("#badge").textContent(), "Queued");
  });

  test("a rejection says when to try again, and then lets one", async () => {
    await open();
    await run(
      onRun((run_id, peer) => {
        peer.send({ type: "rejected", run_id, reason: "busy", message: "The server is full.", retry_after_ms: 900 });
      }),
    );
    await page.locator("#message", { hasText: "The server is full." }).waitFor();
    assert.ok(await page.locator("#retry").isDisabled());
    assert.equal(await page.locator("#retry").textContent(), "Try again in 1 s");
    server.script = prints(event({ args: [string("hello")] }));
    await page.locator("#retry:enabled").click();
    await page.locator(".row", { hasText: "hello" }).waitFor();
  });

  test("too many runs: told how many there may be and when to go on, and nothing typed is lost", async () => {
    await open();
    await type(page, "let mine = 1");
    const message = "Too many runs from your address: at most 30 a minute, 10 at once. Try again in 2 s.";
    await run(
      onRun((run_id, peer) => {
        peer.send({ type: "rejected", run_id, reason: "rate_limited", message, retry_after_ms: 1_400 });
      }),
    );
    await page.locator("#message", { hasText: message }).waitFor();
    assert.equal(await page.locator("#badge").textContent(), "Not run");
    assert.equal(await page.locator("#live").textContent(), message);
    assert.ok(await page.locator("#retry").isDisabled());
    assert.equal(await page.locator("#retry").textContent(), "Try again in 2 s");
    assert.equal(await program(page), "let mine = 1");
    server.script = prints(event({ args: [string("on we go")] }));
    await page.locator("#retry:enabled").click();
    await page.locator(".row", { hasText: "on we go" }).waitFor();
    assert.equal((server.received.at(-1) as { source?: string }).source, "let mine = 1");
  });

  test("what was used is shown against what was allowed", async () => {
    await open();
    await run(sampleRun);
    await page.locator("#badge", { hasText: "Completed" }).waitFor();
    const meters = await page.locator("[role=meter]").evaluateAll((all) => all.map((meter) => [meter.getAttribute("aria-label"), meter.getAttribute("aria-valuetext")]));
    assert.deepEqual(meters, [
      ["Time", "1.5 s of 10 s"],
      ["CPU", "12 ms of 5 s"],
      ["Heap", "3.2 MiB of 64 MiB"],
      ["Buffers", "0 B of 64 MiB"],
      ["Process", "39.1 MiB of 256 MiB"],
      ["Output", "1.2 KiB of 1 MiB"],
    ]);
  });
});

describe("the connection", () => {
  test("a server that restarts: the page is at the next at once, with all that was typed and printed", async () => {
    await open();
    await type(page, "let kept = 1");
    await run(prints(event({ args: [string("printed before")] })));
    await page.locator("#badge", { hasText: "Completed" }).waitFor();
    await type(page, "let typed = 2");
    // The next program reaches the server when that has begun to go: it says so, and does not begin it.
    const sent: string[] = [];
    server.script = (message, peer) => {
      if (message.type !== "run" || message.run_id === undefined) return;
      sent.push(message.run_id);
      if (sent.length === 1) {
        peer.close(1012, "The server restarts. Connect again now.");
        return;
      }
      peer.send({ type: "started", run_id: message.run_id });
    };
    await page.locator("#run").click();
    await page.locator("#badge", { hasText: "Running" }).waitFor();
    assert.equal(sent.length, 2);
    assert.equal(sent[0], sent[1], "it is the same run");
    assert.equal(await program(page), "let typed = 2");
    assert.equal(await page.locator(".row.notice", { hasText: "lost" }).count(), 0);
  });

  test("a server that restarts while nothing runs: nothing is lost, and nothing has to be done", async () => {
    await open();
    await type(page, "let kept = 3");
    let peer: Peer | undefined;
    const print = prints(event({ args: [string("printed before")] }));
    await run((message, from) => {
      peer = from;
      print(message, from);
    });
    await page.locator("#badge", { hasText: "Completed" }).waitFor();
    await type(page, "let typed = 4");
    peer?.close(1012, "The server restarts. Connect again now.");
    while (server.connected < 2) await new Promise((resolve) => setImmediate(resolve));
    await page.locator("#connection[data-at=open]").waitFor();
    assert.equal(await program(page), "let typed = 4");
    assert.ok(await page.locator(".row", { hasText: "printed before" }).isVisible());
    assert.equal(await page.locator("#badge").textContent(), "Completed");
  });

  test("lost in the middle of a run: the run is lost, the program is not, and the page comes back", async () => {
    await open();
    await type(page, "let kept = true");
    await run(
      onRun((run_id, peer) => {
        peer.send({ type: "started", run_id });
        peer.send({ type: "console", run_id, seq: 0, events: [event({ args: [string("before")] })] });
      }),
    );
    await page.locator(".row", { hasText: "before" }).waitFor();
    server.dropConnections();
    await page.locator("#badge", { hasText: "Lost" }).waitFor();
    await page.locator("#message", { hasText: "Run it again" }).waitFor();
    await page.locator(".row.notice", { hasText: "connection was lost" }).waitFor();
    // What it had printed stays.
    assert.ok(await page.locator(".row", { hasText: "before" }).isVisible());
    await page.locator("#connection[data-at=open]").waitFor();
    assert.equal(await program(page), "let kept = true");
    server.script = prints(event({ args: [string("after")] }));
    await page.locator("#retry").click();
    await page.locator(".row", { hasText: "after" }).waitFor();
  });

  test("closed with a reason: it can be read, and trying at once is possible", async () => {
    await open();
    await run((_, peer) => {
      peer.close(1013, "The server is shutting down.");
    });
    await page.locator("#connection[data-at=closed]").waitFor();
    assert.match((await page.locator("#connection").getAttribute("title")) ?? "", /^The server is shutting down\. Click to try now\./);
  });

  test("down while Run is pressed: the program runs when the server is back", async () => {
    await open();
    await restart(async () => {
      await page.locator("#connection[data-at=closed]").waitFor();
      await type(page, "'patience'");
      await page.locator("#run").click();
      await page.locator("#badge", { hasText: "Waiting" }).waitFor();
    });
    server.script = prints(event({ args: [string("here")] }));
    await page.evaluate(() => dispatchEvent(new Event("online")));
    await page.locator(".row", { hasText: "here" }).waitFor();
    assert.equal(server.received[0]?.type === "run" && server.received[0].source, "'patience'");
    // A refused connection is an error that Chromium itself writes to the console; so is the page's question why.
    forgive("ERR_CONNECTION_REFUSED");
    forgive("/api/v1/ws");
  });

  test("refused by the server: the page says why, and goes on when it is let in", async () => {
    await open();
    server.refusal = "Your address has 256 connections open, as many as one may.";
    server.dropConnections();
    await page.locator("#connection[data-at=closed]").waitFor();
    await type(page, "'patience'");
    await page.locator("#run").click();
    await page.locator("#message", { hasText: "Your address has 256 connections open" }).waitFor();
    assert.match((await page.locator("#connection-text").textContent()) ?? "", /next try in (2\d|30) s/);
    server.refusal = null;
    server.script = prints(event({ args: [string("let in")] }));
    await page.locator("#connection").click();
    await page.locator(".row", { hasText: "let in" }).waitFor();
    // Chromium itself writes both refusals to the console.
    forgive("429");
  });

  test("with frames that make no sense: told, and nothing breaks", async () => {
    await open();
    await run(
      onRun((run_id, peer) => {
        for (const frame of ["", "{", "[]", '{"type":"surprise"}', '{"type":"console"}']) peer.raw(frame);
        peer.raw(JSON.stringify({ type: "console", run_id, seq: 0, events: [null, 1, { args: [{ type: "object", items: 7 }] }] }));
        peer.send({ type: "finished", run_id, ...report("completed") });
      }),
    );
    await page.locator("#badge", { hasText: "Completed" }).waitFor();
    await page.locator(".row.notice", { hasText: "does not understand" }).first().waitFor();
    await page.locator(".row", { hasText: "can't read" }).first().waitFor();
  });
});
