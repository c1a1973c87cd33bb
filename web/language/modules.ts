// The modules that programs may import, as `GET /api/v1/modules` lists them. Types are fetched for those that a
// program imports.

/** A module that programs may import. */
export type Listed = {
  name: string;
  version: string | null;
  /** Names that it exports. */
  exports: string[];
  /** Address of its declaration files: JSON of the form `{"files": {"node_modules/…": text}}`. */
  types: string | null;
};

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

/** Reads the list. What is not as it should be is left out: without it there is a completion less. */
export function readList(body: unknown): Listed[] {
  // Built-in modules and packages are lists of their own.
  const lists: unknown[] = isRecord(body) ? Object.values(body) : [];
  const found: Listed[] = [];
  for (const entry of lists.flatMap((list): unknown[] => (Array.isArray(list) ? list : []))) {
    if (!isRecord(entry) || typeof entry["name"] !== "string") continue;
    const { name, version, exports, types } = entry;
    found.push({
      name,
      version: typeof version === "string" ? version : null,
      exports: Array.isArray(exports) ? exports.filter((it): it is string => typeof it === "string") : [],
      types: typeof types === "string" ? types : null,
    });
  }
  return found;
}

/** Reads which names of the language the server's engine has that not every engine does. */
export function readGlobals(body: unknown): string[] {
  const names = isRecord(body) ? body["globals"] : undefined;
  return Array.isArray(names) ? names.filter((name): name is string => typeof name === "string") : [];
}

/** Reads a file of types: declaration files by path. */
export function readTypes(body: unknown): Map<string, string> {
  const files = isRecord(body) && isRecord(body["files"]) ? body["files"] : {};
  const found = new Map<string, string>();
  for (const [path, text] of Object.entries(files)) {
    if (typeof text === "string" && !path.split("/").includes("..")) found.set(`/${path.replace(/^\/+/, "")}`, text);
  }
  return found;
}

/** `lodash@4/fp` and `node:util` without version and scheme: `lodash/fp`, `util`. */
export function plainName(specifier: string): string {
  return specifier.replace(/^node:/, "").replace(/^((?:@[^/@]+\/)?[^/@]+)@[^/]+/, "$1");
}

/** Whether an import is of a module rather than of a file of the program. */
export function isBare(specifier: string): boolean {
  return !/^(\.{1,2}(\/|$)|\/)/.test(specifier);
}

/** The listed module that a specifier leads to. A subpath belongs to its package. */
export function findListed(list: readonly Listed[], specifier: string): Listed | undefined {
  const name = plainName(specifier);
  const owner = /^(@[^/]+\/)?[^/]+/.exec(name)?.[0];
  return list.find((it) => plainName(it.name) === name) ?? list.find((it) => plainName(it.name) === owner && !it.name.startsWith("node:"));
}
