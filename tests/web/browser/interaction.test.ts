// Programs that ask and programs that show more than text: real Chromium, the real server.

import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, test } from "node:test";

import type { Frame, Locator } from "playwright-core";

import { axe, layout } from "../support/audit.ts";
import { openPage, type } from "../support/browser.ts";
import { browser, outcome, page, run, server, watched } from "../support/real-page.ts";

const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/** The messages of the rows, but for the result's. */
const rows = () => page.locator("#rows .row[data-at-ms] .message").allInnerTexts();

describe("questions", () => {
  test("are asked one after the other, by keyboard, and the answers come back", async () => {
    await run(`console.log("before");
const name = prompt("Your name?", "Ada");
console.log(name, confirm("Sure?"), confirm("Really?"), alert("Done"));
console.log(prompt("Another?"));`);
    const input = page.getByRole("textbox", { name: "Your name?" });
    await input.waitFor();
    assert.deepEqual(await rows(), ["before"], "what was printed is there before the question");
    assert.ok(await input.evaluate((element) => element === document.activeElement));
    assert.equal(await input.inputValue(), "Ada");
    assert.match(await page.locator("#badge").innerText(), /^Waiting for you \d+ s$/);
    assert.match((await page.locator("#live").textContent()) ?? "", /waits for you: Your name\?/);
    assert.deepEqual(await axe(page), []);
    await input.fill("Grace <b>");
    await page.keyboard.press("Enter");
    const sure = page.getByRole("form", { name: "Sure?" });
    await sure.getByRole("button", { name: "Yes" }).waitFor();
    await page.keyboard.press("Enter");
    await page.getByRole("form", { name: "Really?" }).waitFor();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.getByRole("form", { name: "Done" }).getByRole("button", { name: "OK" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("textbox", { name: "Another?" }).waitFor();
    await page.keyboard.press("Escape");
    assert.equal(await outcome(), "Completed");
    assert.deepEqual(await rows(), [
      "before",
      "Your name? Grace <b>",
      "Sure? Yes",
      "Really? No",
      "Done",
      '"Grace <b>" true false undefined'.replaceAll('"', ""),
      "Another? cancelled",
      "null",
    ]);
    assert.ok(await page.locator("#asks").isHidden());
    assert.match(await page.locator("#message").innerText(), /^Completed in .*, and waited .* for you\.$/);
  });

  test("give the focus back", async () => {
    await type(page, "alert('read this')");
    await page.keyboard.press("ControlOrMeta+Enter");
    await page.locator(".ask button").waitFor();
    await page.keyboard.press("Enter");
    assert.equal(await outcome(), "Completed");
    assert.ok(await page.evaluate(() => document.activeElement?.closest("#editor") !== null));
  });

  test("by readLine let the program go on", async () => {
    await run(`const line = readLine();
for (let i = 0; i < 3; i++) { console.log("tick", i); await new Promise((wake) => setTimeout(wake, 20)); }
console.log("got", await line);`);
    await page.locator(".row", { hasText: "tick 2" }).waitFor();
    await page.getByRole("textbox", { name: "The program asks for a line of text." }).fill("hello");
    await page.getByRole("button", { name: "OK" }).click();
    await page.locator(".row", { hasText: "got hello" }).waitFor();
  });

  test("are gone when the run is stopped, runs again, or has waited too long", async () => {
    await run("prompt('one')");
    await page.getByRole("textbox", { name: "one" }).waitFor();
    await page.locator("#stop").click();
    assert.equal(await outcome(), "Stopped");
    assert.equal(await page.locator(".ask").count(), 0);
    await run("prompt('two')");
    await page.getByRole("textbox", { name: "two" }).waitFor();
    await run("prompt('three')");
    await page.getByRole("textbox", { name: "three" }).waitFor();
    assert.equal(await page.locator(".ask").count(), 1);
    await page.keyboard.press("Escape");
    assert.equal(await outcome(), "Completed");
  });

  test("that look like markup are text, and long ones scroll", async () => {
    const evil = '<img src=x onerror="document.title=1">';
    await run(`confirm(${JSON.stringify(evil)} + "\\n".repeat(60) + "x".repeat(3000))`);
    await page.locator(".ask").waitFor();
    assert.ok((await page.locator(".ask-message").innerText()).startsWith(evil));
    assert.equal(await page.locator(".ask img").count(), 0);
    assert.ok(await page.getByRole("button", { name: "Yes" }).isVisible());
    assert.deepEqual(await axe(page), []);
    await page.getByRole("button", { name: "No" }).click();
    assert.equal(await outcome(), "Completed");
  });
});

/** The document of the only frame, once it shows something. */
async function framed(): Promise<Frame> {
  const element = await page.locator("iframe.frame").elementHandle();
  const frame = await element.contentFrame();
  assert.ok(frame);
  await frame.locator("body > :not(style)").first().waitFor();
  return frame;
}

describe("display", () => {
  test("shows HTML in a frame of its own, as high as it needs", async () => {
    await run("display.html('<style>p { color: rgb(1, 2, 3); height: 120px }</style><p style=\"margin: 0\">Hello</p>')");
    assert.equal(await outcome(), "Completed");
    const frame = await framed();
    const paragraph = frame.locator("p");
    assert.equal(await paragraph.evaluate((element) => getComputedStyle(element).color), "rgb(1, 2, 3)");
    await page.waitForFunction(() => Math.abs((document.querySelector("iframe")?.clientHeight ?? 0) - 136) <= 2);
    assert.deepEqual(await axe(page), []);
  });

  test("shows Markdown, with markup in it as text", async () => {
    await run('display.markdown("# Title\\n\\n| a | b |\\n| - | - |\\n| 1 | **2** |\\n\\n<b onclick=1>x</b> [link](javascript:alert(1))")');
    assert.equal(await outcome(), "Completed");
    const frame = await framed();
    assert.equal(await frame.locator("h1").innerText(), "Title");
    assert.equal(await frame.locator("td strong").innerText(), "2");
    assert.equal(await frame.locator("b").count(), 0);
    assert.equal(await frame.locator("a").getAttribute("href"), null);
  });

  test("shows pictures, charts and tables", async () => {
    await run(`display({ "image/png": "${PNG}", "text/plain": "A dot" });
display.svg("<svg viewBox='0 0 9 9'><rect width='9' height='9'/></svg>", { alt: "A square" });
display.chart("line", { ada: [1, 2, 4], bob: [3, 1, 2] }, { title: "Wings" });
display.table([{ a: 1 }]);
display({ "application/json": { a: [1] } });
display({ any: "value" });
display.svg("no picture", { alt: "Broken" });`);
    assert.equal(await outcome(), "Completed");
    for (const name of ["A dot", "A square"]) {
      const image = page.getByRole("img", { name, exact: true });
      await see(image);
      await page.waitForFunction((alt) => (document.querySelector<HTMLImageElement>(`img[alt="${alt}"]`)?.naturalWidth ?? 0) > 0, name);
    }
    const chart = page.getByRole("img", { name: "Line chart: Wings. ada: 3, from 1 to 4. bob: 3, from 1 to 3." });
    await see(chart);
    await page.waitForFunction(() => [...document.querySelectorAll<HTMLImageElement>("#console img")].every((image) => image.naturalWidth > 0 || image.alt === "Broken"));
    assert.deepEqual(await chart.evaluate((image: HTMLImageElement) => [image.naturalWidth, image.naturalHeight]), [480, 270]);
    await see(page.locator("#console table"));
    await see(page.locator(".row", { hasText: "(a picture that can't be shown: Broken)" }));
    await see(page.locator(".row", { hasText: '"a": [' }));
    assert.deepEqual(await axe(page), []);
  });

  test("makes no more frames than a page can bear", async () => {
    await run("for (let i = 0; i < 50; i++) display.html('<p>' + i)");
    assert.equal(await outcome(), "Completed");
    const list = page.locator("#console");
    let most = 0;
    await list.evaluate((list) => {
      list.scrollTop = 0;
    });
    for (let isAtEnd = false; !isAtEnd; ) {
      isAtEnd = await scrollOn(list);
      most = Math.max(most, await page.locator("iframe").count());
    }
    assert.ok(most <= 20, String(most));
    await page.frameLocator("iframe >> nth=-1").locator("p", { hasText: "49" }).waitFor();
    await run("display.html('<p>new')");
    assert.equal(await outcome(), "Completed");
    await page.frameLocator("iframe").locator("p", { hasText: "new" }).waitFor();
  });

  test("gives a frame to those who wait for one when others are gone, and at once to who asks", async () => {
    const { width = 1280, height = 800 } = page.viewportSize() ?? {};
    // So high that more are in sight than there may be.
    await page.setViewportSize({ width, height: 3200 });
    await run("for (let i = 0; i < 50; i++) display.html(`<p style='margin: 0; height: 60px'>${i}`)");
    assert.equal(await outcome(), "Completed");
    const [frames, asks] = [page.locator("iframe.frame"), page.locator(".display-frame .show")];
    await asks.first().waitFor();
    assert.equal(await frames.count(), 20);
    const waits = await asks.count();
    await asks.last().click();
    await page.waitForFunction((waits) => document.querySelectorAll(".display-frame .show").length === waits - 1, waits);
    assert.equal(await frames.count(), 21);
    await page.setViewportSize({ width, height });
    await page.waitForFunction(() => document.querySelector(".display-frame .show") === null);
    // What went out of the page and comes back shows what it is to show.
    const list = page.locator("#console");
    await list.evaluate((list) => {
      list.scrollTop = 0;
    });
    await page.frameLocator("iframe >> nth=0").locator("p", { hasText: /^0$/ }).waitFor();
  });
});

/** Scrolls the console on by half a page; whether that is its end. Only what is near is in the document. */
function scrollOn(list: Locator): Promise<boolean> {
  return list.evaluate(async (list) => {
    list.scrollTop += list.clientHeight / 2;
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    return list.scrollTop + list.clientHeight >= list.scrollHeight - 1;
  });
}

/** Looks the console through until something is there. */
async function see(what: Locator): Promise<void> {
  const list = page.locator("#console");
  for (let isAtEnd = false; (await what.count()) === 0; isAtEnd = await scrollOn(list)) {
    if (!isAtEnd) continue;
    await list.evaluate((list) => {
      list.scrollTop = 0;
    });
  }
  await what.waitFor();
}

/** A server that notes who asks it for something. */
async function spy(): Promise<{ url: string; asked: string[]; server: Server }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    response.end("x");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, server };
}

describe("HTML that means harm", () => {
  test("reaches neither the page nor the network, and goes nowhere", async () => {
    const outside = await spy();
    const { url } = outside;
    // Each would write its name to the page or ask the spy, if it could.
    const mark = (name: string) => `try { top.document.title = '${name}' } catch {} fetch('${url}/${name}')`;
    const html = `<title>evil</title><base href="${url}/"><meta http-equiv="refresh" content="0;url=${url}/refresh">
<link rel="stylesheet" href="${url}/style"><link rel="preconnect" href="${url}"><link rel="prefetch" href="${url}/prefetch">
<script>${mark("script")}</script><script src="${url}/src"></script><script type="module">${mark("module")}</script>
<img src="${url}/img" onerror="${mark("onerror")}"><img src="x" onerror="${mark("onerror2")}">
<svg><script>${mark("svgscript")}</script><image href="${url}/image"/><use href="${url}/use#a"/><a href="${url}/svglink"><text y="20">svg</text></a></svg>
<svg onload="${mark("svgload")}"><animate onbegin="${mark("begin")}" attributeName="x" dur="1s"/></svg>
<iframe src="${url}/iframe"></iframe><iframe srcdoc="<script>${mark("srcdoc").replaceAll('"', "")}</script>"></iframe>
<object data="${url}/object"></object><embed src="${url}/embed">
<video src="${url}/video" poster="${url}/poster"></video><audio src="${url}/audio"></audio>
<style>@import "${url}/import"; @font-face { font-family: f; src: url("${url}/font") } p { background: url("${url}/background"); font-family: f }</style>
<p style="background-image: url(${url}/inline)">text</p>
<form action="${url}/form"><button id="submit">go</button></form>
<a id="away" href="${url}/link">away</a><a id="top" target="_top" href="${url}/top">top</a>
<a id="pop" target="_blank" href="${url}/pop">pop</a><a id="js" href="javascript:${mark("jslink")}">js</a>
<details open ontoggle="${mark("toggle")}"><summary>s</summary></details><input autofocus onfocus="${mark("focus")}">
<template shadowrootmode="open"><script>${mark("shadow")}</script></template>
<p id="end">end</p>`;
    const title = await page.title();
    await run(`display.html(${JSON.stringify(html)}); display.svg(${JSON.stringify(
      `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9" onload="${mark("imgload")}"><script>${mark("imgscript")}</script><image href="${url}/svgimage" width="9" height="9"/><foreignObject width="9" height="9"><iframe xmlns="http://www.w3.org/1999/xhtml" src="${url}/svgframe"/></foreignObject></svg>`,
    )}); display({ "text/markdown": ${JSON.stringify(`<script>${mark("markdown")}</script> ![x](${url}/mdimage) [x](javascript:x)`)} })`);
    assert.equal(await outcome(), "Completed");
    const element = await page.locator("iframe.frame").first().elementHandle();
    const frame = await element.contentFrame();
    assert.ok(frame);
    await frame.locator("#end").waitFor();
    for (const id of ["submit", "away", "top", "pop", "js"]) await frame.locator(`#${id}`).click();
    await frame.locator("svg a").click({ force: true });
    // What it could reach with a script, if it had one that ran: the debugger's runs there.
    const reach = await frame.evaluate(async (url) => {
      const tries: Record<string, () => unknown> = {
        parent: () => parent.document.title,
        top: () => top?.location.href,
        storage: () => localStorage.length,
        cookie: () => document.cookie,
        navigate: () => {
          if (top !== null) top.location.href = `${url}/navigate`;
        },
        fetch: () => fetch(`${url}/fetch`),
        own: () => fetch("/healthz"),
        socket: () =>
          new Promise((resolve, reject) => {
            const socket = new WebSocket(url.replace("http", "ws"));
            socket.onopen = resolve;
            socket.onerror = reject;
          }),
        eval: () => (0, eval)("1") as unknown,
        worker: () =>
          new Promise((resolve, reject) => {
            const worker = new Worker("data:text/javascript,postMessage(1)");
            worker.onmessage = resolve;
            worker.onerror = reject;
          }),
      };
      const got: string[] = [];
      for (const [name, attempt] of Object.entries(tries)) {
        try {
          await attempt();
          got.push(name);
        } catch {
          // As it should be.
        }
      }
      return { got, origin: origin, open: open(`${url}/open`) === null };
    }, url);
    assert.deepEqual(reach, { got: [], origin: "null", open: true });
    assert.equal(await page.title(), title);
    assert.equal(page.url().replace(/\/$/, ""), server.url);
    assert.equal(page.context().pages().length, 1);
    assert.equal(new URL(frame.url()).pathname, "/display");
    assert.deepEqual(outside.asked, [], "nobody asked the server outside for anything");
    outside.server.close();
    // The frame's policy complains of each attempt, in the browser's console; that is what it is for.
    const complaints = /Content Security Policy|Blocked|blocked|sandbox|Unsafe attempt|Failed to load resource|^request: |javascript:|^CSP: /;
    const others = watched.problems.splice(0).filter((problem) => !complaints.test(problem));
    assert.deepEqual(others, []);
  });

  test("finds nothing but an empty document at the frame's address", async () => {
    const other = await openPage(browser, server.url);
    const response = await other.page.goto(`${server.url}/display`);
    const policy = response?.headers()["content-security-policy"] ?? "";
    assert.match(policy, /^default-src 'none'; script-src 'sha256-[\w+/]+=*'; style-src 'unsafe-inline'; img-src data:;.*frame-ancestors 'self'; sandbox allow-scripts$/);
    assert.equal(await other.page.evaluate(() => origin), "null");
    await other.close();
  });
});

describe("looks", () => {
  for (const colorScheme of ["light", "dark"] as const) {
    for (const width of [1280, 360]) {
      test(`${colorScheme}, ${width} px`, async () => {
        const other = await openPage(browser, server.url, { colorScheme, viewport: { width, height: 740 } });
        await type(other.page, `display.chart("bar", { a: [1, 2], b: [2, 1] }, { title: "Title" }); display.html("<p>Hello");
prompt("A question that is rather long, to see how it goes on in the next line?", "an answer")`);
        await other.page.locator("#run").click();
        await other.page.locator(".ask-input").waitFor();
        assert.deepEqual(await layout(other.page), { sideways: 0, runInSight: true });
        assert.deepEqual(await axe(other.page), []);
        // A phone has no room for the frame beside the question.
        await other.page.keyboard.press("Escape");
        await other.page.frameLocator("iframe").locator("p").waitFor();
        // Text in the frame is as readable as outside: the frame has the page's colours.
        const [inside, outside] = await Promise.all([
          other.page.frameLocator("iframe").locator("p").evaluate((p) => getComputedStyle(p).color),
          other.page.locator("body").evaluate((body) => getComputedStyle(body).color),
        ]);
        const light = (colour: string) => Number(/\d+/.exec(colour)?.[0]) > 128;
        assert.equal(light(inside), light(outside), `${inside} and ${outside}`);
        await other.close();
        assert.deepEqual(other.problems, []);
      });
    }
  }
});
