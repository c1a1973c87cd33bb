//! Everything that speaks HTTP: one screen of routes, and the server around them.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::http::header::HeaderValue;
use actix_web::middleware::from_fn;
use actix_web::rt::net::TcpStream;
use actix_web::{App, HttpServer, web};
use nix::sys::socket::{setsockopt, sockopt};
use tokio_util::sync::CancellationToken;

use crate::config::{ApiKeys, Config, Origin, Rate};
use crate::session::{Rules, Runs};
use crate::snippets::Snippets;

mod api;
mod assets;
mod card;
mod client;
mod connections;
mod display;
mod embed;
mod error;
mod guard;
mod headers;
mod health;
mod keys;
mod licenses;
mod listen;
mod markup;
mod modules;
mod openapi;
mod origin;
mod pages;
mod rate;
mod shared;
mod ws;

use api::events::Streams;
use api::idempotent::Idempotent;
use assets::Assets;
use client::Proxies;
use connections::{Accept, Bounds, Connections};
use display::Display;
use headers::Headers;
use keys::Keys;
use rate::{RateLimit, RateLimited};

/// What every handler may use.
struct AppState {
    /// Where programs run.
    runs: Arc<dyn Runs>,
    /// What a client may ask for.
    rules: Arc<Rules>,
    /// The built front end.
    assets: Assets,
    /// What every answer carries.
    headers: Headers,
    /// The content security policy of the frame with an editor in it.
    frame_policy: HeaderValue,
    /// Where the page shows a program's HTML.
    display: Display,
    /// Whose word on who the client is counts.
    proxies: Proxies,
    /// All that are open.
    connections: Connections,
    /// What programs may import.
    modules: modules::Modules,
    /// Origins, besides the server's own, whose pages may use WebSocket and API.
    allowed_origins: Vec<Origin>,
    /// Where visitors find this server, if not where their request did.
    public_url: Option<Origin>,
    /// What people share.
    snippets: Snippets,
    /// How often a client may share or change something.
    shares: Option<RateLimit>,
    /// Who may use the API.
    keys: Keys,
    /// Runs whose events are streamed.
    streams: Arc<Streams>,
    /// Answers that are given again.
    idempotent: Arc<Idempotent>,
    /// The longest WebSocket message or request body, in bytes.
    frame_bytes: usize,
    /// The longest body that shares something, in bytes.
    share_bytes: usize,
    /// How often a silent WebSocket is pinged.
    ping_interval: Duration,
    /// How long a WebSocket may leave a ping unanswered or a message unread.
    answer_timeout: Duration,
    /// How long a request body, or a message in pieces, may take to arrive.
    request_timeout: Duration,
    /// Cancelled when the server shuts down: what is long-lived ends itself.
    closing: CancellationToken,
}

type State = web::Data<AppState>;

fn routes(service: &mut web::ServiceConfig) {
    service
        .app_data(web::QueryConfig::default().error_handler(error::bad_query))
        .service(get("/", pages::index))
        .service(get("/assets/{name}", assets::asset))
        .service(get("/embed", embed::wizard))
        .service(get("/embed.js", embed::script))
        .service(get("/embed/frame", embed::frame))
        .service(get("/display", display::display))
        .service(get("/healthz", health::healthz))
        .service(get("/licenses", licenses::licenses))
        .service(get("/api/v1/ws", ws::connect))
        .service(get("/api", openapi::page))
        .service(get("/api/v1/openapi.json", openapi::document))
        .service(post("/api/v1/run", api::run::run))
        .service(post("/api/v1/functions/{reference}", api::functions::call))
        .service(post("/api/v1/snippets", api::snippets::create))
        .service(get("/api/v1/modules", modules::list))
        .service(get("/api/v1/modules/types/{name:.+}", modules::types))
        .service(
            web::resource("/api/v1/snippets/{reference}")
                .route(web::get().to(api::snippets::read_one))
                .route(web::head().to(api::snippets::read_one))
                .route(web::patch().to(api::snippets::revise))
                .route(web::delete().to(api::snippets::delete))
                .route(options(SNIPPET_METHODS))
                .default_service(web::to(|req| error::method_not_allowed(req, SNIPPET_METHODS))),
        )
        .service(get("/s/{name}", shared::page))
        .service(get("/s/{reference}/raw", shared::raw))
        .service(get("/s/{reference}/card.png", shared::card))
        .service(get("/oembed", shared::oembed))
        .default_service(web::to(error::not_found));
}

/// What may be done with a snippet.
const SNIPPET_METHODS: &str = "GET, HEAD, PATCH, DELETE, OPTIONS";

/// What browsers ask before they let a page of another origin send one of these `methods`.
fn options(methods: &'static str) -> actix_web::Route {
    web::method(actix_web::http::Method::OPTIONS).to(move |req, state| api::preflight(req, state, methods))
}

/// A resource of the API that takes what is posted.
fn post<F, Args>(path: &str, handler: F) -> actix_web::Resource
where
    F: actix_web::Handler<Args>,
    Args: actix_web::FromRequest + 'static,
    F::Output: actix_web::Responder + 'static,
{
    web::resource(path)
        .route(web::post().to(handler))
        .route(options("POST, OPTIONS"))
        .default_service(web::to(|req| error::method_not_allowed(req, "POST, OPTIONS")))
}

/// A resource that is read, and answers any other method with the ones it has.
fn get<F, Args>(path: &str, handler: F) -> actix_web::Resource
where
    F: actix_web::Handler<Args> + Clone,
    Args: actix_web::FromRequest + 'static,
    F::Output: actix_web::Responder + 'static,
{
    web::resource(path)
        .route(web::get().to(handler.clone()))
        .route(web::head().to(handler))
        .default_service(web::to(|req| error::method_not_allowed(req, "GET, HEAD")))
}

/// A server that accepts connections, and answers them once [`Serving::run`] is polled.
pub struct Serving {
    /// Where it listens: the port that was taken, if the settings left it free.
    pub address: SocketAddr,
    server: Server,
    handle: ServerHandle,
    state: State,
    purge_interval: Duration,
}

/// Makes the server: `config` and `runs` are all that differs between production and a test.
///
/// # Errors
/// When the address can't be listened on, or the binary was built without its front end.
pub fn serve(config: &Config, runs: Arc<dyn Runs>) -> io::Result<Serving> {
    let closing = CancellationToken::new();
    let Config { server: settings, limits, client, embed, api, .. } = config;
    let api_keys = match &api.keys {
        Some(path) => {
            ApiKeys::load(path).map_err(|words| io::Error::other(format!("the setting api.keys: {words}")))?
        }
        None => ApiKeys::default(),
    };
    let rules = Rules {
        limits: *limits,
        source_bytes: client.source_bytes,
        files: client.files,
        message_bytes: client.message_bytes,
        open_runs: client.open_runs,
        remembered_runs: client.remembered_runs,
    };
    let key_rates: Vec<Option<Rate>> = api_keys.0.iter().map(|key| key.rate_limit).collect();
    let runs: Arc<dyn Runs> = Arc::new(RateLimited::new(runs, client.rate_limit, &key_rates));
    let proxies = Proxies::new(settings.trusted_proxies.clone(), settings.proxy_header);
    let bounds = Bounds { all: settings.max_connections, client: client.connections };
    let connections = Connections::new(bounds);
    let accept = Accept {
        connections: connections.clone(),
        proxies: proxies.clone(),
        patience: client.idle_timeout + client.request_timeout,
    };
    let assets = Assets::load().map_err(io::Error::other)?;
    // All that are around it have to be allowed, so also those that show an editor in a frame.
    let around = [settings.frame_ancestors.as_slice(), &embed.origins].concat();
    let display = Display::new(&assets, &around).map_err(io::Error::other)?;
    let state = web::Data::new(AppState {
        runs,
        rules: Arc::new(rules),
        assets,
        headers: Headers::new(&settings.frame_ancestors).map_err(io::Error::other)?,
        frame_policy: embed::frame_policy(&embed.origins).map_err(io::Error::other)?,
        display,
        modules: modules::Modules::load(&config.modules).map_err(io::Error::other)?,
        proxies,
        connections,
        allowed_origins: settings.allowed_origins.clone(),
        public_url: settings.public_url.clone(),
        snippets: shared::snippets(config)?,
        shares: config.snippets.rate_limit.map(RateLimit::new),
        keys: Keys::new(api_keys, api.anonymous),
        streams: Arc::new(Streams::new(api.resume, api.kept_streams)),
        idempotent: Arc::new(Idempotent::new(api.idempotency, api.idempotency_bytes)),
        share_bytes: config.share_bytes(),
        frame_bytes: client.frame_bytes(),
        ping_interval: client.ping_interval,
        answer_timeout: client.answer_timeout,
        request_timeout: client.request_timeout,
        closing: closing.clone(),
    });
    let listener = listen::listener(settings.listen)?;
    let address = listener.local_addr()?;
    let unread_timeout = u32::try_from(client.answer_timeout.as_millis()).unwrap_or(u32::MAX);
    let shared_state = state.clone();
    let server = HttpServer::new(move || {
        App::new()
            .app_data(shared_state.clone())
            .wrap(from_fn(guard::guard))
            .wrap(from_fn(headers::security))
            .wrap(from_fn(error::log))
            .configure(routes)
    })
    .on_connect(move |connection, extensions| {
        if let Some(stream) = connection.downcast_ref::<TcpStream>() {
            close_when_unread(stream, unread_timeout);
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
    .shutdown_timeout(settings.shutdown_grace.as_millis().div_ceil(1_000) as u64)
    .disable_signals()
    .listen(listener)?
    .run();
    let purge_interval = config.snippets.purge_interval;
    Ok(Serving { address, handle: server.handle(), server, state, purge_interval })
}

impl Serving {
    /// Serves until `stop` is done, then closes WebSockets with a reason, gives requests their grace, and
    /// returns.
    ///
    /// # Errors
    /// When the server itself breaks.
    pub async fn run(self, stop: impl Future<Output = ()>) -> io::Result<()> {
        let Self { server, handle, state, purge_interval, .. } = self;
        let stopping = async {
            stop.await;
            state.closing.cancel();
            handle.stop(true).await;
            // The server's own future is what ends the wait.
            std::future::pending::<()>().await;
        };
        tokio::select! {
            result = server => result,
            () = stopping => Ok(()),
            () = shared::purge(&state, purge_interval) => Ok(()),
        }
    }
}

/// Lets the kernel end a connection whose other side takes nothing for `timeout_ms`: a WebSocket given up by
/// its pump would otherwise wait for ever for its last bytes to be read.
fn close_when_unread(stream: &TcpStream, timeout_ms: u32) {
    if let Err(error) = setsockopt(stream, sockopt::TcpUserTimeout, &timeout_ms) {
        tracing::warn!(%error, "can't set TCP_USER_TIMEOUT: a client that never reads keeps its connection");
    }
}
