// Every example, as it stands in web/examples, run by the real server: what it prints and gives is written down in
// tests/web/examples.json. A line between slashes is a pattern, and "…" stands for any lines. What an example does
// where the engine lacks a name of the language is written down under `without`, and is tested on every engine: before
// such a run the name is deleted.
// `MAYFLY_BLESS=1 npm run test:browser live-examples` writes down what has changed; look at it.

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, test } from "node:test";

import { parse, serialise } from "../../../web/files.ts";
import { NO_INPUTS, readInputs, runAs } from "../../../web/inputs.ts";
import type { RunResponse } from "../../../web/protocol.ts";
import { root } from "../support/paths.ts";
import { RealServer } from "../support/real-server.ts";

type Example = { id: string; group: string; title: Record<string, string>; about: Record<string, string>; files: [file: string, name: string][]; inputs?: unknown; needs?: string };
type Ended = { console: string[]; ended: string };
type Expected = Ended & { stdin?: string[]; without?: Record<string, Ended> };

const folder = path.join(root, "web/examples");
const file = path.join(root, "tests/web/examples.json");
const { groups, examples } = JSON.parse(await readFile(path.join(folder, "index.json"), "utf8")) as { groups: Record<string, unknown>; examples: Example[] };
const expected = JSON.parse(await readFile(file, "utf8").catch(() => "{}")) as Record<string, Expected>;
const blesses = process.env["MAYFLY_BLESS"] === "1";

let server: RealServer;
/** Names that not every engine has and this one does. */
let globals: string[] = [];

before(async () => {
  server = await RealServer.start([`--egress-fixtures=${path.join(root, "deploy/fixtures.toml")}`]);
  const list = (await (await fetch(`${server.url}/api/v1/modules`)).json()) as { globals: string[] };
  globals = list.globals;
});
after(async () => {
  await server.end();
  if (!blesses) return;
  const lines = examples.map(({ id }) => `  ${JSON.stringify(id)}: ${JSON.stringify(expected[id], null, 2).replaceAll("\n", "\n  ")}`);
  await writeFile(file, `{\n${lines.join(",\n")}\n}\n`);
});

/** Whether what was printed is what was to be. */
function fits(printed: readonly string[], wanted: readonly string[]): boolean {
  const [first, ...rest] = wanted;
  if (first === undefined) return printed.length === 0;
  if (first === "…") return printed.some((_, at) => fits(printed.slice(at), rest)) || fits([], rest);
  const line = printed[0];
  if (line === undefined) return false;
  const pattern = /^\/(.*)\/$/s.exec(first)?.[1];
  return (pattern === undefined ? line === first : new RegExp(`^(?:${pattern})$`, "su").test(line)) && fits(printed.slice(1), rest);
}

async function run({ files, inputs }: Example, stdin: string[] | undefined, without?: string): Promise<{ printed: string[]; ended: string }> {
  const all = await Promise.all(files.map(async ([from, name]) => ({ name, content: await readFile(path.join(folder, from), "utf8") })));
  if (all[0] !== undefined && without !== undefined) all[0].content = `delete globalThis[${JSON.stringify(without)}];\n${all[0].content}`;
  const as = runAs(inputs === undefined ? NO_INPUTS : readInputs(inputs));
  assert.ok(!("trouble" in as));
  const body = JSON.stringify({ files: all, entry: all[0]?.name, ...as, ...(stdin === undefined ? {} : { stdin }) });
  const response = await fetch(`${server.url}/api/v1/run`, { method: "POST", headers: { "content-type": "application/json" }, body });
  const { console: events, outcome, error, value, returned } = (await response.json()) as RunResponse;
  const printed = events.map((event) => {
    if (event.table !== undefined) return [event.table.columns, ...event.table.rows.map((row) => [row.index, ...row.cells.map((cell) => (cell === null ? "" : "text" in cell ? cell.text : "value" in cell ? String(cell.value) : cell.type))])].map((row) => row.join(" | ")).join("\n");
    return `${event.level === "log" || event.level === "info" ? "" : `${event.level}: `}${event.text}`;
  });
  const result = returned !== null ? JSON.stringify(returned.json) : value === null ? "" : "text" in value ? value.text : "value" in value ? String(value.value) : value.type;
  return { printed, ended: `${outcome}${error === null ? "" : ` ${error.name}: ${error.message}`}${result === "" ? "" : ` ${result}`}` };
}

function holds(printed: readonly string[], ended: string, wanted: Ended | undefined): void {
  assert.ok(wanted, "Nothing is written down of it: bless it, and look at what it prints.");
  if (!fits(printed, wanted.console)) assert.deepEqual(printed, wanted.console);
  if (!fits([ended], [wanted.ended])) assert.equal(ended, wanted.ended);
}

describe("the example", () => {
  for (const example of examples) {
    test(`${example.id} does what it says`, { timeout: 60_000 }, async () => {
      const all = expected[example.id];
      const absent = Object.keys(all?.without ?? {}).find((name) => !globals.includes(name));
      const wanted = absent === undefined ? all : all?.without?.[absent];
      const { printed, ended } = await run(example, all?.stdin);
      if (blesses && absent === undefined && (wanted === undefined || !fits(printed, wanted.console) || !fits([ended], [wanted.ended]))) {
        expected[example.id] = { ...all, console: printed, ended };
        return;
      }
      holds(printed, ended, wanted);
    });
    for (const [name, wanted] of Object.entries(expected[example.id]?.without ?? {})) {
      test(`${example.id} does what it says without ${name}`, { timeout: 60_000 }, async () => {
        const { printed, ended } = await run(example, expected[example.id]?.stdin, name);
        holds(printed, ended, wanted);
      });
    }
  }
});

test("the examples are more than twenty, each in a group, with words in each language, and kept as they are loaded", async () => {
  assert.ok(examples.filter(({ group }) => group !== "begin").length >= 20);
  assert.equal(new Set(examples.map(({ id }) => id)).size, examples.length);
  for (const { id, group, title, about, files, inputs } of examples) {
    assert.ok(group in groups, id);
    for (const language of ["en", "de", "es"]) assert.ok((title[language] ?? "") !== "" && (about[language] ?? "") !== "", `${id} in ${language}`);
    const all = await Promise.all(files.map(async ([from, name]) => ({ name, content: await readFile(path.join(folder, from), "utf8") })));
    const kept = { files: all, active: all[0]?.name ?? "", entry: null, inputs: inputs === undefined ? NO_INPUTS : readInputs(inputs) };
    assert.deepEqual(parse(serialise(kept, kept.inputs)), kept, id);
  }
});
