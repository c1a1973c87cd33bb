// Regular expressions over a text: words, dates, a log's lines, replacements.
const lines = Array.from({ length: 6000 }, (_, i) =>
  `2024-0${(i % 9) + 1}-${String((i % 28) + 1).padStart(2, "0")} host${i % 17}.example.org GET /page/${i}?q=${i * 31} ${200 + (i % 5) * 100} "agent/${i % 7}.${i % 10}"`);
const text = lines.join("\n");
let result = 0;
for (let round = 0; round < 16; round++) {
  const found = new Map();
  for (const { groups } of text.matchAll(/^(?<date>\d{4}-\d\d-\d\d) (?<host>[\w.]+) (?<method>[A-Z]+) (?<path>\/\S*) (?<status>\d{3})/gm)) {
    found.set(groups.host, (found.get(groups.host) ?? 0) + Number(groups.status));
  }
  const renamed = text.replace(/(\d{4})-(\d\d)-(\d\d)/g, (_, year, month, day) => `${day}.${month}.${year}`);
  const words = renamed.split(/[\s"/?=.]+/u).filter((word) => /^(?:[a-z]+|\d+)$/i.test(word));
  result += words.length + found.get("host3.example.org") + (text.match(/\b(?:host1[0-6]|agent\/[3-5])\b/g) ?? []).length;
}
result;
