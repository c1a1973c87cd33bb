// The program as TypeScript sees it: the visitor's files, the library and the types of imported modules, all in
// memory.

import ts from "typescript";

import type { SourceFile } from "../files.ts";
import { findListed, isBare, plainName, type Listed } from "./modules.ts";

/** Folder of the visitor's files. */
const PROGRAM = "/program/";

/** Folder of the library. */
const LIBRARY = "/lib/";

/** The library, as library.mjs makes it. */
export type Library = {
  files: Record<string, string>;
  /** The files that every program begins with. */
  roots: string[];
  /** Those that a program has as well where the engine has this name. */
  optional: Record<string, string[]>;
};

const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ESNext,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  // Files share nothing that they don't import, and may await at the top level.
  moduleDetection: ts.ModuleDetectionKind.Force,
  allowJs: true,
  // Of JavaScript only what is surely wrong is told: see service.ts.
  checkJs: true,
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  jsx: ts.JsxEmit.Preserve,
  allowImportingTsExtensions: true,
  allowArbitraryExtensions: true,
  allowSyntheticDefaultImports: true,
  esModuleInterop: true,
  resolveJsonModule: true,
  types: [],
};

/** What TypeScript takes a file's name for, with the extensions that it knows nothing of put right. */
const SCRIPT = /\.(?:[cm]?[jt]s|[jt]sx|json)$/;

/** The program's files and a language service over them. */
export class Project {
  /** TypeScript's language service. */
  readonly service: ts.LanguageService;
  /** Modules that programs may import; null while that is not known. */
  modules: Listed[] | null = null;
  readonly #files = new Map<string, { text: string; version: number }>();
  readonly #names = new Set<string>();
  readonly #folders = new Set<string>();
  /** Declarations of modules that have no package of their own, such as those of `node:util`. */
  readonly #ambient = new Set<string>();
  #versions = 0;
  readonly #optional: Record<string, string[]>;
  #options: ts.CompilerOptions;
  /** Files have come or gone: imports that led nowhere may lead somewhere now, and the other way round. */
  #moved = false;

  constructor(library: Library) {
    for (const [name, text] of Object.entries(library.files)) this.#put(LIBRARY + name, text);
    this.#optional = library.optional;
    this.#options = { ...OPTIONS, lib: library.roots };
    // Without this the service keeps what it once found out about an import. Its types don't tell of it.
    const host: ts.LanguageServiceHost & { hasInvalidatedResolutions: () => boolean } = {
      getCompilationSettings: () => this.#options,
      getProjectVersion: () => String(this.#versions),
      getScriptFileNames: () => [`${LIBRARY}lib.mayfly.d.ts`, ...this.#ambient, ...[...this.#names].map(pathOf)],
      getScriptVersion: (path) => String(this.#files.get(path)?.version ?? 0),
      getScriptSnapshot: (path) => {
        const file = this.#files.get(path);
        return file === undefined ? undefined : ts.ScriptSnapshot.fromString(file.text);
      },
      getCurrentDirectory: () => PROGRAM,
      getDefaultLibFileName: () => `${LIBRARY}lib.es2025.d.ts`,
      hasInvalidatedResolutions: () => this.#moved,
      fileExists: (path) => this.#files.has(path),
      readFile: (path) => this.#files.get(path)?.text,
      directoryExists: (path) => this.#folders.has(path.replace(/\/$/, "")),
      getDirectories: (path) => [...new Set([...this.#under(path)].flatMap((rest) => (rest.includes("/") ? [rest.slice(0, rest.indexOf("/"))] : [])))],
      readDirectory: (path, extensions) =>
        [...this.#under(path)].filter((rest) => extensions?.some((end) => rest.endsWith(end)) ?? true).map((rest) => `${path.replace(/\/$/, "")}/${rest}`),
      useCaseSensitiveFileNames: () => true,
      resolveModuleNameLiterals: (literals, containing, _, settings) =>
        literals.map(({ text }) => ts.resolveModuleName(isBare(text) ? this.#packageName(text) : text, containing, settings, host)),
    };
    this.service = ts.createLanguageService(host, ts.createDocumentRegistry(true), ts.LanguageServiceMode.Semantic);
  }

  /** Adds the types of names that not every engine has and this one does. Names that the library does not describe add nothing. */
  addGlobals(names: readonly string[]): void {
    const known = this.#options.lib ?? [];
    const files = names.flatMap((name) => (Object.hasOwn(this.#optional, name) ? (this.#optional[name] ?? []) : []));
    this.#options = { ...this.#options, lib: [...new Set([...known, ...files])] };
    this.#versions += 1;
  }

  /** Takes over what changed. */
  update(changed: readonly SourceFile[], removed: readonly string[]): void {
    for (const name of removed) {
      this.#moved = true;
      this.#names.delete(name);
      this.#files.delete(pathOf(name));
    }
    for (const { name, content } of changed) {
      this.#names.add(name);
      this.#put(pathOf(name), content);
    }
    this.#versions += 1;
  }

  /** Adds declaration files of a module. Those of packages are found by their imports, others hold for the whole program. */
  addTypes(files: ReadonlyMap<string, string>): void {
    const packages = [...files.keys()].filter((path) => path.endsWith("/package.json")).map((path) => path.slice(0, -"package.json".length));
    for (const [path, text] of files) {
      this.#put(path, text);
      if (path.endsWith(".d.ts") && !packages.some((folder) => path.startsWith(folder))) this.#ambient.add(path);
    }
    this.#versions += 1;
  }

  /** The visitor's files, by name. */
  names(): string[] {
    return [...this.#names];
  }

  /** Text of one of the visitor's files. */
  text(name: string): string {
    return this.#files.get(pathOf(name))?.text ?? "";
  }

  /** TypeScript's program, up to date. */
  program(): ts.Program {
    const program = this.service.getProgram();
    if (program === undefined) throw new Error("The language service has no program.");
    this.#moved = false;
    return program;
  }

  /** One of the visitor's files, parsed. */
  source(name: string): ts.SourceFile | undefined {
    return this.program().getSourceFile(pathOf(name));
  }

  /** Names of modules that the visitor's files import. */
  imported(): Set<string> {
    const found = new Set<string>();
    for (const name of this.#names) {
      if (name.endsWith(".json")) continue;
      for (const { fileName } of ts.preProcessFile(this.text(name), true, true).importedFiles) if (isBare(fileName)) found.add(fileName);
    }
    return found;
  }

  /** Whether the types of this module are part of the program. */
  knows(module: string): boolean {
    const name = plainName(module);
    const typed = name.replace("@", "").replace("/", "__");
    const places = [`${name}/package.json`, `@types/${typed}/package.json`, `@types/node/${name}.d.ts`];
    return places.some((place) => this.#files.has(`/node_modules/${place}`));
  }

  /** The name by which TypeScript finds a module's declarations. */
  #packageName(specifier: string): string {
    const name = plainName(specifier);
    return specifier.startsWith("node:") ? specifier : (this.modules === null ? name : findListed(this.modules, specifier) === undefined ? specifier : name);
  }

  #put(path: string, text: string): void {
    this.#versions += 1;
    if (!this.#files.has(path)) this.#moved = true;
    this.#files.set(path, { text, version: this.#versions });
    for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) this.#folders.add(path.slice(0, end));
  }

  *#under(folder: string): Generator<string> {
    const start = folder.endsWith("/") ? folder : `${folder}/`;
    for (const path of this.#files.keys()) if (path.startsWith(start)) yield path.slice(start.length);
  }
}

/** Where TypeScript finds one of the visitor's files. */
export function pathOf(name: string): string {
  return PROGRAM + (SCRIPT.test(name) ? name : `${name}.txt`);
}

/** The visitor's file at a path; null when it is none of theirs. */
export function nameOf(path: string): string | null {
  return path.startsWith(PROGRAM) && !path.includes("/node_modules/") ? path.slice(PROGRAM.length).replace(/\.txt$/, "") : null;
}
