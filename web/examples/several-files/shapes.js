export const shapes = [
  { kind: "circle", radius: 2 },
  { kind: "square", side: 3 },
];
