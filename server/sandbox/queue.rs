//! Who gets a place when: clients take turns. No locks, no tasks, no clock; [`super::permit`] has those.
//!
//! Clients with runs that wait stand in a ring. A place that comes free goes to the oldest waiting run of the
//! first client in the ring who has not all the places that one client may have, and that client goes to the
//! ring's end. So whoever has one run waiting waits for at most one run of each other client, however many
//! these have.

use std::collections::{HashMap, VecDeque};

use super::client::ClientKey;

/// How many places and turns there are.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Places, in all.
    pub places: usize,
    /// Turns in the queue, in all.
    pub queue: usize,
    /// Places that one client may have.
    pub client_places: usize,
    /// Turns in the queue that one client may have.
    pub client_queue: usize,
}

/// Why there is no turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// The client has all that one may have.
    Client,
    /// There is none left.
    Queue,
}

/// Places taken, and runs that wait. `T` is whatever stands for one of these.
#[derive(Debug)]
pub struct Queue<T> {
    bounds: Bounds,
    taken: usize,
    waiting: usize,
    next_ticket: u64,
    /// Those who have a place or wait for one.
    clients: HashMap<ClientKey, Client<T>>,
    /// Those who wait, the one whose turn it is first.
    ring: VecDeque<ClientKey>,
}

#[derive(Debug)]
struct Client<T> {
    taken: usize,
    waiting: VecDeque<(u64, T)>,
}

impl<T> Default for Client<T> {
    fn default() -> Self {
        Self { taken: 0, waiting: VecDeque::new() }
    }
}

impl<T> Queue<T> {
    /// All places free.
    pub fn new(bounds: Bounds) -> Self {
        Self { bounds, taken: 0, waiting: 0, next_ticket: 0, clients: HashMap::new(), ring: VecDeque::new() }
    }

    /// Takes a place, if there is one for this client. Nobody is passed over: whoever may have a place that
    /// is free does not wait.
    pub fn take(&mut self, client: ClientKey) -> bool {
        let theirs = self.clients.get(&client).map_or(0, |it| it.taken);
        if self.taken >= self.bounds.places || theirs >= self.bounds.client_places {
            return false;
        }
        self.taken += 1;
        self.clients.entry(client).or_default().taken += 1;
        true
    }

    /// Takes a turn in the queue. `run` makes, of its position, what stands for it there and what is returned
    /// beside its ticket.
    pub fn wait<U>(&mut self, client: ClientKey, run: impl FnOnce(u32) -> (T, U)) -> Result<(u64, U), Full> {
        let theirs = self.clients.get(&client).map_or(0, |it| it.waiting.len());
        if theirs >= self.bounds.client_queue {
            return Err(Full::Client);
        }
        if self.waiting >= self.bounds.queue {
            return Err(Full::Queue);
        }
        if theirs == 0 {
            self.ring.push_back(client);
        }
        // Before it go all of the client's own, as many of each one's ahead in the ring and itself, and one
        // less of each one's behind.
        let (mut position, mut rounds) = (0, theirs + 1);
        for other in &self.ring {
            if *other == client {
                position += rounds;
                rounds -= 1;
            } else {
                position += self.clients.get(other).map_or(0, |it| it.waiting.len()).min(rounds);
            }
        }
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.waiting += 1;
        let (run, rest) = run(shown(position));
        self.clients.entry(client).or_default().waiting.push_back((ticket, run));
        Ok((ticket, rest))
    }

    /// Gives back a place that `client` had.
    pub fn give_back(&mut self, client: ClientKey) {
        if let Some(it) = self.clients.get_mut(&client)
            && it.taken > 0
        {
            it.taken -= 1;
            self.taken -= 1;
            self.forget_idle(client);
        }
    }

    /// Gives a free place to the run whose turn it is. To be asked until there is none, whenever a place may
    /// have come free.
    pub fn next(&mut self) -> Option<(ClientKey, T)> {
        if self.taken >= self.bounds.places {
            return None;
        }
        // Clients with all the places they may have are passed over, and keep their turn. There are no more
        // of these than places.
        let bound = self.bounds.client_places;
        let at = self.ring.iter().position(|it| self.clients.get(it).is_some_and(|it| it.taken < bound))?;
        let client = self.ring.remove(at)?;
        let it = self.clients.get_mut(&client)?;
        let (_, run) = it.waiting.pop_front()?;
        it.taken += 1;
        if !it.waiting.is_empty() {
            self.ring.push_back(client);
        }
        self.waiting -= 1;
        self.taken += 1;
        Some((client, run))
    }

    /// Whether somebody waits who could have a place if `client` gave one back, beside the `leaving` places that are
    /// about to be given back anyway.
    pub fn would_help(&self, client: ClientKey, leaving: usize) -> bool {
        let taken = |it: &ClientKey| self.clients.get(it).map_or(0, |it| it.taken);
        let could = |it: &ClientKey| {
            taken(it) - usize::from(*it == client).min(taken(it)) < self.bounds.client_places
        };
        self.waiting > leaving && self.ring.iter().any(could)
    }

    /// Leaves the queue. False if this ticket does not wait any more.
    pub fn leave(&mut self, client: ClientKey, ticket: u64) -> bool {
        let Some(it) = self.clients.get_mut(&client) else { return false };
        // Tickets only grow.
        let Ok(at) = it.waiting.binary_search_by_key(&ticket, |(ticket, _)| *ticket) else { return false };
        it.waiting.remove(at);
        self.waiting -= 1;
        if it.waiting.is_empty() {
            self.ring.retain(|it| *it != client);
            self.forget_idle(client);
        }
        true
    }

    /// Tells every run that waits its position: how many will start until it has, itself included, if nobody
    /// else comes and nobody leaves. Takes time in proportion to the queue.
    pub fn positions(&self, mut tell: impl FnMut(&T, u32)) {
        let mut ring: Vec<_> =
            self.ring.iter().filter_map(|it| Some(self.clients.get(it)?.waiting.iter())).collect();
        let mut position = 0;
        while !ring.is_empty() {
            ring.retain_mut(|waiting| {
                let Some((_, run)) = waiting.next() else { return false };
                position += 1;
                tell(run, shown(position));
                true
            });
        }
    }

    /// Places taken, and turns in the queue.
    pub fn counts(&self) -> (usize, usize) {
        (self.taken, self.waiting)
    }

    fn forget_idle(&mut self, client: ClientKey) {
        if self.clients.get(&client).is_some_and(|it| it.taken == 0 && it.waiting.is_empty()) {
            self.clients.remove(&client);
        }
    }
}

fn shown(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
