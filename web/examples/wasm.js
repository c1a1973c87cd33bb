// WebAssembly, byte by byte: a module with one function, which adds two numbers.
const bytes = new Uint8Array([
  0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, // "\0asm", version 1
  0x01, 0x07, 0x01, 0x60, 0x02, 0x7f, 0x7f, 0x01, 0x7f, // a type: (i32, i32) -> i32
  0x03, 0x02, 0x01, 0x00, // a function of that type
  0x07, 0x07, 0x01, 0x03, 0x61, 0x64, 0x64, 0x00, 0x00, // exported as "add"
  0x0a, 0x09, 0x01, 0x07, 0x00, 0x20, 0x00, 0x20, 0x01, 0x6a, 0x0b, // local.get 0, local.get 1, i32.add
]);

const { instance, module } = await WebAssembly.instantiate(bytes);
console.log(WebAssembly.Module.exports(module));
const { add } = instance.exports;
console.log("2 + 40 =", add(2, 40));
console.log("32 bits run over:", add(2 ** 31 - 1, 1));

const memory = new WebAssembly.Memory({ initial: 1, maximum: 2 });
new Uint32Array(memory.buffer)[0] = 42;
console.log("a page of memory has", memory.buffer.byteLength, "bytes, the first is", new Uint8Array(memory.buffer)[0]);
