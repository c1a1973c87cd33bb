// What an editor of one file is made of, and the parts of it that can be exchanged while it is in use.

import { closeBracketsKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, historyKeymap, indentWithTab } from "@codemirror/commands";
import { tsxLanguage, typescriptLanguage } from "@codemirror/lang-javascript";
import { codeFolding, foldGutter, foldKeymap } from "@codemirror/language";
import { search, searchKeymap } from "@codemirror/search";
import { Compartment, EditorState, Facet, Prec, type Extension } from "@codemirror/state";
import { EditorView, crosshairCursor, keymap, rectangularSelection } from "@codemirror/view";

import { basics, type BasicEvents } from "./editor-basics.ts";
import { words } from "./strings/words.ts";

/** Name of the file that a state is of. */
export const fileName = Facet.define<string, string>({ combine: ([name = ""]) => name });

/** Parts that settings and later loaded code exchange. */
export const SLOTS = {
  /** Vim's or Emacs' keys. */
  keys: new Compartment(),
  wrap: new Compartment(),
  guides: new Compartment(),
  /** The language service. */
  assist: new Compartment(),
} as const;

/** Name of a part. */
export type Slot = keyof typeof SLOTS;

/** How long after Escape a Tab leaves the editor, in milliseconds. */
const TAB_LEAVES_MS = 3000;

const named = new Compartment();

function naming(name: string): Extension {
  return [
    fileName.of(name),
    // TypeScript's grammar holds JavaScript's; with tags in it, `<T>x` is no cast any more.
    /\.[jt]sx$/.test(name) ? tsxLanguage : typescriptLanguage,
    EditorView.contentAttributes.of({ "aria-label": words().programFile(name) }),
  ];
}

/** Gives the file of a state another name. */
export function renamed(name: string) {
  return named.reconfigure(naming(name));
}

/** What an editor tells. */
export type SetupEvents = BasicEvents & {
  /** The visitor pressed Escape, which lets the next Tab leave. */
  onEscape: () => void;
};

function foldMarker(open: boolean): HTMLElement {
  const marker = document.createElement("span");
  marker.className = open ? "cm-fold-open" : "cm-fold-closed";
  marker.title = open ? words().fold : words().unfold;
  return marker;
}

/** Everything that an editor of a file begins with. */
export function setup(name: string, slots: ReadonlyMap<Slot, Extension>, events: SetupEvents): Extension {
  const slot = (of: Slot) => SLOTS[of].of(slots.get(of) ?? []);
  return [
    // Before every keymap: these have a way of their own to hear of keys.
    Prec.highest(slot("keys")),
    basics(events, foldGutter({ markerDOM: foldMarker })),
    codeFolding({ placeholderText: "…" }),
    // Alt adds a caret, as in most editors; Ctrl goes to where a name is defined.
    EditorView.clickAddsSelectionRange.of((event) => event.altKey),
    rectangularSelection({ eventFilter: (event) => event.altKey && event.shiftKey }),
    crosshairCursor({ key: "Shift" }),
    search({ top: true }),
    slot("wrap"),
    slot("guides"),
    slot("assist"),
    keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...foldKeymap, indentWithTab]),
    // The next Tab leaves, whatever else Escape has closed.
    EditorView.domEventObservers({
      keydown: ({ key }, view) => {
        if (key !== "Escape") return;
        view.setTabFocusMode(TAB_LEAVES_MS);
        events.onEscape();
      },
    }),
    named.of(naming(name)),
    EditorState.phrases.of(words().editorPhrases),
  ];
}
