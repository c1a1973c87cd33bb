// Strings put together and taken apart: counts, a diff, a compression, a hash.
const words = "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor".split(" ");
let text = "";
for (let i = 0; i < 30000; i++) text += `${words[(i * i + 3 * i) % words.length]}${i % 11 === 0 ? ".\n" : " "}`;

function hash(string) {
  let h = 0x811c9dc5;
  for (let i = 0; i < string.length; i++) h = Math.imul(h ^ string.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

/** LZW, as lists of codes. */
function compress(string) {
  const codes = new Map();
  for (let i = 0; i < 256; i++) codes.set(String.fromCharCode(i), i);
  const output = [];
  let current = "";
  for (const character of string) {
    if (codes.has(current + character)) current += character;
    else {
      output.push(codes.get(current));
      codes.set(current + character, codes.size);
      current = character;
    }
  }
  return output;
}

/** Edit distance. */
function distance(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length];
}

let result = 0;
for (let round = 0; round < 8; round++) {
  const counts = {};
  for (const word of text.toUpperCase().split(/\s+/)) counts[word] = (counts[word] ?? 0) + 1;
  result += hash(text.slice(round) + Object.keys(counts).join()) % 1000;
  result += compress(text.slice(0, 100000)).length;
  result += distance(text.slice(round * 100, round * 100 + 900), text.slice(5000, 5900));
}
result;
