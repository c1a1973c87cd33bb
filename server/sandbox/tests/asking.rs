//! Runs that ask something: they give up their place, and have it again before the program gets the answer.

use proptest::prelude::*;
use serde_json::json;
use tokio::time::{Duration, Instant, sleep, timeout};

use super::fake::*;
use crate::protocol::browser::{Outcome, RejectReason};
use crate::protocol::frame;
use crate::protocol::prompt::{ANSWER, PROMPT};
use crate::protocol::runner::{Ending, RunSpec, STOP};
use crate::sandbox::{ClientKey, Run, RunEvent, RunEvents, RunHandle, SandboxSettings};

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
    let (_displaced, mut events, mut runner) = asking.remove(1);
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

/// What the holder of a run does.
#[derive(Clone, Copy, Debug)]
enum Holder {
    /// Answers each question after so many milliseconds.
    Answers(u64),
    /// Never answers.
    Ignores,
    /// Stops the run after so many milliseconds.
    Stops(u64),
    /// Leaves after so many.
    Leaves(u64),
}

fn holders() -> impl Strategy<Value = Vec<(u8, u8, u64, Holder)>> {
    let holder = prop_oneof![
        4 => (0u64..2_000).prop_map(Holder::Answers),
        1 => Just(Holder::Ignores),
        1 => (0u64..4_000).prop_map(Holder::Stops),
        1 => (0u64..4_000).prop_map(Holder::Leaves),
    ];
    // Whose the run is, how often it asks, and how long after the one before it comes.
    prop::collection::vec((0u8..4, 0u8..4, 0u64..300, holder), 1..24)
}

/// Plays a process: it asks as often as its program says, and then ends.
async fn play(mut runner: Runner) {
    let Some((_, program)) = runner.frame().await else { return };
    let program: RunSpec = serde_json::from_slice(&program).expect("a program");
    let asks: u32 = program.program.source().parse().expect("a number");
    for id in 1..=asks {
        runner.send(&question(id, if id % 2 == 0 { "line" } else { "prompt" })).await;
        loop {
            match runner.frame_in(Duration::from_secs(3_600)).await {
                Some((ANSWER, _)) => break,
                Some((STOP, _)) => {
                    runner.finish(Ending::Stopped).await;
                    return runner.exit(0);
                }
                Some(_) => {}
                None => return,
            }
        }
        sleep(Duration::from_millis(100)).await;
    }
    runner.finish(Ending::Completed).await;
    runner.exit(0);
}

/// Sees a run through as its holder does. Whether it was left.
async fn hold(handle: RunHandle, mut events: RunEvents, holder: Holder) -> (Seen, bool) {
    let mut seen = Seen::default();
    let reading = async {
        while let Some(event) = events.recv().await {
            let asked = if let RunEvent::Prompt { prompt_id, .. } = &event { Some(*prompt_id) } else { None };
            seen.take(event);
            if let (Some(id), Holder::Answers(after)) = (asked, holder) {
                sleep(Duration::from_millis(after)).await;
                handle.answer(id, Some("x".to_owned()));
            }
        }
    };
    let acting = async {
        match holder {
            Holder::Stops(after) => {
                sleep(Duration::from_millis(after)).await;
                handle.stop();
                std::future::pending::<()>().await;
            }
            Holder::Leaves(after) => sleep(Duration::from_millis(after)).await,
            Holder::Answers(_) | Holder::Ignores => std::future::pending().await,
        }
    };
    let is_left = tokio::select! {
        () = reading => false,
        () = acting => true,
    };
    (seen, is_left)
}

async fn crowd(holders: Vec<(u8, u8, u64, Holder)>) {
    let settings = SandboxSettings {
        open_runs: 3,
        reserve: 1,
        queue: 4,
        asking: 3,
        client_open_runs: 2,
        client_queue: 3,
        client_asking: 2,
        ..settings()
    };
    let mut bench = Bench::with(settings, true);
    let sandbox = bench.sandbox.clone();
    let playing = async {
        loop {
            tokio::spawn(play(bench.runner_at_last().await));
        }
    };
    let holding = async {
        let mut held = Vec::new();
        for (n, asks, after, holder) in holders {
            sleep(Duration::from_millis(after)).await;
            let client = ClientKey::of([10, n, 0, 1].into());
            let Ok((handle, events)) = sandbox.start(Run { client, ..run(&asks.to_string(), LIMITS) }) else {
                continue;
            };
            held.push(tokio::spawn(hold(handle, events, holder)));
            let health = sandbox.health();
            assert!(
                health.open_runs <= 3 && health.queued_runs <= 4 && health.asking_runs <= 3,
                "{health:?}"
            );
        }
        for held in held {
            let (seen, is_left) = held.await.expect("no panic");
            let ends = usize::from(seen.report.is_some()) + usize::from(seen.displaced.is_some());
            // Who leaves may have heard of the end just before.
            assert!(ends == 1 || (is_left && ends == 0), "an accepted run ends once: {seen:?}");
        }
    };
    tokio::select! {
        () = playing => {}
        () = holding => {}
    }
    bench.all_places_are_back().await;
}

proptest! {
    /// Whoever comes, asks, answers, stops and leaves: each accepted run has one end, bounds hold, and all comes back.
    #[test]
    fn each_accepted_run_ends_exactly_once(holders in holders()) {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap()
            .block_on(crowd(holders));
    }
}
