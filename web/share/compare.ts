// Whether a run did what a recorded one did. Times and what is measured differ from run to run, so they don't count.

import { inlineText } from "../console/children.ts";
import type { ConsoleEvent, Value } from "../protocol.ts";
import { words } from "../strings/words.ts";
import type { Recording } from "./snippet.ts";

/** The first difference as a sentence; `null` when there is none. */
export function firstDifference(recorded: Recording, now: Pick<Recording, "events" | "report">): string | null {
  const [then, today] = [lines(recorded.events), lines(now.events)];
  const length = Math.max(then.length, today.length);
  for (let at = 0; at < length; at += 1) {
    if (then[at] === today[at]) continue;
    if (at >= today.length) return words().printedLess(today.length, then.length);
    if (at >= then.length) return words().printedMore(then.length);
    return words().lineDiffers(at + 1);
  }
  const [was, is] = [recorded.report, now.report];
  if (was.outcome !== is.outcome) return words().endDiffers;
  if (said(was.error) !== said(is.error)) return words().failureDiffers;
  return shown(was.value) === shown(is.value) ? null : words().resultDiffers;
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
