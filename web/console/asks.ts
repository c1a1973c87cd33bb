// What a program asks: forms between the console and the run bar, in the order in which the questions came.

import { button, el } from "../dom.ts";
import type { PromptKind } from "../protocol.ts";
import { words } from "../strings/words.ts";

/** A question that waits for its answer. */
export type Question = { id: number; kind: PromptKind; message: string; proposal: string };

/** The longest answer that can be typed, in UTF-16 units: always within the server's 64 KiB. */
const LONGEST = 16_000;

/** What stands for a message that is empty. */
function silent(kind: PromptKind): string {
  const { asksLine, asksYesNo, asksAlert } = words().output;
  return { prompt: asksLine, line: asksLine, confirm: asksYesNo, alert: asksAlert }[kind];
}

/** The forms. */
export class Asks {
  #host: HTMLElement;
  #answer: (id: number, value: string | null) => void;
  #forms = new Map<number, { form: HTMLFormElement; first: HTMLElement }>();
  /** What had the focus before the first form took it. */
  #before: Element | null = null;

  /** Puts the forms into `host`; `answer` gets what the visitor says, `null` for no. */
  constructor(host: HTMLElement, answer: (id: number, value: string | null) => void) {
    this.#host = host;
    this.#answer = answer;
  }

  /** Shows exactly these questions. */
  show(questions: readonly Question[]): void {
    const hadFocus = this.#host.contains(document.activeElement);
    for (const [id, { form }] of this.#forms) {
      if (questions.some((question) => question.id === id)) continue;
      form.remove();
      this.#forms.delete(id);
    }
    // What is hidden takes no focus.
    this.#host.hidden = questions.length === 0;
    for (const question of questions) {
      if (this.#forms.has(question.id)) continue;
      if (this.#forms.size === 0 && !hadFocus) this.#before = document.activeElement;
      const made = this.#form(question);
      this.#forms.set(question.id, made);
      this.#host.append(made.form);
      made.first.focus();
    }
    if (!hadFocus || this.#host.contains(document.activeElement)) return;
    // The form that had the focus is gone: to the next one, or back.
    const [next] = this.#forms.values();
    if (next !== undefined) next.first.focus();
    else if (this.#before instanceof HTMLElement && this.#before.isConnected) this.#before.focus();
  }

  #form({ id, kind, message, proposal }: Question): { form: HTMLFormElement; first: HTMLElement } {
    const form = el("form", `ask ask-${kind}`);
    const asked = message === "" ? silent(kind) : message;
    const no = () => {
      this.#answer(id, null);
    };
    const yes = el("button", "run small", kind === "confirm" ? words().output.yes : words().ok);
    yes.type = "submit";
    const buttons = el("div", "ask-buttons", yes);
    if (kind !== "alert") buttons.append(button("stop small", kind === "confirm" ? words().output.no : words().cancel, no));
    let first: HTMLElement = yes;
    let value = (): string | null => (kind === "confirm" ? "yes" : null);
    const name = `ask-${id}`;
    if (kind === "prompt" || kind === "line") {
      const label = el("label", "ask-message", asked);
      const input = el("input", "ask-input");
      label.htmlFor = input.id = `${name}-input`;
      label.id = name;
      input.type = "text";
      input.autocomplete = "off";
      input.spellcheck = false;
      input.maxLength = LONGEST;
      input.value = proposal;
      first = input;
      value = () => input.value;
      form.append(label, el("div", "ask-line", input, buttons));
    } else {
      const text = el("p", "ask-message", asked);
      text.id = name;
      form.append(text, buttons);
    }
    form.setAttribute("aria-labelledby", name);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#answer(id, value());
    });
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.isComposing) return;
      event.preventDefault();
      no();
    });
    return { form, first };
  }
}
