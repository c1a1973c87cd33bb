//! All integration tests, in one binary: V8 is linked once.

mod api;
mod attacks;
// It makes system calls by their numbers, which are this machine's.
#[cfg(target_arch = "x86_64")]
mod confinement;
mod conformance;
mod fetch;
mod fuzz;
mod hostile;
mod http;
mod leaving;
mod limits;
mod many;
mod modules;
mod passed_socket;
mod positions;
mod programs;
mod settings;
mod soak;
mod support;
mod websocket;
mod wire;
mod zygote;
