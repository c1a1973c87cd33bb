#![doc = include_str!("README.md")]

#[cfg(not(fuzzing))]
pub mod attest;
pub mod config;
// The fuzzers do without actix and V8: those are fuzzed at home, and slow to build with coverage.
#[cfg(not(fuzzing))]
pub mod http;
#[cfg(fuzzing)]
#[path = "http/fuzzed.rs"]
pub mod http;
pub mod limits;
pub mod metrics;
#[cfg(not(fuzzing))]
pub mod modules;
pub mod policy;
pub mod protocol;
#[cfg(not(fuzzing))]
pub mod runner;
pub mod sandbox;
pub mod session;
#[cfg(not(fuzzing))]
pub mod snippets;
#[cfg(fuzzing)]
#[path = "snippets/fuzzed.rs"]
pub mod snippets;
pub mod traces;
pub mod tuning;
