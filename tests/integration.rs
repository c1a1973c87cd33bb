//! All integration tests, in one binary: V8 is linked once.

mod admin;
mod api;
mod attacks;
mod attest;
mod book;
mod bounds;
mod calls;
// It makes system calls by their numbers, which are this machine's.
#[cfg(target_arch = "x86_64")]
mod confinement;
mod conformance;
mod costs;
mod crypto;
mod embed;
mod events;
mod exhaustion;
mod fetch;
mod files;
mod functions;
mod fuzz;
mod handover;
mod host;
mod hostile;
mod http;
mod interaction;
mod languages;
mod leaving;
mod limits;
mod many;
mod messages;
mod metrics;
mod modules;
mod pages;
mod passed_socket;
mod positions;
mod programs;
mod reload;
mod repl;
mod restarts;
mod settings;
mod shares;
mod sharing;
mod snippets;
mod soak;
// Its filters list system calls by this machine's numbers.
#[cfg(target_arch = "x86_64")]
mod start;
mod store;
mod support;
mod together;
mod traces;
mod tuning;
mod usage;
mod websocket;
mod wire;
mod zygote;
