// Small helpers for making elements. Text always goes in as text nodes: nothing in the page parses markup.

type Child = Node | string;

/** Makes an element with a class (may be empty) and children. */
export function el<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  className = "",
  ...children: Child[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  if (className !== "") element.className = className;
  element.append(...children);
  return element;
}

/** Makes a button that does `act` and never submits anything. */
export function button(className: string, label: Child, act: () => void): HTMLButtonElement {
  const element = el("button", className, label);
  element.type = "button";
  element.addEventListener("click", act);
  return element;
}

/** The element of `type` with this id. The template and this code are built together, so its absence is a bug. */
export function byId<T extends HTMLElement>(id: string, type: new () => T): T {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`The page has no ${type.name} with id "${id}".`);
  return element;
}

/** Paths of the icons, drawn on a 16 × 16 grid. */
const ICONS = {
  warn: "M8 2.2 14.6 13.6H1.4ZM8 6.2v3.6M8 11.4v.7",
  error: "M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8ZM5.8 5.8l4.4 4.4M10.2 5.8l-4.4 4.4",
  info: "M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8ZM8 7.2v4M8 4.6v.7",
  result: "M14 8H3M7 3.6 2.6 8 7 12.4",
  close: "M4.5 4.5l7 7M11.5 4.5l-7 7",
  ask: "M5.6 5.8a2.4 2.4 0 1 1 3.5 2.1c-.8.4-1.1.9-1.1 1.7M8 11.9v.7",
  more: "M3.2 8h.1M8 8h.1M12.8 8h.1",
  input: "M3 3.6 7.4 8 3 12.4M8.6 12.4h4.8",
  twisty: "M6 3.6 10.4 8 6 12.4",
} as const;

/** Name of an icon. */
export type Icon = keyof typeof ICONS;

/** Makes an icon. With a `label` it is an image of that name, without one it is decoration. */
export function icon(name: Icon, label?: string): SVGSVGElement {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", `icon icon-${name}`);
  if (label === undefined) {
    svg.setAttribute("aria-hidden", "true");
  } else {
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", label);
  }
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}
