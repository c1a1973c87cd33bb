#![no_main]

#[path = "../targets/browser.rs"]
mod browser;

libfuzzer_sys::fuzz_target!(|data: &[u8]| browser::target(data));
