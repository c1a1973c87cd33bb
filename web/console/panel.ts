// The console: its lines, and the list that shows them. A flood must not freeze the page: lines are data until
// they are in sight, only the newest are kept, and what is left out is counted and said.

import type { ConsoleEvent, Level, RunError, Value } from "../protocol.ts";
import { words } from "../strings/words.ts";
import { lineText, valueText } from "./copy.ts";
import { Finder, type Ended, type SearchWorker } from "./finder.ts";
import { Lines, textOf, type Line } from "./lines.ts";
import { VirtualList, type ListElements } from "./list.ts";
import type { Jump } from "./position.ts";
import { renderLine, updateRow } from "./row.ts";
import type { Search } from "./search.ts";
import { toggleItem } from "./tree.ts";
import { valueAt } from "./value.ts";

/** The elements that the panel works on. */
export type PanelElements = ListElements & {
  /** Says how many lines are not kept. */
  earlier: HTMLElement;
  /** Shown while there are no lines. */
  empty: HTMLElement;
};

/** While more lines than this come in a frame nobody reads them: then they are drawn less often, after so many frames. */
const FLOOD = 150;
const FLOOD_FRAMES = 6;

/** Under this name the page's styles know what a search has found. */
const HIGHLIGHT = "console-found";

/** The console. */
export class ConsolePanel {
  /** Output is kept when a run begins, and when a program clears the console. */
  keeps = false;
  /** Told how many lines are shown, of how many. */
  onCount: (shown: number, all: number) => void = () => undefined;
  /** Told that what was looked for is not looked for any more. All lines are shown then. */
  onSearchEnd: (why: Ended) => void = () => undefined;
  /** Told that a row's menu is wanted: for the row of a line, at an element, perhaps at a place on the screen. */
  onMenu: ((line: Line, at: HTMLElement, place: { x: number; y: number } | null) => void) | null = null;
  readonly #elements: PanelElements;
  readonly #jump: Jump;
  readonly #lines = new Lines();
  readonly #list: VirtualList<Line>;
  #finder: Finder<Line> | null = null;
  #runs = 0;
  #frame: number | null = null;
  /** Lines that came since they were drawn last, and frames that have passed. */
  #fresh = 0;
  #waited = 0;
  #isOther = false;

  constructor(elements: PanelElements, jump: Jump) {
    this.#elements = elements;
    this.#jump = jump;
    this.#list = new VirtualList(elements, {
      make: (line) => this.#make(line),
      update: updateRow,
      extent,
      onKey: (line, row, key) => this.#key(line, row, key),
      onDrawn: () => {
        this.#highlight();
      },
    });
    const { list } = elements;
    list.addEventListener("contextmenu", (event) => {
      const line = this.#list.itemAt(event.target);
      // With a selection, what is wanted is the browser's own menu.
      if (this.onMenu === null || line === null || event.shiftKey || document.getSelection()?.isCollapsed === false) return;
      event.preventDefault();
      // Keys have no place on the screen to speak of.
      const place = event.button === 2 ? { x: event.clientX, y: event.clientY } : null;
      if (event.target instanceof HTMLElement) this.onMenu(line, event.target, place);
    });
    list.addEventListener("click", (event) => {
      const opener = event.target instanceof Element ? event.target.closest<HTMLElement>(".row-menu") : null;
      const line = opener === null ? null : this.#list.itemAt(opener);
      if (line !== null && opener !== null) this.onMenu?.(line, opener, null);
    });
    elements.scroller.addEventListener("copy", (event) => {
      const text = this.#selected() ?? this.#focused();
      if (text === null) return;
      event.clipboardData?.setData("text/plain", text);
      event.preventDefault();
    });
  }

  /** Adds console events. */
  events(events: readonly ConsoleEvent[]): void {
    this.#fresh += events.length;
    for (const event of events) {
      if (event.kind === "group_end") continue;
      if (event.kind === "clear") {
        if (this.keeps) {
          this.#lines.add({ type: "notice", level: "info", text: words().output.clearKept });
          continue;
        }
        this.#forget();
      }
      this.#lines.add({ type: "event", event });
    }
    this.#showSoon();
  }

  /** Adds a program's result. */
  result(value: Value): void {
    this.#lines.add({ type: "result", value });
    this.#showSoon();
  }

  /** Adds what the visitor evaluates. */
  input(source: string): void {
    this.#lines.add({ type: "input", source });
    this.#list.toEnd();
    this.#showSoon();
  }

  /** Adds the error that ended a program. */
  error(error: RunError): void {
    this.#lines.add({ type: "error", error });
    this.#showSoon();
  }

  /** Adds the page's own words. */
  notice(level: Level, text: string): void {
    this.#lines.add({ type: "notice", level, text });
    this.#showSoon();
  }

  /** A run begins: what the one before has written goes, or is set apart. */
  begin(now = Date.now()): void {
    this.#runs += 1;
    if (!this.keeps || this.#lines.all.length === 0) {
      this.clear();
      return;
    }
    this.#lines.leaveGroups();
    this.#lines.add({ type: "run", number: this.#runs, at: now });
    this.#list.toEnd();
    this.#showSoon();
  }

  /** Empties the console. */
  clear(): void {
    this.#forget();
    this.#list.toEnd();
    this.#showSoon();
  }

  /** Shows lines of these levels and what is looked for; `start` starts the worker that looks for patterns. */
  sift(hidden: ReadonlySet<Level>, search: Search | null, start: () => SearchWorker): void {
    this.#finder?.end();
    this.#finder = null;
    const sift = (finder: Finder<Line> | null) => {
      this.#lines.sift({ hidden, matches: finder === null ? null : (line) => finder.has(line) });
      this.#isOther = true;
      this.#showSoon();
    };
    if (search === null) {
      sift(null);
      return;
    }
    const finder = new Finder<Line>(search, textOf, {
      onNews: () => {
        sift(finder);
      },
      onEnd: (why) => {
        this.#finder = null;
        sift(null);
        this.onSearchEnd(why);
      },
    }, start);
    this.#finder = finder;
    // What is shown stays until there is something to show instead.
    for (const line of this.#lines.all) finder.has(line);
    if (finder.isIdle) sift(finder);
  }

  /** The lines that are shown now. */
  get shown(): readonly Line[] {
    return this.#lines.shown;
  }

  /** Places in the program are shown in the editor. */
  jump(place: { line: number; column: number; file?: string }): void {
    this.#jump(place);
  }

  #forget(): void {
    this.#lines.clear();
    this.#isOther = true;
  }

  #showSoon(): void {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = null;
      this.#waited += 1;
      if (this.#fresh > FLOOD && this.#waited < FLOOD_FRAMES) this.#showSoon();
      else this.#show();
    });
  }

  #show(): void {
    // To drop lines costs as much as there are lines. In a flood that is left to when there are twice as many as are
    // kept; what is over is dropped behind it.
    const isFlood = this.#fresh > FLOOD;
    if (isFlood) this.#showSoon();
    else this.#lines.trim();
    this.#fresh = 0;
    this.#waited = 0;
    const { shown, all, dropped } = this.#lines;
    if (this.#isOther) {
      this.#list.replace(shown);
    } else {
      this.#list.grow(shown, this.#list.goneTo(shown));
    }
    this.#isOther = false;
    const { earlier, empty } = this.#elements;
    earlier.hidden = dropped === 0;
    if (dropped > 0) earlier.textContent = words().output.earlier(dropped);
    empty.hidden = all.length > 0;
    this.onCount(shown.length, all.length);
    this.#list.flush();
  }

  #make(line: Line): HTMLElement {
    const made = renderLine(line, this.#jump);
    if (line.opens !== null) {
      made.querySelector(".group-toggle")?.addEventListener("click", () => {
        this.#fold(line);
      });
    }
    return made;
  }

  #fold(line: Line, open = line.opens?.open !== true): void {
    if (line.opens === null) return;
    this.#lines.fold(line.opens, open);
    this.#isOther = true;
    this.#show();
  }

  #key(line: Line, row: HTMLElement, key: string): boolean {
    const { opens, parent, what } = line;
    switch (key) {
      case "ArrowRight":
      case "Enter":
      case " ": {
        if (opens !== null && (key !== "ArrowRight" || !opens.open)) {
          this.#fold(line);
          return true;
        }
        const root = row.querySelector<HTMLElement>('[role=treeitem][tabindex="0"]');
        if (root !== null) {
          toggleItem(root, true);
          root.focus();
          return true;
        }
        if (key === "Enter" && what.type === "event" && what.event.line > 0) this.#jump(what.event);
        return key !== "ArrowRight";
      }
      case "ArrowLeft":
        if (opens?.open === true) this.#fold(line, false);
        else if (parent !== null) this.#list.focus(this.#lines.shown.indexOf(parent.heading));
        return true;
      default:
        return false;
    }
  }

  /** Marks what is looked for, where the browser can mark text without changing the page. */
  #highlight(): void {
    if (!("highlights" in CSS)) return;
    const finder = this.#finder;
    if (finder === null) {
      CSS.highlights.delete(HIGHLIGHT);
      return;
    }
    const ranges: Range[] = [];
    for (const row of this.#list.drawn.values()) {
      const message = row.querySelector(":scope > .message");
      if (message === null) continue;
      const texts = document.createTreeWalker(message, NodeFilter.SHOW_TEXT);
      for (let node = texts.nextNode(); node !== null; node = texts.nextNode()) {
        for (const [from, to] of finder.placesIn(node.nodeValue ?? "")) {
          const range = document.createRange();
          range.setStart(node, from);
          range.setEnd(node, to);
          ranges.push(range);
        }
      }
    }
    CSS.highlights.set(HIGHLIGHT, new Highlight(...ranges));
  }

  /** The text of what has the focus, where nothing is selected: of a value, or of a line. */
  #focused(): string | null {
    const { activeElement } = document;
    const line = this.#list.itemAt(activeElement);
    if (line === null || document.getSelection()?.isCollapsed === false) return null;
    const value = valueAt(activeElement);
    return value === null ? lineText(line) : valueText(value);
  }

  /** The text of a selection from one row to another, with all those between that are not drawn; `null` for any other. */
  #selected(): string | null {
    const selection = document.getSelection();
    if (selection === null || selection.isCollapsed) return null;
    const [from, to] = [selection.anchorNode, selection.focusNode].map((node) => this.#list.itemAt(node));
    if (from === null || from === undefined || to === null || to === undefined || from === to) return null;
    const [low, high] = [Math.min(from.number, to.number), Math.max(from.number, to.number)];
    return this.#lines.shown
      .filter(({ number }) => number >= low && number <= high)
      .map(textOf)
      .join("\n");
  }
}

/** How much room a line takes, roughly. */
function extent({ what }: Line): { characters: number; lines: number } {
  switch (what.type) {
    case "event": {
      const { text, table, stack, args } = what.event;
      if (table !== undefined) return { characters: 0, lines: 2 + table.rows.length };
      const frames = args.reduce((sum, value) => sum + (value.type === "object" ? Math.min(9, value.error?.stack.length ?? 0) : 0), Math.min(9, stack?.length ?? 0));
      return { characters: text.length, lines: 1 + frames + newlines(text) };
    }
    case "error":
      return { characters: what.error.message.length, lines: 1 + Math.min(9, what.error.stack.length) };
    case "notice":
      return { characters: what.text.length, lines: 1 };
    case "input":
      return { characters: what.source.length, lines: 1 + newlines(what.source) };
    case "result":
    case "run":
      return { characters: 0, lines: 1 };
  }
}

function newlines(text: string): number {
  let count = 0;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) count += 1;
  return count;
}
