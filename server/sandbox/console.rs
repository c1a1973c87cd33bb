//! The check of what a runner says that its program wrote.

use serde_json::value::RawValue;

use crate::protocol::nesting::nests_too_deeply;

/// The events of a `CONSOLE` frame, if they are what it says: so many, each JSON of no more than
/// `message_bytes`.
///
/// # Errors
/// In words for the log: what is wrong with it.
pub fn console(payload: &[u8], message_bytes: u64) -> Result<(u64, Box<RawValue>), &'static str> {
    let (count, json) = payload.split_first_chunk::<4>().ok_or("a console frame without a count")?;
    let count = u64::from(u32::from_le_bytes(*count));
    let events: Vec<&RawValue> =
        serde_json::from_slice(json).map_err(|_| "console events that are no JSON array")?;
    if events.len() as u64 != count || count == 0 {
        return Err("a console frame with a wrong count");
    }
    if events.iter().any(|event| event.get().len() as u64 > message_bytes || !event.get().starts_with('{')) {
        return Err("a console event that is too long or no object");
    }
    if events.iter().any(|event| nests_too_deeply(event.get())) {
        return Err("a console event that nests too deeply");
    }
    // Copied together, not parsed once more: the events are known to be JSON. Space between them goes.
    let raw = serde_json::value::to_raw_value(&events).map_err(|_| "console events that can't be copied")?;
    Ok((count, raw))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::nesting::MAX_NESTING;
    use proptest::prelude::*;

    fn payload(count: u32, json: &str) -> Vec<u8> {
        [&count.to_le_bytes()[..], json.as_bytes()].concat()
    }

    #[test]
    fn console_frames_are_taken_at_their_word_only_when_it_is_true() {
        let (count, events) = console(&payload(2, r#" [{"a": 1} ,{}]"#), 100).unwrap();
        assert_eq!((count, events.get()), (2, r#"[{"a": 1},{}]"#));
        for (count, json) in [
            (1, "[{},{}]"),
            (0, "[]"),
            (1, "{}"),
            (1, "[1]"),
            (1, "[{}],[{}]"),
            (1, "[{}"),
            (1, "[{\"\u{1}\":1}]"),
        ] {
            assert!(console(&payload(count, json), 100).is_err(), "{json}");
        }
        assert!(console(&payload(1, &format!("[{{\"a\":\"{}\"}}]", "x".repeat(100))), 100).is_err());
        let nested = |levels| format!("[{{\"a\":{}{}}}]", "[".repeat(levels), "]".repeat(levels));
        assert!(console(&payload(1, &nested(MAX_NESTING - 1)), 1_000).is_ok());
        assert!(console(&payload(1, &nested(MAX_NESTING)), 1_000).is_err());
        assert!(console(&[1, 0], 100).is_err());
        assert!(console(&[&1u32.to_le_bytes()[..], b"[{\"a\":\"\xff\"}]"].concat(), 100).is_err());
    }

    proptest! {
        #[test]
        fn no_console_frame_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = console(&bytes, 64);
        }
    }
}
