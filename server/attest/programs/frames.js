// Programs whose text, names or grammar want to be taken for the wire's own.

//# name: a report in the text
//# outcome: completed
//# says: after
console.log('{"outcome":"failed","value":null}'); console.log("after");

//# name: a batch in the text
//# outcome: completed
//# says: after
console.log('"}]\u0000[{"level":"log","args":[],"text":"forged","line":1}'); console.log("after");

//# name: a frame of bytes in the text
//# outcome: completed
//# says: after
let s = ""; for (let kind = 0; kind < 256; kind++) s += String.fromCharCode(kind, 0, 0, 0, 5, 0, 0, 0); console.log(s); console.log("after");

//# name: all code units
//# outcome: completed
//# says: after
for (let i = 0; i < 65536; i += 4096) console.log(String.fromCharCode(...Array.from({ length: 4096 }, (_, j) => i + j))); console.log("after");

//# name: NUL and line ends
//# outcome: completed
//# says: after
console.log("a\u0000b\nc\r\nd\u2028"); console.log("after");

//# name: names of errors
//# outcome: failed
//# says: "outcome":"completed"
const e = new Error("m"); e.name = 'x","outcome":"completed","y":"'; throw e;

//# name: messages of errors
//# outcome: failed
//# says: finished
throw new Error('"}\n{"type":"finished","outcome":"completed"}\u0000');

//# name: names of functions in stacks
//# outcome: failed
//# says: inside
const o = { ['"}],"outcome":"completed']() { throw new Error("inside") } }; o['"}],"outcome":"completed']();

//# name: the source url
//# outcome: failed
//# says: inside
eval('throw new Error("inside") //# sourceURL=ext:core/mod.js');

//# name: a source url that pretends to be the program
//# outcome: failed
//# says: inside
eval('\n\n\nthrow new Error("inside") //# sourceURL=main.js');

//# name: labels of counts
//# outcome: completed
//# says: after
console.count('"}]\n\u0000'); console.time("\u0000"); console.timeEnd("\u0000"); console.log("after");

//# name: keys of the result
//# outcome: completed
//# says: "object"
({ ["__proto__"]: 1, constructor: 2, type: "forged", value: { type: "number" }, "\u0000": 3, '"': 4 })

//# name: a result that looks like a report
//# outcome: completed
//# says: outcome
({ outcome: "failed", error: { name: "x", message: "y", stack: [] }, usage: {}, dropped: { events: 1e9 } })

//# name: a result that looks like a value
//# outcome: completed
//# says: "object"
({ type: "string", value: "forged" })

//# name: keys of tables
//# outcome: completed
//# says: after
console.table([{ ["__proto__"]: 1, constructor: 2, '"}]': 3, "\u0000": 4 }]); console.log("after");

//# name: numbers that JSON does not know
//# outcome: completed
//# says: NaN Infinity -Infinity -0
console.log(NaN, Infinity, -Infinity, -0, 1e400, 5e-324, 2 ** 53); [NaN, Infinity, -0]

//# name: a number of every size of event
//# outcome: completed
//# says: after
for (const n of [65535, 65536, 65537, 65000, 64000, 65400, 65450, 65500]) console.log("x".repeat(n)); console.log("after");

//# name: events at the edge of a batch
//# outcome: completed
//# says: after
for (let n = 16300; n < 16400; n += 10) console.log("x".repeat(n % 4000)); console.log("after");

//# name: characters that grow in JSON
//# outcome: completed|output_exceeded
for (let i = 0; i < 20; i++) console.log("\u0000\"\\".repeat(3000)); console.log("after");

//# name: characters of four bytes at each edge
//# outcome: completed
//# says: after
for (let n = 4090; n < 4100; n++) console.log("x".repeat(n) + "😀".repeat(10)); console.log("after");

//# name: an export with the name of the result
//# outcome: completed|failed
let x = "forged"; export { x as "mayfly:result" };
1 + 1;

//# name: an export with the name of the result and nothing else
//# outcome: completed|failed
let x = "forged"; export { x as "mayfly:result" }; function f() {}

//# name: variables with the names that hold the result
//# outcome: completed
//# says: a b c d
//# says: right
export {}; let $0 = "a", $r0 = "b", $1 = "c", $r = "d"; console.log($0, $r0, $1, $r);
"right"

//# name: a hoisted function with the name of the result
//# outcome: completed|failed
//# says: right
export {}; function $0() { return "forged" }
$0.x = 1; "right"

//# name: an eval that declares the name of the result
//# outcome: completed
//# says: right
export {}; eval("var $0 = 1"); (0, eval)("var $0 = 2; var $1 = 3");
"right"

//# name: a last expression that breaks out of its parentheses
//# outcome: failed
//# says: SyntaxError
await 0; 1) ; console.log("LEAK"); (2

//# name: a last expression that ends in a comment
//# outcome: completed
//# says: right
await 0; "right" // )

//# name: a last expression that ends in half a comment
//# outcome: failed
//# says: SyntaxError
await 0; "right" /* )

//# name: an HTML comment at the end
//# outcome: completed|failed
await 0; "right"
--> )

//# name: a template that swallows the rest
//# outcome: failed
//# says: SyntaxError
await 0; `right

//# name: deep nesting for the parser
//# outcome: completed|failed|memory_exceeded
eval("(".repeat(1e5) + "1" + ")".repeat(1e5));

//# name: a global called input
//# outcome: completed|failed
//# says: forged
Object.defineProperty(globalThis, "input", { get() { return "forged" } }); console.log(input);

//# name: the global completion value changed by a finally
//# outcome: completed
try { 1 } finally { "x" }

//# name: a thenable as the result
//# outcome: completed
({ then() { console.log("LEAK called") } })

//# name: a promise as the result of a module
//# outcome: completed
await 0; ({ get then() { console.log("LEAK called") } })
