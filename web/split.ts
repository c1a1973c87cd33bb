// The divider between program and console: dragged, or moved by arrow keys; a double click puts it back.

import type { Settings, SettingsStore } from "./settings.ts";
import { words } from "./strings/words.ts";

/** The least and the most that the program has, in percent. */
const LEAST = 15;
const MOST = 85;

/** How far one press of an arrow key moves it, in percent. */
const STEP = 2;

/** Below this width the panes are one above the other, if nothing else is set; as in layout.css. */
const NARROW = "(max-width: 760px)";

/** What the page's own measure comes to, for the divider's value: see layout.css. */
const OWN = { columns: 52, rows: 43 } as const;

/** Makes `divider` divide `panes`. */
export function split(panes: HTMLElement, divider: HTMLElement, settings: SettingsStore): void {
  const narrow = matchMedia(NARROW);
  const layout = (): "columns" | "rows" => {
    const { split: set } = settings.now;
    return set === "auto" ? (narrow.matches ? "rows" : "columns") : set;
  };
  const show = () => {
    const now = layout();
    const part = settings.now[now];
    panes.dataset["split"] = now;
    for (const [name, size] of [
      ["--first", part],
      ["--second", part === null ? null : 100 - part],
    ] as const) {
      if (size === null) panes.style.removeProperty(name);
      else panes.style.setProperty(name, `${size}fr`);
    }
    divider.setAttribute("aria-orientation", now === "columns" ? "vertical" : "horizontal");
    divider.setAttribute("aria-valuemin", String(LEAST));
    divider.setAttribute("aria-valuemax", String(MOST));
    const value = Math.round(part ?? OWN[now]);
    divider.setAttribute("aria-valuenow", String(value));
    divider.setAttribute("aria-valuetext", words().dividerValue(value));
  };
  const set = (part: number | null) => {
    const some: Partial<Settings> = { [layout()]: part === null ? null : Math.min(Math.max(part, LEAST), MOST) };
    settings.set(some);
  };
  divider.addEventListener("keydown", (event) => {
    const now = layout();
    const forward = now === "rows" ? 1 : getComputedStyle(panes).direction === "rtl" ? -1 : 1;
    const value = settings.now[now] ?? OWN[now];
    const [less, more] = now === "rows" ? ["ArrowUp", "ArrowDown"] : ["ArrowLeft", "ArrowRight"];
    if (event.key === more) set(value + STEP * forward);
    else if (event.key === less) set(value - STEP * forward);
    else if (event.key === "Home") set(LEAST);
    else if (event.key === "End") set(MOST);
    else if (event.key === "Enter") set(null);
    else return;
    event.preventDefault();
  });
  divider.addEventListener("dblclick", () => {
    set(null);
  });
  divider.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    divider.setPointerCapture(event.pointerId);
    divider.focus();
    const box = panes.getBoundingClientRect();
    const rtl = getComputedStyle(panes).direction === "rtl";
    const move = ({ clientX, clientY }: PointerEvent) => {
      const across = (clientX - box.left) / box.width;
      const part = layout() === "rows" ? (clientY - box.top) / box.height : rtl ? 1 - across : across;
      set(Math.round(part * 1000) / 10);
    };
    const end = () => {
      divider.removeEventListener("pointermove", move);
      divider.removeEventListener("pointerup", end);
      divider.removeEventListener("pointercancel", end);
    };
    divider.addEventListener("pointermove", move);
    divider.addEventListener("pointerup", end);
    divider.addEventListener("pointercancel", end);
  });
  settings.onChange(show);
  narrow.addEventListener("change", show);
  show();
}
