// The CSS of `%c`: a program may colour its text, but not reach out of its line or load anything.

/** Longest value looked at, in characters. */
const LONGEST = 120;

/** Bounds for a font size, in pixels. */
const SMALLEST_PX = 8;
const LARGEST_PX = 32;

const UNITS: Record<string, number> = { px: 1, pt: 4 / 3, em: 13, rem: 16, "%": 0.13 };

/** Colours by name, hex or function, and the plain keywords of the other properties. */
const PLAIN = /^(?:[a-z0-9#%.,\s/+-]|\b(?:rgba?|hsla?|hwb|lab|lch|oklab|oklch|light-dark|color-mix)\(|\))+$/i;

/** Declarations of `style` that are safe, as pairs of property and value, in their order. */
export function safeDeclarations(style: string): [property: string, value: string][] {
  const safe: [string, string][] = [];
  for (const declaration of style.split(";")) {
    const colon = declaration.indexOf(":");
    const property = declaration.slice(0, Math.max(colon, 0)).trim().toLowerCase();
    const value = declaration.slice(colon + 1).trim();
    if (value === "" || value.length > LONGEST || !PLAIN.test(value)) continue;
    switch (property) {
      case "color":
      case "background-color":
      case "font-weight":
      case "font-style":
      case "text-decoration":
        safe.push([property, value]);
        break;
      case "background":
        safe.push(["background-color", value]);
        break;
      case "font-size": {
        const size = fontSize(value);
        if (size !== null) safe.push([property, size]);
        break;
      }
    }
  }
  return safe;
}

/** Puts the safe part of `style` on `element`, property by property: the page's CSP forbids style attributes. */
export function applyStyle(element: HTMLElement, style: string): void {
  for (const [property, value] of safeDeclarations(style)) element.style.setProperty(property, value);
}

function fontSize(value: string): string | null {
  const found = /^(\d+(?:\.\d+)?)(px|pt|em|rem|%)$/i.exec(value);
  const factor = UNITS[(found?.[2] ?? "").toLowerCase()];
  if (found === null || factor === undefined) return null;
  const px = Math.min(LARGEST_PX, Math.max(SMALLEST_PX, Number(found[1]) * factor));
  return `${Math.round(px * 10) / 10}px`;
}
