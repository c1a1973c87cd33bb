//! The warm pool: a zygote, replaced as it wears, and a few of its children ready for a run.

use std::collections::VecDeque;
use std::num::NonZero;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio::task::{AbortHandle, JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};

use super::ladder::{Ladder, Verdict};
use super::process::{Backend, BackendHealth, BoxFuture, End, Process, ProcessError};
use super::zygote::{Child, ChildFailure, LaunchFailure, Zygote};
use super::{ConfinementPolicy, ForkMode, SandboxSettings};
use crate::metrics;
use crate::tuning::{Step, StepReport, StepState};

/// How long to wait before the next try when a zygote or child could not be had: first, and at most.
const RETRY_FIRST: Duration = Duration::from_millis(20);
const RETRY_MOST: Duration = Duration::from_secs(2);

/// How long after a child was taken another is forked for it, while at least half of the pool is ready: a fork takes as
/// long as many a run does, and would take the processor from the very run that the child was for. At least this, and
/// [`REFILL_FORKS`] times as long as the last one took, but no more than [`REFILL_MOST`]: in gVisor both take ten times as
/// long.
const REFILL_LEAST: Duration = Duration::from_millis(3);
const REFILL_FORKS: u32 = 2;
const REFILL_MOST: Duration = Duration::from_millis(100);

/// Children made ready at the same time, at most, for each processor: with one, a processor waits while a child's word that
/// it is ready is on its way here, and the next request on its way to the zygote. More gain nothing, and a crowd of them
/// would get in the way of what runs.
const FORKS_A_PROCESSOR: usize = 2;

/// When to fork for a child that was taken at that time, where the last fork took so long.
fn refill_at(taken: Instant, fork_took: Duration) -> Instant {
    taken + (fork_took * REFILL_FORKS).clamp(REFILL_LEAST, REFILL_MOST)
}

/// A [`Backend`] that forks a zygote ahead of demand. Dropping it kills the children that are ready and lets
/// the zygote leave with those that have a run.
pub struct Pool {
    state: Arc<State>,
    keeper: AbortHandle,
}

struct State {
    settings: SandboxSettings,
    /// Children made ready at the same time, at most.
    forks_at_once: usize,
    ladder: Mutex<Ladder>,
    zygote: Mutex<Option<Arc<Zygote>>>,
    /// Zygotes that ended unasked and were replaced.
    zygotes_lost: AtomicU64,
    children: Mutex<Children>,
    /// Children were taken or somebody waits for one, or a child or zygote died: the keeper has something to do.
    changed: Notify,
}

#[derive(Default)]
struct Children {
    /// Ready, the oldest first. Empty while somebody waits.
    ready: VecDeque<Child>,
    /// Those who wait, in the order in which they came.
    waiting: VecDeque<oneshot::Sender<Child>>,
    /// When one was last taken.
    taken_at: Option<Instant>,
    /// What it took to make the last one ready.
    fork_took: Duration,
    /// There will be no more.
    closed: bool,
}

/// What the pool needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    /// So many children are to be under way.
    Children(usize),
    /// Some, but not before this.
    Later(Instant),
}

impl Pool {
    /// Starts the zygote and fills the pool; returns when the first child is ready.
    pub async fn launch(settings: SandboxSettings) -> Result<Self, ProcessError> {
        let state = Arc::new(State {
            ladder: Mutex::new(Ladder::new(settings.tuning.clone(), settings.cold)),
            settings,
            forks_at_once: FORKS_A_PROCESSOR * std::thread::available_parallelism().map_or(2, NonZero::get),
            zygote: Mutex::default(),
            zygotes_lost: AtomicU64::new(0),
            children: Mutex::default(),
            changed: Notify::new(),
        });
        let (first, first_ready) = oneshot::channel();
        let keeper = tokio::spawn(Keeper::new(state.clone(), first).run()).abort_handle();
        let pool = Self { state, keeper };
        match first_ready.await {
            Ok(Ok(())) => Ok(pool),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(given_up()),
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

fn given_up() -> ProcessError {
    ProcessError("the warm pool was given up".into())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that runs under these locks can panic half-way.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Backend for Pool {
    fn process(&self) -> BoxFuture<'_, Result<Process, ProcessError>> {
        Box::pin(async {
            loop {
                let mut child = match self.state.take() {
                    Taken::Child(child) => child,
                    Taken::Waits(child) => child.await.map_err(|_| given_up())?,
                    Taken::Closed => return Err(given_up()),
                };
                // One that died in the pool, or with its zygote, is nobody's run.
                if !child.is_over() {
                    return Ok(child.into());
                }
                self.state.process_failed(&child.exit(), child.rung());
            }
        })
    }

    fn replenish(&self) {
        self.state.changed.notify_one();
    }

    fn program_read(&self) {
        lock(&self.state.ladder).process_worked();
    }

    fn program_unread(&self, exit: &End, rung: u64) {
        self.state.process_failed(exit, rung);
    }

    fn health(&self) -> BackendHealth {
        let warm = lock(&self.state.children).ready.len();
        let zygotes_lost = self.state.zygotes_lost.load(Relaxed);
        let zygote = self.state.current();
        let tuning = zygote.as_ref().map_or(&[][..], |zygote| &zygote.tuning);
        let (tuning, cold) = {
            let ladder = lock(&self.state.ladder);
            let cold = ladder.cold_reason().map(|reason| format!("runs start cold: {reason}"));
            (ladder.reports(tuning), cold)
        };
        match zygote {
            Some(zygote) => BackendHealth {
                ok: true,
                fork: zygote.fork,
                warm,
                confinement: zygote.confinement.clone(),
                notes: zygote.notes.iter().cloned().chain(cold).collect(),
                engine: zygote.engine.clone(),
                tuning,
                zygotes_lost,
            },
            None => BackendHealth {
                ok: false,
                fork: ForkMode::Warm,
                warm,
                confinement: Vec::new(),
                notes: vec!["there is no zygote at the moment".into()],
                engine: String::new(),
                tuning,
                zygotes_lost,
            },
        }
    }
}

enum Taken {
    Child(Child),
    Waits(oneshot::Receiver<Child>),
    Closed,
}

impl State {
    /// A child, or a place among those who wait for one.
    fn take(&self) -> Taken {
        let mut children = lock(&self.children);
        let taken = match children.ready.pop_front() {
            _ if children.closed => return Taken::Closed,
            Some(child) => {
                children.taken_at = Some(Instant::now());
                Taken::Child(child)
            }
            None => {
                let (sender, receiver) = oneshot::channel();
                children.waiting.push_back(sender);
                Taken::Waits(receiver)
            }
        };
        // The keeper is told of a child of which the pool has enough when its run is under way, or over: to wake it takes
        // time, just when the visitor waits.
        let is_delayed = self.settings.tuning.has(Step::DelayedRefill);
        let is_enough = is_delayed && matches!(taken, Taken::Child(_)) && self.is_enough(&children);
        drop(children);
        if !is_enough {
            self.changed.notify_one();
        }
        taken
    }

    /// Gives a child, and what it took to make it, to the first who waits, else to the pool.
    fn give(&self, mut child: Child, took: Duration) {
        let mut children = lock(&self.children);
        children.fork_took = took;
        while let Some(waiting) = children.waiting.pop_front() {
            match waiting.send(child) {
                Ok(()) => return,
                // It has left meanwhile.
                Err(back) => child = back,
            }
        }
        children.ready.push_back(child);
    }

    /// How many children are to be under way: as many as are missing, as far as the processors go
    /// ([`FORKS_A_PROCESSOR`]).
    fn need(&self) -> Need {
        let size = self.size();
        let mut children = lock(&self.children);
        children.waiting.retain(|waiting| !waiting.is_closed());
        let mut exits = Vec::new();
        children.ready.retain_mut(|child| {
            let is_over = child.is_over();
            if is_over {
                exits.push((child.exit(), child.rung()));
            }
            !is_over
        });
        for (exit, rung) in exits {
            if lock(&self.ladder).process_failed(&exit, rung) == Verdict::RungLeft {
                self.leave_zygote(&mut children);
            }
        }
        let (ready, waiting) = (children.ready.len(), children.waiting.len());
        let due =
            children.taken_at.map(|at| refill_at(at, children.fork_took)).filter(|due| *due > Instant::now());
        match due {
            Some(due)
                if waiting == 0
                    && ready < size
                    && self.is_enough(&children)
                    && self.settings.tuning.has(Step::DelayedRefill) =>
            {
                Need::Later(due)
            }
            _ => Need::Children((size + waiting).saturating_sub(ready).min(self.forks_at_once)),
        }
    }

    /// A process died before it had read a program. If that leaves a rung of the ladder, all that was made on it goes.
    fn process_failed(&self, exit: &End, rung: u64) -> Verdict {
        let verdict = lock(&self.ladder).process_failed(exit, rung);
        if verdict == Verdict::RungLeft {
            self.leave_zygote(&mut lock(&self.children));
        }
        self.changed.notify_one();
        verdict
    }

    /// Drops the zygote and the children that are ready. Runs that are under way go on.
    fn leave_zygote(&self, children: &mut Children) {
        children.ready.clear();
        *lock(&self.zygote) = None;
    }

    /// How many children are to be ready.
    fn size(&self) -> usize {
        self.settings.warm_children.max(1)
    }

    /// Whether so many are ready that making more can wait.
    fn is_enough(&self, children: &Children) -> bool {
        children.ready.len() * 2 >= self.size()
    }

    fn current(&self) -> Option<Arc<Zygote>> {
        let zygote = lock(&self.zygote).clone();
        zygote.filter(|zygote| !zygote.is_dead())
    }
}

/// Keeps the pool full, and a zygote to fill it from.
struct Keeper {
    state: Arc<State>,
    /// Told when the first child is ready, or why there is none.
    first: Option<oneshot::Sender<Result<(), ProcessError>>>,
    /// The zygote that is being launched, if one is.
    launches: JoinSet<Result<Arc<Zygote>, LaunchFailure>>,
    /// The children that are being forked.
    forks: JoinSet<Result<(Child, Duration), ChildFailure>>,
    retry: Duration,
    /// Nothing is tried before this, after a failure.
    retry_at: Option<Instant>,
    /// When the pool is to be filled, if it is to be and not at once.
    refill_at: Option<Instant>,
    /// What the first zygote could not set up is in the log.
    has_said: bool,
}

/// Logs what a zygote could not set up.
fn say(zygote: &Zygote, settings: &SandboxSettings) {
    if zygote.fork == ForkMode::Cold && !settings.cold {
        tracing::warn!(notes = ?zygote.notes, "runs start cold here");
    } else if !zygote.notes.is_empty() {
        tracing::warn!(notes = ?zygote.notes, "the zygote could not set up everything");
    }
    if settings.confinement == ConfinementPolicy::Off {
        tracing::warn!("runs are not confined (the setting sandbox.confinement): for trusted programs only");
    }
    for (layer, reason) in zygote.missing() {
        tracing::warn!(layer, reason, "a layer of the confinement can't be had here");
    }
}

/// Logs the steps that make runs faster, and why some are not in effect, in one line.
fn say_tuning(reports: &[StepReport]) {
    let mut applied = Vec::new();
    let mut skipped = Vec::new();
    for StepReport { step, state } in reports {
        match state {
            StepState::Applied => applied.push(step.name()),
            StepState::Skipped { reason } => skipped.push(format!("{step} ({reason})")),
            StepState::Off => {}
        }
    }
    let (applied, skipped) = (applied.join(", "), skipped.join(", "));
    tracing::info!(applied, skipped, "tuning");
}

enum Happened {
    Changed,
    RetryIsDue,
    RefillIsDue,
    Launched(Result<Result<Arc<Zygote>, LaunchFailure>, JoinError>),
    Forked(Result<Result<(Child, Duration), ChildFailure>, JoinError>),
}

impl Keeper {
    fn new(state: Arc<State>, first: oneshot::Sender<Result<(), ProcessError>>) -> Self {
        Self {
            state,
            first: Some(first),
            launches: JoinSet::new(),
            forks: JoinSet::new(),
            retry: RETRY_FIRST,
            retry_at: None,
            refill_at: None,
            has_said: false,
        }
    }

    async fn run(mut self) {
        loop {
            self.make_what_is_missing();
            let happened = tokio::select! {
                () = self.state.changed.notified() => Happened::Changed,
                () = sleep_until(self.retry_at.unwrap_or_else(Instant::now)), if self.retry_at.is_some() => {
                    Happened::RetryIsDue
                }
                () = sleep_until(self.refill_at.unwrap_or_else(Instant::now)), if self.refill_at.is_some() => {
                    Happened::RefillIsDue
                }
                Some(launched) = self.launches.join_next() => Happened::Launched(launched),
                Some(forked) = self.forks.join_next() => Happened::Forked(forked),
            };
            let failure = match happened {
                Happened::Changed | Happened::RefillIsDue => None,
                Happened::RetryIsDue => {
                    self.retry_at = None;
                    None
                }
                Happened::Launched(Ok(Ok(zygote))) => {
                    self.launched(zygote);
                    None
                }
                Happened::Forked(Ok(Ok((child, took)))) => {
                    let zygote = self.state.current();
                    metrics::child_ready(zygote.is_some_and(|zygote| zygote.fork == ForkMode::Warm));
                    self.state.give(child, took);
                    self.retry = RETRY_FIRST;
                    if let Some(first) = self.first.take() {
                        let _ = first.send(Ok(()));
                    }
                    None
                }
                Happened::Launched(Ok(Err(LaunchFailure { step, error }))) => {
                    if lock(&self.state.ladder).zygote_failed(step, &error.0) {
                        // Another rung is tried at once.
                        continue;
                    }
                    Some(error)
                }
                Happened::Forked(Ok(Err(ChildFailure::Other(error)))) => Some(error),
                Happened::Forked(Ok(Err(ChildFailure::Died(exit, rung)))) => {
                    let error = ProcessError(format!("a process died before it was ready: {exit}"));
                    match self.state.process_failed(&exit, rung) {
                        // Another rung is tried at once.
                        Verdict::RungLeft => continue,
                        Verdict::Counted => {
                            self.failed(&error);
                            continue;
                        }
                        Verdict::Ignored | Verdict::Bottom => Some(error),
                    }
                }
                Happened::Launched(Err(error)) | Happened::Forked(Err(error)) => {
                    Some(ProcessError(error.to_string()))
                }
            };
            if let Some(error) = failure {
                if let Some(first) = self.first.take() {
                    let _ = first.send(Err(error));
                    return;
                }
                self.failed(&error);
            }
        }
    }

    fn make_what_is_missing(&mut self) {
        let missing = match self.state.need() {
            Need::Children(missing) => {
                self.refill_at = None;
                missing
            }
            Need::Later(at) => {
                self.refill_at = Some(at);
                0
            }
        };
        if self.retry_at.is_some() {
            return;
        }
        let settings = &self.state.settings;
        let zygote = self.state.current();
        if self.launches.is_empty() && zygote.as_ref().is_none_or(|zygote| zygote.is_worn(settings)) {
            let state = self.state.clone();
            let plan = lock(&state.ladder).plan();
            self.launches.spawn(async move {
                let told = state.clone();
                Zygote::launch(&state.settings, &plan, move || told.changed.notify_one()).await
            });
        }
        // A worn zygote forks until its successor is ready, so there is no gap.
        let Some(zygote) = zygote else { return };
        for _ in self.forks.len()..missing {
            let (zygote, timeout) = (zygote.clone(), settings.ready_timeout);
            self.forks.spawn(async move {
                let begun = Instant::now();
                zygote.child(timeout).await.map(|child| (child, begun.elapsed()))
            });
        }
    }

    fn launched(&mut self, zygote: Arc<Zygote>) {
        let reports = {
            let mut ladder = lock(&self.state.ladder);
            if zygote.rung != ladder.rung() {
                // That rung was left in the meantime.
                return;
            }
            ladder.zygote_ready();
            ladder.reports(&zygote.tuning)
        };
        metrics::tuning(&reports);
        // Those that follow are as the first: what it could not set up is said once.
        if !std::mem::replace(&mut self.has_said, true) {
            say(&zygote, &self.state.settings);
            say_tuning(&reports);
        }
        metrics::zygote_ready();
        tracing::debug!(fork = ?zygote.fork, engine = zygote.engine, "a zygote is ready");
        // The one before retires when the last fork that was asked of it is done.
        let before = lock(&self.state.zygote).replace(zygote);
        if before.is_some_and(|before| before.is_dead()) {
            self.state.zygotes_lost.fetch_add(1, Relaxed);
        }
    }

    fn failed(&mut self, error: &ProcessError) {
        tracing::warn!(%error, "no child for the warm pool");
        // What fails together is one failure.
        if self.retry_at.is_none() {
            self.retry_at = Some(Instant::now() + self.retry);
            self.retry = (self.retry * 2).min(RETRY_MOST);
        }
    }
}

impl Drop for Keeper {
    /// Whatever ends the keeper: nobody waits for what will never come.
    fn drop(&mut self) {
        let mut children = lock(&self.state.children);
        children.closed = true;
        let left = (std::mem::take(&mut children.ready), std::mem::take(&mut children.waiting));
        drop(children);
        drop(left);
        *lock(&self.state.zygote) = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longer_a_fork_takes_the_longer_it_waits_for_the_run_before_it() {
        let taken = Instant::now();
        let waits = |fork_ms| refill_at(taken, Duration::from_millis(fork_ms)) - taken;
        assert_eq!([0, 1, 10, 1_000].map(waits), [3, 3, 20, 100].map(Duration::from_millis));
    }
}
