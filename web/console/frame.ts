// HTML of a program's, in a frame that has no origin, no network and no script but our own: see web/frame/frame.ts.

import { button, el } from "../dom.ts";
import { words } from "../strings/words.ts";
import type { FromFrame, ToFrame } from "../frame/frame.ts";

/** Where the server has the frame's document. */
const ADDRESS = "/display";

/** How high a frame may make itself, in pixels. What is higher scrolls inside. */
const MOST_PX = 480;
const LEAST_PX = 24;

/** How many frames are made unasked. Each is a document of its own. */
const UNASKED = 20;

/** How long a frame may take from its making until it stands in the page, in milliseconds. */
const PLACED_MS = 1_000;

/** A frame's HTML, when it is wanted, and when the frame was made. */
type Shown = { html: () => Promise<string> | string; at: number };

/** Frames and what they show. Those that are out of the page are let go. */
const shown = new Map<HTMLIFrameElement, Shown>();

/** HTML in its frame; `title` says what it is, `html` gives it when it is wanted. */
export function htmlFrame(title: string, html: () => Promise<string> | string): HTMLElement {
  listen();
  const box = el("div", "display-frame");
  const make = () => {
    const frame = el("iframe", "frame");
    frame.setAttribute("sandbox", "allow-scripts");
    frame.title = title;
    frame.src = ADDRESS;
    shown.set(frame, { html, at: performance.now() });
    box.replaceChildren(frame);
    return frame;
  };
  for (const [frame, { at }] of shown) {
    if (!frame.isConnected && performance.now() - at > PLACED_MS) shown.delete(frame);
  }
  if (shown.size < UNASKED) make();
  else {
    const ask = button("plain small show", words().output.show(title), () => {
      make().focus();
    });
    box.append(ask);
  }
  return box;
}

let listening = false;

function listen(): void {
  if (listening) return;
  listening = true;
  addEventListener("message", (event: MessageEvent<unknown>) => {
    for (const [frame, { html }] of shown) {
      if (event.source === null || event.source !== frame.contentWindow) continue;
      const { height } = event.data as Partial<FromFrame>;
      if (height === null) void tell(frame, html);
      else if (typeof height === "number") {
        frame.style.height = `${Math.min(MOST_PX, Math.max(LEAST_PX, height))}px`;
      }
    }
  });
  const again = () => {
    for (const [frame, { html }] of shown) if (frame.isConnected) void tell(frame, html);
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
