#![no_main]

#[path = "../targets/child.rs"]
mod child;

libfuzzer_sys::fuzz_target!(|data: &[u8]| child::target(data));
