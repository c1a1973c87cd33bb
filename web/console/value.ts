// A console value as elements: primitives as text, objects as trees that grow when they are opened.

import { el, icon } from "../dom.ts";
import type { ObjectKind, ObjectValue, StackFrame, Value } from "../protocol.ts";
import { children, cut, hasChildren, inlineText, type Child } from "./children.ts";
import { pieces } from "./preview.ts";
import { framePosition, frameText, type Jump } from "./position.ts";
import { setUpTree, toggleItem } from "./tree.ts";

/** The object of a `Value`. */
type Objectish = Extract<Value, { type: "object" }>;

/** What rendering needs to know besides the value. */
type Context = {
  jump: Jump;
  /** Ids of the objects around, to tell a cycle from a second mention. */
  around: readonly number[];
};

/** Kinds whose one-line text is words or a literal of its own, with nothing inside to tell apart by colour. */
const PLAIN_PREVIEWS: ReadonlySet<ObjectKind> = new Set(["error", "function", "class", "date", "reg_exp"]);

/** An argument of a console call: a string as it is, anything else as in code. */
export function renderArgument(value: Value, jump: Jump): HTMLElement {
  if (value.type === "string") return el("span", "text", value.value, ...cutNote(value));
  return renderValue(value, jump);
}

/** A value as in code: strings quoted, objects as trees, closed at first unless `open`. */
export function renderValue(value: Value, jump: Jump, open = false): HTMLElement {
  if (value.type !== "object" || !hasChildren(value)) return inline(value, []);
  const context: Context = { jump, around: [] };
  const tree = el("div", "tree");
  tree.setAttribute("role", "tree");
  tree.setAttribute("aria-label", value.text);
  const root = expandable(value, [inline(value, [])], context);
  root.tabIndex = 0;
  tree.append(root);
  setUpTree(tree);
  if (open) toggleItem(root, true);
  return tree;
}

/** A value on one line. */
function inline(value: Value, around: readonly number[]): HTMLElement {
  switch (value.type) {
    case "string":
      return el("span", "v-string", JSON.stringify(value.value), ...cutNote(value));
    case "ref":
      return el("span", "v-ref", `${around.includes(value.id) ? "circular " : ""}→ #${value.id}`);
    case "object": {
      const span = el("span", `v-object v-${value.kind}`);
      for (const piece of PLAIN_PREVIEWS.has(value.kind) ? [{ text: value.text, kind: "" }] : pieces(value.text)) {
        span.append(piece.kind === "" ? piece.text : el("span", `v-${piece.kind}`, piece.text));
      }
      if (value.kind === "proxy" && !value.text.startsWith("Proxy")) span.prepend(el("span", "tag", "Proxy"), " ");
      if (value.id !== undefined) span.append(" ", el("span", "tag", `#${value.id}`));
      return span;
    }
    default:
      return el("span", `v-${value.type}`, inlineText(value));
  }
}

function cutNote(value: Extract<Value, { type: "string" }>): HTMLElement[] {
  const note = cut(value);
  return note === "" ? [] : [el("span", "more", note)];
}

/** A line that opens: its children are made when it does. */
function expandable(value: Objectish, label: (Node | string)[], context: Context): HTMLElement {
  return opening(label, () => {
    const around = value.id === undefined ? context.around : [...context.around, value.id];
    return linesOf(value, { ...context, around });
  });
}

function linesOf(object: ObjectValue, context: Context): HTMLElement[] {
  return children(object).map((child) => line(child, context));
}

function line(child: Child, context: Context): HTMLElement {
  switch (child.type) {
    case "value":
      return labelled(el("span", `k-${child.kind}`, child.label), child.value, context);
    case "note":
      return leaf([el("span", `k-${child.kind}`, child.label), ": ", el("span", "v-note", child.text)]);
    case "frame":
      return frameLine(child.frame, context.jump);
    case "more":
      return leaf([el("span", "more", child.text)]);
    case "entry":
      return entry(child, context);
  }
}

function labelled(label: HTMLElement, value: Value, context: Context): HTMLElement {
  const content = [label, ": ", inline(value, context.around)];
  return value.type === "object" && hasChildren(value) ? expandable(value, content, context) : leaf(content);
}

/** An entry of a Map: on one line when key and value need no more, else opening to both. */
function entry({ index, key, value }: Extract<Child, { type: "entry" }>, context: Context): HTMLElement {
  const content = [
    el("span", "k-index", String(index)),
    ": ",
    inline(key, context.around),
    el("span", "more", " ⇒ "),
    inline(value, context.around),
  ];
  const opens = (half: Value) => half.type === "object" && hasChildren(half);
  if (!opens(key) && !opens(value)) return leaf(content);
  return opening(content, () => [
    labelled(el("span", "k-internal", "key"), key, context),
    labelled(el("span", "k-internal", "value"), value, context),
  ]);
}

/** A frame of an error's stack; Enter or a click goes there. */
function frameLine(frame: StackFrame, jump: Jump): HTMLElement {
  const item = leaf([el("span", "frame", frameText(frame), " ", el("span", "link", framePosition(frame)))]);
  item.dataset["action"] = "jump";
  item.addEventListener("click", () => {
    jump(frame);
  });
  return item;
}

function leaf(content: (Node | string)[]): HTMLElement {
  const item = el("div", "item");
  item.setAttribute("role", "treeitem");
  item.tabIndex = -1;
  const text = el("div", "line", ...content);
  item.append(text);
  item.setAttribute("aria-label", text.textContent);
  return item;
}

function opening(content: (Node | string)[], make: () => HTMLElement[]): HTMLElement {
  const item = leaf(content);
  item.firstElementChild?.prepend(icon("twisty"));
  item.setAttribute("aria-expanded", "false");
  const group = el("div", "group");
  group.setAttribute("role", "group");
  group.hidden = true;
  item.append(group);
  let made = false;
  item.addEventListener("toggle-item", (event) => {
    if (event.target !== item || made) return;
    made = true;
    group.append(...make());
  });
  return item;
}
