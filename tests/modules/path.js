// https://nodejs.org/docs/latest-v20.x/api/path.html
import path, { join, posix } from "node:path";
import bare from "path";
import sub from "node:path/posix";

test("one module by all its names", () => {
  ok(path === bare && path.posix === path && posix === path && sub === path);
  equal([path.sep, path.delimiter], ["/", ":"]);
});

test("basename, dirname, extname", () => {
  equal(path.basename("/foo/bar/baz/asdf/quux.html"), "quux.html");
  equal(path.basename("/foo/bar/baz/asdf/quux.html", ".html"), "quux");
  equal(path.basename("a/b/"), "b");
  equal(path.dirname("/foo/bar/baz/asdf/quux"), "/foo/bar/baz/asdf");
  equal([path.dirname("a"), path.dirname("/a"), path.dirname("")], [".", "/", "."]);
  equal(["index.html", "index.coffee.md", "index.", "index", ".index", ".index.md"].map((it) => path.extname(it)),
    [".html", ".md", ".", "", "", ".md"]);
});

test("join and normalize", () => {
  equal(join("/foo", "bar", "baz/asdf", "quux", ".."), "/foo/bar/baz/asdf");
  equal([join(), join(""), join("a", "", "b"), join("..", "a")], [".", ".", "a/b", "../a"]);
  throws(TypeError, () => join("foo", {}, "bar"));
  equal(path.normalize("/foo/bar//baz/asdf/quux/.."), "/foo/bar/baz/asdf");
  equal([path.normalize("./a/./b/"), path.normalize("../.."), path.normalize("")], ["a/b/", "../..", "."]);
});

test("resolve and relative", () => {
  equal(path.resolve("/foo/bar", "./baz"), "/foo/bar/baz");
  equal(path.resolve("/foo/bar", "/tmp/file/"), "/tmp/file");
  equal(path.resolve("/a", "../../.."), "/");
  equal(path.relative("/data/orandea/test/aaa", "/data/orandea/impl/bbb"), "../../impl/bbb");
  equal([path.relative("/a", "/a"), path.relative("/a", "/a/b"), path.relative("/a/b", "/a")], ["", "b", ".."]);
});

test("parse and format", () => {
  equal(path.parse("/home/user/dir/file.txt"), { root: "/", dir: "/home/user/dir", base: "file.txt", ext: ".txt", name: "file" });
  equal(path.parse("./a/b"), { root: "", dir: "./a", base: "b", ext: "", name: "b" });
  equal(path.format({ root: "/ignored", dir: "/home/user/dir", base: "file.txt" }), "/home/user/dir/file.txt");
  equal(path.format({ root: "/", name: "file", ext: ".txt" }), "/file.txt");
});

test("isAbsolute", () => {
  equal(["/foo/bar", "/baz/..", "qux/", "."].map((it) => path.isAbsolute(it)), [true, true, false, false]);
  throws(TypeError, () => path.isAbsolute(1));
});
