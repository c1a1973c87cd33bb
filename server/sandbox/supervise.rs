//! One run from its permit to its one `Finished`. The runner is treated as hostile: what it sends is checked
//! for size, kind and order, counted again, and passed on only as far as the limits go.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use serde_json::value::RawValue;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until, timeout};

use super::permit::{Asked, Permit, Waiting};
use super::process::{End, Life, Process, ProcessError};
use super::report::{Cause, Seen, report};
use super::{Inner, Run, RunEvent};
use crate::limits::Limits;
use crate::protocol::browser::Dropped;
use crate::protocol::frame::{self, Decoder, Frame};
use crate::protocol::runner::{CONSOLE, FINISHED, FinishedSpec, RUN, RunSpec, STOP};

/// What a frame may be longer than one console event: a batch that was nearly full when the event came, and
/// a report's own fields.
const FRAME_SLACK: u64 = 64 << 10;
/// How long a process that said its last word may take to leave.
const LEAVE_WITHIN: Duration = Duration::from_secs(1);
/// How often a run that could not start is given another process.
const START_TRIES: u32 = 3;

/// What whoever holds the handle wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// That it goes on.
    Run,
    /// That it stops, with a report.
    Stop,
}

/// Sees a run through.
pub async fn supervise(
    inner: std::sync::Arc<Inner>,
    run: Run,
    asked: Asked,
    events: mpsc::Sender<RunEvent>,
    mut wish: watch::Receiver<Wish>,
) {
    let limits = run.limits;
    let permit = match asked {
        Asked::Granted(permit) => permit,
        Asked::Waits(waiting) => match wait(waiting, &events, &mut wish).await {
            Waited::Granted(permit) => permit,
            Waited::Stopped => return finish(&events, never_started(limits, Cause::Stopped)).await,
            Waited::Abandoned => return,
        },
        Asked::Full => return,
    };
    let run_id = run.run_id;
    let Started { stream, life } = match start(&inner, run, &mut wish).await {
        Ok(Some(started)) => started,
        // Stopped or abandoned before there was a process; an abandoned run has nobody to tell.
        Ok(None) => return finish(&events, never_started(limits, Cause::Stopped)).await,
        Err(error) => {
            tracing::error!(%run_id, %error, "a run could not be started");
            return finish(&events, never_started(limits, Cause::Broken)).await;
        }
    };
    let supervisor = Supervisor {
        message_bytes: inner.settings.message_bytes,
        grace: inner.settings.grace,
        limits,
        run_id,
        decoder: Decoder::new(u32::try_from(inner.settings.message_bytes + FRAME_SLACK).unwrap_or(u32::MAX)),
        stream,
        started: Instant::now(),
        cause: None,
        kill_at: None,
        pending: Some(RunEvent::Started),
        output_bytes: 0,
        console_events: 0,
        dropped: Dropped::default(),
        finished: None,
    };
    supervisor.run(life, permit, events, wish).await;
}

enum Waited {
    Granted(Permit),
    Stopped,
    Abandoned,
}

async fn wait(
    mut waiting: Waiting,
    events: &mpsc::Sender<RunEvent>,
    wish: &mut watch::Receiver<Wish>,
) -> Waited {
    let mut position = waiting.position();
    let mut told = 0;
    loop {
        tokio::select! {
            biased;
            changed = wish.changed() => {
                return if changed.is_ok() { Waited::Stopped } else { Waited::Abandoned };
            }
            news = waiting.next() => match news {
                Ok(permit) => return Waited::Granted(permit),
                Err(now) => position = now,
            },
            // Positions go out as the client takes them; one that has changed meanwhile is not sent.
            place = events.reserve(), if position != told => match place {
                Ok(place) => {
                    place.send(RunEvent::Queued { position });
                    told = position;
                }
                Err(_) => return Waited::Abandoned,
            }
        }
    }
}

struct Started {
    stream: UnixStream,
    life: Box<dyn Life>,
}

/// Gives the program to a process. One that died while it waited in the pool is no fault of the run's.
async fn start(
    inner: &Inner,
    run: Run,
    wish: &mut watch::Receiver<Wish>,
) -> Result<Option<Started>, ProcessError> {
    let Run { run_id: _, source, language, mode, input, limits } = run;
    let spec = RunSpec { source, language, mode, input, limits, message_bytes: inner.settings.message_bytes };
    let payload = serde_json::to_vec(&spec).map_err(|error| ProcessError(error.to_string()))?;
    let packet = frame::encode(RUN, &payload);
    let mut last = ProcessError("no process was to be had".into());
    for _ in 0..START_TRIES {
        let process = tokio::select! {
            biased;
            _ = wish.changed() => return Ok(None),
            process = timeout(inner.settings.ready_timeout, inner.backend.process()) => process,
        };
        let Process { socket, life } = match process {
            Ok(process) => process?,
            Err(_) => return Err(ProcessError("no process became ready in time".into())),
        };
        let stream = UnixStream::from_std(socket).map_err(|error| ProcessError(error.to_string()))?;
        let mut started = Started { stream, life };
        match started.stream.write_all(&packet).await {
            Ok(()) => return Ok(Some(started)),
            Err(error) => last = ProcessError(format!("a process died before it had its run: {error}")),
        }
    }
    Err(last)
}

fn never_started(limits: Limits, cause: Cause) -> Seen {
    Seen {
        limits,
        cause: Some(cause),
        finished: None,
        end: None,
        wall: Duration::ZERO,
        output_bytes: 0,
        console_events: 0,
        dropped: Dropped::default(),
    }
}

async fn finish(events: &mpsc::Sender<RunEvent>, seen: Seen) {
    // Nobody left to tell is no error.
    let _ = events.send(RunEvent::Finished(Box::new(report(seen)))).await;
}

struct Supervisor {
    message_bytes: u64,
    grace: Duration,
    limits: Limits,
    run_id: uuid::Uuid,
    decoder: Decoder,
    stream: UnixStream,
    started: Instant,
    cause: Option<Cause>,
    kill_at: Option<Instant>,
    /// An event that the client has not taken yet. While there is one nothing is read, and so the program is
    /// slowed down to the client's pace.
    pending: Option<RunEvent>,
    output_bytes: u64,
    console_events: u64,
    dropped: Dropped,
    finished: Option<FinishedSpec>,
}

/// What happened next. `select!` only says which; what follows from it is in one place.
enum Happened {
    Wished(bool),
    TimeIsUp,
    KillIsDue,
    Delivered(bool),
    Read(std::io::Result<usize>),
}

impl Supervisor {
    async fn run(
        mut self,
        mut life: Box<dyn Life>,
        permit: Permit,
        events: mpsc::Sender<RunEvent>,
        mut wish: watch::Receiver<Wish>,
    ) {
        let deadline = self.started + Duration::from_millis(self.limits.wall_ms);
        let mut wishes = true;
        let closed = loop {
            // Frames that are here already, as long as the client keeps up.
            while self.pending.is_none() && self.finished.is_none() {
                match self.decoder.frame() {
                    Ok(Some(frame)) => self.take(frame),
                    Ok(None) => break,
                    Err(error) => self.broken(&error.to_string()),
                }
                if self.cause == Some(Cause::Broken) {
                    break;
                }
            }
            if self.finished.is_some() || self.cause == Some(Cause::Broken) {
                break false;
            }
            let happened = tokio::select! {
                biased;
                changed = wish.changed(), if wishes => Happened::Wished(changed.is_ok()),
                () = sleep_until(self.kill_at.unwrap_or(deadline)) => {
                    if self.kill_at.is_some() { Happened::KillIsDue } else { Happened::TimeIsUp }
                }
                place = events.reserve(), if self.pending.is_some() => Happened::Delivered(match place {
                    Ok(place) => self.pending.take().map(|event| place.send(event)).is_some(),
                    Err(_) => false,
                }),
                read = self.stream.read_buf(self.decoder.buffer()), if self.pending.is_none() => {
                    Happened::Read(read)
                }
            };
            match happened {
                // Nobody is interested any more: the process goes at once.
                Happened::Wished(false) | Happened::Delivered(false) => {
                    life.kill();
                    return leave(life, permit).await;
                }
                Happened::Wished(true) => {
                    wishes = false;
                    self.end(Cause::Stopped).await;
                }
                Happened::TimeIsUp => self.end(Cause::TimedOut).await,
                Happened::KillIsDue => break false,
                Happened::Delivered(true) | Happened::Read(Ok(1..)) => {}
                Happened::Read(Ok(0) | Err(_)) => break true,
            }
        };
        let wall = self.started.elapsed();
        let end = if self.finished.is_some() {
            None
        } else {
            life.kill();
            // What the program wrote before it was killed is still in the socket.
            if !closed && self.cause != Some(Cause::Broken) {
                self.drain(&events).await;
            }
            timeout(LEAVE_WITHIN, life.ended()).await.ok()
        };
        if self.finished.is_none() && self.cause.is_none() {
            self.say_how_it_ended(end);
        }
        let seen = Seen {
            limits: self.limits,
            cause: self.cause,
            finished: self.finished.take(),
            end,
            wall,
            output_bytes: self.output_bytes,
            console_events: self.console_events,
            dropped: self.dropped,
        };
        let last = self.pending.take();
        let tell = async {
            if let Some(event) = last
                && events.send(event).await.is_err()
            {
                return;
            }
            finish(&events, seen).await;
        };
        // The place is given back when the process is gone, however long the client takes.
        tokio::join!(tell, leave(life, permit));
    }

    /// Tells the runner to end, and sets the moment after which it is not asked any more.
    async fn end(&mut self, cause: Cause) {
        if self.cause.is_some() {
            return;
        }
        self.cause = Some(cause);
        self.kill_at = Some(Instant::now() + self.grace);
        // A runner that does not read is killed at `kill_at`; five bytes fit in any other's socket.
        let _ = self.stream.try_write(&frame::encode(STOP, &[]));
    }

    /// Logs the end of a runner that ended without a report.
    fn say_how_it_ended(&self, end: Option<End>) {
        static SAID: AtomicBool = AtomicBool::new(false);
        let run_id = self.run_id;
        if matches!(end, Some(End { signal: Some(libc::SIGSYS), .. })) && !SAID.swap(true, Relaxed) {
            // Once: whoever can do this can do it again and again. The rest is said as of any other.
            tracing::warn!(
                %run_id,
                "a runner was killed (SIGSYS) for a system call that no runner makes: its program may have \
                 broken out of V8. The kernel's log has the call's number. Further ones are told by `info`"
            );
        }
        tracing::info!(%run_id, ?end, "a runner ended without a report");
    }

    fn broken(&mut self, what: &str) {
        tracing::warn!(run_id = %self.run_id, what, "a runner broke the protocol");
        self.cause = Some(Cause::Broken);
    }

    /// Acts on a frame.
    fn take(&mut self, frame: Frame) {
        match frame.kind {
            CONSOLE => match console(&frame.payload, self.message_bytes) {
                Ok((count, events)) => self.console(count, events),
                Err(what) => self.broken(what),
            },
            FINISHED => match serde_json::from_slice::<FinishedSpec>(&frame.payload) {
                Ok(finished) => self.finished(finished),
                Err(error) => self.broken(&error.to_string()),
            },
            kind => self.broken(&format!("a frame of unknown kind {kind}")),
        }
    }

    fn console(&mut self, count: u64, events: Box<RawValue>) {
        // Brackets and commas are not the program's output.
        let bytes = (events.get().len() as u64).saturating_sub(count + 1);
        let (all_bytes, all_events) = (self.output_bytes + bytes, self.console_events + count);
        if all_bytes > self.limits.output_bytes || all_events > self.limits.console_events {
            // The runner stops at the limit by itself, so this one is not to be trusted any further.
            self.dropped.events += count;
            self.dropped.bytes += bytes;
            self.cause.get_or_insert(Cause::OutputExceeded);
            self.kill_at = Some(Instant::now());
            return;
        }
        let seq = self.console_events;
        self.output_bytes = all_bytes;
        self.console_events = all_events;
        self.pending = Some(RunEvent::Console { seq, count, events });
    }

    fn finished(&mut self, finished: FinishedSpec) {
        let size = finished.value.as_ref().map_or(0, |value| value.get().len() as u64);
        if size > self.message_bytes || self.output_bytes + size > self.limits.output_bytes {
            return self.broken("a result over the limit");
        }
        self.output_bytes += size;
        self.finished = Some(finished);
    }

    /// Passes on what is left in the socket of a process that was killed.
    async fn drain(&mut self, events: &mpsc::Sender<RunEvent>) {
        loop {
            if let Some(event) = self.pending.take()
                && events.send(event).await.is_err()
            {
                return;
            }
            match self.decoder.frame() {
                Ok(Some(frame)) => {
                    let cause = self.cause;
                    self.take(frame);
                    // What ended the run stays what ended it.
                    self.cause = cause.or(self.cause);
                    if self.finished.is_some() {
                        return;
                    }
                }
                Ok(None) => match timeout(LEAVE_WITHIN, self.stream.read_buf(self.decoder.buffer())).await {
                    Ok(Ok(1..)) => {}
                    _ => return,
                },
                Err(_) => return,
            }
        }
    }
}

/// Sees a process out of the world, then gives its place back.
async fn leave(mut life: Box<dyn Life>, permit: Permit) {
    if timeout(LEAVE_WITHIN, life.ended()).await.is_err() {
        life.kill();
        let _: Result<End, _> = timeout(LEAVE_WITHIN, life.ended()).await;
    }
    drop(permit);
}

/// The events of a `CONSOLE` frame, if they are what it says: so many, each JSON of no more than
/// `message_bytes`.
fn console(payload: &[u8], message_bytes: u64) -> Result<(u64, Box<RawValue>), &'static str> {
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
    let raw = serde_json::from_slice::<Box<RawValue>>(json).map_err(|_| "console events that are no JSON")?;
    Ok((count, raw))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn payload(count: u32, json: &str) -> Vec<u8> {
        [&count.to_le_bytes()[..], json.as_bytes()].concat()
    }

    #[test]
    fn console_frames_are_taken_at_their_word_only_when_it_is_true() {
        assert!(console(&payload(2, r#"[{"a":1},{}]"#), 100).is_ok());
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
