// https://infra.spec.whatwg.org/#forgiving-base64, https://html.spec.whatwg.org/multipage/webappapis.html#atob,
// https://tc39.es/proposal-arraybuffer-base64/spec/

test("btoa", () => {
  for (const [text, encoded] of [
    ["", ""], ["f", "Zg=="], ["fo", "Zm8="], ["foo", "Zm9v"], ["foob", "Zm9vYg=="], ["fooba", "Zm9vYmE="], ["foobar", "Zm9vYmFy"],
    ["\0\xff\xfe", "AP/+"], ["\xe9", "6Q=="], [null, "bnVsbA=="], [undefined, "dW5kZWZpbmVk"], [7, "Nw=="],
  ]) equal(btoa(text), encoded, String(text));
  throws("InvalidCharacterError", () => btoa("\u0100"));
  throws("InvalidCharacterError", () => btoa("a\u{1f600}"));
  throws(TypeError, () => btoa());
});

test("atob", () => {
  for (const [encoded, text] of [
    ["", ""], ["Zg==", "f"], ["Zg", "f"], ["Zm8=", "fo"], ["Zm8", "fo"], ["Zm9v", "foo"], ["AP/+", "\0\xff\xfe"],
    [" Z\tm\n9\fv\r", "foo"], ["Zh==", "f"], [" ", ""], [null, "\x9e\xe9e"], [12, "\xd7"],
  ]) equal(atob(encoded), text, JSON.stringify(encoded));
  for (const encoded of ["a", "Zg=", "Z===", "=", "Zm9v=", "Zm9vYg===", "Zm-v", "Zm_v", "Z\u00a0g==", "Zg==Zg==", "Z\u0100", "Zm9vY"]) {
    throws("InvalidCharacterError", () => atob(encoded), encoded);
  }
  throws(TypeError, () => atob());
  let all = "";
  for (let code = 0; code < 256; code++) all += String.fromCharCode(code);
  equal(atob(btoa(all)), all, "every byte there and back");
});

test("Uint8Array to and from base64", () => {
  const bytes = new Uint8Array([0, 255, 254, 1]);
  equal(bytes.toBase64(), "AP/+AQ==");
  equal(bytes.toBase64({ alphabet: "base64url" }), "AP_-AQ==");
  equal(bytes.toBase64({ omitPadding: true }), "AP/+AQ");
  equal(Uint8Array.fromBase64("AP/+AQ=="), bytes);
  equal(Uint8Array.fromBase64("AP_-AQ", { alphabet: "base64url" }), bytes);
  equal(Uint8Array.fromBase64(" AP/ +AQ "), bytes, "white space");
  throws(SyntaxError, () => Uint8Array.fromBase64("AP_-"));
  throws(SyntaxError, () => Uint8Array.fromBase64("AQ", { lastChunkHandling: "strict" }));
  equal(Uint8Array.fromBase64("AAAAAQ", { lastChunkHandling: "stop-before-partial" }), new Uint8Array(3));
  const target = new Uint8Array(2);
  const { read, written } = target.setFromBase64("AQID");
  equal([read, written], [0, 0], "three bytes don't fit in two");
  throws(TypeError, () => bytes.toBase64({ alphabet: "x" }));
});

test("Uint8Array to and from hexadecimal", () => {
  equal(new Uint8Array([0, 171, 255]).toHex(), "00abff");
  equal(Uint8Array.fromHex("00ABff"), new Uint8Array([0, 171, 255]));
  equal(Uint8Array.fromHex(""), new Uint8Array());
  throws(SyntaxError, () => Uint8Array.fromHex("0"));
  throws(SyntaxError, () => Uint8Array.fromHex("0g"));
});
