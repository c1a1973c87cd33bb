// The files of a program as data, and what is stored of them.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { MOST_FILES, defaultEntry, freeName, moved, nameTrouble, parse, serialise, type Files } from "../../../web/files.ts";
import { NO_INPUTS } from "../../../web/inputs.ts";

describe("names", () => {
  test("are relative paths of plain segments", () => {
    for (const name of ["main.js", "lib/maths.ts", "a", "A-b_c.9", "x".repeat(100)]) assert.equal(nameTrouble(name, []), null, name);
  });

  for (const [name, trouble] of [
    ["", "empty"],
    ["x".repeat(101), "long"],
    ["/main.js", "characters"],
    ["lib//a.js", "characters"],
    ["lib/", "characters"],
    ["a b.js", "characters"],
    ["é.js", "characters"],
    ["a\\b.js", "characters"],
    ["../a.js", "dots"],
    ["lib/./a.js", "dots"],
    ["taken.js", "taken"],
  ] as const) {
    test(`don't look like ${JSON.stringify(name.slice(0, 20))}`, () => {
      assert.equal(nameTrouble(name, ["taken.js"]), trouble);
    });
  }

  test("that are free get a number", () => {
    assert.equal(freeName([], "file.js"), "file.js");
    assert.equal(freeName(["file.js", "file2.js"], "file.js"), "file3.js");
    assert.equal(freeName(["README"], "README"), "README2");
  });
});

test("the program is the only file, main, index, or the first", () => {
  assert.equal(defaultEntry(["b.ts"]), "b.ts");
  assert.equal(defaultEntry(["data.json"]), "data.json");
  assert.equal(defaultEntry(["index.js", "a.js", "main.tsx"]), "main.tsx");
  assert.equal(defaultEntry(["a.js", "index.mjs", "main.json"]), "index.mjs");
  assert.equal(defaultEntry(["lib/main.js", "b.js"]), "lib/main.js");
  assert.equal(defaultEntry([]), "main.js");
});

test("files are moved within their list", () => {
  assert.deepEqual(moved(["a", "b", "c"], 0, 2), ["b", "c", "a"]);
  assert.deepEqual(moved(["a", "b", "c"], 2, -5), ["c", "a", "b"]);
  assert.deepEqual(moved(["a"], 7, 0), ["a"]);
});

describe("what is stored", () => {
  const several: Files = { files: [{ name: "main.ts", content: "1" }, { name: "b.json", content: "{}" }], active: "b.json", entry: "main.ts" };

  test("comes back as it was", () => {
    assert.deepEqual(parse(serialise(several)), { ...several, inputs: NO_INPUTS });
    const mean: Files = { files: [{ name: "main.js", content: serialise(several) }], active: "main.js", entry: null };
    assert.deepEqual(parse(serialise(mean)), { ...mean, inputs: NO_INPUTS });
  });

  test("is the plain text of a program that is alone", () => {
    const alone: Files = { files: [{ name: "main.js", content: "let a = 1;\n" }], active: "main.js", entry: null };
    assert.equal(serialise(alone), "let a = 1;\n");
    assert.deepEqual(parse("let a = 1;\n"), { ...alone, inputs: NO_INPUTS });
  });

  test("and broken is read as far as it makes sense", () => {
    const begin = "mayfly files 1\n";
    for (const text of [`${begin}{`, `${begin}null`, `${begin}{"files": []}`, `${begin}{"files": [{"name": "../x", "content": ""}]}`, `${begin}{"files": [7]}`]) {
      assert.deepEqual(parse(text), { files: [{ name: "main.js", content: text }], active: "main.js", entry: null, inputs: NO_INPUTS }, text);
    }
    const twice = parse(`${begin}{"files": [{"name": "a.js", "content": "1"}, {"name": "a.js", "content": "2"}, {"name": "b.js"}], "active": "z", "entry": 3}`);
    assert.deepEqual(twice, { files: [{ name: "a.js", content: "1" }], active: "a.js", entry: null, inputs: NO_INPUTS });
    const many = { files: Array.from({ length: 99 }, (_, i) => ({ name: `${i}.js`, content: "" })) };
    assert.equal(parse(begin + JSON.stringify(many)).files.length, MOST_FILES);
  });
});
