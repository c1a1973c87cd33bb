// The plain parts of the workbench: settings, keys, sifting commands, differences of texts, words.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";

import { fit } from "../../../web/commands.ts";
import { difference } from "../../../web/formatter.ts";
import { matches, written, type KeyPress } from "../../../web/keys.ts";
import { DEFAULTS, SettingsStore, readSettings } from "../../../web/settings.ts";
import { adminWords } from "../../../web/strings/admin.ts";
import { de } from "../../../web/strings/de.ts";
import { en } from "../../../web/strings/en.ts";
import { es } from "../../../web/strings/es.ts";
import { pick } from "../../../web/strings/words.ts";
import { root } from "../support/paths.ts";

describe("settings", () => {
  test("that can't be read are the default ones", () => {
    for (const text of [null, "", "{", "7", "null", '"x"', '{"keys": "ed", "fontSize": 900, "wrap": 1, "columns": "9", "locale": "xx"}']) {
      assert.deepEqual(readSettings(text), DEFAULTS, text ?? "null");
    }
    assert.deepEqual(readSettings('{"keys": "vim", "fontSize": 18, "other": 1}'), { ...DEFAULTS, keys: "vim", fontSize: 18 });
  });

  test("are kept, and told of", () => {
    const kept = new Map<string, string>();
    const store = () => ({
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
      removeItem: (key: string) => void kept.delete(key),
    });
    const settings = new SettingsStore(store);
    const told: boolean[] = [];
    settings.onChange((now, before) => told.push(now.wrap, before.wrap));
    settings.set({ wrap: true });
    assert.deepEqual(told, [true, false]);
    assert.equal(new SettingsStore(store).now.wrap, true);
  });
});

describe("keys", () => {
  const press = (key: string, held: Partial<KeyPress> = {}): KeyPress => ({ key, code: "", ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...held });

  test("are matched to events", () => {
    assert.ok(matches("Mod-Shift-p", press("P", { ctrlKey: true, shiftKey: true }), false));
    assert.ok(!matches("Mod-Shift-p", press("p", { ctrlKey: true }), false));
    assert.ok(matches("Mod-Shift-p", press("p", { metaKey: true, shiftKey: true }), true));
    assert.ok(matches("Shift-Alt-f", press("Ï", { code: "KeyF", altKey: true, shiftKey: true }), true));
    assert.ok(matches("?", press("?", { shiftKey: true }), false));
    assert.ok(matches("Mod-Alt--", press("-", { ctrlKey: true, altKey: true }), false));
    assert.ok(matches("F1", press("F1"), false));
    assert.ok(!matches("F1", press("F1", { shiftKey: true }), false));
  });

  test("are written as keyboards have them", () => {
    assert.equal(written("Mod-Shift-p", false), "Ctrl+Shift+P");
    assert.equal(written("Mod-Shift-p", true), "⇧⌘P");
    assert.equal(written("Mod-Alt--", false), "Ctrl+Alt+-");
    assert.equal(written("Alt-ArrowUp", false), "Alt+↑");
  });
});

describe("sifting commands", () => {
  const titles = ["Go to a line", "Go to the editor", "Format this file", "Fold everything", "Find and replace"];
  const best = (typed: string) =>
    titles
      .flatMap((title) => {
        const rank = fit(title, typed);
        return rank === null ? [] : [{ title, rank }];
      })
      .sort((a, b) => a.rank - b.rank)
      .map(({ title }) => title);

  test("finds words, their beginnings, and letters in order", () => {
    assert.deepEqual(best("fold"), ["Fold everything"]);
    assert.equal(best("line")[0], "Go to a line");
    assert.equal(best("fmt")[0], "Format this file");
    assert.deepEqual(best("xyz"), []);
  });
});

test("two texts differ in one place", () => {
  for (const [before, after] of [
    ["", "a"],
    ["abc", "abc"],
    ["abc", "axc"],
    ["aaa", "aa"],
    ["aa", "aaaa"],
    ["let a=1", "let a = 1;\n"],
  ] as const) {
    const change = difference(before, after);
    assert.equal(change === null ? before : before.slice(0, change.from) + change.insert + before.slice(change.to), after);
  }
  assert.equal(difference("abc", "abc"), null);
});

describe("words", () => {
  /** Names of everything in a catalogue, with what kind of thing it is. */
  const shape = (of: object, at = ""): string[] =>
    Object.entries(of).flatMap(([name, value]: [string, unknown]) =>
      typeof value === "object" && value !== null && !["editorPhrases", "secretNames"].includes(name) ? shape(value, `${at}${name}.`) : [`${at}${name}: ${typeof value}`],
    );

  for (const [name, catalogue] of Object.entries({ de, es })) {
    test(`in ${name} are complete, and none is the English one left over`, () => {
      assert.deepEqual(shape(catalogue), shape(en));
      const alike = new Set(["Vim", "Emacs", "OK", "Standard", "CommonJS", "Script", "Heap", "Link", "default"]);
      const left = (words: object, english: object, at = ""): string[] =>
        Object.entries(words).flatMap(([key, value]: [string, unknown]) => {
          const other = (english as Record<string, unknown>)[key];
          if (typeof value === "string") return value === other && !alike.has(value) && value.length > 3 ? [`${at}${key}`] : [];
          return typeof value === "object" && value !== null && key !== "editorKeys" ? left(value, other as object, `${at}${key}.`) : [];
        });
      assert.deepEqual(left(catalogue, en), []);
      assert.deepEqual(catalogue.editorKeys.map(([keys]) => keys), en.editorKeys.map(([keys]) => keys));
    });
  }

  test("for whoever looks after the server are complete, and those of its template", () => {
    const { en: english, ...others } = adminWords;
    for (const [name, catalogue] of Object.entries(others)) {
      assert.deepEqual(shape(catalogue), shape(english));
      const left = (words: object, own: object): string[] =>
        Object.entries(words).flatMap(([key, value]: [string, unknown]) => {
          const other = (own as Record<string, unknown>)[key];
          return typeof value === "string" ? (value === other ? [`${name}: ${key}`] : []) : typeof value === "object" && value !== null ? left(value, other as object) : [];
        });
      assert.deepEqual(left(catalogue, english), []);
    }
    const template = readFileSync(path.join(root, "templates/admin.html"), "utf8");
    const said = [...template.matchAll(/<[^>]* data-words="(\w+)"[^>]*>([^<]*)</g)];
    assert.ok(said.length > 15);
    for (const [tag, name, text] of said) assert.equal(text, (english as unknown as Record<string, unknown>)[name ?? ""], tag);
  });

  test("of the template are those of the catalogue", () => {
    const template = ["index.html", "embed_frame.html"].map((name) => readFileSync(path.join(root, "templates", name), "utf8")).join("");
    const known = en as unknown as Record<string, unknown>;
    let seen = 0;
    for (const [tag, name, text] of template.matchAll(/<[^>]* data-words="(\w+)"[^>]*>([^<]*)</g)) {
      assert.equal(text, known[name ?? ""], tag);
      seen += 1;
    }
    for (const [tag] of template.matchAll(/<[^>]* data-words-label="\w+"[^>]*>/g)) {
      const name = /data-words-label="(\w+)"/.exec(tag)?.[1] ?? "";
      assert.equal(/aria-label="([^"]*)"/.exec(tag)?.[1], known[name], tag);
      seen += 1;
    }
    assert.ok(seen > 15);
  });

  test("are in the first language that the visitor reads and there is", () => {
    assert.equal(pick(["fr-FR", "de-AT", "en"]), "de");
    assert.equal(pick(["es"]), "es");
    assert.equal(pick(["toString", "fr"]), "en");
    assert.equal(pick([]), "en");
  });
});

test("the page's scripts, without the language service, are small enough to begin with", () => {
  const dist = path.join(root, "static/dist");
  const read = (name: string) => JSON.parse(readFileSync(path.join(dist, name), "utf8")) as Record<string, unknown>;
  const manifest = read("manifest.json") as Record<string, string>;
  const preload = read("preload.json") as Record<string, string[]>;
  const first = [manifest["main.js"] ?? "", manifest["theme.js"] ?? "", manifest["early.js"] ?? "", ...(preload["main.js"] ?? [])];
  const size = (end: string) => first.reduce((sum, file) => sum + readFileSync(path.join(dist, file + end)).length, 0);
  assert.ok(size(".br") <= 180 << 10, `${size(".br")} bytes by Brotli`);
  // None of it is the worker's.
  assert.ok(size("") < 1 << 20, `${size("")} bytes`);
});
