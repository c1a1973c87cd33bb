// The parts of the console's list: heights, lines, what is looked for, colours, copies, pace.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { ansiPieces, withoutAnsi } from "../../../web/console/ansi.ts";
import { children } from "../../../web/console/children.ts";
import { lineData, lineText, linesJson, valueData, valueText } from "../../../web/console/copy.ts";
import { BATCH_MS, Finder, type Ended, type SearchWorker } from "../../../web/console/finder.ts";
import { Heights } from "../../../web/console/heights.ts";
import { Lines, textOf } from "../../../web/console/lines.ts";
import { isIn, placesIn, readSearch } from "../../../web/console/search.ts";
import type { FromSearch, ToSearch } from "../../../web/console/search-worker.ts";
import { compare, keyOfValue } from "../../../web/console/table.ts";
import { withoutTail } from "../../../web/console/text.ts";
import { Pace, type Clock } from "../../../web/pace.ts";
import type { ConsoleEvent, ObjectValue, Value } from "../../../web/protocol.ts";
import { Random } from "../support/random.ts";
import { ERROR, POINT, event, number, string } from "../support/sample-run.ts";

describe("heights", () => {
  test("add up as a plain sum does, whatever changes", () => {
    const source = new Random(7);
    const next = () => source.next();
    for (let round = 0; round < 50; round += 1) {
      const heights = new Heights();
      let plain: number[] = [];
      for (let step = 0; step < 200; step += 1) {
        const dice = next();
        const height = Math.floor(next() * 100);
        if (dice < 0.7 || plain.length === 0) {
          heights.push(height);
          plain.push(height);
        } else if (dice < 0.95) {
          const at = Math.floor(next() * plain.length);
          heights.set(at, height);
          plain[at] = height;
        } else {
          const count = Math.floor(next() * plain.length);
          heights.drop(count);
          plain = plain.slice(count);
        }
        assert.equal(heights.length, plain.length);
        assert.equal(heights.total, plain.reduce((sum, it) => sum + it, 0));
        const count = Math.floor(next() * (plain.length + 1));
        const before = plain.slice(0, count).reduce((sum, it) => sum + it, 0);
        assert.equal(heights.before(count), before);
        if (count < plain.length && (plain[count] ?? 0) > 0) assert.equal(heights.at(before), count);
      }
    }
  });

  test("tell the first and the last line for what is beyond", () => {
    const heights = new Heights();
    assert.equal(heights.at(10), 0);
    for (let i = 0; i < 5; i += 1) heights.push(10);
    assert.equal(heights.at(-1), 0);
    assert.equal(heights.at(49), 4);
    assert.equal(heights.at(1e9), 4);
    heights.set(9, 5);
    assert.equal(heights.total, 50);
  });
});

const line = (text: string, rest: Partial<ConsoleEvent> = {}) => ({ type: "event", event: event({ args: [string(text)], text, ...rest }) }) as const;
const texts = (lines: Lines) => lines.shown.map(textOf);

describe("lines", () => {
  test("that repeat the one before are counted, and only those", () => {
    const lines = new Lines();
    for (const it of [line("a"), line("a"), line("a", { at_ms: 9 }), line("b"), line("a"), line("a", { level: "warn" }), line("a", { level: "warn", line: 2 })]) lines.add(it);
    lines.add({ type: "event", event: event({ args: [POINT], text: "p" }) });
    lines.add({ type: "event", event: event({ args: [POINT], text: "p" }) });
    lines.add({ type: "event", event: event({ args: [number(1)], text: "p" }) });
    lines.add({ type: "event", event: event({ kind: "count", text: "n" }) });
    lines.add({ type: "event", event: event({ kind: "count", text: "n" }) });
    assert.deepEqual(lines.all.map(({ times }) => times), [3, 1, 1, 1, 1, 2, 1, 1, 1]);
    const [first] = lines.all;
    assert.ok(first?.what.type === "event" && first.what.event.at_ms === 9);
  });

  test("are dropped from the front, and counted with their repetitions", () => {
    const lines = new Lines(3);
    lines.add(line("a"));
    lines.add(line("a"));
    for (const text of ["b", "c", "d", "e"]) lines.add(line(text));
    assert.equal(lines.trim(), 2);
    assert.deepEqual(texts(lines), ["c", "d", "e"]);
    assert.equal(lines.dropped, 3);
    for (let i = 0; i < 100; i += 1) lines.add(line(`n ${i}`));
    assert.ok(lines.all.length <= 6);
    lines.trim();
    assert.equal(lines.dropped + lines.all.length, 106);
  });

  test("are dropped by what they weigh, too", () => {
    const lines = new Lines(1000, 10_000);
    for (let i = 0; i < 20; i += 1) lines.add(line(`${i}${"x".repeat(2000)}`));
    lines.trim();
    assert.ok(lines.all.length >= 1 && lines.all.length <= 4, String(lines.all.length));
  });

  test("of closed groups and unwanted levels are not shown", () => {
    const lines = new Lines();
    lines.add(line("outer", { kind: "group" }));
    lines.add(line("one", { depth: 1 }));
    lines.add(line("inner", { kind: "group_collapsed", depth: 1 }));
    lines.add(line("two", { depth: 2, level: "error" }));
    lines.add(line("three", { depth: 0 }));
    assert.deepEqual(texts(lines), ["outer", "one", "inner", "three"]);
    const inner = lines.all[2]?.opens;
    assert.ok(inner);
    lines.fold(inner, true);
    assert.deepEqual(texts(lines), ["outer", "one", "inner", "two", "three"]);
    lines.sift({ hidden: new Set(["log"]), matches: null });
    assert.deepEqual(texts(lines), ["two"]);
    lines.sift({ hidden: new Set(), matches: (line) => textOf(line).includes("t") });
    assert.deepEqual(texts(lines), ["outer", "two", "three"]);
    lines.add(line("four"));
    lines.add(line("ten"));
    assert.deepEqual(texts(lines), ["outer", "two", "three", "ten"]);
    assert.equal(lines.all[3]?.parent, inner);
  });

  test("between runs are always shown, and end the groups above", () => {
    const lines = new Lines();
    lines.add(line("outer", { kind: "group_collapsed" }));
    lines.leaveGroups();
    lines.add({ type: "run", number: 2, at: 0 });
    lines.add(line("again", { depth: 1 }));
    lines.sift({ hidden: new Set(["log"]), matches: () => false });
    assert.equal(lines.shown.length, 1);
    lines.sift({ hidden: new Set(), matches: null });
    assert.equal(lines.shown.length, 3);
  });
});

describe("what is looked for", () => {
  const search = (typed: string) => {
    const read = readSearch(typed);
    assert.ok("search" in read);
    return read.search;
  };

  test("is a text in any case, or a pattern between slashes", () => {
    const has = (typed: string, text: string) => isIn(search(typed) ?? { text: "" }, text);
    const places = (typed: string, text: string) => placesIn(search(typed) ?? { text: "" }, text);
    assert.equal(search(""), null);
    assert.ok(has("ab", "xABx"));
    assert.deepEqual(places("ab", "ab AB"), [[0, 2], [3, 5]]);
    assert.ok(has("/a.c", "/a.c"), "one slash makes no pattern");
    assert.ok(has("/^a.c$/", "abc"));
    assert.ok(!has("/^a.c$/", "ABC"));
    assert.ok(has("/^a.c$/i", "ABC"));
    assert.deepEqual(places("/\\d+/gy", "1 22 x"), [[0, 1], [2, 4]]);
    const digits = search("/\\d/");
    assert.ok(digits !== null && isIn(digits, "abc 5"));
    assert.deepEqual(placesIn(digits, "1"), [[0, 1]], "wherever it was found before");
    assert.ok(isIn(digits, "1") && isIn(digits, "1"), "nothing is remembered");
    assert.deepEqual(places("/x*/", "ab"), [], "nothing is no place");
    assert.deepEqual(places("ss", "İss"), [], "whose small form is longer");
  });

  test("says what is wrong with a pattern", () => {
    for (const [typed, word] of [["/(/", "Unterminated"], ["/a/q", "flags"], ["/[b-a]/", "range"]] as const) {
      const read = readSearch(typed);
      assert.ok("trouble" in read && read.trouble.toLowerCase().includes(word.toLowerCase()), JSON.stringify(read));
    }
  });
});

describe("a search", () => {
  type Item = { text: string };
  const items = (...texts: string[]): Item[] => texts.map((text) => ({ text }));

  /** A finder with a worker that answers when it is told to. */
  function finder(typed: string) {
    const read = readSearch(typed);
    assert.ok("search" in read && read.search !== null);
    const told: { news: number; ended: Ended[]; sent: ToSearch[]; isGone: boolean } = { news: 0, ended: [], sent: [], isGone: false };
    const worker: SearchWorker = {
      postMessage: (message: ToSearch) => {
        told.sent.push(message);
      },
      terminate: () => {
        told.isGone = true;
      },
      onmessage: null,
      onerror: null,
    };
    const hooks = {
      onNews: () => {
        told.news += 1;
      },
      onEnd: (why: Ended) => {
        told.ended.push(why);
      },
    };
    const it = new Finder<Item>(read.search, ({ text }) => text, hooks, () => worker);
    const say = (data: FromSearch) => {
      worker.onmessage?.call(worker as Worker, { data } as MessageEvent);
    };
    const fail = () => {
      worker.onerror?.call(worker as Worker, {} as ErrorEvent);
    };
    return { it, told, say, fail };
  }

  test("for a text needs no worker", () => {
    const { it, told } = finder("a");
    const [yes, no] = items("cat", "dog");
    assert.ok(yes && no && it.has(yes) && !it.has(no) && it.isIdle);
    assert.deepEqual(it.placesIn("cat"), [[1, 2]]);
    assert.equal(told.sent.length, 0);
  });

  test("for a pattern asks a worker once for each item, in batches, and tells when more is known", () => {
    const { it, told, say } = finder("/a/");
    const all = items("cat", ...Array.from({ length: 2_500 }, () => "dog"));
    for (const item of all) assert.ok(!it.has(item), "not known yet");
    assert.equal(told.sent.length, 0, "nothing is sent to a worker that is not there");
    say({});
    assert.equal(told.sent.length, 1);
    const [first] = told.sent;
    say({ found: (first?.texts ?? []).map((text) => text === "cat") });
    assert.equal(told.news, 1);
    say({ found: (told.sent[1]?.texts ?? []).map(() => false) });
    assert.ok(it.isIdle && told.sent.length === 2);
    assert.equal(told.sent.flatMap(({ texts }) => texts).length, all.length);
    assert.deepEqual(all.map((item) => it.has(item)).filter((has) => has), [true]);
    assert.deepEqual(it.placesIn("cat"), []);
    assert.equal(told.sent[2]?.where, true);
    say({ places: [[[1, 2]]] });
    assert.deepEqual(it.placesIn("cat"), [[1, 2]]);
    it.end();
    assert.ok(told.isGone && told.ended.length === 0);
  });

  test("that takes too long is ended, and said to be", (context) => {
    context.mock.timers.enable({ apis: ["setTimeout"] });
    const { it, told, say } = finder("/(a+)+$/");
    const [item] = items("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!");
    assert.ok(item && !it.has(item));
    context.mock.timers.tick(10 * BATCH_MS);
    assert.deepEqual(told.ended, [], "to load the worker is no search");
    say({});
    context.mock.timers.tick(BATCH_MS - 1);
    assert.deepEqual(told.ended, []);
    context.mock.timers.tick(1);
    assert.deepEqual(told.ended, ["slow"]);
    assert.ok(told.isGone);
    assert.ok(!it.has({ text: "a" }) && told.sent.length === 1, "nothing more is asked");
  });

  test("ends when its worker can't be had, or finds the pattern to be none", () => {
    const lost = finder("/a/");
    lost.it.has({ text: "a" });
    lost.fail();
    assert.deepEqual(lost.told.ended, ["lost"]);
    const wrong = finder("/a/");
    wrong.it.has({ text: "a" });
    wrong.say({});
    wrong.say({ trouble: "too large" });
    assert.deepEqual(wrong.told.ended, [{ trouble: "too large" }]);
  });
});

describe("a terminal's colours", () => {
  const esc = "\u001b[";
  test("become looks, and end where they say", () => {
    const pieces = ansiPieces(`a${esc}1;31mb${esc}22mc${esc}0md${esc}38;5;208me${esc}48;2;1;2;3mf${esc}mg${esc}38:2::9:8:7mh${esc}97;104mi`);
    assert.deepEqual(
      pieces.map(({ text, look }) => [text, look?.fg ?? null, look?.bg ?? null, look?.bold ?? false]),
      [
        ["a", null, null, false],
        ["b", 1, null, true],
        ["c", 1, null, false],
        ["d", null, null, false],
        ["e", "rgb(255 135 0)", null, false],
        ["f", "rgb(255 135 0)", "rgb(1 2 3)", false],
        ["g", null, null, false],
        ["h", "rgb(9 8 7)", null, false],
        ["i", 15, 12, false],
      ],
    );
  });

  test("leave no other sequence, and never lose text", () => {
    assert.equal(withoutAnsi(`a${esc}2Jb${esc}10;3Hc\u001b]0;title\u0007d\u001b]8;;x\u001b\\e\u009b31mf\u001bcg${esc}?25lh`), "abcdefgh");
    assert.deepEqual(ansiPieces(`${esc}38;5;999ma${esc}38;9mb${esc}1:2:3:mc`).map(({ text }) => text).join(""), "abc");
    const source = new Random(3);
    const alphabet = ["\u001b", "[", "3", "8", ";", "m", "a", ":", "\u009b", "J", "]", "\u0007", "5"];
    for (let round = 0; round < 2000; round += 1) {
      const text = Array.from({ length: 20 }, () => source.of(alphabet)).join("");
      assert.equal(ansiPieces(text).map((piece) => piece.text).join(""), withoutAnsi(text), JSON.stringify(text));
      // eslint-disable-next-line no-control-regex -- These are what must be gone.
      assert.ok(!/[\u001b\u009b]\[?[\d;:]*m/.test(withoutAnsi(text)), JSON.stringify(text));
    }
  });

  test("make no more pieces than there may be", () => {
    const pieces = ansiPieces(`${esc}31ma${esc}0mb`.repeat(20_000));
    assert.ok(pieces.length < 2_100);
    assert.equal(pieces.map(({ text }) => text).join("").length, 40_000);
  });
});

test("an address ends before what a sentence puts behind it", () => {
  for (const [found, address] of [
    ["https://a.b/c.", "https://a.b/c"],
    ["https://a.b/c),", "https://a.b/c"],
    ["https://a.b/(c)", "https://a.b/(c)"],
    ["https://a.b/c?d=e&f!?", "https://a.b/c?d=e&f"],
    ["https://a.b/", "https://a.b/"],
    [").,", ""],
  ] as const) {
    assert.equal(withoutTail(found), address);
  }
});

test("long arrays and maps open by the hundred", () => {
  const object: ObjectValue = {
    kind: "array",
    text: "(250)",
    items: [...Array.from({ length: 150 }, (_, i) => number(i)), { type: "hole", count: 5 }, ...Array.from({ length: 95 }, () => number(1))],
  };
  const labels = children(object).map((child) => (child.type === "range" ? `${child.label} ${child.lines.length}` : child.type));
  assert.deepEqual(labels, ["[0 … 99] 100", "[100 … 203] 100", "[204 … 249] 46"]);
  const entries = Array.from({ length: 101 }, (_, i): [Value, Value] => [number(i), number(i)]);
  assert.deepEqual(children({ kind: "map", text: "", entries }).map((child) => (child.type === "range" ? child.label : "")), ["[0 … 99]", "[100]"]);
});

describe("copies", () => {
  test("of values as JSON say what JSON can", () => {
    const data = JSON.parse(JSON.stringify(valueData(POINT))) as Record<string, unknown>;
    assert.deepEqual(data, {
      $id: 1,
      x: 3,
      y: 4,
      name: "origin",
      self: { $ref: 1 },
      length: "(getter)",
      "[Symbol(tag)]": true,
      list: [1, null, null, null, 0, "10n", "… 900 more"],
    });
    const map: Value = { type: "object", kind: "map", text: "", entries: [[string("a"), { type: "undefined" }]] };
    assert.equal(JSON.stringify(valueData(map)), '[["a",null]]');
    assert.equal(JSON.stringify(valueData({ type: "object", kind: "date", text: "2026-01-02" })), '"2026-01-02"');
    const day: Value = { type: "object", kind: "temporal", class: "Temporal.PlainDate", text: "Temporal.PlainDate 2026-11-30", properties: [{ key: "year", value: number(2026) }] };
    assert.equal(JSON.stringify(valueData(day)), '"2026-11-30"');
    assert.deepEqual(JSON.parse(JSON.stringify(valueData({ ...day, id: 1 }))), { $id: 1, year: 2026 });
    const error = JSON.parse(JSON.stringify(valueData(ERROR))) as Record<string, unknown>;
    assert.deepEqual(error, { name: "RangeError", message: "division by zero", stack: ["at divide 3:22", "at (top level) 8:3"], cause: { a: 1, b: 0 } });
  });

  test("keep a program's own __proto__ a key", () => {
    const evil: Value = { type: "object", kind: "object", text: "", properties: [{ key: "__proto__", value: { type: "object", kind: "object", text: "", properties: [{ key: "x", value: number(1) }] } }] };
    const made = valueData(evil) as Record<string, unknown>;
    assert.equal(made["x"], undefined);
    assert.equal(JSON.stringify(made), '{"__proto__":{"x":1}}');
  });

  test("of values as text go as deep as is known", () => {
    assert.equal(valueText(string("plain")), "plain");
    assert.match(valueText(POINT), /^Point \{.*\n {2}x: 3\n {2}y: 4\n {2}name: "origin"\n {2}self: → #1\n {2}length: \(getter\)\n/);
  });

  test("of lines have their stacks, tables and times", () => {
    const lines = new Lines();
    lines.add(line("twice"));
    lines.add(line("twice"));
    lines.add({ type: "event", event: event({ level: "error", args: [ERROR], text: "RangeError: division by zero" }) });
    lines.add({ type: "event", event: event({ kind: "table", text: "t", table: { columns: ["(index)", "a"], rows: [{ index: "0", cells: [string("x\ty")] }], more_rows: 0, more_columns: 0 } }) });
    lines.add({ type: "error", error: { name: "TypeError", message: "no", stack: [], cause: ERROR } });
    const [twice, error, table, uncaught] = lines.all.map(lineText);
    assert.equal(twice, "twice (× 2)");
    assert.equal(error, "RangeError: division by zero\n  at divide 3:22\n  at (top level) 8:3\n  Caused by: {a: 1, b: 0}");
    assert.equal(table, "t\n(index)\ta\n0\tx y");
    assert.equal(uncaught, "Uncaught TypeError: no\n  Caused by: RangeError: division by zero\n    at divide 3:22\n    at (top level) 8:3\n  Caused by: {a: 1, b: 0}");
    const read = JSON.parse(linesJson(lines.all)) as Record<string, unknown>[];
    assert.deepEqual(read[0], { level: "log", text: "twice", args: ["twice"], line: 1, column: 1, at_ms: 5, times: 2 });
    assert.deepEqual(read[2]?.["table"], [{ "(index)": "0", a: "x\ty" }]);
    const [, , , last] = lines.all;
    assert.ok(last);
    assert.equal((JSON.parse(JSON.stringify(lineData(last))) as Record<string, unknown>)["kind"], "uncaught");
  });
});

test("tables are sorted with numbers before texts and nothing last", () => {
  const values: Value[] = [string("b10"), number(2), { type: "undefined" }, string("b9"), { type: "bigint", value: "-3" }, { type: "special_number", value: "NaN" }];
  const sorted = (sign: 1 | -1) => [...values].map(keyOfValue).sort((a, b) => compare(a, b, sign));
  assert.deepEqual(sorted(1), [-3, 2, "b9", "b10", null, null]);
  assert.deepEqual(sorted(-1), ["b10", "b9", 2, -3, null, null]);
});

describe("pace", () => {
  /** A clock that tests wind. */
  function wound() {
    let now = 0;
    let due: ((budget: number) => void)[] = [];
    let hidden = false;
    const clock: Clock = { now: () => now, next: (act) => due.push(act), isHidden: () => hidden };
    return {
      clock,
      pass: (ms: number) => {
        now += ms;
      },
      frame: (budget = 7) => {
        const all = due;
        due = [];
        for (const act of all) act(budget);
      },
      hide: () => {
        hidden = true;
      },
    };
  }

  test("does what comes alone at once, and of a flood so much in each frame", () => {
    const { clock, pass, frame } = wound();
    const pace = new Pace(clock);
    const done: number[] = [];
    for (let i = 0; i < 10; i += 1) {
      pace.add(() => {
        done.push(i);
        pass(3);
      });
      if (i === 0) assert.deepEqual(done, [0]);
    }
    assert.deepEqual(done, [0, 1]);
    frame();
    assert.deepEqual(done, [0, 1, 2, 3, 4]);
    frame(2);
    assert.deepEqual(done, [0, 1, 2, 3, 4, 5], "drawing has left less");
    frame();
    assert.deepEqual(done, [0, 1, 2, 3, 4, 5, 6, 7, 8]);
    frame();
    assert.deepEqual(done, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test("leaves no time for drawing where nothing is drawn, and goes on behind work that fails", () => {
    const { clock, pass, frame, hide } = wound();
    const pace = new Pace(clock);
    let done = 0;
    hide();
    for (let i = 0; i < 100; i += 1) {
      pace.add(() => {
        done += 1;
        pass(3);
      });
    }
    assert.equal(done, 100);
    assert.throws(() => {
      pace.add(() => {
        throw new Error("no");
      });
    });
    pace.add(() => {
      done += 1;
    });
    assert.equal(done, 101);
    frame();
  });
});
