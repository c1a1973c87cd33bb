// Runs the public web-platform tests against a real server, from a checkout of them somewhere else:
//
//   node tests/conformance/wpt-run.mjs CHECKOUT [AREA…] [--failures] [--json=FILE]
//
// An area is a folder or a file in the checkout, like `url` or `dom/events`. What runs is what is written for any
// global (`*.any.js`) or for workers (`*.worker.js`): their META scripts, testharness.js and the test, put into one
// program. What a test fetches from its own folder is given by fixtures of the server. Tests that need a page, a worker
// of their own or the suite's server can't pass, and are counted like any other; `--failures` lists what fails. With
// `--server=http://web-platform.test:8000` the suite's own server is asked, which is started beforehand, in place of the
// fixtures: for `fetch`.

import { spawn } from "node:child_process";
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";

const AREAS = [
  "url", "encoding", "streams", "compression", "fetch/api", "FileAPI", "dom/abort", "dom/events", "html/webappapis",
  "console", "wasm/jsapi", "hr-time", "urlpattern", "WebCryptoAPI", "performance-timeline", "user-timing",
];
/** Programs under way at once. */
const AT_ONCE = 2;

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { failures: { type: "boolean", default: false }, json: { type: "string" }, wall: { type: "string", default: "20s" }, server: { type: "string" } },
});
/** Where the programs take themselves to be: without the suite's server, what they fetch from there is in fixtures. */
const ORIGIN = flags.server ?? "http://web-platform.test";
const [checkout, ...wanted] = positionals;
if (checkout === undefined) throw new Error("Say where the checkout of the tests is.");

/** All tests in a folder of the checkout. */
async function testsIn(area) {
  const full = path.join(checkout, area);
  const what = await stat(full).catch(() => null);
  if (what === null) return [];
  if (!what.isDirectory()) return [area];
  const found = [];
  for (const entry of await readdir(full, { withFileTypes: true })) {
    const name = `${area}/${entry.name}`;
    if (entry.isDirectory()) found.push(...(await testsIn(name)));
    else if (/\.(any|worker)\.js$/.test(entry.name)) found.push(name);
  }
  return found.sort();
}

/** A file of the checkout, as the suite's server gives it, if there is one. */
async function textOf(file) {
  if (flags.server === undefined || !/\.sub\./.test(file)) return await readFile(path.join(checkout, file), "utf8");
  const answer = await fetch(`${ORIGIN}/${file}`);
  if (!answer.ok) throw new Error(`${file}: ${answer.status}`);
  return await answer.text();
}

/** A test's program, with one of its variants; `null` where it is not for a global like ours. */
async function programOf(test, variant) {
  const text = await textOf(test);
  const meta = [...text.matchAll(/^\/\/ META: *(\w+)=(.*)$/gm)].map(([, key, value]) => [key, value.trim()]);
  const scripts = meta.filter(([key]) => key === "script").map(([, value]) => value);
  // Tests for dedicated workers load what they need themselves.
  for (const [, list] of text.matchAll(/^importScripts\((.*)\);?$/gm)) {
    for (const [, name] of list.matchAll(/["']([^"']+)["']/g)) if (!name.endsWith("/testharness.js")) scripts.push(name);
  }
  const parts = [];
  for (const script of scripts) {
    let file = script.startsWith("/") ? script.slice(1) : path.join(path.dirname(test), script);
    if (file === "resources/WebIDLParser.js") file = "resources/webidl2/lib/webidl2.js";
    parts.push(await textOf(file).catch(() => `throw new Error("no ${file}");`));
  }
  const own = text.replace(/^importScripts\(.*\);?$/gm, "");
  const harness = await readFile(path.join(checkout, "resources/testharness.js"), "utf8");
  // One script after the other, in the global scope; what is no function of the program's comes last.
  const before = `
    globalThis.self ??= globalThis;
    globalThis.GLOBAL = { isWindow: () => false, isWorker: () => false, isShadowRealm: () => false };
    globalThis.location ??= { href: "${ORIGIN}/${test}${variant}", pathname: "/${test}", search: "${variant}", origin: "${ORIGIN}",
      protocol: "http:", host: "${new URL(ORIGIN).host}", hostname: "web-platform.test", port: "${new URL(ORIGIN).port}", toString() { return this.href; } };
    { const real = globalThis.fetch; const at = (it) => typeof it === "string" && !/^[a-z]+:/i.test(it) ? new URL(it, location.href).href : it;
      globalThis.fetch = function fetch(it, init) { return real.call(this, at(it), init); };
      // A program has no URL of its own that others could be relative to: a test has.
      globalThis.Request = new Proxy(Request, { construct: (of, [it, ...rest], as) => Reflect.construct(of, [at(it), ...rest], as) }); }
    // What the tests of interfaces know a worker by.
    globalThis.DedicatedWorkerGlobalScope ??= function DedicatedWorkerGlobalScope() {};
    { const { log } = console; const { stringify } = JSON; globalThis.__say = (it) => log(stringify(it)); }
  `;
  const report = `
    add_result_callback((test) => __say({ n: String(test.name), s: test.status, m: test.status === 0 ? undefined : String(test.message).slice(0, 200) }));
    add_completion_callback((tests, status) => __say({ end: status.status, m: status.message ?? undefined }));
  `;
  return [before, harness, report, "setup({ explicit_timeout: true });", ...parts, own, "done?.();"].join("\n;\n");
}

/** Values of `META: variant`, or none. */
async function variantsOf(test) {
  const text = await readFile(path.join(checkout, test), "utf8");
  const variants = [...text.matchAll(/^\/\/ META: *variant=(.*)$/gm)].map(([, value]) => value.trim());
  return variants.length > 0 ? variants : [""];
}

async function filesIn(folder) {
  const found = [];
  for (const entry of await readdir(path.join(checkout, folder), { withFileTypes: true }).catch(() => [])) {
    const name = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) found.push(...(await filesIn(name)));
    else if (/\.(json|txt|html|bin|wasm|png|idl)$/.test(entry.name)) found.push(name);
  }
  return found;
}

const folder = await mkdtemp(path.join(tmpdir(), "mayfly-wpt-"));
const areas = wanted.length > 0 ? wanted : AREAS;
const given = new Set();
for (const area of [...areas, "interfaces"]) for (const file of await filesIn(area.split("/")[0])) given.add(file);
const kind = { json: "application/json", txt: "text/plain", html: "text/html", wasm: "application/wasm", png: "image/png" };
const fixtures = [];
for (const file of given) {
  const full = path.resolve(checkout, file);
  if ((await stat(full)).size > 1 << 20) continue;
  const type = kind[file.split(".").pop()] ?? "application/octet-stream";
  fixtures.push(`[[fixture]]\nurl = ${JSON.stringify(`${ORIGIN}/${file}`)}\nfile = ${JSON.stringify(full)}\nheaders = { content-type = "${type}" }\n`);
}
await writeFile(path.join(folder, "fixtures.toml"), fixtures.join("\n"));

const limits = [
  "--source-bytes=2MiB", "--limit-output-bytes=64MiB", "--limit-console-events=1000000", "--limit-cpu-ms=60s", `--limit-wall-ms=${flags.wall}`,
  "--limit-heap-bytes=512MiB", "--limit-buffer-bytes=512MiB", "--limit-process-bytes=2GiB", "--egress-requests=1000",
];
const reach = ["", "www.", "www1.", "www2."].flatMap((name) => ["8000", "8001", "8002", new URL(ORIGIN).port].map((port) => `${name}web-platform.test:${port}`));
const egress = flags.server === undefined ? `--egress-fixtures=${folder}/fixtures.toml` : `--egress-allow-private=${reach.join(",")}`;
const server = spawn(
  "target/release/mayfly",
  ["serve", "--listen=127.0.0.1:0", `--data-dir=${folder}`, "--log=error", "--rate-limit=off", egress, ...limits],
  { stdio: ["ignore", "pipe", "inherit"] },
);
let address = "";
for await (const line of createInterface({ input: server.stdout })) {
  address = line.replace(/^Mayfly listens on /, "");
  break;
}
if (address === "") throw new Error("The server did not start.");

/** Runs one test, and says what its parts came to. */
async function run(test, variant) {
  const source = await programOf(test, variant);
  const body = JSON.stringify({ source, mode: "script" });
  const answer = await (await fetch(`${address}/api/v1/run`, { method: "POST", headers: { "content-type": "application/json" }, body })).json();
  const parts = [];
  let end = null;
  for (const event of answer.console ?? []) {
    let said;
    try {
      said = JSON.parse(event.args[0].value);
    } catch {
      continue;
    }
    if ("n" in said) parts.push({ name: said.n, passed: said.s === 0, message: said.m });
    else if ("end" in said) end = said;
  }
  if (end === null || end.end !== 0) {
    const error = answer.error === null || answer.error === undefined ? "" : `${answer.error.name}: ${answer.error.message}`;
    parts.push({ name: "(the whole file)", passed: false, message: end?.m ?? (error || answer.detail || answer.outcome) });
  }
  return { test: test + variant, parts };
}

const results = [];
const queue = [];
for (const area of areas) for (const test of await testsIn(area)) for (const variant of await variantsOf(test)) queue.push([area, test, variant]);
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [area, test, variant] = next;
      results.push({ area, ...(await run(test, variant).catch((error) => ({ test, parts: [{ name: "(the whole file)", passed: false, message: String(error) }] }))) });
    }
  }),
);
for (const area of areas) {
  const own = results.filter((result) => result.area === area);
  const parts = own.flatMap((result) => result.parts);
  const passed = parts.filter((part) => part.passed).length;
  const whole = own.filter((result) => result.parts.every((part) => part.passed)).length;
  console.log(`${area}: ${passed} of ${parts.length} (${((100 * passed) / Math.max(1, parts.length)).toFixed(1)} %), ${whole} of ${own.length} files without a failure`);
  if (!flags.failures) continue;
  for (const { test, parts: all } of own.sort((a, b) => (a.test < b.test ? -1 : 1))) {
    const failed = all.filter((part) => !part.passed);
    if (failed.length === 0) continue;
    console.log(`  ${test}: ${failed.length} of ${all.length}`);
    for (const { name, message } of failed.slice(0, 8)) console.log(`    ${name}: ${message ?? ""}`);
  }
}
if (flags.json !== undefined) await writeFile(flags.json, JSON.stringify(results));
server.kill();
await rm(folder, { recursive: true, force: true });
