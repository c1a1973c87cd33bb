//! The HTTP API, version 1: what its handlers have in common. [`run`] and [`functions`] run programs, [`snippets`]
//! keeps them.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::StreamExt;

use super::error::{Problem, answer};
use super::{AppState, State, guard, origin};
use crate::config::Origin;
use crate::policy::modules::Allowed;
use crate::protocol::browser::RejectReason;
use crate::sandbox::Sender;

pub mod events;
pub mod functions;
pub mod idempotent;
pub mod run;
pub mod snippets;

/// Headers that a page of another origin may send.
const ALLOWED_HEADERS: &str =
    "authorization, content-type, idempotency-key, last-event-id, mayfly-logs, mayfly-usage, traceparent";
/// Headers of answers that such a page may read, besides those that it always may.
const EXPOSED_HEADERS: &str = "allow, location, mayfly-logs, mayfly-usage, retry-after, www-authenticate";

/// What a browser asks before it lets a page of another origin send this request.
pub async fn preflight(req: HttpRequest, state: State, methods: &'static str) -> HttpResponse {
    match origin::check(&req, &state) {
        Ok(origin) => {
            let mut response = HttpResponse::NoContent()
                .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, methods))
                .insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED_HEADERS))
                .insert_header((header::ACCESS_CONTROL_MAX_AGE, "600"))
                .insert_header((header::ALLOW, methods))
                .finish();
            share_with(origin.as_ref(), response.headers_mut());
            response
        }
        Err(problem) => answer(&req, &problem),
    }
}

/// Answers `req`, whose origin is checked first, with what `respond` makes of it.
async fn respond(
    req: &HttpRequest,
    state: &AppState,
    respond: impl AsyncFnOnce() -> Result<HttpResponse, Problem>,
) -> HttpResponse {
    let origin = match origin::check(req, state) {
        Ok(origin) => origin,
        Err(problem) => return answer(req, &problem),
    };
    let mut response = respond().await.unwrap_or_else(|problem| answer(req, &problem));
    share_with(origin.as_ref(), response.headers_mut());
    response
}

/// Lets the page that asked, whose origin was checked, read the answer.
pub fn share_with(origin: Option<&Origin>, headers: &mut HeaderMap) {
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    let value = origin.and_then(|origin| HeaderValue::try_from(origin.to_string()).ok());
    if let Some(value) = value {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, value);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED_HEADERS));
        headers.insert(header::CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    }
}

/// JSON is not one of the types that a page of any origin may send without asking, so it is required.
pub fn check_type(headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name| headers.get(name).map(|value: &HeaderValue| value.to_str().unwrap_or_default());
    let content_type = text(header::CONTENT_TYPE).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        let detail = "The body has to be JSON: send the header `Content-Type: application/json`.";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail)
            .header(HeaderName::from_static("accept-post"), "application/json"));
    }
    if text(header::CONTENT_ENCODING).is_some_and(|encoding| !encoding.eq_ignore_ascii_case("identity")) {
        let detail = "The body has to come as it is: send it without a Content-Encoding.";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail)
            .header(header::ACCEPT_ENCODING, "identity"));
    }
    Ok(())
}

/// The whole body, if it is of at most `limit` bytes and arrives in time, and there is room for it meanwhile.
pub async fn read(
    req: &HttpRequest,
    body: web::Payload,
    limit: usize,
    state: &AppState,
) -> Result<web::Bytes, Problem> {
    let reading = tokio::time::timeout(state.request_timeout, collect(req, body, limit, state));
    reading.await.unwrap_or_else(|_| {
        let seconds = state.request_timeout.as_secs_f32();
        let detail = format!("The body did not arrive in {seconds} s. Send it again.");
        Err(Problem::new(StatusCode::REQUEST_TIMEOUT, detail))
    })
}

async fn collect(
    req: &HttpRequest,
    mut body: web::Payload,
    limit: usize,
    state: &AppState,
) -> Result<web::Bytes, Problem> {
    let too_long = || {
        let detail = format!("The body is over {limit} bytes. Send a shorter program.");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail).reason(RejectReason::TooLarge)
    };
    let announced = req.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    if announced.and_then(|text| text.parse::<u64>().ok()).is_some_and(|length| length > limit as u64) {
        return Err(too_long());
    }
    let mut share = state.intake.share(guard::client(req));
    let mut bytes = web::BytesMut::new();
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|error| {
            let detail = format!("The body can't be read: {error}. Send it again.");
            Problem::new(StatusCode::BAD_REQUEST, detail).reason(RejectReason::BadRequest)
        })?;
        if bytes.len() + chunk.len() > limit {
            return Err(too_long());
        }
        share.set(bytes.len() + chunk.len()).map_err(|_| state.intake.problem())?;
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

/// What a program may import that the page of this request sent, or nobody's.
fn modules_of(req: &HttpRequest, state: &AppState) -> Result<Allowed, Problem> {
    Ok(state.modules.allowed(origin::check(req, state)?.as_ref()))
}

/// Where the program of this request comes from.
pub fn sender_of(req: &HttpRequest, state: &AppState) -> Result<Sender, Problem> {
    let origin = origin::check(req, state)?;
    let foreign = origin.filter(|origin| !origin::is_own(req, origin));
    Ok(Sender {
        address: Some(guard::client(req)),
        origins: foreign.iter().map(ToString::to_string).collect(),
        snippet: None,
    })
}

/// The token that a request carries as `Authorization: Bearer …`.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// 401, and what to send.
pub fn unauthorized(detail: &str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, detail).header(header::WWW_AUTHENTICATE, "Bearer")
}
