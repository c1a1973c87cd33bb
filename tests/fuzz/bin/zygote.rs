#![no_main]

#[path = "../targets/zygote.rs"]
mod zygote;

libfuzzer_sys::fuzz_target!(|data: &[u8]| zygote::target(data));
