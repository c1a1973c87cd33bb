//! How a visitor evaluates more in a program's isolate, while it runs and, for a while, after its end: frames between
//! server and runner. Only a run that was asked to ([`super::runner::RunSpec::repl`]) hears and says these.
//!
//! The server numbers the evaluations, upwards. The runner says [`EVALUATED`] once for each, in any order, since some
//! wait for a promise. When the program has ended the runner says [`PAUSED`] in place of its last word and stays;
//! whenever there is nothing left to do after that, it says [`IDLE`]. It goes when it is told to stop, with its last
//! word, which then says no more than that it was stopped.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::browser::RunError;

/// Server to runner: an evaluation's number ([`super::fetch::payload`]) and its source as a JSON string.
pub const EVALUATE: u8 = 9;
/// Runner to server: an evaluation's number and an [`EvaluatedSpec`] in JSON.
pub const EVALUATED: u8 = 75;
/// Runner to server: the program has ended, as a [`super::runner::FinishedSpec`] says. Once at most.
pub const PAUSED: u8 = 76;
/// Runner to server, no payload, after [`PAUSED`]: nothing is left to do.
pub const IDLE: u8 = 77;

/// The longest source of an evaluation, in bytes of UTF-8.
pub const EVALUATION_BYTES: usize = 64 << 10;
/// How many evaluations of a run may be under way at once.
pub const EVALUATIONS: usize = 4;

/// What came of an evaluation: one of the two.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvaluatedSpec {
    /// Its value, a [`super::value::Value`].
    pub value: Option<Box<RawValue>>,
    /// What it threw.
    pub error: Option<RunError>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_source_fits_in_a_frame() {
        // A control character takes six bytes in JSON.
        assert!(6 * EVALUATION_BYTES + 16 < super::super::runner::TO_RUNNER_BYTES as usize);
    }
}
