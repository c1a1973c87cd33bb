//! All of the crate `temporal_capi`, for `mksnapshot`, which runs while V8 is built. V8's own library leaves it out: who
//! links that links the crate as well.

pub use temporal_capi;
