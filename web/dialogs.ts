// Dialogs of the page: modal, left by Escape, and the focus goes back to where it was.

import { button, el } from "./dom.ts";
import { words } from "./strings/words.ts";

/** Shows `content` as a dialog; the promise is kept when it closes. */
export function showDialog(name: string, className: string, ...content: HTMLElement[]): { dialog: HTMLDialogElement; closed: Promise<void> } {
  const dialog = el("dialog", `dialog ${className}`, ...content);
  dialog.setAttribute("aria-label", name);
  const before = document.activeElement;
  document.body.append(dialog);
  const closed = new Promise<void>((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      // The browser gives the focus back by itself, except where the element has been replaced meanwhile.
      if (before instanceof HTMLElement && before.isConnected && document.activeElement === document.body) before.focus();
      resolve();
    });
  });
  // A press beside it closes it.
  dialog.addEventListener("pointerdown", (event) => {
    if (event.target === dialog) dialog.close();
  });
  dialog.showModal();
  return { dialog, closed };
}

/** Asks for one line of text. `check` says what is wrong with it, or null. Gives null when it is left. */
export async function ask(title: string, value: string, check: (text: string) => string | null): Promise<string | null> {
  const input = el("input", "field");
  input.value = value;
  input.autocomplete = "off";
  input.spellcheck = false;
  input.setAttribute("autocapitalize", "off");
  const trouble = el("p", "trouble");
  trouble.id = "ask-trouble";
  trouble.setAttribute("role", "alert");
  const label = el("label", "ask-label", el("span", "", title), input);
  const form = el("form", "ask");
  let answer: string | null = null;
  const { dialog, closed } = showDialog(title, "ask-dialog", form);
  const ok = button("run small", words().ok, () => undefined);
  ok.type = "submit";
  form.append(
    label,
    trouble,
    el(
      "div",
      "dialog-buttons",
      button("plain small", words().cancel, () => {
        dialog.close();
      }),
      ok,
    ),
  );
  const see = (): string | null => {
    const wrong = check(input.value.trim());
    trouble.textContent = wrong ?? "";
    input.setAttribute("aria-invalid", String(wrong !== null));
    if (wrong === null) input.removeAttribute("aria-describedby");
    else input.setAttribute("aria-describedby", trouble.id);
    return wrong;
  };
  input.addEventListener("input", () => {
    if (trouble.textContent !== "") see();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (see() !== null) return;
    answer = input.value.trim();
    dialog.close();
  });
  input.focus();
  const dot = value.lastIndexOf(".");
  input.setSelectionRange(0, dot > 0 ? dot : value.length);
  await closed;
  return answer;
}
