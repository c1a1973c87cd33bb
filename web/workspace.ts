// The program being typed: its files, each in an editor of its own, of which one is shown. An editor cannot be lent
// to another file: what its extensions have asked for may be answered when that one is already there. CodeMirror lives in a shadow root. There it uses constructed style sheets; in the document it would insert
// <style> elements, which the page's CSP forbids.

import { isolateHistory } from "@codemirror/commands";
import { EditorState, type Extension, type StateEffect, type Text, type TransactionSpec } from "@codemirror/state";
import { EditorView } from "@codemirror/view";

import type { Early } from "./adopt.ts";
import { SLOTS, renamed, setup, type Slot } from "./editor-setup.ts";
import { defaultEntry, moved, parse, type Files, type SourceFile } from "./files.ts";
import { addMark, beginRun, offset, type Mark } from "./marks.ts";
import { words } from "./strings/words.ts";

/** What a [`Workspace`] tells the page. */
export type WorkspaceEvents = {
  /** The program changed. */
  onChange: () => void;
  /** The visitor pressed Ctrl+Enter or ⌘+Enter. */
  onRun: () => void;
  /** Files were added, renamed, closed or moved, or another one is shown. */
  onFiles?: () => void;
  /** The visitor pressed Escape, which lets the next Tab leave the editor. */
  onEscape?: () => void;
};

/** A place in the program that ran. Without a file it is in the one that was the program. */
export type Position = { line: number; column: number; file?: string };

/** Text that takes the place of another. */
export type Change = { file: string; from: number; to: number; insert: string };

/** A file that was closed, and what it takes to bring it back. */
export type Closed = { open: Open; index: number; wasEntry: boolean };

/** A file. It has a view once it was shown; `scroll` is where that was left. */
type Open = { name: string; state: EditorState; view: EditorView | null; scroll: StateEffect<unknown> | null };

/** The files of the program. */
export class Workspace {
  #files: Open[];
  #active: Open;
  #entry: string | null;
  /** The file that the last run began with, and the names that files had then. */
  #ran: { entry: Open; names: Map<string, Open> };
  readonly #slots = new Map<Slot, Extension>();
  readonly #root: ShadowRoot;
  readonly #host: HTMLElement;
  readonly #events: WorkspaceEvents;

  /** Puts the editor into `host`. `program` is a program's text, or all files as `serialise` writes them. */
  constructor(host: HTMLElement, program: string, events: WorkspaceEvents) {
    this.#host = host;
    this.#events = events;
    this.#root = host.attachShadow({ mode: "open" });
    // aria-describedby reaches no further than the shadow root.
    const hint = document.createElement("div");
    hint.id = "hint";
    hint.hidden = true;
    hint.textContent = words().editorHint;
    this.#root.append(hint);
    const { files, active, entry } = this.#made(parse(program));
    this.#files = files;
    this.#active = active;
    this.#entry = entry;
    this.#ran = this.#asRun();
    this.#show(active);
    host.addEventListener("focus", () => {
      this.focus();
    });
  }

  /** The text of the file that is shown. */
  text(): string {
    return this.view.state.doc.toString();
  }

  /** All files with their text. */
  files(): Files {
    const files = this.docs().map(({ name, doc }): SourceFile => ({ name, content: doc.toString() }));
    return { files, active: this.#active.name, entry: this.#entry };
  }

  /** All files, without making their texts anew. */
  docs(): { name: string; doc: Text }[] {
    return this.#files.map((file) => ({ name: file.name, doc: this.#state(file).doc }));
  }

  /** Names of the files, in their order. */
  names(): string[] {
    return this.#files.map((file) => file.name);
  }

  /** Name of the file that is shown. */
  get active(): string {
    return this.#active.name;
  }

  /** Name of the file that runs. */
  get entry(): string {
    return this.#entry ?? defaultEntry(this.names());
  }

  /** CodeMirror's view of the file that is shown. */
  get view(): EditorView {
    return this.#viewOf(this.#active);
  }

  /** CodeMirror's views of all files that were shown. */
  get views(): EditorView[] {
    return this.#files.flatMap(({ view }) => view ?? []);
  }

  /** Replaces the program. Of a file by one of its name, undo brings the old one back; else the caller can. */
  replace(all: Files): void {
    const [old, next] = [this.#files[0], all.files[0]];
    if (this.#files.length === 1 && all.files.length === 1 && old !== undefined && old.name === next?.name) {
      this.setText(next.content);
    } else {
      this.load(all);
    }
    this.focus();
  }

  /** Replaces the text of the file that is shown; undo brings the old one back. */
  setText(text: string): void {
    this.view.dispatch({
      changes: { from: 0, to: this.view.state.doc.length, insert: text },
      selection: { anchor: 0 },
      // Typing shortly before must not be undone along with it.
      annotations: isolateHistory.of("full"),
      scrollIntoView: true,
    });
  }

  /** Goes on with what was typed before the editor was there. Undo takes it back. */
  adopt({ before, text, from, to, hasFocus }: Early): void {
    const least = Math.min(before.length, text.length);
    let start = 0;
    while (start < least && before[start] === text[start]) start += 1;
    let end = 0;
    while (end < least - start && before.at(-1 - end) === text.at(-1 - end)) end += 1;
    if (before !== text && this.text() === before) {
      this.view.dispatch({ changes: { from: start, to: before.length - end, insert: text.slice(start, text.length - end) }, userEvent: "input.type" });
    }
    const { length } = this.view.state.doc;
    this.view.dispatch({ selection: { anchor: Math.min(from, length), head: Math.min(to, length) }, scrollIntoView: hasFocus });
    if (hasFocus) this.focus();
  }

  /** Replaces all files. */
  load(all: Files): void {
    for (const { view } of this.#files) view?.destroy();
    const { files, active, entry } = this.#made(all);
    this.#files = files;
    this.#entry = entry;
    this.#active = active;
    this.#ran = this.#asRun();
    this.#show(active);
    this.#changed();
  }

  /** Shows a file. */
  open(name: string): void {
    const next = this.#find(name);
    if (next === undefined || next === this.#active) return;
    const { view } = this;
    this.#active.scroll = view.scrollSnapshot();
    view.dom.remove();
    this.#active = next;
    this.#show(next);
    this.#changed();
  }

  /** Adds a file beside the one shown, and shows it. */
  add(name: string, content = ""): void {
    const index = this.#files.indexOf(this.#active) + 1;
    this.#files.splice(index, 0, this.#open({ name, content }));
    this.open(name);
  }

  /** Gives a file another name. */
  rename(from: string, to: string): void {
    const file = this.#find(from);
    if (file === undefined || from === to) return;
    file.name = to;
    if (this.#entry === from) this.#entry = to;
    this.#dispatch(file, { effects: renamed(to) });
    this.#changed();
  }

  /** Closes a file; the last one stays. */
  close(name: string): Closed | null {
    const index = this.#files.findIndex((file) => file.name === name);
    const open = this.#files[index];
    if (open === undefined || this.#files.length === 1) return null;
    if (open === this.#active) this.open(this.#files[index === 0 ? 1 : index - 1]?.name ?? "");
    this.#files.splice(index, 1);
    const wasEntry = this.#entry === name;
    if (wasEntry) this.#entry = null;
    this.#changed();
    return { open, index, wasEntry };
  }

  /** Brings a closed file back, where it was and with its undo. */
  reopen({ open, index, wasEntry }: Closed, name = open.name): void {
    this.#files.splice(index, 0, open);
    this.#dispatch(open, { effects: [...this.#slots].map(([slot, extension]) => SLOTS[slot].reconfigure(extension)) });
    if (name !== open.name) this.rename(open.name, name);
    if (wasEntry) this.#entry = name;
    this.open(name);
  }

  /** Moves a file to another place in the order. */
  move(name: string, to: number): void {
    const from = this.#files.findIndex((file) => file.name === name);
    this.#files = moved(this.#files, from, to);
    this.#changed();
  }

  /** Makes a file the one that runs. */
  setEntry(name: string): void {
    this.#entry = name;
    this.#changed();
  }

  /** Exchanges a part of the editor, in every file. */
  fill(slot: Slot, extension: Extension): void {
    this.#slots.set(slot, extension);
    for (const file of this.#files) this.#dispatch(file, { effects: SLOTS[slot].reconfigure(extension) });
  }

  /** Makes changes in any of the files; each file's undo takes its own back. */
  apply(changes: readonly Change[]): void {
    for (const file of this.#files) {
      const own = changes.filter((it) => it.file === file.name).map(({ from, to, insert }) => ({ from, to, insert }));
      if (own.length > 0) this.#dispatch(file, { changes: own, userEvent: "input.assist" });
    }
    this.#events.onChange();
  }

  /** Selects a place by offsets, in any of the files. */
  select(name: string, from: number, to = from): void {
    this.open(name);
    const last = this.view.state.doc.length;
    const selection = { anchor: Math.min(from, last), head: Math.min(to, last) };
    this.view.dispatch({ selection, effects: EditorView.scrollIntoView(selection.anchor, { y: "center" }) });
    this.focus();
  }

  /** Puts the caret into the program. */
  focus(): void {
    this.view.focus();
  }

  /** Whether the program has the focus. */
  get focused(): boolean {
    return this.#host.ownerDocument.activeElement === this.#host;
  }

  /** A run begins: its positions will be meant in the program as it is now. */
  begin(): void {
    this.#ran = this.#asRun();
    for (const file of this.#files) this.#dispatch(file, { effects: beginRun() });
  }

  /** Marks a place in the program that ran. */
  mark(mark: Mark & { file?: string }): void {
    const file = this.#fileOf(mark);
    if (file !== null) this.#dispatch(file, { effects: addMark(mark) });
  }

  /** Goes to a place in the program that ran. */
  jump(place: Position): void {
    const file = this.#fileOf(place);
    if (file === null) return;
    this.open(file.name);
    this.select(file.name, offset(this.view.state, place));
  }

  /** The file that a position of the last run is in; null when it is closed. */
  #fileOf({ file }: { file?: string }): Open | null {
    const found = file === undefined ? this.#ran.entry : this.#ran.names.get(file);
    return found !== undefined && this.#files.includes(found) ? found : null;
  }

  #asRun(): { entry: Open; names: Map<string, Open> } {
    return { entry: this.#find(this.entry) ?? this.#active, names: new Map(this.#files.map((file) => [file.name, file])) };
  }

  #find(name: string): Open | undefined {
    return this.#files.find((file) => file.name === name);
  }

  #state(file: Open): EditorState {
    return file.view?.state ?? file.state;
  }

  /** The view of a file, made when it is first shown. */
  #viewOf(file: Open): EditorView {
    file.view ??= new EditorView({ root: this.#root, state: file.state });
    return file.view;
  }

  /** Puts a file's view into the page, where it was left. */
  #show(file: Open): void {
    const view = this.#viewOf(file);
    this.#root.prepend(view.dom);
    if (file.scroll !== null) view.dispatch({ effects: file.scroll });
    file.scroll = null;
    view.requestMeasure();
  }

  #dispatch(file: Open, spec: TransactionSpec): void {
    if (file.view === null) file.state = file.state.update(spec).state;
    else file.view.dispatch(spec);
  }

  #made(all: Files): { files: Open[]; active: Open; entry: string | null } {
    const files = all.files.map((file) => this.#open(file));
    const active = files.find((file) => file.name === all.active) ?? files[0] ?? this.#open({ name: all.active, content: "" });
    return { files: files.length === 0 ? [active] : files, active, entry: all.entry };
  }

  #open({ name, content }: SourceFile): Open {
    const events = {
      onChange: this.#events.onChange,
      onRun: this.#events.onRun,
      onEscape: this.#events.onEscape ?? (() => undefined),
    };
    return { name, state: EditorState.create({ doc: content, extensions: setup(name, this.#slots, events) }), view: null, scroll: null };
  }

  #changed(): void {
    this.#events.onFiles?.();
    this.#events.onChange();
  }
}
