// A line of the console as a row.

import { button, el, icon } from "../dom.ts";
import type { ConsoleEvent, Level, RunError, Value } from "../protocol.ts";
import { words } from "../strings/words.ts";
import { count as figure, sinceStart } from "../units.ts";
import { brief, rowBudget, type Budget } from "./bounds.ts";
import { inlineText } from "./children.ts";
import { applyStyle } from "./css.ts";
import { renderBundle } from "./display.ts";
import { clock, type Line } from "./lines.ts";
import { positionButton, renderStack, type Jump } from "./position.ts";
import { renderTable } from "./table.ts";
import { plainNodes, textNodes } from "./text.ts";
import { renderArgument, renderValue, standsFor } from "./value.ts";

/** Depth beyond which rows are not indented further. */
const MAX_INDENT = 10;

/** The row of a line. */
export function renderLine(line: Line, jump: Jump): HTMLElement {
  const made = rowOf(line, jump);
  updateRow(made, line);
  return made;
}

/** Brings a row up to what has changed of its line: how often it came, and when last. */
export function updateRow(made: HTMLElement, { times, what, opens }: Line): void {
  const count = made.querySelector<HTMLElement>(":scope > .times");
  if (count !== null && times > 1 && count.textContent !== figure(times)) {
    count.hidden = false;
    count.textContent = figure(times);
    count.title = words().output.times(times);
  }
  if (what.type === "event" && times > 1) {
    const time = made.querySelector(":scope > .aside > .at");
    if (time !== null) time.textContent = sinceStart(what.event.at_ms);
  }
  if (opens !== null) made.querySelector(":scope > .message .group-toggle")?.setAttribute("aria-expanded", String(opens.open));
}

function rowOf({ what, depth }: Line, jump: Jump): HTMLElement {
  switch (what.type) {
    case "event":
      return eventRow(what.event, depth, jump);
    case "result": {
      const made = row("log", [renderValue(what.value, jump)], 0, icon("result", words().output.marks.result));
      made.classList.add("result");
      return made;
    }
    case "error": {
      const made = row("error", uncaught(what.error, jump), 0);
      made.classList.add("uncaught");
      return made;
    }
    case "notice": {
      const made = row(what.level, [el("span", "text", ...plainNodes(what.text))], 0);
      made.classList.add("notice");
      return made;
    }
    case "input": {
      const made = row("log", [el("span", "text", ...plainNodes(what.source))], 0, icon("input", words().output.marks.input));
      made.classList.add("input");
      return made;
    }
    case "run": {
      const made = row("log", [words().output.runStarts(what.number, clock(what.at))], 0);
      made.classList.add("run-line");
      return made;
    }
  }
}

function eventRow(event: ConsoleEvent, depth: number, jump: Jump): HTMLElement {
  const mark = event.kind === "prompt" && event.level === "log" ? icon("ask", words().output.marks.ask) : undefined;
  const made = row(event.level, message(event, jump), depth, mark);
  if (event.kind !== undefined) made.dataset["kind"] = event.kind;
  made.dataset["atMs"] = String(event.at_ms);
  const aside = el("span", "aside", el("span", "at", sinceStart(event.at_ms)));
  if (event.line > 0) aside.append(positionButton(event, jump));
  made.querySelector(".row-menu")?.before(aside);
  return made;
}

/** An error that nobody caught, with where it came from and what caused it. */
function uncaught(error: RunError, jump: Jump): (Node | string)[] {
  const lead = error.name === "Uncaught" ? "" : `${brief(error.name)}: `;
  const text = el("span", "text", el("span", "uncaught-mark", error.in_promise === true ? words().output.inPromise : words().output.uncaught), " ", lead, ...textNodes(error.message));
  return [text, renderStack(error.stack, jump), ...(error.cause === undefined ? [] : [causedBy(error.cause, jump)])];
}

function row(level: Level, content: (Node | string)[], depth: number, mark?: Node): HTMLElement {
  const times = el("span", "times");
  times.hidden = true;
  const menu = button("row-menu", icon("more"), () => undefined);
  menu.setAttribute("aria-label", words().output.openMenu);
  menu.setAttribute("aria-haspopup", "menu");
  const made = el("li", `row level-${level}`, el("span", "mark", mark ?? levelIcon(level)), times, el("div", "message", ...content), menu);
  if (depth > 0) made.style.setProperty("--depth", String(Math.min(depth, MAX_INDENT)));
  return made;
}

function levelIcon(level: Level): Node | string {
  const { marks } = words().output;
  switch (level) {
    case "warn":
      return icon("warn", marks.warn);
    case "error":
      return icon("error", marks.error);
    case "info":
      return icon("info", marks.info);
    case "log":
    case "debug":
      return "";
  }
}

function message(event: ConsoleEvent, jump: Jump): (Node | string)[] {
  switch (event.kind) {
    case "table":
      // A table of something that is none has no cells and is shown like a message.
      return event.table === undefined ? content(event, jump) : [renderTable(event.table, jump)];
    case "dir":
      return event.args.slice(0, 1).map((value) => renderValue(value, jump, true));
    case "clear":
      return [el("span", "quiet", words().output.cleared)];
    case "assert":
      return [el("strong", "", words().output.assertion), event.args.length > 0 ? ": " : "", ...content(event, jump)];
    case "trace":
      return [
        el("strong", "", words().output.trace),
        event.args.length > 0 ? ": " : "",
        ...content(event, jump),
        renderStack(event.stack ?? [], jump),
      ];
    case "group":
    case "group_collapsed":
      return [groupHeading(event, jump)];
    case "count":
      return [el("span", "text", ...plainNodes(event.text))];
    case "network":
      return [el("strong", "", words().output.network), ": ", el("span", "text", ...textNodes(event.text))];
    case "prompt":
      return question(event);
    case "display":
      return event.bundle === undefined ? content(event, jump) : [renderBundle(event.bundle)];
    case "time":
      return timed(event, jump);
    default:
      return event.args.length === 0 ? [el("span", "text", ...textNodes(event.text))] : content(event, jump);
  }
}

/** `label: 12.3 ms`, which only `text` has, and what `console.timeLog` was given besides. */
function timed(event: ConsoleEvent, jump: Jump): (Node | string)[] {
  const rest = event.args.map((value) => (value.type === "string" ? value.value : inlineText(value))).join(" ");
  const whole = rest === "" || !event.text.endsWith(rest);
  const lead = el("span", "text", ...plainNodes(whole ? event.text : event.text.slice(0, -rest.length)));
  return whole ? [lead] : [lead, ...content(event, jump)];
}

/** What the program asked, and the answer. */
function question(event: ConsoleEvent): Node[] {
  const [asked, answer] = event.args;
  if (answer === undefined) return [el("span", "text", ...plainNodes(asked === undefined ? event.text : spoken(asked)))];
  const nodes = [el("span", "text", ...plainNodes(asked === undefined ? "" : spoken(asked))), document.createTextNode(" ")];
  if (answer.type === "null") return [...nodes, el("span", "quiet", words().output.cancelled)];
  return [...nodes, el("span", "answer", ...plainNodes(answer.type === "boolean" ? (answer.value ? words().output.yes : words().output.no) : spoken(answer)))];
}

/** A text without its quotes, with `…` where it was cut. */
function spoken(value: Value): string {
  if (value.type !== "string") return inlineText(value);
  return value.length > value.value.length ? `${value.value}…` : value.value;
}

function groupHeading(event: ConsoleEvent, jump: Jump): HTMLElement {
  const toggle = el("button", "group-toggle", icon("twisty"));
  toggle.type = "button";
  toggle.setAttribute("aria-expanded", String(event.kind === "group"));
  const label = event.text === "" ? "console.group" : event.text;
  toggle.setAttribute("aria-label", words().output.group(brief(label)));
  return el("div", "group-heading", toggle, el("strong", "", ...(event.args.length === 0 ? plainNodes(label) : content(event, jump))));
}

/** The most parts of a format string, and arguments behind it, that are shown. A run's own are fewer. */
const MOST_PARTS = 300;

/** The arguments in a line: those of a format string as it lays them out, the others with spaces between. */
function content(event: ConsoleEvent, jump: Jump): Node[] {
  const nodes: Node[] = [];
  const budget = rowBudget();
  let rest = event.args;
  let missing = 0;
  if (event.format !== undefined) {
    const formatted = el("span", "text");
    missing += Math.max(0, event.format.parts.length - MOST_PARTS);
    for (const part of event.format.parts.slice(0, MOST_PARTS)) {
      if (part.type === "text") {
        const text = el("span", "", ...textNodes(part.text, budget));
        if (part.style !== undefined) applyStyle(text, part.style);
        formatted.append(text);
      } else {
        const value = event.args[part.arg];
        if (value !== undefined) formatted.append(renderValue(value, jump, false, budget));
      }
    }
    nodes.push(formatted);
    rest = event.args.slice(event.format.consumed);
  }
  missing += Math.max(0, rest.length - MOST_PARTS);
  for (const value of rest.slice(0, MOST_PARTS)) {
    if (nodes.length > 0) nodes.push(document.createTextNode(" "));
    nodes.push(...argument(value, jump, budget));
  }
  if (missing > 0) nodes.push(document.createTextNode(" "), el("span", "more", words().output.more(missing)));
  return nodes;
}

/** An argument; of an error also, at once, where it was made. */
function argument(value: Value, jump: Jump, budget: Budget): Node[] {
  if (value.type !== "object" || value.error === undefined) return [renderArgument(value, jump, budget)];
  const { stack, cause } = value.error;
  const { error, ...plain } = value;
  const made = renderValue(plain, jump, false, budget);
  standsFor(made, value);
  const nodes: Node[] = [made];
  if (stack.length > 0) nodes.push(renderStack(stack, jump));
  if (cause !== undefined) nodes.push(causedBy(cause, jump, budget));
  return nodes;
}

function causedBy(cause: Value, jump: Jump, budget = rowBudget()): HTMLElement {
  return el("div", "cause", el("span", "quiet", words().output.causedBy), " ", ...argument(cause, jump, budget));
}
