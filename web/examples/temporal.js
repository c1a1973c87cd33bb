// Temporal: dates and times that mean what they say. Not every engine has it yet.
if (typeof Temporal === "undefined") {
  const day = new Date(Date.UTC(2026, 0, 31));
  day.setUTCMonth(1);
  console.log("This engine has no Temporal. With Date, a month after 31 January is", day.toISOString().slice(0, 10));
} else {
  const day = Temporal.PlainDate.from("2026-01-31");
  console.log("a month later:", day.add({ months: 1 }));

  const launch = Temporal.ZonedDateTime.from("2026-05-17T20:30[Europe/Berlin]");
  console.table(
    ["Europe/Berlin", "Asia/Tokyo", "America/New_York"].map((zone) => {
      const there = launch.withTimeZone(zone);
      return { zone, day: there.toPlainDate(), time: there.toPlainTime(), offset: there.offset };
    }),
  );

  // The clocks in Berlin skip an hour on this night, so a day is not always 24 hours long.
  const noon = Temporal.ZonedDateTime.from("2026-03-28T12:00[Europe/Berlin]");
  console.log("from noon to noon:", noon.until(noon.add({ days: 1 })));

  const left = Temporal.PlainDate.from("2026-03-01").until("2026-12-25", { largestUnit: "months" });
  console.log(`${left.months} months and ${left.days} days`);

  const meetings = ["11:30", "09:00", "10:15"].map((time) => Temporal.PlainTime.from(time));
  console.log("in order:", meetings.sort(Temporal.PlainTime.compare));
}
