// Places in the visitor's program, as text and as buttons that go there.

import { button, el } from "../dom.ts";
import type { StackFrame } from "../protocol.ts";

/** Goes to a place in the editor. */
export type Jump = (place: { line: number; column: number; file?: string }) => void;

/** How many frames of a stack are shown before the rest is folded away. */
const SHOWN_FRAMES = 8;

/** Name of a frame's function. */
export function frameText(frame: StackFrame): string {
  return `at ${frame.async === true ? "async " : ""}${frame.function === "" ? "(top level)" : frame.function}`;
}

/** `line:column`, or `line 7` where there is no column; behind the file, where that is not the entry file. */
export function framePosition({ line, column, file }: { line: number; column: number; file?: string }): string {
  if (file !== undefined) return `${file}:${line}${column > 0 ? `:${column}` : ""}`;
  return column > 0 ? `${line}:${column}` : `line ${line}`;
}

/** A button that goes to a place. */
export function positionButton(place: { line: number; column: number; file?: string }, jump: Jump, text = framePosition(place)): HTMLButtonElement {
  const made = button("position", text, () => {
    jump(place);
  });
  made.title = `Go to line ${place.line}${place.column > 0 ? `, column ${place.column}` : ""}`;
  return made;
}

/** A stack, innermost frame first; a deep one is folded. */
export function renderStack(stack: readonly StackFrame[], jump: Jump): HTMLElement {
  const list = el("ul", "stack");
  const add = (frames: readonly StackFrame[]) => {
    for (const frame of frames) list.append(el("li", "frame", frameText(frame), " ", positionButton(frame, jump)));
  };
  add(stack.slice(0, SHOWN_FRAMES));
  const rest = stack.slice(SHOWN_FRAMES);
  if (rest.length > 0) {
    const fold = el("li", "frame");
    fold.append(
      button("unfold", `${rest.length} more ${rest.length === 1 ? "frame" : "frames"}`, () => {
        fold.remove();
        add(rest);
      }),
    );
    list.append(fold);
  }
  return list;
}
