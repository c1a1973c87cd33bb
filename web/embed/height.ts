// How high a frame is. The element reckons it before there is a frame, so that nothing on the page moves when the
// frame comes; the frame's style sheet has the same figures (static/css/embedded.css).

/** Heights in pixels: the bar with Run in it, the tabs of several files, the console, and the console folded. */
const BAR = 44;
const TABS = 36;
const CONSOLE = 176;
const FOLDED = 36;

/** Space above the code, which is the editor's own, and below it, where the scroll bar of long lines goes. */
const ABOVE = 12;
const BELOW = 12;
const AROUND = ABOVE + BELOW;

/** From this width down, code is larger: see `--code-size` in tokens.css. */
const NARROW = 760;
const LINE = 21.6;
const LINE_NARROW = 24;

/** As few and as many lines of code as a frame is high for. */
const LEAST = 3;
const MOST = 24;

/** What a height depends on besides the code. */
export type Shape = { console: "open" | "closed" | "only"; bar: boolean; tabs: boolean };

/** Height for code, in pixels, that an editor needs `content` pixels for when all of it is shown. */
export function codeHeight(content: number, width: number): number {
  const line = width <= NARROW ? LINE_NARROW : LINE;
  return Math.round(Math.min(Math.max(content + BELOW, LEAST * line + AROUND), MOST * line + AROUND));
}

/** What an editor needs for so many lines of code, all shown, in pixels. */
export function linesHeight(lines: number, width: number): number {
  return lines * (width <= NARROW ? LINE_NARROW : LINE) + ABOVE;
}

/** Height of a frame around `code` pixels of code. */
export function frameHeight(code: number, { console, bar, tabs }: Shape): number {
  const top = (bar ? BAR : 0) + (console === "only" ? 0 : (tabs ? TABS : 0) + code);
  return top + (console === "closed" ? FOLDED : CONSOLE);
}
