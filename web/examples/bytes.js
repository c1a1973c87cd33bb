// Bytes: texts as UTF-8, one buffer seen in several ways, and copies of what no JSON can hold.
const text = "Fliege 🪰";
const utf8 = new TextEncoder().encode(text);
console.log(text.length, "UTF-16 units,", [...text].length, "characters,", utf8.length, "bytes");
console.log(new TextDecoder().decode(utf8.subarray(0, 6)));
console.log("base64:", btoa(String.fromCharCode(...utf8)));

const buffer = new ArrayBuffer(8);
new Float64Array(buffer)[0] = 1.5;
console.log([...new Uint8Array(buffer)].map((byte) => byte.toString(2).padStart(8, "0")).reverse().join(" "));
const view = new DataView(buffer);
view.setUint16(0, 0xcafe);
console.log(view.getUint16(0).toString(16), view.getUint16(0, true).toString(16));

const original = { when: new Date(0), tags: new Set(["a"]), bytes: utf8 };
original.self = original;
const copy = structuredClone(original);
console.log(copy.self === copy, copy.tags.has("a"), copy.bytes !== original.bytes, copy.when);
