//! Slots for runs, and the turns of those that wait for one, as owned handles: [`Waiting`] until a run has its first
//! slot, [`Permit`] from then on. Dropping one gives back all that its run has. Who is next is decided by
//! [`super::scheduler`].
//!
//! A run that is given a slot hears of it at once. Positions change for all that wait with every run that starts, so that
//! news is told at most every [`NEWS_EVERY`]: what a slot costs that comes free does not depend on how many wait.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use super::client::ClientKey;
use super::scheduler::{Bounds, Full, Phase, RunKey, Scheduler};

/// How often those who wait are told new positions.
const NEWS_EVERY: Duration = Duration::from_millis(100);

/// Where a run stands, as it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// In the queue, at this position; 1 is next.
    Waiting(u32),
    /// It has a slot.
    Running,
    /// It has a question open, and no slot.
    Asking,
    /// It waits for a slot after an answer.
    Resuming,
    /// It lost its turn, or its place among those that ask, to another run, and is to end.
    Displaced,
}

/// All slots. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub struct Places(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    state: Mutex<State>,
    /// Positions have changed.
    changed: Notify,
    /// A run has come to wait, or waits still.
    wanted: Notify,
}

#[derive(Debug)]
struct State {
    scheduler: Scheduler<watch::Sender<Standing>>,
    /// A task passes positions on.
    has_herald: bool,
    /// Slots that are about to be given back for those who wait.
    leaving: usize,
}

impl State {
    fn tell(&self, key: RunKey, standing: Standing) {
        if let Some(told) = self.scheduler.get(key) {
            told.send_replace(standing);
        }
    }

    /// Gives all free slots to those whose turn it is.
    fn hand_out(&mut self) {
        while let Some(key) = self.scheduler.next() {
            self.tell(key, Standing::Running);
        }
    }
}

/// A run that has begun: its slot, or its place among those that ask, until dropped.
#[derive(Debug)]
pub struct Permit {
    places: Places,
    key: RunKey,
    standing: watch::Receiver<Standing>,
    is_leaving: bool,
}

/// What [`Places::ask`] gives.
#[derive(Debug)]
pub enum Asked {
    /// A slot was free.
    Granted(Permit),
    /// All are taken: wait.
    Waits(Waiting),
}

/// A turn in the queue; dropping it leaves the queue.
#[derive(Debug)]
pub struct Waiting {
    /// Taken when it becomes a permit.
    permit: Option<Permit>,
}

/// What a run that waits hears.
#[derive(Debug)]
pub enum Turn {
    /// It has a slot.
    Granted(Permit),
    /// It has another position.
    Position(u32),
    /// It lost its turn to another run.
    Displaced,
}

/// What a run that has begun hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// It stands elsewhere.
    Standing,
    /// Another run waits for its slot.
    Wanted,
}

impl Places {
    /// No runs yet.
    pub fn new(bounds: Bounds) -> Self {
        let state = Mutex::new(State { scheduler: Scheduler::new(bounds), has_herald: false, leaving: 0 });
        Self(Arc::new(Inner { state, changed: Notify::new(), wanted: Notify::new() }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that runs under this lock can panic half-way.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for a slot for a run whose program has so many bytes. Must be called in a tokio runtime.
    ///
    /// # Errors
    /// When it may not even wait.
    pub fn ask(&self, client: ClientKey, bytes: u64) -> Result<Asked, Full> {
        let mut state = self.state();
        let (told, standing) = watch::channel(Standing::Running);
        let added = state.scheduler.add(client, bytes, told)?;
        for key in added.displaced {
            state.tell(key, Standing::Displaced);
        }
        let mut permit = Permit { places: self.clone(), key: added.key, standing, is_leaving: false };
        if added.phase != Phase::Waiting {
            return Ok(Asked::Granted(permit));
        }
        state.tell(added.key, Standing::Waiting(added.position));
        permit.standing.mark_unchanged();
        if !state.has_herald {
            state.has_herald = true;
            tokio::spawn(self.clone().herald());
        }
        drop(state);
        self.0.changed.notify_one();
        self.0.wanted.notify_waiters();
        Ok(Asked::Waits(Waiting { permit: Some(permit) }))
    }

    /// Slots taken, runs in the queue, and runs that have a question open or wait for a slot after an answer.
    pub fn counts(&self) -> [usize; 3] {
        self.state().scheduler.counts()
    }

    /// Changes where runs stand; then slots are given to those who are next.
    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state();
        let changed = change(&mut state);
        state.hand_out();
        let others_wait = state.scheduler.counts()[1] > 0;
        drop(state);
        self.0.changed.notify_one();
        if others_wait {
            self.0.wanted.notify_waiters();
        }
        changed
    }

    /// Passes positions on for as long as a run waits.
    async fn herald(self) {
        loop {
            self.0.changed.notified().await;
            {
                let mut state = self.state();
                if state.scheduler.counts()[1] == 0 {
                    state.has_herald = false;
                    return;
                }
                state.scheduler.positions(|told, position| {
                    let standing = Standing::Waiting(position);
                    told.send_if_modified(|it| std::mem::replace(it, standing) != standing);
                });
            }
            tokio::time::sleep(NEWS_EVERY).await;
        }
    }

    /// Waits until a run waits that could have the slot of run `key`, which is then counted as about to be given back.
    async fn wanted(&self, key: RunKey, is_leaving: &mut bool) {
        loop {
            let news = self.0.wanted.notified();
            tokio::pin!(news);
            // So that no run's coming is missed between the look and the wait.
            news.as_mut().enable();
            {
                let mut state = self.state();
                if state.scheduler.would_help(key, state.leaving) {
                    state.leaving += 1;
                    *is_leaving = true;
                    return;
                }
            }
            news.await;
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let (key, is_leaving) = (self.key, self.is_leaving);
        self.places.change(|state| {
            state.leaving -= usize::from(is_leaving);
            state.scheduler.remove(key);
        });
    }
}

impl Permit {
    /// Where the run stands now.
    pub fn standing(&self) -> Standing {
        *self.standing.borrow()
    }

    /// The run has asked something: it gives up its slot, and another run may lose its place among those that ask.
    ///
    /// # Errors
    /// When there is no place among those. Then it has its slot still, and should end.
    pub fn park(&mut self) -> Result<(), Full> {
        let Self { places, key, standing, .. } = self;
        places.change(|state| {
            let displaced = state.scheduler.park(*key)?;
            if let Some(displaced) = displaced {
                state.tell(displaced, Standing::Displaced);
            }
            if state.scheduler.phase(*key) == Some(Phase::Asking) {
                state.tell(*key, Standing::Asking);
                // The caller knows. What happens after this is news.
                standing.mark_unchanged();
            }
            Ok(())
        })
    }

    /// The run was answered: it has its slot again, or waits for one.
    pub fn resume(&mut self) {
        let Self { places, key, standing, .. } = self;
        places.change(|state| {
            let told = match state.scheduler.resume(*key) {
                Some(Phase::Running { .. }) => Standing::Running,
                Some(Phase::Resuming) => Standing::Resuming,
                Some(Phase::Waiting | Phase::Asking | Phase::Displaced) | None => return,
            };
            state.tell(*key, told);
            standing.mark_unchanged();
        });
    }

    /// Waits until the run stands elsewhere or, if it may leave, until another run waits for its slot, which is then
    /// counted as given back: the caller has to end it soon. No more slots come free like this than there are runs that
    /// wait. Safe to drop and call again.
    pub async fn next(&mut self, may_leave: bool) -> News {
        let Self { places, key, standing, is_leaving } = self;
        let may_leave = may_leave && !*is_leaving;
        tokio::select! {
            // The sender is there for as long as the run is known.
            Ok(()) = standing.changed() => News::Standing,
            () = places.wanted(*key, is_leaving), if may_leave => News::Wanted,
            else => std::future::pending().await,
        }
    }
}

impl Waiting {
    /// Where it stands now, as far as it was told: so many runs will start until it has, itself included.
    pub fn position(&self) -> u32 {
        match self.permit.as_ref().map(Permit::standing) {
            Some(Standing::Waiting(position)) => position.max(1),
            _ => 1,
        }
    }

    /// Waits for the next news. Safe to drop and call again; there is none after a slot.
    pub async fn next(&mut self) -> Turn {
        let Some(permit) = &mut self.permit else { return std::future::pending().await };
        let _ = permit.standing.changed().await;
        let standing = *permit.standing.borrow_and_update();
        match (standing, self.permit.take()) {
            (Standing::Running, Some(permit)) => Turn::Granted(permit),
            (Standing::Waiting(position), permit) => {
                self.permit = permit;
                Turn::Position(position)
            }
            (_, permit) => {
                self.permit = permit;
                Turn::Displaced
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn client(n: u8) -> ClientKey {
        ClientKey::of([192, 0, 2, n].into())
    }

    fn bounds(slots: usize, queue: usize) -> Bounds {
        Bounds {
            slots,
            reserve: 0,
            queue,
            queue_bytes: u64::MAX,
            parked: 2,
            client_slots: slots,
            client_queue: queue,
            client_parked: 2,
        }
    }

    fn places(slots: usize, queue: usize) -> Places {
        Places::new(bounds(slots, queue))
    }

    fn granted(places: &Places) -> Permit {
        granted_to(places, client(1))
    }

    fn granted_to(places: &Places, client: ClientKey) -> Permit {
        match places.ask(client, 0) {
            Ok(Asked::Granted(permit)) => permit,
            other => panic!("expected a slot, got {other:?}"),
        }
    }

    fn waits(places: &Places) -> Waiting {
        waits_as(places, client(1))
    }

    fn waits_as(places: &Places, client: ClientKey) -> Waiting {
        match places.ask(client, 0) {
            Ok(Asked::Waits(waiting)) => waiting,
            other => panic!("expected to wait, got {other:?}"),
        }
    }

    async fn slot(waiting: &mut Waiting) -> Permit {
        match waiting.next().await {
            Turn::Granted(permit) => permit,
            other => panic!("expected a slot, got {other:?}"),
        }
    }

    async fn position(waiting: &mut Waiting) -> u32 {
        match waiting.next().await {
            Turn::Position(position) => position,
            other => panic!("expected a position, got {other:?}"),
        }
    }

    #[tokio::test]
    async fn slot_goes_to_the_first_who_waits() {
        let places = places(1, 2);
        let permit = granted(&places);
        let mut first = waits(&places);
        let mut second = waits(&places);
        assert_eq!((first.position(), second.position()), (1, 2));
        assert!(matches!(places.ask(client(1), 0), Err(Full::Client)));
        drop(permit);
        let permit = slot(&mut first).await;
        assert_eq!(position(&mut second).await, 1);
        drop(first);
        drop(permit);
        let permit = slot(&mut second).await;
        assert_eq!(places.counts(), [1, 0, 0]);
        drop(permit);
        assert_eq!(places.counts(), [0, 0, 0]);
    }

    #[tokio::test]
    async fn leaving_the_queue_lets_the_others_up() {
        let places = places(1, 3);
        let permit = granted(&places);
        let first = waits(&places);
        let mut second = waits(&places);
        drop(first);
        assert_eq!(position(&mut second).await, 1);
        // Granted, but gone before it took the slot.
        drop(permit);
        drop(second);
        assert_eq!(places.counts(), [0, 0, 0]);
        drop(granted(&places));
    }

    #[tokio::test]
    async fn who_has_most_waiting_is_told_when_it_loses_one() {
        let places = Places::new(Bounds { client_queue: 9, ..bounds(1, 2) });
        let permit = granted(&places);
        let mut first = waits(&places);
        let mut second = waits(&places);
        assert!(matches!(places.ask(client(1), 0), Err(Full::All)));
        let other = waits_as(&places, client(2));
        assert!(matches!(second.next().await, Turn::Displaced));
        assert!(matches!(places.ask(client(2), 0), Err(Full::All)), "it would have most itself");
        assert_eq!(places.counts(), [1, 2, 0]);
        drop((second, permit));
        drop(slot(&mut first).await);
        drop((other, first));
        assert_eq!(places.counts(), [0, 0, 0]);
    }

    #[tokio::test]
    async fn a_run_that_asks_gives_its_slot_to_the_next() {
        let places = places(1, 3);
        let mut asks = granted(&places);
        let mut second = waits(&places);
        let mut third = waits(&places);
        asks.park().unwrap();
        assert_eq!((asks.standing(), asks.next(true).now_or_never()), (Standing::Asking, None));
        let running = slot(&mut second).await;
        assert_eq!(places.counts(), [1, 1, 1]);
        // Answered, it is the next of its client's, before the one that was first in the queue.
        asks.resume();
        assert_eq!(asks.standing(), Standing::Resuming);
        assert_eq!(third.position(), 2);
        drop(running);
        assert_eq!(asks.next(false).await, News::Standing);
        assert_eq!((asks.standing(), places.counts()), (Standing::Running, [1, 1, 0]));
        drop(asks);
        drop(slot(&mut third).await);
    }

    #[tokio::test]
    async fn who_has_most_questions_open_is_told_when_it_loses_one() {
        let places = places(9, 9);
        let (mut one, mut two, mut three) = (granted(&places), granted(&places), granted(&places));
        one.park().unwrap();
        two.park().unwrap();
        assert_eq!(three.park(), Err(Full::Client));
        assert_eq!(three.standing(), Standing::Running);
        let mut other = granted_to(&places, client(2));
        other.park().unwrap();
        assert_eq!(two.next(false).await, News::Standing);
        assert_eq!((one.standing(), two.standing()), (Standing::Asking, Standing::Displaced));
        two.resume();
        assert_eq!((two.standing(), places.counts()), (Standing::Displaced, [1, 0, 2]));
        other.resume();
        assert_eq!((other.standing(), places.counts()), (Standing::Running, [2, 0, 1]));
        drop((one, two, three, other));
        assert_eq!(places.counts(), [0, 0, 0]);
    }

    #[tokio::test(start_paused = true)]
    async fn positions_are_told_at_once_and_then_now_and_again() {
        let places = places(1, 20);
        let mut permit = granted(&places);
        let mut waiting: Vec<_> = (0..10).map(|_| waits(&places)).collect();
        let mut last = waiting.pop().unwrap();
        assert_eq!(last.position(), 10);
        // Another client comes, and takes turns with those before.
        let mut other = waits_as(&places, client(2));
        let told_at = tokio::time::Instant::now();
        assert_eq!(position(&mut last).await, 11);
        for next in [&mut waiting.remove(0), &mut other, &mut waiting.remove(0)] {
            drop(permit);
            permit = slot_of(next).await;
        }
        assert_eq!(told_at.elapsed(), Duration::ZERO, "slots do not wait for the news");
        assert_eq!(position(&mut last).await, 8, "one piece of news for all of that");
        let later = told_at.elapsed();
        assert!(later >= NEWS_EVERY && later < 2 * NEWS_EVERY, "{later:?}");
        drop(waiting);
        assert_eq!(position(&mut last).await, 1);
        drop(permit);
        let permit = slot(&mut last).await;
        tokio::time::sleep(2 * NEWS_EVERY).await;
        assert!(!places.state().has_herald, "nobody waits");
        drop(permit);
    }

    /// Its slot, whatever positions it hears of before.
    async fn slot_of(waiting: &mut Waiting) -> Permit {
        loop {
            if let Turn::Granted(permit) = waiting.next().await {
                return permit;
            }
        }
    }

    #[tokio::test]
    async fn a_slot_is_wanted_by_those_who_could_have_it_and_once_for_each() {
        let places = Places::new(Bounds { client_slots: 2, ..bounds(3, 9) });
        let ask = |n| granted_to(&places, client(n));
        let (mut first, mut second, mut other) = (ask(1), ask(1), ask(2));
        assert!(first.next(true).now_or_never().is_none());
        // A third of the first client's, who has all that one may have: another's slot is of no use to it.
        let mut own = waits(&places);
        assert!(other.next(true).now_or_never().is_none());
        assert_eq!(second.next(true).now_or_never(), Some(News::Wanted));
        assert!(first.next(true).now_or_never().is_none(), "one is enough");
        drop(second);
        let mut permit = slot(&mut own).await;
        assert!(permit.next(true).now_or_never().is_none(), "nobody waits any more");
        // Whoever waits for it hears of the next one who comes.
        let (tell, told) = tokio::sync::oneshot::channel();
        let waiting = tokio::spawn(async move {
            let _ = tell.send(());
            assert_eq!(other.next(true).await, News::Wanted);
            drop(other);
        });
        told.await.unwrap();
        let mut third = waits_as(&places, client(3));
        drop(slot_of(&mut third).await);
        waiting.await.unwrap();
        drop((first, permit));
        assert_eq!(places.counts(), [0, 0, 0]);
        assert_eq!(places.state().leaving, 0);
    }
}
