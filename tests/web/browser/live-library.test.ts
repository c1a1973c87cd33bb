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
const { languageNames } = (await import(pathToFileURL(path.join(folder, "library.mjs")).href)) as { languageNames: () => Set<string> };

let server: RealServer;

before(async () => {
  server = await RealServer.start();
});
after(async () => {
  await server.end();
});

/** Everything on the sandbox's global object, by name. */
async function probe(): Promise<Record<string, unknown>> {
  const body = JSON.stringify({ source: await readFile(path.join(folder, "probe.js"), "utf8"), mode: "function" });
  const response = await fetch(`${server.url}/api/v1/run`, { method: "POST", headers: { "content-type": "application/json" }, body });
  const { returned, error } = (await response.json()) as { returned: { json: string } | null; error: unknown };
  assert.ok(returned !== null, JSON.stringify(error));
  return JSON.parse(returned.json) as Record<string, unknown>;
}

test("the library describes exactly what the sandbox has", async () => {
  const found = await probe();
  const language = languageNames();
  assert.deepEqual([...language].filter((name) => !(name in found)), [], "named by TypeScript's libraries, and not there");
  const web = Object.fromEntries(Object.entries(found).filter(([name]) => !language.has(name)));
  const file = path.join(folder, "sandbox.json");
  if (process.env["MAYFLY_BLESS"] === "1") {
    await writeFile(file, `{\n${Object.entries(web).map(([name, has]) => `  ${JSON.stringify(name)}: ${JSON.stringify(has)}`).join(",\n")}\n}\n`);
    return;
  }
  const hint = "The sandbox has changed: MAYFLY_BLESS=1 npm run test:browser live-library, then npm run build.";
  assert.deepEqual(web, JSON.parse(await readFile(file, "utf8")), hint);
});
