// How the editor looks. Colours are the page's custom properties, so that one theme is light and dark.

import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import type { Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const theme = EditorView.theme({
  "&": { height: "100%", color: "var(--ink)", backgroundColor: "transparent", fontSize: "var(--code-size)" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "var(--code-line)", overscrollBehavior: "contain" },
  ".cm-content": { padding: "var(--s3) 0 var(--code-below, 40vh)", caretColor: "var(--accent)" },
  ".cm-line": { padding: "0 var(--s4) 0 var(--s2)" },
  "&.cm-focused .cm-cursor": { borderLeftColor: "var(--accent)", borderLeftWidth: "2px" },
  ".cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground": {
    backgroundColor: "var(--selection)",
  },
  // Solid, since long lines scroll under it.
  ".cm-gutters": { color: "var(--faint)", backgroundColor: "var(--surface)", border: "none" },
  ".cm-lineNumbers .cm-gutterElement": { minWidth: "3ch", padding: "0 var(--s2) 0 var(--s3)" },
  ".cm-foldGutter .cm-gutterElement": { width: "16px", padding: "0", textAlign: "center", cursor: "pointer" },
  ".cm-fold-open, .cm-fold-closed": { fontFamily: "var(--sans)", fontSize: "11px" },
  ".cm-fold-open::before": { content: '"▾"', opacity: "0" },
  ".cm-gutters:hover .cm-fold-open::before": { opacity: "1" },
  ".cm-fold-closed::before": { content: '"▸"', color: "var(--accent)" },
  ".cm-foldPlaceholder": { margin: "0 4px", padding: "0 6px", border: "1px solid var(--line-strong)", color: "var(--muted)", backgroundColor: "var(--raised)" },
  ".cm-panels-top": { borderBottom: "1px solid var(--line)" },
  ".cm-panel.cm-search": { display: "flex", flexWrap: "wrap", alignItems: "center", gap: "4px", padding: "6px 36px 6px 8px", fontFamily: "var(--sans)" },
  ".cm-panel.cm-search br": { flexBasis: "100%", height: "0", content: '""' },
  ".cm-panel.cm-search label": { display: "inline-flex", alignItems: "center", gap: "4px", fontSize: "var(--t-small)" },
  ".cm-panel.cm-search [name=close]": { width: "28px", height: "28px", color: "var(--muted)", fontSize: "18px" },
  ".cm-panel .cm-button, .cm-panel .cm-textfield": { minHeight: "28px", margin: "0", padding: "0 8px", fontSize: "var(--t-small)" },
  ".cm-vim-panel": { padding: "2px 8px", fontFamily: "var(--mono)", fontSize: "var(--t-small)" },
  ".cm-vim-panel input": { border: "none", outline: "none", color: "var(--ink)", backgroundColor: "transparent", font: "inherit" },
  ".cm-fat-cursor": { color: "var(--on-accent) !important", backgroundColor: "var(--accent) !important" },
  "&:not(.cm-focused) .cm-fat-cursor": { color: "transparent !important", backgroundColor: "transparent !important", outline: "1px solid var(--accent) !important" },
  ".cm-activeLine": { backgroundColor: "transparent" },
  "&.cm-focused .cm-activeLine": { backgroundColor: "var(--active-line)" },
  ".cm-activeLineGutter": { color: "var(--muted)", backgroundColor: "transparent" },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: "var(--match)", outline: "1px solid var(--line-strong)" },
  "&.cm-focused .cm-nonmatchingBracket": { color: "var(--error)" },
  ".cm-selectionMatch": { backgroundColor: "var(--match)" },
  ".cm-searchMatch": { backgroundColor: "var(--match)" },
  ".cm-searchMatch-selected": { backgroundColor: "var(--selection)" },
  ".cm-panels": { color: "var(--ink)", backgroundColor: "var(--raised)", borderColor: "var(--line)" },
  ".cm-panels-bottom": { borderTop: "1px solid var(--line)" },
  ".cm-textfield, .cm-button": {
    color: "var(--ink)",
    backgroundColor: "var(--surface)",
    backgroundImage: "none",
    border: "1px solid var(--line-strong)",
    borderRadius: "var(--r1)",
    fontFamily: "var(--sans)",
  },
  ".cm-line-error, .cm-mark-error": { backgroundColor: "var(--error-tint)" },
  ".cm-line-stopped, .cm-mark-stopped": { backgroundColor: "var(--warn-tint)" },
  ".cm-at-error": { textDecoration: "underline wavy var(--error)", textUnderlineOffset: "3px" },
  ".cm-at-stopped": { textDecoration: "underline wavy var(--warn)", textUnderlineOffset: "3px" },
  ".cm-lineNumbers .cm-gutter-error": { color: "var(--error)", fontWeight: "700" },
  ".cm-lineNumbers .cm-gutter-stopped": { color: "var(--warn)", fontWeight: "700" },
  ".cm-mark-message": {
    padding: "0 0 var(--s1) var(--s2)",
    fontFamily: "var(--sans)",
    fontSize: "var(--t-small)",
  },
  // Wraps at the editor's width (see .editor in layout.css), however long the program's lines are.
  ".cm-mark-words": {
    position: "sticky",
    insetInlineStart: "var(--s2)",
    maxWidth: "calc(100cqi - 64px)",
    whiteSpace: "pre-wrap",
    overflowWrap: "anywhere",
  },
  ".cm-mark-error.cm-mark-message": { color: "var(--error)" },
  ".cm-mark-stopped.cm-mark-message": { color: "var(--warn)" },
  ".describes": { position: "absolute", width: "1px", height: "1px", overflow: "hidden", clipPath: "inset(50%)" },
});

const highlight = HighlightStyle.define([
  { tag: [tags.keyword, tags.modifier, tags.operatorKeyword, tags.controlKeyword], color: "var(--x-keyword)" },
  { tag: [tags.string, tags.special(tags.string), tags.regexp], color: "var(--x-string)" },
  { tag: [tags.number, tags.bool, tags.null, tags.atom], color: "var(--x-number)" },
  { tag: [tags.comment], color: "var(--x-comment)", fontStyle: "italic" },
  { tag: [tags.function(tags.variableName), tags.function(tags.propertyName)], color: "var(--x-function)" },
  { tag: [tags.className, tags.typeName, tags.namespace], color: "var(--x-type)" },
  { tag: [tags.definition(tags.variableName)], color: "var(--x-name)" },
  { tag: [tags.propertyName], color: "var(--x-property)" },
  { tag: [tags.operator, tags.punctuation, tags.bracket], color: "var(--x-punctuation)" },
  { tag: [tags.invalid], color: "var(--error)" },
]);

/** The editor's looks. */
export const editorTheme: Extension = [theme, syntaxHighlighting(highlight)];
