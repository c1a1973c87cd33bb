// What a visitor types to find lines: a text, or a pattern between slashes.

/** Where lines match: places in a text, in order. `null` finds everything. */
export type Search = { matches: (text: string) => boolean; places: (text: string) => [from: number, to: number][] } | null;

/** The most places of one text that are told. */
const MOST_PLACES = 200;

/** What `typed` asks for, or why it is no pattern. */
export function readSearch(typed: string): { search: Search } | { trouble: string } {
  if (typed === "") return { search: null };
  const slashes = /^\/(.+)\/([a-z]*)$/s.exec(typed);
  if (slashes === null) return { search: byText(typed.toLowerCase()) };
  const [, source = "", flags = ""] = slashes;
  try {
    return { search: byPattern(new RegExp(source, `${flags.replace(/[gy]/g, "")}g`)) };
  } catch (error) {
    // The engine's words say the pattern again in front, which is in sight already.
    const words = error instanceof Error ? error.message : String(error);
    return { trouble: words.slice(words.lastIndexOf(": ") + 1).trim() };
  }
}

function byText(needle: string): Search {
  return {
    matches: (text) => text.toLowerCase().includes(needle),
    places: (text) => {
      const low = text.toLowerCase();
      const places: [number, number][] = [];
      // Letters whose small form is longer would put all that follows in the wrong place.
      if (low.length !== text.length) return places;
      for (let at = low.indexOf(needle); at >= 0 && places.length < MOST_PLACES; at = low.indexOf(needle, at + needle.length)) {
        places.push([at, at + needle.length]);
      }
      return places;
    },
  };
}

function byPattern(pattern: RegExp): Search {
  return {
    matches: (text) => {
      pattern.lastIndex = 0;
      return pattern.test(text);
    },
    places: (text) => {
      const places: [number, number][] = [];
      for (const { index, 0: found } of text.matchAll(pattern)) {
        if (places.length === MOST_PLACES) break;
        if (found !== "") places.push([index, index + found.length]);
      }
      return places;
    },
  };
}
