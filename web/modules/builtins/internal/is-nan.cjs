// In the place of `is-nan`.
module.exports = Number.isNaN;
