// What `display` shows: the richest of the forms in a bundle that this page knows. Pictures are images, which run
// nothing and load nothing; HTML and Markdown go into a frame of their own.

import { el } from "../dom.ts";
import { words } from "../strings/words.ts";
import { htmlFrame } from "./frame.ts";

/** A thing in one form or several, by MIME type. */
export type Bundle = Readonly<Record<string, string>>;

const SVG = "image/svg+xml";
const PICTURES = ["image/png", "image/jpeg", "image/webp", "image/gif"];

/** A bundle as an element. */
export function renderBundle(bundle: Bundle): HTMLElement {
  const plain = bundle["text/plain"];
  const { html: htmlWord, markdown: markdownWord, unshowable } = words().output;
  const html = bundle["text/html"];
  if (html !== undefined) return htmlFrame(plain ?? htmlWord, () => html);
  const svg = bundle[SVG];
  if (svg !== undefined) return picture(SVG, base64(withNamespace(svg)), plain);
  for (const type of PICTURES) {
    const data = bundle[type];
    if (data !== undefined) return picture(type, data, plain);
  }
  const text = bundle["text/markdown"];
  if (text !== undefined) return htmlFrame(plain ?? markdownWord, () => markdown(text));
  const json = bundle["application/json"];
  if (json !== undefined) return el("span", "text", pretty(json));
  return el("span", "text", plain ?? unshowable);
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

/** JSON over several lines, as far as it is JSON. */
export function pretty(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
}

async function markdown(text: string): Promise<string> {
  // The page names its bundles by their content, so the template says where this one is.
  const address = document.body.dataset["markdown"] ?? "";
  const loaded = (await import(address)) as typeof import("../markdown.ts");
  return loaded.markdown(text);
}
