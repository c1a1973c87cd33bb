// Places in the visitor's program, as text and as buttons that go there.

import { button, el } from "../dom.ts";
import { words } from "../strings/words.ts";
import { brief } from "./bounds.ts";
import type { StackFrame } from "../protocol.ts";

/** Goes to a place in the editor. */
export type Jump = (place: { line: number; column: number; file?: string }) => void;

/** How many frames of a stack are shown before the rest is folded away. */
const SHOWN_FRAMES = 8;

/** How many more are shown at a time. */
const MORE_FRAMES = 200;

/** Name of a frame's function. */
export function frameText(frame: StackFrame): string {
  const { at, topLevel } = words().output;
  const name = frame.function === "" ? topLevel : brief(frame.function);
  return at(frame.async === true ? `async ${name}` : name);
}

/** `line:column`, or `line 7` where there is no column; behind the file, where that is not the entry file. */
export function framePosition({ line, column, file }: { line: number; column: number; file?: string }): string {
  if (file !== undefined) return `${brief(file)}:${line}${column > 0 ? `:${column}` : ""}`;
  return column > 0 ? `${line}:${column}` : words().output.line(line);
}

/** A button that goes to a place. */
export function positionButton(place: { line: number; column: number; file?: string }, jump: Jump, text = framePosition(place)): HTMLButtonElement {
  const made = button("position", text, () => {
    jump(place);
  });
  made.title = words().output.goTo(place.line, place.column);
  return made;
}

/** A stack, innermost frame first; a deep one is folded. */
export function renderStack(stack: readonly StackFrame[], jump: Jump): HTMLElement {
  const list = el("ul", "stack");
  const add = (frames: readonly StackFrame[]) => {
    for (const frame of frames) list.append(el("li", "frame", frameText(frame), " ", positionButton(frame, jump)));
  };
  const unfold = (from: number, most: number) => {
    add(stack.slice(from, from + most));
    const left = stack.length - from - most;
    if (left <= 0) return;
    const fold = el("li", "frame");
    fold.append(
      button("unfold", words().output.moreFrames(left), () => {
        fold.remove();
        unfold(from + most, MORE_FRAMES);
      }),
    );
    list.append(fold);
  };
  unfold(0, SHOWN_FRAMES);
  return list;
}
