// https://nodejs.org/docs/latest-v20.x/api/url.html
import url, { domainToASCII, domainToUnicode, fileURLToPath, format, parse, pathToFileURL, resolve, urlToHttpOptions } from "node:url";

test("the classes are the platform's own", () => {
  ok(url.URL === URL && url.URLSearchParams === URLSearchParams);
});

test("the legacy parser", () => {
  const parsed = parse("https://user:pass@sub.example.com:8080/p/a/t/h?query=string#hash");
  equal([parsed.protocol, parsed.slashes, parsed.auth, parsed.host, parsed.port, parsed.hostname],
    ["https:", true, "user:pass", "sub.example.com:8080", "8080", "sub.example.com"]);
  equal([parsed.hash, parsed.search, parsed.query, parsed.pathname, parsed.path],
    ["#hash", "?query=string", "query=string", "/p/a/t/h", "/p/a/t/h?query=string"]);
  equal(parsed.href, "https://user:pass@sub.example.com:8080/p/a/t/h?query=string#hash");
  equal({ ...parse("/a?b=c", true).query }, { b: "c" });
  equal(parse("//host/path", false, true).host, "host");
  throws(TypeError, () => parse(1));
});

test("format", () => {
  equal(format({ protocol: "https", hostname: "example.com", port: 80, pathname: "/some/path", query: { page: 1, format: "json" } }),
    "https://example.com:80/some/path?page=1&format=json");
  const address = new URL("https://a:b@測試?abc#foo");
  equal(format(address), "https://a:b@xn--g6w251d/?abc#foo");
  equal(format(address, { fragment: false, unicode: true, auth: false }), "https://測試/?abc");
});

test("resolve", () => {
  equal(resolve("/one/two/three", "four"), "/one/two/four");
  equal(resolve("http://example.com/", "/one"), "http://example.com/one");
  equal(resolve("http://example.com/one", "/two"), "http://example.com/two");
});

test("files, domains, options", () => {
  equal(fileURLToPath("file:///a/b%20c"), "/a/b c");
  throws(TypeError, () => fileURLToPath("https://example.com/a"));
  equal(pathToFileURL("/foo#1").href, "file:///foo%231");
  equal(pathToFileURL("/some/path%.c").href, "file:///some/path%25.c");
  equal([domainToASCII("español.com"), domainToASCII("xn--iñvalid.com")], ["xn--espaol-zwa.com", ""]);
  equal(domainToUnicode("xn--espaol-zwa.com"), "español.com");
  const options = urlToHttpOptions(new URL("https://a:b@example.com:8080/x?abc#foo"));
  equal([options.protocol, options.hostname, options.path, options.auth, options.port],
    ["https:", "example.com", "/x?abc", "a:b", 8080]);
});
