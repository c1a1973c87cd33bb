// Runs in the sandbox: tells what is on its global object that is not of the language itself, down to members.
const members = (of) => {
  const names = new Set();
  for (let at = of; at && at !== Object.prototype && at !== Function.prototype; at = Object.getPrototypeOf(at)) {
    for (const name of Object.getOwnPropertyNames(at)) names.add(name);
  }
  names.delete("constructor");
  names.delete("prototype");
  return [...names].sort();
};
const found = {};
for (const name of Object.getOwnPropertyNames(globalThis).sort()) {
  const value = globalThis[name];
  if (typeof value === "function" && Object.hasOwn(value, "prototype")) {
    found[name] = { members: members(value.prototype), statics: members(value).filter((it) => it !== "length" && it !== "name") };
    try {
      // Some properties are on each instance.
      const own = Object.getOwnPropertyNames(new value("probe"));
      found[name].members = [...new Set([...found[name].members, ...own])].sort();
    } catch (error) {
      if (/illegal constructor/i.test(error.message)) found[name].abstract = true;
    }
  } else if (typeof value === "object" && value !== null && value !== globalThis) {
    found[name] = { members: members(value) };
  } else {
    found[name] = {};
  }
}
export default () => JSON.stringify(found);
