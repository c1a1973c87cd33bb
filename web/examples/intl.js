// The same figures and dates, as people in other places write them.
const when = new Date(Date.UTC(2026, 4, 17, 18, 30));
const places = ["en-GB", "de-DE", "es-ES", "hi-IN", "ar-EG", "ja-JP"];

console.table(
  places.map((place) => ({
    place,
    number: new Intl.NumberFormat(place).format(1234567.891),
    money: new Intl.NumberFormat(place, { style: "currency", currency: "EUR" }).format(49.5),
    date: new Intl.DateTimeFormat(place, { dateStyle: "long", timeZone: "UTC" }).format(when),
  })),
);

const ago = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
console.log([-1, 0, 3].map((days) => ago.format(days, "day")));
console.log(new Intl.ListFormat("en", { type: "disjunction" }).format(["egg", "nymph", "fly"]));
const ends = { one: "st", two: "nd", few: "rd", other: "th" };
const order = new Intl.PluralRules("en", { type: "ordinal" });
console.log([1, 2, 3, 4, 22].map((n) => n + ends[order.select(n)]).join(", "));
console.log(["zebra", "Äpfel", "apple", "Zoo"].sort(new Intl.Collator("de").compare));
console.log([...new Intl.Segmenter("en", { granularity: "word" }).segment("It flies, then rests.")].filter((it) => it.isWordLike).length, "words");
