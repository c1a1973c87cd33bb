// console.table as a real table.

import { el } from "../dom.ts";
import type { Table } from "../protocol.ts";
import { plural } from "../units.ts";
import type { Jump } from "./position.ts";
import { renderValue } from "./value.ts";

/** The table, in a box of its own that scrolls sideways. */
export function renderTable(table: Table, jump: Jump): HTMLElement {
  const head = el("tr");
  for (const column of table.columns) head.append(heading("col", column));
  const body = el("tbody");
  for (const row of table.rows) {
    const line = el("tr", "", heading("row", row.index));
    for (const cell of row.cells) line.append(cell === null ? el("td") : el("td", "", renderValue(cell, jump)));
    body.append(line);
  }
  const box = el("div", "table", el("table", "", el("thead", "", head), body));
  box.tabIndex = 0;
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", `Table, ${plural(table.rows.length, "row")}`);
  const missing = [
    ...(table.more_rows > 0 ? [`… ${plural(table.more_rows, "more row")}`] : []),
    ...(table.more_columns > 0 ? [`… ${plural(table.more_columns, "more column")}`] : []),
  ];
  if (missing.length > 0) box.append(el("div", "more", missing.join(", ")));
  return box;
}

function heading(scope: "col" | "row", text: string): HTMLElement {
  const cell = el("th", "", text);
  cell.scope = scope;
  return cell;
}
