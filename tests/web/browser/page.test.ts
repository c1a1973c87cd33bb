// The page alone, in real Chromium, against a server that says what each test wants.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";

import type { BrowserContextOptions, Browser, Page } from "playwright-core";

import type { ClientMsg, ConsoleEvent, Value } from "../../../web/protocol.ts";
import { axe, layout } from "../support/audit.ts";
import { launch, openPage, program, type, type Watched } from "../support/browser.ts";
import { MockServer, report, type Peer, type Script } from "../support/mock-server.ts";
import { ERROR, POINT, event, number, sampleRun, string } from "../support/sample-run.ts";

let browser: Browser;
let server: MockServer;
let watched: Watched;
let page: Page;

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
  await watched.close();
  await server.stop();
  assert.deepEqual(watched.problems, []);
});

/** Opens the page. */
async function open(options: BrowserContextOptions = {}): Promise<void> {
  watched = await openPage(browser, server.url, options);
  page = watched.page;
}

/** A script that answers each run; other messages go unanswered. */
function onRun(answer: (run_id: string, peer: Peer) => void): Script {
  return (message: ClientMsg, peer) => {
    if (message.type === "run" && message.run_id !== undefined) answer(message.run_id, peer);
  };
}

/** A script that prints events and completes. */
function prints(...events: ConsoleEvent[]): Script {
  return onRun((run_id, peer) => {
    peer.send({ type: "started", run_id });
    peer.send({ type: "console", run_id, seq: 0, events });
    peer.send({ type: "finished", run_id, ...report("completed") });
  });
}

async function run(script: Script): Promise<void> {
  server.script = script;
  await page.locator("#run").click();
}

const focused = () =>
  page.evaluate(() => {
    const active = document.activeElement;
    return active?.getAttribute("role") === "treeitem" ? active.textContent : (active?.id ?? "");
  });

describe("every state, theme and size", () => {
  const looks: [string, BrowserContextOptions][] = [
    ["light", { colorScheme: "light" }],
    ["dark", { colorScheme: "dark" }],
    ["light, 360 px", { colorScheme: "light", viewport: { width: 360, height: 740 } }],
    ["dark, 360 px", { colorScheme: "dark", viewport: { width: 360, height: 740 } }],
    ["light, 320 px", { colorScheme: "light", viewport: { width: 320, height: 568 } }],
    ["dark, on its side", { colorScheme: "dark", viewport: { width: 740, height: 360 } }],
  ];
  const failed = onRun((run_id, peer) => {
    peer.send({ type: "started", run_id });
    peer.send({ type: "console", run_id, seq: 0, events: [event({ level: "error", args: [ERROR] })] });
    const stack = [{ function: "f", line: 1, column: 3 }];
    peer.send({ type: "finished", run_id, ...report("failed", { error: { name: "RangeError", message: "no", stack } }) });
  });
  for (const [name, options] of looks) {
    test(`${name}: nothing scrolls sideways, Run is in sight, axe finds nothing`, async () => {
      await open(options);
      const check = async (state: string) => {
        assert.deepEqual(await layout(page), { sideways: 0, runInSight: true }, state);
        assert.deepEqual(await axe(page), [], state);
      };
      await check("idle");
      await run(
        onRun((run_id, peer) => {
          peer.send({ type: "started", run_id });
        }),
      );
      await page.locator("#badge", { hasText: "Running" }).waitFor();
      await check("running");
      await run(sampleRun);
      await page.locator(".row.result").waitFor();
      await page.locator(".tree > .item > .line").first().click();
      await check("finished");
      await run(failed);
      await page.locator(".row.uncaught").waitFor();
      await check("failed");
      await run(
        onRun((run_id, peer) => {
          peer.send({ type: "rejected", run_id, reason: "busy", message: "The server is full.", retry_after_ms: 60_000 });
        }),
      );
      await page.locator("#retry").waitFor();
      await check("rejected");
      await page.locator("#examples").click();
      await check("menu");
    });
  }

  test("with the keyboard of a phone up, Run stays in sight while typing", async () => {
    await open({ viewport: { width: 360, height: 300 }, hasTouch: true, isMobile: true });
    await page.locator("#editor .cm-content").tap();
    await page.keyboard.type("1;\n".repeat(30));
    assert.deepEqual(await layout(page), { sideways: 0, runInSight: true });
  });

  test("zoomed to 200 %, everything can be reached", async () => {
    await open({ viewport: { width: 640, height: 400 } });
    for (const id of ["run", "examples", "theme", "clear"]) {
      await page.locator(`#${id}`).scrollIntoViewIfNeeded();
      assert.ok(await page.locator(`#${id}`).isVisible(), id);
    }
    assert.equal((await layout(page)).sideways, 0);
  });
});

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
    const { port } = server;
    await server.stop();
    await page.locator("#connection[data-at=closed]").waitFor();
    await type(page, "'patience'");
    await page.locator("#run").click();
    await page.locator("#badge", { hasText: "Waiting" }).waitFor();
    server = await MockServer.start(port);
    server.script = prints(event({ args: [string("here")] }));
    await page.evaluate(() => dispatchEvent(new Event("online")));
    await page.locator(".row", { hasText: "here" }).waitFor();
    assert.equal(server.received[0]?.type === "run" && server.received[0].source, "'patience'");
    // A refused connection is an error that Chromium itself writes to the console.
    const rest = watched.problems.filter((problem) => !problem.includes("ERR_CONNECTION_REFUSED"));
    watched.problems.splice(0, Infinity, ...rest);
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

describe("the console", () => {
  test("shows text as text, whatever it looks like", async () => {
    await open();
    const evil = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>\u202e';
    const value: Value = { type: "object", kind: "object", class: evil, text: evil, id: 1, properties: [{ key: evil, value: string(evil) }] };
    const stack = [{ function: evil, line: 1, column: 1 }];
    await run(
      onRun((run_id, peer) => {
        peer.send({ type: "started", run_id });
        const events = [
          event({ args: [string(evil), value, { type: "symbol", value: evil }, { type: "bigint", value: evil }] }),
          event({ kind: "group", args: [string(evil)], text: evil }),
          event({ kind: "count", text: evil }),
          event({ kind: "trace", args: [], stack }),
          event({ kind: "table", table: { columns: [evil, evil], rows: [{ index: evil, cells: [value] }], more_rows: 0, more_columns: 0 } }),
          event({ args: [string("%c")], format: { parts: [{ type: "text", text: evil, style: `color: red; background: url(//x); ${evil}` }], consumed: 1 } }),
        ];
        peer.send({ type: "console", run_id, seq: 0, events });
        peer.send({ type: "finished", run_id, ...report("failed", { value, error: { name: evil, message: evil, stack } }) });
      }),
    );
    await page.locator(".row.uncaught").waitFor();
    for (const line of await page.locator(".tree > .item > .line").all()) await line.click();
    assert.equal(await page.locator("#console img, #console script, #message img").count(), 0);
    assert.equal(await page.evaluate(() => "hacked" in window), false);
    assert.ok((await page.locator(".row").first().textContent())?.includes(evil));
    const styles = await page.locator("#console [style]").evaluateAll((all) => all.map((element) => element.getAttribute("style")));
    assert.deepEqual([...new Set(styles)].filter((style) => !style?.startsWith("--depth")), ["color: red;"]);
  });

  test("opens values by keyboard alone", async () => {
    await open();
    await run(prints(event({ args: [POINT] })));
    await page.locator("#badge", { hasText: "Completed" }).waitFor();
    const item = page.locator(".tree [role=treeitem]").first();
    await page.locator("#console").focus();
    await page.keyboard.press("Tab");
    assert.equal(await focused(), await item.textContent());
    assert.equal(await page.locator(".tree [role=treeitem]").count(), 1);
    const press = async (...keys: string[]) => {
      for (const key of keys) await page.keyboard.press(key);
      return focused();
    };
    assert.equal(await press("ArrowRight", "ArrowRight"), "x: 3");
    assert.equal(await press("ArrowDown", "ArrowDown"), 'name: "origin"');
    assert.equal(await press("ArrowDown"), "self: circular → #1");
    assert.equal(await press("ArrowDown"), "length: (getter)");
    assert.equal(await press("End"), "list: (6) [1, empty × 3, -0, 10n]");
    assert.equal(await press("Enter", "ArrowDown", "ArrowDown"), "1 … 3: empty × 3");
    assert.equal(await press("End"), "… 900 more");
    assert.equal(await press("ArrowLeft"), "list: (6) [1, empty × 3, -0, 10n]");
    assert.equal(await press("Space", "ArrowDown"), "list: (6) [1, empty × 3, -0, 10n]");
    await press("Home", "ArrowLeft");
    assert.equal(await item.getAttribute("aria-expanded"), "false");
    // One stop in the tab order for each value.
    assert.equal(await page.locator('.tree [role=treeitem][tabindex="0"]').count(), 1);
  });

  test("has real tables", async () => {
    await open();
    await run(sampleRun);
    await page.locator("table").waitFor();
    const cells = await page.locator("table tr").evaluateAll((rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent)));
    assert.deepEqual(cells, [
      ["(index)", "name", "days", "lays"],
      ["0", '"mayfly"', "1", ""],
      ["1", '"honey bee"', "40", ""],
      ["2", '"termite queen"', "7300", "{eggs: 30000}"],
    ]);
    await page.getByText("… 900 more rows").waitFor();
    assert.equal(await page.locator(".row[data-kind=time] .message").textContent(), "all: 12.3 ms so far {a: 1}");
    assert.equal(await page.locator(".row[data-kind=time] [role=treeitem]").count(), 1);
  });

  test("opens and closes groups, nested ones too", async () => {
    await open();
    const line = (text: string, depth: number) => event({ args: [string(text)], depth });
    await run(
      prints(
        event({ kind: "group", args: [string("outer")], text: "outer" }),
        line("one", 1),
        event({ kind: "group_collapsed", args: [string("inner")], text: "inner", depth: 1 }),
        line("two", 2),
        event({ kind: "group_end", depth: 2 }),
        line("three", 1),
        event({ kind: "group_end", depth: 1 }),
        line("four", 0),
      ),
    );
    await page.locator(".row", { hasText: "four" }).waitFor();
    const seen = () => page.locator(".row .message:visible").allTextContents();
    assert.deepEqual(await seen(), ["outer", "one", "inner", "three", "four"]);
    await page.getByRole("button", { name: "Group inner" }).click();
    assert.deepEqual(await seen(), ["outer", "one", "inner", "two", "three", "four"]);
    await page.getByRole("button", { name: "Group outer" }).press("Enter");
    assert.deepEqual(await seen(), ["outer", "four"]);
    await page.getByRole("button", { name: "Group outer" }).press("Enter");
    assert.deepEqual(await seen(), ["outer", "one", "inner", "two", "three", "four"]);
  });

  test("console.clear empties it, and says so", async () => {
    await open();
    await run(prints(event({ args: [string("gone")] }), event({ kind: "clear" }), event({ args: [string("stays")] })));
    await page.locator(".row", { hasText: "stays" }).waitFor();
    assert.deepEqual(await page.locator(".row .message").allTextContents(), ["Console was cleared", "stays"]);
  });

  test("keeps the newest 5,000 of a flood, counts the rest, and the page stays alive", async () => {
    await open();
    await page.evaluate(() => {
      const gaps = globalThis as unknown as { longest: number };
      gaps.longest = 0;
      let last = performance.now();
      const tick = () => {
        const now = performance.now();
        gaps.longest = Math.max(gaps.longest, now - last);
        last = now;
        requestAnimationFrame(tick);
      };
      requestAnimationFrame(tick);
    });
    await run(
      onRun((run_id, peer) => {
        peer.send({ type: "started", run_id });
        for (let seq = 0; seq < 20_000; seq += 200) {
          const events = Array.from({ length: 200 }, (_, i) => event({ args: [string(`line ${seq + i}`), POINT] }));
          peer.send({ type: "console", run_id, seq, events });
        }
        peer.send({ type: "finished", run_id, ...report("output_exceeded", { error: { name: "OutputLimit", message: "Too much output.", stack: [] }, dropped: { events: 7, bytes: 700 } }) });
      }),
    );
    await page.locator(".row.notice", { hasText: "7 lines (700 B) not shown" }).waitFor({ timeout: 30_000 });
    assert.equal(await page.locator(".row").count(), 5000);
    assert.equal(await page.locator("#earlier").textContent(), "15,001 earlier lines not shown");
    assert.match((await page.locator(".row").nth(4998).textContent()) ?? "", /line 19999/);
    const longest = await page.evaluate(() => (globalThis as unknown as { longest: number }).longest);
    assert.ok(longest < 1000, `the page froze for ${longest} ms`);
  });

  test("follows new rows only from its end", async () => {
    await open();
    let say: (text: string) => void = () => undefined;
    await run(
      onRun((run_id, peer) => {
        peer.send({ type: "started", run_id });
        let seq = 0;
        say = (text) => {
          const events = Array.from({ length: 60 }, () => event({ args: [string(text)] }));
          peer.send({ type: "console", run_id, seq, events });
          seq += events.length;
        };
        say("first");
      }),
    );
    const below = () => page.locator("#console").evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight);
    await page.locator(".row", { hasText: "first" }).nth(59).waitFor();
    assert.ok((await below()) < 32);
    assert.ok(await page.locator("#latest").isHidden());
    await page.locator("#console").hover();
    await page.mouse.wheel(0, -600);
    await page.locator("#latest").waitFor();
    const before = await page.locator("#console").evaluate((element) => element.scrollTop);
    say("second");
    await page.locator(".row", { hasText: "second" }).nth(59).waitFor({ state: "attached" });
    assert.equal(await page.locator("#console").evaluate((element) => element.scrollTop), before);
    await page.locator("#latest").click();
    assert.ok((await below()) < 32);
    say("third");
    await page.locator(".row", { hasText: "third" }).nth(59).waitFor();
    assert.ok((await below()) < 32);
  });

  test("announces the outcome and not every line", async () => {
    await open();
    await run(prints(event({ args: [string("chatter")] })));
    await page.locator("#badge", { hasText: "Completed" }).waitFor();
    assert.equal(await page.locator("#live").textContent(), "Completed in 1.5 s.");
    assert.equal(await page.locator("#console").evaluate((element) => element.closest("[aria-live], [role=log], [role=status]")), null);
  });
});

describe("positions", () => {
  const caret = () =>
    page.evaluate(() => {
      const editor = document.querySelector("#editor");
      const lines = [...(editor?.shadowRoot?.querySelectorAll(".cm-line") ?? [])];
      return lines.findIndex((line) => line.classList.contains("cm-activeLine")) + 1;
    });

  test("go to the editor, also after it was edited", async () => {
    await open();
    await type(page, "// one\n// two\n// three");
    await run(prints(event({ args: [number(1)], line: 2, column: 4 })));
    await page.getByRole("button", { name: "2:4" }).click();
    assert.equal(await caret(), 2);
    assert.equal(await focused(), "editor");
    await page.keyboard.press("Control+Home");
    await page.keyboard.insertText("// new\n// new\n");
    await page.getByRole("button", { name: "2:4" }).click();
    assert.equal(await caret(), 4);
  });

  test("of an error are marked, until its line is edited or the program runs again", async () => {
    await open();
    await type(page, "1;\nthrow new Error('no');\n2;");
    const fails = onRun((run_id, peer) => {
      peer.send({ type: "started", run_id });
      const stack = [{ function: "", line: 2, column: 7 }];
      peer.send({ type: "finished", run_id, ...report("failed", { error: { name: "Error", message: "no", stack } }) });
    });
    await run(fails);
    await page.locator("#editor .cm-line-error", { hasText: "throw new Error" }).waitFor();
    assert.equal(await page.locator("#editor .cm-mark-message").textContent(), "Error: no");
    await page.locator(".row.uncaught").getByRole("button", { name: "2:7" }).click();
    await page.keyboard.insertText("x");
    assert.equal(await page.locator("#editor .cm-line-error").count(), 0);
    await run(fails);
    await page.locator("#editor .cm-line-error").waitFor();
    await run(prints());
    await page.locator("#badge", { hasText: "Completed" }).waitFor();
    assert.equal(await page.locator("#editor .cm-line-error").count(), 0);
  });

  test("beyond the program's end do no harm", async () => {
    await open();
    await type(page, "1");
    await run(
      onRun((run_id, peer) => {
        peer.send({ type: "started", run_id });
        const stack = [{ function: "", line: 4_000_000_000, column: 4_000_000_000 }];
        peer.send({ type: "finished", run_id, ...report("failed", { error: { name: "Error", message: "far", stack } }) });
      }),
    );
    await page.locator("#editor .cm-line-error").waitFor();
  });
});

describe("the editor", () => {
  test("indents by Tab, and is left by Escape and Tab", async () => {
    await open();
    await type(page, "x");
    await page.keyboard.press("Home");
    await page.keyboard.press("Tab");
    assert.equal(await program(page), "  x");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Tab");
    assert.notEqual(await focused(), "editor");
  });

  test("is reached by the skip link", async () => {
    await open();
    await page.keyboard.press("Tab");
    assert.equal(await focused(), "skip");
    await page.keyboard.press("Enter");
    assert.equal(await focused(), "editor");
    await page.keyboard.press("Control+a");
    await page.keyboard.insertText("typed");
    assert.equal(await program(page), "typed");
  });

  test("keeps the draft over a reload", async () => {
    await open();
    await type(page, "const draft = 'survives';");
    await page.reload();
    await page.locator("#connection[data-at=open]").waitFor();
    assert.equal(await program(page), "const draft = 'survives';");
  });

  test("works without storage, and says that nothing is kept", async () => {
    watched = await openPage(browser, server.url, {}, () => {
      Object.defineProperty(window, "localStorage", {
        get() {
          throw new DOMException("storage is off", "SecurityError");
        },
      });
    });
    page = watched.page;
    await type(page, "1");
    await page.locator("#saved", { hasText: "keeps no draft" }).waitFor();
    await page.locator("#theme").click();
    await run(prints(event({ args: [string("fine")] })));
    await page.locator(".row", { hasText: "fine" }).waitFor();
  });

  test("takes examples, and undo brings the own program back", async () => {
    await open();
    await type(page, "mine");
    await page.locator("#examples").click();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    assert.match(await program(page), /^\/\/ Values stay alive/);
    await page.keyboard.press("Control+z");
    assert.equal(await program(page), "mine");
  });
});

test("the chosen theme is there before the first paint", async () => {
  await open({ colorScheme: "light" });
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await background();
  await page.locator("#theme").click();
  await page.locator("#theme").click();
  assert.equal(await page.locator("#theme").getAttribute("aria-label"), "Theme: dark");
  const dark = await background();
  assert.notEqual(dark, light);
  // Without main.js the theme can only come from theme.js.
  await page.route(/main-.*\.js/, (route) => route.fulfill({ contentType: "text/javascript", body: "" }));
  await page.reload();
  assert.equal(await background(), dark);
});

test("without JavaScript the page says what it needs", async () => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const plain = await context.newPage();
  await plain.goto(server.url);
  await plain.locator(".noscript", { hasText: "This page needs JavaScript" }).waitFor();
  assert.ok(await plain.locator("#run").isHidden());
  watched = { page: plain, problems: [], close: () => context.close() };
});

test("the page's scripts stay small", async () => {
  await open();
  const manifest = JSON.parse(await readFile("static/dist/manifest.json", "utf8")) as Record<string, string>;
  let total = 0;
  for (const name of ["main.js", "theme.js"]) {
    const hashed = manifest[name];
    assert.ok(hashed);
    total += (await readFile(`static/dist/${hashed}.br`)).length;
  }
  assert.ok(total < 180 * 1024, `${total} bytes of compressed JavaScript`);
});
