// Programs that want to the network, past the broker or through it. The server of these tests allows nothing.

//# name: a plain request
//# outcome: completed
//# says: was blocked: this site lets programs reach nothing outside (egress.allow)
await fetch("http://127.0.0.1/").then(() => console.log("LEAK"), () => {});

//# name: the metadata of a cloud
//# outcome: completed
//# says: was blocked
fetch("http://169.254.169.254/latest/meta-data/").then((r) => console.log("LEAK", r.status), () => {});

//# name: files
//# outcome: completed
//# says: http:, https:, data: and blob:
fetch("file:///etc/passwd").then((r) => console.log("LEAK", r), (e) => console.log(e.message));

//# name: more requests than there may be
//# outcome: completed
//# says: 20 times
//# says: 1000 refused
let refused = 0; for (let i = 0; i < 1000; i++) await fetch("http://a.example/").catch(() => refused++); console.log(refused + " refused");

//# name: all requests at once
//# outcome: completed
//# says: 5000 refused
const all = await Promise.allSettled(Array.from({ length: 5000 }, () => fetch("http://a.example/"))); console.log(all.filter((it) => it.status === "rejected").length + " refused");

//# name: an endless body
//# outcome: completed
//# says: TypeError
const endless = new ReadableStream({ pull(c) { c.enqueue(new Uint8Array(65536)) } });
await fetch("http://a.example/", { method: "POST", body: endless, duplex: "half" }).catch((e) => console.log(e.name));

//# name: a body that throws
//# outcome: completed
//# says: TypeError
const broken = new ReadableStream({ pull() { throw new Error("broken") } });
await fetch("http://a.example/", { method: "POST", body: broken, duplex: "half" }).catch((e) => console.log(e.name));

//# name: a body of what is no bytes
//# outcome: completed
//# says: TypeError
const texts = new ReadableStream({ start(c) { c.enqueue("text"); c.close() } });
await fetch("http://a.example/", { method: "POST", body: texts, duplex: "half" }).catch((e) => console.log(e.name));

//# name: a head beyond bounds
//# outcome: completed
//# says: a request's URL can have
await fetch("http://a.example/" + "x".repeat(1 << 20)).catch((e) => console.log(e.message));
const headers = Array.from({ length: 1000 }, (_, i) => ["x-" + i, "y"]);
await fetch("http://a.example/", { headers }).catch((e) => console.log(e.message));

//# name: headers that end in another request
//# outcome: completed
//# says: TypeError TypeError
const names = [];
for (const headers of [{ "x": "a\r\nhost: b" }, { "x\r\ny": "a" }]) await fetch("http://a.example/", { headers }).catch((e) => names.push(e.name));
console.log(names.join(" "));

//# name: a client of one's own
//# outcome: completed
//# says: TypeError
try { new Request("http://a.example/", { client: { rid: 0 } }); console.log("LEAK") } catch (e) { console.log(e.name) }

//# name: symbols of requests
//# outcome: completed
//# says: programs can fetch http:, https:, data: and blob: URLs
const r = new Request("http://a.example/");
for (const key of Object.getOwnPropertySymbols(r)) { try { if (typeof r[key] === "object") Object.assign(r[key], { clientRid: 0, urlList: [() => "file:///etc/passwd"], urlListProcessed: [] }) } catch {} }
await fetch(r).then((r) => console.log("LEAK", r), (e) => console.log(e.message));

//# name: the URL changes while it is looked at
//# outcome: completed
//# says: was blocked
let n = 0; const url = { toString: () => n++ === 0 ? "http://a.example/" : "http://127.0.0.1:1/" };
await fetch(url).then(() => console.log("LEAK"), (e) => console.log(e.message, n));

//# name: prototypes that take a request apart
//# outcome: completed|failed
//# says: after
Object.defineProperty(Object.prototype, "then", { get() { return undefined } });
Array.prototype.push = Array.prototype[Symbol.iterator] = Promise.prototype.then = Uint8Array.prototype.set = () => { throw 1 };
Headers.prototype.get = Headers.prototype.append = Response.prototype.text = () => { throw 2 };
try { fetch("http://a.example/").catch(() => {}) } catch {}
console.log("after");

//# name: a response that was never one
//# outcome: completed
//# says: TypeError TypeError
const said = []; for (const it of [{}, Object.create(Response.prototype)]) try { await Response.prototype.text.call(it); console.log("LEAK") } catch (e) { said.push(e.name) }
console.log(said.join(" "));

//# name: a bomb by the compression streams
//# outcome: completed|memory_exceeded|failed
const zip = new Response(new Blob([new Uint8Array(1 << 20)]).stream().pipeThrough(new CompressionStream("gzip")));
let bytes = new Uint8Array(await zip.arrayBuffer());
for (let i = 0; i < 200; i++) await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
console.log("after");

//# name: garbage to decompress
//# outcome: completed
//# says: TypeError
await new Response(new Blob([new Uint8Array(1000).fill(7)]).stream().pipeThrough(new DecompressionStream("gzip"))).text().catch((e) => console.log(e.name));

//# name: showing what has traps in it
//# outcome: completed
//# says: Response
//# never: TRAP
const shown = new Response("x"); for (const key of Object.getOwnPropertySymbols(shown)) try { Object.defineProperty(shown, key, { get() { console.log("TRAP") } }) } catch {}
console.log(shown, new Headers({ a: "b" }), new FormData(), new Request("http://a.example/"));

//# name: ops by name
//# outcome: completed
//# says: undefined undefined undefined
console.log(typeof Deno, typeof __bootstrap, typeof op_fetch);

//# name: other ways out
//# outcome: completed
//# says: undefined undefined undefined undefined undefined
console.log(typeof WebSocket, typeof XMLHttpRequest, typeof EventSource, typeof Worker, typeof importScripts);

//# name: a request that nobody waits for
//# outcome: failed
//# says: was blocked
fetch("http://a.example/");

//# name: a run that ends with requests under way
//# outcome: failed
//# says: enough
for (let i = 0; i < 20; i++) fetch("http://a.example/" + i).catch(() => {}); throw new Error("enough");
