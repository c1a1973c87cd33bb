//! `POST /api/v1/run`: one program, one JSON object with all that it did.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::error::{Problem, answer};
use super::{AppState, State, guard, origin};
use crate::config::Origin;
use crate::policy::modules::Allowed;
use crate::protocol::browser::{RejectReason, RunResponse};
use crate::protocol::parse;
use crate::sandbox::{ClientKey, RunEvent, RunEvents};
use crate::session::lost_run;

/// Runs the program in the body to its end. When the client leaves, this future is dropped, and the run's
/// handle with it, which kills the run.
pub async fn run(req: HttpRequest, body: web::Payload, state: State) -> HttpResponse {
    let origin = match origin::check(&req, &state) {
        Ok(origin) => origin,
        Err(problem) => return answer(&req, &problem),
    };
    let modules = state.modules.allowed(origin.as_ref());
    let mut response = match respond(req.headers(), guard::client(&req), modules, body, &state).await {
        Ok(response) => HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(response),
        Err(problem) => answer(&req, &problem),
    };
    share_with(origin.as_ref(), response.headers_mut());
    response
}

/// What a browser asks before it lets a page of another origin post JSON.
pub async fn preflight(req: HttpRequest, state: State) -> HttpResponse {
    match origin::check(&req, &state) {
        Ok(origin) => {
            let mut response = HttpResponse::NoContent()
                .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, "POST"))
                .insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, "content-type"))
                .insert_header((header::ACCESS_CONTROL_MAX_AGE, "600"))
                .insert_header((header::ALLOW, "POST, OPTIONS"))
                .finish();
            share_with(origin.as_ref(), response.headers_mut());
            response
        }
        Err(problem) => answer(&req, &problem),
    }
}

/// Lets the page that asked, whose origin was checked, read the answer.
pub fn share_with(origin: Option<&Origin>, headers: &mut HeaderMap) {
    headers.insert(header::VARY, header::HeaderValue::from_static("Origin"));
    let value = origin.and_then(|origin| header::HeaderValue::try_from(origin.to_string()).ok());
    if let Some(value) = value {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, value);
        let policy = header::HeaderValue::from_static("cross-origin");
        headers.insert(header::CROSS_ORIGIN_RESOURCE_POLICY, policy);
    }
}

async fn respond(
    headers: &HeaderMap,
    client: ClientKey,
    modules: Allowed,
    body: web::Payload,
    state: &AppState,
) -> Result<RunResponse, Problem> {
    check_type(headers)?;
    let bytes = read(body, state).await?;
    let request = parse::run_request(&bytes)
        .map_err(|detail| Problem::new(StatusCode::BAD_REQUEST, detail).reason(RejectReason::BadRequest))?;
    drop(bytes);
    let run_id = request.run_id.unwrap_or_else(Uuid::new_v4);
    let mut run = state.rules.admit(run_id, client, request)?;
    run.modules = modules;
    let limits = run.limits;
    // Held until the end: to drop it is to kill the run.
    let (_handle, mut events) = state.runs.start(run)?;
    tokio::select! {
        (console, report) = collect(&mut events) => {
            let report = report.unwrap_or_else(|| lost_run(limits));
            Ok(RunResponse { run_id, console, report })
        }
        () = state.closing.cancelled() => {
            let detail = "The server shuts down, and the run was stopped. Try again in a moment.";
            Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail)
                .reason(RejectReason::Busy)
                .header(header::RETRY_AFTER, "5"))
        }
    }
}

/// JSON is not one of the types that a page of any origin may post without asking, so it is required.
fn check_type(headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let content_type = text(header::CONTENT_TYPE).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        let detail = "The body has to be JSON: send the header `Content-Type: application/json`.";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail)
            .header(header::HeaderName::from_static("accept-post"), "application/json"));
    }
    if text(header::CONTENT_ENCODING).is_some_and(|encoding| !encoding.eq_ignore_ascii_case("identity")) {
        let detail = "The body has to come as it is: send it without a Content-Encoding.";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail)
            .header(header::ACCEPT_ENCODING, "identity"));
    }
    Ok(())
}

async fn read(body: web::Payload, state: &AppState) -> Result<web::Bytes, Problem> {
    let limit = state.frame_bytes;
    let reading = tokio::time::timeout(state.request_timeout, body.to_bytes_limited(limit));
    match reading.await {
        Ok(Ok(Ok(bytes))) => Ok(bytes),
        Ok(Ok(Err(error))) => {
            let detail = format!("The body can't be read: {error}. Send it again.");
            Err(Problem::new(StatusCode::BAD_REQUEST, detail).reason(RejectReason::BadRequest))
        }
        Ok(Err(_)) => {
            let detail = format!("The body is over {limit} bytes. Send a shorter program.");
            Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail).reason(RejectReason::TooLarge))
        }
        Err(_) => {
            let seconds = state.request_timeout.as_secs_f32();
            let detail = format!("The body did not arrive in {seconds} s. Send it again.");
            Err(Problem::new(StatusCode::REQUEST_TIMEOUT, detail))
        }
    }
}

/// All console events as one JSON array, and the report if there was one. What is held is bounded by the
/// run's `output_bytes`.
async fn collect(events: &mut RunEvents) -> (Box<RawValue>, Option<crate::protocol::browser::RunReport>) {
    let mut console = String::from("[");
    let mut report = None;
    while let Some(event) = events.recv().await {
        match event {
            // Nobody is asked anything here.
            RunEvent::Queued { .. } | RunEvent::Started | RunEvent::Prompt { .. } => {}
            RunEvent::Console { events, .. } => append(&mut console, events.get()),
            RunEvent::Finished(finished) => {
                report = Some(*finished);
                break;
            }
        }
    }
    console.push(']');
    let console = RawValue::from_string(console).unwrap_or_else(|error| {
        tracing::error!(%error, "the sandbox passed on console events that are no JSON array");
        RawValue::from_string("[]".to_owned()).expect("an empty array is JSON")
    });
    (console, report)
}

/// Adds the members of a JSON array to those in `console`, which is one without its end.
fn append(console: &mut String, array: &str) {
    let members = array.trim().strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or_default();
    if members.trim().is_empty() {
        return;
    }
    if console.len() > 1 {
        console.push(',');
    }
    console.push_str(members);
}

#[cfg(test)]
mod tests {
    use super::append;

    #[test]
    fn arrays_are_joined() {
        let mut console = String::from("[");
        for array in ["[1,[2]]", "[]", " [ ] ", "[3]"] {
            append(&mut console, array);
        }
        assert_eq!(console, "[1,[2],3");
    }
}
