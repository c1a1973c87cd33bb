import assert from "node:assert/strict";
import { describe, test } from "node:test";

import {
  ATTRIBUTES,
  MAX_FILES,
  MAX_LINES,
  MAX_TEXT,
  TOKENS,
  VERSION,
  isFileName,
  isOpening,
  opening,
  readFromFrame,
  readToFrame,
  type FromFrame,
  type ToFrame,
} from "../../../web/embed/messages.ts";
import { Random } from "../support/random.ts";

const TO_FRAME: ToFrame[] = [
  { type: "set", attributes: { language: "typescript", "run-label": "Go" } },
  { type: "look", look: { theme: "dark", tokens: { "--mayfly-accent": "#ff0000" } } },
  { type: "program", program: { files: [{ name: "", content: "1" }], setup: "a", check: "b", input: "{}" } },
  { type: "before", code: "const a = 1;" },
  { type: "source", file: { name: "lib/util.js", content: "2" } },
  { type: "run" },
  { type: "stop" },
];
const FROM_FRAME: FromFrame[] = [
  { type: "ready" },
  { type: "height", px: 320.5 },
  { type: "source", file: { name: "", content: "" } },
  { type: "run" },
  { type: "console", lines: [{ level: "log", text: "x", line: 1, column: 2, at_ms: 3 }] },
  {
    type: "result",
    result: { outcome: "completed", part: "", message: "Done.", value: null, line: 0, column: 0, wall_ms: 5, cpu_ms: 1 },
  },
];

test("every message of ours is read as it was sent", () => {
  for (const message of TO_FRAME) assert.deepEqual(readToFrame(structuredClone(message)), message);
  for (const message of FROM_FRAME) assert.deepEqual(readFromFrame(structuredClone(message)), message);
});

test("an opening is known by its version and its kind", () => {
  assert.ok(isOpening(opening("hello"), "hello"));
  assert.ok(!isOpening(opening("hello"), "connect"));
  for (const raw of [null, undefined, 1, "hello", [], {}, { mayfly: VERSION + 1, type: "hello" }, { type: "hello" }]) {
    assert.ok(!isOpening(raw, "hello"), JSON.stringify(raw));
  }
});

test("what belongs to the other direction is no message", () => {
  const inBoth = ["source", "run"];
  for (const message of TO_FRAME) if (!inBoth.includes(message.type)) assert.equal(readFromFrame(message), null, message.type);
  for (const message of FROM_FRAME) if (!inBoth.includes(message.type)) assert.equal(readToFrame(message), null, message.type);
});

test("more than there may be is cut, and what does not fit is left out", () => {
  const long = "x".repeat(MAX_TEXT + 10);
  const before = readToFrame({ type: "before", code: long });
  assert.equal(before?.type === "before" ? before.code.length : 0, MAX_TEXT);
  const files = Array.from({ length: MAX_FILES + 5 }, (_, at) => ({ name: `f${at}.js`, content: "" }));
  const program = readToFrame({ type: "program", program: { files } });
  assert.equal(program?.type === "program" ? program.program.files.length : 0, MAX_FILES);
  const printed = readFromFrame({ type: "console", lines: Array.from({ length: MAX_LINES + 5 }, () => ({ text: "x" })) });
  assert.equal(printed?.type === "console" ? printed.lines.length : 0, MAX_LINES);
  const set = readToFrame({ type: "set", attributes: { onload: "evil()", __proto__: { language: "x" }, mode: 1, theme: "dark", label: "ok" } });
  assert.deepEqual(set, { type: "set", attributes: { label: "ok" } });
  assert.equal(readToFrame({ type: "program", program: { files: [] } }), null, "a program has a file");
  for (const px of [0, -1, NaN, Infinity, 1e6, "100", null]) assert.equal(readFromFrame({ type: "height", px }), null, String(px));
});

describe("names of files", () => {
  test("are relative paths that stay where they are", () => {
    for (const name of ["", "a", "main.ts", "lib/a-b_c.js", ".env", "..a", "a..", "a/.b", "x".repeat(100)]) assert.ok(isFileName(name), name);
    for (const name of [".", "..", "../a", "a/..", "a/../b", "./a", "/a", "a/", "a//b", "a b", "ä", "a\\b", "a\n", "x".repeat(101)]) {
      assert.ok(!isFileName(name), name);
    }
  });
});

test("whatever arrives, what is read has its type, and reading it again changes nothing", () => {
  const keys = ["type", "px", "file", "files", "name", "content", "program", "setup", "check", "input", "code", "look", "theme", "tokens"];
  keys.push("attributes", "lines", "level", "text", "line", "result", "outcome", "value", "__proto__", "constructor", ...TOKENS, ...ATTRIBUTES);
  const strings = ["set", "look", "program", "before", "source", "run", "stop", "ready", "height", "console", "result", "", "a.js", "..", "__proto__"];
  let read = 0;
  for (let seed = 0; seed < 20_000; seed += 1) {
    const random = new Random(seed);
    const raw = random.value(keys, strings, 4);
    // Random objects seldom have a type: most are given one.
    if (typeof raw === "object" && raw !== null && seed % 4 !== 0) Object.assign(raw, { type: random.of(strings) });
    for (const reader of [readToFrame, readFromFrame]) {
      const message = reader(raw);
      if (message === null) continue;
      read += 1;
      assert.deepEqual(reader(structuredClone(message)), message, `seed ${seed}`);
      checkShape(message, `seed ${seed}`);
    }
  }
  assert.ok(read > 1_000, `only ${read} of them were messages`);
});

/** Every text is a text and every figure one: said by a function that shares nothing with the readers. */
function checkShape(message: ToFrame | FromFrame, seed: string): void {
  const figures = new Set(["px", "line", "column", "at_ms", "wall_ms", "cpu_ms"]);
  const walk = (value: unknown, key: string): void => {
    if (Array.isArray(value)) {
      for (const entry of value) walk(entry, key);
    } else if (typeof value === "object" && value !== null) {
      assert.equal(Object.getPrototypeOf(value), Object.prototype, seed);
      for (const [name, inner] of Object.entries(value)) walk(inner, name);
    } else if (figures.has(key)) {
      assert.ok(typeof value === "number" && Number.isFinite(value) && value >= 0, `${seed}: ${key}`);
    } else {
      assert.ok(typeof value === "string" || (value === null && key === "value"), `${seed}: ${key} is ${String(value)}`);
    }
  };
  walk(message, "");
}
