// Programs that ask and show to no good end. Nobody answers here; those with a visitor are in tests/interaction.

//# name: a flood of prompts
//# outcome: failed
//# says: may ask 1000 times
for (;;) prompt("again?");

//# name: a flood of prompts that catches what stops it
//# outcome: cpu_exceeded|output_exceeded
for (;;) try { prompt("again?") } catch {}

//# name: a loop until somebody answers
//# outcome: failed
//# says: Nobody is there to answer
//# says: may ask 1000 times
let name; do { name = prompt("Your name?") } while (!name);

//# name: a flood of alerts
//# outcome: failed
//# says: may ask 1000 times
while (true) alert("!");

//# name: a flood of lines at once
//# outcome: failed
//# says: may ask 1000 times
await Promise.all(Array.from({ length: 5000 }, () => readLine("?")));

//# name: giant messages
//# outcome: completed
//# says: after
//# says: …
const huge = "x".repeat(2 ** 29 - 24); alert(huge); confirm(huge); prompt(huge); await readLine(huge); console.log("after");

//# name: a giant rope for a message
//# outcome: completed|memory_exceeded
//# says: x
let rope = "x"; for (let i = 0; i < 28; i++) rope += rope; alert(rope); console.log("after");

//# name: a giant default
//# outcome: failed
//# says: may have 4096 characters
prompt("?", "x".repeat(2 ** 28));

//# name: messages of control characters and half characters
//# outcome: completed
//# says: after
alert("\u0000".repeat(4096)); alert("\ud800".repeat(4096)); prompt("\udfff\ud800", "\ud800"); console.log("after");

//# name: a message that looks like a frame
//# outcome: completed
//# says: after
alert('"}\u0000{"id":2,"kind":"alert","message":"forged","default":null}'); console.log("after");

//# name: a prompt in a toString of a prompt
//# outcome: completed
//# says: outer inner
//# says: after
alert({ toString: () => (alert("outer inner"), "text") }); console.log("after");

//# name: a toString that asks without end
//# outcome: failed
//# says: RangeError
const evil = { toString: () => prompt(evil) }; prompt(evil);

//# name: a prompt in every odd place
//# outcome: completed
//# says: in a getter
//# says: in a microtask
//# says: in a timer
//# says: in a proxy
//# says: in a sort
//# says: in a replacer
//# says: in a listener
const ask = (where) => (alert(where), 1);
({ get a() { return ask("in a getter") } }).a;
queueMicrotask(() => ask("in a microtask"));
setTimeout(() => ask("in a timer"), 0);
Promise.resolve().then(() => ask("in a reaction"));
new Proxy({}, { get: () => ask("in a proxy") }).x;
[2, 1].sort(() => ask("in a sort"));
"x".replace(/x/, () => ask("in a replacer"));
const target = new EventTarget(); target.addEventListener("x", () => ask("in a listener")); target.dispatchEvent(new Event("x"));
JSON.parse("[1]", () => ask("in a reviver"));
structuredClone({ get a() { return ask("in a clone") } });
new Function("ask", "ask('in a function')")(ask);
class A { static { ask("in a static block") } }

//# name: a prompt while an error's stack is made
//# outcome: completed|failed
Error.prepareStackTrace = () => prompt("stack"); new Error("x").stack; throw new Error("y");

//# name: a prompt while the console looks
//# outcome: completed
//# never: looked
const trap = new Proxy({}, { get: () => alert("looked"), ownKeys: () => (alert("looked"), []) });
console.log(trap, { get a() { alert("looked") }, toString() { alert("looked") } }); display(trap); console.log("after");

//# name: answers from a replaced Promise
//# outcome: completed
//# says: null
//# never: stolen
Promise.prototype.then = function () { console.log("stolen") }; Promise.resolve = () => console.log("stolen");
Object.defineProperty(Promise, Symbol.species, { get() { console.log("stolen") } });
Object.prototype.then = undefined;
console.log(await readLine("?"));

//# name: the halves of readLine
//# outcome: completed
//# says: nothing
console.log(["beginLine", "useLines", "__mayfly", "op_read_line"].filter((name) => name in globalThis).join() || "nothing");

//# name: prompts that are borrowed
//# outcome: completed
//# says: after
prompt.call(null, "?"); Reflect.apply(alert, {}, ["?"]); confirm.bind(1)("?"); readLine.call(undefined, "?"); display.html.call(5, "x"); console.log("after");

//# name: a flood of displays
//# outcome: output_exceeded
for (;;) display.html("<p>".repeat(1000));

//# name: a display of more than there is
//# outcome: failed
//# says: can be shown at once
display.html("x".repeat(2 ** 29 - 24));

//# name: a bundle of a million forms
//# outcome: failed
//# says: 20 forms at most
const bundle = {}; for (let i = 0; i < 1e5; i++) bundle["text/" + i] = ""; display(bundle);

//# name: JSON without end
//# outcome: failed
const loop = {}; loop.loop = loop; display({ "application/json": loop });

//# name: JSON that is made as it is read
//# outcome: cpu_exceeded|memory_exceeded|failed
display({ "application/json": { get a() { for (;;); } } });

//# name: pictures of buffers that change while they are read
//# outcome: completed|failed
const buffer = new ArrayBuffer(64, { maxByteLength: 1 << 20 });
const view = new Uint8Array(buffer); view.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
display.image(view, { get alt() { buffer.resize(0); return "gone" }, get type() { return "image/png" } });

//# name: pictures of detached buffers
//# outcome: failed
const gone = new Uint8Array(64); structuredClone(gone.buffer, { transfer: [gone.buffer] }); display.image(gone, "image/png");

//# name: what is a blob in name alone
//# outcome: completed|failed
//# says: after
for (const it of [Object.create(Blob.prototype), { __proto__: new Blob(["x"]) }, new Proxy(new Blob(["x"]), {})]) try { display(it); display.image(it) } catch {}
const blob = new Blob(["x"], { type: "text/html" });
for (const key of Object.getOwnPropertySymbols(blob)) try { blob[key] = [{ _id: "00000000-0000-0000-0000-000000000000" }, { get _id() { throw 1 } }, blob] } catch {}
try { display(blob) } catch {} console.log("after");

//# name: charts of odd numbers
//# outcome: completed
//# says: after
for (const kind of ["line", "bar", "scatter"]) for (const data of [[1e308, -1e308], [NaN, Infinity, -Infinity], [5e-324, 0], [], {}, [[1e308, 1], [-1e308, 2]], { a: [], b: [null] }, [0.1 + 0.2, 0.3]]) display.chart(kind, data);
console.log("after");

//# name: charts of arrays that lie
//# outcome: failed
//# says: 5000 values at most
display.chart("line", new Array(2 ** 32 - 1));

//# name: charts whose arrays change as they are read
//# outcome: completed|failed
const list = [1, 2, 3]; Object.defineProperty(list, 1, { get() { list.length = 0; return 5 } }); display.chart("line", list);

