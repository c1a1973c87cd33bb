//! A child's life: confine itself, get ready, run one program, leave.

use std::os::unix::net::UnixStream;
use std::sync::Arc;

use super::confine::ChildConfinement;
use super::isolate::Template;
use super::link::{Link, exit};
use super::{Instead, confine, memory};
use crate::protocol::frame;
use crate::protocol::runner::{Ending, READY, RUN, RunSpec};

/// The longest `RUN` frame: a source and an input, and what JSON makes of them at worst.
const RUN_BYTES: u32 = 64 << 20;
/// The stack of a runner's second and third thread. They recurse nowhere.
const STACK_BYTES: usize = 128 << 10;

/// Lives. `make` gives the runtime: the zygote's own, or in a cold fork a new one. `instead` runs in the place
/// of a program, where a test says so.
pub fn live(
    mut socket: UnixStream,
    confinement: &ChildConfinement,
    instead: Option<Instead>,
    make: impl FnOnce() -> Result<Template, String>,
) -> ! {
    confinement.begin();
    let Ok(mut template) = make() else { exit(1) };
    template.reseed();
    template.warm_up();
    let (Ok(reading), Ok(writing)) = (socket.try_clone(), socket.try_clone()) else { exit(1) };

    // The other two threads start before the visitor waits, and get to work when the run begins.
    let (to_reader, reader) = std::sync::mpsc::sync_channel::<Arc<Link>>(1);
    let (to_watch, watch) = std::sync::mpsc::sync_channel::<Arc<Link>>(1);
    spawn("reader", move || {
        if let Ok(link) = reader.recv() {
            link.read(reading);
        }
    });
    spawn("watch", move || {
        if let Ok(link) = watch.recv() {
            link.watch();
        }
    });

    // All that is ever opened is open.
    if confinement.seal().is_err() {
        exit(1);
    }
    if frame::write(&mut socket, READY, &[]).is_err() {
        exit(0);
    }
    let spec: RunSpec = match frame::read(&mut socket, RUN_BYTES) {
        Ok(frame) if frame.kind == RUN => match serde_json::from_slice(&frame.payload) {
            Ok(spec) => spec,
            Err(_) => exit(1),
        },
        // The server is gone, or done with this child.
        _ => exit(0),
    };
    confine::run(&spec.limits);
    let link = Link::new(template.handle(), writing, spec.limits);
    let _ = to_watch.send(link.clone());
    let _ = to_reader.send(link.clone());
    if let Some(instead) = instead {
        let value = serde_json::value::to_raw_value(&instead(&spec.source)).ok();
        link.finish(Ending::Completed, value, None);
    }
    let ended = template.run(&link, spec);
    memory::note_buffer_peak(memory::buffers_held());
    link.finish(ended.ending, ended.value, ended.error)
}

fn spawn(name: &str, life: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().name(name.into()).stack_size(STACK_BYTES).spawn(life);
    if thread.is_err() {
        exit(1);
    }
}
