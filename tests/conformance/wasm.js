// https://webassembly.github.io/spec/js-api/

/** A module of `add(i32, i32)`, a memory of one page as `memory`, and `twice`, which calls the import `env.f`. */
const code = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0,
  1, 12, 2, 96, 2, 127, 127, 1, 127, 96, 1, 127, 1, 127,
  2, 9, 1, 3, 101, 110, 118, 1, 102, 0, 1,
  3, 3, 2, 0, 1,
  5, 3, 1, 0, 1,
  7, 24, 3, 3, 97, 100, 100, 0, 1, 5, 116, 119, 105, 99, 101, 0, 2, 6, 109, 101, 109, 111, 114, 121, 2, 0,
  10, 18, 2, 7, 0, 32, 0, 32, 1, 106, 11, 8, 0, 32, 0, 16, 0, 16, 0, 11,
]);
const imports = { env: { f: (x) => x * 2 } };

test("validation and compilation", async () => {
  equal(WebAssembly.validate(code), true);
  equal(WebAssembly.validate(new Uint8Array([0, 97, 115, 109])), false);
  throws(TypeError, () => WebAssembly.validate("x"));
  throws(WebAssembly.CompileError, () => new WebAssembly.Module(new Uint8Array([1, 2, 3])));
  await rejects(WebAssembly.CompileError, WebAssembly.compile(new Uint8Array([1])));
  await rejects(TypeError, WebAssembly.compile());
  const module = await WebAssembly.compile(code);
  ok(module instanceof WebAssembly.Module);
  equal(WebAssembly.Module.exports(module), [
    { name: "add", kind: "function" }, { name: "twice", kind: "function" }, { name: "memory", kind: "memory" },
  ]);
  equal(WebAssembly.Module.imports(module), [{ module: "env", name: "f", kind: "function" }]);
  equal(WebAssembly.Module.customSections(module, "name"), []);
});

test("instances", async () => {
  const { instance, module } = await WebAssembly.instantiate(code, imports);
  ok(instance instanceof WebAssembly.Instance && module instanceof WebAssembly.Module);
  const { add, twice, memory } = instance.exports;
  equal([add(2, 3), add(2 ** 31 - 1, 1), add("4", null), add.length], [5, -(2 ** 31), 4, 2]);
  equal(twice(3), 12, "an import is called");
  ok(Object.isFrozen(instance.exports));
  equal(Object.getPrototypeOf(instance.exports), null);
  equal(memory.buffer.byteLength, 65536);
  ok((await WebAssembly.instantiate(module, imports)) instanceof WebAssembly.Instance, "of a module");
  throws(TypeError, () => new WebAssembly.Instance(module), "imports are missing");
  throws(WebAssembly.LinkError, () => new WebAssembly.Instance(module, { env: { f: 1 } }));
});

test("memories, tables, globals", () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 2 });
  const { buffer } = memory;
  equal(memory.grow(1), 1);
  equal([buffer.byteLength, memory.buffer.byteLength], [0, 131072], "growing detaches");
  throws(RangeError, () => memory.grow(1), "beyond its maximum");
  throws(RangeError, () => new WebAssembly.Memory({ initial: 2, maximum: 1 }));
  const table = new WebAssembly.Table({ initial: 2, element: "anyfunc" });
  equal([table.length, table.get(0), table.grow(1), table.length], [2, null, 2, 3]);
  throws(RangeError, () => table.get(3));
  throws(TypeError, () => table.set(0, () => {}), "not a function of WebAssembly");
  const global = new WebAssembly.Global({ value: "i32", mutable: true }, 42);
  equal([global.value, global.valueOf()], [42, 42]);
  global.value = 7.9;
  equal(global.value, 7);
  throws(TypeError, () => new WebAssembly.Global({ value: "i32" }, 1).value = 2);
  equal(new WebAssembly.Global({ value: "i64" }, 5n).value, 5n);
});

test("nothing is there to stream from", () => {
  equal([typeof WebAssembly.compileStreaming, typeof WebAssembly.instantiateStreaming], ["undefined", "undefined"]);
  equal(Object.prototype.toString.call(WebAssembly), "[object WebAssembly]");
});
