//! What the tests are written with.

mod app;
mod fake;
mod http;
mod origin;
mod postgres;
mod run;
mod socket;

use std::future::Future;
use std::time::{Duration, Instant};

pub(crate) use app::{TestApp, children_of, command, is_alive, started_at};
pub(crate) use fake::{FakeApp, finished, report};
pub(crate) use http::{Answer, get, post, request};
pub(crate) use origin::Origin;
pub(crate) use postgres::Postgres;
pub(crate) use run::Ran;
pub(crate) use socket::JsonSocket;

/// Longer than anything here takes on a slow machine: a test that waits this long has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// `future`, or a panic that says what did not happen.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(value) => value,
        Err(_) => panic!("waited in vain for {what}"),
    }
}

/// Asks until `condition` holds, and returns how long that took.
pub(crate) async fn until<F: Future<Output = bool>>(
    what: &str,
    mut condition: impl FnMut() -> F,
) -> Duration {
    let started = Instant::now();
    let asking = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    soon(what, asking).await;
    started.elapsed()
}
