// Draws what Vega-Lite describes as SVG.

import { View, parse } from "vega";
import { compile } from "vega-lite";

const CONFIG = { background: "white", font: "sans-serif", range: { category: { scheme: "tableau10" } } };

export const draw = async (spec) => {
  const compiled = compile({ $schema: "https://vega.github.io/schema/vega-lite/v6.json", config: CONFIG, ...spec }).spec;
  return (await new View(parse(compiled), { renderer: "none" }).toSVG()) + "\n";
};
