//! How a program's `fetch` gets to the server, which does it in the program's place, and how the response gets
//! back: frames between runner and server, each about one request, whose number comes first in the payload.
//!
//! The runner numbers its requests upwards from 1. Then, for each:
//!
//! ```text
//! runner: FETCH, any number of FETCH_BODY, FETCH_END     unless the request has no body
//! server: FETCHED, any number of FETCHED_BODY, FETCHED_END
//! ```
//!
//! A body's chunk has [`CHUNK_BYTES`] at most, and no more than [`WINDOW`] of them are on their way: who gets one
//! answers it, when it is used up, with FETCH_MORE or FETCHED_MORE, which have no payload but the number. In the
//! place of any of its frames the server can say FETCH_FAILED, the runner FETCH_ABORT; both are the last word
//! about a request. What the other side had sent by then still arrives and means nothing.

use serde::{Deserialize, Serialize};

/// Server to runner: a [`FetchedHead`] in JSON.
pub const FETCHED: u8 = 3;
/// Server to runner: bytes of a response's body.
pub const FETCHED_BODY: u8 = 4;
/// Server to runner: a response's body is complete.
pub const FETCHED_END: u8 = 5;
/// Server to runner: a [`FetchFailed`] in JSON.
pub const FETCH_FAILED: u8 = 6;
/// Server to runner: a chunk of the request's body is used up.
pub const FETCH_MORE: u8 = 7;

/// Runner to server: a [`FetchHead`] in JSON.
pub const FETCH: u8 = 68;
/// Runner to server: bytes of a request's body.
pub const FETCH_BODY: u8 = 69;
/// Runner to server: a request's body is complete.
pub const FETCH_END: u8 = 70;
/// Runner to server: the program wants nothing more of this request.
pub const FETCH_ABORT: u8 = 71;
/// Runner to server: a chunk of the response's body is used up.
pub const FETCHED_MORE: u8 = 72;

/// The longest chunk of a body, in bytes.
pub const CHUNK_BYTES: usize = 32 << 10;
/// How many chunks of one body are on their way at most.
pub const WINDOW: usize = 4;
/// The most that a request's URL, or its headers together, may have, in bytes.
pub const HEAD_BYTES: usize = 16 << 10;
/// The most that a response's headers may have, in bytes.
pub const RESPONSE_HEAD_BYTES: usize = 64 << 10;
/// The most headers that a request or a response may have.
pub const HEADERS: usize = 100;

/// A header's name and value. Each character is one byte, as [`latin1`] makes it.
pub type Header = (String, String);

/// A request, without its body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FetchHead {
    /// Such as `GET`.
    pub method: String,
    /// Absolute.
    pub url: String,
    /// In the program's order.
    pub headers: Vec<Header>,
    /// Whether a body follows.
    pub body: BodySize,
}

/// How long a request's body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BodySize {
    /// There is none.
    Absent,
    /// So many bytes.
    Known(u64),
    /// That shows when it ends.
    Unknown,
}

/// A response, without its body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FetchedHead {
    /// Such as 200.
    pub status: u16,
    /// Such as `OK`.
    pub status_text: String,
    /// In the server's order.
    pub headers: Vec<Header>,
    /// Whether the body is not as `content-encoding` says, since that was undone.
    pub body_decoded: bool,
}

/// Why there is no response, or no more of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FetchFailed {
    /// Whether that was a rule or a limit of this site's, which the visitor is to see.
    pub is_refused: bool,
    /// For the visitor.
    pub message: String,
}

/// A frame's payload: the number, and what follows it.
pub fn payload(id: u32, rest: &[u8]) -> Vec<u8> {
    [&id.to_le_bytes()[..], rest].concat()
}

/// The number and what follows it, unless the payload is too short for that.
pub fn parts(payload: &[u8]) -> Option<(u32, &[u8])> {
    let (id, rest) = payload.split_first_chunk::<4>()?;
    Some((u32::from_le_bytes(*id), rest))
}

/// Bytes as characters of the same numbers: Unicode's first 256 characters are those of ISO 8859-1.
pub fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// The bytes that [`latin1`] was given; `None` if a character is no byte.
pub fn bytes(latin1: &str) -> Option<Vec<u8>> {
    latin1.chars().map(|character| u8::try_from(u32::from(character)).ok()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn headers_survive_the_way_whatever_their_bytes(raw in prop::collection::vec(any::<u8>(), 0..100)) {
            prop_assert_eq!(bytes(&latin1(&raw)), Some(raw));
        }

        #[test]
        fn no_payload_panics(raw in prop::collection::vec(any::<u8>(), 0..100)) {
            if let Some((id, rest)) = parts(&raw) {
                prop_assert_eq!(payload(id, rest), raw);
            }
        }
    }

    #[test]
    fn a_character_that_is_no_byte_is_no_header() {
        assert_eq!(bytes("\u{ff}"), Some(vec![0xff]));
        assert_eq!(bytes("\u{100}"), None);
    }

    #[test]
    fn the_longest_head_fits_in_a_frame() {
        // At worst a header's character takes two bytes in JSON (`\\"`, `é`).
        assert!(
            2 * RESPONSE_HEAD_BYTES + HEADERS * 8 + 1024 < super::super::runner::TO_RUNNER_BYTES as usize
        );
    }
}
