// https://fetch.spec.whatwg.org/#headers-class

const list = (headers) => [...headers].map((pair) => pair.join(": "));

test("construction", () => {
  equal(list(new Headers()), []);
  equal(list(new Headers({ "Content-Type": "text/plain", b: 1 })), ["b: 1", "content-type: text/plain"], "a record");
  equal(list(new Headers([["b", "1"], ["a", "2"], ["b", "3"]])), ["a: 2", "b: 1, 3"], "pairs");
  equal(list(new Headers(new Map([["a", "1"]]))), ["a: 1"], "any iterable of pairs");
  equal(list(new Headers(new Headers({ a: "1" }))), ["a: 1"]);
  equal(list(new Headers(undefined)), []);
  throws(TypeError, () => new Headers(null));
  throws(TypeError, () => new Headers(1));
  throws(TypeError, () => new Headers("a: b"));
  throws(TypeError, () => new Headers([["a"]]));
  throws(TypeError, () => new Headers([["a", "b", "c"]]));
  throws(TypeError, () => Headers());
});

test("names and values", () => {
  const headers = new Headers();
  headers.append("X-Name", "  a\t\r\n");
  equal(headers.get("x-NAME"), "a", "white space around a value goes, and names have no case");
  headers.set("x-name", "a\tb c");
  equal(headers.get("x-name"), "a\tb c", "white space inside stays");
  headers.set("x-empty", "");
  equal(headers.get("x-empty"), "");
  headers.set("x-number", 7);
  equal(headers.get("x-number"), "7");
  headers.set("x-latin", "\u00e9\u00ff");
  equal(headers.get("x-latin"), "\u00e9\u00ff", "values are bytes");
  for (const name of ["", " ", "a b", "a:", "a\n", "a\u00e9", "(a)", "a,b", "a/b", "a=b", "a@b", "\"a\"", "a[b]", "a{b}"]) {
    throws(TypeError, () => headers.append(name, "x"), `append ${JSON.stringify(name)}`);
    throws(TypeError, () => headers.get(name), `get ${JSON.stringify(name)}`);
    throws(TypeError, () => headers.has(name), `has ${JSON.stringify(name)}`);
    throws(TypeError, () => headers.delete(name), `delete ${JSON.stringify(name)}`);
  }
  for (const name of ["!#$%&'*+-.^_`|~", "0", "A"]) {
    headers.set(name, "x");
    equal(headers.get(name), "x", name);
  }
  for (const value of ["a\0b", "a\nb", "a\rb", "a\r\nb", "\u0100", "\u{1f600}"]) {
    throws(TypeError, () => headers.set("a", value), JSON.stringify(value));
  }
});

test("reading and changing", () => {
  const headers = new Headers({ a: "1" });
  equal(headers.get("z"), null);
  equal(headers.has("A"), true);
  equal(headers.has("z"), false);
  equal(headers.append("a", "2"), undefined);
  equal(headers.get("a"), "1, 2", "values are joined");
  headers.append("a", "");
  equal(headers.get("a"), "1, 2, ");
  headers.set("A", "3");
  equal(headers.get("a"), "3");
  headers.delete("A");
  equal(headers.has("a"), false);
  equal(headers.delete("never-there"), undefined);
  throws(TypeError, () => headers.append("a"));
  throws(TypeError, () => headers.get());
});

test("Set-Cookie is not joined", () => {
  const headers = new Headers([["Set-Cookie", "a=1"], ["x", "y"], ["set-cookie", "b=2, c"]]);
  equal(headers.getSetCookie(), ["a=1", "b=2, c"]);
  equal(list(headers), ["set-cookie: a=1", "set-cookie: b=2, c", "x: y"]);
  equal(headers.get("set-cookie"), "a=1, b=2, c");
  headers.set("set-cookie", "d=3");
  equal(headers.getSetCookie(), ["d=3"]);
  equal(new Headers().getSetCookie(), []);
});

test("iteration", () => {
  const headers = new Headers([["c", "1"], ["B", "2"], ["a", "3"]]);
  equal([...headers.keys()], ["a", "b", "c"], "sorted, in lower case");
  equal([...headers.values()], ["3", "2", "1"]);
  equal([...headers.entries()], [...headers]);
  equal(headers[Symbol.iterator], headers.entries);
  const seen = [];
  headers.forEach(function (value, name, all) { seen.push(`${name}${value}${all === headers}${this.x}`) }, { x: 9 });
  equal(seen, ["a3true9", "b2true9", "c1true9"]);
  equal(Object.prototype.toString.call(headers.keys()), "[object Headers Iterator]");
  equal(Object.prototype.toString.call(headers), "[object Headers]");
  equal(Object.keys(Headers.prototype).sort().join(), "append,delete,entries,forEach,get,getSetCookie,has,keys,set,values");
  throws(TypeError, () => Headers.prototype.get.call({}, "a"));
});

test("guards", () => {
  const response = Response.error();
  throws(TypeError, () => response.headers.set("a", "b"), "of an error they are immutable");
  throws(TypeError, () => Response.redirect("http://a/").headers.append("a", "b"), "and of a redirect");
  throws(TypeError, () => response.headers.delete("a"));
  const own = new Response().headers;
  own.set("a", "b");
  equal(own.get("a"), "b", "one's own can be changed");
});
