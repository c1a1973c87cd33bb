// A parser for arithmetic, by hand, and JSON there and back.
function parse(text) {
  let at = 0;
  const peek = () => text.charCodeAt(at);
  function number() {
    const from = at;
    while (peek() >= 48 && peek() <= 57) at++;
    return { type: "number", value: Number(text.slice(from, at)) };
  }
  function factor() {
    if (text[at] !== "(") return number();
    at++;
    const inner = sum();
    at++;
    return inner;
  }
  function product() {
    let left = factor();
    while (text[at] === "*") {
      at++;
      left = { type: "*", left, right: factor() };
    }
    return left;
  }
  function sum() {
    let left = product();
    while (text[at] === "+" || text[at] === "-") {
      const type = text[at++];
      left = { type, left, right: product() };
    }
    return left;
  }
  return sum();
}

function value(tree) {
  if (tree.type === "number") return tree.value;
  const [left, right] = [value(tree.left), value(tree.right)];
  const result = tree.type === "*" ? left * right : tree.type === "+" ? left + right : left - right;
  return result % 1000003;
}

const expression = Array.from({ length: 2000 }, (_, i) => `(${i}+${i * 7}*(${i % 13}-3))*${(i % 5) + 1}`).join("+");
let result = 0;
for (let i = 0; i < 40; i++) {
  const tree = parse(expression);
  // The tree leans left; each operand is small enough for JSON.
  const copies = [];
  for (let node = tree; node.type === "+"; node = node.left) copies.push(JSON.parse(JSON.stringify(node.right)));
  result = (result + value(tree) + copies.length) % 1000003;
}
result;
