// The bar above the console's lines: what to look for, which levels, and what is done with all of them. What is
// chosen is remembered, but for what is looked for: nobody remembers that himself.

import { assetUrl } from "../assets.ts";
import { copyText } from "../clipboard.ts";
import type { Command } from "../commands.ts";
import { button, el, icon } from "../dom.ts";
import type { Level } from "../protocol.ts";
import { LEVELS, type SettingsStore } from "../settings.ts";
import { words } from "../strings/words.ts";
import type { ConsolePanel } from "./panel.ts";
import { readSearch, type Search } from "./search.ts";

/** How long after the last key what was found is said to a screen reader, in milliseconds. */
const SAY_AFTER_MS = 600;

/** The bar. */
export class ConsoleTools {
  readonly #panel: ConsolePanel;
  readonly #settings: SettingsStore;
  readonly #announce: (text: string) => void;
  readonly #scroller: HTMLElement;
  readonly #find = el("input", "field find");
  readonly #found = el("span", "found");
  #search: Search | null = null;
  #trouble = "";
  #count = "";
  #saying: ReturnType<typeof setTimeout> | undefined;

  /** Fills `bar` for `panel`, whose lines are in `scroller`. */
  constructor(bar: HTMLElement, panel: ConsolePanel, scroller: HTMLElement, settings: SettingsStore, announce: (text: string) => void) {
    this.#panel = panel;
    this.#settings = settings;
    this.#announce = announce;
    this.#scroller = scroller;
    const text = words().output;
    const find = this.#find;
    find.type = "search";
    find.spellcheck = false;
    find.autocomplete = "off";
    find.setAttribute("autocapitalize", "off");
    find.maxLength = 500;
    find.placeholder = text.findHint;
    find.setAttribute("aria-label", text.find);
    this.#found.id = "console-found";
    find.setAttribute("aria-describedby", this.#found.id);
    find.addEventListener("input", () => {
      this.#typed();
    });
    find.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && find.value !== "") {
        event.preventDefault();
        find.value = "";
        this.#typed();
      } else if (event.key === "ArrowDown" || event.key === "Enter") {
        event.preventDefault();
        scroller.focus();
      }
    });
    bar.append(el("div", "find-box", find, this.#found), this.#levels(), this.#options());
    panel.onCount = (shown, all) => {
      this.#count = shown === all && this.#search === null ? "" : text.found(shown, all);
      this.#showFound();
    };
    panel.onSearchEnd = (why) => {
      const { slowPattern, lostSearch, badPattern } = text;
      this.#search = null;
      this.#trouble = why === "slow" ? slowPattern : why === "lost" ? lostSearch : badPattern(why.trouble);
      this.#showFound();
      this.#saySoon();
    };
    panel.onMenu = (line, at, place) => {
      void import("./menu.ts").then(({ openLineMenu }) => {
        openLineMenu(panel, line, at, place, announce);
      });
    };
    settings.onChange((now, before) => {
      if (now.hiddenLevels !== before.hiddenLevels) this.#sift();
      this.#apply();
    });
    this.#apply();
    if (settings.now.hiddenLevels.length > 0) this.#sift();
  }

  /** What the bar can do, by name. */
  commands(): Command[] {
    const text = words().output;
    const { preserve } = this.#settings.now;
    return [
      {
        id: "console find",
        title: text.find,
        keys: ["Mod-Alt-f"],
        run: () => {
          this.#find.focus();
          this.#find.select();
        },
      },
      {
        id: "console preserve",
        title: text.preserve,
        run: () => {
          this.#settings.set({ preserve: !preserve });
        },
      },
      { id: "console copy", title: text.copyAllText, run: () => void this.#copyAll("text") },
      { id: "console copy json", title: text.copyAllJson, run: () => void this.#copyAll("json") },
    ];
  }

  #apply(): void {
    const { preserve, timestamps } = this.#settings.now;
    this.#panel.keeps = preserve;
    if (timestamps === null) delete this.#scroller.dataset["times"];
    else this.#scroller.dataset["times"] = timestamps ? "on" : "off";
  }

  #typed(): void {
    const read = readSearch(this.#find.value);
    this.#trouble = "trouble" in read ? words().output.badPattern(read.trouble) : "";
    // While a pattern is being typed it mostly is none: what was found before stays.
    if ("search" in read) {
      this.#search = read.search;
      this.#sift();
    }
    this.#showFound();
    this.#saySoon();
  }

  #saySoon(): void {
    clearTimeout(this.#saying);
    this.#saying = setTimeout(() => {
      this.#announce(this.#found.textContent);
    }, SAY_AFTER_MS);
  }

  #sift(): void {
    this.#panel.sift(new Set(this.#settings.now.hiddenLevels), this.#search, () => new Worker(assetUrl("search-worker.js"), { name: "search" }));
  }

  #showFound(): void {
    const isBad = this.#trouble !== "";
    const text = isBad ? this.#trouble : this.#count;
    if (this.#found.textContent !== text) this.#found.textContent = text;
    this.#found.title = text;
    this.#found.classList.toggle("bad", isBad);
    if (isBad) this.#find.setAttribute("aria-invalid", "true");
    else this.#find.removeAttribute("aria-invalid");
  }

  #levels(): HTMLElement {
    const text = words().output;
    const { opener, panel } = popover("console-levels", text.levels, [text.levels, el("span", "caret")]);
    for (const level of [...LEVELS].reverse()) {
      panel.append(
        this.#check(text.levelNames[level], () => !this.#settings.now.hiddenLevels.includes(level), (on) => {
          const others = this.#settings.now.hiddenLevels.filter((other) => other !== level);
          this.#settings.set({ hiddenLevels: on ? others : [...others, level] });
        }),
      );
    }
    const tell = (hidden: readonly Level[]) => {
      opener.dataset["some"] = String(hidden.length > 0);
    };
    this.#settings.onChange(({ hiddenLevels }) => {
      tell(hiddenLevels);
    });
    tell(this.#settings.now.hiddenLevels);
    return el("div", "tool-box", opener, panel);
  }

  #options(): HTMLElement {
    const text = words().output;
    const { opener, panel } = popover("console-options", text.options, [icon("more")]);
    const hasTimes = () => this.#settings.now.timestamps ?? getComputedStyle(this.#scroller).getPropertyValue("--times") !== "none";
    panel.append(
      this.#check(text.timestamps, hasTimes, (timestamps) => {
        this.#settings.set({ timestamps });
      }),
      this.#check(text.preserve, () => this.#settings.now.preserve, (preserve) => {
        this.#settings.set({ preserve });
      }),
      button("menu-item", text.copyAllText, () => {
        panel.hidePopover();
        void this.#copyAll("text");
      }),
      button("menu-item", text.copyAllJson, () => {
        panel.hidePopover();
        void this.#copyAll("json");
      }),
    );
    return el("div", "tool-box", opener, panel);
  }

  #check(label: string, get: () => boolean, set: (on: boolean) => void): HTMLElement {
    const box = el("input", "check");
    box.type = "checkbox";
    box.checked = get();
    box.addEventListener("change", () => {
      set(box.checked);
    });
    this.#settings.onChange(() => {
      box.checked = get();
    });
    return el("label", "menu-item", box, label);
  }

  async #copyAll(form: "text" | "json"): Promise<void> {
    const { linesJson, linesText } = await import("./copy.ts");
    const lines = this.#panel.shown;
    const copied = await copyText(form === "text" ? linesText(lines) : linesJson(lines));
    this.#announce(copied ? words().output.copied(lines.length) : words().output.copyFailed);
  }
}

/** A button, and the panel that it opens below itself. */
function popover(id: string, label: string, content: (Node | string)[]): { opener: HTMLButtonElement; panel: HTMLElement } {
  const opener = el("button", "plain small", ...content);
  opener.type = "button";
  opener.id = id;
  opener.setAttribute("aria-label", label);
  opener.title = label;
  opener.setAttribute("aria-haspopup", "dialog");
  opener.setAttribute("aria-expanded", "false");
  const panel = el("div", "menu");
  panel.id = `${id}-panel`;
  panel.popover = "auto";
  panel.setAttribute("role", "dialog");
  panel.setAttribute("aria-label", label);
  opener.popoverTargetElement = panel;
  panel.addEventListener("beforetoggle", (event) => {
    opener.setAttribute("aria-expanded", String(event.newState === "open"));
    const place = opener.getBoundingClientRect();
    const width = document.documentElement.clientWidth;
    panel.style.setProperty("--top", `${place.bottom}px`);
    panel.style.setProperty("--left", `${Math.max(8, Math.min(place.left, width - 300))}px`);
  });
  panel.addEventListener("toggle", (event) => {
    if (event.newState === "open") panel.querySelector<HTMLElement>("input, button")?.focus();
  });
  return { opener, panel };
}
