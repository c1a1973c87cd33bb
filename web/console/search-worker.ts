// Looks for a pattern in texts. Some patterns take for ever on some texts, and nothing can interrupt them but the end
// of the thread that they are on: so it is this one, and not the page's.

import { isIn, placesIn, troubleOf, type Places } from "./search.ts";

/** Texts to look through: whether the pattern is in each, or where. */
export type ToSearch = { source: string; flags: string; texts: string[]; where: boolean };

/** What came of it, text by text; or why this is no pattern. The first message is empty: the worker is there. */
export type FromSearch = { found?: boolean[]; places?: Places[]; trouble?: string };

const reply = (message: FromSearch) => {
  postMessage(message);
};

addEventListener("message", ({ data: { source, flags, texts, where } }: MessageEvent<ToSearch>) => {
  try {
    const search = { pattern: new RegExp(source, flags) };
    reply(where ? { places: texts.map((text) => placesIn(search, text)) } : { found: texts.map((text) => isIn(search, text)) });
  } catch (error) {
    // Some patterns turn out to be too large only when they are used.
    reply({ trouble: troubleOf(error) });
  }
});
reply({});
