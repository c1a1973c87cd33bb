// A proxy sees everything that is done with an object.
function watched(target, tell) {
  return new Proxy(target, {
    get(object, key, self) {
      const value = Reflect.get(object, key, self);
      return typeof value === "object" && value !== null ? watched(value, (what) => tell(`${String(key)}.${what}`)) : value;
    },
    set(object, key, value, self) {
      tell(`${String(key)} = ${JSON.stringify(value)}`);
      return Reflect.set(object, key, value, self);
    },
    deleteProperty(object, key) {
      tell(`${String(key)} is gone`);
      return Reflect.deleteProperty(object, key);
    },
  });
}

const insect = watched({ name: "mayfly", body: { wings: 2 } }, (what) => console.log(what));
insect.name = "Ephemera";
insect.body.wings *= 2;
delete insect.name;

// Properties that nobody wrote down.
const roman = new Proxy({}, {
  get(_, key) {
    const figures = { M: 1000, D: 500, C: 100, L: 50, X: 10, V: 5, I: 1 };
    const values = [...key].map((letter) => figures[letter]);
    return values.reduce((sum, value, at) => (value < values[at + 1] ? sum - value : sum + value), 0);
  },
});
console.log(roman.MMXXVI, roman.XLII, roman.IX);
