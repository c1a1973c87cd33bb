// An error says where: click a position to go there.
function divide(a, b) {
  if (b === 0) throw new RangeError("division by zero", { cause: { a, b } });
  return a / b;
}

try {
  divide(1, 0);
} catch (error) {
  console.error("caught:", error);
}
console.assert(1 + 1 === 3, "arithmetic", { got: 1 + 1 });
console.trace("how we got here");

divide(6, 0);
