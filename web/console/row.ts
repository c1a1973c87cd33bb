// One console event (or one thing the page itself says) as a row.

import { el, icon } from "../dom.ts";
import type { ConsoleEvent, Level, RunError, Value } from "../protocol.ts";
import { sinceStart } from "../units.ts";
import { inlineText } from "./children.ts";
import { applyStyle } from "./css.ts";
import { renderBundle } from "./display.ts";
import { positionButton, renderStack, type Jump } from "./position.ts";
import { renderTable } from "./table.ts";
import { renderArgument, renderValue } from "./value.ts";

/** Depth beyond which rows are not indented further. */
const MAX_INDENT = 10;

/** The row of a console event. */
export function eventRow(event: ConsoleEvent, jump: Jump): HTMLElement {
  const mark = event.kind === "prompt" && event.level === "log" ? icon("ask", "Question") : undefined;
  const made = row(event.level, message(event, jump), event.depth ?? 0, mark);
  if (event.kind !== undefined) made.dataset["kind"] = event.kind;
  const aside = el("span", "aside");
  const time = el("span", "at", sinceStart(event.at_ms));
  made.dataset["atMs"] = String(event.at_ms);
  aside.append(time);
  if (event.line > 0) aside.append(positionButton(event, jump));
  made.append(aside);
  return made;
}

/** The row of a program's result. */
export function resultRow(value: Value, jump: Jump): HTMLElement {
  const made = row("log", [renderValue(value, jump)], 0, icon("result", "Result"));
  made.classList.add("result");
  return made;
}

/** The row of the error that ended a program. */
export function errorRow(error: RunError, jump: Jump): HTMLElement {
  const lead = error.name === "Uncaught" ? "Uncaught " : `Uncaught ${error.name}: `;
  const made = row("error", [el("span", "text", lead, error.message), renderStack(error.stack, jump)], 0);
  made.classList.add("uncaught");
  return made;
}

/** A row of the page's own words. */
export function noticeRow(level: Level, text: string): HTMLElement {
  const made = row(level, [el("span", "text", text)], 0);
  made.classList.add("notice");
  return made;
}

/** The button of a group's heading row. */
export function groupButton(made: HTMLElement): HTMLButtonElement | null {
  return made.querySelector("button.group-toggle");
}

function row(level: Level, content: (Node | string)[], depth: number, mark?: Node): HTMLElement {
  const made = el("li", `row level-${level}`, el("span", "mark", mark ?? levelIcon(level)), el("div", "message", ...content));
  if (depth > 0) made.style.setProperty("--depth", String(Math.min(depth, MAX_INDENT)));
  return made;
}

function levelIcon(level: Level): Node | string {
  switch (level) {
    case "warn":
      return icon("warn", "Warning");
    case "error":
      return icon("error", "Error");
    case "info":
      return icon("info", "Information");
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
      return [el("span", "quiet", "Console was cleared")];
    case "assert":
      return [el("strong", "", "Assertion failed"), event.args.length > 0 ? ": " : "", ...content(event, jump)];
    case "trace":
      return [
        el("strong", "", "Trace"),
        event.args.length > 0 ? ": " : "",
        ...content(event, jump),
        renderStack(event.stack ?? [], jump),
      ];
    case "group":
    case "group_collapsed":
      return [groupHeading(event, jump)];
    case "count":
      return [el("span", "text", event.text)];
    case "network":
      return [el("strong", "", "Network"), ": ", el("span", "text", event.text)];
    case "prompt":
      return question(event);
    case "display":
      return event.bundle === undefined ? content(event, jump) : [renderBundle(event.bundle)];
    case "time":
      return timed(event, jump);
    default:
      return event.args.length === 0 ? [el("span", "text", event.text)] : content(event, jump);
  }
}

/** `label: 12.3 ms`, which only `text` has, and what `console.timeLog` was given besides. */
function timed(event: ConsoleEvent, jump: Jump): (Node | string)[] {
  const rest = event.args.map((value) => (value.type === "string" ? value.value : inlineText(value))).join(" ");
  const whole = rest === "" || !event.text.endsWith(rest);
  const lead = el("span", "text", whole ? event.text : event.text.slice(0, -rest.length));
  return whole ? [lead] : [lead, ...content(event, jump)];
}

/** What the program asked, and the answer. */
function question(event: ConsoleEvent): Node[] {
  const [asked, answer] = event.args;
  if (answer === undefined) return [el("span", "text", asked === undefined ? event.text : spoken(asked))];
  const nodes = [el("span", "text", asked === undefined ? "" : spoken(asked)), document.createTextNode(" ")];
  if (answer.type === "null") return [...nodes, el("span", "quiet", "cancelled")];
  return [...nodes, el("span", "answer", answer.type === "boolean" ? (answer.value ? "Yes" : "No") : spoken(answer))];
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
  toggle.setAttribute("aria-label", `Group ${label}`);
  return el("div", "group-heading", toggle, el("strong", "", ...(event.args.length === 0 ? [label] : content(event, jump))));
}

/** The arguments in a line: those of a format string as it lays them out, the others with spaces between. */
function content(event: ConsoleEvent, jump: Jump): Node[] {
  const nodes: Node[] = [];
  let rest = event.args;
  if (event.format !== undefined) {
    const formatted = el("span", "text");
    for (const part of event.format.parts) {
      if (part.type === "text") {
        const text = el("span", "", part.text);
        if (part.style !== undefined) applyStyle(text, part.style);
        formatted.append(text);
      } else {
        const value = event.args[part.arg];
        if (value !== undefined) formatted.append(renderValue(value, jump));
      }
    }
    nodes.push(formatted);
    rest = event.args.slice(event.format.consumed);
  }
  for (const value of rest) {
    if (nodes.length > 0) nodes.push(document.createTextNode(" "));
    nodes.push(...argument(value, jump));
  }
  return nodes;
}

/** An argument; of an error also, at once, where it was made. */
function argument(value: Value, jump: Jump): Node[] {
  if (value.type !== "object" || value.error === undefined) return [renderArgument(value, jump)];
  const { stack, cause } = value.error;
  const { error, ...plain } = value;
  const nodes: Node[] = [renderValue(plain, jump)];
  if (stack.length > 0) nodes.push(renderStack(stack, jump));
  if (cause !== undefined) {
    const causes = el("div", "cause", el("span", "quiet", "Caused by: "), ...argument(cause, jump));
    nodes.push(causes);
  }
  return nodes;
}
