// A run that shows most of what a console can show, as the server would send it.

import type { ConsoleEvent, Value } from "../../../web/protocol.ts";
import { report, type Script } from "./mock-server.ts";

/** Shorthands for values. */
export const number = (value: number): Value => ({ type: "number", value });
export const string = (value: string, length = value.length): Value => ({ type: "string", value, length });

/** A console event with everything that a test does not care about. */
export function event(rest: Partial<ConsoleEvent>): ConsoleEvent {
  return { level: "log", args: [], text: "", line: 1, column: 1, at_ms: 5, ...rest };
}

/** A point with a cycle and a getter. */
export const POINT: Value = {
  type: "object",
  kind: "object",
  class: "Point",
  text: 'Point {x: 3, y: 4, name: "origin", self: [Circular]}',
  id: 1,
  properties: [
    { key: "x", value: number(3) },
    { key: "y", value: number(4) },
    { key: "name", value: string("origin") },
    { key: "self", value: { type: "ref", id: 1 } },
    { key: "length", accessor: "getter" },
    { key: "Symbol(tag)", symbol: true, value: { type: "boolean", value: true } },
    {
      key: "list",
      value: {
        type: "object",
        kind: "array",
        class: "Array",
        text: "(6) [1, empty × 3, -0, 10n]",
        length: 906,
        items: [
          number(1),
          { type: "hole", count: 3 },
          { type: "special_number", value: "-0" },
          { type: "bigint", value: "10" },
        ],
        more: 900,
      },
    },
  ],
};

/** An error with a cause. */
export const ERROR: Value = {
  type: "object",
  kind: "error",
  class: "RangeError",
  text: "RangeError: division by zero",
  error: {
    name: "RangeError",
    message: "division by zero",
    stack: [
      { function: "divide", line: 3, column: 22 },
      { function: "", line: 8, column: 3 },
    ],
    cause: { type: "object", kind: "object", text: "{a: 1, b: 0}", properties: [{ key: "a", value: number(1) }, { key: "b", value: number(0) }] },
  },
};

const MAP: Value = {
  type: "object",
  kind: "map",
  class: "Map",
  text: 'Map(2) {"now" => Date, {key: 1} => Set(1)}',
  length: 2,
  entries: [
    [string("now"), { type: "object", kind: "date", class: "Date", text: "2026-01-02T03:04:05.678Z" }],
    [
      { type: "object", kind: "object", text: "{key: 1}", properties: [{ key: "key", value: number(1) }] },
      { type: "object", kind: "set", class: "Set", text: 'Set(1) {"mayfly"}', length: 1, items: [string("mayfly")] },
    ],
  ],
};

/** The events. */
export const EVENTS: ConsoleEvent[] = [
  event({ args: [string("a point"), POINT], text: "a point Point", line: 14, column: 9 }),
  event({ args: [MAP, { type: "object", kind: "promise", class: "Promise", text: 'Promise {"done"}', state: "fulfilled", value: string("done") }], line: 15, column: 9, at_ms: 8 }),
  event({
    args: [
      { type: "object", kind: "proxy", text: "Proxy(Object)", value: { type: "object", kind: "object", text: "{a: 1}", properties: [{ key: "a", value: number(1) }] } },
      { type: "undefined" },
      { type: "null" },
      { type: "symbol", value: "Symbol(mark)" },
      { type: "object", kind: "function", class: "Function", text: "ƒ draw()" },
      { type: "object", kind: "reg_exp", class: "RegExp", text: "/wing(s)?/giu" },
    ],
    line: 16,
    column: 9,
    at_ms: 9,
  }),
  event({ level: "info", args: [string("%d of %d"), number(3), number(7)], format: { parts: [{ type: "text", text: "3 of 7" }], consumed: 3 }, line: 17, at_ms: 12 }),
  event({ kind: "group", args: [string("numbers")], text: "numbers", line: 18, at_ms: 14 }),
  event({ level: "warn", args: [string("a warning inside a group")], line: 19, column: 9, at_ms: 15, depth: 1 }),
  event({ level: "debug", args: [string("… and a detail")], line: 20, column: 9, at_ms: 15, depth: 1 }),
  event({ kind: "group_end", at_ms: 15, depth: 1 }),
  event({
    kind: "table",
    line: 21,
    column: 9,
    at_ms: 301,
    table: {
      columns: ["(index)", "name", "days", "lays"],
      rows: [
        { index: "0", cells: [string("mayfly"), number(1), null] },
        { index: "1", cells: [string("honey bee"), number(40), null] },
        {
          index: "2",
          cells: [
            string("termite queen"),
            number(7300),
            { type: "object", kind: "object", text: "{eggs: 30000}", properties: [{ key: "eggs", value: number(30000) }] },
          ],
        },
      ],
      more_rows: 900,
      more_columns: 0,
    },
  }),
  event({ level: "error", args: [string("caught:"), ERROR], line: 22, column: 11, at_ms: 302 }),
  event({ level: "error", kind: "assert", args: [string("arithmetic")], line: 23, column: 9, at_ms: 303 }),
  event({ kind: "time", text: "all: 12.3 ms so far {a: 1}", args: [string("so far"), { type: "object", kind: "object", text: "{a: 1}", properties: [{ key: "a", value: number(1) }] }], line: 24, column: 9, at_ms: 304 }),
  event({
    args: [string("%cteal%c and plain"), string("color: teal"), string("")],
    format: { parts: [{ type: "text", text: "teal", style: "color: teal; font-size: 20px; background: url(x)" }, { type: "text", text: " and plain", style: "" }], consumed: 3 },
    line: 25,
    column: 9,
    at_ms: 305,
  }),
  event({ args: [string("cut", 904)], text: "cut", line: 26, column: 9, at_ms: 306 }),
];

/** Answers a run with all of this, and completes. */
export const sampleRun: Script = (message, peer) => {
  if (message.type !== "run" || message.run_id === undefined) return;
  const run_id = message.run_id;
  peer.send({ type: "started", run_id });
  peer.send({ type: "console", run_id, seq: 0, events: EVENTS });
  peer.send({ type: "finished", run_id, ...report("completed", { value: POINT }) });
};
