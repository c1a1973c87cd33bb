// The dialog that shares a program. It asks, shows what came of it, and keeps everything typed when that was nothing.

import { button, el } from "../dom.ts";
import type { SourceFile } from "../embed/messages.ts";
import type { RunAs } from "../inputs.ts";
import { words } from "../strings/words.ts";
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
  /** How it is run. */
  as: RunAs;
};

/** How long a link may last, in seconds. */
const LIVES = { ever: null, hour: 3_600, day: 86_400, week: 604_800, month: 2_592_000 } as const;

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
    const text = words();
    const title = el("input", "field");
    title.id = "share-name";
    title.maxLength = 200;
    title.value = what.title;
    title.autocomplete = "off";
    title.placeholder = text.untitled;
    const output = el("input");
    output.type = "checkbox";
    output.id = "share-output";
    output.checked = what.output !== null;
    output.disabled = what.output === null;
    const life = el("select", "field");
    life.id = "share-life";
    for (const [name, seconds] of Object.entries(LIVES) as [keyof typeof LIVES, number | null][]) {
      life.append(new Option(text.linkLives[name], seconds === null ? "" : String(seconds)));
    }
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
        as: what.as,
        output: output.checked ? what.output : null,
        expiresIn: life.value === "" ? null : Number(life.value),
        parent: what.parent,
      };
      void this.#send(sharing, revise, { form, problem });
    };
    const secrets = findSecrets(what.source);
    const share = el("button", "run", secrets.length > 0 ? text.shareAnyway : text.share);
    share.type = "submit";
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      send(null);
    });
    const buttons = el("div", "dialog-buttons", button("plain", text.cancel, () => {
      this.#dialog.close();
    }));
    const { own } = what;
    if (own !== null) {
      buttons.append(button("stop", text.updateLink, () => {
        send(own);
      }));
    }
    buttons.append(share);
    const note = what.output === null ? text.outputNeedsRun : text.outputShown;
    const outputNote = el("span", "dialog-note", note);
    outputNote.id = "share-output-note";
    output.setAttribute("aria-describedby", outputNote.id);
    form.append(
      labelled(text.shareName, title),
      el("div", "dialog-check", output, el("div", "", label(text.includeOutput, output), outputNote)),
      labelled(text.linkWorks, life),
      el("p", "dialog-note", text.linkReads),
      ...(secrets.length > 0 ? [warning(secrets)] : []),
      problem,
      buttons,
    );
    this.#show(own === null ? text.shareThis : text.shareOrUpdate, form);
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
    const { id, url, version, token, unopenedDays } = done.shared;
    const key = token === "" ? (revise?.token ?? "") : token;
    const kept = key !== "" && keepKey(id, key);
    this.#done({ id, url: new URL(url, location.href).href, version, key, kept, unopenedDays });
  }

  #done({ id, url, version, key, kept, unopenedDays }: { id: string; url: string; version: number; key: string; kept: boolean; unopenedDays: number | null }): void {
    const text = words();
    const link = el("input", "field");
    link.id = "share-link";
    link.readOnly = true;
    link.value = url;
    link.addEventListener("focus", () => {
      link.select();
    });
    const copy = button("run", text.copy, () => {
      void copyText(link).then((copied) => {
        copy.textContent = copied ? text.copied : text.pressCopy;
        this.#announce(copied ? text.linkCopied : text.linkSelected);
      });
    });
    const open = el("a", "dialog-link", text.openLink);
    open.href = url;
    const problem = el("p", "dialog-problem");
    problem.setAttribute("role", "alert");
    problem.hidden = true;
    const remove = button("plain", text.deleteLink, () => {
      remove.disabled = true;
      void deleteSnippet(id, key).then((failed) => {
        remove.disabled = false;
        if (failed !== null) {
          problem.textContent = failed.problem;
          problem.hidden = false;
          return;
        }
        forgetKey(id);
        this.#announce(text.linkDeleted);
        this.#dialog.close();
      });
    });
    const close = button("plain", text.close, () => {
      this.#dialog.close();
    });
    const note = kept ? text.keyKept : text.keyNotKept;
    const content = el(
      "div",
      "dialog-form",
      labelled(version > 1 ? text.linkToVersion(version) : text.link, link, copy),
      el("p", "dialog-note", note),
      ...(unopenedDays === null ? [] : [el("p", "dialog-note", text.linkStays(unopenedDays))]),
      problem,
      el("div", "dialog-buttons", ...(key === "" ? [] : [remove]), el("span", "grow"), open, close),
    );
    this.#show(text.shared, content);
    link.focus();
    this.#announce(text.sharedAt(url));
  }

  #show(title: string, content: HTMLElement): void {
    const heading = el("h2", "dialog-title", title);
    heading.id = "share-title";
    this.#dialog.replaceChildren(heading, content);
  }
}

type Control = HTMLInputElement | HTMLSelectElement;

function label(text: string, control: Control): HTMLLabelElement {
  const made = el("label", "dialog-label", text);
  made.htmlFor = control.id;
  return made;
}

function labelled(text: string, control: Control, ...more: Node[]): HTMLElement {
  return el("div", "dialog-row", label(text, control), el("div", "dialog-field", control, ...more));
}

function warning(secrets: ReturnType<typeof findSecrets>): HTMLElement {
  const text = words();
  const list = el("ul", "");
  for (const { what, line, shown } of secrets) list.append(el("li", "", text.secretAt(line, text.secretNames[what] ?? what), el("code", "", shown)));
  const box = el("div", "dialog-warning", el("strong", "", text.looksSecret), list);
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", text.warning);
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
