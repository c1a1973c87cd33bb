import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";

import { decodeEvent, decodeFrame, decodeValue } from "../../../web/decode.ts";
import { root } from "../support/paths.ts";
import { EVENTS, POINT } from "../support/sample-run.ts";

/** Without what decoding fills in: empty lists, zero counts, false flags. */
function bare(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(bare);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name, field]) => !(field === false || (Array.isArray(field) && field.length === 0) || (field === 0 && ["more", "depth"].includes(name))))
      .map(([name, field]) => [name, bare(field)]),
  );
}

describe("a frame", () => {
  test("with everything that the wire has comes through unchanged", () => {
    const frame = { type: "console", run_id: "a", seq: 4, events: EVENTS };
    assert.deepEqual(bare(decodeFrame(JSON.stringify(frame))), bare(frame));
    const finished = {
      type: "finished",
      run_id: "a",
      outcome: "timed_out",
      value: POINT,
      returned: { json: { a: [1] }, omitted: [{ path: "b", reason: "a function" }], more: 2 },
      error: { name: "TimeLimit", message: "m", stack: [{ function: "f", line: 1, column: 2, file: "a.ts" }], cause: { type: "null" } },
      stopped_at: { function: "f", line: 1, column: 2 },
      usage: { wall_ms: 1, prompt_ms: 8, cpu_ms: 2, heap_bytes: 3, buffer_bytes: 4, process_bytes: 5, output_bytes: 6, console_events: 7, limits: { wall_ms: 1, prompt_ms: 8, cpu_ms: 2, heap_bytes: 3, buffer_bytes: 4, process_bytes: 5, output_bytes: 6, console_events: 7 } },
      dropped: { events: 1, bytes: 2 },
    };
    assert.deepEqual(bare(decodeFrame(JSON.stringify(finished))), bare(finished));
  });

  for (const text of ["", "x", "null", "1", "[]", "{}", '{"type":"toString"}', '{"type":"queued"}', '{"type":"finished","run_id":"a","outcome":"won"}', '{"type":"console","run_id":"a","events":{}}']) {
    test(`that is ${text === "" ? "empty" : text} is none`, () => {
      assert.equal(decodeFrame(text), null);
    });
  }

  test("of a rejection keeps what is optional optional", () => {
    assert.deepEqual(decodeFrame('{"type":"rejected","reason":"busy","message":"m"}'), { type: "rejected", reason: "busy", message: "m" });
    assert.deepEqual(decodeFrame('{"type":"rejected","run_id":"a","reason":"what","message":"m","retry_after_ms":5}'), {
      type: "rejected",
      run_id: "a",
      reason: "bad_request",
      message: "m",
      retry_after_ms: 5,
    });
  });
});

describe("the wire's fixtures", () => {
  const folder = path.join(root, "tests/fixtures/wire");
  const read = (name: string) => JSON.parse(readFileSync(path.join(folder, name), "utf8")) as unknown;
  const names = readdirSync(folder).filter((name) => name.startsWith("server-"));

  test("cover every message of the server", () => {
    const types = new Set(names.map((name) => (read(name) as { type: string }).type));
    assert.deepEqual([...types].sort(), ["console", "evaluated", "finished", "hello", "paused", "prompt", "queued", "rejected", "released", "started"]);
  });

  for (const name of names) {
    test(`${name} comes through unchanged`, () => {
      assert.deepEqual(bare(decodeFrame(JSON.stringify(read(name)))), bare(read(name)));
    });
  }

  test("console-events.json and values.json come through unchanged", () => {
    const events = read("console-events.json") as unknown[];
    assert.ok(events.length > 0);
    assert.deepEqual(bare(events.map(decodeEvent)), bare(events));
    const values = read("values.json") as unknown[];
    assert.ok(values.length > 0);
    assert.deepEqual(bare(values.map((value) => decodeValue(value))), bare(values));
  });
});

describe("hostile values", () => {
  const wrong = [null, undefined, 1, "x", true, [], {}, { type: "object" }, { type: "object", kind: "constructor", items: { length: 3 }, properties: [null, 1], entries: [1, [2]], error: [] }, { type: "string", value: {} }, { type: "number", value: "1" }, { type: "__proto__" }];

  test("become values that say so", () => {
    for (const raw of wrong) {
      const value = decodeValue(raw);
      assert.ok(typeof value.type === "string");
    }
    assert.equal(decodeValue({ type: "number", value: "<b>" }).type, "object");
  });

  test("become events that keep their place", () => {
    for (const raw of wrong) {
      const event = decodeEvent(raw);
      assert.equal(typeof event.text, "string");
      assert.ok(Array.isArray(event.args));
    }
    const odd = decodeEvent({ level: "hasOwnProperty", kind: "toString", text: 5, line: -1, column: 1.5, at_ms: "1", depth: 1e300, args: 7 });
    assert.deepEqual(odd, { level: "log", args: [], text: "", line: 0, column: 0, at_ms: 0, depth: 0 });
  });

  test("become bundles of texts alone, whatever their names", () => {
    const { bundle } = decodeEvent({ bundle: JSON.parse('{"__proto__":"<b>","text/html":5,"text/plain":"x","constructor":"y"}') as unknown });
    assert.deepEqual({ ...bundle }, JSON.parse('{"__proto__":"<b>","text/plain":"x","constructor":"y"}'));
    assert.equal(bundle?.["text/html"], undefined);
    assert.ok(bundle !== undefined && !("toString" in bundle));
  });

  test("of any depth are cut, not followed", () => {
    const deep = `${'{"type":"object","kind":"array","text":"","items":['.repeat(20_000)}{"type":"null"}${"]}".repeat(20_000)}`;
    let value = decodeValue(JSON.parse(deep));
    let depth = 0;
    while (value.type === "object" && value.items?.[0] !== undefined) {
      value = value.items[0];
      depth += 1;
    }
    assert.ok(depth > 32 && depth < 100, String(depth));
    assert.match(value.type === "object" ? value.text : "", /can't read/);
  });
});
