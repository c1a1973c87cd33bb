// Temporal: dates and times that mean what they say. Not every engine has it yet.
if (typeof Temporal === "undefined") {
  const day = new Date(Date.UTC(2026, 0, 31));
  day.setUTCMonth(1);
  console.log("This engine has no Temporal. With Date, a month after 31 January is", day.toISOString().slice(0, 10));
} else {
  const day = Temporal.PlainDate.from("2026-01-31");
  console.log("a month later:", day.add({ months: 1 }).toString());

  const launch = Temporal.ZonedDateTime.from("2026-05-17T20:30[Europe/Berlin]");
  console.log("in Tokyo that is", launch.withTimeZone("Asia/Tokyo").toPlainDateTime().toString());

  const left = Temporal.PlainDate.from("2026-03-01").until("2026-12-25", { largestUnit: "months" });
  console.log(`${left.months} months and ${left.days} days`);
}
