// How tooltips, completions and problems look. Colours are the page's custom properties.

import type { Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";

/** Icons of completions: letters, since their kinds have no pictures that all know. */
const KINDS = { class: "C", constant: "K", enum: "E", function: "ƒ", interface: "I", keyword: "k", method: "ƒ", namespace: "M", property: "p", type: "T", variable: "x" };

const icons = Object.fromEntries(
  Object.entries(KINDS).map(([kind, letter]) => [`.cm-completionIcon-${kind}`, { "&:after": { content: `"${letter}"` } }]),
);

/** Looks of the language service. */
export const looks: Extension = EditorView.theme({
  ".cm-tooltip": {
    maxWidth: "min(640px, calc(100vw - 24px))",
    border: "1px solid var(--line-strong)",
    borderRadius: "var(--r2)",
    color: "var(--ink)",
    backgroundColor: "var(--surface)",
    boxShadow: "0 8px 28px light-dark(#1c242626, #00000080)",
    overflow: "hidden",
  },
  ".cm-info": { maxHeight: "min(280px, 40vh)", padding: "var(--s2) var(--s3)", overflow: "auto" },
  ".cm-info-type": { fontFamily: "var(--mono)", fontSize: "12.5px", whiteSpace: "pre-wrap", overflowWrap: "anywhere" },
  ".cm-info-words": { margin: "var(--s2) 0 0", color: "var(--muted)", fontFamily: "var(--sans)", fontSize: "13px", whiteSpace: "pre-wrap", overflowWrap: "anywhere" },
  ".cm-info-count": { color: "var(--muted)" },
  ".cm-info-active": { color: "var(--accent)", textDecoration: "underline", textUnderlineOffset: "3px" },
  ".cm-part-keyword": { color: "var(--x-keyword)" },
  ".cm-part-type": { color: "var(--x-type)" },
  ".cm-part-string": { color: "var(--x-string)" },
  ".cm-part-number": { color: "var(--x-number)" },
  ".cm-part-function": { color: "var(--x-function)" },
  ".cm-part-property": { color: "var(--x-property)" },
  ".cm-part-punctuation": { color: "var(--x-punctuation)" },
  ".cm-tooltip.cm-tooltip-autocomplete": { overflow: "visible" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { maxHeight: "min(16em, 40vh)", fontFamily: "var(--mono)", fontSize: "13px" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { minHeight: "24px", padding: "2px var(--s2)", lineHeight: "20px" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]": { color: "var(--ink)", backgroundColor: "var(--selection)" },
  ".cm-completionDetail": { float: "inline-end", marginInlineStart: "var(--s4)", color: "var(--muted)", fontStyle: "normal" },
  ".cm-completionMatchedText": { color: "var(--accent)", textDecoration: "none", fontWeight: "700" },
  ".cm-completionIcon": { width: "1.4em", paddingInlineEnd: "4px", color: "var(--muted)", opacity: "1", textAlign: "center" },
  ...icons,
  ".cm-completionIcon-function, .cm-completionIcon-method": { color: "var(--x-function)" },
  ".cm-completionIcon-class, .cm-completionIcon-interface, .cm-completionIcon-type, .cm-completionIcon-enum": { color: "var(--x-type)" },
  ".cm-completionIcon-keyword": { color: "var(--x-keyword)" },
  ".cm-tooltip.cm-completionInfo": { padding: "0", width: "max-content", maxWidth: "min(420px, calc(100vw - 24px))" },
  // Rules for media stand outside: the library takes them nowhere else.
  "@media (max-width: 560px)": { ".cm-tooltip.cm-completionInfo": { display: "none" } },
  ".cm-lintRange-error": { backgroundImage: "none", textDecoration: "underline wavy var(--error)", textUnderlineOffset: "3px" },
  ".cm-lintRange-warning": { backgroundImage: "none", textDecoration: "underline wavy var(--warn)", textUnderlineOffset: "3px" },
  ".cm-lintRange-info, .cm-lintRange-hint": { backgroundImage: "none", textDecoration: "underline dotted var(--info)", textUnderlineOffset: "3px" },
  ".cm-lintRange.cm-unused": { textDecoration: "none", opacity: "0.72" },
  ".cm-lintRange-active": { backgroundColor: "var(--match)" },
  ".cm-diagnostic": { padding: "var(--s2) var(--s3)", borderInlineStart: "4px solid var(--line-strong)", fontFamily: "var(--sans)", fontSize: "13px", whiteSpace: "pre-wrap" },
  ".cm-diagnostic-error": { borderColor: "var(--error)" },
  ".cm-diagnostic-warning": { borderColor: "var(--warn)" },
  ".cm-diagnosticAction": { padding: "3px 10px", borderRadius: "var(--r1)", color: "var(--on-accent)", backgroundColor: "var(--accent)" },
  ".cm-panel.cm-panel-lint": { paddingBlock: "2px" },
  ".cm-panel.cm-panel-lint ul": { maxHeight: "9em" },
  ".cm-panel.cm-panel-lint ul [aria-selected]": { color: "var(--ink)", backgroundColor: "var(--selection)" },
  ".cm-panel.cm-panel-lint button[name=close]": { color: "var(--ink)", fontSize: "16px" },
});
