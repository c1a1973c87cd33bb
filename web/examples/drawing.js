// A drawing as SVG: a fern that grows by four rules, picked at random. The same seed gives the same fern.
let seed = 7;
const random = () => {
  seed = (seed * 1103515245 + 12345) % 2147483648;
  return seed / 2147483648;
};

let [x, y] = [0, 0];
const dots = [];
for (let i = 0; i < 2500; i++) {
  const which = random();
  if (which < 0.01) [x, y] = [0, 0.16 * y];
  else if (which < 0.86) [x, y] = [0.85 * x + 0.04 * y, -0.04 * x + 0.85 * y + 1.6];
  else if (which < 0.93) [x, y] = [0.2 * x - 0.26 * y, 0.23 * x + 0.22 * y + 1.6];
  else [x, y] = [-0.15 * x + 0.28 * y, 0.26 * x + 0.24 * y + 0.44];
  dots.push(`M${(150 + 50 * x).toFixed(1)} ${(410 - 40 * y).toFixed(1)}h1`);
}

display.svg(`<svg viewBox="0 0 300 420" width="240"><path d="${dots.join("")}" stroke="seagreen" stroke-width="1.4"/></svg>`, {
  alt: "A fern",
});
console.log(dots.length, "dots");
