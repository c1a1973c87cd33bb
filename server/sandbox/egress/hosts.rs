//! Which hosts are counted by name.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::metrics;

/// Hosts that are counted by name though a rule names them only together with others; further ones are counted
/// together.
const MOST: usize = 100;
/// Stands for the hosts that are not counted by name. No host is called so.
const OTHERS: &str = "(others)";

/// See the [module](self).
#[derive(Default)]
pub struct Hosts(Mutex<Known>);

#[derive(Default)]
struct Known {
    hosts: HashMap<String, metrics::Host>,
    /// Those that no rule names by themselves.
    unnamed: usize,
}

impl Hosts {
    /// The counters of `host`, which the operator named as it is, or not. Programs choose among those below a domain:
    /// what they choose must not push out what the operator looks for.
    pub fn of(&self, host: &str, is_named: bool) -> metrics::Host {
        // Nothing that runs under the lock panics.
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let name =
            if is_named || known.unnamed < MOST || known.hosts.contains_key(host) { host } else { OTHERS };
        if let Some(counters) = known.hosts.get(name) {
            return counters.clone();
        }
        if !is_named && name != OTHERS {
            known.unnamed += 1;
        }
        let counters = metrics::Host::named(name);
        known.hosts.insert(name.to_owned(), counters.clone());
        counters
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_hosts_is_bounded_and_those_of_the_operators_are_always_named() {
        let hosts = Hosts::default();
        for host in 0..1_000 {
            hosts.of(&format!("h{host}.example"), false);
        }
        hosts.of("h0.example", false);
        hosts.of("api.example", true);
        let known = hosts.0.lock().unwrap();
        assert_eq!(known.hosts.len(), MOST + 2);
        for host in ["h0.example", "h99.example", "api.example", OTHERS] {
            assert!(known.hosts.contains_key(host), "{host}");
        }
        assert!(!known.hosts.contains_key("h100.example"));
    }
}
