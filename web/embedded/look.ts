// How the frame looks: the theme, and custom properties that the page around hands on.

import type { Look } from "../embed/messages.ts";

/** Names outside and inside, and the property that a value has to fit. */
const INSIDE: Record<string, readonly [inside: string, property: string]> = {
  "--mayfly-accent": ["--accent", "color"],
  "--mayfly-on-accent": ["--on-accent", "color"],
  "--mayfly-background": ["--page", "color"],
  "--mayfly-surface": ["--surface", "color"],
  "--mayfly-raised": ["--raised", "color"],
  "--mayfly-text": ["--ink", "color"],
  "--mayfly-muted": ["--muted", "color"],
  "--mayfly-line": ["--line", "color"],
  "--mayfly-error": ["--error", "color"],
  "--mayfly-warning": ["--warn", "color"],
  "--mayfly-font": ["--sans", "font-family"],
  "--mayfly-code-font": ["--mono", "font-family"],
  "--mayfly-code-size": ["--code-size", "font-size"],
};

/** Longest value that is looked at. */
const LONGEST = 200;

/** Gives `root` this look; what does not fit is left as it was designed. */
export function applyLook(root: HTMLElement, { theme, tokens }: Look): void {
  if (theme === "light" || theme === "dark") root.dataset["theme"] = theme;
  else delete root.dataset["theme"];
  for (const [name, [inside, property]] of Object.entries(INSIDE)) {
    const value = tokens[name] ?? "";
    // `var(--x)` fits everything, and means nothing in here.
    const fits = value !== "" && value.length <= LONGEST && !/var\(|url\(/i.test(value) && CSS.supports(property, value);
    if (fits) root.style.setProperty(inside, value);
    else root.style.removeProperty(inside);
  }
}
