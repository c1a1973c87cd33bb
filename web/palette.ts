// The command palette and the list of shortcuts. Loaded when one of them is first asked for.

import { fit, type Command } from "./commands.ts";
import { showDialog } from "./dialogs.ts";
import { el } from "./dom.ts";
import { written } from "./keys.ts";
import { words } from "./strings/words.ts";

function keysOf({ keys }: Command): HTMLElement[] {
  const [first] = keys ?? [];
  return first === undefined ? [] : [el("kbd", "keys", written(first))];
}

/** Shows the commands to choose from. */
export function openPalette(commands: readonly Command[]): void {
  const input = el("input", "field palette-field");
  const list = el("ul", "palette-list");
  const none = el("p", "palette-none");
  list.id = "palette-list";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", words().commands);
  none.setAttribute("role", "status");
  for (const [name, value] of Object.entries({
    role: "combobox",
    "aria-label": words().commands,
    "aria-controls": list.id,
    "aria-expanded": "true",
    "aria-autocomplete": "list",
    placeholder: words().typeCommand,
    autocapitalize: "off",
  })) {
    input.setAttribute(name, value);
  }
  input.autocomplete = "off";
  input.spellcheck = false;
  const { dialog, closed } = showDialog(words().commands, "palette", input, list, none);
  let found: Command[] = [];
  let at = 0;
  let chosen: Command | null = null;

  const choose = (command: Command | undefined) => {
    if (command === undefined) return;
    chosen = command;
    dialog.close();
  };
  const mark = () => {
    for (const [index, option] of [...list.children].entries()) {
      option.setAttribute("aria-selected", String(index === at));
      if (index === at) option.scrollIntoView({ block: "nearest" });
    }
    if (found.length > 0) input.setAttribute("aria-activedescendant", `command-${at}`);
    else input.removeAttribute("aria-activedescendant");
  };
  const sift = () => {
    const typed = input.value.trim();
    found = commands
      .map((command, index) => ({ command, index, rank: typed === "" ? 0 : fit(command.title, typed) }))
      .filter((it): it is typeof it & { rank: number } => it.rank !== null)
      .sort((a, b) => a.rank - b.rank || a.index - b.index)
      .map(({ command }) => command);
    at = 0;
    list.replaceChildren(
      ...found.map((command, index) => {
        const option = el("li", "palette-option", el("span", "", command.title), ...keysOf(command));
        option.id = `command-${index}`;
        option.setAttribute("role", "option");
        option.addEventListener("click", () => {
          choose(command);
        });
        return option;
      }),
    );
    none.textContent = found.length === 0 ? words().noCommand : "";
    list.hidden = found.length === 0;
    mark();
  };
  input.addEventListener("input", sift);
  input.addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Enter" && !event.isComposing) choose(found[at]);
    else if (by !== undefined && found.length > 0) at = (at + by + found.length) % found.length;
    else return;
    event.preventDefault();
    mark();
  });
  sift();
  input.focus();
  // What a command does with the focus comes after the dialog has given it back.
  void closed.then(() => {
    chosen?.run();
  });
}

/** Shows which keys do what. */
export function openShortcuts(commands: readonly Command[]): void {
  const row = (title: string, keys: string) => el("tr", "", el("th", "", title), el("td", "", el("kbd", "keys", written(keys))));
  const table = (name: string, rows: HTMLElement[]) => {
    for (const it of rows) it.querySelector("th")?.setAttribute("scope", "row");
    const made = el("table", "shortcuts", el("caption", "", name), el("tbody", "", ...rows));
    return made;
  };
  const page = commands.flatMap(({ title, keys }) => (keys?.[0] === undefined ? [] : [row(title, keys[0])]));
  const editor = words().editorKeys.map(([keys, title]) => row(title, keys));
  const scroll = el("div", "dialog-scroll", table(words().onPage, page), table(words().inEditor, editor));
  scroll.tabIndex = 0;
  scroll.setAttribute("role", "region");
  scroll.setAttribute("aria-label", words().shortcuts);
  const close = el("button", "plain small", words().close);
  close.type = "button";
  const { dialog } = showDialog(words().shortcuts, "shortcuts-dialog", el("h2", "dialog-title", words().shortcuts), scroll, el("div", "dialog-buttons", close));
  close.addEventListener("click", () => {
    dialog.close();
  });
  scroll.focus();
}
