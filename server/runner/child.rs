//! A child's life: confine itself, get ready, run one program, leave.

use std::ffi::c_void;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use nix::errno::Errno;

use super::alarm::Alarm;
use super::confine::ChildConfinement;
use super::inbox::Topic;
use super::isolate::Template;
use super::link::{Link, exit};
use super::{Instead, confine, memory};
use crate::protocol::frame::{self, Decoder};
use crate::protocol::runner::{Ending, READY, RUN, RunSpec};

/// The longest `RUN` frame: a source and an input, and what JSON makes of them at worst.
const RUN_BYTES: u32 = 64 << 20;
/// Room for what most `RUN` frames are, in bytes.
const RUN_ROOM: usize = 4 << 10;
/// How long a program runs before it is watched. What the server says meanwhile is heard then.
const WATCHED_AFTER: Duration = Duration::from_millis(3);
/// The stack of a runner's second thread. It recurses nowhere.
const STACK_BYTES: usize = 128 << 10;

/// Lives. `make` gives the runtime: the zygote's own, or in a cold fork a new one. `instead` runs in the place
/// of a program, where a test says so; `warms_up` says that a run uses more than this process has by now.
pub fn live(
    mut socket: UnixStream,
    confinement: &ChildConfinement,
    instead: Option<Instead>,
    warms_up: bool,
    make: impl FnOnce() -> Result<Template, String>,
) -> ! {
    confinement.begin();
    let Ok(mut template) = make() else { exit(1) };
    template.reseed();
    if warms_up {
        template.warm_up();
    }
    let (Ok(reading), Ok(writing)) = (socket.try_clone(), socket.try_clone()) else { exit(1) };
    let Ok(alarm) = Alarm::new().map(Arc::new) else { exit(1) };

    // The second thread starts before the visitor waits, and gets to work when the run has gone on for a moment.
    let (to_watch, watch) = std::sync::mpsc::sync_channel::<(Arc<Link>, Decoder)>(1);
    let (is_up, up) = std::sync::mpsc::sync_channel(1);
    let woken_by = alarm.clone();
    let life = move || {
        wait_for_a_turn();
        let _ = is_up.send(());
        match (woken_by.wait(), watch.recv()) {
            (true, Ok((link, decoder))) => link.watch(reading, decoder),
            // A program that nobody watches must not go on.
            _ => exit(1),
        }
    };
    if start_thread(life).is_err() {
        exit(1);
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
    let spec: RunSpec = match decoder.read(&mut socket) {
        Ok((RUN, payload)) => match serde_json::from_slice(payload) {
            Ok(spec) => spec,
            Err(_) => exit(1),
        },
        // The server is gone, or done with this child.
        _ => exit(0),
    };
    confine::run(&spec.limits);
    let link = Link::new(template.handle(), writing, alarm.clone(), spec.limits, spec.tells_usage, used);
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

/// Has this thread wait until it is its turn when it wakes, rather than take the processor from who has it. As a process
/// ends it is woken to end, too, and the last to end takes the process' memory apart: a third of what a run takes, just
/// when the server and the visitor have its output to read. Where it can't be had it is only slower.
fn wait_for_a_turn() {
    let priority = libc::sched_param { sched_priority: 0 };
    // SAFETY: reads what it is given.
    unsafe { libc::sched_setscheduler(0, libc::SCHED_BATCH, &raw const priority) };
}

/// Starts a thread. Rust's own way looks up a function by its name in all libraries, and maps a stack for signals, in
/// each child anew: that was a tenth of what it takes to get one ready.
fn start_thread<F: FnOnce() + Send + 'static>(life: F) -> Result<(), Errno> {
    extern "C" fn live<F: FnOnce()>(life: *mut c_void) -> *mut c_void {
        // SAFETY: the name is text with its end. The pointer is the one below, which is given away.
        unsafe {
            libc::prctl(libc::PR_SET_NAME, c"watch".as_ptr());
            Box::from_raw(life.cast::<F>())();
        }
        std::ptr::null_mut()
    }
    let life = Box::into_raw(Box::new(life));
    // SAFETY: pthread_attr_init makes a value of what it is given. The thread gets a box of its own, and is not joined.
    let error = unsafe {
        let mut attributes = std::mem::MaybeUninit::uninit();
        libc::pthread_attr_init(attributes.as_mut_ptr());
        let mut attributes = attributes.assume_init();
        libc::pthread_attr_setstacksize(&raw mut attributes, STACK_BYTES);
        let mut thread = std::mem::zeroed();
        libc::pthread_create(&raw mut thread, &raw const attributes, live::<F>, life.cast())
    };
    match error {
        0 => Ok(()),
        error => {
            // SAFETY: nobody else has it.
            drop(unsafe { Box::from_raw(life) });
            Err(Errno::from_raw(error))
        }
    }
}
