// What strangers wrote is rendered in time that is in line with its length, whatever it is: each renderer of text is swept
// with repeated pieces that make patterns and parsers go back and forth. What can't be held to that is in a worker with a
// deadline (background.test.ts, and in Chromium page-hostile.test.ts).

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { ansiPieces, withoutAnsi } from "../../../web/console/ansi.ts";
import { bounded, brief } from "../../../web/console/bounds.ts";
import { safeDeclarations } from "../../../web/console/css.ts";
import { base64, pretty, withNamespace } from "../../../web/console/display.ts";
import { pieces } from "../../../web/console/preview.ts";
import { placesIn } from "../../../web/console/search.ts";
import { isPlainSvg } from "../../../web/console/svg.ts";
import { withoutTail } from "../../../web/console/text.ts";
import { diffLines } from "../../../web/diff.ts";
import { difference } from "../../../web/formatter.ts";
import { jsonTrouble } from "../../../web/inputs.ts";
import { findSecrets } from "../../../web/share/secrets.ts";

const RENDERERS: Record<string, (text: string) => unknown> = {
  ansiPieces,
  withoutAnsi,
  bounded,
  brief,
  safeDeclarations,
  base64,
  pretty,
  withNamespace,
  pieces,
  "placesIn, a text": (text) => placesIn({ text: text.slice(0, 2).toLowerCase() }, text),
  isPlainSvg,
  withoutTail,
  "diffLines, alike": (text) => diffLines(text.split("\n"), `${text}\n`.split("\n")),
  difference: (text) => difference(text, `${text}!`),
  jsonTrouble,
  findSecrets,
};

/** What is repeated: marks that begin something, without what ends it, and with what nearly does. */
const BEGINS = [
  ...Array.from("abü1 \n\t'\"`\\<>[]{}()*_-+.,;:=/&#@!?|~$"),
  ...["\u001b", "\u001b[", "\u001b[1m", "\u001b[38;5;", "\u001b]", "\u009b", "\u0301", "🦋", "\ud800", "1_", "-1", "1e", "a: ", "a:", "true", "null "],
  ...["http://", "https://a ", "http://a(", "http://a)", "color:", "color:a;", "rgb(", "rgb(a", "font-size:1"],
  ...["secret", "token=", "password: '", "eyJ", "-eyJ", "-eyJaaaaaaaa.", "eyJaaaaaaaa.eyJ", "AKIA", "a://b:", "-----BEGIN ", "A ", "sk-", "xoxb-", "a.b@"],
  ...["<svg>", "<g>", "</g>", "<svg ", "<!--", "url(", "&#", "[a](", "{\"a\":", "[[", "[1,", "\"\\\"", "\"\\"],
];
const ENDS = ["", "a", " ", ")", "\"", "\\", ":"];

const LENGTH = 24 << 10;
/** Generous: machines have other work. What went back and forth took 2 s and more. */
const MOST_MS = 500;

for (const [name, render] of Object.entries(RENDERERS)) {
  test(`${name} takes time in line with the text`, () => {
    const slow: string[] = [];
    const time = (what: string, text: string) => {
      const begun = performance.now();
      render(text);
      const took = performance.now() - begun;
      if (took > MOST_MS) slow.push(`${what}: ${Math.round(took)} ms`);
    };
    for (const begin of BEGINS) {
      for (const end of ENDS) {
        // Over and over; many beginnings and then many ends; one beginning and much of the same.
        const unit = begin + end;
        time(`repeated ${JSON.stringify(unit)}`, unit.repeat(Math.ceil(LENGTH / unit.length)));
        if (end === "") continue;
        const half = (part: string) => part.repeat(Math.ceil(LENGTH / 2 / part.length));
        time(`${JSON.stringify(begin)}, then ${JSON.stringify(end)}`, half(begin) + half(end));
        assert.deepEqual(slow, []);
      }
    }
  });
}

test("long lines that begin alike are compared in little time", () => {
  const lines = (end: string) => Array.from({ length: 1_900 }, (_, at) => `${"x".repeat(2_000)}${end}${at}`);
  const [before, after] = [lines("a"), lines("b")];
  const begun = performance.now();
  assert.equal(diffLines(before, after)?.length, 3_800);
  assert.ok(performance.now() - begun < MOST_MS);
});

describe("pieces", () => {
  const kinds = (text: string) => pieces(text).filter(({ kind }) => kind !== "").map(({ text, kind }) => `${kind} ${text}`);

  test("a preview is coloured as before", () => {
    const text = `{a: 1, "b c": 'd', e: -2.5e3n, $f_1: true, g1: [NaN, /x/], h: "\\"", i: it's}`;
    assert.equal(pieces(text).map((piece) => piece.text).join(""), text);
    assert.deepEqual(kinds(text), [
      "key a",
      "number 1",
      'string "b c"',
      "string 'd'",
      "key e",
      "number -2.5e3n",
      "key $f_1",
      "keyword true",
      "key g1",
      "keyword NaN",
      "key h",
      'string "\\""',
      "key i",
    ]);
  });

  test("pieces are bounded, and nothing is lost", () => {
    const text = "1 ".repeat(10_000);
    const found = pieces(text);
    assert.ok(found.length <= 1_001, String(found.length));
    assert.equal(found.map((piece) => piece.text).join(""), text);
  });
});

describe("bounded", () => {
  test("a long text is cut between characters", () => {
    assert.deepEqual(bounded("abc"), { shown: "abc", end: 3 });
    assert.deepEqual(bounded("abcd", 3), { shown: "abc", end: 3 });
    assert.deepEqual(bounded("ab🦋", 3), { shown: "ab", end: 2 });
    assert.equal(brief("x".repeat(600)).length, 501);
  });

  test("marks that no writing has are cut", () => {
    assert.equal(bounded(`e\u0301 a${"\u0301".repeat(32)}`).shown, `e\u0301 a${"\u0301".repeat(32)}`);
    assert.equal(bounded(`a${"\u0301".repeat(33)}b`).shown, `a${"\u0301".repeat(32)}…b`);
  });
});

describe("pretty", () => {
  test("JSON is laid out unless nearly all of it were indentation", () => {
    assert.equal(pretty('{"a":[1,"[,"]}'), '{\n  "a": [\n    1,\n    "[,"\n  ]\n}');
    assert.equal(pretty("no JSON"), "no JSON");
    for (const depth of [3_000, 7_000, 100_000]) {
      const deep = "[".repeat(depth) + "]".repeat(depth);
      assert.ok(pretty(deep).length <= 4 << 20, String(depth));
    }
  });
});

describe("isPlainSvg", () => {
  const wrap = (inner: string) => `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">${inner}</svg>`;

  test("shapes, texts and simple styles are plain", () => {
    for (const plain of [
      wrap("<rect width='9' height='9'/>"),
      wrap("<title>T</title><style>.a{fill:red}@media (prefers-color-scheme:dark){.a{fill:blue}}</style><g class='a'><text x='1'>ü</text></g>"),
      wrap("<path d='M0 0L9 9' stroke-dasharray='5 3' style='stroke-width:6'/>".repeat(500)),
    ]) {
      assert.ok(isPlainSvg(plain), plain.slice(0, 200));
    }
  });

  test("whatever could keep a page busy is not", () => {
    for (const busy of [
      "<use href='#a'/>",
      "<use xlink:href='#a'/>",
      "<image href='data:,'/>",
      "<foreignObject><p xmlns='http://www.w3.org/1999/xhtml'/></foreignObject>",
      "<filter id='f'/>",
      "<rect fill='url(#p)'/>",
      "<rect fill='u\\72 l(#p)'/>",
      "<rect fill='&#117;rl(#p)'/>",
      "<pattern/>",
      "<mask/>",
      "<marker/>",
      "<animate attributeName='x'/>",
      "<script/>",
      "<svg:use/>",
      "<style>@import 'a'</style>",
      "<style>:has(*){}</style>",
      `<style>${"a{}".repeat(2_000)}</style>`,
      "<g>".repeat(40) + "</g>".repeat(40),
      "<rect/>".repeat(10_001),
      `<text>${"x".repeat(10_001)}</text>`,
      `<text>a${"\u0301".repeat(40)}</text>`,
      "x".repeat(600_000),
    ]) {
      assert.ok(!isPlainSvg(wrap(busy)), busy.slice(0, 200));
    }
    assert.ok(!isPlainSvg(`<!DOCTYPE svg [<!ENTITY a "b">]>${wrap("&a;")}`));
    assert.ok(!isPlainSvg(`<?xml version="1.0"?>${wrap("")}`));
  });
});
