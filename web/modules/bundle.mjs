// Makes modules for programs: of a package, or of one of our own files, one CommonJS text that stands alone but for
// `require("node:…")`. The front end's build uses it, and `mayfly modules add`, which carries this file along.
//
//   node bundle.mjs FOLDER NAME TARGET MAX_BYTES
//
// reads the package NAME that is installed in FOLDER, writes it to the folder TARGET, and says on the last line of its
// output what it made: {"ok": true, …} or {"ok": false, "message": "…"}.

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdir, readFile, readdir, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { gzip } from "node:zlib";

import { build } from "esbuild";

/** Node's modules that programs can have, without their prefix. */
export const BUILTINS = [
  "assert", "assert/strict", "buffer", "crypto", "events", "os", "path", "path/posix", "process", "punycode",
  "querystring", "stream", "stream/consumers", "stream/promises", "stream/web", "string_decoder", "timers",
  "timers/promises", "url", "util", "util/types",
];

/** The most bytes of type declarations that travel with a module. */
const TYPES_BYTES = 4 << 20;

/** What the sandbox's realm has besides JavaScript itself. */
const PLATFORM = [
  "AbortController", "AbortSignal", "Blob", "ByteLengthQueuingStrategy", "CompressionStream",
  "CountQueuingStrategy", "DOMException", "DecompressionStream", "Event", "EventTarget", "File", "FormData", "Headers",
  "MessageChannel", "ReadableByteStreamController", "ReadableStream", "ReadableStreamBYOBReader",
  "ReadableStreamBYOBRequest", "ReadableStreamDefaultController", "ReadableStreamDefaultReader", "Request", "Response",
  "TextDecoder", "TextDecoderStream", "TextEncoder", "TextEncoderStream", "TransformStream",
  "TransformStreamDefaultController", "URL", "URLSearchParams", "WritableStream", "WritableStreamDefaultController",
  "WritableStreamDefaultWriter", "atob", "btoa", "clearInterval", "clearTimeout", "console", "crypto", "fetch",
  "performance", "queueMicrotask", "setInterval", "setTimeout", "structuredClone",
];

/** A mistake of whoever asked, with what to say to them. */
export class Refused extends Error {}

/** The name of a built-in module in `specifier`, or nothing. Packages name some as `buffer/`. */
function builtinOf(specifier) {
  const plain = specifier.replace(/^node:/, "").replace(/\/$/, "");
  return BUILTINS.includes(plain) ? `node:${plain}` : undefined;
}

/**
 * The text in ASCII, which V8 takes as it is, without a copy. esbuild leaves characters in regular expressions as they
 * are; there, and in names, an escape means the same. A backslash before one is made the escape's own.
 */
const toAscii = (text) =>
  // eslint-disable-next-line no-control-regex
  text.replace(/(\\*)([^\x00-\x7f])/g, (_, slashes, unit) => {
    const escaped = `u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
    return slashes + (slashes.length % 2 === 1 ? "" : "\\") + escaped;
  });

/** Bundles `contents`, as if it stood in `folder`. `aliases` are packages to be had from other files. */
export async function bundle({ contents, folder, aliases = {}, inject = [], sourcefile = "entry.cjs" }) {
  const ours = {
    name: "mayfly",
    setup(building) {
      building.onResolve({ filter: /^[^./]/ }, ({ path: specifier }) => {
        if (Object.hasOwn(aliases, specifier)) return { path: aliases[specifier] };
        const name = builtinOf(specifier);
        return name === undefined ? undefined : { path: name, external: true };
      });
    },
  };
  const result = await build({
    stdin: { contents, resolveDir: folder, sourcefile, loader: "js" },
    absWorkingDir: folder,
    bundle: true,
    format: "cjs",
    platform: "browser",
    conditions: ["worker", "browser"],
    mainFields: ["browser", "module", "main"],
    target: "esnext",
    minifyWhitespace: true,
    minifySyntax: true,
    charset: "ascii",
    legalComments: "none",
    define: { "process.env.NODE_ENV": '"production"', global: "globalThis" },
    external: builtinModulesWeLack,
    inject,
    metafile: true,
    write: false,
    logLevel: "silent",
    plugins: [ours],
  }).catch((error) => {
    throw new Refused(error.errors?.map(({ text, location: at }) => (at ? `${at.file}:${at.line}: ${text}` : text)).join("\n") ?? error.message);
  });
  const text = toAscii(result.outputFiles[0].text);
  return { text, inputs: Object.keys(result.metafile.inputs) };
}

/** Node's other modules: a package that only mentions one can be had, and is refused it where it asks. */
const builtinModulesWeLack = [
  "async_hooks", "child_process", "cluster", "console", "constants", "dgram", "diagnostics_channel", "dns", "domain",
  "fs", "fs/promises", "http", "http2", "https", "inspector", "module", "net", "perf_hooks", "readline", "repl", "sys",
  "tls", "trace_events", "tty", "v8", "vm", "wasi", "worker_threads", "zlib",
].flatMap((name) => [name, `node:${name}`]);

/**
 * Loads modules in a realm like the sandbox's and says what they export: what of a package runs here, runs in a process
 * of its own that may neither read files nor start programs, and has an empty environment. This function is that
 * process' whole program, so it uses nothing from outside.
 */
function evaluateAsked() {
  // eslint-disable-next-line no-undef
  const vm = require("node:vm");
  let asked = "";
  process.stdin.setEncoding("utf8").on("data", (text) => (asked += text)).on("end", () => {
    const { texts, platform, names } = JSON.parse(asked);
    const context = vm.createContext({});
    for (const name of platform) context[name] = globalThis[name];
    context.self = vm.runInContext("globalThis", context);
    const cache = new Map();
    const load = (specifier) => {
      if (!Object.hasOwn(texts, specifier)) {
        throw new Error(`it needs the module '${specifier}', which is not available in the sandbox`);
      }
      const made = cache.get(specifier) ?? { exports: {} };
      if (cache.has(specifier)) return made.exports;
      cache.set(specifier, made);
      const code = `(function (exports, require, module, __filename, __dirname) {${texts[specifier]}\n})`;
      const run = vm.runInContext(code, context, { filename: specifier });
      run.call(made.exports, made.exports, load, made, `/${specifier}.js`, "/");
      return made.exports;
    };
    const describe = (exported) => {
      const some = (typeof exported === "object" || typeof exported === "function") && exported !== null;
      const dull = typeof exported === "function" ? ["length", "name", "prototype", "arguments", "caller"] : [];
      const names = some ? Object.keys(exported) : [];
      return {
        type: exported === null ? "null" : typeof exported,
        esModule: some && exported.__esModule === true,
        default: some && "default" in exported ? typeof exported.default : null,
        names: names
          .filter((name) => /^[A-Za-z_$][\w$]*$/.test(name) && !dull.includes(name) && name !== "default" && name !== "__esModule")
          .sort(),
      };
    };
    const described = {};
    for (const [key, specifier, member, bases] of names) {
      try {
        const loaded = load(specifier);
        const exported = member === undefined ? loaded : loaded[member]();
        described[key] = describe(exported);
        // Which of the names are the very same here and there; under "", what is exported as a whole or by default.
        for (const base of bases ?? []) {
          const there = loaded[base]();
          const same = described[key].names.filter((name) => exported[name] === there[name]);
          const whole = describe(there).names.find((name) => there[name] === (typeof exported === "object" ? exported.default : exported));
          (described[key].same ??= {})[base] = { names: same, whole };
        }
      } catch (error) {
        described[key] = { error: String(error?.message ?? error) };
      }
    }
    process.stdout.write(JSON.stringify(described), () => process.exit());
  });
}

/** How long a package may take to load. */
const PATIENCE_MS = 20_000;

/**
 * Says what modules export. `texts` are all modules by name; `names` are `[key, module]`, or `[key, module, member, bases]`
 * for what that function of the module gives, compared with what those functions give.
 */
export async function evaluate(texts, names) {
  const flag = process.allowedNodeEnvironmentFlags.has("--permission") ? "--permission" : "--experimental-permission";
  const arguments_ = [flag, "--no-warnings", "-e", `(${evaluateAsked.toString()})()`];
  const child = spawn(process.execPath, arguments_, { env: {}, stdio: ["pipe", "pipe", "ignore"], timeout: PATIENCE_MS });
  let answer = "";
  child.stdout.setEncoding("utf8").on("data", (text) => (answer += text));
  child.stdin.on("error", () => {});
  child.stdin.end(JSON.stringify({ texts: Object.fromEntries(texts), platform: PLATFORM, names }));
  await once(child, "close");
  try {
    return JSON.parse(answer);
  } catch {
    throw new Refused("it does not come to an end when it is loaded, or ends the process it is in");
  }
}

/** What one module exports. */
async function evaluateOne(text, builtins) {
  const { it } = await evaluate(new Map([...builtins, ["it", text]]), [["it", "it"]]);
  if (it.error !== undefined) throw new Refused(`it can't be loaded: ${it.error}`);
  return it;
}

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

const readJson = async (file) => JSON.parse(await readFile(file, "utf8"));

/** Whether there is such a file or folder. */
const exists = (file) => stat(file).then(() => true, () => false);

/** Folders of packages that `inputs`, paths in `folder`, are from. */
function packageFolders(inputs, folder) {
  const folders = new Set();
  for (const input of inputs) {
    const found = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path.resolve(folder, input));
    if (found) folders.add(found[1]);
  }
  return [...folders].sort();
}

/** What is said of a licence in a package.json, in one text. */
function licenseOf({ license, licenses }) {
  if (typeof license === "string") return license;
  if (typeof license?.type === "string") return license.type;
  if (Array.isArray(licenses)) return licenses.map((it) => it.type ?? it).join(" OR ");
  return "unknown";
}

/** Name, version, licence, integrity and the licence's text of each package that `inputs` are from. */
export async function packagesOf(inputs, folder, locked) {
  const packages = [];
  for (const at of packageFolders(inputs, folder)) {
    const manifest = await readJson(path.join(at, "package.json"));
    const file = (await readdir(at)).find((entry) => /^(licen[cs]e|copying)/i.test(entry));
    const text = file ? (await readFile(path.join(at, file), "utf8")).trim() : "";
    const integrity = locked.packages?.[path.relative(folder, at).split(path.sep).join("/")]?.integrity ?? null;
    packages.push({ name: manifest.name, version: manifest.version, license: licenseOf(manifest), integrity, text });
  }
  return packages;
}

/** The texts of licences, for people. */
export const licensesText = (packages) =>
  packages
    .map(({ name, version, license, text }) => `${name} ${version} (${license})\n\n${text || "The package has no file with its licence."}\n`)
    .join(`\n${"-".repeat(72)}\n\n`);

/** Type declarations of a package, by path: its own, or those of the package of types for it. */
async function typesOf(name, folder) {
  const own = path.join(folder, "node_modules", name);
  const typesName = `@types/${name.replace(/^@([^/]+)\//, "$1__")}`;
  const manifest = await readJson(path.join(own, "package.json"));
  const hasOwn = JSON.stringify([manifest.types, manifest.typings, manifest.exports]).includes(".d.") || (await exists(path.join(own, "index.d.ts")));
  const from = hasOwn ? name : typesName;
  const at = path.join(folder, "node_modules", from);
  if (!(await exists(at))) return undefined;
  const files = {};
  let bytes = 0;
  const walk = async (below) => {
    for (const entry of await readdir(path.join(at, below), { withFileTypes: true })) {
      const inside = path.posix.join(below, entry.name);
      if (entry.isDirectory()) {
        if (entry.name !== "node_modules" && entry.name !== "src" && bytes <= TYPES_BYTES) await walk(inside);
      } else if (inside === "package.json" || (/\.d\.(ts|mts)$/.test(entry.name) && !(await hasTwin(at, inside)))) {
        const text = await readFile(path.join(at, inside), "utf8");
        bytes += text.length;
        files[`node_modules/${from}/${inside}`] = text;
      }
    }
  };
  await walk("");
  return bytes > TYPES_BYTES ? undefined : { package: from, files };
}

/** Whether a `.d.mts` says what a `.d.ts` beside it does. */
const hasTwin = (at, inside) => (inside.endsWith(".d.mts") ? exists(path.join(at, inside.replace(/\.mts$/, ".ts"))) : false);

/**
 * Bundles a package that is installed in `folder`. `entries` are subpaths with bundles of their own; `builtins` are the
 * bundles of built-in modules, so that the package can be evaluated.
 */
export async function bundlePackage({ name, folder, entries = [], builtins, maxBytes }) {
  const manifest = await readJson(path.join(folder, "node_modules", name, "package.json"));
  const locked = await readJson(path.join(folder, "package-lock.json"));
  const inputs = new Set();
  const made = [];
  for (const entry of ["", ...entries]) {
    const specifier = entry === "" ? name : `${name}/${entry}`;
    const best = await bundleEntry(specifier, folder, builtins);
    if (best.text.length > maxBytes) {
      throw new Refused(`the bundle of ${specifier} is ${best.text.length} bytes; at most ${maxBytes} are allowed`);
    }
    for (const input of best.inputs) inputs.add(input);
    made.push({ path: entry, text: best.text, exports: best.names });
  }
  const packages = await packagesOf(inputs, folder, locked);
  for (const it of packages) {
    if (it.integrity === null) throw new Refused(`package-lock.json has no integrity for ${it.name}`);
  }
  return {
    name,
    version: manifest.version,
    license: licenseOf(manifest),
    description: String(manifest.description ?? "").slice(0, 200),
    packages,
    entries: made,
    views: await viewsOf(name, folder, made, builtins),
    types: await typesOf(name, folder),
  };
}

/**
 * The bundle of one entry. What `require` gives is what counts, as programs may ask for it either way; but where that
 * is the same as what `import` gives, the bundle made of ES modules is smaller and starts faster.
 */
async function bundleEntry(specifier, folder, builtins) {
  const quoted = JSON.stringify(specifier);
  const required = await bundle({ contents: `module.exports = require(${quoted});`, folder });
  const exported = await evaluateOne(required.text, builtins);
  const { names } = exported;
  if (exported.type !== "object") return { ...required, names };
  const hasDefault = exported.default !== null;
  const contents = `export * from ${quoted};${hasDefault ? `export { default } from ${quoted};` : ""}`;
  const imported = await bundle({ contents, folder, sourcefile: "entry.mjs" }).catch(() => undefined);
  if (imported === undefined || imported.text.length >= required.text.length) return { ...required, names };
  const same = await evaluateOne(imported.text, builtins).catch(() => undefined);
  const isSame = same?.esModule && same.names.join() === names.join() && same.default === exported.default;
  return isSame ? { ...imported, names } : { ...required, names };
}

/**
 * Subpaths that are members of an entry's exports, or an entry by another name, and so need no bundle of their own:
 * from the subpath to [entry, members, form]. The forms: `function`, the member itself is what `require` gives
 * (`lodash/get`); `default`, it is the default export (`lodash-es/get`); `named`, they are exported by their names, the
 * first as the default, too (`date-fns/format`); `whole`, the entry itself (`zod/v4`).
 */
async function viewsOf(name, folder, made, builtins) {
  const { exports } = await readJson(path.join(folder, "node_modules", name, "package.json"));
  const listed = typeof exports === "object" && exports !== null ? Object.keys(exports) : [];
  const candidates = new Set(listed.filter((it) => /^\.\/[\w./-]+$/.test(it) && !it.endsWith(".json")).map((it) => it.slice(2)));
  for (const entry of made) for (const member of entry.exports) candidates.add(entry.path ? `${entry.path}/${member}` : member);
  for (const entry of made) candidates.delete(entry.path);
  const found = await resolvable([...candidates].sort(), name, folder);
  if (found.length === 0) return {};
  // All in one bundle, so that what is the same is one.
  const member = (it) => `${JSON.stringify(it)}: () => require(${JSON.stringify(it === "" ? name : `${name}/${it}`)})`;
  const members = [...made.map((it) => it.path), ...found].map(member);
  const { text } = await bundle({ contents: `module.exports = {${members.join(",")}};`, folder });
  const subpaths = await evaluate(new Map([...builtins, ["it", text]]), found.map((it) => [it, "it", it, made.map((entry) => entry.path)]));
  const views = {};
  for (const it of found) {
    const view = subpaths[it].error === undefined ? viewOf(it, subpaths[it], made) : undefined;
    if (view) views[it] = view;
  }
  return views;
}

/**
 * The view for one subpath, of which this is known; nothing where it is something of its own. Names alone say little:
 * `date-fns/fp/add` is another function than `add`. Only the files directly in a package, as lodash has them, are taken
 * for what they are called.
 */
function viewOf(subpath, { type, esModule, default: defaultType, names, same }, made) {
  for (const { path: entry, exports } of made) {
    const { names: shared, whole } = same[entry];
    const only = whole ?? (entry === "" && exports.includes(subpath) ? subpath : undefined);
    if (type === "function" && !esModule) {
      if (only !== undefined) return [entry, [only], "function"];
    } else if (type === "object" && names.length > 0 && shared.length === names.length) {
      if (names.length > 1 && names.join() === exports.join()) return [entry, [], "whole"];
      const first = names.includes(whole) ? whole : names[0];
      return [entry, [first, ...names.filter((it) => it !== first)], "named"];
    } else if (type === "object" && names.length === 0 && defaultType === "function" && only !== undefined) {
      return [entry, [only], "default"];
    }
  }
  return undefined;
}

/** Those of the subpaths for which esbuild finds a file. */
async function resolvable(subpaths, name, folder) {
  const missing = new Set();
  const contents = subpaths.map((it) => `require(${JSON.stringify(`${name}/${it}`)});`).join("\n");
  await build({
    stdin: { contents, resolveDir: folder },
    absWorkingDir: folder,
    bundle: true,
    write: false,
    platform: "browser",
    conditions: ["worker", "browser"],
    logLevel: "silent",
    logLimit: 0,
    plugins: [{ name: "resolve-only", setup: (it) => it.onLoad({ filter: /node_modules/ }, () => ({ contents: "" })) }],
  }).catch((error) => {
    for (const { location } of error.errors ?? []) missing.add(subpaths[location.line - 1]);
  });
  return subpaths.filter((it) => !missing.has(it));
}

/** Writes a package's folder: module.json, which says all about it, and the files that it names. */
export async function writePackage(made, target) {
  await mkdir(target, { recursive: true });
  const write = async (file, bytes) => {
    await writeFile(path.join(target, file), bytes);
    return { file, sha256: sha256(bytes), bytes: bytes.length };
  };
  const entries = [];
  for (const [index, { path: at, text, exports }] of made.entries.entries()) {
    const file = index === 0 ? "module.js" : `module-${index}.js`;
    entries.push({ path: at, ...(await write(file, Buffer.from(text))), exports });
  }
  const licenses = await write("licenses.txt", Buffer.from(licensesText(made.packages)));
  const types = made.types ? await writeTypes(made.types, write) : null;
  const packages = made.packages.map(({ name, version, license, integrity }) => ({ name, version, license, integrity }));
  const { name, version, license, description, views } = made;
  const manifest = { name, version, license, description, entries, views, packages, licenses, types };
  await writeFile(path.join(target, "module.json"), `${JSON.stringify(manifest, null, 1)}\n`);
  return manifest;
}

/** Declarations travel compressed: nobody reads them but editors, and these ask over HTTP. */
export async function writeTypes({ files }, write) {
  return write("types.json.gz", await promisify(gzip)(Buffer.from(JSON.stringify({ files })), { level: 9 }));
}

/** The built-in modules' bundles, by name, from their files in `folder`. */
export async function bundleBuiltins(folder) {
  const at = (name) => path.join(folder, "builtins", `${name}.cjs`);
  const internal = (name) => at(`internal/${name}`);
  const aliases = {
    qs: internal("qs"),
    "abort-controller": internal("abort-controller"),
    "call-bind/callBound": internal("call-bound"),
    "object.assign/polyfill": internal("object-assign"),
    "object-is": internal("object-is-itself"),
    "object-is/polyfill": internal("object-is"),
    "is-nan": internal("is-nan"),
  };
  const made = new Map();
  const inputs = new Set();
  for (const name of BUILTINS) {
    const contents = `module.exports = require(${JSON.stringify(at(name.replace("/", "-")))});`;
    const { text, inputs: read } = await bundle({ contents, folder, aliases, inject: [path.join(folder, "builtins/internal/process.mjs")] });
    made.set(`node:${name}`, text);
    for (const input of read) inputs.add(path.relative(folder, path.resolve(folder, input)));
  }
  return { made, inputs: [...inputs] };
}

/** What `mayfly modules add` asks for; the built-in modules' bundles come in a file beside this one. */
async function main([folder, name, target, maxBytes]) {
  const builtins = new Map(Object.entries(await readJson(fileURLToPath(new URL("builtins.json", import.meta.url)))));
  const made = await bundlePackage({ name, folder, builtins, maxBytes: Number(maxBytes) });
  const { version, license, packages, entries } = await writePackage(made, target);
  return { ok: true, version, license, packages: packages.length, bytes: entries[0].bytes, exports: entries[0].exports.length };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  try {
    console.log(`\n${JSON.stringify(await main(process.argv.slice(2)))}`);
  } catch (error) {
    const message = error instanceof Refused ? error.message : `it can't be bundled: ${error?.stack ?? error}`;
    console.log(`\n${JSON.stringify({ ok: false, message })}`);
    process.exitCode = 1;
  }
}
