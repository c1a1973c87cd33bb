// A console value as elements: primitives as text, objects as trees that grow when they are opened.

import { el, icon } from "../dom.ts";
import type { ObjectKind, ObjectValue, StackFrame, Value } from "../protocol.ts";
import { bounded, brief, type Budget } from "./bounds.ts";
import { children, cut, hasChildren, inlineText, type Child } from "./children.ts";
import { pieces } from "./preview.ts";
import { words } from "../strings/words.ts";
import { plainNodes, textNodes } from "./text.ts";
import { framePosition, frameText, type Jump } from "./position.ts";
import { setUpTree } from "./tree.ts";

/** The object of a `Value`. */
type Objectish = Extract<Value, { type: "object" }>;

/** What rendering needs to know besides the value. */
type Context = {
  jump: Jump;
  /** How deep in the tree, the root being 1. */
  level: number;
  /** Ids of the objects around, to tell a cycle from a second mention. */
  around: readonly number[];
};

/** Kinds whose one-line text is words or a literal of its own, with nothing inside to tell apart by colour. */
const PLAIN_PREVIEWS: ReadonlySet<ObjectKind> = new Set(["error", "function", "class", "date", "temporal", "reg_exp"]);

/** Values by the elements that show them. */
const shown = new WeakMap<Element, Value>();

/** Says that `element` shows `value`. */
export function standsFor(element: Element, value: Value): void {
  shown.set(element, value);
}

/** The value that `element` shows or is part of; `null` outside of values. */
export function valueAt(element: Element | null): Value | null {
  for (let at = element; at !== null; at = at.parentElement) {
    const value = shown.get(at);
    if (value !== undefined) return value;
    if (at.getAttribute("role") === "tree") return null;
  }
  return null;
}

/** An argument of a console call: a string as it is, anything else as in code. */
export function renderArgument(value: Value, jump: Jump, budget?: Budget): HTMLElement {
  if (value.type !== "string") return renderValue(value, jump, false, budget);
  const made = el("span", "text", ...textNodes(value.value, budget), ...cutNote(value));
  shown.set(made, value);
  return made;
}

/** A value as in code: strings quoted, objects as trees, closed at first unless `open`. */
export function renderValue(value: Value, jump: Jump, open = false, budget?: Budget): HTMLElement {
  if (value.type !== "object" || !hasChildren(value)) {
    const made = inline(value, [], budget);
    shown.set(made, value);
    return made;
  }
  const context: Context = { jump, level: 1, around: [] };
  const tree = el("div", "tree");
  tree.setAttribute("role", "tree");
  tree.setAttribute("aria-label", brief(value.text));
  tree.append(expandable(value, [inline(value, [], budget)], context));
  setUpTree(tree, open);
  return tree;
}

/** A value on one line. */
function inline(value: Value, around: readonly number[], budget?: Budget): HTMLElement {
  switch (value.type) {
    case "string":
      return el("span", "v-string", ...textNodes(JSON.stringify(value.value), budget), ...cutNote(value));
    case "ref":
      return el("span", "v-ref", `${around.includes(value.id) ? `${words().output.circular} ` : ""}→ #${value.id}`);
    case "object": {
      const span = el("span", `v-object v-${value.kind}`);
      if (PLAIN_PREVIEWS.has(value.kind)) span.append(...plainNodes(value.text, budget));
      else span.append(...preview(value.text, budget));
      if (value.kind === "proxy" && !value.text.startsWith("Proxy")) span.prepend(el("span", "tag", "Proxy"), " ");
      if (value.id !== undefined) span.append(" ", el("span", "tag", `#${value.id}`));
      return span;
    }
    default:
      return el("span", `v-${value.type}`, ...plainNodes(inlineText(value), budget));
  }
}

/** The most characters of an object's preview. What is in it can be unfolded. */
const MOST_PREVIEW = 10_000;

function preview(text: string, budget?: Budget): (Node | string)[] {
  const { shown, end } = bounded(text, Math.max(100, Math.min(MOST_PREVIEW, budget?.characters ?? MOST_PREVIEW)));
  if (budget !== undefined) budget.characters -= shown.length;
  const nodes = pieces(shown).map((piece) => (piece.kind === "" ? piece.text : el("span", `v-${piece.kind}`, piece.text)));
  return end === text.length ? nodes : [...nodes, el("span", "more", ` … ${words().output.moreCharacters(text.length - end)}`)];
}

function cutNote(value: Extract<Value, { type: "string" }>): HTMLElement[] {
  const note = cut(value);
  return note === "" ? [] : [el("span", "more", note)];
}

/** A line that opens: its children are made when it does. */
function expandable(value: Objectish, label: (Node | string)[], context: Context): HTMLElement {
  const made = opening(label, context, (below) => {
    const around = value.id === undefined ? context.around : [...context.around, value.id];
    return linesOf(value, { ...below, around });
  });
  shown.set(made, value);
  return made;
}

function linesOf(object: ObjectValue, context: Context): HTMLElement[] {
  return children(object).map((child) => line(child, context));
}

function line(child: Child, context: Context): HTMLElement {
  switch (child.type) {
    case "value":
      return labelled(el("span", `k-${child.kind}`, brief(child.label)), child.value, context);
    case "note":
      return leaf([el("span", `k-${child.kind}`, brief(child.label)), ": ", el("span", "v-note", child.text)], context);
    case "frame":
      return frameLine(child.frame, context);
    case "more":
      return leaf([el("span", "more", child.text)], context);
    case "entry":
      return entry(child, context);
    case "range":
      return opening([el("span", "k-index", child.label)], context, (below) => child.lines.map((each) => line(each, below)));
  }
}

function labelled(label: HTMLElement, value: Value, context: Context): HTMLElement {
  const content = [label, ": ", inline(value, context.around)];
  if (value.type === "object" && hasChildren(value)) return expandable(value, content, context);
  const made = leaf(content, context);
  shown.set(made, value);
  return made;
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
  const { key: keyWord, value: valueWord } = words().output;
  const made =
    !opens(key) && !opens(value)
      ? leaf(content, context)
      : opening(content, context, (below) => [
          labelled(el("span", "k-internal", keyWord), key, below),
          labelled(el("span", "k-internal", valueWord), value, below),
        ]);
  shown.set(made, value);
  return made;
}

/** A frame of an error's stack; Enter or a click goes there. */
function frameLine(frame: StackFrame, context: Context): HTMLElement {
  const made = leaf([el("span", "frame", frameText(frame), " ", el("span", "link", framePosition(frame)))], context);
  made.dataset["action"] = "jump";
  made.addEventListener("click", () => {
    context.jump(frame);
  });
  return made;
}

/** A line. Lines below it go into a sibling, so that its name for a screen reader is its own text alone. */
function leaf(content: (Node | string)[], context: Context): HTMLElement {
  const made = el("div", "line", ...content);
  made.setAttribute("role", "treeitem");
  made.setAttribute("aria-level", String(context.level));
  made.tabIndex = -1;
  return made;
}

function opening(content: (Node | string)[], context: Context, make: (below: Context) => HTMLElement[]): HTMLElement {
  const item = leaf([icon("twisty"), ...content], context);
  item.setAttribute("aria-expanded", "false");
  const group = el("div", "group");
  group.hidden = true;
  item.addEventListener("toggle-item", () => {
    if (!group.hasChildNodes()) group.append(...make({ ...context, level: context.level + 1 }));
  });
  return el("div", "item", item, group);
}
