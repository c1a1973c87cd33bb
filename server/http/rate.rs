//! How often a client may start a run: a token bucket for each (GCRA, by `governor`).
//!
//! What is remembered is bounded. A bucket that is full again says no more than none, and is dropped now and
//! again. Whoever has so many addresses that [`OWN_BUCKETS`] are in use makes all clients share
//! [`SHARED_BUCKETS`], each of them always the same one, until there are fewer.
//!
//! Several servers that share a database hold a client to one rate ([`keep_together`]): each decides by its own buckets,
//! at once, and tells the database now and again what was taken from them; the answer says how empty each bucket is with
//! what was taken elsewhere. So a run never waits for a database, a client who spreads over N servers gets at most what
//! each lets in between two such exchanges too much, once (it is missing afterwards), and while the database is
//! away each server goes on by what it knows.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use governor::clock::{Clock, DefaultClock, Reference};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::state::keyed::{HashMapStateStore, ShrinkableKeyedStateStore};
use governor::{Quota, RateLimiter};

use super::api::idempotent::digest;
use super::state::RunRates;
use crate::config::Rate;
use crate::metrics;
use crate::protocol::browser::RejectReason;
use crate::sandbox::{ClientKey, Rejection, Run, RunEvents, SandboxHealth};
use crate::session::{OpenRun, Runs};
use crate::snippets::Store;
use crate::snippets::together::Taken;

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

/// How often what was taken is told to the other servers.
const TOGETHER_EVERY: Duration = Duration::from_millis(500);
/// How many buckets are told of at once.
const TOGETHER_AT_ONCE: usize = 1_000;

/// The buckets: when each is full again, from the limiter's start on. They can be emptied from outside, too.
#[derive(Clone)]
struct Buckets(Arc<HashMapStateStore<Bucket>>);

impl StateStore for Buckets {
    type Key = Bucket;

    fn measure_and_replace<T, F, E>(&self, bucket: &Bucket, f: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        self.0.measure_and_replace(bucket, f)
    }
}

impl ShrinkableKeyedStateStore<Bucket> for Buckets {
    fn retain_recent(&self, drop_below: Nanos) {
        self.0.retain_recent(drop_below);
    }

    fn shrink_to_fit(&self) {
        ShrinkableKeyedStateStore::shrink_to_fit(&*self.0);
    }

    fn len(&self) -> usize {
        ShrinkableKeyedStateStore::len(&*self.0)
    }

    fn is_empty(&self) -> bool {
        ShrinkableKeyedStateStore::is_empty(&*self.0)
    }
}

/// A rate that each client is held to.
pub struct RateLimit<C: Clock = DefaultClock> {
    rate: Rate,
    own_buckets: usize,
    limiter: RateLimiter<Bucket, Buckets, C, NoOpMiddleware<C::Instant>>,
    /// The same as the limiter's.
    buckets: Buckets,
    /// Just before the limiter's own.
    start: C::Instant,
    asked: AtomicU32,
    /// Nobody outside knows who shares a bucket with whom.
    hasher: RandomState,
    /// How many tokens each client has taken that the other servers have not been told of; `None` where there are none.
    untold: Option<Mutex<HashMap<ClientKey, u32>>>,
}

impl RateLimit {
    /// Every client may do as much as `rate` says: here, or on all servers that are told (`is_shared`) of it.
    pub fn new(rate: Rate, is_shared: bool) -> Self {
        let limit = Self::with_clock(rate, OWN_BUCKETS, DefaultClock::default());
        Self { untold: is_shared.then(Mutex::default), ..limit }
    }
}

impl<C: Clock> RateLimit<C> {
    fn with_clock(rate: Rate, own_buckets: usize, clock: C) -> Self {
        // Only a period of nothing has no quota, and no rate has that.
        let quota = Quota::with_period(rate.interval()).unwrap_or(Quota::per_second(rate.count));
        let buckets = Buckets(Arc::default());
        let start = clock.now();
        Self {
            rate,
            own_buckets,
            limiter: RateLimiter::new(quota.allow_burst(rate.burst), buckets.clone(), clock),
            buckets,
            start,
            asked: AtomicU32::new(0),
            hasher: RandomState::new(),
            untold: None,
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
        })?;
        // Those who share a bucket here need not share it elsewhere.
        if let (Some(untold), Bucket::Own(client)) = (&self.untold, bucket) {
            let mut untold = untold.lock().unwrap_or_else(PoisonError::into_inner);
            *untold.entry(client).or_default() += 1;
        }
        Ok(())
    }

    /// How many of a client's tokens are taken.
    pub fn used(&self, client: ClientKey) -> u32 {
        let now: Nanos = self.limiter.clock().now().duration_since(self.start);
        // What is refused there is not changed.
        let seen =
            self.buckets.measure_and_replace(&Bucket::Own(client), |full_at| Err::<((), Nanos), _>(full_at));
        let full_at = seen.err().flatten().map_or(0, Nanos::as_u64);
        let interval = self.rate.interval().as_nanos().max(1);
        let used = u128::from(full_at.saturating_sub(now.as_u64())).div_ceil(interval);
        u32::try_from(used).unwrap_or(u32::MAX).min(self.rate.burst.get())
    }

    /// Whether the next one of a client's would be turned away.
    pub fn is_empty_of(&self, client: ClientKey) -> bool {
        self.used(client) >= self.rate.burst.get()
    }

    /// The rate.
    pub fn rate(&self) -> Rate {
        self.rate
    }

    /// What was taken since this was last asked.
    fn untold(&self) -> HashMap<ClientKey, u32> {
        let untold = self.untold.as_ref().map(|untold| untold.lock().unwrap_or_else(PoisonError::into_inner));
        untold.map(|mut untold| std::mem::take(&mut *untold)).unwrap_or_default()
    }

    /// Takes back what could not be told: it is told the next time. There is no more of it than there are buckets.
    fn keep_untold(&self, taken: impl IntoIterator<Item = (ClientKey, u32)>) {
        let Some(untold) = &self.untold else { return };
        let mut untold = untold.lock().unwrap_or_else(PoisonError::into_inner);
        for (client, tokens) in taken {
            if untold.len() < self.own_buckets || untold.contains_key(&client) {
                let all = untold.entry(client).or_default();
                *all = all.saturating_add(tokens);
            }
        }
    }

    /// A client's bucket is full again in this time at the earliest.
    fn empty(&self, client: ClientKey, full_in: Duration) {
        let now: Nanos = self.limiter.clock().now().duration_since(self.start);
        let full_at = now + Nanos::from(full_in);
        let emptied = self.buckets.measure_and_replace(&Bucket::Own(client), |before| {
            let full_at = before.map_or(full_at, |before| before.max(full_at));
            Ok::<_, std::convert::Infallible>(((), full_at))
        });
        let Ok(()) = emptied;
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
    is_shared: bool,
}

struct Limits {
    /// Of those who have no key.
    anybody: Option<Arc<RateLimit>>,
    /// Of each key, by its number.
    keys: HashMap<u64, Option<Arc<RateLimit>>>,
    /// Of all who come from pages of one other origin.
    origins: Option<Arc<RateLimit>>,
}

/// What all who come from pages of this origin are counted under.
pub fn of_origin(origin: &str) -> ClientKey {
    let hash = digest(&[origin.as_bytes()]);
    ClientKey::with_origin(hash.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

/// One that is kept, with all its buckets, for as long as its rate is the same.
pub struct Kept {
    limit: Mutex<Option<Arc<RateLimit>>>,
    is_shared: bool,
}

impl Kept {
    /// None yet; `is_shared` with other servers or not.
    pub fn new(is_shared: bool) -> Self {
        Self { limit: Mutex::default(), is_shared }
    }

    /// The one of this rate.
    pub fn of(&self, rate: Option<Rate>) -> Option<Arc<RateLimit>> {
        let mut kept = self.limit.lock().unwrap_or_else(PoisonError::into_inner);
        *kept = kept_or_new(kept.as_ref(), rate, self.is_shared);
        kept.clone()
    }

    fn now(&self) -> Option<Arc<RateLimit>> {
        self.limit.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// `before`, if it has this rate, or else a new one that does.
fn kept_or_new(
    before: Option<&Arc<RateLimit>>,
    rate: Option<Rate>,
    is_shared: bool,
) -> Option<Arc<RateLimit>> {
    let rate = rate?;
    let same = before.filter(|before| before.rate == rate).cloned();
    Some(same.unwrap_or_else(|| Arc::new(RateLimit::new(rate, is_shared))))
}

impl RateLimited {
    /// Holds whoever starts one of these `runs` to these rates: of those who have no key, and of each key.
    pub fn new(runs: Arc<dyn Runs>, rates: RunRates, is_shared: bool) -> Self {
        let limits = Limits { anybody: None, keys: HashMap::new(), origins: None };
        let limited = Self { runs, limits: ArcSwap::from_pointee(limits), is_shared };
        limited.renew(rates);
        limited
    }

    /// From now on, to these. Whose rate stays what it was, what they have used of it counts on.
    pub fn renew(&self, RunRates { anybody, keys, origins }: RunRates) {
        let before = self.limits.load();
        let of_key = |number: &u64| before.keys.get(number).and_then(Option::as_ref);
        let keys = keys
            .into_iter()
            .map(|(number, rate)| (number, kept_or_new(of_key(&number), rate, self.is_shared)));
        let limits = Limits {
            anybody: kept_or_new(before.anybody.as_ref(), anybody, self.is_shared),
            keys: keys.collect(),
            origins: kept_or_new(before.origins.as_ref(), origins, self.is_shared),
        };
        self.limits.store(Arc::new(limits));
    }
}

impl RateLimited {
    /// The limit of whoever has the key of this number, if there is one.
    pub fn of_key(&self, number: u64) -> Option<Arc<RateLimit>> {
        self.limits.load().keys.get(&number).cloned().flatten()
    }

    /// The limit of all who come from pages of one origin, if there is one.
    pub fn of_origins(&self) -> Option<Arc<RateLimit>> {
        self.limits.load().origins.clone()
    }

    /// The limit of each client without a key, if there is one.
    pub fn of_anybody(&self) -> Option<Arc<RateLimit>> {
        self.limits.load().anybody.clone()
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
        if let Some(limit) = &limits.origins {
            for origin in &run.sender.origins {
                limit.check(of_origin(origin)).map_err(|wait| {
                    tracing::debug!(origin, "a run over the rate of an origin");
                    rejection(&format!("Too many runs from pages of {origin}"), limit.rate, wait)
                })?;
            }
        }
        self.runs.start(run)
    }

    fn health(&self) -> SandboxHealth {
        self.runs.health()
    }
}

/// Holds clients to the rates of runs and shares together with the other servers that use this store.
pub async fn keep_together(runs: &RateLimited, shares: &Kept, store: &dyn Store) {
    let Some(together) = store.together() else { return std::future::pending().await };
    let mut is_well = true;
    loop {
        tokio::time::sleep(TOGETHER_EVERY).await;
        let limits = runs.limits.load_full();
        let keys = limits.keys.values().flatten();
        let run_limits =
            limits.anybody.iter().chain(&limits.origins).chain(keys).map(|limit| ("run", limit.clone()));
        let all = run_limits.chain(shares.now().map(|limit| ("share", limit)));
        // Names of buckets in the database, and whose they are here.
        let mut told: HashMap<_, (Arc<RateLimit>, ClientKey, u32)> = HashMap::new();
        for (what, limit) in all {
            for (client, tokens) in limit.untold() {
                told.insert(name(what, client), (limit.clone(), client, tokens));
            }
        }
        let taken: Vec<Taken> = told
            .iter()
            .map(|(bucket, (limit, _, tokens))| Taken {
                bucket: *bucket,
                cost: limit.rate.interval() * *tokens,
            })
            .collect();
        for some in taken.chunks(TOGETHER_AT_ONCE) {
            match together.take(some).await {
                Ok(full_in) => {
                    is_well = true;
                    for (bucket, full_in) in full_in {
                        if let Some((limit, client, _)) = told.get(&bucket) {
                            limit.empty(*client, full_in);
                        }
                    }
                    let tokens: u64 = some
                        .iter()
                        .filter_map(|it| told.get(&it.bucket))
                        .map(|(_, _, tokens)| u64::from(*tokens))
                        .sum();
                    tracing::debug!(buckets = some.len(), tokens, "rates were brought together");
                }
                Err(error) => {
                    if std::mem::replace(&mut is_well, false) {
                        tracing::warn!(%error, "the other servers do not hear what clients do here: each has rates of its own");
                    }
                    for (limit, client, tokens) in some.iter().filter_map(|it| told.get(&it.bucket)) {
                        limit.keep_untold([(*client, *tokens)]);
                    }
                }
            }
        }
    }
}

/// What a client's bucket is called where several servers know it.
fn name(what: &str, client: ClientKey) -> [u8; 32] {
    digest(&[what.as_bytes(), client.to_string().as_bytes()])
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
    fn what_was_taken_elsewhere_is_missing_here() {
        let (mut limit, clock) = limit(10);
        limit.untold = Some(Mutex::default());
        assert_eq!(limit.check(client(1)), Ok(()));
        assert_eq!(limit.untold(), HashMap::from([(client(1), 1)]));
        assert!(limit.untold().is_empty(), "it is told once");
        // Two were taken elsewhere as well: with the one here, that is the whole burst of three.
        limit.empty(client(1), Duration::from_secs(6));
        assert_eq!(limit.check(client(1)), Err(Duration::from_secs(2)));
        assert!(limit.untold().is_empty(), "what is refused is not taken");
        // What is known here counts where it is more.
        limit.empty(client(1), Duration::from_secs(1));
        assert_eq!(limit.check(client(1)), Err(Duration::from_secs(2)));
        // More than there was may have been taken: that is paid back first.
        limit.empty(client(2), Duration::from_secs(12));
        assert_eq!(limit.check(client(2)), Err(Duration::from_secs(8)));
        clock.advance(Duration::from_secs(8));
        assert_eq!(limit.check(client(2)), Ok(()));
        limit.keep_untold([(client(2), 4), (client(3), 1)]);
        assert_eq!(
            limit.untold(),
            HashMap::from([(client(2), 5), (client(3), 1)]),
            "it is told the next time"
        );
        limit.keep_untold((0..50).map(|n| (client(n), 1)));
        assert_eq!(limit.untold().len(), 10, "and bounded");
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
