//! How answers reach their readers, and what is held meanwhile: what is made of a shared program is made once for all
//! its readers ([`cache`]), is handed over in chunks ([`chunks`]), counts until it is taken ([`in_flight`]), and has
//! to be taken at a least speed ([`pace`]).

use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

pub mod cache;
pub mod chunks;
pub mod in_flight;
pub mod pace;

use self::cache::Cache;
use self::in_flight::{Bounds, InFlight};
use super::error::Problem;
use super::guard;
use super::rate::RateLimit;
use crate::config::Config;

/// How many snippets are read from the store at once to be shown. Each can take a few times its length meanwhile.
const READS: usize = 8;
/// How many are made into pages at once.
const RENDERS: usize = 2;
/// How long a reader waits for one of these.
const WAIT: Duration = Duration::from_secs(5);

/// What answers are held to, and what is kept of them.
pub struct Delivery {
    /// What was made of shared programs lately.
    pub cache: Cache,
    /// Bytes of answers that were not taken yet.
    pub in_flight: InFlight,
    /// How many there may be.
    pub bounds: Bounds,
    /// The least speed at which a long answer has to be taken, in bytes a second; 0 for any.
    pub least_speed: u64,
    /// How often a client may open what is shared.
    rate: Option<Arc<RateLimit>>,
    reads: Arc<Semaphore>,
    renders: Arc<Semaphore>,
}

impl Delivery {
    /// As these settings say. What is in flight, and what clients have used of their rate, goes on from before.
    pub fn new(config: &Config, in_flight: InFlight, rate: Option<Arc<RateLimit>>) -> Self {
        let Config { server, client, .. } = config;
        Self {
            cache: Cache::new(usize::try_from(server.response_cache_bytes).unwrap_or(usize::MAX)),
            in_flight,
            bounds: Bounds { all: server.response_bytes_in_flight, client: client.response_bytes_in_flight },
            least_speed: client.response_speed,
            rate,
            reads: Arc::new(Semaphore::new(READS)),
            renders: Arc::new(Semaphore::new(RENDERS)),
        }
    }

    /// Whether whoever sent `req` may open one more shared program now.
    ///
    /// # Errors
    /// 429 with the time after which they may.
    pub fn admit(&self, req: &HttpRequest) -> Result<(), Problem> {
        match &self.rate {
            Some(rate) => Ok(rate.admit(guard::client(req), "You open shared programs too fast")?),
            None => Ok(()),
        }
    }

    /// Room to read a snippet, and to hold it. Whoever works on another thread takes it along: that work goes on when
    /// its reader leaves.
    ///
    /// # Errors
    /// 503 when there is none for too long.
    pub async fn read(&self) -> Result<OwnedSemaphorePermit, Problem> {
        room(&self.reads).await
    }

    /// Room to render one.
    ///
    /// # Errors
    /// 503 when there is none for too long.
    pub async fn render(&self) -> Result<OwnedSemaphorePermit, Problem> {
        room(&self.renders).await
    }
}

async fn room(of: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, Problem> {
    match timeout(WAIT, of.clone().acquire_owned()).await {
        Ok(Ok(permit)) => Ok(permit),
        // None of them is ever closed.
        Ok(Err(_)) | Err(_) => {
            let detail = "Too many shared programs are opened at once. Try again in a moment.";
            Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).retry_after_ms(2_000))
        }
    }
}
