// The language service over the sandbox's library: what it completes, tells and finds wrong.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";

import { readGlobals, readList, readTypes } from "../../../web/language/modules.ts";
import { Project, type Library } from "../../../web/language/project.ts";
import type { Calls, Edit, Problem } from "../../../web/language/protocol.ts";
import { answer, importEdit, wanted } from "../../../web/language/service.ts";
import { root } from "../support/paths.ts";

const made = (await import(pathToFileURL(path.join(root, "web/language/library.mjs")).href)) as { library: () => Library };
const LIBRARY = made.library();

/** What the mock's server lists, and a module with types. */
const MODULES = readList({
  builtins: [{ name: "node:util", exports: ["inspect", "format"], types: "/types/node.json" }],
  packages: [
  { name: "axios", version: "1.0.0", exports: ["get", "AxiosError"], types: "/types/axios.json" },
  { name: "lodash", exports: ["debounce", "chunk"], types: "/types/lodash.json" },
  ],
});
const AXIOS = readTypes({
  files: {
    "node_modules/axios/package.json": '{"name": "axios", "types": "index.d.ts"}',
    "node_modules/axios/index.d.ts":
      "export interface Response<T> { data: T; status: number }\nexport interface Axios { get<T = any>(url: string, config?: { timeout?: number }): Promise<Response<T>> }\ndeclare const axios: Axios;\nexport default axios;\nexport declare function get(url: string): Promise<Response<any>>;",
  },
});
const UTIL = readTypes({ files: { "node_modules/@types/node/util.d.ts": 'declare module "node:util" { export function inspect(value: unknown): string; }\ndeclare module "util" { export * from "node:util"; }' } });

/** A project with these files. `|` in a text stands for the caret; where it is, is in `at`. */
function open(files: Record<string, string>): { project: Project; file: string; at: number } {
  const project = new Project(LIBRARY);
  project.modules = MODULES;
  let caret = { file: Object.keys(files)[0] ?? "", at: 0 };
  const sources = Object.entries(files).map(([name, text]) => {
    const at = text.indexOf("‸");
    if (at >= 0) caret = { file: name, at };
    return { name, content: text.replace("‸", "") };
  });
  project.update(sources, []);
  return { project, ...caret };
}

function complete(files: Record<string, string>, types?: ReadonlyMap<string, string>) {
  const { project, file, at } = open(files);
  if (types !== undefined) project.addTypes(types);
  return answer(project, "complete", { file, at, explicit: true });
}

const labels = (found: Calls["complete"]["gives"]) => (found?.items ?? []).map((it) => it.label);

function problems(text: string, file = "main.ts", others: Record<string, string> = {}): Problem[] {
  const { project } = open({ [file]: text, ...others });
  return answer(project, "problems", { file });
}

const messages = (text: string, file?: string, others?: Record<string, string>) => problems(text, file, others).map((it) => it.message);

/** A text with edits made. */
function edited(text: string, edits: readonly Edit[]): string {
  return [...edits].sort((a, b) => b.from - a.from).reduce((all, { from, to, insert }) => all.slice(0, from) + insert + all.slice(to), text);
}

describe("the library", () => {
  const names = (text: string) => labels(complete({ "main.ts": text }));

  test("has what the sandbox has", () => {
    const there = names("‸");
    for (const name of ["console", "fetch", "URLPattern", "structuredClone", "ReadableStream", "queueMicrotask", "WebAssembly", "Iterator", "input", "Buffer", "process", "setImmediate"]) {
      assert.ok(there.includes(name), name);
    }
  });

  test("has nothing of a page, of files or of workers", () => {
    const there = names("‸");
    for (const name of ["document", "window", "localStorage", "XMLHttpRequest", "Worker", "importScripts", "Deno", "__dirname", "Temporal", "postMessage", "onmessage"]) {
      assert.ok(!there.includes(name), name);
    }
    const members = names("navigator.‸");
    assert.deepEqual(members, ["userAgent"]);
  });

  test("has Temporal where the engine has it, and nothing else that a server names", () => {
    const source = "const day = Temporal.Now.plainDateISO();\nday.add({ months: 1 }).year satisfies number;\nnew Date(0).toTemporalInstant().epochNanoseconds satisfies bigint;\nTemporal.‸";
    const { project, file, at } = open({ "main.ts": source });
    const said = () => answer(project, "problems", { file }).map((it) => it.message);
    const offered = () => labels(answer(project, "complete", { file, at, explicit: true }));
    assert.ok(said().some((message) => message.includes("'Temporal'")), "it is unknown at first");
    assert.deepEqual(offered(), []);
    project.addGlobals(readGlobals({ globals: ["Temporal", "toString", "__proto__", "document", 5], builtins: [], packages: [] }));
    assert.deepEqual(offered().slice(0, 9).sort(), ["Duration", "Instant", "Now", "PlainDate", "PlainDateTime", "PlainMonthDay", "PlainTime", "PlainYearMonth", "ZonedDateTime"]);
    project.update([{ name: file, content: source.replace("\nTemporal.‸", "") }], []);
    assert.deepEqual(said(), []);
    assert.ok(!labels(answer(project, "complete", { file, at: 0, explicit: true })).includes("document"));
    for (const body of [null, {}, { globals: "Temporal" }, { globals: [["Temporal"]] }]) assert.deepEqual(readGlobals(body), []);
    assert.deepEqual(readList({ builtins: [], packages: [], globals: ["Temporal"] }), []);
  });

  test("is in order itself", () => {
    const { project } = open({ "main.ts": "" });
    project.addGlobals(Object.keys(LIBRARY.optional));
    for (const name of Object.keys(LIBRARY.files)) {
      if (project.program().getSourceFile(`/lib/${name}`) === undefined) continue;
      const found = project.service.getSyntacticDiagnostics(`/lib/${name}`);
      assert.deepEqual(found.map((it) => it.messageText), [], name);
    }
    const told = project.program().getSemanticDiagnostics(project.program().getSourceFile("/lib/lib.mayfly.d.ts"));
    assert.deepEqual(told.map((it) => it.messageText), []);
    assert.deepEqual(project.program().getGlobalDiagnostics().map((it) => it.messageText), []);
  });

  test("describes what programs use", () => {
    const source = `
      const answer = await fetch("https://a.example/", { signal: AbortSignal.timeout(100) });
      for await (const chunk of answer.body!) console.log(chunk.byteLength);
      for (const [name, value] of answer.headers) console.log(name.length + value.length);
      using free = { [Symbol.dispose]() {} };
      console.log(new Set([1]).union(new Set([2])).size, [3, 1].toSorted(), Iterator.from([1]).map((it) => it + 1).toArray());
      const channel = new MessageChannel();
      channel.port1.onmessage = (event) => { console.log(event.data); };
      console.table([{ a: 1 }], ["a"]);
      structuredClone(new Map([[1, 2]])).get(1);
      console.log(new TextDecoder().decode(Uint8Array.of(1)), crypto.randomUUID(), performance.now(), input, self === globalThis, free);
    `;
    assert.deepEqual(messages(source), []);
    assert.match(messages("new AbortSignal()").join(), /not constructable/);
  });
});

describe("completion", () => {
  test("of members", () => {
    const found = labels(complete({ "main.js": "const list = [1, 2];\nlist.to‸" }));
    assert.ok(found.includes("toSorted"));
    assert.ok(!found.includes("console"));
  });

  test("lists modules where a module is wanted", () => {
    assert.deepEqual(labels(complete({ "main.ts": 'import x from "‸"' })), ["node:util", "axios", "lodash"]);
    assert.deepEqual(labels(complete({ "main.js": 'const x = require("lo‸' })), ["node:util", "axios", "lodash"]);
  });

  test("after `import { ` lists modules, and completes the whole import", () => {
    const text = "import { ‸";
    const found = complete({ "main.ts": text });
    assert.deepEqual(labels(found), ["node:util", "axios", "lodash"]);
    const axios = found?.items[1];
    assert.equal(axios?.insert, '} from "axios";');
    const named = complete({ "main.ts": "import { deb‸ }" })?.items.find((it) => it.label === "debounce");
    assert.equal(named?.insert, 'debounce } from "lodash";');
  });

  test("offers exports of modules, and imports them", () => {
    const { project, file, at } = open({ "main.ts": "// a program\nconst a = 1;\ndeboun‸" });
    const item = answer(project, "complete", { file, at, explicit: false })?.items.find((it) => it.label === "debounce");
    assert.equal(item?.source, "lodash");
    const edits = answer(project, "imports", { file, at, label: "debounce", source: "lodash", data: item.data });
    assert.equal(edited(project.text(file), edits), 'import { debounce } from "lodash";\n// a program\nconst a = 1;\ndeboun');
  });

  test("offers what other files export, and imports it", () => {
    const { project, file, at } = open({ "main.ts": "const a = halv‸", "lib/maths.ts": "export const halve = (it: number) => it / 2;" });
    const item = answer(project, "complete", { file, at, explicit: false })?.items.find((it) => it.label === "halve");
    assert.ok(item?.source !== undefined);
    const edits = answer(project, "imports", { file, at, label: "halve", source: item.source, data: item.data });
    assert.match(edited(project.text(file), edits), /^import \{ halve \} from "\.\/lib\/maths\.ts";\n/);
  });

  test("has types of a module as soon as it has them", () => {
    const found = complete({ "main.ts": 'import axios from "axios";\naxios.‸' }, AXIOS);
    assert.deepEqual(labels(found), ["get"]);
    assert.ok(labels(complete({ "main.ts": 'import { ‸ } from "node:util";' }, UTIL)).includes("inspect"));
  });

  test("has types that come, and files that come and go, after the import was seen", () => {
    const { project, file } = open({ "main.ts": 'import axios from "axios";\nimport { two } from "./two.ts";\naxios.get(two);' });
    const told = () => answer(project, "problems", { file }).map((it) => it.message);
    assert.match(told().join(), /two\.ts/);
    project.addTypes(AXIOS);
    project.update([{ name: "two.ts", content: "export const two = 2;" }], []);
    assert.match(told().join(), /'number' is not assignable to parameter of type 'string'/);
    project.update([], ["two.ts"]);
    assert.match(told().join(), /two\.ts/);
  });

  test("leaves alone what is typed in a number or a string", () => {
    const { project, file, at } = open({ "main.ts": 'const a = "console‸"' });
    assert.equal(answer(project, "complete", { file, at, explicit: false }), null);
  });
});

describe("importing by an edit", () => {
  const edit = (text: string, file = "main.ts") => {
    const { project } = open({ [file]: text });
    return edited(text, importEdit(project, file, "chunk", "lodash"));
  };

  test("goes into an import that there is", () => {
    assert.equal(edit('import { map } from "lodash@4";\nmap;'), 'import { map, chunk } from "lodash@4";\nmap;');
    assert.equal(edit('import {} from "lodash";'), 'import { chunk } from "lodash";');
    assert.equal(edit('import { chunk } from "lodash";'), 'import { chunk } from "lodash";');
  });

  test("goes below the other imports and below directives", () => {
    assert.equal(edit('import a from "a";\nimport b from "b";\na(b);'), 'import a from "a";\nimport b from "b";\nimport { chunk } from "lodash";\na(b);');
    assert.equal(edit('"use strict";\nf();'), '"use strict";\nimport { chunk } from "lodash";\nf();');
  });

  test("is a require in CommonJS", () => {
    assert.equal(edit('const a = require("axios");\na;', "main.cjs"), 'const { chunk } = require("lodash");\nconst a = require("axios");\na;');
  });
});

describe("what is known of a name", () => {
  const say = (found: { parts: { text: string }[] } | null) => found?.parts.map((it) => it.text).join("") ?? "";

  test("on hovering", () => {
    const { project, file, at } = open({ "main.ts": 'import axios from "axios";\naxios.g‸et("x");' });
    assert.deepEqual(wanted(project), ["/types/axios.json"]);
    project.addTypes(AXIOS);
    assert.match(say(answer(project, "hover", { file, at })), /Axios\.get<any>\(url: string, config\?: \{[^}]*\}(?: \| undefined)?\): Promise<Response<any>>/s);
  });

  test("in a call", () => {
    const { project, file, at } = open({ "main.js": "/** Adds. @param {number} a The first. */\nfunction add(a, b = 2) { return a + b; }\nadd(1, ‸)" });
    const found = answer(project, "signature", { file, at });
    assert.equal(say({ parts: found?.prefix ?? [] }), "add(");
    assert.equal(found?.parameters.length, 2);
    assert.equal(found.active, 1);
    assert.equal(found.parameters[0]?.documentation, "The first.");
    assert.match(found.documentation, /Adds\./);
  });

  test("where it comes from", () => {
    const { project, file, at } = open({ "main.ts": 'import { halve } from "./lib/maths.js";\nhal‸ve(2);', "lib/maths.ts": "export const halve = (it: number) => it / 2;" });
    assert.deepEqual(answer(project, "definition", { file, at }), { places: [{ file: "lib/maths.ts", from: 13, to: 18 }], elsewhere: false });
    const { project: other, ...caret } = open({ "main.ts": "cons‸ole.log()" });
    assert.deepEqual(answer(other, "definition", caret), { places: [], elsewhere: true });
  });

  test("for renaming it in every file", () => {
    const { project, file, at } = open({ "main.ts": 'import { halve } from "./maths.js";\nconst o = { halve };\nhal‸ve(2);', "maths.ts": "export const halve = 1;" });
    assert.deepEqual(answer(project, "canRename", { file, at }), { name: "halve", at: { from: 57, to: 62 } });
    const edits = answer(project, "rename", { file, at, to: "half" });
    assert.equal(edited(project.text("maths.ts"), edits.filter((it) => it.file === "maths.ts")), "export const half = 1;");
    assert.equal(edited(project.text("main.ts"), edits.filter((it) => it.file === "main.ts")), 'import { half } from "./maths.js";\nconst o = { halve: half };\nhalf(2);');
    assert.ok("refused" in answer(project, "canRename", { file: "main.ts", at: 27 }));
    const { project: other, ...caret } = open({ "main.ts": "cons‸ole.log()" });
    assert.ok("refused" in answer(other, "canRename", caret));
  });
});

describe("problems", () => {
  test("of types are told in TypeScript, and in JavaScript only what is surely wrong", () => {
    const [problem] = problems('const a: number = "text";\nexport { a };');
    assert.equal(problem?.severity, "error");
    assert.match(problem.message, /not assignable to type 'number'/);
    assert.equal(problem.from, 6);
    assert.deepEqual(messages("let a = 1; a = 'text'; a.toFixed(); const f = (b) => b.c; f(1, 2); if (typeof process === 'object') f();", "main.js"), []);
    assert.deepEqual(messages("document.title;", "main.js"), ["Cannot find name 'document'. This sandbox does not have it."]);
    assert.deepEqual(messages("consle.log(1);", "main.js"), ["Cannot find name 'consle'. Did you mean 'console'?"]);
    assert.deepEqual(messages("module.exports = async (url) => { exports.a = require('axios')(url); };", "main.js"), []);
    assert.match(messages("const a = 1; a = 2;", "main.js").join(), /constant/);
    assert.match(messages("let a = ;", "main.js").join(), /Expression expected/);
  });

  test("name modules and files that are not there", () => {
    assert.deepEqual(messages('import fs from "fs"; fs;'), ["Module 'fs' is not available in this sandbox."]);
    assert.deepEqual(messages('const fs = require("node:fs"); fs;', "main.js"), ["Module 'node:fs' is not available in this sandbox."]);
    assert.deepEqual(messages('import a from "lodash"; import b from "util"; import c from "lodash@4/fp"; a(b, c);'), []);
    assert.match(messages('import a from "./gone.js"; a;').join(), /gone/);
    assert.deepEqual(messages('import data from "./data.json"; data.list[0]?.toFixed();', "main.ts", { "data.json": '{"list": [1]}' }), []);
  });

  test("don't come from JSX that no one has described", () => {
    assert.deepEqual(messages("export const a = <p class='x'>{1 + 1}</p>;", "main.tsx"), []);
  });

  const endless = /no way out|never ends|away from where/;
  for (const loop of [
    "while (true) { console.log(1); }",
    "for (;;) ;",
    "do { console.log(1); } while (1);",
    "let i = 0; while (i < 10) { console.log(i); }",
    "for (let i = 0; i < 10; i--) { console.log(i); }",
    "for (let i = 0, j = 0; i < 10; j++) { console.log(j); }",
    "outer: while (true) { while (true) { break; } }",
    "while (true) { switch (Date.now()) { case 1: break; } }",
    "while (true) { [1].forEach(() => { return; }); }",
  ]) {
    test(`tell that this does not end: ${loop}`, () => {
      assert.match(messages(loop, "main.js").join(), endless);
    });
  }
  for (const loop of [
    "while (true) { if (Date.now() > 5) break; }",
    "outer: while (true) { while (true) { break outer; } }",
    "function f() { for (;;) { return 1; } } f();",
    "function* g() { let i = 0; while (true) yield i++; } g();",
    "while (true) { await new Promise((wake) => setTimeout(wake, 10)); }",
    "let i = 0; while (i < 10) { i++; }",
    "let go = true; const stop = () => { go = false; }; while (go) { stop(); }",
    "let a = 1, b = 2; while (a < b) { [a, b] = [b, a + 1]; }",
    "const list = [1]; while (list.length > 0) { list.pop(); }",
    "for (let i = 10; i > 0; i--) { console.log(i); }",
    "let n = 0; for (let i = 0; i < 10; i--) { i += 2; n++; }",
    "for (const x of [1]) { console.log(x); }",
    "const it = { n: 0 }; while (it.n < 3) { it.n++; }",
    "let line; while ((line = Math.random()) > 0.5) { console.log(line); }",
  ]) {
    test(`are silent about this: ${loop}`, () => {
      assert.doesNotMatch(messages(loop, "main.js").join(), endless);
    });
  }

  const floating = /Nobody waits/;
  test("tell of promises that nobody waits for, and how to", () => {
    const source = "async function work() {}\nwork();\nexport {};";
    const found = problems(source, "main.js").find((it) => it.message.includes('Nobody waits'));
    assert.equal(found?.severity, "warning");
    assert.equal(edited(source, found.fix?.edits ?? []), "async function work() {}\nawait work();\nexport {};");
    assert.match(messages("fetch('https://a.example/').then((it) => it.text());").join(), floating);
    assert.match(messages("Promise.all([1]).finally(() => 1);", "main.js").join(), floating);
    const inside = problems("async function work() {}\nfunction f() { work(); }\nf();", "main.js").find((it) => it.message.includes('Nobody waits'));
    assert.ok(inside !== undefined && inside.fix === undefined);
  });

  test("are silent about promises that are waited for, caught, kept or let go on purpose", () => {
    for (const source of [
      "await fetch('x');",
      "fetch('x').catch(() => 1);",
      "fetch('x').then(() => 1, () => 2);",
      "fetch('x').catch(() => 1).finally(() => 2);",
      "void fetch('x');",
      "const kept = fetch('x'); kept;",
      "const thenable = { then() {} }; const f = () => thenable; f();",
    ]) {
      assert.doesNotMatch(messages(source, "main.js").join(), floating, source);
    }
  });
});

describe("lists and files of types", () => {
  test("are read as far as they are what they should be", () => {
    assert.deepEqual(readList({ builtins: [{ name: "node:url", exports: ["parse"] }], packages: [{ name: "zod", version: "4.0.0", types: "/t.json" }, { name: 7 }, null] }), [
      { name: "node:url", version: null, exports: ["parse"], types: null },
      { name: "zod", version: "4.0.0", exports: [], types: "/t.json" },
    ]);
    for (const body of [null, 1, "text", [1], { files: 1 }]) assert.deepEqual(readList(body), []);
    assert.deepEqual([...readTypes({ files: { "node_modules/a/index.d.ts": "x", "../up.d.ts": "y", b: 1 } })], [["/node_modules/a/index.d.ts", "x"]]);
    assert.equal(readFileSync(path.join(root, "web/language/mayfly.d.ts"), "utf8").includes("declare var input"), true);
  });
});
