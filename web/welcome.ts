// What a first visit sees: one sentence that says what this is, and a program that runs.

import { button, el, icon } from "./dom.ts";
import { load, save } from "./storage.ts";
import { words } from "./strings/words.ts";

const KEY = "mayfly.visited";

/** Whether nobody has been here before with this browser; asked once, it is a visit. */
export function isFirstVisit(): boolean {
  if (load(KEY) !== null) return false;
  // A browser that keeps nothing would say so each time: it is told nothing.
  return save(KEY, "1");
}

/** Says in `strip` what this is, until it is put away. */
export function welcome(strip: HTMLElement): void {
  const close = button("plain small tool", icon("close"), () => {
    strip.hidden = true;
    strip.replaceChildren();
  });
  close.setAttribute("aria-label", words().close);
  strip.append(el("p", "welcome-text", words().whatThisIs), close);
  strip.hidden = false;
}
