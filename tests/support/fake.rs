use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use clap::{Args as _, Command};
use mayfly::config::{Config, Flags};
use mayfly::limits::Limits;
use mayfly::protocol::browser::{Dropped, Outcome, RejectReason, RunReport, Usage};
use mayfly::protocol::runner::{Layer, LayerState};
use mayfly::sandbox::{ForkMode, MemoryBound, Rejection, Run, RunEvent, RunEvents, SandboxHealth};
use mayfly::session::{OpenRun, Runs};
use serde_json::value::RawValue;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::soon;

/// A server in this process whose runs do what the test says.
pub(crate) struct FakeApp {
    pub(crate) address: SocketAddr,
    runs: mpsc::UnboundedReceiver<FakeRun>,
    stop: Option<oneshot::Sender<()>>,
    /// What the server keeps.
    pub(crate) folder: tempfile::TempDir,
    served: Option<actix_web::rt::task::JoinHandle<std::io::Result<()>>>,
}

/// A future that is dropped inside its runtime, even when a test ends and leaves it: a query that is under way then
/// gives back its connection by a task of its own.
struct Inside<F>(Option<Pin<Box<F>>>, Handle);

impl<F: Future> Future for Inside<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        self.0.as_mut().expect("it is there until it is dropped").as_mut().poll(context)
    }
}

impl<F> Drop for Inside<F> {
    fn drop(&mut self) {
        let _inside = self.1.enter();
        self.0 = None;
    }
}

/// A run from the sandbox's side.
pub(crate) struct FakeRun {
    pub(crate) run: Run,
    pub(crate) events: mpsc::Sender<RunEvent>,
    /// Cancelled when the run is asked to stop.
    pub(crate) stopped: CancellationToken,
    /// Cancelled when the run's handle is dropped.
    pub(crate) dropped: CancellationToken,
    /// Answers to its questions.
    pub(crate) answers: mpsc::UnboundedReceiver<(u32, Option<String>)>,
    /// What it is asked to evaluate.
    pub(crate) evaluations: mpsc::UnboundedReceiver<(u32, String)>,
}

impl FakeRun {
    pub(crate) async fn emit(&self, event: RunEvent) {
        soon("room for an event", self.events.send(event)).await.expect("somebody listens");
    }

    /// Emits a console event with this text, as the array of one.
    pub(crate) async fn log(&self, seq: u64, text: &str) {
        self.emit(logged(seq, text)).await;
    }

    /// Logs on and on, until nobody listens any more.
    pub(crate) async fn chatter(&self, text: &str) {
        for seq in 0.. {
            if self.events.send(logged(seq, text)).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

fn logged(seq: u64, text: &str) -> RunEvent {
    let events =
        serde_json::json!([{"level": "log", "args": [], "text": text, "line": 1, "column": 1, "at_ms": 0}]);
    let events = RawValue::from_string(events.to_string()).expect("JSON");
    RunEvent::Console { seq, count: 1, events }
}

pub(crate) fn report(outcome: Outcome) -> RunReport {
    let usage = Usage { limits: Limits::default(), ..Usage::default() };
    RunReport {
        outcome,
        value: None,
        returned: None,
        error: None,
        stopped_at: None,
        usage,
        dropped: Dropped::default(),
    }
}

pub(crate) fn finished() -> RunEvent {
    RunEvent::Finished(Box::new(report(Outcome::Completed)))
}

struct FakeRuns {
    started: mpsc::UnboundedSender<FakeRun>,
}

struct FakeHandle {
    stopped: CancellationToken,
    dropped: CancellationToken,
    answers: mpsc::UnboundedSender<(u32, Option<String>)>,
    evaluations: mpsc::UnboundedSender<(u32, String)>,
}

impl OpenRun for FakeHandle {
    fn stop(&self) {
        self.stopped.cancel();
    }

    fn answer(&self, prompt_id: u32, value: Option<String>) {
        // A test that has dropped the run looks at no more answers.
        let _ = self.answers.send((prompt_id, value));
    }

    fn evaluate(&self, evaluation_id: u32, source: String) {
        // As above.
        let _ = self.evaluations.send((evaluation_id, source));
    }
}

impl Drop for FakeHandle {
    fn drop(&mut self) {
        self.dropped.cancel();
    }
}

impl Runs for FakeRuns {
    fn start(&self, run: Run) -> Result<(Box<dyn OpenRun>, RunEvents), Rejection> {
        if run.program.source() == "busy" {
            let message = "Every place is taken. Try again in 2 s.".to_owned();
            return Err(Rejection { reason: RejectReason::Busy, message, retry_after_ms: Some(1_500) });
        }
        let (events, receiver) = mpsc::channel(4);
        let (stopped, dropped) = (CancellationToken::new(), CancellationToken::new());
        let (answered, answers) = mpsc::unbounded_channel();
        let (evaluated, evaluations) = mpsc::unbounded_channel();
        let handle = FakeHandle {
            stopped: stopped.clone(),
            dropped: dropped.clone(),
            answers: answered,
            evaluations: evaluated,
        };
        // A test that has ended looks at no more runs.
        let _ = self.started.send(FakeRun { run, events, stopped, dropped, answers, evaluations });
        Ok((Box::new(handle), receiver))
    }

    fn health(&self) -> SandboxHealth {
        SandboxHealth {
            ok: true,
            fork: ForkMode::Cold,
            warm_children: 1,
            open_runs: 2,
            queued_runs: 3,
            tuning: Vec::new(),
            asking_runs: 0,
            confinement: vec![Layer { layer: "seccomp".to_owned(), state: LayerState::Applied }],
            notes: vec!["landlock: not in this kernel".to_owned()],
            engine: "V8 1.2.3".to_owned(),
            zygotes_lost: 0,
            memory: MemoryBound::new(1, 0, 1, 1),
        }
    }
}

impl FakeApp {
    /// Starts with these flags besides a free port, one worker and no limit on the rate of runs.
    pub(crate) async fn start(flags: &[&str]) -> Self {
        let command = Flags::augment_args(Command::new("mayfly"));
        let unlimited =
            (!flags.iter().any(|flag| flag.starts_with("--rate-limit"))).then_some(&"--rate-limit=off");
        let unlimited_shares = (!flags.iter().any(|flag| flag.starts_with("--snippet-rate-limit")))
            .then_some(&"--snippet-rate-limit=off");
        let unlimited_reads = (!flags.iter().any(|flag| flag.starts_with("--snippet-read-rate-limit")))
            .then_some(&"--snippet-read-rate-limit=off");
        let folder = tempfile::tempdir().expect("a folder");
        let data_dir = format!("--data-dir={}", folder.path().display());
        let given = ["mayfly", "--listen=127.0.0.1:0", "--workers=1", data_dir.as_str()];
        let given = given.iter().chain(unlimited).chain(unlimited_shares).chain(unlimited_reads).chain(flags);
        let matches = command.try_get_matches_from(given).expect("the flags are right");
        let config = Config::load(&matches).expect("the settings are right").config;
        let (started, runs) = mpsc::unbounded_channel();
        let serving =
            mayfly::http::serve(&config, Arc::new(FakeRuns { started })).expect("the server starts");
        let address = serving.address;
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = serving.run(async {
            let _ = stopped.await;
            mayfly::http::Stop::Told
        });
        let served = actix_web::rt::spawn(Inside(Some(Box::pin(serving)), Handle::current()));
        Self { address, runs, stop: Some(stop), folder, served: Some(served) }
    }

    /// The next run that somebody starts.
    pub(crate) async fn started(&mut self) -> FakeRun {
        soon("a run", self.runs.recv()).await.expect("the server lives")
    }

    /// Tells the server to stop, without waiting for it.
    pub(crate) fn stop(&mut self) {
        drop(self.stop.take());
    }

    /// Waits until the server has stopped.
    pub(crate) async fn stopped(&mut self) {
        let served = self.served.take().expect("it is stopped once");
        soon("the server's end", served).await.expect("no panic").expect("no error");
    }
}
