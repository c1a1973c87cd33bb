// Builds the page into static/dist: bundles with content-hashed names, each with its .br and .gz sibling, and
// manifest.json from logical names ("main.js") to hashed ones ("main-3F2A….js"). Any warning fails the build.

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

import { build } from "esbuild";

import { buildModules } from "./modules/build.mjs";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const dist = path.join(root, "static/dist");

/** What goes in, by logical name. Scripts that a module loads by `import` are part of their bundle. */
const bundles = [
  { name: "main.js", entry: "web/main.ts", format: "esm" },
  // Blocks the first paint, so it is small, alone and no module.
  { name: "theme.js", entry: "web/theme.ts", format: "iife" },
  { name: "embedded.js", entry: "web/embedded/main.ts", format: "esm" },
  { name: "wizard.js", entry: "web/wizard/main.ts", format: "esm" },
  // A classic script that other sites load by its plain name.
  { name: "embed.js", entry: "web/embed/embed.ts", format: "iife" },
  // What is only needed once a program shows Markdown, and the script inside the frame that shows HTML.
  { name: "markdown.js", entry: "web/markdown.ts", format: "esm" },
  { name: "frame.js", entry: "web/frame/frame.ts", format: "iife" },
  { name: "main.css", entry: "static/css/main.css", format: undefined },
  { name: "embedded.css", entry: "static/css/embedded.css", format: undefined },
];

/** Bundles one entry; returns its bytes and the files it was made from. */
async function bundle({ entry, format }) {
  const result = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    format,
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
  if (result.outputFiles.length !== 1) throw new Error(`${entry}: expected one output file, not ${result.outputFiles.length}`);
  return { bytes: Buffer.from(result.outputFiles[0].contents), inputs: Object.keys(result.metafile.inputs) };
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
for (const entry of bundles) {
  const made = await bundle(entry);
  files.set(entry.name, made.bytes);
  inputs.push(...made.inputs);
}
for (const name of await readdir(path.join(root, "static/icons"))) {
  files.set(name, await readFile(path.join(root, "static/icons", name)));
}

await rm(dist, { recursive: true, force: true });
await mkdir(dist, { recursive: true });
files.set("licenses.txt", await licenses(inputs, await buildModules(path.join(dist, "modules"))));
const manifest = {};
for (const [name, bytes] of files) {
  const { name: stem, ext } = path.parse(name);
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 16);
  const hashed = `${stem}-${hash}${ext}`;
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
  manifest[name] = hashed;
  console.log(`${hashed.padEnd(32)} ${bytes.length} bytes, ${br.length} br, ${gz.length} gz`);
}
await writeFile(path.join(dist, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);

await embedPackage();

/** The package in web/embed, ready to be published: a module, and the types of all that it exports. */
async function embedPackage() {
  const folder = path.join(root, "web/embed/dist");
  await rm(folder, { recursive: true, force: true });
  const { bytes } = await bundle({ entry: "web/embed/index.ts", format: "esm" });
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, "index.js"), bytes);
  const tsc = path.join(root, "node_modules/typescript/bin/tsc");
  await promisify(execFile)(process.execPath, [tsc, "-p", path.join(root, "web/embed/tsconfig.json")]);
}
