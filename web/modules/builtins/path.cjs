// node:path. There is no Windows here, and so no `path.win32`.

const path = require("path-browserify");

delete path.win32;
const { format } = path;
/** As Node 20: an extension may come without its dot. */
path.format = (parts) => {
  const { ext, base, name } = parts ?? {};
  const dotted = base === undefined && name !== undefined && ext && ext[0] !== "." ? { ...parts, ext: `.${ext}` } : parts;
  return format(dotted);
};
path.toNamespacedPath = (it) => it;
module.exports = path;
