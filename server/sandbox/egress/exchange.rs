//! One request, from the program's wish to the end of the response.

use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use async_compression::tokio::bufread::{GzipDecoder, ZlibDecoder};
use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt, TryStreamExt};
use reqwest::header::LOCATION;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::{Semaphore, mpsc};
use tokio_util::io::StreamReader;
use url::{Host, Url};

use super::address::not_public;
use super::client::NotPublic;
use super::headers::{self, Coding};
use super::{Egress, EgressSettings};
use crate::metrics::{self, FetchEnd};
use crate::policy::{EgressPolicy, Verdict, host_of};
use crate::protocol::fetch::{
    BodySize, CHUNK_BYTES, FETCH_FAILED, FETCH_MORE, FETCHED, FETCHED_BODY, FETCHED_END, FetchFailed,
    FetchHead, FetchedHead,
};
use crate::traces::{Context, Kind, Span};

/// How much of a URL, or of a list of rules, is shown in messages.
const SHOWN: usize = 200;

/// What the runner sends of a request's body.
pub enum Upload {
    /// Some of it.
    Chunk(Bytes),
    /// It is complete.
    End,
}

/// What the runner is to be told.
pub enum Progress {
    /// The response begins.
    Head { head: FetchedHead, location: Option<String> },
    /// Some of its body.
    Body(Bytes),
    /// It is complete.
    End,
    /// A chunk of the request is used up.
    More,
    /// There is none, or no more of it.
    Failed(FetchFailed),
}

impl Progress {
    /// The kind and payload of its frame, without the request's number.
    pub fn into_frame(self) -> (u8, Vec<u8>) {
        // What is made into JSON here is texts and numbers: that can't fail.
        let json = |value: serde_json::Result<Vec<u8>>| value.unwrap_or_default();
        match self {
            Self::Head { head, .. } => (FETCHED, json(serde_json::to_vec(&head))),
            Self::Body(bytes) => (FETCHED_BODY, bytes.into()),
            Self::End => (FETCHED_END, Vec::new()),
            Self::More => (FETCH_MORE, Vec::new()),
            Self::Failed(failed) => (FETCH_FAILED, json(serde_json::to_vec(&failed))),
        }
    }
}

/// A request.
pub struct Exchange {
    pub egress: Arc<Egress>,
    /// Where it may go, if not where those of all runs may.
    pub policy: Option<Arc<EgressPolicy>>,
    pub run_id: uuid::Uuid,
    /// Where the run is in a trace.
    pub trace: Option<Context>,
    pub id: u32,
    pub url: Url,
    pub head: FetchHead,
    /// How many redirects led to it.
    pub redirects: u32,
    pub uploads: Option<mpsc::Receiver<Upload>>,
    /// Room for chunks of the response.
    pub window: Arc<Semaphore>,
    /// Room among the run's requests.
    pub slots: Arc<Semaphore>,
    pub progress: mpsc::Sender<(u32, Progress)>,
}

/// Why a request ended early: what a person is to read behind its URL.
#[derive(Clone, Debug)]
enum Failure {
    /// A rule of the operator's does not let it go there.
    Blocked(String),
    /// It is over a limit, or asks for what can't be had here.
    Refused(String),
    /// It went wrong on the way.
    Failed(String),
}

/// Where a request goes.
enum Route {
    Fixture(usize),
    Network { is_private: bool },
}

impl Exchange {
    /// Does it.
    pub async fn run(mut self) {
        let uploads = self.uploads.take();
        let host = host_of(&self.url).unwrap_or_default();
        let mut span = match self.trace {
            Some(trace) => Span::begin("fetch", Kind::Client, Some(trace)),
            None => Span::default(),
        };
        span.note("server.address", host.to_string());
        // The queue is not the request's fault: its time begins with its turn. A run's slots are never closed.
        let slots = self.slots.clone();
        let _slot = slots.acquire().await;
        let timeout = self.settings().timeout;
        // What it is counted by outlives an exchange that is cut off by its time.
        let asked = OnceLock::new();
        let end = match tokio::time::timeout(timeout, self.exchange(uploads, &asked)).await {
            Ok(end) => end,
            Err(_) => Err(Failure::Refused(format!("it took longer than {timeout:?} (egress.timeout)"))),
        };
        let ended = match &end {
            Ok(()) => FetchEnd::Done,
            Err(Failure::Blocked(_)) => FetchEnd::Blocked,
            Err(Failure::Refused(_)) => FetchEnd::Refused,
            Err(Failure::Failed(_)) => FetchEnd::Failed,
        };
        if ended != FetchEnd::Done {
            span.fail(ended.name());
        }
        drop(span);
        metrics::fetched(ended);
        if let Some(asked) = asked.into_inner() {
            asked.ended(ended);
        }
        let progress = match end {
            Ok(()) => Progress::End,
            Err(failure) => {
                tracing::debug!(run_id = %self.run_id, host, ?failure, "a fetch ended early");
                Progress::Failed(failure.say(&self.url))
            }
        };
        self.tell(progress).await;
    }

    fn settings(&self) -> &EgressSettings {
        &self.egress.settings
    }

    fn policy(&self) -> &EgressPolicy {
        self.policy.as_deref().unwrap_or(&self.settings().policy)
    }

    async fn tell(&self, progress: Progress) {
        // A run that is over needs to be told nothing.
        let _ = self.progress.send((self.id, progress)).await;
    }

    async fn exchange(
        &self,
        uploads: Option<mpsc::Receiver<Upload>>,
        asked: &OnceLock<metrics::HostRequest>,
    ) -> Result<(), Failure> {
        let route = self.route()?;
        match route {
            Route::Fixture(index) => self.fixture(index, uploads).await,
            Route::Network { is_private } => {
                let host = host_of(&self.url).unwrap_or_default();
                let counters = self.egress.hosts.of(&host, self.policy().names(&host));
                self.network(is_private, uploads, asked.get_or_init(|| counters.asked())).await
            }
        }
    }

    /// Where it may go.
    fn route(&self) -> Result<Route, Failure> {
        let blocked = |why: String| Err(Failure::Blocked(why));
        let settings = self.settings();
        if !matches!(self.url.scheme(), "http" | "https") {
            return Err(Failure::Refused("programs can reach http: and https: URLs".to_owned()));
        }
        if !self.url.username().is_empty() || self.url.password().is_some() {
            return Err(Failure::Refused(
                "a user name and a password can't stand in its URL; use the header authorization".to_owned(),
            ));
        }
        if self.redirects > settings.redirects {
            return Err(Failure::Refused(format!(
                "it is the end of more than {} redirects (egress.redirects)",
                settings.redirects
            )));
        }
        if let BodySize::Known(bytes) = self.head.body
            && bytes > settings.request_bytes
        {
            return Err(self.too_much_sent());
        }
        if let Some(index) = settings.fixtures.find(&self.head.method, &self.url) {
            return Ok(Route::Fixture(index));
        }
        let policy = self.policy();
        match policy.judge(&self.head.method, &self.url) {
            Verdict::Private => return Ok(Route::Network { is_private: true }),
            Verdict::Public => {}
            Verdict::NothingAllowed => {
                return blocked("this site lets programs reach nothing outside (egress.allow)".to_owned());
            }
            Verdict::HostNotAllowed => {
                let rules: Vec<String> = policy.allow.iter().map(ToString::to_string).collect();
                let rules = if rules.is_empty() { "none that it names".to_owned() } else { rules.join(", ") };
                return blocked(format!(
                    "of the outside, this site lets programs reach only {} (egress.allow)",
                    cut(&rules)
                ));
            }
            Verdict::MethodNotAllowed(methods) => {
                return blocked(format!(
                    "this site lets programs ask that host by {} only (egress.allow)",
                    methods.join(" and ")
                ));
            }
        }
        // A client looks names up and checks what they stand for. What is an address already it does not.
        let address = match self.url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            Some(Host::Domain(name)) => {
                let name = name.strip_suffix('.').unwrap_or(name);
                if name == "localhost" || name.ends_with(".localhost") {
                    return Err(not_public_host("a loopback address"));
                }
                None
            }
            None => None,
        };
        match address.and_then(not_public) {
            Some(what) => Err(not_public_host(what)),
            None => Ok(Route::Network { is_private: false }),
        }
    }

    fn too_much_sent(&self) -> Failure {
        Failure::Refused(format!(
            "its body is longer than {} bytes (egress.request_bytes)",
            self.settings().request_bytes
        ))
    }

    fn too_much_received(&self) -> Failure {
        Failure::Refused(format!(
            "the response is longer than {} bytes (egress.response_bytes)",
            self.settings().response_bytes
        ))
    }

    async fn fixture(&self, index: usize, uploads: Option<mpsc::Receiver<Upload>>) -> Result<(), Failure> {
        let cause = Cause::default();
        if let Some(uploads) = uploads {
            // It goes nowhere, but by the same rules.
            let mut body = std::pin::pin!(self.upload(uploads, cause.clone(), None));
            while let Some(chunk) = body.next().await {
                chunk.map_err(|error| cause.take().unwrap_or(Failure::Failed(error.to_string())))?;
            }
        }
        let Some(fixture) = self.settings().fixtures.get(index) else {
            return Err(Failure::Failed("its fixture is gone".to_owned()));
        };
        let headers = fixture.headers.clone();
        let location = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("location"));
        let location = location.map(|(_, value)| value.clone());
        self.tell_head(fixture.status, headers, false, location).await;
        self.download(&fixture.body[..]).await.map(|_| ())
    }

    async fn network(
        &self,
        is_private: bool,
        uploads: Option<mpsc::Receiver<Upload>>,
        asked: &metrics::HostRequest,
    ) -> Result<(), Failure> {
        let method = headers::method(&self.head.method).map_err(Failure::Refused)?;
        let map = headers::request(&self.head.headers, &self.url, &method, self.head.body)
            .map_err(Failure::Refused)?;
        let client = self.egress.clients.get(is_private).map_err(|error| {
            tracing::error!(error, "there is no HTTP client");
            Failure::Failed("the server has no HTTP client".to_owned())
        })?;
        let cause = Cause::default();
        let mut request = client.request(method, self.url.clone()).headers(map);
        if let Some(uploads) = uploads {
            request = request.body(reqwest::Body::wrap_stream(self.upload(
                uploads,
                cause.clone(),
                Some(asked.host().clone()),
            )));
        }
        let response = request.send().await.map_err(|error| cause.take().unwrap_or_else(|| why(&error)))?;

        let status = response.status();
        let headers = headers::response(response.headers()).map_err(Failure::Refused)?;
        let coding = headers::coding(response.headers()).filter(|_| self.head.method != "HEAD");
        let location = headers.iter().find(|(name, _)| name == LOCATION.as_str());
        let location = location.filter(|_| status.is_redirection()).map(|(_, value)| value.clone());
        if coding.is_none()
            && self.head.method != "HEAD"
            && response.content_length().is_some_and(|length| length > self.settings().response_bytes)
        {
            return Err(self.too_much_received());
        }
        self.tell_head(status.as_u16(), headers, coding.is_some(), location).await;

        let body = response.bytes_stream().map_err(io::Error::other);
        let received = match coding {
            None => self.download(StreamReader::new(body)).await,
            Some(Coding::Gzip) => {
                let mut decoder = GzipDecoder::new(StreamReader::new(body));
                decoder.multiple_members(true);
                self.download(decoder).await
            }
            Some(Coding::Deflate) => self.download(ZlibDecoder::new(StreamReader::new(body))).await,
        };
        let received = received.map_err(|failure| cause.take().unwrap_or(failure))?;
        asked.received(received);
        tracing::debug!(run_id = %self.run_id, host = self.url.host_str(), status = status.as_u16(), received, "a fetch is complete");
        Ok(())
    }

    async fn tell_head(
        &self,
        status: u16,
        headers: Vec<(String, String)>,
        body_decoded: bool,
        location: Option<String>,
    ) {
        let status_text = reqwest::StatusCode::from_u16(status).ok().and_then(|it| it.canonical_reason());
        let status_text = status_text.unwrap_or_default().to_owned();
        let head = FetchedHead { status, status_text, headers, body_decoded };
        self.tell(Progress::Head { head, location }).await;
    }

    /// The request's body, as it comes from the runner, counted as sent to `host`. Where it fails, `cause` says why.
    fn upload(
        &self,
        uploads: mpsc::Receiver<Upload>,
        cause: Cause,
        host: Option<metrics::Host>,
    ) -> impl Stream<Item = io::Result<Bytes>> + Send + use<> {
        let (id, progress) = (self.id, self.progress.clone());
        let too_much = self.too_much_sent();
        let (most, expected) = match self.head.body {
            BodySize::Known(bytes) => (bytes, Some(bytes)),
            BodySize::Absent | BodySize::Unknown => (self.settings().request_bytes, None),
        };
        let state = (uploads, 0_u64, false);
        stream::try_unfold(state, move |(mut uploads, sent, owes)| {
            let (progress, cause) = (progress.clone(), cause.clone());
            let (host, too_much) = (host.clone(), too_much.clone());
            async move {
                let fail = |failure: Failure| {
                    let error = io::Error::other(format!("{failure:?}"));
                    cause.set(failure);
                    Err(error)
                };
                // The last chunk is used up when the next one is asked for.
                if owes {
                    let _ = progress.send((id, Progress::More)).await;
                }
                match uploads.recv().await {
                    Some(Upload::Chunk(bytes)) => {
                        let length = bytes.len() as u64;
                        let sent = sent + length;
                        if sent > most {
                            return fail(match expected {
                                None => too_much,
                                Some(_) => Failure::Failed("its body is longer than was said".to_owned()),
                            });
                        }
                        if let Some(host) = host {
                            host.sent(length);
                        }
                        Ok(Some((bytes, (uploads, sent, true))))
                    }
                    Some(Upload::End) if expected.is_none_or(|expected| expected == sent) => Ok(None),
                    Some(Upload::End) => {
                        fail(Failure::Failed("its body is shorter than was said".to_owned()))
                    }
                    None => fail(Failure::Failed("its body was given up".to_owned())),
                }
            }
        })
    }

    /// Passes a response's body on, as fast as the runner takes it. Gives its length.
    async fn download(&self, body: impl AsyncRead) -> Result<u64, Failure> {
        let mut body = std::pin::pin!(body);
        let mut received = 0;
        loop {
            let mut chunk = bytes::BytesMut::with_capacity(CHUNK_BYTES);
            let read = body.read_buf(&mut chunk).await;
            let length =
                read.map_err(|error| Failure::Failed(format!("its body broke off: {}", root(&error))))?;
            if length == 0 {
                return Ok(received);
            }
            received += length as u64;
            if received > self.settings().response_bytes {
                return Err(self.too_much_received());
            }
            // Windows are never closed.
            if let Ok(room) = self.window.acquire().await {
                room.forget();
            }
            self.tell(Progress::Body(chunk.freeze())).await;
        }
    }
}

/// Why a request's body failed, told beside the client, which only knows that it did.
#[derive(Clone, Default)]
struct Cause(Arc<Mutex<Option<Failure>>>);

impl Cause {
    fn set(&self, failure: Failure) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure);
    }

    fn take(&self) -> Option<Failure> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Failure {
    /// For the visitor.
    fn say(self, url: &Url) -> FetchFailed {
        let url = cut(url.as_str());
        match self {
            Self::Blocked(why) => {
                FetchFailed { is_refused: true, message: format!("fetch to {url} was blocked: {why}") }
            }
            Self::Refused(why) => {
                FetchFailed { is_refused: true, message: format!("fetch to {url} was refused: {why}") }
            }
            Self::Failed(why) => {
                FetchFailed { is_refused: false, message: format!("fetch to {url} failed: {why}") }
            }
        }
    }
}

fn not_public_host(what: &str) -> Failure {
    Failure::Blocked(format!(
        "its host is {what}, and this site lets programs reach the public network only (egress.allow_private)"
    ))
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// Why the client has no response.
fn why(error: &reqwest::Error) -> Failure {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = source {
        if let Some(NotPublic(what)) = error.downcast_ref() {
            return not_public_host(what);
        }
        source = error.source();
    }
    let what = if error.is_dns() {
        "its host was not found"
    } else if error.is_connect() {
        "there is no connection to its host"
    } else {
        "there was no response"
    };
    Failure::Failed(format!("{what}: {}", root(error)))
}

/// The innermost error's words: what happened, without who tells of it.
fn root(error: &(dyn std::error::Error + 'static)) -> String {
    let mut error = error;
    // An `io::Error` that holds another one says that other's words, but does not name it as its source.
    while let Some(source) = error.source().or_else(|| {
        error.downcast_ref::<io::Error>()?.get_ref().map(|inner| inner as &(dyn std::error::Error + 'static))
    }) {
        error = source;
    }
    cut(&error.to_string())
}
