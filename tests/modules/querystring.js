// https://nodejs.org/docs/latest-v20.x/api/querystring.html
import querystring, { parse, stringify } from "node:querystring";

const plain = (object) => ({ ...object });

test("parse", () => {
  equal(plain(parse("foo=bar&abc=xyz&abc=123")), { foo: "bar", abc: ["xyz", "123"] });
  equal(Object.getPrototypeOf(parse("")), null);
  equal(plain(parse("a=%20+b&c")), { a: "  b", c: "" });
  equal(plain(parse("a:1;b:2", ";", ":")), { a: "1", b: "2" });
  equal(plain(parse("a=1&b=2&c=3", null, null, { maxKeys: 2 })), { a: "1", b: "2" });
  equal(plain(parse("a=%zz")), { a: "%zz" });
  equal(plain(parse("__proto__=1&toString=2")), Object.fromEntries([["__proto__", "1"], ["toString", "2"]]));
  equal(plain(parse("%61=%C3%A9", null, null, { decodeURIComponent: (it) => `<${it}>` })), { "<%61>": "<%C3%A9>" });
});

test("stringify", () => {
  equal(stringify({ foo: "bar", baz: ["qux", "quux"], corge: "" }), "foo=bar&baz=qux&baz=quux&corge=");
  equal(stringify({ foo: "bar", baz: "qux" }, ";", ":"), "foo:bar;baz:qux");
  equal(stringify({ a: 1, b: true, c: 10n, d: null, e: {}, f: NaN }), "a=1&b=true&c=10&d=&e=&f=");
  equal(stringify({ w: "中文" }), "w=%E4%B8%AD%E6%96%87");
  equal(stringify("text"), "");
});

test("escape and unescape", () => {
  equal(querystring.escape("a b&c=é'()*!~"), "a%20b%26c%3D%C3%A9'()*!~");
  equal(querystring.unescape("a%20b%zz"), "a b%zz");
  ok(querystring.decode === parse && querystring.encode === stringify);
});
