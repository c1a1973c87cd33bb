// Text of a program's as elements: what looks like an address can be followed, and a terminal's colours are there.

import { button, el } from "../dom.ts";
import { words } from "../strings/words.ts";
import { ansiPieces, hasAnsi, type Look } from "./ansi.ts";
import { bounded, MOST_CHARACTERS, rowBudget, type Budget } from "./bounds.ts";

/** The longest address that is made a link, in UTF-16 units. */
const LONGEST = 2_000;

// eslint-disable-next-line no-control-regex -- Control characters end an address.
const ADDRESSES = /\bhttps?:\/\/[^\s<>"'`\\^{|}\u0000-\u001f\u007f-\u009f]+/giu;

/** `text` as nodes. What `budget` has no room for is shown when it is asked for. */
export function textNodes(text: string, budget: Budget = rowBudget()): (Node | string)[] {
  return inParts(text, budget, coloured);
}

/** `text` as nodes, without links and colours. */
export function plainNodes(text: string, budget: Budget = rowBudget()): (Node | string)[] {
  return inParts(text, budget, (shown) => [shown]);
}

/** The beginning of a text as `make` makes it, and a button that shows more where there is more. */
function inParts(text: string, budget: Budget, make: (shown: string, budget: Budget) => (Node | string)[]): (Node | string)[] {
  const { shown, end } = bounded(text, Math.max(100, Math.min(MOST_CHARACTERS, budget.characters)));
  budget.characters -= shown.length;
  const nodes = make(shown, budget);
  if (end === text.length) return nodes;
  const more = button("unfold", `… ${words().output.moreCharacters(text.length - end)}`, () => {
    more.replaceWith(...inParts(text.slice(end), rowBudget(), make));
  });
  return [...nodes, more];
}

function coloured(text: string, budget: Budget): (Node | string)[] {
  if (!hasAnsi(text)) return linked(text, budget);
  return ansiPieces(text, Math.max(1, budget.pieces)).flatMap((piece) => {
    budget.pieces -= 1;
    if (piece.look === null) return linked(piece.text, budget);
    const span = el("span", classesOf(piece.look), ...linked(piece.text, budget));
    const { fg, bg, inverse } = piece.look;
    const [front, back] = inverse ? [bg, fg] : [fg, bg];
    if (typeof front === "string") span.style.setProperty("color", front);
    if (typeof back === "string") span.style.setProperty("background-color", back);
    return [span];
  });
}

function classesOf({ fg, bg, inverse, bold, dim, italic, underline, strike }: Look): string {
  const [front, back] = inverse ? [bg ?? "page", fg ?? "ink"] : [fg, bg];
  return [
    "ansi",
    ...(typeof front === "number" || front === "page" ? [`ansi-fg-${front}`] : []),
    ...(typeof back === "number" || back === "ink" ? [`ansi-bg-${back}`] : []),
    ...(bold ? ["ansi-bold"] : []),
    ...(dim ? ["ansi-dim"] : []),
    ...(italic ? ["ansi-italic"] : []),
    ...(underline ? ["ansi-underline"] : []),
    ...(strike ? ["ansi-strike"] : []),
  ].join(" ");
}

/** `text` with its addresses as links. */
function linked(text: string, budget: Budget): (Node | string)[] {
  if (!text.includes("://")) return [text];
  const nodes: (Node | string)[] = [];
  let end = 0;
  for (const found of text.matchAll(ADDRESSES)) {
    if (budget.links <= 0) break;
    if (found[0].length > LONGEST) continue;
    const address = withoutTail(found[0]);
    if (!isAddress(address)) continue;
    budget.links -= 1;
    const link = el("a", "address", address);
    // The text is where it leads: nothing to hide behind. The other page gets neither this one nor its address.
    link.href = address;
    link.target = "_blank";
    link.rel = "noopener noreferrer";
    nodes.push(text.slice(end, found.index), link);
    end = found.index + address.length;
  }
  nodes.push(text.slice(end));
  return nodes.filter((node) => node !== "");
}

/** An address without what a sentence around it puts behind it. */
export function withoutTail(address: string): string {
  let end = address.length;
  const opening = address.indexOf("(");
  for (;;) {
    const last = address[end - 1] ?? "";
    const isOwn = last === ")" && opening >= 0 && opening < end;
    const isTail = ".,;:!?)]*_".includes(last) && !isOwn;
    if (!isTail || end === 0) return address.slice(0, end);
    end -= 1;
  }
}

function isAddress(text: string): boolean {
  try {
    const { protocol, hostname } = new URL(text);
    return (protocol === "http:" || protocol === "https:") && hostname !== "";
  } catch {
    return false;
  }
}
