#![no_main]

#[path = "../targets/origin.rs"]
mod origin;

libfuzzer_sys::fuzz_target!(|data: &[u8]| origin::target(data));
