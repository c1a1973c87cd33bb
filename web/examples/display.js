// More than text: charts, pictures, Markdown and HTML.
const days = ["Mon", "Tue", "Wed", "Thu", "Fri"];
const flights = { mayflies: [3, 12, 9, 14, 2], moths: [5, 4, 8, 6, 7] };

display.chart("line", flights, { title: "Flights a day", labels: days, yLabel: "flights" });
display.chart("bar", flights, { labels: days });
display.chart("scatter", Array.from({ length: 200 }, (_, i) => [i / 10, Math.sin(i / 10)]));

display.markdown("## Notes\n\n| insect | days |\n| --- | ---: |\n| **mayfly** | 1 |\n| moth | 20 |");
display.html("<p style='color: teal'>HTML is shown in a frame of its own. Its scripts do not run.</p>");
display.svg("<svg viewBox='0 0 40 20' width='120'><ellipse cx='20' cy='10' rx='18' ry='8' fill='coral'/></svg>", {
  alt: "An ellipse",
});
