// Likely mistakes that TypeScript's own checks leave alone: loops without a way out, promises that nobody waits
// for, modules that the sandbox does not have. Each says what to do about it.

import ts from "typescript";

import { findListed, isBare, type Listed } from "./modules.ts";
import type { Problem } from "./protocol.ts";

/** What is likely wrong in a file. `modules`: what may be imported, where that is known. */
export function lint(source: ts.SourceFile, checker: ts.TypeChecker, modules: readonly Listed[] | null): Problem[] {
  const problems: Problem[] = [];
  const tell = (node: ts.Node, severity: Problem["severity"], message: string, fix?: Problem["fix"]) => {
    problems.push({ from: node.getStart(source), to: node.getEnd(), severity, message, ...(fix === undefined ? {} : { fix }) });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isIterationStatement(node, false)) {
      const trouble = loopTrouble(node, checker);
      if (trouble !== null) tell(headOf(node, source), "warning", trouble);
    } else if (ts.isExpressionStatement(node)) {
      const { expression } = node;
      if (floats(expression, checker)) {
        const at = expression.getStart(source);
        const fix = canAwait(node) ? { title: "Add await", edits: [{ file: "", from: at, to: at, insert: "await " }] } : undefined;
        tell(expression, "warning", "Nobody waits for this promise: what fails in it is not caught here. Put await before it, or .catch() after it.", fix);
      }
    } else {
      const specifier = importOf(node);
      if (specifier !== null && modules !== null && isBare(specifier.text) && findListed(modules, specifier.text) === undefined) {
        tell(specifier, "error", `Module '${specifier.text}' is not available in this sandbox.`);
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return problems;
}

/** The module that a node imports, by `import`, `export … from`, `import()` or `require()`. */
function importOf(node: ts.Node): ts.StringLiteralLike | null {
  let specifier: ts.Node | undefined;
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) specifier = node.moduleSpecifier;
  else if (ts.isExternalModuleReference(node)) specifier = node.expression;
  else if (ts.isCallExpression(node)) {
    const { expression } = node;
    const imports = expression.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(expression) && expression.text === "require");
    if (imports) specifier = node.arguments[0];
  }
  return specifier !== undefined && ts.isStringLiteralLike(specifier) ? specifier : null;
}

/** The part of a loop that says how long it goes on. */
function headOf(loop: ts.IterationStatement, source: ts.SourceFile): ts.Node {
  return (ts.isForStatement(loop) ? loop.condition : ts.isWhileStatement(loop) || ts.isDoStatement(loop) ? loop.expression : undefined) ?? loop.getFirstToken(source) ?? loop;
}

/** Why a loop will not end; null where it may. */
function loopTrouble(loop: ts.IterationStatement, checker: ts.TypeChecker): string | null {
  let condition: ts.Expression | undefined;
  if (ts.isForStatement(loop)) ({ condition } = loop);
  else if (ts.isWhileStatement(loop) || ts.isDoStatement(loop)) condition = loop.expression;
  else return null;
  if (leaves(loop)) return null;
  if (condition === undefined || condition.kind === ts.SyntaxKind.TrueKeyword || (ts.isNumericLiteral(condition) && Number(condition.text) !== 0)) {
    return "This loop has no way out: no break, return or throw. It runs until the time is over.";
  }
  const backwards = ts.isForStatement(loop) ? wrongDirection(loop) : null;
  if (backwards !== null) return backwards;
  const names = variablesOf(condition, checker);
  if (names === null || names.length === 0) return null;
  if (names.some((name) => changes(loop, name, checker))) return null;
  const list = names.map((name) => name.name).join(" or ");
  return `Nothing in this loop changes ${list}, so once it runs it never ends.`;
}

/** Whether something in a loop leaves it, or lets others go on and so change things: await and yield. */
function leaves(loop: ts.IterationStatement): boolean {
  const label = ts.isLabeledStatement(loop.parent) ? loop.parent.label.text : null;
  const within = (node: ts.Node, inner: boolean): boolean => {
    if (ts.isReturnStatement(node) || ts.isThrowStatement(node) || ts.isAwaitExpression(node) || ts.isYieldExpression(node)) return true;
    if (ts.isBreakStatement(node)) return node.label === undefined ? !inner : node.label.text === label || !labelWithin(node, loop);
    if (ts.isContinueStatement(node) && node.label !== undefined) return !labelWithin(node, loop) && node.label.text !== label;
    if (ts.isForOfStatement(node) && node.awaitModifier !== undefined) return true;
    if (ts.isFunctionLike(node)) return false;
    const catches = inner || ts.isIterationStatement(node, false) || ts.isSwitchStatement(node);
    return ts.forEachChild(node, (child) => within(child, catches) || undefined) ?? false;
  };
  return ts.forEachChild(loop, (child) => within(child, false) || undefined) ?? false;
}

/** Whether the label of a jump is inside `loop`. */
function labelWithin(jump: ts.BreakOrContinueStatement, loop: ts.Node): boolean {
  for (let at: ts.Node = jump; at !== loop; at = at.parent) if (ts.isLabeledStatement(at) && at.label.text === jump.label?.text) return true;
  return false;
}

/** A loop that counts away from where it is to end. */
function wrongDirection({ condition, incrementor, statement }: ts.ForStatement): string | null {
  if (condition === undefined || incrementor === undefined || !ts.isBinaryExpression(condition) || !ts.isIdentifier(condition.left)) return null;
  const counter = condition.left.text;
  const { LessThanToken, LessThanEqualsToken, GreaterThanToken, GreaterThanEqualsToken, PlusPlusToken, MinusMinusToken } = ts.SyntaxKind;
  const operator = condition.operatorToken.kind;
  const up = operator === LessThanToken || operator === LessThanEqualsToken;
  if (!up && operator !== GreaterThanToken && operator !== GreaterThanEqualsToken) return null;
  const steps = ts.isPrefixUnaryExpression(incrementor) || ts.isPostfixUnaryExpression(incrementor) ? incrementor : null;
  if (steps === null || !ts.isIdentifier(steps.operand) || steps.operand.text !== counter) return null;
  if (steps.operator !== (up ? MinusMinusToken : PlusPlusToken) || assigns(statement, counter)) return null;
  return `This loop counts ${counter} ${up ? "down" : "up"}, away from where it is to end.`;
}

function assigns(node: ts.Node, name: string): boolean {
  return targets(node).some((target) => ts.isIdentifier(target) && target.text === name);
}

/** The variables that a condition depends on; null where it depends on more than those. */
function variablesOf(condition: ts.Expression, checker: ts.TypeChecker): ts.Symbol[] | null {
  const found = new Set<ts.Symbol>();
  const within = (node: ts.Node): boolean => {
    if (ts.isIdentifier(node)) {
      if (node.text === "undefined") return true;
      const symbol = checker.getSymbolAtLocation(node);
      const declared = symbol?.valueDeclaration;
      if (symbol === undefined || declared === undefined || !(ts.isVariableDeclaration(declared) || ts.isParameter(declared))) return false;
      // A constant may hold something that changes; as a plain number, string or boolean it does not.
      found.add(symbol);
      const primitive = ts.TypeFlags.NumberLike | ts.TypeFlags.StringLike | ts.TypeFlags.BooleanLike | ts.TypeFlags.BigIntLike;
      return (checker.getTypeAtLocation(node).flags & primitive) !== 0;
    }
    if (ts.isBinaryExpression(node) || ts.isPrefixUnaryExpression(node) || ts.isParenthesizedExpression(node)) {
      return ts.forEachChild(node, (child) => (within(child) ? undefined : true)) !== true;
    }
    return ts.isToken(node) || ts.isLiteralExpression(node);
  };
  return within(condition) ? [...found] : null;
}

/** Whether a loop, or a function that it may call, gives a variable another value. */
function changes(loop: ts.IterationStatement, variable: ts.Symbol, checker: ts.TypeChecker): boolean {
  const source = loop.getSourceFile();
  return targets(source).some((target) => {
    if (!ts.isIdentifier(target) || target.text !== variable.name || checker.getSymbolAtLocation(target) !== variable) return false;
    if (target.pos >= loop.pos && target.end <= loop.end) return true;
    // A function elsewhere that assigns to it may be called from the loop.
    for (let at: ts.Node = target; at !== source; at = at.parent) {
      if (ts.isFunctionLike(at)) return !(loop.pos >= at.pos && loop.end <= at.end);
    }
    return false;
  });
}

/** Everything in a node that is assigned to. */
function targets(node: ts.Node): ts.Node[] {
  const found: ts.Node[] = [];
  const visit = (at: ts.Node): void => {
    if (ts.isBinaryExpression(at) && at.operatorToken.kind >= ts.SyntaxKind.FirstAssignment && at.operatorToken.kind <= ts.SyntaxKind.LastAssignment) {
      names(at.left);
    } else if ((ts.isPrefixUnaryExpression(at) || ts.isPostfixUnaryExpression(at)) && (at.operator === ts.SyntaxKind.PlusPlusToken || at.operator === ts.SyntaxKind.MinusMinusToken)) {
      found.push(at.operand);
    } else if ((ts.isForOfStatement(at) || ts.isForInStatement(at)) && !ts.isVariableDeclarationList(at.initializer)) {
      names(at.initializer);
    }
    ts.forEachChild(at, visit);
  };
  /** `[a, { b: c }] = …` assigns to a and c. */
  const names = (pattern: ts.Node): void => {
    if (ts.isIdentifier(pattern)) found.push(pattern);
    else ts.forEachChild(pattern, names);
  };
  visit(node);
  return found;
}

/** Whether an expression leaves a promise to itself. `void` says that this is meant. */
function floats(expression: ts.Expression, checker: ts.TypeChecker): boolean {
  const bare = ts.skipPartiallyEmittedExpressions(expression);
  if (ts.isParenthesizedExpression(bare)) return floats(bare.expression, checker);
  if (!ts.isCallExpression(bare) && !ts.isNewExpression(bare)) return false;
  if (ts.isCallExpression(bare) && ts.isPropertyAccessExpression(bare.expression)) {
    const { name } = bare.expression;
    if (name.text === "catch" && bare.arguments.length > 0) return false;
    if (name.text === "then" && bare.arguments.length > 1) return false;
    if (name.text === "finally") return floats(bare.expression.expression, checker);
  }
  return isPromise(checker.getTypeAtLocation(bare), checker);
}

/** Whether a type is the built-in promise, or has it as a base; other things with a `then` may be waited for lazily. */
function isPromise(type: ts.Type, checker: ts.TypeChecker): boolean {
  if (type.isUnion()) return type.types.some((part) => isPromise(part, checker));
  const symbol = type.getSymbol();
  if (symbol?.name === "Promise" && (symbol.declarations ?? []).some((it) => it.getSourceFile().fileName.startsWith("/lib/"))) return true;
  return type.isClassOrInterface() && checker.getBaseTypes(type).some((base) => isPromise(base, checker));
}

/** Whether `await` may stand in a node's place. */
function canAwait(node: ts.Node): boolean {
  for (let at = node.parent; ; at = at.parent) {
    if (ts.isSourceFile(at)) return true;
    if (ts.isFunctionLike(at)) return (ts.getCombinedModifierFlags(at) & ts.ModifierFlags.Async) !== 0;
  }
}
