// Whether a run did what a recorded one did. Times and what is measured differ from run to run, so they don't count.

import { inlineText } from "../console/children.ts";
import type { ConsoleEvent, Value } from "../protocol.ts";
import type { Recording } from "./snippet.ts";

/** The first difference as a sentence; `null` when there is none. */
export function firstDifference(recorded: Recording, now: Pick<Recording, "events" | "report">): string | null {
  const [then, today] = [lines(recorded.events), lines(now.events)];
  const length = Math.max(then.length, today.length);
  for (let at = 0; at < length; at += 1) {
    if (then[at] === today[at]) continue;
    if (at >= today.length) return `It printed ${today.length} of ${then.length} lines.`;
    if (at >= then.length) return `It printed more lines than the ${then.length} recorded.`;
    return `Line ${at + 1} of the output is another.`;
  }
  const [was, is] = [recorded.report, now.report];
  if (was.outcome !== is.outcome) return "It ended in another way.";
  if (said(was.error) !== said(is.error)) return "It failed in another way.";
  return shown(was.value) === shown(is.value) ? null : "Its result is another.";
}

function lines(events: readonly ConsoleEvent[]): string[] {
  return events.map(({ level, kind, text, depth }) => {
    const plain = kind === "time" ? text.replace(/\d+(\.\d+)?/g, "0") : text;
    return JSON.stringify([level, kind ?? "", depth ?? 0, plain]);
  });
}

function said(error: { name: string; message: string } | null): string {
  return error === null ? "" : `${error.name}: ${error.message}`;
}

function shown(value: Value | null): string {
  return value === null ? "" : value.type === "string" ? JSON.stringify(value.value) : inlineText(value);
}
