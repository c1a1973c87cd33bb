//! Runs that ask something: they give up their place, and have it again before the program gets the answer.

use serde_json::json;
use tokio::time::{Duration, Instant, sleep, timeout};

use super::fake::*;
use crate::protocol::browser::{Outcome, RejectReason};
use crate::protocol::frame;
use crate::protocol::prompt::{ANSWER, PROMPT};
use crate::protocol::runner::{Ending, STOP};
use crate::sandbox::{ClientKey, Run, RunEvents, RunHandle, SandboxSettings};

fn question(id: u32, kind: &str) -> Vec<u8> {
    frame::encode(
        PROMPT,
        json!({"id": id, "kind": kind, "message": "?", "default": null}).to_string().as_bytes(),
    )
}

/// A run of the client with this number, in a network of its own.
fn accept(bench: &Bench, n: u8) -> (RunHandle, RunEvents) {
    let client = ClientKey::of([10, n, 0, 1].into());
    bench.sandbox.start(Run { client, ..run("", LIMITS) }).expect("a place or a turn")
}

fn counts(bench: &Bench) -> [usize; 3] {
    let health = bench.sandbox.health();
    [health.open_runs, health.queued_runs, health.asking_runs]
}

async fn until(what: &str, is_so: impl Fn() -> bool) {
    let waiting = async {
        while !is_so() {
            sleep(Duration::from_millis(1)).await;
        }
    };
    soon(what, waiting).await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_waits_until_the_run_has_its_place_again() {
    let mut bench = Bench::new();
    let (handle, mut events, mut runner) = bench.started().await;
    let (_second, mut seconds) = accept(&bench, 2);
    assert_eq!(counts(&bench), [1, 1, 0]);
    sleep(Duration::from_secs(4)).await;
    runner.send(&question(1, "prompt")).await;
    let mut other = bench.runner().await;
    other.run().await;
    assert_eq!(counts(&bench), [1, 0, 1]);
    handle.answer(1, Some("x".to_owned()));
    // Longer than it may take for itself, or wait for an answer.
    let waited = timeout(Duration::from_secs(59), async { runner.frame().await });
    let finishing = async {
        sleep(Duration::from_secs(9)).await;
        other.finish(Ending::Completed).await;
        other.exit(0);
    };
    let at = Instant::now();
    let (answer, ()) = tokio::join!(waited, finishing);
    assert_eq!(answer.expect("in time").expect("a frame").0, ANSWER);
    took(at.elapsed(), Duration::from_secs(9));
    assert_eq!(counts(&bench), [1, 0, 0]);
    runner.finish(Ending::Completed).await;
    runner.exit(0);
    let (_, report) = ends(&mut events, Outcome::Completed).await;
    took(Duration::from_millis(report.usage.wall_ms), Duration::from_secs(4));
    took(Duration::from_millis(report.usage.prompt_ms), Duration::ZERO);
    ends(&mut seconds, Outcome::Completed).await;
    bench.all_places_are_back().await;
}

#[tokio::test(start_paused = true)]
async fn a_free_place_is_had_again_at_once() {
    let mut bench = Bench::new();
    let (handle, mut events, mut runner) = bench.started().await;
    for id in 1..=3 {
        runner.send(&question(id, "line")).await;
        until("the question", || counts(&bench) == [0, 0, 1]).await;
        let at = Instant::now();
        handle.answer(id, None);
        assert_eq!(runner.frame().await.expect("a frame").0, ANSWER);
        took(at.elapsed(), Duration::ZERO);
        assert_eq!(counts(&bench), [1, 0, 0]);
    }
    runner.finish(Ending::Completed).await;
    ends(&mut events, Outcome::Completed).await;
    bench.all_places_are_back().await;
}

#[tokio::test(start_paused = true)]
async fn one_of_two_answers_is_given_without_a_place() {
    let mut bench = Bench::new();
    let (handle, mut events, mut runner) = bench.started().await;
    runner.send(&[question(1, "line"), question(2, "prompt")].concat()).await;
    until("the questions", || counts(&bench) == [0, 0, 1]).await;
    let (_second, _seconds) = accept(&bench, 2);
    let _other = bench.runner().await;
    // The other question is open still, so the program goes on with what it has.
    for _ in 0..3 {
        soon("an event", events.recv()).await.expect("a start and two questions");
    }
    handle.answer(2, Some("x".to_owned()));
    assert_eq!(runner.frame().await.expect("a frame").0, ANSWER);
    assert_eq!(counts(&bench), [1, 0, 1]);
    // It may ask again while it waits for its place.
    handle.answer(1, Some("y".to_owned()));
    sleep(Duration::from_millis(1)).await;
    runner.send(&question(3, "prompt")).await;
    assert_eq!(runner.frame().await.expect("a frame").0, ANSWER, "with a question open, it needs no place");
    assert_eq!(counts(&bench), [1, 0, 1]);
}

#[tokio::test(start_paused = true)]
async fn who_has_most_questions_open_loses_the_last() {
    let settings = SandboxSettings { open_runs: 9, client_open_runs: 9, ..settings() };
    let mut bench = Bench::with(settings, true);
    let mut asking = Vec::new();
    for (n, asked) in [(1, 1), (1, 2), (2, 2)] {
        let (handle, events) = accept(&bench, n);
        let mut runner = bench.runner().await;
        runner.run().await;
        runner.send(&question(1, "prompt")).await;
        asking.push((handle, events, runner));
        until("the question", || counts(&bench) == [0, 0, asked]).await;
    }
    // Both may be, and the last of the first client's is told to stop for the other's.
    let (_, mut events, mut runner) = asking.remove(1);
    assert_eq!(runner.frame().await, Some((STOP, Vec::new())));
    runner.send(&finished(Ending::Stopped)).await;
    runner.exit(0);
    let (_, report) = ends(&mut events, Outcome::Stopped).await;
    let error = report.error.expect("an error");
    assert_eq!(error.name, "TooManyQuestions");
    assert!(error.message.contains("2 programs here have a question open"), "{}", error.message);
    until("its place to be free", || counts(&bench) == [0, 0, 2]).await;
    // A third of one client's is its own last one, and nobody is asked.
    let (_handle, mut events) = accept(&bench, 1);
    let mut runner = bench.runner().await;
    runner.run().await;
    runner.send(&question(1, "prompt")).await;
    assert_eq!(runner.frame().await, Some((STOP, Vec::new())));
    runner.send(&finished(Ending::Stopped)).await;
    let (seen, _) = ends(&mut events, Outcome::Stopped).await;
    assert!(seen.prompts.is_empty());
    drop(asking);
    bench.all_places_are_back().await;
}

#[tokio::test(start_paused = true)]
async fn a_run_that_lost_its_turn_has_one_end() {
    let mut bench = Bench::new();
    let (_handle, _events, mut runner) = bench.started().await;
    let (_second, _seconds) = accept(&bench, 2);
    let (_third, mut thirds) = accept(&bench, 2);
    let (_fourth, mut fourths) = accept(&bench, 3);
    let seen = read(&mut thirds).await;
    let rejection = seen.displaced.expect("it lost its turn");
    assert_eq!((rejection.reason, rejection.retry_after_ms), (RejectReason::Busy, Some(1_000)));
    assert!(seen.report.is_none() && !seen.started);
    runner.finish(Ending::Completed).await;
    runner.exit(0);
    for _ in 0..2 {
        let mut runner = bench.runner().await;
        runner.run().await;
        runner.finish(Ending::Completed).await;
        runner.exit(0);
    }
    ends(&mut fourths, Outcome::Completed).await;
    bench.all_places_are_back().await;
}
