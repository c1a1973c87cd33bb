//! The warm pool: a zygote, replaced as it wears, and a few of its children ready for a run.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, mpsc, oneshot};

use super::process::{Backend, BackendHealth, BoxFuture, Process, ProcessError};
use super::zygote::Zygote;
use super::{ConfinementPolicy, ForkMode, SandboxSettings};

/// How long to wait before the next try when a zygote or child could not be had: first, and at most.
const RETRY_FIRST: Duration = Duration::from_millis(20);
const RETRY_MOST: Duration = Duration::from_secs(2);

/// A [`Backend`] that forks a zygote ahead of demand.
pub struct Pool {
    /// Children that are ready. The channel's capacity is the pool's size.
    ready: tokio::sync::Mutex<mpsc::Receiver<Process>>,
    state: Arc<State>,
}

struct State {
    settings: SandboxSettings,
    zygote: Mutex<Option<Arc<Zygote>>>,
    warm: AtomicUsize,
    /// A zygote died.
    died: Notify,
    /// No zygote was ready yet.
    first: AtomicBool,
}

impl Pool {
    /// Starts the zygote and fills the pool; returns when the first child is ready.
    pub async fn launch(settings: SandboxSettings) -> Result<Self, ProcessError> {
        let (sender, ready) = mpsc::channel(settings.warm_children.max(1));
        let state = Arc::new(State {
            settings,
            zygote: Mutex::new(None),
            warm: AtomicUsize::new(0),
            died: Notify::new(),
            first: AtomicBool::new(true),
        });
        let (first, first_ready) = oneshot::channel();
        tokio::spawn(state.clone().keep_full(sender, first));
        match first_ready.await {
            Ok(Ok(())) => Ok(Self { ready: tokio::sync::Mutex::new(ready), state }),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(ProcessError("the warm pool was given up".into())),
        }
    }
}

impl Backend for Pool {
    fn process(&self) -> BoxFuture<'_, Result<Process, ProcessError>> {
        Box::pin(async {
            // The lock is fair, so runs get children in the order in which they came.
            let process = self.ready.lock().await.recv().await;
            self.state.warm.fetch_sub(1, Relaxed);
            process.ok_or_else(|| ProcessError("the warm pool was given up".into()))
        })
    }

    fn health(&self) -> BackendHealth {
        let warm = self.state.warm.load(Relaxed);
        match self.state.current() {
            Some(zygote) => BackendHealth {
                ok: true,
                fork: zygote.fork,
                warm,
                confinement: zygote.confinement.clone(),
                notes: zygote.notes.clone(),
                engine: zygote.engine.clone(),
            },
            None => BackendHealth {
                ok: false,
                fork: ForkMode::Warm,
                warm,
                confinement: Vec::new(),
                notes: vec!["there is no zygote at the moment".into()],
                engine: String::new(),
            },
        }
    }
}

impl State {
    fn current(&self) -> Option<Arc<Zygote>> {
        let zygote = self.zygote.lock().unwrap_or_else(PoisonError::into_inner).clone();
        zygote.filter(|zygote| !zygote.is_dead())
    }

    /// Logs what the first zygote could not set up.
    fn say(&self, zygote: &Zygote) {
        if zygote.fork == ForkMode::Cold && !self.settings.cold {
            tracing::warn!(notes = ?zygote.notes, "runs start cold here");
        } else if !zygote.notes.is_empty() {
            tracing::warn!(notes = ?zygote.notes, "the zygote could not set up everything");
        }
        if self.settings.confinement == ConfinementPolicy::Off {
            tracing::warn!(
                "runs are not confined (the setting sandbox.confinement): for trusted programs only"
            );
        }
        for (layer, reason) in zygote.missing() {
            tracing::warn!(layer, reason, "a layer of the confinement can't be had here");
        }
    }

    /// The zygote to fork from: the current one, or a new one where that is dead or worn. A worn one is
    /// replaced only when its successor is ready, so there is no gap.
    async fn zygote(self: &Arc<Self>) -> Result<Arc<Zygote>, ProcessError> {
        let current = self.current();
        if let Some(zygote) = current.as_ref().filter(|zygote| !zygote.is_worn(&self.settings)) {
            return Ok(zygote.clone());
        }
        let state = self.clone();
        let zygote = Zygote::launch(&self.settings, move || state.died.notify_one()).await?;
        // Those that follow are as the first: what it could not set up is said once.
        if self.first.swap(false, Relaxed) {
            self.say(&zygote);
        }
        tracing::debug!(fork = ?zygote.fork, engine = zygote.engine, "a zygote is ready");
        *self.zygote.lock().unwrap_or_else(PoisonError::into_inner) = Some(zygote.clone());
        if let Some(worn) = current {
            worn.retire().await;
        }
        Ok(zygote)
    }

    /// Keeps the pool full for as long as somebody takes from it.
    async fn keep_full(
        self: Arc<Self>,
        pool: mpsc::Sender<Process>,
        first: oneshot::Sender<Result<(), ProcessError>>,
    ) {
        let mut first = Some(first);
        let mut retry = RETRY_FIRST;
        loop {
            // A free place in the channel is a child to be made.
            let Ok(place) = pool.clone().reserve_owned().await else { return };
            let made = match self.zygote().await {
                Ok(zygote) => zygote.process(&self.settings).await,
                Err(error) => Err(error),
            };
            match made {
                Ok(process) => {
                    self.warm.fetch_add(1, Relaxed);
                    place.send(process);
                    retry = RETRY_FIRST;
                    if let Some(first) = first.take() {
                        let _ = first.send(Ok(()));
                    }
                }
                Err(error) => {
                    if let Some(first) = first.take() {
                        let _ = first.send(Err(error));
                        return;
                    }
                    tracing::warn!(%error, "no child for the warm pool");
                    tokio::select! {
                        () = tokio::time::sleep(retry) => {}
                        () = self.died.notified() => {}
                    }
                    retry = (retry * 2).min(RETRY_MOST);
                }
            }
        }
    }
}
