//! Length-prefixed frames on the socket between server and runner: a `u32` length (little endian, the kind
//! byte and the payload together), one byte of kind, the payload.
//!
//! The server reads frames from a process that ran hostile code, so the length is checked before a byte of
//! the payload is allocated.

use std::io::{self, Read, Write};

/// Bytes before the payload: length and kind.
pub const HEADER: usize = 5;

/// Room for what is mostly read at once.
const READ_BYTES: usize = 16 << 10;

/// Why a frame could not be read.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The other side is gone. `clean` when that happened between two frames.
    #[error("the socket was closed{}", if *clean { "" } else { " in the middle of a frame" })]
    Closed {
        /// Whether no frame was under way.
        clean: bool,
    },
    /// The header announces nothing, or more than is allowed.
    #[error("a frame of {announced} bytes was announced, between 1 and {allowed} are allowed")]
    Length {
        /// What the header says.
        announced: u32,
        /// The bound.
        allowed: u32,
    },
    /// The socket failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// A frame that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// What it is: see [`super::runner`].
    pub kind: u8,
    /// The rest.
    pub payload: Vec<u8>,
}

/// Takes frames out of a stream of bytes that arrives in pieces.
#[derive(Debug)]
pub struct Decoder {
    allowed: u32,
    buffer: Vec<u8>,
    start: usize,
}

impl Decoder {
    /// A decoder that refuses frames of more than `allowed` bytes (kind and payload).
    pub fn new(allowed: u32) -> Self {
        Self { allowed, buffer: Vec::with_capacity(READ_BYTES), start: 0 }
    }

    /// Where to read more bytes into: the spare end of the buffer, never more than one whole frame ahead.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        &mut self.buffer
    }

    /// The next whole frame, if one has arrived.
    ///
    /// # Errors
    /// [`FrameError::Length`], after which the stream can't be trusted any more.
    pub fn frame(&mut self) -> Result<Option<Frame>, FrameError> {
        let Some((header, rest)) = self.rest().split_first_chunk::<4>() else { return Ok(None) };
        let length = checked_length(*header, self.allowed)?;
        let Some(body) = rest.get(..length) else { return Ok(None) };
        let frame = Frame { kind: body[0], payload: body[1..].to_vec() };
        self.start += 4 + length;
        Ok(Some(frame))
    }

    /// The bytes of the frame that is under way; none when the stream may end here.
    pub fn rest(&self) -> &[u8] {
        &self.buffer[self.start..]
    }
}

fn checked_length(header: [u8; 4], allowed: u32) -> Result<usize, FrameError> {
    let announced = u32::from_le_bytes(header);
    if announced == 0 || announced > allowed {
        return Err(FrameError::Length { announced, allowed });
    }
    Ok(announced as usize)
}

/// Reads one frame, blocking.
///
/// # Errors
/// See [`FrameError`].
pub fn read(from: &mut impl Read, allowed: u32) -> Result<Frame, FrameError> {
    let mut header = [0; HEADER];
    let mut got = 0;
    while got < HEADER {
        match from.read(&mut header[got..]) {
            Ok(0) => return Err(FrameError::Closed { clean: got == 0 }),
            Ok(n) => got += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e.into()),
        }
    }
    let [a, b, c, d, kind] = header;
    let length = checked_length([a, b, c, d], allowed)?;
    let mut payload = vec![0; length - 1];
    match from.read_exact(&mut payload) {
        Ok(()) => Ok(Frame { kind, payload }),
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Err(FrameError::Closed { clean: false }),
        Err(e) => Err(e.into()),
    }
}

/// The bytes of a frame.
pub fn encode(kind: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER + payload.len());
    bytes.extend_from_slice(&header(kind, payload.len()));
    bytes.extend_from_slice(payload);
    bytes
}

/// The header of a frame whose payload has `length` bytes. Our own payloads are bounded far below 4 GiB.
pub fn header(kind: u8, length: usize) -> [u8; HEADER] {
    let [a, b, c, d] = u32::try_from(length + 1).unwrap_or(u32::MAX).to_le_bytes();
    [a, b, c, d, kind]
}

/// Writes one frame, blocking.
///
/// # Errors
/// When the socket fails.
pub fn write(to: &mut impl Write, kind: u8, payload: &[u8]) -> io::Result<()> {
    to.write_all(&encode(kind, payload))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_huge_length_is_refused_before_anything_is_allocated() {
        let mut bytes: &[u8] = &[0xff, 0xff, 0xff, 0xff, 1];
        assert!(matches!(
            read(&mut bytes, 1000),
            Err(FrameError::Length { announced: u32::MAX, allowed: 1000 })
        ));
        let mut decoder = Decoder::new(1000);
        decoder.buffer().extend_from_slice(&1001u32.to_le_bytes());
        assert!(matches!(decoder.frame(), Err(FrameError::Length { .. })));
    }

    #[test]
    fn an_empty_frame_is_refused() {
        let mut bytes: &[u8] = &[0, 0, 0, 0, 0];
        assert!(matches!(read(&mut bytes, 1000), Err(FrameError::Length { announced: 0, .. })));
    }

    #[test]
    fn the_end_of_the_stream_says_whether_a_frame_was_under_way() {
        assert!(matches!(read(&mut &b""[..], 10), Err(FrameError::Closed { clean: true })));
        assert!(matches!(read(&mut &b"\x03\0\0\0\x01a"[..], 10), Err(FrameError::Closed { clean: false })));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back_however_it_is_cut(
            frames in prop::collection::vec((any::<u8>(), prop::collection::vec(any::<u8>(), 0..300)), 0..8),
            piece in 1usize..64,
        ) {
            let bytes: Vec<u8> = frames.iter().flat_map(|(kind, payload)| encode(*kind, payload)).collect();
            let mut decoder = Decoder::new(1000);
            let mut got = Vec::new();
            for chunk in bytes.chunks(piece) {
                decoder.buffer().extend_from_slice(chunk);
                while let Some(frame) = decoder.frame().unwrap() {
                    got.push((frame.kind, frame.payload));
                }
            }
            prop_assert!(decoder.rest().is_empty());
            prop_assert_eq!(&got, &frames);

            let mut reader = &bytes[..];
            for (kind, payload) in &frames {
                let frame = read(&mut reader, 1000).unwrap();
                prop_assert_eq!((&frame.kind, &frame.payload), (kind, payload));
            }
        }

        #[test]
        fn garbage_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut decoder = Decoder::new(64);
            decoder.buffer().extend_from_slice(&bytes);
            while let Ok(Some(frame)) = decoder.frame() {
                prop_assert!(frame.payload.len() < 64);
            }
            let _ = read(&mut &bytes[..], 64);
        }
    }
}
