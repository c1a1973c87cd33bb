// Colours for the one-line `text` of an object. Cosmetic: pieces that look like a literal or a key get a
// class, and the pieces put together are always the text itself.

/** A piece of a preview; `kind` is its class, empty for plain text. */
export type Piece = { text: string; kind: "" | "string" | "number" | "keyword" | "key" };

const PIECES =
  /(?<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?<keyword>\b(?:true|false|null|undefined|NaN|Infinity)\b)|(?<key>[\p{ID_Start}$_][\p{ID_Continue}$]*(?=: ))|(?<number>(?<![\p{ID_Continue}$.])-?\d[\d_]*(?:\.\d+)?(?:e[+-]?\d+)?n?)/gu;

/** Cuts a preview into pieces. */
export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(PIECES)) {
    if (match.index > end) found.push({ text: text.slice(end, match.index), kind: "" });
    const groups = match.groups ?? {};
    const kind = groups["string"] !== undefined ? "string" : groups["keyword"] !== undefined ? "keyword" : groups["key"] !== undefined ? "key" : "number";
    found.push({ text: match[0], kind });
    end = match.index + match[0].length;
  }
  if (end < text.length) found.push({ text: text.slice(end), kind: "" });
  return found;
}
