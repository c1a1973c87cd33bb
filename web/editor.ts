// The editor: CodeMirror in a shadow root. There it uses constructed style sheets; in the document it would
// insert <style> elements, which the page's CSP forbids.

import { closeBracketsKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, historyKeymap, indentWithTab, isolateHistory } from "@codemirror/commands";
import { tsxLanguage, typescriptLanguage } from "@codemirror/lang-javascript";
import { search, searchKeymap } from "@codemirror/search";
import { Compartment, EditorState, Transaction, type Extension } from "@codemirror/state";
import { EditorView, keymap } from "@codemirror/view";

import { basics, type BasicEvents } from "./editor-basics.ts";
import { addMark, beginRun, offset, type Mark } from "./marks.ts";
import type { Language } from "./protocol.ts";
import { words } from "./strings/words.ts";

/** The program being typed. */
export class Editor {
  #view: EditorView;
  #grammar = new Compartment();
  /** What is besides, and where it goes. */
  #own: Extension = [];
  #extra = new Compartment();
  #language: Language = "javascript";
  /** The editor as it was made. */
  #first: EditorState;

  /** Puts the editor into `host`. */
  constructor(host: HTMLElement, text: string, events: BasicEvents) {
    const root = host.attachShadow({ mode: "open" });
    const hint = document.createElement("div");
    hint.id = "hint";
    hint.hidden = true;
    hint.textContent = words().editorHint;
    this.#view = new EditorView({
      root,
      parent: root,
      state: EditorState.create({
        doc: text,
        extensions: [
          basics(events),
          search({ top: false }),
          keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, indentWithTab]),
          // TypeScript's grammar holds JavaScript's.
          this.#grammar.of(typescriptLanguage),
          EditorView.contentAttributes.of({ "aria-label": words().program }),
          this.#extra.of([]),
        ],
      }),
    });
    this.#first = this.#view.state;
    // aria-describedby reaches no further than the shadow root.
    root.append(hint);
    host.addEventListener("focus", () => {
      this.focus();
    });
  }

  /** The program's text. */
  text(): string {
    return this.#view.state.doc.toString();
  }

  /** Replaces the whole program and goes there; undo brings the old one back. */
  replace(text: string): void {
    this.set(text);
    this.focus();
  }

  /** Replaces the whole program; undo brings the old one back. */
  set(text: string): void {
    this.#view.dispatch({
      changes: { from: 0, to: this.#view.state.doc.length, insert: text },
      selection: { anchor: 0 },
      // Typing shortly before must not be undone along with it.
      annotations: isolateHistory.of("full"),
      scrollIntoView: true,
    });
  }

  /** What is being edited, with its history: to be kept while something else is. */
  get state(): EditorState {
    return this.#view.state;
  }

  /** How high the program is, from the editor's top to the end of its last line, in pixels. */
  get contentHeight(): number {
    const { contentDOM } = this.#view;
    // CodeMirror's own figure is a guess until it has been drawn, and the content is at least as high as the editor.
    const end = contentDOM.lastElementChild?.getBoundingClientRect().bottom ?? 0;
    return end - contentDOM.getBoundingClientRect().top;
  }

  /** Edits something else: what was kept, or a new text, with no history before it. */
  open(what: EditorState | string): void {
    this.#view.setState(typeof what === "string" ? this.fresh(what) : what);
    this.configure(this.#own);
    this.speak(this.#language);
  }

  /** A text as it would be edited, with no history before it. */
  fresh(text: string): EditorState {
    const changes = { from: 0, to: this.#first.doc.length, insert: text };
    return this.#first.update({ changes, annotations: Transaction.addToHistory.of(false) }).state;
  }

  /** Gives the editor what it has besides what every editor has. */
  configure(extra: Extension): void {
    this.#own = extra;
    this.#view.dispatch({ effects: this.#extra.reconfigure(extra) });
  }

  /** Takes the program for one in `language`. */
  speak(language: Language): void {
    this.#language = language;
    const grammar = language === "jsx" || language === "tsx" ? tsxLanguage : typescriptLanguage;
    this.#view.dispatch({ effects: this.#grammar.reconfigure(grammar) });
  }

  /** Puts the caret into the program. */
  focus(): void {
    this.#view.focus();
  }

  /** A run begins: its positions will be meant in the program as it is now. */
  begin(): void {
    this.#view.dispatch({ effects: beginRun() });
  }

  /** Marks a place in the program that ran. */
  mark(mark: Mark): void {
    this.#view.dispatch({ effects: addMark(mark) });
  }

  /** Goes to a place in the program that ran. */
  jump(place: { line: number; column: number }): void {
    const anchor = offset(this.#view.state, place);
    this.#view.dispatch({
      selection: { anchor },
      effects: EditorView.scrollIntoView(anchor, { y: "center" }),
    });
    this.focus();
  }
}
