// In the place of `object-is`.
module.exports = Object.is;
