//! What a browser sends, read as a WebSocket frame and as the body of a POST.

use mayfly::limits::LimitsRequest;
use mayfly::protocol::browser::{
    ClientMsg, EvaluateRequest, InputRequest, Language, Mode, RunRequest, SourceFile, StopRequest,
};
use mayfly::protocol::parse::{client_msg, run_request};
use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;
use uuid::Uuid;

/// The most that a message about a bad frame may have, in bytes, however long the frame.
const MESSAGE_BYTES: usize = 500;

pub fn target(data: &[u8]) {
    let as_body = run_request(data);
    match &as_body {
        Ok(request) => {
            let text = run_json(request);
            let again = run_request(text.as_bytes()).expect("what was read can be written and read");
            assert_eq!(run_json(&again), text);
        }
        Err(message) => assert!(!message.is_empty() && message.len() <= MESSAGE_BYTES, "{message}"),
    }
    // A text frame that is no UTF-8 never gets as far as this.
    let Ok(text) = str::from_utf8(data) else { return };
    match client_msg(text) {
        Ok(message) => {
            let written = json_of(&message);
            let again = client_msg(&written).expect("what was read can be written and read");
            assert_eq!(json_of(&again), written);
            if let ClientMsg::Run(request) = &message {
                let body = as_body.expect("a `run` message is a body, too");
                assert_eq!(run_json(&body), run_json(request));
            }
        }
        Err(bad) => {
            assert!(!bad.message.is_empty() && bad.message.len() <= MESSAGE_BYTES, "{}", bad.message);
        }
    }
}

#[derive(Serialize)]
struct Written<'a> {
    r#type: &'a str,
    run_id: Option<Uuid>,
    source: Option<&'a str>,
    files: Option<&'a [SourceFile]>,
    entry: Option<&'a str>,
    language: Language,
    mode: Mode,
    export: Option<&'a str>,
    input: Option<&'a RawValue>,
    limits: LimitsRequest,
    stdin: &'a [String],
    repl: bool,
}

/// By destructuring: a new field has to be thought of here.
fn run_json(request: &RunRequest) -> String {
    let RunRequest { run_id, source, files, entry, language, mode, export, input, limits, stdin, repl } =
        request;
    let written = Written {
        r#type: "run",
        run_id: *run_id,
        source: source.as_deref(),
        files: files.as_deref(),
        entry: entry.as_deref(),
        language: *language,
        mode: *mode,
        export: export.as_deref(),
        input: input.as_deref(),
        limits: *limits,
        stdin,
        repl: *repl,
    };
    serde_json::to_string(&written).expect("a request can be written")
}

fn json_of(message: &ClientMsg) -> String {
    match message {
        ClientMsg::Run(request) => run_json(request),
        ClientMsg::Stop(StopRequest { run_id }) => json!({"type": "stop", "run_id": run_id}).to_string(),
        ClientMsg::Input(InputRequest { run_id, prompt_id, value }) => {
            json!({"type": "input", "run_id": run_id, "prompt_id": prompt_id, "value": value}).to_string()
        }
        ClientMsg::Evaluate(EvaluateRequest { run_id, evaluation_id, source }) => {
            json!({"type": "evaluate", "run_id": run_id, "evaluation_id": evaluation_id, "source": source})
                .to_string()
        }
    }
}
