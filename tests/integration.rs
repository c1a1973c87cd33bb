//! All integration tests, in one binary: V8 is linked once.
