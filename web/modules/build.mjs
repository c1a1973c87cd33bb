// Builds static/dist/modules: the built-in modules and the packages that every Mayfly carries. catalogue.json says
// what there is.

import { readFileSync } from "node:fs";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { gzip } from "node:zlib";

import { BUILTINS, bundleBuiltins, bundlePackage, evaluate, packagesOf, writePackage } from "./bundle.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.dirname(path.dirname(here));

/** The packages of the default build, and their subpaths with bundles of their own. */
const PACKAGES = [
  { name: "axios" },
  { name: "date-fns", entries: ["locale"] },
  { name: "lodash" },
  { name: "lodash-es" },
  { name: "uuid" },
  { name: "zod", entries: ["mini", "v3"] },
];

/** The most bytes of one bundle; what `mayfly modules add` allows by default, too. */
const MAX_BYTES = 2 << 20;

/** Declarations of @types/node for the modules that there are. */
async function nodeTypes() {
  const folder = path.join(root, "node_modules/@types/node");
  const files = {};
  const add = async (inside) => {
    files[`node_modules/@types/node/${inside}`] = await readFile(path.join(folder, inside), "utf8");
  };
  for (const name of BUILTINS) {
    const inside = `${name}.d.ts`;
    const there = await readFile(path.join(folder, inside)).then(() => true, () => false);
    if (there) await add(inside);
  }
  for (const inside of ["buffer.buffer.d.ts", "globals.typedarray.d.ts"]) await add(inside);
  return files;
}

/** package.json and package-lock.json of a folder with our esbuild in it and nothing else. */
function toolsOf(locked) {
  const isOurs = (name) => name === "node_modules/esbuild" || name.startsWith("node_modules/@esbuild/");
  const packages = Object.entries(locked.packages).filter(([name]) => isOurs(name)).map(([name, it]) => {
    const rest = { ...it };
    delete rest.dev;
    return [name, rest];
  });
  const manifest = { name: "tools", private: true, type: "module", dependencies: { esbuild: locked.packages["node_modules/esbuild"].version } };
  const lock = { name: "tools", lockfileVersion: 3, requires: true, packages: Object.fromEntries([["", { name: "tools", dependencies: manifest.dependencies }], ...packages]) };
  return { "package.json": manifest, "package-lock.json": lock };
}

/** Writes all of it to `target`; gives the licences of what was bundled. */
export async function buildModules(target) {
  await rm(target, { recursive: true, force: true });
  await mkdir(path.join(target, "builtins"), { recursive: true });
  const { made: builtins, inputs } = await bundleBuiltins(here);
  const exported = await evaluate(builtins, [...builtins.keys()].map((name) => [name, name]));
  const hash = (bytes) => createHash("sha256").update(bytes).digest("hex");
  const catalogue = { builtins: [], packages: [], types: null };
  for (const [name, text] of builtins) {
    if (exported[name].error !== undefined) throw new Error(`${name}: ${exported[name].error}`);
    const file = `builtins/${name.slice(5).replace("/", "-")}.js`;
    await writeFile(path.join(target, file), text);
    catalogue.builtins.push({ name, file, sha256: hash(text), bytes: text.length, exports: exported[name].names });
  }
  const types = await promisify(gzip)(Buffer.from(JSON.stringify({ files: await nodeTypes() })), { level: 9 });
  await writeFile(path.join(target, "types.json.gz"), types);
  catalogue.types = { file: "types.json.gz", sha256: hash(types), bytes: types.length };

  const locked = JSON.parse(readFileSync(path.join(root, "package-lock.json"), "utf8"));
  const relative = inputs.map((input) => path.relative(root, path.resolve(here, input)));
  const licensed = await packagesOf(relative, root, locked);
  for (const it of PACKAGES) {
    const made = await bundlePackage({ ...it, folder: root, builtins, maxBytes: MAX_BYTES });
    const folder = it.name.replace("/", "+");
    const { entries } = await writePackage(made, path.join(target, "packages", folder));
    for (const entry of entries) {
      console.log(`${`${it.name}/${entry.path}`.replace(/\/$/, "").padEnd(32)} ${entry.bytes} bytes, ${entry.exports.length} exports`);
    }
    catalogue.packages.push(folder);
    licensed.push(...made.packages);
  }
  await writeFile(path.join(target, "catalogue.json"), `${JSON.stringify(catalogue, null, 1)}\n`);
  // What `mayfly modules add` takes along: the bundler, and which esbuild it is for.
  await writeFile(path.join(target, "tools.json"), JSON.stringify(toolsOf(locked), null, 1));
  await writeFile(path.join(target, "bundle.mjs"), await readFile(path.join(here, "bundle.mjs")));
  await writeFile(path.join(target, "builtins.json"), JSON.stringify(Object.fromEntries(builtins)));
  const all = [...builtins.values()].reduce((sum, text) => sum + text.length, 0);
  console.log(`${"built-in modules".padEnd(32)} ${all} bytes, ${(await readdir(path.join(target, "builtins"))).length} files`);
  return licensed;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildModules(path.join(root, "static/dist/modules"));
