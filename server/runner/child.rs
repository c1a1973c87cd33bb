//! A child's life: confine itself, get ready, run one program, leave.

use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use super::alarm::Alarm;
use super::confine::ChildConfinement;
use super::inbox::Topic;
use super::isolate::Template;
use super::link::{Link, exit};
use super::tuning::{Tuning, scheduling};
use super::{Instead, confine, memory};
use crate::protocol::frame::{self, Decoder};
use crate::protocol::runner::{EXIT_NO_THREAD, Ending, READY, RUN, RunSpec};
use crate::tuning::Step;

/// The longest `RUN` frame: a source and an input, and what JSON makes of them at worst.
const RUN_BYTES: u32 = 64 << 20;
/// Room for what most `RUN` frames are, in bytes.
const RUN_ROOM: usize = 4 << 10;
/// How long a program runs before it is watched. What the server says meanwhile is heard then.
const WATCHED_AFTER: Duration = Duration::from_millis(3);
/// The stack of the watchdog thread, in bytes. It recurses nowhere.
const STACK_BYTES: usize = 128 << 10;

/// How the zygote makes a child.
pub struct Making<'a> {
    /// What the child puts on.
    pub confinement: &'a ChildConfinement,
    /// The steps that make it faster.
    pub tuning: &'a Tuning,
    /// How many children came before it, and one. A trial has no number.
    pub number: Option<u64>,
    /// What runs in place of programs, in tests.
    pub instead: Option<Instead>,
}

/// Runs one program and exits. `make` gives the runtime: the zygote's own, or in a cold fork a new one.
pub fn live(
    mut socket: UnixStream,
    making: &Making<'_>,
    make: impl FnOnce() -> Result<Template, String>,
) -> ! {
    let Making { confinement, tuning, number, instead } = *making;
    confinement.begin();
    let Ok(mut template) = make() else { exit(1) };
    template.reseed();
    if tuning.needs_warm_up() {
        template.warm_up();
    }
    let (Ok(reading), Ok(writing)) = (socket.try_clone(), socket.try_clone()) else { exit(1) };
    let Ok(alarm) = Alarm::new().map(Arc::new) else { exit(1) };

    // The second thread starts before the visitor waits, and gets to work when the run has gone on for a moment.
    let (to_watch, watch) = std::sync::mpsc::sync_channel::<(Arc<Link>, Decoder)>(1);
    let (is_up, up) = std::sync::mpsc::sync_channel(1);
    let woken_by = alarm.clone();
    let is_batch = tuning.has(Step::BatchThread);
    let life = move || {
        if is_batch {
            scheduling::batch();
        }
        let _ = is_up.send(());
        match (woken_by.wait(), watch.recv()) {
            (true, Ok((link, decoder))) => link.watch(reading, decoder),
            // A program that nobody watches must not go on.
            _ => exit(1),
        }
    };
    let watchdog = std::thread::Builder::new().name("watchdog".into()).stack_size(STACK_BYTES).spawn(life);
    if watchdog.is_err() {
        exit(EXIT_NO_THREAD);
    }

    // A thread that comes up makes system calls that none makes later, so the seal waits for it.
    if up.recv().is_err() {
        exit(1);
    }

    // All that is ever opened is open.
    if confinement.seal().is_err() {
        exit(1);
    }
    // While nobody waits.
    let mut decoder = Decoder::with_room(RUN_BYTES, RUN_ROOM);
    let used = memory::process_usage();
    if frame::write(&mut socket, READY, &[]).is_err() {
        exit(0);
    }
    tuning.child_is_ready(number);
    let spec: RunSpec = match decoder.read(&mut socket) {
        Ok((RUN, payload)) => match serde_json::from_slice(payload) {
            Ok(spec) => spec,
            Err(_) => exit(1),
        },
        // The server is gone, or done with this child.
        _ => exit(0),
    };
    confine::run(&spec.limits);
    let mut link = Link::new(template.handle(), writing, alarm.clone(), spec.limits, spec.tells_usage, used);
    link.yields_after_output = tuning.has(Step::OutputYield);
    let link = Arc::new(link);
    if spec.repl {
        // Before anybody reads what the server sends next: it may be one already.
        link.inbox.open(Topic::Evaluations);
    }
    let _ = to_watch.send((link.clone(), decoder));
    alarm.set(WATCHED_AFTER);
    if let Some(instead) = instead {
        let value = serde_json::value::to_raw_value(&instead(spec.program.source())).ok();
        link.finish(Ending::Completed, value, None, None);
    }
    let ended = template.run(&link, spec);
    link.finish(ended.ending, ended.value, ended.returned, ended.error)
}
