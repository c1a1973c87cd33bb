//! The wire as it is written down in `fixtures/wire`, which the page's own tests read as well: whoever
//! changes one side finds out here about the other.

use std::collections::BTreeSet;

use mayfly::limits::{Limits, LimitsRequest};
use mayfly::protocol::browser::{
    ClientMsg, Dropped, Language, Mode, Omitted, Outcome, PromptKind, RejectReason, ReleaseReason, Returned,
    RunError, RunReport, RunResponse, ServerMsg, SourceFile, Usage,
};
use mayfly::protocol::parse;
use mayfly::protocol::value::{ConsoleEvent, Kind, Level, ObjectKind, StackFrame, Value};
use serde_json::value::RawValue;
use uuid::Uuid;

fn fixture(name: &str) -> String {
    let path = format!("{}/tests/fixtures/wire/{name}.json", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn id() -> Uuid {
    "0b3f9b4e-3f63-4c0e-9d8e-2f2f2a3b4c5d".parse().expect("a UUID")
}

fn client(name: &str) -> ClientMsg {
    parse::client_msg(&fixture(name)).unwrap_or_else(|bad| panic!("{name}: {}", bad.message))
}

#[test]
fn client_messages_are_understood() {
    let ClientMsg::Run(run) = client("client-run") else { panic!("a run") };
    assert_eq!((run.run_id, run.source.as_deref()), (Some(id()), Some("console.log(input.n)")));
    assert_eq!((run.language, run.mode), (Language::Javascript, Mode::Module));
    let limits = LimitsRequest { wall_ms: Some(500), console_events: Some(10), ..LimitsRequest::default() };
    assert_eq!(run.limits, limits);
    let input: serde_json::Value = serde_json::from_str(run.input.expect("an input").get()).expect("JSON");
    assert_eq!(input, serde_json::json!({"n": [1, 2.5, null, "é"]}));

    assert_eq!(run.stdin, ["one", "", "três"]);
    assert!(run.usage);

    let ClientMsg::Run(run) = client("client-run-short") else { panic!("a run") };
    assert_eq!((run.mode, run.limits), (Mode::Auto, LimitsRequest::default()));
    assert!(run.input.is_none() && run.stdin.is_empty() && !run.usage && !run.repl);

    let ClientMsg::Run(run) = client("client-run-files") else { panic!("a run") };
    let files = run.files.expect("files");
    assert_eq!(files[1], SourceFile { name: "lib/sum.ts".into(), content: "export const sum = 1".into() });
    assert_eq!((run.source, run.entry.as_deref()), (None, Some("main.ts")));
    assert_eq!((run.mode, run.export.as_deref()), (Mode::Function, Some("total")));

    let ClientMsg::Stop(stop) = client("client-stop") else { panic!("a stop") };
    assert_eq!(stop.run_id, id());
    let ClientMsg::Input(input) = client("client-input") else { panic!("an input") };
    assert_eq!((input.run_id, input.prompt_id, input.value.as_deref()), (id(), 3, Some("yes")));
    let ClientMsg::Input(input) = client("client-input-cancelled") else { panic!("an input") };
    assert_eq!(input.value, None);
    let ClientMsg::Evaluate(it) = client("client-evaluate") else { panic!("an evaluation") };
    assert_eq!((it.run_id, it.evaluation_id, it.source.as_str()), (id(), 3, "n + 1"));
}

/// Compares what the server would send with the fixture, as JSON.
fn same(name: &str, sent: &impl serde::Serialize) {
    let sent: serde_json::Value = serde_json::from_str(&serde_json::to_string(sent).expect("JSON"))
        .expect("what is JSON reads as JSON");
    let expected: serde_json::Value = serde_json::from_str(&fixture(name)).expect("the fixture is JSON");
    assert_eq!(sent, expected, "{name}");
}

fn raw(json: serde_json::Value) -> Box<RawValue> {
    RawValue::from_string(json.to_string()).expect("JSON")
}

fn hi() -> serde_json::Value {
    serde_json::json!({"type": "string", "value": "hi", "length": 2})
}

fn usage() -> Usage {
    Usage {
        wall_ms: 12,
        prompt_ms: 0,
        cpu_ms: 7,
        heap_bytes: 1_500_000,
        buffer_bytes: 4_096,
        process_bytes: 40_000_000,
        output_bytes: 300,
        console_events: 2,
        limits: Limits::default(),
    }
}

fn frame(function: &str, line: u32, column: u32) -> StackFrame {
    StackFrame { function: function.to_owned(), line, column, ..StackFrame::default() }
}

#[test]
fn server_messages_are_as_written_down() {
    let run_id = id();
    same(
        "server-hello",
        &ServerMsg::Hello {
            version: 1,
            engine: "V8 15.0.1".to_owned(),
            limits: Limits::default(),
            source_bytes: 256 << 10,
            message_bytes: 64 << 10,
            open_runs: 8,
            paused_ms: 60_000,
        },
    );
    same("server-queued", &ServerMsg::Queued { run_id, position: 2 });
    same("server-started", &ServerMsg::Started { run_id });
    let (kind, message, default) = (PromptKind::Prompt, "Your name?".to_owned(), Some("Ada".to_owned()));
    same("server-prompt", &ServerMsg::Prompt { run_id, prompt_id: 1, kind, message, default });
    let (kind, message) = (PromptKind::Line, String::new());
    same("server-prompt-line", &ServerMsg::Prompt { run_id, prompt_id: 2, kind, message, default: None });
    let one = serde_json::json!({"type": "number", "value": 1.0});
    let event = serde_json::json!({"level": "log", "args": [hi(), one], "text": "hi 1", "line": 1, "column": 9, "at_ms": 3});
    same("server-console", &ServerMsg::Console { run_id, seq: 0, events: raw(serde_json::json!([event])) });
    let at = frame("spin", 3, 3);
    same("server-usage", &ServerMsg::Usage { run_id, usage: Box::new(usage()), at: Some(at) });
    let report = RunReport {
        outcome: Outcome::Completed,
        value: Some(raw(serde_json::json!({"type": "number", "value": 2.0}))),
        returned: None,
        error: None,
        stopped_at: None,
        usage: usage(),
        dropped: Dropped::default(),
    };
    same("server-finished", &ServerMsg::Finished { run_id, report: Box::new(report.clone()) });
    let paused = |left_ms, report| ServerMsg::Paused { run_id, left_ms, report };
    same("server-paused", &paused(60_000, Some(Box::new(report))));
    same("server-paused-again", &paused(41_500, None));
    let evaluated =
        |evaluation_id, value, error| ServerMsg::Evaluated { run_id, evaluation_id, value, error };
    same("server-evaluated", &evaluated(3, Some(raw(hi())), None));
    let stack = vec![frame("", 1, 7)];
    let error = RunError { stack, in_promise: true, ..RunError::new("TypeError", "no") };
    same("server-evaluated-error", &evaluated(4, None, Some(error)));
    same("server-released", &ServerMsg::Released { run_id, reason: ReleaseReason::Others });
    let report = RunReport {
        outcome: Outcome::Completed,
        value: None,
        returned: Some(Returned {
            json: raw(serde_json::json!({"users": [null]})),
            omitted: vec![Omitted { path: "users[0]".into(), reason: "a function".into() }],
            more: 0,
        }),
        error: None,
        stopped_at: None,
        usage: usage(),
        dropped: Dropped::default(),
    };
    same("server-finished-returned", &ServerMsg::Finished { run_id, report: Box::new(report) });
    let report = RunReport {
        outcome: Outcome::TimedOut,
        value: None,
        returned: None,
        error: Some(RunError {
            name: "TimeLimit".to_owned(),
            message: "Stopped after 10 s, in `loop` at line 7.".to_owned(),
            stack: vec![
                frame("loop", 7, 3),
                StackFrame { file: Some("lib/a.ts".into()), is_async: true, ..frame("", 9, 1) },
            ],
            cause: None,
            in_promise: false,
        }),
        stopped_at: Some(frame("loop", 7, 3)),
        usage: usage(),
        dropped: Dropped { events: 3, bytes: 120 },
    };
    same("server-finished-timed-out", &ServerMsg::Finished { run_id, report: Box::new(report) });
    same(
        "server-rejected",
        &ServerMsg::Rejected {
            run_id: Some(run_id),
            reason: RejectReason::Busy,
            message: "Every place is taken. Try again in 2 s.".to_owned(),
            retry_after_ms: Some(1_500),
        },
    );
    same(
        "server-rejected-frame",
        &ServerMsg::Rejected {
            run_id: None,
            reason: RejectReason::BadRequest,
            message: "The frame has no `type`.".to_owned(),
            retry_after_ms: None,
        },
    );
    let event =
        serde_json::json!({"level": "log", "args": [hi()], "text": "hi", "line": 1, "column": 9, "at_ms": 3});
    let report = RunReport {
        outcome: Outcome::Failed,
        value: None,
        returned: None,
        error: Some(RunError {
            name: "TypeError".into(),
            message: "no".into(),
            stack: vec![frame("", 1, 7)],
            cause: Some(Box::new(Value::Null)),
            in_promise: false,
        }),
        stopped_at: None,
        usage: usage(),
        dropped: Dropped::default(),
    };
    same("run-response", &RunResponse { run_id, console: raw(serde_json::json!([event])), report });
}

/// Notes the names of `value` and of all that it holds. Without a wildcard, so that a new kind has to be
/// written down.
fn note(value: &Value, seen: &mut BTreeSet<String>) {
    let name = match value {
        Value::Undefined => "undefined",
        Value::Null => "null",
        Value::Boolean { .. } => "boolean",
        Value::Number { .. } => "number",
        Value::SpecialNumber { .. } => "special_number",
        Value::Bigint { .. } => "bigint",
        Value::String { .. } => "string",
        Value::Symbol { .. } => "symbol",
        Value::Hole { .. } => "hole",
        Value::Ref { .. } => "ref",
        Value::Object(object) => {
            seen.insert(format!("{:?}", object.kind));
            let held = object.items.iter().chain(&object.value).chain(&object.handler);
            let properties = object.properties.iter().filter_map(|property| property.value.as_ref());
            held.chain(properties).for_each(|value| note(value, seen));
            "object"
        }
    };
    seen.insert(name.to_owned());
}

#[test]
fn there_is_a_value_of_every_kind_and_each_survives() {
    let values: Vec<Value> = serde_json::from_str(&fixture("values")).expect("the fixture fits the types");
    same("values", &values);
    let mut seen = BTreeSet::new();
    values.iter().for_each(|value| note(value, &mut seen));
    use ObjectKind::*;
    let kinds = [
        Object,
        Array,
        Arguments,
        Function,
        Class,
        Error,
        Map,
        Set,
        WeakMap,
        WeakSet,
        WeakRef,
        Date,
        Temporal,
        RegExp,
        Promise,
        Proxy,
        TypedArray,
        ArrayBuffer,
        DataView,
        Boxed,
        Generator,
        Iterator,
        Module,
    ];
    for kind in kinds {
        assert!(seen.contains(&format!("{kind:?}")), "no {kind:?} is written down");
    }
    assert_eq!(seen.len(), kinds.len() + 11, "{seen:?}");
}

#[test]
fn there_is_an_event_of_every_kind_and_each_survives() {
    let events: Vec<ConsoleEvent> =
        serde_json::from_str(&fixture("console-events")).expect("the fixture fits");
    same("console-events", &events);
    for level in [Level::Debug, Level::Log, Level::Info, Level::Warn, Level::Error] {
        assert!(events.iter().any(|event| event.level == level), "{level:?}");
    }
    use Kind::*;
    for kind in [
        Assert,
        Clear,
        Count,
        Dir,
        Display,
        Group,
        GroupCollapsed,
        GroupEnd,
        Network,
        Prompt,
        Table,
        Time,
        Trace,
    ] {
        assert!(events.iter().any(|event| event.kind == Some(kind)), "{kind:?}");
    }
    assert!(events.iter().any(|event| event.format.is_some()));
    assert!(events.iter().any(|event| event.bundle.as_ref().is_some_and(|bundle| bundle.len() > 1)));
}
