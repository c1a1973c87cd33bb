//! Whatever a runner says and a client does, in whatever order: no panic, one end, within the limits, and the
//! place comes back.

use proptest::prelude::*;
use tokio::time::{Duration, sleep, timeout};

use super::fake::*;
use crate::protocol::runner::{EXIT_OUT_OF_MEMORY, Ending};

#[derive(Clone, Debug)]
enum Step {
    /// The runner writes a console frame with so many events of so many bytes.
    Console(usize, usize),
    /// It writes bytes.
    Bytes(Vec<u8>),
    /// It writes the first part of a frame.
    Part(usize),
    /// It says its last word.
    Finish(Ending),
    /// It exits.
    Exit(i32),
    /// It closes its socket and lives.
    HangUp,
    /// The client stops it.
    Stop,
    /// The client drops the handle.
    DropHandle,
    /// The client drops the receiver.
    DropEvents,
    /// The client reads what there is, up to so many events.
    Read(usize),
    /// Time passes, in milliseconds.
    Wait(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let ending = prop_oneof![
        Just(Ending::Completed),
        Just(Ending::Failed),
        Just(Ending::Stopped),
        Just(Ending::OutputExceeded)
    ];
    let step = prop_oneof![
        12 => (1..4_usize, 0..400_usize).prop_map(|(count, bytes)| Step::Console(count, bytes)),
        1 => prop::collection::vec(any::<u8>(), 1..40).prop_map(Step::Bytes),
        1 => (1..30_usize).prop_map(Step::Part),
        1 => ending.prop_map(Step::Finish),
        1 => prop_oneof![Just(0), Just(EXIT_OUT_OF_MEMORY)].prop_map(Step::Exit),
        1 => Just(Step::HangUp),
        1 => Just(Step::Stop),
        1 => Just(Step::DropHandle),
        1 => Just(Step::DropEvents),
        4 => (0..6_usize).prop_map(Step::Read),
        4 => (0..300_u64).prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 0..30)
}

/// Plays the steps against a run whose source is so long.
async fn play(steps: Vec<Step>, source: usize, reads_program: bool) {
    let mut bench = Bench::new();
    let (handle, events) = bench.sandbox.start(run(&"x".repeat(source), LIMITS)).expect("a place");
    let (mut handle, mut events) = (Some(handle), Some(events));
    let mut runner = bench.runner().await;
    if reads_program {
        runner.run().await;
    }
    let mut seen = Seen::default();
    for step in steps {
        let bytes = match step {
            Step::Console(count, bytes) => console(&vec![&*"x".repeat(bytes); count]),
            Step::Bytes(bytes) => bytes,
            Step::Part(bytes) => console(&["part of it"])[..bytes].to_vec(),
            Step::Finish(ending) => finished(ending),
            Step::Exit(status) => {
                runner.exit(status);
                continue;
            }
            Step::HangUp => {
                runner.fate.hang_up();
                continue;
            }
            Step::Stop => {
                if let Some(handle) = &handle {
                    handle.stop();
                }
                continue;
            }
            Step::DropHandle => {
                handle = None;
                continue;
            }
            Step::DropEvents => {
                events = None;
                continue;
            }
            Step::Read(count) => {
                for _ in 0..count {
                    let Some(Ok(event)) = events.as_mut().map(tokio::sync::mpsc::Receiver::try_recv) else {
                        break;
                    };
                    seen.take(event);
                }
                continue;
            }
            Step::Wait(ms) => {
                sleep(Duration::from_millis(ms)).await;
                continue;
            }
        };
        // A write that the server does not take is given up, which may leave half a frame.
        let _ = timeout(Duration::from_millis(1), runner.send(&bytes)).await;
    }
    if let Some(events) = &mut events {
        while let Some(event) = soon("the end of a run", events.recv()).await {
            seen.take(event);
        }
        assert!(seen.report.is_some() || handle.is_none(), "a run that nobody left has its end");
    }
    let bytes: usize = seen.console.iter().map(|event| event.to_string().len()).sum();
    assert!(bytes as u64 <= LIMITS.output_bytes && seen.console.len() as u64 <= LIMITS.console_events);
    if let Some(report) = seen.report {
        assert!(report.usage.output_bytes <= LIMITS.output_bytes);
    }
    bench.all_places_are_back().await;
    assert!(runner.fate.is_over(), "no process is left");
}

proptest! {
    #[test]
    fn every_run_has_at_most_one_end_and_gives_its_place_back(
        steps in steps(),
        source in prop_oneof![3 => Just(10), 1 => Just(1 << 20)],
        reads_program in prop::bool::weighted(0.9),
    ) {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap()
            .block_on(play(steps, source, reads_program));
    }
}
