// https://nodejs.org/docs/latest-v20.x/api/buffer.html
import buffer, { Buffer, constants, isUtf8, isAscii, transcode } from "node:buffer";

test("making", () => {
  equal([...Buffer.from("tést")], [116, 195, 169, 115, 116]);
  equal([...Buffer.from([257, 257.5, -255, "1"])], [1, 1, 1, 1]);
  equal([...Buffer.alloc(3, "ab")], [97, 98, 97]);
  equal(Buffer.allocUnsafe(4).length, 4);
  ok(Buffer.from("a") instanceof Uint8Array);
  const bytes = new Uint8Array([1, 2, 3, 4]);
  equal([...Buffer.from(bytes.buffer, 1, 2)], [2, 3]);
  throws(TypeError, () => Buffer.from(1));
  throws(TypeError, () => Buffer.from(null));
  throws(RangeError, () => Buffer.alloc(-1));
  equal([Buffer.isBuffer(Buffer.alloc(0)), Buffer.isBuffer(new Uint8Array())], [true, false]);
});

test("encodings", () => {
  const text = "héllo wörld ✓ 𝒳";
  const all = Buffer.from(text);
  equal(all.toString("hex"), "68c3a96c6c6f2077c3b6726c6420e29c9320f09d92b3");
  equal(all.toString("base64"), "aMOpbGxvIHfDtnJsZCDinJMg8J2Ssw==");
  equal(all.toString("base64url"), "aMOpbGxvIHfDtnJsZCDinJMg8J2Ssw");
  for (const encoding of ["utf8", "utf-8", "hex", "base64", "base64url", "utf16le", "ucs2", "UTF8"]) {
    const source = Buffer.from(text, "utf8").toString(encoding);
    equal(Buffer.from(source, encoding).toString("utf8"), text, encoding);
  }
  equal(Buffer.from("ÿé", "latin1").toString("hex"), "ffe9");
  equal(Buffer.from([0xe9, 0x80]).toString("latin1"), "é\x80");
  equal(Buffer.from([0xe9, 0x41]).toString("ascii"), "iA");
  equal(Buffer.from("-_-_", "base64").toString("hex"), Buffer.from("+/+/", "base64").toString("hex"));
  equal(Buffer.from("YWJj\nZA=", "base64url").toString(), "abcd");
  equal(Buffer.from("1ag123", "hex").length, 1);
  equal(Buffer.from([0xff, 0x61, 0xe2, 0x82]).toString(), "\ufffda\ufffd");
  throws(TypeError, () => Buffer.from("a", "rot13"));
  equal(["utf8", "BASE64", "latin1", "nope", ""].map((it) => Buffer.isEncoding(it)), [true, true, true, false, false]);
  equal([Buffer.byteLength("½"), Buffer.byteLength("YQ==", "base64"), Buffer.byteLength("ab", "ucs2")], [2, 1, 4]);
});

test("numbers", () => {
  const it = Buffer.alloc(8);
  equal(it.writeUInt32BE(0xdeadbeef, 0), 4);
  equal([it.readUInt32LE(0), it.readInt16BE(0), it.readUIntBE(0, 3)], [0xefbeadde, -8531, 0xdeadbe]);
  it.writeDoubleLE(Math.PI);
  equal(it.readDoubleLE(), Math.PI);
  it.writeFloatBE(1.5);
  equal(it.readFloatBE(), 1.5);
  it.writeBigInt64LE(-5n);
  equal([it.readBigInt64LE(), it.readBigUInt64LE()], [-5n, 0xfffffffffffffffbn]);
  it.writeIntLE(-300, 0, 6);
  equal([it.readIntLE(0, 6), it.readUint8(0)], [-300, 212]);
  throws(RangeError, () => it.readUInt32LE(5));
  throws(RangeError, () => it.writeUInt8(256));
});

test("looking and changing", () => {
  const it = Buffer.from("this is a buffer");
  equal([it.indexOf("is"), it.indexOf(Buffer.from("a buffer")), it.indexOf(97), it.lastIndexOf("is"), it.includes("x")], [2, 8, 8, 5, false]);
  equal(Buffer.concat([Buffer.from("ab"), Buffer.from("cd")], 3).toString(), "abc");
  equal([Buffer.compare(Buffer.from("a"), Buffer.from("b")), Buffer.from("a").equals(Buffer.from("a"))], [-1, true]);
  const slice = it.subarray(0, 4);
  ok(Buffer.isBuffer(slice) && slice.buffer === it.buffer, "memory is shared");
  slice[0] = 84;
  equal(it.toString("utf8", 0, 4), "This");
  equal([it.slice(-6).toString(), it.toString("utf8", 10)], ["buffer", "buffer"]);
  equal([...Buffer.from([1, 2, 3, 4]).swap16()], [2, 1, 4, 3]);
  equal([Buffer.alloc(4).fill("é").toString("hex"), Buffer.from("abc").write("zz", 1)], ["c3a9c3a9", 2]);
  const target = Buffer.alloc(3);
  equal([Buffer.from("abcd").copy(target, 1), target.toString("hex")], [2, "006162"]);
  equal(JSON.stringify(Buffer.from("ab")), '{"type":"Buffer","data":[97,98]}');
  equal([...Buffer.from("ab").entries()], [[0, 97], [1, 98]]);
});

test("the rest of the module", () => {
  ok(buffer.Blob === Blob && buffer.File === File && buffer.atob === atob && buffer.btoa === btoa);
  ok(constants.MAX_LENGTH > 2 ** 30 && buffer.kMaxLength === constants.MAX_LENGTH);
  equal([isUtf8(Buffer.from([0xff])), isUtf8(Buffer.from("é")), isAscii(Buffer.from("é"))], [false, true, false]);
  equal(transcode(Buffer.from("€"), "utf8", "utf16le").toString("hex"), "ac20");
});
