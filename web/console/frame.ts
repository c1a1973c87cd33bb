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

/** How long a frame may take to show what it was sent, in milliseconds. Then it is taken away: a browser gives it a process of its own, which HTML can keep busy for ever. */
const SHOW_MS = 10_000;

/** What a frame shows, what happens when it does not, and until when it has to. */
type Shown = { html: () => Promise<string> | string; giveUp: () => void; timer?: ReturnType<typeof setTimeout> | undefined };

/** Frames that are in the page, and those who wait there for one of these to go. */
const shown = new Map<HTMLIFrameElement, Shown>();
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
      this.#forget();
      this.replaceChildren();
      settle();
    }

    #forget(): void {
      if (this.#frame === null) return;
      clearTimeout(shown.get(this.#frame)?.timer);
      shown.delete(this.#frame);
      this.#frame = null;
    }

    /** Takes the frame away, and says why. */
    #giveUp(): void {
      this.#forget();
      const text = words().output;
      const again = button("plain small show", text.show(this.name), () => {
        this.#asked = true;
        this.show().focus();
      });
      this.replaceChildren(el("span", "quiet", text.slowFrame), " ", again);
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
      const giveUp = () => {
        this.#giveUp();
      };
      shown.set(frame, { html: this.html, giveUp });
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
    for (const [frame, about] of shown) {
      if (event.source === null || event.source !== frame.contentWindow) continue;
      const { height, shows } = event.data as Partial<FromFrame>;
      if (height === null) void tell(frame, about);
      else if (typeof height === "number") {
        if (shows === true) clearTimeout(about.timer);
        frame.style.height = `${Math.min(MOST_PX, Math.max(LEAST_PX, height))}px`;
      }
    }
  });
  const again = () => {
    for (const [frame, about] of shown) void tell(frame, about);
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  new MutationObserver(again).observe(document.documentElement, { attributeFilter: ["data-theme"] });
}

async function tell(frame: HTMLIFrameElement, about: Shown): Promise<void> {
  const message: ToFrame = { html: await about.html(), dark: isDark() };
  if (shown.get(frame) !== about) return;
  clearTimeout(about.timer);
  about.timer = setTimeout(about.giveUp, SHOW_MS);
  // The frame has no origin to name. What it is told is what it shows.
  frame.contentWindow?.postMessage(message, "*");
}

function isDark(): boolean {
  const chosen = document.documentElement.dataset["theme"];
  return chosen === undefined || chosen === "auto" ? matchMedia("(prefers-color-scheme: dark)").matches : chosen === "dark";
}
