// Makes the library types that the editor's language service works with: TypeScript's own lib.es*.d.ts for the
// language, and of its lib.webworker.d.ts exactly what the sandbox has. sandbox.json says what that is, down to
// members; a test compares it with a real run. What TypeScript does not know stands in mayfly.d.ts.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

import ts from "typescript";

const lib = path.dirname(createRequire(import.meta.url).resolve("typescript"));
const here = import.meta.dirname;

/** The language as every engine has it. */
const LANGUAGE = [
  "es2025",
  "esnext.array",
  "esnext.collection",
  "esnext.disposable",
  "esnext.error",
  "esnext.intl",
  "esnext.sharedmemory",
  "esnext.typedarrays",
];

/** What not every engine has: the parts that describe it, by the name that a program finds it under. */
const OPTIONAL = { Temporal: ["esnext.temporal", "esnext.date"] };

/** Parts that others refer to and that don't hold here, or not everywhere. */
const NOT_HERE = /^(dom|webworker|scripthost|decorators\.legacy|esnext\.temporal)/;

/** Names that a program has without their being on every run's global object. */
const OF_PROGRAMS = new Set([
  "Buffer", "clearImmediate", "exports", "global", "input", "module", "process", "require", "setImmediate",
]);

/** TypeScript's own description of the language, or of these parts: files by name, without their licences. */
function language(names = LANGUAGE) {
  const files = new Map();
  const add = (name) => {
    if (files.has(name)) return;
    const text = readFileSync(path.join(lib, `lib.${name}.d.ts`), "utf8").replaceAll("\r\n", "\n");
    const others = [];
    const rest = text.replaceAll(/^\/\/\/ <reference (lib="([\w.]+)"|no-default-lib="true") ?\/>\n?/gm, (line, _, other) => {
      if (other === undefined || NOT_HERE.test(other)) return "";
      others.push(other);
      return line;
    });
    files.set(name, rest.replace(/^\/\*! \*{5,}[\s\S]*?\*\/\s*/, ""));
    for (const other of others) add(other);
  };
  for (const name of names) add(name);
  return files;
}

const parse = (name, text) => ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);

/** Names that a statement declares. */
function namesOf(statement) {
  if (ts.isVariableStatement(statement)) return statement.declarationList.declarations.map((one) => one.name.getText());
  return statement.name === undefined ? [] : [statement.name.getText()];
}

/** Whether a statement declares something that is there when a program runs. */
const isValue = (statement) =>
  ts.isVariableStatement(statement) || ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement) || ts.isModuleDeclaration(statement);

/** Declarations of a file, by name. */
function index(source) {
  const found = new Map();
  for (const statement of source.statements) {
    for (const name of namesOf(statement)) found.set(name, [...(found.get(name) ?? []), statement]);
  }
  return found;
}

/** Every type that a node names. */
function references(node, into = new Set()) {
  if (ts.isTypeReferenceNode(node) || ts.isExpressionWithTypeArguments(node) || ts.isTypeQueryNode(node)) {
    let name = node.typeName ?? node.expression ?? node.exprName;
    while (ts.isQualifiedName(name) || ts.isPropertyAccessExpression(name)) name = name.left ?? name.expression;
    into.add(name.getText());
  }
  ts.forEachChild(node, (child) => {
    references(child, into);
  });
  return into;
}

/** A declaration with only those members that the sandbox has. Says too what types are left in it. */
function trim(statement, has, into) {
  const keep = (members, names) =>
    members.filter((member) => {
      if (ts.isConstructSignatureDeclaration(member)) return has.abstract !== true;
      const { name } = member;
      if (name === undefined || ts.isComputedPropertyName(name)) return true;
      return name.getText() === "prototype" || names === undefined || names.includes(name.getText().replaceAll(/^["']|["']$/g, ""));
    });
  let body;
  if (ts.isInterfaceDeclaration(statement)) body = { node: statement, members: keep(statement.members, has.members) };
  if (ts.isVariableStatement(statement)) {
    const { type } = statement.declarationList.declarations[0];
    if (type !== undefined && ts.isTypeLiteralNode(type)) body = { node: type, members: keep(type.members, has.statics) };
  }
  if (body === undefined) {
    references(statement, into);
    return statement.getFullText();
  }
  for (const member of body.members) references(member, into);
  for (const clause of statement.heritageClauses ?? []) references(clause, into);
  for (const parameter of statement.typeParameters ?? []) references(parameter, into);
  const text = statement.getSourceFile().text;
  const { members } = body.node;
  return `${text.slice(statement.getFullStart(), members.pos)}${body.members.map((member) => member.getFullText()).join("")}\n}${text.slice(body.node.end, statement.end)}`;
}

/**
 * The library: declaration files by name, the names of those that a program begins with, and of those that a program
 * has as well where the engine has a name that not every engine has.
 * @param {Record<string, {members?: string[], statics?: string[], abstract?: boolean}>} sandbox what the sandbox has, by global name
 * @returns {{files: Record<string, string>, roots: string[], optional: Record<string, string[]>}}
 */
export function library(sandbox = JSON.parse(readFileSync(path.join(here, "sandbox.json"), "utf8"))) {
  const es = language();
  const known = new Set([...es].flatMap(([name, text]) => [...index(parse(name, text)).keys()]));
  const ours = index(parse("mayfly.d.ts", readFileSync(path.join(here, "mayfly.d.ts"), "utf8")));
  const web = ["webworker", "dom"].map((name) => index(parse(name, readFileSync(path.join(lib, `lib.${name}.d.ts`), "utf8"))));
  const find = (name) => [ours, ...web].find((one) => one.has(name))?.get(name) ?? [];
  const queue = [...Object.keys(sandbox), ...OF_PROGRAMS].filter((name) => !known.has(name) || ours.has(name));
  const unknown = queue.filter((name) => find(name).length === 0);
  if (unknown.length > 0) throw new Error(`The sandbox has ${unknown.join(", ")}, and nothing describes it. Add it to web/language/mayfly.d.ts.`);
  const has = new Map(Object.entries(sandbox));
  // What an object such as `console` has is said by its interface.
  for (const name of queue) {
    const type = find(name).find(ts.isVariableStatement)?.declarationList.declarations[0].type;
    if (type !== undefined && ts.isTypeReferenceNode(type) && !has.has(type.getText())) has.set(type.getText(), sandbox[name] ?? {});
  }
  const parts = [];
  const written = new Set();
  for (const name of queue) {
    if (written.has(name) || (known.has(name) && !ours.has(name))) continue;
    written.add(name);
    const there = name in sandbox || OF_PROGRAMS.has(name);
    const types = new Set();
    for (const statement of find(name)) {
      if (there || !isValue(statement)) parts.push(trim(statement, has.get(name) ?? {}, types).trim());
    }
    queue.push(...types);
  }
  const fileOf = (name) => `lib.${name}.d.ts`;
  const all = new Map([...es, ...language(Object.values(OPTIONAL).flat())]);
  const files = Object.fromEntries([...all].map(([name, text]) => [fileOf(name), text]));
  const optional = Object.fromEntries(Object.entries(OPTIONAL).map(([name, parts]) => [name, parts.map(fileOf)]));
  return { files: { ...files, "lib.mayfly.d.ts": `${parts.join("\n\n")}\n` }, roots: LANGUAGE.map(fileOf), optional };
}

/** Names that some engines put on the global object and others don't. */
export const optionalNames = () => Object.keys(OPTIONAL);

/** Names that the language itself puts on the global object of every engine. */
export function languageNames() {
  const statements = [...language()].flatMap(([name, text]) => [...parse(name, text).statements]);
  const names = statements.filter(isValue).flatMap(namesOf).filter((name) => name !== "global");
  return new Set([...names, "globalThis", "undefined"]);
}
