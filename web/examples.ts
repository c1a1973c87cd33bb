// Programs to begin with. The first is what a first visit shows.

/** A program to begin with. */
export type Example = { name: string; source: string };

const LIVE = `// Every line arrives while the program is still running.
// Change something and press Run (Ctrl+Enter or \u2318+Enter).
const wings = ["\u2572   \u2571", " \u2572 \u2571 ", "\u2500\u2500\u00b7\u2500\u2500", " \u2571 \u2572 ", "\u2571   \u2572"];

for (let i = 0; i < 20; i++) {
  const height = Math.round(14 + 12 * Math.sin(i / 2.6));
  const wing = wings[i % wings.length];
  const air = "\u2219".repeat(height);
  console.log(\`%c\${air}%c \${wing}\`, "color: teal", "color: coral");
  await new Promise((wake) => setTimeout(wake, 150));
}

({ flew: "20 beats", landed: new Date() })
`;

const VALUES = `// Values stay alive in the console: open them with a click or the arrow keys.
class Point {
  #secret = 42;
  constructor(x, y) {
    this.x = x;
    this.y = y;
  }
  get length() {
    return Math.hypot(this.x, this.y);
  }
}

console.log("a point", new Point(3, 4));
console.log([1, , 3, -0, NaN, 10n ** 20n, Symbol("mark")]);
console.log(new Map([["now", new Date()], [{ key: 1 }, new Set("mayfly")]]));
console.log(new Uint8Array([1, 2, 3]), /wing(s)?/giu, Promise.resolve("done"));

const loop = { name: "loop", inner: { get lazy() { return 1; } } };
loop.self = loop;
console.log(loop, new Proxy({ a: 1 }, {}));

console.group("numbers");
console.info("%d of %d", 3, 7);
console.warn("a warning inside a group");
console.groupEnd();

loop
`;

const TABLE = `// Real tables.
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
`;

const ERRORS = `// An error says where: click a position to go there.
function divide(a, b) {
  if (b === 0) throw new RangeError("division by zero", { cause: { a, b } });
  return a / b;
}

try {
  divide(1, 0);
} catch (error) {
  console.error("caught:", error);
}
console.assert(1 + 1 === 3, "arithmetic", { got: 1 + 1 });
console.trace("how we got here");

divide(6, 0);
`;

const ASYNC = `// Top-level await, timers and promises.
const sleep = (ms) => new Promise((wake) => setTimeout(wake, ms));

async function worker(name, jobs) {
  const done = [];
  while (jobs.length > 0) {
    const job = jobs.shift();
    await sleep(120 + 80 * job);
    console.log(name, "finished job", job);
    done.push(job);
  }
  return { name, done };
}

console.time("all");
const jobs = [1, 5, 2, 4, 3, 1];
const results = await Promise.all(["ada", "bob"].map((name) => worker(name, jobs)));
console.timeEnd("all");
console.table(results);
`;

const QUESTIONS = `// A program can ask. It stands still until you answer; that takes no time of its own.
const secret = 1 + Math.floor(Math.random() * 10);
let guess = prompt("I think of a number from 1 to 10. Which?", "5");
while (guess !== null && Number(guess) !== secret) {
  guess = prompt(Number(guess) < secret ? "More. Which?" : "Less. Which?");
}
guess === null ? \`It was \${secret}.\` : "Right!"
`;

const DISPLAY = `// More than text: charts, pictures, Markdown and HTML.
const days = ["Mon", "Tue", "Wed", "Thu", "Fri"];
const flights = { mayflies: [3, 12, 9, 14, 2], moths: [5, 4, 8, 6, 7] };

display.chart("line", flights, { title: "Flights a day", labels: days, yLabel: "flights" });
display.chart("bar", flights, { labels: days });
display.chart("scatter", Array.from({ length: 200 }, (_, i) => [i / 10, Math.sin(i / 10)]));

display.markdown("## Notes\\n\\n| insect | days |\\n| --- | ---: |\\n| **mayfly** | 1 |\\n| moth | 20 |");
display.html("<p style='color: teal'>HTML is shown in a frame of its own. Its scripts do not run.</p>");
display.svg("<svg viewBox='0 0 40 20' width='120'><ellipse cx='20' cy='10' rx='18' ry='8' fill='coral'/></svg>", {
  alt: "An ellipse",
});
`;

/** All of them, in the order of the menu. */
export const EXAMPLES: readonly [Example, ...Example[]] = [
  { name: "Live loop", source: LIVE },
  { name: "Values", source: VALUES },
  { name: "Table", source: TABLE },
  { name: "Errors", source: ERRORS },
  { name: "Async", source: ASYNC },
  { name: "Questions", source: QUESTIONS },
  { name: "Display", source: DISPLAY },
];
