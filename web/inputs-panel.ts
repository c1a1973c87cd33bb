// The panel with a program's mode, input and answers. Loaded when it is first opened.

import { el } from "./dom.ts";
import { ALL_MODES, runAs, type Inputs, type InputsStore } from "./inputs.ts";
import { words } from "./strings/words.ts";

/** The panel's controls. */
export type InputsPanel = {
  /** Puts the caret where the panel's work begins. */
  focus: () => void;
  /** Shows what is wrong with the input, and puts the caret there. */
  showTrouble: () => void;
};

/** Fills `panel`. */
export function fillInputs(panel: HTMLElement, inputs: InputsStore): InputsPanel {
  const text = words();
  const mode = el("select", "field");
  mode.id = "mode";
  for (const name of ALL_MODES) mode.append(new Option(text.modes[name], name));
  mode.addEventListener("change", () => {
    const chosen = ALL_MODES.find((name) => name === mode.value);
    if (chosen !== undefined) inputs.set({ mode: chosen });
  });
  const exported = el("input", "field");
  exported.id = "exported";
  exported.maxLength = 200;
  exported.placeholder = text.exportedDefault;
  exported.autocomplete = "off";
  exported.spellcheck = false;
  const input = area("input", 3);
  const stdin = area("stdin", 3);
  const trouble = el("p", "trouble input-trouble");
  trouble.id = "input-trouble";
  trouble.setAttribute("role", "status");
  const inputNote = note("input-note");
  const stdinNote = note("stdin-note", text.answersAre);
  stdin.setAttribute("aria-describedby", stdinNote.id);
  const hears = (field: HTMLInputElement | HTMLTextAreaElement, name: "exported" | "input" | "stdin") => {
    field.addEventListener("input", () => {
      inputs.set({ [name]: field.value });
    });
  };
  hears(exported, "exported");
  hears(input, "input");
  hears(stdin, "stdin");

  const see = (now: Inputs) => {
    const as = runAs(now);
    const wrong = "trouble" in as ? text.inputTrouble(as.trouble.line, as.trouble.column) : "";
    if (trouble.textContent !== wrong) trouble.textContent = wrong;
    input.setAttribute("aria-invalid", String(wrong !== ""));
    input.setAttribute("aria-describedby", wrong === "" ? inputNote.id : `${inputNote.id} ${trouble.id}`);
  };
  const exportedRow = row(text.exported, exported);
  const show = (now: Inputs) => {
    mode.value = now.mode;
    exportedRow.hidden = now.mode !== "function" && now.exported === "";
    inputNote.textContent = now.mode === "function" ? text.inputIsArgument : text.inputIs;
    // Only what others have set: the caret of who types must stay where it is.
    for (const [field, value] of [[exported, now.exported], [input, now.input], [stdin, now.stdin]] as const) {
      if (field.value !== value) field.value = value;
    }
    see(now);
  };
  inputs.onChange(show);
  show(inputs.now);
  panel.append(
    el("div", "input-column", row(text.mode, mode), exportedRow),
    el("div", "input-column", row(text.inputJson, input), trouble, inputNote),
    el("div", "input-column", row(text.answers, stdin), stdinNote),
  );
  return {
    focus: () => {
      mode.focus();
    },
    showTrouble: () => {
      input.focus();
      const as = runAs(inputs.now);
      if (!("trouble" in as)) return;
      const lines = input.value.split("\n").slice(0, as.trouble.line - 1);
      const at = lines.reduce((sum, line) => sum + line.length + 1, 0) + as.trouble.column - 1;
      input.setSelectionRange(at, at);
    },
  };
}

function area(id: string, rows: number): HTMLTextAreaElement {
  const made = el("textarea", "field");
  made.id = id;
  made.rows = rows;
  made.spellcheck = false;
  made.setAttribute("autocapitalize", "off");
  made.setAttribute("autocomplete", "off");
  return made;
}

function note(id: string, text = ""): HTMLElement {
  const made = el("p", "dialog-note", text);
  made.id = id;
  return made;
}

function row(title: string, control: HTMLElement): HTMLElement {
  const label = el("label", "dialog-label", title);
  label.htmlFor = control.id;
  return el("div", "dialog-row", label, control);
}
