// The dialog that shares a program. It asks, shows what came of it, and keeps everything typed when that was nothing.

import { button, el } from "../dom.ts";
import type { SourceFile } from "../embed/messages.ts";
import { createSnippet, deleteSnippet, reviseSnippet, type Sharing } from "./api.ts";
import { forgetKey, keepKey } from "./keys.ts";
import { findSecrets } from "./secrets.ts";
import type { Recording } from "./snippet.ts";

/** What can be shared, as it stands when the dialog opens. */
export type Shareable = {
  source: string;
  /** All of it, the entry first. */
  files: SourceFile[];
  title: string;
  /** What the program did, if it was run as it is. */
  output: Recording | null;
  /** `id@version` of what it was made from. */
  parent: string | null;
  /** A shared program that this browser may change, and with which key. */
  own: { id: string; token: string } | null;
  language: string;
  mode: string;
  input: unknown;
};

/** How long a link may last: words and seconds. */
const LIVES: readonly (readonly [label: string, seconds: number | null])[] = [
  ["As long as the server keeps it", null],
  ["1 hour", 3_600],
  ["1 day", 86_400],
  ["1 week", 604_800],
  ["30 days", 2_592_000],
];

/** The dialog. */
export class ShareDialog {
  #dialog = el("dialog", "dialog");
  #announce: (text: string) => void;

  /** `announce` tells a screen reader. */
  constructor(announce: (text: string) => void) {
    this.#announce = announce;
    this.#dialog.setAttribute("aria-labelledby", "share-title");
    document.body.append(this.#dialog);
  }

  /** Whether it is open. */
  get isOpen(): boolean {
    return this.#dialog.open;
  }

  /** Asks how to share. */
  open(what: Shareable): void {
    if (this.isOpen) return;
    this.#ask(what);
    this.#dialog.showModal();
  }

  #ask(what: Shareable): void {
    const title = el("input", "field");
    title.id = "share-name";
    title.maxLength = 200;
    title.value = what.title;
    title.autocomplete = "off";
    title.placeholder = "Untitled";
    const output = el("input");
    output.type = "checkbox";
    output.id = "share-output";
    output.checked = what.output !== null;
    output.disabled = what.output === null;
    const life = el("select", "field");
    life.id = "share-life";
    for (const [label, seconds] of LIVES) life.append(new Option(label, seconds === null ? "" : String(seconds)));
    const problem = el("p", "dialog-problem");
    problem.setAttribute("role", "alert");
    problem.hidden = true;

    const form = el("form", "dialog-form");
    form.method = "dialog";
    const send = (revise: { id: string; token: string } | null) => {
      const sharing: Sharing = {
        title: title.value.trim(),
        files: what.files,
        language: what.language,
        mode: what.mode,
        input: what.input,
        output: output.checked ? what.output : null,
        expiresIn: life.value === "" ? null : Number(life.value),
        parent: what.parent,
      };
      void this.#send(sharing, revise, { form, problem });
    };
    const secrets = findSecrets(what.source);
    const share = el("button", "run", secrets.length > 0 ? "Share anyway" : "Share");
    share.type = "submit";
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      send(null);
    });
    const buttons = el("div", "dialog-buttons", button("plain", "Cancel", () => {
      this.#dialog.close();
    }));
    const { own } = what;
    if (own !== null) {
      buttons.append(button("stop", "Update the link", () => {
        send(own);
      }));
    }
    buttons.append(share);
    const note = what.output === null ? "Run the program as it is now, and its output can be included." : "Shown at once to whoever opens the link, and it can be replayed.";
    const outputNote = el("span", "dialog-note", note);
    outputNote.id = "share-output-note";
    output.setAttribute("aria-describedby", outputNote.id);
    form.append(
      labelled("Title", title),
      el("div", "dialog-check", output, el("div", "", label("Include the recorded output", output), outputNote)),
      labelled("The link works", life),
      el("p", "dialog-note", "Whoever has the link can read the program. A link once given away can't be called back by changing it: delete it."),
      ...(secrets.length > 0 ? [warning(secrets)] : []),
      problem,
      buttons,
    );
    this.#show(own === null ? "Share this program" : "Share or update this program", form);
  }

  async #send(
    sharing: Sharing,
    revise: { id: string; token: string } | null,
    { form, problem }: { form: HTMLFormElement; problem: HTMLElement },
  ): Promise<void> {
    const controls = [...form.querySelectorAll("button")];
    for (const control of controls) control.disabled = true;
    problem.hidden = true;
    const done = await (revise === null ? createSnippet(sharing) : reviseSnippet(revise.id, revise.token, sharing));
    for (const control of controls) control.disabled = false;
    if (!form.isConnected) return;
    if ("problem" in done) {
      problem.textContent = done.problem;
      problem.hidden = false;
      // Focus was on a button that was out of use for a while.
      controls.at(-1)?.focus();
      return;
    }
    const { id, url, version, token } = done.shared;
    const key = token === "" ? (revise?.token ?? "") : token;
    const kept = key !== "" && keepKey(id, key);
    this.#done({ id, url: new URL(url, location.href).href, version, key, kept });
  }

  #done({ id, url, version, key, kept }: { id: string; url: string; version: number; key: string; kept: boolean }): void {
    const link = el("input", "field");
    link.id = "share-link";
    link.readOnly = true;
    link.value = url;
    link.addEventListener("focus", () => {
      link.select();
    });
    const copy = button("run", "Copy", () => {
      void copyText(link).then((copied) => {
        copy.textContent = copied ? "Copied" : "Press Ctrl+C";
        this.#announce(copied ? "The link is copied." : "The link is selected: copy it.");
      });
    });
    const open = el("a", "dialog-link", "Open it");
    open.href = url;
    const problem = el("p", "dialog-problem");
    problem.setAttribute("role", "alert");
    problem.hidden = true;
    const remove = button("plain", "Delete it", () => {
      remove.disabled = true;
      void deleteSnippet(id, key).then((failed) => {
        remove.disabled = false;
        if (failed !== null) {
          problem.textContent = failed.problem;
          problem.hidden = false;
          return;
        }
        forgetKey(id);
        this.#announce("The link is deleted.");
        this.#dialog.close();
      });
    });
    const close = button("plain", "Close", () => {
      this.#dialog.close();
    });
    const note = kept
      ? "This browser keeps the key with which you can update or delete it; no other has it."
      : "This browser can't keep the key to delete it. Delete it here if you have to, or let it expire.";
    const content = el(
      "div",
      "dialog-form",
      labelled(version > 1 ? `Link to version ${version}` : "Link", link, copy),
      el("p", "dialog-note", note),
      problem,
      el("div", "dialog-buttons", ...(key === "" ? [] : [remove]), el("span", "grow"), open, close),
    );
    this.#show("Shared", content);
    link.focus();
    this.#announce(`Shared at ${url}`);
  }

  #show(title: string, content: HTMLElement): void {
    const heading = el("h2", "dialog-title", title);
    heading.id = "share-title";
    this.#dialog.replaceChildren(heading, content);
  }
}

type Control = HTMLInputElement | HTMLSelectElement;

function label(words: string, control: Control): HTMLLabelElement {
  const made = el("label", "dialog-label", words);
  made.htmlFor = control.id;
  return made;
}

function labelled(words: string, control: Control, ...more: Node[]): HTMLElement {
  return el("div", "dialog-row", label(words, control), el("div", "dialog-field", control, ...more));
}

function warning(secrets: ReturnType<typeof findSecrets>): HTMLElement {
  const list = el("ul", "");
  for (const { what, line, shown } of secrets) list.append(el("li", "", `Line ${line}: ${what}, `, el("code", "", shown)));
  const box = el("div", "dialog-warning", el("strong", "", "This looks like something to keep to yourself:"), list);
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", "Warning");
  return box;
}

/** Copies a field's text. Plain http pages have no clipboard, there the old way has to do. */
async function copyText(field: HTMLInputElement): Promise<boolean> {
  field.focus();
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
    return true;
  } catch {
    return false;
  }
}
