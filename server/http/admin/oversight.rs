//! What goes on, for the operator: runs that are open, what went wrong in others, and who uses how much.
//!
//! All of it is this server's own, in memory and bounded: runs by their places and the queue for one, everything else
//! by the tables below, which let go of what was not seen for longest. What a run costs here is a lock, three times, for
//! as long as it takes to add one to a number.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use arc_swap::ArcSwap;
use uuid::Uuid;

use super::super::rate::{RateLimit, RateLimited};
use super::access;
use super::attestation::Attestations;
use super::recent::Recent;
use super::rulings::Rulings;
use crate::protocol::browser::{Outcome, RejectReason, RunReport};
use crate::sandbox::{ClientKey, Rejection, Run, RunEvents, SandboxHealth, Sender, Watcher};
use crate::session::{OpenRun, Runs};
use crate::snippets::{Order, OrderKind, Timestamp};

/// How many different mistakes are remembered.
const MISTAKES: usize = 500;
/// How many origins, keys and clients each.
const USERS: usize = 500;
/// How many origins are told of one mistake.
const ORIGINS_OF_MISTAKE: usize = 5;
/// The longest part of a visitor's text that is kept, in characters.
const TEXT_CHARS: usize = 200;
/// What a stopped run's visitor is told.
const STOPPED: &str = "The operator of this server stopped this run.";

/// A run that was accepted and is not over.
#[derive(Debug)]
pub struct Live {
    pub run_id: Uuid,
    pub client: ClientKey,
    pub sender: Sender,
    pub since: Timestamp,
    /// A process has the program.
    pub is_started: bool,
    /// The program has ended, and what is left is there to evaluate more.
    pub has_ended: bool,
    handle: Weak<Held>,
    /// Why it was told to stop, if it was.
    told: Option<String>,
}

type Held = Mutex<Box<dyn OpenRun>>;

/// How often something happened, and when last.
#[derive(Clone, Debug, Default)]
pub struct Hits {
    pub count: u64,
    pub last: Option<Timestamp>,
    pub run_id: Option<Uuid>,
}

/// What went wrong in programs, so that what is alike is one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Mistake {
    pub name: String,
    pub message: String,
    pub snippet: Option<String>,
}

/// How often it did.
#[derive(Clone, Debug, Default)]
pub struct Cluster {
    pub hits: Hits,
    pub first: Option<Timestamp>,
    pub origins: Vec<String>,
}

/// What somebody has used.
#[derive(Clone, Debug, Default)]
pub struct Use {
    pub runs: u64,
    pub failed: u64,
    /// Runs that were over a limit.
    pub limited: u64,
    /// Runs that were not accepted.
    pub turned_away: u64,
    pub cpu_ms: u64,
    pub last: Option<Timestamp>,
}

/// What the operator is told.
pub struct Known {
    pub live: HashMap<u64, Live>,
    pub limits: BTreeMap<&'static str, Hits>,
    pub mistakes: Recent<Mistake, Cluster>,
    pub origins: Recent<String, Use>,
    pub keys: Recent<u64, Use>,
    pub clients: Recent<ClientKey, Use>,
}

/// See the [module](self).
pub struct Overseer {
    /// Names this server, among others that share its store.
    pub id: Uuid,
    /// Since when it serves.
    pub since: Timestamp,
    known: Mutex<Known>,
    next: AtomicU64,
    rulings: ArcSwap<Rulings>,
    tries: RateLimit,
    /// The last report of `mayfly attest`.
    pub attestations: Attestations,
    /// Orders for this server that it has followed.
    followed: Mutex<HashSet<Uuid>>,
}

impl Overseer {
    /// Nothing is known and nothing ordered.
    pub fn new() -> Self {
        let known = Known {
            live: HashMap::new(),
            limits: BTreeMap::new(),
            mistakes: Recent::new(MISTAKES),
            origins: Recent::new(USERS),
            keys: Recent::new(USERS),
            clients: Recent::new(USERS),
        };
        Self {
            id: Uuid::new_v4(),
            attestations: Attestations::default(),
            since: Timestamp::now(),
            known: Mutex::new(known),
            next: AtomicU64::new(0),
            rulings: ArcSwap::default(),
            tries: access::tries(),
            followed: Mutex::default(),
        }
    }

    /// What is known now. Nobody can start or end a run meanwhile.
    pub fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was ordered.
    pub fn rulings(&self) -> arc_swap::Guard<Arc<Rulings>> {
        self.rulings.load()
    }

    /// How often each client may try keys.
    pub fn tries(&self) -> &RateLimit {
        &self.tries
    }

    /// From now on, these orders hold, for runs that are under way as well. What those for this very server (to drain, to
    /// take clients again) come to, if there is a new one.
    pub fn rule(&self, orders: Vec<Order>) -> Option<bool> {
        let mut followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        let own = self.id.to_string();
        let for_server = orders
            .iter()
            .find(|order| matches!(order.kind, OrderKind::Drain | OrderKind::Resume) && order.value == own);
        let drains = for_server
            .filter(|order| !followed.contains(&order.id))
            .map(|order| order.kind == OrderKind::Drain);
        *followed = orders.iter().filter(|order| order.value == own).map(|order| order.id).collect();
        drop(followed);
        let to_stop: HashSet<Uuid> = orders
            .iter()
            .filter(|order| order.kind == OrderKind::Run)
            .filter_map(|order| order.value.parse().ok())
            .collect();
        self.rulings.store(Arc::new(Rulings::new(orders)));
        let (rulings, now) = (self.rulings(), Timestamp::now());
        self.stop(|run| {
            let is_named = to_stop.contains(&run.run_id).then(|| STOPPED.to_owned());
            is_named.or_else(|| rulings.refusal(&run.sender, now))
        });
        drains
    }

    /// Stops the runs of this id. Whether there was one.
    pub fn stop_run(&self, run_id: Uuid) -> bool {
        self.stop(|run| (run.run_id == run_id).then(|| STOPPED.to_owned())) > 0
    }

    /// Stops runs that there is a reason to stop for; their visitors are told it. How many there are.
    fn stop(&self, reason: impl Fn(&Live) -> Option<String>) -> usize {
        let mut count = 0;
        let mut handles = Vec::new();
        for run in self.known().live.values_mut() {
            let Some(reason) = reason(run) else { continue };
            count += 1;
            if run.told.is_none() {
                run.told = Some(reason);
                handles.push(run.handle.clone());
            }
        }
        // Not under the lock: to let go of the last handle ends a run, which is told here.
        for handle in handles {
            if let Some(handle) = handle.upgrade() {
                handle.lock().unwrap_or_else(PoisonError::into_inner).stop();
            }
        }
        count
    }

    /// Why nothing is taken from there, if so.
    ///
    /// # Errors
    /// For whoever sent it.
    pub fn admit(&self, sender: &Sender) -> Result<(), Rejection> {
        match self.rulings().refusal(sender, Timestamp::now()) {
            None => Ok(()),
            Some(message) => Err(Rejection { reason: RejectReason::Blocked, message, retry_after_ms: None }),
        }
    }

    fn opened(&self, run: &Run) -> u64 {
        let number = self.next.fetch_add(1, Relaxed);
        let live = Live {
            run_id: run.run_id,
            client: run.client,
            sender: run.sender.clone(),
            since: Timestamp::now(),
            is_started: false,
            has_ended: false,
            handle: Weak::new(),
            told: None,
        };
        self.known().live.insert(number, live);
        number
    }

    /// From here on, the run can be stopped.
    fn attach(&self, number: u64, handle: &Arc<Held>) {
        let mut known = self.known();
        let Some(live) = known.live.get_mut(&number) else { return };
        live.handle = Arc::downgrade(handle);
        let is_told = live.told.is_some();
        drop(known);
        if is_told {
            handle.lock().unwrap_or_else(PoisonError::into_inner).stop();
        }
    }

    fn turned_away(&self, run_id: Uuid, client: ClientKey, sender: &Sender, reason: RejectReason) {
        let mut known = self.known();
        if let Some(name) = limit_of_reason(reason) {
            known.hit(name, run_id);
        }
        known.used(client, sender, |it| it.turned_away += 1);
    }

    fn ended(&self, number: u64, report: &mut RunReport) {
        let mut known = self.known();
        let Some(live) = known.live.get_mut(&number) else { return };
        if std::mem::replace(&mut live.has_ended, true) {
            return;
        }
        let (run_id, client, sender) = (live.run_id, live.client, live.sender.clone());
        if let (Some(words), Outcome::Stopped, Some(error)) = (&live.told, report.outcome, &mut report.error)
        {
            error.message.clone_from(words);
        }
        let limit = limit_of_outcome(report.outcome);
        if let Some(name) = limit {
            known.hit(name, run_id);
        }
        let has_failed = matches!(report.outcome, Outcome::Failed | Outcome::Crashed);
        let cpu_ms = report.usage.cpu_ms;
        known.used(client, &sender, |it| {
            it.runs += 1;
            it.failed += u64::from(has_failed);
            it.limited += u64::from(limit.is_some());
            it.cpu_ms = it.cpu_ms.saturating_add(cpu_ms);
        });
        if let Some(error) = report.error.as_ref().filter(|_| has_failed || limit.is_some()) {
            let mistake = Mistake {
                name: short(&error.name),
                message: alike(&error.message),
                snippet: sender.snippet.clone(),
            };
            let now = Timestamp::now();
            let cluster = known.mistakes.seen(mistake);
            cluster.hits.hit(now, run_id);
            cluster.first.get_or_insert(now);
            for origin in sender.origins {
                if cluster.origins.len() < ORIGINS_OF_MISTAKE && !cluster.origins.contains(&origin) {
                    cluster.origins.push(origin);
                }
            }
        }
    }
}

impl Hits {
    fn hit(&mut self, now: Timestamp, run_id: Uuid) {
        *self = Self { count: self.count + 1, last: Some(now), run_id: Some(run_id) };
    }
}

impl Known {
    fn hit(&mut self, name: &'static str, run_id: Uuid) {
        self.limits.entry(name).or_default().hit(Timestamp::now(), run_id);
    }

    /// Counts something for all who are behind a run.
    fn used(&mut self, client: ClientKey, sender: &Sender, count: impl Fn(&mut Use)) {
        let now = Some(Timestamp::now());
        let count = |it: &mut Use| {
            count(it);
            it.last = now;
        };
        for origin in &sender.origins {
            count(self.origins.seen(short(origin)));
        }
        match client.key() {
            Some(number) => count(self.keys.seen(number)),
            None => count(self.clients.seen(client)),
        }
    }
}

/// What a limit is called that a run was over.
fn limit_of_outcome(outcome: Outcome) -> Option<&'static str> {
    match outcome {
        Outcome::TimedOut => Some("timed_out"),
        Outcome::CpuExceeded => Some("cpu_exceeded"),
        Outcome::MemoryExceeded => Some("memory_exceeded"),
        Outcome::OutputExceeded => Some("output_exceeded"),
        Outcome::Completed | Outcome::Failed | Outcome::Stopped | Outcome::Crashed => None,
    }
}

/// The same of one for which a run was not accepted.
fn limit_of_reason(reason: RejectReason) -> Option<&'static str> {
    match reason {
        RejectReason::Busy => Some("busy"),
        RejectReason::TooManyRuns => Some("too_many_runs"),
        RejectReason::RateLimited => Some("rate_limited"),
        RejectReason::Blocked => Some("blocked"),
        RejectReason::TooLarge
        | RejectReason::BadRequest
        | RejectReason::DuplicateRunId
        | RejectReason::UnknownRun
        | RejectReason::UnknownPrompt
        | RejectReason::TooManyEvaluations => None,
    }
}

/// The first line of a visitor's text, as far as it is kept.
fn short(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().filter(|it| !it.is_control()).take(TEXT_CHARS).collect()
}

/// The same of a message, with one sign for each number: what differs in nothing else is one mistake.
fn alike(message: &str) -> String {
    let mut alike = String::new();
    let mut in_number = false;
    for letter in short(message).chars() {
        let is_digit = letter.is_ascii_digit();
        if !is_digit {
            alike.push(letter);
        } else if !in_number {
            alike.push('#');
        }
        in_number = is_digit;
    }
    alike
}

/// Runs that the operator sees, can stop and can refuse.
pub struct Overseen {
    runs: Arc<RateLimited>,
    overseer: Arc<Overseer>,
}

impl Overseen {
    /// These.
    pub fn new(runs: Arc<RateLimited>, overseer: Arc<Overseer>) -> Self {
        Self { runs, overseer }
    }
}

impl Runs for Overseen {
    fn start(&self, mut run: Run) -> Result<(Box<dyn OpenRun>, RunEvents), Rejection> {
        let (run_id, client, sender) = (run.run_id, run.client, run.sender.clone());
        let number = self.overseer.opened(&run);
        run.watcher = Some(Box::new(Watch { overseer: self.overseer.clone(), number }));
        let started = match self.overseer.admit(&sender) {
            Ok(()) => self.runs.start(run),
            Err(rejection) => Err(rejection),
        };
        match started {
            Ok((handle, events)) => {
                let handle = Arc::new(Mutex::new(handle));
                self.overseer.attach(number, &handle);
                Ok((Box::new(Shared(handle)), events))
            }
            Err(rejection) => {
                self.overseer.turned_away(run_id, client, &sender, rejection.reason);
                Err(rejection)
            }
        }
    }

    fn health(&self) -> SandboxHealth {
        self.runs.health()
    }
}

/// A run's handle, of which the overseer has a weak one.
struct Shared(Arc<Held>);

impl Shared {
    fn held(&self) -> MutexGuard<'_, Box<dyn OpenRun>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OpenRun for Shared {
    fn stop(&self) {
        self.held().stop();
    }

    fn answer(&self, prompt_id: u32, value: Option<String>) {
        self.held().answer(prompt_id, value);
    }

    fn evaluate(&self, evaluation_id: u32, source: String) {
        self.held().evaluate(evaluation_id, source);
    }
}

/// Tells the overseer of one run; when it is dropped, that the run is over.
struct Watch {
    overseer: Arc<Overseer>,
    number: u64,
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.debug_tuple("Watch").field(&self.number).finish()
    }
}

impl Watcher for Watch {
    fn started(&self) {
        if let Some(live) = self.overseer.known().live.get_mut(&self.number) {
            live.is_started = true;
        }
    }

    fn displaced(&self) {
        let known = self.overseer.known();
        let live = known.live.get(&self.number);
        let Some((run_id, client, sender)) = live.map(|it| (it.run_id, it.client, it.sender.clone())) else {
            return;
        };
        drop(known);
        self.overseer.turned_away(run_id, client, &sender, RejectReason::Busy);
    }

    fn ended(&self, report: &mut RunReport) {
        self.overseer.ended(self.number, report);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let gone = self.overseer.known().live.remove(&self.number);
        drop(gone);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn messages_that_differ_in_numbers_only_are_one() {
        assert_eq!(alike("took 12.5 s\nat line 3"), "took #.# s");
        assert_eq!(alike("x\u{1b}[31m is not defined"), "x[#m is not defined");
        assert_eq!(alike(&"ä".repeat(1_000)).chars().count(), TEXT_CHARS);
    }

    proptest! {
        #[test]
        fn what_is_kept_of_a_text_is_short_and_one_line(text in ".*") {
            for kept in [short(&text), alike(&text)] {
                prop_assert!(kept.chars().count() <= TEXT_CHARS);
                prop_assert!(!kept.chars().any(char::is_control));
            }
        }
    }
}
