#![no_main]

#[path = "../targets/recording.rs"]
mod recording;

libfuzzer_sys::fuzz_target!(|data: &[u8]| recording::target(data));
