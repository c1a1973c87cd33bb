import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { children, cut, hasChildren, inlineText } from "../../../web/console/children.ts";
import { valueText } from "../../../web/console/copy.ts";
import { safeDeclarations } from "../../../web/console/css.ts";
import { pieces } from "../../../web/console/preview.ts";
import type { ObjectValue, Value } from "../../../web/protocol.ts";
import { useLocale, words } from "../../../web/strings/words.ts";
import { bytes, count, duration, elapsed, sinceStart } from "../../../web/units.ts";
import { uuid } from "../../../web/uuid.ts";
import { ERROR, POINT, number, string } from "../support/sample-run.ts";

function object(rest: Partial<ObjectValue>): ObjectValue {
  return { kind: "object", text: "{}", ...rest };
}

describe("%c", () => {
  test("keeps colours and type", () => {
    assert.deepEqual(safeDeclarations("color: red; BACKGROUND: #fff; font-weight:bold;text-decoration: underline wavy;font-style:italic"), [
      ["color", "red"],
      ["background-color", "#fff"],
      ["font-weight", "bold"],
      ["text-decoration", "underline wavy"],
      ["font-style", "italic"],
    ]);
    assert.deepEqual(safeDeclarations("color: rgb(1 2 3 / 50%); background-color: hsl(120, 50%, 50%)"), [
      ["color", "rgb(1 2 3 / 50%)"],
      ["background-color", "hsl(120, 50%, 50%)"],
    ]);
  });

  test("bounds sizes", () => {
    assert.deepEqual(safeDeclarations("font-size: 900px; font-size:0.01em; font-size: 20px; font-size: calc(1px*900); font-size: 12vw"), [
      ["font-size", "32px"],
      ["font-size", "8px"],
      ["font-size", "20px"],
    ]);
  });

  for (const style of [
    "background: url(https://example.org/x)",
    "background-image: red",
    "position: fixed",
    "color: var(--ink)",
    "color: env(x)",
    "color: attr(x)",
    "color: expression(alert(1))",
    "color: image-set('x')",
    "color: \\75rl(x)",
    "color: red !important",
    "display: block; width: 100vw",
    "--x: red",
    "content: 'x'",
    "color",
    ":",
    `color: ${"a".repeat(200)}`,
    "",
  ]) {
    test(`drops ${JSON.stringify(style.slice(0, 40))}`, () => {
      assert.deepEqual(safeDeclarations(style), []);
    });
  }
});

describe("previews", () => {
  test("are cut into pieces that make up the text", () => {
    for (const text of ["", "{a: 1, b: 'x', \"c d\": true}", 'Map(2) {"k\\"ey" => -1.5e3, null => 10n}', "(3) [1, empty × 2, NaN]", '"open', "ƒ a1b2()", "<b>x</b>"]) {
      assert.equal(pieces(text).map((piece) => piece.text).join(""), text);
    }
  });

  test("tell keys, strings, numbers and keywords apart", () => {
    assert.deepEqual(pieces('{a1: -1, b: "2", c: null}').filter((piece) => piece.kind !== ""), [
      { text: "a1", kind: "key" },
      { text: "-1", kind: "number" },
      { text: "b", kind: "key" },
      { text: '"2"', kind: "string" },
      { text: "c", kind: "key" },
      { text: "null", kind: "keyword" },
    ]);
  });

  test("take no time worth speaking of, whatever they hold", () => {
    for (const text of ['"'.repeat(4096), "\\\"".repeat(2048), "1".repeat(4096), "a".repeat(4096), "-".repeat(4096)]) {
      const start = performance.now();
      pieces(text);
      assert.ok(performance.now() - start < 200);
    }
  });
});

describe("values on one line", () => {
  const cases: [Value, string][] = [
    [{ type: "undefined" }, "undefined"],
    [{ type: "null" }, "null"],
    [{ type: "boolean", value: false }, "false"],
    [number(1.5), "1.5"],
    [{ type: "special_number", value: "-0" }, "-0"],
    [{ type: "bigint", value: "10" }, "10n"],
    [string('a "b"\n'), '"a \\"b\\"\\n"'],
    [string("cut", 1003), '"cut" … 1,000 more characters'],
    [{ type: "symbol", value: "Symbol(a)" }, "Symbol(a)"],
    [{ type: "hole", count: 1 }, "empty"],
    [{ type: "hole", count: 1200 }, "empty × 1,200"],
    [{ type: "ref", id: 3 }, "→ #3"],
  ];
  for (const [value, text] of cases) {
    test(text, () => {
      assert.equal(inlineText(value), text);
    });
  }

  test("a whole string lacks nothing", () => {
    assert.equal(cut({ type: "string", value: "abc", length: 3 }), "");
  });
});

describe("expanded objects", () => {
  test("number elements past holes", () => {
    const items: Value[] = [number(1), { type: "hole", count: 3 }, number(2), { type: "hole", count: 1 }, number(3)];
    assert.deepEqual(
      children(object({ kind: "array", items, more: 1200 })).map((child) => (child.type === "value" ? child.label : child.type === "more" ? child.text : child.type)),
      ["0", "1 … 3", "4", "5", "6", "… 1,200 more"],
    );
  });

  test("show accessors without a value, symbols in brackets, hidden properties as such", () => {
    const lines = children(
      object({
        properties: [
          { key: "a", accessor: "getter" },
          { key: "b", accessor: "setter" },
          { key: "c", accessor: "getter_setter" },
          { key: "Symbol(s)", symbol: true, value: number(1) },
          { key: "h", hidden: true, value: number(2) },
        ],
      }),
    );
    assert.deepEqual(lines, [
      { type: "note", label: "a", kind: "key", text: "(getter)" },
      { type: "note", label: "b", kind: "key", text: "(setter)" },
      { type: "note", label: "c", kind: "key", text: "(getter, setter)" },
      { type: "value", label: "[Symbol(s)]", kind: "symbol", value: number(1) },
      { type: "value", label: "h", kind: "hidden", value: number(2) },
    ]);
  });

  test("show the insides of promises, proxies, boxed values, maps and errors", () => {
    const labels = (value: ObjectValue) => children(value).map((child) => ("label" in child ? child.label : child.type));
    assert.deepEqual(labels(object({ kind: "promise", state: "rejected", value: number(1) })), ["[[state]]", "[[value]]"]);
    assert.deepEqual(labels(object({ kind: "proxy", value: number(1), handler: number(2) })), ["[[target]]", "[[handler]]"]);
    assert.deepEqual(labels(object({ kind: "map", entries: [[number(1), number(2)]] })), ["entry"]);
    assert.deepEqual(labels(ERROR as ObjectValue), ["frame", "frame", "[[cause]]"]);
  });

  test("have their prototype last, where it is known", () => {
    const value = object({ properties: [{ key: "a", value: number(1) }], prototype: { type: "object", ...object({}) } });
    assert.deepEqual(children(value).map((child) => ("label" in child ? child.label : child.type)), ["a", "[[Prototype]]"]);
    assert.ok(hasChildren(object({ prototype: { type: "object", ...object({}) } })));
    assert.equal(valueText({ type: "object", ...value }), "{}\n  a: 1", "which is no part of a copy");
  });

  test("are only those that have something to show", () => {
    assert.ok(!hasChildren(object({})));
    assert.ok(!hasChildren(object({ kind: "error", error: { name: "E", message: "", stack: [] } })));
    assert.ok(hasChildren(object({ more: 1 })));
    assert.ok(hasChildren(object({ state: "pending" })));
    assert.ok(hasChildren(POINT as ObjectValue));
  });
});

test("figures", () => {
  assert.deepEqual([0, 1023, 1024, 1536, 64 << 20, 3e12].map(bytes), ["0 B", "1023 B", "1 KiB", "1.5 KiB", "64 MiB", "2.7 TiB"]);
  assert.deepEqual([0, 999, 1000, 1349, 10_004, 59_999, 60_000, 125_000].map(duration), ["0 ms", "999 ms", "1 s", "1.3 s", "10 s", "59.9 s", "1 min", "2 min 5 s"]);
  assert.deepEqual([-5, 0, 1234, 61_000].map(elapsed), ["0.0 s", "0.0 s", "1.2 s", "1 min 1 s"]);
  assert.equal(sinceStart(301), "+0.30 s");
  assert.equal(count(12_345), "12,345");
});

test("figures are in the page's language", async () => {
  try {
    await useLocale("de");
    assert.deepEqual([bytes(1536), duration(1349), elapsed(1234), sinceStart(301), count(12_345)], ["1,5 KiB", "1,3 s", "1,2 s", "+0,30 s", "12.345"]);
    assert.equal(words().output.found(1_000, 12_345), "1.000 von 12.345 Zeilen");
    await useLocale("es");
    assert.deepEqual([bytes(1536), sinceStart(301), count(12_345)], ["1,5 KiB", "+0,30 s", "12.345"]);
  } finally {
    await useLocale("en");
  }
  assert.deepEqual([bytes(1536), words().run], ["1.5 KiB", "Run"]);
});

test("ids are version 4 UUIDs, each its own", () => {
  const made = new Set(Array.from({ length: 1000 }, uuid));
  assert.equal(made.size, 1000);
  for (const id of made) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});
