import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { parse, serialise } from "../../../web/files.ts";
import { ALL_MODES, NO_INPUTS, isPlain, jsonTrouble, readInputs, runAs, typed, type Inputs, type RunAs } from "../../../web/inputs.ts";
import { Random } from "../support/random.ts";

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

describe("where a text stops being JSON", () => {
  const cases: [text: string, line: number, column: number][] = [
    ["", 1, 1],
    ["  ", 1, 3],
    ["{", 1, 2],
    ["[1,", 1, 4],
    ["[1,]", 1, 4],
    ["[1 2]", 1, 4],
    ['{"a":1,}', 1, 8],
    ['{"a" 1}', 1, 6],
    ["{a: 1}", 1, 2],
    ["{'a': 1}", 1, 2],
    ["[1}", 1, 3],
    ["01", 1, 2],
    ["1.", 1, 2],
    ["1 2", 1, 3],
    ["nul", 1, 1],
    ["undefined", 1, 1],
    ['"a\nb"', 1, 1],
    ['"\\x"', 1, 1],
    ['{\n  "a": 1,\n  "b": oops\n}', 3, 8],
    ['{"a": 1}\n]', 2, 1],
    ["// no\n1", 1, 1],
  ];
  for (const [text, line, column] of cases) {
    test(JSON.stringify(text), () => {
      assert.ok(!isJson(text));
      assert.deepEqual(jsonTrouble(text), { line, column });
    });
  }

  test("is nowhere exactly where the engine finds none, and what stands before it is no mistake", () => {
    const random = new Random(11);
    const parts = ["{", "}", "[", "]", ",", ":", " ", "\n", '"a"', '"\\u00e9"', '"\\"', "0", "-1.5e3", "1.", "true", "null", "nul", '"', "\u0001", "é"];
    for (let i = 0; i < 20_000; i += 1) {
      const text = Array.from({ length: random.below(9) }, () => random.of(parts)).join("");
      const found = jsonTrouble(text);
      assert.equal(found === null, isJson(text), JSON.stringify(text));
    }
  });

  test("is found in long and deep texts, in time that grows with them", () => {
    const deep = 100_000;
    assert.deepEqual(jsonTrouble("[".repeat(deep)), { line: 1, column: deep + 1 });
    assert.equal(jsonTrouble(`"${"\\n".repeat(deep)}"`), null);
    assert.deepEqual(jsonTrouble(`"${"a".repeat(deep)}`), { line: 1, column: 1 });
  });
});

describe("inputs", () => {
  test("become a request's fields, and back", () => {
    const cases: [Inputs, RunAs][] = [
      [NO_INPUTS, { mode: "auto" }],
      [{ mode: "function", exported: " sum ", input: '{\n  "a": [\n    1\n  ]\n}', stdin: "" }, { mode: "function", export: "sum", input: { a: [1] } }],
      [{ mode: "auto", exported: "sum", input: "null", stdin: "one\n\ntwo\n" }, { mode: "auto", export: "sum", input: null, stdin: ["one", "", "two"] }],
      [{ mode: "auto", exported: "", input: "", stdin: "\n" }, { mode: "auto", stdin: [""] }],
    ];
    for (const [inputs, as] of cases) {
      assert.deepEqual(runAs(inputs), as);
      assert.deepEqual(runAs(typed(as)), as);
    }
  });

  test("of a shared program come through the page as they are, whatever they are", () => {
    const random = new Random(23);
    const answers = ["", "one", "two\nlines", "\n", " ", "\r\n", "ü"];
    for (let i = 0; i < 500; i += 1) {
      const as: RunAs = { mode: random.of(ALL_MODES) };
      if (random.below(2) === 0) as.export = "sum";
      if (random.below(2) === 0) as.input = random.of([null, 0, "", "x", [1, { a: [] }], false]);
      const stdin = Array.from({ length: random.below(4) }, () => random.of(answers));
      if (stdin.length > 0) as.stdin = stdin;
      // Also when it was kept in between.
      const kept = parse(serialise({ files: [{ name: "main.js", content: "1" }], active: "main.js", entry: null }, typed(as))).inputs;
      assert.deepEqual(runAs(kept), as);
    }
    const kept = typed({ mode: "auto", stdin: ["two\nlines"] });
    assert.deepEqual(runAs({ ...kept, stdin: "two\nlines\nmore" }), { mode: "auto", stdin: ["two", "lines", "more"] }, "once it was typed in, a line is an answer");
  });

  test("that are no JSON say where", () => {
    assert.deepEqual(runAs({ ...NO_INPUTS, input: "{\n1" }), { trouble: { line: 2, column: 1 } });
  });

  test("are read back as they were kept; what else was kept is as if not set", () => {
    const set: Inputs = { mode: "function", exported: "f", input: "{oops", stdin: "a\nb" };
    assert.deepEqual(readInputs(JSON.parse(JSON.stringify(set))), set);
    for (const raw of [null, 1, "x", [], { mode: "toString" }, { mode: 3, input: {}, stdin: [] }]) assert.deepEqual(readInputs(raw), NO_INPUTS);
    assert.ok(ALL_MODES.length === 5 && ALL_MODES.every((mode) => readInputs({ mode }).mode === mode));
  });

  test("are kept with the files; a program without any is kept as it is", () => {
    const files = { files: [{ name: "main.js", content: "1" }], active: "main.js", entry: null };
    assert.equal(serialise(files), "1");
    const set: Inputs = { ...NO_INPUTS, input: "3" };
    assert.deepEqual(parse(serialise(files, set)), { ...files, inputs: set });
    assert.deepEqual(parse(serialise(files)), { ...files, inputs: NO_INPUTS });
    assert.ok(isPlain(NO_INPUTS) && !isPlain(set) && !isPlain({ ...NO_INPUTS, stdin: "\n" }));
  });
});
