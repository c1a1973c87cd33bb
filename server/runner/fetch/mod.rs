//! `fetch` in the child: what deno_fetch's JavaScript asks for becomes [frames](crate::protocol::fetch) to the
//! server, and what the server answers becomes a response. There is no other way out of this process. Only
//! `data:` URLs are answered here.

use std::borrow::Cow;
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use data_url::DataUrl;
use deno_core::convert::ByteString;
use deno_core::{AsyncRefCell, AsyncResult, BufView, CancelHandle, CancelTryFuture, RcRef, Resource};
use deno_error::JsErrorBox;

use super::extension::ops::{Body, Header, Network, Request, Response, Sent};
use super::inbox::Topic;
use super::link::Link;
use super::visit::Visit;
use crate::protocol::fetch::{
    BodySize, CHUNK_BYTES, FETCH, FETCH_ABORT, FETCH_BODY, FETCH_END, FETCH_FAILED, FETCHED, FETCHED_BODY,
    FETCHED_MORE, FetchFailed, FetchHead, FetchedHead, HEAD_BYTES, HEADERS, WINDOW, bytes, latin1, parts,
    payload,
};
use crate::protocol::frame::Frame;

/// The way out of one run.
pub struct Gateway {
    link: Arc<Link>,
    visit: Rc<Visit>,
    allowed: u32,
    sent: Cell<u32>,
    has_said_so: Cell<bool>,
}

impl Gateway {
    /// The way out of a run that may fetch `allowed` times.
    pub fn new(link: Arc<Link>, visit: Rc<Visit>, allowed: u32) -> Self {
        Self { link, visit, allowed, sent: Cell::new(0), has_said_so: Cell::new(false) }
    }

    /// Asks the server.
    fn ask(&self, request: Request) -> Result<Sent, JsErrorBox> {
        let Request { method, url, headers, body } = request;
        let lengths = headers.iter().map(|(name, value)| name.len() + value.len());
        if url.len() > HEAD_BYTES || headers.len() > HEADERS || lengths.sum::<usize>() > HEAD_BYTES {
            return Err(error(format!(
                "a request's URL can have {HEAD_BYTES} bytes; its headers that many together, and there can be \
                 {HEADERS} of them"
            )));
        }
        if self.sent.get() >= self.allowed {
            let message = format!(
                "fetch to {} was refused: a program may fetch {} times here, redirects included \
                 (egress.requests)",
                short(&url),
                self.allowed
            );
            // Once is enough for a program that tries it in a loop.
            if !self.has_said_so.replace(true) {
                self.visit.notice(&message);
            }
            return Err(error(message));
        }
        let id = self.sent.get() + 1;
        self.sent.set(id);
        let head = FetchHead {
            method: latin1(&method),
            url,
            headers: headers.iter().map(|(name, value)| (latin1(name), latin1(value))).collect(),
            body: match &body {
                None => BodySize::Absent,
                Some(Body::Whole(bytes)) => BodySize::Known(bytes.len() as u64),
                Some(Body::Stream(stream)) => match stream.size_hint() {
                    (least, Some(most)) if least == most => BodySize::Known(most),
                    _ => BodySize::Unknown,
                },
            },
        };
        let json = serde_json::to_vec(&head).map_err(|error_| error(error_.to_string()))?;
        let exchange = Exchange::begin(self.link.clone(), id, &json);
        if let Some(body) = body {
            deno_core::unsync::spawn(upload(self.link.clone(), id, body));
        }
        let visit = self.visit.clone();
        Ok(Box::pin(async move {
            let frame = exchange.next().await.ok_or_else(|| error("the server is gone"))?;
            if frame.kind != FETCHED {
                return Err(exchange.failed(&frame, &visit));
            }
            let head = parts(&frame.payload).and_then(|(_, json)| serde_json::from_slice(json).ok());
            let Some(FetchedHead { status, status_text, headers, body_decoded }) = head else {
                return Err(error("the server sent a response that can't be read"));
            };
            let headers = headers.iter().filter_map(|(name, value)| {
                Some((ByteString::from(bytes(name)?), ByteString::from(bytes(value)?)))
            });
            let headers: Vec<Header> = headers.collect();
            let body = Incoming::new(Reader { chunk: Vec::new(), at: 0, rest: Some((exchange, visit)) });
            Ok(Response { status, status_text, headers, body_decoded, body: Rc::new(body) })
        }))
    }
}

impl Network for Gateway {
    fn fetch(&self, request: Request) -> Result<Sent, JsErrorBox> {
        let scheme = request.url.split(':').next().unwrap_or_default();
        match scheme {
            "http" | "https" => self.ask(request),
            "data" => {
                let response = data(&request.url)?;
                Ok(Box::pin(std::future::ready(Ok(response))))
            }
            "blob" => Err(error(format!("fetch to {} failed: there is no such blob", short(&request.url)))),
            _ => Err(error(format!(
                "fetch to {} was refused: programs can fetch http:, https:, data: and blob: URLs",
                short(&request.url)
            ))),
        }
    }
}

fn error(message: impl Into<Cow<'static, str>>) -> JsErrorBox {
    JsErrorBox::type_error(message)
}

/// A URL as far as it is shown in messages.
fn short(url: &str) -> Cow<'_, str> {
    match url.char_indices().nth(200) {
        Some((at, _)) => format!("{}…", &url[..at]).into(),
        None => url.into(),
    }
}

/// <https://fetch.spec.whatwg.org/#scheme-fetch>, for `data:`.
fn data(url: &str) -> Result<Response, JsErrorBox> {
    let wrong = || error(format!("fetch to {} failed: it is no data: URL that can be read", short(url)));
    let parsed = DataUrl::process(url).map_err(|_| wrong())?;
    let (chunk, _) = parsed.decode_to_vec().map_err(|_| wrong())?;
    let media_type = parsed.mime_type().to_string();
    Ok(Response {
        status: 200,
        status_text: "OK".into(),
        headers: vec![("content-type".into(), media_type.into())],
        body_decoded: false,
        body: Rc::new(Incoming::new(Reader { chunk, at: 0, rest: None })),
    })
}

/// A request that the server has, until the server has said its last word about it. Dropped before that, it is
/// given up.
struct Exchange {
    link: Arc<Link>,
    id: u32,
    is_over: Cell<bool>,
}

impl Exchange {
    fn begin(link: Arc<Link>, id: u32, head: &[u8]) -> Self {
        // Before the server can answer.
        link.inbox.open(Topic::Response(id));
        link.inbox.open(Topic::Upload(id));
        link.send(FETCH, &payload(id, head));
        Self { link, id, is_over: Cell::new(false) }
    }

    async fn next(&self) -> Option<Frame> {
        self.link.inbox.next(Topic::Response(self.id)).await
    }

    /// The end that `frame` says, as an error. The visitor is told of what this site does not allow.
    fn failed(&self, frame: &Frame, visit: &Visit) -> JsErrorBox {
        self.is_over.set(true);
        let said = parts(&frame.payload).filter(|_| frame.kind == FETCH_FAILED);
        match said.and_then(|(_, json)| serde_json::from_slice(json).ok()) {
            Some(FetchFailed { is_refused, message }) => {
                if is_refused {
                    visit.notice(&message);
                }
                error(message)
            }
            None => error("the server sent something that can't be read"),
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.link.inbox.close(Topic::Response(self.id));
        self.link.inbox.close(Topic::Upload(self.id));
        if !self.is_over.get() {
            self.link.send(FETCH_ABORT, &payload(self.id, &[]));
        }
    }
}

/// Sends a request's body, as far and as fast as the server takes it.
async fn upload(link: Arc<Link>, id: u32, body: Body) {
    let mut room = Room { link: &link, id, chunks: WINDOW };
    let sent = match body {
        Body::Whole(bytes) => {
            let mut is_wanted = true;
            for chunk in bytes.chunks(CHUNK_BYTES) {
                is_wanted = is_wanted && room.send(chunk).await;
            }
            is_wanted
        }
        Body::Stream(stream) => {
            let stream = Outgoing(stream);
            loop {
                match stream.0.clone().read(CHUNK_BYTES).await {
                    Ok(chunk) if chunk.is_empty() => break true,
                    Ok(chunk) => {
                        if !room.send(&chunk).await {
                            break false;
                        }
                    }
                    Err(error) => {
                        // To the program this is the end of the request; dropping that tells the server.
                        let message = format!("the request's body failed: {error}");
                        let failed = FetchFailed { is_refused: false, message };
                        let json = serde_json::to_vec(&failed).unwrap_or_default();
                        let frame = Frame { kind: FETCH_FAILED, payload: payload(id, &json) };
                        link.send(FETCH_ABORT, &payload(id, &[]));
                        link.inbox.deliver(Topic::Response(id), frame);
                        break false;
                    }
                }
            }
        }
    };
    if sent {
        link.send(FETCH_END, &payload(id, &[]));
    }
}

/// A program's stream, closed when nobody reads it any more.
struct Outgoing(Rc<dyn Resource>);

impl Drop for Outgoing {
    fn drop(&mut self) {
        self.0.clone().close();
    }
}

/// What the server has room for, in chunks.
struct Room<'a> {
    link: &'a Link,
    id: u32,
    chunks: usize,
}

impl Room<'_> {
    /// Sends a chunk when there is room. Whether the request still goes on.
    async fn send(&mut self, bytes: &[u8]) -> bool {
        if self.chunks == 0 {
            if self.link.inbox.next(Topic::Upload(self.id)).await.is_none() {
                return false;
            }
            self.chunks += 1;
        }
        self.chunks -= 1;
        self.link.send(FETCH_BODY, &payload(self.id, bytes));
        true
    }
}

/// A response's body.
struct Incoming {
    reader: AsyncRefCell<Reader>,
    cancel: CancelHandle,
}

struct Reader {
    chunk: Vec<u8>,
    /// How much of the chunk has been read.
    at: usize,
    /// Where more comes from, until it ends.
    rest: Option<(Exchange, Rc<Visit>)>,
}

impl Incoming {
    fn new(reader: Reader) -> Self {
        Self { reader: AsyncRefCell::new(reader), cancel: CancelHandle::default() }
    }
}

impl Reader {
    /// The next bytes, `limit` at most; none at the end.
    async fn read(&mut self, limit: usize) -> Result<Vec<u8>, JsErrorBox> {
        loop {
            if self.at < self.chunk.len() {
                let end = self.chunk.len().min(self.at.saturating_add(limit));
                let bytes = self.chunk[self.at..end].to_vec();
                self.at = end;
                if let Some((exchange, _)) = &self.rest
                    && end == self.chunk.len()
                {
                    exchange.link.send(FETCHED_MORE, &payload(exchange.id, &[]));
                }
                return Ok(bytes);
            }
            let Some((exchange, visit)) = &self.rest else { return Ok(Vec::new()) };
            let frame = exchange.next().await.ok_or_else(|| error("the server is gone"))?;
            if frame.kind == FETCHED_BODY {
                self.chunk = frame.payload;
                self.at = size_of::<u32>();
                continue;
            }
            let ended = match frame.kind {
                crate::protocol::fetch::FETCHED_END => {
                    exchange.is_over.set(true);
                    Ok(Vec::new())
                }
                _ => Err(exchange.failed(&frame, visit)),
            };
            self.rest = None;
            return ended;
        }
    }
}

impl Resource for Incoming {
    fn name(&self) -> Cow<'_, str> {
        "fetchResponse".into()
    }

    fn read(self: Rc<Self>, limit: usize) -> AsyncResult<BufView> {
        let cancel = RcRef::map(&self, |it| &it.cancel);
        Box::pin(async move {
            let mut reader = RcRef::map(&self, |it| &it.reader).borrow_mut().await;
            reader.read(limit).try_or_cancel(cancel).await.map(BufView::from)
        })
    }

    fn close(self: Rc<Self>) {
        self.cancel.cancel();
    }
}
