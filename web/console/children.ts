// What an expanded object shows, line by line: data only, so that it can be tested without a page.

import type { ObjectValue, StackFrame, Value } from "../protocol.ts";
import { count, plural } from "../units.ts";

/** How a line's label looks: a key of the program, a symbol, an index, or one of V8's `[[internal]]` names. */
export type LabelKind = "key" | "hidden" | "symbol" | "index" | "internal";

/** A line below an expanded value. */
export type Child =
  | { type: "value"; label: string; kind: LabelKind; value: Value }
  /** A word in place of a value. */
  | { type: "note"; label: string; kind: LabelKind; text: string }
  | { type: "frame"; frame: StackFrame }
  | { type: "entry"; index: number; key: Value; value: Value }
  /** What was cut. */
  | { type: "more"; text: string };

const ACCESSORS = { getter: "(getter)", setter: "(setter)", getter_setter: "(getter, setter)" } as const;

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
  for (const value of object.items ?? []) {
    const width = value.type === "hole" ? Math.max(1, value.count) : 1;
    const label = width === 1 ? String(index) : `${index} … ${index + width - 1}`;
    lines.push({ type: "value", label, kind: "index", value });
    index += width;
  }
  for (const [at, [key, value]] of (object.entries ?? []).entries()) lines.push({ type: "entry", index: at, key, value });
  for (const { key, symbol, hidden, value, accessor } of object.properties ?? []) {
    const kind = symbol === true ? "symbol" : hidden === true ? "hidden" : "key";
    const label = symbol === true ? `[${key}]` : key;
    if (accessor !== undefined) lines.push({ type: "note", label, kind, text: ACCESSORS[accessor] });
    else if (value !== undefined) lines.push({ type: "value", label, kind, value });
  }
  if ((object.more ?? 0) > 0) lines.push({ type: "more", text: `… ${count(object.more ?? 0)} more` });
  return lines;
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
      return value.count > 1 ? `empty × ${count(value.count)}` : "empty";
    case "ref":
      return `→ #${value.id}`;
    case "object":
      return value.text;
  }
}

/** What a cut string lacks, in words; empty for a whole one. */
export function cut(value: Extract<Value, { type: "string" }>): string {
  const missing = value.length - value.value.length;
  return missing > 0 ? ` … ${plural(missing, "more character")}` : "";
}
