// The menu of examples: a popover of buttons. The browser closes it on Escape and on a click elsewhere.

import { button } from "./dom.ts";
import { EXAMPLES, type Example } from "./examples.ts";

/** Fills `menu`, which `opener` opens. */
export function exampleMenu(opener: HTMLButtonElement, menu: HTMLElement, choose: (example: Example) => void): void {
  for (const [at, example] of EXAMPLES.entries()) {
    const item = button("menu-item", example.name, () => {
      menu.hidePopover();
      choose(example);
    });
    // Where the focus goes when the menu opens.
    item.autofocus = at === 0;
    menu.append(item);
  }
  menu.addEventListener("beforetoggle", () => {
    const place = opener.getBoundingClientRect();
    menu.style.setProperty("--left", `${place.left}px`);
    menu.style.setProperty("--top", `${place.bottom}px`);
  });
  menu.addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    const items = [...menu.querySelectorAll("button")];
    const at = items.findIndex((item) => item === document.activeElement);
    items[(at + by + items.length) % items.length]?.focus();
  });
}
