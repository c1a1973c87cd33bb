// The runs of this visit as a dialog: to go back to one, and to see what changed in the output from one to the next.

import { diffLines } from "./diff.ts";
import { showDialog } from "./dialogs.ts";
import { button, el } from "./dom.ts";
import { parse } from "./files.ts";
import type { PastRun } from "./history.ts";
import { outcomeMessage } from "./run.ts";
import { currentLocale, words } from "./strings/words.ts";
import { duration } from "./units.ts";

/** So many lines around a difference are shown with it. */
const CONTEXT = 2;

/** Shows the runs, newest first. */
export function openHistory(runs: readonly PastRun[], goBack: (run: PastRun) => void): void {
  const text = words();
  const differences = el("div", "differences");
  differences.setAttribute("role", "status");
  const list = el("ol", "history-list");
  const { dialog } = showDialog(text.history, "history-dialog");
  for (const [at, run] of [...runs.entries()].reverse()) {
    const before = runs[at - 1];
    const again = button("plain small", text.goBack, () => {
      dialog.close();
      goBack(run);
    });
    again.setAttribute("aria-label", `${text.goBack}: ${text.runNumber(run.number)}`);
    const buttons = el("div", "history-buttons", again);
    if (before !== undefined) {
      const compare = button("plain small", text.compareBefore, () => {
        compareRuns(differences, before, run);
        differences.scrollIntoView({ block: "nearest" });
      });
      compare.setAttribute("aria-label", `${text.compareBefore}: ${text.runNumber(run.number)}`);
      buttons.append(compare);
    }
    list.append(el("li", "history-run", rowOf(run), buttons));
  }
  const heading = el("h2", "dialog-title", text.history);
  dialog.append(
    heading,
    el("div", "dialog-scroll", runs.length === 0 ? el("p", "dialog-note", text.noHistory) : list, differences),
    el(
      "div",
      "dialog-buttons",
      button("plain", text.close, () => {
        dialog.close();
      }),
    ),
  );
  (dialog.querySelector<HTMLElement>(".history-list button") ?? dialog.querySelector("button"))?.focus();
}

function rowOf({ number, at, program, report }: PastRun): HTMLElement {
  const text = words();
  const { outcome, usage } = report;
  const badge = el("span", "badge", text.outcomes[outcome]);
  badge.dataset["tone"] = outcome === "completed" ? "good" : outcome === "stopped" ? "quiet" : outcome === "failed" || outcome === "crashed" ? "bad" : "warn";
  const { files, entry } = parse(program);
  const main = files.find(({ name }) => name === entry) ?? files[0];
  const line = main?.content.split("\n").find((it) => it.trim() !== "" && !it.trim().startsWith("//")) ?? "";
  const when = new Date(at).toLocaleTimeString(currentLocale());
  return el(
    "div",
    "history-what",
    el("span", "history-when", badge, ` ${text.runNumber(number)}, ${when}, ${duration(usage.wall_ms)}`),
    el("code", "history-line", line.trim().slice(0, 120)),
  );
}

/** Every line that a run has printed, and how it ended. */
export function linesOf({ events, report }: Pick<PastRun, "events" | "report">): string[] {
  const printed = events.flatMap(({ text, level, kind }) => (level === "log" ? text : `${level}: ${text}`).split("\n").map((line) => (kind === "time" ? line.replace(/\d+(\.\d+)?/g, "0") : line)));
  const { error, outcome } = report;
  return [...printed, error === null ? words().outcomes[outcome] : outcomeMessage(report)];
}

function compareRuns(place: HTMLElement, before: PastRun, after: PastRun): void {
  const text = words();
  const lines = diffLines(linesOf(before), linesOf(after));
  const heading = el("h3", "differences-title", text.differences(before.number, after.number));
  if (lines === null || lines.every(({ kind }) => kind === "same")) {
    place.replaceChildren(heading, el("p", "dialog-note", lines === null ? text.tooLongToCompare : text.sameOutput));
    return;
  }
  const list = el("ol", "diff");
  let skipped = false;
  for (const [at, { kind, text: line }] of lines.entries()) {
    const near = lines.slice(Math.max(0, at - CONTEXT), at + CONTEXT + 1).some((it) => it.kind !== "same");
    if (!near) {
      skipped = true;
      continue;
    }
    if (skipped) list.append(el("li", "diff-gap", "⋯"));
    skipped = false;
    const sign = el("span", "diff-sign", { same: " ", less: "−", more: "+" }[kind]);
    if (kind === "same") sign.setAttribute("aria-hidden", "true");
    else sign.append(el("span", "sr-only", kind === "less" ? text.onlyBefore : text.onlyAfter));
    const item = el("li", `diff-${kind}`, sign, line);
    list.append(item);
  }
  place.replaceChildren(heading, list);
}
