// What the packages among the built-in modules find under the name `process`, which is no global here.
export const process = {
  cwd: () => "/",
  emitWarning: (warning) => console.warn(`${warning}`),
  env: {},
  platform: "linux",
  stderr: { isTTY: false, getColorDepth: () => 1 },
};
