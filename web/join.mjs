// Joins what a script begins by loading into one file. The bundler cuts what its parts share into a file for every set
// of parts that share it, some of them of a hundred bytes, and each would be a request of its own before anything is
// there. One file with all of it comes sooner, and is smaller.

import { createHash } from "node:crypto";

import { build } from "esbuild";

/** A statement that imports, as the minified output begins with them. */
const IMPORT = /import(?:\{([^}]*)\}from)?"\.\/([^"]+)";/y;

/**
 * Joins the `preload`ed ones of a bundle's `parts` into one, called `name`. `exported` tells the names that each
 * exports. Gives the bundle back with its files named anew, since their text has changed.
 */
export async function joined({ bytes, parts, preload, inputs, exported }, name) {
  const texts = new Map([...parts].map(([part, content]) => [part, content.toString()]));
  /** The joined file's own name for what a part exports. */
  const alias = (part, it) => `p${preload.indexOf(part)}_${it}`;
  const result = await build({
    stdin: { contents: preload.map((part) => `export {${exported(part).map((it) => `${it} as ${alias(part, it)}`).join(",")}} from "./${part}";`).join("\n") },
    bundle: true,
    format: "esm",
    target: "es2022",
    minify: true,
    legalComments: "none",
    write: false,
    logLevel: "warning",
    plugins: [
      {
        name: "parts",
        setup(on) {
          on.onResolve({ filter: /^\.\// }, ({ path: file, kind }) =>
            kind === "dynamic-import" ? { path: file, external: true } : { path: file.slice(2), namespace: "part", sideEffects: true });
          on.onLoad({ filter: /.*/, namespace: "part" }, ({ path: part }) => ({ contents: texts.get(part), loader: "js" }));
        },
      },
    ],
  });
  if (result.warnings.length > 0) throw new Error(`${name}: the build has warnings`);
  const shared = `${name}-?.js`;
  const [{ text }] = result.outputFiles;
  const left = new Map([[shared, text]]);
  for (const [part, content] of texts) if (!preload.includes(part)) left.set(part, rewritten(content));
  const main = rewritten(bytes.toString());

  /** `text` with its imports of parts that are joined from where these are now. */
  function rewritten(text) {
    let names = [];
    let isShared = false;
    let rest = "";
    let at = 0;
    for (;;) {
      IMPORT.lastIndex = at;
      const found = IMPORT.exec(text);
      if (found === null) break;
      at = IMPORT.lastIndex;
      const [statement, list = "", part] = found;
      if (!preload.includes(part)) {
        rest += statement;
        continue;
      }
      isShared = true;
      for (const item of list.split(",").filter((it) => it !== "")) {
        const [its, own = its] = item.split(" as ");
        names.push(`${alias(part, its)} as ${own}`);
      }
    }
    const all = (isShared ? `import{${names.join(",")}}from"./${shared}";` : "") + rest + text.slice(at);
    const lost = preload.find((part) => all.includes(part));
    if (lost !== undefined) throw new Error(`${name}: ${lost} is loaded in a way that is not known here`);
    return all;
  }

  // Each file names others, so their names come from the content of all.
  const edition = createHash("sha256");
  for (const content of [main, ...left.values()]) edition.update(content).update("\n");
  const hash = edition.digest("hex").slice(0, 16);
  const renamed = new Map([...left.keys()].map((part) => [part, part === shared ? `${name}-${hash}.js` : `${part.replace(/\.js$/, "")}-${hash.slice(0, 8)}.js`]));
  const withNames = (content) => {
    for (const [part, now] of renamed) content = content.replaceAll(`"./${part}"`, `"./${now}"`);
    return Buffer.from(content);
  };
  return {
    bytes: withNames(main),
    parts: new Map([...left].map(([part, content]) => [renamed.get(part), withNames(content)])),
    preload: [renamed.get(shared)],
    inputs,
  };
}
