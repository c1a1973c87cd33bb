//! What the tests are written with: a [`Backend`] whose processes the test plays.

use std::net::Shutdown;
use std::os::unix::net::UnixStream as StdStream;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout};

use crate::limits::Limits;
use crate::protocol::browser::{Language, Mode, Outcome, ReleaseReason, RunReport, Usage};
use crate::protocol::frame;
use crate::protocol::runner::{CONSOLE, Ending, FINISHED, RUN, RunSpec, Submission};
use crate::protocol::value::StackFrame;
use crate::sandbox::process::{Backend, BackendHealth, BoxFuture, End, Life, Process, ProcessError};
use crate::sandbox::{ClientKey, ForkMode, Run, RunEvent, RunEvents, RunHandle, Sandbox, SandboxSettings};

pub const GRACE: Duration = Duration::from_millis(200);
pub const READY_TIMEOUT: Duration = Duration::from_secs(10);
pub const MESSAGE_BYTES: u64 = 1_000;
pub const DISPLAY_BYTES: u64 = 1_500;
pub const PROMPTS: u32 = 5;
pub const PAUSED_FOR: Duration = Duration::from_secs(30);
pub const LIMITS: Limits = Limits {
    wall_ms: 10_000,
    prompt_ms: 60_000,
    cpu_ms: 5_000,
    heap_bytes: 64 << 20,
    buffer_bytes: 64 << 20,
    process_bytes: 256 << 20,
    output_bytes: 2_000,
    console_events: 10,
};
pub const SIGKILL: End = End { status: None, signal: Some(libc::SIGKILL), cpu_ms: 7, process_bytes: 8 };

/// A sandbox, and the stage on which the test plays its processes.
pub struct Bench {
    pub sandbox: Sandbox,
    runners: mpsc::UnboundedReceiver<Runner>,
    /// How often the backend was told to make another process.
    pub replenished: Arc<AtomicUsize>,
}

struct Fake {
    runners: mpsc::UnboundedSender<Runner>,
    gives: bool,
    replenished: Arc<AtomicUsize>,
}

/// A process, as its own program sees it: the other end of the socket, and its fate.
pub struct Runner {
    socket: UnixStream,
    pub fate: Arc<Fate>,
}

/// What the server did to a process, and what became of that.
pub struct Fate {
    socket: Mutex<Option<StdStream>>,
    killed: watch::Sender<Option<Instant>>,
    end: watch::Sender<Option<End>>,
    /// Whether it goes when it is killed. One that does not stands for one that takes its time.
    dies: watch::Sender<bool>,
}

struct FakeLife(Arc<Fate>);

impl Fate {
    /// It ends like this.
    pub fn end(&self, end: End) {
        // As the kernel does. What was written can still be read.
        self.hang_up();
        self.end.send_if_modified(|it| it.is_none() && it.replace(end).is_none());
    }

    /// When it was killed, if it was.
    pub fn killed(&self) -> Option<Instant> {
        *self.killed.borrow()
    }

    /// It closes its socket, and lives.
    pub fn hang_up(&self) {
        if let Some(socket) = &*self.socket.lock().unwrap() {
            let _ = socket.shutdown(Shutdown::Both);
        }
    }

    /// Whether it has ended.
    pub fn is_over(&self) -> bool {
        self.end.borrow().is_some()
    }

    /// From now on it does not die when it is killed.
    pub fn outlive_the_kill(&self) {
        self.dies.send_replace(false);
    }

    /// Waits until it is killed.
    pub async fn to_be_killed(&self) -> Instant {
        let mut killed = self.killed.subscribe();
        let killed = soon("the kill", killed.wait_for(Option::is_some)).await.unwrap();
        killed.unwrap()
    }
}

impl Life for FakeLife {
    fn kill(&mut self) {
        if self.0.end.borrow().is_some() {
            return;
        }
        self.0.killed.send_if_modified(|it| it.is_none() && it.replace(Instant::now()).is_none());
        if *self.0.dies.borrow() {
            self.0.end(SIGKILL);
        }
    }

    fn ended(&mut self) -> BoxFuture<'_, End> {
        let mut end = self.0.end.subscribe();
        Box::pin(async move { end.wait_for(Option::is_some).await.unwrap().unwrap() })
    }
}

impl Drop for FakeLife {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Backend for Fake {
    fn process(&self) -> BoxFuture<'_, Result<Process, ProcessError>> {
        Box::pin(async {
            if !self.gives {
                std::future::pending::<()>().await;
            }
            let (ours, theirs) = StdStream::pair().unwrap();
            ours.set_nonblocking(true).unwrap();
            theirs.set_nonblocking(true).unwrap();
            let fate = Arc::new(Fate {
                socket: Mutex::new(Some(theirs.try_clone().unwrap())),
                killed: watch::Sender::new(None),
                end: watch::Sender::new(None),
                dies: watch::Sender::new(true),
            });
            let runner = Runner { socket: UnixStream::from_std(theirs).unwrap(), fate: fate.clone() };
            self.runners.send(runner).map_err(|_| ProcessError("the test is over".into()))?;
            Ok(Process { socket: ours, life: Box::new(FakeLife(fate)) })
        })
    }

    fn replenish(&self) {
        self.replenished.fetch_add(1, Relaxed);
    }

    fn health(&self) -> BackendHealth {
        BackendHealth {
            ok: true,
            fork: ForkMode::Warm,
            warm: 0,
            confinement: Vec::new(),
            tuning: Vec::new(),
            notes: Vec::new(),
            engine: "a fake".into(),
            zygotes_lost: 0,
        }
    }
}

impl Runner {
    /// Takes the program.
    pub async fn run(&mut self) -> RunSpec {
        let (kind, payload) = self.frame().await.expect("a frame");
        assert_eq!(kind, RUN);
        serde_json::from_slice(&payload).unwrap()
    }

    /// The next frame; `None` when the server is gone or this process killed.
    pub async fn frame(&mut self) -> Option<(u8, Vec<u8>)> {
        self.frame_in(Duration::from_secs(60)).await
    }

    /// The same, for which the test waits so long.
    pub async fn frame_in(&mut self, patience: Duration) -> Option<(u8, Vec<u8>)> {
        let mut header = [0; frame::HEADER];
        match timeout(patience, self.socket.read_exact(&mut header)).await {
            Ok(read) => read.ok()?,
            Err(_) => panic!("waited in vain for a frame"),
        };
        let [a, b, c, d, kind] = header;
        let mut payload = vec![0; u32::from_le_bytes([a, b, c, d]) as usize - 1];
        self.socket.read_exact(&mut payload).await.ok()?;
        Some((kind, payload))
    }

    /// Writes bytes as they are. Waits for as long as the server does not read.
    pub async fn send(&mut self, bytes: &[u8]) {
        // A server that does not listen any more is no failure of the test.
        let _ = self.socket.write_all(bytes).await;
    }

    pub async fn console(&mut self, texts: &[&str]) {
        self.send(&console(texts)).await;
    }

    pub async fn finish(&mut self, ending: Ending) {
        self.send(&finished(ending)).await;
    }

    /// It is killed by somebody else; what it has not read stays unread.
    pub fn die(self) {
        let Self { socket, fate } = self;
        *fate.socket.lock().unwrap() = None;
        drop(socket);
        fate.end(SIGKILL);
    }

    pub fn exit(&self, status: i32) {
        self.fate.end(End { status: Some(status), ..End::default() });
    }
}

/// A console frame with an event for each text.
pub fn console(texts: &[&str]) -> Vec<u8> {
    let events: Vec<_> = texts.iter().map(|text| json!({"text": text})).collect();
    raw_console(texts.len() as u32, json!(events).to_string().as_bytes())
}

/// A console frame that says that it holds `count` events.
pub fn raw_console(count: u32, json: &[u8]) -> Vec<u8> {
    frame::encode(CONSOLE, &[&count.to_le_bytes()[..], json].concat())
}

/// A last word without a value.
pub fn finished(ending: Ending) -> Vec<u8> {
    finished_with(&json!({"ending": ending}))
}

/// A last word with these fields, and a value for each of the others.
pub fn finished_with(fields: &serde_json::Value) -> Vec<u8> {
    let mut spec = json!({
        "ending": "completed", "value": null, "error": null, "stopped_at": null, "cpu_ms": 1, "heap_bytes": 2,
        "buffer_bytes": 3, "process_bytes": 4, "dropped": {"events": 0, "bytes": 0},
    });
    for (name, value) in fields.as_object().unwrap() {
        spec[name] = value.clone();
    }
    frame::encode(FINISHED, spec.to_string().as_bytes())
}

/// `future`, or a panic that says what did not happen in a minute of the test's own time.
pub async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match timeout(Duration::from_secs(60), future).await {
        Ok(value) => value,
        Err(_) => panic!("waited in vain for {what}"),
    }
}

/// Checks that it took so long, give or take what a clock that counts milliseconds needs.
#[track_caller]
pub fn took(time: Duration, expected: Duration) {
    assert!(time >= expected && time <= expected + Duration::from_millis(2), "{time:?} for {expected:?}");
}

pub fn settings() -> SandboxSettings {
    SandboxSettings {
        tuning: crate::tuning::Steps::all(),
        tuning_fault: None,
        confinement: crate::sandbox::ConfinementPolicy::Auto,
        program: PathBuf::new(),
        limits: LIMITS,
        cold: false,
        warm_children: 1,
        open_runs: 1,
        reserve: 0,
        asking: 2,
        queue: 2,
        queue_bytes: 64 << 20,
        client_open_runs: 1,
        client_asking: 2,
        client_queue: 8,
        grace: GRACE,
        ready_timeout: READY_TIMEOUT,
        zygote_forks: 1,
        zygote_age: Duration::MAX,
        paused: PAUSED_FOR,
        message_bytes: MESSAGE_BYTES,
        display_bytes: DISPLAY_BYTES,
        prompts: PROMPTS,
        egress: crate::sandbox::egress::EgressSettings::default(),
        modules_dir: None,
    }
}

pub fn run(source: &str, limits: Limits) -> Run {
    Run {
        run_id: uuid::Uuid::nil(),
        client: ClientKey::of([127, 0, 0, 1].into()),
        program: Submission::of_source(source.into(), Language::Javascript, Mode::Auto),
        input: None,
        limits,
        egress: None,
        sender: Default::default(),
        watcher: None,
        modules: crate::policy::modules::Allowed::default(),
        stdin: Vec::new(),
        is_attended: true,
        tells_usage: true,
        repl: false,
    }
}

impl Bench {
    pub fn new() -> Self {
        Self::with(settings(), true)
    }

    /// With a backend that gives processes, or never gives one.
    pub fn with(settings: SandboxSettings, gives: bool) -> Self {
        let (sender, runners) = mpsc::unbounded_channel();
        let replenished = Arc::<AtomicUsize>::default();
        let fake = Fake { runners: sender, gives, replenished: replenished.clone() };
        Self { sandbox: Sandbox::with_backend(settings, fake), runners, replenished }
    }

    pub fn accept(&self) -> (RunHandle, RunEvents) {
        self.sandbox.start(run("", LIMITS)).expect("a place or a turn")
    }

    /// The process that a run was given.
    pub async fn runner(&mut self) -> Runner {
        soon("a process", self.runners.recv()).await.unwrap()
    }

    /// The process that a run was given, however long that takes.
    pub async fn runner_at_last(&mut self) -> Runner {
        self.runners.recv().await.expect("the sandbox is there")
    }

    /// A run whose process has its program.
    pub async fn started(&mut self) -> (RunHandle, RunEvents, Runner) {
        self.started_with(LIMITS).await
    }

    pub async fn started_with(&mut self, limits: Limits) -> (RunHandle, RunEvents, Runner) {
        let (handle, events) = self.sandbox.start(run("", limits)).expect("a place");
        let mut runner = self.runner().await;
        runner.run().await;
        (handle, events, runner)
    }

    pub fn open_runs(&self) -> usize {
        self.sandbox.health().open_runs
    }

    /// Waits until no run has a place or waits for one.
    pub async fn all_places_are_back(&self) {
        let back = async {
            while self.open_runs() + self.sandbox.health().queued_runs + self.sandbox.health().asking_runs > 0
            {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        soon("the place", back).await;
    }
}

/// All that came of a run.
#[derive(Debug, Default)]
pub struct Seen {
    pub positions: Vec<u32>,
    pub started: bool,
    /// The console events' JSON.
    pub console: Vec<serde_json::Value>,
    /// The questions.
    pub prompts: Vec<String>,
    /// What it had used, now and then.
    pub usage: Vec<(Usage, Option<StackFrame>)>,
    /// How long it was to stay, each time that was told.
    pub paused: Vec<u64>,
    /// What came of evaluations.
    pub evaluated: Vec<(u32, Option<String>)>,
    pub released: Option<ReleaseReason>,
    pub report: Option<Box<RunReport>>,
    /// It lost its turn in the queue.
    pub displaced: Option<crate::sandbox::Rejection>,
}

impl Seen {
    /// Takes an event, and checks that it may come now.
    pub fn take(&mut self, event: RunEvent) {
        assert!(self.report.is_none(), "{event:?} came after the end");
        match event {
            RunEvent::Queued { position } => {
                assert!(!self.started && position > 0);
                assert_ne!(self.positions.last(), Some(&position), "only news is told");
                self.positions.push(position);
            }
            RunEvent::Started => {
                assert!(!self.started, "a run starts once");
                self.started = true;
            }
            RunEvent::Console { seq, count, events } => {
                assert!(self.started && count > 0);
                assert_eq!(seq, self.console.len() as u64, "no event is lost or comes twice");
                let events: Vec<serde_json::Value> = serde_json::from_str(events.get()).unwrap();
                assert_eq!(events.len() as u64, count);
                self.console.extend(events);
            }
            RunEvent::Prompt { prompt_id, message, .. } => {
                assert!(self.started);
                assert_eq!(prompt_id as usize, self.prompts.len() + 1);
                self.prompts.push(message);
            }
            RunEvent::Usage { usage, at } => {
                assert!(self.started);
                self.usage.push((*usage, at));
            }
            RunEvent::Paused { left_ms, report } => {
                assert!(self.started);
                assert_eq!(report.is_some(), self.paused.is_empty(), "an end is told once");
                assert!(u128::from(left_ms) <= PAUSED_FOR.as_millis());
                self.paused.push(left_ms);
            }
            RunEvent::Evaluated { evaluation_id, value, error } => {
                assert!(value.is_some() != error.is_some());
                self.evaluated.push((evaluation_id, value.map(|value| value.get().to_owned())));
            }
            RunEvent::Released(reason) => {
                assert!(self.released.is_none(), "once");
                self.released = Some(reason);
            }
            RunEvent::Displaced(rejection) => {
                assert!(!self.started && self.displaced.is_none(), "only one that has not begun");
                self.displaced = Some(rejection);
            }
            RunEvent::Finished(report) => {
                assert_eq!(report.usage.console_events, self.console.len() as u64);
                self.report = Some(report);
            }
        }
    }

    pub fn texts(&self) -> Vec<&str> {
        self.console.iter().map(|event| event["text"].as_str().unwrap()).collect()
    }
}

/// Reads a run to its end.
pub async fn read(events: &mut RunEvents) -> Seen {
    let mut seen = Seen::default();
    while let Some(event) = soon("the end of a run", events.recv()).await {
        seen.take(event);
    }
    seen
}

/// Reads a run to its end, which has to be this one.
pub async fn ends(events: &mut RunEvents, outcome: Outcome) -> (Seen, RunReport) {
    let mut seen = read(events).await;
    let report = *seen.report.take().expect("a report");
    assert_eq!(report.outcome, outcome, "{report:?}");
    (seen, report)
}
