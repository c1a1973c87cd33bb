// Several files: each has a tab. The one with the small triangle runs, and imports the others.
import { shapes } from "./shapes.js";
import { area, round } from "./lib/geometry.ts";
import units from "./units.json";

for (const shape of shapes) {
  console.log(`${shape.kind}: ${round(area(shape))} ${units.area}`);
}

// Loaded only when it is needed.
const { report } = await import("./lib/report.js");
report(shapes);
