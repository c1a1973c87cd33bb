//! Open connections: how many there may be, of one client and in all, and how long one may ask for nothing.
//!
//! A connection is counted when it is accepted. One too many is told so in the answer to its first request, with
//! `Retry-After`; what waits to be told is bounded as well, by as many connections again, and those beyond that
//! are closed without a word. Connections from trusted proxies belong to no client: there each request counts for
//! the client it comes from while it is answered, and a WebSocket is such a request.
//!
//! actix-web holds only the first request of a connection to a time in which to arrive. [`close_when_idle`] does the
//! same for every other, whatever keeps it: silence, a head that comes byte by byte, or a body that nobody
//! waits for.

use std::collections::HashMap;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::dev::Extensions;
use actix_web::http::StatusCode;
use actix_web::rt::net::TcpStream;
use nix::sys::socket::{Shutdown, shutdown};
use tokio::sync::{Notify, watch};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::error::Problem;
use super::state::Live;
use crate::sandbox::ClientKey;

/// When somebody who was turned away may try again, in milliseconds.
const RETRY_AFTER_MS: u64 = 5_000;

/// How many connections a client may have open when few are left.
const FEW: usize = 16;
/// One in so many of all connections is for clients that have few.
const RESERVE: usize = 4;

/// How long a connection without a request is kept when the server goes: a request that is on its way shall find it
/// open. The answer to that is its last.
const LINGER: Duration = Duration::from_secs(1);
/// The same of one that has had none yet. Whoever has connected has something to ask, unless a browser did it to save
/// time later.
const FIRST_LINGER: Duration = Duration::from_secs(3);

/// All open connections. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub struct Connections(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    bounds: Bounds,
    open: Mutex<Open>,
    /// The last one has gone.
    none_left: Notify,
}

/// How many connections there may be.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// In all.
    pub all: usize,
    /// Of one client.
    pub client: usize,
}

#[derive(Debug, Default)]
struct Open {
    all: usize,
    clients: HashMap<ClientKey, usize>,
}

/// Which bound is in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// The client's own.
    Client,
    /// The client's, as few are left: those are for others, who have few.
    Share,
    /// That of the server.
    Server,
}

/// One that is counted, until dropped.
#[derive(Debug)]
pub struct Counted {
    connections: Connections,
    is_connection: bool,
    client: Option<ClientKey>,
}

/// How many connections more than `all` are accepted so as to be turned away with words.
pub fn turned_away(all: usize) -> usize {
    (all / 8).max(all.clamp(4, 16))
}

impl Bounds {
    /// How many connections more than [`Bounds::all`] are accepted so as to be turned away with words.
    pub fn turned_away(self) -> usize {
        turned_away(self.all)
    }
}

impl Connections {
    /// None yet.
    pub fn new(bounds: Bounds) -> Self {
        Self(Arc::new(Inner { bounds, open: Mutex::default(), none_left: Notify::new() }))
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        // Nothing that runs under this lock can panic half-way.
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many are open.
    pub fn count_all(&self) -> usize {
        self.open().all
    }

    /// Waits until none is open.
    pub async fn none_left(&self) {
        loop {
            let gone = self.0.none_left.notified();
            if self.count_all() == 0 {
                return;
            }
            gone.await;
        }
    }

    /// Counts a connection, or a request that comes through a proxy. It is counted even if it is one too many:
    /// what that means is for whoever asked to decide. The number is that of the client's, with this one.
    fn count(&self, is_connection: bool, client: Option<ClientKey>) -> (Counted, usize, Option<Full>) {
        let mut open = self.open();
        open.all += usize::from(is_connection);
        let theirs = client.map_or(0, |client| {
            let theirs = open.clients.entry(client).or_default();
            *theirs += 1;
            *theirs
        });
        let left = self.0.bounds.all.saturating_sub(open.all);
        let full = if theirs > self.0.bounds.client {
            Some(Full::Client)
        } else if theirs > FEW && left < self.0.bounds.all / RESERVE {
            // So those who come last find some, however many a handful of others have.
            Some(Full::Share)
        } else if open.all > self.0.bounds.all && is_connection {
            Some(Full::Server)
        } else {
            None
        };
        (Counted { connections: self.clone(), is_connection, client }, theirs, full)
    }

    /// Counts a request that `client` sent through a proxy.
    ///
    /// # Errors
    /// When it is one too many.
    pub fn request(&self, client: ClientKey) -> Result<Counted, Full> {
        match self.count(false, Some(client)) {
            (counted, _, None) => Ok(counted),
            (_, _, Some(full)) => Err(full),
        }
    }

    /// What to answer to one too many.
    pub fn problem(&self, full: Full) -> Problem {
        let Bounds { all, client } = self.0.bounds;
        let (status, words) = match full {
            Full::Client => (
                StatusCode::TOO_MANY_REQUESTS,
                format!(
                    "Your address has {client} connections open, as many as one may. Close some, or try again \
                     in a moment."
                ),
            ),
            Full::Share => (
                StatusCode::TOO_MANY_REQUESTS,
                "The server has few connections left, and your address has many open. Close some, or try again in a \
                 moment."
                    .to_owned(),
            ),
            Full::Server => (
                StatusCode::SERVICE_UNAVAILABLE,
                format!("The server has {all} connections open, as many as it takes. Try again in a moment."),
            ),
        };
        Problem::new(status, words).retry_after_ms(RETRY_AFTER_MS)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut open = self.connections.open();
        open.all -= usize::from(self.is_connection);
        if open.all == 0 {
            self.connections.0.none_left.notify_waiters();
        }
        let Some(client) = self.client else { return };
        if let Some(theirs) = open.clients.get_mut(&client) {
            *theirs -= 1;
            if *theirs == 0 {
                open.clients.remove(&client);
            }
        }
    }
}

/// What is known of a connection; every request on it can ask for this.
pub struct Connection {
    /// Whether it is one too many.
    pub full: Option<Full>,
    /// Requests on it that are being answered.
    requests: watch::Sender<usize>,
    /// A copy of its descriptor, to close it.
    socket: Option<Arc<OwnedFd>>,
    _counted: Counted,
}

/// A request that is being answered, until dropped.
pub struct Answering(watch::Sender<usize>);

impl Connection {
    /// A request has arrived on it.
    pub fn answering(&self) -> Answering {
        self.requests.send_modify(|requests| *requests += 1);
        Answering(self.requests.clone())
    }

    /// A copy of its descriptor, to close it; `None` where there could be none.
    pub fn socket(&self) -> Option<Arc<OwnedFd>> {
        self.socket.clone()
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.send_modify(|requests| *requests -= 1);
    }
}

/// What happens to each connection when it is accepted.
pub struct Accept {
    /// Where it is counted.
    pub connections: Connections,
    /// Who knows whose connections are nobody's.
    pub live: Arc<Live>,
    /// How long a connection may have no request that is being answered.
    pub patience: Duration,
    /// Cancelled when connections are kept no longer.
    pub leaving: CancellationToken,
}

impl Accept {
    /// Counts a connection and watches over it. Must be called in a tokio runtime.
    pub fn accept(&self, stream: &TcpStream, extensions: &mut Extensions) {
        // One that is gone already has no peer.
        let Ok(peer) = stream.peer_addr() else { return };
        let client = (!self.live.state().proxies.trusts(peer.ip())).then(|| ClientKey::of(peer.ip()));
        let (counted, theirs, full) = self.connections.count(true, client);
        if full.is_some() {
            tracing::debug!(%peer, ?full, "a connection too many");
        }
        if theirs > 2 * self.connections.0.bounds.client {
            close(stream);
            return;
        }
        let (requests, seen) = watch::channel(0);
        let socket = match stream.as_fd().try_clone_to_owned() {
            Ok(socket) => {
                let socket = Arc::new(socket);
                let leaving = self.leaving.clone();
                actix_web::rt::spawn(close_when_idle(socket.clone(), seen, self.patience, leaving));
                Some(socket)
            }
            Err(error) => {
                tracing::warn!(%error, "a connection can't be watched over, and is closed");
                close(stream);
                None
            }
        };
        extensions.insert(Connection { full, requests, socket, _counted: counted });
    }
}

/// Closes a connection that has no request for too long. The descriptor is a copy: that of the connection may
/// be another's by then.
async fn close_when_idle(
    socket: Arc<OwnedFd>,
    mut requests: watch::Receiver<usize>,
    patience: Duration,
    leaving: CancellationToken,
) {
    let mut linger = FIRST_LINGER;
    while requests.wait_for(|requests| *requests == 0).await.is_ok() {
        tokio::select! {
            changed = timeout(patience, requests.changed()) => match changed {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return,
                Err(_) => return close(&socket),
            },
            () = leaving.cancelled() => match timeout(linger, requests.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return,
                Err(_) => return close(&socket),
            },
        }
        linger = LINGER;
    }
}

/// Closes a connection in both directions.
pub fn close(socket: &impl AsRawFd) {
    if let Err(error) = shutdown(socket.as_raw_fd(), Shutdown::Both) {
        tracing::trace!(%error, "the other side was first");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(n: u8) -> ClientKey {
        ClientKey::of([192, 0, 2, n].into())
    }

    #[test]
    fn each_bound_holds_and_what_is_dropped_is_free_again() {
        let connections = Connections::new(Bounds { all: 3, client: 2 });
        let open = |n| connections.count(true, Some(client(n)));
        let (_one, _, full) = open(1);
        assert_eq!(full, None);
        let (two, _, full) = open(1);
        assert_eq!(full, None);
        let (three, theirs, full) = open(1);
        assert_eq!((theirs, full), (3, Some(Full::Client)), "it is counted, if in vain");
        let (four, _, full) = open(2);
        assert_eq!(full, Some(Full::Server));
        drop((three, four));
        let (_five, _, full) = open(2);
        assert_eq!(full, None);
        // Requests through a proxy are a client's, and no connections.
        assert_eq!(connections.request(client(1)).err(), Some(Full::Client));
        let through: Vec<_> = (0..2).map(|_| connections.request(client(3)).expect("room")).collect();
        assert_eq!(connections.request(client(3)).err(), Some(Full::Client));
        let (_six, theirs, full) = connections.count(true, None);
        assert_eq!((theirs, full), (0, Some(Full::Server)), "a proxy's own count in all");
        drop((two, through));
        assert!(connections.request(client(3)).is_ok() && connections.request(client(1)).is_ok());
    }

    #[test]
    fn who_comes_last_finds_a_connection() {
        let connections = Connections::new(Bounds { all: 4_096, client: 256 });
        let mut kept = Vec::new();
        for n in 0..64 {
            for _ in 0..256 {
                // What is one too many is closed.
                match connections.count(true, Some(client(n))) {
                    (counted, _, None) => kept.push(counted),
                    (_, _, Some(full)) => assert!(n > 10 && full == Full::Share, "{n} {full:?}"),
                }
            }
        }
        for _ in 0..FEW {
            let (counted, _, full) = connections.count(true, Some(client(200)));
            assert_eq!(full, None);
            kept.push(counted);
        }
    }

    #[test]
    fn nothing_is_kept_of_those_who_left() {
        let connections = Connections::new(Bounds { all: 3, client: 2 });
        drop((0..200).map(|n| connections.count(true, Some(client(n)))).collect::<Vec<_>>());
        let open = connections.open();
        assert_eq!((open.all, open.clients.len()), (0, 0));
    }
}
