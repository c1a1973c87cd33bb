// The line under the console: what is typed there is evaluated in the program's isolate, while the program runs and
// for as long as it stays after its end.

import { button, el, icon } from "../dom.ts";
import type { Open } from "../run.ts";
import { words } from "../strings/words.ts";
import { clock } from "./lines.ts";

/** The longest that can be typed, in UTF-16 units: always within the server's 64 KiB. */
const LONGEST = 16_000;

/** How many lines are remembered to go back to. */
const REMEMBERED = 100;

/** How many evaluations may be under way at once; the server allows no more. */
const AT_ONCE = 4;

/** The line. */
export class ReplLine {
  readonly #form: HTMLFormElement;
  readonly #evaluate: (source: string) => void;
  readonly #field = el("textarea", "repl-field");
  readonly #status = el("span", "repl-status");
  readonly #end: HTMLButtonElement;
  #past: string[] = [];
  /** Which of them is shown; past the end for what is being typed. */
  #at = 0;
  #typed = "";
  #isFull = false;

  /** Fills `form`; `evaluate` gets what is typed, `end` lets the program go. */
  constructor(form: HTMLFormElement, evaluate: (source: string) => void, end: () => void) {
    this.#form = form;
    this.#evaluate = evaluate;
    const text = words().output;
    const field = this.#field;
    field.rows = 1;
    field.maxLength = LONGEST;
    field.spellcheck = false;
    field.autocomplete = "off";
    field.setAttribute("autocapitalize", "off");
    field.placeholder = text.evaluateHint;
    field.setAttribute("aria-label", text.evaluate);
    const keys = el("span", "sr-only", text.evaluateKeys);
    keys.id = "repl-keys";
    this.#status.id = "repl-status";
    field.setAttribute("aria-describedby", `${keys.id} ${this.#status.id}`);
    field.addEventListener("keydown", (event) => {
      this.#key(event);
    });
    field.addEventListener("input", () => {
      this.#at = this.#past.length;
      this.#fit();
    });
    this.#end = button("plain small", text.letGo, () => {
      end();
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    form.setAttribute("aria-label", text.evaluate);
    form.append(el("div", "repl-line", icon("input"), field), el("div", "repl-foot", this.#status, this.#end), keys);
  }

  /** Shows the run that takes evaluations, if there is one; `hasEnded` says whether its program has. */
  show(open: Open | null, hasEnded: boolean): void {
    const form = this.#form;
    if (open === null) {
      // Focus must not get lost with what goes.
      if (form.contains(document.activeElement)) document.getElementById("run")?.focus();
      form.hidden = true;
      return;
    }
    form.hidden = false;
    form.toggleAttribute("data-runs", !hasEnded);
    const text = words().output;
    const { evaluating, until } = open;
    this.#isFull = evaluating.length >= AT_ONCE;
    const status = evaluating.length > 0 ? text.replBusy : until !== null ? text.replStays(clock(until)) : hasEnded ? text.replBusy : text.replRuns;
    if (this.#status.textContent !== status) this.#status.textContent = status;
    this.#end.hidden = !hasEnded;
  }

  #submit(): void {
    const source = this.#field.value;
    if (source.trim() === "" || this.#isFull) return;
    if (this.#past.at(-1) !== source) this.#past = [...this.#past.slice(1 - REMEMBERED), source];
    this.#put("");
    this.#typed = "";
    this.#at = this.#past.length;
    this.#evaluate(source);
  }

  #key(event: KeyboardEvent): void {
    const { key, shiftKey, isComposing } = event;
    if (isComposing || event.altKey || event.ctrlKey || event.metaKey) return;
    const { value, selectionStart, selectionEnd } = this.#field;
    if (key === "Enter" && !shiftKey) {
      event.preventDefault();
      this.#submit();
    } else if (key === "ArrowUp" && !value.slice(0, selectionStart).includes("\n") && this.#at > 0) {
      event.preventDefault();
      if (this.#at === this.#past.length) this.#typed = value;
      this.#go(this.#at - 1);
    } else if (key === "ArrowDown" && !value.slice(selectionEnd).includes("\n") && this.#at < this.#past.length) {
      event.preventDefault();
      this.#go(this.#at + 1);
    }
  }

  #go(at: number): void {
    this.#at = at;
    this.#put(this.#past[at] ?? this.#typed);
    this.#field.setSelectionRange(this.#field.value.length, this.#field.value.length);
  }

  #put(value: string): void {
    this.#field.value = value;
    this.#fit();
  }

  #fit(): void {
    this.#field.rows = Math.min(8, this.#field.value.split("\n").length);
  }
}
