//! `GET /api/v1/ws`: pumps frames between a WebSocket and its [`Session`]. Knows frames, time and nothing
//! else.
//!
//! Messages wait in a short outbox. A run is asked for more only when the outbox is empty, so a browser that
//! reads slowly slows its own programs down; it is heard all the while, so it can stop them. One that takes
//! nothing for [`Pump::answer_timeout`] is given up, and its runs are killed.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use actix_ws::{CloseCode, CloseReason, Closed, Item, Message, MessageStream, ProtocolError};
use futures_util::Sink;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use super::embed::Wishes;
use super::error::{Problem, answer};
use super::state::{Leaving, Live};
use super::{State, guard, origin};
use crate::config::Origin;
use crate::metrics;
use crate::policy::modules::Allowed;
use crate::protocol::browser::ServerMsg;
use crate::sandbox::Sender;
use crate::session::{Runs, Session};

/// How many messages may wait. With more waiting than this, the client is not heard either: each of them
/// answers a frame of its own.
const OUTBOX: usize = 32;

/// How long the reports of runs that were stopped for the server's end may take to be read.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What stands for an origin that a browser does not tell.
const UNKNOWN: &str = "unknown";

const NOT_UTF8: &str = "A text message is not UTF-8.";

/// Turns the request into a WebSocket.
pub async fn connect(req: HttpRequest, body: web::Payload, state: State) -> HttpResponse {
    let origin = match origin::check(&req, &state) {
        Ok(origin) => origin,
        Err(problem) => return answer(&req, &problem),
    };
    let wishes = match Wishes::read(req.query_string()) {
        Ok(wishes) => wishes,
        Err(problem) => return answer(&req, &problem),
    };
    let (response, out, stream) = match actix_ws::handle(&req, body) {
        Ok(parts) => parts,
        Err(error) => {
            let detail = format!("This address speaks WebSocket, version 13, and nothing else: {error}.");
            let problem = Problem::new(StatusCode::UPGRADE_REQUIRED, detail)
                .header(header::UPGRADE, "websocket")
                .header(header::SEC_WEBSOCKET_VERSION, "13");
            return answer(&req, &problem);
        }
    };
    let Some(live) = req.app_data::<Arc<Live>>().cloned() else { return response };
    let stream = stream.max_frame_size(state.frame_bytes);
    let sender = Sender {
        address: Some(guard::client(&req)),
        origins: match wishes.embedders() {
            [] => origin.iter().filter(|it| !origin::is_own(&req, it)).map(ToString::to_string).collect(),
            around => {
                around.iter().map(|it| it.as_ref().map_or(UNKNOWN.to_owned(), ToString::to_string)).collect()
            }
        },
        snippet: None,
    };
    let page = Page { origin, wishes };
    let runs: Arc<dyn Runs> = state.runs.clone();
    let pump = Pump {
        session: Session::new(runs, Arc::clone(&state.rules), guard::client(&req))
            .with_modules(page.allowed(&state))
            .with_sender(sender),
        page,
        changes: live.changes(),
        live,
        stage: Stage::Serving,
        _counted: metrics::Socket::opened(),
        outbox: VecDeque::new(),
        heard: Instant::now(),
        pinged: None,
        stuck_since: Instant::now(),
        pieces: None,
        frame_bytes: state.frame_bytes,
        message_timeout: state.request_timeout,
        ping_interval: state.ping_interval,
        answer_timeout: state.answer_timeout,
        drained: state.leaving.drained.subscribe(),
        is_sent_away: false,
        leaving: state.leaving.clone(),
    };
    actix_web::rt::spawn(pump.run(out, stream));
    response
}

/// Why a connection ends.
#[derive(Debug)]
enum End {
    /// The client is gone, or has said goodbye.
    Gone,
    /// We close it. The words fit in a close frame: at most 123 bytes.
    Close(CloseCode, String),
}

fn close<T>(code: CloseCode, words: impl Into<String>) -> Result<T, End> {
    Err(End::Close(code, words.into()))
}

fn not_text() -> Result<(), End> {
    close(CloseCode::Unsupported, "Binary frames are not understood. Send JSON in text frames.")
}

/// What a turn of the loop waits for.
enum Event {
    Frame(Option<Result<Message, ProtocolError>>),
    Room(Result<(), Closed>),
    Message(Box<ServerMsg>),
    Deadline,
    /// The settings have changed.
    Changed,
    /// New clients are sent elsewhere, or are taken again.
    Drained,
    /// No more runs are taken.
    Leaving,
    /// Those that are open have had their time.
    TimeIsOver,
}

/// Where a connection is on its way to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Serving,
    /// It is closed as soon as no run is open.
    Leaving,
    /// The same, and its runs were told to stop; at this moment, it is closed all the same.
    Ending(Instant),
}

/// Whose page a connection comes from, and what it asked for.
struct Page {
    origin: Option<Origin>,
    wishes: Wishes,
}

impl Page {
    /// What its programs may import.
    fn allowed(&self, state: &State) -> Allowed {
        self.wishes.narrow(state.modules.allowed(self.origin.as_ref()), &state.modules)
    }
}

/// One WebSocket.
struct Pump {
    session: Session,
    outbox: VecDeque<Message>,
    /// When the client was last heard.
    heard: Instant,
    /// When it was asked whether it lives, if it has said nothing since.
    pinged: Option<Instant>,
    /// Since when the outbox has not moved, if anything is in it.
    stuck_since: Instant,
    /// What has come of a message in pieces, and when it began.
    pieces: Option<(Vec<u8>, Instant)>,
    frame_bytes: usize,
    /// How long a message in pieces may take.
    message_timeout: Duration,
    ping_interval: Duration,
    answer_timeout: Duration,
    page: Page,
    live: Arc<Live>,
    changes: watch::Receiver<()>,
    leaving: Leaving,
    drained: watch::Receiver<bool>,
    /// It is closed as soon as no run is open, and its client connects elsewhere.
    is_sent_away: bool,
    stage: Stage,
    _counted: metrics::Socket,
}

impl Pump {
    async fn run(mut self, mut out: actix_ws::Session, mut stream: MessageStream) {
        let hello = self.session.hello();
        let Err(end) = self.pump(&hello, &mut out, &mut stream).await;
        tracing::debug!(?end, "websocket ended");
        // First of all the runs: they have nobody to talk to any more.
        drop(self.session);
        if let End::Close(code, words) = end {
            // A client that does not read can't be told why.
            let reason = CloseReason { code, description: Some(words) };
            let _ = timeout(Duration::from_secs(1).min(self.answer_timeout), out.close(Some(reason))).await;
        }
    }

    /// Runs until the connection ends.
    async fn pump(
        &mut self,
        hello: &ServerMsg,
        out: &mut actix_ws::Session,
        stream: &mut MessageStream,
    ) -> Result<std::convert::Infallible, End> {
        self.send(hello)?;
        loop {
            if (self.stage != Stage::Serving || self.is_sent_away)
                && self.session.is_idle()
                && self.outbox.is_empty()
            {
                return close(CloseCode::Restart, "The server restarts. Connect again now.");
            }
            let deadline = self.deadline();
            let event = tokio::select! {
                frame = stream.recv(), if self.outbox.len() < OUTBOX => Event::Frame(frame),
                room = poll_fn(|cx| Pin::new(&mut *out).poll_ready(cx)), if !self.outbox.is_empty() => {
                    Event::Room(room)
                }
                message = self.session.next(), if self.outbox.is_empty() => {
                    Event::Message(Box::new(message))
                }
                () = sleep_until(deadline) => Event::Deadline,
                Ok(()) = self.changes.changed() => Event::Changed,
                Ok(()) = self.drained.changed() => Event::Drained,
                () = self.leaving.begun.cancelled(), if self.stage == Stage::Serving => Event::Leaving,
                () = self.leaving.now.cancelled(), if self.stage == Stage::Leaving => Event::TimeIsOver,
            };
            match event {
                Event::Frame(frame) => self.receive(frame)?,
                Event::Room(room) => {
                    let message = room.ok().and_then(|()| self.outbox.pop_front()).ok_or(End::Gone)?;
                    Pin::new(&mut *out).start_send(message).map_err(|Closed| End::Gone)?;
                    self.stuck_since = Instant::now();
                }
                Event::Message(message) => self.send(&message)?,
                Event::Deadline => self.overdue()?,
                Event::Changed => {
                    let state = self.live.state();
                    self.session.renew(state.rules.clone(), self.page.allowed(&state));
                    // A page waits for a program as long as it may run.
                    let hello = self.session.hello();
                    self.send(&hello)?;
                }
                // Whoever connects afterwards was sent here all the same, and is served.
                Event::Drained => self.is_sent_away = *self.drained.borrow_and_update(),
                Event::Leaving => {
                    self.session.leave();
                    self.stage = Stage::Leaving;
                }
                Event::TimeIsOver => {
                    self.session.stop_all();
                    self.stage = Stage::Ending(Instant::now() + LAST_WORDS);
                }
            }
        }
    }

    fn receive(&mut self, frame: Option<Result<Message, ProtocolError>>) -> Result<(), End> {
        let message = match frame {
            None => return Err(End::Gone),
            Some(Err(error)) => return Err(self.broken(&error)),
            Some(Ok(message)) => message,
        };
        self.heard = Instant::now();
        self.pinged = None;
        match message {
            Message::Text(text) => self.hear(&text),
            Message::Continuation(piece) => self.piece(piece),
            Message::Ping(payload) => {
                self.push(Message::Pong(payload));
                Ok(())
            }
            Message::Pong(_) | Message::Nop => Ok(()),
            Message::Binary(_) => not_text(),
            Message::Close(_) => close(CloseCode::Normal, ""),
        }
    }

    fn hear(&mut self, text: &str) -> Result<(), End> {
        match self.session.receive(text) {
            Some(answer) => self.send(&answer),
            None => Ok(()),
        }
    }

    /// Puts a message together. The library's own way of doing it keeps every piece by itself, so that pieces of
    /// a byte take a hundred times the memory that they may, and waits for the last one for ever.
    fn piece(&mut self, piece: Item) -> Result<(), End> {
        // Their order has been checked.
        let (bytes, is_last) = match piece {
            Item::FirstBinary(_) => return not_text(),
            Item::FirstText(bytes) | Item::Continue(bytes) => (bytes, false),
            Item::Last(bytes) => (bytes, true),
        };
        let (text, _) = self.pieces.get_or_insert_with(|| (Vec::new(), Instant::now()));
        if text.len() + bytes.len() > self.frame_bytes {
            return close(CloseCode::Size, self.too_big());
        }
        text.extend_from_slice(&bytes);
        if !is_last {
            return Ok(());
        }
        match self.pieces.take().map(|(text, _)| String::from_utf8(text)) {
            Some(Ok(text)) => self.hear(&text),
            _ => close(CloseCode::Invalid, NOT_UTF8),
        }
    }

    /// What to tell a client that broke the protocol.
    fn broken(&self, error: &ProtocolError) -> End {
        // The library tells this from others by nothing but its words; a test holds it to them.
        let words = error.to_string();
        let (code, words) = match error {
            ProtocolError::Overflow => (CloseCode::Size, self.too_big()),
            ProtocolError::Io(_) if words.contains("utf-8") => (CloseCode::Invalid, NOT_UTF8.to_owned()),
            ProtocolError::Io(error) if error.kind() != std::io::ErrorKind::InvalidData => return End::Gone,
            _ => (CloseCode::Protocol, format!("Not WebSocket: {words}.")),
        };
        End::Close(code, words)
    }

    fn too_big(&self) -> String {
        format!("A message is over {} bytes. Send a shorter program.", self.frame_bytes)
    }

    fn send(&mut self, message: &ServerMsg) -> Result<(), End> {
        match serde_json::to_string(message) {
            Ok(text) => {
                self.push(Message::Text(text.into()));
                Ok(())
            }
            Err(error) => {
                tracing::error!(%error, "can't write a message as JSON");
                close(CloseCode::Error, "The server made a mistake. Its log has more.")
            }
        }
    }

    fn push(&mut self, message: Message) {
        if self.outbox.is_empty() {
            self.stuck_since = Instant::now();
        }
        self.outbox.push_back(message);
    }

    /// When something is overdue, if nothing happens until then.
    fn deadline(&self) -> Instant {
        let alive = self.pinged.map_or(self.heard + self.ping_interval, |at| at + self.answer_timeout);
        let whole = self.pieces.as_ref().map(|(_, begun)| *begun + self.message_timeout);
        let read = (!self.outbox.is_empty()).then(|| self.stuck_since + self.answer_timeout);
        let gone = if let Stage::Ending(at) = self.stage { Some(at) } else { None };
        [whole, read, gone].into_iter().flatten().fold(alive, Instant::min)
    }

    fn overdue(&mut self) -> Result<(), End> {
        let now = Instant::now();
        if matches!(self.stage, Stage::Ending(at) if now >= at) {
            // Not the code above: that promises that every run has had its report.
            return close(CloseCode::Away, "The server shuts down. Connect again in a moment.");
        }
        if !self.outbox.is_empty() && now >= self.stuck_since + self.answer_timeout {
            return close(CloseCode::Policy, "What was sent has not been read for too long.");
        }
        if self.pieces.as_ref().is_some_and(|(_, begun)| now >= *begun + self.message_timeout) {
            return close(CloseCode::Policy, "The rest of a message has not come for too long.");
        }
        match self.pinged {
            Some(at) if now >= at + self.answer_timeout => {
                close(CloseCode::Policy, "A ping was not answered for too long.")
            }
            None if now >= self.heard + self.ping_interval => {
                self.pinged = Some(now);
                self.push(Message::Ping(web::Bytes::new()));
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
