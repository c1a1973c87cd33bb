// Tabs of a program with several files. The arrow keys go from one to the next, as in any list of tabs.

import { button } from "../dom.ts";

/** The tabs. */
export class Tabs {
  #list: HTMLElement;
  #choose: (name: string) => void;

  /** Tabs in `list`; `choose` is told which one the visitor wants. */
  constructor(list: HTMLElement, choose: (name: string) => void) {
    this.#list = list;
    this.#choose = choose;
    list.addEventListener("keydown", (event) => {
      const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (by === undefined) return;
      event.preventDefault();
      const tabs = [...list.querySelectorAll("button")];
      const at = tabs.findIndex((tab) => tab === document.activeElement);
      const next = tabs[(at + by + tabs.length) % tabs.length];
      next?.focus();
      next?.click();
    });
  }

  /** Shows a tab for each name, `current` being open. One file needs no tab. */
  show(names: readonly string[], current: string): void {
    this.#list.hidden = names.length < 2;
    const focused = this.#list.contains(document.activeElement);
    this.#list.replaceChildren(
      ...names.map((name) => {
        const tab = button("tab", name, () => {
          this.#choose(name);
        });
        tab.setAttribute("role", "tab");
        tab.setAttribute("aria-controls", "editor");
        tab.setAttribute("aria-selected", String(name === current));
        tab.tabIndex = name === current ? 0 : -1;
        return tab;
      }),
    );
    if (focused) this.#list.querySelector<HTMLElement>("[aria-selected=true]")?.focus();
  }
}
