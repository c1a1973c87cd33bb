//! What a runner writes to the server: console events in batches, and the report at the end.

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::time::TimeSpec;

use crate::protocol::browser::Dropped;
use crate::protocol::frame;
use crate::protocol::repl::PAUSED;
use crate::protocol::runner::{CONSOLE, DISPLAY, FINISHED, FinishedSpec};

/// Events that come within this time of the last batch wait for each other.
pub const BATCH_TIME: Duration = Duration::from_millis(16);
/// A batch is sent when it holds this many bytes, however young it is.
const BATCH_BYTES: usize = 32 << 10;
/// Bytes before the events of a frame: its header and their number.
const HEAD: usize = frame::HEADER + 4;

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// It is on its way.
    Sent,
    /// It waits for others: [`Output::flush`] is to be called in [`BATCH_TIME`].
    Waits,
    /// It would go over the run's output: it was dropped, and the run is to end.
    Exceeded,
}

/// The writing end. Writes block, so a server that does not read slows the program down.
pub struct Output {
    socket: UnixStream,
    /// A frame in the making: room for its head, and a JSON array without its closing bracket. Empty when no event waits.
    batch: Vec<u8>,
    events: u32,
    last_flush: Option<Instant>,
    bytes_left: u64,
    events_left: u64,
    dropped: Dropped,
}

impl Output {
    /// Output that goes to `socket`, at most so many bytes and events.
    pub fn new(socket: UnixStream, bytes: u64, events: u64) -> Self {
        Self {
            socket,
            batch: Vec::with_capacity(BATCH_BYTES),
            events: 0,
            last_flush: None,
            bytes_left: bytes,
            events_left: events,
            dropped: Dropped::default(),
        }
    }

    /// Takes one console event, in JSON.
    pub fn push(&mut self, event: &[u8], now: Instant) -> Pushed {
        if !self.take(event) {
            return Pushed::Exceeded;
        }
        if self.events == 0 {
            self.batch.extend_from_slice(&[0; HEAD]);
        }
        self.batch.push(if self.events == 0 { b'[' } else { b',' });
        self.batch.extend_from_slice(event);
        self.events += 1;
        let quiet = self.last_flush.is_none_or(|last| now.duration_since(last) >= BATCH_TIME);
        if quiet || self.batch.len() >= BATCH_BYTES {
            // A server that is gone ends this process by itself; there is nobody to tell.
            let _ = self.flush(now);
            return Pushed::Sent;
        }
        Pushed::Waits
    }

    /// Takes one console event with a bundle, in JSON, and sends it at once, behind what waits.
    pub fn show(&mut self, event: &[u8], now: Instant) -> Pushed {
        if !self.take(event) {
            return Pushed::Exceeded;
        }
        let payload = [&1u32.to_le_bytes()[..], b"[", event, b"]"].concat();
        // As above.
        let _ = self.flush(now).and_then(|()| self.send(DISPLAY, &payload));
        Pushed::Sent
    }

    /// Takes an event off what is left, if there is as much; else drops it, and all that come after it.
    fn take(&mut self, event: &[u8]) -> bool {
        let size = event.len() as u64;
        if self.events_left == 0 || size > self.bytes_left {
            self.dropped.events += 1;
            self.dropped.bytes += size;
            // Nothing smaller may slip through after it: what is missing is the end, not the middle.
            self.events_left = 0;
            return false;
        }
        self.events_left -= 1;
        self.bytes_left -= size;
        true
    }

    /// Sends what waits.
    ///
    /// # Errors
    /// When the server is gone.
    pub fn flush(&mut self, now: Instant) -> io::Result<()> {
        if self.events == 0 {
            return Ok(());
        }
        self.batch.push(b']');
        let header = frame::header(CONSOLE, self.batch.len() - frame::HEADER);
        self.batch[..frame::HEADER].copy_from_slice(&header);
        self.batch[frame::HEADER..HEAD].copy_from_slice(&self.events.to_le_bytes());
        self.events = 0;
        self.last_flush = Some(now);
        let written = self.socket.write_all(&self.batch);
        self.batch.clear();
        // A long event is no reason to hold as much for good.
        self.batch.shrink_to(2 * BATCH_BYTES);
        written
    }

    /// How much may still be written, in bytes.
    pub fn left(&self) -> u64 {
        self.bytes_left
    }

    /// Whether a short frame can be sent without waiting.
    pub fn takes_more(&self) -> bool {
        let mut polled = [PollFd::new(self.socket.as_fd(), PollFlags::POLLOUT)];
        ppoll(&mut polled, Some(TimeSpec::from_duration(Duration::ZERO)), None).is_ok_and(|ready| ready > 0)
    }

    /// Sends a frame that is no output, at once.
    ///
    /// # Errors
    /// When the server is gone.
    pub fn send(&mut self, kind: u8, payload: &[u8]) -> io::Result<()> {
        frame::write(&mut self.socket, kind, payload)
    }

    /// Sends what waits and then the report, the last frame. A result that does not fit what is left of the
    /// run's output is dropped, and the report says so.
    ///
    /// # Errors
    /// When the server is gone.
    pub fn finish(&mut self, report: &mut FinishedSpec) -> io::Result<()> {
        self.report(FINISHED, report)
    }

    /// The same for a program that has ended and stays.
    ///
    /// # Errors
    /// When the server is gone.
    pub fn pause(&mut self, report: &mut FinishedSpec) -> io::Result<()> {
        self.report(PAUSED, report)
    }

    /// Takes a frame that is output but no event, and sends it at once, behind what waits.
    pub fn tell(&mut self, kind: u8, payload: &[u8], now: Instant) -> Pushed {
        let size = payload.len() as u64;
        if size > self.bytes_left {
            self.dropped.bytes += size;
            self.events_left = 0;
            return Pushed::Exceeded;
        }
        self.bytes_left -= size;
        // As above.
        let _ = self.flush(now).and_then(|()| self.send(kind, payload));
        Pushed::Sent
    }

    fn report(&mut self, kind: u8, report: &mut FinishedSpec) -> io::Result<()> {
        let mut left = self.bytes_left;
        let mut fits = |size: usize| {
            let fits = left.checked_sub(size as u64);
            match fits {
                Some(rest) => left = rest,
                None => self.dropped.bytes += size as u64,
            }
            fits.is_some()
        };
        report.value = report.value.take().filter(|value| fits(value.get().len()));
        report.returned = report.returned.take().filter(|returned| fits(returned.json.get().len()));
        self.bytes_left = left;
        report.dropped = self.dropped;
        self.flush(Instant::now())?;
        let json = serde_json::to_vec(report)?;
        frame::write(&mut self.socket, kind, &json)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::frame::Decoder;

    /// The server's end of a socket.
    struct Server(UnixStream, Decoder);

    impl Server {
        fn frame(&mut self) -> (u8, &[u8]) {
            self.1.read(&mut self.0).unwrap()
        }

        fn console(&mut self) -> (u32, String) {
            let (kind, payload) = self.frame();
            assert_eq!(kind, CONSOLE);
            let (count, json) = payload.split_first_chunk::<4>().unwrap();
            (u32::from_le_bytes(*count), String::from_utf8(json.to_vec()).unwrap())
        }
    }

    fn pair() -> (UnixStream, Server) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        (ours, Server(theirs, Decoder::new(1 << 20)))
    }

    #[test]
    fn the_first_event_goes_at_once_and_those_right_after_it_together() {
        let (ours, mut theirs) = pair();
        let mut output = Output::new(ours, 1000, 100);
        let start = Instant::now();
        assert_eq!(output.push(b"1", start), Pushed::Sent);
        assert_eq!(output.push(b"2", start), Pushed::Waits);
        assert_eq!(output.push(b"3", start), Pushed::Waits);
        assert_eq!(output.push(b"4", start + BATCH_TIME), Pushed::Sent);
        assert_eq!(theirs.console(), (1, "[1]".into()));
        assert_eq!(theirs.console(), (3, "[2,3,4]".into()));
    }

    #[test]
    fn a_full_batch_goes_at_once() {
        let (ours, mut theirs) = pair();
        let mut output = Output::new(ours, 1 << 20, 100);
        let start = Instant::now();
        let big = vec![b'1'; BATCH_BYTES];
        output.push(b"1", start);
        assert_eq!(output.push(&big, start), Pushed::Sent);
        assert_eq!(theirs.console().0, 1);
        assert_eq!(theirs.console().1.len(), BATCH_BYTES + 2);
    }

    #[test]
    fn what_is_displayed_comes_behind_what_waits_and_counts_as_output() {
        let (ours, mut theirs) = pair();
        let mut output = Output::new(ours, 10, 100);
        let start = Instant::now();
        output.push(b"1", start);
        output.push(b"2", start);
        assert_eq!(output.show(b"{}", start), Pushed::Sent);
        assert_eq!(theirs.console(), (1, "[1]".into()));
        assert_eq!(theirs.console(), (1, "[2]".into()));
        assert_eq!(theirs.frame(), (DISPLAY, &b"\x01\0\0\0[{}]"[..]));
        assert_eq!(output.show(b"{\"a\":1}", start), Pushed::Exceeded);
        assert_eq!(output.push(b"1", start), Pushed::Exceeded);
        assert_eq!(output.dropped, Dropped { events: 2, bytes: 8 });
    }

    #[test]
    fn nothing_follows_what_was_dropped() {
        let (ours, _theirs) = pair();
        let mut output = Output::new(ours, 10, 100);
        let start = Instant::now();
        assert_eq!(output.push(b"12345", start), Pushed::Sent);
        assert_eq!(output.push(b"123456", start), Pushed::Exceeded);
        assert_eq!(output.push(b"1", start), Pushed::Exceeded);
        assert_eq!(output.dropped, Dropped { events: 2, bytes: 7 });
    }
}
