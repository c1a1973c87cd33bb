// Reads lines until there are none. Those under Input come first; then you are asked.
let sum = 0;
let line;
while ((line = await readLine("A number, or nothing to end")) !== null && line.trim() !== "") {
  const number = Number(line);
  if (Number.isNaN(number)) {
    console.warn("not a number:", line);
    continue;
  }
  sum += number;
  console.log("so far:", sum);
}
console.log(`The sum is ${sum}.`);
