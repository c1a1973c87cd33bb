// Values stay alive in the console: open them with a click or the arrow keys.
class Point {
  #secret = 42;
  constructor(x, y) {
    this.x = x;
    this.y = y;
  }
  get length() {
    return Math.hypot(this.x, this.y);
  }
}

console.log("a point", new Point(3, 4));
console.log([1, , 3, -0, NaN, 10n ** 20n, Symbol("mark")]);
console.log(new Map([["now", new Date()], [{ key: 1 }, new Set("mayfly")]]));
console.log(new Uint8Array([1, 2, 3]), /wing(s)?/giu, Promise.resolve("done"));

const loop = { name: "loop", inner: { get lazy() { return 1; } } };
loop.self = loop;
console.log(loop, new Proxy({ a: 1 }, {}));

console.group("numbers");
console.info("%d of %d", 3, 7);
console.warn("a warning inside a group");
console.groupEnd();

loop
