//! What arrives on a WebSocket: bytes, cut anywhere. The first two say how long a message may be and how the stream is
//! cut. Held against a reader that has all bytes at once.

use mayfly::protocol::parse::client_msg;
use mayfly::protocol::websocket::{Decoder, Message, Violation};

/// The longest payload of a control frame, in bytes.
const CONTROL_BYTES: usize = 125;

pub fn target(data: &[u8]) {
    let Some(([limit, cut], bytes)) = data.split_first_chunk::<2>() else { return };
    let limit = usize::from(*limit) * 4;
    let expected = reference(bytes, limit);
    let mut decoder = Decoder::new(limit);
    let (mut messages, mut end) = (Vec::new(), None);
    'parts: for part in bytes.chunks(usize::from(*cut).max(1)) {
        let mut rest = part;
        loop {
            let before = rest.len();
            let decoded = decoder.decode(&mut rest);
            assert!(decoder.kept_bytes() <= limit + 2 * CONTROL_BYTES, "what is kept is bounded");
            match decoded {
                Ok(Some(message)) => {
                    assert!(rest.len() < before, "each message takes some bytes");
                    messages.push(message);
                }
                Ok(None) => {
                    assert!(rest.is_empty());
                    break;
                }
                Err(violation) => {
                    end = Some(violation);
                    assert_eq!(decoder.decode(&mut rest), Err(violation), "it stays so");
                    assert_eq!(decoder.kept_bytes(), 0);
                    break 'parts;
                }
            }
        }
    }
    assert_eq!((&messages, end.map(code)), (&expected.0, expected.1));
    if end.is_none() && !decoder.is_partial() {
        assert_eq!(decoder.kept_bytes(), 0, "nothing is kept of what is whole");
    }
    for message in &messages {
        if let Message::Text(text) = message {
            assert!(text.len() <= limit);
            let _ = client_msg(text);
        }
    }
}

/// The close code for what may not be.
fn code(violation: Violation) -> u16 {
    match violation {
        Violation::Protocol(_) => 1002,
        Violation::Binary => 1003,
        Violation::NotUtf8 => 1007,
        Violation::TooBig => 1009,
    }
}

/// The messages in these bytes, and with which code the connection is closed, if it is.
fn reference(mut bytes: &[u8], limit: usize) -> (Vec<Message>, Option<u16>) {
    let (mut messages, mut pieces) = (Vec::new(), None::<Vec<u8>>);
    loop {
        let Some(&first) = bytes.first() else { return (messages, None) };
        let (is_last, opcode) = (first & 0x80 != 0, first & 0x0f);
        let is_control = opcode & 8 != 0;
        let early = match opcode {
            _ if first & 0x70 != 0 => Some(1002),
            0 if pieces.is_none() => Some(1002),
            1 | 2 if pieces.is_some() => Some(1002),
            2 => Some(1003),
            0 | 1 => None,
            8..=10 if is_last => None,
            _ => Some(1002),
        };
        if early.is_some() {
            return (messages, early);
        }
        let Some(&second) = bytes.get(1) else { return (messages, None) };
        if second & 0x80 == 0 || is_control && second & 0x7f > 125 {
            return (messages, Some(1002));
        }
        let (length, at) = match second & 0x7f {
            126 => match bytes.get(2..4) {
                Some(length) => (length.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)), 4),
                None => return (messages, None),
            },
            127 => match bytes.get(2..10) {
                Some(length) => (length.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)), 10),
                None => return (messages, None),
            },
            length => (u64::from(length), 2),
        };
        let Some(mask) = bytes.get(at..at + 4) else { return (messages, None) };
        let before = pieces.as_ref().map_or(0, Vec::len) as u64;
        if !is_control && length > (limit as u64).saturating_sub(before) {
            return (messages, Some(1009));
        }
        let end = at + 4 + length as usize;
        let Some(payload) = bytes.get(at + 4..end) else { return (messages, None) };
        let payload: Vec<u8> =
            payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
        bytes = &bytes[end..];
        match opcode {
            9 => messages.push(Message::Ping(payload)),
            10 => messages.push(Message::Pong),
            8 => {
                if let Some(code) = goodbye(&payload) {
                    return (messages, Some(code));
                }
                messages.push(Message::Close);
            }
            _ => {
                let mut all = pieces.take().unwrap_or_default();
                all.extend(payload);
                if !is_last {
                    pieces = Some(all);
                    continue;
                }
                match String::from_utf8(all) {
                    Ok(text) => messages.push(Message::Text(text)),
                    Err(_) => return (messages, Some(1007)),
                }
            }
        }
    }
}

/// What is wrong with the payload of a close frame.
fn goodbye(payload: &[u8]) -> Option<u16> {
    let Some((code, reason)) = payload.split_first_chunk::<2>() else {
        return (!payload.is_empty()).then_some(1002);
    };
    match u16::from_be_bytes(*code) {
        1000..=1003 | 1007..=1014 | 3000..=4999 if str::from_utf8(reason).is_ok() => None,
        1000..=1003 | 1007..=1014 | 3000..=4999 => Some(1007),
        _ => Some(1002),
    }
}
