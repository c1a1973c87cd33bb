// https://tc39.es/ecma402/ with the data of all locales, and https://tc39.es/proposal-temporal/docs/

/** Spaces that do not break, as plain ones: which kind a locale has changes with its data. */
const plain = (text) => text.replace(/[\u00a0\u202f]/g, " ");
const date = new Date(Date.UTC(2024, 2, 9, 14, 5, 0));

test("numbers", () => {
  for (const [locale, formatted] of [
    ["en-US", "1,234,567.891"], ["de-DE", "1.234.567,891"], ["fr-FR", "1 234 567,891"], ["de-CH", "1\u2019234\u2019567.891"],
    ["hi-IN", "12,34,567.891"], ["es-ES", "1.234.567,891"], ["pl-PL", "1 234 567,891"], ["pt-BR", "1.234.567,891"],
    ["ja-JP", "1,234,567.891"], ["ru-RU", "1 234 567,891"], ["ar-EG", "\u0661\u066c\u0662\u0663\u0664\u066c\u0665\u0666\u0667\u066b\u0668\u0669\u0661"],
    ["fa-IR", "\u06f1\u066c\u06f2\u06f3\u06f4\u066c\u06f5\u06f6\u06f7\u066b\u06f8\u06f9\u06f1"], ["bn-BD", "\u09e7\u09e8,\u09e9\u09ea,\u09eb\u09ec\u09ed.\u09ee\u09ef\u09e7"],
  ]) equal(plain(new Intl.NumberFormat(locale).format(1234567.891)), formatted, locale);
  const money = (locale, currency) => plain(new Intl.NumberFormat(locale, { style: "currency", currency }).format(1234.5));
  equal(money("en-US", "USD"), "$1,234.50");
  equal(money("de-DE", "EUR"), "1.234,50 \u20ac");
  equal(money("ja-JP", "JPY"), "\uffe51,235");
  equal(new Intl.NumberFormat("en", { notation: "compact" }).format(12_345), "12K");
  equal(plain(new Intl.NumberFormat("de", { style: "unit", unit: "kilometer-per-hour" }).format(50)), "50 km/h");
  equal((1234.5).toLocaleString("de"), "1.234,5");
});

test("dates", () => {
  for (const [locale, formatted] of [
    ["en-US", "Saturday, March 9, 2024"], ["de-DE", "Samstag, 9. M\u00e4rz 2024"],
    ["fr-FR", "samedi 9 mars 2024"], ["es-ES", "s\u00e1bado, 9 de marzo de 2024"], ["it-IT", "sabato 9 marzo 2024"],
    ["nl-NL", "zaterdag 9 maart 2024"], ["pl-PL", "sobota, 9 marca 2024"], ["sv-SE", "l\u00f6rdag 9 mars 2024"],
    ["ja-JP", "2024\u5e743\u67089\u65e5\u571f\u66dc\u65e5"], ["zh-CN", "2024\u5e743\u67089\u65e5\u661f\u671f\u516d"],
    ["ko-KR", "2024\ub144 3\uc6d4 9\uc77c \ud1a0\uc694\uc77c"], ["ru-RU", "\u0441\u0443\u0431\u0431\u043e\u0442\u0430, 9 \u043c\u0430\u0440\u0442\u0430 2024 \u0433."],
  ]) equal(plain(date.toLocaleDateString(locale, { dateStyle: "full", timeZone: "UTC" })), formatted, locale);
  equal(plain(date.toLocaleTimeString("en-US", { timeZone: "America/New_York", timeStyle: "short" })), "9:05 AM", "zones");
  equal(plain(date.toLocaleTimeString("de", { timeZone: "Asia/Kolkata", timeStyle: "short" })), "19:35");
  equal(new Intl.DateTimeFormat("en", { timeZone: "Europe/Berlin", timeZoneName: "long" }).formatToParts(date).at(-1).value, "Central European Standard Time");
  equal(new Intl.DateTimeFormat().resolvedOptions().timeZone, "UTC", "programs run in UTC");
  throws(RangeError, () => new Intl.DateTimeFormat("en", { timeZone: "Mars/Olympus" }));
});

test("order, plurals, lists, names, segments", () => {
  equal(["z", "\u00e4", "a"].sort(new Intl.Collator("de").compare), ["a", "\u00e4", "z"]);
  equal(["z", "\u00e4", "a"].sort(new Intl.Collator("sv").compare), ["a", "z", "\u00e4"]);
  equal(new Intl.Collator("en", { numeric: true }).compare("2", "10"), -1);
  const plural = (locale, ...counts) => counts.map((count) => new Intl.PluralRules(locale).select(count));
  equal(plural("en", 0, 1, 2), ["other", "one", "other"]);
  equal(plural("pl", 1, 2, 5, 22), ["one", "few", "many", "few"]);
  equal(plural("ar", 0, 1, 2, 3, 11, 100), ["zero", "one", "two", "few", "many", "other"]);
  equal(plural("ja", 0, 1, 2), ["other", "other", "other"]);
  equal(new Intl.ListFormat("es").format(["uno", "dos", "tres"]), "uno, dos y tres");
  equal(new Intl.RelativeTimeFormat("de", { numeric: "auto" }).format(-2, "day"), "vorgestern");
  equal(new Intl.DisplayNames("fr", { type: "region" }).of("JP"), "Japon");
  equal(new Intl.DisplayNames("en", { type: "language" }).of("sw"), "Swahili");
  equal([...new Intl.Segmenter("en").segment("e\u0301\u{1f468}\u200d\u{1f469}\u200d\u{1f467}")].length, 2);
  equal([...new Intl.Segmenter("ja", { granularity: "word" }).segment("\u4eca\u65e5\u306f\u6674\u308c")].length >= 3, true, "by a dictionary");
  equal("I\u0130".toLocaleLowerCase("tr"), "\u0131i");
  equal("i".toLocaleUpperCase("tr"), "\u0130");
});

test("locales", () => {
  equal(Intl.getCanonicalLocales("EN-us"), ["en-US"]);
  equal(new Intl.Locale("zh").maximize().toString(), "zh-Hans-CN");
  equal(Intl.NumberFormat.supportedLocalesOf(["de", "sw", "xh", "haw", "tlh"]).includes("sw"), true);
  ok(Intl.supportedValuesOf("calendar").includes("islamic-civil"));
  ok(Intl.supportedValuesOf("timeZone").length > 400);
  throws(RangeError, () => new Intl.NumberFormat("no_locale"));
});

test("Temporal, where the engine has it", () => {
  if (typeof Temporal === "undefined") return ok(true);
  equal(String(Temporal.PlainDate.from("2024-02-29").add({ years: 1 })), "2025-02-28");
  equal(String(Temporal.PlainDate.from("2024-01-01").until("2024-03-01", { largestUnit: "month" })), "P2M");
  equal(String(Temporal.ZonedDateTime.from("2024-03-31T01:30[Europe/Berlin]").add({ hours: 1 })), "2024-03-31T03:30:00+02:00[Europe/Berlin]");
  equal(Temporal.Now.timeZoneId(), "UTC");
  throws(RangeError, () => Temporal.PlainDate.from("2024-02-30", { overflow: "reject" }));
});
