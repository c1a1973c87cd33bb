//! The least speed at which an answer has to be taken. Whoever takes it byte by byte would otherwise hold it, its
//! connection and its place among the answers in flight for as long as they like.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::http::connections::close;

/// How long a reader may be slow. The kernel takes bytes in bursts of up to [`super::super::serving::UNSENT_BYTES`],
/// so a shorter time would close readers that are fast enough.
const WINDOW: Duration = Duration::from_secs(30);

/// Watches over a reader for as long as it is there.
pub struct Pace {
    taken: Arc<AtomicU64>,
    watch: JoinHandle<()>,
}

impl Pace {
    /// Closes `socket` when its reader takes less than `least_speed` bytes a second, over half a minute. Must be called
    /// in a tokio runtime.
    pub fn watch(socket: Arc<OwnedFd>, least_speed: u64) -> Self {
        let taken = Arc::new(AtomicU64::new(0));
        let seen = taken.clone();
        let watch = tokio::spawn(async move {
            let mut before = 0;
            loop {
                tokio::time::sleep(WINDOW).await;
                let now = seen.load(Relaxed);
                if now - before < least_speed.saturating_mul(WINDOW.as_secs()) {
                    tracing::debug!(taken = now, "a reader is too slow, and its connection is closed");
                    close(&socket);
                    return;
                }
                before = now;
            }
        });
        Self { taken, watch }
    }

    /// So many bytes more were taken.
    pub fn took(&self, bytes: u64) {
        self.taken.fetch_add(bytes, Relaxed);
    }
}

impl Drop for Pace {
    fn drop(&mut self) {
        self.watch.abort();
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::unix::net::UnixStream;

    use super::*;

    fn pair() -> (Arc<OwnedFd>, UnixStream) {
        let (socket, other) = UnixStream::pair().expect("two sockets");
        other.set_nonblocking(true).expect("it can be asked");
        (Arc::new(socket.into()), other)
    }

    fn is_open(mut other: &UnixStream) -> bool {
        // Nothing is ever sent: a read either finds nothing yet or the end.
        other.read(&mut [0]).is_err()
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_is_closed_when_it_is_too_slow() {
        let (socket, other) = pair();
        let pace = Pace::watch(socket, 100);
        for _ in 0..5 {
            pace.took(100 * WINDOW.as_secs());
            tokio::time::sleep(WINDOW).await;
            assert!(is_open(&other));
        }
        pace.took(100 * WINDOW.as_secs() - 1);
        tokio::time::sleep(2 * WINDOW).await;
        assert!(!is_open(&other));
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_is_watched_after_an_answer_is_taken() {
        let (socket, other) = pair();
        drop(Pace::watch(socket.clone(), 100));
        tokio::time::sleep(3 * WINDOW).await;
        assert!(is_open(&other));
        assert_eq!(Arc::strong_count(&socket), 1);
    }
}
