// No words for people outside the catalogue: what reads like a sentence or a label is looked for in the page's code.

import assert from "node:assert/strict";
import { readFileSync, readdirSync, statSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";

import ts from "typescript";

import { root } from "../support/paths.ts";

/** Folders whose words are not the page's: the catalogue itself, programs, and what speaks to other code. */
const OTHERS = ["strings", "examples", "modules", "console", "language", "embed", "frame", "format"];

/** What reads like words and is none: names that are the same in every language, keys, and the like. */
const NAMES = new Set([
  "JavaScript", "TypeScript", "Mayfly", "English", "Deutsch", "Español", "Esc", "Space", "Meta", "Shift", "Alt", "Ctrl",
  "Enter", "Escape", "Delete", "Home", "End", "Tab", "ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Uncaught",
  "Bearer", "GET", "POST", "PATCH", "DELETE",
]);

function sources(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const file = path.join(folder, name);
    if (statSync(file).isDirectory()) return OTHERS.includes(name) ? [] : sources(file);
    // What is wrong with a tag, its author is told, in the words of the documents.
    return name.endsWith(".ts") && !["protocol.ts", "options.ts"].includes(name) ? [file] : [];
  });
}

/** Whether a text is for people: a word with a capital, or several words of which one has no sign of code. */
function forPeople(text: string): boolean {
  if (NAMES.has(text.trim())) return false;
  if (/^[A-Z][a-z]{2,}$/.test(text)) return true;
  return /[A-Za-z]{2,}[,:]? [A-Za-z]{2,}/.test(text) && /^(?:[A-Z]|.*[.!?]$)/.test(text) && !/[{}<>=;|\\]/.test(text);
}

/** Whether words there are seen by nobody: errors that only a bug throws, keys, types, comparisons, selectors. */
function isHidden(node: ts.Node): boolean {
  const { parent } = node;
  if (ts.isNewExpression(parent) && parent.expression.getText().endsWith("Error")) return true;
  if (ts.isLiteralTypeNode(parent) || ts.isImportDeclaration(parent) || ts.isExternalModuleReference(parent)) return true;
  if (ts.isPropertyAssignment(parent) && parent.name === node) return true;
  if (ts.isElementAccessExpression(parent) || ts.isCaseClause(parent)) return true;
  if (ts.isBinaryExpression(parent) && [ts.SyntaxKind.EqualsEqualsEqualsToken, ts.SyntaxKind.ExclamationEqualsEqualsToken].includes(parent.operatorToken.kind)) return true;
  if (ts.isCallExpression(parent) && /(?:matchMedia|querySelector(?:All)?|closest|matches|addEventListener|includes|has|startsWith|endsWith)$/.test(parent.expression.getText())) return true;
  return false;
}

/** What a file says to people itself. */
function found(file: string, text: string): string[] {
  const parsed = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true);
  const hits: string[] = [];
  const visit = (node: ts.Node): void => {
    const said = ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node) ? [node.text] : ts.isTemplateExpression(node) ? [node.head.text, ...node.templateSpans.map((span) => span.literal.text)] : [];
    if (said.some((part) => forPeople(part.trim())) && !isHidden(node)) {
      const { line } = parsed.getLineAndCharacterOfPosition(node.getStart());
      hits.push(`${path.relative(root, file)}:${line + 1}: ${node.getText().slice(0, 80)}`);
    }
    node.forEachChild(visit);
  };
  visit(parsed);
  return hits;
}

describe("words outside the catalogue", () => {
  test("are found where there are some", () => {
    for (const code of ['el("p", "", "Nothing was printed.")', 'button.title = "Close";', "live.textContent = `Shared at ${url}`;", 'say(ok ? "Copied" : "Press a key")']) {
      assert.equal(found("x.ts", code).length >= 1, true, code);
    }
    for (const code of ['throw new Error("This can\'t be.");', 'if (event.key === "Backspace") go();', 'document.querySelector("div span");', 'el("p", "trouble input-trouble", words().close);', 'import x from "./Some.ts";']) {
      assert.deepEqual(found("x.ts", code), [], code);
    }
  });

  test("are none", () => {
    const hits = sources(path.join(root, "web")).flatMap((file) => found(file, readFileSync(file, "utf8")));
    assert.deepEqual(hits, []);
  });
});
