//! What a runner says of its run while that goes on, where somebody wants to know.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::value::StackFrame;

/// Runner to server: a [`UsageSpec`] in JSON.
pub const USAGE: u8 = 80;

/// A runner says no more often what its run uses.
pub const USAGE_EVERY: Duration = Duration::from_millis(500);
/// The longest payload of a `USAGE` frame, in bytes.
pub const USAGE_BYTES: usize = 2 << 10;
/// As much of a function's name is told, in bytes.
pub const FUNCTION_BYTES: usize = 200;

/// What a run has used so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UsageSpec {
    /// CPU time of the process since the run began, in milliseconds.
    pub cpu_ms: u64,
    /// V8's heap in use when it was last looked at, in bytes; 0 where it was not yet.
    pub heap_bytes: u64,
    /// The most that buffers held, in bytes.
    pub buffer_bytes: u64,
    /// The most that the process held resident, in bytes.
    pub process_bytes: u64,
    /// Where the program is; nothing while it waits.
    pub at: Option<StackFrame>,
}
