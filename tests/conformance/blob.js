// https://w3c.github.io/FileAPI/

test("construction", async () => {
  equal([new Blob().size, new Blob().type], [0, ""]);
  const blob = new Blob(["a\u00e9", new Uint8Array([98, 99]), new Uint16Array([100]).buffer, new DataView(new ArrayBuffer(1)), new Blob(["e"]), 7, null]);
  equal(await blob.text(), "a\u00e9bcd\0\0e7null");
  equal(blob.size, 14);
  equal(await new Blob(new Set(["x", "y"])).text(), "xy", "any iterable");
  equal(await new Blob(["\ud800"]).text(), "\ufffd");
  throws(TypeError, () => new Blob("text"));
  throws(TypeError, () => new Blob(null));
  throws(TypeError, () => new Blob({}));
  throws(TypeError, () => new Blob([], 1));
  throws(TypeError, () => Blob());
});

test("types", () => {
  equal(new Blob([], { type: "Text/PLAIN" }).type, "text/plain");
  equal(new Blob([], { type: "te\u0001xt" }).type, "");
  equal(new Blob([], { type: "t\u00e9xt" }).type, "");
  equal(new Blob([], { type: null }).type, "null");
  equal(new Blob([], { type: undefined }).type, "");
});

test("line endings", async () => {
  equal(await new Blob(["a\r\nb\rc\nd"], { endings: "native" }).text(), "a\nb\nc\nd");
  equal(await new Blob(["a\r\nb"], { endings: "transparent" }).text(), "a\r\nb");
  throws(TypeError, () => new Blob([], { endings: "x" }));
});

test("reading", async () => {
  const blob = new Blob(["\ufeffabc"]);
  equal(await blob.text(), "\ufeffabc".slice(1), "the byte order mark goes");
  const buffer = await blob.arrayBuffer();
  ok(buffer instanceof ArrayBuffer);
  equal(new Uint8Array(buffer), new Uint8Array([239, 187, 191, 97, 98, 99]));
  equal(await blob.bytes(), new Uint8Array(buffer));
  const chunks = await Array.fromAsync(new Blob(["a", "b"]).stream());
  ok(chunks.every((chunk) => chunk instanceof Uint8Array));
  equal(chunks.flatMap((chunk) => [...chunk]), [97, 98]);
  equal(await new Blob().text(), "");
});

test("slices", async () => {
  const blob = new Blob(["abc", "def"], { type: "text/plain" });
  for (const [range, text] of [
    [[], "abcdef"], [[2], "cdef"], [[2, 4], "cd"], [[-2], "ef"], [[-4, -1], "cde"], [[4, 2], ""], [[9], ""], [[0, 99], "abcdef"], [[NaN, 1], "a"],
  ]) equal(await blob.slice(...range).text(), text, `slice(${range})`);
  equal(blob.slice().type, "");
  equal(blob.slice(0, 1, "A/b").type, "a/b");
  equal(await blob.slice(1).slice(1, 3).text(), "cd", "of a slice");
  ok(blob.slice() instanceof Blob);
});

test("File", async () => {
  const before = Date.now();
  const file = new File(["ab"], "a/b.txt", { type: "text/plain", lastModified: 42 });
  equal([file.name, file.size, file.type, file.lastModified], ["a/b.txt", 2, "text/plain", 42]);
  ok(file instanceof Blob);
  equal(await file.text(), "ab");
  ok(new File([], "x").lastModified >= before);
  equal(new File([], null).name, "null");
  equal(new File([], "\ud800").name, "\ufffd");
  ok(!(file.slice() instanceof File), "a slice is no file");
  equal(Object.prototype.toString.call(file), "[object File]");
  throws(TypeError, () => new File([]));
  throws(TypeError, () => new File());
});
