// What can be done with a line: a menu at its button, under the pointer, or by the keyboard's menu key. Loaded when
// it is first wanted.

import { copyText } from "../clipboard.ts";
import { button, el } from "../dom.ts";
import { words } from "../strings/words.ts";
import { lineJson, lineText, valueJson, valueText } from "./copy.ts";
import type { Line } from "./lines.ts";
import type { ConsolePanel } from "./panel.ts";
import { valueAt } from "./value.ts";

let menu: HTMLElement | null = null;

/** Opens the menu of `line` at an element, or at a place on the screen. */
export function openLineMenu(panel: ConsolePanel, line: Line, at: HTMLElement, place: { x: number; y: number } | null, announce: (text: string) => void): void {
  const text = words().output;
  menu ??= make();
  const shown = menu;
  const before = document.activeElement;
  const copy = (what: () => string) => () => {
    shown.hidePopover();
    void copyText(what()).then((copied) => {
      announce(copied ? text.copiedValue : text.copyFailed);
    });
  };
  const value = valueAt(at) ?? onlyValue(line);
  const goTo = line.what.type === "event" && line.what.event.line > 0 ? line.what.event : null;
  const item = (label: string, act: () => void) => {
    const made = button("menu-item", label, act);
    made.setAttribute("role", "menuitem");
    return made;
  };
  const items = [
    ...(value === null ? [] : [item(text.copyValueText, copy(() => valueText(value))), item(text.copyValueJson, copy(() => valueJson(value)))]),
    item(text.copyLineText, copy(() => lineText(line))),
    item(text.copyLineJson, copy(() => lineJson(line))),
    ...(goTo === null
      ? []
      : [
          item(text.goTo(goTo.line, goTo.column), () => {
            shown.hidePopover();
            panel.jump(goTo);
          }),
        ]),
  ];
  shown.replaceChildren(...items);
  shown.setAttribute("aria-label", text.lineMenu);
  shown.showPopover();
  const box = at.getBoundingClientRect();
  const [x, y] = place === null ? [box.left, box.bottom] : [place.x, place.y];
  const { offsetWidth: width, offsetHeight: height } = shown;
  const { clientWidth, clientHeight } = document.documentElement;
  shown.style.setProperty("--left", `${Math.max(8, Math.min(x, clientWidth - width - 8))}px`);
  shown.style.setProperty("--top", `${y + height > clientHeight ? Math.max(8, (place === null ? box.top : y) - height - 8) : y}px`);
  items[0]?.focus();
  shown.addEventListener("toggle", function closed(event) {
    if (event.newState === "open") return;
    shown.removeEventListener("toggle", closed);
    // Unless what was chosen has put it elsewhere.
    if (!shown.contains(document.activeElement) && document.activeElement !== document.body) return;
    (before instanceof HTMLElement && before !== document.body ? before : at).focus({ preventScroll: true });
  });
}

/** The value of a line that has only one. */
function onlyValue({ what }: Line) {
  if (what.type === "result") return what.value;
  if (what.type !== "event" || what.event.args.length !== 1) return null;
  return what.event.args[0] ?? null;
}

function make(): HTMLElement {
  const made = el("div", "menu line-menu");
  made.popover = "auto";
  made.setAttribute("role", "menu");
  made.addEventListener("keydown", (event) => {
    const items = [...made.querySelectorAll("button")];
    const at = items.findIndex((item) => item === document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
    if (event.key === "Tab") made.hidePopover();
    if (to === undefined) return;
    event.preventDefault();
    items[(to + items.length) % items.length]?.focus();
  });
  (document.querySelector("main") ?? document.body).append(made);
  return made;
}
