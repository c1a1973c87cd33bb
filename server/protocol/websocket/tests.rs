use proptest::prelude::*;

use super::*;

const LIMIT: usize = 300;

/// A masked frame. `first` is its first byte.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [7, 0, 200, 33];
    let mut bytes = vec![first];
    match payload.len() {
        length @ ..126 => bytes.push(MASKED | length as u8),
        length @ 126..65_536 => {
            bytes.push(MASKED | LENGTH_U16);
            bytes.extend((length as u16).to_be_bytes());
        }
        length => {
            bytes.push(MASKED | LENGTH_U64);
            bytes.extend((length as u64).to_be_bytes());
        }
    }
    bytes.extend(mask);
    bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

/// A header that announces `length` bytes and has none of them.
fn announces(first: u8, length: u64) -> Vec<u8> {
    let mut bytes = vec![first, MASKED | LENGTH_U64];
    bytes.extend(length.to_be_bytes());
    bytes.extend([0; 4]);
    bytes
}

/// All messages in `bytes`, and how it ended.
fn read(decoder: &mut Decoder, mut bytes: &[u8]) -> (Vec<Message>, Result<(), Violation>) {
    let mut messages = Vec::new();
    loop {
        match decoder.decode(&mut bytes) {
            Ok(Some(message)) => messages.push(message),
            Ok(None) => {
                assert!(bytes.is_empty());
                return (messages, Ok(()));
            }
            Err(violation) => return (messages, Err(violation)),
        }
    }
}

fn violation(bytes: &[u8]) -> Option<Violation> {
    read(&mut Decoder::new(LIMIT), bytes).1.err()
}

#[test]
fn messages_and_control_frames_are_decoded() {
    let long = "ä".repeat(100);
    let bytes = [
        frame(0x81, b"hi"),
        frame(0x81, long.as_bytes()),
        frame(0x81, b""),
        frame(0x89, b"ping"),
        frame(0x8a, b"pong"),
        frame(0x88, b"\x03\xe8bye"),
    ]
    .concat();
    let (messages, end) = read(&mut Decoder::new(LIMIT), &bytes);
    let text = |text: &str| Message::Text(text.to_owned());
    let expected =
        [text("hi"), text(&long), text(""), Message::Ping(b"ping".to_vec()), Message::Pong, Message::Close];
    assert_eq!((messages.as_slice(), end), (&expected[..], Ok(())));
}

#[test]
fn fragments_are_joined_around_control_frames() {
    let mut decoder = Decoder::new(LIMIT);
    let (messages, _) = read(&mut decoder, &[frame(0x01, b"a\xc3"), frame(0x89, b"")].concat());
    assert_eq!(messages, [Message::Ping(Vec::new())]);
    assert!(decoder.is_partial());
    let (messages, _) = read(&mut decoder, &[frame(0x00, b"\xa4"), frame(0x80, b"b")].concat());
    assert_eq!(messages, [Message::Text("aäb".to_owned())]);
    assert!(!decoder.is_partial() && decoder.kept_bytes() == 0);
}

#[test]
fn violations_are_found_in_the_header() {
    // Of none of these has the payload arrived.
    for (what, bytes, expected) in [
        ("over the limit", announces(0x81, LIMIT as u64 + 1), Violation::TooBig),
        ("beyond memory", announces(0x81, u64::MAX), Violation::TooBig),
        ("binary", vec![0x82], Violation::Binary),
        ("binary in pieces", vec![0x02], Violation::Binary),
        ("reserved bits", vec![0xc1], Violation::Protocol("a frame has reserved bits set")),
        ("a bad opcode", vec![0x83], Violation::Protocol("a frame of an unknown type")),
        ("no mask", vec![0x81, 5], Violation::Protocol("a frame is not masked")),
        ("half a ping", vec![0x09], Violation::Protocol("a control frame is fragmented")),
        ("a long ping", vec![0x89, 0xfe], Violation::Protocol("a control frame is over 125 bytes")),
        ("a rest of nothing", vec![0x80], Violation::Protocol("a continuation without a beginning")),
    ] {
        assert_eq!(violation(&bytes), Some(expected), "{what}");
    }
    let begun = frame(0x01, b"x");
    let twice = [begun.clone(), vec![0x81]].concat();
    assert!(matches!(violation(&twice), Some(Violation::Protocol(_))));
    let rest = [begun, announces(0x80, LIMIT as u64)].concat();
    assert_eq!(violation(&rest), Some(Violation::TooBig), "pieces count together");
    assert_eq!(violation(&announces(0x81, LIMIT as u64)), None);
}

#[test]
fn text_and_goodbyes_are_checked() {
    assert_eq!(violation(&frame(0x81, b"\xff")), Some(Violation::NotUtf8));
    assert_eq!(violation(&frame(0x88, b"\x03\xe8\xff")), Some(Violation::NotUtf8));
    for bad in [&b"\x03"[..], b"\x03\xed", b"\x00\x00", b"\xff\xff"] {
        assert!(matches!(violation(&frame(0x88, bad)), Some(Violation::Protocol(_))), "{bad:?}");
    }
    assert_eq!(violation(&frame(0x88, b"")), None);
}

#[test]
fn a_failed_decoder_stays_failed_and_keeps_nothing() {
    let mut decoder = Decoder::new(LIMIT);
    assert_eq!(read(&mut decoder, &frame(0x01, &[b'x'; 200])).1, Ok(()));
    assert!(decoder.kept_bytes() >= 200);
    assert!(read(&mut decoder, &[0x82]).1.is_err());
    assert_eq!(decoder.kept_bytes(), 0);
    assert_eq!(
        read(&mut decoder, &frame(0x81, b"x")).1,
        Err(Violation::Protocol("a message begins before the last one has ended"))
    );
}

/// Frames of all kinds, good and bad.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let first = prop_oneof![
        6 => prop::sample::select(vec![0x81u8, 0x01, 0x00, 0x80, 0x89, 0x8a]),
        1 => any::<u8>(),
    ];
    let one = prop_oneof![
        8 => (first.clone(), prop::collection::vec(32u8..127, 0..200)).prop_map(|(first, payload)| frame(first, &payload)),
        1 => (first, any::<u64>()).prop_map(|(first, length)| announces(first, length)),
        1 => prop::collection::vec(any::<u8>(), 0..20),
    ];
    prop::collection::vec(one, 0..12).prop_map(|frames| frames.concat())
}

proptest! {
    /// However the stream is cut, it says the same, and what is kept is bounded by the limit.
    #[test]
    fn cuts_make_no_difference(bytes in stream(), cuts in prop::collection::vec(1usize..50, 1..40)) {
        let whole = read(&mut Decoder::new(LIMIT), &bytes);
        let mut decoder = Decoder::new(LIMIT);
        let (mut rest, mut messages, mut end) = (&bytes[..], Vec::new(), Ok(()));
        for cut in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (part, after) = rest.split_at((*cut).min(rest.len()));
            let (some, result) = read(&mut decoder, part);
            messages.extend(some);
            prop_assert!(decoder.kept_bytes() <= LIMIT + 2 * CONTROL_BYTES);
            prop_assert!(messages.iter().all(|it| !matches!(it, Message::Text(text) if text.len() > LIMIT)));
            if result.is_err() {
                end = result;
                break;
            }
            rest = after;
        }
        prop_assert_eq!((messages, end), whole);
    }

    /// Each text comes back, whatever its length and its fragments.
    #[test]
    fn texts_come_back(text in "\\PC{0,100}", at in any::<prop::sample::Index>()) {
        let bytes = text.as_bytes();
        let (head, tail) = bytes.split_at(at.index(bytes.len() + 1));
        for stream in [frame(0x81, bytes), [frame(0x01, head), frame(0x80, tail)].concat()] {
            let (messages, end) = read(&mut Decoder::new(1_000), &stream);
            prop_assert_eq!((messages, end), (vec![Message::Text(text.clone())], Ok(())));
        }
    }
}
