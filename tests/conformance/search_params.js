// https://url.spec.whatwg.org/#interface-urlsearchparams

const list = (params) => [...params];

test("construction", () => {
  equal(list(new URLSearchParams()), []);
  equal(list(new URLSearchParams("a=1&b=2")), [["a", "1"], ["b", "2"]]);
  equal(list(new URLSearchParams("?a=1")), [["a", "1"]], "one leading question mark is dropped");
  equal(list(new URLSearchParams("??a=1")), [["?a", "1"]]);
  equal(list(new URLSearchParams([["a", 1], ["b", null]])), [["a", "1"], ["b", "null"]], "pairs");
  equal(list(new URLSearchParams({ a: 1, b: undefined })), [["a", "1"], ["b", "undefined"]], "a record");
  equal(list(new URLSearchParams(new Map([["a", "b"]]))), [["a", "b"]], "any iterable of pairs");
  equal(list(new URLSearchParams(new URLSearchParams("a=1&a=2"))), [["a", "1"], ["a", "2"]]);
  equal(list(new URLSearchParams(null)), [["null", ""]]);
  equal(list(new URLSearchParams({ "\ud800": "\udc00" })), [["\ufffd", "\ufffd"]], "strings are well formed");
  throws(TypeError, () => new URLSearchParams([["a"]]));
  throws(TypeError, () => new URLSearchParams([["a", "b", "c"]]));
  throws(TypeError, () => new URLSearchParams([1]));
  throws(TypeError, () => new URLSearchParams({ [Symbol.iterator]: 1 }));
  throws(TypeError, () => URLSearchParams());
});

test("parsing", () => {
  for (const [text, pairs] of [
    ["", []],
    ["&&", []],
    ["a", [["a", ""]]],
    ["=", [["", ""]]],
    ["=b", [["", "b"]]],
    ["a=b=c", [["a", "b=c"]]],
    ["a+b=c+d", [["a b", "c d"]]],
    ["a%20b=%2B", [["a b", "+"]]],
    ["a=%", [["a", "%"]]],
    ["a=%4", [["a", "%4"]]],
    ["a=%zz", [["a", "%zz"]]],
    ["%C3%A9=\u00e9", [["\u00e9", "\u00e9"]]],
    ["a=%ff", [["a", "\ufffd"]]],
    ["a=%F0%9F%98%80", [["a", "\u{1f600}"]]],
    ["a=%EF%BB%BFb", [["a", "\ufeffb"]]],
    ["a;b=c", [["a;b", "c"]]],
    ["a=1&a=2&a=1", [["a", "1"], ["a", "2"], ["a", "1"]]],
  ]) equal(list(new URLSearchParams(text)), pairs, text);
});

test("serialising", () => {
  const text = (name, value) => new URLSearchParams([[name, value]]).toString();
  equal(text("a b", "c+d"), "a+b=c%2Bd");
  equal(text("*-._", "~!'()"), "*-._=%7E%21%27%28%29");
  equal(text("&=", "%#?"), "%26%3D=%25%23%3F");
  equal(text("\u00e9", "\u{1f600}"), "%C3%A9=%F0%9F%98%80");
  equal(text("", ""), "=");
  equal(text("\r\n", "\0"), "%0D%0A=%00");
  equal(String(new URLSearchParams("a&b&&c=")), "a=&b=&c=");
});

test("reading and changing", () => {
  const params = new URLSearchParams("a=1&b=2&a=3");
  equal(params.get("a"), "1");
  equal(params.get("z"), null);
  equal(params.getAll("a"), ["1", "3"]);
  equal(params.getAll("z"), []);
  equal(params.has("b"), true);
  equal(params.has("z"), false);
  equal(params.has("a", "3"), true);
  equal(params.has("a", "2"), false);
  equal(params.has("a", undefined), true, "an undefined value is none");
  equal(params.size, 3);
  params.append("c", 4);
  equal(String(params), "a=1&b=2&a=3&c=4");
  params.set("a", 5);
  equal(String(params), "a=5&b=2&c=4", "the first is set, the others go");
  params.set("d", 6);
  equal(String(params), "a=5&b=2&c=4&d=6");
  params.delete("b");
  equal(String(params), "a=5&c=4&d=6");
  params.append("d", 7);
  params.delete("d", "6");
  equal(String(params), "a=5&c=4&d=7");
  params.delete("d", undefined);
  equal(String(params), "a=5&c=4");
  throws(TypeError, () => params.append("a"));
  throws(TypeError, () => params.get());
});

test("sorting", () => {
  const sorted = (text) => {
    const params = new URLSearchParams(text);
    params.sort();
    return list(params).map((pair) => pair.join("=")).join("&");
  };
  equal(sorted("z=1&a=2&z=0&b"), "a=2&b=&z=1&z=0", "it is stable");
  equal(sorted("\ufb03&\u{1f308}"), "\u{1f308}=&\ufb03=", "by code units");
  equal(sorted("ab&a&"), "a=&ab=");
});

test("iteration", () => {
  const params = new URLSearchParams("a=1&b=2&c=3");
  equal([...params.keys()], ["a", "b", "c"]);
  equal([...params.values()], ["1", "2", "3"]);
  equal([...params.entries()], list(params));
  equal(params[Symbol.iterator], params.entries);
  const seen = [];
  params.forEach(function (value, key, all) { seen.push(`${key}${value}${all === params}${this.x}`) }, { x: 9 });
  equal(seen, ["a1true9", "b2true9", "c3true9"]);
  throws(TypeError, () => params.forEach());
  const live = [];
  for (const [key] of params) {
    live.push(key);
    if (key === "a") params.delete("b");
  }
  equal(live, ["a", "c"], "it is live");
  const iterator = params.keys();
  equal(Object.prototype.toString.call(iterator), "[object URLSearchParams Iterator]");
  equal(iterator.next(), { value: "a", done: false });
  const prototype = Object.getPrototypeOf(iterator);
  ok(prototype.next instanceof Function);
  ok(Object.getPrototypeOf(prototype) === Object.getPrototypeOf(Object.getPrototypeOf([].values())), "%IteratorPrototype%");
});

test("together with a URL", () => {
  const url = new URL("http://a/?b=1#c");
  const { searchParams } = url;
  ok(url.searchParams === searchParams, "it is always the same object");
  searchParams.append("d", "e f");
  equal(url.href, "http://a/?b=1&d=e+f#c");
  url.search = "?x=%20";
  equal(list(searchParams), [["x", " "]]);
  url.href = "http://a/?y";
  equal(list(searchParams), [["y", ""]]);
  searchParams.delete("y");
  equal(url.href, "http://a/");
  url.search = "?a=b ~";
  equal(url.search, "?a=b%20~");
  searchParams.sort();
  equal(url.search, "?a=b+%7E", "the list is written back");
});
