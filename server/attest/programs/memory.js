// Programs that take memory until they are stopped: by V8's heap limit, the accounting allocator or the watch.

//# name: strings that double
//# outcome: memory_exceeded|cpu_exceeded
let s = "x"; const all = []; for (;;) { s += s; if (s.length > 2 ** 25) { all.push([...s].length); s = "x" } }

//# name: strings kept flat
//# outcome: memory_exceeded|cpu_exceeded
const all = []; for (let i = 0;; i++) all.push(String(i).repeat(1000).split("").join("-"));

//# name: an array without end
//# outcome: memory_exceeded
const a = []; for (;;) a.push(a.length);

//# name: arrays inside arrays
//# outcome: memory_exceeded
//# limit: heap_bytes 25165824
let a = []; for (;;) a = [a, a, new Array(100).fill(a)];

//# name: a sparse array made dense
//# outcome: memory_exceeded|failed
const a = new Array(3e7).fill(1.5); a.concat(a, a, a);

//# name: a split of a giant string
//# outcome: memory_exceeded
"x".repeat(2 ** 28).split("");

//# name: Array.from with a giant length
//# outcome: memory_exceeded|cpu_exceeded|failed
Array.from({ length: 2 ** 32 - 1 });

//# name: typed arrays
//# outcome: memory_exceeded
const a = []; for (;;) a.push(new Float64Array(1e5).fill(1));

//# name: tiny buffers
//# outcome: memory_exceeded|cpu_exceeded
const a = []; for (;;) a.push(new ArrayBuffer(8));

//# name: a resizable buffer that grows
//# outcome: memory_exceeded|failed
const b = new ArrayBuffer(1, { maxByteLength: 2 ** 30 }); for (let n = 1; n < 2 ** 30; n += 2 ** 20) { b.resize(n); new Uint8Array(b).fill(1) }

//# name: many resizable buffers
//# outcome: memory_exceeded|failed
const a = []; for (;;) { const b = new ArrayBuffer(1, { maxByteLength: 2 ** 24 }); b.resize(2 ** 24); new Uint8Array(b).fill(1); a.push(b) }

//# name: a shared buffer that grows
//# outcome: memory_exceeded|failed|cpu_exceeded
const b = new SharedArrayBuffer(1, { maxByteLength: 2 ** 30 }); for (let n = 1; n < 2 ** 30; n += 2 ** 20) { b.grow(n); new Uint8Array(b).fill(1) }

//# name: many shared buffers
//# outcome: memory_exceeded|failed
const a = []; for (;;) { const b = new SharedArrayBuffer(2 ** 24); new Uint8Array(b).fill(1); a.push(b) }

//# name: transfer that enlarges
//# outcome: memory_exceeded|failed
let b = new ArrayBuffer(1); const a = []; for (let n = 2;; n *= 2) { b = b.transfer(n); a.push(new Uint8Array(b).fill(1).slice()) }

//# name: a wasm memory that grows
//# outcome: memory_exceeded|failed
const m = new WebAssembly.Memory({ initial: 1 }); for (;;) { m.grow(16); new Uint8Array(m.buffer).fill(1) }

//# name: many wasm memories
//# outcome: memory_exceeded|failed
const a = []; for (;;) { const m = new WebAssembly.Memory({ initial: 256 }); new Uint8Array(m.buffer).fill(1); a.push(m) }

//# name: shared wasm memories
//# outcome: memory_exceeded|failed
const a = []; for (;;) { const m = new WebAssembly.Memory({ initial: 64, maximum: 1024, shared: true }); new Uint8Array(m.buffer).fill(1); a.push(m) }

//# name: wasm tables
//# outcome: memory_exceeded|failed|cpu_exceeded
const a = []; for (;;) a.push(new WebAssembly.Table({ initial: 1e6, element: "externref" }, {}));

//# name: wasm modules
//# outcome: memory_exceeded|cpu_exceeded
const bytes = new Uint8Array([0,97,115,109,1,0,0,0]); const a = []; for (;;) { const m = new WebAssembly.Module(bytes); a.push(m, new WebAssembly.Instance(m)) }

//# name: a map
//# outcome: memory_exceeded|failed
const m = new Map(); for (let i = 0;; i++) m.set(i, { i });

//# name: a set of strings
//# outcome: memory_exceeded|failed
//# limit: heap_bytes 25165824
const m = new Set(); for (let i = 0;; i++) m.add("key" + i);

//# name: weak maps with values that hold their keys
//# outcome: memory_exceeded
//# limit: heap_bytes 25165824
const m = new WeakMap(); const k = []; for (;;) { const o = {}; k.push(o); m.set(o, [o, k]) }

//# name: BigInt that explodes
//# outcome: memory_exceeded|failed|cpu_exceeded
let n = 2n; const all = []; for (;;) { n = n * n; all.push(n + 1n); }

//# name: BigInt shifted
//# outcome: memory_exceeded|failed|cpu_exceeded
const a = []; for (let i = 0n;; i++) a.push(1n << (2n ** 22n + i));

//# name: captures of a regular expression
//# outcome: memory_exceeded|cpu_exceeded
const a = []; const s = "ab".repeat(1e6); for (;;) a.push([...s.matchAll(/(a)(b)/g)]);

//# name: a regular expression with a giant program
//# outcome: memory_exceeded|cpu_exceeded|failed
const a = []; for (let i = 0;; i++) { const r = new RegExp("(?:a{1,100}){1,100}" + i); r.test("a".repeat(50)); a.push(r) }

//# name: JSON of great depth
//# outcome: memory_exceeded|failed
//# limit: heap_bytes 25165824
let s = "[".repeat(1e6) + "]".repeat(1e6); for (const a = [];;) a.push(JSON.parse(s));

//# name: JSON that amplifies
//# outcome: memory_exceeded|failed|cpu_exceeded
let o = [1]; for (let i = 0; i < 40; i++) o = [o, o]; JSON.stringify(o);

//# name: structured clone that amplifies
//# outcome: memory_exceeded|failed|cpu_exceeded
let o = new Array(1000).fill("x"); for (;;) o = [o, structuredClone(o)];

//# name: weak references to what is held
//# outcome: memory_exceeded|cpu_exceeded
const a = []; for (;;) { const o = { x: [] }; a.push(new WeakRef(o), o) }

//# name: a registry of finalizers
//# outcome: memory_exceeded
//# limit: heap_bytes 25165824
const r = new FinalizationRegistry(() => {}); const k = []; for (;;) { const o = {}; k.push(o); r.register(o, k, o) }

//# name: closures
//# outcome: memory_exceeded
let f = () => 0; for (;;) { const g = f, x = new Array(50); f = () => [g, x] }

//# name: functions made of text
//# outcome: memory_exceeded|cpu_exceeded
const a = []; for (let i = 0;; i++) a.push(Function("return " + i + ";" + "x;".repeat(500)));

//# name: template objects
//# outcome: memory_exceeded|cpu_exceeded
const a = []; for (let i = 0;; i++) a.push(eval("((s) => s)`" + "x".repeat(1000) + "${0}" + i + "`"));

//# name: symbols in the registry
//# outcome: memory_exceeded|cpu_exceeded
for (let i = 0;; i++) Symbol.for("key" + i + "x".repeat(100));

//# name: stacks of errors
//# outcome: memory_exceeded|cpu_exceeded
Error.stackTraceLimit = Infinity; const a = []; (function f(n) { if (n) f(n - 1); else for (;;) a.push(new Error("x")) })(2000);

//# name: a chain of errors
//# outcome: memory_exceeded|cpu_exceeded
let e = new Error("x"); for (;;) e = new AggregateError([e, new Error("y", { cause: e })], "z".repeat(100), { cause: e });

//# name: a stream's queue
//# outcome: memory_exceeded|cpu_exceeded
new ReadableStream({ start(c) { for (;;) c.enqueue({ a: [1, 2, 3] }) } }, { highWaterMark: Infinity });

//# name: a stream split in two
//# outcome: memory_exceeded|failed|cpu_exceeded
const [a] = new ReadableStream({ pull(c) { c.enqueue(new Uint8Array(1e5)) } }).tee(); for await (const _ of a);

//# name: blobs
//# outcome: memory_exceeded|failed|cpu_exceeded
const a = []; for (;;) a.push(new Blob([new Uint8Array(1e6).fill(1)]));

//# name: blobs of blobs
//# outcome: memory_exceeded|failed|cpu_exceeded|completed
let b = new Blob(["x".repeat(1000)]); for (;;) b = new Blob([b, b]);

//# name: blobs read whole
//# outcome: memory_exceeded|failed|cpu_exceeded
let b = new Blob(["x".repeat(1e6)]); for (let i = 0; i < 12; i++) b = new Blob([b, b]); (await b.text()).length;

//# name: messages nobody reads
//# outcome: memory_exceeded|cpu_exceeded
const { port1 } = new MessageChannel(); for (;;) port1.postMessage("x".repeat(1e5));

//# name: a chain of promises
//# outcome: memory_exceeded
//# limit: heap_bytes 25165824
let p = Promise.resolve(); for (;;) p = p.then(() => [p]);

//# name: timers
//# outcome: memory_exceeded|cpu_exceeded
for (;;) setTimeout(() => {}, 1e6);

//# name: listeners
//# outcome: memory_exceeded|cpu_exceeded
const t = new EventTarget(); for (let i = 0;; i++) t.addEventListener("x" + i, () => i);

//# name: abort signals
//# outcome: memory_exceeded|cpu_exceeded
const a = []; for (;;) a.push(AbortSignal.any([AbortSignal.timeout(1e6)]));

//# name: search parameters
//# outcome: memory_exceeded|cpu_exceeded
const p = new URLSearchParams(); for (let i = 0;; i++) p.append("k" + i, "x".repeat(1000));

//# name: marks of performance
//# outcome: memory_exceeded|cpu_exceeded
for (let i = 0;; i++) performance.mark("m" + i, { detail: new Array(100) });

//# name: text decoded
//# outcome: memory_exceeded|cpu_exceeded
const d = new TextDecoder(), b = new Uint8Array(4e6).fill(65), a = []; for (;;) a.push(d.decode(b));

//# name: base64
//# outcome: memory_exceeded|failed|cpu_exceeded
let s = "x".repeat(1e6); const a = []; for (;;) { s = btoa(s); a.push(s) }

//# name: properties
//# outcome: memory_exceeded
//# limit: heap_bytes 25165824
const o = {}; for (let i = 0;; i++) o["p" + i] = i;

//# name: classes
//# outcome: memory_exceeded
//# limit: heap_bytes 25165824
const a = []; for (;;) a.push(class { static x = new Array(100); #y = 1; m() {} });

//# name: generators left half way
//# outcome: memory_exceeded
//# limit: heap_bytes 25165824
const a = []; for (;;) { const g = (function* (x) { yield x; yield g })(a); g.next(); a.push(g) }

//# name: Intl objects
//# outcome: memory_exceeded|cpu_exceeded
const a = []; for (;;) a.push(new Intl.DateTimeFormat("de"), new Intl.NumberFormat("fr"), new Intl.Collator("sv"));

//# name: memory taken again after each refusal
//# outcome: memory_exceeded|cpu_exceeded
const a = []; for (;;) try { a.push(new ArrayBuffer(1e7)) } catch { a.push(new Array(1e4).fill(0)) }

//# name: an address that is encoded
//# outcome: memory_exceeded|failed|cpu_exceeded
for (let n = 2 ** 20, all = [];; n *= 2) all.push(encodeURIComponent("€".repeat(n)));

//# name: an address that is encoded and thrown away
//# outcome: memory_exceeded|failed|cpu_exceeded
for (let n = 2 ** 20;; n *= 2) encodeURI("€".repeat(n)).length;

//# name: an address that is decoded
//# outcome: memory_exceeded|failed|cpu_exceeded
for (let n = 2 ** 20;; n *= 2) decodeURIComponent("%E2%82%AC".repeat(n)).length;

//# name: a text that is escaped
//# outcome: memory_exceeded|failed|cpu_exceeded
for (let n = 2 ** 20;; n *= 2) escape("€".repeat(n)).length;

//# name: a text that is made upper-case by a language's rules
//# outcome: memory_exceeded|failed|cpu_exceeded
for (let n = 2 ** 20;; n *= 2) "ßﬃ".repeat(n).toLocaleUpperCase("de").length;

//# name: a text that is decomposed
//# outcome: memory_exceeded|failed|cpu_exceeded
for (let n = 2 ** 18;; n *= 2) "ﷺ".repeat(n).normalize("NFKD").length;

//# name: a text that is encoded as bytes
//# outcome: memory_exceeded|failed|cpu_exceeded
for (let n = 2 ** 20;; n *= 2) new TextEncoder().encode("€".repeat(n)).length;

//# name: a text that is compared by a language's rules
//# outcome: memory_exceeded|failed|cpu_exceeded
for (let n = 2 ** 20;; n *= 2) { const s = "ä".repeat(n); s.localeCompare(s + "b", "de"); new Intl.Segmenter("de", { granularity: "word" }).segment(s + " " + s).containing(1) }

//# name: a regular expression that is made of a text
//# outcome: memory_exceeded|failed|cpu_exceeded
for (let n = 2 ** 16;; n *= 2) try { new RegExp("(a|b)?".repeat(n)).test("ab".repeat(n)) } catch {}
