// Regular expressions: names for parts, all matches, and looking around.
const log = `2026-03-01 12:04:31 WARN  disk 91 % full
2026-03-01 12:05:02 ERROR disk 99 % full
2026-03-02 08:00:00 INFO  all is well`;

const line = /^(?<date>\d{4}-\d\d-\d\d) (?<time>[\d:]+) (?<level>\w+) +(?<text>.*)$/gm;
console.table([...log.matchAll(line)].map(({ groups }) => ({ ...groups })));

console.log("numbers before %:", log.match(/\d+(?= %)/g));
console.log("what follows disk:", log.match(/(?<=disk )\d+/g));
console.log("1234567.891".replace(/\B(?<!\.\d*)(?=(\d{3})+(?!\d))/g, ","));

// A function can say what takes the place of a match.
const title = "the life of a mayfly".replace(/\b\p{Ll}/gu, (letter) => letter.toUpperCase());
console.log(title);

// Sets can be taken from each other with the flag v.
console.log("Straße 42 b".match(/[\p{Letter}--[a-z]]/gv));
