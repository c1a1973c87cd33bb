// The colours that programs for terminals write: ECMA-48's SGR sequences, ESC [ … m. They become text with a look;
// all other sequences, which move a cursor or ring a bell, are taken out. No sequence reaches out of its text.

/** How a piece of text looks. Colours are 0 to 15 by the terminal's names, else CSS made here. */
export type Look = {
  fg: number | string | null;
  bg: number | string | null;
  bold: boolean;
  dim: boolean;
  italic: boolean;
  underline: boolean;
  strike: boolean;
  inverse: boolean;
};

/** A piece of text; `look` is null for what looks like everything else. */
export type AnsiPiece = { text: string; look: Look | null };

const PLAIN: Look = { fg: null, bg: null, bold: false, dim: false, italic: false, underline: false, strike: false, inverse: false };

/** The most pieces made of one text; the rest of it looks like the last one. */
const MOST_PIECES = 2_000;

// eslint-disable-next-line no-control-regex -- These are what is looked for.
const SEQUENCES = /[\u001b\u009b](?:(?<=\u009b)|\[)(?<args>[0-?]{0,100})[ -/]{0,4}(?<final>[@-~])|\u001b\][^\u0007\u001b]{0,1000}(?:\u0007|\u001b\\)|\u001b[ -/]{0,4}[0-~]?|\u009b/g;

/** Whether `text` has any sequence in it. */
export function hasAnsi(text: string): boolean {
  return text.includes("\u001b") || text.includes("\u009b");
}

/** `text` without its sequences. */
export function withoutAnsi(text: string): string {
  return hasAnsi(text) ? text.replace(SEQUENCES, "") : text;
}

/** Cuts `text` at its sequences, into no more than `most` pieces. */
export function ansiPieces(text: string, most = MOST_PIECES): AnsiPiece[] {
  const pieces: AnsiPiece[] = [];
  let look = PLAIN;
  let end = 0;
  const add = (to: number) => {
    if (to > end) pieces.push({ text: text.slice(end, to), look: look === PLAIN ? null : look });
  };
  for (const found of text.matchAll(SEQUENCES)) {
    if (pieces.length >= Math.min(most, MOST_PIECES)) {
      pieces.push({ text: withoutAnsi(text.slice(end)), look: look === PLAIN ? null : look });
      return pieces;
    }
    add(found.index);
    end = found.index + found[0].length;
    const { args, final } = found.groups ?? {};
    if (final === "m") look = after(look, args ?? "");
  }
  add(text.length);
  return pieces;
}

/** The look after a sequence with these arguments. */
function after(before: Look, args: string): Look {
  if (!/^[\d;:]*$/.test(args)) return before;
  let look = { ...before };
  // Parts of one argument stand between colons, as in 38:2::255:0:0; many programs put semicolons there, too.
  const list = args.split(";");
  for (let at = 0; at < list.length; at += 1) {
    const [code = 0, ...parts] = (list[at] ?? "").split(":").map(Number);
    if (code === 38 || code === 48) {
      const given = parts.length > 0 ? parts : list.slice(at + 1).map(Number);
      const [colour, used] = extended(given, parts.length > 0);
      if (parts.length === 0) at += used;
      if (colour !== null) look[code === 38 ? "fg" : "bg"] = colour;
      continue;
    }
    look = simple(look, code, parts[0]);
  }
  const isPlain = (Object.keys(PLAIN) as (keyof Look)[]).every((name) => look[name] === PLAIN[name]);
  return isPlain ? PLAIN : look;
}

function simple(look: Look, code: number, part: number | undefined): Look {
  if (code >= 30 && code <= 37) return { ...look, fg: code - 30 };
  if (code >= 40 && code <= 47) return { ...look, bg: code - 40 };
  if (code >= 90 && code <= 97) return { ...look, fg: code - 82 };
  if (code >= 100 && code <= 107) return { ...look, bg: code - 92 };
  switch (code) {
    case 0:
      return { ...PLAIN };
    case 1:
      return { ...look, bold: true };
    case 2:
      return { ...look, dim: true };
    case 3:
      return { ...look, italic: true };
    case 4:
      return { ...look, underline: part !== 0 };
    case 21:
      return { ...look, underline: true };
    case 7:
      return { ...look, inverse: true };
    case 9:
      return { ...look, strike: true };
    case 22:
      return { ...look, bold: false, dim: false };
    case 23:
      return { ...look, italic: false };
    case 24:
      return { ...look, underline: false };
    case 27:
      return { ...look, inverse: false };
    case 29:
      return { ...look, strike: false };
    case 39:
      return { ...look, fg: null };
    case 49:
      return { ...look, bg: null };
    default:
      return look;
  }
}

/** The colour of `5;n` or `2;r;g;b`, and how many arguments it took. With colons there may be a colour space before red. */
function extended(args: readonly number[], colons: boolean): [colour: number | string | null, used: number] {
  const byte = (value: number | undefined) => (value !== undefined && Number.isInteger(value) && value >= 0 && value <= 255 ? value : null);
  if (args[0] === 5) {
    const index = byte(args[1]);
    return [index === null ? null : indexed(index), 2];
  }
  if (args[0] !== 2) return [null, 1];
  const [red, green, blue] = (colons && args.length > 4 ? args.slice(2, 5) : args.slice(1, 4)).map(byte);
  const known = red !== undefined && red !== null && green !== undefined && green !== null && blue !== undefined && blue !== null;
  return [known ? `rgb(${red} ${green} ${blue})` : null, 4];
}

/** One of the 256: the 16 with names, a cube of 6 × 6 × 6, and 24 greys. */
function indexed(index: number): number | string {
  if (index < 16) return index;
  if (index >= 232) {
    const grey = 8 + 10 * (index - 232);
    return `rgb(${grey} ${grey} ${grey})`;
  }
  const level = (n: number) => (n === 0 ? 0 : 55 + 40 * n);
  const at = index - 16;
  return `rgb(${level(Math.floor(at / 36))} ${level(Math.floor(at / 6) % 6)} ${level(at % 6)})`;
}
