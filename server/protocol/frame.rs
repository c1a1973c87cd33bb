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
/// What is asked for at once, at least and at most.
const READ_LEAST: usize = 1 << 10;
const READ_MOST: usize = 64 << 10;

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

/// What one read brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filled {
    /// Nothing: the other side is gone.
    End,
    /// As much as there was room for.
    Some,
    /// Less than that, so there is no more at the moment.
    All,
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
        Self::with_room(allowed, READ_BYTES)
    }

    /// The same, with room for so many bytes at first.
    pub fn with_room(allowed: u32, bytes: usize) -> Self {
        Self { allowed, buffer: Vec::with_capacity(bytes), start: 0 }
    }

    /// From now on refuses frames of more than so many bytes.
    pub fn allow(&mut self, allowed: u32) {
        self.allowed = allowed;
    }

    /// Where to put more bytes: behind those that are there.
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
        Ok(self
            .length()?
            .and_then(|length| self.take(length))
            .map(|(kind, payload)| Frame { kind, payload: payload.to_vec() }))
    }

    /// Reads until there is a whole frame, blocking, and gives its kind and payload. What was read beyond it stays here for
    /// the next one.
    ///
    /// # Errors
    /// See [`FrameError`].
    pub fn read(&mut self, from: &mut impl Read) -> Result<(u8, &[u8]), FrameError> {
        let length = loop {
            let there = self.rest().len();
            match self.length()? {
                Some(length) if there >= 4 + length => break length,
                _ => {}
            }
            match self.fill(from) {
                Ok(Filled::End) => return Err(FrameError::Closed { clean: there == 0 }),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        };
        self.take(length).ok_or(FrameError::Closed { clean: false })
    }

    /// Reads once, as much as there is room for. Room grows with what has come, whatever is announced.
    ///
    /// # Errors
    /// When reading fails.
    pub fn fill(&mut self, from: &mut impl Read) -> io::Result<Filled> {
        let buffer = self.buffer();
        let there = buffer.len();
        let room = (buffer.capacity() - there).max(there).clamp(READ_LEAST, READ_MOST);
        buffer.resize(there + room, 0);
        let read = from.read(&mut buffer[there..]);
        buffer.truncate(there + read.as_ref().copied().unwrap_or(0));
        Ok(match read? {
            0 => Filled::End,
            bytes if bytes < room => Filled::All,
            _ => Filled::Some,
        })
    }

    /// The length of the next frame, kind and payload together, if that is known.
    fn length(&self) -> Result<Option<usize>, FrameError> {
        self.rest().first_chunk().map(|header| checked_length(*header, self.allowed)).transpose()
    }

    /// The next frame, which has that length, if it is there.
    fn take(&mut self, length: usize) -> Option<(u8, &[u8])> {
        let start = self.start + 4;
        let (kind, payload) = self.buffer.get(start..start + length)?.split_first()?;
        self.start = start + length;
        Some((*kind, payload))
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
            Decoder::new(1000).read(&mut bytes),
            Err(FrameError::Length { announced: u32::MAX, allowed: 1000 })
        ));
        let mut decoder = Decoder::new(1000);
        decoder.buffer().extend_from_slice(&1001u32.to_le_bytes());
        assert!(matches!(decoder.frame(), Err(FrameError::Length { .. })));
        decoder.allow(1001);
        assert!(matches!(decoder.frame(), Ok(None)));
    }

    #[test]
    fn an_empty_frame_is_refused() {
        let mut bytes: &[u8] = &[0, 0, 0, 0, 0];
        assert!(matches!(Decoder::new(1000).read(&mut bytes), Err(FrameError::Length { announced: 0, .. })));
    }

    #[test]
    fn the_end_of_the_stream_says_whether_a_frame_was_under_way() {
        let read = |mut bytes: &[u8]| Decoder::new(10).read(&mut bytes).map(|_| ()).unwrap_err();
        assert!(matches!(read(b""), FrameError::Closed { clean: true }));
        assert!(matches!(read(b"\x03\0\0\0\x01a"), FrameError::Closed { clean: false }));
    }

    /// Gives so many bytes at a time.
    struct Pieces<'a>(&'a [u8], usize);

    impl Read for Pieces<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let most = into.len().min(self.1);
            self.0.read(&mut into[..most])
        }
    }

    #[test]
    fn a_long_frame_is_read_in_bounded_pieces_and_what_is_behind_it_is_kept() {
        let long = vec![7; 3 * READ_MOST];
        let bytes = [encode(1, &long), encode(2, b"next")].concat();
        let mut decoder = Decoder::new(u32::MAX);
        let mut bytes = &bytes[..];
        assert_eq!(decoder.read(&mut bytes).unwrap(), (1, &long[..]));
        assert_eq!(decoder.read(&mut bytes).unwrap(), (2, &b"next"[..]));
        assert!(matches!(decoder.read(&mut bytes), Err(FrameError::Closed { clean: true })));
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

            let mut pieces = Pieces(&bytes, piece);
            let mut decoder = Decoder::new(1000);
            for (kind, payload) in &frames {
                prop_assert_eq!(decoder.read(&mut pieces).unwrap(), (*kind, &payload[..]));
            }
            prop_assert!(decoder.rest().is_empty());
        }

        #[test]
        fn garbage_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut decoder = Decoder::new(64);
            decoder.buffer().extend_from_slice(&bytes);
            while let Ok(Some(frame)) = decoder.frame() {
                prop_assert!(frame.payload.len() < 64);
            }
            let (mut decoder, mut bytes) = (Decoder::new(64), &bytes[..]);
            while let Ok((_, payload)) = decoder.read(&mut bytes) {
                prop_assert!(payload.len() < 64);
            }
        }
    }
}
