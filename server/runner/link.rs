//! What the two threads of a runner share. The main thread runs JavaScript. The *watch* waits for the server's
//! word, sends what the main thread wrote but did not send, keeps the clock of CPU time and memory, and sees to
//! it that a program that must end does.

use std::io::ErrorKind;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use deno_core::v8;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::time::TimeSpec;
use serde_json::value::RawValue;
use tokio::sync::Notify;

use super::alarm::Alarm;
use super::inbox::{Inbox, Topic};
use super::output::{BATCH_TIME, Output, Pushed};
use super::{memory, trial};
use crate::limits::Limits;
use crate::protocol::browser::{Dropped, Returned, RunError};
use crate::protocol::fetch::{self, FETCH_FAILED, FETCH_MORE, FETCHED};
use crate::protocol::frame::{Decoder, Filled, Frame};
use crate::protocol::prompt::{ANSWER, PROMPT};
use crate::protocol::repl::{EVALUATE, EVALUATED, IDLE};
use crate::protocol::runner::{
    EXIT_CPU_EXCEEDED, EXIT_OUT_OF_MEMORY, EXIT_STOPPED, Ending, FinishedSpec, STOP, TO_RUNNER_BYTES,
};
use crate::protocol::usage::{FUNCTION_BYTES, USAGE, USAGE_EVERY, UsageSpec};
use crate::protocol::value::StackFrame;

/// What V8 calls where it has been interrupted.
type OnInterrupt = unsafe extern "C" fn(v8::UnsafeRawIsolatePtr, *mut std::ffi::c_void);

/// How often a program that must end is told so.
const INSIST_EVERY: Duration = Duration::from_millis(5);
/// How long it may take before the process leaves without it. The server's own grace is longer.
const INSIST_FOR: Duration = Duration::from_millis(120);
/// How often the watch looks at a program that computes, and at one that waits.
const LOOK_BUSY: Duration = Duration::from_millis(20);
const LOOK_IDLE: Duration = Duration::from_secs(1);
/// How long a program that computes has to tell what it uses, before the watch does it.
const TELL_ALONE_AFTER: Duration = Duration::from_millis(20);

/// The shared state of one run.
pub struct Link {
    limits: Limits,
    isolate: v8::IsolateHandle,
    output: Mutex<Output>,
    signal: Mutex<Signal>,
    /// Wakes the watch, which waits for this and the server at once.
    alarm: Arc<Alarm>,
    /// Wakes the main thread when it waits for a timer rather than computes.
    pub wake: Notify,
    /// What the server says about what the program asked it for.
    pub inbox: Inbox,
    stopped_at: Mutex<Option<Vec<StackFrame>>>,
    heap_bytes: AtomicU64,
    /// The most that the process held resident before the run.
    resident_at_start: u64,
    cpu_at_start: u64,
    /// Whether the server wants to know now and then what the run uses, and whether that is due to be told.
    tells_usage: bool,
    usage_is_due: AtomicBool,
    begun: Instant,
    /// What the program took from its arrival to the beginning of its evaluation, in microseconds; 0 before that.
    compiled_us: AtomicU64,
    /// Whether the main thread yields its processor when it has sent output.
    pub yields_after_output: bool,
}

#[derive(Default)]
struct Signal {
    ending: Option<Ending>,
    flush_at: Option<Instant>,
}

/// A lock whose holder can't have panicked: nothing that runs under it does.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Link {
    /// The link of a run that begins now, in a process that has used so much of memory and CPU time by itself
    /// ([`memory::process_usage`]).
    pub fn new(
        isolate: v8::IsolateHandle,
        socket: UnixStream,
        alarm: Arc<Alarm>,
        limits: Limits,
        tells_usage: bool,
        (resident_at_start, cpu_at_start): (u64, u64),
    ) -> Self {
        Self {
            limits,
            isolate,
            output: Mutex::new(Output::new(socket, limits.output_bytes, limits.console_events)),
            signal: Mutex::default(),
            alarm,
            wake: Notify::new(),
            inbox: Inbox::default(),
            stopped_at: Mutex::new(None),
            heap_bytes: AtomicU64::new(0),
            resident_at_start,
            cpu_at_start,
            tells_usage,
            usage_is_due: AtomicBool::new(false),
            begun: Instant::now(),
            compiled_us: AtomicU64::new(0),
            yields_after_output: false,
        }
    }

    /// What the run may use.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Sends a console event of this moment, in JSON. May block for as long as the server does not read.
    pub fn console(&self, event: &[u8], now: Instant) {
        let pushed = lock(&self.output).push(event, now);
        match pushed {
            // The kernel has woken the server on this very processor, and would have it wait for the program's end, however
            // many others are idle.
            Pushed::Sent if self.yields_after_output => std::thread::yield_now(),
            Pushed::Sent => {}
            Pushed::Waits => {
                let mut signal = lock(&self.signal);
                if signal.flush_at.is_none() {
                    signal.flush_at = Some(now + BATCH_TIME);
                    self.wake_watch();
                }
            }
            Pushed::Exceeded => self.end(Ending::OutputExceeded),
        }
    }

    /// Sends a console event with a bundle, in JSON. May block for as long as the server does not read.
    pub fn display(&self, event: &[u8]) {
        // The lock must be free again: the end of the program may want it.
        let pushed = lock(&self.output).show(event, Instant::now());
        if pushed == Pushed::Exceeded {
            self.end(Ending::OutputExceeded);
        }
    }

    /// Asks a question, behind all that the program has written.
    pub fn ask(&self, question: &[u8]) {
        let mut output = lock(&self.output);
        // As with any frame.
        let _ = output.flush(Instant::now()).and_then(|()| output.send(PROMPT, question));
    }

    /// Tells what came of an evaluation, in JSON, behind all that the program has written.
    pub fn evaluated(&self, id: u32, json: &[u8]) {
        // The lock must be free again: the end of the program may want it.
        let told = lock(&self.output).tell(EVALUATED, &fetch::payload(id, json), Instant::now());
        if told == Pushed::Exceeded {
            self.end(Ending::OutputExceeded);
        }
    }

    /// Tells that nothing is left to do.
    pub fn rest(&self) {
        let mut output = lock(&self.output);
        // As with any frame.
        let _ = output.flush(Instant::now()).and_then(|()| output.send(IDLE, &[]));
    }

    /// Tells that the program has ended, and stays.
    pub fn paused(
        &self,
        ending: Ending,
        value: Option<Box<RawValue>>,
        returned: Option<Returned>,
        error: Option<RunError>,
    ) {
        let mut output = lock(&self.output);
        // As with any frame.
        let _ = output.pause(&mut FinishedSpec { returned, ..self.report(ending, value, error) });
    }

    /// Sends a frame. May block for as long as the server does not read.
    pub fn send(&self, kind: u8, payload: &[u8]) {
        // A server that is gone ends this process by itself; there is nobody to tell.
        let _ = lock(&self.output).send(kind, payload);
    }

    /// Why the program must end, if it must.
    pub fn ending(&self) -> Option<Ending> {
        lock(&self.signal).ending
    }

    /// Ends the program; the first reason given counts. Returns at once: the program is interrupted where it
    /// is, its stack is kept, and if it does not yield the process leaves without it.
    pub fn end(&self, ending: Ending) {
        let mut signal = lock(&self.signal);
        if signal.ending.is_none() {
            signal.ending = Some(ending);
            self.wake_watch();
            drop(signal);
            self.interrupt();
            self.wake.notify_one();
            self.inbox.end();
        }
    }

    /// Notes where the program was when it was told to end, unless that is known.
    pub fn stopped_at(&self, frames: impl FnOnce() -> Vec<StackFrame>) {
        if lock(&self.stopped_at).is_none() {
            let frames = frames();
            *lock(&self.stopped_at) = Some(frames);
        }
    }

    fn wake_watch(&self) {
        self.alarm.ring();
    }

    fn interrupt(&self) {
        self.at_next_interrupt(on_interrupt);
    }

    /// Has `callback` run on the main thread at the next place where V8 looks for interrupts, with this link.
    pub fn at_next_interrupt(&self, callback: OnInterrupt) {
        self.isolate.request_interrupt(callback, std::ptr::from_ref(self).cast_mut().cast());
    }

    /// Notes V8's heap in use.
    pub fn note_heap(&self, bytes: u64) {
        self.heap_bytes.store(bytes, Relaxed);
    }

    /// Says the last word and leaves. Nothing of this process is cleaned up: the kernel does it faster.
    pub fn finish(
        &self,
        ending: Ending,
        value: Option<Box<RawValue>>,
        returned: Option<Returned>,
        error: Option<RunError>,
    ) -> ! {
        let mut output = lock(&self.output);
        let _ = output.finish(&mut FinishedSpec { returned, ..self.report(ending, value, error) });
        exit(0)
    }

    /// The program is compiled, and its evaluation begins. Only the first time counts.
    pub fn compiled(&self) {
        let us = u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX).max(1);
        let _ = self.compiled_us.compare_exchange(0, us, Relaxed, Relaxed);
    }

    /// How much the run may still write, in bytes.
    pub fn output_left(&self) -> u64 {
        lock(&self.output).left()
    }

    fn report(&self, ending: Ending, value: Option<Box<RawValue>>, error: Option<RunError>) -> FinishedSpec {
        let (peak, cpu) = memory::process_usage();
        FinishedSpec {
            ending,
            value,
            returned: None,
            error,
            stopped_at: lock(&self.stopped_at).take().and_then(|frames| frames.into_iter().next()),
            cpu_ms: cpu.saturating_sub(self.cpu_at_start) / 1000,
            heap_bytes: self.heap_bytes.load(Relaxed),
            buffer_bytes: memory::buffer_peak(),
            process_bytes: peak,
            compiled_us: self.compiled_us.load(Relaxed),
            dropped: Dropped::default(),
        }
    }

    /// The watch's life. `socket` is where the server's word comes, and `decoder` has what came of it with the program; a
    /// server that is gone ends the process.
    pub fn watch(&self, mut socket: UnixStream, mut decoder: Decoder) -> ! {
        decoder.allow(TO_RUNNER_BYTES);
        self.hear_all(&mut decoder);
        let mut look_after = LOOK_BUSY;
        let mut cpu_seen = self.cpu_at_start;
        let mut look_at = Instant::now() + look_after;
        let mut tell_at = self.tells_usage.then(|| Instant::now() + USAGE_EVERY);
        let mut told_cpu = None;
        let mut tell_alone_at: Option<Instant> = None;
        loop {
            let (ending, flush_at) = {
                let signal = lock(&self.signal);
                (signal.ending, signal.flush_at)
            };
            if let Some(ending) = ending {
                self.insist(ending);
            }
            let now = Instant::now();
            if flush_at.is_some_and(|at| at <= now) {
                lock(&self.signal).flush_at = None;
                let _ = lock(&self.output).flush(now);
                continue;
            }
            if look_at <= now {
                let cpu = memory::cpu_clock_micros();
                let idle = cpu.saturating_sub(cpu_seen) < 1000;
                cpu_seen = cpu;
                look_after = if idle { (look_after * 2).min(LOOK_IDLE) } else { LOOK_BUSY };
                // A program can't use more CPU time than passes, so there is no need to look before that.
                let left = self.look(cpu).max(Duration::from_millis(1));
                look_at = now + look_after.min(left);
                continue;
            }
            if tell_at.is_some_and(|at| at <= now) {
                tell_at = Some(now + USAGE_EVERY);
                let cpu = memory::cpu_clock_micros();
                // Of a program that does nothing there is nothing new to tell.
                if told_cpu.is_none_or(|told| cpu.saturating_sub(told) >= 1000) {
                    told_cpu = Some(cpu);
                    self.usage_is_due.store(true, Relaxed);
                    self.at_next_interrupt(on_tell);
                    tell_alone_at = Some(now + TELL_ALONE_AFTER);
                }
                continue;
            }
            if tell_alone_at.is_some_and(|at| at <= now) {
                tell_alone_at = None;
                self.tell_alone();
                continue;
            }
            let until = [flush_at, tell_at, tell_alone_at].into_iter().flatten().fold(look_at, Instant::min);
            let until = until.saturating_duration_since(now);
            let mut polled = [
                PollFd::new(socket.as_fd(), PollFlags::POLLIN),
                PollFd::new(self.alarm.bell(), PollFlags::POLLIN),
            ];
            match ppoll(&mut polled, Some(TimeSpec::from_duration(until)), None) {
                Ok(_) => {}
                Err(Errno::EINTR) => continue,
                // A program that nobody watches must not go on.
                Err(_) => exit(1),
            }
            let [said, rung] = polled.map(|fd| fd.any().unwrap_or(false));
            if rung {
                self.alarm.hear();
            }
            if said {
                match decoder.fill(&mut socket) {
                    Ok(Filled::Some | Filled::All) => self.hear_all(&mut decoder),
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Ok(Filled::End) | Err(_) => exit(0),
                }
            }
        }
    }

    /// Tells what the run has used so far, if that is due. `at` is where the program is.
    fn tell(&self, output: &mut Output, at: Option<StackFrame>) {
        if !self.usage_is_due.swap(false, Relaxed) {
            return;
        }
        let cpu = memory::cpu_clock_micros();
        let mut spec = UsageSpec {
            cpu_ms: cpu.saturating_sub(self.cpu_at_start) / 1000,
            heap_bytes: self.heap_bytes.load(Relaxed),
            buffer_bytes: memory::buffer_peak(),
            process_bytes: memory::process_usage().0,
            at,
        };
        if let Some(StackFrame { function, .. }) = &mut spec.at {
            function.truncate(function.floor_char_boundary(FUNCTION_BYTES));
        }
        if let Ok(json) = serde_json::to_vec(&spec) {
            // As with any frame.
            let _ = output.send(USAGE, &json);
        }
    }

    /// The same, by the watch: the program waits, so it is nowhere. Where this would have to wait itself, be it for
    /// a server that does not read, it is left out: the watch has more to do.
    fn tell_alone(&self) {
        if let Ok(mut output) = self.output.try_lock()
            && output.takes_more()
        {
            self.tell(&mut output, None);
        }
    }

    /// Acts on all that the server has said.
    fn hear_all(&self, decoder: &mut Decoder) {
        loop {
            match decoder.frame() {
                Ok(Some(frame)) => self.hear(frame),
                Ok(None) => return,
                Err(_) => exit(0),
            }
        }
    }

    /// Acts on what the server says.
    fn hear(&self, frame: Frame) {
        let id = fetch::parts(&frame.payload).map(|(id, _)| id);
        match (frame.kind, id) {
            (STOP, _) => self.end(Ending::Stopped),
            (FETCH_MORE, Some(id)) => self.inbox.deliver(Topic::Upload(id), frame),
            (ANSWER, Some(id)) => self.inbox.deliver(Topic::Answer(id), frame),
            (EVALUATE, _) => self.inbox.deliver(Topic::Evaluations, frame),
            (FETCHED..=FETCH_FAILED, Some(id)) => self.inbox.deliver(Topic::Response(id), frame),
            _ => {}
        }
    }

    /// Compares what is used with what is allowed; gives the CPU time that is left.
    fn look(&self, cpu: u64) -> Duration {
        let used = cpu.saturating_sub(self.cpu_at_start);
        let allowed = self.limits.cpu_ms.saturating_mul(1000);
        if used >= allowed {
            self.end(Ending::CpuExceeded);
        }
        let (resident, _) = memory::process_usage();
        if resident > self.limits.process_bytes {
            self.end(Ending::MemoryExceeded);
        }
        // WebAssembly and resizable buffers do not come from the allocator. Ask V8 what they hold, where the
        // process has grown enough for it to matter.
        if resident.saturating_sub(self.resident_at_start) > self.limits.buffer_bytes / 2 {
            self.at_next_interrupt(on_weigh);
        }
        Duration::from_micros(allowed.saturating_sub(used))
    }

    /// Interrupts the program until it is gone, and leaves without it if it does not go.
    fn insist(&self, ending: Ending) -> ! {
        let deadline = Instant::now() + INSIST_FOR;
        while Instant::now() < deadline {
            // The main thread ends the process as soon as it gets its turn.
            std::thread::sleep(INSIST_EVERY);
            self.interrupt();
            self.wake.notify_one();
        }
        match self.output.try_lock() {
            Ok(mut output) => {
                let _ = output.finish(&mut self.report(ending, None, None));
                exit(0)
            }
            Err(TryLockError::Poisoned(_) | TryLockError::WouldBlock) => exit(match ending {
                Ending::CpuExceeded => EXIT_CPU_EXCEEDED,
                Ending::MemoryExceeded => EXIT_OUT_OF_MEMORY,
                _ => EXIT_STOPPED,
            }),
        }
    }
}

/// Leaves at once. Nothing registered with `atexit` runs: it would tear V8 down under another thread.
pub fn exit(status: i32) -> ! {
    trial::at_exit();
    // SAFETY: ends the process.
    unsafe { libc::_exit(status) }
}

/// Runs on the main thread where the program was interrupted.
unsafe extern "C" fn on_interrupt(isolate: v8::UnsafeRawIsolatePtr, link: *mut std::ffi::c_void) {
    // SAFETY: the pointer is `interrupt`'s; the link lives as long as the process.
    let link = unsafe { &*link.cast::<Link>() };
    // SAFETY: V8 passes the isolate that runs.
    let mut isolate = unsafe { v8::Isolate::from_raw_isolate_ptr(isolate) };
    link.stopped_at(|| super::errors::current_stack(&mut isolate));
    link.note_heap(isolate.get_heap_statistics().used_heap_size() as u64);
    isolate.terminate_execution();
}

/// Runs on the main thread where the program is: tells what it uses, and where that is.
unsafe extern "C" fn on_tell(isolate: v8::UnsafeRawIsolatePtr, link: *mut std::ffi::c_void) {
    // SAFETY: as above.
    let link = unsafe { &*link.cast::<Link>() };
    if !link.usage_is_due.load(Relaxed) {
        return;
    }
    // SAFETY: as above.
    let mut isolate = unsafe { v8::Isolate::from_raw_isolate_ptr(isolate) };
    link.note_heap(isolate.get_heap_statistics().used_heap_size() as u64);
    let at = super::errors::current_stack(&mut isolate).into_iter().next();
    link.tell(&mut lock(&link.output), at);
}

/// Runs on the main thread: weighs the buffers that the allocator does not see.
unsafe extern "C" fn on_weigh(isolate: v8::UnsafeRawIsolatePtr, link: *mut std::ffi::c_void) {
    // SAFETY: as above.
    let link = unsafe { &*link.cast::<Link>() };
    // SAFETY: as above.
    let mut isolate = unsafe { v8::Isolate::from_raw_isolate_ptr(isolate) };
    let held = isolate.get_heap_statistics().external_memory() as u64;
    memory::note_buffer_peak(held);
    if held > link.limits.buffer_bytes {
        link.end(Ending::MemoryExceeded);
    }
}
