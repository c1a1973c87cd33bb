// The files as tabs: one stop for the Tab key, arrows between them, Delete closes, F2 renames, Ctrl+Shift and an
// arrow moves; a mouse can drag them.

import { el, icon } from "./dom.ts";
import { words } from "./strings/words.ts";

/** What the tabs show. */
export type TabsState = { names: readonly string[]; active: string; entry: string; failed: string | null };

/** What visitors do with tabs. */
export type TabsEvents = {
  onOpen: (name: string) => void;
  onClose: (name: string) => void;
  onRename: (name: string) => void;
  onMove: (name: string, to: number) => void;
};

/** The strip of tabs in `list`, for the panel `panel`. */
export class Tabs {
  readonly #list: HTMLElement;
  readonly #panel: HTMLElement;
  readonly #events: TabsEvents;
  #state: TabsState = { names: [], active: "", entry: "", failed: null };
  #dragged: string | null = null;

  constructor(list: HTMLElement, panel: HTMLElement, events: TabsEvents) {
    this.#list = list;
    this.#panel = panel;
    this.#events = events;
    list.addEventListener("keydown", (event) => {
      this.#key(event);
    });
  }

  /** Shows `state`. The focus stays on the tab that it is on. */
  show(state: TabsState): void {
    const before = JSON.stringify(this.#state);
    this.#state = state;
    if (JSON.stringify(state) === before) return;
    const focused = this.#list.contains(document.activeElement);
    this.#list.replaceChildren(...state.names.map((name) => this.#tab(name)));
    const active = this.#element(state.active);
    this.#panel.setAttribute("aria-labelledby", active?.id ?? "");
    if (focused) active?.focus();
    if (active) this.#reveal(active);
  }

  /**
   * Scrolls the list to a tab. `scrollIntoView` would also make the Tab key go on from there, in Chromium from 148 on:
   * the first press on a new page would pass the link to the editor over.
   */
  #reveal(tab: HTMLElement): void {
    const list = this.#list.getBoundingClientRect();
    const { left, right } = tab.getBoundingClientRect();
    if (left < list.left) this.#list.scrollLeft -= list.left - left;
    else if (right > list.right) this.#list.scrollLeft += right - list.right;
  }

  #tab(name: string): HTMLElement {
    const { active, entry, failed, names } = this.#state;
    const tab = el("button", "tab");
    tab.type = "button";
    tab.id = `tab-${names.indexOf(name)}`;
    tab.dataset["name"] = name;
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-selected", String(name === active));
    tab.setAttribute("aria-controls", this.#panel.id);
    tab.tabIndex = name === active ? 0 : -1;
    tab.title = names.length > 1 ? words().tabTitle(name) : name;
    if (names.length > 1 && name === entry) {
      const glyph = el("span", "tab-entry");
      glyph.setAttribute("aria-hidden", "true");
      tab.append(glyph, el("span", "sr-only", `${words().runs}: `));
    }
    const label = el("span", "tab-name", name);
    if (name === failed) tab.dataset["failed"] = "";
    tab.append(label);
    tab.addEventListener("click", () => {
      this.#events.onOpen(name);
    });
    tab.addEventListener("dblclick", () => {
      this.#events.onRename(name);
    });
    tab.addEventListener("auxclick", (event) => {
      if (event.button === 1) this.#events.onClose(name);
    });
    if (names.length > 1) {
      // For the mouse alone; keys have Delete, and both have the commands.
      const close = el("span", "tab-close", icon("close"));
      close.setAttribute("aria-hidden", "true");
      close.addEventListener("click", (event) => {
        event.stopPropagation();
        this.#events.onClose(name);
      });
      tab.append(close);
      this.#draggable(tab, name);
    }
    return tab;
  }

  #draggable(tab: HTMLElement, name: string): void {
    tab.draggable = true;
    tab.addEventListener("dragstart", (event) => {
      this.#dragged = name;
      event.dataTransfer?.setData("text/plain", name);
    });
    tab.addEventListener("dragend", () => {
      this.#dragged = null;
    });
    tab.addEventListener("dragover", (event) => {
      if (this.#dragged !== null) event.preventDefault();
    });
    tab.addEventListener("drop", (event) => {
      if (this.#dragged === null) return;
      event.preventDefault();
      this.#events.onMove(this.#dragged, this.#state.names.indexOf(name));
      this.#dragged = null;
    });
  }

  #element(name: string): HTMLElement | null {
    return [...this.#list.querySelectorAll<HTMLElement>("[role=tab]")].find((tab) => tab.dataset["name"] === name) ?? null;
  }

  #key(event: KeyboardEvent): void {
    const { names } = this.#state;
    const [target] = event.composedPath();
    const name = target instanceof HTMLElement ? target.closest<HTMLElement>("[role=tab]")?.dataset["name"] : undefined;
    if (name === undefined) return;
    const at = names.indexOf(name);
    const rtl = getComputedStyle(this.#list).direction === "rtl" ? -1 : 1;
    const by = { ArrowRight: rtl, ArrowLeft: -rtl }[event.key];
    const to = by !== undefined ? at + by : { Home: 0, End: names.length - 1 }[event.key];
    if (event.altKey || event.metaKey) return;
    if (to !== undefined && event.ctrlKey && event.shiftKey) {
      this.#events.onMove(name, Math.min(Math.max(to, 0), names.length - 1));
    } else if (event.ctrlKey || event.shiftKey) {
      return;
    } else if (to !== undefined) {
      const next = names[(to + names.length) % names.length];
      if (next !== undefined) this.#events.onOpen(next);
    } else if (event.key === "Delete") {
      this.#events.onClose(name);
    } else if (event.key === "F2") {
      this.#events.onRename(name);
    } else {
      return;
    }
    event.preventDefault();
  }
}
