//! How a program asks whoever runs it, and how the answer gets back: frames between runner and server.
//!
//! The runner numbers its questions upwards from 1. At most one question that blocks the program is open at a time,
//! and one that does not (`line`); while the former is, no other can come. The server says [`ANSWER`] once for each,
//! or ends the run.

use serde::{Deserialize, Serialize};

use super::browser::PromptKind;

/// Server to runner: the question's number ([`super::fetch::payload`]) and the answer as JSON, a string or `null`.
pub const ANSWER: u8 = 8;
/// Runner to server: a [`PromptSpec`] in JSON.
pub const PROMPT: u8 = 73;

/// The longest message of a question, and the longest answer proposed in it, in UTF-16 units.
pub const TEXT_UNITS: usize = 4_096;
/// The same in bytes: no unit takes more than three of UTF-8.
pub const TEXT_BYTES: usize = 3 * TEXT_UNITS;
/// The longest answer, in bytes of UTF-8.
pub const ANSWER_BYTES: usize = 64 << 10;

/// A question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PromptSpec {
    /// Its number.
    pub id: u32,
    /// What is asked for.
    pub kind: PromptKind,
    /// The question itself.
    pub message: String,
    /// The answer that is proposed.
    pub default: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_answer_fits_in_a_frame() {
        // A control character takes six bytes in JSON.
        assert!(6 * ANSWER_BYTES + 16 < super::super::runner::TO_RUNNER_BYTES as usize);
    }
}
