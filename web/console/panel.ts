// The list of rows. A flood must not freeze the page: rows are made once per animation frame, within a time
// budget, only the newest are kept, and what is left out is counted and said.

import type { ConsoleEvent, Level, RunError, Value } from "../protocol.ts";
import { plural } from "../units.ts";
import type { Jump } from "./position.ts";
import { errorRow, eventRow, groupButton, noticeRow, resultRow } from "./row.ts";

/** How many rows are kept. */
const MAX_ROWS = 5_000;

/** How long one animation frame may be spent on making rows, in milliseconds. */
const FRAME_BUDGET_MS = 8;

/** How near to its end the list counts as being at its end, in pixels. */
const NEAR_END_PX = 32;

/** A row to be made. */
type Pending = { depth: number; opens: "open" | "closed" | null; make: () => HTMLElement };

/** A row that stands in the list. */
type Row = { element: HTMLElement; parent: Group | null };

/** A `console.group`. Its rows are siblings of its heading: that keeps dropping the oldest rows simple. */
type Group = { depth: number; open: boolean; parent: Group | null };

/** The elements that the panel works on. */
export type PanelElements = {
  /** What scrolls. */
  scroller: HTMLElement;
  /** An `<ol>` inside it. */
  list: HTMLElement;
  /** Says how many rows are not kept. */
  earlier: HTMLElement;
  /** Goes to the newest row; shown while the list is scrolled away from it. */
  latest: HTMLButtonElement;
  /** Shown while there are no rows. */
  empty: HTMLElement;
};

/** The console. */
export class ConsolePanel {
  #elements: PanelElements;
  #jump: Jump;
  #pending: Pending[] = [];
  #rows: Row[] = [];
  #groups: Group[] = [];
  #dropped = 0;
  #frame: number | null = null;
  #following = true;
  /** Where the scroller was when it last moved. */
  #top = 0;

  constructor(elements: PanelElements, jump: Jump) {
    this.#elements = elements;
    this.#jump = jump;
    elements.scroller.addEventListener("scroll", () => {
      // Rows that came since, or took their real height only when shown, put the end further down: that is
      // no reason to stay behind. Only who scrolls up does.
      const top = elements.scroller.scrollTop;
      if (this.#atEnd()) this.#follow(true);
      else if (top < this.#top) this.#follow(false);
      this.#top = top;
    }, { passive: true });
    elements.latest.addEventListener("click", () => {
      this.#follow(true);
      this.#toEnd();
      elements.scroller.focus();
    });
    const resized = new ResizeObserver(() => {
      if (this.#following) this.#toEnd();
    });
    resized.observe(elements.scroller);
    resized.observe(elements.list);
  }

  /** Adds console events. */
  events(events: readonly ConsoleEvent[]): void {
    for (const event of events) {
      if (event.kind === "group_end") continue;
      if (event.kind === "clear") this.#forget();
      const opens = event.kind === "group" ? "open" : event.kind === "group_collapsed" ? "closed" : null;
      this.#add({ depth: event.depth ?? 0, opens, make: () => eventRow(event, this.#jump) });
    }
  }

  /** Adds a program's result. */
  result(value: Value): void {
    this.#add({ depth: 0, opens: null, make: () => resultRow(value, this.#jump) });
  }

  /** Adds the error that ended a program. */
  error(error: RunError): void {
    this.#add({ depth: 0, opens: null, make: () => errorRow(error, this.#jump) });
  }

  /** Adds the page's own words. */
  notice(level: Level, text: string): void {
    this.#add({ depth: 0, opens: null, make: () => noticeRow(level, text) });
  }

  /** Empties the console. */
  clear(): void {
    this.#forget();
    this.#follow(true);
    this.#count();
  }

  #forget(): void {
    this.#pending = [];
    this.#rows = [];
    this.#groups = [];
    this.#dropped = 0;
    this.#elements.list.replaceChildren();
  }

  #add(pending: Pending): void {
    this.#pending.push(pending);
    // In a hidden page no frames come: don't let rows pile up that would be dropped anyway.
    if (this.#pending.length > 2 * MAX_ROWS) {
      this.#dropped += this.#pending.length - MAX_ROWS;
      this.#pending = this.#pending.slice(-MAX_ROWS);
    }
    this.#frame ??= requestAnimationFrame(() => {
      this.#flush();
    });
  }

  #flush(): void {
    this.#frame = null;
    const end = performance.now() + FRAME_BUDGET_MS;
    const skip = Math.max(0, this.#pending.length - MAX_ROWS);
    this.#dropped += skip;
    let next = skip;
    const fragment = document.createDocumentFragment();
    while (next < this.#pending.length && (next === skip || performance.now() < end)) {
      const pending = this.#pending[next];
      if (pending !== undefined) fragment.append(this.#make(pending));
      next += 1;
    }
    this.#pending = this.#pending.slice(next);
    this.#elements.list.append(fragment);
    this.#trim();
    this.#count();
    if (this.#following) this.#toEnd();
    if (this.#pending.length > 0) {
      this.#frame = requestAnimationFrame(() => {
        this.#flush();
      });
    }
  }

  #make({ depth, opens, make }: Pending): HTMLElement {
    const element = make();
    while ((this.#groups.at(-1)?.depth ?? -1) >= depth) this.#groups.pop();
    const parent = this.#groups.at(-1) ?? null;
    element.hidden = isHidden(parent);
    this.#rows.push({ element, parent });
    if (opens !== null) {
      const group: Group = { depth, open: opens === "open", parent };
      this.#groups.push(group);
      const toggle = groupButton(element);
      toggle?.addEventListener("click", () => {
        group.open = !group.open;
        toggle.setAttribute("aria-expanded", String(group.open));
        for (const row of this.#rows) row.element.hidden = isHidden(row.parent);
      });
    }
    return element;
  }

  #trim(): void {
    const over = this.#rows.length - MAX_ROWS;
    if (over <= 0) return;
    for (const row of this.#rows.slice(0, over)) row.element.remove();
    this.#rows = this.#rows.slice(over);
    this.#dropped += over;
  }

  #count(): void {
    const { earlier, empty } = this.#elements;
    earlier.hidden = this.#dropped === 0;
    earlier.textContent = `${plural(this.#dropped, "earlier line")} not shown`;
    empty.hidden = this.#rows.length > 0;
  }

  #atEnd(): boolean {
    const { scroller } = this.#elements;
    return scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight <= NEAR_END_PX;
  }

  #toEnd(): void {
    this.#elements.scroller.scrollTop = this.#elements.scroller.scrollHeight;
  }

  #follow(following: boolean): void {
    this.#following = following;
    this.#elements.latest.hidden = following;
  }
}

function isHidden(group: Group | null): boolean {
  for (let around = group; around !== null; around = around.parent) {
    if (!around.open) return true;
  }
  return false;
}
