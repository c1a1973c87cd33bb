// Editors on somebody else's site, in real Chromium with the real server: a site of its own, with the strictest policy
// that works.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";

import type { Browser, BrowserContextOptions, Frame, Page } from "playwright-core";

import type { MayflyEditor } from "../../../web/embed/element.ts";
import type { Result } from "../../../web/embed/messages.ts";
import { axe } from "../support/audit.ts";
import { launch, LOOKS } from "../support/browser.ts";
import { HostSite } from "../support/host-page.ts";
import { RealServer } from "../support/real-server.ts";

let browser: Browser;
let server: RealServer;
let site: HostSite;
let stranger: HostSite;
let page: Page;
let problems: string[] = [];

before(async () => {
  [browser, site, stranger] = await Promise.all([launch(), HostSite.start(), HostSite.start()]);
  server = await RealServer.start([`--embed-origins=${site.origin}`]);
  for (const host of [site, stranger]) host.policy = `default-src 'none'; script-src ${server.url}; frame-src ${server.url}`;
});
after(async () => {
  await browser.close();
  await server.end();
  await Promise.all([site.stop(), stranger.stop()]);
});
afterEach(async () => {
  await page.context().close();
  const seen = problems;
  problems = [];
  assert.deepEqual(seen, []);
});

/** Opens a page of `host` with this in its body, and the script. */
async function open(body: string, { host = site, ...options }: BrowserContextOptions & { host?: HostSite } = {}): Promise<void> {
  host.pages.set("/", `<script async src="${server.url}/embed.js"></script>${body}`);
  const context = await browser.newContext({ viewport: { width: 1000, height: 900 }, ...options });
  page = await context.newPage();
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") problems.push(message.text());
  });
  page.on("pageerror", (error) => problems.push(error.message));
  await page.goto(`${host.origin}/`);
}

/** Runs the editor with this id, as a page's script would. */
const run = (id: string): Promise<{ result: Result; lines: string[]; events: string[] }> =>
  page.evaluate(async (wanted) => {
    const editor = document.getElementById(wanted) as MayflyEditor;
    const lines: string[] = [];
    const events: string[] = [];
    for (const name of ["ready", "run", "console", "result", "error"]) {
      editor.addEventListener(name, (event) => {
        events.push(name);
        const { detail } = event as CustomEvent<{ lines?: { text: string; line: number; column: number }[] }>;
        for (const { text, line, column } of detail.lines ?? []) lines.push(`${text} @${line}:${column}`);
      });
    }
    const result = await editor.run();
    return { result, lines, events };
  }, id);

/** The frame of the editor with this id, ready. */
async function frameOf(id: string): Promise<Frame> {
  await page.evaluate((wanted) => {
    document.getElementById(wanted)?.scrollIntoView();
  }, id);
  const handle = await page.locator(`#${id} .ready iframe`).elementHandle();
  const frame = await handle.contentFrame();
  assert.ok(frame);
  return frame;
}

/** The program in a frame. */
const programIn = async (frame: Frame) => (await frame.locator("#editor .cm-line").allTextContents()).join("\n");

const pre = (code: string) => `<pre>\n${code.replaceAll("&", "&amp;").replaceAll("<", "&lt;")}\n</pre>`;

test("three editors on a strict page, one of them chained, run and tell what they do", async () => {
  await open(
    `<mayfly-editor id="a">${pre('function greet(name) {\n  return `hello ${name}`;\n}\nconsole.log(greet("a"));')}</mayfly-editor>
     <p>and</p>
     <mayfly-editor id="b" after="a">${pre('console.log(greet("b"));\ngreet("c")')}</mayfly-editor>
     <mayfly-editor id="c">\n    const sum = [1, 2, 3]\n      .reduce((a, b) => a + b);\n    console.warn(sum);\n    null.x;\n</mayfly-editor>`,
  );
  const a = await run("a");
  assert.deepEqual(a.events, ["ready", "run", "console", "result"]);
  assert.deepEqual(a.lines, ["hello a @4:9"]);
  assert.deepEqual([a.result.outcome, a.result.part, a.result.line], ["completed", "", 0]);
  const b = await run("b");
  assert.deepEqual(b.lines, ["hello b @1:9"], "what the first one prints is not this one's");
  assert.deepEqual([b.result.outcome, b.result.value], ["completed", "hello c"]);
  const c = await run("c");
  assert.deepEqual(c.lines, ["6 @3:9"], "and text without a pre is dedented");
  assert.deepEqual([c.result.outcome, c.result.part, c.result.line, c.result.column], ["failed", "program", 4, 6]);
  assert.match(c.result.message, /^TypeError: /);
});

test("by a visitor's hands: typed, run, and what builds on it follows", async () => {
  await open(`<mayfly-editor id="a">const base = 1;</mayfly-editor><mayfly-editor id="b" after="a">base + 1</mayfly-editor>`);
  const [a, b] = [await frameOf("a"), await frameOf("b")];
  await a.locator("#editor .cm-content").click();
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.insertText("const base = 41;");
  await b.locator("#run").click();
  await b.locator(".row.result", { hasText: "42" }).waitFor();
  assert.equal(await page.evaluate(() => (document.getElementById("a") as MayflyEditor).getSource()), "const base = 41;");
  await a.locator("#reset").click();
  await b.locator("#run").click();
  await b.locator(".row.result", { hasText: /^2$/ }).waitFor();
  await a.locator("#editor .cm-content").press("ControlOrMeta+Enter");
  await a.locator("#badge", { hasText: "Completed" }).waitFor();
});

test("setup and check are not seen, and say so when they are to blame", async () => {
  await open(
    `<mayfly-editor id="ok"><template slot="setup">\nconst words = ["a", "b"];\nconsole.log("from setup");\n</template>${pre("const n = words.length;\nconsole.log(n);\nconsole.trace();")}
       <script type="text/plain" slot="check">if (n < 2) throw new Error("too few");\nconsole.log("checked");</script></mayfly-editor>
     <mayfly-editor id="wrong">${pre("const n = 1;")}<script type="text/plain" slot="check">\nif (n < 2) throw new Error("n is to be 2");\n</script></mayfly-editor>
     <mayfly-editor id="broken" setup="throw new Error('no setup')">${pre("1")}</mayfly-editor>
     <mayfly-editor id="lost" after="nowhere">${pre("1")}</mayfly-editor>
     <mayfly-editor id="round" after="round">${pre("1")}</mayfly-editor>`,
  );
  const ok = await run("ok");
  assert.deepEqual(ok.lines, ["2 @2:9", "Trace @3:9", "checked @0:0"]);
  assert.equal(ok.result.outcome, "completed");
  assert.equal(await programIn(await frameOf("ok")), "const n = words.length;\nconsole.log(n);\nconsole.trace();");
  const wrong = await run("wrong");
  assert.deepEqual([wrong.result.outcome, wrong.result.part, wrong.result.line], ["failed", "check", 0]);
  assert.match(wrong.result.message, /n is to be 2 \(in the code that checks this program\)/);
  const broken = await run("broken");
  assert.deepEqual([broken.result.part, broken.result.line], ["before", 0]);
  for (const [id, words] of [["lost", "no <mayfly-editor> with the id nowhere"], ["round", "to run before itself"]] as const) {
    const { result } = await run(id);
    assert.equal(result.part, "before");
    assert.ok(result.message.includes(words), result.message);
  }
});

test("a limit names the visitor's own line, and Stop stops", async () => {
  await open(`<mayfly-editor id="a" setup="const start = 1;">${pre("let n = start;\nwhile (true) n += 1;")}</mayfly-editor>`);
  const frame = await frameOf("a");
  await page.evaluate(() => {
    const editor = document.getElementById("a") as MayflyEditor;
    const held = globalThis as unknown as { ended: Promise<Result>; gaps: number[]; on: boolean };
    held.ended = editor.run();
    // How long does this page stand still meanwhile?
    held.gaps = [];
    held.on = true;
    let last = performance.now();
    const beat = () => {
      held.gaps.push(performance.now() - last);
      last = performance.now();
      if (held.on) requestAnimationFrame(beat);
    };
    requestAnimationFrame(beat);
  });
  await frame.locator("#badge", { hasText: "Running" }).waitFor();
  await page.waitForFunction(() => (globalThis as unknown as { gaps: number[] }).gaps.length > 30);
  const { result, longest } = await page.evaluate(async () => {
    const held = globalThis as unknown as { ended: Promise<Result>; gaps: number[]; on: boolean };
    (document.getElementById("a") as MayflyEditor).stop();
    const ended = await held.ended;
    held.on = false;
    return { result: ended, longest: Math.max(...held.gaps) };
  });
  assert.deepEqual([result.outcome, result.line], ["stopped", 2]);
  assert.match(result.message, /at line 2\b/);
  assert.ok(longest < 250, `an endless loop let the page stand still for ${longest} ms`);
});

test("speaks TypeScript, reads its files, and imports what it may", async () => {
  await open(
    `<mayfly-editor id="ts" language="typescript" setup="type Sum = { total: number };">${pre("const sum: Sum = { total: 3 };\n// two\nconsole.log(sum.total satisfies number);\nnull!.x;")}</mayfly-editor>
     <mayfly-editor id="files" setup="const factor = 2;"><script type="text/plain" data-file="main.js">
       import { three } from "./lib/three.js";
       console.log(three() * factor);
     </script><script type="text/plain" data-file="lib/three.js">
       export const three = () => {
         console.log("called");
         return 3;
       };
     </script></mayfly-editor>
     <mayfly-editor id="few" modules="node:path">${pre('import "node:path";\nimport "lodash";')}</mayfly-editor>
     <mayfly-editor id="called" mode="function" input='{"a": 20}'>${pre("export default ({ a }) => a + 1;")}</mayfly-editor>`,
  );
  const ts = await run("ts");
  assert.deepEqual(ts.lines, ["3 @3:9"]);
  assert.deepEqual([ts.result.outcome, ts.result.line], ["failed", 4]);
  const files = await run("files");
  assert.equal(files.result.message.slice(0, 9), "Completed", files.result.message);
  assert.deepEqual(files.lines, ["called @2:11", "6 @2:9"]);
  const few = await run("few");
  assert.equal(few.result.outcome, "failed");
  assert.match(few.result.message, /lodash/);
  assert.equal((await run("called")).result.value, "21");
});

test("asks its visitor and shows rich output, in a frame inside of the frame", async () => {
  await open(`<mayfly-editor id="a">${pre('const name = prompt("Who are you?");\ndisplay({ "text/html": `<p>Hello <b>${name}</b></p>` });\ndisplay.markdown(`# Hi ${name}`);\nname')}</mayfly-editor>`);
  const frame = await frameOf("a");
  await frame.locator("#run").click();
  await frame.locator("#asks input").fill("Ada");
  await page.keyboard.press("Enter");
  await frame.locator(".row.result", { hasText: "Ada" }).waitFor();
  await frame.frameLocator("iframe >> nth=0").getByText("Hello Ada").waitFor();
  // Made in a worker, which the frame's policy has to allow.
  await frame.frameLocator("iframe >> nth=1").getByRole("heading", { name: "Hi Ada" }).waitFor();
  assert.deepEqual(await axe(frame), []);
});

test("another origin is refused: the code stays, and the page is told", async () => {
  await open(`<mayfly-editor id="a">${pre("const still = 'here';")}</mayfly-editor>`, { host: stranger });
  const { result, events } = await run("a");
  assert.deepEqual(events, ["error", "result"]);
  assert.equal(result.outcome, "not_run");
  assert.match(result.message, /does not let this page show it/);
  assert.equal(await page.locator("#a pre[part=code]").textContent(), "const still = 'here';");
  assert.ok(await page.locator("#a p[role=status]").isVisible());
  assert.equal(await page.locator("#a iframe").count(), 0);
  assert.equal(page.frames().length, 1);
  // The browser says why.
  assert.ok(problems.length > 0 && problems.every((problem) => problem.includes("frame-ancestors")), problems.join("\n"));
  problems = [];
});

test("of thirty editors only those near are loaded, and the page is never held up nor moved", async (t) => {
  const many = Array.from({ length: 30 }, (_, n) => `<h2>Number ${n}</h2><mayfly-editor id="e${n}">${pre(`console.log("${n}");\n// two\n// three\n// four`)}</mayfly-editor>`);
  // Measures from the start, before the page's own first script.
  const watch = () => {
    const held = globalThis as unknown as { shift: number; tasks: number[] };
    held.shift = 0;
    held.tasks = [];
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) held.shift += (entry as PerformanceEntry & { value: number }).value;
    }).observe({ type: "layout-shift", buffered: true });
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) held.tasks.push(duration);
    }).observe({ type: "longtask", buffered: true });
  };
  // Not `async`: a page that is painted before the script is there has no room for editors yet.
  site.pages.set("/", `<script src="${server.url}/embed.js"></script>${many.join("")}`);
  const context = await browser.newContext({ viewport: { width: 1000, height: 900 } });
  await context.addInitScript(watch);
  page = await context.newPage();
  page.on("pageerror", (error) => problems.push(error.message));
  const scripts: { size: number }[] = [];
  page.on("response", (response) => {
    if (/\/embedded-\w+\.js$/.test(response.url())) void response.request().sizes().then(({ responseBodySize }) => scripts.push({ size: responseBodySize }));
  });
  await page.goto(`${site.origin}/`);
  await page.locator("#e0 .ready").waitFor();
  // Text is there, in all of them, and from the first paint on.
  assert.match((await page.locator("#e29 pre[part=code]").textContent()) ?? "", /^console\.log\("29"\)/);
  await page.locator("#e1 .ready").waitFor();
  const loaded = () => page.locator("mayfly-editor iframe").count();
  const first = await loaded();
  assert.ok(first >= 3 && first <= 6, `${first} of 30 were loaded`);
  await page.evaluate(() => {
    document.getElementById("e20")?.scrollIntoView();
  });
  await page.locator("#e20 .ready").waitFor();
  const then = await loaded();
  assert.ok(then > first && then <= 2 * first + 4, `${then} after scrolling`);
  await page.locator("#e21 .ready").waitFor();
  const { shift, blocking, tasks } = await page.evaluate(() => {
    const held = globalThis as unknown as { shift: number; tasks: number[] };
    return { shift: held.shift, tasks: held.tasks.length, blocking: held.tasks.reduce((sum, ms) => sum + Math.max(0, ms - 50), 0) };
  });
  t.diagnostic(`host page: ${then} editors loaded, layout shift ${shift}, ${tasks} long tasks, total blocking time ${Math.round(blocking)} ms`);
  t.diagnostic(`the editor's script over the network: ${scripts.filter(({ size }) => size > 0).length} times for ${scripts.length} frames`);
  assert.equal(shift, 0);
  assert.ok(blocking < 100, `${blocking} ms`);
  // Those that start together may all ask before the first has its answer: then the browser waits, and asks once.
  assert.equal(scripts.filter(({ size }) => size > 0).length, 1, "the editor is loaded once, for all frames");
});

test("the code that is there already becomes editors", async () => {
  await open(
    `<mayfly-editor for="pre code.run" run-label="Try it"></mayfly-editor>
     <pre id="first"><code class="run language-js">console.log("&lt;b&gt;")</code></pre>
     <pre><code class="language-js">not this one</code></pre>
     <pre><code class="run language-ts">"ts"</code></pre>`,
  );
  await page.locator("mayfly-editor[language=ts]").waitFor({ state: "attached" });
  assert.equal(await page.locator("mayfly-editor:not([for])").count(), 2);
  assert.ok(await page.locator("mayfly-editor[for]").isHidden());
  assert.equal(await page.locator("body > pre").count(), 1);
  const { lines } = await run("first");
  assert.deepEqual(lines, ["<b> @1:9"]);
  assert.equal(await (await frameOf("first")).locator("#run").textContent(), "Try it");
});

test("the page's script sets, gets and moves what is in an editor", async () => {
  await open(`<div id="here"></div><mayfly-editor id="a">1</mayfly-editor>`);
  await frameOf("a");
  await page.evaluate(() => {
    const editor = document.getElementById("a") as MayflyEditor;
    editor.setSource("'set'\n'again'");
    // Whoever moves a frame reloads it: the program must not get lost.
    document.getElementById("here")?.append(editor);
  });
  const frame = await frameOf("a");
  await frame.waitForFunction(() => document.querySelector("#editor")?.shadowRoot?.querySelector(".cm-line")?.textContent === "'set'");
  assert.equal((await run("a")).result.value, "again");
  await page.evaluate(() => {
    (document.getElementById("a") as MayflyEditor).setSource("'third'");
  });
  assert.equal((await run("a")).result.value, "third");
  const wrong = await page.evaluate(() => {
    try {
      (document.getElementById("a") as MayflyEditor).setSource("", "no such file");
      return "";
    } catch (error) {
      return String(error);
    }
  });
  assert.match(wrong, /no file called no such file/);
});

test("runs by itself: at once, or when it comes into sight", async () => {
  await open(
    // The page may have no style of its own, and has to be as high as that before the second is looked at.
    `<mayfly-editor id="a" autorun="load">console.log("at once")</mayfly-editor><canvas height="1000"></canvas>
     <mayfly-editor id="b" autorun="visible">console.log("in sight")</mayfly-editor>`,
  );
  const a = await frameOf("a");
  await a.locator(".row", { hasText: "at once" }).waitFor();
  await page.locator("#b .ready").waitFor();
  const [, , b] = page.frames();
  assert.ok(b);
  assert.equal(await b.locator(".row").count(), 0, "near, but not in sight");
  await page.evaluate(() => {
    document.getElementById("b")?.scrollIntoView();
  });
  await b.locator(".row", { hasText: "in sight" }).waitFor();
});

describe("looks", () => {
  test("follow the element's attributes and the page's custom properties", async () => {
    await open(`<mayfly-editor id="a" theme="dark" label="Sums" hide="stop brand lines">1 + 1</mayfly-editor>`, { colorScheme: "light" });
    const frame = await frameOf("a");
    const value = (name: string) => frame.evaluate((wanted) => getComputedStyle(document.documentElement).getPropertyValue(wanted), name);
    const background = () => frame.evaluate(() => getComputedStyle(document.body).backgroundColor);
    assert.equal(await background(), "rgb(21, 27, 30)");
    assert.equal(await page.locator("#a iframe").getAttribute("title"), "Sums");
    assert.equal(await frame.title(), "Sums");
    for (const id of ["stop", "brand"]) assert.ok(await frame.locator(`#${id}`).isHidden(), id);
    assert.ok(await frame.locator("#editor .cm-gutters").isHidden());
    await page.evaluate(() => {
      const editor = document.getElementById("a");
      editor?.setAttribute("theme", "light");
      editor?.setAttribute("readonly", "");
      document.documentElement.style.setProperty("--mayfly-accent", "rgb(200, 0, 100)");
      document.documentElement.style.setProperty("--mayfly-surface", "var(--nothing)");
      document.documentElement.style.setProperty("--mayfly-code-size", "1 apple");
    });
    await frame.waitForFunction(() => getComputedStyle(document.documentElement).getPropertyValue("--accent") === "rgb(200, 0, 100)");
    assert.equal(await background(), "rgb(253, 252, 248)", "what is no colour is left out");
    assert.equal(await value("--code-size"), "13.5px");
    await frame.locator("#editor .cm-content[aria-readonly=true]").waitFor();
    await frame.locator("#editor .cm-content").click();
    await page.keyboard.insertText("x");
    assert.equal(await programIn(frame), "1 + 1");
  });

  test("a mistyped attribute is told to whoever wrote it", async () => {
    await open(`<mayfly-editor id="a" console="opne">1</mayfly-editor>`);
    const frame = await frameOf("a");
    await frame.locator(".row.notice", { hasText: 'console can\'t be "opne": write open, closed, only.' }).waitFor();
  });

  test("the frame grows with its code, up to a point", async () => {
    await open(`<mayfly-editor id="a">1</mayfly-editor><mayfly-editor id="b" height="300">1</mayfly-editor><mayfly-editor id="c" console="closed">1</mayfly-editor>`);
    const height = (id: string) => page.locator(`#${id} .box`).evaluate((box) => box.getBoundingClientRect().height);
    const low = await height("a");
    assert.equal(await height("b"), 300);
    const c = await frameOf("c");
    const folded = await height("c");
    assert.ok(folded < low);
    await c.locator("#fold").click();
    await page.waitForFunction((h) => (document.querySelector("#c")?.shadowRoot?.querySelector(".box")?.clientHeight ?? 0) > h, folded);
    const a = await frameOf("a");
    await a.locator("#editor .cm-content").click();
    await page.keyboard.insertText("\n".repeat(11));
    await page.waitForFunction((h) => (document.querySelector("#a")?.shadowRoot?.querySelector(".box")?.clientHeight ?? 0) > h + 150, low);
    await page.keyboard.insertText("\n".repeat(300));
    await page.waitForFunction((h) => (document.querySelector("#a")?.shadowRoot?.querySelector(".box")?.clientHeight ?? 0) > h + 400, low);
    assert.ok((await height("a")) < 900);
  });

  for (const [name, options] of LOOKS) {
    test(`${name}: axe finds nothing, on the page and in the frame, and nothing scrolls sideways`, async () => {
      await open(
        `<main><h1>A page</h1><mayfly-editor id="a" label="Sums" run-label="Add it up">${pre("const list = [1, 2, 3];\nconsole.log({ list });\nconsole.table([{ a: 1 }]);\nlist.sum();")}</mayfly-editor></main>`,
        options,
      );
      const frame = await frameOf("a");
      const check = async (state: string) => {
        assert.deepEqual(await axe(page), [], `the page, ${state}`);
        assert.deepEqual(await axe(frame), [], `the frame, ${state}`);
        for (const it of [page, frame]) {
          const sideways = await it.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
          assert.equal(sideways, 0, state);
        }
      };
      await check("fresh");
      await frame.locator("#run").click();
      await frame.locator("#badge", { hasText: "Failed" }).waitFor();
      await check("failed");
      await frame.locator("#fold").click();
      await check("folded");
    });
  }
});

test("with the keyboard alone one gets in, runs, and gets out", async () => {
  await open(`<mayfly-editor id="a">console.log("typed")</mayfly-editor><button id="after" type="button">After</button>`);
  const frame = await frameOf("a");
  const inFrame = () => frame.evaluate(() => document.activeElement?.id ?? "");
  await frame.locator("#run").focus();
  await page.keyboard.press("Enter");
  await frame.locator(".row", { hasText: "typed" }).waitFor();
  await frame.locator("#editor .cm-content").focus();
  await page.keyboard.press("Tab");
  assert.match(await programIn(frame), /^ {2}console/, "Tab indents in the editor");
  await page.keyboard.press("Escape");
  for (let n = 0; n < 12 && (await page.evaluate(() => document.activeElement?.id)) !== "after"; n += 1) {
    await page.keyboard.press("Tab");
    assert.notEqual(await inFrame(), "editor", "it is left for good");
  }
  assert.equal(await page.evaluate(() => document.activeElement?.id), "after");
});

test("what others post to the page or to the frame is not heard", async () => {
  await open(`<mayfly-editor id="a">"mine"</mayfly-editor>`);
  const frame = await frameOf("a");
  await page.evaluate(() => {
    const window = document.querySelector("#a")?.shadowRoot?.querySelector("iframe")?.contentWindow;
    const { port1, port2 } = new MessageChannel();
    // A second connect, after the first has been taken, and things that are no messages.
    window?.postMessage({ mayfly: 1, type: "connect" }, "*", [port2]);
    port1.postMessage({ type: "program", program: { files: [{ name: "", content: "'stolen'" }] } });
    port1.postMessage({ type: "run" });
    for (const junk of [null, 1, "hello", [], { mayfly: 1 }, { mayfly: 1, type: "hello" }]) {
      window?.postMessage(junk, "*");
      globalThis.postMessage(junk, "*");
    }
  });
  const { result } = await run("a");
  assert.equal(result.value, "mine");
  assert.equal(await programIn(frame), '"mine"');
});

test("opened by itself, the frame says what it is", async () => {
  await open("");
  await page.goto(`${server.url}/embed/frame`);
  await page.getByRole("link", { name: "How to embed an editor" }).waitFor();
  assert.deepEqual(await axe(page), []);
});
