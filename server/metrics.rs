//! What is counted and measured for `/metrics`, in the format of [OpenMetrics 1.0], which Prometheus and its kin read.
//!
//! Counters belong to the process, not to a server: there is one server in it. All that a run touches is a handful of
//! numbers that were made beforehand, behind locks of their own that are held for as long as it takes to count. The
//! times of runs have exemplars: in each bucket the last run's id, by which it is found in the log. No label has a value that a visitor can choose:
//! each is a word from this program, or a host that the operator lets programs reach, of which so many are named and
//! no more. So the number of series is bounded.
//!
//! [OpenMetrics 1.0]: https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant, SystemTime};

use prometheus_client::encoding::text;
use prometheus_client::metrics::{
    counter::Counter, exemplar::HistogramWithExemplars, family::Family, gauge::Gauge, histogram::Histogram,
};
use prometheus_client::registry::{Metric, Registry};
use uuid::Uuid;

use crate::protocol::browser::{Outcome, RejectReason};
use crate::tuning::StepReport;

mod egress;
mod process;
mod store;

pub use egress::{Host, HostRequest};
pub use store::{Gone, gone, refused, store_size};

/// The upper ends of the buckets of times, in seconds: from what a warm process takes to what a run may last.
const TIMES: [f64; 14] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// How a run can have ended; the last is for one that nobody waited for any more.
const OUTCOMES: [&str; 9] = [
    "completed",
    "failed",
    "timed_out",
    "cpu_exceeded",
    "memory_exceeded",
    "output_exceeded",
    "stopped",
    "crashed",
    "abandoned",
];
const REASONS: [&str; 10] = [
    "bad_request",
    "too_large",
    "too_many_runs",
    "busy",
    "rate_limited",
    "duplicate_run_id",
    "unknown_run",
    "unknown_prompt",
    "too_many_evaluations",
    "blocked",
];
const FETCH_ENDS: [&str; 4] = ["done", "blocked", "refused", "failed"];
const STORE_CALLS: [&str; 8] = ["create", "find", "revise", "delete", "purge", "size", "opened", "evict"];

fn outcome_number(outcome: Outcome) -> usize {
    match outcome {
        Outcome::Completed => 0,
        Outcome::Failed => 1,
        Outcome::TimedOut => 2,
        Outcome::CpuExceeded => 3,
        Outcome::MemoryExceeded => 4,
        Outcome::OutputExceeded => 5,
        Outcome::Stopped => 6,
        Outcome::Crashed => 7,
    }
}

const ABANDONED: usize = OUTCOMES.len() - 1;

fn reason_number(reason: RejectReason) -> usize {
    match reason {
        RejectReason::BadRequest => 0,
        RejectReason::TooLarge => 1,
        RejectReason::TooManyRuns => 2,
        RejectReason::Busy => 3,
        RejectReason::RateLimited => 4,
        RejectReason::DuplicateRunId => 5,
        RejectReason::UnknownRun => 6,
        RejectReason::UnknownPrompt => 7,
        RejectReason::TooManyEvaluations => 8,
        RejectReason::Blocked => 9,
    }
}

/// How a request of a program's ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FetchEnd {
    /// It has its response.
    Done,
    /// The policy does not let it go there.
    Blocked,
    /// It was over a limit.
    Refused,
    /// It went wrong on the way.
    Failed,
}

impl FetchEnd {
    /// What it is called in metrics and traces.
    pub fn name(self) -> &'static str {
        FETCH_ENDS[self as usize]
    }
}

/// What a store was asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreCall {
    /// To keep something new.
    Create,
    /// To find something.
    Find,
    /// To keep a new version.
    Revise,
    /// To delete something.
    Delete,
    /// To delete what has expired.
    Purge,
    /// To say how much it holds.
    Size,
    /// To note that something was opened.
    Opened,
    /// To make room.
    Evict,
}

impl StoreCall {
    /// What it is called in a trace.
    pub fn span(self) -> String {
        format!("store {}", STORE_CALLS[self as usize])
    }
}

/// What is not counted but is so at the moment of asking.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// Runs that have a process.
    pub open_runs: usize,
    /// Runs that wait for a place.
    pub queued_runs: usize,
    /// Processes that wait ready for a run.
    pub warm_children: usize,
    /// Connections.
    pub connections: usize,
}

/// One label, and its value.
type Label = [(&'static str, Cow<'static, str>); 1];
/// Two labels, and their values.
type Labels = [(&'static str, Cow<'static, str>); 2];
/// What a bucket's exemplar is: the id of a run.
type RunId = [(&'static str, String); 1];

struct Metrics {
    registry: Registry,
    runs: [Counter; OUTCOMES.len()],
    run_seconds: HistogramWithExemplars<RunId>,
    first_output_seconds: HistogramWithExemplars<RunId>,
    rejected: [Counter; REASONS.len()],
    rate_limited: Counter,
    zygotes: Counter,
    tuning: Family<Labels, Gauge>,
    /// Cold and warm.
    forks: [Counter; 2],
    fetches: [Counter; FETCH_ENDS.len()],
    hosts: egress::Hosts,
    store: store::Store,
    store_seconds: [Histogram; STORE_CALLS.len()],
    store_errors: [Counter; STORE_CALLS.len()],
    requests: Family<Labels, Counter>,
    websockets: Gauge,
    open_runs: Gauge,
    queue_length: Gauge,
    warm_children: Gauge,
    connections: Gauge,
}

static METRICS: LazyLock<Metrics> = LazyLock::new(Metrics::new);

/// Makes metrics and tells the registry of them. Counters are called what they are written as, without `_total`.
struct Maker(Registry);

impl Maker {
    fn keep<T: Metric + Clone>(&mut self, name: &str, help: &str, made: T) -> T {
        // The point behind it is the registry's.
        self.0.register(name, help.trim_end_matches('.'), made.clone());
        made
    }

    fn counters<const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        label: &'static str,
        values: [&'static str; N],
    ) -> [Counter; N] {
        let all = self.keep(name, help, Family::<Label, Counter>::default());
        values.map(|value| all.get_or_create_owned(&[(label, value.into())]))
    }

    fn times(&mut self, name: &str, help: &str) -> HistogramWithExemplars<RunId> {
        self.keep(name, help, HistogramWithExemplars::new(TIMES.into_iter()))
    }
}

impl Metrics {
    fn new() -> Self {
        let make = &mut Maker(Registry::default());
        let build = make.keep(
            "mayfly_build_info",
            "Which Mayfly this is; always 1.",
            Family::<Label, Gauge>::default(),
        );
        build.get_or_create_owned(&[("version", env!("CARGO_PKG_VERSION").into())]).set(1);
        let store_seconds = make.keep(
            "mayfly_store_seconds",
            "What the store took for an answer.",
            Family::<Label, Histogram>::new_with_constructor(|| Histogram::new(TIMES)),
        );
        Self {
            runs: make.counters("mayfly_runs", "Runs that have ended.", "outcome", OUTCOMES),
            run_seconds: make
                .times("mayfly_run_seconds", "From the acceptance of a run to its end, waiting included."),
            first_output_seconds: make.times(
                "mayfly_first_output_seconds",
                "From the acceptance of a run to its first console event.",
            ),
            rejected: make.counters(
                "mayfly_rejected",
                "Runs, stops and answers that were turned down.",
                "reason",
                REASONS,
            ),
            rate_limited: make.keep(
                "mayfly_rate_limited",
                "Times that a client came sooner than its rate allows.",
                Counter::default(),
            ),
            zygotes: make.keep("mayfly_zygotes", "Zygotes that became ready.", Counter::default()),
            tuning: make.keep(
                "mayfly_tuning_step",
                "The state of each step that makes runs faster; 1 for the state that it is in.",
                Family::default(),
            ),
            forks: make.counters(
                "mayfly_forks",
                "Processes for runs that became ready.",
                "start",
                ["cold", "warm"],
            ),
            fetches: make.counters(
                "mayfly_egress_requests",
                "Requests that programs made by fetch.",
                "result",
                FETCH_ENDS,
            ),
            hosts: egress::Hosts::new(make),
            store: store::Store::new(make),
            store_seconds: STORE_CALLS
                .map(|call| store_seconds.get_or_create_owned(&[("call", call.into())])),
            store_errors: make.counters(
                "mayfly_store_errors",
                "Times that the store did not answer as it should.",
                "call",
                STORE_CALLS,
            ),
            requests: make.keep("mayfly_http_requests", "Requests that were answered.", Family::default()),
            websockets: make.keep("mayfly_websockets", "Open WebSockets.", Gauge::default()),
            open_runs: make.keep("mayfly_open_runs", "Runs that have a process.", Gauge::default()),
            queue_length: make.keep("mayfly_queue_length", "Runs that wait for a place.", Gauge::default()),
            warm_children: make.keep(
                "mayfly_warm_children",
                "Processes that wait ready for a run.",
                Gauge::default(),
            ),
            connections: make.keep("mayfly_connections", "Open connections.", Gauge::default()),
            registry: std::mem::take(&mut make.0),
        }
    }
}

/// A run that was accepted. Dropped before its end was told, it is counted as one that nobody waited for.
#[derive(Debug)]
pub struct Run {
    run_id: Uuid,
    accepted: Instant,
    has_said: AtomicBool,
    is_over: AtomicBool,
}

impl Run {
    /// One that is accepted now.
    pub fn accepted(run_id: Uuid) -> Self {
        let (has_said, is_over) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { run_id, accepted: Instant::now(), has_said, is_over }
    }

    /// How long it has lasted, and by whom that is known.
    fn observe(&self, times: &HistogramWithExemplars<RunId>) {
        let exemplar = [("run_id", self.run_id.to_string())];
        times.observe(self.accepted.elapsed().as_secs_f64(), Some(exemplar), Some(SystemTime::now()));
    }

    /// It has said something. Only the first time counts.
    pub fn said_something(&self) {
        if !self.has_said.swap(true, Relaxed) {
            self.observe(&METRICS.first_output_seconds);
        }
    }

    /// It ended like this. Only the first end counts.
    pub fn ended(&self, outcome: Outcome) {
        self.count(outcome_number(outcome));
    }

    fn count(&self, outcome: usize) {
        if !self.is_over.swap(true, Relaxed) {
            METRICS.runs[outcome].inc();
            self.observe(&METRICS.run_seconds);
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.count(ABANDONED);
    }
}

/// Something that a client asked for was turned down.
pub fn rejected(reason: RejectReason) {
    METRICS.rejected[reason_number(reason)].inc();
}

/// A client came sooner than its rate allows.
pub fn rate_limited() {
    METRICS.rate_limited.inc();
}

/// What became of each step that makes runs faster.
pub fn tuning(reports: &[StepReport]) {
    METRICS.tuning.clear();
    for StepReport { step, state } in reports {
        let labels = [("step", step.name().into()), ("state", state.name().into())];
        METRICS.tuning.get_or_create_owned(&labels).set(1);
    }
}

/// A zygote became ready.
pub fn zygote_ready() {
    METRICS.zygotes.inc();
}

/// A process for a run became ready.
pub fn child_ready(is_warm: bool) {
    METRICS.forks[usize::from(is_warm)].inc();
}

/// A request of a program's ended.
pub fn fetched(end: FetchEnd) {
    METRICS.fetches[end as usize].inc();
}

/// A store answered, or did not, after so long.
pub fn stored(call: StoreCall, took: Duration, is_well: bool) {
    METRICS.store_seconds[call as usize].observe(took.as_secs_f64());
    if !is_well {
        METRICS.store_errors[call as usize].inc();
    }
}

/// A request was answered. `route` is the pattern that its path was found by, if it was.
pub fn answered(route: Option<String>, status: u16) {
    // Each thread remembers the counters that it has used, so as to share nothing but the numbers.
    thread_local! {
        static KNOWN: RefCell<HashMap<(Option<String>, u16), Counter>> = RefCell::default();
    }
    KNOWN.with_borrow_mut(|known| {
        let key = (route, status);
        if let Some(counter) = known.get(&key) {
            counter.inc();
            return;
        }
        let route = key.0.clone().unwrap_or_else(|| "none".to_owned());
        let labels = [("route", route.into()), ("status", status.to_string().into())];
        let counter = METRICS.requests.get_or_create_owned(&labels);
        counter.inc();
        known.insert(key, counter);
    });
}

/// A WebSocket, until dropped.
#[derive(Debug)]
pub struct Socket(());

impl Socket {
    /// One that was opened now.
    pub fn opened() -> Self {
        METRICS.websockets.inc();
        Self(())
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        METRICS.websockets.dec();
    }
}

/// The media type of [`text`].
pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All of it.
pub fn text(now: Now) -> String {
    let Now { open_runs, queued_runs, warm_children, connections } = now;
    let number = |it: usize| i64::try_from(it).unwrap_or(i64::MAX);
    METRICS.open_runs.set(number(open_runs));
    METRICS.queue_length.set(number(queued_runs));
    METRICS.warm_children.set(number(warm_children));
    METRICS.connections.set(number(connections));
    let mut text = String::new();
    // Writing to a String can't fail.
    let _ = text::encode_registry(&mut text, &METRICS.registry);
    process::append(&mut text);
    let _ = text::encode_eof(&mut text);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str, series: &str) -> f64 {
        let line =
            text.lines().find(|line| line.strip_prefix(series).is_some_and(|rest| rest.starts_with(' ')));
        let line = line.unwrap_or_else(|| panic!("no {series} in {text}"));
        line.rsplit(' ').next().and_then(|value| value.parse().ok()).expect("a number")
    }

    fn now() -> String {
        text(Now { open_runs: 1, queued_runs: 2, warm_children: 3, connections: 4 })
    }

    // One test: the counters are the process's.
    #[test]
    fn what_happens_is_counted_once_and_nothing_else() {
        let before = now();
        for (series, expected) in [
            ("mayfly_open_runs", 1.0),
            ("mayfly_queue_length", 2.0),
            ("mayfly_warm_children", 3.0),
            ("mayfly_connections", 4.0),
        ] {
            assert_eq!(value(&before, series), expected);
        }
        for outcome in OUTCOMES {
            assert_eq!(
                value(&before, &format!("mayfly_runs_total{{outcome=\"{outcome}\"}}")),
                0.0,
                "all are there from the start"
            );
        }
        let run_id = Uuid::from_u128(7);
        let run = Run::accepted(run_id);
        run.said_something();
        run.said_something();
        run.ended(Outcome::TimedOut);
        run.ended(Outcome::Completed);
        drop(run);
        drop(Run::accepted(Uuid::nil()));
        rejected(RejectReason::Busy);
        fetched(FetchEnd::Blocked);
        let host = Host::named("api.example.com");
        let asked = host.asked();
        host.sent(7);
        asked.received(9);
        asked.ended(FetchEnd::Failed);
        asked.ended(FetchEnd::Done);
        drop((asked, host.asked()));
        child_ready(true);
        stored(StoreCall::Purge, Duration::from_millis(3), false);
        store_size(7, 9);
        gone(Gone::Evicted, 2);
        refused(1);
        answered(Some("/s/{name}".to_owned()), 404);
        answered(Some("/s/{name}".to_owned()), 404);
        answered(None, 404);
        let socket = Socket::opened();
        let after = now();
        for (series, expected) in [
            ("mayfly_runs_total{outcome=\"timed_out\"}", 1.0),
            ("mayfly_runs_total{outcome=\"completed\"}", 0.0),
            ("mayfly_runs_total{outcome=\"abandoned\"}", 1.0),
            ("mayfly_run_seconds_count", 2.0),
            ("mayfly_first_output_seconds_count", 1.0),
            ("mayfly_rejected_total{reason=\"busy\"}", 1.0),
            ("mayfly_egress_requests_total{result=\"blocked\"}", 1.0),
            ("mayfly_egress_host_requests_total{host=\"api.example.com\",result=\"failed\"}", 1.0),
            ("mayfly_egress_host_requests_total{host=\"api.example.com\",result=\"abandoned\"}", 1.0),
            ("mayfly_egress_host_requests_total{host=\"api.example.com\",result=\"done\"}", 0.0),
            ("mayfly_egress_host_bytes_total{host=\"api.example.com\",direction=\"sent\"}", 7.0),
            ("mayfly_egress_host_bytes_total{host=\"api.example.com\",direction=\"received\"}", 9.0),
            ("mayfly_egress_host_seconds_count{host=\"api.example.com\"}", 2.0),
            ("mayfly_forks_total{start=\"warm\"}", 1.0),
            ("mayfly_forks_total{start=\"cold\"}", 0.0),
            ("mayfly_store_errors_total{call=\"purge\"}", 1.0),
            ("mayfly_store_seconds_count{call=\"purge\"}", 1.0),
            ("mayfly_http_requests_total{route=\"/s/{name}\",status=\"404\"}", 2.0),
            ("mayfly_http_requests_total{route=\"none\",status=\"404\"}", 1.0),
            ("mayfly_store_bytes", 7.0),
            ("mayfly_store_limit_bytes", 9.0),
            ("mayfly_snippets_deleted_total{why=\"evicted\"}", 2.0),
            ("mayfly_snippets_deleted_total{why=\"unopened\"}", 0.0),
            ("mayfly_snippets_refused_total{full=\"network\"}", 1.0),
            ("mayfly_snippets_refused_total{full=\"client\"}", 0.0),
            ("mayfly_websockets", 1.0),
        ] {
            assert_eq!(value(&after, series), expected, "{series}");
        }
        assert!(after.ends_with("\n# EOF\n"), "{after}");
        let exemplar = format!("}} 1 # {{run_id=\"{run_id}\"}} ");
        let first = after.lines().filter(|line| line.starts_with("mayfly_first_output_seconds_bucket"));
        assert!(first.into_iter().any(|line| line.contains(&exemplar)), "{after}");
        drop(socket);
        assert_eq!(value(&now(), "mayfly_websockets"), 0.0);
        assert!(
            value(&after, "process_resident_memory_bytes") > 1e6 && value(&after, "process_open_fds") >= 3.0
        );
    }
}
