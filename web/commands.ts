// What can be done on the page, by name: the palette shows these, keys start them, the list of shortcuts tells them.

import { matches } from "./keys.ts";

/** Something that can be done. */
export type Command = {
  id: string;
  /** What it does, in a few words; may depend on the state. */
  title: string;
  /** Keys that start it, in CodeMirror's spelling; the first is shown. */
  keys?: readonly string[];
  /** The keys are the editor's own business. */
  editor?: true;
  /** Keys that are characters start nothing while text is typed. */
  outside?: true;
  run: () => void;
};

/** The commands as they are now: titles and what is possible change. */
export type Commands = () => Command[];

/** Whether an event comes from where text is typed. */
function typing(event: KeyboardEvent): boolean {
  const [target] = event.composedPath();
  return target instanceof HTMLElement && (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName));
}

/** Starts commands by their keys. */
export function listen(commands: Commands): void {
  document.addEventListener("keydown", (event) => {
    // What the editor has acted on is done; and a dialog has the keys for itself.
    if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]") !== null) return;
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (plain && event.key.length === 1 && typing(event)) return;
    const found = commands().find((it) => it.editor !== true && it.keys?.some((keys) => matches(keys, event)) === true);
    if (found === undefined || (found.outside === true && typing(event))) return;
    event.preventDefault();
    found.run();
  });
}

/**
 * How well `typed` fits a title, smaller being better; null when it does not: its letters must come in order. Words
 * that begin with what was typed come first.
 */
export function fit(title: string, typed: string): number | null {
  const text = title.toLowerCase();
  const wanted = typed.toLowerCase().replaceAll(/\s+/g, "");
  const whole = text.replaceAll(" ", "").indexOf(wanted);
  if (text.startsWith(typed.toLowerCase())) return 0;
  if (text.includes(` ${typed.toLowerCase()}`)) return 1;
  if (whole >= 0) return 2;
  let at = -1;
  let gaps = 0;
  for (const letter of wanted) {
    const next = text.indexOf(letter, at + 1);
    if (next < 0) return null;
    if (at >= 0 && next > at + 1) gaps += 1;
    at = next;
  }
  return 3 + gaps;
}
