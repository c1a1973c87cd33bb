// Keys in CodeMirror's spelling ("Mod-Shift-p"), matched to events and written for people.

/** Whether this is a machine of Apple's, where ⌘ is what Ctrl is elsewhere. */
export const APPLE = typeof navigator !== "undefined" && /Mac|iP(hone|ad|od)/.test(navigator.platform);

type Chord = { key: string; ctrl: boolean; meta: boolean; alt: boolean; shift: boolean };

function chord(keys: string, apple: boolean): Chord {
  const parts = keys.split(/-(?!$)/);
  const key = parts.pop() ?? "";
  const has = (name: string) => parts.includes(name);
  return { key, ctrl: has("Ctrl") || (has("Mod") && !apple), meta: has("Cmd") || (has("Mod") && apple), alt: has("Alt"), shift: has("Shift") };
}

/** What of a keyboard event says which keys it is. */
export type KeyPress = Pick<KeyboardEvent, "key" | "code" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey">;

/** Whether an event is of these keys. */
export function matches(keys: string, event: KeyPress, apple = APPLE): boolean {
  const { key, ctrl, meta, alt, shift } = chord(keys, apple);
  if (event.ctrlKey !== ctrl || event.metaKey !== meta || event.altKey !== alt) return false;
  // A character such as `?` may need Shift or not, as the keyboard has it.
  const letter = /^[a-z]$/.test(key);
  if ((letter || key.length > 1) && event.shiftKey !== shift) return false;
  // With Alt a letter may come as another character.
  return event.key.toLowerCase() === key.toLowerCase() || (letter && alt && event.code === `Key${key.toUpperCase()}`);
}

const NAMES: Record<string, string> = { ArrowUp: "↑", ArrowDown: "↓", ArrowLeft: "←", ArrowRight: "→", Enter: "Enter", " ": "Space", Escape: "Esc" };

/** The keys as they are written on the machine's keyboard: `Ctrl+Shift+P`, `⇧⌘P`. */
export function written(keys: string, apple = APPLE): string {
  const { key, ctrl, meta, alt, shift } = chord(keys, apple);
  const name = NAMES[key] ?? (key.length === 1 ? key.toUpperCase() : key);
  if (apple) return `${ctrl ? "⌃" : ""}${alt ? "⌥" : ""}${shift ? "⇧" : ""}${meta ? "⌘" : ""}${name}`;
  return [ctrl ? "Ctrl" : "", meta ? "Meta" : "", alt ? "Alt" : "", shift ? "Shift" : "", name].filter((it) => it !== "").join("+");
}
