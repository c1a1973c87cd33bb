//! One run from its permit to its one `Finished`. The runner is treated as hostile: what it sends is checked
//! for size, kind and order, counted again, and passed on only as far as the limits go.

use std::io::ErrorKind::ConnectionReset;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use serde_json::value::RawValue;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep_until, timeout};

use super::clock::{Clock, Time};
use super::console::console;
use super::egress::Fetches;
use super::permit::{Asked, News, Permit, Standing};
use super::process::{Backend, End, Life};
use super::prompts::Prompts;
use super::repl::Repl;
use super::report::{Cause, Crowd, Seen, report};
use super::scheduler::Full;
use super::start::{Gone, Start, Starting, Wished, wait, wished};
use super::usage::Meter;
use super::wire::Wire;
use super::witness::Witness;
use super::{Inner, Run, RunEvent, SandboxSettings, Wish, Word};
use crate::limits::Limits;
use crate::protocol::browser::{Dropped, Omitted, Outcome, ReleaseReason, Returned, Usage};
use crate::protocol::frame::{self, Decoder, Filled, Frame};
use crate::protocol::nesting::nests_too_deeply;
use crate::protocol::prompt::PROMPT;
use crate::protocol::repl::{EVALUATED, IDLE, PAUSED};
use crate::protocol::runner::{
    CONSOLE, DISPLAY, Ending, FINISHED, FinishedSpec, MAX_OMITTED, OMITTED_BYTES, RETURNED_BYTES, STOP,
};
use crate::protocol::usage::{USAGE, UsageSpec};

/// What a frame may be longer than one console event, or what a function returned: a batch that was nearly full
/// when the event came, and a report's own fields.
const FRAME_SLACK: u64 = 64 << 10;
/// How much may wait to be written to a runner before it is asked for no more, in bytes.
const WRITE_AHEAD: usize = 64 << 10;
/// How long after its process was given the program a run is told to have started, unless it says something or ends before:
/// most do, and this goes along then, rather than wake the client just as the program begins. Until then, too, the
/// process is not replaced in the backend's store, as that takes the processor from the program.
const SETTLES_WITHIN: Duration = Duration::from_millis(3);
/// How long a process that was killed may take to be gone before its run is reported without it, and its
/// socket to be at its end.
const GONE_WITHIN: Duration = Duration::from_secs(1);

/// Sees a run through.
pub async fn supervise(
    inner: Arc<Inner>,
    (run, witness): (Run, Arc<Witness>),
    asked: Asked,
    events: mpsc::Sender<RunEvent>,
    mut wish: watch::Receiver<Wish>,
    mut words: mpsc::Receiver<Word>,
) {
    let (run_id, limits) = (run.run_id, run.limits);
    let (is_attended, tells_usage) = (run.is_attended, run.tells_usage);
    let repl = run.repl && !inner.settings.paused.is_zero();
    let policy = run.egress.clone();
    let mut permit = match asked {
        Asked::Granted(permit) => permit,
        Asked::Waits(waiting) => match wait(waiting, &events, &mut wish).await {
            Ok(permit) => permit,
            Err(Gone::Wished(Wished::Stop)) => {
                return finish(&events, never_started(limits, Cause::Stopped), &witness).await;
            }
            Err(Gone::Wished(Wished::Nothing)) => return,
            Err(Gone::Displaced) => {
                witness.displaced();
                // Nobody left to tell is no error.
                let _ = events.send(RunEvent::Displaced(inner.displaced())).await;
                return;
            }
        },
    };
    witness.placed();
    let (mut last, mut is_told) = (None, false);
    // The settings of this moment, to the run's end.
    let egress = inner.egress.load_full();
    let mut starting = Starting::new(&inner, run, &egress);
    let (cause, life) = loop {
        let start = match &mut starting {
            Ok(starting) => starting.start(last.take(), &events, &mut wish).await,
            Err(error) => Start::Failed(error.clone()),
        };
        match start {
            Start::Started { wire, life } => {
                let fetches = Fetches::new(egress.clone(), policy.clone(), run_id, witness.context());
                let prompts = Prompts::new(is_attended, inner.settings.prompts);
                let mut supervisor = Supervisor::new(
                    &inner.settings,
                    run_id,
                    limits,
                    wire,
                    Talk { fetches, prompts, repl: Repl::new(repl), meter: Meter::new(tells_usage) },
                    witness.clone(),
                );
                witness.started();
                supervisor.is_started_told = is_told;
                let channels = Channels { events: &events, wish: &mut wish, words: &mut words };
                let over = supervisor
                    .listen(&*inner.backend, channels, &mut permit, || {
                        if let Ok(starting) = &mut starting {
                            starting.heard();
                        }
                    })
                    .await;
                if over != Over::Unread {
                    return supervisor.conclude(over, life, permit, events).await;
                }
                is_told = supervisor.is_started_told;
                last = Some(life);
            }
            Start::Unwanted(Wished::Stop, life) => break (Some(Cause::Stopped), life),
            Start::Unwanted(Wished::Nothing, life) => break (None, life),
            Start::Failed(error) => {
                tracing::error!(%run_id, %error, "a run could not be started");
                break (Some(Cause::NotStarted), None);
            }
        }
    };
    let leaving = async {
        if let Some(mut life) = life {
            life.kill();
            life.ended().await;
        }
        drop(permit);
    };
    let telling = async move {
        if let Some(cause) = cause {
            finish(&events, never_started(limits, cause), &witness).await;
        }
    };
    tokio::join!(telling, leaving);
}

fn never_started(limits: Limits, cause: Cause) -> Seen {
    Seen {
        limits,
        cause: Some(cause),
        ended: None,
        finished: None,
        end: None,
        wall: Duration::ZERO,
        waited: Duration::ZERO,
        output_bytes: 0,
        console_events: 0,
        dropped: Dropped::default(),
    }
}

async fn finish(events: &mpsc::Sender<RunEvent>, seen: Seen, witness: &Witness) {
    let compiled = seen.finished.as_ref().and_then(compiled);
    let mut report = report(seen);
    witness.ended(&mut report, compiled);
    // Nobody left to tell is no error.
    let _ = events.send(RunEvent::Finished(Box::new(report))).await;
}

/// How long the process says that it compiled.
fn compiled(finished: &FinishedSpec) -> Option<Duration> {
    (finished.compiled_us > 0).then(|| Duration::from_micros(finished.compiled_us.min(u64::from(u32::MAX))))
}

/// What came of a run's output.
#[derive(Default)]
struct Output {
    bytes: u64,
    events: u64,
    dropped: Dropped,
}

struct Supervisor {
    message_bytes: u64,
    display_bytes: u64,
    grace: Duration,
    limits: Limits,
    run_id: uuid::Uuid,
    decoder: Decoder,
    wire: Wire<UnixStream>,
    /// What the runner is still to be told.
    to_write: Vec<u8>,
    /// Answers that wait until the run has its place again.
    answers: Vec<u8>,
    /// How many runs of one client, and how many in all, may have a question open.
    asking: [usize; 2],
    /// It was answered, and waits for a place.
    is_resuming: bool,
    fetches: Fetches,
    prompts: Prompts,
    meter: Meter,
    repl: Repl,
    /// Why the run stays no longer after its program's end, until that is told.
    release: Option<ReleaseReason>,
    clock: Clock,
    cause: Option<Cause>,
    kill_at: Option<Instant>,
    /// When the run has settled ([`SETTLES_WITHIN`]), if it has not.
    settles_at: Option<Instant>,
    is_started_told: bool,
    /// An event that the client has not taken yet. While there is one nothing is read, and so the program is
    /// slowed down to the client's pace.
    pending: Option<RunEvent>,
    output: Output,
    /// The runner has said something.
    is_heard: bool,
    /// More output came than is allowed: the rest of it is only counted.
    is_cut: bool,
    /// The runner said something that it may not say, and is not listened to any more.
    is_broken: bool,
    finished: Option<FinishedSpec>,
    witness: Arc<Witness>,
}

/// What happened next. `select!` only says which; what follows from it is in one place.
enum Happened<'a> {
    Wished(Wished),
    TimeIsUp,
    KillIsDue,
    Settled,
    Delivers(mpsc::Permit<'a, RunEvent>),
    Fetched(Vec<u8>),
    Said(Word),
    Permit(News),
    Wrote(std::io::Result<usize>),
    Read(std::io::Result<Filled>),
}

/// Why nothing more is awaited of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    /// It said its last word.
    Finished,
    /// It closed its socket, which mostly is the end of it.
    Closed,
    /// It died before it read its program.
    Unread,
    /// It broke the protocol.
    Broken,
    /// It had its time.
    KillIsDue,
    /// Nobody wants it any more.
    Unwanted,
}

/// What whoever holds a run hears and says.
struct Channels<'a> {
    events: &'a mpsc::Sender<RunEvent>,
    wish: &'a mut watch::Receiver<Wish>,
    words: &'a mut mpsc::Receiver<Word>,
}

/// What a runner and its server talk about besides output.
struct Talk {
    fetches: Fetches,
    prompts: Prompts,
    repl: Repl,
    meter: Meter,
}

impl Supervisor {
    fn new(
        settings: &SandboxSettings,
        run_id: uuid::Uuid,
        limits: Limits,
        wire: Wire<UnixStream>,
        Talk { fetches, prompts, repl, meter }: Talk,
        witness: Arc<Witness>,
    ) -> Self {
        let SandboxSettings { message_bytes, display_bytes, .. } = *settings;
        let report_bytes = message_bytes.saturating_add(limits.output_bytes.min(RETURNED_BYTES));
        let frame_bytes = report_bytes.max(display_bytes).saturating_add(FRAME_SLACK);
        Self {
            message_bytes,
            display_bytes,
            grace: settings.grace,
            limits,
            run_id,
            decoder: Decoder::new(u32::try_from(frame_bytes).unwrap_or(u32::MAX)),
            wire,
            to_write: Vec::new(),
            answers: Vec::new(),
            asking: [settings.client_asking, settings.asking],
            is_resuming: false,
            fetches,
            prompts,
            meter,
            repl,
            release: None,
            clock: Clock::start(limits.wall_ms, limits.prompt_ms, settings.paused),
            cause: None,
            kill_at: None,
            settles_at: Some(Instant::now() + SETTLES_WITHIN),
            is_started_told: false,
            pending: None,
            output: Output::default(),
            is_heard: false,
            is_cut: false,
            is_broken: false,
            finished: None,
            witness,
        }
    }

    /// Tells the end, and gives the place back when the process is gone, however long the client takes.
    async fn conclude(
        mut self,
        over: Over,
        mut life: Box<dyn Life>,
        permit: Permit,
        events: mpsc::Sender<RunEvent>,
    ) {
        let [wall, waited] = self.clock.used();
        self.fetches.give_up();
        if over != Over::Finished {
            life.kill();
        }
        let (gone, end) = oneshot::channel();
        let grace = self.grace;
        let leaving = async {
            if over == Over::Finished {
                // One that stays on after its last word is killed, too.
                if timeout(grace, life.ended()).await.is_err() {
                    life.kill();
                }
            }
            let end = life.ended().await;
            drop(permit);
            let _ = gone.send(end);
        };
        // The channel is closed behind the end, not when the process is gone.
        let telling = async move {
            if over == Over::Unwanted {
                return;
            }
            if over == Over::KillIsDue {
                // What the program wrote before it was killed is still in the socket.
                self.drain(&events).await;
            }
            let end = match self.finished {
                Some(_) => None,
                None => timeout(GONE_WITHIN, end).await.ok().and_then(Result::ok),
            };
            if self.finished.is_none() && self.cause.is_none() {
                self.say_how_it_ended(end);
            }
            let release = self.release.take().map(RunEvent::Released);
            while let Some(event) = self.take_event() {
                if events.send(event).await.is_err() {
                    return;
                }
            }
            if let Some(event) = release
                && events.send(event).await.is_err()
            {
                return;
            }
            self.count_the_rest();
            let seen = Seen {
                limits: self.limits,
                cause: self.cause,
                ended: self.repl.take_ended(),
                finished: self.finished.take(),
                end,
                wall,
                waited,
                output_bytes: self.output.bytes,
                console_events: self.output.events,
                dropped: self.output.dropped,
            };
            finish(&events, seen, &self.witness).await;
        };
        tokio::join!(telling, leaving);
    }

    /// Passes on what the runner says until nothing more is to be awaited of it.
    async fn listen(
        &mut self,
        backend: &dyn Backend,
        Channels { events, wish, words }: Channels<'_>,
        permit: &mut Permit,
        mut heard: impl FnMut(),
    ) -> Over {
        loop {
            // Frames that are here already, as long as the client keeps up.
            while self.pending.is_none() && self.finished.is_none() && !self.is_broken && !self.is_cut {
                match self.decoder.frame() {
                    Ok(Some(frame)) => self.take(frame),
                    Ok(None) => break,
                    Err(error) => self.broken(&error.to_string()),
                }
            }
            if self.finished.is_some() {
                return Over::Finished;
            }
            if self.is_broken {
                return Over::Broken;
            }
            if self.is_cut {
                // The runner stops at the limit by itself, so this one is not to be trusted any further.
                return Over::KillIsDue;
            }
            self.keep_place(permit);
            // A runner that does not read what it asked for is not heard either.
            let is_behind = self.to_write.len() >= WRITE_AHEAD;
            let has_news = self.pending.is_some() || (self.settles_at.is_none() && !self.is_started_told);
            let (due_at, due) = self.due();
            let happened = tokio::select! {
                biased;
                wished = wished(events, wish) => Happened::Wished(wished),
                () = sleep_until(due_at) => due,
                place = events.reserve(), if has_news => match place {
                    Ok(place) => Happened::Delivers(place),
                    Err(_) => Happened::Wished(Wished::Nothing),
                },
                wrote = self.wire.write(|mut socket| socket.write(&self.to_write)), if !self.to_write.is_empty() => {
                    Happened::Wrote(wrote)
                }
                Some(word) = words.recv() => Happened::Said(word),
                news = permit.next(self.repl.is_idle() && self.cause.is_none()) => Happened::Permit(news),
                frame = self.fetches.next(), if !is_behind => Happened::Fetched(frame),
                read = self.wire.fill(&mut self.decoder),
                    if self.pending.is_none() && !is_behind =>
                {
                    Happened::Read(read)
                }
            };
            match happened {
                Happened::Wished(Wished::Stop) => self.end(Cause::Stopped),
                Happened::TimeIsUp => match self.clock.time() {
                    Time::Own => self.end(Cause::TimedOut),
                    Time::Asked => self.end(Cause::Unanswered),
                    Time::Paused => self.release(ReleaseReason::Time),
                    Time::Resuming => {}
                },
                Happened::Permit(News::Wanted) => self.release(ReleaseReason::Others),
                // The next turn of the loop looks where the run stands.
                Happened::Permit(News::Standing) => {}
                Happened::KillIsDue => return Over::KillIsDue,
                Happened::Wished(Wished::Nothing) => return Over::Unwanted,
                Happened::Wrote(Ok(bytes)) => drop(self.to_write.drain(..bytes)),
                // One that can't be told any more is gone, or is killed when it is due.
                Happened::Wrote(Err(_)) => self.to_write.clear(),
                Happened::Delivers(place) => {
                    if let Some(event) = self.take_event() {
                        place.send(event);
                    }
                }
                Happened::Settled => {
                    self.settles_at = None;
                    backend.replenish();
                }
                Happened::Fetched(frame) => self.to_write.extend_from_slice(&frame),
                Happened::Said(word) => self.said(&word),
                Happened::Read(Ok(Filled::Some | Filled::All)) => {
                    if !std::mem::replace(&mut self.is_heard, true) {
                        backend.program_read();
                        heard();
                    }
                }
                // The kernel says so when a socket is closed with something in it that nobody read. All that
                // was written to this one is the program.
                Happened::Read(Err(error))
                    if error.kind() == ConnectionReset && !self.is_heard && self.cause.is_none() =>
                {
                    return Over::Unread;
                }
                Happened::Read(Ok(Filled::End) | Err(_)) => return Over::Closed,
            }
        }
    }

    /// What is due next if nothing else happens, and when.
    fn due<'a>(&self) -> (Instant, Happened<'a>) {
        let (at, due) = match self.kill_at {
            Some(at) => (at, Happened::KillIsDue),
            None => (self.clock.deadline(), Happened::TimeIsUp),
        };
        match self.settles_at {
            Some(settles_at) if settles_at < at => (settles_at, Happened::Settled),
            _ => (at, due),
        }
    }

    /// The next event for the client: before any other that the run has started.
    fn take_event(&mut self) -> Option<RunEvent> {
        if !std::mem::replace(&mut self.is_started_told, true) {
            return Some(RunEvent::Started);
        }
        self.pending.take()
    }

    /// Tells the runner to end, and sets the moment after which it is not asked any more.
    fn end(&mut self, cause: Cause) {
        if self.cause.is_none() {
            self.cause = Some(cause);
            self.kill_at = Some(Instant::now() + self.grace);
            self.fetches.give_up();
            self.to_write.extend_from_slice(&frame::encode(STOP, &[]));
        }
    }

    /// The run stays no longer after its program's end.
    fn release(&mut self, reason: ReleaseReason) {
        self.release = Some(reason);
        self.end(Cause::Released);
    }

    /// A run with an open question gives up its place, and has it again before the program gets the answer.
    fn keep_place(&mut self, permit: &mut Permit) {
        let standing = permit.standing();
        if self.cause.is_some() {
            // It is to end, and needs no other place for that.
        } else if standing == Standing::Displaced {
            self.displaced(Full::All);
        } else if self.prompts.is_open() && standing != Standing::Asking {
            if let Err(full) = permit.park() {
                // Nobody is asked what nobody could answer.
                self.pending = self.pending.take().filter(|event| !matches!(event, RunEvent::Prompt { .. }));
                self.displaced(full);
            }
        } else if !self.prompts.is_open() && standing == Standing::Asking {
            permit.resume();
        }
        self.is_resuming = permit.standing() == Standing::Resuming;
        if !self.is_resuming {
            self.to_write.append(&mut self.answers);
        }
        if self.is_resuming || self.clock.time() == Time::Resuming {
            self.retime();
        }
    }

    /// There is no place for the run among those that ask.
    fn displaced(&mut self, full: Full) {
        let [of_client, of_all] = self.asking;
        self.end(Cause::Displaced(match full {
            Full::Client => Crowd::Client(of_client),
            Full::All => Crowd::All(of_all),
        }));
    }

    /// Lets the clock go that is due.
    fn retime(&mut self) {
        self.clock.switch(if self.prompts.is_open() {
            Time::Asked
        } else if self.is_resuming {
            Time::Resuming
        } else if self.repl.is_idle() {
            Time::Paused
        } else {
            Time::Own
        });
    }

    /// Logs the end of a runner that ended without a report.
    fn say_how_it_ended(&self, end: Option<End>) {
        static SAID: AtomicBool = AtomicBool::new(false);
        let run_id = self.run_id;
        if matches!(end, Some(End { signal: Some(libc::SIGSYS), .. })) && !SAID.swap(true, Relaxed) {
            // Once: whoever can do this can do it again and again. The rest is said as of any other.
            tracing::warn!(
                %run_id,
                "a runner was killed (SIGSYS) for a system call that no runner makes: its program may have \
                 broken out of V8. The kernel's log has the call's number. Further ones are told by `info`"
            );
        }
        tracing::info!(%run_id, ?end, "a runner ended without a report");
    }

    fn broken(&mut self, what: &str) {
        tracing::warn!(run_id = %self.run_id, what, "a runner broke the protocol");
        self.is_broken = true;
        self.cause.get_or_insert(Cause::Broken);
    }

    /// Acts on a frame.
    fn take(&mut self, frame: Frame) {
        match frame.kind {
            CONSOLE => match console(&frame.payload, self.message_bytes) {
                Ok((count, events)) => self.console(count, events),
                Err(what) => self.broken(what),
            },
            DISPLAY => match console(&frame.payload, self.display_bytes) {
                Ok((1, events)) => self.console(1, events),
                Ok(_) => self.broken("a frame with more than one thing to display"),
                Err(what) => self.broken(what),
            },
            FINISHED => match serde_json::from_slice::<FinishedSpec>(&frame.payload) {
                Ok(finished) => self.finished(finished, frame.payload.len()),
                Err(error) => self.broken(&error.to_string()),
            },
            // A run that is to end begins nothing more, and what it began is given up.
            PROMPT if self.cause.is_some() => {}
            PROMPT => match self.prompts.take(&frame.payload) {
                Ok(event) => {
                    self.pending = Some(event);
                    self.retime();
                }
                Err(what) => self.broken(what),
            },
            USAGE if self.cause.is_some() => {}
            USAGE => match self.meter.take(&frame.payload) {
                Ok(spec) => self.used(spec),
                Err(what) => self.broken(what),
            },
            // As above.
            PAUSED | IDLE | EVALUATED if self.cause.is_some() => {}
            PAUSED => match self.repl.may_pause().map(|()| serde_json::from_slice(&frame.payload)) {
                Ok(Ok(ended)) => self.paused(ended, frame.payload.len()),
                Ok(Err(error)) => self.broken(&error.to_string()),
                Err(what) => self.broken(what),
            },
            IDLE => match self.repl.idle() {
                Ok(true) => {
                    self.retime();
                    self.pending = Some(RunEvent::Paused { left_ms: self.left_ms(), report: None });
                }
                Ok(false) => {}
                Err(what) => self.broken(what),
            },
            EVALUATED => {
                let error_bytes = self.message_bytes.saturating_add(FRAME_SLACK);
                match self.repl.take(&frame.payload, self.message_bytes, error_bytes) {
                    Ok(event) => self.evaluated(event, frame.payload.len()),
                    Err(what) => self.broken(what),
                }
            }
            kind if Fetches::is_about(kind) && self.cause.is_some() => {}
            kind if Fetches::is_about(kind) => {
                if let Err(what) = self.fetches.take(kind, &frame.payload) {
                    self.broken(what);
                }
            }
            kind => self.broken(&format!("a frame of unknown kind {kind}")),
        }
    }

    fn console(&mut self, count: u64, events: Box<RawValue>) {
        // Brackets and commas are not the program's output.
        let bytes = (events.get().len() as u64).saturating_sub(count + 1);
        let (all_bytes, all_events) = (self.output.bytes + bytes, self.output.events + count);
        let is_over = all_bytes > self.limits.output_bytes || all_events > self.limits.console_events;
        if self.is_cut || is_over {
            // Nothing smaller may slip through after it: what is missing is the end, not the middle.
            self.is_cut = true;
            self.cause.get_or_insert(Cause::OutputExceeded);
            self.dropped(count, bytes);
            return;
        }
        self.witness.said_something();
        self.pending = Some(RunEvent::Console { seq: self.output.events, count, events });
        self.output.bytes = all_bytes;
        self.output.events = all_events;
    }

    /// Passes on what the run has used so far; of its output the server's own count.
    fn used(&mut self, spec: UsageSpec) {
        let UsageSpec { cpu_ms, heap_bytes, buffer_bytes, process_bytes, at } = spec;
        let [wall_ms, prompt_ms] =
            self.clock.used().map(|it| u64::try_from(it.as_millis()).unwrap_or(u64::MAX));
        let Output { bytes: output_bytes, events: console_events, .. } = self.output;
        let limits = self.limits;
        let usage = Usage {
            wall_ms,
            prompt_ms,
            cpu_ms,
            heap_bytes,
            buffer_bytes,
            process_bytes,
            output_bytes,
            console_events,
            limits,
        };
        self.pending = Some(RunEvent::Usage { usage: Box::new(usage), at });
    }

    /// Passes on what the client says. What comes too late for it is nobody's any more.
    fn said(&mut self, word: &Word) {
        let (frame, to) = match word {
            Word::Answer(id, value) => (self.prompts.answer(*id, value.as_deref()), &mut self.answers),
            Word::Evaluate(_, _) if self.cause.is_some() => (None, &mut self.to_write),
            Word::Evaluate(id, source) => (self.repl.evaluate(*id, source), &mut self.to_write),
        };
        if let Some(frame) = frame {
            to.extend_from_slice(&frame);
            self.retime();
        }
    }

    /// How long the run stays, in milliseconds.
    fn left_ms(&self) -> u64 {
        let left = self.clock.deadline().saturating_duration_since(Instant::now());
        u64::try_from(left.as_millis()).unwrap_or(u64::MAX)
    }

    /// Takes in the program's end, which is not the run's.
    fn paused(&mut self, ended: FinishedSpec, frame_bytes: usize) {
        let size = match self.weigh(&ended, frame_bytes) {
            Ok(size) => size,
            Err(what) => return self.broken(what),
        };
        self.output.bytes += size;
        let [wall, waited] = self.clock.used();
        let compiled = compiled(&ended);
        let mut report = Box::new(report(Seen {
            limits: self.limits,
            cause: None,
            ended: None,
            finished: Some(ended),
            end: None,
            wall,
            waited,
            output_bytes: self.output.bytes,
            console_events: self.output.events,
            dropped: self.output.dropped,
        }));
        // A run that went over a limit has no isolate to stay.
        if !matches!(report.outcome, Outcome::Completed | Outcome::Failed) {
            return self.broken("a program's end that is the run's");
        }
        self.witness.ended(&mut report, compiled);
        self.repl.paused(report.clone());
        self.retime();
        let left_ms = if self.repl.is_idle() { self.left_ms() } else { 0 };
        self.pending = Some(RunEvent::Paused { left_ms, report: Some(report) });
    }

    /// Passes on what came of an evaluation, which is output like any.
    fn evaluated(&mut self, event: RunEvent, frame_bytes: usize) {
        let bytes = frame_bytes as u64;
        if self.output.bytes.saturating_add(bytes) > self.limits.output_bytes {
            self.is_cut = true;
            self.cause.get_or_insert(Cause::OutputExceeded);
            return self.dropped(0, bytes);
        }
        self.output.bytes += bytes;
        self.pending = Some(event);
    }

    fn dropped(&mut self, events: u64, bytes: u64) {
        let dropped = &mut self.output.dropped;
        dropped.events = dropped.events.saturating_add(events);
        dropped.bytes = dropped.bytes.saturating_add(bytes);
    }

    fn finished(&mut self, finished: FinishedSpec, frame_bytes: usize) {
        // One whose program has ended goes when it is told to, or when it went over a limit.
        if self.repl.has_ended()
            && self.cause.is_none()
            && matches!(finished.ending, Ending::Completed | Ending::Failed)
        {
            return self.broken("a program's end for the second time");
        }
        match self.weigh(&finished, frame_bytes) {
            Ok(size) => {
                self.output.bytes += size;
                self.finished = Some(finished);
            }
            Err(what) => self.broken(what),
        }
    }

    /// How much output a report holds.
    fn weigh(&self, finished: &FinishedSpec, frame_bytes: usize) -> Result<u64, &'static str> {
        let length = |json: &RawValue| json.get().len() as u64;
        let value = finished.value.as_deref().map_or(0, length);
        let returned = finished.returned.as_ref().map_or(0, |returned| length(&returned.json));
        let size = value.saturating_add(returned);
        if value > self.message_bytes
            || returned > RETURNED_BYTES
            || self.output.bytes.saturating_add(size) > self.limits.output_bytes
        {
            return Err("a result over the limit");
        }
        let jsons = [finished.value.as_deref(), finished.returned.as_ref().map(|returned| &*returned.json)];
        if jsons.into_iter().flatten().any(|json| nests_too_deeply(json.get())) {
            return Err("a result that nests too deeply");
        }
        if finished.returned.as_ref().is_some_and(|returned| !is_modest(returned)) {
            return Err("a list of what was left out that is over the limit");
        }
        // All else that a report holds.
        if (frame_bytes as u64).saturating_sub(size) > self.message_bytes.saturating_add(FRAME_SLACK) {
            return Err("a report over the limit");
        }
        Ok(size)
    }

    /// Passes on what is left in the socket of a process that was killed, as fast as the client takes it.
    async fn drain(&mut self, events: &mpsc::Sender<RunEvent>) {
        loop {
            while let Some(event) = self.take_event() {
                if events.send(event).await.is_err() {
                    return;
                }
            }
            if self.finished.is_some() || self.is_broken {
                return;
            }
            match self.decoder.frame() {
                Ok(Some(frame)) => self.take(frame),
                Ok(None) => match timeout(GONE_WITHIN, self.wire.fill(&mut self.decoder)).await {
                    Ok(Ok(Filled::Some | Filled::All)) => {}
                    _ => return,
                },
                Err(error) => self.broken(&error.to_string()),
            }
        }
    }

    /// Counts what a process that is gone had begun to write.
    fn count_the_rest(&mut self) {
        if self.finished.is_some() || self.is_broken {
            return;
        }
        if let [a, b, c, d, CONSOLE, e, f, g, h, ..] = *self.decoder.rest() {
            let bytes = u64::from(u32::from_le_bytes([a, b, c, d])).saturating_sub(5);
            // The count is only the runner's word, and an event takes three bytes at the least.
            let count = u64::from(u32::from_le_bytes([e, f, g, h])).min(bytes / 3);
            self.dropped(count, bytes.saturating_sub(count + 1));
        }
    }
}

/// Whether what a function returned lists no more as left out than a runner may.
fn is_modest(returned: &Returned) -> bool {
    returned.omitted.len() <= MAX_OMITTED
        && returned
            .omitted
            .iter()
            .all(|Omitted { path, reason }| path.len().max(reason.len()) <= OMITTED_BYTES)
}
