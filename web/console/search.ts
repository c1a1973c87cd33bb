// What a visitor types to find lines: a text, or a pattern between slashes.

/** What is looked for. */
export type Search = { readonly text: string } | { readonly pattern: RegExp };

/** Where in a text: beginnings and ends, in order. */
export type Places = [from: number, to: number][];

/** The most places of one text that are told. */
const MOST_PLACES = 200;

/** What `typed` asks for, `null` for everything; or why it is no pattern. */
export function readSearch(typed: string): { search: Search | null } | { trouble: string } {
  if (typed === "") return { search: null };
  const slashes = /^\/(.+)\/([a-z]*)$/s.exec(typed);
  if (slashes === null) return { search: { text: typed.toLowerCase() } };
  const [, source = "", flags = ""] = slashes;
  try {
    return { search: { pattern: new RegExp(source, `${flags.replace(/[gy]/g, "")}g`) } };
  } catch (error) {
    return { trouble: troubleOf(error) };
  }
}

/** An engine's words for what is wrong with a pattern. They say it again in front, where it is in sight already. */
export function troubleOf(error: unknown): string {
  const words = error instanceof Error ? error.message : String(error);
  return words.slice(words.lastIndexOf(": ") + 1).trim();
}

/** Whether it is in a text. A pattern may take for ever, so only a worker may ask for one. */
export function isIn(search: Search, text: string): boolean {
  if ("text" in search) return text.toLowerCase().includes(search.text);
  search.pattern.lastIndex = 0;
  return search.pattern.test(text);
}

/** Where it is in a text; as above. */
export function placesIn(search: Search, text: string): Places {
  const places: Places = [];
  if ("text" in search) {
    const needle = search.text;
    const low = text.toLowerCase();
    // Letters whose small form is longer would put all that follows in the wrong place.
    if (low.length !== text.length) return places;
    for (let at = low.indexOf(needle); at >= 0 && places.length < MOST_PLACES; at = low.indexOf(needle, at + needle.length)) {
      places.push([at, at + needle.length]);
    }
    return places;
  }
  search.pattern.lastIndex = 0;
  for (const { index, 0: found } of text.matchAll(search.pattern)) {
    if (places.length === MOST_PLACES) break;
    if (found !== "") places.push([index, index + found.length]);
  }
  return places;
}
