//! Runners that say what they may not, too much, nothing, or die.

use serde_json::json;
use tokio::time::{Duration, Instant};

use super::fake::*;
use crate::limits::Limits;
use crate::protocol::browser::{Dropped, Outcome};
use crate::protocol::frame;
use crate::protocol::runner::{
    CONSOLE, EXIT_CPU_EXCEEDED, EXIT_OUT_OF_MEMORY, EXIT_STOPPED, Ending, FINISHED, READY, RUN, STOP,
};
use crate::sandbox::process::End;

fn long(bytes: u64) -> String {
    "x".repeat(bytes as usize)
}

#[tokio::test(start_paused = true)]
async fn a_runner_that_breaks_the_protocol_is_killed_at_once() {
    let too_long_event = raw_console(1, format!("[{{\"text\":\"{}\"}}]", long(MESSAGE_BYTES)).as_bytes());
    let too_long_value = finished_with(&json!({"value": long(MESSAGE_BYTES)}));
    let too_long_frame = frame::header(FINISHED, (MESSAGE_BYTES + (64 << 10)) as usize);
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("garbage", b"\xff\xfe\xfd\xfc\xfb\xfa".to_vec()),
        ("text", b"{\"ending\":\"completed\"}".to_vec()),
        ("no length", vec![0; 5]),
        ("a huge length", vec![0xff; 4]),
        ("a frame that is too long by one", too_long_frame.to_vec()),
        ("an unknown kind", frame::encode(200, b"")),
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
    assert_eq!(runner.run().await.source.len(), 1 << 20);
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
    for _ in 0..3 {
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
    for tried in 1..=3 {
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
