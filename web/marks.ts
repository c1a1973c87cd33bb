// Marks in the editor: where a run failed or was stopped. Positions speak of the program as it was when it
// ran, so what is typed since is taken into account.

import { RangeSet, StateEffect, StateField, type Text, type ChangeDesc, type EditorState, type Extension } from "@codemirror/state";
import { Decoration, EditorView, GutterMarker, WidgetType, gutterLineClass } from "@codemirror/view";

/** A mark, at a place in the program that ran. */
export type Mark = { kind: "error" | "stopped"; line: number; column: number; message: string };

/** Longest message put into the program, in characters; the console has the whole. */
const LONGEST = 240;

const begin = StateEffect.define();
const setMark = StateEffect.define<Mark>();

/** The program that ran, and what was typed since. `changes` is null while nothing was. */
const ran = StateField.define<{ doc: Text; changes: ChangeDesc | null }>({
  create: (state) => ({ doc: state.doc, changes: null }),
  update(value, transaction) {
    if (transaction.effects.some((effect) => effect.is(begin))) return { doc: transaction.state.doc, changes: null };
    if (!transaction.docChanged) return value;
    const { desc } = transaction.changes;
    return { doc: value.doc, changes: value.changes === null ? desc : value.changes.composeDesc(desc) };
  },
});

/** The mark, as an offset into the program as it is now; null when there is none. */
const marked = StateField.define<(Mark & { at: number }) | null>({
  create: () => null,
  update(value, transaction) {
    let next = value;
    if (next !== null && transaction.docChanged) {
      const line = transaction.startState.doc.lineAt(next.at);
      // Whoever edits the marked line is at work on it: the mark has done its duty.
      next = transaction.changes.touchesRange(line.from, line.to) ? null : { ...next, at: transaction.changes.mapPos(next.at) };
    }
    for (const effect of transaction.effects) {
      if (effect.is(begin)) next = null;
      if (effect.is(setMark)) next = { ...effect.value, at: offset(transaction.state, effect.value) };
    }
    return next;
  },
  provide: (field) => [
    EditorView.decorations.compute([field], (state) => decorate(state, state.field(field))),
    gutterLineClass.compute([field], (state) => {
      const mark = state.field(field);
      if (mark === null) return RangeSet.of<GutterMarker>([]);
      return RangeSet.of<GutterMarker>([new GutterClass(`cm-gutter-${mark.kind}`).range(state.doc.lineAt(mark.at).from)]);
    }),
  ],
});

class GutterClass extends GutterMarker {
  override elementClass: string;

  constructor(name: string) {
    super();
    this.elementClass = name;
  }
}

class Message extends WidgetType {
  readonly mark: Mark;

  constructor(mark: Mark) {
    super();
    this.mark = mark;
  }

  override eq(other: Message): boolean {
    return other.mark.message === this.mark.message && other.mark.kind === this.mark.kind;
  }

  override toDOM(): HTMLElement {
    const element = document.createElement("div");
    element.className = `cm-mark-message cm-mark-${this.mark.kind}`;
    // Screen readers are told by the page's live region; in the program's text it would be noise.
    element.setAttribute("aria-hidden", "true");
    const { message } = this.mark;
    const words = document.createElement("div");
    words.className = "cm-mark-words";
    words.textContent = message.length > LONGEST ? `${message.slice(0, LONGEST)}…` : message;
    element.append(words);
    return element;
  }
}

function decorate(state: EditorState, mark: (Mark & { at: number }) | null) {
  if (mark === null) return Decoration.none;
  const line = state.doc.lineAt(mark.at);
  const word = state.wordAt(mark.at);
  const end = word === null ? Math.min(mark.at + 1, line.to) : word.to;
  const ranges = [Decoration.line({ class: `cm-line-${mark.kind}` }).range(line.from)];
  if (mark.column > 0 && end > mark.at) ranges.push(Decoration.mark({ class: `cm-at-${mark.kind}` }).range(mark.at, end));
  ranges.push(Decoration.widget({ widget: new Message(mark), block: true, side: 1 }).range(line.to));
  return Decoration.set(ranges);
}

/** The offset now of a place in the program that ran. A place beyond its end gives its end. */
export function offset(state: EditorState, { line, column }: { line: number; column: number }): number {
  const { doc, changes } = state.field(ran);
  const at = doc.line(Math.min(Math.max(line, 1), doc.lines));
  const then = Math.min(at.from + Math.max(column - 1, 0), at.to);
  return changes === null ? then : changes.mapPos(then);
}

/** Remembers the program as it is, and takes the mark off. */
export function beginRun(): StateEffect<null> {
  return begin.of(null);
}

/** Marks a place. */
export function addMark(mark: Mark): StateEffect<Mark> {
  return setMark.of(mark);
}

/** What an editor needs for marks. */
export const marks: Extension = [ran, marked];
