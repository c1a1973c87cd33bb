// Sharing on the page, in real Chromium, against a server that says what each test wants.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import type { BrowserContextOptions } from "playwright-core";

import { encodeRecording } from "../../../web/share/snippet.ts";
import { axe, layout } from "../support/audit.ts";
import { openPage, program, type } from "../support/browser.ts";
import { browserOf, forgive, open, page, prints, run, server, usePages, watch } from "../support/mock-page.ts";
import { report, type Asked } from "../support/mock-server.ts";
import { event, number, string } from "../support/sample-run.ts";

usePages();

const CREATED = { id: "a1B2c3D4e5f6", url: "/s/a1B2c3D4e5f6", version: 1, deletion_token: "the-key" };

/** Has the API make snippets; returns what it was asked. */
function makesSnippets(): Asked[] {
  const asked: Asked[] = [];
  server.api = (request) => {
    asked.push(request);
    if (request.method === "DELETE") return { status: 204 };
    return { status: request.method === "POST" ? 201 : 200, json: request.method === "PATCH" ? { ...CREATED, version: 3, deletion_token: undefined } : CREATED };
  };
  return asked;
}

const bodyOf = (asked: Asked | undefined) => JSON.parse(asked?.body ?? "null") as Record<string, unknown>;
const dialog = () => page.locator("dialog");

/** A shared program with what it printed. */
const SNIPPET = {
  id: "a1B2c3D4e5f6",
  version: 2,
  title: "Two lines",
  source: 'console.log("one");\nconsole.warn("two");',
  language: "javascript",
  mode: "auto",
  parent: "z9Y8x7W6v5u4@1",
  output: encodeRecording({
    events: [event({ args: [string("one")], text: "one", line: 1, at_ms: 5 }), event({ level: "warn", args: [string("two")], text: "two", line: 2, at_ms: 400 })],
    report: report("completed", { value: number(7) }),
    engine: "V8 14.0",
  }),
};

/** Opens the page of a shared program. */
async function openShared(snippet: object = SNIPPET, options: BrowserContextOptions = {}): Promise<void> {
  server.snippet = snippet;
  watch(await openPage(browserOf(), `${server.url}/s/a1B2c3D4e5f6`, options));
}

const rows = () => page.locator(".row .message").allTextContents();

describe("sharing", () => {
  test("sends the program with its title, output and life, and gives the link", async () => {
    await open();
    const asked = makesSnippets();
    await type(page, "console.log(1)");
    await run(prints(event({ args: [number(1)], text: "1" })));
    await page.locator(".row").waitFor();
    await page.locator("#share").click();
    await page.getByLabel("Title").fill("My program");
    assert.ok(await page.getByLabel("Include the recorded output").isChecked());
    await page.getByLabel("The link works").selectOption("86400");
    await dialog().getByRole("button", { name: "Share" }).click();
    const link = page.getByLabel("Link");
    await link.waitFor();
    assert.equal(await link.inputValue(), `${server.url}/s/a1B2c3D4e5f6`);
    assert.equal(await page.evaluate(() => document.activeElement?.id), "share-link");
    const body = bodyOf(asked[0]);
    assert.deepEqual([body["title"], body["source"], body["language"], body["mode"], body["expires_in"]], ["My program", "console.log(1)", "javascript", "auto", 86_400]);
    const output = body["output"] as { console: { text: string }[]; outcome: string; engine: string; run_id?: string };
    assert.deepEqual([output.console.map(({ text }) => text), output.outcome, output.engine], [["1"], "completed", "V8 15.0.1"]);
    assert.equal(output.run_id, undefined);
    // The key stays in this browser, for whoever thinks better of it.
    assert.match((await page.evaluate(() => localStorage.getItem("mayfly.shared"))) ?? "", /the-key/);
    await dialog().getByRole("button", { name: "Delete it" }).click();
    await dialog().waitFor({ state: "hidden" });
    assert.deepEqual([asked[1]?.method, asked[1]?.path, asked[1]?.headers.authorization], ["DELETE", "/api/v1/snippets/a1B2c3D4e5f6", "Bearer the-key"]);
    assert.equal(await page.evaluate(() => localStorage.getItem("mayfly.shared")), null);
  });

  test("goes without output that is not of this very program, and says so", async () => {
    await open();
    const asked = makesSnippets();
    await type(page, "1");
    await run(prints());
    await page.locator("#badge", { hasText: "Completed" }).waitFor();
    await type(page, "2");
    await page.keyboard.press("ControlOrMeta+s");
    await page.getByLabel("Include the recorded output").and(page.locator(":disabled")).waitFor();
    await dialog().getByText("Run the program as it is now").waitFor();
    await page.getByLabel("Title").press("Enter");
    await page.getByLabel("Link").waitFor();
    assert.deepEqual(Object.keys(bodyOf(asked[0])).sort(), ["language", "mode", "source"]);
  });

  test("says why it can't be, and keeps what was typed", async () => {
    await open();
    server.api = () => ({ status: 503, json: { type: "about:blank", title: "Service Unavailable", status: 503, detail: "The store is away: programs still run, but none can be shared just now." } });
    await type(page, "precious()");
    await page.locator("#share").click();
    await page.getByLabel("Title").fill("A title");
    await dialog().getByRole("button", { name: "Share" }).click();
    await page.getByRole("alert").getByText("The store is away").waitFor();
    forgive("503");
    assert.equal(await page.getByLabel("Title").inputValue(), "A title");
    makesSnippets();
    await dialog().getByRole("button", { name: "Share" }).click();
    await page.getByLabel("Link").waitFor();
    await page.keyboard.press("Escape");
    assert.equal(await program(page), "precious()");
  });

  test("says so when the server can't be reached, or answers nonsense", async () => {
    await open();
    await type(page, "1");
    await page.locator("#share").click();
    await page.route("**/api/v1/snippets", (route) => route.abort());
    await dialog().getByRole("button", { name: "Share" }).click();
    await page.getByRole("alert").getByText("can't be reached").waitFor();
    await page.unroute("**/api/v1/snippets");
    for (const json of [[], { id: 1 }, null]) {
      server.api = () => ({ status: 201, json });
      await dialog().getByRole("button", { name: "Share" }).click();
      await page.getByRole("alert").getByText("does not understand").waitFor();
    }
    forgive("request: ");
    forgive("ERR_FAILED");
  });

  test("warns of what looks like a key, and where", async () => {
    await open();
    await type(page, `// a program\nconst id = "AKIA${["Q3EGRP7L", "DZ5XWT2B"].join("")}";`);
    await page.locator("#share").click();
    await dialog().getByText("Line 2: an AWS access key").waitFor();
    assert.deepEqual(await axe(page), []);
    assert.ok(await dialog().getByRole("button", { name: "Share anyway" }).isVisible());
    await dialog().getByRole("button", { name: "Cancel" }).click();
    assert.ok(await page.locator("dialog").isHidden());
  });

  test("works without storage, and says that the key is not kept", async () => {
    await open({}, () => {
      Object.defineProperty(window, "localStorage", {
        get() {
          throw new DOMException("storage is off", "SecurityError");
        },
      });
    });
    makesSnippets();
    await type(page, "1");
    await page.locator("#share").click();
    await dialog().getByRole("button", { name: "Share" }).click();
    await dialog().getByText("This browser can't keep the key").waitFor();
  });
});

describe("a shared program", () => {
  test("is shown with its recorded output at once, and nothing is run", async () => {
    await openShared();
    assert.equal(await program(page), SNIPPET.source);
    await page.locator(".row.result").waitFor();
    assert.deepEqual(await rows(), ["one", "two", "7"]);
    assert.equal(await page.locator("#program-title").textContent(), "Two lines (version 2)forked from another");
    assert.equal(await page.title(), "Two lines · Mayfly");
    assert.match((await page.locator("#recorded").textContent()) ?? "", /^Recorded: 1\.5 s, V8 14\.0/);
    assert.equal(await page.locator("#badge").textContent(), "Completed");
    assert.deepEqual(server.received, []);
  });

  const { output: OUTPUT, ...WITHOUT } = SNIPPET;
  const URL_OF_OUTPUT = "/api/v1/snippets/a1B2c3D4e5f6@2/output";

  test("gets its recorded output from its own address, and again when that failed", async () => {
    let fails = true;
    server.api = (asked) => {
      if (asked.path !== URL_OF_OUTPUT) return null;
      return fails ? { status: 429, json: { detail: "Too fast." } } : { status: 200, json: OUTPUT };
    };
    await openShared({ ...WITHOUT, output_url: URL_OF_OUTPUT });
    await page.locator("#recorded", { hasText: "could not be loaded" }).waitFor();
    forgive("429");
    assert.deepEqual(await axe(page), []);
    fails = false;
    await page.getByRole("button", { name: "Try again" }).click();
    await page.locator(".row.result").waitFor();
    assert.deepEqual(await rows(), ["one", "two", "7"]);
    await page.getByRole("button", { name: "Replay" }).waitFor();
  });

  test("a run that is quicker than the recorded output stays", async () => {
    await openShared({ ...WITHOUT, output_url: URL_OF_OUTPUT });
    let answer: (() => void) | null = null;
    const held = new Promise<void>((resolve) => {
      answer = resolve;
    });
    await page.route(`**${URL_OF_OUTPUT}`, async (route) => {
      await held;
      await route.fulfill({ json: OUTPUT });
    });
    await page.reload();
    await run(prints(event({ args: [string("mine")], text: "mine" })));
    await page.locator(".row", { hasText: "mine" }).waitFor();
    (answer as (() => void) | null)?.();
    await page.getByRole("button", { name: "Replay" }).waitFor();
    assert.deepEqual(await rows(), ["mine"]);
    forgive("404");
  });

  test("with an output that no run makes says so, and where it is", async () => {
    await openShared({ ...WITHOUT, output_url: URL_OF_OUTPUT, output_is_wrong: true });
    await page.locator("#recorded", { hasText: "is not what a run does" }).waitFor();
    assert.equal(await page.getByRole("link", { name: "Show it as JSON" }).getAttribute("href"), URL_OF_OUTPUT);
    assert.deepEqual(await axe(page), []);
  });

  test("is replayed with its own timing, pauses and goes on", async () => {
    // Long enough between the two lines to pause there, however slow the machine is.
    const events = [event({ args: [string("one")], text: "one", line: 1, at_ms: 5 }), event({ level: "warn", args: [string("two")], text: "two", line: 2, at_ms: 4_000 })];
    const output = encodeRecording({ events, report: report("completed", { value: number(7) }), engine: "V8 14.0" });
    await openShared({ ...SNIPPET, output });
    await page.locator(".row.result").waitFor();
    await page.getByRole("button", { name: "Replay" }).click();
    await page.locator(".row", { hasText: "one" }).waitFor();
    assert.deepEqual(await rows(), ["one"]);
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByRole("button", { name: "Go on" }).waitFor();
    assert.deepEqual(await rows(), ["one"], "it is paused");
    await page.getByRole("button", { name: "Go on" }).click();
    await page.locator(".row", { hasText: "two" }).waitFor();
    await page.locator(".row.result").waitFor();
    assert.deepEqual(await rows(), ["one", "two", "7"]);
    assert.deepEqual(server.received, []);
  });

  const again = prints(event({ args: [string("one")], text: "one", at_ms: 9 }), event({ level: "warn", args: [string("two")], text: "two", at_ms: 99 }));

  test("run anew, says whether it does the same", async () => {
    const { output } = SNIPPET;
    await openShared({ ...SNIPPET, output: { ...output, value: null } });
    await run(again);
    await page.locator(".recorded-verdict", { hasText: "Your run did the same." }).waitFor();
    await run(prints(event({ args: [string("three")], text: "three" })));
    await page.locator(".recorded-verdict", { hasText: "Your run differs: Line 1 of the output is another." }).waitFor();
    assert.deepEqual(await axe(page), []);
    await type(page, "other");
    await run(again);
    await page.locator("#badge", { hasText: "Completed" }).waitFor();
    assert.equal(await page.locator(".recorded-verdict").textContent(), "", "another program has nothing to be compared with");
  });

  test("a run ends a replay, and during a run nothing is replayed", async () => {
    await openShared();
    await page.getByRole("button", { name: "Replay" }).click();
    await page.locator(".row", { hasText: "one" }).waitFor();
    await run((message, peer) => {
      if (message.type === "run") peer.send({ type: "started", run_id: message.run_id ?? "" });
    });
    await page.locator("#badge", { hasText: "Running" }).waitFor();
    await page.getByRole("button", { name: "Replay" }).click();
    await page.waitForTimeout(600);
    assert.deepEqual(await rows(), []);
  });

  test("forked, keeps its parent; owned, can be updated", async () => {
    await openShared();
    const asked = makesSnippets();
    await page.getByRole("button", { name: "Fork" }).click();
    assert.equal(await page.getByLabel("Title").inputValue(), "Two lines");
    assert.equal(await dialog().getByRole("button", { name: "Update the link" }).count(), 0);
    await dialog().getByRole("button", { name: "Share" }).click();
    await page.getByLabel("Link").waitFor();
    const body = bodyOf(asked[0]);
    assert.equal(body["parent"], "a1B2c3D4e5f6@2");
    assert.equal((body["output"] as { engine: string }).engine, "V8 14.0", "the recorded output is still that of this program");
    await page.keyboard.press("Escape");
    // The mock gave the fork this very id, so now the browser has a key to it.
    await type(page, "new");
    await page.keyboard.press("ControlOrMeta+s");
    await dialog().getByRole("button", { name: "Update the link" }).click();
    await page.getByLabel("Link to version 3").waitFor();
    const revised = asked.at(-1);
    assert.deepEqual([revised?.method, revised?.path, revised?.headers.authorization], ["PATCH", "/api/v1/snippets/a1B2c3D4e5f6", "Bearer the-key"]);
    assert.equal(bodyOf(revised)["source"], "new");
    assert.match((await page.evaluate(() => localStorage.getItem("mayfly.shared"))) ?? "", /the-key/);
  });

  test("edits of it survive a reload, and leave the visitor's own draft alone", async () => {
    await open();
    await type(page, "own draft");
    await page.locator("#saved", { hasText: "Draft kept" }).waitFor();
    server.snippet = SNIPPET;
    const reload = async (path: string) => {
      await page.goto(`${server.url}${path}`);
      await page.locator("#connection[data-at=open]").waitFor();
    };
    await reload("/s/a1B2c3D4e5f6");
    await type(page, "edited");
    await reload("/s/a1B2c3D4e5f6");
    assert.equal(await program(page), "edited");
    assert.equal(await page.locator(".row").count(), 0, "what was recorded is not what this prints");
    await reload("/");
    assert.equal(await program(page), "own draft");
  });

  test("that can't be read is no reason for a page that does not work", async () => {
    for (const broken of [null, 1, {}, { id: "a", files: [] }]) {
      await openShared(broken as object);
      await type(page, "1");
      await run(prints(event({ args: [string("fine")] })));
      await page.locator(".row", { hasText: "fine" }).waitFor();
    }
  });
});

describe("every theme and size", () => {
  const looks: [string, BrowserContextOptions][] = [
    ["light", { colorScheme: "light" }],
    ["dark", { colorScheme: "dark" }],
    ["light, 360 px", { colorScheme: "light", viewport: { width: 360, height: 740 } }],
    ["dark, 320 px", { colorScheme: "dark", viewport: { width: 320, height: 568 } }],
  ];
  for (const [name, options] of looks) {
    test(`${name}: axe finds nothing, nothing scrolls sideways`, async () => {
      await openShared(SNIPPET, options);
      const check = async (state: string) => {
        assert.deepEqual(await axe(page), [], state);
        assert.equal((await layout(page)).sideways, 0, state);
      };
      await page.locator(".row.result").waitFor();
      await check("recorded");
      assert.ok((await layout(page)).runInSight);
      makesSnippets();
      await page.locator("#share").click();
      await check("asking");
      await dialog().getByRole("button", { name: "Share" }).click();
      await page.getByLabel("Link").waitFor();
      await check("shared");
      const box = await dialog().boundingBox();
      assert.ok(box !== null && box.x >= 0 && box.x + box.width <= (options.viewport?.width ?? 1280));
    });
  }
});
