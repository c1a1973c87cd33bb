//! How many bytes of requests that have not arrived whole are kept: request bodies, and WebSocket messages.
//!
//! What one connection may keep is bounded by its longest message, but connections are many. So all bytes beyond
//! [`FREE_BYTES`] of each request count, for their client and in all. The last part of the room for all is for clients
//! that keep little: so those who come last find some, however much a handful of others keep.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix_web::http::StatusCode;

use super::error::Problem;
use crate::protocol::browser::RejectReason;
use crate::sandbox::ClientKey;

/// How much of each request does not count, in bytes: most are shorter.
pub const FREE_BYTES: usize = 16 << 10;

/// How much a client may keep when little is left for all, in bytes: most programs are shorter.
const LITTLE: usize = 256 << 10;
/// One in so many of all bytes is for clients that keep little.
const RESERVE: usize = 4;

/// When somebody who was turned away may try again, in milliseconds.
const RETRY_AFTER_MS: u64 = 2_000;

/// How many bytes may be kept.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// For all clients together.
    pub all: usize,
    /// For one client.
    pub client: usize,
}

/// All bytes that are kept. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub struct Intake(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    bounds: Bounds,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    all: usize,
    clients: HashMap<ClientKey, usize>,
}

/// There is no room for more bytes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRoom;

/// What is kept of one request, until dropped.
#[derive(Debug)]
pub struct Share {
    intake: Intake,
    client: ClientKey,
    /// How much of it is counted.
    counted: usize,
}

impl Intake {
    /// Nothing yet.
    pub fn new(bounds: Bounds) -> Self {
        Self(Arc::new(Inner { bounds, kept: Mutex::default() }))
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Nothing that runs under this lock can panic half-way.
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is kept of a request of `client`, of which nothing has arrived.
    pub fn share(&self, client: ClientKey) -> Share {
        Share { intake: self.clone(), client, counted: 0 }
    }

    /// What to answer when there is no room.
    pub fn problem(&self) -> Problem {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, NO_ROOM)
            .reason(RejectReason::Busy)
            .retry_after_ms(RETRY_AFTER_MS)
    }
}

/// What a client is told when there is no room. It fits in a close frame: at most 123 bytes.
pub const NO_ROOM: &str =
    "Too many long requests are arriving, from your address or from all. Try again in 2 s.";

impl Share {
    /// So many bytes of the request are kept now.
    ///
    /// # Errors
    /// When there is no room for them. Then as much is counted as before.
    pub fn set(&mut self, bytes: usize) -> Result<(), NoRoom> {
        let counted = bytes.saturating_sub(FREE_BYTES);
        if counted == self.counted {
            return Ok(());
        }
        let Bounds { all, client } = self.intake.0.bounds;
        let mut kept = self.intake.kept();
        let theirs = kept.clients.get(&self.client).copied().unwrap_or(0);
        if let Some(more) = counted.checked_sub(self.counted) {
            let left = all.saturating_sub(kept.all);
            let is_reserved = theirs + more > LITTLE && left < more + all / RESERVE;
            if theirs + more > client || more > left || is_reserved {
                return Err(NoRoom);
            }
        }
        kept.all = kept.all - self.counted + counted;
        match theirs - self.counted + counted {
            0 => drop(kept.clients.remove(&self.client)),
            theirs => drop(kept.clients.insert(self.client, theirs)),
        }
        self.counted = counted;
        Ok(())
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        // To keep less always works.
        let _ = self.set(0);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn client(n: u16) -> ClientKey {
        let [a, b] = n.to_be_bytes();
        ClientKey::of([10, a, b, 1].into())
    }

    #[test]
    fn short_requests_count_nothing() {
        let intake = Intake::new(Bounds { all: 0, client: 0 });
        let mut share = intake.share(client(1));
        assert_eq!(share.set(FREE_BYTES), Ok(()));
        assert_eq!(share.set(FREE_BYTES + 1), Err(NoRoom));
    }

    #[test]
    fn one_client_keeps_no_more_than_its_bound() {
        let intake = Intake::new(Bounds { all: 1_000_000, client: 100 });
        let (mut one, mut two) = (intake.share(client(1)), intake.share(client(1)));
        assert_eq!(one.set(FREE_BYTES + 60), Ok(()));
        assert_eq!(two.set(FREE_BYTES + 41), Err(NoRoom));
        assert_eq!(two.set(FREE_BYTES + 40), Ok(()));
        drop(one);
        assert_eq!(two.set(FREE_BYTES + 100), Ok(()));
    }

    #[test]
    fn who_comes_last_finds_room() {
        let intake = Intake::new(Bounds { all: 96 << 20, client: 16 << 20 });
        let mut greedy: Vec<Share> = (0..64).map(|n| intake.share(client(n))).collect();
        for share in &mut greedy {
            let (mut bytes, mut step) = (FREE_BYTES, 32 << 20);
            while step > 0 {
                match share.set(bytes + step) {
                    Ok(()) => bytes += step,
                    Err(NoRoom) => step /= 2,
                }
            }
        }
        assert_eq!(intake.share(client(200)).set(FREE_BYTES + LITTLE), Ok(()));
        assert_eq!(intake.share(client(200)).set(FREE_BYTES + LITTLE + 1), Err(NoRoom));
    }

    proptest! {
        /// Both bounds hold at each moment, and all is free in the end.
        #[test]
        fn bounds_hold(sets in prop::collection::vec((0u16..4, 0usize..6, 0usize..3_000), 0..200)) {
            let bounds = Bounds { all: 4_000, client: 1_500 };
            let intake = Intake::new(bounds);
            let mut shares: Vec<Vec<Share>> =
                (0..4).map(|n| (0..6).map(|_| intake.share(client(n))).collect()).collect();
            for (n, which, bytes) in sets {
                let _ = shares[n as usize][which].set(FREE_BYTES + bytes);
                let kept = intake.kept();
                prop_assert!(kept.all <= bounds.all);
                prop_assert_eq!(kept.all, kept.clients.values().sum::<usize>());
                prop_assert!(kept.clients.values().all(|theirs| *theirs <= bounds.client && *theirs > 0));
            }
            drop(shares);
            let kept = intake.kept();
            prop_assert!(kept.all == 0 && kept.clients.is_empty());
        }
    }
}
