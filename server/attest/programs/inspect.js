// Values made to run code, loop or lie when they are shown, and programs that throw them. Showing a value runs
// none of the program's code.

//# name: a proxy of everything
//# outcome: completed
//# says: held
const it = new Proxy({}, new Proxy({}, { get() { console.log("LEAK trap") } }));
console.log(it); console.dir(it); console.error("%o %O %s %d %i %f", it, it, it, it, it, it); console.table([it]); console.table(it); console.trace(it); console.assert(false, it); console.group(it); console.groupEnd();
console.log("held"); it;

//# name: a proxy of a proxy, a thousand deep
//# outcome: completed
//# says: held
const it = (() => { let p = {}; for (let i = 0; i < 1e5; i++) p = new Proxy(p, {}); return p })();
console.log(it); console.dir(it); console.error("%o %O %s %d %i %f", it, it, it, it, it, it); console.table([it]); console.table(it); console.trace(it); console.assert(false, it); console.group(it); console.groupEnd();
console.log("held"); it;

//# name: a revoked proxy
//# outcome: completed
//# says: held
const it = (() => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy })();
console.log(it); console.dir(it); console.error("%o %O %s %d %i %f", it, it, it, it, it, it); console.table([it]); console.table(it); console.trace(it); console.assert(false, it); console.group(it); console.groupEnd();
console.log("held"); it;

//# name: a revoked proxy of a function
//# outcome: completed
//# says: held
const it = (() => { const { proxy, revoke } = Proxy.revocable(function () {}, {}); revoke(); return proxy })();
console.log(it); console.dir(it); console.error("%o %O %s %d %i %f", it, it, it, it, it, it); console.table([it]); console.table(it); console.trace(it); console.assert(false, it); console.group(it); console.groupEnd();
console.log("held"); it;

//# name: a proxy as prototype
//# outcome: completed
//# says: held
const it = Object.create(new Proxy({}, { get() { console.log("LEAK trap") }, getPrototypeOf() { console.log("LEAK trap") }, ownKeys() { console.log("LEAK trap") }, has() { console.log("LEAK trap") } }));
console.log(it); console.dir(it); console.error("%o %O %s %d %i %f", it, it, it, it, it, it); console.table([it]); console.table(it); console.trace(it); console.assert(false, it); console.group(it); console.groupEnd();
console.log("held"); it;

//# name: ownKeys that throws
//# outcome: completed
//# says: held
const it = new Proxy({}, { ownKeys() { console.log("LEAK trap"); throw 1 }, getOwnPropertyDescriptor() { throw 1 } });
console.log(it); console.dir(it); console.error("%o %O %s %d %i %f", it, it, it, it, it, it); console.table([it]); console.table(it); console.trace(it); console.assert(false, it); console.group(it); console.groupEnd();
console.log("held"); it;

//# name: getters
//# outcome: completed
//# says: held
const it = { get a() { console.log("LEAK getter") }, set b(x) {}, get [Symbol.iterator]() { console.log("LEAK getter") } };
console.log(it); console.dir(it); console.error("%o %O %s %d %i %f", it, it, it, it, it, it); console.table([it]); console.table(it); console.trace(it); console.assert(false, it); console.group(it); console.groupEnd();
console.log("held"); it;

//# name: a getter called constructor
//# outcome: completed
//# says: held
const it = { get constructor() { console.log("LEAK getter") }, get __proto__() { console.log("LEAK getter") } };
console.log(it); console.dir(it); console.error("%o %O %s %d %i %f", it, it, it, it, it, it); console.table([it]); console.table(it); console.trace(it); console.assert(false, it); console.group(it); console.groupEnd();
console.log("held"); it;

//# name: constructors with accessors for names
//# outcome: completed
//# says: held
const it = new (class { static get name() { console.log("LEAK getter") } get [Symbol.toStringTag]() { console.log("LEAK getter") } })();
console.log(it); console.dir(it); console.error("%o %O %s %d %i %f", it, it, it, it, it, it); console.table([it]); console.table(it); console.trace(it); console.assert(false, it); console.group(it); console.groupEnd();
console.log("held"); it;

//# name: a tag that lies
//# outcome: completed
//# says: held
const it = { [Symbol.toStringTag]: "Promise" };
console.log(it); console.dir(it); console.error("%o %O %s %d %i %f", it, it, it, it, it, it); console.table([it]); console.table(it); console.trace(it); console.assert(false, it); console.group(it); console.groupEnd();
console.log("held"); it;

//# name: a tag that is an object
//# outcome: completed
//# says: held
const it = { [Symbol.toStringTag]: { toString() { console.log("LEAK called") } } };
console.log(it); console.dir(it); console.error("%o %O %s %d %i %f", it, it, it, it, it, it); console.table([it]); console.table(it); console.trace(it); console.assert(false, it); console.group(it); console.groupEnd();
console.log("held"); it;

//# name: cycles
//# outcome: completed
//# says: held
const it = (() => { const a = {}; a.a = a; a.b = [a, { a }]; a.m = new Map([[a, a]]); return a })();
console.log(it); console.dir(it); console.error("%o %O %s %d %i %f", it, it, it, it, it, it); console.table([it]); console.table(it); console.trace(it); console.assert(false, it); console.group(it); console.groupEnd();
console.log("held"); it;

//# name: a cyclic getter
//# outcome: completed
//# says: held
const it = { get a() { console.log("LEAK getter"); return this } };
console.log(it); console.dir(it); console.error("%o %O %s %d %i %f", it, it, it, it, it, it); console.table([it]); console.table(it); console.trace(it); console.assert(false, it); console.group(it); console.groupEnd();
console.log("held"); it;

//# name: a giant sparse array
//# outcome: completed
//# says: held
const it = (() => { const a = []; a[2 ** 32 - 2] = 1; a.x = 2; return a })();
console.log(it); console.dir(it); console.error("%o %O %s %d %i %f", it, it, it, it, it, it); console.table([it]); console.table(it); console.trace(it); console.assert(false, it); console.group(it); console.groupEnd();
console.log("held"); it;

//# name: an array with a lying length
//# outcome: completed
//# says: held
const it = Object.setPrototypeOf({ length: 2 ** 53 - 1, 0: 1 }, Array.prototype);
console.log(it); console.dir(it); console.error("%o %O %s %d %i %f", it, it, it, it, it, it); console.table([it]); console.table(it); console.trace(it); console.assert(false, it); console.group(it); console.groupEnd();
console.log("held"); it;

//# name: an array of accessors
//# outcome: completed
//# says: held
const it = Object.defineProperty([1, 2], 0, { get() { console.log("LEAK getter") } });
console.log(it); console.dir(it); console.error("%o %O %s %d %i %f", it, it, it, it, it, it); console.table([it]); console.table(it); console.trace(it); console.assert(false, it); console.group(it); console.groupEnd();
console.log("held"); it;

//# name: a fake error
//# outcome: completed
//# says: held
const it = { __proto__: Error.prototype, get message() { console.log("LEAK getter") }, get stack() { console.log("LEAK getter") }, get name() { console.log("LEAK getter") } };
console.log(it); console.dir(it); console.error("%o %O %s %d %i %f", it, it, it, it, it, it); console.table([it]); console.table(it); console.trace(it); console.assert(false, it); console.group(it); console.groupEnd();
console.log("held"); it;

//# name: an error with accessors
//# outcome: completed
//# says: held
const it = Object.defineProperties(new Error("x"), { message: { get() { console.log("LEAK getter") } }, stack: { get() { console.log("LEAK getter") } }, name: { get() { console.log("LEAK getter") } }, cause: { get() { console.log("LEAK getter") } } });
console.log(it); console.dir(it); console.error("%o %O %s %d %i %f", it, it, it, it, it, it); console.table([it]); console.table(it); console.trace(it); console.assert(false, it); console.group(it); console.groupEnd();
console.log("held"); it;

//# name: an error that is its own cause
//# outcome: completed
//# says: held
const it = (() => { const e = new Error("x"); e.cause = e; e.errors = [e]; return new AggregateError([e, e], "y", { cause: e }) })();
console.log(it); console.dir(it); console.error("%o %O %s %d %i %f", it, it, it, it, it, it); console.table([it]); console.table(it); console.trace(it); console.assert(false, it); console.group(it); console.groupEnd();
console.log("held"); it;

//# name: an error with objects for names
//# outcome: completed
//# says: held
const it = Object.assign(new Error("x"), { name: { toString() { console.log("LEAK called") } }, message: Symbol("m"), stack: 1n });
console.log(it); console.dir(it); console.error("%o %O %s %d %i %f", it, it, it, it, it, it); console.table([it]); console.table(it); console.trace(it); console.assert(false, it); console.group(it); console.groupEnd();
console.log("held"); it;

//# name: a fake date
//# outcome: completed
//# says: held
const it = { __proto__: Date.prototype, getTime() { console.log("LEAK called") } };
console.log(it); console.dir(it); console.error("%o %O %s %d %i %f", it, it, it, it, it, it); console.table([it]); console.table(it); console.trace(it); console.assert(false, it); console.group(it); console.groupEnd();
console.log("held"); it;

//# name: a date out of range with methods
//# outcome: completed
//# says: held
const it = Object.assign(new Date(NaN), { toISOString() { console.log("LEAK called") }, valueOf() { console.log("LEAK called") } });
console.log(it); console.dir(it); console.error("%o %O %s %d %i %f", it, it, it, it, it, it); console.table([it]); console.table(it); console.trace(it); console.assert(false, it); console.group(it); console.groupEnd();
console.log("held"); it;

//# name: a fake promise
//# outcome: completed
//# says: held
const it = { __proto__: Promise.prototype, get then() { console.log("LEAK getter") } };
console.log(it); console.dir(it); console.error("%o %O %s %d %i %f", it, it, it, it, it, it); console.table([it]); console.table(it); console.trace(it); console.assert(false, it); console.group(it); console.groupEnd();
console.log("held"); it;

//# name: a fake DOMException
//# outcome: completed
//# says: held
const it = { __proto__: DOMException.prototype, get code() { console.log("LEAK getter") } };
console.log(it); console.dir(it); console.error("%o %O %s %d %i %f", it, it, it, it, it, it); console.table([it]); console.table(it); console.trace(it); console.assert(false, it); console.group(it); console.groupEnd();
console.log("held"); it;

//# name: a DOMException with accessors behind its symbols
//# outcome: completed
//# says: held
const it = (() => { const e = new DOMException("m", "n"); for (const s of Object.getOwnPropertySymbols(e)) try { Object.defineProperty(e, s, { get() { console.log("LEAK getter") } }) } catch {} return e })();
console.log(it); console.dir(it); console.error("%o %O %s %d %i %f", it, it, it, it, it, it); console.table([it]); console.table(it); console.trace(it); console.assert(false, it); console.group(it); console.groupEnd();
console.log("held"); it;

//# name: a fake URL
//# outcome: completed
//# says: held
const it = { __proto__: URL.prototype, get href() { console.log("LEAK getter") } };
console.log(it); console.dir(it); console.error("%o %O %s %d %i %f", it, it, it, it, it, it); console.table([it]); console.table(it); console.trace(it); console.assert(false, it); console.group(it); console.groupEnd();
console.log("held"); it;

//# name: a URL with a replaced href
//# outcome: completed
//# says: held
const it = (() => { const u = new URL("a:b"); for (const s of Reflect.ownKeys(u)) try { Object.defineProperty(u, s, { get() { console.log("LEAK getter") } }) } catch {} Object.defineProperty(u, "href", { get() { console.log("LEAK getter") } }); return u })();
console.log(it); console.dir(it); console.error("%o %O %s %d %i %f", it, it, it, it, it, it); console.table([it]); console.table(it); console.trace(it); console.assert(false, it); console.group(it); console.groupEnd();
console.log("held"); it;

//# name: events with accessors behind their symbols
//# outcome: completed
//# says: held
const it = (() => { const e = new CustomEvent("x"); for (const s of Object.getOwnPropertySymbols(e)) try { Object.defineProperty(e, s, { get() { console.log("LEAK getter") } }) } catch {} return e })();
console.log(it); console.dir(it); console.error("%o %O %s %d %i %f", it, it, it, it, it, it); console.table([it]); console.table(it); console.trace(it); console.assert(false, it); console.group(it); console.groupEnd();
console.log("held"); it;

//# name: search parameters with a hostile list
//# outcome: completed
//# says: held
const it = (() => { const p = new URLSearchParams("a=b"); for (const s of Object.getOwnPropertySymbols(p)) try { p[s] = new Proxy([], { get() { console.log("LEAK trap") } }) } catch {} return p })();
console.log(it); console.dir(it); console.error("%o %O %s %d %i %f", it, it, it, it, it, it); console.table([it]); console.table(it); console.trace(it); console.assert(false, it); console.group(it); console.groupEnd();
console.log("held"); it;

//# name: a map with a replaced iterator
//# outcome: completed
//# says: held
const it = Object.defineProperties(new Map([[1, 2]]), Object.getOwnPropertyDescriptors({ [Symbol.iterator]() { console.log("LEAK called") }, entries() { console.log("LEAK called") }, get size() { return 0 } }));
console.log(it); console.dir(it); console.error("%o %O %s %d %i %f", it, it, it, it, it, it); console.table([it]); console.table(it); console.trace(it); console.assert(false, it); console.group(it); console.groupEnd();
console.log("held"); it;

//# name: a set of itself
//# outcome: completed
//# says: held
const it = (() => { const s = new Set(); s.add(s).add([s]); return s })();
console.log(it); console.dir(it); console.error("%o %O %s %d %i %f", it, it, it, it, it, it); console.table([it]); console.table(it); console.trace(it); console.assert(false, it); console.group(it); console.groupEnd();
console.log("held"); it;

//# name: map iterators and generators
//# outcome: completed
//# says: held
const it = [new Map([[1, 2]]).entries(), new Set([1])[Symbol.iterator](), (function* () { console.log("LEAK ran") })(), [1][Symbol.iterator](), "x".matchAll(/x/g)];
console.log(it); console.dir(it); console.error("%o %O %s %d %i %f", it, it, it, it, it, it); console.table([it]); console.table(it); console.trace(it); console.assert(false, it); console.group(it); console.groupEnd();
console.log("held"); it;

//# name: typed arrays that were detached
//# outcome: completed
//# says: held
const it = (() => { const b = new ArrayBuffer(8), a = new Uint8Array(b), d = new DataView(b); b.transfer?.(); return [b, a, d] })();
console.log(it); console.dir(it); console.error("%o %O %s %d %i %f", it, it, it, it, it, it); console.table([it]); console.table(it); console.trace(it); console.assert(false, it); console.group(it); console.groupEnd();
console.log("held"); it;

//# name: a typed array out of bounds
//# outcome: completed
//# says: held
const it = (() => { const b = new ArrayBuffer(8, { maxByteLength: 8 }), a = new Uint8Array(b, 4), d = new DataView(b, 4); b.resize(0); return [b, a, d] })();
console.log(it); console.dir(it); console.error("%o %O %s %d %i %f", it, it, it, it, it, it); console.table([it]); console.table(it); console.trace(it); console.assert(false, it); console.group(it); console.groupEnd();
console.log("held"); it;

//# name: boxed primitives with methods
//# outcome: completed
//# says: held
const it = [Object.assign(new Number(1), { valueOf() { console.log("LEAK called") } }), Object(Symbol("s")), Object(1n), Object.assign(new String("s"), { toString() { console.log("LEAK called") } })];
console.log(it); console.dir(it); console.error("%o %O %s %d %i %f", it, it, it, it, it, it); console.table([it]); console.table(it); console.trace(it); console.assert(false, it); console.group(it); console.groupEnd();
console.log("held"); it;

//# name: functions with hostile names
//# outcome: completed
//# says: held
const it = Object.defineProperty(function () {}, "name", { get() { console.log("LEAK getter") } });
console.log(it); console.dir(it); console.error("%o %O %s %d %i %f", it, it, it, it, it, it); console.table([it]); console.table(it); console.trace(it); console.assert(false, it); console.group(it); console.groupEnd();
console.log("held"); it;

//# name: a function whose source is giant
//# outcome: completed
//# says: held
const it = Function("x;".repeat(1e6));
console.log(it); console.dir(it); console.error("%o %O %s %d %i %f", it, it, it, it, it, it); console.table([it]); console.table(it); console.trace(it); console.assert(false, it); console.group(it); console.groupEnd();
console.log("held"); it;

//# name: a class with hostile statics
//# outcome: completed
//# says: held
const it = class { static get x() { console.log("LEAK getter") } static [Symbol.hasInstance]() { console.log("LEAK called") } static toString() { console.log("LEAK called") } };
console.log(it); console.dir(it); console.error("%o %O %s %d %i %f", it, it, it, it, it, it); console.table([it]); console.table(it); console.trace(it); console.assert(false, it); console.group(it); console.groupEnd();
console.log("held"); it;

//# name: weak references and collections
//# outcome: completed
//# says: held
const it = [new WeakRef({}), new WeakMap([[{}, 1]]), new WeakSet([{}]), new FinalizationRegistry(() => {})];
console.log(it); console.dir(it); console.error("%o %O %s %d %i %f", it, it, it, it, it, it); console.table([it]); console.table(it); console.trace(it); console.assert(false, it); console.group(it); console.groupEnd();
console.log("held"); it;

//# name: arguments and the global object
//# outcome: completed
//# says: held
const it = [(function () { return arguments })(1, 2), globalThis];
console.log(it); console.dir(it); console.error("%o %O %s %d %i %f", it, it, it, it, it, it); console.table([it]); console.table(it); console.trace(it); console.assert(false, it); console.group(it); console.groupEnd();
console.log("held"); it;

//# name: a regular expression with accessors
//# outcome: completed
//# says: held
const it = Object.defineProperty(/x/g, "source", { get() { console.log("LEAK getter") } });
console.log(it); console.dir(it); console.error("%o %O %s %d %i %f", it, it, it, it, it, it); console.table([it]); console.table(it); console.trace(it); console.assert(false, it); console.group(it); console.groupEnd();
console.log("held"); it;

//# name: keys that are odd
//# outcome: completed
//# says: held
const it = { ["__proto__"]: 1, constructor: 2, "": 3, "\u0000": 4, "\ud800": 5, [Symbol()]: 6, [Symbol.iterator]: 7, "a b": 8 };
console.log(it); console.dir(it); console.error("%o %O %s %d %i %f", it, it, it, it, it, it); console.table([it]); console.table(it); console.trace(it); console.assert(false, it); console.group(it); console.groupEnd();
console.log("held"); it;

//# name: a namespace in its dead zone
//# outcome: completed
//# says: held
const it = Reflect;
console.log(it); console.dir(it); console.error("%o %O %s %d %i %f", it, it, it, it, it, it); console.table([it]); console.table(it); console.trace(it); console.assert(false, it); console.group(it); console.groupEnd();
console.log("held"); it;

//# name: WebAssembly objects
//# outcome: completed
//# says: held
const it = [new WebAssembly.Memory({ initial: 1 }), new WebAssembly.Table({ initial: 1, element: "anyfunc" }), new WebAssembly.Global({ value: "i32" }, 1)];
console.log(it); console.dir(it); console.error("%o %O %s %d %i %f", it, it, it, it, it, it); console.table([it]); console.table(it); console.trace(it); console.assert(false, it); console.group(it); console.groupEnd();
console.log("held"); it;

//# name: streams, ports and signals
//# outcome: completed
//# says: held
const it = [new ReadableStream(), new WritableStream(), new TransformStream(), new MessageChannel(), AbortSignal.abort(), new Blob(["x"])];
console.log(it); console.dir(it); console.error("%o %O %s %d %i %f", it, it, it, it, it, it); console.table([it]); console.table(it); console.trace(it); console.assert(false, it); console.group(it); console.groupEnd();
console.log("held"); it;

//# name: thrown: a revoked proxy
//# outcome: failed
const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); throw proxy;

//# name: thrown: a proxy of an error
//# outcome: failed
throw new Proxy(new Error("x"), { get() { console.log("LEAK trap") } });

//# name: thrown: a fake error
//# outcome: failed
throw { __proto__: Error.prototype, get name() { console.log("LEAK getter") }, get message() { console.log("LEAK getter") } };

//# name: rejected with a hostile object
//# outcome: failed
Promise.reject(new Proxy({}, { get() { console.log("LEAK trap") } }));

//# name: labels that are hostile
//# outcome: completed
//# says: held
for (const f of [console.count, console.time, console.timeEnd, console.timeLog, console.countReset]) for (const it of [Symbol("s"), { toString() { throw 1 } }, new Proxy({}, {}), null, 1n]) try { f(it) } catch {} console.log("held");

//# name: columns that are hostile
//# outcome: completed
//# says: held
for (const it of [new Proxy([], { get() { console.log("LEAK trap") } }), [{}], "x", { length: 2 ** 53 }, [Symbol()]]) try { console.table([{ a: 1 }], it) } catch {} console.log("held");

//# name: options that are hostile
//# outcome: completed
//# says: held
for (const it of [{ get depth() { console.log("LEAK getter") } }, new Proxy({}, { get() { console.log("LEAK trap") } }), { depth: NaN }, { depth: 1e308 }]) console.dir({ a: { b: { c: { d: 1 } } } }, it); console.log("held");

//# name: Temporal with methods that are the program's
//# outcome: completed
//# says: held
const it = (() => { if (!globalThis.Temporal) return []; const all = [Temporal.PlainDate.from("2026-11-30"), Temporal.PlainTime.from("12:00"), Temporal.ZonedDateTime.from("2026-11-30[UTC]"), Temporal.Duration.from("P1D")]; for (const { constructor: { prototype } } of all.slice()) for (const key of Reflect.ownKeys(prototype)) Object.defineProperty(prototype, key, { get() { console.log("LEAK getter"); for (;;); } }); return all })();
console.log(it); console.dir(it); console.error("%o %O %s %d %i %f", it, it, it, it, it, it); console.table([it]); console.table(it); console.trace(it); console.assert(false, it); console.group(it); console.groupEnd();
console.log("held"); it;

//# name: Temporal that is forged
//# outcome: completed
//# says: held
const it = (() => { if (!globalThis.Temporal) return []; const traps = new Proxy({}, { get() { console.log("LEAK trap") } }); return ["PlainDate", "PlainTime", "PlainDateTime", "PlainYearMonth", "PlainMonthDay", "ZonedDateTime", "Instant", "Duration"].flatMap((name) => [Object.create(Temporal[name].prototype), Object.setPrototypeOf(new Map, Temporal[name].prototype), new Proxy(Temporal.Duration.from("P1D"), traps), Object.setPrototypeOf(Temporal.Duration.from("P1D"), new Proxy(Temporal[name].prototype, traps))]) })();
console.log(it); console.dir(it); console.error("%o %O %s %d %i %f", it, it, it, it, it, it); console.table([it]); console.table(it); console.trace(it); console.assert(false, it); console.group(it); console.groupEnd();
console.log("held"); it;

//# name: a Temporal of its own in the place of the language's
//# outcome: completed
//# says: held
const it = (() => { globalThis.Temporal = { PlainDate: class PlainDate { get year() { console.log("LEAK getter") } toString() { console.log("LEAK toString"); for (;;); } get [Symbol.toStringTag]() { console.log("LEAK tag") } } }; return new Temporal.PlainDate })();
console.log(it); console.dir(it); console.error("%o %O %s %d %i %f", it, it, it, it, it, it); console.table([it]); console.table(it); console.trace(it); console.assert(false, it); console.group(it); console.groupEnd();
console.log("held"); it;
