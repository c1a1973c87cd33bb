#![no_main]

#[path = "../targets/websocket.rs"]
mod websocket;

libfuzzer_sys::fuzz_target!(|data: &[u8]| websocket::target(data));
