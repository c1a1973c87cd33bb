// The files of the program in a frame: one editor, one file in it at a time, each with its own history.

import type { EditorState } from "@codemirror/state";

import type { SourceFile } from "../embed/messages.ts";
import type { Editor } from "../editor.ts";
import { addMark, beginRun, type Mark } from "../marks.ts";

/** One file: as it came, and as it was when it was last left. */
type Kept = { original: string; state: EditorState | null; text: string };

/** The files. */
export class Files {
  #editor: Editor;
  #kept = new Map<string, Kept>();
  #current = "";

  constructor(editor: Editor) {
    this.#editor = editor;
  }

  /** Begins anew, with the first file open. */
  begin(files: readonly SourceFile[]): void {
    this.#kept = new Map(files.map(({ name, content }) => [name, { original: content, state: null, text: content }]));
    this.#current = files[0]?.name ?? "";
    this.#editor.open(files[0]?.content ?? "");
  }

  /** The open file's name. */
  get current(): string {
    return this.#current;
  }

  /** All names, in order. */
  get names(): string[] {
    return [...this.#kept.keys()];
  }

  /** All files as they are now. */
  all(): SourceFile[] {
    return this.names.map((name) => ({ name, content: this.text(name) }));
  }

  /** A file's text as it is now. */
  text(name: string): string {
    return name === this.#current ? this.#editor.text() : (this.#kept.get(name)?.text ?? "");
  }

  /** Whether any file differs from what came. */
  get edited(): boolean {
    return [...this.#kept].some(([name, { original }]) => this.text(name) !== original);
  }

  /** Opens another file. */
  open(name: string): void {
    const next = this.#kept.get(name);
    const left = this.#kept.get(this.#current);
    if (next === undefined || name === this.#current) return;
    if (left !== undefined) {
      left.state = this.#editor.state;
      left.text = this.#editor.text();
    }
    this.#current = name;
    this.#editor.open(next.state ?? next.text);
  }

  /** A run begins: its positions will be meant in the files as they are now. */
  run(): void {
    this.#editor.begin();
    for (const [name, file] of this.#kept) {
      if (name !== this.#current && file.state !== null) file.state = file.state.update({ effects: beginRun() }).state;
    }
  }

  /** Marks a place in a file; the first is meant where none is named. One that is not open shows it when it is. */
  mark(mark: Mark, name: string | undefined): void {
    const wanted = name ?? this.names[0] ?? "";
    const file = this.#kept.get(wanted);
    if (wanted === this.#current) this.#editor.mark(mark);
    else if (file !== undefined) file.state = (file.state ?? this.#editor.fresh(file.text)).update({ effects: addMark(mark) }).state;
  }

  /** Replaces a file's text, which the visitor can undo where it is open. */
  replace({ name, content }: SourceFile): void {
    const file = this.#kept.get(name);
    if (file === undefined) return;
    file.text = content;
    file.state = null;
    if (name === this.#current && this.#editor.text() !== content) this.#editor.set(content);
  }

  /** Takes back all that was edited. */
  reset(): void {
    for (const [name, { original }] of this.#kept) this.replace({ name, content: original });
  }
}
