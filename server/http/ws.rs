//! `GET /api/v1/ws`: pumps frames between a WebSocket and its [`Session`]. Knows frames, time and nothing
//! else.
//!
//! Messages wait in a short outbox. A run is asked for more only when the outbox is empty, so a browser that
//! reads slowly slows its own programs down; it is heard all the while, so it can stop them. One that takes
//! nothing for [`Pump::answer_timeout`] is given up, and its runs are killed.
//!
//! Frames are decoded by [`Decoder`], and not by actix-ws, which looks at a frame's length when all of the frame has
//! arrived, and keeps everything until then. What actix-ws sends, and hears of the connection's end, is its own.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::{StatusCode, header};
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use actix_ws::{CloseCode, CloseReason, Closed, Message, MessageStream};
use bytes::Buf;
use futures_util::{Sink, Stream, StreamExt, stream};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use super::embed::Wishes;
use super::error::{Problem, answer};
use super::intake::{NO_ROOM, NoRoom, Share};
use super::state::{Leaving, Live};
use super::{State, guard, origin};
use crate::config::Origin;
use crate::metrics;
use crate::policy::modules::Allowed;
use crate::protocol::browser::ServerMsg;
use crate::protocol::websocket::{Decoder, Message as Received, Violation};
use crate::sandbox::Sender;
use crate::session::{Runs, Session};

/// How many messages may wait. With more waiting than this, the client is not heard either: each of them
/// answers a frame of its own.
const OUTBOX: usize = 32;

/// How long the reports of runs that were stopped for the server's end may take to be read.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What stands for an origin that a browser does not tell.
const UNKNOWN: &str = "unknown";

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
    // The library gets a stream in which nothing ever arrives: it still tells when the connection is closed.
    let never: Pin<Box<dyn Stream<Item = Result<web::Bytes, PayloadError>>>> = Box::pin(stream::pending());
    let mut nothing = Payload::Stream { payload: never };
    let handled = match web::Payload::from_request(&req, &mut nothing).await {
        Ok(nothing) => actix_ws::handle(&req, nothing),
        Err(error) => Err(error),
    };
    let (response, out, closed) = match handled {
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
    let incoming = Incoming {
        payload: body,
        chunk: web::Bytes::new(),
        decoder: Decoder::new(state.frame_bytes),
        share: state.intake.share(guard::client(&req)),
        closed,
    };
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
        partial_since: None,
        frame_bytes: state.frame_bytes,
        message_timeout: state.request_timeout,
        ping_interval: state.ping_interval,
        answer_timeout: state.answer_timeout,
        drained: state.leaving.drained.subscribe(),
        is_sent_away: false,
        leaving: state.leaving.clone(),
    };
    actix_web::rt::spawn(pump.run(out, incoming));
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

/// What arrives on a connection.
struct Incoming {
    payload: web::Payload,
    /// What has been read and not been decoded.
    chunk: web::Bytes,
    decoder: Decoder,
    /// What the decoder keeps.
    share: Share,
    /// Ends when the connection does.
    closed: MessageStream,
}

/// What has arrived.
enum Arrived {
    /// A message.
    Message(Received),
    /// Bytes that complete no message.
    Part,
    /// The connection's end.
    End,
}

/// What may not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refused {
    /// What breaks the protocol.
    Violation(Violation),
    /// More than there is room for.
    NoRoom,
}

impl Incoming {
    /// Waits for the next thing to arrive. Nothing is lost when the future is dropped. More is read only when all that
    /// was read before is decoded, so that a client who is not heard is slowed down.
    async fn next(&mut self) -> Result<Arrived, Refused> {
        if self.chunk.is_empty() {
            let read = tokio::select! {
                read = self.payload.next() => read,
                _ = self.closed.recv() => None,
            };
            match read {
                Some(Ok(bytes)) => self.chunk = bytes,
                Some(Err(_)) | None => return Ok(Arrived::End),
            }
        }
        let mut rest = &self.chunk[..];
        let decoded = self.decoder.decode(&mut rest).map_err(Refused::Violation)?;
        let used = self.chunk.len() - rest.len();
        self.chunk.advance(used);
        self.share.set(self.decoder.kept_bytes()).map_err(|NoRoom| Refused::NoRoom)?;
        Ok(decoded.map_or(Arrived::Part, Arrived::Message))
    }
}

/// What a turn of the loop waits for.
enum Event {
    Arrived(Result<Arrived, Refused>),
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
    /// Since when part of a message has arrived and its rest has not.
    partial_since: Option<Instant>,
    frame_bytes: usize,
    /// How long a message may take to arrive, from its first byte to its last.
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
    async fn run(mut self, mut out: actix_ws::Session, mut incoming: Incoming) {
        let hello = self.session.hello();
        let Err(end) = self.pump(&hello, &mut out, &mut incoming).await;
        tracing::debug!(?end, "websocket ended");
        // What is still on its way is not kept: actix-web reads it and throws it away.
        drop(incoming);
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
        incoming: &mut Incoming,
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
                arrived = incoming.next(), if self.is_listening() => Event::Arrived(arrived),
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
                Event::Arrived(arrived) => {
                    self.receive(arrived, incoming.decoder.is_partial())?;
                }
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

    /// Whether what the client sends is read.
    fn is_listening(&self) -> bool {
        self.outbox.len() < OUTBOX
    }

    fn receive(&mut self, arrived: Result<Arrived, Refused>, is_partial: bool) -> Result<(), End> {
        let message = match arrived.map_err(|refused| self.refused(refused))? {
            Arrived::End => return Err(End::Gone),
            Arrived::Part => None,
            Arrived::Message(message) => Some(message),
        };
        // A message that has ended ends its time; what of the next one has arrived begins another. A control frame
        // inside of a message gives it no more time.
        if matches!(message, Some(Received::Text(_))) || !is_partial {
            self.partial_since = None;
        }
        if is_partial {
            self.partial_since.get_or_insert_with(Instant::now);
        }
        let Some(message) = message else { return Ok(()) };
        self.heard = Instant::now();
        self.pinged = None;
        match message {
            Received::Text(text) => self.hear(&text),
            Received::Ping(payload) => {
                self.push(Message::Pong(payload.into()));
                Ok(())
            }
            Received::Pong => Ok(()),
            Received::Close => close(CloseCode::Normal, ""),
        }
    }

    fn hear(&mut self, text: &str) -> Result<(), End> {
        match self.session.receive(text) {
            Some(answer) => self.send(&answer),
            None => Ok(()),
        }
    }

    /// What to tell a client that sent what may not be.
    fn refused(&self, refused: Refused) -> End {
        let (code, words) = match refused {
            Refused::NoRoom => (CloseCode::Again, NO_ROOM.to_owned()),
            Refused::Violation(violation) => match violation {
                Violation::Protocol(words) => (CloseCode::Protocol, format!("Not WebSocket: {words}.")),
                Violation::Binary => (
                    CloseCode::Unsupported,
                    "Binary frames are not understood. Send JSON in text frames.".to_owned(),
                ),
                Violation::NotUtf8 => (CloseCode::Invalid, "A text message is not UTF-8.".to_owned()),
                Violation::TooBig => (CloseCode::Size, self.too_big()),
            },
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
        // A client that is not heard can't send the rest.
        let whole =
            self.partial_since.filter(|_| self.is_listening()).map(|since| since + self.message_timeout);
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
        if self.is_listening() && self.partial_since.is_some_and(|since| now >= since + self.message_timeout)
        {
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
