#!/usr/bin/env node
// Writes bills of materials in CycloneDX's format into target/sbom: server.cdx.json, the crates that are linked into
// the program, and page.cdx.json, the npm packages that the page is built with. cargo-cyclonedx and npm make them;
// here they are completed, freed of this machine's folders, and held against the lock files. `make sbom`.
//
//   scripts/sbom.mjs [FOLDER]

import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** Of the format's versions the latest that both tools write. */
const FORMAT = "1.5";
const CARGO_CYCLONEDX = "0.5.9";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const out = path.resolve(process.argv[2] ?? path.join(root, "target/sbom"));
const run = (command, ...words) => execFileSync(command, words, { cwd: root, encoding: "utf8", maxBuffer: 1 << 28, stdio: ["ignore", "pipe", "inherit"] });
const text = (file) => readFileSync(path.join(root, file), "utf8");

/** Checksums in a Cargo.lock, by "name version". */
function locked(file) {
  const entries = text(file).matchAll(/^name = "(.*)"\nversion = "(.*)"\nsource = .*\nchecksum = "(.*)"$/gm);
  return new Map([...entries].map(([, name, version, checksum]) => [`${name} ${version}`, checksum]));
}

function server(version) {
  const installed = spawnSync("cargo", ["cyclonedx", "--version"], { encoding: "utf8" }).stdout ?? "";
  if (!installed.trim().endsWith(` ${CARGO_CYCLONEDX}`)) {
    console.log(`Installing cargo-cyclonedx ${CARGO_CYCLONEDX}`);
    run("cargo", "install", "--locked", "--quiet", `cargo-cyclonedx@${CARGO_CYCLONEDX}`);
  }
  // It writes beside Cargo.toml and nowhere else.
  const made = path.join(root, "mayfly-sbom.json");
  let bom;
  try {
    run("cargo", "cyclonedx", "--quiet", "--format", "json", "--spec-version", FORMAT, "--no-build-deps", "--override-filename", "mayfly-sbom");
    bom = JSON.parse(readFileSync(made, "utf8").replaceAll(`path+file://${root}`, "path+file:///mayfly"));
  } finally {
    rmSync(made, { force: true });
  }
  // Its JavaScript is in the startup snapshot, though it is never compiled.
  const sources = [...locked("server/runner/js/sources/Cargo.lock")].filter(([crate]) => crate.startsWith("deno_fetch "));
  for (const [crate, checksum] of sources) {
    const [name, version] = crate.split(" ");
    bom.components.push({ type: "library", "bom-ref": `pkg:cargo/${name}@${version}`, name, version, scope: "required",
      description: "Its JavaScript only", hashes: [{ alg: "SHA-256", content: checksum }],
      licenses: [{ expression: "MIT" }], purl: `pkg:cargo/${name}@${version}` });
  }
  expect(bom.metadata.component.version === version, `the server's version is ${bom.metadata.component.version}, not ${version}`);
  const sums = locked("Cargo.lock");
  const listed = new Map(bom.components.map((it) => [`${it.name} ${it.version}`, it.hashes?.[0]?.content]));
  const linked = run("cargo", "tree", "--locked", "--edges", "normal,no-proc-macro", "--prefix", "none", "--format", "{p}")
    .split("\n").map((line) => /^(\S+) v(\S+)/.exec(line)).filter(Boolean).map(([, name, number]) => `${name} ${number}`)
    .filter((crate) => !crate.startsWith("mayfly "));
  expect(linked.length > 100, `cargo lists ${linked.length} crates only`);
  for (const crate of linked) {
    expect(listed.has(crate), `${crate} is missing`);
    expect(listed.get(crate) === sums.get(crate), `${crate} has another checksum than in Cargo.lock`);
  }
  expect(sources.length === 1, "deno_fetch is missing");
  return bom;
}

function page(version) {
  const bom = JSON.parse(run("npm", "sbom", "--package-lock-only", "--sbom-format", "cyclonedx"));
  // npm calls it after the folder.
  bom.metadata.component.name = "mayfly-web";
  expect(bom.metadata.component.version === version, `the page's version is ${bom.metadata.component.version}, not ${version}`);
  const listed = new Set(bom.components.map((it) => `${it.name}@${it.version}`));
  const packages = Object.entries(JSON.parse(text("package-lock.json")).packages);
  for (const [where, it] of packages) {
    // Packages for other systems than this one are locked, too, and listed.
    if (where) expect(listed.has(`${it.name ?? where.replace(/^.*node_modules\//, "")}@${it.version}`), `${where} is missing`);
  }
  return bom;
}

function expect(condition, what) {
  if (!condition) throw new Error(what);
}

try {
  const version = /^version = "(.*)"$/m.exec(text("Cargo.toml"))[1];
  mkdirSync(out, { recursive: true });
  for (const [name, bom] of [["server", server(version)], ["page", page(version)]]) {
    expect(bom.bomFormat === "CycloneDX" && bom.specVersion === FORMAT, `${name}: this is CycloneDX ${bom.specVersion}, not ${FORMAT}`);
    const whole = `${JSON.stringify(bom, undefined, 2)}\n`;
    expect(!whole.includes(root), `${name}: names a folder of this machine`);
    writeFileSync(path.join(out, `${name}.cdx.json`), whole);
    console.log(`${path.relative(process.cwd(), out)}/${name}.cdx.json: ${bom.components.length} components`);
  }
} catch (error) {
  console.error(`scripts/sbom.mjs: ${error.message}`);
  process.exitCode = 1;
}
