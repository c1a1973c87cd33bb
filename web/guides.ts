// Lines that show how far code is indented.

import { indentationMarkers } from "@replit/codemirror-indentation-markers";

/** The extension. */
export const guides = indentationMarkers({
  highlightActiveBlock: true,
  hideFirstIndent: false,
  thickness: 1,
  colors: { light: "var(--line)", dark: "var(--line)", activeLight: "var(--line-strong)", activeDark: "var(--line-strong)" },
});
