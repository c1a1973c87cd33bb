//! `POST /api/v1/run`: one program, and one JSON object with all that it did, or a stream of its events.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::super::error::Problem;
use super::super::keys::Power;
use super::super::{AppState, State};
use super::{check_type, modules_of, read, respond, sender_of};
use crate::protocol::browser::{RejectReason, RunReport, RunRequest, RunResponse};
use crate::protocol::parse;
use crate::sandbox::{Rejection, RunEvent, RunEvents};
use crate::session::{Runs, lost_run};

/// Runs the program in the body to its end. When the client leaves, this future is dropped, and the run's
/// handle with it, which kills the run. Not so with a stream of events, which can be taken up again.
#[utoipa::path(
    post, path = "/api/v1/run", tag = "run", operation_id = "run",
    summary = "Runs a program",
    description = "Answers, when the run has ended, with one object; with `Accept: text/event-stream` at once, with \
                   the events as they happen, in the form that the WebSocket has. Such a stream that broke off is \
                   taken up where it was by the same request with the header `Last-Event-ID`, while the run lasts \
                   and some seconds longer. Whoever hangs up without asking for events ends the run.",
    params(("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that came. Counts only \
            with `Accept: text/event-stream`.")),
    request_body = RunRequest,
    responses((status = 200, description = "What the program did", content(
        (RunResponse = "application/json"), (String = "text/event-stream")
    ))),
    security((), ("key" = []))
)]
pub async fn run(req: HttpRequest, body: web::Payload, state: State) -> HttpResponse {
    respond(&req, &state, async || {
        let caller = state.keys.caller(&req, Power::Run)?;
        check_type(req.headers())?;
        let as_events = wants_events(req.headers());
        let last = req.headers().get(HeaderName::from_static("last-event-id"));
        if let Some(last) = last.filter(|_| as_events) {
            return state.streams.resume(last.to_str().unwrap_or_default(), state.ping_interval);
        }
        let bytes = read(&req, body, state.frame_bytes, &state).await?;
        let request = parse::run_request(&bytes).map_err(|detail| {
            Problem::new(StatusCode::BAD_REQUEST, detail).reason(RejectReason::BadRequest)
        })?;
        drop(bytes);
        let run_id = request.run_id.unwrap_or_else(Uuid::new_v4);
        let mut run = state.rules.admit(run_id, caller.client, request)?;
        run.modules = modules_of(&req, &state)?;
        run.sender = sender_of(&req, &state)?;
        caller.bind(&mut run);
        let limits = run.limits;
        if as_events {
            if state.streams.knows(run_id) {
                let detail =
                    "There is a stream of a run with this id. Send a new UUID with each run, or none.";
                return Err(Problem::new(StatusCode::CONFLICT, detail).reason(RejectReason::DuplicateRunId));
            }
            let run = state.runs.start(run)?;
            return Ok(state.streams.open(
                run_id,
                limits,
                run,
                state.leaving.now.clone(),
                state.ping_interval,
            ));
        }
        // Held until the end: to drop it is to kill the run.
        let (_handle, mut events) = state.runs.start(run)?;
        let (console, report) = to_the_end(&mut events, &state).await?;
        let report = report.unwrap_or_else(|| lost_run(limits));
        let response = RunResponse { run_id, console, report };
        Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(response))
    })
    .await
}

/// Whether a client asks for events rather than for one answer.
fn wants_events(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|range| {
        range.split(';').next().is_some_and(|it| it.trim().eq_ignore_ascii_case("text/event-stream"))
    })
}

/// What a run did, unless the server shuts down before its end.
pub async fn to_the_end(
    events: &mut RunEvents,
    state: &AppState,
) -> Result<(Box<RawValue>, Option<RunReport>), Problem> {
    tokio::select! {
        collected = collect(events) => Ok(collected?),
        () = state.leaving.now.cancelled() => {
            let detail = "The server shuts down, and the run was stopped. Try again in a moment.";
            Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail)
                .reason(RejectReason::Busy)
                .header(header::RETRY_AFTER, "5"))
        }
    }
}

/// All console events as one JSON array, and the report if there was one. What is held is bounded by the
/// run's `output_bytes`.
///
/// # Errors
/// When the run lost its turn in the queue.
async fn collect(events: &mut RunEvents) -> Result<(Box<RawValue>, Option<RunReport>), Rejection> {
    let mut console = String::from("[");
    let mut report = None;
    while let Some(event) = events.recv().await {
        match event {
            // Nobody is asked anything here.
            RunEvent::Queued { .. }
            | RunEvent::Started
            | RunEvent::Prompt { .. }
            | RunEvent::Usage { .. }
            | RunEvent::Paused { .. }
            | RunEvent::Evaluated { .. }
            | RunEvent::Released(_) => {}
            RunEvent::Console { events, .. } => append(&mut console, events.get()),
            RunEvent::Finished(finished) => {
                report = Some(*finished);
                break;
            }
            RunEvent::Displaced(rejection) => return Err(rejection),
        }
    }
    console.push(']');
    let console = RawValue::from_string(console).unwrap_or_else(|error| {
        tracing::error!(%error, "the sandbox passed on console events that are no JSON array");
        RawValue::from_string("[]".to_owned()).expect("an empty array is JSON")
    });
    Ok((console, report))
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
