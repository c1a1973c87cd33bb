// Programs that drown the console, or whose output wants to be more than text.

//# name: a flood of console.log
//# outcome: output_exceeded
for (;;) console.log("x".repeat(1000));

//# name: a flood of console.info
//# outcome: output_exceeded
for (;;) console.info("x".repeat(1000));

//# name: a flood of console.debug
//# outcome: output_exceeded
for (;;) console.debug("x".repeat(1000));

//# name: a flood of console.warn
//# outcome: output_exceeded
for (;;) console.warn("x".repeat(1000));

//# name: a flood of console.error
//# outcome: output_exceeded
for (;;) console.error("x".repeat(1000));

//# name: a flood of console.dir
//# outcome: output_exceeded
for (;;) console.dir("x".repeat(1000));

//# name: a flood of console.trace
//# outcome: output_exceeded
for (;;) console.trace("x".repeat(1000));

//# name: a flood of console.group
//# outcome: output_exceeded
for (;;) console.group("x".repeat(1000));

//# name: a flood of console.table
//# outcome: output_exceeded
for (;;) console.table(["x".repeat(1000)]);

//# name: a flood of console.count
//# outcome: output_exceeded
for (;;) console.count("x".repeat(1000));

//# name: a flood of console.assert
//# outcome: output_exceeded
for (;;) console.assert(false, "x".repeat(1000));

//# name: a flood of tiny events
//# outcome: output_exceeded
for (;;) console.log();

//# name: one giant message
//# outcome: completed|memory_exceeded|output_exceeded
console.log("x".repeat(2 ** 27)); console.log("after");

//# name: a giant result
//# outcome: completed|memory_exceeded
"x".repeat(2 ** 27)

//# name: a deep tree
//# outcome: completed
//# says: after
let o = {}; for (let i = 0; i < 1e6; i++) o = { o }; console.log(o); console.dir(o, { depth: Infinity }); console.log("after");

//# name: a wide object
//# outcome: completed
//# says: after
const o = {}; for (let i = 0; i < 1e5; i++) o["k" + i] = i; console.log(o); console.log("after");

//# name: a wide table
//# outcome: completed
//# says: after
console.table(Array.from({ length: 1000 }, (_, i) => Object.fromEntries(Array.from({ length: 100 }, (_, j) => ["c" + i * j, j])))); console.log("after");

//# name: a table of tables
//# outcome: completed
//# says: after
let t = [1]; for (let i = 0; i < 20; i++) t = Array(50).fill(t); console.table(t); console.log("after");

//# name: a hundred thousand directives
//# outcome: completed|output_exceeded
console.log("%c%s%o%O%d%i%f".repeat(1e5), ..."x".repeat(1e4)); console.log("after");

//# name: directives without arguments
//# outcome: completed
//# says: after
console.log("%s %d %o %c %", "a"); console.log("after");

//# name: styles that are no styles
//# outcome: completed
//# says: after
console.log("%cx", "background:url(http://evil/);position:fixed;}</style><script>alert(1)</script>"); console.log("after");

//# name: groups opened without end
//# outcome: output_exceeded
for (let i = 0; i < 1e5; i++) console.group(i);

//# name: groups closed that are not open
//# outcome: completed
//# says: after
for (let i = 0; i < 5000; i++) console.groupEnd(); console.log("after");

//# name: labels without end
//# outcome: output_exceeded
for (let i = 0; i < 1e5; i++) console.count("x" + i);

//# name: timers without end
//# outcome: completed|output_exceeded|memory_exceeded|cpu_exceeded
for (let i = 0; i < 2e5; i++) console.time("x" + i); console.log("after");

//# name: long labels
//# outcome: completed|output_exceeded|memory_exceeded|cpu_exceeded
for (let i = 0; i < 200; i++) console.time("x".repeat(1e6) + i); console.log("after");

//# name: control characters stay text
//# outcome: completed
//# says: [31mred
//# says: after
console.log("\u001b[31mred\u001b[2J\u0007\u0000\r\b"); console.log("after");

//# name: markup stays text
//# outcome: completed
//# says: <script>alert(1)</script>&amp;
console.log("<script>alert(1)</script>&amp;");

//# name: lone surrogates
//# outcome: completed
//# says: after
console.log("a\ud800b\udfff", "\ud83d".repeat(10)); console.log("after");

//# name: bidirectional text
//# outcome: completed
//# says: after
console.log("\u202e\u2066\u2069\ufeff"); console.log("after");

//# name: line separators
//# outcome: completed
//# says: after
console.log("a\u2028b\u2029c"); console.log("after");

//# name: text that looks like JSON
//# outcome: completed
//# says: "}],"outcome":"failed"
//# says: after
console.log('"}],"outcome":"failed","x":[{"'); console.log("after");

//# name: clear in between
//# outcome: completed
//# says: after
for (let i = 0; i < 100; i++) { console.log(i); console.clear() } console.log("after");

//# name: output after the limit was hit
//# outcome: output_exceeded
try { for (;;) console.log("x".repeat(1e4)) } finally { console.log("LEAK after") }

//# name: output from every callback at once
//# outcome: output_exceeded
for (let i = 0; i < 2000; i++) { queueMicrotask(() => console.log("x".repeat(1e3))); setTimeout(() => console.log("x".repeat(1e3))) }

//# name: a giant error
//# outcome: failed|memory_exceeded
throw new Error("x".repeat(2 ** 26));

//# name: many arguments
//# outcome: completed|output_exceeded|failed
console.log(...new Array(1e5).fill({ a: 1 })); console.log("after");

//# name: a giant symbol and function name
//# outcome: completed
//# says: after
console.log(Symbol("x".repeat(1e7)), { ["x".repeat(1e7)]() {} }, class { static name = "x".repeat(1e7) }); console.log("after");

//# name: typed arrays and buffers of great size
//# outcome: completed
//# says: after
console.log(new Uint8Array(3e7), new ArrayBuffer(1e7), new BigInt64Array(1e6)); console.log("after");

//# name: a giant BigInt
//# outcome: completed|cpu_exceeded
console.log(2n ** 1000000n); console.log("after");
