//! A child's bytes: taken out of the stream in pieces, and read as what they say they are.

use mayfly::protocol::frame::{Decoder, Frame, FrameError};
use mayfly::protocol::runner::{CONSOLE, FINISHED, FinishedSpec};
use mayfly::sandbox::console::console;
use serde_json::Value;
use serde_json::value::RawValue;

const ALLOWED: u32 = 2_048;
const MESSAGE_BYTES: u64 = 512;

/// The first bytes say how the others are cut.
pub fn target(data: &[u8]) {
    let Some((cuts, stream)) = data.split_first_chunk::<4>() else { return };
    let (frames, error) = decode([stream].into_iter());
    let (in_pieces, its_error) = decode(pieces(stream, cuts).into_iter());
    assert_eq!(in_pieces, frames, "it does not matter how the stream is cut");
    assert_eq!(its_error, error);
    check_blocking(stream, &frames, error.as_deref());
    for frame in &frames {
        assert!(frame.payload.len() < ALLOWED as usize);
        match frame.kind {
            CONSOLE => check_console(&frame.payload),
            FINISHED => check_finished(&frame.payload),
            _ => {}
        }
    }
    // Most streams of a fuzzer have no whole frame, so both checks also get the whole.
    check_console(stream);
    check_finished(stream);
}

fn pieces<'a>(mut stream: &'a [u8], cuts: &[u8; 4]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    for cut in cuts.iter().cycle() {
        let (piece, rest) = stream.split_at(stream.len().min(usize::from(*cut) + 1));
        pieces.push(piece);
        stream = rest;
        if stream.is_empty() {
            break;
        }
    }
    pieces
}

fn decode<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<Frame>, Option<String>) {
    let mut decoder = Decoder::new(ALLOWED);
    let mut frames = Vec::new();
    for piece in pieces {
        let before = decoder.buffer().capacity().max(decoder.rest().len() + piece.len());
        decoder.buffer().extend_from_slice(piece);
        loop {
            match decoder.frame() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error @ FrameError::Length { .. }) => return (frames, Some(error.to_string())),
                Err(error) => panic!("only the length can be wrong: {error}"),
            }
        }
        // Whatever a header announces: room is made for what has come. (A Vec grows by doubling.)
        assert!(decoder.buffer().capacity() <= 2 * before, "{} for {before}", decoder.buffer().capacity());
    }
    (frames, None)
}

/// The runner's own way to read takes the same frames out of the same bytes.
fn check_blocking(mut stream: &[u8], frames: &[Frame], error: Option<&str>) {
    let mut decoder = Decoder::new(ALLOWED);
    for Frame { kind, payload } in frames {
        assert_eq!(decoder.read(&mut stream).expect("a frame"), (*kind, &payload[..]));
    }
    match decoder.read(&mut stream) {
        Err(FrameError::Length { .. }) => assert!(error.is_some()),
        Err(FrameError::Closed { clean }) => assert!(!clean || stream.is_empty()),
        other => panic!("{other:?}"),
    }
}

fn check_console(payload: &[u8]) {
    let Ok((count, events)) = console(payload, MESSAGE_BYTES) else { return };
    assert_eq!(u64::from(u32::from_le_bytes(*payload.first_chunk().expect("a count"))), count);
    let members = |json| {
        let members: Vec<&RawValue> = serde_json::from_slice(json).expect("an array");
        members.into_iter().map(RawValue::get).collect::<Vec<_>>()
    };
    assert_eq!(members(events.get().as_bytes()), members(&payload[4..]), "passed on as they came");
    assert!(events.get().len() <= payload.len() - 4);
    // A second opinion. Numbers out of range and depth are not checked, so they are no reason to refuse.
    if let Ok(members) = serde_json::from_str::<Vec<Value>>(events.get()) {
        assert_eq!(members.len() as u64, count);
        assert!(members.iter().all(Value::is_object));
    }
    // What counts as output can't be less than its smallest form: `{}` for each event.
    assert!(events.get().len() as u64 > 3 * count);
    assert!(!events.get().contains(['\0', '\u{1f}']), "control characters are written as escapes");
}

fn check_finished(payload: &[u8]) {
    let Ok(finished) = serde_json::from_slice::<FinishedSpec>(payload) else { return };
    let text = serde_json::to_string(&finished).expect("a report can be written");
    let again: FinishedSpec = serde_json::from_str(&text).expect("what was written can be read");
    assert_eq!(serde_json::to_string(&again).expect("a report can be written"), text);
}
