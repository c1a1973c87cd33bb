//! One run's requests, and the protocol about them. The runner is treated as hostile: numbers, sizes and order are
//! checked, nothing of it is kept beyond the window, and one frame that may not be ends the run.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{Semaphore, mpsc};
use tokio_util::task::AbortOnDropHandle;
use url::Url;

use super::Egress;
use super::exchange::{Exchange, Progress, Upload};
use crate::policy::EgressPolicy;
use crate::protocol::fetch::{
    BodySize, CHUNK_BYTES, FETCH, FETCH_ABORT, FETCH_BODY, FETCH_END, FETCHED_MORE, FetchHead, HEAD_BYTES,
    HEADERS, WINDOW, parts, payload,
};
use crate::protocol::frame;
use crate::traces::Context;

/// What of a request can still be on its way from the runner after the last word about it: what the windows hold,
/// an end, an abort.
const STRAYS: usize = 2 * WINDOW + 2;
/// Frames for the runner that wait to be written.
const AHEAD: usize = 8;

/// The requests of one run.
pub struct Fetches {
    egress: Arc<Egress>,
    /// Where they may go, if not where those of all runs may.
    policy: Option<Arc<EgressPolicy>>,
    run_id: uuid::Uuid,
    trace: Option<Context>,
    last_id: u32,
    open: HashMap<u32, Open>,
    /// How many more frames about requests that are over may come.
    strays: usize,
    slots: Arc<Semaphore>,
    sender: mpsc::Sender<(u32, Progress)>,
    progress: mpsc::Receiver<(u32, Progress)>,
    /// Where redirects led to that nobody has followed yet, and the how-manieth of their row that would be.
    redirects: HashMap<String, u32>,
}

struct Open {
    url: Url,
    redirects: u32,
    /// Where the request's body goes, until it is complete.
    upload: Option<mpsc::Sender<Upload>>,
    /// Room for chunks of the response's body.
    window: Arc<Semaphore>,
    /// Chunks of the response that the runner has not used up.
    in_flight: usize,
    _task: AbortOnDropHandle<()>,
}

impl Fetches {
    /// The requests of a run that has made none. `policy` says where they may go, if not where all may.
    pub fn new(
        egress: Arc<Egress>,
        policy: Option<Arc<EgressPolicy>>,
        run_id: uuid::Uuid,
        trace: Option<Context>,
    ) -> Self {
        let (sender, progress) = mpsc::channel(AHEAD);
        Self {
            run_id,
            trace,
            last_id: 0,
            open: HashMap::new(),
            strays: 0,
            slots: Arc::new(Semaphore::new(egress.settings.concurrent)),
            egress,
            policy,
            sender,
            progress,
            redirects: HashMap::new(),
        }
    }

    /// Whether frames of this kind are about requests.
    pub fn is_about(kind: u8) -> bool {
        (FETCH..=FETCHED_MORE).contains(&kind)
    }

    /// Acts on a runner's frame.
    ///
    /// # Errors
    /// What the runner may not say.
    pub fn take(&mut self, kind: u8, payload: &[u8]) -> Result<(), &'static str> {
        let (id, rest) = parts(payload).ok_or("a frame about a request without its number")?;
        if kind == FETCH {
            return self.begin(id, rest);
        }
        if id == 0 || id > self.last_id {
            return Err("a frame about a request that was never made");
        }
        if kind != FETCH_BODY && !rest.is_empty() {
            return Err("a frame about a request with more in it than its number");
        }
        let Some(open) = self.open.get_mut(&id) else {
            self.strays = self.strays.checked_sub(1).ok_or("too many frames about requests that are over")?;
            return Ok(());
        };
        match kind {
            FETCH_BODY => {
                if rest.is_empty() || rest.len() > CHUNK_BYTES {
                    return Err("a chunk of a body that is empty or too long");
                }
                let upload = open.upload.as_ref().ok_or("more of a body that is complete")?;
                let chunk = Upload::Chunk(Bytes::copy_from_slice(rest));
                match upload.try_send(chunk) {
                    Err(mpsc::error::TrySendError::Full(_)) => Err("more of a body than there is room for"),
                    // A task that does not read any more has said so, or is about to.
                    _ => Ok(()),
                }
            }
            FETCH_END => {
                let upload = open.upload.take().ok_or("the end of a body, again")?;
                upload.try_send(Upload::End).or_else(|error| match error {
                    mpsc::error::TrySendError::Full(_) => Err("more of a body than there is room for"),
                    mpsc::error::TrySendError::Closed(_) => Ok(()),
                })
            }
            FETCHED_MORE => {
                open.in_flight =
                    open.in_flight.checked_sub(1).ok_or("a chunk used up that was never sent")?;
                open.window.add_permits(1);
                Ok(())
            }
            FETCH_ABORT => {
                self.close(id);
                Ok(())
            }
            _ => Err("a frame of unknown kind about a request"),
        }
    }

    fn begin(&mut self, id: u32, json: &[u8]) -> Result<(), &'static str> {
        if id != self.last_id + 1 {
            return Err("a request out of order");
        }
        // The runner counts, too.
        if id > self.egress.settings.requests {
            return Err("more requests than there may be");
        }
        let head: FetchHead = serde_json::from_slice(json).map_err(|_| "a request that can't be read")?;
        let lengths = head.headers.iter().map(|(name, value)| name.chars().count() + value.chars().count());
        if head.url.len() > HEAD_BYTES
            || head.method.len() > HEAD_BYTES
            || head.headers.len() > HEADERS
            || lengths.sum::<usize>() > HEAD_BYTES
        {
            return Err("a request that is too long");
        }
        let url = Url::parse(&head.url).map_err(|_| "a request for what is no URL")?;
        self.last_id = id;
        // Whoever follows a redirect, it is one: a runner can't hide it.
        let redirects = self.redirects.remove(&without_fragment(&url)).unwrap_or(0);
        let (upload, uploads) = match head.body {
            BodySize::Absent => (None, None),
            BodySize::Known(_) | BodySize::Unknown => {
                // One more for the end.
                let (sender, receiver) = mpsc::channel(WINDOW + 1);
                (Some(sender), Some(receiver))
            }
        };
        let window = Arc::new(Semaphore::new(WINDOW));
        let exchange = Exchange {
            egress: self.egress.clone(),
            policy: self.policy.clone(),
            run_id: self.run_id,
            trace: self.trace,
            id,
            url: url.clone(),
            head,
            redirects,
            uploads,
            window: window.clone(),
            slots: self.slots.clone(),
            progress: self.sender.clone(),
        };
        let task = AbortOnDropHandle::new(tokio::spawn(exchange.run()));
        self.open.insert(id, Open { url, redirects, upload, window, in_flight: 0, _task: task });
        Ok(())
    }

    fn close(&mut self, id: u32) {
        self.open.remove(&id);
        self.strays += STRAYS;
    }

    /// Ends all requests that are under way, without a word.
    pub fn give_up(&mut self) {
        self.open.clear();
    }

    /// The next frame for the runner. May be dropped and called again.
    pub async fn next(&mut self) -> Vec<u8> {
        loop {
            // There always is a sender: this one's own.
            let Some((id, progress)) = self.progress.recv().await else {
                return std::future::pending().await;
            };
            let Some(open) = self.open.get_mut(&id) else { continue };
            match &progress {
                Progress::Head { location: Some(location), .. } => {
                    // A program may follow it, with a fragment of its own.
                    if let Ok(target) = open.url.join(location) {
                        let row = open.redirects + 1;
                        self.redirects.insert(without_fragment(&target), row);
                    }
                }
                Progress::Body(_) => open.in_flight += 1,
                Progress::End | Progress::Failed(_) => self.close(id),
                Progress::Head { .. } | Progress::More => {}
            }
            let (kind, rest) = progress.into_frame();
            return frame::encode(kind, &payload(id, &rest));
        }
    }
}

fn without_fragment(url: &Url) -> String {
    let mut url = url.clone();
    url.set_fragment(None);
    url.into()
}
