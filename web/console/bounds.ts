// How much of a program's text is put into the page at once. Browsers take seconds to lay some texts out, and a recording
// can hold megabytes of them.

/** The most characters of one text, in UTF-16 units. */
export const MOST_CHARACTERS = 20_000;

/** What one row may put into the page. Rows take from it until it is used up. */
export type Budget = { characters: number; links: number; pieces: number };

/** The budget of a row. */
export function rowBudget(): Budget {
  return { characters: 100_000, links: 200, pieces: 2_000 };
}

/** More combining marks behind one another are in no writing; their shaping takes time by the square of their number. */
const MARKS = /(\p{M}{32})\p{M}+/gu;

/** The beginning of a text that is shown, and where in the text the rest begins. */
export function bounded(text: string, most = MOST_CHARACTERS): { shown: string; end: number } {
  let end = Math.min(text.length, most);
  // Not between the halves of a character.
  if (end < text.length && /[\ud800-\udbff]/.test(text.charAt(end - 1))) end -= 1;
  const shown = (end === text.length ? text : text.slice(0, end)).replace(MARKS, "$1…");
  return { shown, end };
}

/** A text in short, for places that are one line. */
export function brief(text: string, most = 500): string {
  const { shown, end } = bounded(text, most);
  return end < text.length ? `${shown}…` : shown;
}
