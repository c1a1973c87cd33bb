//! The broker of `fetch`: runners have no network, so they ask for requests by [frames](crate::protocol::fetch),
//! and it does those that the [policy](crate::policy) allows.
//!
//! [`Fetches`] is one run's side of it: it holds the runner to the protocol. Each request is a task
//! ([`exchange`]) with a client of its own kind ([`client`]): one only ever connects to public addresses
//! ([`address`]), looked up once and checked by the connection itself; the other is for the endpoints that the
//! operator named as private. [`fixtures`] are answered without any network.

mod address;
mod client;
mod exchange;
mod fetches;
mod fixtures;
mod headers;
mod hosts;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

pub use client::{Authorities, client};
pub use fetches::Fetches;
pub use fixtures::Fixtures;

use self::client::Clients;
use self::hosts::Hosts;
use crate::policy::EgressPolicy;

/// Settings of the broker.
#[derive(Clone, Debug)]
pub struct EgressSettings {
    /// What runs may reach. Default: nothing.
    pub policy: EgressPolicy,
    /// What is answered without a network. Default: nothing.
    pub fixtures: Fixtures,
    /// Requests of one run, redirects included. Default 20.
    pub requests: u32,
    /// Requests of one run under way at once; further ones wait. Default 6.
    pub concurrent: usize,
    /// The longest body of a request, in bytes. Default 4 MiB.
    pub request_bytes: u64,
    /// The longest body of a response, decoded, in bytes. Default 4 MiB.
    pub response_bytes: u64,
    /// How long one request may take, from its turn to the end of its response. Default 10 s.
    pub timeout: Duration,
    /// How many redirects are followed one after the other. Default 5.
    pub redirects: u32,
    /// The DNS server to ask; `None` asks as the system does. Default `None`.
    pub resolver: Option<SocketAddr>,
    /// Whose certificates are trusted. Default: those of Mozilla's authorities.
    pub authorities: Authorities,
}

impl Default for EgressSettings {
    fn default() -> Self {
        Self {
            policy: EgressPolicy::default(),
            fixtures: Fixtures::default(),
            requests: 20,
            concurrent: 6,
            request_bytes: 4 << 20,
            response_bytes: 4 << 20,
            timeout: Duration::from_secs(10),
            redirects: 5,
            resolver: None,
            authorities: Authorities::default(),
        }
    }
}

/// The broker, shared by all runs.
pub struct Egress {
    settings: EgressSettings,
    clients: Clients,
    hosts: Arc<Hosts>,
}

impl Egress {
    /// A broker with these settings.
    pub fn new(settings: EgressSettings) -> Arc<Self> {
        let clients = Clients::new(settings.resolver, settings.authorities.clone());
        Arc::new(Self { settings, clients, hosts: Arc::default() })
    }

    /// One with other settings, which counts on where this one is.
    pub fn renewed(&self, settings: EgressSettings) -> Arc<Self> {
        let clients = Clients::new(settings.resolver, settings.authorities.clone());
        Arc::new(Self { settings, clients, hosts: self.hosts.clone() })
    }

    /// How often one run may fetch.
    pub fn requests(&self) -> u32 {
        self.settings.requests
    }
}
