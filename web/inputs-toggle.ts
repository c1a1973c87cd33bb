// The button that opens the panel with a program's mode, input and answers, and tells that something is set there.

import { byId } from "./dom.ts";
import { isPlain, type InputsStore } from "./inputs.ts";
import type { InputsPanel } from "./inputs-panel.ts";
import { words } from "./strings/words.ts";

/** Where there is no room for the language beside the tabs. */
const NARROW = "(max-width: 560px)";

/** The button and its panel. */
export class InputsToggle {
  readonly #toggle = byId("inputs-toggle", HTMLButtonElement);
  readonly #place = byId("inputs", HTMLElement);
  readonly #inputs: InputsStore;
  #panel: Promise<InputsPanel> | null = null;

  constructor(inputs: InputsStore) {
    this.#inputs = inputs;
    this.#toggle.addEventListener("click", () => {
      if (this.#place.hidden) void this.open();
      else this.close();
    });
    this.#place.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.defaultPrevented) return;
      event.preventDefault();
      this.close();
    });
    inputs.onChange(() => {
      this.#show();
    });
    this.#show();
    keepLanguage(byId("language-choice", HTMLElement), this.#place);
  }

  /** Opens the panel, and goes there. */
  async open(): Promise<void> {
    const panel = await this.#opened();
    panel.focus();
  }

  /** Opens the panel where the input is wrong. */
  async showTrouble(): Promise<void> {
    const panel = await this.#opened();
    panel.showTrouble();
  }

  /** Closes the panel. */
  close(): void {
    if (this.#place.contains(document.activeElement)) this.#toggle.focus();
    this.#place.hidden = true;
    this.#toggle.setAttribute("aria-expanded", "false");
  }

  async #opened(): Promise<InputsPanel> {
    this.#panel ??= import("./inputs-panel.ts").then(({ fillInputs }) => fillInputs(this.#place, this.#inputs));
    const panel = await this.#panel.catch((error: unknown) => {
      // Offline, perhaps: the next wish for it tries again.
      this.#panel = null;
      throw error;
    });
    this.#place.hidden = false;
    this.#toggle.setAttribute("aria-expanded", "true");
    return panel;
  }

  #show(): void {
    const { now } = this.#inputs;
    this.#toggle.classList.toggle("set", !isPlain(now));
    const label = this.#toggle.querySelector(".inputs-label");
    if (label !== null) label.textContent = now.mode === "auto" ? words().inputsButton : words().modes[now.mode];
  }
}

/** Moves the choice of the language into the panel where there is no room for it beside the tabs. */
function keepLanguage(choice: HTMLElement, panel: HTMLElement): void {
  const home = choice.parentElement;
  const next = choice.nextElementSibling;
  const narrow = matchMedia(NARROW);
  const place = () => {
    if (narrow.matches) panel.prepend(choice);
    else home?.insertBefore(choice, next);
  };
  narrow.addEventListener("change", place);
  place();
}
