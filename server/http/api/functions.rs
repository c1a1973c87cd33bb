//! `POST /api/v1/functions/{snippet}`: a shared function as an address of its own. The body is its argument, and
//! the answer what it returns.

use std::fmt::Write as _;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName};
use actix_web::{HttpRequest, HttpResponse, ResponseError, web};
use serde::Deserialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::super::State;
use super::super::error::Problem;
use super::super::keys::Power;
use super::idempotent::{Answer, Turn};
use super::run::to_the_end;
use super::snippets::{problem, reference};
use super::{check_type, modules_of, read, respond, sender_of};
use crate::limits::LimitsRequest;
use crate::protocol::browser::{
    Language, Mode, Outcome, RejectReason, RunReport, RunRequest, SourceFile, Usage,
};
use crate::protocol::value::{ConsoleEvent, Level};
use crate::session::{Runs, lost_run};
use crate::snippets::{self, Content};

/// The longest `Mayfly-Logs`, in bytes: many programs read no longer header.
const LOGS_BYTES: usize = 4 << 10;

static USAGE: HeaderName = HeaderName::from_static("mayfly-usage");
static LOGS: HeaderName = HeaderName::from_static("mayfly-logs");

/// Calls the function of a snippet.
#[utoipa::path(
    post, path = "/api/v1/functions/{reference}", tag = "functions", operation_id = "call",
    summary = "Calls a shared function",
    description = "Runs the snippet in mode `function` with the body as argument, and answers with what the function \
                   returns. What it throws is a problem 422 with its stack in `error`; where it is over a limit, that \
                   is 408 (time) or 413 (memory, output).",
    params(
        ("reference" = String, Path, description = "`id`, or `id@version` for a version that stays as it is",
            example = "7Xq2mPz9RtKb", pattern = "^[1-9A-HJ-NP-Za-km-z]{12}(@[1-9][0-9]{0,8})?$"),
        ("Idempotency-Key" = Option<String>, Header, description = "Repeats of a call with the same key are answered \
            without calling again", max_length = 255, pattern = "^[!-~]{1,255}$"),
        ("Mayfly-Usage" = Option<String>, Header, description = "With any value: answer with such a header"),
        ("Mayfly-Logs" = Option<String>, Header, description = "With any value: answer with such a header")
    ),
    request_body(content = Option<serde_json::Value>, description = "The argument; without a body, it is the `input` that was shared"),
    responses((status = 200, description = "What it returned; `null` if that was nothing", body = serde_json::Value,
        headers(
            ("Mayfly-Usage" = Option<String>, description = "What the call used, like `wall_ms=12, cpu_ms=3`"),
            ("Mayfly-Logs" = Option<String>, description = "What it printed: a JSON array, in ASCII, cut at 4 KiB")
        )
    )),
    security((), ("key" = []))
)]
pub async fn call(
    req: HttpRequest,
    body: web::Payload,
    path: web::Path<String>,
    state: State,
) -> HttpResponse {
    respond(&req, &state, async || {
        let headers = req.headers();
        let caller = state.keys.caller(&req, Power::Call)?;
        let reference = reference(&path)?;
        if headers.contains_key(header::CONTENT_TYPE) || has_body(headers) {
            check_type(headers)?;
        }
        let bytes = read(&req, body, state.frame_bytes, &state).await?;
        let input = argument(&bytes)?;
        let name = reference.to_string();
        let turn = state.idempotent.turn(caller.client, headers, &[name.as_bytes(), &bytes]).await?;
        let working = match turn {
            Turn::Done(answer) => return Ok(answer.respond()),
            Turn::Mine(working) => working,
        };
        let calling = async {
            let snippet = state.snippets.find(&reference).await.map_err(problem)?;
            let request = call_of(snippet.content, input);
            let mut run = state.rules.admit(Uuid::new_v4(), caller.client, request)?;
            run.modules = modules_of(&req, &state)?;
            run.sender = sender_of(&req, &state)?;
            run.sender.snippet = Some(name.clone());
            caller.bind(&mut run);
            let limits = run.limits;
            // Held until the end: to drop it is to kill the run.
            let (_handle, mut events) = state.runs.start(run)?;
            let (console, report) = to_the_end(&mut events, &state).await?;
            Ok::<_, Problem>((console, report.unwrap_or_else(|| lost_run(limits))))
        };
        let (console, report) = working.during(calling).await?;
        let mut own = Vec::new();
        if headers.contains_key(&USAGE) {
            own.push((USAGE.clone(), usage(&report.usage)));
        }
        if headers.contains_key(&LOGS) {
            own.push((LOGS.clone(), logs(&console)));
        }
        match result(report) {
            Ok(value) => {
                own.push((header::CONTENT_TYPE, "application/json".to_owned()));
                let answer =
                    Answer { status: StatusCode::OK, headers: own, body: value.get().to_owned().into() };
                working.done(&answer).await;
                Ok(answer.respond())
            }
            Err(problem) => {
                let problem =
                    own.into_iter().fold(problem, |problem, (name, value)| problem.header(name, value));
                // Whoever is told to try again shall be able to.
                if problem.status() != StatusCode::SERVICE_UNAVAILABLE {
                    working.done(&problem.as_answer()).await;
                }
                Ok(problem.error_response())
            }
        }
    })
    .await
}

fn has_body(headers: &HeaderMap) -> bool {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    headers.contains_key(header::TRANSFER_ENCODING) || length.is_some_and(|length| length.trim() != "0")
}

/// The JSON that a body is; no body is none.
fn argument(bytes: &[u8]) -> Result<Option<Box<RawValue>>, Problem> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = Box::<RawValue>::deserialize(&mut json).and_then(|value| json.end().map(|()| value));
    value.map(Some).map_err(|error| {
        let detail = format!("The body, which is the function's argument, is no JSON: {error}.");
        Problem::new(StatusCode::BAD_REQUEST, detail).reason(RejectReason::BadRequest)
    })
}

/// The run that calls a snippet's function.
fn call_of(content: Content, input: Option<Box<RawValue>>) -> RunRequest {
    let Content { title: _, source, files, entry, language, mode: _, export, input: own, stdin } = content;
    let file = |file: crate::snippets::File| SourceFile { name: file.name, content: file.content };
    RunRequest {
        run_id: None,
        source,
        files: files.map(|files| files.into_iter().map(file).collect()),
        entry,
        language: match language {
            snippets::Language::Javascript => Language::Javascript,
            snippets::Language::Typescript => Language::Typescript,
            snippets::Language::Jsx => Language::Jsx,
            snippets::Language::Tsx => Language::Tsx,
        },
        mode: Mode::Function,
        export,
        // A call without an argument has the one that was shared.
        input: input.or(own),
        limits: LimitsRequest::default(),
        stdin: stdin.unwrap_or_default(),
        usage: false,
        repl: false,
    }
}

/// What a function returned, or the problem that it had.
fn result(report: RunReport) -> Result<Box<RawValue>, Problem> {
    let RunReport { outcome, returned, error, usage, .. } = report;
    let status = match outcome {
        Outcome::Completed => {
            let nothing = || RawValue::from_string("null".to_owned()).expect("null is JSON");
            return Ok(returned.map_or_else(nothing, |returned| returned.json));
        }
        Outcome::Failed => StatusCode::UNPROCESSABLE_ENTITY,
        Outcome::TimedOut | Outcome::CpuExceeded => StatusCode::REQUEST_TIMEOUT,
        Outcome::MemoryExceeded | Outcome::OutputExceeded => StatusCode::PAYLOAD_TOO_LARGE,
        Outcome::Stopped | Outcome::Crashed => StatusCode::SERVICE_UNAVAILABLE,
    };
    let detail = match &error {
        Some(error) if outcome == Outcome::Failed && error.name == "Uncaught" => {
            format!("The function threw: {}", error.message)
        }
        Some(error) if outcome == Outcome::Failed => {
            format!("The function threw {}: {}", error.name, error.message)
        }
        Some(error) => error.message.clone(),
        None => "The function did not end as it should.".to_owned(),
    };
    let mut problem = Problem::new(status, detail).outcome(outcome, error);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        problem = problem.retry_after_ms(1_000);
    }
    tracing::debug!(?outcome, usage.wall_ms, "a function did not return");
    Err(problem)
}

/// What a call used, as a dictionary of RFC 8941.
fn usage(usage: &Usage) -> String {
    let Usage {
        wall_ms,
        // Nobody is asked anything in a call.
        prompt_ms: _,
        cpu_ms,
        heap_bytes,
        buffer_bytes,
        process_bytes,
        output_bytes,
        console_events,
        limits: _,
    } = usage;
    format!(
        "wall_ms={wall_ms}, cpu_ms={cpu_ms}, heap_bytes={heap_bytes}, buffer_bytes={buffer_bytes}, \
         process_bytes={process_bytes}, output_bytes={output_bytes}, console_events={console_events}"
    )
}

/// What a call printed, as JSON in ASCII: `[["log","text"],…]`, and at its end how many more there were.
fn logs(console: &RawValue) -> String {
    let events: Vec<ConsoleEvent> = serde_json::from_str(console.get()).unwrap_or_else(|error| {
        tracing::error!(%error, "the sandbox passed on console events that are none");
        Vec::new()
    });
    let mut logs = String::from("[");
    for (at, ConsoleEvent { level, text, .. }) in events.iter().enumerate() {
        let level = match level {
            Level::Debug => "debug",
            Level::Log => "log",
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
        };
        let line = format!("[\"{level}\",{}]", ascii(text));
        if logs.len() + line.len() > LOGS_BYTES {
            // Writing to a String can't fail.
            let _ = write!(logs, "{}{{\"more\":{}}}", if at > 0 { "," } else { "" }, events.len() - at);
            break;
        }
        if at > 0 {
            logs.push(',');
        }
        logs.push_str(&line);
    }
    logs.push(']');
    logs
}

/// `text` as a JSON string of visible ASCII alone, which is what a header can carry.
fn ascii(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for unit in text.encode_utf16() {
        match u8::try_from(unit) {
            Ok(b'"') => quoted.push_str("\\\""),
            Ok(b'\\') => quoted.push_str("\\\\"),
            Ok(byte @ b' '..=b'~') => quoted.push(char::from(byte)),
            _ => {
                let _ = write!(quoted, "\\u{unit:04x}");
            }
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_body_is_any_json_or_nothing() {
        let read = |bytes: &[u8]| argument(bytes).map(|value| value.map(|it| it.get().to_owned()));
        assert_eq!(read(b"").expect("right"), None);
        assert_eq!(read(b" [1, 2.50] ").expect("right").as_deref(), Some("[1, 2.50]"));
        assert_eq!(read(b"null").expect("right").as_deref(), Some("null"));
        for bad in [&b"{"[..], b"1 2", b"\xff", b"undefined"] {
            assert_eq!(read(bad).expect_err("no JSON").status(), 400);
        }
    }

    #[test]
    fn logs_are_cut_and_counted() {
        let event = |text: &str| serde_json::json!({"level": "warn", "args": [], "text": text, "line": 0, "column": 0, "at_ms": 0});
        let shown = |events: Vec<serde_json::Value>| {
            logs(&RawValue::from_string(serde_json::Value::from(events).to_string()).expect("JSON"))
        };
        assert_eq!(shown(vec![]), "[]");
        assert_eq!(shown(vec![event("é\n\""), event("b")]), r#"[["warn","\u00e9\u000a\""],["warn","b"]]"#);
        let long = shown(vec![event(&"x".repeat(1_500)); 5]);
        assert!(long.len() < LOGS_BYTES + 20 && long.ends_with(r#",{"more":3}]"#), "{long}");
        assert_eq!(shown(vec![event(&"x".repeat(5_000))]), r#"[{"more":1}]"#);
    }

    proptest! {
        #[test]
        fn what_is_ascii_reads_back(text in "\\PC*") {
            let quoted = ascii(&text);
            prop_assert!(quoted.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
            prop_assert_eq!(serde_json::from_str::<String>(&quoted).expect("JSON"), text);
        }
    }
}
