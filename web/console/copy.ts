// Lines and values as text and as JSON, for taking them along. What is cut is said to be.

import type { ConsoleEvent, ObjectValue, RunError, StackFrame, Value } from "../protocol.ts";
import { words } from "../strings/words.ts";
import { children, cut, hasChildren, inlineText, type Child } from "./children.ts";
import { textOf, type Line } from "./lines.ts";
import { framePosition, frameText } from "./position.ts";

/** A value as text: a string as it is, an object with all that is known of it, indented. */
export function valueText(value: Value): string {
  if (value.type === "string") return `${value.value}${cut(value)}`;
  return value.type === "object" ? objectText(value, "") : inlineText(value);
}

function objectText({ prototype, ...object }: ObjectValue, indent: string): string {
  if (!hasChildren(object)) return object.text;
  const deeper = `${indent}  `;
  const id = object.id === undefined ? "" : ` #${object.id}`;
  return [`${object.text}${id}`, ...children(object).flatMap((child) => childText(child, deeper))].join("\n");
}

function childText(child: Child, indent: string): string[] {
  const inner = (value: Value) => (value.type === "object" ? objectText(value, indent) : inlineText(value));
  switch (child.type) {
    case "value":
      return [`${indent}${child.label}: ${inner(child.value)}`];
    case "note":
      return [`${indent}${child.label}: ${child.text}`];
    case "frame":
      return [`${indent}${stackLine(child.frame)}`];
    case "entry":
      return [`${indent}${inner(child.key)} => ${inner(child.value)}`];
    case "range":
      return child.lines.flatMap((line) => childText(line, indent));
    case "more":
      return [`${indent}${child.text}`];
  }
}

function stackLine(frame: StackFrame): string {
  return `${frameText(frame)} ${framePosition(frame)}`;
}

/** A value as data for JSON. What JSON can't say becomes what `JSON.stringify` makes of it, or its text. */
export function valueData(value: Value): unknown {
  switch (value.type) {
    case "undefined":
    case "null":
    case "hole":
      return null;
    case "boolean":
    case "number":
      return value.value;
    case "special_number":
      return value.value === "-0" ? 0 : null;
    case "bigint":
      return value.value.startsWith("0x") ? value.value : `${value.value}n`;
    case "symbol":
      return value.value;
    case "string":
      return value.length > value.value.length ? `${value.value}…` : value.value;
    case "ref":
      return record([["$ref", value.id]]);
    case "object":
      return objectData(value);
  }
}

/** An object without a prototype: the keys are a program's, `__proto__` among them. */
function record(entries: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  const made = Object.create(null) as Record<string, unknown>;
  for (const [key, value] of entries) made[key] = value;
  return made;
}

function objectData(object: ObjectValue): unknown {
  const { kind, text, id, items = [], entries = [], properties = [], more = 0, error } = object;
  const rest = more > 0 ? [words().output.more(more)] : [];
  const own = properties.map(({ key, symbol, value, accessor }): [string, unknown] => [
    symbol === true ? `[${key}]` : key,
    accessor === undefined ? (value === undefined ? null : valueData(value)) : words().output.accessors[accessor],
  ]);
  const named: [string, unknown][] = id === undefined ? [] : [["$id", id]];
  if (error !== undefined) return record([...named, ...errorData(error), ...own]);
  const isBare = id === undefined && own.length === 0;
  switch (kind) {
    case "array":
    case "arguments":
    case "typed_array":
    case "set": {
      const list = [...items.flatMap((item) => (item.type === "hole" ? Array.from({ length: Math.min(item.count, 1000) }, () => null) : [valueData(item)])), ...rest];
      return isBare ? list : record([...named, ["items", list], ...own]);
    }
    case "map": {
      const list = [...entries.map(([key, value]) => [valueData(key), valueData(value)]), ...rest];
      return isBare ? list : record([...named, ["entries", list], ...own]);
    }
    case "temporal":
      // As JSON.stringify has it, which leaves out all else. No ISO form has a blank in it.
      if (id === undefined) return text.slice(text.lastIndexOf(" ") + 1);
      break;
    case "date":
    case "reg_exp":
    case "function":
    case "class":
    case "weak_map":
    case "weak_set":
    case "weak_ref":
      if (isBare) return text;
      break;
    default:
  }
  const inside: [string, unknown][] = [
    ...(object.state === undefined ? [] : [["[[state]]", object.state] as [string, unknown]]),
    ...(object.value === undefined ? [] : [[kind === "proxy" ? "[[target]]" : "[[value]]", valueData(object.value)] as [string, unknown]]),
    ...(object.handler === undefined ? [] : [["[[handler]]", valueData(object.handler)] as [string, unknown]]),
    ...(entries.length === 0 ? [] : [["[[entries]]", entries.map(([key, value]) => [valueData(key), valueData(value)])] as [string, unknown]]),
    ...(items.length === 0 ? [] : [["[[items]]", items.map(valueData)] as [string, unknown]]),
  ];
  return record([...named, ...inside, ...own, ...rest.map((words): [string, unknown] => ["…", words])]);
}

function errorData({ name, message, stack, cause }: RunError): [string, unknown][] {
  return [["name", name], ["message", message], ["stack", stack.map(stackLine)], ...(cause === undefined ? [] : [["cause", valueData(cause)] as [string, unknown]])];
}

/** A value as JSON, laid out for reading. */
export function valueJson(value: Value): string {
  return JSON.stringify(valueData(value), null, 2);
}

/** A line as text: as a terminal would have it, with stacks and tables. */
export function lineText(line: Line): string {
  const times = line.times > 1 ? ` (× ${line.times})` : "";
  const { what } = line;
  const indent = "  ".repeat(line.depth);
  const text = [`${textOf(line)}${times}`, ...below(line)].join("\n");
  return what.type === "event" && indent !== "" ? text.replace(/^/gm, indent) : text;
}

function below({ what }: Line): string[] {
  if (what.type === "error") return [...what.error.stack.map((frame) => `  ${stackLine(frame)}`), ...causeLines(what.error.cause)];
  if (what.type !== "event") return [];
  const { event } = what;
  return [
    ...tableLines(event),
    ...event.args.flatMap((value) => (value.type === "object" && value.error !== undefined ? [...value.error.stack.map((frame) => `  ${stackLine(frame)}`), ...causeLines(value.error.cause)] : [])),
    ...(event.stack ?? []).map((frame) => `  ${stackLine(frame)}`),
  ];
}

function causeLines(cause: Value | undefined): string[] {
  if (cause === undefined) return [];
  const stack = cause.type === "object" ? (cause.error?.stack ?? []) : [];
  const next = cause.type === "object" ? cause.error?.cause : undefined;
  return [`  ${words().output.causedBy} ${inlineText(cause)}`, ...stack.map((frame) => `    ${stackLine(frame)}`), ...causeLines(next)];
}

/** A table with tabs between its cells, as spreadsheets take it. */
function tableLines({ table }: ConsoleEvent): string[] {
  if (table === undefined) return [];
  const cell = (value: Value | null) => (value === null ? "" : (value.type === "string" ? value.value : inlineText(value)).replace(/[\t\n]/g, " "));
  return [table.columns.join("\t"), ...table.rows.map((row) => [row.index, ...row.cells.map(cell)].join("\t"))];
}

/** A line as data for JSON. */
export function lineData(line: Line): unknown {
  const { what, level, depth, times } = line;
  const text = textOf(line);
  const repeated = times > 1 ? { times } : {};
  switch (what.type) {
    case "event": {
      const { kind, args, file, line: at, column, at_ms, table, stack } = what.event;
      return {
        level,
        ...(kind === undefined ? {} : { kind }),
        text,
        args: args.map(valueData),
        ...(at > 0 ? { ...(file === undefined ? {} : { file }), line: at, column } : {}),
        at_ms,
        ...(depth > 0 ? { depth } : {}),
        ...repeated,
        ...(table === undefined ? {} : { table: table.rows.map((row) => record(table.columns.map((name, at) => [name, at === 0 ? row.index : cellData(row.cells[at - 1])]))) }),
        ...(stack === undefined ? {} : { stack: stack.map(stackLine) }),
      };
    }
    case "result":
      return { level, kind: "result", value: valueData(what.value) };
    case "error":
      return { level, kind: "uncaught", ...record(errorData(what.error)) };
    case "notice":
      return { level, kind: "notice", text };
    case "input":
      return { level, kind: "input", text };
    case "run":
      return { kind: "run", number: what.number, at: new Date(what.at).toISOString() };
  }
}

function cellData(cell: Value | null | undefined): unknown {
  return cell === null || cell === undefined ? null : valueData(cell);
}

/** A line as JSON, laid out for reading. */
export function lineJson(line: Line): string {
  return JSON.stringify(lineData(line), null, 2);
}

/** Lines as text. */
export function linesText(lines: readonly Line[]): string {
  return lines.map((line) => `${lineText(line)}\n`).join("");
}

/** Lines as a JSON array, one line each. */
export function linesJson(lines: readonly Line[]): string {
  return `[\n${lines.map((line) => `  ${JSON.stringify(lineData(line))}`).join(",\n")}\n]\n`;
}
