//! Evaluations and the stay after a program's end, with runners that the test plays: most of them lie.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::fake::{
    Bench, LIMITS, MESSAGE_BYTES, PAUSED_FOR, Runner, Seen, ends, finished, finished_with, run, soon, took,
};
use crate::protocol::browser::{Outcome, ReleaseReason};
use crate::protocol::fetch::payload;
use crate::protocol::frame;
use crate::protocol::repl::{EVALUATE, EVALUATED, IDLE, PAUSED};
use crate::protocol::runner::{Ending, FINISHED, STOP};
use crate::sandbox::{Run, RunEvents, RunHandle};

fn paused(fields: &serde_json::Value) -> Vec<u8> {
    let mut frame = finished_with(fields);
    assert_eq!(std::mem::replace(&mut frame[4], PAUSED), FINISHED);
    frame
}

fn evaluated(id: u32, json: &str) -> Vec<u8> {
    frame::encode(EVALUATED, &payload(id, json.as_bytes()))
}

const VALUE: &str = r#"{"value":7,"error":null}"#;

/// A run that takes evaluations, whose process has its program.
async fn started(bench: &mut Bench) -> (RunHandle, RunEvents, Runner) {
    let (handle, events) = bench.sandbox.start(Run { repl: true, ..run("", LIMITS) }).expect("a place");
    let mut runner = bench.runner().await;
    assert!(runner.run().await.repl);
    (handle, events, runner)
}

async fn until(seen: &mut Seen, events: &mut RunEvents, what: &str, is_there: impl Fn(&Seen) -> bool) {
    while !is_there(seen) {
        seen.take(soon(what, events.recv()).await.expect("an event"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_stays_and_takes_evaluations_until_its_time_is_over() {
    let seconds = Duration::from_secs;
    let mut bench = Bench::new();
    let (handle, mut events, mut runner) = started(&mut bench).await;
    tokio::time::sleep(seconds(4)).await;
    runner.send(&paused(&json!({"value": 1}))).await;
    let mut seen = Seen::default();
    until(&mut seen, &mut events, "the end", |seen| seen.paused.len() == 1).await;
    assert_eq!(seen.paused, [30_000]);
    // The stay stands still while something is evaluated, and the program's own time goes on.
    tokio::time::sleep(seconds(10)).await;
    handle.evaluate(1, "é".into());
    assert_eq!(runner.frame().await, Some((EVALUATE, payload(1, "\"é\"".as_bytes()))));
    tokio::time::sleep(seconds(5)).await;
    runner.send(&[evaluated(1, VALUE), frame::encode(IDLE, &[])].concat()).await;
    until(&mut seen, &mut events, "rest", |seen| seen.paused.len() == 2).await;
    assert_eq!(seen.evaluated, [(1, Some("7".to_owned()))]);
    assert_eq!(seen.paused[1], 20_000);
    let at = Instant::now();
    assert_eq!(runner.frame().await, Some((STOP, Vec::new())));
    took(at.elapsed(), seconds(20));
    // What is asked too late is nobody's.
    handle.evaluate(2, "1".into());
    runner.send(&finished(Ending::Stopped)).await;
    let (rest, report) = ends(&mut events, Outcome::Completed).await;
    assert_eq!(rest.released, Some(ReleaseReason::Time));
    assert_eq!(report.value.expect("the program's value").get(), "1");
    took(Duration::from_millis(report.usage.wall_ms), seconds(9));
    assert_eq!(report.usage.output_bytes, 1 + 4 + VALUE.len() as u64);
    bench.all_places_are_back().await;
}

#[tokio::test(start_paused = true)]
async fn evaluations_use_up_the_program_s_own_time() {
    let mut bench = Bench::new();
    let (handle, mut events, mut runner) = started(&mut bench).await;
    runner.send(&paused(&json!({}))).await;
    let mut seen = Seen::default();
    until(&mut seen, &mut events, "the end", |seen| seen.paused.len() == 1).await;
    handle.evaluate(1, "for (;;) ;".into());
    runner.frame().await;
    let at = Instant::now();
    assert_eq!(runner.frame().await, Some((STOP, Vec::new())));
    took(at.elapsed(), Duration::from_millis(LIMITS.wall_ms));
    runner.send(&finished(Ending::Stopped)).await;
    let (rest, _) = ends(&mut events, Outcome::TimedOut).await;
    assert_eq!(rest.released, None);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_stays_can_be_stopped_left_and_crash() {
    for (what, outcome) in [("stop", Outcome::Failed), ("kill", Outcome::Failed), ("crash", Outcome::Crashed)]
    {
        let mut bench = Bench::new();
        let (handle, mut events, mut runner) = started(&mut bench).await;
        let error = json!({"name": "E", "message": "oh", "stack": []});
        runner.send(&paused(&json!({"ending": "failed", "error": error}))).await;
        let mut seen = Seen::default();
        until(&mut seen, &mut events, "the end", |seen| seen.paused.len() == 1).await;
        match what {
            "stop" => {
                handle.stop();
                assert_eq!(runner.frame().await, Some((STOP, Vec::new())));
                runner.send(&finished(Ending::Stopped)).await;
            }
            // It says nothing more, and is killed for it.
            "kill" => handle.stop(),
            _ => runner.exit(1),
        }
        let (_, report) = ends(&mut events, outcome).await;
        assert_eq!(report.error.expect("an error").name == "E", outcome == Outcome::Failed, "{what}");
        bench.all_places_are_back().await;
    }
    let mut bench = Bench::new();
    let (handle, mut events, mut runner) = started(&mut bench).await;
    runner.send(&paused(&json!({}))).await;
    let mut seen = Seen::default();
    until(&mut seen, &mut events, "the end", |seen| seen.paused.len() == 1).await;
    drop((handle, events));
    runner.fate.to_be_killed().await;
    bench.all_places_are_back().await;
}

#[tokio::test(start_paused = true)]
async fn a_run_that_stays_makes_way() {
    let mut bench = Bench::new();
    let (_handle, mut events, mut runner) = started(&mut bench).await;
    runner.send(&paused(&json!({}))).await;
    let mut seen = Seen::default();
    until(&mut seen, &mut events, "the end", |seen| seen.paused.len() == 1).await;
    let at = Instant::now();
    let (_other, mut others) = bench.accept();
    assert_eq!(runner.frame().await, Some((STOP, Vec::new())));
    took(at.elapsed(), Duration::ZERO);
    runner.send(&finished(Ending::Stopped)).await;
    runner.exit(0);
    let (rest, _) = ends(&mut events, Outcome::Completed).await;
    assert_eq!(rest.released, Some(ReleaseReason::Others));
    let mut second = bench.runner().await;
    second.run().await;
    second.finish(Ending::Completed).await;
    second.exit(0);
    ends(&mut others, Outcome::Completed).await;
    bench.all_places_are_back().await;
}

#[tokio::test(start_paused = true)]
async fn what_a_runner_may_not_say_about_evaluations_ends_the_run() {
    let end = || paused(&json!({}));
    let idle = || frame::encode(IDLE, &[]);
    let long = "x".repeat(MESSAGE_BYTES as usize);
    let cases = [
        ("a result that nobody asked for", evaluated(1, VALUE)),
        ("one of an evaluation that is to come", evaluated(9, VALUE)),
        ("two results of one", [evaluated(7, VALUE), evaluated(7, VALUE)].concat()),
        ("a result that is none", evaluated(7, "7")),
        ("a result with nothing", evaluated(7, r#"{"value":null,"error":null}"#)),
        ("a value that is too long", evaluated(7, &json!({"value": long, "error": null}).to_string())),
        ("a frame without a number", frame::encode(EVALUATED, b"{}")),
        ("rest before the end", idle()),
        ("an end that is none", frame::encode(PAUSED, b"{}")),
        ("two ends", [end(), end()].concat()),
        ("an end by a limit", paused(&json!({"ending": "cpu_exceeded"}))),
        ("an end that was stopped", paused(&json!({"ending": "stopped"}))),
        ("a failure without an error", paused(&json!({"ending": "failed"}))),
        ("an end with a value over the limit", paused(&json!({"value": long}))),
        ("an end after the end", [end(), finished(Ending::Completed)].concat()),
        ("a frame of the other direction", frame::encode(EVALUATE, &payload(7, b"\"1\""))),
    ];
    for (what, bytes) in cases {
        let mut bench = Bench::new();
        let (handle, mut events, mut runner) = started(&mut bench).await;
        handle.evaluate(7, "1".into());
        runner.frame().await;
        runner.send(&bytes).await;
        let mut seen = super::fake::read(&mut events).await;
        let report = seen.report.take().expect("a report");
        assert_eq!(report.outcome, Outcome::Crashed, "{what}: {report:?}");
        assert!(runner.fate.killed().is_some(), "{what}");
        bench.all_places_are_back().await;
    }
    // And of a run that takes none, nothing of this.
    for (what, bytes) in [("an end", end()), ("rest", idle()), ("a result", evaluated(1, VALUE))] {
        let mut bench = Bench::new();
        let (handle, mut events, mut runner) = bench.started().await;
        handle.evaluate(1, "1".into());
        runner.send(&bytes).await;
        let (seen, _) = ends(&mut events, Outcome::Crashed).await;
        assert!(seen.paused.is_empty() && seen.evaluated.is_empty(), "{what}");
        bench.all_places_are_back().await;
    }
}

#[tokio::test(start_paused = true)]
async fn results_are_output_like_any() {
    let mut bench = Bench::new();
    let (handle, mut events, mut runner) = started(&mut bench).await;
    let value = json!({"value": "x".repeat(900), "error": null}).to_string();
    let mut seen = Seen::default();
    for id in 1..=3 {
        handle.evaluate(id, "1".into());
        runner.frame().await;
        runner.send(&evaluated(id, &value)).await;
        if id < 3 {
            until(&mut seen, &mut events, "a result", |seen| seen.evaluated.len() == id as usize).await;
        }
    }
    let (rest, report) = ends(&mut events, Outcome::OutputExceeded).await;
    assert!(rest.evaluated.is_empty());
    assert!(report.usage.output_bytes <= LIMITS.output_bytes && report.dropped.bytes > 900);
    assert!(PAUSED_FOR > Duration::ZERO);
}
