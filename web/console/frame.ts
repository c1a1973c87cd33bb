// HTML of a program's, in a frame that has no origin, no network and no script but our own: see web/frame/frame.ts.

import { button, el } from "../dom.ts";
import { words } from "../strings/words.ts";
import type { FromFrame, ToFrame } from "../frame/frame.ts";

/** Where the server has the frame's document. */
const ADDRESS = "/display";

/** How high a frame may make itself, in pixels. What is higher scrolls inside. */
const MOST_PX = 480;
const LEAST_PX = 24;

/** How many frames are there at once unasked. Each is a document of its own. */
const UNASKED = 20;

/** Frames that are in the page, and those who wait there for one of these to go. */
const shown = new Map<HTMLIFrameElement, () => Promise<string> | string>();
const waiting = new Set<{ show: () => void }>();
let isSettling = false;

/** HTML in its frame; `title` says what it is, `html` gives it when it is wanted. */
export function htmlFrame(title: string, html: () => Promise<string> | string): HTMLElement {
  listen();
  const box = new (displayBox())();
  box.className = "display-frame";
  box.name = title;
  box.html = html;
  return box;
}

type DisplayBox = HTMLElement & { name: string; html: () => Promise<string> | string };
let defined: (new () => DisplayBox) | undefined;

/**
 * The element around a frame. The console takes rows out of the page and puts them back: the frame goes with them, and
 * is made anew, if there is room for one, or if it was asked for.
 */
function displayBox(): new () => DisplayBox {
  // Not before it is wanted: tests of what is around it have no page.
  if (defined !== undefined) return defined;
  defined = class extends HTMLElement implements DisplayBox {
    name = "";
    html: () => Promise<string> | string = () => "";
    #frame: HTMLIFrameElement | null = null;
    #asked = false;

    connectedCallback(): void {
      if (this.#asked || shown.size < UNASKED) {
        this.show();
        return;
      }
      const ask = button("plain small show", words().output.show(this.name), () => {
        this.#asked = true;
        this.show().focus();
      });
      this.replaceChildren(ask);
      waiting.add(this);
    }

    disconnectedCallback(): void {
      waiting.delete(this);
      if (this.#frame !== null) shown.delete(this.#frame);
      this.#frame = null;
      this.replaceChildren();
      settle();
    }

    /** Makes the frame. */
    show(): HTMLIFrameElement {
      waiting.delete(this);
      const frame = el("iframe", "frame");
      frame.setAttribute("sandbox", "allow-scripts");
      frame.title = this.name;
      frame.src = ADDRESS;
      this.#frame = frame;
      shown.set(frame, this.html);
      this.replaceChildren(frame);
      return frame;
    }
  };
  customElements.define("mayfly-display", defined);
  return defined;
}

/** Gives those who wait what room there is, once all that goes at the same time is gone. */
function settle(): void {
  if (isSettling || waiting.size === 0) return;
  isSettling = true;
  queueMicrotask(() => {
    isSettling = false;
    for (const box of waiting) {
      if (shown.size >= UNASKED) break;
      box.show();
    }
  });
}

let listening = false;

function listen(): void {
  if (listening) return;
  listening = true;
  addEventListener("message", (event: MessageEvent<unknown>) => {
    for (const [frame, html] of shown) {
      if (event.source === null || event.source !== frame.contentWindow) continue;
      const { height } = event.data as Partial<FromFrame>;
      if (height === null) void tell(frame, html);
      else if (typeof height === "number") {
        frame.style.height = `${Math.min(MOST_PX, Math.max(LEAST_PX, height))}px`;
      }
    }
  });
  const again = () => {
    for (const [frame, html] of shown) void tell(frame, html);
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  new MutationObserver(again).observe(document.documentElement, { attributeFilter: ["data-theme"] });
}

async function tell(frame: HTMLIFrameElement, html: () => Promise<string> | string): Promise<void> {
  const message: ToFrame = { html: await html(), dark: isDark() };
  // The frame has no origin to name. What it is told is what it shows.
  frame.contentWindow?.postMessage(message, "*");
}

function isDark(): boolean {
  const chosen = document.documentElement.dataset["theme"];
  return chosen === undefined || chosen === "auto" ? matchMedia("(prefers-color-scheme: dark)").matches : chosen === "dark";
}
