// Which SVG may be an image of this page. Browsers draw images on the page's own thread, and a few lines of SVG can keep
// that busy for ever: shapes that use one another ten times over, filters, texts that are hard to shape. So only SVG of a
// kind that can't is drawn here: shapes and texts without references. All other goes into a frame.

/** The longest, in UTF-16 units, and what it may have in it. */
const LONGEST = 512 << 10;
const MOST_ELEMENTS = 10_000;
const DEEPEST = 30;
const LONGEST_STYLE = 4_000;
const LONGEST_TEXT = 10_000;

const ELEMENTS: ReadonlySet<string> = new Set(
  "svg g title desc style rect circle ellipse line polyline polygon path text tspan".split(" "),
);

/** References, and the ways to write them otherwise; doctypes with entities of their own; styles that take long to match. */
const UNWANTED = /url\s*\(|href|\\|&#|<[!?]|@(?!media\b)|:\s*(?:has|is|where|not|nth)|\p{M}{32}/iu;

/** Whether `svg` can be drawn without ado. */
export function isPlainSvg(svg: string): boolean {
  if (svg.length > LONGEST || UNWANTED.test(svg)) return false;
  let [depth, elements, styles, texts, end] = [0, 0, 0, 0, 0];
  let inStyle = false;
  for (let open = svg.indexOf("<"); open >= 0; open = svg.indexOf("<", end)) {
    const close = svg.indexOf(">", open);
    const tag = svg.slice(open + 1, close);
    if (close < 0 || tag.includes("<")) return false;
    if (inStyle) styles += open - end;
    else texts += open - end;
    end = close + 1;
    const [, slash, name = ""] = /^(\/?)([a-z]*)/.exec(tag) ?? [];
    if (!ELEMENTS.has(name) || !/^[\s/]?$/.test(tag.charAt((slash ?? "").length + name.length))) return false;
    const closes = slash === "/";
    inStyle = name === "style" && !closes;
    if (closes) depth -= 1;
    else {
      elements += 1;
      if (!tag.endsWith("/")) depth += 1;
    }
    if (elements > MOST_ELEMENTS || depth > DEEPEST || styles > LONGEST_STYLE || texts > LONGEST_TEXT) return false;
  }
  return texts + svg.length - end <= LONGEST_TEXT;
}
