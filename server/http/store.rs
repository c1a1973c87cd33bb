//! How full the store of snippets is: what the operator is told of it, and the client that it has no room for.

use actix_web::http::StatusCode;

use super::AppState;
use super::error::Problem;
use crate::metrics;
use crate::sandbox::ClientKey;
use crate::snippets::{Fill, Full, Owner, Sharer, Snippets};

/// From how many percent on the operator is warned, and at which further ones again.
const WARN_PERCENT: [u64; 4] = [80, 90, 95, 100];

/// Who shares what a client sends, as the store counts it.
pub fn owner(state: &AppState, client: ClientKey) -> Owner {
    let sharer = match (client.address(), client.key()) {
        (Some(address), _) => Sharer::Address(address),
        // Whoever has neither is a page's origin, which shares nothing.
        (None, number) => Sharer::Key(number.unwrap_or_default()),
    };
    state.owner_key.owner(sharer)
}

/// Follows how full the store is.
#[derive(Default)]
pub struct FillWatch {
    /// Which of [`WARN_PERCENT`] have been told of.
    told: usize,
}

impl FillWatch {
    /// Asks, and warns where the store has become fuller than was last said. A store that does not answer says nothing.
    pub async fn measure(&mut self, snippets: &Snippets) {
        let Ok(fill) = snippets.measure().await else { return };
        metrics::store_size(fill.bytes, fill.limit);
        let Fill { bytes, limit } = fill;
        match self.rise(fill) {
            Some(true) => tracing::warn!(
                percent = fill.percent(),
                bytes,
                limit,
                "the store of snippets fills up. Raise store.bytes, or lower snippets.client_bytes, \
                 snippets.unopened_age or snippets.evict_after"
            ),
            Some(false) => tracing::info!(percent = fill.percent(), "the store of snippets has room again"),
            None => {}
        }
    }

    /// Whether there is news: that it is fuller than was told, or (false) no longer full.
    fn rise(&mut self, fill: Fill) -> Option<bool> {
        let percent = fill.percent();
        let reached = WARN_PERCENT.iter().filter(|it| percent >= **it).count();
        // Back only with some distance, so that nothing is said again and again.
        let left = WARN_PERCENT[0].saturating_sub(5);
        if reached > self.told {
            self.told = reached;
            Some(true)
        } else if self.told > 0 && percent < left {
            self.told = 0;
            Some(false)
        } else {
            None
        }
    }
}

/// What `/healthz` and `/admin` say of a store that is nearly full.
pub fn note(fill: Option<Fill>) -> Option<String> {
    let fill = fill?;
    let percent = fill.percent();
    (percent >= WARN_PERCENT[0]).then(|| {
        format!(
            "store: {percent} % of store.bytes are used ({} of {}); when it is full, snippets opened longest ago go, or \
             nothing more can be shared",
            size(fill.bytes),
            size(fill.limit)
        )
    })
}

/// A number of bytes for people.
fn size(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match UNITS.into_iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) => format!("{:.1} {name}", bytes as f64 / unit as f64).replace(".0 ", " "),
        None => format!("{bytes} bytes"),
    }
}

/// What is told whoever shares something that there is no room for.
pub fn problem(state: &AppState, full: Full) -> Problem {
    metrics::refused(full as usize);
    let share = state.snippets.client_share();
    let (count, bytes) = (share.count, size(share.bytes));
    let goes = match state.snippets.unopened_age() {
        Some(age) => format!(" What nobody opens for {} goes by itself.", time(age.as_secs())),
        None => String::new(),
    };
    let detail = match full {
        Full::Client => format!(
            "Your address keeps as much on this server as one may: {count} shared programs, or {bytes} together. Delete \
             some that you no longer need, or ask whoever runs this server.{goes} Programs run as ever."
        ),
        Full::Network => format!(
            "Your network keeps as much on this server as one may, four times {count} shared programs or {bytes}. Delete \
             some that you no longer need, or ask whoever runs this server.{goes} Programs run as ever."
        ),
        Full::Store => "This server has no room for more snippets (store.bytes). Whoever runs it can make some. Try again \
                        later; programs run as ever."
            .to_owned(),
    };
    Problem::new(StatusCode::INSUFFICIENT_STORAGE, detail).full(full)
}

fn time(seconds: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(86_400, "day"), (3_600, "hour"), (60, "minute")];
    let (unit, name) = UNITS.into_iter().find(|(unit, _)| seconds >= *unit).unwrap_or((1, "second"));
    let number = seconds / unit;
    format!("{number} {name}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(percent: u64) -> Fill {
        Fill { bytes: percent << 20, limit: 100 << 20 }
    }

    #[test]
    fn operator_is_warned_once_at_each_level() {
        let mut watch = FillWatch::default();
        let told: Vec<_> = [10, 79, 80, 81, 79, 92, 94, 76, 96, 100, 130, 74, 10, 85]
            .map(|percent| (percent, watch.rise(fill(percent))))
            .into_iter()
            .filter_map(|(percent, news)| news.map(|it| (percent, it)))
            .collect();
        assert_eq!(told, [(80, true), (92, true), (96, true), (100, true), (74, false), (85, true)]);
    }

    #[test]
    fn note_comes_before_the_store_is_full() {
        assert_eq!(note(None), None);
        assert_eq!(note(Some(fill(79))), None);
        let words = note(Some(fill(80))).expect("a note");
        assert!(words.contains("80 % of store.bytes are used (80 MiB of 100 MiB)"), "{words}");
        assert_eq!(Fill { bytes: u64::MAX, limit: 0 }.percent(), u64::MAX);
    }

    #[test]
    fn sizes_and_times_are_for_people() {
        assert_eq!([size(17), size(1 << 10), size(3 << 29)], ["17 bytes", "1 KiB", "1.5 GiB"]);
        assert_eq!([time(59), time(60), time(180 * 86_400)], ["59 seconds", "1 minute", "180 days"]);
    }
}
