// The examples as the page gets them: what index.json lists, with the texts of the files.

import { readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

const folder = path.dirname(fileURLToPath(import.meta.url));

/** Reads them all. */
export async function examples() {
  const { groups, examples: listed } = JSON.parse(await readFile(path.join(folder, "index.json"), "utf8"));
  const read = async ([file, name]) => ({ name, content: await readFile(path.join(folder, file), "utf8") });
  const all = listed.map(async ({ files, ...rest }) => ({ ...rest, files: await Promise.all(files.map(read)) }));
  return { groups, examples: await Promise.all(all) };
}
