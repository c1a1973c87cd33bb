// https://urlpattern.spec.whatwg.org

test("construction", () => {
  const pattern = new URLPattern("https://example.com/books/:id");
  equal(pattern.protocol, "https");
  equal(pattern.hostname, "example.com");
  equal(pattern.port, "");
  equal(pattern.pathname, "/books/:id");
  equal(pattern.search, "*");
  equal(pattern.hash, "*");
  equal(pattern.username, "*");
  equal(pattern.password, "*");
  equal(new URLPattern().pathname, "*");
  equal(new URLPattern({ pathname: "/a" }).hostname, "*");
  equal(new URLPattern("/a/:b", "https://c.d").hostname, "c.d");
  equal(new URLPattern({ pathname: "b", baseURL: "https://c.d/a/x" }).pathname, "/a/b");
  equal(new URLPattern({ hostname: "\u00e9.com" }).hostname, "xn--9ca.com");
  equal(new URLPattern({ pathname: "/\u00e9" }).pathname, "/%C3%A9");
  throws(TypeError, () => new URLPattern("/a"), "a relative pattern needs a base");
  throws(TypeError, () => new URLPattern({ pathname: "/(" }));
  throws(TypeError, () => new URLPattern({ pathname: "/:a/:a" }), "a name twice");
  throws(TypeError, () => new URLPattern({ pathname: "/" }, "https://a"), "an object and a base");
  throws(TypeError, () => URLPattern({}));
});

test("matching paths", () => {
  for (const [pathname, path, groups] of [
    ["/a", "/a", {}],
    ["/a", "/a/", null],
    ["/a", "/A", null],
    ["/:x", "/abc", { x: "abc" }],
    ["/:x", "/a/b", null],
    ["/:x", "/", null],
    ["/a/*", "/a/b/c", { 0: "b/c" }],
    ["/a/*", "/a", null],
    ["/*/b/*", "/x/b/y", { 0: "x", 1: "y" }],
    ["/a/:x?", "/a", { x: undefined }],
    ["/a/:x?", "/a/b", { x: "b" }],
    ["/a/:x+", "/a/b/c", { x: "b/c" }],
    ["/a/:x*", "/a", { x: undefined }],
    ["/:n(\\d+)", "/42", { n: "42" }],
    ["/:n(\\d+)", "/4x", null],
    ["/(a|b)", "/b", { 0: "b" }],
    ["/a{b}?c", "/ac", {}],
    ["/a{b}?c", "/abc", {}],
    ["/a{/:x}?", "/a", { x: undefined }],
    ["/:x.:y", "/a.b", { x: "a", y: "b" }],
    ["/\\:x", "/:x", {}],
  ]) {
    const result = new URLPattern({ pathname }).exec({ pathname: path });
    equal(result && { ...result.pathname.groups }, groups, `${pathname} on ${path}`);
    equal(new URLPattern({ pathname }).test({ pathname: path }), groups !== null, `test ${pathname} on ${path}`);
  }
});

test("matching the other parts", () => {
  const pattern = new URLPattern({ protocol: "http{s}?", hostname: ":sub.example.com", search: "*q=:q" });
  const result = pattern.exec("https://api.example.com/x?a&q=1#h");
  equal(result.protocol.input, "https");
  equal({ ...result.hostname.groups }, { sub: "api" });
  equal(result.search.groups.q, "1");
  equal(result.hash.input, "h");
  equal(result.inputs, ["https://api.example.com/x?a&q=1#h"]);
  equal(pattern.exec("ftp://api.example.com/?q=1"), null);
  equal(pattern.test("a", "https://b.example.com/?q=1"), false, "a relative reference drops the query");
  ok(pattern.test("?q=1", "https://b.example.com/"), "input and base");
  equal(pattern.test("no address"), false);
  ok(new URLPattern({ pathname: "/ABC" }, { ignoreCase: true }).test({ pathname: "/abc" }), "ignoreCase");
  equal(new URLPattern({ port: "80", protocol: "http" }).port, "", "the default port is none");
  equal(new URLPattern({ pathname: "/(\\d+)" }).hasRegExpGroups, true);
  equal(new URLPattern({ pathname: "/:a" }).hasRegExpGroups, false);
});

known("deno_web compiles them with the flag u", "regular expressions have the flag v", () => {
  ok(new URLPattern({ pathname: "/([[a-z]--a])" }).test({ pathname: "/b" }));
});
known("deno_web asks for one", "matching needs no argument", () => ok(new URLPattern().test()));
