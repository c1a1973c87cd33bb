// What the language service knows, as elements. Text goes in as text.

import { el } from "../dom.ts";
import { words } from "../strings/words.ts";
import type { Info, Part, Signature } from "./protocol.ts";

/** How a kind of TypeScript's display parts is coloured; see looks.ts. */
const CLASSES: Record<string, string> = {
  keyword: "keyword",
  className: "type",
  interfaceName: "type",
  enumName: "type",
  aliasName: "type",
  typeParameterName: "type",
  moduleName: "type",
  stringLiteral: "string",
  numericLiteral: "number",
  functionName: "function",
  methodName: "function",
  propertyName: "property",
  punctuation: "punctuation",
  operator: "punctuation",
};

function code(parts: readonly Part[]): HTMLElement[] {
  return parts.map(({ text, kind }) => {
    const name = CLASSES[kind];
    return el("span", name === undefined ? "" : `cm-part-${name}`, text);
  });
}

/** Type and documentation of a name. */
export function renderInfo({ parts, documentation }: Info): HTMLElement {
  const made = el("div", "cm-info");
  if (parts.length > 0) made.append(el("code", "cm-info-type", ...code(parts)));
  if (documentation !== "") made.append(el("p", "cm-info-words", documentation));
  return made;
}

/** A call, with the parameter at the caret standing out. */
export function renderSignature(signature: Signature): HTMLElement {
  const line = el("code", "cm-info-type");
  if (signature.count > 1) line.append(el("span", "cm-info-count", words().signatureOf(signature.index + 1, signature.count)), " ");
  line.append(...code(signature.prefix));
  for (const [at, { parts }] of signature.parameters.entries()) {
    if (at > 0) line.append(...code(signature.separator));
    line.append(at === signature.active ? el("strong", "cm-info-active", ...code(parts)) : el("span", "", ...code(parts)));
  }
  line.append(...code(signature.suffix));
  const made = el("div", "cm-info", line);
  const about = signature.parameters[signature.active]?.documentation ?? "";
  const text = about === "" ? signature.documentation : about;
  if (text !== "") made.append(el("p", "cm-info-words", text));
  return made;
}
