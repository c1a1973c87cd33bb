// In the place of the package abort-controller: the platform has one.
module.exports = { AbortController, AbortSignal };
