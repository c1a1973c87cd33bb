// https://nodejs.org/docs/latest-v20.x/api/string_decoder.html
import { StringDecoder } from "node:string_decoder";
import { Buffer } from "node:buffer";

test("characters in pieces", () => {
  const decoder = new StringDecoder("utf8");
  equal([decoder.write(Buffer.from([0xe2])), decoder.write(Buffer.from([0x82])), decoder.end(Buffer.from([0xac]))], ["", "", "€"]);
  equal([decoder.write(Buffer.from([0xe2, 0x82])), decoder.end()], ["", "\ufffd"]);
  equal(decoder.encoding, "utf8");
  const wide = new StringDecoder("utf16le");
  equal([wide.write(Buffer.from([0x3d, 0xd8])), wide.write(Buffer.from([0x4d])), wide.write(Buffer.from([0xdc]))], ["", "", "👍"]);
  const base64 = new StringDecoder("base64");
  equal([base64.write(Buffer.from("a")), base64.end(Buffer.from("bc"))], ["", "YWJj"]);
  equal(new StringDecoder("hex").write(Buffer.from("a")), "61");
  throws(TypeError, () => new StringDecoder("rot13"));
});
