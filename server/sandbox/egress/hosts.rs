//! Counters for each host, of which there are no more than so many.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Hosts that are counted by name; further ones are counted together.
const MOST: usize = 256;
/// Stands for the hosts that are not counted by name. No host is called so.
const OTHERS: &str = "(others)";

/// What was asked of a host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HostCounters {
    /// Requests that were sent.
    pub requests: u64,
    /// Requests that got no response, or not all of it.
    pub failed: u64,
    /// Bytes of request bodies.
    pub sent_bytes: u64,
    /// Bytes of response bodies, decoded.
    pub received_bytes: u64,
}

/// See the [module](self).
#[derive(Default)]
pub struct Hosts(Mutex<BTreeMap<String, HostCounters>>);

impl Hosts {
    fn counters(&self) -> MutexGuard<'_, BTreeMap<String, HostCounters>> {
        // Nothing that runs under the lock panics.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts something of `host`.
    pub fn count(&self, host: &str, count: impl FnOnce(&mut HostCounters)) {
        let mut counters = self.counters();
        let is_full = counters.len() >= MOST && !counters.contains_key(host);
        let name = if is_full { OTHERS } else { host };
        count(counters.entry(name.to_owned()).or_default());
    }

    /// All counters, by host.
    pub fn snapshot(&self) -> Vec<(String, HostCounters)> {
        self.counters().iter().map(|(host, counters)| (host.clone(), *counters)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_hosts_is_bounded_and_none_is_lost() {
        let hosts = Hosts::default();
        for host in 0..1_000 {
            hosts.count(&format!("h{host}.example"), |counters| counters.requests += 1);
        }
        hosts.count("h0.example", |counters| counters.failed += 1);
        let snapshot = hosts.snapshot();
        assert_eq!(snapshot.len(), MOST + 1);
        assert_eq!(snapshot.iter().map(|(_, counters)| counters.requests).sum::<u64>(), 1_000);
        let first = snapshot.iter().find(|(host, _)| host == "h0.example").unwrap();
        assert_eq!(first.1, HostCounters { requests: 1, failed: 1, ..HostCounters::default() });
    }
}
