//! A socket to a zygote or a runner.

use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::OnceLock;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::protocol::frame::{Decoder, Filled};

/// A socket of which only what is to be read is waited for, and room to write not before there is none. One of tokio's own
/// waits for both from the start, so whoever holds it is woken each time that the other end has read something: for a
/// run that was the server's thread, put on the very processor on which the program had just begun.
#[derive(Debug)]
pub struct Wire<T: Socket> {
    socket: AsyncFd<T>,
    /// The same socket once more, as soon as room to write was waited for.
    full: OnceLock<AsyncFd<OwnedFd>>,
}

/// What owns a descriptor, which is open for as long as it lives, and always the same.
pub trait Socket: AsFd + AsRawFd {}

impl Socket for OwnedFd {}
impl Socket for UnixStream {}

impl<T: Socket> Wire<T> {
    /// Takes a socket, which must be non-blocking. To be called in a tokio runtime, which then has to live as long.
    ///
    /// # Errors
    /// When the runtime can't watch it.
    pub fn new(socket: T) -> io::Result<Self> {
        Ok(Self { socket: watched(socket, Interest::READABLE)?, full: OnceLock::new() })
    }

    /// The socket.
    pub fn get(&self) -> &T {
        self.socket.get_ref()
    }

    /// The socket, of which the runtime knows no more.
    pub fn into_inner(self) -> T {
        self.socket.into_inner()
    }

    /// Does `read` when there is something to read. May be dropped and called again.
    ///
    /// # Errors
    /// What `read` gives, but for `WouldBlock`.
    pub async fn read<R>(&self, mut read: impl FnMut(&T) -> io::Result<R>) -> io::Result<R> {
        loop {
            let mut ready = self.socket.readable().await?;
            if let Ok(done) = ready.try_io(|socket| read(socket.get_ref())) {
                return done;
            }
        }
    }

    /// Does `write`, at once or when there is room. May be dropped and called again.
    ///
    /// # Errors
    /// What `write` gives, but for `WouldBlock`.
    pub async fn write<R>(&self, mut write: impl FnMut(&T) -> io::Result<R>) -> io::Result<R> {
        match write(self.get()) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            done => return done,
        }
        let full = self.full()?;
        loop {
            let mut ready = full.writable().await?;
            if let Ok(done) = ready.try_io(|_| write(self.get())) {
                return done;
            }
        }
    }

    fn full(&self) -> io::Result<&AsyncFd<OwnedFd>> {
        if let Some(full) = self.full.get() {
            return Ok(full);
        }
        let again = self.get().as_fd().try_clone_to_owned()?;
        let full = watched(again, Interest::WRITABLE)?;
        Ok(self.full.get_or_init(|| full))
    }
}

impl Wire<UnixStream> {
    /// Reads into `decoder` when there is something to read. May be dropped and called again.
    ///
    /// # Errors
    /// When reading fails.
    pub async fn fill(&self, decoder: &mut Decoder) -> io::Result<Filled> {
        loop {
            let mut ready = self.socket.readable().await?;
            let Ok(filled) = ready.try_io(|socket| decoder.fill(&mut socket.get_ref())) else { continue };
            if matches!(filled, Ok(Filled::All)) {
                // The next read would say no more than that. What comes from now on shows by itself.
                ready.clear_ready();
            }
            return filled;
        }
    }
}

fn watched<T: Socket>(socket: T, interest: Interest) -> io::Result<AsyncFd<T>> {
    // SAFETY: what a `Socket` is.
    Ok(unsafe { AsyncFd::register_with_interest(socket, interest) }?)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;
    use crate::protocol::frame::encode;

    fn pair() -> (Wire<UnixStream>, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        (Wire::new(ours).unwrap(), theirs)
    }

    #[tokio::test]
    async fn what_is_read_is_waited_for() {
        let (wire, mut theirs) = pair();
        let mut bytes = [0; 8];
        let read = wire.read(|mut socket| socket.read(&mut bytes));
        let write = async { theirs.write(b"abc").unwrap() };
        let (read, _) = tokio::join!(read, write);
        assert_eq!((read.unwrap(), &bytes[..3]), (3, &b"abc"[..]));
        drop(theirs);
        assert_eq!(wire.read(|mut socket| socket.read(&mut bytes)).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn room_is_waited_for_where_there_is_none_and_nothing_is_lost() {
        let (wire, mut theirs) = pair();
        let all: Vec<u8> = (0..4_000_000_u32).map(|it| it as u8).collect();
        let reading = std::thread::spawn(move || {
            let mut got = Vec::new();
            theirs.read_to_end(&mut got).unwrap();
            got
        });
        let mut left = &all[..];
        while !left.is_empty() {
            let written = wire.write(|mut socket| socket.write(left)).await.unwrap();
            left = &left[written..];
        }
        assert!(wire.full.get().is_some(), "the socket holds less");
        drop(wire);
        assert!(reading.join().unwrap() == all);
    }

    #[tokio::test]
    async fn all_is_read_however_it_comes() {
        let (wire, mut theirs) = pair();
        let frames: Vec<Vec<u8>> = [1, 5_000, 100_000, 1].map(|bytes| vec![7; bytes]).into();
        let to_write = frames.clone();
        let writing = std::thread::spawn(move || {
            for frame in to_write {
                theirs.write_all(&encode(1, &frame)).unwrap();
            }
        });
        let mut decoder = Decoder::new(1 << 20);
        let mut got = Vec::new();
        while wire.fill(&mut decoder).await.unwrap() != Filled::End {
            while let Some(frame) = decoder.frame().unwrap() {
                got.push(frame.payload);
            }
        }
        assert!(got == frames);
        writing.join().unwrap();
    }

    #[tokio::test]
    async fn errors_are_told() {
        let (wire, theirs) = pair();
        drop(theirs);
        let error = wire.write(|mut socket| socket.write(b"x")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        assert!(wire.into_inner().write(b"x").is_err());
    }
}
