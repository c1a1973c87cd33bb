//! How often a client may start a run: a token bucket for each (GCRA, by `governor`).
//!
//! What is remembered is bounded. A bucket that is full again says no more than none, and is dropped now and
//! again. Whoever has so many addresses that [`OWN_BUCKETS`] are in use makes all clients share
//! [`SHARED_BUCKETS`], each of them always the same one, until there are fewer.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use governor::clock::{Clock, DefaultClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use super::state::RunRates;
use crate::config::Rate;
use crate::metrics;
use crate::protocol::browser::RejectReason;
use crate::sandbox::{ClientKey, Rejection, Run, RunEvents, SandboxHealth};
use crate::session::{OpenRun, Runs};

/// How many clients have a bucket of their own at once. One takes about 40 bytes.
const OWN_BUCKETS: usize = 100_000;
/// How many buckets all share when those are used up.
const SHARED_BUCKETS: u64 = 4_096;
/// After how many questions buckets that are full again are dropped.
const CLEAN_EVERY: u32 = 8_192;
/// The same while buckets are shared. To look at all of them takes about a millisecond.
const CLEAN_EVERY_WHEN_SHARED: u32 = 256;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Bucket {
    Own(ClientKey),
    Shared(u64),
}

/// A rate that each client is held to.
pub struct RateLimit<C: Clock = DefaultClock> {
    rate: Rate,
    own_buckets: usize,
    limiter: RateLimiter<Bucket, HashMapStateStore<Bucket>, C, NoOpMiddleware<C::Instant>>,
    asked: AtomicU32,
    /// Nobody outside knows who shares a bucket with whom.
    hasher: RandomState,
}

impl RateLimit {
    /// Every client may do as much as `rate` says.
    pub fn new(rate: Rate) -> Self {
        Self::with_clock(rate, OWN_BUCKETS, DefaultClock::default())
    }
}

impl<C: Clock> RateLimit<C> {
    fn with_clock(rate: Rate, own_buckets: usize, clock: C) -> Self {
        // Only a period of nothing has no quota, and no rate has that.
        let quota = Quota::with_period(rate.interval()).unwrap_or(Quota::per_second(rate.count));
        Self {
            rate,
            own_buckets,
            limiter: RateLimiter::hashmap_with_clock(quota.allow_burst(rate.burst), clock),
            asked: AtomicU32::new(0),
            hasher: RandomState::new(),
        }
    }

    /// Takes a token of this client's.
    ///
    /// # Errors
    /// How long until there is one.
    pub fn check(&self, client: ClientKey) -> Result<(), Duration> {
        let is_shared = self.limiter.len() >= self.own_buckets;
        let every = if is_shared { CLEAN_EVERY_WHEN_SHARED } else { CLEAN_EVERY };
        if self.asked.fetch_add(1, Relaxed) % every == every - 1 {
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
        }
        let bucket = if is_shared {
            Bucket::Shared(self.hasher.hash_one(client) % SHARED_BUCKETS)
        } else {
            Bucket::Own(client)
        };
        self.limiter.check_key(&bucket).map_err(|not_until| {
            metrics::rate_limited();
            not_until.wait_time_from(self.limiter.clock().now())
        })
    }

    /// As [`RateLimit::check`], with words for whoever came too soon, which begin with `too_many`.
    ///
    /// # Errors
    /// The words.
    pub fn admit(&self, client: ClientKey, too_many: &str) -> Result<(), Rejection> {
        self.check(client).map_err(|wait| rejection(too_many, self.rate, wait))
    }
}

/// Runs of which each client may start only so many in a time.
pub struct RateLimited {
    runs: Arc<dyn Runs>,
    limits: ArcSwap<Limits>,
}

struct Limits {
    /// Of those who have no key.
    anybody: Option<Arc<RateLimit>>,
    /// Of each key, by its number.
    keys: HashMap<u64, Option<Arc<RateLimit>>>,
}

/// One that is kept, with all its buckets, for as long as its rate is the same.
#[derive(Default)]
pub struct Kept(Mutex<Option<Arc<RateLimit>>>);

impl Kept {
    /// The one of this rate.
    pub fn of(&self, rate: Option<Rate>) -> Option<Arc<RateLimit>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *kept = kept_or_new(kept.as_ref(), rate);
        kept.clone()
    }
}

/// `before`, if it has this rate, or else a new one that does.
fn kept_or_new(before: Option<&Arc<RateLimit>>, rate: Option<Rate>) -> Option<Arc<RateLimit>> {
    let rate = rate?;
    let same = before.filter(|before| before.rate == rate).cloned();
    Some(same.unwrap_or_else(|| Arc::new(RateLimit::new(rate))))
}

impl RateLimited {
    /// Holds whoever starts one of these `runs` to these rates: of those who have no key, and of each key.
    pub fn new(runs: Arc<dyn Runs>, rates: RunRates) -> Self {
        let limits = Limits { anybody: None, keys: HashMap::new() };
        let limited = Self { runs, limits: ArcSwap::from_pointee(limits) };
        limited.renew(rates);
        limited
    }

    /// From now on, to these. Whose rate stays what it was, what they have used of it counts on.
    pub fn renew(&self, (anybody, keys): RunRates) {
        let before = self.limits.load();
        let of_key = |number: &u64| before.keys.get(number).and_then(Option::as_ref);
        let keys = keys.into_iter().map(|(number, rate)| (number, kept_or_new(of_key(&number), rate)));
        let limits = Limits { anybody: kept_or_new(before.anybody.as_ref(), anybody), keys: keys.collect() };
        self.limits.store(Arc::new(limits));
    }
}

impl Runs for RateLimited {
    fn start(&self, run: Run) -> Result<(Box<dyn OpenRun>, RunEvents), Rejection> {
        let limits = self.limits.load();
        let limit = match run.client.key() {
            Some(number) => limits.keys.get(&number).and_then(Option::as_ref),
            None => limits.anybody.as_ref(),
        };
        if let Some(limit) = limit {
            limit.check(run.client).map_err(|wait| {
                tracing::debug!(client = %run.client, "a run over the rate");
                let whose = if run.client.key().is_some() { "with your key" } else { "from your address" };
                rejection(&format!("Too many runs {whose}"), limit.rate, wait)
            })?;
        }
        self.runs.start(run)
    }

    fn health(&self) -> SandboxHealth {
        self.runs.health()
    }
}

/// What whoever came too soon is told: the rate, and when to come again.
fn rejection(too_many: &str, rate: Rate, wait: Duration) -> Rejection {
    // A client that waits so long, to the millisecond, is not turned away again.
    let ms = u64::try_from(wait.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX);
    let seconds = ms.div_ceil(1_000);
    Rejection {
        reason: RejectReason::RateLimited,
        message: format!("{too_many}: at most {rate}. Try again in {seconds} s."),
        retry_after_ms: Some(ms),
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use governor::clock::FakeRelativeClock;

    use super::*;
    use crate::config::Period;

    fn client(n: u32) -> ClientKey {
        ClientKey::of(Ipv4Addr::from_bits(n).into())
    }

    fn limit(own_buckets: usize) -> (RateLimit<FakeRelativeClock>, FakeRelativeClock) {
        let (clock, number) = (FakeRelativeClock::default(), |n: u32| n.try_into().expect("not zero"));
        let rate = Rate { count: number(30), period: Period::Minute, burst: number(3) };
        (RateLimit::with_clock(rate, own_buckets, clock.clone()), clock)
    }

    #[test]
    fn a_burst_and_then_one_by_one() {
        let (limit, clock) = limit(10);
        for _ in 0..3 {
            assert_eq!(limit.check(client(1)), Ok(()));
        }
        assert_eq!(limit.check(client(1)), Err(Duration::from_secs(2)));
        assert_eq!(limit.check(client(2)), Ok(()), "each has its own");
        clock.advance(Duration::from_millis(1_999));
        assert_eq!(limit.check(client(1)), Err(Duration::from_millis(1)));
        clock.advance(Duration::from_millis(1));
        assert_eq!(limit.check(client(1)), Ok(()), "being turned away costs nothing");
        assert!(limit.check(client(1)).is_err());
        clock.advance(Duration::from_secs(3_600));
        for _ in 0..3 {
            assert_eq!(limit.check(client(1)), Ok(()));
        }
        assert!(limit.check(client(1)).is_err(), "no more than a burst is saved up");
    }

    #[test]
    fn who_waits_as_told_is_let_in() {
        let (limit, clock) = limit(10);
        let told = loop {
            clock.advance(Duration::from_nanos(1_234_567));
            if let Err(wait) = limit.check(client(1)) {
                break rejection("Too many runs from your address", limit.rate, wait);
            }
        };
        assert_eq!(told.reason, RejectReason::RateLimited);
        assert_eq!(
            told.message,
            "Too many runs from your address: at most 30 a minute, 3 at once. Try again in 2 s."
        );
        clock.advance(Duration::from_millis(told.retry_after_ms.expect("a time")));
        assert_eq!(limit.check(client(1)), Ok(()));
    }

    #[test]
    fn what_is_remembered_is_bounded_and_forgotten() {
        let (limit, clock) = limit(1_000);
        let most = 1_000 + SHARED_BUCKETS as usize;
        let mut let_in = 0;
        for n in 0..50_000 {
            let_in += usize::from(limit.check(client(n)).is_ok());
            assert!(limit.limiter.len() <= most);
        }
        assert!(limit.limiter.len() > 1_000, "buckets are shared");
        assert!(let_in <= 1_000 + 3 * SHARED_BUCKETS as usize, "and still they are limited: {let_in}");
        // All are full again, and the next to ask often enough finds them gone.
        clock.advance(Duration::from_secs(60));
        for _ in 0..CLEAN_EVERY_WHEN_SHARED {
            let _ = limit.check(client(7));
        }
        assert!(limit.limiter.len() <= 2, "{}", limit.limiter.len());
        assert_eq!(limit.check(client(8)), Ok(()));
    }
}
