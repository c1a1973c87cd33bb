//! How full the store of snippets is, and what is deleted or refused for it.

use prometheus_client::metrics::{counter::Counter, gauge::Gauge};

use super::{METRICS, Maker};

const GONE: [&str; 3] = ["expired", "unopened", "evicted"];
const FULL: [&str; 3] = ["client", "network", "store"];

/// Why snippets were deleted other than by their owners.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// Their time was over.
    Expired,
    /// Nobody had opened them for long.
    Unopened,
    /// The store was full, and they were the ones opened longest ago.
    Evicted,
}

/// The figures.
pub(super) struct Store {
    bytes: Gauge,
    limit: Gauge,
    gone: [Counter; GONE.len()],
    refused: [Counter; FULL.len()],
}

impl Store {
    /// All at zero.
    pub(super) fn new(make: &mut Maker) -> Self {
        Self {
            bytes: make.keep("mayfly_store_bytes", "How much all snippets take, about.", Gauge::default()),
            limit: make.keep(
                "mayfly_store_limit_bytes",
                "How much they may take: the setting store.bytes.",
                Gauge::default(),
            ),
            gone: make.counters(
                "mayfly_snippets_deleted",
                "Snippets that were deleted, but not by their owners.",
                "why",
                GONE,
            ),
            refused: make.counters(
                "mayfly_snippets_refused",
                "Snippets and versions that were not kept for lack of room.",
                "full",
                FULL,
            ),
        }
    }
}

/// The store takes this much of what it may.
pub fn store_size(bytes: u64, limit: u64) {
    let number = |it: u64| i64::try_from(it).unwrap_or(i64::MAX);
    METRICS.store.bytes.set(number(bytes));
    METRICS.store.limit.set(number(limit));
}

/// So many snippets were deleted.
pub fn gone(why: Gone, count: u64) {
    METRICS.store.gone[why as usize].inc_by(count);
}

/// Something was not kept, as what has this number is full: 0 the client's share, 1 its network's, 2 the store.
pub fn refused(full: usize) {
    if let Some(counter) = METRICS.store.refused.get(full) {
        counter.inc();
    }
}
