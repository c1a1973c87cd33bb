//! Places for runs, and the queue for one. A place is an owned permit, given back when it is dropped.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// All places. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub struct Places(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    free: usize,
    taken: usize,
    queue_bound: usize,
    next_ticket: u64,
    queue: VecDeque<(u64, watch::Sender<u32>)>,
}

/// A place, until dropped.
#[derive(Debug)]
pub struct Permit(Places);

/// What [`Places::ask`] gives.
#[derive(Debug)]
pub enum Asked {
    /// A place was free.
    Granted(Permit),
    /// All are taken: wait.
    Waits(Waiting),
    /// The queue is full, too.
    Full,
}

/// A turn in the queue; dropping it leaves the queue.
#[derive(Debug)]
pub struct Waiting {
    places: Places,
    ticket: u64,
    position: watch::Receiver<u32>,
    granted: bool,
}

impl Places {
    /// So many places, and so many turns in the queue for them.
    pub fn new(places: usize, queue: usize) -> Self {
        Self(Arc::new(Mutex::new(State {
            free: places,
            taken: 0,
            queue_bound: queue,
            next_ticket: 0,
            queue: VecDeque::new(),
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that runs under this lock can panic half-way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for a place.
    pub fn ask(&self) -> Asked {
        let mut state = self.state();
        if state.free > 0 {
            state.free -= 1;
            state.taken += 1;
            return Asked::Granted(Permit(self.clone()));
        }
        if state.queue.len() >= state.queue_bound {
            return Asked::Full;
        }
        let ticket = state.next_ticket;
        state.next_ticket += 1;
        let (sender, position) = watch::channel(u32::try_from(state.queue.len() + 1).unwrap_or(u32::MAX));
        state.queue.push_back((ticket, sender));
        Asked::Waits(Waiting { places: self.clone(), ticket, position, granted: false })
    }

    /// Places taken, and turns in the queue.
    pub fn counts(&self) -> (usize, usize) {
        let state = self.state();
        (state.taken, state.queue.len())
    }

    fn give_back(&self) {
        let mut state = self.state();
        // The place goes to the first in the queue that still waits: position 0 says so.
        while let Some((_, first)) = state.queue.pop_front() {
            if first.send(0).is_ok() {
                advance(&state.queue, 0);
                return;
            }
        }
        state.taken -= 1;
        state.free += 1;
    }
}

/// Tells those from index `from` on where they stand.
fn advance(queue: &VecDeque<(u64, watch::Sender<u32>)>, from: usize) {
    for (index, (_, waiting)) in queue.iter().enumerate().skip(from) {
        waiting.send_replace(u32::try_from(index + 1).unwrap_or(u32::MAX));
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.give_back();
    }
}

impl Waiting {
    /// Where it stands now: 1 is next.
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
        Ok(Permit(self.places.clone()))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if self.granted {
            return;
        }
        let mut state = self.places.state();
        match state.queue.iter().position(|(ticket, _)| *ticket == self.ticket) {
            Some(index) => {
                state.queue.remove(index);
                advance(&state.queue, index);
            }
            // It was given the place and never took it.
            None => {
                drop(state);
                self.places.give_back();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn granted(places: &Places) -> Permit {
        match places.ask() {
            Asked::Granted(permit) => permit,
            other => panic!("expected a place, got {other:?}"),
        }
    }

    fn waits(places: &Places) -> Waiting {
        match places.ask() {
            Asked::Waits(waiting) => waiting,
            other => panic!("expected to wait, got {other:?}"),
        }
    }

    #[tokio::test]
    async fn a_place_goes_to_the_first_who_waits() {
        let places = Places::new(1, 2);
        let permit = granted(&places);
        let mut first = waits(&places);
        let mut second = waits(&places);
        assert_eq!((first.position(), second.position()), (1, 2));
        assert!(matches!(places.ask(), Asked::Full));
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
        let places = Places::new(1, 3);
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
}
