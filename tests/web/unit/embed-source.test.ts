import assert from "node:assert/strict";
import { test } from "node:test";

import { codeHeight, frameHeight, linesHeight } from "../../../web/embed/height.ts";
import { dedent } from "../../../web/embed/source.ts";
import { editorTag, scriptTag } from "../../../web/wizard/tag.ts";
import { readOptions } from "../../../web/embedded/options.ts";
import { Random } from "../support/random.ts";

test("code in markup loses the indentation that all its lines share, and the blank lines around it", () => {
  assert.equal(dedent("\n    if (a) {\n      b();\n\n    }\n  "), "if (a) {\n  b();\n\n}");
  assert.equal(dedent("a\n  b"), "a\n  b");
  assert.equal(dedent("\n\n"), "");
  assert.equal(dedent("\t\ta\r\n\t\t\tb"), "a\n\tb");
  assert.equal(dedent("  a\n\tb"), "  a\n\tb", "nothing is shared between spaces and a tab");
  assert.equal(dedent("  a\n \n  b"), "a\n\nb", "a blank line does not count");
});

test("taking off indentation once is enough, and keeps every word", () => {
  for (let seed = 0; seed < 2_000; seed += 1) {
    const random = new Random(seed);
    const lines = Array.from({ length: random.below(6) }, () => random.of([" ", "  ", "\t", ""]).repeat(random.below(3)) + random.of(["", "a", "b c", " d"]));
    const code = lines.join("\n");
    const once = dedent(code);
    assert.equal(dedent(once), once, JSON.stringify(code));
    assert.deepEqual(once.split(/\s+/).filter(Boolean), code.split(/\s+/).filter(Boolean));
  }
});

test("a frame is as high as its code, within bounds", () => {
  const shape = { console: "open", bar: true, tabs: false } as const;
  const height = (lines: number, width = 900) => frameHeight(codeHeight(linesHeight(lines, width), width), shape);
  assert.equal(height(1), height(3), "at least three lines");
  assert.equal(height(24), height(500), "at most twenty-four");
  assert.ok(height(10) > height(9));
  assert.ok(height(10, 400) > height(10), "narrow ones have larger letters");
  assert.ok(frameHeight(100, { ...shape, console: "closed" }) < frameHeight(100, shape));
  assert.ok(frameHeight(100, { ...shape, tabs: true }) > frameHeight(100, shape));
});

test("attributes become options", () => {
  const { options, problems } = readOptions({
    language: "TS",
    mode: "function",
    autorun: "visible",
    readonly: "",
    height: "300px",
    console: "closed",
    files: "main.js, util.js",
    hide: "stop lines",
    modules: "lodash node:url",
    "run-label": "  Try it ",
    snippet: "a1B2c3D4e5f6@3",
    label: "Sums",
  });
  assert.deepEqual(problems, []);
  assert.deepEqual(options, {
    language: "typescript",
    mode: "function",
    autorun: "visible",
    readonly: true,
    auto: false,
    console: "closed",
    files: ["main.js", "util.js"],
    hide: new Set(["stop", "lines"]),
    modules: ["lodash", "node:url"],
    runLabel: "Try it",
    snippet: "a1B2c3D4e5f6@3",
    label: "Sums",
  });
});

test("without attributes there are defaults, and `false` takes `readonly` back", () => {
  const { options, problems } = readOptions({ readonly: "false" });
  assert.deepEqual(problems, []);
  assert.equal(options.language, "javascript");
  assert.equal(options.readonly, false);
  assert.equal(options.runLabel, "", "the page has a word for it");
  assert.equal(options.console, "open");
  assert.equal(options.modules, null);
});

test("a mistyped attribute is told what it can be, and the default stands in", () => {
  const { options, problems } = readOptions({ language: "python", hide: "bar everything", console: "constructor", snippet: "../x" });
  assert.equal(problems.length, 4);
  assert.ok(problems.some((problem) => problem.includes('language can\'t be "python": write javascript, js')));
  assert.ok(problems.some((problem) => problem.includes('hide can\'t have "everything"')));
  assert.equal(options.language, "javascript");
  assert.equal(options.console, "open");
  assert.equal(options.snippet, null);
  assert.deepEqual(options.hide, new Set(["bar"]));
});

test("any attributes give options", () => {
  const names = ["language", "mode", "autorun", "readonly", "height", "console", "files", "hide", "modules", "run-label", "snippet", "label"];
  const words = ["", "ts", "open", "no", "bar", "__proto__", "toString", "a@1", "@", " ", "\n", "x".repeat(200)];
  for (let seed = 0; seed < 5_000; seed += 1) {
    const random = new Random(seed);
    const attributes = Object.fromEntries(Array.from({ length: random.below(8) }, () => [random.of(names), random.of(words)]));
    const { options, problems } = readOptions(attributes);
    assert.ok(["javascript", "typescript", "jsx", "tsx"].includes(options.language), `seed ${seed}`);
    assert.ok(["open", "closed", "only"].includes(options.console));
    assert.ok(options.runLabel.length <= 40);
    assert.ok(options.snippet === null || /^[\w-]+(@\d+)?$/.test(options.snippet));
    for (const problem of problems) assert.ok(problem.length < 300);
  }
});

test("a tag has what was chosen, and nothing in it ends it early", () => {
  const tag = editorTag({
    attributes: { language: "typescript", theme: "auto", "run-label": 'Say "hi" & <go>', readonly: "true", hide: "bar" },
    code: "if (a < b && c) { '</pre></mayfly-editor>' }",
    setup: "const x = '</template>';",
    check: "",
  });
  assert.equal(
    tag,
    [
      '<mayfly-editor language="typescript" hide="bar" run-label="Say &quot;hi&quot; &amp; &lt;go>" readonly>',
      '<template slot="setup">\nconst x = \'&lt;/template>\';\n</template>',
      "<pre>\nif (a &lt; b &amp;&amp; c) { '&lt;/pre>&lt;/mayfly-editor>' }\n</pre>",
      "</mayfly-editor>",
    ].join("\n"),
  );
  assert.equal(scriptTag("https://x.example"), '<script async src="https://x.example/embed.js"></script>');
  assert.equal(editorTag({ attributes: {}, code: "", setup: "", check: "" }), "<mayfly-editor>\n</mayfly-editor>");
});
