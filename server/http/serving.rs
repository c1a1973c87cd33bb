//! The server around the routes: how it starts, how its settings are changed while it runs, and how it goes.

use std::future::{Future, pending};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::middleware::from_fn;
use actix_web::rt::net::TcpStream;
use actix_web::{App, HttpServer};
use nix::errno::Errno;
use nix::sys::socket::{setsockopt, sockopt};
use tokio::time::{sleep, timeout};

use super::connections::{Accept, Bounds};
use super::state::{AppState, Lasting, Live};
use super::{admin, error, guard, headers, host, listen, metrics, rate, routes, shared};
use crate::config::{Config, Renewed};
use crate::session::Runs;

/// How long the thread that accepts may take to hear that it shall not any more: nobody tells when it has.
const SETTLE: Duration = Duration::from_millis(100);
/// What runs and answers get, after their time is over, to say that it is.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// How much of an answer the kernel holds that it has not sent yet, for each connection. Without a bound it would take
/// some megabytes of an answer that nobody reads.
pub const UNSENT_BYTES: u32 = 128 << 10;

/// Why a server stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It was told to.
    Told,
    /// Another process accepts on the same socket: nobody has to look for another server first.
    HandedOver,
}

/// A server that accepts connections, and answers them once [`Serving::run`] is polled.
pub struct Serving {
    /// Where it listens: the port that was taken, if the settings left it free.
    pub address: SocketAddr,
    /// Where it tells its metrics, if there is a place of their own.
    pub metrics_address: Option<SocketAddr>,
    server: Server,
    metrics: Option<Server>,
    handle: ServerHandle,
    listener: TcpListener,
    live: Arc<Live>,
    lasting: Lasting,
    started: Config,
}

/// Changes a server's settings while it runs.
pub struct Reloader {
    live: Arc<Live>,
    lasting: Lasting,
    started: Config,
    now: Config,
}

/// Settings that were found to be right, and wait to count.
pub struct Ready {
    /// What will count, and what has to wait.
    pub renewed: Renewed,
    state: AppState,
}

/// Makes the server: `config` and `runs` are all that differs between production and a test. `notes` are sentences for
/// `/healthz` on what the server goes without.
///
/// # Errors
/// When the address can't be listened on, or the binary was built without its front end.
pub fn serve(config: &Config, runs: Arc<dyn Runs>, notes: Vec<String>) -> io::Result<Serving> {
    let Config { server: settings, client, .. } = config;
    let lasting = Lasting::new(config, runs, notes)?;
    let bounds = Bounds { all: settings.max_connections, client: client.connections };
    let state = AppState::new(config, &lasting)?;
    lasting.runs.renew(state.run_rates());
    let live = Arc::new(Live::new(state));
    let accept = Accept {
        connections: lasting.connections.clone(),
        live: live.clone(),
        patience: client.idle_timeout + client.request_timeout,
        leaving: lasting.leaving.begun.clone(),
    };
    let listener = listen::listener(settings.listen)?;
    let address = listener.local_addr()?;
    host::warn_of_any_host(settings.public_url.as_ref(), address.ip());
    let metrics = match config.metrics.listen {
        None => None,
        Some(own) => Some(metrics::serve(own, live.clone())?),
    };
    let (metrics, metrics_address) = metrics.unzip();
    let unread_timeout = u32::try_from(client.answer_timeout.as_millis()).unwrap_or(u32::MAX);
    let shared_live = live.clone();
    let server = HttpServer::new(move || {
        App::new()
            .app_data(shared_live.clone())
            .wrap(from_fn(guard::guard))
            .wrap(from_fn(headers::security))
            .wrap(from_fn(error::log))
            .configure(routes)
    })
    .on_connect(move |connection, extensions| {
        if let Some(stream) = connection.downcast_ref::<TcpStream>() {
            close_when_unread(stream, unread_timeout);
            hold_little_unsent(stream);
            accept.accept(stream, extensions);
        }
    })
    .workers(settings.workers)
    .max_connections((bounds.all + bounds.turned_away()).div_ceil(settings.workers))
    .client_request_timeout(client.request_timeout)
    .keep_alive(client.idle_timeout)
    // A client that has closed its side has left: what it asked for is dropped, and its run killed.
    .h1_allow_half_closed(false)
    .tcp_nodelay(true)
    // By then all is over that is to be waited for.
    .shutdown_timeout(LAST_WORDS.as_secs())
    .disable_signals()
    .listen(listener.try_clone()?)?
    .run();
    let (handle, started) = (server.handle(), config.clone());
    Ok(Serving { address, metrics_address, server, metrics, handle, listener, live, lasting, started })
}

impl Serving {
    /// What changes its settings while it runs.
    pub fn reloader(&self) -> Reloader {
        let (started, now) = (self.started.clone(), self.started.clone());
        Reloader { live: self.live.clone(), lasting: self.lasting.clone(), started, now }
    }

    /// The socket that it accepts on, to pass it to another process.
    ///
    /// # Errors
    /// When there are no more file descriptors.
    pub fn listener(&self) -> io::Result<TcpListener> {
        self.listener.try_clone()
    }

    /// Serves until `stop` is done, and then goes without hanging up on anybody: it says that it will go, after
    /// `server.shutdown_delay` takes no more connections, lets what is under way finish within
    /// `server.shutdown_grace`, and returns.
    ///
    /// # Errors
    /// When the server itself breaks.
    pub async fn run(self, stop: impl Future<Output = Stop>) -> io::Result<()> {
        let Self { server, metrics, handle, listener, live, lasting, started, .. } = self;
        let Lasting { connections, leaving, .. } = &lasting;
        // Connections that wait in the queue of a socket are lost when its last holder lets go of it, so this one does
        // when all is over: until then, a process that takes over can still get them.
        let _listener = listener;
        let stopping = async {
            let why = stop.await;
            leaving.announced.cancel();
            let config = &live.state().settings;
            if why == Stop::Told && !config.shutdown_delay.is_zero() {
                tracing::info!(delay = ?config.shutdown_delay, "it goes on as before until others see that it goes");
                sleep(config.shutdown_delay).await;
            }
            handle.pause().await;
            leaving.begun.cancel();
            sleep(SETTLE).await;
            if timeout(config.shutdown_grace, connections.none_left()).await.is_err() {
                tracing::warn!(grace = ?config.shutdown_grace, "the time of what is under way is over");
                leaving.now.cancel();
                // Those that are left after that did not listen.
                let _ = timeout(LAST_WORDS, connections.none_left()).await;
            }
            leaving.now.cancel();
            handle.stop(true).await;
            // The server's own future is what ends the wait.
            pending::<()>().await;
        };
        let telling = async {
            match metrics {
                Some(metrics) => metrics.await,
                None => pending().await,
            }
        };
        tokio::select! {
            result = server => result,
            result = telling => result,
            () = stopping => Ok(()),
            () = rate::keep_together(&lasting.runs, &lasting.shares, &*lasting.store) => Ok(()),
            () = admin::follow(&lasting) => Ok(()),
            () = shared::purge(&live, leaving, started.snippets.purge_interval) => Ok(()),
        }
    }
}

impl Reloader {
    /// Makes what `next` asks for, as far as it can be had without a restart. Nothing counts yet.
    ///
    /// # Errors
    /// When something in it can't be used. Then nothing has changed.
    pub fn prepare(&self, next: &Config) -> io::Result<Ready> {
        let renewed = self.now.renewed(&self.started, next);
        let state = AppState::new(&renewed.config, &self.lasting)?;
        Ok(Ready { renewed, state })
    }

    /// Lets it count: for requests and runs that begin from now on.
    pub fn apply(&mut self, ready: Ready) {
        let Ready { renewed, state } = ready;
        self.lasting.runs.renew(state.run_rates());
        self.live.replace(state);
        self.now = renewed.config;
    }
}

/// Has the kernel take no more than [`UNSENT_BYTES`] before it sends them.
fn hold_little_unsent(stream: &TcpStream) {
    let bytes = UNSENT_BYTES;
    // SAFETY: the option takes a pointer to four bytes and their length, and reads them before it returns. nix does not
    // know this option.
    let set = unsafe {
        libc::setsockopt(
            stream.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_NOTSENT_LOWAT,
            (&raw const bytes).cast(),
            size_of_val(&bytes) as libc::socklen_t,
        )
    };
    if let Err(error) = Errno::result(set) {
        tracing::debug!(%error, "can't set TCP_NOTSENT_LOWAT: the kernel holds more of what is not read");
    }
}

/// Lets the kernel end a connection whose other side takes nothing for `timeout_ms`: a WebSocket given up by
/// its pump would otherwise wait for ever for its last bytes to be read.
fn close_when_unread(stream: &TcpStream, timeout_ms: u32) {
    if let Err(error) = setsockopt(stream, sockopt::TcpUserTimeout, &timeout_ms) {
        tracing::warn!(%error, "can't set TCP_USER_TIMEOUT: a client that never reads keeps its connection");
    }
}
