//! What was asked of each host that programs may reach.

use std::sync::OnceLock;
use std::time::Instant;

use prometheus_client::metrics::{counter::Counter, family::Family, histogram::Histogram};

use super::{FETCH_ENDS, FetchEnd, Label, Labels, METRICS, Maker};

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
    requests: Family<Labels, Counter>,
    seconds: Family<Label, Histogram>,
    bytes: Family<Labels, Counter>,
}

impl Hosts {
    pub(super) fn new(make: &mut Maker) -> Self {
        Self {
            requests: make.keep(
                "mayfly_egress_host_requests",
                "Requests that went to a host.",
                Family::default(),
            ),
            seconds: make.keep(
                "mayfly_egress_host_seconds",
                "From a request's turn to the end of its response.",
                Family::new_with_constructor(|| Histogram::new(TIMES)),
            ),
            bytes: make.keep(
                "mayfly_egress_host_bytes",
                "Bytes of bodies, those received once decoded.",
                Family::default(),
            ),
        }
    }
}

/// Counters of one host. Who makes them sees to it that hosts are few.
#[derive(Clone, Debug)]
pub struct Host {
    requests: [Counter; ENDS.len()],
    seconds: Histogram,
    sent: Counter,
    received: Counter,
}

impl Host {
    /// Those of the host that is called so.
    pub fn named(host: &str) -> Self {
        let all = &METRICS.hosts;
        let host = || ("host", host.to_owned().into());
        let bytes = |direction: &'static str| {
            all.bytes.get_or_create_owned(&[host(), ("direction", direction.into())])
        };
        Self {
            requests: ENDS.map(|end| all.requests.get_or_create_owned(&[host(), ("result", end.into())])),
            seconds: all.seconds.get_or_create_owned(&[host()]),
            sent: bytes("sent"),
            received: bytes("received"),
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
