//! Runs that are stopped, left alone or read slowly, at every stage of their way; and the queue.

use tokio::time::{Duration, Instant, sleep};

use super::fake::*;
use crate::limits::Limits;
use crate::protocol::browser::{Outcome, RejectReason};
use crate::protocol::runner::{Ending, STOP};
use crate::sandbox::{RunEvent, RunEvents, RunHandle};

/// Longer than the socket holds.
const LONG: usize = 1 << 20;

/// How a run is left.
#[derive(Clone, Copy, Debug)]
enum Leave {
    Wholly,
    WithoutTheHandle,
    WithoutTheEvents,
}

const WAYS: [Leave; 3] = [Leave::Wholly, Leave::WithoutTheHandle, Leave::WithoutTheEvents];

impl Leave {
    /// Leaves; what is kept is never used.
    fn leave(self, handle: RunHandle, events: RunEvents) -> (Option<RunHandle>, Option<RunEvents>) {
        match self {
            Self::Wholly => (None, None),
            Self::WithoutTheHandle => (None, Some(events)),
            Self::WithoutTheEvents => (Some(handle), None),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_left_in_the_queue_leaves_it() {
    for way in WAYS {
        let mut bench = Bench::new();
        let (_handle, mut events, mut runner) = bench.started().await;
        let (handle, left) = bench.accept();
        assert_eq!(bench.sandbox.health().queued_runs, 1);
        let _kept = way.leave(handle, left);
        let at = Instant::now();
        while bench.sandbox.health().queued_runs > 0 {
            sleep(Duration::from_millis(1)).await;
        }
        assert!(at.elapsed() < Duration::from_millis(5), "{way:?}");
        runner.finish(Ending::Completed).await;
        ends(&mut events, Outcome::Completed).await;
        bench.all_places_are_back().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_left_while_it_waits_for_a_process_gives_its_place_back() {
    for way in WAYS {
        let bench = Bench::with(settings(), false);
        let (handle, events) = bench.accept();
        sleep(Duration::from_millis(1)).await;
        let at = Instant::now();
        let _kept = way.leave(handle, events);
        bench.all_places_are_back().await;
        assert!(at.elapsed() < Duration::from_millis(5), "{way:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_left_while_its_process_takes_the_program_is_killed_at_once() {
    for way in WAYS {
        let mut bench = Bench::new();
        let (handle, events) = bench.sandbox.start(run(&"x".repeat(LONG), LIMITS)).expect("a place");
        let runner = bench.runner().await;
        sleep(Duration::from_millis(1)).await;
        let at = Instant::now();
        let _kept = way.leave(handle, events);
        assert_eq!(runner.fate.to_be_killed().await, at, "{way:?}");
        bench.all_places_are_back().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_left_while_it_runs_is_killed_at_once_and_keeps_its_place_until_it_is_gone() {
    for way in WAYS {
        let mut bench = Bench::new();
        let (handle, events, mut runner) = bench.started().await;
        runner.console(&["1"]).await;
        runner.fate.outlive_the_kill();
        sleep(Duration::from_millis(1)).await;
        let at = Instant::now();
        let _kept = way.leave(handle, events);
        assert_eq!(runner.fate.to_be_killed().await, at, "{way:?}");
        sleep(Duration::from_secs(10)).await;
        assert_eq!(bench.open_runs(), 1);
        runner.fate.end(SIGKILL);
        bench.all_places_are_back().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_left_while_its_reader_is_behind_is_killed_at_once() {
    for way in WAYS {
        let mut bench = Bench::new();
        let (handle, events, mut runner) = bench.started().await;
        for _ in 0..10 {
            runner.console(&["1"]).await;
        }
        sleep(Duration::from_millis(1)).await;
        let at = Instant::now();
        let _kept = way.leave(handle, events);
        assert_eq!(runner.fate.to_be_killed().await, at, "{way:?}");
        bench.all_places_are_back().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_left_after_it_was_stopped_is_killed_at_once() {
    let mut bench = Bench::new();
    let (handle, events, mut runner) = bench.started().await;
    handle.stop();
    assert_eq!(runner.frame().await, Some((STOP, Vec::new())));
    let at = Instant::now();
    drop((handle, events));
    assert_eq!(runner.fate.to_be_killed().await, at);
    bench.all_places_are_back().await;
}

#[tokio::test(start_paused = true)]
async fn a_process_left_after_its_last_word_leaves_by_itself_and_costs_the_zygote_no_word() {
    let mut bench = Bench::new();
    let (handle, mut events, mut runner) = bench.started().await;
    runner.finish(Ending::Completed).await;
    ends(&mut events, Outcome::Completed).await;
    drop(handle);
    sleep(GRACE / 2).await;
    runner.exit(0);
    bench.all_places_are_back().await;
    assert_eq!(runner.fate.killed(), None);
}

#[tokio::test(start_paused = true)]
async fn a_run_stopped_in_the_queue_never_starts() {
    let mut bench = Bench::new();
    let (_handle, _events, _runner) = bench.started().await;
    let (handle, mut events) = bench.accept();
    handle.stop();
    handle.stop();
    let (seen, report) = ends(&mut events, Outcome::Stopped).await;
    assert!(!seen.started);
    assert_eq!(report.error.expect("an error").message, "Stopped.");
    assert_eq!((bench.open_runs(), bench.sandbox.health().queued_runs), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_run_stopped_while_it_waits_for_a_process_ends_at_once() {
    let bench = Bench::with(settings(), false);
    let (handle, mut events) = bench.accept();
    sleep(Duration::from_millis(1)).await;
    let at = Instant::now();
    handle.stop();
    ends(&mut events, Outcome::Stopped).await;
    assert_eq!(at.elapsed(), Duration::ZERO);
    bench.all_places_are_back().await;
}

#[tokio::test(start_paused = true)]
async fn a_run_stopped_while_its_process_takes_the_program_ends_at_once() {
    let mut bench = Bench::new();
    let (handle, mut events) = bench.sandbox.start(run(&"x".repeat(LONG), LIMITS)).expect("a place");
    let runner = bench.runner().await;
    runner.fate.outlive_the_kill();
    sleep(Duration::from_millis(1)).await;
    let at = Instant::now();
    handle.stop();
    let (seen, _) = ends(&mut events, Outcome::Stopped).await;
    assert!(!seen.started);
    assert_eq!(runner.fate.killed(), Some(at));
    assert_eq!(bench.open_runs(), 1, "its process is still there");
    runner.fate.end(SIGKILL);
    bench.all_places_are_back().await;
}

#[tokio::test(start_paused = true)]
async fn a_run_that_obeys_the_stop_has_its_last_word() {
    let mut bench = Bench::new();
    let (handle, mut events, mut runner) = bench.started().await;
    runner.console(&["1"]).await;
    handle.stop();
    assert_eq!(runner.frame().await, Some((STOP, Vec::new())));
    let frame = serde_json::json!({"function": "loop", "line": 7, "column": 1});
    runner.console(&["2"]).await;
    runner.send(&finished_with(&serde_json::json!({"ending": "stopped", "stopped_at": frame}))).await;
    runner.exit(0);
    let (seen, report) = ends(&mut events, Outcome::Stopped).await;
    assert_eq!(seen.texts(), ["1", "2"]);
    assert_eq!(report.error.expect("an error").message, "Stopped, in `loop` at line 7.");
    assert_eq!(report.usage.heap_bytes, 2);
    assert_eq!(runner.fate.killed(), None);
    bench.all_places_are_back().await;
}

#[tokio::test(start_paused = true)]
async fn a_run_that_ignores_the_stop_is_killed_a_grace_later_whatever_it_says() {
    for late in
        [b"".to_vec(), b"\xff\xff\xff\xff".to_vec(), console(&["late"]), console(&["late"]).repeat(20)]
    {
        let mut bench = Bench::new();
        let (handle, mut events, mut runner) = bench.started().await;
        let at = Instant::now();
        handle.stop();
        assert_eq!(runner.frame().await, Some((STOP, Vec::new())));
        handle.stop();
        runner.send(&late).await;
        let (seen, _) = ends(&mut events, Outcome::Stopped).await;
        assert!(seen.console.len() as u64 <= LIMITS.console_events);
        let killed = runner.fate.killed().expect("it is killed").duration_since(at);
        assert!(killed <= GRACE + Duration::from_millis(2), "{killed:?}");
        bench.all_places_are_back().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_that_comes_too_late_is_no_second_end() {
    // Its last word is read before the stop, after it, or is in the socket when it comes.
    for order in 0..3 {
        let mut bench = Bench::new();
        let (handle, mut events, mut runner) = bench.started().await;
        let outcome = if order == 0 {
            runner.finish(Ending::Completed).await;
            runner.exit(0);
            bench.all_places_are_back().await;
            handle.stop();
            Outcome::Completed
        } else if order == 1 {
            handle.stop();
            runner.frame().await;
            runner.finish(Ending::Completed).await;
            Outcome::Stopped
        } else {
            runner.finish(Ending::Completed).await;
            handle.stop();
            let seen = read(&mut events).await;
            let outcome = seen.report.expect("a report").outcome;
            assert!(matches!(outcome, Outcome::Completed | Outcome::Stopped));
            continue;
        };
        ends(&mut events, outcome).await;
        bench.all_places_are_back().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_slows_the_program_down_and_loses_nothing() {
    let mut bench =
        Bench::with(crate::sandbox::SandboxSettings { message_bytes: 64 << 10, ..settings() }, true);
    let limits = Limits { output_bytes: 64 << 20, console_events: 1_000, ..LIMITS };
    let (_handle, mut events, mut runner) = bench.started_with(limits).await;
    let (written, progress) = tokio::sync::watch::channel(0_usize);
    let writing = async {
        for index in 0..200 {
            runner.console(&[&format!("{index} {}", "x".repeat(50_000))]).await;
            written.send_replace(index + 1);
        }
        runner.finish(Ending::Completed).await;
        runner.exit(0);
    };
    let reading = async {
        sleep(Duration::from_secs(5)).await;
        // Four wait in the channel, one with the supervisor, a few in its buffer and the socket.
        assert!((4..16).contains(&*progress.borrow()), "{} are on their way", *progress.borrow());
        ends(&mut events, Outcome::Completed).await
    };
    let ((), (seen, _)) = tokio::join!(writing, reading);
    let texts = seen.texts();
    assert_eq!(texts.len(), 200);
    assert!(texts.iter().enumerate().all(|(index, text)| text.starts_with(&format!("{index} "))));
    bench.all_places_are_back().await;
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_never_reads_keeps_no_place() {
    let mut bench = Bench::new();
    let (_handle, mut events, mut runner) = bench.started().await;
    let at = Instant::now();
    for index in 0..10 {
        runner.console(&[&index.to_string()]).await;
    }
    let killed = runner.fate.to_be_killed().await.duration_since(at);
    took(killed, Duration::from_millis(LIMITS.wall_ms) + GRACE);
    bench.all_places_are_back().await;
    // It is all there when the client comes back.
    sleep(Duration::from_secs(1_000)).await;
    let (seen, report) = ends(&mut events, Outcome::TimedOut).await;
    assert_eq!(seen.console.len(), 10);
    assert_eq!(report.dropped.events, 0);
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_never_reads_the_end_keeps_no_place() {
    let mut bench = Bench::new();
    let (_handle, mut events, mut runner) = bench.started().await;
    for index in 0..4 {
        runner.console(&[&index.to_string()]).await;
    }
    // Nothing is read while the client is behind: give it room for one, and the end waits for the next.
    assert!(matches!(events.recv().await, Some(RunEvent::Started)));
    runner.finish(Ending::Completed).await;
    runner.exit(0);
    bench.all_places_are_back().await;
    let mut seen = super::fake::Seen { started: true, ..Default::default() };
    while let Some(event) = events.recv().await {
        seen.take(event);
    }
    assert_eq!(seen.texts(), ["0", "1", "2", "3"]);
    assert_eq!(seen.report.expect("a report").outcome, Outcome::Completed);
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_are_told_where_they_stand_and_no_more_wait_than_may() {
    let mut bench = Bench::new();
    let (_handle, mut events, mut runner) = bench.started().await;
    let (_handle2, mut second) = bench.accept();
    let (_handle3, mut third) = bench.accept();
    let rejection = bench.sandbox.start(run("", LIMITS)).expect_err("the queue is full");
    assert_eq!(rejection.reason, RejectReason::Busy);
    assert!(rejection.retry_after_ms.is_some());
    assert_eq!(bench.sandbox.health().queued_runs, 2);
    assert!(matches!(third.recv().await, Some(RunEvent::Queued { position: 2 })));
    for next in [&mut events, &mut second] {
        runner.finish(Ending::Completed).await;
        runner.exit(0);
        ends(next, Outcome::Completed).await;
        runner = bench.runner().await;
        runner.run().await;
        // Positions are told now and again.
        sleep(Duration::from_millis(150)).await;
    }
    runner.finish(Ending::Completed).await;
    let (seen, _) = ends(&mut third, Outcome::Completed).await;
    assert_eq!(seen.positions, [1]);
    bench.all_places_are_back().await;
}

#[tokio::test(start_paused = true)]
async fn a_closed_sandbox_takes_no_run_and_ends_none() {
    let mut bench = Bench::new();
    let (_handle, mut events, mut runner) = bench.started().await;
    let (_handle2, mut second) = bench.accept();
    bench.sandbox.clone().close();
    let rejection = bench.sandbox.start(run("", LIMITS)).expect_err("it is closed");
    assert_eq!(rejection.reason, RejectReason::Busy);
    runner.finish(Ending::Completed).await;
    runner.exit(0);
    ends(&mut events, Outcome::Completed).await;
    let mut runner = bench.runner().await;
    runner.run().await;
    runner.finish(Ending::Completed).await;
    ends(&mut second, Outcome::Completed).await;
    bench.all_places_are_back().await;
}
