// Quantiles, and how figures are written.

const ascending = (values) => values.toSorted((a, b) => a - b);

/** The value below which the part `q` of them lies. NaN of nothing. */
export function quantile(values, q) {
  const sorted = ascending(values);
  return sorted.length === 0 ? NaN : sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))];
}

export const median = (values) => {
  const sorted = ascending(values);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
};

/** The middle half of them: from where to where. */
export const middle = (values) => [quantile(values, 0.25), quantile(values, 0.75)];

export const geometricMean = (values) => Math.exp(values.reduce((all, value) => all + Math.log(value), 0) / values.length);

/** Three digits, as that is what is known; no exponents. */
export function digits(value) {
  if (!Number.isFinite(value)) return "–";
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString("en");
  return value === 0 ? "0" : String(Number(value.toPrecision(3)));
}

/** `1.2 (1.1 to 1.3)`: the median of what blocks gave, and its spread. */
export function spread(values) {
  const [low, high] = middle(values);
  return `${digits(median(values))} (${digits(low)} to ${digits(high)})`;
}

/** Mayfly's figures by another's, pair by pair as they were measured one after the other. */
export const ratios = (ours, theirs) => ours.map((value, at) => value / theirs[at]);
