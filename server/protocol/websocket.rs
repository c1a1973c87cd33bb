//! The frames that a browser sends on a WebSocket (RFC 6455), decoded as they arrive. No I/O and no clock.
//!
//! The decoder judges each frame by its header, before any byte of its payload is kept: opcode, mask, reserved
//! bits, order of fragments, and the length, which counts together with the fragments that came before. So a
//! connection never holds more than [`Decoder::kept_bytes`] can report, which is at most the longest message and
//! one control frame, however long a frame its header announces.

use std::fmt;

/// The longest payload of a control frame, in bytes (RFC 6455, 5.5).
const CONTROL_BYTES: usize = 125;
/// The longest header: two bytes, eight for a length and four for the mask.
const HEADER_BYTES: usize = 14;

const FIN: u8 = 0x80;
const RESERVED: u8 = 0x70;
const MASKED: u8 = 0x80;
const LENGTH: u8 = 0x7f;
const LENGTH_U16: u8 = 126;
const LENGTH_U64: u8 = 127;

/// What a browser sent, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A text message, its fragments put together.
    Text(String),
    /// A ping, to be answered with the same payload.
    Ping(Vec<u8>),
    /// A pong.
    Pong,
    /// A goodbye.
    Close,
}

/// Why a connection has to be closed. Each has a close code of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// A frame that the protocol does not allow, in words. Close code 1002.
    Protocol(&'static str),
    /// A binary message. Close code 1003.
    Binary,
    /// Text that is not UTF-8. Close code 1007.
    NotUtf8,
    /// A message over the limit. Close code 1009.
    TooBig,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Self::Protocol(words) => words,
            Self::Binary => "a binary message",
            Self::NotUtf8 => "text that is not UTF-8",
            Self::TooBig => "a message over the limit",
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Opcode {
    Continuation,
    Text,
    Close,
    Ping,
    Pong,
}

impl Opcode {
    fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// A frame whose header was accepted, and whose payload is arriving.
#[derive(Clone, Copy, Debug)]
struct Frame {
    opcode: Opcode,
    is_last: bool,
    mask: [u8; 4],
    /// How much of the payload has arrived.
    arrived: usize,
    /// How much of it is to come.
    left: usize,
}

/// Where the decoder stands in the stream.
#[derive(Clone, Copy, Debug)]
enum Phase {
    /// In a header, of which so many bytes have arrived.
    Header([u8; HEADER_BYTES], usize),
    /// In a payload.
    Payload(Frame),
    /// A violation ended the stream.
    Failed(Violation),
}

/// Decodes one direction of one connection.
#[derive(Debug)]
pub struct Decoder {
    phase: Phase,
    /// The longest message, in bytes.
    limit: usize,
    /// The data message that is arriving, without its mask. Its capacity never exceeds `limit`.
    message: Vec<u8>,
    /// A message has begun and its last frame has not arrived.
    is_fragmented: bool,
    /// The payload of a control frame that is arriving.
    control: Vec<u8>,
}

impl Decoder {
    /// A decoder at the start of a stream, for messages of up to `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            phase: Phase::Header([0; HEADER_BYTES], 0),
            limit,
            message: Vec::new(),
            is_fragmented: false,
            control: Vec::new(),
        }
    }

    /// Decodes `bytes`, removes from their front what it has used, and returns at the end of the first message
    /// in them; `None` when all of them are used up before that.
    ///
    /// # Errors
    /// On the first frame that may not be. The stream can't be read any further: each later call returns the same.
    pub fn decode(&mut self, bytes: &mut &[u8]) -> Result<Option<Message>, Violation> {
        let decoded = self.advance(bytes);
        if let Err(violation) = decoded {
            self.phase = Phase::Failed(violation);
            (self.message, self.control) = (Vec::new(), Vec::new());
        }
        decoded
    }

    /// Whether part of a frame, or of a message in several frames, has arrived and its rest has not.
    pub fn is_partial(&self) -> bool {
        self.is_fragmented || !matches!(self.phase, Phase::Header(_, 0))
    }

    /// How much room is taken by what has arrived of unfinished messages, in bytes.
    pub fn kept_bytes(&self) -> usize {
        self.message.capacity() + self.control.capacity()
    }

    fn advance(&mut self, bytes: &mut &[u8]) -> Result<Option<Message>, Violation> {
        loop {
            match &mut self.phase {
                Phase::Failed(violation) => return Err(*violation),
                Phase::Header(header, arrived) => {
                    let needed = header_bytes(&header[..*arrived]);
                    let taken = (needed - *arrived).min(bytes.len());
                    header[*arrived..*arrived + taken].copy_from_slice(&bytes[..taken]);
                    *arrived += taken;
                    *bytes = &bytes[taken..];
                    let (header, arrived) = (*header, *arrived);
                    self.judge_early(&header[..arrived])?;
                    if header_bytes(&header[..arrived]) > arrived {
                        if bytes.is_empty() {
                            return Ok(None);
                        }
                        continue;
                    }
                    self.phase = Phase::Payload(self.frame(&header[..arrived])?);
                }
                Phase::Payload(frame) => {
                    let taken = frame.left.min(bytes.len());
                    let (payload, rest) = bytes.split_at(taken);
                    *bytes = rest;
                    let kept = if frame.opcode.is_control() {
                        &mut self.control
                    } else {
                        make_room(&mut self.message, taken, self.limit);
                        &mut self.message
                    };
                    unmask(kept, payload, frame.mask, frame.arrived);
                    frame.arrived += taken;
                    frame.left -= taken;
                    if frame.left > 0 {
                        return Ok(None);
                    }
                    let frame = *frame;
                    self.phase = Phase::Header([0; HEADER_BYTES], 0);
                    if let Some(message) = self.finish(frame)? {
                        return Ok(Some(message));
                    }
                    if bytes.is_empty() {
                        return Ok(None);
                    }
                }
            }
        }
    }

    /// Judges what the first one or two bytes of a header say, so that no frame is waited for in vain.
    fn judge_early(&self, header: &[u8]) -> Result<(), Violation> {
        let Some(&first) = header.first() else { return Ok(()) };
        if first & RESERVED != 0 {
            return Err(Violation::Protocol("a frame has reserved bits set"));
        }
        let is_last = first & FIN != 0;
        let opcode = self.opcode(first)?;
        if opcode.is_control() && !is_last {
            return Err(Violation::Protocol("a control frame is fragmented"));
        }
        let Some(&second) = header.get(1) else { return Ok(()) };
        if second & MASKED == 0 {
            return Err(Violation::Protocol("a frame is not masked"));
        }
        if opcode.is_control() && usize::from(second & LENGTH) > CONTROL_BYTES {
            return Err(Violation::Protocol("a control frame is over 125 bytes"));
        }
        Ok(())
    }

    fn opcode(&self, first: u8) -> Result<Opcode, Violation> {
        match first & 0x0f {
            0x0 if self.is_fragmented => Ok(Opcode::Continuation),
            0x0 => Err(Violation::Protocol("a continuation without a beginning")),
            0x1 | 0x2 if self.is_fragmented => {
                Err(Violation::Protocol("a message begins before the last one has ended"))
            }
            0x1 => Ok(Opcode::Text),
            0x2 => Err(Violation::Binary),
            0x8 => Ok(Opcode::Close),
            0x9 => Ok(Opcode::Ping),
            0xa => Ok(Opcode::Pong),
            _ => Err(Violation::Protocol("a frame of an unknown type")),
        }
    }

    /// The frame that a whole header announces.
    fn frame(&self, header: &[u8]) -> Result<Frame, Violation> {
        let (length, mask) = match header {
            [_, second, a, b, mask @ ..] if second & LENGTH == LENGTH_U16 => {
                (u64::from(u16::from_be_bytes([*a, *b])), mask)
            }
            [_, second, a, b, c, d, e, f, g, h, mask @ ..] if second & LENGTH == LENGTH_U64 => {
                (u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]), mask)
            }
            [_, second, mask @ ..] => (u64::from(second & LENGTH), mask),
            _ => return Err(Violation::Protocol("a frame without a header")),
        };
        let Ok(mask) = <[u8; 4]>::try_from(mask) else {
            return Err(Violation::Protocol("a frame is not masked"));
        };
        let opcode = self.opcode(header[0])?;
        let room = self.limit.saturating_sub(self.message.len());
        let left = usize::try_from(length).unwrap_or(usize::MAX);
        if !opcode.is_control() && left > room {
            return Err(Violation::TooBig);
        }
        Ok(Frame { opcode, is_last: header[0] & FIN != 0, mask, arrived: 0, left })
    }

    /// What a frame whose payload has arrived completes.
    fn finish(&mut self, frame: Frame) -> Result<Option<Message>, Violation> {
        match frame.opcode {
            Opcode::Text | Opcode::Continuation => {
                self.is_fragmented = !frame.is_last;
                if !frame.is_last {
                    return Ok(None);
                }
                let text = String::from_utf8(std::mem::take(&mut self.message));
                text.map(|text| Some(Message::Text(text))).map_err(|_| Violation::NotUtf8)
            }
            Opcode::Ping => Ok(Some(Message::Ping(std::mem::take(&mut self.control)))),
            Opcode::Pong => {
                self.control = Vec::new();
                Ok(Some(Message::Pong))
            }
            Opcode::Close => {
                check_goodbye(&std::mem::take(&mut self.control))?;
                Ok(Some(Message::Close))
            }
        }
    }
}

/// How many bytes a header has that begins with these.
fn header_bytes(header: &[u8]) -> usize {
    match header.get(1).map(|second| second & LENGTH) {
        None => 2,
        Some(LENGTH_U16) => 2 + 2 + 4,
        Some(LENGTH_U64) => HEADER_BYTES,
        Some(_) => 2 + 4,
    }
}

/// Makes room for `more` bytes. Room doubles, as that of any vector, but never exceeds `limit`.
fn make_room(message: &mut Vec<u8>, more: usize, limit: usize) {
    let needed = message.len() + more;
    if needed > message.capacity() {
        let wanted = needed.max(2 * message.capacity()).min(limit.max(needed));
        message.reserve_exact(wanted - message.len());
    }
}

/// Appends `payload` without its mask; `arrived` bytes of the same frame came before.
fn unmask(kept: &mut Vec<u8>, payload: &[u8], mask: [u8; 4], arrived: usize) {
    let begin = kept.len();
    kept.extend_from_slice(payload);
    let mut turned = mask;
    turned.rotate_left(arrived % 4);
    let mut words = kept[begin..].chunks_exact_mut(4);
    let word_mask = u32::from_ne_bytes(turned);
    for word in &mut words {
        let bytes = u32::from_ne_bytes([word[0], word[1], word[2], word[3]]) ^ word_mask;
        word.copy_from_slice(&bytes.to_ne_bytes());
    }
    for (byte, mask) in words.into_remainder().iter_mut().zip(turned) {
        *byte ^= mask;
    }
}

/// Checks the payload of a close frame (RFC 6455, 5.5.1 and 7.4).
fn check_goodbye(payload: &[u8]) -> Result<(), Violation> {
    let reason = match payload {
        [] => return Ok(()),
        [_] => return Err(Violation::Protocol("a close frame with half a code")),
        [a, b, reason @ ..] => match u16::from_be_bytes([*a, *b]) {
            1000..=1003 | 1007..=1014 | 3000..=4999 => reason,
            _ => return Err(Violation::Protocol("a close frame with a code that may not be sent")),
        },
    };
    str::from_utf8(reason).map(|_| ()).map_err(|_| Violation::NotUtf8)
}

#[cfg(test)]
mod tests;
