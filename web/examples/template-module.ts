import { inspect } from "node:util";

export type Settings = { name: string };

export function greet({ name }: Settings): string {
  return `Hello, ${name}!`;
}

console.log(inspect(greet({ name: "mayfly" })));
