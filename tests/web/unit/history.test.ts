import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";

import { AutoRun } from "../../../web/auto-run.ts";
import { diffLines } from "../../../web/diff.ts";
import { linesOf } from "../../../web/history-dialog.ts";
import { MOST_EVENTS, MOST_RUNS, RunHistory } from "../../../web/history.ts";
import { report } from "../support/mock-server.ts";
import { Random } from "../support/random.ts";
import { event } from "../support/sample-run.ts";

describe("the history", () => {
  const print = (count: number) => Array.from({ length: count }, (_, i) => event({ text: String(i) }));

  test("keeps runs that have ended, with what they were and printed", () => {
    const history = new RunHistory();
    history.events(print(1));
    history.end(report("completed"), 1);
    assert.equal(history.runs.length, 0, "what nobody began");
    history.begin("lost");
    history.begin("a");
    history.events(print(2));
    history.events(print(1));
    assert.equal(history.runs.length, 0, "it has not ended");
    history.end(report("failed"), 7);
    history.end(report("completed"), 8);
    assert.deepEqual(history.runs.map(({ number, at, program, events, more, report: { outcome } }) => [number, at, program, events.length, more, outcome]), [[1, 7, "a", 3, 0, "failed"]]);
  });

  test("keeps the newest, and of their output as much as it may", () => {
    const history = new RunHistory();
    for (let i = 0; i < MOST_RUNS + 5; i += 1) {
      history.begin(String(i));
      history.end(report("completed"), i);
    }
    assert.deepEqual([history.runs.length, history.runs[0]?.number], [MOST_RUNS, 6]);
    for (let i = 0; i < 10; i += 1) {
      history.begin("loud");
      history.events(print(MOST_EVENTS - 1));
      history.events(print(5));
      history.end(report("completed"), i);
    }
    assert.ok(history.runs.length >= 1);
    assert.ok(history.runs.every(({ program, events, more }) => program === "loud" && events.length === MOST_EVENTS && more === 4));
    assert.ok(history.runs.reduce((sum, { events }) => sum + events.length, 0) <= 10_000);
  });

  test("of a run is its lines, without what differs each time, and how it ended", () => {
    const events = [event({ text: "a\nb" }), event({ text: "all: 12.3 ms", kind: "time" }), event({ text: "no", level: "warn" })];
    assert.deepEqual(linesOf({ events, report: report("completed") }), ["a", "b", "all: 0 ms", "warn: no", "Completed"]);
    const error = { name: "RangeError", message: "no", stack: [] };
    assert.deepEqual(linesOf({ events: [], report: report("failed", { error }) }), ["RangeError: no"]);
  });
});

describe("differences", () => {
  const shown = (before: string, after: string) => diffLines(before.split(" "), after.split(" "))?.map(({ kind, text }) => ({ same: " ", less: "-", more: "+" })[kind] + text).join("");

  test("are the fewest lines out and in", () => {
    assert.equal(shown("a", "a"), " a");
    assert.equal(shown("a b c", "a b c"), " a b c");
    assert.equal(shown("a b c", "a x c"), " a-b+x c");
    assert.equal(shown("a", "b"), "-a+b");
    assert.equal(shown("a b a", "a"), " a-b-a");
    assert.equal(shown("a b c d", "b c d e"), "-a b c d+e");
  });

  test("lead from the one to the other, and are no more than that takes", () => {
    const random = new Random(5);
    for (let i = 0; i < 500; i += 1) {
      const list = () => Array.from({ length: random.below(12) }, () => random.of(["a", "b", "c"]));
      const [before, after] = [list(), list()];
      const lines = diffLines(before, after) ?? [];
      assert.deepEqual(lines.filter(({ kind }) => kind !== "more").map(({ text }) => text), before);
      assert.deepEqual(lines.filter(({ kind }) => kind !== "less").map(({ text }) => text), after);
      assert.ok(lines.length <= before.length + after.length);
    }
  });

  test("of too many lines are not looked for, unless they begin or end alike", () => {
    const many = Array.from({ length: 3_000 }, (_, i) => String(i));
    assert.equal(diffLines(many, many.map((line) => `${line}!`)), null);
    assert.equal(diffLines(many, [...many, "more"])?.filter(({ kind }) => kind !== "same").length, 1);
  });
});

describe("running when typing pauses", () => {
  beforeEach(() => {
    mock.timers.enable({ apis: ["setTimeout"] });
  });
  afterEach(() => {
    mock.timers.reset();
  });

  function make() {
    const page = { text: "a", wanted: true, disturbs: false, runs: 0 };
    const auto = new AutoRun({
      wanted: () => page.wanted,
      program: () => page.text,
      disturbs: () => page.disturbs,
      run: () => {
        page.runs += 1;
        auto.began();
      },
    });
    const type = (text: string) => {
      page.text = text;
      auto.edited();
    };
    return { page, auto, type };
  }

  test("waits for the pause, and runs once", () => {
    const { page, type } = make();
    type("ab");
    mock.timers.tick(999);
    type("abc");
    mock.timers.tick(999);
    assert.equal(page.runs, 0);
    mock.timers.tick(1);
    assert.equal(page.runs, 1);
    mock.timers.tick(10_000);
    assert.equal(page.runs, 1);
  });

  test("does nothing where it is not set, nothing changed, someone is asked, or it was run meanwhile", () => {
    const { page, auto, type } = make();
    type("a");
    mock.timers.tick(1_000);
    page.disturbs = true;
    type("b");
    mock.timers.tick(1_000);
    page.disturbs = false;
    type("c");
    auto.began();
    mock.timers.tick(1_000);
    page.wanted = false;
    type("d");
    mock.timers.tick(1_000);
    page.wanted = true;
    type("e");
    page.wanted = false;
    mock.timers.tick(1_000);
    assert.equal(page.runs, 0);
  });
});
