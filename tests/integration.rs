//! All integration tests, in one binary: V8 is linked once.

mod api;
mod attacks;
// It makes system calls by their numbers, which are this machine's.
#[cfg(target_arch = "x86_64")]
mod confinement;
mod conformance;
mod crypto;
mod embed;
mod fetch;
mod files;
mod functions;
mod fuzz;
mod hostile;
mod http;
mod interaction;
mod languages;
mod leaving;
mod limits;
mod many;
mod modules;
mod positions;
mod programs;
mod settings;
mod soak;
mod support;
mod websocket;
mod wire;
mod zygote;
