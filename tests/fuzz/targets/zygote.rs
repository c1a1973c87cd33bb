//! Packets between server and zygote, and the server's word to a runner.

use mayfly::protocol::runner::{RunSpec, ZygoteEvent, ZygoteRequest};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub fn target(data: &[u8]) {
    check::<ZygoteEvent>(data);
    check::<ZygoteRequest>(data);
    check::<RunSpec>(data);
}

/// What can be read can be written, and is the same when it is read again.
fn check<T: DeserializeOwned + Serialize>(data: &[u8]) {
    let Ok(packet) = serde_json::from_slice::<T>(data) else { return };
    let text = serde_json::to_string(&packet).expect("a packet can be written");
    let again: T = serde_json::from_str(&text).expect("what was written can be read");
    assert_eq!(serde_json::to_string(&again).expect("a packet can be written"), text);
}
