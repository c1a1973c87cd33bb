/** Called with what stands under Input; what it returns is the result. */
export default function main(input) {
  return input;
}
