// Real tables.
const insects = [
  { name: "mayfly", days: 1, wings: 4 },
  { name: "housefly", days: 28, wings: 2 },
  { name: "honey bee", days: 40, wings: 4 },
  { name: "termite queen", days: 7300, wings: 4, lays: { eggs: 30000, per: "day" } },
];
console.table(insects);
console.table([[1, 2], [3, 4, 5]]);
console.table(insects, ["name", "days"]);

insects.sort((a, b) => a.days - b.days)[0].name
