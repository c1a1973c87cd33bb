//! All integration tests, in one binary: V8 is linked once.

mod api;
mod attacks;
// It makes system calls by their numbers, which are this machine's.
#[cfg(target_arch = "x86_64")]
mod confinement;
mod fetch;
mod hostile;
mod http;
mod leaving;
mod many;
mod programs;
mod settings;
mod support;
mod websocket;
mod wire;
mod zygote;
