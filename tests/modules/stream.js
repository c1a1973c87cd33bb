// https://nodejs.org/docs/latest-v20.x/api/stream.html
import stream, { Duplex, PassThrough, Readable, Transform, Writable, finished, pipeline } from "node:stream";
import { finished as finishedPromise, pipeline as pipelinePromise } from "node:stream/promises";
import { ReadableStream as web } from "node:stream/web";
import { Buffer } from "node:buffer";
import { EventEmitter } from "node:events";

const collect = async (readable) => {
  const chunks = [];
  for await (const chunk of readable) chunks.push(chunk);
  return chunks;
};

test("classes", () => {
  ok(stream === stream.Stream && stream.Readable === Readable && new Readable() instanceof stream && new Readable() instanceof EventEmitter);
  ok(web === ReadableStream);
  ok(new Duplex() instanceof Writable);
});

test("reading", async () => {
  equal(await collect(Readable.from(["a", "b"])), ["a", "b"]);
  const readable = new Readable({ read() { this.push("ab"); this.push("c"); this.push(null) } });
  equal(Buffer.concat(await collect(readable)).toString(), "abc");
  const text = new Readable({ read() {}, encoding: "utf8" });
  text.push(Buffer.from([0xe2, 0x82]));
  text.push(Buffer.from([0xac]));
  text.push(null);
  equal((await collect(text)).join(""), "€");
  const seen = [];
  await new Promise((done) => Readable.from([1, 2, 3]).on("data", (it) => seen.push(it)).on("end", done));
  equal(seen, [1, 2, 3]);
  equal(await Readable.from([1, 2, 3, 4]).filter((it) => it % 2 === 0).map((it) => it * 10).toArray(), [20, 40]);
});

test("writing, and back-pressure", async () => {
  const written = [];
  const writable = new Writable({ highWaterMark: 3, write(chunk, encoding, done) { written.push(chunk.toString()); setTimeout(done) } });
  equal([writable.write("ab"), writable.write("cd")], [true, false]);
  await new Promise((done) => writable.once("drain", done));
  writable.end("e");
  await finishedPromise(writable);
  equal([written, writable.writableFinished], [["ab", "cd", "e"], true]);
});

test("transforming", async () => {
  const upper = new Transform({ transform(chunk, encoding, done) { done(null, chunk.toString().toUpperCase()) }, flush(done) { this.push("!"); done() } });
  upper.write("ab");
  upper.end("c");
  equal(Buffer.concat(await collect(upper)).toString(), "ABC!");
});

test("pipelines", async () => {
  const out = [];
  const sink = () => new Writable({ objectMode: true, write(chunk, encoding, done) { out.push(chunk); done() } });
  await pipelinePromise(Readable.from(["x", "y"]), async function* (source) { for await (const it of source) yield it + it }, sink());
  equal(out.map(String), ["xx", "yy"]);
  const broken = new Readable({ read() { this.destroy(new RangeError("broken")) } });
  equal((await pipelinePromise(broken, new PassThrough()).catch((error) => error)).message, "broken");
  equal(await new Promise((done) => pipeline(Readable.from([1]), sink(), (error) => done(error))), undefined);
  equal(await new Promise((done) => finished(Readable.from([]).resume(), (error) => done(error))), undefined);
  const controller = new AbortController();
  const aborted = pipelinePromise(new Readable({ read() {} }), new PassThrough(), { signal: controller.signal });
  controller.abort();
  equal((await aborted.catch((error) => error)).name, "AbortError");
});

test("piping, destroying", async () => {
  const through = new PassThrough();
  Readable.from(["a", "b"]).pipe(through);
  equal(Buffer.concat(await collect(through)).toString(), "ab");
  const readable = new Readable({ read() {} });
  const closed = new Promise((done) => readable.on("error", (error) => readable.on("close", () => done(error.message))));
  readable.destroy(new Error("gone"));
  equal([await closed, readable.destroyed], ["gone", true]);
});
