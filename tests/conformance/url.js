// https://url.spec.whatwg.org/#url-class, and what the URL parser makes of addresses.

test("the parts of an address", () => {
  const url = new URL("https://user:secret@Example.COM:8443/a/b/../c?q=1&r=%20#frag");
  equal(url.href, "https://user:secret@example.com:8443/a/c?q=1&r=%20#frag");
  equal(url.origin, "https://example.com:8443");
  equal(url.protocol, "https:");
  equal(url.username, "user");
  equal(url.password, "secret");
  equal(url.host, "example.com:8443");
  equal(url.hostname, "example.com");
  equal(url.port, "8443");
  equal(url.pathname, "/a/c");
  equal(url.search, "?q=1&r=%20");
  equal(url.hash, "#frag");
  equal(String(url), url.href);
  equal(JSON.stringify({ url }), `{"url":"${url.href}"}`);
});

test("addresses are normalised", () => {
  for (const [input, href] of [
    ["http://example.com", "http://example.com/"],
    ["HTTP://EXAMPLE.com:80/", "http://example.com/"],
    ["https://example.com:443/x", "https://example.com/x"],
    ["ws://example.com:80", "ws://example.com/"],
    ["ftp://example.com:21/", "ftp://example.com/"],
    ["  http://example.com/\n ", "http://example.com/"],
    ["ht\ntp://exa\tmple.com/a\rb", "http://example.com/ab"],
    ["http:\\\\example.com\\a\\b", "http://example.com/a/b"],
    ["http:example.com", "http://example.com/"],
    ["http:////example.com", "http://example.com/"],
    ["http://a/b/./c/../d", "http://a/b/d"],
    ["http://a/%2e%2E/b/%2e", "http://a/b/"],
    ["http://a/../../b", "http://a/b"],
    ["http://a/b c?d e#f g", "http://a/b%20c?d%20e#f%20g"],
    ["http://a/\u00e9?\u00e9#\u00e9", "http://a/%C3%A9?%C3%A9#%C3%A9"],
    ["http://a/?'\"<>", "http://a/?%27%22%3C%3E"],
    ["x://a/?'", "x://a/?'"],
    ["http://a/%zz%4", "http://a/%zz%4"],
    ["http://a@b@c/", "http://a%40b@c/"],
    ["http://:@a/", "http://a/"],
    ["http://a?b", "http://a/?b"],
    ["http://a#b", "http://a/#b"],
    ["http://a/?", "http://a/?"],
    ["http://a/#", "http://a/#"],
    ["http://ex%41mple.com/", "http://example.com/"],
    ["http://m\u00fcnchen.de/", "http://xn--mnchen-3ya.de/"],
    ["http://fa\u00df.de/", "http://xn--fa-hia.de/"],
    ["http://\uff27\uff4f.com/", "http://go.com/"],
    ["mailto:a@b.c", "mailto:a@b.c"],
    ["data:text/plain,a b", "data:text/plain,a b"],
    ["javascript:alert(1)", "javascript:alert(1)"],
    ["x:/a/../b", "x:/b"],
    ["x:a/../b", "x:a/../b"],
    ["x://H\u00d6/", "x://H%C3%96/"],
    ["file:c:\\a", "file:///c:/a"],
    ["file://localhost/a", "file:///a"],
    ["http://a/\ud800", "http://a/%EF%BF%BD"],
  ]) equal(new URL(input).href, href, JSON.stringify(input));
});

test("hosts that are numbers", () => {
  for (const [host, expected] of [
    ["127.0.0.1", "127.0.0.1"],
    ["127.1", "127.0.0.1"],
    ["0x7f.1", "127.0.0.1"],
    ["0177.0.0.1", "127.0.0.1"],
    ["2130706433", "127.0.0.1"],
    ["0xffffffff", "255.255.255.255"],
    ["1.2.3.", "1.2.0.3"],
    ["0", "0.0.0.0"],
    ["\uff11.2.3.4", "1.2.3.4"],
    ["[::1]", "[::1]"],
    ["[0:0:0:0:0:0:0:1]", "[::1]"],
    ["[2001:DB8::0:0:1]", "[2001:db8::1]"],
    ["[::ffff:127.0.0.1]", "[::ffff:7f00:1]"],
    ["[1:0:0:2:0:0:0:3]", "[1:0:0:2::3]"],
  ]) equal(new URL(`http://${host}/`).hostname, expected, host);
});

test("what is no address", () => {
  for (const input of [
    "", "a", "//a", "/a", "http:", "http://", "http://a b/", "http://a:99999/", "http://a:b/", "http://[::1",
    "http://[1]/", "http://256.256.256.256/", "http://1.2.3.4.5/", "http://0x100000000/", "http://a%00b/", "http://a<b/",
    "http://a^b/", "http://%/", "https://\u00ad/", "http://:80/", "http://@/", "1http://a/", "http://1.2.3.08/",
    "http://[::1%25eth0]/", "http://[1::2::3]/", "file://a:80/", "x://a b/",
  ]) {
    throws(TypeError, () => new URL(input), input);
    equal(URL.canParse(input), false, `canParse ${input}`);
    equal(URL.parse(input), null, `parse ${input}`);
  }
});

test("relative references (RFC 3986, section 5.4)", () => {
  const base = "http://a/b/c/d;p?q";
  for (const [reference, href] of [
    ["g:h", "g:h"], ["g", "http://a/b/c/g"], ["./g", "http://a/b/c/g"], ["g/", "http://a/b/c/g/"], ["/g", "http://a/g"],
    ["//g", "http://g/"], ["?y", "http://a/b/c/d;p?y"], ["g?y", "http://a/b/c/g?y"], ["#s", "http://a/b/c/d;p?q#s"],
    [";x", "http://a/b/c/;x"], ["", "http://a/b/c/d;p?q"], [".", "http://a/b/c/"], ["..", "http://a/b/"],
    ["../g", "http://a/b/g"], ["../../g", "http://a/g"], ["../../../g", "http://a/g"], ["/./g", "http://a/g"],
    ["g.", "http://a/b/c/g."], ["..g", "http://a/b/c/..g"], ["./g/.", "http://a/b/c/g/"], ["g?y/../x", "http://a/b/c/g?y/../x"],
  ]) equal(new URL(reference, base).href, href, reference);
  equal(new URL("b", new URL("x:/a/c")).href, "x:/a/b", "the base may be a URL");
  equal(new URL("#f", "mailto:a").href, "mailto:a#f", "an opaque path takes a fragment");
  throws(TypeError, () => new URL("a", "mailto:b"), "an opaque path takes nothing else");
  throws(TypeError, () => new URL("a", "b"), "the base is absolute");
  equal(URL.canParse("a", "http://b/"), true);
  equal(URL.parse("a", "http://b/").href, "http://b/a");
  ok(URL.parse("http://b/") instanceof URL);
});

test("origins", () => {
  for (const [input, origin] of [
    ["http://a/", "http://a"], ["https://a:444/x", "https://a:444"], ["ftp://a/", "ftp://a"], ["ws://a/", "ws://a"],
    ["file:///a", "null"], ["data:,a", "null"], ["x://a/", "null"], ["blob:https://a.b/1", "https://a.b"],
    ["blob:1", "null"],
  ]) equal(new URL(input).origin, origin, input);
});

test("setters", () => {
  const set = (start, name, value) => {
    const url = new URL(start);
    url[name] = value;
    return url.href;
  };
  for (const [start, name, value, href] of [
    ["http://a/", "protocol", "https", "https://a/"],
    ["http://a/", "protocol", "ftp:x", "ftp://a/"],
    ["http://a/", "protocol", "x", "http://a/"],
    ["http://a:443/", "protocol", "https", "https://a/"],
    ["x://a/", "protocol", "http", "x://a/"],
    ["http://a/", "username", "b@:", "http://b%40%3A@a/"],
    ["http://a/", "password", "p", "http://:p@a/"],
    ["file:///a", "username", "b", "file:///a"],
    ["mailto:a", "username", "b", "mailto:a"],
    ["http://a:1/", "host", "b:2", "http://b:2/"],
    ["http://a:1/", "host", "b", "http://b:1/"],
    ["http://a:1/", "hostname", "b", "http://b:1/"],
    ["http://a:1/", "hostname", "b:2", "http://a:1/"],
    ["http://a/", "hostname", "", "http://a/"],
    ["http://a/", "hostname", "0x7f000001", "http://127.0.0.1/"],
    ["mailto:a", "hostname", "b", "mailto:a"],
    ["http://a/", "port", "8080", "http://a:8080/"],
    ["http://a/", "port", "80", "http://a/"],
    ["http://a:1/", "port", "", "http://a/"],
    ["http://a:1/", "port", "65536", "http://a:1/"],
    ["http://a:1/", "port", "9x", "http://a:9/"],
    ["http://a:1/", "port", "x9", "http://a:1/"],
    ["http://a/b", "pathname", "c d?#", "http://a/c%20d%3F%23"],
    ["http://a/b", "pathname", "", "http://a/"],
    ["mailto:a", "pathname", "b", "mailto:a"],
    ["x://a/b", "pathname", "", "x://a"],
    ["http://a/?b", "search", "c d", "http://a/?c%20d"],
    ["http://a/?b", "search", "?c", "http://a/?c"],
    ["http://a/?b", "search", "", "http://a/"],
    ["http://a/#b", "hash", "c", "http://a/#c"],
    ["http://a/#b", "hash", "#", "http://a/#"],
    ["http://a/#b", "hash", "", "http://a/"],
    ["http://a/#b", "hash", "`", "http://a/#%60"],
  ]) equal(set(start, name, value), href, `${start} ${name} = ${value}`);
  const url = new URL("http://a/");
  throws(TypeError, () => url.href = "b", "href has to be an address");
  equal(url.href, "http://a/", "and stays when it is none");
  url.href = "x:y";
  equal(url.protocol, "x:");
  (() => { "use strict"; throws(TypeError, () => url.origin = "z") })();
});

test("the class", () => {
  throws(TypeError, () => URL("http://a/"));
  throws(TypeError, () => new URL());
  throws(TypeError, () => Object.getOwnPropertyDescriptor(URL.prototype, "href").get.call({}));
  equal(URL.length, 1);
  equal(Object.prototype.toString.call(new URL("x:y")), "[object URL]");
  const members = Object.keys(URL.prototype).sort().join();
  equal(members, "hash,host,hostname,href,origin,password,pathname,port,protocol,search,searchParams,toJSON,toString,username");
  equal(Object.keys(new URL("x:y")), []);
});

const crate = "the parser of deno_web, the crate url, does otherwise";
known(crate, "a drive letter with a bar stays at the top", () => equal(new URL("file:///C|/a/../..").href, "file:///C:/"));
known(crate, "a blob of ftp has no origin", () => equal(new URL("blob:ftp://a/1").origin, "null"));
known(crate, "a path set to two slashes is no host", () => {
  const url = new URL("x:/a");
  url.pathname = "//b";
  equal(url.href, "x:/.//b");
});
known(crate, "any number of slashes stands before a host", () => equal(new URL("///b/c", "http://a/").href, "http://b/c"));
known(crate, "a path of two slashes is kept in a file", () => equal(new URL("file:////a").href, "file:////a"));
known(crate, "a host is kept before a drive letter", () => equal(new URL("file://a/C:/").href, "file://a/C:/"));
known(crate, "a backslash is a character of other schemes", () => equal(new URL("\\b", "x://a/c").href, "x://a/\\b"));
known(crate, "a space before a query is encoded", () => equal(new URL("x:a  ?b").href, "x:a %20?b"));
known("deno_web counts a leading /. as part of it", "a path of two slashes is no host", () => equal(new URL("x:/.//a").host, ""));
