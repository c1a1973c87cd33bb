//! The first milliseconds of a run, in which its program is not disturbed.

use std::sync::atomic::Ordering::Relaxed;

use tokio::sync::mpsc::error::TryRecvError;
use tokio::time::{Duration, Instant, sleep};

use super::fake::*;
use crate::protocol::browser::Outcome;
use crate::protocol::runner::Ending;
use crate::sandbox::RunEvent;

const SETTLED: Duration = Duration::from_millis(3);

#[tokio::test(start_paused = true)]
async fn a_start_is_told_with_the_first_output() {
    let mut bench = Bench::new();
    let (_handle, mut events, mut runner) = bench.started().await;
    let at = Instant::now();
    assert!(matches!(events.try_recv(), Err(TryRecvError::Empty)));
    runner.console(&["1"]).await;
    assert!(matches!(events.recv().await, Some(RunEvent::Started)));
    assert!(matches!(events.try_recv(), Ok(RunEvent::Console { .. })), "both at once");
    assert_eq!(at.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_program_that_says_nothing_has_started_all_the_same() {
    let mut bench = Bench::new();
    let (_handle, mut events, mut runner) = bench.started().await;
    let at = Instant::now();
    assert!(matches!(events.recv().await, Some(RunEvent::Started)));
    assert_eq!(at.elapsed(), SETTLED);
    runner.finish(Ending::Completed).await;
    let Some(RunEvent::Finished(report)) = events.recv().await else { panic!("it starts once") };
    assert_eq!(report.outcome, Outcome::Completed);
}

#[tokio::test(start_paused = true)]
async fn a_program_that_ends_at_once_has_started_before() {
    let mut bench = Bench::new();
    let (_handle, mut events, mut runner) = bench.started().await;
    runner.finish(Ending::Completed).await;
    assert!(matches!(events.recv().await, Some(RunEvent::Started)));
    assert!(matches!(events.recv().await, Some(RunEvent::Finished(_))));
}

#[tokio::test(start_paused = true)]
async fn another_process_is_made_when_a_run_has_settled_and_not_for_one_that_is_over() {
    let mut bench = Bench::new();
    let (_handle, _events, mut runner) = bench.started().await;
    runner.console(&["1"]).await;
    sleep(SETTLED / 2).await;
    assert_eq!(bench.replenished.load(Relaxed), 0);
    runner.finish(Ending::Completed).await;
    runner.exit(0);
    bench.all_places_are_back().await;
    sleep(2 * SETTLED).await;
    assert_eq!(bench.replenished.load(Relaxed), 0);

    let (_handle, _events, _runner) = bench.started().await;
    sleep(10 * SETTLED).await;
    assert_eq!(bench.replenished.load(Relaxed), 1);
}
