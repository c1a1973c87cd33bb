//! Settings that are read again while the server runs: which of them count at once, and which have to wait for a
//! restart.

use super::{Config, Limits};

/// Settings that were read again.
#[derive(Clone, Debug)]
pub struct Renewed {
    /// What counts from now on.
    pub config: Config,
    /// The keys of settings that are other than they were, and count.
    pub changed: Vec<&'static str>,
    /// The keys of settings that were changed as well, and count after a restart.
    pub waiting: Vec<&'static str>,
}

impl Config {
    /// What counts of `next`, in the place of these settings, in a server that was started with `started`.
    pub fn renewed(&self, started: &Self, next: &Self) -> Renewed {
        let mut config = self.clone();
        config.limits = limits(&started.limits, &next.limits);
        let (to, from) = (&mut config.server, &next.server);
        to.allowed_origins.clone_from(&from.allowed_origins);
        to.frame_ancestors.clone_from(&from.frame_ancestors);
        to.trusted_proxies.clone_from(&from.trusted_proxies);
        to.proxy_header = from.proxy_header;
        to.public_url.clone_from(&from.public_url);
        to.response_bytes_in_flight = from.response_bytes_in_flight;
        to.response_cache_bytes = from.response_cache_bytes;
        to.hosts.clone_from(&from.hosts);
        to.shutdown_delay = from.shutdown_delay;
        to.shutdown_grace = from.shutdown_grace;
        let (to, from) = (&mut config.client, &next.client);
        to.source_bytes = from.source_bytes;
        to.files = from.files;
        to.rate_limit = from.rate_limit;
        to.open_runs = from.open_runs;
        to.response_bytes_in_flight = from.response_bytes_in_flight;
        to.response_speed = from.response_speed;
        config.embed.clone_from(&next.embed);
        config.egress.clone_from(&next.egress);
        let (to, from) = (&mut config.snippets, &next.snippets);
        to.output_bytes = from.output_bytes;
        to.versions = from.versions;
        to.max_age = from.max_age;
        to.unopened_age = from.unopened_age;
        to.evict_after = from.evict_after;
        to.client_bytes = from.client_bytes;
        to.client_count = from.client_count;
        to.rate_limit = from.rate_limit;
        to.read_rate_limit = from.read_rate_limit;
        config.store.bytes = next.store.bytes;
        config.api.anonymous = next.api.anonymous;
        config.api.keys.clone_from(&next.api.keys);
        config.modules.allow.clone_from(&next.modules.allow);
        config.modules.origins.clone_from(&next.modules.origins);
        config.modules.bundle_bytes = next.modules.bundle_bytes;
        config.metrics.token.clone_from(&next.metrics.token);
        config.admin.clone_from(&next.admin);
        let (changed, waiting) = (self.differences(&config), config.differences(next));
        Renewed { config, changed, waiting }
    }
}

/// V8 and the bounds of the processes that wait warm are made for the memory that runs could have when the server
/// started: it can become less, and not more than that.
fn limits(started: &Limits, next: &Limits) -> Limits {
    Limits {
        heap_bytes: next.heap_bytes.min(started.heap_bytes),
        buffer_bytes: next.buffer_bytes.min(started.buffer_bytes),
        process_bytes: next.process_bytes.min(started.process_bytes),
        ..*next
    }
}
