// A table that is brought up to date in place: whoever reads it, or has the focus in it, is not disturbed.

import { el } from "../dom.ts";

/** What a row says, and what can be done about it. */
export type Row = {
  /** Tells it from others, also the next time. */
  key: string;
  cells: readonly string[];
  /** What its button is called, what it is called for those who do not see the row, and what it does. */
  act?: { label: string; name: string; run: () => void };
};

/** A table in a section with a heading. */
export class Table {
  readonly #place: HTMLElement;
  readonly #columns: readonly string[];
  readonly #empty: string;
  readonly #rows = new Map<string, HTMLTableRowElement>();
  readonly #acts = new Map<string, () => void>();
  readonly #body = el("tbody");
  readonly #table: HTMLTableElement;
  readonly #none: HTMLElement;

  constructor(place: HTMLElement, columns: readonly string[], empty: string) {
    this.#place = place;
    this.#columns = columns;
    this.#empty = empty;
    const head = el("tr", "", ...columns.map((name) => {
      const cell = el("th", "", name);
      cell.scope = "col";
      return cell;
    }));
    this.#table = el("table", "admin-table", el("thead", "", head), this.#body);
    // On a narrow screen rows are shown as lists, which would make them none to a screen reader.
    this.#table.setAttribute("role", "table");
    head.setAttribute("role", "row");
    this.#none = el("p", "dialog-note", this.#empty);
    place.replaceChildren(this.#none);
  }

  /** Shows these rows, in this order. */
  show(rows: readonly Row[]): void {
    const wanted = new Set(rows.map(({ key }) => key));
    for (const [key, row] of this.#rows) {
      if (wanted.has(key)) continue;
      // Whoever had the focus in there is left at the heading, and not at the page's beginning.
      if (row.contains(document.activeElement)) this.#place.closest("section")?.querySelector<HTMLElement>("h2")?.focus();
      row.remove();
      this.#rows.delete(key);
      this.#acts.delete(key);
    }
    let before: Element | null = null;
    for (const row of rows) {
      const shown = this.#rows.get(row.key) ?? this.#make(row);
      this.#fill(shown, row);
      const next: Element | null = before === null ? this.#body.firstElementChild : before.nextElementSibling;
      if (next !== shown) this.#body.insertBefore(shown, next);
      before = shown;
    }
    const is = rows.length === 0 ? this.#none : this.#table;
    if (this.#place.firstElementChild !== is) this.#place.replaceChildren(is);
  }

  #make({ key, cells, act }: Row): HTMLTableRowElement {
    const row = el("tr");
    row.setAttribute("role", "row");
    for (const at of cells.keys()) {
      const cell = el("td");
      cell.setAttribute("role", "cell");
      cell.dataset["label"] = this.#columns[at] ?? "";
      row.append(cell);
    }
    if (act !== undefined) {
      const press = el("button", "plain small");
      press.type = "button";
      press.addEventListener("click", () => this.#acts.get(key)?.());
      const cell = el("td", "admin-act", press);
      cell.setAttribute("role", "cell");
      row.append(cell);
    }
    this.#rows.set(key, row);
    return row;
  }

  #fill(row: HTMLTableRowElement, { key, cells, act }: Row): void {
    for (const [at, text] of cells.entries()) {
      const cell = row.cells[at];
      if (cell !== undefined && cell.textContent !== text) cell.textContent = text;
    }
    if (act === undefined) return;
    this.#acts.set(key, act.run);
    const press = row.querySelector("button");
    if (press === null) return;
    if (press.textContent !== act.label) press.textContent = act.label;
    if (press.getAttribute("aria-label") !== act.name) press.setAttribute("aria-label", act.name);
  }
}
