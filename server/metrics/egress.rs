//! What was asked of each host that programs may reach.

use std::array;
use std::sync::OnceLock;
use std::time::Instant;

use prometheus::{Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts};

use super::{FETCH_ENDS, FetchEnd, METRICS, Maker};

/// The upper ends of the buckets of times, in seconds. Few, as each host has its own.
const TIMES: [f64; 4] = [0.05, 0.25, 1.0, 5.0];
/// How a request can have ended that went to a host: not by being blocked, but by nobody waiting for it any more.
const ENDS: [&str; FETCH_ENDS.len()] = {
    let mut ends = FETCH_ENDS;
    ends[FetchEnd::Blocked as usize] = "abandoned";
    ends
};

/// Those of all hosts.
pub(super) struct Hosts {
    requests: IntCounterVec,
    seconds: HistogramVec,
    bytes: IntCounterVec,
}

impl Hosts {
    pub(super) fn new(make: &Maker) -> Self {
        Self {
            requests: make.keep(IntCounterVec::new(
                Opts::new("mayfly_egress_host_requests_total", "Requests that went to a host."),
                &["host", "result"],
            )),
            seconds: make.keep(HistogramVec::new(
                HistogramOpts::new(
                    "mayfly_egress_host_seconds",
                    "From a request's turn to the end of its response.",
                )
                .buckets(TIMES.into()),
                &["host"],
            )),
            bytes: make.keep(IntCounterVec::new(
                Opts::new("mayfly_egress_host_bytes_total", "Bytes of bodies, those received once decoded."),
                &["host", "direction"],
            )),
        }
    }
}

/// Counters of one host. Who makes them sees to it that hosts are few.
#[derive(Clone, Debug)]
pub struct Host {
    requests: [IntCounter; ENDS.len()],
    seconds: Histogram,
    sent: IntCounter,
    received: IntCounter,
}

impl Host {
    /// Those of the host that is called so.
    pub fn named(host: &str) -> Self {
        let all = &METRICS.hosts;
        Self {
            requests: array::from_fn(|end| all.requests.with_label_values(&[host, ENDS[end]])),
            seconds: all.seconds.with_label_values(&[host]),
            sent: all.bytes.with_label_values(&[host, "sent"]),
            received: all.bytes.with_label_values(&[host, "received"]),
        }
    }

    /// Bytes of a request's body were sent.
    pub fn sent(&self, bytes: u64) {
        self.sent.inc_by(bytes);
    }

    /// A request goes to this host now.
    pub fn asked(&self) -> HostRequest {
        HostRequest { host: self.clone(), began: Instant::now(), end: OnceLock::new() }
    }
}

/// A request that goes to a host. Dropped before its end was told, it is counted as one that nobody waited for.
#[derive(Debug)]
pub struct HostRequest {
    host: Host,
    began: Instant,
    end: OnceLock<FetchEnd>,
}

impl HostRequest {
    /// Its host's counters.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// Bytes of its response were received.
    pub fn received(&self, bytes: u64) {
        self.host.received.inc_by(bytes);
    }

    /// It ended like this. Only the first end counts.
    pub fn ended(&self, end: FetchEnd) {
        let _ = self.end.set(end);
    }
}

impl Drop for HostRequest {
    fn drop(&mut self) {
        // `Blocked` can't be its end; its place stands for having been abandoned.
        let end = self.end.get().copied().unwrap_or(FetchEnd::Blocked);
        self.host.requests[end as usize].inc();
        self.host.seconds.observe(self.began.elapsed().as_secs_f64());
    }
}
