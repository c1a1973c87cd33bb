// Classes: private parts, getters, static members, and being something that for…of understands.
class Temperature {
  #celsius;
  static #made = 0;
  static freezing = new Temperature(0);

  constructor(celsius) {
    this.#celsius = celsius;
    Temperature.#made++;
  }
  get fahrenheit() {
    return this.#celsius * 1.8 + 32;
  }
  set fahrenheit(value) {
    this.#celsius = (value - 32) / 1.8;
  }
  static get made() {
    return Temperature.#made;
  }
  static is(value) {
    return #celsius in value;
  }
  [Symbol.toPrimitive](hint) {
    return hint === "string" ? `${this.#celsius} °C` : this.#celsius;
  }
}

const today = new Temperature(21);
today.fahrenheit = 50;
console.log(`${today}`, today > Temperature.freezing, Temperature.made);
console.log(Temperature.is(today), Temperature.is({ celsius: 1 }));

class Range {
  constructor(from, to) {
    Object.assign(this, { from, to });
  }
  *[Symbol.iterator]() {
    for (let n = this.from; n <= this.to; n++) yield n;
  }
}
console.log(Math.max(...new Range(3, 7)), [...new Range(1, 5)]);
