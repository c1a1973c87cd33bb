// The library types against the real sandbox: what the editor says is there is there, and nothing else is.
// MAYFLY_BLESS=1 writes down anew what is.

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";

import { root } from "../support/paths.ts";
import { RealServer } from "../support/real-server.ts";

const folder = path.join(root, "web/language");
const { languageNames, optionalNames } = (await import(pathToFileURL(path.join(folder, "library.mjs")).href)) as {
  languageNames: () => Set<string>;
  optionalNames: () => string[];
};

let server: RealServer;

before(async () => {
  server = await RealServer.start();
});
after(async () => {
  await server.end();
});

/** What a function returns, as text. */
async function returnedBy(source: string): Promise<string> {
  const body = JSON.stringify({ source, mode: "function" });
  const response = await fetch(`${server.url}/api/v1/run`, { method: "POST", headers: { "content-type": "application/json" }, body });
  const { returned, error } = (await response.json()) as { returned: { json: string } | null; error: unknown };
  assert.ok(returned !== null, JSON.stringify(error));
  return returned.json;
}

/** Everything on the sandbox's global object, by name. */
async function probe(): Promise<Record<string, unknown>> {
  return JSON.parse(await returnedBy(await readFile(path.join(folder, "probe.js"), "utf8"))) as Record<string, unknown>;
}

test("the library describes exactly what the sandbox has", async () => {
  const found = await probe();
  const language = languageNames();
  assert.deepEqual([...language].filter((name) => !(name in found)), [], "named by TypeScript's libraries, and not there");
  const optional = new Set(optionalNames());
  const web = Object.fromEntries(Object.entries(found).filter(([name]) => !language.has(name) && !optional.has(name)));
  const file = path.join(folder, "sandbox.json");
  if (process.env["MAYFLY_BLESS"] === "1") {
    await writeFile(file, `{\n${Object.entries(web).map(([name, has]) => `  ${JSON.stringify(name)}: ${JSON.stringify(has)}`).join(",\n")}\n}\n`);
    return;
  }
  const hint = "The sandbox has changed: MAYFLY_BLESS=1 npm run test:browser live-library, then npm run build.";
  assert.deepEqual(web, JSON.parse(await readFile(file, "utf8")), hint);
});

test("the server says which names that not every engine has are there", async () => {
  const { globals } = (await (await fetch(`${server.url}/api/v1/modules`)).json()) as { globals: string[] };
  const found = await probe();
  assert.deepEqual(globals, optionalNames().filter((name) => name in found));
});

test("the types of Temporal describe what the engine has", async (t) => {
  const { library } = (await import(pathToFileURL(path.join(folder, "library.mjs")).href)) as { library: () => { files: Record<string, string> } };
  const text = library().files["lib.esnext.temporal.d.ts"] ?? "";
  /** Members of each interface: of `PlainDate` those of instances, of `PlainDateConstructor` the static ones. */
  const described: Record<string, string[]> = {};
  for (const [, name = "", body = ""] of text.matchAll(/^ {4}interface (\w+)[^{]*\{\n(.*?)^ {4}\}/gms)) {
    const members = [...body.matchAll(/^ {8}(?:readonly )?(\w+)[?(:<]/gm)].map(([, member = ""]) => member).filter((it) => it !== "new" && it !== "prototype");
    described[name] = [...new Set(members)].sort();
  }
  const source = `export default () => {
    if (typeof Temporal === "undefined") return "null";
    const found = {};
    const own = (of) => Object.getOwnPropertyNames(of).filter((it) => !["constructor", "prototype", "length", "name"].includes(it)).sort();
    for (const name of own(Temporal)) {
      if (name === "Now") continue;
      found[name] = own(Temporal[name].prototype);
      found[name + "Constructor"] = own(Temporal[name]);
    }
    return JSON.stringify(found);
  };`;
  const found = JSON.parse(await returnedBy(source)) as Record<string, string[]> | null;
  if (found === null) {
    t.skip("this engine has no Temporal");
    return;
  }
  for (const [name, members] of Object.entries(found)) assert.deepEqual(described[name], members, name);
});
