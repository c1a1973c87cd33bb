//! Runners that say what they may not, too much, nothing, or die.

use serde_json::json;
use tokio::time::{Duration, Instant};

use super::fake::*;
use crate::limits::Limits;
use crate::protocol::browser::{Dropped, Outcome};
use crate::protocol::fetch::{
    self, CHUNK_BYTES, FETCH, FETCH_ABORT, FETCH_BODY, FETCH_END, FETCHED, FETCHED_MORE, WINDOW,
};
use crate::protocol::frame;
use crate::protocol::nesting::MAX_NESTING;
use crate::protocol::prompt::{ANSWER, PROMPT, TEXT_BYTES};
use crate::protocol::runner::{
    CONSOLE, DISPLAY, EXIT_CPU_EXCEEDED, EXIT_OUT_OF_MEMORY, EXIT_STOPPED, Ending, FINISHED, READY, RUN, STOP,
};
use crate::protocol::usage::USAGE;
use crate::sandbox::process::End;
use crate::sandbox::start::START_TRIES;

fn long(bytes: u64) -> String {
    "x".repeat(bytes as usize)
}

fn fetch_frame(kind: u8, id: u32, rest: &[u8]) -> Vec<u8> {
    frame::encode(kind, &fetch::payload(id, rest))
}

fn head() -> Vec<u8> {
    head_with("method", json!("GET"))
}

/// A request that may be made, but for this field.
fn head_with(name: &str, value: serde_json::Value) -> Vec<u8> {
    let mut head = json!({"method": "GET", "url": "http://a.example/", "headers": [], "body": "absent"});
    head[name] = value;
    head.to_string().into()
}

/// A question of this number and kind.
fn ask(id: u32, kind: &str) -> Vec<u8> {
    ask_with(&json!({"id": id, "kind": kind}))
}

/// A question with these fields, and a value for each of the others.
fn ask_with(fields: &serde_json::Value) -> Vec<u8> {
    let mut spec = json!({"id": 1, "kind": "prompt", "message": "?", "default": null});
    for (name, value) in fields.as_object().unwrap() {
        spec[name] = value.clone();
    }
    frame::encode(PROMPT, spec.to_string().as_bytes())
}

fn display(count: u32, json: &str) -> Vec<u8> {
    frame::encode(DISPLAY, &[&count.to_le_bytes()[..], json.as_bytes()].concat())
}

/// What a run has used, with these fields.
fn used_with(fields: &serde_json::Value) -> Vec<u8> {
    let mut spec = json!({"cpu_ms": 1, "heap_bytes": 2, "buffer_bytes": 3, "process_bytes": 4, "at": null});
    for (name, value) in fields.as_object().unwrap() {
        spec[name] = value.clone();
    }
    frame::encode(USAGE, spec.to_string().as_bytes())
}

/// What follows a request. All come before the server's answer: it does not look up in between.
fn asked(then: Vec<u8>) -> Vec<u8> {
    [fetch_frame(FETCH, 1, &head()), then].concat()
}

/// What follows a request whose body is still to come.
fn uploading(then: Vec<u8>) -> Vec<u8> {
    [fetch_frame(FETCH, 1, &head_with("body", json!("unknown"))), then].concat()
}

#[tokio::test(start_paused = true)]
async fn a_runner_that_breaks_the_protocol_is_killed_at_once() {
    let too_long_event = raw_console(1, format!("[{{\"text\":\"{}\"}}]", long(MESSAGE_BYTES)).as_bytes());
    let too_long_value = finished_with(&json!({"value": long(MESSAGE_BYTES)}));
    let longest_report = MESSAGE_BYTES + LIMITS.output_bytes;
    let too_long_frame = frame::header(FINISHED, (longest_report + (64 << 10)) as usize);
    let too_long_display = format!("[{{\"text\":\"{}\"}}]", long(DISPLAY_BYTES));
    let returned = |returned: serde_json::Value| finished_with(&json!({ "returned": returned }));
    let omitted = |count: usize, bytes: usize| vec![json!({"path": "", "reason": "x".repeat(bytes)}); count];
    let deep = format!("{}{}", "[".repeat(MAX_NESTING + 1), "]".repeat(MAX_NESTING + 1));
    let report = String::from_utf8(finished_with(&json!({"value": 4711}))[frame::HEADER..].to_vec()).unwrap();
    let deep_value = report.replace("4711", &deep);
    let report = String::from_utf8(returned(json!({"json": 4711, "omitted": []}))[frame::HEADER..].to_vec());
    let deep_copy = report.unwrap().replace("4711", &deep);
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("garbage", b"\xff\xfe\xfd\xfc\xfb\xfa".to_vec()),
        ("text", b"{\"ending\":\"completed\"}".to_vec()),
        ("no length", vec![0; 5]),
        ("a huge length", vec![0xff; 4]),
        ("a frame that is too long by one", too_long_frame.to_vec()),
        ("a copy over the run's output", returned(json!({"json": long(LIMITS.output_bytes), "omitted": []}))),
        ("a list of too many parts", returned(json!({"json": 1, "omitted": omitted(101, 1)}))),
        ("a part with too long a reason", returned(json!({"json": 1, "omitted": omitted(1, 301)}))),
        ("a copy with a field of its own", returned(json!({"json": 1, "omitted": [], "x": 1}))),
        (
            "a report that is too long",
            finished_with(
                &json!({"error": {"name": long(MESSAGE_BYTES + (64 << 10)), "message": "", "stack": []}}),
            ),
        ),
        ("an unknown kind", frame::encode(200, b"")),
        ("usage that is no JSON", frame::encode(USAGE, b"{")),
        ("usage with a field of its own", used_with(&json!({"x": 1}))),
        ("usage of less than nothing", used_with(&json!({"cpu_ms": -1}))),
        ("usage that falls", [used_with(&json!({"cpu_ms": 2})), used_with(&json!({"cpu_ms": 1}))].concat()),
        (
            "usage at too long a place",
            used_with(&json!({"at": {"function": long(2_048), "line": 1, "column": 1}})),
        ),
        (
            "usage three times at once",
            [used_with(&json!({})), used_with(&json!({})), used_with(&json!({}))].concat(),
        ),
        ("ready, again", frame::encode(READY, b"")),
        ("the server's own kinds", [frame::encode(RUN, b"{}"), frame::encode(STOP, b"")].concat()),
        ("console without a count", frame::encode(CONSOLE, b"[]")),
        ("console with too high a count", raw_console(2, b"[{}]")),
        ("console with too low a count", raw_console(1, b"[{},{}]")),
        ("console with a huge count", raw_console(u32::MAX, b"[{}]")),
        ("console with nothing in it", raw_console(0, b"[]")),
        ("console that is no array", raw_console(1, b"{}")),
        ("console that is no JSON", raw_console(1, b"[{]")),
        ("console with more behind it", raw_console(1, b"[{}],1")),
        ("console that is no UTF-8", raw_console(1, b"[{\"text\":\"\xff\"}]")),
        ("console of no objects", raw_console(1, b"[1]")),
        ("console that is too long", too_long_event),
        ("console that nests too deeply", raw_console(1, format!("[{{\"args\":{deep}}}]").as_bytes())),
        ("a bundle that nests too deeply", display(1, &format!("[{{\"args\":{deep}}}]"))),
        ("a value that nests too deeply", frame::encode(FINISHED, deep_value.as_bytes())),
        ("a copy that nests too deeply", frame::encode(FINISHED, deep_copy.as_bytes())),
        ("a request without a number", frame::encode(FETCH, b"")),
        ("a request out of order", fetch_frame(FETCH, 2, &head())),
        ("a request of number 0", fetch_frame(FETCH, 0, &head())),
        ("a request again", [fetch_frame(FETCH, 1, &head()), fetch_frame(FETCH, 1, &head())].concat()),
        ("a request that is no JSON", fetch_frame(FETCH, 1, b"{")),
        ("a request for no URL", fetch_frame(FETCH, 1, &head_with("url", json!("nowhere")))),
        ("a request with a field too many", fetch_frame(FETCH, 1, &head_with("trusted", json!(true)))),
        ("a request with too long a URL", fetch_frame(FETCH, 1, &head_with("url", json!(long(17_000))))),
        (
            "a request with too long a method",
            fetch_frame(FETCH, 1, &head_with("method", json!(long(17_000)))),
        ),
        (
            "a request with too long a header",
            fetch_frame(FETCH, 1, &head_with("headers", json!([["x", long(17_000)]]))),
        ),
        (
            "a request with too many headers",
            fetch_frame(FETCH, 1, &head_with("headers", json!(vec![["a", "b"]; 101]))),
        ),
        ("a body of negative length", fetch_frame(FETCH, 1, &head_with("body", json!({"known": -1})))),
        (
            "more requests than there may be",
            (1..=21).flat_map(|id| fetch_frame(FETCH, id, &head())).collect(),
        ),
        ("a body of no request", fetch_frame(FETCH_BODY, 1, b"x")),
        ("an end of no request", fetch_frame(FETCH_END, 1, b"")),
        ("an abort of no request", fetch_frame(FETCH_ABORT, 7, b"")),
        ("a chunk used up of no request", fetch_frame(FETCHED_MORE, u32::MAX, b"")),
        ("a body of a request without one", asked(fetch_frame(FETCH_BODY, 1, b"x"))),
        ("an end of a request without a body", asked(fetch_frame(FETCH_END, 1, b""))),
        ("an abort with more in it", asked(fetch_frame(FETCH_ABORT, 1, b"x"))),
        ("a chunk used up that was not sent", asked(fetch_frame(FETCHED_MORE, 1, b""))),
        ("an empty chunk", uploading(fetch_frame(FETCH_BODY, 1, b""))),
        ("a chunk that is too long", uploading(fetch_frame(FETCH_BODY, 1, &[0; CHUNK_BYTES + 1]))),
        (
            "more chunks than there is room for",
            uploading(fetch_frame(FETCH_BODY, 1, b"x").repeat(WINDOW + 2)),
        ),
        (
            "a chunk after the end",
            uploading([fetch_frame(FETCH_END, 1, b""), fetch_frame(FETCH_BODY, 1, b"x")].concat()),
        ),
        ("two ends", uploading(fetch_frame(FETCH_END, 1, b"").repeat(2))),
        ("much about a request that is over", uploading(fetch_frame(FETCH_ABORT, 1, b"").repeat(20))),
        ("the server's own kinds about requests", asked(fetch_frame(FETCHED, 1, b"{}"))),
        ("a question that is no JSON", frame::encode(PROMPT, b"{")),
        ("a question with a field too many", ask_with(&json!({"trusted": true}))),
        ("a question of no kind", ask(1, "order")),
        ("a question of number 0", ask(0, "prompt")),
        ("a question out of order", ask(2, "prompt")),
        ("a question of a huge number", ask(u32::MAX, "prompt")),
        ("a question with a negative number", ask_with(&json!({"id": -1}))),
        ("a question with too long a message", ask_with(&json!({"message": long(TEXT_BYTES as u64 + 1)}))),
        ("a question with too long a proposal", ask_with(&json!({"default": long(TEXT_BYTES as u64 + 1)}))),
        ("a question with a proposal for yes or no", ask_with(&json!({"kind": "confirm", "default": "yes"}))),
        ("a display without a count", frame::encode(DISPLAY, b"")),
        ("a display of two", display(2, "[{},{}]")),
        ("a display of none", display(0, "[]")),
        ("a display that is no object", display(1, "[\"<b>\"]")),
        ("a display that is too long", display(1, &too_long_display)),
        ("the server's own answer", frame::encode(ANSWER, b"\x01\0\0\0null")),
        ("a last word that is no JSON", frame::encode(FINISHED, b"completed")),
        ("a last word with a field too many", finished_with(&json!({"outcome": "completed"}))),
        ("a last word of an unknown kind", finished_with(&json!({"ending": "crashed"}))),
        ("a last word with a negative figure", finished_with(&json!({"cpu_ms": -1}))),
        ("a result that is too long", too_long_value),
    ];
    for (what, bytes) in cases {
        let mut bench = Bench::new();
        let (_handle, mut events, mut runner) = bench.started().await;
        let at = Instant::now();
        runner.console(&["before"]).await;
        runner.send(&bytes).await;
        runner.console(&["after"]).await;
        runner.finish(Ending::Completed).await;
        let (seen, report) = ends(&mut events, Outcome::Crashed).await;
        assert_eq!(seen.texts(), ["before"], "{what}");
        assert_eq!(report.error.expect("an error").name, "Crashed");
        assert_eq!(
            (report.usage.cpu_ms, report.usage.process_bytes),
            (7, 8),
            "{what}: as the kernel counted"
        );
        assert_eq!(runner.fate.killed(), Some(at), "{what}");
        bench.all_places_are_back().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_runner_that_asks_as_it_may_not_is_killed_at_once() {
    for (what, good, bad) in [
        ("the same question again", ask(1, "prompt"), ask(1, "prompt")),
        ("another one while the program stands still", ask(1, "alert"), ask(2, "confirm")),
        ("a line while the program stands still", ask(1, "prompt"), ask(2, "line")),
        ("two lines at once", ask(1, "line"), ask(2, "line")),
    ] {
        let mut bench = Bench::new();
        let (_handle, mut events, mut runner) = bench.started().await;
        runner.send(&[good, bad].concat()).await;
        runner.finish(Ending::Completed).await;
        let (seen, _) = ends(&mut events, Outcome::Crashed).await;
        assert_eq!(seen.prompts, ["?"], "{what}");
        assert!(runner.fate.killed().is_some(), "{what}");
        bench.all_places_are_back().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_runner_asks_no_more_often_than_it_may() {
    let mut bench = Bench::new();
    let (handle, mut events, mut runner) = bench.started().await;
    let mut seen = Seen::default();
    for id in 1..=PROMPTS {
        runner.send(&ask(id, "prompt")).await;
        while seen.prompts.len() < id as usize {
            seen.take(soon("a question", events.recv()).await.expect("an event"));
        }
        handle.answer(id, Some("yes".into()));
        let answer = [&id.to_le_bytes()[..], b"\"yes\""].concat();
        assert_eq!(runner.frame().await, Some((ANSWER, answer)));
    }
    runner.send(&ask(PROMPTS + 1, "prompt")).await;
    let (rest, _) = ends(&mut events, Outcome::Crashed).await;
    assert!(rest.prompts.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_runner_of_a_run_without_a_visitor_may_ask_nobody() {
    let mut bench = Bench::new();
    let unattended = crate::sandbox::Run { is_attended: false, ..run("", LIMITS) };
    let (_handle, mut events) = bench.sandbox.start(unattended).expect("a place");
    let mut runner = bench.runner().await;
    assert!(!runner.run().await.is_attended);
    runner.send(&ask(1, "prompt")).await;
    let (seen, _) = ends(&mut events, Outcome::Crashed).await;
    assert!(seen.prompts.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_question_stops_one_clock_and_starts_the_other() {
    let seconds = Duration::from_secs;
    let mut bench = Bench::new();
    let (handle, mut events, mut runner) = bench.started().await;
    tokio::time::sleep(seconds(9)).await;
    runner.send(&ask(1, "line")).await;
    tokio::time::sleep(seconds(20)).await;
    // A second question takes no time of its own, and an answer to one that is not open does nothing.
    runner.send(&ask(2, "prompt")).await;
    handle.answer(7, None);
    tokio::time::sleep(seconds(20)).await;
    handle.answer(2, None);
    assert_eq!(runner.frame().await, Some((ANSWER, b"\x02\0\0\0null".to_vec())));
    tokio::time::sleep(seconds(19)).await;
    handle.answer(1, Some("é".into()));
    assert_eq!(runner.frame().await, Some((ANSWER, b"\x01\0\0\0\"\xc3\xa9\"".to_vec())));
    tokio::time::sleep(Duration::from_millis(500)).await;
    runner.finish(Ending::Completed).await;
    let (seen, report) = ends(&mut events, Outcome::Completed).await;
    assert_eq!(seen.prompts, ["?", "?"]);
    took(Duration::from_millis(report.usage.wall_ms), Duration::from_millis(9_500));
    took(Duration::from_millis(report.usage.prompt_ms), seconds(59));
}

#[tokio::test(start_paused = true)]
async fn a_question_that_nobody_answers_ends_the_run() {
    let mut bench = Bench::new();
    let limits = Limits { prompt_ms: 20_000, ..LIMITS };
    let (handle, mut events, mut runner) = bench.started_with(limits).await;
    runner.send(&ask(1, "prompt")).await;
    let at = Instant::now();
    assert_eq!(runner.frame().await, Some((STOP, Vec::new())));
    took(at.elapsed(), Duration::from_millis(limits.prompt_ms));
    handle.answer(1, Some("too late".into()));
    // What it asks after that is not heard.
    runner.send(&ask(2, "alert")).await;
    runner.finish(Ending::Stopped).await;
    let (seen, report) = ends(&mut events, Outcome::TimedOut).await;
    assert_eq!(seen.prompts, ["?"]);
    assert_eq!(report.error.expect("an error").name, "PromptLimit");
    bench.all_places_are_back().await;
}

#[tokio::test(start_paused = true)]
async fn a_run_that_waits_for_an_answer_can_be_stopped_and_left() {
    for stops in [true, false] {
        let mut bench = Bench::new();
        let (handle, mut events, mut runner) = bench.started().await;
        runner.send(&ask(1, "prompt")).await;
        let mut seen = Seen::default();
        while seen.prompts.is_empty() {
            seen.take(soon("the question", events.recv()).await.expect("an event"));
        }
        if stops {
            handle.stop();
            assert_eq!(runner.frame().await, Some((STOP, Vec::new())));
            runner.finish(Ending::Stopped).await;
            ends(&mut events, Outcome::Stopped).await;
        } else {
            drop(handle);
            runner.fate.to_be_killed().await;
        }
        bench.all_places_are_back().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_displayed_counts_as_output() {
    let mut bench = Bench::new();
    let (_handle, mut events, mut runner) = bench.started().await;
    let event = |bytes: u64| format!("[{{\"text\":\"{}\"}}]", long(bytes - 11));
    runner
        .send(&[display(1, &event(DISPLAY_BYTES)), display(1, &event(600)), display(1, &event(20))].concat())
        .await;
    let (seen, report) = ends(&mut events, Outcome::OutputExceeded).await;
    assert_eq!((seen.console.len(), report.usage.output_bytes), (1, DISPLAY_BYTES));
    assert_eq!(report.dropped, Dropped { events: 2, bytes: 620 });
}

#[tokio::test(start_paused = true)]
async fn usage_is_passed_on_with_the_servers_own_count_of_output_and_time() {
    let mut bench = Bench::new();
    let (_handle, mut events, mut runner) = bench.started().await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let at = json!({"function": "spin", "line": 7, "column": 3});
    runner.send(&[console(&["1"]), used_with(&json!({"cpu_ms": 400, "at": at}))].concat()).await;
    runner.finish(Ending::Completed).await;
    let (seen, _) = ends(&mut events, Outcome::Completed).await;
    let [(usage, at)] = &seen.usage[..] else { panic!("{:?}", seen.usage) };
    assert_eq!((usage.cpu_ms, usage.heap_bytes, usage.buffer_bytes, usage.process_bytes), (400, 2, 3, 4));
    assert_eq!((usage.console_events, usage.wall_ms, usage.limits), (1, 1_500, LIMITS));
    assert!(usage.output_bytes > 0);
    assert_eq!(at.as_ref().map(|at| (at.function.as_str(), at.line)), Some(("spin", 7)));
}

#[tokio::test(start_paused = true)]
async fn usage_that_nobody_asked_for_breaks_the_protocol() {
    let mut bench = Bench::new();
    let quiet = crate::sandbox::Run { tells_usage: false, ..run("", LIMITS) };
    let (_handle, mut events) = bench.sandbox.start(quiet).expect("a place");
    let mut runner = bench.runner().await;
    assert!(!runner.run().await.tells_usage);
    runner.send(&used_with(&json!({}))).await;
    ends(&mut events, Outcome::Crashed).await;
}

#[tokio::test(start_paused = true)]
async fn what_follows_the_last_word_is_not_heard() {
    for late in [finished(Ending::Failed), console(&["late"]), b"\xff\xff\xff\xff".to_vec()] {
        let mut bench = Bench::new();
        let (_handle, mut events, mut runner) = bench.started().await;
        runner.send(&[console(&["1"]), finished_with(&json!({"value": 42})), late].concat()).await;
        runner.exit(0);
        let (seen, report) = ends(&mut events, Outcome::Completed).await;
        assert_eq!(seen.texts(), ["1"]);
        assert_eq!(report.value.expect("a value").get(), "42");
        assert_eq!(runner.fate.killed(), None, "it left by itself");
        bench.all_places_are_back().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_runner_that_stays_on_after_its_last_word_keeps_its_place_until_it_is_gone() {
    let mut bench = Bench::new();
    let (_handle, mut events, mut runner) = bench.started().await;
    runner.fate.outlive_the_kill();
    runner.finish(Ending::Completed).await;
    let at = Instant::now();
    ends(&mut events, Outcome::Completed).await;
    assert_eq!(at.elapsed(), Duration::ZERO, "the client does not wait for that");
    took(runner.fate.to_be_killed().await.duration_since(at), GRACE);
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(bench.open_runs(), 1, "it was killed, and is still there");
    runner.fate.end(SIGKILL);
    bench.all_places_are_back().await;
}

#[tokio::test(start_paused = true)]
async fn an_ending_that_a_runner_may_not_report_is_a_crash() {
    for ending in [Ending::Stopped, Ending::Failed] {
        let mut bench = Bench::new();
        let (_handle, mut events, mut runner) = bench.started().await;
        runner.finish(ending).await;
        ends(&mut events, Outcome::Crashed).await;
    }
}

#[tokio::test(start_paused = true)]
async fn output_over_the_limit_is_cut_there_and_counted() {
    // Ten events are allowed, and 2,000 bytes.
    let many: Vec<Vec<u8>> = (0..6).map(|_| console(&["1", "2"])).collect();
    let large: Vec<Vec<u8>> = (0..3).map(|_| console(&[&long(900)])).collect();
    for (frames, passed, cut) in [(many, 10, 2), (large, 2, 1)] {
        let mut bench = Bench::new();
        let (_handle, mut events, mut runner) = bench.started().await;
        runner.send(&frames.concat()).await;
        // A small one does not slip through behind it.
        runner.console(&["small"]).await;
        let (seen, report) = ends(&mut events, Outcome::OutputExceeded).await;
        assert_eq!(seen.console.len(), passed);
        assert_eq!(report.dropped.events, cut + 1);
        assert!(report.usage.output_bytes <= LIMITS.output_bytes);
        assert!(runner.fate.killed().is_some());
        bench.all_places_are_back().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_result_counts_as_output() {
    let mut bench = Bench::new();
    let limits = Limits { output_bytes: 1_024, ..LIMITS };
    let (_handle, mut events, mut runner) = bench.started_with(limits).await;
    runner.console(&[&long(500)]).await;
    runner.send(&finished_with(&json!({"value": long(600)}))).await;
    ends(&mut events, Outcome::Crashed).await;
}

#[tokio::test(start_paused = true)]
async fn a_silent_runner_is_told_to_stop_at_the_limit_and_killed_a_grace_later() {
    let mut bench = Bench::new();
    let (_handle, mut events, mut runner) = bench.started().await;
    let at = Instant::now();
    let wall = Duration::from_millis(LIMITS.wall_ms);
    assert_eq!(runner.frame().await, Some((STOP, Vec::new())));
    took(at.elapsed(), wall);
    let (seen, report) = ends(&mut events, Outcome::TimedOut).await;
    assert!(seen.started);
    took(runner.fate.killed().expect("it is killed").duration_since(at), wall + GRACE);
    took(Duration::from_millis(report.usage.wall_ms), wall + GRACE);
    bench.all_places_are_back().await;
}

#[tokio::test(start_paused = true)]
async fn a_limit_without_end_is_no_limit() {
    let mut bench = Bench::new();
    let (_handle, mut events, mut runner) = bench.started_with(Limits { wall_ms: u64::MAX, ..LIMITS }).await;
    tokio::time::sleep(Duration::from_secs(1_000_000)).await;
    runner.finish(Ending::Completed).await;
    ends(&mut events, Outcome::Completed).await;
}

#[tokio::test(start_paused = true)]
async fn a_death_without_a_word_is_told_by_its_kind() {
    let exit = |status| End { status: Some(status), signal: None, cpu_ms: 11, process_bytes: 12 };
    let signal = |signal| End { status: None, signal: Some(signal), cpu_ms: 11, process_bytes: 12 };
    for (end, outcome) in [
        (exit(EXIT_OUT_OF_MEMORY), Outcome::MemoryExceeded),
        (exit(EXIT_CPU_EXCEEDED), Outcome::CpuExceeded),
        (exit(EXIT_STOPPED), Outcome::OutputExceeded),
        (exit(0), Outcome::Crashed),
        (exit(1), Outcome::Crashed),
        (signal(libc::SIGSEGV), Outcome::Crashed),
        (signal(libc::SIGSYS), Outcome::Crashed),
        (signal(libc::SIGXCPU), Outcome::CpuExceeded),
        (signal(libc::SIGKILL), Outcome::Crashed),
        (End { cpu_ms: LIMITS.cpu_ms, ..signal(libc::SIGKILL) }, Outcome::CpuExceeded),
        (End { process_bytes: LIMITS.process_bytes, ..signal(libc::SIGKILL) }, Outcome::MemoryExceeded),
    ] {
        let mut bench = Bench::new();
        let (_handle, mut events, mut runner) = bench.started().await;
        runner.console(&["1"]).await;
        runner.fate.end(end);
        let (seen, report) = ends(&mut events, outcome).await;
        assert_eq!(seen.texts(), ["1"], "what it wrote is not lost");
        assert_eq!((report.usage.cpu_ms, report.usage.process_bytes), (end.cpu_ms, end.process_bytes));
        bench.all_places_are_back().await;
    }
}

#[tokio::test(start_paused = true)]
async fn half_a_frame_is_said_to_be_missing() {
    let mut bench = Bench::new();
    let (_handle, mut events, mut runner) = bench.started().await;
    runner.console(&["1"]).await;
    let frame = console(&["2", "3"]);
    runner.send(&frame[..frame.len() - 1]).await;
    runner.exit(1);
    let (seen, report) = ends(&mut events, Outcome::Crashed).await;
    assert_eq!(seen.texts(), ["1"]);
    let bytes = (r#"{"text":"2"}"#.len() * 2) as u64;
    assert_eq!(report.dropped, Dropped { events: 2, bytes });
}

#[tokio::test(start_paused = true)]
async fn a_runner_that_closes_its_socket_and_lives_is_killed() {
    let mut bench = Bench::new();
    let (_handle, mut events, runner) = bench.started().await;
    let fate = runner.fate.clone();
    fate.outlive_the_kill();
    fate.hang_up();
    let at = Instant::now();
    assert_eq!(fate.to_be_killed().await, at);
    ends(&mut events, Outcome::Crashed).await;
    assert_eq!(bench.open_runs(), 1, "it is still there");
    fate.end(SIGKILL);
    bench.all_places_are_back().await;
}

#[tokio::test(start_paused = true)]
async fn a_process_that_died_before_it_had_its_program_costs_no_run() {
    let mut bench = Bench::new();
    // Longer than a socket holds, so that nobody takes it for written.
    let (_handle, mut events) = bench.sandbox.start(run(&long(1 << 20), LIMITS)).expect("a place");
    bench.runner().await.exit(1);
    bench.runner().await.fate.end(SIGKILL);
    let mut runner = bench.runner().await;
    assert_eq!(runner.run().await.program.source().len(), 1 << 20);
    runner.finish(Ending::Completed).await;
    let (seen, _) = ends(&mut events, Outcome::Completed).await;
    assert!(seen.started);
    bench.all_places_are_back().await;
}

#[tokio::test(start_paused = true)]
async fn a_process_that_died_before_it_read_its_program_costs_no_run() {
    let mut bench = Bench::new();
    let (_handle, mut events) = bench.accept();
    for _ in 0..2 {
        let runner = bench.runner().await;
        tokio::time::sleep(Duration::from_millis(1)).await;
        runner.die();
    }
    let mut runner = bench.runner().await;
    runner.run().await;
    runner.console(&["1"]).await;
    runner.finish(Ending::Completed).await;
    let (seen, _) = ends(&mut events, Outcome::Completed).await;
    assert_eq!(seen.texts(), ["1"]);
    bench.all_places_are_back().await;

    let (_handle, mut events) = bench.accept();
    for _ in 0..settings().warm_children + START_TRIES as usize {
        let runner = bench.runner().await;
        tokio::time::sleep(Duration::from_millis(1)).await;
        runner.die();
    }
    let (_, report) = ends(&mut events, Outcome::Crashed).await;
    assert_eq!(report.error.expect("an error").name, "NotStarted");
    bench.all_places_are_back().await;
}

#[tokio::test(start_paused = true)]
async fn a_program_that_was_read_is_never_run_again() {
    let mut bench = Bench::new();
    // Told to stop, it dies with that unread; or it dies with nothing unread.
    for stops in [true, false] {
        let (handle, mut events, runner) = bench.started().await;
        if stops {
            handle.stop();
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        runner.die();
        ends(&mut events, if stops { Outcome::Stopped } else { Outcome::Crashed }).await;
        bench.all_places_are_back().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_no_process_takes_is_given_up() {
    let mut bench = Bench::new();
    let at = Instant::now();
    let (_handle, mut events) = bench.sandbox.start(run(&long(1 << 20), LIMITS)).expect("a place");
    let mut runners = Vec::new();
    for tried in 1..=START_TRIES as usize {
        // None of them reads.
        runners.push(bench.runner().await);
        took(runners[tried - 1].fate.to_be_killed().await.duration_since(at), READY_TIMEOUT * tried as u32);
    }
    let (seen, report) = ends(&mut events, Outcome::Crashed).await;
    assert!(!seen.started);
    assert_eq!(report.error.expect("an error").name, "NotStarted");
    assert_eq!(report.usage.wall_ms, 0);
    bench.all_places_are_back().await;
}

#[tokio::test(start_paused = true)]
async fn a_run_for_which_there_is_no_process_is_given_up() {
    let bench = Bench::with(settings(), false);
    let (_handle, mut events) = bench.accept();
    let at = Instant::now();
    let (_, report) = ends(&mut events, Outcome::Crashed).await;
    assert_eq!(report.error.expect("an error").name, "NotStarted");
    took(at.elapsed(), READY_TIMEOUT);
    bench.all_places_are_back().await;
}
