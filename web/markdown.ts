// Markdown as HTML, for the frame that shows it. Some texts take it for ever, so it is only ever asked for in a worker with
// a deadline (web/markdown-worker.ts).
// micromark leaves markup in the text as text, and links that are no addresses away.

import { micromark } from "micromark";
import { gfm, gfmHtml } from "micromark-extension-gfm";

/** The HTML of a text in Markdown, as GitHub writes it. */
export function markdown(text: string): string {
  return micromark(text, { extensions: [gfm()], htmlExtensions: [gfmHtml()] });
}
