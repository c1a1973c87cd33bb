// A program can ask. It stands still until you answer; that takes no time of its own.
const secret = 1 + Math.floor(Math.random() * 10);
let guess = prompt("I think of a number from 1 to 10. Which?", "5");
while (guess !== null && Number(guess) !== secret) {
  guess = prompt(Number(guess) < secret ? "More. Which?" : "Less. Which?");
}
guess === null ? `It was ${secret}.` : "Right!"
