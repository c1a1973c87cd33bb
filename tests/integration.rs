//! All integration tests, in one binary: V8 is linked once.

mod api;
mod attacks;
mod hostile;
mod http;
mod leaving;
mod many;
mod programs;
mod settings;
mod support;
mod websocket;
mod wire;
