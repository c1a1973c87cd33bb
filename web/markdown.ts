// Markdown as HTML, for the frame that shows it. A bundle of its own, loaded when there is Markdown to show.
// micromark leaves markup in the text as text, and links that are no addresses away.

import { micromark } from "micromark";
import { gfm, gfmHtml } from "micromark-extension-gfm";

/** The HTML of a text in Markdown, as GitHub writes it. */
export function markdown(text: string): string {
  return micromark(text, { extensions: [gfm()], htmlExtensions: [gfmHtml()] });
}
