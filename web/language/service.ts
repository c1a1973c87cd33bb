// What the editor asks, answered by TypeScript's language service and put into the words of protocol.ts.

import ts from "typescript";

import { lint } from "./lint.ts";
import { findListed, plainName } from "./modules.ts";
import { nameOf, pathOf, type Project } from "./project.ts";
import type { Call, Calls, Completion, CompletionKind, Completions, Edit, Info, Part, Place, Problem, Renaming, Signature } from "./protocol.ts";

/** The most completions in one answer. */
const MOST_COMPLETIONS = 1500;

/** The longest documentation, in characters. */
const LONGEST = 2000;

const PREFERENCES: ts.UserPreferences = {
  includeCompletionsForModuleExports: true,
  includeCompletionsWithInsertText: true,
  includeCompletionsWithSnippetText: false,
  allowIncompleteCompletions: false,
  importModuleSpecifierPreference: "relative",
  importModuleSpecifierEnding: "js",
  quotePreference: "double",
  providePrefixAndSuffixTextForRename: true,
};

const FORMAT: ts.FormatCodeSettings = { ...ts.getDefaultFormatCodeSettings("\n"), indentSize: 2 };

/** Complaints that don't hold here, or that lint.ts makes in its own words: modules, JSX, and advice of taste. */
const NOT_HERE = new Set([2307, 2792, 7016, 7026, 2874, 2875, 80001, 80005, 80007]);

const KINDS = new Map<string, CompletionKind>(Object.entries({
  [ts.ScriptElementKind.keyword]: "keyword" as const,
  [ts.ScriptElementKind.moduleElement]: "namespace" as const,
  [ts.ScriptElementKind.externalModuleName]: "namespace" as const,
  [ts.ScriptElementKind.classElement]: "class" as const,
  [ts.ScriptElementKind.interfaceElement]: "interface" as const,
  [ts.ScriptElementKind.typeElement]: "type" as const,
  [ts.ScriptElementKind.typeParameterElement]: "type" as const,
  [ts.ScriptElementKind.enumElement]: "enum" as const,
  [ts.ScriptElementKind.enumMemberElement]: "constant" as const,
  [ts.ScriptElementKind.constElement]: "constant" as const,
  [ts.ScriptElementKind.functionElement]: "function" as const,
  [ts.ScriptElementKind.localFunctionElement]: "function" as const,
  [ts.ScriptElementKind.memberFunctionElement]: "method" as const,
  [ts.ScriptElementKind.memberVariableElement]: "property" as const,
  [ts.ScriptElementKind.memberGetAccessorElement]: "property" as const,
  [ts.ScriptElementKind.memberSetAccessorElement]: "property" as const,
  [ts.ScriptElementKind.memberAccessorVariableElement]: "property" as const,
}));

/** Complaints about a name that end in advice on how to set up a project, which nobody has here. */
const UNKNOWN_NAMES = new Set([2580, 2581, 2582, 2583, 2584, 2591, 2592, 2593]);

/**
 * Complaints that hold in JavaScript, too, besides those of syntax (all below 2000): names that nobody declares, or
 * twice, or later; constants assigned to; jumps to labels and private names that are not there.
 */
const IN_JAVASCRIPT = new Set([2300, 2304, 2448, 2451, 2480, 2481, 2552, 2588, 18004, 18013, 18016, 18028, 18030]);

/** Answers one call. */
export function answer<Name extends Call>(project: Project, call: Name, asks: Calls[Name]["asks"]): Calls[Name]["gives"] {
  // Brings it up to date with everything that has changed.
  project.program();
  return (ANSWERS[call] as (project: Project, asks: Calls[Name]["asks"]) => Calls[Name]["gives"])(project, asks);
}

const ANSWERS: { [Name in Call]: (project: Project, asks: Calls[Name]["asks"]) => Calls[Name]["gives"] } = {
  complete,
  detail,
  imports,
  hover,
  signature,
  problems,
  definition,
  canRename,
  rename,
};

function complete(project: Project, { file, at, explicit }: Calls["complete"]["asks"]): Completions | null {
  const text = project.text(file);
  const modules = completeModules(project, text, at);
  if (modules !== null) return modules;
  const word = /[\w$]*$/.exec(text.slice(0, at))?.[0] ?? "";
  const before = text.charAt(at - word.length - 1);
  if (!explicit && word === "" && before !== "." && !/["'`/<]/.test(before)) return null;
  const found = project.service.getCompletionsAtPosition(pathOf(file), at, PREFERENCES, FORMAT);
  const items: Completion[] = [];
  let from = at - word.length;
  let to = at;
  const first = word.charAt(0).toLowerCase();
  const span = found?.optionalReplacementSpan;
  if (span !== undefined && span.start <= at) {
    from = span.start;
    to = Math.max(at, span.start + span.length);
  }
  for (const entry of found?.entries ?? []) {
    // The rest is sifted where it is shown, as the word grows.
    if (first !== "" && !entry.name.toLowerCase().includes(first)) continue;
    const own = entry.replacementSpan;
    if (own !== undefined && own.start !== from) continue;
    const item: Completion = { label: entry.name, kind: KINDS.get(entry.kind) ?? "variable", rank: rank(entry.sortText) };
    const insert = entry.insertText;
    if (insert !== undefined && insert !== entry.name) item.insert = insert;
    if (entry.hasAction === true && entry.source !== undefined) {
      item.source = sourceName(entry);
      item.data = { source: entry.source, data: entry.data };
    } else if (entry.source !== undefined || entry.data !== undefined) {
      item.data = { source: entry.source, data: entry.data };
    }
    items.push(item);
    if (items.length >= MOST_COMPLETIONS) break;
  }
  if (found === undefined || (found.isGlobalCompletion && !found.isMemberCompletion)) items.push(...completeExports(project, text, at, word, items));
  return items.length === 0 ? null : { from, to, items };
}

/** TypeScript sorts by texts such as "11" and "16"; what has to be imported comes last. */
function rank(sortText: string): number {
  const value = Number.parseInt(sortText, 10);
  return Number.isNaN(value) ? 99 : value;
}

function sourceName(entry: ts.CompletionEntry): string {
  const source = entry.sourceDisplay === undefined ? (entry.source ?? "") : ts.displayPartsToString(entry.sourceDisplay);
  return nameOf(source) ?? source;
}

/** Where a module's name is wanted: after `from "`, `require("`, and in the braces of an import that names none yet. */
function completeModules(project: Project, text: string, at: number): Completions | null {
  const line = text.slice(text.lastIndexOf("\n", at - 1) + 1, at);
  const rest = text.slice(at, (text.indexOf("\n", at) + 1 || text.length + 1) - 1);
  const listed = project.modules ?? [];
  const quoted = /(?:\bfrom|\bimport|\bimport\s*\(|\brequire\s*\()\s*(["'])([^"']*)$/.exec(line);
  if (quoted !== null) {
    const typed = quoted[2] ?? "";
    if (typed.startsWith(".")) return null;
    const to = at + (/^[^"'\s;)]*/.exec(rest)?.[0].length ?? 0);
    return { from: at - typed.length, to, items: listed.map((it) => ({ label: it.name, kind: "namespace", rank: it.name.startsWith("node:") ? 1 : 0 })) };
  }
  const braces = /^\s*import\s+(?:type\s+)?\{\s*([\w$]*)$/.exec(line);
  if (braces === null || !/^\s*\}?\s*;?\s*$/.test(rest)) return null;
  const word = braces[1] ?? "";
  const from = at - word.length;
  const items: Completion[] = [];
  for (const module of listed) {
    const tail = ` } from ${JSON.stringify(module.name)};`;
    items.push({ label: module.name, kind: "namespace", rank: 0, insert: tail.slice(1), caret: 0, source: "" });
    if (word === "") continue;
    for (const name of module.exports) {
      if (name.toLowerCase().startsWith(word.toLowerCase())) items.push({ label: name, kind: "variable", rank: 1, insert: name + tail, source: module.name });
    }
  }
  for (const item of items) item.data = { importing: true };
  return items.length === 0 ? null : { from, to: at + rest.length, items: items.slice(0, MOST_COMPLETIONS) };
}

/** Exports of modules whose types the program does not have yet, by their names alone. */
function completeExports(project: Project, text: string, at: number, word: string, already: readonly Completion[]): Completion[] {
  if (word.length < 2 || text.charAt(at - word.length - 1) === ".") return [];
  const taken = new Set(already.filter((it) => it.source === undefined).map((it) => it.label));
  const start = word.toLowerCase();
  return (project.modules ?? []).flatMap((module) =>
    project.knows(module.name) && already.some((it) => it.source === module.name)
      ? []
      : module.exports
          .filter((name) => name.toLowerCase().startsWith(start) && !taken.has(name) && /^[\w$]+$/.test(name))
          .map((label): Completion => ({ label, kind: "variable", rank: 30, source: module.name, data: { listed: true } })),
  );
}

type EntryData = { source?: string; data?: ts.CompletionEntryData; listed?: boolean; importing?: boolean };

function detail(project: Project, { file, at, label, source, data }: Calls["detail"]["asks"]): Info | null {
  const entry = (data ?? {}) as EntryData;
  if (entry.importing === true || entry.listed === true) return null;
  const found = project.service.getCompletionEntryDetails(pathOf(file), at, label, FORMAT, entry.source ?? source, PREFERENCES, entry.data);
  return found === undefined ? null : { from: at, to: at, parts: partsOf(found.displayParts), documentation: documentationOf(found.documentation, found.tags) };
}

function imports(project: Project, { file, at, label, source, data }: Calls["imports"]["asks"]): Edit[] {
  const entry = (data ?? {}) as EntryData;
  if (entry.importing === true) return [];
  if (entry.listed === true) return importEdit(project, file, label, source);
  const found = project.service.getCompletionEntryDetails(pathOf(file), at, label, FORMAT, entry.source, PREFERENCES, entry.data);
  return (found?.codeActions ?? []).flatMap((action) => action.changes).flatMap(editsOf);
}

/** Makes an export of a module known in a file: in an import that there is, else in one of its own below the others. */
export function importEdit(project: Project, file: string, name: string, module: string): Edit[] {
  const source = project.source(file);
  if (source === undefined) return [];
  let after = 0;
  let requires = false;
  for (const statement of source.statements) {
    if (ts.isImportDeclaration(statement)) {
      after = statement.end;
      const { importClause, moduleSpecifier } = statement;
      const named = importClause?.namedBindings;
      const same = ts.isStringLiteral(moduleSpecifier) && plainName(moduleSpecifier.text) === plainName(module);
      if (same && importClause?.phaseModifier === undefined && named !== undefined && ts.isNamedImports(named)) {
        const last = named.elements.at(-1);
        if (named.elements.some((it) => it.name.text === name)) return [];
        return last === undefined
          ? [{ file, from: named.getStart(source), to: named.end, insert: `{ ${name} }` }]
          : [{ file, from: last.end, to: last.end, insert: `, ${name}` }];
      }
    } else if (ts.isExpressionStatement(statement) && ts.isStringLiteral(statement.expression) && after === 0) {
      after = statement.end;
    }
    if (/\brequire\(|\bmodule\.exports\b/.test(statement.getText(source))) requires = true;
  }
  const isModule = source.statements.some((it) => ts.isImportDeclaration(it) || ts.isExportDeclaration(it) || ts.isExportAssignment(it));
  const written = JSON.stringify(module);
  const line = requires && !isModule ? `const { ${name} } = require(${written});` : `import { ${name} } from ${written};`;
  return [{ file, from: after, to: after, insert: after === 0 ? `${line}\n` : `\n${line}` }];
}

function hover(project: Project, { file, at }: Calls["hover"]["asks"]): Info | null {
  const found = project.service.getQuickInfoAtPosition(pathOf(file), at);
  if (found === undefined) return null;
  const { start, length } = found.textSpan;
  return { from: start, to: start + length, parts: partsOf(found.displayParts ?? []), documentation: documentationOf(found.documentation, found.tags) };
}

function signature(project: Project, { file, at }: Calls["signature"]["asks"]): Signature | null {
  const found = project.service.getSignatureHelpItems(pathOf(file), at, undefined);
  const item = found?.items[found.selectedItemIndex];
  if (found === undefined || item === undefined) return null;
  const last = Math.max(0, item.parameters.length - 1);
  return {
    from: found.applicableSpan.start,
    prefix: partsOf(item.prefixDisplayParts),
    parameters: item.parameters.map((it) => ({ parts: partsOf(it.displayParts), documentation: documentationOf(it.documentation) })),
    separator: partsOf(item.separatorDisplayParts),
    suffix: partsOf(item.suffixDisplayParts),
    documentation: documentationOf(item.documentation),
    active: item.isVariadic ? Math.min(found.argumentIndex, last) : found.argumentIndex,
    count: found.items.length,
    index: found.selectedItemIndex,
  };
}

function problems(project: Project, { file }: Calls["problems"]["asks"]): Problem[] {
  const path = pathOf(file);
  const { service } = project;
  const source = project.source(file);
  if (source === undefined || path.endsWith(".txt")) return [];
  const told = [...service.getSyntacticDiagnostics(path), ...service.getSemanticDiagnostics(path), ...service.getSuggestionDiagnostics(path)];
  const text = project.text(file);
  const script = /\.[cm]?jsx?$/.test(path);
  const holds = ({ code, start, category }: ts.Diagnostic) => {
    if (start === undefined || NOT_HERE.has(code)) return false;
    const { Error: error } = ts.DiagnosticCategory;
    if (script && category === error && code >= 2000 && !IN_JAVASCRIPT.has(code) && !UNKNOWN_NAMES.has(code)) return false;
    // lint.ts speaks of modules; and to ask whether there is a name is no mistake.
    return !(UNKNOWN_NAMES.has(code) || code === 2304) || !(/["'`]/.test(text.charAt(start)) || /\btypeof\s+$/.test(text.slice(0, start)));
  };
  const found = told.filter(holds).map(problemOf);
  if (path.endsWith(".json")) return found;
  for (const it of lint(source, project.program().getTypeChecker(), project.modules)) {
    if (it.fix !== undefined) it.fix.edits = it.fix.edits.map((edit) => ({ ...edit, file }));
    found.push(it);
  }
  const missing = project.service.getSemanticDiagnostics(path).filter(({ code, messageText }) => code === 2307 && typeof messageText === "string" && /'\.{0,2}\//.test(messageText));
  found.push(...missing.map(problemOf));
  return found.sort((a, b) => a.from - b.from);
}

function problemOf({ start = 0, length = 0, code, category, messageText, reportsUnnecessary }: ts.Diagnostic): Problem {
  const { Error: error, Warning: warning } = ts.DiagnosticCategory;
  const words = ts.flattenDiagnosticMessageText(messageText, "\n");
  const message = UNKNOWN_NAMES.has(code) ? `${words.slice(0, words.indexOf(". ") + 1)} This sandbox does not have it.` : words;
  return {
    from: start,
    to: start + length,
    severity: category === error ? "error" : category === warning ? "warning" : "info",
    message: message.slice(0, LONGEST),
    ...(reportsUnnecessary === undefined ? {} : { unused: true }),
  };
}

function definition(project: Project, { file, at }: Calls["definition"]["asks"]): Calls["definition"]["gives"] {
  const found = project.service.getDefinitionAtPosition(pathOf(file), at) ?? [];
  const places = found.flatMap(({ fileName, textSpan }): Place[] => {
    const name = nameOf(fileName);
    return name === null ? [] : [{ file: name, from: textSpan.start, to: textSpan.start + textSpan.length }];
  });
  return { places, elsewhere: found.length > places.length };
}

function canRename(project: Project, { file, at }: Calls["canRename"]["asks"]): Renaming {
  const found = project.service.getRenameInfo(pathOf(file), at, PREFERENCES);
  if (!found.canRename) return { refused: found.localizedErrorMessage };
  const { places, elsewhere } = definition(project, { file, at });
  if (elsewhere && places.length === 0) return { refused: `${found.displayName} is not defined in this program.` };
  if (found.fileToRename !== undefined) return { refused: "Rename the file by its tab." };
  const { start, length } = found.triggerSpan;
  return { name: found.displayName, at: { from: start, to: start + length } };
}

function rename(project: Project, { file, at, to }: Calls["rename"]["asks"]): Edit[] {
  // What is imported is renamed where it comes from, and so everywhere.
  const [first, ...others] = definition(project, { file, at }).places;
  if (first !== undefined && others.length === 0 && (first.file !== file || first.from !== at)) {
    const everywhere = renameFrom(project, first.file, first.from, to, new Set());
    if (everywhere.some((it) => it.file === file && it.from <= at && at <= it.to)) return everywhere;
  }
  return renameFrom(project, file, at, to, new Set());
}

/** Renames from one place on, and goes on into the files that import what is there. */
function renameFrom(project: Project, file: string, at: number, to: string, seen: Set<string>): Edit[] {
  const found = project.service.findRenameLocations(pathOf(file), at, false, false, PREFERENCES) ?? [];
  return found.flatMap(({ fileName, textSpan, prefixText = "", suffixText = "" }): Edit[] => {
    const name = nameOf(fileName);
    const key = `${fileName}:${textSpan.start}`;
    if (name === null || seen.has(key)) return [];
    seen.add(key);
    const place = { file: name, from: textSpan.start, to: textSpan.start + textSpan.length };
    if (!isImported(project, name, textSpan.start) || (prefixText === "" && suffixText === "")) return [{ ...place, insert: prefixText + to + suffixText }];
    return [{ ...place, insert: to }, ...renameFrom(project, name, textSpan.start, to, seen)];
  });
}

/** Whether a name stands in the braces of an import, under the name that it has where it comes from. */
function isImported(project: Project, file: string, at: number): boolean {
  const source = project.source(file);
  const inBraces = (node: ts.Node): boolean =>
    ts.isImportSpecifier(node) && node.name.getStart(source) === at
      ? node.propertyName === undefined
      : (ts.forEachChild(node, (child) => (child.pos <= at && at < child.end && inBraces(child) ? true : undefined)) ?? false);
  return source !== undefined && inBraces(source);
}

function editsOf({ fileName, textChanges }: ts.FileTextChanges): Edit[] {
  const name = nameOf(fileName);
  return name === null ? [] : textChanges.map(({ span, newText }) => ({ file: name, from: span.start, to: span.start + span.length, insert: newText }));
}

function partsOf(parts: readonly ts.SymbolDisplayPart[]): Part[] {
  return parts.map(({ text, kind }) => ({ text, kind }));
}

function documentationOf(parts: readonly ts.SymbolDisplayPart[] | undefined, tags: readonly ts.JSDocTagInfo[] | undefined = []): string {
  const lines = [ts.displayPartsToString([...(parts ?? [])])];
  for (const { name, text } of tags) {
    const words = ts.displayPartsToString([...(text ?? [])]).trim();
    if (["param", "returns", "deprecated", "example", "throws"].includes(name)) lines.push(`@${name} ${words}`);
  }
  const all = lines.join("\n").trim();
  return all.length > LONGEST ? `${all.slice(0, LONGEST)}…` : all;
}

/** Listed modules that the program imports and whose types it does not have. */
export function wanted(project: Project): string[] {
  const listed = project.modules ?? [];
  const urls = [...project.imported()].map((name) => findListed(listed, name)?.types ?? null);
  return [...new Set(urls.filter((url): url is string => url !== null))];
}
