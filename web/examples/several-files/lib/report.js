import { area } from "./geometry.ts";

export function report(shapes) {
  const largest = shapes.toSorted((a, b) => area(b) - area(a))[0];
  console.log("the largest is the", largest.kind);
}
