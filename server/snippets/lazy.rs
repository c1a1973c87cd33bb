//! A database that is opened when it is first needed, and again while that fails.

use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::OnceCell;

use super::StoreError;

/// For how long a failure to open is told again without another try. Those who ask meanwhile need not all wait.
const PAUSE: Duration = Duration::from_millis(500);

/// A pool of connections that may not be there yet.
pub struct Lazy<P> {
    pool: OnceCell<P>,
    failed: Mutex<Option<(Instant, String)>>,
}

impl<P> Lazy<P> {
    /// One that is not open.
    pub fn new() -> Self {
        Self { pool: OnceCell::new(), failed: Mutex::new(None) }
    }

    /// The pool, which `open` makes where there is none yet, in no more than `timeout`.
    pub async fn get(
        &self,
        timeout: Duration,
        open: impl Future<Output = Result<P, StoreError>>,
    ) -> Result<&P, StoreError> {
        let opening = self.pool.get_or_try_init(|| async {
            let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if let Some((_, why)) = failed.filter(|(at, _)| at.elapsed() < PAUSE) {
                return Err(StoreError::Waiting(why));
            }
            let opened = within(timeout, open).await;
            let failed = opened.as_ref().err().map(|error| (Instant::now(), error.to_string()));
            *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = failed;
            opened
        });
        opening.await
    }
}

/// `work`, or an error when it takes too long.
pub async fn within<T>(
    timeout: Duration,
    work: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    tokio::time::timeout(timeout, work).await.unwrap_or(Err(StoreError::Database(sqlx::Error::PoolTimedOut)))
}
