// A list of which only what is in sight is drawn, so that a hundred thousand lines cost what fifty do. Lines have
// heights that are known only once they are drawn: until then they are guessed, and what is in sight stays where
// it is while better ones become known. Knows rows and nothing of what is in them.
//
// One row is in the tab order, and with it what can be worked in it; the arrow keys walk the rows.

import { Heights } from "./heights.ts";

/** How far above and below what is in sight rows are drawn, in pixels. */
const AROUND_PX = 400;

/** Height of a row of one line, and of each further line, in pixels: what is guessed of rows not drawn yet. */
const ROW_PX = 27;
const LINE_PX = 20;
/** Width of a character, in pixels. */
const CHARACTER_PX = 7.9;

/** How near to its end the list counts as being at its end, in pixels. */
const NEAR_END_PX = 32;

/** The elements that the list works on. */
export type ListElements = {
  /** What scrolls. */
  scroller: HTMLElement;
  /** An `<ol>` inside it. */
  list: HTMLElement;
  /** Goes to the newest row; shown while the list is scrolled away from it. */
  latest: HTMLButtonElement;
};

/** An item of the list. Items are in the order of their numbers. */
export type Item = { readonly number: number };

/** What the list asks of whoever uses it. */
export type ListSource<T extends Item> = {
  /** Makes the row of an item. */
  make: (item: T) => HTMLElement;
  /** Brings a row up to date. */
  update: (row: HTMLElement, item: T) => void;
  /** How many characters an item has on its longest line and how many lines, roughly. */
  extent: (item: T) => { characters: number; lines: number };
  /** A key that the list has no use for, pressed on the row itself. Returns whether it was of use. */
  onKey: (item: T, row: HTMLElement, key: string) => boolean;
  /** Other rows were drawn. */
  onDrawn: () => void;
};

/** The list. */
export class VirtualList<T extends Item> {
  readonly #elements: ListElements;
  readonly #source: ListSource<T>;
  #items: readonly T[] = [];
  #heights = new Heights();
  /** Rows that are drawn. */
  #rows = new Map<T, HTMLElement>();
  #itemOf = new WeakMap<Element, T>();
  /** Rows in which the visitor has opened or changed something: they stay as they are while they are out of sight. */
  #touched = new WeakMap<T, HTMLElement>();
  #observer: ResizeObserver;
  #following = true;
  /** Where the scroller was when it last moved. */
  #top = 0;
  /** What is at the upper edge, and how much of it is above: it stays there. */
  #anchor: { number: number; above: number } = { number: 0, above: 0 };
  /** The row that is in the tab order. */
  #current: T | null = null;
  #stop: HTMLElement | null = null;
  #frame: number | null = null;

  constructor(elements: ListElements, source: ListSource<T>) {
    this.#elements = elements;
    this.#source = source;
    const { scroller, list, latest } = elements;
    scroller.addEventListener("scroll", () => {
      this.#scrolled();
    }, { passive: true });
    latest.addEventListener("click", () => {
      this.toEnd();
      scroller.focus();
    });
    list.addEventListener("focusin", (event) => {
      const item = this.itemAt(event.target);
      if (item !== null) this.#makeCurrent(item);
    });
    list.addEventListener("click", (event) => {
      this.#touch(event.target);
    });
    scroller.addEventListener("keydown", (event) => {
      this.#touch(event.target);
      if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
      if (this.#act(event.target, event.key)) event.preventDefault();
    });
    this.#observer = new ResizeObserver((entries) => {
      let changed = false;
      for (const { target } of entries) {
        if (target === scroller) {
          this.#draw();
          continue;
        }
        const item = this.#itemOf.get(target);
        if (item !== undefined && this.#rows.get(item) === target) changed = this.#measure(item, target as HTMLElement) || changed;
      }
      if (changed) this.#draw();
    });
    this.#observer.observe(scroller);
  }

  /** How many rows there are, drawn or not. */
  get length(): number {
    return this.#items.length;
  }

  /** Rows that are drawn, with their items. */
  get drawn(): ReadonlyMap<T, HTMLElement> {
    return this.#rows;
  }

  /** How many of the items that are shown now come before the first of `items`. */
  goneTo(items: readonly T[]): number {
    const [first] = items;
    return first === undefined ? this.#items.length : this.#lowest(first.number);
  }

  /** Shows `items`, of which all that were there before are the first ones but `gone`, which were at the front. */
  grow(items: readonly T[], gone: number): void {
    this.#takeOver();
    if (gone > 0) this.#heights.drop(gone);
    this.#items = items;
    for (let at = this.#heights.length; at < items.length; at += 1) {
      const item = items[at];
      if (item !== undefined) this.#heights.push(this.#guess(item));
    }
    this.#drawSoon();
  }

  /** Shows `items`, whatever was there before. Known heights are kept. */
  replace(items: readonly T[]): void {
    this.#takeOver();
    const known = new Map<T, number>();
    for (const [at, item] of this.#items.entries()) known.set(item, this.#heights.of(at));
    this.#heights.clear();
    this.#items = items;
    for (const item of items) this.#heights.push(known.get(item) ?? this.#guess(item));
    this.#drawSoon();
  }

  /** Something about rows has changed. */
  refresh(): void {
    this.#drawSoon();
  }

  /** Goes to the newest row, and stays there. */
  toEnd(): void {
    this.#follow(true);
    this.#draw();
  }

  /** The item whose row `target` is in. */
  itemAt(target: EventTarget | Node | null): T | null {
    const element = target instanceof Element ? target : target instanceof Node ? target.parentElement : null;
    for (let at = element; at !== null && at !== this.#elements.list; at = at.parentElement) {
      const item = this.#itemOf.get(at);
      if (item !== undefined) return item;
    }
    return null;
  }

  /** Draws now what else would be drawn with the next frame. */
  flush(): void {
    if (this.#frame === null) return;
    cancelAnimationFrame(this.#frame);
    this.#draw();
  }

  /** Puts the focus on a row. */
  focus(index: number): void {
    const item = this.#items[Math.max(0, Math.min(index, this.#items.length - 1))];
    if (item === undefined) return;
    this.#makeCurrent(item);
    this.#reveal(this.#items.indexOf(item));
    this.#draw();
    this.#rows.get(item)?.focus({ preventScroll: true });
  }

  /** What the server has put into the list is in the flow of the page; from here on rows have places. */
  #takeOver(): void {
    const { list } = this.#elements;
    if (list.dataset["drawn"] !== undefined) return;
    list.replaceChildren();
    list.dataset["drawn"] = "";
  }

  #drawSoon(): void {
    this.#frame ??= requestAnimationFrame(() => {
      this.#draw();
    });
  }

  /** Draws what is in sight. */
  #draw(): void {
    if (this.#frame !== null) cancelAnimationFrame(this.#frame);
    this.#frame = null;
    const { scroller, list } = this.#elements;
    // A console that is folded away has no size to go by.
    const height = scroller.clientHeight;
    if (height === 0) return;
    const above = list.offsetTop;
    // Rows that turn out higher or lower than guessed bring others into sight.
    for (let round = 0; round < 4; round += 1) {
      const total = this.#heights.total;
      const top = this.#following ? Math.max(0, total - height) : this.#anchorTop();
      const [first, last] = [this.#heights.at(top - AROUND_PX), this.#heights.at(top + height + AROUND_PX)];
      if (!this.#fill(first, last)) break;
    }
    list.style.setProperty("height", `${this.#heights.total}px`);
    this.#place();
    if (this.#following) {
      scroller.scrollTop = scroller.scrollHeight;
      this.#top = scroller.scrollTop;
    } else {
      const top = this.#anchorTop() + above;
      if (Math.abs(scroller.scrollTop - top) >= 1) scroller.scrollTop = top;
      this.#top = scroller.scrollTop;
    }
    this.#chooseStop();
    this.#source.onDrawn();
  }

  /** Sees to it that rows `first` to `last` are there, and no others but those in use; whether any height has changed. */
  #fill(first: number, last: number): boolean {
    const { list } = this.#elements;
    const wanted = new Set<T>(this.#items.slice(first, last + 1));
    for (const item of this.#inUse()) wanted.add(item);
    for (const [item, row] of this.#rows) {
      if (!wanted.has(item)) this.#remove(item, row);
    }
    const order = [...wanted].sort((a, b) => a.number - b.number);
    const made: [T, HTMLElement][] = [];
    let next = list.firstElementChild;
    for (const item of order) {
      let row = this.#rows.get(item);
      if (row === undefined) {
        row = this.#touched.get(item) ?? this.#source.make(item);
        row.tabIndex = -1;
        this.#itemOf.set(row, item);
        this.#rows.set(item, row);
        made.push([item, row]);
        list.insertBefore(row, next);
        setStops(row, false);
      } else {
        next = row.nextElementSibling;
      }
      this.#source.update(row, item);
    }
    let changed = false;
    for (const [item, row] of made) {
      changed = this.#measure(item, row) || changed;
      for (const box of row.querySelectorAll<HTMLElement>(".table")) box.tabIndex = box.scrollWidth > box.clientWidth ? 0 : -1;
      this.#observer.observe(row);
    }
    return changed;
  }

  #remove(item: T, row: HTMLElement): void {
    this.#observer.unobserve(row);
    this.#rows.delete(item);
    row.remove();
    if (this.#stop === row) this.#stop = null;
  }

  /** Takes in how high a row is; whether that is news. */
  #measure(item: T, row: HTMLElement): boolean {
    const index = this.#indexOf(item);
    const height = row.getBoundingClientRect().height;
    if (index < 0 || Math.abs(this.#heights.of(index) - height) < 0.5) return false;
    this.#heights.set(index, height);
    return true;
  }

  #place(): void {
    const size = String(this.#items.length);
    for (const [item, row] of this.#rows) {
      const index = this.#indexOf(item);
      row.style.setProperty("top", `${this.#heights.before(index)}px`);
      const place = String(index + 1);
      if (row.getAttribute("aria-posinset") !== place) row.setAttribute("aria-posinset", place);
      if (row.getAttribute("aria-setsize") !== size) row.setAttribute("aria-setsize", size);
    }
  }

  /** Rows that have to stay although they may be out of sight: with the focus, and with the ends of a selection. */
  *#inUse(): Iterable<T> {
    const { list } = this.#elements;
    const places: (Node | null)[] = [document.activeElement];
    const selection = document.getSelection();
    if (selection?.isCollapsed === false) places.push(selection.anchorNode, selection.focusNode);
    for (const place of places) {
      if (place === null || !list.contains(place)) continue;
      const item = this.itemAt(place);
      if (item !== null && this.#indexOf(item) >= 0) yield item;
    }
  }

  /** Place of an item, by its number, which grows; -1 for what is not there any more. */
  #indexOf(item: T): number {
    const at = this.#lowest(item.number);
    return this.#items[at] === item ? at : -1;
  }

  /** Place of the first item with this number or a higher one. */
  #lowest(number: number): number {
    let [low, high] = [0, this.#items.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#items[middle]?.number ?? 0) < number) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #guess(item: T): number {
    const { characters, lines } = this.#source.extent(item);
    const width = Math.max(120, this.#elements.list.clientWidth - 120);
    const wrapped = characters * CHARACTER_PX > width ? Math.floor((characters * CHARACTER_PX) / width) : 0;
    return ROW_PX + LINE_PX * (lines - 1 + wrapped);
  }

  #anchorTop(): number {
    const index = this.#lowest(this.#anchor.number);
    const isThere = this.#items[index]?.number === this.#anchor.number;
    return this.#heights.before(index) + (isThere ? this.#anchor.above : 0);
  }

  #setAnchor(top: number): void {
    const index = this.#heights.at(top);
    this.#anchor = { number: this.#items[index]?.number ?? 0, above: top - this.#heights.before(index) };
  }

  #scrolled(): void {
    // Rows that came since, or took their real height only when shown, put the end further down: that is
    // no reason to stay behind. Only who scrolls up does.
    const { scroller, list } = this.#elements;
    const top = scroller.scrollTop;
    const atEnd = scroller.scrollHeight - top - scroller.clientHeight <= NEAR_END_PX;
    if (Math.abs(top - this.#top) >= 1) {
      if (top < this.#top && !atEnd) this.#follow(false);
      else if (atEnd) this.#follow(true);
      if (!this.#following) this.#setAnchor(top - list.offsetTop);
      this.#drawSoon();
    }
    this.#top = top;
  }

  #follow(following: boolean): void {
    this.#following = following;
    this.#elements.latest.hidden = following;
  }

  /** Scrolls as little as brings a row into sight. */
  #reveal(index: number): void {
    const { scroller, list } = this.#elements;
    const above = list.offsetTop;
    const top = this.#heights.before(index) + above;
    const bottom = top + this.#heights.of(index);
    const now = scroller.scrollTop;
    const height = scroller.clientHeight;
    const wanted = top < now ? top : bottom > now + height ? Math.min(top, bottom - height) : null;
    if (wanted === null) return;
    const isLast = index === this.#items.length - 1;
    this.#follow(isLast);
    this.#setAnchor(wanted - above);
  }

  #act(target: EventTarget | null, key: string): boolean {
    const item = this.itemAt(target);
    const { scroller } = this.#elements;
    const index = item === null ? null : this.#indexOf(item);
    const row = item === null ? undefined : this.#rows.get(item);
    const isField = target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement;
    if (isField || (target !== scroller && item === null)) return false;
    const page = Math.max(1, Math.floor(scroller.clientHeight / ROW_PX) - 1);
    const from = index ?? this.#stopIndex();
    switch (key) {
      case "ArrowDown":
        if (from + 1 >= this.#items.length && index !== null) return false;
        // Into the list first, then on in it.
        this.focus(index === null ? from : from + 1);
        return true;
      case "ArrowUp":
        // From what is in a row to the row.
        this.focus(index === null || target !== row ? from : from - 1);
        return true;
      case "PageDown":
      case "PageUp":
        if (index === null) return false;
        this.focus(from + (key === "PageDown" ? page : -page));
        return true;
      case "Home":
        this.focus(0);
        return true;
      case "End":
        this.focus(this.#items.length - 1);
        return true;
      default:
        if (item === null || row === undefined) return false;
        if (target !== row) {
          if (key !== "ArrowLeft" && key !== "Escape") return false;
          row.focus({ preventScroll: true });
          return true;
        }
        return this.#source.onKey(item, row, key);
    }
  }

  #stopIndex(): number {
    const item = this.#stop === null ? undefined : this.#itemOf.get(this.#stop);
    return item === undefined ? this.#items.length - 1 : Math.max(0, this.#indexOf(item));
  }

  #makeCurrent(item: T): void {
    this.#current = item;
    this.#chooseStop();
  }

  /** The row in the tab order: that which had the focus last, else the newest one in sight. */
  #chooseStop(): void {
    const current = this.#current === null ? undefined : this.#rows.get(this.#current);
    const row = current ?? this.#lastInSight();
    if (row === this.#stop) return;
    if (this.#stop !== null) {
      this.#stop.tabIndex = -1;
      setStops(this.#stop, false);
    }
    this.#stop = row;
    if (row === null) return;
    row.tabIndex = 0;
    setStops(row, true);
  }

  #lastInSight(): HTMLElement | null {
    const { scroller } = this.#elements;
    const bottom = this.#top + scroller.clientHeight - this.#elements.list.offsetTop;
    for (let index = this.#heights.at(bottom - 1); index >= 0; index -= 1) {
      const item = this.#items[index];
      const row = item === undefined ? undefined : this.#rows.get(item);
      if (row !== undefined) return row;
      if (item === undefined) break;
    }
    return null;
  }

  /** Remembers a row as it is, since something in it was worked. Frames load anew wherever they are put. */
  #touch(target: EventTarget | null): void {
    const item = this.itemAt(target);
    const row = item === null ? undefined : this.#rows.get(item);
    if (item === null || row === undefined || target === row || row.querySelector("iframe") !== null) return;
    this.#touched.set(item, row);
  }
}

/** Puts what can be worked in a row into the tab order, or takes it out. Boxes that scroll stay: there is no other way to scroll them. */
function setStops(row: HTMLElement, on: boolean): void {
  const found = row.querySelectorAll<HTMLElement>(on ? "[data-stop]" : '[tabindex="0"]:not([role=group]), button, a[href]');
  for (const element of found) {
    element.tabIndex = on ? 0 : -1;
    if (on) delete element.dataset["stop"];
    else element.dataset["stop"] = "";
  }
}
