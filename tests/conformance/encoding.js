// https://encoding.spec.whatwg.org

const bytes = (...values) => new Uint8Array(values);

test("TextEncoder", () => {
  const encoder = new TextEncoder();
  equal(encoder.encoding, "utf-8");
  equal(encoder.encode(), bytes());
  equal(encoder.encode(undefined), bytes());
  equal(encoder.encode("a\u00e9\u20ac\u{1f600}"), bytes(97, 195, 169, 226, 130, 172, 240, 159, 152, 128));
  equal(encoder.encode("\ud800a\udc00"), bytes(239, 191, 189, 97, 239, 191, 189), "lone surrogates");
  equal(encoder.encode(null), bytes(110, 117, 108, 108));
  equal(new TextEncoder("utf-16le").encoding, "utf-8", "there is no other");
  throws(TypeError, () => TextEncoder());
});

test("TextEncoder.encodeInto", () => {
  const encoder = new TextEncoder();
  const into = (text, room) => {
    const target = new Uint8Array(room);
    const { read, written } = encoder.encodeInto(text, target);
    return [read, written, [...target]];
  };
  equal(into("abc", 5), [3, 3, [97, 98, 99, 0, 0]]);
  equal(into("abc", 2), [2, 2, [97, 98]]);
  equal(into("\u20ac", 2), [0, 0, [0, 0]], "no part of a character");
  equal(into("a\u{1f600}", 5), [3, 5, [97, 240, 159, 152, 128]], "a pair is two units");
  equal(into("\ud800", 3), [1, 3, [239, 191, 189]]);
  equal(into("", 0), [0, 0, []]);
  throws(TypeError, () => encoder.encodeInto("a", new Uint16Array(1)));
  throws(TypeError, () => encoder.encodeInto("a"));
});

test("TextDecoder for UTF-8", () => {
  const decoder = new TextDecoder();
  equal([decoder.encoding, decoder.fatal, decoder.ignoreBOM], ["utf-8", false, false]);
  equal(decoder.decode(), "");
  equal(decoder.decode(bytes(97, 195, 169, 226, 130, 172, 240, 159, 152, 128)), "a\u00e9\u20ac\u{1f600}");
  for (const [what, input, text] of [
    ["a lone continuation", [128], "\ufffd"],
    ["an overlong form", [192, 128], "\ufffd\ufffd"],
    ["a surrogate", [237, 160, 128], "\ufffd\ufffd\ufffd"],
    ["past the last code point", [244, 144, 128, 128], "\ufffd\ufffd\ufffd\ufffd"],
    ["a sequence cut short", [226, 130], "\ufffd"],
    ["a sequence cut by a letter", [240, 159, 152, 97], "\ufffda"],
    ["bytes that never occur", [255, 254], "\ufffd\ufffd"],
    ["a byte order mark", [239, 187, 191, 97], "a"],
    ["a second byte order mark", [239, 187, 191, 239, 187, 191], "\ufeff"],
    ["a zero", [0], "\0"],
  ]) equal(new TextDecoder().decode(bytes(...input)), text, what);
  equal(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes(239, 187, 191, 97)), "\ufeffa");
});

test("fatal decoding", () => {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  equal(decoder.fatal, true);
  for (const input of [[255], [192, 128], [237, 160, 128], [226, 130], [128]]) {
    throws(TypeError, () => decoder.decode(bytes(...input)), String(input));
  }
  equal(decoder.decode(bytes(97)), "a", "it can be used again");
  throws(TypeError, () => new TextDecoder("utf-16le", { fatal: true }).decode(bytes(0)));
});

test("decoding piece by piece", () => {
  const decoder = new TextDecoder();
  const more = { stream: true };
  equal(decoder.decode(bytes(226), more), "");
  equal(decoder.decode(bytes(130), more), "");
  equal(decoder.decode(bytes(172), more), "\u20ac");
  equal(decoder.decode(bytes(240, 159), more), "");
  equal(decoder.decode(), "\ufffd", "the end cuts it off");
  equal(decoder.decode(bytes(239), more) + decoder.decode(bytes(187, 191, 97)), "a", "a byte order mark in two pieces");
  equal(decoder.decode(bytes(239, 187, 191, 98)), "b", "each stream has its own");
  const wide = new TextDecoder("utf-16le");
  equal(wide.decode(bytes(61), more) + wide.decode(bytes(216, 0), more) + wide.decode(bytes(222)), "\u{1f600}");
  const strict = new TextDecoder("utf-8", { fatal: true });
  strict.decode(bytes(226), more);
  throws(TypeError, () => strict.decode());
});

test("sources", () => {
  const decoder = new TextDecoder();
  const source = bytes(97, 98, 99, 100);
  equal(decoder.decode(source.buffer), "abcd", "ArrayBuffer");
  equal(decoder.decode(new DataView(source.buffer, 1, 2)), "bc", "DataView");
  equal(decoder.decode(source.subarray(2)), "cd", "a part");
  equal(decoder.decode(new Uint16Array(source.buffer)), "abcd", "any view");
  const shared = new SharedArrayBuffer(1);
  new Uint8Array(shared)[0] = 97;
  equal(decoder.decode(shared), "a", "SharedArrayBuffer");
  throws(TypeError, () => decoder.decode("a"));
  throws(TypeError, () => decoder.decode([97]));
});

test("labels", () => {
  for (const [label, encoding] of [
    ["UTF8", "utf-8"], [" utf-8\n", "utf-8"], ["unicode-1-1-utf-8", "utf-8"], ["latin1", "windows-1252"], ["ascii", "windows-1252"],
    ["iso-8859-1", "windows-1252"], ["l2", "iso-8859-2"], ["cyrillic", "iso-8859-5"], ["arabic", "iso-8859-6"],
    ["greek", "iso-8859-7"], ["visual", "iso-8859-8"], ["logical", "iso-8859-8-i"], ["latin6", "iso-8859-10"], ["l9", "iso-8859-15"],
    ["koi8", "koi8-r"], ["koi8-ru", "koi8-u"], ["mac", "macintosh"], ["dos-874", "windows-874"], ["cp1251", "windows-1251"],
    ["latin5", "windows-1254"], ["x-mac-ukrainian", "x-mac-cyrillic"], ["gb2312", "gbk"], ["gb18030", "gb18030"],
    ["cn-big5", "big5"], ["x-euc-jp", "euc-jp"], ["csiso2022jp", "iso-2022-jp"], ["sjis", "shift_jis"], ["ks_c_5601-1987", "euc-kr"],
    ["unicodefffe", "utf-16be"], ["utf-16", "utf-16le"], ["ucs-2", "utf-16le"], ["x-user-defined", "x-user-defined"],
  ]) equal(new TextDecoder(label).encoding, encoding, label);
  for (const label of ["", "utf-7", "utf-32", "replacement", "hz-gb-2312", "iso-2022-kr", "\u00a0utf-8", "utf-8\0", "null"]) {
    throws(RangeError, () => new TextDecoder(label), JSON.stringify(label));
  }
});

test("legacy encodings", () => {
  for (const [label, input, text] of [
    ["windows-1252", [128, 233, 129], "\u20ac\u00e9\u0081"],
    ["iso-8859-15", [164], "\u20ac"],
    ["windows-1251", [207, 240], "\u041f\u0440"],
    ["koi8-r", [240, 210], "\u041f\u0440"],
    ["macintosh", [142, 240], "\u00e9\uf8ff"],
    ["shift_jis", [147, 250, 150, 123, 177], "\u65e5\u672c\uff71"],
    ["euc-jp", [198, 252], "\u65e5"],
    ["iso-2022-jp", [27, 36, 66, 70, 124, 27, 40, 66, 97], "\u65e5a"],
    ["gbk", [214, 208, 128], "\u4e2d\u20ac"],
    ["gb18030", [148, 57, 252, 54], "\u{1f600}"],
    ["big5", [164, 164, 136, 98], "\u4e2d\u00ca\u0304"],
    ["euc-kr", [199, 209], "\ud55c"],
    ["x-user-defined", [128, 97], "\uf780a"],
    ["utf-16le", [61, 216, 0, 222, 255, 254], "\u{1f600}\ufeff"],
    ["utf-16be", [216, 61, 222, 0], "\u{1f600}"],
    ["utf-16le", [255, 254, 97, 0], "a"],
    ["utf-16le", [0, 216, 97, 0], "\ufffda"],
  ]) equal(new TextDecoder(label).decode(bytes(...input)), text, `${label} ${input}`);
});

test("TextDecoderStream and TextEncoderStream", async () => {
  const through = async (transform, ...chunks) => {
    const source = new ReadableStream({
      start(to) {
        for (const chunk of chunks) to.enqueue(chunk);
        to.close();
      },
    });
    return Array.fromAsync(source.pipeThrough(transform));
  };
  const decoder = new TextDecoderStream("latin1", { fatal: true });
  equal([decoder.encoding, decoder.fatal, decoder.ignoreBOM], ["windows-1252", true, false]);
  ok(decoder.readable instanceof ReadableStream && decoder.writable instanceof WritableStream);
  equal((await through(new TextDecoderStream(), bytes(97, 226), bytes(130), bytes(172, 98))).join(""), "a\u20acb");
  equal((await through(new TextDecoderStream(), bytes(97, 226))).join(""), "a\ufffd", "cut off at the end");
  await rejects(TypeError, through(new TextDecoderStream("utf-8", { fatal: true }), bytes(255)));
  await rejects(TypeError, through(new TextDecoderStream(), "a"));
  equal(new TextEncoderStream().encoding, "utf-8");
  equal(await through(new TextEncoderStream(), "\u20ac", "", "a"), [bytes(226, 130, 172), bytes(97)]);
  equal(await through(new TextEncoderStream(), "\ud83d", "\ude00"), [bytes(240, 159, 152, 128)], "a pair in two chunks");
  equal(await through(new TextEncoderStream(), "\ud83d"), [bytes(239, 191, 189)], "half a pair");
  equal(await through(new TextEncoderStream(), 1), [bytes(49)]);
});
