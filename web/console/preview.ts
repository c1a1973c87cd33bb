// Colours for the one-line `text` of an object. Cosmetic: pieces that look like a literal or a key get a
// class, and the pieces put together are always the text itself.

/** A piece of a preview; `kind` is its class, empty for plain text. */
export type Piece = { text: string; kind: "" | "string" | "number" | "keyword" | "key" };

/** The most pieces of one text; the rest of it has no colours. */
const MOST_PIECES = 500;

// None of these goes back: the time is in line with the text.
const TOKENS =
  /(?<quote>["'])|(?<word>[\p{ID_Start}$_][\p{ID_Continue}$]*)|(?<number>(?<![\p{ID_Continue}$.])-?\d[\d_]*(?:\.\d+)?(?:e[+-]?\d+)?n?)/gu;
const STRINGS = { '"': /"(?:[^"\\]|\\[^])*"/y, "'": /'(?:[^'\\]|\\[^])*'/y };
const KEYWORDS: ReadonlySet<string> = new Set(["true", "false", "null", "undefined", "NaN", "Infinity"]);

/** Cuts a preview into pieces. */
export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let end = 0;
  const add = (from: number, to: number, kind: Piece["kind"]) => {
    if (from > end) found.push({ text: text.slice(end, from), kind: "" });
    found.push({ text: text.slice(from, to), kind });
    end = to;
  };
  /** Quotes that have no end from here on: to look for one again would take as long each time. */
  const open = new Set<string>();
  TOKENS.lastIndex = 0;
  for (let match = TOKENS.exec(text); match !== null && found.length < MOST_PIECES; match = TOKENS.exec(text)) {
    const { quote, word } = match.groups ?? {};
    const { index } = match;
    if (quote === '"' || quote === "'") {
      const whole = open.has(quote) ? null : stringAt(STRINGS[quote], text, index);
      if (whole === null) {
        open.add(quote);
      } else {
        add(index, index + whole.length, "string");
        TOKENS.lastIndex = end;
      }
    } else if (word === undefined) {
      add(index, index + match[0].length, "number");
    } else if (KEYWORDS.has(word)) {
      add(index, index + word.length, "keyword");
    } else if (text.startsWith(": ", index + word.length)) {
      add(index, index + word.length, "key");
    }
  }
  if (end < text.length) found.push({ text: text.slice(end), kind: "" });
  return found;
}

function stringAt(pattern: RegExp, text: string, at: number): string | null {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? null;
}
