//! Places for runs, and the queue for one. A place is an owned permit, given back when it is dropped. Who is
//! next is for [`super::queue`] to say.
//!
//! Whoever is given a place hears of it at once. Positions change for all that wait with every run that
//! starts, so that news is passed on at most every [`NEWS_EVERY`]: what a place costs that comes free does not
//! depend on how many wait.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use super::client::ClientKey;
use super::queue::{Bounds, Full, Queue};

/// How often those who wait are told new positions.
const NEWS_EVERY: Duration = Duration::from_millis(100);

/// All places. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub struct Places(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    state: Mutex<State>,
    /// Positions have changed.
    changed: Notify,
    /// Somebody has come to wait, or waits still.
    wanted: Notify,
}

#[derive(Debug)]
struct State {
    /// Whoever waits is told a position, or 0 for a place.
    queue: Queue<watch::Sender<u32>>,
    /// Somebody passes positions on.
    has_herald: bool,
    /// Places that are about to be given back for those who wait.
    leaving: usize,
}

/// A place, until dropped.
#[derive(Debug)]
pub struct Permit {
    places: Places,
    client: ClientKey,
    is_leaving: bool,
}

/// What [`Places::ask`] gives.
#[derive(Debug)]
pub enum Asked {
    /// A place was free.
    Granted(Permit),
    /// All are taken: wait.
    Waits(Waiting),
}

/// A turn in the queue; dropping it leaves the queue.
#[derive(Debug)]
pub struct Waiting {
    places: Places,
    client: ClientKey,
    ticket: u64,
    position: watch::Receiver<u32>,
    granted: bool,
}

impl Places {
    /// So many places, and so many turns in the queue for them.
    pub fn new(bounds: Bounds) -> Self {
        let state = Mutex::new(State { queue: Queue::new(bounds), has_herald: false, leaving: 0 });
        Self(Arc::new(Inner { state, changed: Notify::new(), wanted: Notify::new() }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that runs under this lock can panic half-way.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for a place. Must be called in a tokio runtime.
    ///
    /// # Errors
    /// When there is not even a turn in the queue.
    pub fn ask(&self, client: ClientKey) -> Result<Asked, Full> {
        let mut state = self.state();
        if state.queue.take(client) {
            return Ok(Asked::Granted(Permit { places: self.clone(), client, is_leaving: false }));
        }
        let (ticket, position) = state.queue.wait(client, watch::channel)?;
        if !state.has_herald {
            state.has_herald = true;
            tokio::spawn(self.clone().herald());
        }
        drop(state);
        self.0.changed.notify_one();
        self.0.wanted.notify_waiters();
        Ok(Asked::Waits(Waiting { places: self.clone(), client, ticket, position, granted: false }))
    }

    /// Places taken, and turns in the queue.
    pub fn counts(&self) -> (usize, usize) {
        self.state().queue.counts()
    }

    fn give_back(&self, client: ClientKey, is_leaving: bool) {
        let mut state = self.state();
        state.leaving -= usize::from(is_leaving);
        state.queue.give_back(client);
        while let Some((client, first)) = state.queue.next() {
            if first.send(0).is_err() {
                state.queue.give_back(client);
            }
        }
        let others_wait = state.queue.counts().1 > 0;
        drop(state);
        self.0.changed.notify_one();
        if others_wait {
            self.0.wanted.notify_waiters();
        }
    }

    /// Passes positions on for as long as anybody waits.
    async fn herald(self) {
        loop {
            self.0.changed.notified().await;
            {
                let mut state = self.state();
                if state.queue.counts().1 == 0 {
                    state.has_herald = false;
                    return;
                }
                state.queue.positions(|waiting, position| {
                    waiting.send_if_modified(|it| std::mem::replace(it, position) != position);
                });
            }
            tokio::time::sleep(NEWS_EVERY).await;
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.places.give_back(self.client, self.is_leaving);
    }
}

impl Permit {
    /// Waits until somebody waits who could have this place, which is then counted as given back: whoever asks has to
    /// do so soon. No more places come free like this than there are runs that wait. Safe to drop and call again.
    pub async fn wanted(&mut self) {
        if self.is_leaving {
            return;
        }
        loop {
            let news = self.places.0.wanted.notified();
            tokio::pin!(news);
            // So that nobody's coming is missed between the look and the wait.
            news.as_mut().enable();
            {
                let mut state = self.places.state();
                if state.queue.would_help(self.client, state.leaving) {
                    state.leaving += 1;
                    self.is_leaving = true;
                    return;
                }
            }
            news.await;
        }
    }
}

impl Waiting {
    /// Where it stands now, as far as it was told: so many runs will start until it has, itself included.
    pub fn position(&self) -> u32 {
        (*self.position.borrow()).max(1)
    }

    /// Waits for the next news: the place (`Ok`), or a new position (`Err`). Safe to drop and call again.
    pub async fn next(&mut self) -> Result<Permit, u32> {
        // The sender goes away only after it sent the place.
        let _ = self.position.changed().await;
        let position = *self.position.borrow_and_update();
        if position > 0 {
            return Err(position);
        }
        self.granted = true;
        Ok(Permit { places: self.places.clone(), client: self.client, is_leaving: false })
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if self.granted {
            return;
        }
        if self.places.state().queue.leave(self.client, self.ticket) {
            self.places.0.changed.notify_one();
        } else {
            // It was given the place and never took it.
            self.places.give_back(self.client, false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(n: u8) -> ClientKey {
        ClientKey::of([192, 0, 2, n].into())
    }

    fn places(places: usize, queue: usize) -> Places {
        Places::new(Bounds { places, queue, client_places: places, client_queue: queue })
    }

    fn granted(places: &Places) -> Permit {
        match places.ask(client(1)) {
            Ok(Asked::Granted(permit)) => permit,
            other => panic!("expected a place, got {other:?}"),
        }
    }

    fn waits(places: &Places) -> Waiting {
        waits_as(places, client(1))
    }

    fn waits_as(places: &Places, client: ClientKey) -> Waiting {
        match places.ask(client) {
            Ok(Asked::Waits(waiting)) => waiting,
            other => panic!("expected to wait, got {other:?}"),
        }
    }

    #[tokio::test]
    async fn a_place_goes_to_the_first_who_waits() {
        let places = places(1, 2);
        let permit = granted(&places);
        let mut first = waits(&places);
        let mut second = waits(&places);
        assert_eq!((first.position(), second.position()), (1, 2));
        assert!(matches!(places.ask(client(1)), Err(Full::Client)));
        drop(permit);
        let permit = first.next().await.unwrap();
        assert_eq!(second.next().await.unwrap_err(), 1);
        drop(first);
        drop(permit);
        let permit = second.next().await.unwrap();
        assert_eq!(places.counts(), (1, 0));
        drop(permit);
        assert_eq!(places.counts(), (0, 0));
    }

    #[tokio::test]
    async fn leaving_the_queue_lets_the_others_up() {
        let places = places(1, 3);
        let permit = granted(&places);
        let first = waits(&places);
        let mut second = waits(&places);
        drop(first);
        assert_eq!(second.next().await.unwrap_err(), 1);
        // Granted, but gone before it took the place.
        drop(permit);
        drop(second);
        assert_eq!(places.counts(), (0, 0));
        drop(granted(&places));
    }

    #[tokio::test(start_paused = true)]
    async fn positions_are_told_at_once_and_then_now_and_again() {
        let places = places(1, 20);
        let mut permit = granted(&places);
        let mut waiting: Vec<_> = (0..10).map(|_| waits(&places)).collect();
        let mut last = waiting.pop().unwrap();
        assert_eq!(last.position(), 10);
        // Somebody else comes, and takes turns with those before.
        let mut other = waits_as(&places, client(2));
        assert_eq!(other.position(), 2);
        assert_eq!(last.next().await.unwrap_err(), 11);
        let told_at = tokio::time::Instant::now();
        for next in [&mut waiting.remove(0), &mut other, &mut waiting.remove(0)] {
            drop(permit);
            permit = next.next().await.unwrap();
        }
        assert_eq!(told_at.elapsed(), Duration::ZERO, "places do not wait for the news");
        assert_eq!(last.next().await.unwrap_err(), 8, "one piece of news for all of that");
        let later = told_at.elapsed();
        assert!(later >= NEWS_EVERY && later < 2 * NEWS_EVERY, "{later:?}");
        drop(waiting);
        assert_eq!(last.next().await.unwrap_err(), 1);
        drop(permit);
        let permit = last.next().await.unwrap();
        tokio::time::sleep(2 * NEWS_EVERY).await;
        assert!(!places.state().has_herald, "nobody waits");
        drop(permit);
    }

    #[tokio::test]
    async fn a_place_is_wanted_by_those_who_could_have_it_and_once_for_each() {
        use futures_util::FutureExt;

        let places = Places::new(Bounds { places: 3, queue: 9, client_places: 2, client_queue: 9 });
        let ask = |n| match places.ask(client(n)) {
            Ok(Asked::Granted(permit)) => permit,
            other => panic!("expected a place, got {other:?}"),
        };
        let (mut first, mut second, mut other) = (ask(1), ask(1), ask(2));
        assert!(first.wanted().now_or_never().is_none());
        // A third of the first client's, who has all that one may have: another's place is of no use to it.
        let mut own = waits(&places);
        assert!(other.wanted().now_or_never().is_none());
        assert!(second.wanted().now_or_never().is_some());
        assert!(first.wanted().now_or_never().is_none(), "one is enough");
        drop(second);
        let mut permit = own.next().await.unwrap();
        assert!(permit.wanted().now_or_never().is_none(), "nobody waits any more");
        // Whoever waits for it hears of the next one who comes.
        let (tell, told) = tokio::sync::oneshot::channel();
        let waiting = tokio::spawn(async move {
            let _ = tell.send(());
            other.wanted().await;
            drop(other);
        });
        told.await.unwrap();
        let mut third = waits_as(&places, client(3));
        drop(third.next().await.unwrap());
        waiting.await.unwrap();
        drop((first, permit));
        assert_eq!(places.counts(), (0, 0));
        assert_eq!(places.state().leaving, 0);
    }
}
