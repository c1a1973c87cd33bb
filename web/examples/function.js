// A function that is called with what stands under Input. Shared, it can be called over HTTP, too:
//   curl -X POST https://this.site/api/v1/functions/ID -d '{"words": ["one", "two"]}'
export default function longest({ words }) {
  if (!Array.isArray(words) || words.length === 0) throw new TypeError("words must be a list with something in it");
  const sorted = words.toSorted((a, b) => b.length - a.length);
  console.log(`${words.length} words came in`);
  return { longest: sorted[0], lengths: Object.fromEntries(words.map((word) => [word, word.length])) };
}
