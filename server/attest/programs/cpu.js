// Programs that do not end, or that keep the one thread from looking up.

//# name: a loop
//# outcome: cpu_exceeded|timed_out
for (;;);

//# name: a regular expression that backtracks
//# outcome: cpu_exceeded|timed_out
/^(a+)+$/.test("a".repeat(40) + "b");

//# name: a comparator
//# outcome: cpu_exceeded|timed_out
let a = Array.from({ length: 1e6 }, Math.random); for (;;) a.sort(() => Math.random() - .5);

//# name: a proxy inside a builtin
//# outcome: cpu_exceeded|timed_out
Array.prototype.indexOf.call(new Proxy([], { get: (_, k) => k === "length" ? 2 ** 53 - 1 : 0, has: () => true }), 1);

//# name: powers of BigInt
//# outcome: cpu_exceeded|timed_out|failed|memory_exceeded|completed
3n ** (3n ** 15n) % 7n;

//# name: includes with a giant length
//# outcome: cpu_exceeded|timed_out
Array.prototype.includes.call({ length: 2 ** 53 - 1 }, 1);

//# name: reverse with a giant length
//# outcome: cpu_exceeded|timed_out|memory_exceeded
Array.prototype.reverse.call({ length: 2 ** 53 - 1 });

//# name: join with a giant length
//# outcome: cpu_exceeded|timed_out|failed|memory_exceeded
Array.prototype.join.call({ length: 2 ** 32 }, "");

//# name: JSON.parse with a reviver
//# outcome: cpu_exceeded|timed_out
JSON.parse("[" + "1,".repeat(1e5) + "1]", function (k, v) { for (let i = 0; i < 1e5; i++); return v });

//# name: toJSON that loops
//# outcome: cpu_exceeded|timed_out
JSON.stringify({ toJSON() { for (;;); } });

//# name: Intl
//# outcome: cpu_exceeded|timed_out|memory_exceeded
for (;;) "x".repeat(1e4).localeCompare("y".repeat(1e4), "sv");

//# name: dates
//# outcome: cpu_exceeded|timed_out
for (;;) Date.parse("x".repeat(1e6)), new Date().toLocaleString();

//# name: replaceAll
//# outcome: cpu_exceeded|timed_out|memory_exceeded
const s = "a".repeat(1e6); for (;;) s.replaceAll("a", (x) => x);

//# name: a loop in WebAssembly
//# outcome: cpu_exceeded|timed_out
new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array([0,97,115,109,1,0,0,0,1,4,1,96,0,0,3,2,1,0,7,5,1,1,97,0,0,10,9,1,7,0,3,64,12,0,11,11])),{}).exports.a();

//# name: an endless generator spread
//# outcome: cpu_exceeded|timed_out
[...(function* () { for (;;) yield* [] })()];

//# name: an async loop that starves timers
//# outcome: cpu_exceeded|timed_out|memory_exceeded
setTimeout(() => console.log("LEAK"), 1); for (;;) await 0;

//# name: a flood of microtasks
//# outcome: cpu_exceeded|timed_out|memory_exceeded
(function f() { queueMicrotask(f); queueMicrotask(() => {}) })();

//# name: a flood of timers
//# outcome: cpu_exceeded|timed_out|memory_exceeded
(function f() { setTimeout(f); setTimeout(f); })();

//# name: finally that loops
//# outcome: cpu_exceeded|timed_out
(function f() { try { for (;;); } finally { for (;;); } })();

//# name: catch around termination
//# outcome: cpu_exceeded|timed_out
for (;;) try { for (;;); } catch { continue }

//# name: catch in deep calls
//# outcome: cpu_exceeded|timed_out
(function f(n) { try { if (n) f(n - 1); for (;;); } catch { f(n) } finally { f(n) } })(100);

//# name: a thenable that loops
//# outcome: cpu_exceeded|timed_out
await { then() { for (;;); } };

//# name: a getter in structured clone
//# outcome: cpu_exceeded|timed_out
structuredClone({ get a() { for (;;); } });

//# name: a listener that loops
//# outcome: cpu_exceeded|timed_out
const t = new EventTarget(); t.addEventListener("x", () => { for (;;); }); t.dispatchEvent(new Event("x"));

//# name: prepareStackTrace that loops
//# outcome: cpu_exceeded|timed_out|completed
Error.prepareStackTrace = () => { for (;;); }; new Error().stack;

//# name: a pattern that backtracks
//# outcome: cpu_exceeded|timed_out|completed|failed
new URLPattern({ pathname: "/((a+)+)b" }).test({ pathname: "/" + "a".repeat(40) });

//# name: eval of a giant text
//# outcome: cpu_exceeded|timed_out|memory_exceeded|failed
for (let i = 0;; i++) eval("1+".repeat(1e4) + i);

//# name: a port that answers itself
//# outcome: cpu_exceeded|timed_out|memory_exceeded
const { port1, port2 } = new MessageChannel(); port2.onmessage = () => port1.postMessage(1); port1.postMessage(1);

//# name: Atomics.wait
//# outcome: failed
//# limit: wall_ms 800
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);

//# name: Atomics.waitAsync for ever
//# outcome: failed|timed_out
//# limit: wall_ms 800
await Atomics.waitAsync(new Int32Array(new SharedArrayBuffer(4)), 0, 0).value;

//# name: a promise that never settles
//# outcome: failed|timed_out
//# limit: wall_ms 800
await new Promise(() => {});

//# name: a timer too far away
//# outcome: completed|timed_out
//# limit: wall_ms 800
setTimeout(() => {}, 2 ** 40);

//# name: an interval for ever
//# outcome: timed_out
//# limit: wall_ms 800
setInterval(() => {}, 10);

//# name: a getter that loops is not run by the console
//# outcome: completed
//# says: held
console.log({ get a() { for (;;); }, toJSON() { for (;;); }, toString() { for (;;); }, [Symbol.toPrimitive]() { for (;;); } }); console.log("held");

//# name: the result is not asked for anything
//# outcome: completed
({ get a() { for (;;); }, toJSON() { for (;;); }, then: undefined, get [Symbol.toStringTag]() { for (;;); } })

//# name: a thrown getter is not run
//# outcome: failed
throw { get message() { for (;;); }, get name() { for (;;); }, get stack() { for (;;); }, toString() { for (;;); } };
