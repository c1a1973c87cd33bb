// In the place of `object-is/polyfill`.
module.exports = () => Object.is;
