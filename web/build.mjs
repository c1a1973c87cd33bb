// Builds the page into static/dist: bundles with content-hashed names, each with its .br and .gz sibling, and
// manifest.json from logical names ("main.js") to hashed ones ("main-3F2A….js"). Parts that are loaded only when
// needed are files of their own; preload.json says which files each bundle loads at once. Any warning fails the build.

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

import { build } from "esbuild";

import { book } from "./docs.mjs";
import { examples } from "./examples/catalogue.mjs";
import { library } from "./language/library.mjs";
import { joined } from "./join.mjs";
import { buildModules } from "./modules/build.mjs";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const dist = path.join(root, "static/dist");

/** What goes in, by logical name, in this order: scripts know the addresses of what was bundled before them. */
const bundles = [
  { name: "language-worker.js", entry: "web/language/worker.ts", format: "iife" },
  { name: "format-worker.js", entry: "web/format/worker.ts", format: "iife" },
  // Only needed once a program shows Markdown. What its packages have for pages asks the document for entities, and a worker has none.
  { name: "markdown-worker.js", entry: "web/markdown-worker.ts", format: "iife", conditions: ["worker", "module"] },
  { name: "search-worker.js", entry: "web/console/search-worker.ts", format: "iife" },
  { name: "main.js", entry: "web/main.ts", format: "esm" },
  // Blocks the first paint, so it is small, alone and no module.
  { name: "theme.js", entry: "web/theme.ts", format: "iife" },
  // Stands in the page behind the text box that it fills.
  { name: "early.js", entry: "web/early.ts", format: "iife" },
  { name: "embedded.js", entry: "web/embedded/main.ts", format: "esm" },
  { name: "wizard.js", entry: "web/wizard/main.ts", format: "esm" },
  { name: "admin.js", entry: "web/admin/main.ts", format: "esm" },
  // A classic script that other sites load by its plain name.
  { name: "embed.js", entry: "web/embed/embed.ts", format: "iife" },
  // The script inside the frame that shows HTML.
  { name: "frame.js", entry: "web/frame/frame.ts", format: "iife" },
  { name: "main.css", entry: "static/css/main.css", format: undefined },
  { name: "embedded.css", entry: "static/css/embedded.css", format: undefined },
  { name: "admin.css", entry: "static/css/admin.css", format: undefined },
];

/**
 * The page itself closes brackets, and completes nothing before its language service is loaded. Parts share whole
 * files, so it gets a copy of that library for itself, and of it only what it uses.
 */
const closeBracketsAlone = {
  name: "close-brackets-alone",
  setup(on) {
    on.onResolve({ filter: /^@codemirror\/autocomplete$/ }, async ({ importer, kind, resolveDir, pluginData }) => {
      const early = importer.endsWith("/web/editor-setup.ts") || importer.endsWith("/web/editor-basics.ts") || importer.includes("/lang-javascript/");
      if (pluginData === "found" || !early) return undefined;
      const { path: file, errors } = await on.resolve("@codemirror/autocomplete", { kind, resolveDir, pluginData: "found" });
      return { path: file, suffix: "?early", sideEffects: false, errors };
    });
  },
};

/** Emacs' keys are bound by calls that their library's own build has marked as without effect. */
const emacsKeysKept = {
  name: "emacs-keys-kept",
  setup(on) {
    on.onLoad({ filter: /codemirror-emacs\/dist\/index\.js$/ }, async ({ path: file }) => {
      const text = await readFile(file, "utf8");
      const contents = text.replaceAll("/*@__PURE__*/EmacsHandler.", "EmacsHandler.");
      if (contents === text) throw new Error("@replit/codemirror-emacs is no longer built as it was: take this plugin out.");
      return { contents, loader: "js" };
    });
  },
};

const gallery = await examples();
/** What a first visit shows; its title says so. */
const firstProgram = gallery.examples.find(({ id }) => id === "live-loop").files[0].content;

/** A name with the content's hash in it. */
function hashedName(name, bytes) {
  const { name: stem, ext } = path.parse(name);
  return `${stem}-${createHash("sha256").update(bytes).digest("hex").slice(0, 16)}${ext}`;
}

/** Bundles one entry; returns its bytes, the parts that were split off, by name, and the files it was made from. */
async function bundle({ entry, format, conditions }, addresses, defines = {}) {
  const result = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    format,
    splitting: format === "esm",
    ...(conditions === undefined ? {} : { conditions }),
    // Their names come from their content, as those of all other files do.
    chunkNames: "[name]-[hash]",
    plugins: [closeBracketsAlone, emacsKeysKept],
    define: { ASSETS: JSON.stringify(addresses), FIRST_PROGRAM: JSON.stringify(firstProgram), ...defines },
    target: "es2022",
    minify: true,
    legalComments: "none",
    metafile: true,
    write: false,
    outdir: dist,
    logLevel: "warning",
    logOverride: { "unsupported-css-property": "error" },
  });
  if (result.warnings.length > 0) throw new Error(`${entry}: the build has warnings`);
  const outputs = new Map(Object.entries(result.metafile.outputs).map(([file, output]) => [path.basename(file), output]));
  const [[own, { imports: direct }], ...more] = [...outputs].filter(([, output]) => output.entryPoint === entry);
  if (more.length > 0) throw new Error(`${entry}: expected one output file, not ${more.length + 1}`);
  /** What is loaded along with it, and what that loads. */
  const preload = [];
  const follow = (imports) => {
    for (const { path: file, kind } of imports) {
      const part = path.basename(file);
      if (kind !== "import-statement" || preload.includes(part)) continue;
      preload.push(part);
      follow(outputs.get(part).imports);
    }
  };
  follow(direct);
  const contents = new Map(result.outputFiles.map((file) => [path.basename(file.path), Buffer.from(file.contents)]));
  const bytes = contents.get(own);
  contents.delete(own);
  return { bytes, parts: contents, preload, inputs: Object.keys(result.metafile.inputs), exported: (part) => outputs.get(part).exports };
}

/** The licence of every package that ended up in a bundle: their terms ask for it to travel along. */
async function licenses(inputs, ofModules) {
  const packages = new Set();
  for (const input of inputs) {
    const found = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input);
    if (found) packages.add(found[1]);
  }
  const parts = [];
  for (const name of [...packages].sort()) {
    const folder = path.join(root, "node_modules", name);
    const { version, license } = JSON.parse(await readFile(path.join(folder, "package.json"), "utf8"));
    const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
    if (!file) throw new Error(`${name} has no licence file`);
    parts.push(`${name} ${version} (${license})\n\n${(await readFile(path.join(folder, file), "utf8")).trim()}\n`);
  }
  for (const { name, version, license, text } of ofModules) {
    if (!text) throw new Error(`${name} has no licence file`);
    const part = `${name} ${version} (${license})\n\n${text}\n`;
    if (!parts.includes(part)) parts.push(part);
  }
  return Buffer.from(parts.join(`\n${"-".repeat(72)}\n\n`));
}

const files = new Map();
const inputs = [];
/** Hashed names by logical ones. */
const manifest = {};
const preload = {};
const addresses = {};
/** What the page's script is split into, and how large of it a part may be that is kept for offline unasked. */
const mainParts = new Set();
const OFFLINE_BYTES = 64 << 10;
const add = (name, bytes, hashed = hashedName(name, bytes)) => {
  files.set(hashed, bytes);
  manifest[name] = hashed;
  addresses[name] = `/assets/${hashed}`;
};
add("examples.json", Buffer.from(JSON.stringify(gallery)));
add("language-library.json", Buffer.from(JSON.stringify(library())));
for (const entry of bundles) {
  let made = await bundle(entry, addresses);
  if (made.preload.length > 1) made = await joined(made, "shared");
  for (const [part, bytes] of made.parts) add(part, bytes, part);
  add(entry.name, made.bytes);
  if (entry.name === "main.js") for (const part of made.parts.keys()) mainParts.add(part);
  if (made.preload.length > 0) preload[entry.name] = made.preload;
  inputs.push(...made.inputs);
}
add("book.json", Buffer.from(JSON.stringify(await book())));
for (const name of await readdir(path.join(root, "static/icons"))) {
  add(name, await readFile(path.join(root, "static/icons", name)));
}
const webManifest = JSON.parse(await readFile(path.join(root, "static/page.webmanifest"), "utf8"));
for (const icon of webManifest.icons) icon.src = addresses[icon.src];
add("page.webmanifest", Buffer.from(JSON.stringify(webManifest)));
add("service-worker.js", (await bundle({ entry: "web/service-worker.ts", format: "iife" }, addresses, offline())).bytes);

/** What the service worker keeps at once: the page's script with all its small parts, and what its markup names. */
function offline() {
  const parts = [...mainParts].filter((name) => preload["main.js"].includes(name) || files.get(name).length <= OFFLINE_BYTES).map((name) => `/assets/${name}`);
  const named = ["main.js", "search-worker.js", "theme.js", "main.css", "icon.svg", "page.webmanifest", "examples.json"].map((name) => addresses[name]);
  const edition = createHash("sha256").update([...files.keys()].sort().join("\n")).digest("hex").slice(0, 16);
  return { KEPT: JSON.stringify([...named, ...parts]), EDITION: JSON.stringify(edition) };
}

await rm(dist, { recursive: true, force: true });
await mkdir(dist, { recursive: true });
add("licenses.txt", await licenses(inputs, await buildModules(path.join(dist, "modules"))));
for (const [hashed, bytes] of files) {
  const br = await promisify(brotliCompress)(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  });
  const gz = await promisify(gzip)(bytes, { level: 9 });
  await Promise.all([
    writeFile(path.join(dist, hashed), bytes),
    writeFile(path.join(dist, `${hashed}.br`), br),
    writeFile(path.join(dist, `${hashed}.gz`), gz),
  ]);
  console.log(`${hashed.padEnd(32)} ${bytes.length} bytes, ${br.length} br, ${gz.length} gz`);
}
await writeFile(path.join(dist, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
await writeFile(path.join(dist, "preload.json"), `${JSON.stringify(preload, null, 2)}\n`);

await embedPackage();

/** The package in web/embed, ready to be published: a module, and the types of all that it exports. */
async function embedPackage() {
  const folder = path.join(root, "web/embed/dist");
  await rm(folder, { recursive: true, force: true });
  const { bytes } = await bundle({ entry: "web/embed/index.ts", format: "esm" }, addresses);
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, "index.js"), bytes);
  const tsc = path.join(root, "node_modules/typescript/bin/tsc");
  await promisify(execFile)(process.execPath, [tsc, "-p", path.join(root, "web/embed/tsconfig.json")]);
}
