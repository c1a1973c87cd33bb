// HTML that a program shows leads nowhere, by whatever a visitor does to it.

import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";

import type { Frame } from "playwright-core";

import { forgive, open, page, prints, run, server, usePages } from "../support/mock-page.ts";
import { event } from "../support/sample-run.ts";

usePages();

let outside: Server;
let url: string;
const asked: string[] = [];

before(async () => {
  outside = createServer((request, response) => {
    asked.push(request.url ?? "");
    response.end("x");
  });
  await new Promise<void>((resolve) => outside.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(outside.address() as AddressInfo).port}`;
});
after(() => {
  outside.close();
});

const PIXEL = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const SVG = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="90" height="30"';

/** What could be followed, each with the class `t` on what is to be worked. */
const links = (): Record<string, string> => ({
  "a link": `<a class="t" href="${url}/a">away</a>`,
  "a link in a new tab": `<a class="t" target="_blank" href="${url}/blank">away</a>`,
  "a link at the top": `<a class="t" target="_top" href="${url}/top">away</a>`,
  "a link by name": `<a class="t" target="elsewhere" href="${url}/named">away</a>`,
  "a link that pings": `<a class="t" href="#p" ping="${url}/ping">away</a>`,
  "a link with other letters": `<A class="t" HREF="${url}/upper">away</A>`,
  "a link that downloads": `<a class="t" download href="${url}/download">away</a>`,
  "a link to data": `<a class="t" href="data:text/html,x">away</a>`,
  "a link that runs": `<a class="t" href="javascript:parent.postMessage(1,'*')">away</a>`,
  "a link from the root": `<a class="t" href="/healthz">away</a>`,
  "a link in another text": `<a class="t" href="?x#p">away</a>`,
  "a link around a picture": `<a class="t" href="${url}/around"><img width="40" height="20" src="${PIXEL}"></a>`,
  "a link that is edited": `<div contenteditable><a class="t" href="${url}/edited">away</a></div>`,
  "a link in a template": `<template shadowrootmode="open"><a href="${url}/shadow">away</a></template><b class="t">x</b>`,
  "an area": `<img class="t" usemap="#m" width="40" height="20" src="${PIXEL}"><map name="m"><area shape="default" href="${url}/area"></map>`,
  "a link in SVG": `<svg ${SVG}><a class="t" href="${url}/svg"><text y="20">away</text></a></svg>`,
  "an old link in SVG": `<svg ${SVG}><a class="t" xlink:href="${url}/xlink" target="_blank"><text y="20">away</text></a></svg>`,
  "a link in SVG that is set": `<svg ${SVG}><a class="t" href="#p"><set attributeName="href" to="${url}/set"/><animate attributeName="xlink:href" values="${url}/animate" dur="1ms" fill="freeze"/><text y="20">away</text></a></svg>`,
  "a link in a formula": `<math><mrow class="t" href="${url}/math"><mi>away</mi></mrow></math>`,
  "a form": `<form action="${url}/form"><input class="t" name="q" value="x"></form>`,
  "a button of a form": `<form action="${url}/form2" target="_blank"><button class="t">go</button></form>`,
  "a button with an address": `<form><button class="t" formaction="${url}/formaction" formtarget="_blank">go</button></form>`,
  "a picture that submits": `<form action="${url}/form3"><input class="t" type="image" width="40" height="20" alt="go" src="${PIXEL}"></form>`,
  "a form that hides what it is": `<form action="${url}/clobber"><input name="removeAttribute"><input name="attributes"><input name="remove"><button class="t">go</button></form>`,
  "a document that hides what it is": `<img name="body" src="${PIXEL}"><img name="querySelectorAll" src="${PIXEL}"><a class="t" href="${url}/clobber2">away</a>`,
  "a page that leaves": `<meta http-equiv="refresh" content="0;url=${url}/refresh"><b class="t">x</b>`,
  "a base": `<base href="${url}/" target="_blank"><a class="t" href="base">away</a>`,
});

async function framed(): Promise<Frame> {
  const element = await page.locator("iframe.frame").elementHandle();
  const frame = await element.contentFrame();
  assert.ok(frame);
  await frame.locator(".t").first().waitFor({ state: "attached" });
  return frame;
}

async function shown(html: string): Promise<Frame> {
  await open();
  await run(prints(event({ kind: "display", bundle: { "text/html": html } })));
  return framed();
}

test("nothing in shown HTML can be followed", async () => {
  const all = links();
  await open();
  for (const [at, [name, html]] of Object.entries(all).entries()) {
    // The console is cleared by the next run.
    await run(prints(event({ kind: "display", bundle: { "text/html": `${html}<p id="p">p</p><p id="n${at}">n</p>` } })));
    await page.frameLocator("iframe.frame").locator(`#n${at}`).waitFor();
    const frame = await framed();
    const target = frame.locator(".t").first();
    const opened = page.context().pages().length;
    for (const options of [{}, { button: "middle" }, { modifiers: ["ControlOrMeta"] }, { modifiers: ["Shift"] }, { modifiers: ["Alt"] }] as const) {
      await target.click({ force: true, ...(options as object) });
    }
    for (const key of ["Enter", "ControlOrMeta+Enter", "Shift+Enter", "Alt+Enter", " "]) {
      await target.evaluate((element: Element) => {
        (element as HTMLElement).focus();
      });
      await page.keyboard.press(key);
    }
    const left = await frame.evaluate(() => ({
      // What is shown can hide the document's own methods, and not its root's.
      links: [...document.documentElement.querySelectorAll("*")].flatMap((element) =>
        [...Element.prototype.getAttributeNames.call(element)].filter((name) => /(^|:)(href|action|formaction|target|formtarget|ping|download)$/i.test(name)),
      ),
      // What a drag would take along, and what a menu would offer.
      drags: [...document.documentElement.querySelectorAll("a, area, img, [class=t]")].map((element) => {
        const drag = new DragEvent("dragstart", { bubbles: true, cancelable: true, dataTransfer: new DataTransfer() });
        drag.dataTransfer?.setData("text/uri-list", "http://evil.example/");
        return element.dispatchEvent(drag);
      }),
      path: location.pathname + location.search + location.hash,
    }));
    assert.deepEqual(left.links, [], name);
    assert.ok(!left.drags.includes(true), `${name}: can be dragged`);
    assert.equal(left.path, "/display", name);
    assert.equal(page.context().pages().length, opened, `${name}: something was opened`);
    assert.equal(page.url().replace(/\/$/, ""), server.url, name);
  }
  assert.deepEqual(asked, [], "nobody was asked for anything");
  // The frame's policy complains of what was tried.
  for (const part of ["Content Security Policy", "CSP: ", "sandbox", "Blocked", "blocked", "meta"]) forgive(part);
});

test("links look like links, say where they led, and go to places in the text", async () => {
  const frame = await shown(
    `<a class="t" id="far" href="https://example.org/x">far</a> <a id="near" href="#there">near</a>
     <a id="named" href="#name">named</a><p style="height: 900px"></p><h2 id="there">There</h2><p style="height: 900px"></p><a name="name">x</a>`,
  );
  const far = frame.locator("#far");
  assert.equal(await far.getAttribute("title"), "https://example.org/x");
  assert.equal(await far.evaluate((link) => getComputedStyle(link).textDecorationLine), "underline");
  assert.equal(await frame.getByRole("link", { name: "far" }).count(), 0, "to a screen reader it is none");
  const at = () => frame.evaluate(() => scrollY);
  await frame.getByRole("link", { name: "near" }).click();
  const there = await at();
  assert.ok(there > 500, String(there));
  await frame.locator("#named").focus();
  await page.keyboard.press("Enter");
  assert.ok((await at()) > there);
  assert.equal(await frame.evaluate(() => location.hash), "");
});
