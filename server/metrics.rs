//! What is counted and measured for `/metrics`, in Prometheus' format.
//!
//! Counters belong to the process, not to a server: there is one server in it. All that a run touches is a handful of
//! atomic numbers that were made beforehand; no lock is taken for it. No label has a value that a visitor can choose:
//! each is a word from this program, or a host that the operator lets programs reach, of which so many are named and
//! no more. So the number of series is bounded.

use std::array;
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use prometheus::{Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts};
use prometheus::{Registry, TextEncoder, core::Collector};

use crate::protocol::browser::{Outcome, RejectReason};

mod egress;
mod process;

pub use egress::{Host, HostRequest};

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
const STORE_CALLS: [&str; 6] = ["create", "find", "revise", "delete", "purge", "size"];

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

struct Metrics {
    registry: Registry,
    runs: [IntCounter; OUTCOMES.len()],
    run_seconds: Histogram,
    first_output_seconds: Histogram,
    rejected: [IntCounter; REASONS.len()],
    rate_limited: IntCounter,
    zygotes: IntCounter,
    /// Cold and warm.
    forks: [IntCounter; 2],
    fetches: [IntCounter; FETCH_ENDS.len()],
    hosts: egress::Hosts,
    store_seconds: [Histogram; STORE_CALLS.len()],
    store_errors: [IntCounter; STORE_CALLS.len()],
    requests: IntCounterVec,
    websockets: IntGauge,
    open_runs: IntGauge,
    queue_length: IntGauge,
    warm_children: IntGauge,
    connections: IntGauge,
}

static METRICS: LazyLock<Metrics> = LazyLock::new(Metrics::new);

/// Makes collectors and tells the registry of them. Their names are written below, once each: none can be wrong.
struct Maker(Registry);

impl Maker {
    fn keep<T: Collector + Clone + 'static>(&self, made: prometheus::Result<T>) -> T {
        let made = made.expect("a metric's name is right");
        self.0.register(Box::new(made.clone())).expect("a metric's name is its own");
        made
    }

    fn counter(&self, name: &str, help: &str) -> IntCounter {
        self.keep(IntCounter::new(name, help))
    }

    fn counters<const N: usize>(
        &self,
        name: &str,
        help: &str,
        label: &str,
        values: [&str; N],
    ) -> [IntCounter; N] {
        let all = self.keep(IntCounterVec::new(Opts::new(name, help), &[label]));
        array::from_fn(|at| all.with_label_values(&[values[at]]))
    }

    fn gauge(&self, name: &str, help: &str) -> IntGauge {
        self.keep(IntGauge::new(name, help))
    }

    fn times(&self, name: &str, help: &str) -> Histogram {
        self.keep(Histogram::with_opts(HistogramOpts::new(name, help).buckets(TIMES.into())))
    }
}

impl Metrics {
    fn new() -> Self {
        let make = Maker(Registry::new());
        let build = make.keep(prometheus::IntGaugeVec::new(
            Opts::new("mayfly_build_info", "Which Mayfly this is; always 1."),
            &["version"],
        ));
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        let store_seconds = make.keep(HistogramVec::new(
            HistogramOpts::new("mayfly_store_seconds", "What the store took for an answer.")
                .buckets(TIMES.into()),
            &["call"],
        ));
        Self {
            runs: make.counters("mayfly_runs_total", "Runs that have ended.", "outcome", OUTCOMES),
            run_seconds: make
                .times("mayfly_run_seconds", "From the acceptance of a run to its end, waiting included."),
            first_output_seconds: make.times(
                "mayfly_first_output_seconds",
                "From the acceptance of a run to its first console event.",
            ),
            rejected: make.counters(
                "mayfly_rejected_total",
                "Runs, stops and answers that were turned down.",
                "reason",
                REASONS,
            ),
            rate_limited: make.counter(
                "mayfly_rate_limited_total",
                "Times that a client came sooner than its rate allows.",
            ),
            zygotes: make.counter("mayfly_zygotes_total", "Zygotes that became ready."),
            forks: make.counters(
                "mayfly_forks_total",
                "Processes for runs that became ready.",
                "start",
                ["cold", "warm"],
            ),
            fetches: make.counters(
                "mayfly_egress_requests_total",
                "Requests that programs made by fetch.",
                "result",
                FETCH_ENDS,
            ),
            hosts: egress::Hosts::new(&make),
            store_seconds: array::from_fn(|at| store_seconds.with_label_values(&[STORE_CALLS[at]])),
            store_errors: make.counters(
                "mayfly_store_errors_total",
                "Times that the store did not answer as it should.",
                "call",
                STORE_CALLS,
            ),
            requests: make.keep(IntCounterVec::new(
                Opts::new("mayfly_http_requests_total", "Requests that were answered."),
                &["route", "status"],
            )),
            websockets: make.gauge("mayfly_websockets", "Open WebSockets."),
            open_runs: make.gauge("mayfly_open_runs", "Runs that have a process."),
            queue_length: make.gauge("mayfly_queue_length", "Runs that wait for a place."),
            warm_children: make.gauge("mayfly_warm_children", "Processes that wait ready for a run."),
            connections: make.gauge("mayfly_connections", "Open connections."),
            registry: make.0,
        }
    }
}

/// A run that was accepted. Dropped before its end was told, it is counted as one that nobody waited for.
#[derive(Debug)]
pub struct Run {
    accepted: Instant,
    has_said: AtomicBool,
    is_over: AtomicBool,
}

impl Run {
    /// One that is accepted now.
    pub fn accepted() -> Self {
        Self { accepted: Instant::now(), has_said: AtomicBool::new(false), is_over: AtomicBool::new(false) }
    }

    /// It has said something. Only the first time counts.
    pub fn said_something(&self) {
        if !self.has_said.swap(true, Relaxed) {
            METRICS.first_output_seconds.observe(self.accepted.elapsed().as_secs_f64());
        }
    }

    /// It ended like this. Only the first end counts.
    pub fn ended(&self, outcome: Outcome) {
        self.count(outcome_number(outcome));
    }

    fn count(&self, outcome: usize) {
        if !self.is_over.swap(true, Relaxed) {
            METRICS.runs[outcome].inc();
            METRICS.run_seconds.observe(self.accepted.elapsed().as_secs_f64());
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
        static KNOWN: RefCell<HashMap<(Option<String>, u16), IntCounter>> = RefCell::default();
    }
    KNOWN.with_borrow_mut(|known| {
        let key = (route, status);
        if let Some(counter) = known.get(&key) {
            return counter.inc();
        }
        let route = key.0.as_deref().unwrap_or("none");
        let counter = METRICS.requests.with_label_values(&[route, &status.to_string()]);
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

/// All of it, as Prometheus reads it.
pub fn text(now: Now) -> String {
    let Now { open_runs, queued_runs, warm_children, connections } = now;
    let number = |it: usize| i64::try_from(it).unwrap_or(i64::MAX);
    METRICS.open_runs.set(number(open_runs));
    METRICS.queue_length.set(number(queued_runs));
    METRICS.warm_children.set(number(warm_children));
    METRICS.connections.set(number(connections));
    let mut text = TextEncoder::new().encode_to_string(&METRICS.registry.gather()).unwrap_or_else(|error| {
        tracing::error!(%error, "the metrics can't be written");
        String::new()
    });
    process::append(&mut text);
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
        let run = Run::accepted();
        run.said_something();
        run.said_something();
        run.ended(Outcome::TimedOut);
        run.ended(Outcome::Completed);
        drop(run);
        drop(Run::accepted());
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
            ("mayfly_egress_host_bytes_total{direction=\"sent\",host=\"api.example.com\"}", 7.0),
            ("mayfly_egress_host_bytes_total{direction=\"received\",host=\"api.example.com\"}", 9.0),
            ("mayfly_egress_host_seconds_count{host=\"api.example.com\"}", 2.0),
            ("mayfly_forks_total{start=\"warm\"}", 1.0),
            ("mayfly_forks_total{start=\"cold\"}", 0.0),
            ("mayfly_store_errors_total{call=\"purge\"}", 1.0),
            ("mayfly_store_seconds_count{call=\"purge\"}", 1.0),
            ("mayfly_http_requests_total{route=\"/s/{name}\",status=\"404\"}", 2.0),
            ("mayfly_http_requests_total{route=\"none\",status=\"404\"}", 1.0),
            ("mayfly_websockets", 1.0),
        ] {
            assert_eq!(value(&after, series), expected, "{series}");
        }
        drop(socket);
        assert_eq!(value(&now(), "mayfly_websockets"), 0.0);
        assert!(
            value(&after, "process_resident_memory_bytes") > 1e6 && value(&after, "process_open_fds") >= 3.0
        );
    }
}
