// What every editor has, the page's and the one in a frame on other pages.

import { closeBrackets } from "@codemirror/autocomplete";
import { history } from "@codemirror/commands";
import { bracketMatching, indentOnInput, indentUnit } from "@codemirror/language";
import { highlightSelectionMatches } from "@codemirror/search";
import { EditorState, Prec, type Extension } from "@codemirror/state";
import { EditorView, drawSelection, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers } from "@codemirror/view";

import { editorTheme } from "./editor-theme.ts";
import { marks } from "./marks.ts";

/** What an editor tells. */
export type BasicEvents = {
  /** The text changed. */
  onChange: () => void;
  /** The visitor pressed Ctrl+Enter or ⌘+Enter. */
  onRun: () => void;
};

/**
 * Typing over a selection, done here rather than by the browser: Chromium would keep the look of what it
 * replaces in a style attribute, and the page's CSP forbids those.
 */
function typeOverSelection(event: InputEvent, view: EditorView): boolean {
  const { data } = event;
  const { from, to, empty } = view.state.selection.main;
  if (event.inputType !== "insertText" || data === null || event.isComposing || view.composing || empty) return false;
  const insert = () => view.state.update(view.state.replaceSelection(data), { userEvent: "input.type", scrollIntoView: true });
  const handled = view.state.facet(EditorView.inputHandler).some((handler) => handler(view, from, to, data, insert));
  if (!handled) view.dispatch(insert());
  return true;
}

/** Everything that every editor has; `gutters` stand beside the numbers of the lines. */
export function basics({ onChange, onRun }: BasicEvents, gutters: Extension = []): Extension {
  const run = () => {
    onRun();
    return true;
  };
  return [
    Prec.highest(keymap.of([{ key: "Mod-Enter", run }])),
    lineNumbers(),
    gutters,
    highlightActiveLine(),
    highlightActiveLineGutter(),
    history(),
    drawSelection(),
    EditorState.allowMultipleSelections.of(true),
    indentUnit.of("  "),
    indentOnInput(),
    bracketMatching(),
    closeBrackets(),
    highlightSelectionMatches(),
    editorTheme,
    marks,
    EditorView.contentAttributes.of({ "aria-describedby": "hint", autocapitalize: "off", tabindex: "0" }),
    EditorView.domEventHandlers({ beforeinput: typeOverSelection }),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) onChange();
    }),
  ];
}
