// In the place of `object.assign/polyfill`.
module.exports = () => Object.assign;
