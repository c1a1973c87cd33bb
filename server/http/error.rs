//! What goes wrong in a request: a problem has an outside, which is sent, and may have an inside, which is
//! logged. `/api` and `/healthz` answer with RFC 9457 `application/problem+json`, everything else with a page.

use std::borrow::Cow;
use std::fmt;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::{InternalError, QueryPayloadError};
use actix_web::http::{Method, StatusCode, header};
use actix_web::middleware::Next;
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use serde::Serialize;
use tracing::Instrument;
use utoipa::ToSchema;
use uuid::Uuid;

use super::api::idempotent::Answer;
use super::{State, pages};
use crate::metrics;
use crate::protocol::browser::{Outcome, RejectReason, RunError};
use crate::sandbox::Rejection;
use crate::snippets::Full;
use crate::traces::{self, Context, Kind, Span};

/// What problems are sent as to programs.
const PROBLEM_TYPE: &str = "application/problem+json";

/// A request that can't be answered as asked.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    detail: String,
    reason: Option<RejectReason>,
    retry_after_ms: Option<u64>,
    outcome: Option<Outcome>,
    error: Option<Box<RunError>>,
    full: Option<Full>,
    headers: Vec<(header::HeaderName, Cow<'static, str>)>,
}

/// What went wrong (RFC 9457). The type is `about:blank`: the status says it all, and `reason` is for programs.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct Body<'a> {
    /// `about:blank`: the status says what kind of problem it is.
    r#type: &'static str,
    /// The status in words.
    title: &'a str,
    /// The status.
    status: u16,
    /// What happened, and what to do about it.
    detail: &'a str,
    /// Why, for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<RejectReason>,
    /// When to try again, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
    /// How the run ended, where one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<Outcome>,
    /// What a function threw, or which limit it was over.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a RunError>,
    /// What has no room for what was to be shared: the share of the `client`, that of its `network`, or the `store`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, pattern = "^(client|network|store)$")]
    full: Option<&'static str>,
}

impl Problem {
    /// A problem with a `status` and, in `detail`, what happened and what to do.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            detail: detail.into(),
            reason: None,
            retry_after_ms: None,
            outcome: None,
            error: None,
            full: None,
            headers: Vec::new(),
        }
    }

    /// Adds the reason that a program can tell.
    pub fn reason(mut self, reason: RejectReason) -> Self {
        self.reason = Some(reason);
        self
    }

    /// Adds when trying again could help, in milliseconds.
    pub fn retry_after_ms(mut self, ms: u64) -> Self {
        self.retry_after_ms = Some(ms);
        self
    }

    /// Adds how a run ended.
    pub fn outcome(mut self, outcome: Outcome, error: Option<RunError>) -> Self {
        (self.outcome, self.error) = (Some(outcome), error.map(Box::new));
        self
    }

    /// Adds what has no room.
    pub fn full(mut self, full: Full) -> Self {
        self.full = Some(full);
        self
    }

    /// Adds a header to the answer.
    pub fn header(mut self, name: header::HeaderName, value: impl Into<Cow<'static, str>>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The answer, so that it can be given again.
    pub fn as_answer(&self) -> Answer {
        let mut headers: Vec<_> =
            self.headers.iter().map(|(name, value)| (name.clone(), value.clone().into_owned())).collect();
        headers.push((header::CONTENT_TYPE, PROBLEM_TYPE.to_owned()));
        Answer { status: self.status, headers, body: self.json().into() }
    }

    fn json(&self) -> String {
        let body = Body {
            r#type: "about:blank",
            title: self.title(),
            status: self.status.as_u16(),
            detail: &self.detail,
            reason: self.reason,
            retry_after_ms: self.retry_after_ms,
            outcome: self.outcome,
            error: self.error.as_deref(),
            full: self.full.map(Full::name),
        };
        serde_json::to_string(&body).unwrap_or_default()
    }

    /// Its status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Its status in words.
    pub fn title(&self) -> &'static str {
        self.status.canonical_reason().unwrap_or("Error")
    }

    /// What happened and what to do.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The answer with this problem's headers and any `body`.
    pub fn respond(&self, content_type: &'static str, body: String) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        response.insert_header((header::CACHE_CONTROL, "no-store")).content_type(content_type);
        if let Some(ms) = self.retry_after_ms {
            response.insert_header((header::RETRY_AFTER, ms.div_ceil(1_000).max(1)));
        }
        for (name, value) in &self.headers {
            response.insert_header((name.clone(), value.as_ref()));
        }
        response.body(body)
    }
}

impl From<Rejection> for Problem {
    fn from(rejection: Rejection) -> Self {
        let Rejection { reason, message, retry_after_ms } = rejection;
        metrics::rejected(reason);
        let status = match reason {
            RejectReason::Busy => StatusCode::SERVICE_UNAVAILABLE,
            RejectReason::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            RejectReason::TooManyRuns | RejectReason::RateLimited | RejectReason::TooManyEvaluations => {
                StatusCode::TOO_MANY_REQUESTS
            }
            RejectReason::DuplicateRunId => StatusCode::CONFLICT,
            RejectReason::UnknownRun | RejectReason::UnknownPrompt => StatusCode::NOT_FOUND,
            RejectReason::BadRequest => StatusCode::BAD_REQUEST,
            RejectReason::Blocked => StatusCode::FORBIDDEN,
        };
        // Over HTTP an answer that never says when is read as "never".
        let passes = status == StatusCode::SERVICE_UNAVAILABLE || status == StatusCode::TOO_MANY_REQUESTS;
        let retry_after_ms = retry_after_ms.or(passes.then_some(1_000));
        Self { retry_after_ms, ..Self::new(status, message).reason(reason) }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        self.respond(PROBLEM_TYPE, self.json())
    }
}

/// A problem in the form that whoever asks for this address expects.
pub fn answer(req: &HttpRequest, problem: &Problem) -> HttpResponse {
    match State::of(req) {
        Some(state) if !for_programs(req.path()) => pages::error(&state, problem),
        _ => problem.error_response(),
    }
}

fn for_programs(path: &str) -> bool {
    path.starts_with("/api/") || ["/healthz", "/readyz", "/metrics", "/oembed"].contains(&path)
}

/// The answer to a query that has something else than what is asked for there.
pub fn bad_query(error: QueryPayloadError, req: &HttpRequest) -> actix_web::Error {
    let detail = format!("The address has a query that can't be read: {error}.");
    let response = answer(req, &Problem::new(StatusCode::BAD_REQUEST, detail));
    InternalError::from_response(error, response).into()
}

/// The answer at an address where there is nothing.
pub async fn not_found(req: HttpRequest) -> HttpResponse {
    answer(&req, &Problem::new(StatusCode::NOT_FOUND, "There is nothing at this address."))
}

/// The answer to a method that an address does not have; `allow` lists those it has.
pub async fn method_not_allowed(req: HttpRequest, allow: &'static str) -> HttpResponse {
    let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, format!("This address takes {allow}."));
    answer(&req, &problem.header(header::ALLOW, allow))
}

/// The header with the name of a request.
static REQUEST_ID: header::HeaderName = header::HeaderName::from_static("x-request-id");
/// The longest name that a proxy may give, in bytes.
const REQUEST_ID_BYTES: usize = 64;

/// What a request is called in the log: as a trusted proxy has called it, or something new.
fn request_id(state: &State, req: &ServiceRequest) -> String {
    let is_proxy = req.peer_addr().is_some_and(|peer| state.proxies.trusts(peer.ip()));
    let given = req.headers().get(&REQUEST_ID).and_then(|id| id.to_str().ok());
    let given = given.filter(|id| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
        is_proxy && !id.is_empty() && id.len() <= REQUEST_ID_BYTES && id.bytes().all(is_plain)
    });
    given.map_or_else(|| Uuid::new_v4().to_string(), str::to_owned)
}

/// The span of a request to the API. Whoever calls a function or runs a program can say in which trace that is.
fn trace(req: &ServiceRequest) -> Span {
    let path = req.path();
    if !path.starts_with("/api/v1/") || path == "/api/v1/ws" {
        return Span::default();
    }
    let is_run = path.starts_with("/api/v1/functions/") || path == "/api/v1/run";
    let given = req.headers().get(&TRACEPARENT).filter(|_| is_run).and_then(|it| it.to_str().ok());
    let mut trace = Span::begin("", Kind::Server, given.and_then(Context::parse));
    trace.note("http.request.method", method_name(req.method()));
    trace
}

/// A method as traces call it: no word of a client's own.
fn method_name(method: &Method) -> &'static str {
    let known = ["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"];
    known.into_iter().find(|known| method.as_str() == *known).unwrap_or("_OTHER")
}

/// The header that says in which trace a request is (W3C Trace Context).
static TRACEPARENT: header::HeaderName = header::HeaderName::from_static("traceparent");

/// Logs each request when it has its answer (or its WebSocket), and gives it a name, which the answer has as well and
/// all that is logged meanwhile.
pub async fn log(
    state: State,
    req: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let started = std::time::Instant::now();
    let id = request_id(&state, &req);
    let span = tracing::info_span!("request", id);
    let (method, path) = (req.method().clone(), req.path().to_owned());
    let mut trace = trace(&req);
    let answering = next.call(req).instrument(span.clone());
    let mut response = traces::within(trace.context(), answering).await?;
    if let Ok(id) = header::HeaderValue::try_from(id) {
        response.headers_mut().insert(REQUEST_ID.clone(), id);
    }
    let _entered = span.entered();
    let (status, us) = (response.status().as_u16(), started.elapsed().as_micros() as u64);
    if trace.context().is_some() {
        trace.rename(format!(
            "{} {}",
            method_name(&method),
            response.request().match_pattern().unwrap_or_default()
        ));
        trace.note("http.response.status_code", u64::from(status));
        if status >= 500 {
            trace.fail(status.to_string());
        }
    }
    metrics::answered(response.request().match_pattern(), status);
    tracing::debug!(%method, path, status, us, "request");
    Ok(response)
}
