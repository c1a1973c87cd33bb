// https://console.spec.whatwg.org, as its events arrive at a client of the API.

const text = (value) => ({ type: "string", value, length: value.length });
const number = (value) => ({ type: "number", value });

shows("log", () => console.log("a", 1, true, null, undefined),
  { level: "log", kind: null, text: "a 1 true null undefined", args: [text("a"), number(1), { type: "boolean", value: true }, { type: "null" }, { type: "undefined" }], format: null, depth: null, table: null, stack: null });
shows("nothing", () => console.log(), { level: "log", text: "", args: [] });
shows("levels", () => { console.debug("d"); console.log("l"); console.info("i"); console.warn("w"); console.error("e") },
  { level: "debug", text: "d" }, { level: "log" }, { level: "info", text: "i" }, { level: "warn", text: "w" }, { level: "error", text: "e" });
shows("values", () => console.log(10n, Symbol("s"), -0, NaN, -Infinity),
  { text: "10n Symbol(s) -0 NaN -Infinity", args: [{ type: "bigint", value: "10" }, { type: "symbol", value: "Symbol(s)" }, { type: "special_number", value: "-0" }, { type: "special_number", value: "NaN" }, { type: "special_number", value: "-Infinity" }] });
shows("objects", () => console.log({ a: 1, b: { c: [] } }),
  { args: [{ type: "object", kind: "object", class: "Object", properties: [{ key: "a", value: number(1) }, { key: "b", value: { type: "object", properties: [{ key: "c", value: { kind: "array", length: 0 } }] } }] }] });
shows("arrays", () => console.log([1, , "x"]), { args: [{ kind: "array", length: 3, items: [number(1), { type: "hole", count: 1 }, text("x")] }] });
shows("collections", () => console.log(new Map([[1, 2]]), new Set([3])),
  { args: [{ kind: "map", length: 1, entries: [[number(1), number(2)]] }, { kind: "set", length: 1, items: [number(3)] }] });
shows("errors", () => console.log(new RangeError("m", { cause: 1 })), { args: [{ kind: "error", class: "RangeError", error: { name: "RangeError", message: "m", cause: number(1) } }] });
shows("dates and regular expressions", () => console.log(new Date(0), /x/g), { args: [{ kind: "date", text: "1970-01-01T00:00:00.000Z" }, { kind: "reg_exp", text: "/x/g" }] });
shows("cycles", () => { const ring = {}; ring.ring = ring; console.log(ring) }, { args: [{ id: 1, properties: [{ key: "ring", value: { type: "ref", id: 1 } }] }] });
shows("getters are not called", () => console.log({ get a() { throw new Error("called") } }), { args: [{ properties: [{ key: "a", accessor: "getter", value: null }] }] });

// https://console.spec.whatwg.org/#formatter
for (const [args, expected] of [
  [["%s %s", "a", 1], "a 1"],
  [["%s", "a", "b", 3], "a b 3"],
  [["%s"], "%s"],
  [["%s %s", "a"], "a %s"],
  [["100%", 1], "100% 1"],
  [["%% %s", "a"], "% a"],
  [["%d", 42.9], "42"],
  [["%i", "12px"], "12"],
  [["%d", "x"], "NaN"],
  [["%d", Symbol()], "NaN"],
  [["%i", 10n], "10"],
  [["%f", "1.50x"], "1.5"],
  [["%f", Symbol()], "NaN"],
  [["%s", Symbol("a")], "Symbol(a)"],
  [["%s", null], "null"],
  [["%s", undefined], "undefined"],
  [["%s", -0], "-0"],
  [["%x", 1], "%x 1"],
  [["%cred", "color: red"], "red"],
  [[1, "%s", "a"], "1 %s a"],
  [["a%sb%sc", 1, 2], "a1b2c"],
]) shows(`format ${JSON.stringify(args[0])}`, () => console.log(...args), { text: expected });
shows("styles", () => console.log("a%cb%cc", "color: red", ""),
  { format: { parts: [{ type: "text", text: "a", style: null }, { type: "text", text: "b", style: "color: red" }, { type: "text", text: "c", style: null }], consumed: 3 } });
shows("objects in a format", () => console.log("a %o b %O", [1], { c: 2 }),
  { format: { parts: [{ text: "a " }, { type: "value", arg: 1 }, { text: " b " }, { type: "value", arg: 2 }], consumed: 3 } });
shows("all methods that log take a format", () => { console.error("%d", 1.5); console.trace("%s", "t"); console.group("%s", "g"); console.groupEnd(); console.assert(false, "%s", "a") },
  { text: "1" }, { text: "Trace: t" }, { text: "g" }, { kind: "group_end" }, { text: "Assertion failed: a" });
shows("but dir and table do not", () => { console.dir("%s"); console.dir("%s", "a") }, { text: "%s" }, { text: "%s", args: [text("%s")] });

// https://console.spec.whatwg.org/#counting
shows("count", () => { console.count(); console.count(); console.count("x"); console.count(undefined); console.count("default") },
  { kind: "count", level: "log", text: "default: 1" }, { text: "default: 2" }, { text: "x: 1" }, { text: "default: 3" }, { text: "default: 4" });
shows("countReset", () => { console.countReset("x"); console.count("x") }, { text: "x: 1" });
shows("countReset of nothing", () => console.countReset("y"), { kind: "count", level: "warn", text: "Count for 'y' does not exist" });
shows("labels are strings", () => { console.count(7); console.count("7"); console.count(null) }, { text: "7: 1" }, { text: "7: 2" }, { text: "null: 1" });

// https://console.spec.whatwg.org/#grouping
shows("groups", () => { console.group("a", 1); console.log("in"); console.groupCollapsed(); console.log("deeper"); console.groupEnd(); console.groupEnd(); console.log("out") },
  { kind: "group", text: "a 1", depth: null }, { text: "in", depth: 1 }, { kind: "group_collapsed", depth: 1 }, { text: "deeper", depth: 2 },
  { kind: "group_end", depth: 1 }, { kind: "group_end", depth: null }, { text: "out", depth: null });
shows("groupEnd without a group", () => console.groupEnd());
shows("clear", () => { console.group("g"); console.clear(); console.log("after") }, { kind: "group" }, { kind: "clear", depth: null }, { text: "after", depth: null });

// https://console.spec.whatwg.org/#timing
shows("timers that are not there", () => { console.timeEnd("t"); console.timeLog("t", "x") }, { kind: "time", level: "warn", text: "Timer 't' does not exist" }, { level: "warn" });
shows("a timer is silent", () => console.time("t"));
shows("a timer twice", () => console.time("t"), { level: "warn", text: "Timer 't' already exists" });
shows("timeLog and timeEnd", () => { console.timeLog("t", { a: 1 }); console.timeEnd("t"); console.timeEnd("t") },
  { kind: "time", level: "log", args: [{ type: "string" }, { kind: "object" }] }, { kind: "time", level: "log", args: [{ type: "string" }] }, { level: "warn" });

// https://console.spec.whatwg.org/#logging
shows("assert that holds", () => { console.assert(true, "a"); console.assert(1); console.assert({}) });
shows("assert", () => { console.assert(); console.assert(false, "a", 1); console.assert(0, { b: 2 }); console.assert("") },
  { kind: "assert", level: "error", text: "Assertion failed", args: [] }, { text: "Assertion failed: a 1", args: [text("a"), number(1)] },
  { args: [{ kind: "object" }] }, { text: "Assertion failed" });
shows("dir", () => console.dir({ a: 1 }, { depth: 0 }), { kind: "dir", level: "log", args: [{ kind: "object", properties: [{ key: "a" }] }] });
shows("dirxml", () => console.dirxml("a", 1), { kind: null, level: "log", text: "a 1" });
shows("trace", () => (function outer() { console.trace("why", 1) })(), { kind: "trace", level: "log", text: "Trace: why 1" });
shows("table of objects", () => console.table([{ a: 1, b: "x" }, { a: 2, c: true }]),
  { kind: "table", table: { columns: ["(index)", "a", "b", "c"], rows: [{ index: "0", cells: [number(1), text("x"), null] }, { index: "1", cells: [number(2), null, { type: "boolean" }] }], more_rows: 0, more_columns: 0 } });
shows("table of arrays", () => console.table([[1, 2], [3]]), { table: { columns: ["(index)", "0", "1"], rows: [{ cells: [number(1), number(2)] }, { cells: [number(3), null] }] } });
shows("table of columns that were asked for", () => console.table([{ a: 1, b: 2 }], ["b", "z"]), { table: { columns: ["(index)", "b", "z"], rows: [{ cells: [number(2), null] }] } });
shows("table of values", () => console.table(["x", "y"]), { table: { columns: ["(index)", "Values"], rows: [{ index: "0", cells: [text("x")] }, { index: "1" }] } });
shows("table of an object", () => console.table({ p: { v: 1 }, q: { v: 2 } }), { table: { columns: ["(index)", "v"], rows: [{ index: "p", cells: [number(1)] }, { index: "q" }] } });
shows("table of a map", () => console.table(new Map([["k", 1]])), { table: { columns: ["(iteration index)", "Key", "Values"], rows: [{ index: "0", cells: [text("k"), number(1)] }] } });
shows("table of what is none", () => console.table("text", 1), { kind: null, text: "text", table: null });

test("the namespace", () => {
  equal(Object.prototype.toString.call(console), "[object console]");
  equal(Object.keys(console).sort().join(), "assert,clear,count,countReset,debug,dir,dirxml,error,group,groupCollapsed,groupEnd,info,log,table,time,timeEnd,timeLog,trace,warn");
  const { value, ...attributes } = Object.getOwnPropertyDescriptor(globalThis, "console");
  ok(value === console);
  equal(attributes, { writable: true, enumerable: false, configurable: true });
  equal(Object.getOwnPropertyNames(Object.getPrototypeOf(console)), [], "the prototype is an empty object");
  ok(Object.getPrototypeOf(Object.getPrototypeOf(console)) === Object.prototype);
  for (const name of Object.keys(console)) {
    equal([console[name].name, console[name].length, "prototype" in console[name]], [name, 0, false], name);
    throws(TypeError, () => new console[name](), `new console.${name}`);
  }
});
shows("methods need no receiver", () => { const { log } = console; log("free"); [1].forEach(console.info) }, { text: "free" }, { level: "info" });
