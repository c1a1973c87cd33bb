// Curves over time, one below the other, as an SVG that needs nothing else.

const WIDTH = 900;
const HEIGHT = 150;
const MARGIN = { left: 70, right: 20, top: 28, bottom: 26 };
/** More points than these are drawn as the mean of some. */
const POINTS = 800;

/** Means of neighbours, so that no more than so many are left. */
function thinned(points) {
  const size = Math.ceil(points.length / POINTS);
  const mean = (values) => values.reduce((all, it) => all + it, 0) / values.length;
  return Array.from({ length: Math.ceil(points.length / size) }, (_, at) => {
    const some = points.slice(at * size, (at + 1) * size).filter(([, y]) => Number.isFinite(y));
    return some.length === 0 ? null : [mean(some.map(([x]) => x)), mean(some.map(([, y]) => y))];
  }).filter((point) => point !== null);
}

/** `series`: what each curve is called, and its points. All y axes begin at 0: what is flat looks flat. */
export function plot(series) {
  const parts = series.map(({ title, points }, number) => {
    const shown = thinned(points);
    const [last, most] = [Math.max(1, ...shown.map(([x]) => x)), Math.max(1, ...shown.map(([, y]) => y)) * 1.1];
    const x = (value) => (MARGIN.left + (value / last) * (WIDTH - MARGIN.left - MARGIN.right)).toFixed(1);
    const y = (value) => (MARGIN.top + (1 - value / most) * (HEIGHT - MARGIN.top - MARGIN.bottom)).toFixed(1);
    const grid = [0, 0.5, 1].map((part) => {
      const value = (most / 1.1) * part;
      return `<path d="M${x(0)} ${y(value)}H${WIDTH - MARGIN.right}" stroke="#8884" fill="none"/><text x="${MARGIN.left - 8}" y="${y(value)}" dy="4" text-anchor="end">${value.toPrecision(3)}</text>`;
    });
    const line = shown.map(([at, value], index) => `${index === 0 ? "M" : "L"}${x(at)} ${y(value)}`).join("");
    return `<g transform="translate(0 ${number * HEIGHT})"><text x="${MARGIN.left}" y="18" font-weight="bold">${title}</text>${grid.join("")}` +
      `<path d="${line}" stroke="#0a7d8c" stroke-width="1.5" fill="none"/><text x="${WIDTH - MARGIN.right}" y="${HEIGHT - 8}" text-anchor="end">${Math.round(last)} s</text></g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT * series.length}" width="${WIDTH}" height="${HEIGHT * series.length}" font-family="sans-serif" font-size="12">` +
    `<rect width="100%" height="100%" fill="#fff"/>${parts.join("")}</svg>\n`;
}
