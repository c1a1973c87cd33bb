import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { Composed, Gate } from "../../../web/embedded/parts.ts";
import type { StackFrame, Value } from "../../../web/protocol.ts";
import { report } from "../support/mock-server.ts";
import { Random } from "../support/random.ts";
import { event } from "../support/sample-run.ts";

const at = (line: number): StackFrame => ({ function: "f", line, column: 3 });
const alone = { before: "", setup: "", check: "" };

test("a program without company is sent as it is, and nothing is moved", () => {
  const composed = new Composed("throw 1", alone);
  assert.equal(composed.text, "throw 1");
  const printed = event({ line: 1, column: 7 });
  assert.equal(composed.event(printed), printed);
  assert.deepEqual(new Gate(composed).pass([printed]), [printed]);
});

test("company shares the scope, and a blank one is none", () => {
  const composed = new Composed("b", { before: "const a = 1;", setup: "  \n", check: "c" });
  assert.equal(composed.text, "const a = 1;\n;globalThis.console?.clear?.();\nb\n;\nc");
});

/** The line of the text that has `word`. */
const lineOf = (text: string, word: string) => text.split("\n").findIndex((line) => line.includes(word)) + 1;

test("whatever is around it, each line of the program keeps its number", () => {
  for (let seed = 0; seed < 500; seed += 1) {
    const random = new Random(seed);
    const code = (name: string) => Array.from({ length: random.below(5) }, (_, n) => (random.below(4) === 0 ? "" : `${name}${n};`)).join("\n");
    const program = Array.from({ length: 1 + random.below(5) }, (_, n) => `visible${n};`);
    const company = { before: code("before"), setup: code("setup"), check: code("check") };
    const composed = new Composed(program.join("\n"), company);
    for (const [n, line] of program.entries()) {
      const there = lineOf(composed.text, line);
      assert.equal(composed.where(there), "program", `seed ${seed}`);
      const moved = composed.event(event({ line: there, column: 5 }));
      assert.deepEqual([moved.line, moved.column], [n + 1, 5], `seed ${seed}`);
    }
    for (const [name, where] of [["before", "before"], ["setup", "before"], ["check", "check"]] as const) {
      for (let n = 0; n < 5; n += 1) {
        const there = lineOf(composed.text, `${name}${n};`);
        if (there > 0) assert.equal(composed.where(there), where, `seed ${seed}`);
      }
    }
  }
});

test("a script's own line ends count as the engine counts them", () => {
  const composed = new Composed("x", { ...alone, setup: "a\r\nb\rc\u2028d\u2029e" });
  // Five lines, the boundary, and then the program.
  assert.equal(composed.where(6), "before");
  assert.deepEqual(composed.event(event({ line: 7, column: 1 })).line, 1);
});

describe("places", () => {
  // Two lines and the boundary before, two lines of program, then `;` and a check.
  const composed = new Composed("one\ntwo", { before: "b", setup: "", check: "check" });
  const first = lineOf(composed.text, "one") - 1;

  test("in code that is not shown are no places", () => {
    assert.deepEqual([composed.event(event({ line: 1 })).line, composed.event(event({ line: first + 4 })).line], [0, 0]);
    assert.equal(composed.event(event({ line: 0, column: 0 })).line, 0, "nor is a place that is none");
  });

  test("move in stacks, errors and values, however deep", () => {
    const error: Value = {
      type: "object",
      kind: "error",
      text: "E",
      error: { name: "E", message: "m", stack: [at(1), at(first + 2)], cause: { type: "object", kind: "error", text: "C", error: { name: "C", message: "", stack: [at(first + 1)] } } },
    };
    const wrapped: Value = {
      type: "object",
      kind: "map",
      text: "",
      entries: [[{ type: "null" }, error]],
      items: [error],
      properties: [{ key: "k", value: error }, { key: "g", accessor: "getter" }],
      value: error,
      handler: error,
    };
    const moved = composed.event(event({ args: [wrapped], stack: [at(first + 1)], table: { columns: ["a"], rows: [{ index: "0", cells: [null, error] }], more_rows: 0, more_columns: 0 } }));
    const text = JSON.stringify(moved);
    assert.ok(!text.includes(`"line":${first + 2}`) && !text.includes(`"line":${first + 1}`), text);
    const stacks = [...text.matchAll(/"stack":\[([^\]]*)\]/g)].map(([, frames]) => (frames?.match(/"line":\d+/g) ?? []).join());
    assert.ok(stacks.includes('"line":2') && stacks.includes('"line":1') && stacks.every((lines) => !lines.includes(",")), text);
  });

  test("in a report move along with the server's sentence", () => {
    const error = { name: "TimeLimit", message: `Stopped after 10 s, in \`f\` at line ${first + 2}. Make it finish sooner.`, stack: [] };
    const moved = composed.report(report("timed_out", { error, stopped_at: at(first + 2) }));
    assert.equal(moved.error?.message, "Stopped after 10 s, in `f` at line 2. Make it finish sooner.");
    assert.equal(moved.stopped_at?.line, 2);
    const hidden = composed.report(report("timed_out", { error: { ...error, message: "Stopped at line 1." }, stopped_at: at(1) }));
    assert.deepEqual([hidden.error?.message, hidden.stopped_at], ["Stopped in code that is not shown.", null]);
  });

  test("in other files stay where they are", () => {
    const other = { ...at(1), file: "util.js" };
    const moved = composed.event(event({ line: 1, file: "util.js", stack: [other] }));
    assert.deepEqual([moved.line, moved.stack], [1, [other]]);
    const failed = report("failed", { error: { name: "Error", message: "no", stack: [other, at(1), at(first + 1)], cause: { type: "object", kind: "error", text: "E", error: { name: "E", message: "", stack: [at(first + 2)] } } } });
    assert.equal(composed.failed(failed), "program");
    const { error } = composed.report(failed);
    assert.ok(error?.cause?.type === "object");
    assert.deepEqual([error.stack, error.cause.error?.stack], [[other, at(1)], [at(2)]]);
    const gate = new Gate(composed);
    assert.deepEqual(gate.pass([event({ kind: "clear", line: first, file: "util.js" })]), [], "nor is a clear in one the boundary");
  });

  test("an error says whose it is when the program is not to blame", () => {
    const failed = (line: number) => report("failed", { error: { name: "Error", message: "no", stack: [at(line)] } });
    assert.equal(composed.failed(failed(1)), "before");
    assert.match(composed.report(failed(1)).error?.message ?? "", /runs before this program/);
    assert.equal(composed.failed(failed(first + 1)), "program");
    assert.equal(composed.report(failed(first + 1)).error?.message, "no");
    assert.equal(composed.failed(failed(first + 4)), "check");
    assert.match(composed.report(failed(first + 4)).error?.message ?? "", /checks this program/);
    assert.equal(composed.failed(report("completed")), null);
  });
});

describe("what is printed before the program", () => {
  const composed = new Composed("one", { before: "b", setup: "", check: "" });
  const boundary = event({ kind: "clear", line: lineOf(composed.text, "clear") });
  const early = event({ text: "early", line: 1 });
  const late = event({ text: "late", line: lineOf(composed.text, "one") });

  test("is held back and forgotten once the program is reached", () => {
    const gate = new Gate(composed);
    assert.deepEqual(gate.pass([early]), []);
    assert.deepEqual(gate.pass([early, boundary, late]).map(({ text, line }) => [text, line]), [["late", 1]]);
    assert.deepEqual(gate.pass([late]).length, 1);
    assert.deepEqual(gate.end(), []);
  });

  test("is shown when the program was not reached", () => {
    const gate = new Gate(composed);
    gate.pass([early, early]);
    assert.deepEqual(gate.end().map(({ text }) => text), ["early", "early"]);
    assert.deepEqual(gate.end(), []);
  });

  test("a program's own console.clear() is its own", () => {
    const gate = new Gate(composed);
    gate.pass([boundary]);
    assert.equal(gate.pass([event({ kind: "clear", line: late.line })]).length, 1);
  });
});
