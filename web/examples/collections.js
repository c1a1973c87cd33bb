// Arrays, maps and sets: grouping, sorting without disturbing, and what two sets have in common.
const catches = [
  { who: "Ada", insect: "mayfly", count: 3 },
  { who: "Bob", insect: "moth", count: 5 },
  { who: "Ada", insect: "moth", count: 1 },
  { who: "Cleo", insect: "mayfly", count: 4 },
];

const byWho = Object.groupBy(catches, ({ who }) => who);
console.log(Object.keys(byWho), byWho.Ada.length);

const totals = new Map();
for (const { insect, count } of catches) totals.set(insect, (totals.get(insect) ?? 0) + count);
console.log(totals);

console.log(catches.toSorted((a, b) => b.count - a.count)[0].who, "caught most; first in the list is still", catches[0].who);
console.log(catches.findLast(({ insect }) => insect === "mayfly").who, catches.at(-1).count);
console.log([1, 2, 3].with(1, "two"), Array.from({ length: 3 }, (_, i) => i ** 2));

const spring = new Set(["mayfly", "moth", "bee"]);
const night = new Set(["moth", "bat"]);
console.log(spring.intersection(night), spring.difference(night), spring.union(night).size);
