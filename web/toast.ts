// One line that says what was done, with a way to undo it. It leaves by itself, but not while it is in use.

import { button, el } from "./dom.ts";

/** How long it stays, in milliseconds. */
const STAY_MS = 10_000;

let leave: ReturnType<typeof setTimeout> | undefined;

/** Shows a line; a new one takes the place of an old one. `act` does what `label` says. */
export function toast(text: string, label?: string, act?: () => void): void {
  const place = document.getElementById("toast");
  if (place === null) return;
  const hide = () => {
    clearTimeout(leave);
    place.replaceChildren();
  };
  const wait = () => {
    clearTimeout(leave);
    leave = setTimeout(hide, STAY_MS);
  };
  const card = el("div", "toast", el("span", "toast-text", text));
  if (label !== undefined && act !== undefined) {
    card.append(
      button("plain small", label, () => {
        hide();
        act();
      }),
    );
  }
  const stay = () => {
    clearTimeout(leave);
  };
  card.addEventListener("pointerenter", stay);
  card.addEventListener("focusin", stay);
  card.addEventListener("pointerleave", wait);
  card.addEventListener("focusout", wait);
  place.replaceChildren(card);
  wait();
}
