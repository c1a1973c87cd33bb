//! `POST /api/v1/run` for who asks for `text/event-stream`: what the WebSocket says of a run, as it happens, in
//! server-sent events. A stream that broke off can be taken up again where it did: the events of a run are kept
//! while it lasts, which its limit on output bounds, and a little longer.

use std::collections::{HashMap, VecDeque};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use actix_web::web::Bytes;
use futures_util::stream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::super::error::Problem;
use crate::limits::Limits;
use crate::metrics;
use crate::protocol::browser::{RejectReason, ServerMsg};
use crate::sandbox::{Rejection, RunEvent, RunEvents};
use crate::session::{OpenRun, lost_run};

/// All streams that can be read.
pub struct Streams {
    known: Mutex<Known>,
    /// How long a run goes on that nobody listens to, and events are kept after the run.
    resume: Duration,
    /// How many are kept after their run, and how many bytes of them.
    kept: Kept,
}

/// How much is kept of streams whose runs are over.
#[derive(Clone, Copy, Debug)]
pub struct Kept {
    /// Streams.
    pub streams: usize,
    /// Their events, in bytes.
    pub bytes: u64,
}

#[derive(Default)]
struct Known {
    by_run: HashMap<Uuid, Arc<Log>>,
    /// Those whose runs are over, the oldest first, with their bytes.
    over: VecDeque<(Uuid, u64)>,
}

/// What happened in a run.
struct Log {
    events: Mutex<Vec<Bytes>>,
    /// How many events there are, and whether there will be no more.
    written: watch::Sender<(usize, bool)>,
    /// How many listen.
    readers: watch::Sender<usize>,
}

/// How much of a stream is written at once, in bytes, if one event is not longer.
const CHUNK_BYTES: usize = 64 << 10;

/// Somebody who listens.
struct Reader {
    log: Arc<Log>,
    next: usize,
    written: watch::Receiver<(usize, bool)>,
    ping: Duration,
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.log.readers.send_modify(|readers| *readers -= 1);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Streams {
    /// None yet.
    pub fn new(resume: Duration, kept: Kept) -> Self {
        Self { known: Mutex::default(), resume, kept }
    }

    /// Whether events of this run can be read.
    pub fn knows(&self, run_id: Uuid) -> bool {
        lock(&self.known).by_run.contains_key(&run_id)
    }

    /// Streams the events of a run that was just accepted.
    pub fn open(
        self: &Arc<Self>,
        run_id: Uuid,
        limits: Limits,
        run: (Box<dyn OpenRun>, RunEvents),
        closing: CancellationToken,
        ping: Duration,
    ) -> HttpResponse {
        let log = Arc::new(Log {
            events: Mutex::default(),
            written: watch::Sender::new((0, false)),
            readers: watch::Sender::new(0),
        });
        lock(&self.known).by_run.insert(run_id, log.clone());
        let response = read(&log, 0, ping);
        actix_web::rt::spawn(pump(self.clone(), run_id, limits, run, log, closing));
        response
    }

    /// Streams the events behind the one with the id `last`, as `Last-Event-ID` names it.
    ///
    /// # Errors
    /// 400 for what is no such id, 404 when its run is not known any more.
    pub fn resume(&self, last: &str, ping: Duration) -> Result<HttpResponse, Problem> {
        let (run_id, number) = parse_id(last).ok_or_else(|| {
            let detail = "`Last-Event-ID` is no id of an event: send the last that came, or leave it out.";
            Problem::new(StatusCode::BAD_REQUEST, detail).reason(RejectReason::BadRequest)
        })?;
        let log = lock(&self.known).by_run.get(&run_id).cloned().ok_or_else(|| {
            let detail =
                "The events of that run are not kept any more. Leave out `Last-Event-ID` to run it again.";
            Problem::new(StatusCode::NOT_FOUND, detail).reason(RejectReason::UnknownRun)
        })?;
        Ok(read(&log, number.saturating_add(1), ping))
    }

    fn forget(&self, run_id: Uuid) {
        let mut known = lock(&self.known);
        known.by_run.remove(&run_id);
        known.over.retain(|(other, _)| *other != run_id);
    }

    /// Keeps the events of a run that is over, and lets go of the oldest where there are too many.
    fn keep(&self, run_id: Uuid) {
        let mut known = lock(&self.known);
        let Some(log) = known.by_run.get(&run_id) else { return };
        let bytes = lock(&log.events).iter().map(|event| event.len() as u64).sum();
        known.over.push_back((run_id, bytes));
        let Kept { streams, bytes } = self.kept;
        while known.over.len() > streams || known.over.iter().map(|(_, bytes)| bytes).sum::<u64>() > bytes {
            let Some((oldest, _)) = known.over.pop_front() else { return };
            known.by_run.remove(&oldest);
        }
    }
}

/// Writes down what happens in a run until it is over, or nobody has listened for too long.
async fn pump(
    streams: Arc<Streams>,
    run_id: Uuid,
    limits: Limits,
    (handle, mut events): (Box<dyn OpenRun>, RunEvents),
    log: Arc<Log>,
    closing: CancellationToken,
) {
    let mut readers = log.readers.subscribe();
    let mut alone_since = None;
    loop {
        if *readers.borrow_and_update() > 0 {
            alone_since = None;
        } else if alone_since.is_none() {
            alone_since = Some(Instant::now());
        }
        let alone_until = alone_since.unwrap_or_else(Instant::now) + streams.resume;
        let event = tokio::select! {
            event = events.recv() => event,
            _ = readers.changed() => continue,
            () = sleep_until(alone_until), if alone_since.is_some() => {
                tracing::debug!(%run_id, "nobody listens to a run: it is stopped");
                streams.forget(run_id);
                return log.end();
            }
            () = closing.cancelled() => {
                streams.forget(run_id);
                return log.end();
            }
        };
        let message = match event {
            Some(RunEvent::Queued { position }) => ServerMsg::Queued { run_id, position },
            Some(RunEvent::Started) => ServerMsg::Started { run_id },
            Some(RunEvent::Console { seq, count: _, events }) => ServerMsg::Console { run_id, seq, events },
            // Nobody is asked anything here.
            Some(
                RunEvent::Prompt { .. }
                | RunEvent::Usage { .. }
                | RunEvent::Paused { .. }
                | RunEvent::Evaluated { .. }
                | RunEvent::Released(_),
            ) => continue,
            Some(RunEvent::Finished(report)) => ServerMsg::Finished { run_id, report },
            Some(RunEvent::Displaced(Rejection { reason, message, retry_after_ms })) => {
                metrics::rejected(reason);
                ServerMsg::Rejected { run_id: Some(run_id), reason, message, retry_after_ms }
            }
            None => ServerMsg::Finished { run_id, report: Box::new(lost_run(limits)) },
        };
        let is_last = matches!(message, ServerMsg::Finished { .. } | ServerMsg::Rejected { .. });
        log.write(run_id, &message);
        if is_last {
            break;
        }
    }
    drop(handle);
    log.end();
    streams.keep(run_id);
    tokio::select! {
        () = tokio::time::sleep(streams.resume) => {}
        () = closing.cancelled() => {}
    }
    streams.forget(run_id);
}

impl Log {
    fn write(&self, run_id: Uuid, message: &ServerMsg) {
        let json = match serde_json::to_string(message) {
            Ok(json) => json,
            Err(error) => return tracing::error!(%run_id, %error, "can't write an event as JSON"),
        };
        let kind = match message {
            ServerMsg::Queued { .. } => "queued",
            ServerMsg::Started { .. } => "started",
            ServerMsg::Console { .. } => "console",
            ServerMsg::Finished { .. } => "finished",
            ServerMsg::Rejected { .. } => "rejected",
            ServerMsg::Hello { .. }
            | ServerMsg::Prompt { .. }
            | ServerMsg::Usage { .. }
            | ServerMsg::Paused { .. }
            | ServerMsg::Evaluated { .. }
            | ServerMsg::Released { .. } => "message",
        };
        let mut events = lock(&self.events);
        let mut text = String::with_capacity(json.len() + 100);
        // JSON as it is written here has no line breaks; what a process wrote may have some. Writing to a String
        // can't fail.
        let _ = writeln!(text, "id: {run_id}:{}\nevent: {kind}", events.len());
        for line in json.split(['\n', '\r']) {
            let _ = writeln!(text, "data: {line}");
        }
        text.push('\n');
        events.push(text.into());
        let count = events.len();
        drop(events);
        self.written.send_modify(|(written, _)| *written = count);
    }

    fn end(&self) {
        self.written.send_modify(|(_, over)| *over = true);
    }
}

/// The run and the number in the id of an event.
fn parse_id(id: &str) -> Option<(Uuid, usize)> {
    let (run_id, number) = id.trim().rsplit_once(':')?;
    let is_plain = !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit());
    Some((run_id.parse().ok()?, number.parse().ok().filter(|_| is_plain)?))
}

/// Answers with the events from number `next` on, as they come.
fn read(log: &Arc<Log>, next: usize, ping: Duration) -> HttpResponse {
    log.readers.send_modify(|readers| *readers += 1);
    let reader = Reader { log: log.clone(), next, written: log.written.subscribe(), ping };
    let body = stream::unfold(reader, async |mut reader| {
        let chunk = reader.chunk().await?;
        Some((Ok::<_, std::convert::Infallible>(chunk), reader))
    });
    HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        // nginx would hold events back to fill its buffers.
        .insert_header((header::HeaderName::from_static("x-accel-buffering"), "no"))
        .streaming(Box::pin(body))
}

impl Reader {
    /// Events that have come, or a comment when none came for long; `None` after the last.
    async fn chunk(&mut self) -> Option<Bytes> {
        let next = self.next;
        let waiting = self.written.wait_for(|(count, over)| *count > next || *over);
        match timeout(self.ping, waiting).await {
            // So that nobody on the way takes the connection for dead.
            Err(_) => return Some(Bytes::from_static(b":\n\n")),
            Ok(Err(_)) => return None,
            Ok(Ok(_)) => {}
        }
        let events = lock(&self.log.events);
        let new = events.get(self.next..).filter(|new| !new.is_empty())?;
        // A slow reader holds one chunk of its own; the events are there once for all who read.
        let (mut count, mut bytes) = (0, 0);
        for event in new {
            if count > 0 && bytes + event.len() > CHUNK_BYTES {
                break;
            }
            count += 1;
            bytes += event.len();
        }
        self.next += count;
        Some(new[..count].concat().into())
    }
}

#[cfg(test)]
mod tests {
    use super::parse_id;

    #[test]
    fn ids_name_a_run_and_an_event() {
        let id = "0b3f9b4e-3f63-4c0e-9d8e-2f2f2a3b4c5d";
        assert_eq!(parse_id(&format!("{id}:17")).map(|(_, number)| number), Some(17));
        for bad in ["", "17", ":17", "x:1", &format!("{id}:"), &format!("{id}:-1"), &format!("{id}:+1"), id] {
            assert_eq!(parse_id(bad), None, "{bad}");
        }
    }
}
