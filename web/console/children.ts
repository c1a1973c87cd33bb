// What an expanded object shows, line by line: data only, so that it can be tested without a page.

import type { ObjectValue, StackFrame, Value } from "../protocol.ts";
import { words } from "../strings/words.ts";

/** How a line's label looks: a key of the program, a symbol, an index, or one of V8's `[[internal]]` names. */
export type LabelKind = "key" | "hidden" | "symbol" | "index" | "internal";

/** A line below an expanded value. */
export type Child =
  | { type: "value"; label: string; kind: LabelKind; value: Value }
  /** A word in place of a value. */
  | { type: "note"; label: string; kind: LabelKind; text: string }
  | { type: "frame"; frame: StackFrame }
  | { type: "entry"; index: number; key: Value; value: Value }
  /** A hundred elements or entries of many. */
  | { type: "range"; label: string; lines: Child[] }
  /** What was cut. */
  | { type: "more"; text: string };

/** How many elements or entries are shown at once. */
const HUNDRED = 100;

/** Whether an expanded `object` would show anything. */
export function hasChildren(object: ObjectValue): boolean {
  return (
    (object.items?.length ?? 0) > 0 ||
    (object.entries?.length ?? 0) > 0 ||
    (object.properties?.length ?? 0) > 0 ||
    (object.more ?? 0) > 0 ||
    object.state !== undefined ||
    object.value !== undefined ||
    object.handler !== undefined ||
    object.prototype !== undefined ||
    (object.error !== undefined && (object.error.stack.length > 0 || object.error.cause !== undefined))
  );
}

/** The lines of an expanded `object`. */
export function children(object: ObjectValue): Child[] {
  const lines: Child[] = [];
  for (const frame of object.error?.stack ?? []) lines.push({ type: "frame", frame });
  if (object.error?.cause !== undefined) lines.push(internal("cause", object.error.cause));
  if (object.state !== undefined) {
    lines.push({ type: "note", label: "[[state]]", kind: "internal", text: object.state });
  }
  if (object.value !== undefined) lines.push(internal(object.kind === "proxy" ? "target" : "value", object.value));
  if (object.handler !== undefined) lines.push(internal("handler", object.handler));
  let index = 0;
  const items = (object.items ?? []).map((value): Numbered => {
    const [from, to] = [index, index + (value.type === "hole" ? Math.max(1, value.count) : 1) - 1];
    index = to + 1;
    return { from, to, child: { type: "value", label: span(from, to), kind: "index", value } };
  });
  const entries = (object.entries ?? []).map(([key, value], at): Numbered => ({ from: at, to: at, child: { type: "entry", index: at, key, value } }));
  lines.push(...inHundreds(items), ...inHundreds(entries));
  const properties = (object.properties ?? []).flatMap(({ key, symbol, hidden, value, accessor }, at): Numbered[] => {
    const kind = symbol === true ? "symbol" : hidden === true ? "hidden" : "key";
    const label = symbol === true ? `[${key}]` : key;
    if (accessor !== undefined) return [{ from: at, to: at, child: { type: "note", label, kind, text: words().output.accessors[accessor] } }];
    return value === undefined ? [] : [{ from: at, to: at, child: { type: "value", label, kind, value } }];
  });
  lines.push(...inHundreds(properties));
  if (object.prototype !== undefined) lines.push(internal("Prototype", object.prototype));
  if ((object.more ?? 0) > 0) lines.push({ type: "more", text: words().output.more(object.more ?? 0) });
  return lines;
}

/** A line for an element or an entry, and the first and last place that it stands for. */
type Numbered = { from: number; to: number; child: Child };

const span = (from: number, to: number) => (from === to ? String(from) : `${from} … ${to}`);

function inHundreds(all: readonly Numbered[]): Child[] {
  if (all.length <= HUNDRED) return all.map(({ child }) => child);
  const ranges: Extract<Child, { type: "range" }>[] = [];
  for (let at = 0; at < all.length; at += HUNDRED) {
    const some = all.slice(at, at + HUNDRED);
    const label = `[${span(some[0]?.from ?? 0, some.at(-1)?.to ?? 0)}]`;
    ranges.push({ type: "range", label, lines: some.map(({ child }) => child) });
  }
  return ranges;
}

function internal(name: string, value: Value): Child {
  return { type: "value", label: `[[${name}]]`, kind: "internal", value };
}

/** One line of text for a value that needs no tree: what stands inside another value. */
export function inlineText(value: Value): string {
  switch (value.type) {
    case "undefined":
    case "null":
      return value.type;
    case "boolean":
    case "number":
      return String(value.value);
    case "special_number":
    case "symbol":
      return value.value;
    case "bigint":
      return `${value.value}n`;
    case "string":
      return `${JSON.stringify(value.value)}${cut(value)}`;
    case "hole":
      return words().output.empty(value.count);
    case "ref":
      return `→ #${value.id}`;
    case "object":
      return value.text;
  }
}

/** What a cut string lacks, in words; empty for a whole one. */
export function cut(value: Extract<Value, { type: "string" }>): string {
  const missing = value.length - value.value.length;
  return missing > 0 ? ` … ${words().output.moreCharacters(missing)}` : "";
}
