// console.table as a real table, whose rows can be put in the order of any column.

import { button, el, icon } from "../dom.ts";
import type { Table, TableRow, Value } from "../protocol.ts";
import { currentLocale, words } from "../strings/words.ts";
import { brief, rowBudget } from "./bounds.ts";
import { inlineText } from "./children.ts";
import type { Jump } from "./position.ts";
import { renderValue } from "./value.ts";

/** The orders that a column's heading goes through, the last being the program's own. */
const NEXT = { none: "ascending", ascending: "descending", descending: "none" } as const;
type Order = keyof typeof NEXT;

/** The most rows and columns that are shown. A run has no more; a recording may say what it likes. */
const MOST_ROWS = 100;
const MOST_COLUMNS = 20;

/** The table, in a box of its own that scrolls sideways. */
export function renderTable(whole: Table, jump: Jump): HTMLElement {
  const table: Table = {
    columns: whole.columns.slice(0, MOST_COLUMNS),
    rows: whole.rows.slice(0, MOST_ROWS),
    more_rows: whole.more_rows + Math.max(0, whole.rows.length - MOST_ROWS),
    more_columns: whole.more_columns + Math.max(0, whole.columns.length - MOST_COLUMNS),
  };
  // All cells together.
  const budget = rowBudget();
  const text = words().output;
  const head = el("tr");
  const body = el("tbody");
  const lines = table.rows.map((row) => {
    const line = el("tr", "", heading("row", row.index));
    for (const cell of row.cells.slice(0, MOST_COLUMNS)) line.append(cell === null ? el("td") : el("td", "", renderValue(cell, jump, false, budget)));
    return { row, line };
  });
  const show = (order: typeof lines) => {
    body.replaceChildren(...order.map(({ line }) => line));
  };
  for (const [at, column] of table.columns.entries()) {
    const cell = heading("col", "");
    const sort = button("sort", brief(column), () => {
      const order = NEXT[(cell.getAttribute("aria-sort") ?? "none") as Order];
      for (const other of head.children) other.removeAttribute("aria-sort");
      if (order !== "none") cell.setAttribute("aria-sort", order);
      const sign = order === "descending" ? -1 : 1;
      show(order === "none" ? lines : [...lines].sort((a, b) => compare(keyOf(a.row, at), keyOf(b.row, at), sign)));
    });
    sort.title = text.sortBy(brief(column));
    sort.append(icon("twisty"));
    cell.append(sort);
    head.append(cell);
  }
  show(lines);
  const box = el("div", "table", el("table", "", el("thead", "", head), body));
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", text.table(table.rows.length));
  const missing = [
    ...(table.more_rows > 0 ? [`… ${text.moreRows(table.more_rows)}`] : []),
    ...(table.more_columns > 0 ? [`… ${text.moreColumns(table.more_columns)}`] : []),
  ];
  if (missing.length > 0) box.append(el("div", "more", missing.join(", ")));
  return box;
}

function heading(scope: "col" | "row", text: string): HTMLTableCellElement {
  const cell = el("th", "", brief(text));
  cell.scope = scope;
  return cell;
}

/** How much of a text rows are sorted by. */
const LONGEST_KEY = 200;

/** What a row is sorted by: a number, a text, or nothing. */
type Key = number | string | null;

function keyOf(row: TableRow, column: number): Key {
  if (column === 0) return /^\d+$/.test(row.index) ? Number(row.index) : row.index;
  const cell = row.cells[column - 1] ?? null;
  return cell === null ? null : keyOfValue(cell);
}

/** Numbers by their size, all else by its text. What is not there has none. */
export function keyOfValue(value: Value): Key {
  switch (value.type) {
    case "number":
      return value.value;
    case "special_number":
    case "bigint": {
      const number = Number(value.value);
      return Number.isNaN(number) ? null : number;
    }
    case "string":
      return value.value.slice(0, LONGEST_KEY);
    case "undefined":
    case "null":
    case "hole":
      return null;
    default:
      return inlineText(value).slice(0, LONGEST_KEY);
  }
}

/** Numbers before texts, and what is not there last, whichever way round it goes. */
export function compare(a: Key, b: Key, sign: 1 | -1): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  if (typeof a === "number" && typeof b === "number") return sign * (a - b);
  if (typeof a === "number" || typeof b === "number") return sign * (typeof a === "number" ? -1 : 1);
  return sign * a.localeCompare(b, currentLocale(), { numeric: true });
}
