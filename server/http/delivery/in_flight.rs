//! Bytes of answers that their readers have not taken yet: so many in all, and so many for each client.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix_web::http::StatusCode;

use crate::http::error::Problem;
use crate::sandbox::ClientKey;

/// When somebody who was turned away may try again, in milliseconds.
const RETRY_AFTER_MS: u64 = 5_000;

/// All answers in flight. Cheap to clone; all clones are one.
#[derive(Clone, Debug, Default)]
pub struct InFlight(Arc<Mutex<Held>>);

#[derive(Debug, Default)]
struct Held {
    all: u64,
    clients: HashMap<ClientKey, u64>,
}

/// How many bytes there may be.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// In all.
    pub all: u64,
    /// Of one client.
    pub client: u64,
}

/// Which bound is in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// The client's own.
    Client,
    /// That of the server.
    Server,
}

/// An answer in flight, or what is left of it. Counts until it is dropped.
#[derive(Debug)]
pub struct Flight {
    in_flight: InFlight,
    client: ClientKey,
    left: u64,
}

impl InFlight {
    fn held(&self) -> MutexGuard<'_, Held> {
        // Nothing that runs under this lock can panic half-way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts an answer of so many bytes, if there is room for it. The only answer of a client, and the only one of
    /// all, always has: one that is longer than a bound can be read as well.
    ///
    /// # Errors
    /// Which bound has no room.
    pub fn take(&self, client: ClientKey, bytes: u64, bounds: Bounds) -> Result<Flight, Full> {
        let mut held = self.held();
        let theirs = held.clients.get(&client).copied().unwrap_or_default();
        if theirs > 0 && theirs.saturating_add(bytes) > bounds.client {
            return Err(Full::Client);
        }
        if held.all > 0 && held.all.saturating_add(bytes) > bounds.all {
            return Err(Full::Server);
        }
        Ok(self.count(&mut held, client, bytes))
    }

    /// Counts an answer whether there is room or not: what it took to make it is done, and was counted elsewhere.
    pub fn add(&self, client: ClientKey, bytes: u64) -> Flight {
        self.count(&mut self.held(), client, bytes)
    }

    fn count(&self, held: &mut Held, client: ClientKey, bytes: u64) -> Flight {
        held.all = held.all.saturating_add(bytes);
        let theirs = held.clients.entry(client).or_default();
        *theirs = theirs.saturating_add(bytes);
        Flight { in_flight: self.clone(), client, left: bytes }
    }

    /// Whether a client, or all together, have so much in flight that nothing more should be begun for them.
    pub fn full(&self, client: ClientKey, bounds: Bounds) -> Option<Full> {
        let held = self.held();
        if held.clients.get(&client).is_some_and(|theirs| *theirs >= bounds.client) {
            Some(Full::Client)
        } else {
            (held.all >= bounds.all).then_some(Full::Server)
        }
    }
}

impl Flight {
    /// So many bytes of it have been handed over.
    pub fn land(&mut self, bytes: u64) {
        let bytes = bytes.min(self.left);
        self.left -= bytes;
        let mut held = self.in_flight.held();
        held.all -= bytes;
        if let Some(theirs) = held.clients.get_mut(&self.client) {
            *theirs -= bytes;
            if *theirs == 0 {
                held.clients.remove(&self.client);
            }
        }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.land(self.left);
    }
}

impl Full {
    /// What to answer whoever has to wait.
    pub fn problem(self, bounds: Bounds) -> Problem {
        let (status, detail) = match self {
            Self::Client => (
                StatusCode::TOO_MANY_REQUESTS,
                format!(
                    "Your address has not taken earlier answers yet: at most {} bytes may be on their way to it. \
                     Try again when those are there.",
                    bounds.client
                ),
            ),
            Self::Server => (
                StatusCode::SERVICE_UNAVAILABLE,
                format!(
                    "The server has as many answers on their way as it may, {} bytes. Try again in a moment.",
                    bounds.all
                ),
            ),
        };
        Problem::new(status, detail).retry_after_ms(RETRY_AFTER_MS)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BOUNDS: Bounds = Bounds { all: 100, client: 40 };

    fn client(n: u8) -> ClientKey {
        ClientKey::of([192, 0, 2, n].into())
    }

    #[test]
    fn each_bound_holds_until_bytes_land() {
        let all = InFlight::default();
        let mut first = all.take(client(1), 30, BOUNDS).expect("room");
        assert_eq!(all.take(client(1), 11, BOUNDS).err(), Some(Full::Client));
        first.land(1);
        let second = all.take(client(1), 11, BOUNDS).expect("room again");
        assert_eq!(all.full(client(1), BOUNDS), Some(Full::Client));
        let _third = all.take(client(2), 40, BOUNDS).expect("others have their own");
        let fourth = all.take(client(3), 20, BOUNDS).expect("room");
        assert_eq!(all.take(client(4), 1, BOUNDS).err(), Some(Full::Server));
        assert_eq!(all.full(client(4), BOUNDS), Some(Full::Server));
        drop((first, second, fourth));
        assert!(all.full(client(1), BOUNDS).is_none() && all.take(client(4), 1, BOUNDS).is_ok());
    }

    #[test]
    fn a_lone_answer_may_be_longer_than_its_bound() {
        let all = InFlight::default();
        let long = all.take(client(1), 1_000, BOUNDS).expect("it is the only one");
        assert_eq!(all.take(client(1), 1, BOUNDS).err(), Some(Full::Client));
        assert_eq!(all.take(client(2), 1, BOUNDS).err(), Some(Full::Server));
        drop(long);
        assert!(all.take(client(2), 1, BOUNDS).is_ok());
    }

    proptest! {
        #[test]
        fn nothing_is_counted_when_all_has_landed(steps in prop::collection::vec((0u8..4, 0u64..60, 0u64..80), 0..60)) {
            let all = InFlight::default();
            let mut flights = Vec::new();
            for (n, bytes, landed) in steps {
                if let Ok(mut flight) = all.take(client(n), bytes, BOUNDS) {
                    flight.land(landed);
                    flights.push(flight);
                }
                if flights.len() > 5 {
                    flights.remove(0);
                }
            }
            drop(flights);
            let held = all.held();
            prop_assert_eq!((held.all, held.clients.values().sum::<u64>()), (0, 0));
        }
    }
}
