// Tests are TypeScript and Node 20 reads none: each entry is bundled to tests/web/.output first. Packages
// stay outside the bundles.

import path from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

/** The repository's root. */
export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../..");

/**
 * Bundles the entries (paths from the root) and returns the files to run.
 * @param {string[]} entries
 * @returns {Promise<string[]>}
 */
export async function bundle(entries) {
  const outdir = path.join(root, "tests/web/.output");
  await build({
    absWorkingDir: root,
    entryPoints: entries,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    packages: "external",
    sourcemap: "inline",
    outdir,
    outbase: path.join(root, "tests/web"),
    outExtension: { ".js": ".mjs" },
    logLevel: "warning",
  });
  return entries.map((entry) => path.join(outdir, path.relative("tests/web", entry).replace(/\.ts$/, ".mjs")));
}
