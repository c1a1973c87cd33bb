// What `display` shows: the richest of the forms in a bundle that this page knows. Pictures are images, which run
// nothing and load nothing; HTML, Markdown and SVG that could keep this page busy go into a frame of their own.

import { assetUrl } from "../assets.ts";
import { Background } from "../background.ts";
import { el } from "../dom.ts";
import { words } from "../strings/words.ts";
import { brief } from "./bounds.ts";
import { htmlFrame } from "./frame.ts";
import { isPlainSvg } from "./svg.ts";
import { plainNodes } from "./text.ts";

/** A thing in one form or several, by MIME type. */
export type Bundle = Readonly<Record<string, string>>;

const SVG = "image/svg+xml";
/** How long Markdown may take, in milliseconds. An honest document takes some. */
const MARKDOWN_MS = 2_000;

const PICTURES = ["image/png", "image/jpeg", "image/webp", "image/gif"];

/** A bundle as an element. */
export function renderBundle(bundle: Bundle): HTMLElement {
  const text = bundle["text/plain"];
  // It becomes a name or a description.
  const plain = text === undefined ? undefined : brief(text, 1_000);
  const { html: htmlWord, markdown: markdownWord, unshowable } = words().output;
  const html = bundle["text/html"];
  if (html !== undefined) return htmlFrame(plain ?? htmlWord, () => html);
  const svg = bundle[SVG];
  if (svg !== undefined) return svgPicture(svg, plain);
  for (const type of PICTURES) {
    const data = bundle[type];
    if (data !== undefined) return picture(type, data, plain);
  }
  const source = bundle["text/markdown"];
  if (source !== undefined) return htmlFrame(plain ?? markdownWord, once(() => markdown(source)));
  const json = bundle["application/json"];
  if (json !== undefined) return el("span", "text", ...plainNodes(pretty(json)));
  return el("span", "text", ...(text === undefined ? [unshowable] : plainNodes(text)));
}

/** SVG as an image: of this page where that can't keep it busy, else in a frame, which browsers can end. */
function svgPicture(svg: string, plain: string | undefined): HTMLElement {
  const data = base64(withNamespace(svg));
  if (isPlainSvg(svg)) return picture(SVG, data, plain);
  const name = plain ?? words().output.picture;
  return htmlFrame(name, () => `<img alt="${escaped(name)}" src="data:${SVG};base64,${data}">`);
}

function picture(type: string, data: string, plain: string | undefined): HTMLElement {
  const image = el("img", "picture");
  image.alt = plain ?? words().output.picture;
  image.decoding = "async";
  image.addEventListener("error", () => {
    image.replaceWith(el("span", "quiet", `(${words().output.pictureFailed}${plain === undefined ? "" : `: ${plain}`})`));
  });
  image.src = `data:${type};base64,${data}`;
  const box = el("div", "display-picture", image);
  box.dataset["form"] = type;
  image.addEventListener("load", () => {
    // On a small screen it may be wider than the panel, and then has to be scrolled by keyboard, too.
    if (box.scrollWidth <= box.clientWidth) return;
    box.tabIndex = 0;
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", image.alt);
  });
  return box;
}

/** As an image, SVG needs the namespace that it may go without inside HTML. */
export function withNamespace(svg: string): string {
  return svg.includes("http://www.w3.org/2000/svg") ? svg : svg.replace(/<svg(?=[\s/>])/, '<svg xmlns="http://www.w3.org/2000/svg"');
}

/** Text in base64, by way of UTF-8. */
export function base64(text: string): string {
  const bytes = new TextEncoder().encode(text);
  let binary = "";
  for (let at = 0; at < bytes.length; at += 8192) binary += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(binary);
}

/** The longest JSON that is laid out over several lines, laid out: of what is nested deeply nearly all is indentation. */
const MOST_PRETTY = 1 << 20;

/** JSON over several lines, as far as it is JSON and not too long so. */
export function pretty(json: string): string {
  if (json.length > MOST_PRETTY || prettyLength(json) > MOST_PRETTY) return json;
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
}

/** About how long JSON is when it is laid out. What is no JSON gives any number. */
function prettyLength(json: string): number {
  let [length, depth] = [json.length, 0];
  for (const [mark] of json.matchAll(/"(?:[^"\\]|\\.)*"?|[[\]{},]/gs)) {
    if (mark.startsWith('"')) continue;
    if (mark === "[" || mark === "{") depth += 1;
    else if (mark !== ",") depth -= 1;
    length += 1 + 2 * Math.max(0, depth);
    if (length > MOST_PRETTY) break;
  }
  return length;
}

const worker = new Background<string, string>(() => new Worker(assetUrl("markdown-worker.js"), { name: "markdown" }), MARKDOWN_MS);

/** The HTML of Markdown; of what takes too long, its text and a note. */
async function markdown(text: string): Promise<string> {
  const outcome = await worker.ask(text);
  if ("answer" in outcome) return outcome.answer;
  const { slowMarkdown, lostMarkdown } = words().output;
  const note = outcome.failed === "slow" ? slowMarkdown : lostMarkdown;
  return `<p class="mayfly-note">${escaped(note)}</p><pre>${escaped(text)}</pre>`;
}

/** `make`, which is asked the first time only: themes change, and what is shown comes and goes. */
function once(make: () => Promise<string>): () => Promise<string> {
  let made: Promise<string> | undefined;
  return () => (made ??= make());
}

/** A text as HTML. */
function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
