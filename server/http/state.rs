//! What handlers use: the settings that count when their request comes ([`AppState`]), and how others take their
//! place while requests that have begun go on with those that they began with ([`Live`]).

use std::collections::HashMap;
use std::future::{Ready, ready};
use std::io;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::HeaderValue;
use actix_web::{FromRequest, HttpRequest};
use arc_swap::ArcSwap;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::admin::{Overseen, Overseer};
use super::api::events::{Kept, Streams};
use super::api::idempotent::Idempotent;
use super::assets::Assets;
use super::book::Book;
use super::client::Proxies;
use super::connections::{Bounds, Connections};
use super::delivery::Delivery;
use super::delivery::in_flight::InFlight;
use super::display::Display;
use super::error::Problem;
use super::headers::Headers;
use super::host::Hosts;
use super::intake::{self, Intake};
use super::keys::Keys;
use super::rate::{self, RateLimit, RateLimited};
use super::{embed, modules, shared};
use crate::config::{AdminKeys, ApiKeys, Config, EgressConfig, Origin, Rate, Server};
use crate::modules::Catalogue;
use crate::sandbox::egress::Fixtures;
use crate::session::{Rules, Runs};
use crate::snippets::{OwnerKey, Snippets, Store};

/// What the example for `fetch` asks for.
const EXAMPLE_URL: &str = "https://insects.example/mayflies.json";

/// Whether there is an answer to the example without any network. What is wrong with the fixtures, the sandbox says.
fn has_fixtures(egress: &EgressConfig) -> bool {
    let fixtures = egress.fixtures.as_deref().map(|path| Fixtures::load(path, egress.response_bytes));
    let url = url::Url::parse(EXAMPLE_URL);
    matches!((fixtures, url), (Some(Ok(fixtures)), Ok(url)) if fixtures.find("GET", &url).is_some())
}

/// What every handler may use: settings, and what outlives them.
pub struct AppState {
    /// How the server is run.
    pub settings: Arc<Server>,
    /// Where programs run, under the operator's eyes.
    pub runs: Arc<Overseen>,
    /// How often they may be started.
    pub limited: Arc<RateLimited>,
    /// What the operator sees and has ordered.
    pub overseer: Arc<Overseer>,
    /// Who may use the operator's page.
    pub admin_keys: AdminKeys,
    /// How long a log-in there lasts.
    pub admin_session: Duration,
    /// How often a client may start a run, without a key and with each.
    pub run_rates: RunRates,
    /// What a client may ask for.
    pub rules: Arc<Rules>,
    /// The built front end.
    pub assets: Arc<Assets>,
    /// The documents.
    pub book: Arc<Book>,
    /// What every answer carries.
    pub headers: Headers,
    /// The content security policy of the frame with an editor in it.
    pub frame_policy: HeaderValue,
    /// Where the page shows a program's HTML.
    pub display: Display,
    /// Whose word on who the client is counts.
    pub proxies: Proxies,
    /// All that are open.
    pub connections: Connections,
    /// What has arrived of requests that are not whole.
    pub intake: Intake,
    /// Whether programs can fetch what the example does.
    pub has_fixtures: bool,
    /// What programs may import.
    pub modules: modules::Modules,
    /// Origins, besides the server's own, whose pages may use WebSocket and API.
    pub allowed_origins: Vec<Origin>,
    /// Where visitors find this server, if not where their request did.
    pub public_url: Option<Origin>,
    /// The hosts that requests may name.
    pub hosts: Hosts,
    /// What people share.
    pub snippets: Snippets,
    /// Where that is kept.
    pub store: Arc<dyn Store>,
    /// What clients' addresses are hashed with where it is kept who shares how much.
    pub owner_key: Arc<OwnerKey>,
    /// How often a client may share or change something.
    pub shares: Option<Arc<RateLimit>>,
    /// How what is shared reaches its readers.
    pub delivery: Delivery,
    /// Who may use the API.
    pub keys: Keys,
    /// Runs whose events are streamed.
    pub streams: Arc<Streams>,
    /// Answers that are given again.
    pub idempotent: Arc<Idempotent>,
    /// The longest WebSocket message or request body, in bytes.
    pub frame_bytes: usize,
    /// The longest body that shares something, in bytes.
    pub share_bytes: usize,
    /// How often a silent WebSocket is pinged.
    pub ping_interval: Duration,
    /// How long a WebSocket may leave a ping unanswered or a message unread.
    pub answer_timeout: Duration,
    /// How long a request body, or a message in pieces, may take to arrive.
    pub request_timeout: Duration,
    /// Who knows this may ask for metrics.
    pub metrics_token: Option<String>,
    /// What the server goes without, in sentences.
    pub notes: Arc<[String]>,
    /// How the server goes, when it does: what is long-lived ends itself.
    pub leaving: Leaving,
}

/// How often runs may be started.
#[derive(Clone, Debug, Default)]
pub struct RunRates {
    /// By each client that has no key.
    pub anybody: Option<Rate>,
    /// By each key, by its number.
    pub keys: HashMap<u64, Option<Rate>>,
    /// By all who come from pages of one other origin.
    pub origins: Option<Rate>,
}

/// What stays when the settings are changed. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Lasting {
    /// Where programs run.
    pub runs: Arc<RateLimited>,
    /// What the operator sees and has ordered.
    pub overseer: Arc<Overseer>,
    /// The built front end.
    pub assets: Arc<Assets>,
    /// The documents.
    pub book: Arc<Book>,
    /// All that are open.
    pub connections: Connections,
    /// What has arrived of requests that are not whole.
    pub intake: Intake,
    /// All modules there are.
    pub catalogue: Arc<Catalogue>,
    /// Where snippets are kept.
    pub store: Arc<dyn Store>,
    /// What clients' addresses are hashed with there.
    pub owner_key: Arc<OwnerKey>,
    /// How often each client has shared.
    pub shares: Arc<rate::Kept>,
    /// How often each client has opened what is shared.
    pub reads: Arc<rate::Kept>,
    /// Bytes of answers that were not taken yet.
    pub in_flight: InFlight,
    /// Runs whose events are streamed.
    pub streams: Arc<Streams>,
    /// Answers that are given again.
    pub idempotent: Arc<Idempotent>,
    /// What the server goes without, in sentences.
    pub notes: Arc<[String]>,
    /// How the server goes.
    pub leaving: Leaving,
}

impl Lasting {
    /// All that a server with these settings has, to begin with.
    ///
    /// # Errors
    /// When a setting can't be used, or the binary was built without its front end.
    pub fn new(config: &Config, runs: Arc<dyn Runs>, notes: Vec<String>) -> io::Result<Self> {
        let Config { server, client, api, .. } = config;
        let bounds = Bounds { all: server.max_connections, client: client.connections };
        let catalogue = Catalogue::load(config.modules.dir.as_deref()).map_err(io::Error::other)?;
        let assets = Assets::load().map_err(io::Error::other)?;
        let store = shared::store(config)?;
        let is_shared = store.together().is_some();
        let idempotent = Idempotent::new(api.idempotency, api.idempotency_bytes).in_store(&store);
        Ok(Self {
            overseer: Arc::new(Overseer::new()),
            runs: Arc::new(RateLimited::new(runs, RunRates::default(), is_shared)),
            book: Arc::new(Book::load(&assets).map_err(io::Error::other)?),
            assets: Arc::new(assets),
            connections: Connections::new(bounds),
            intake: Intake::new({
                let [all, client] = config.intake_bytes();
                intake::Bounds { all, client }
            }),
            catalogue: Arc::new(catalogue),
            store,
            owner_key: Arc::new(shared::owner_key(config)?),
            shares: Arc::new(rate::Kept::new(is_shared)),
            // Reading changes nothing: each server has a rate of its own.
            reads: Arc::new(rate::Kept::new(false)),
            in_flight: InFlight::default(),
            streams: Arc::new(Streams::new(
                api.resume,
                Kept { streams: api.kept_streams, bytes: api.kept_stream_bytes },
            )),
            idempotent: Arc::new(idempotent),
            notes: notes.into(),
            leaving: Leaving::default(),
        })
    }
}

impl AppState {
    /// What these settings ask for.
    ///
    /// # Errors
    /// When one can't be used.
    pub fn new(config: &Config, lasting: &Lasting) -> io::Result<Self> {
        let Config { server: settings, limits, client, embed, api, .. } = config;
        let Lasting {
            runs,
            overseer,
            assets,
            book,
            connections,
            intake,
            catalogue,
            store,
            owner_key,
            shares,
            reads,
            in_flight,
            streams,
            idempotent,
            notes,
            leaving,
        } = lasting;
        let api_keys = match &api.keys {
            Some(path) => ApiKeys::load(path)
                .map_err(|words| io::Error::other(format!("the setting api.keys: {words}")))?,
            None => ApiKeys::default(),
        };
        let keys = Keys::new(api_keys, api.anonymous);
        let rules = Rules {
            limits: *limits,
            source_bytes: client.source_bytes,
            files: client.files,
            message_bytes: client.message_bytes,
            open_runs: client.open_runs,
            remembered_runs: client.remembered_runs,
            paused_ms: u64::try_from(config.sandbox.paused.as_millis()).unwrap_or(u64::MAX),
        };
        // All that are around it have to be allowed, so also those that show an editor in a frame.
        let around = [settings.frame_ancestors.as_slice(), &embed.origins].concat();
        Ok(Self {
            settings: Arc::new(settings.clone()),
            runs: Arc::new(Overseen::new(runs.clone(), overseer.clone())),
            limited: runs.clone(),
            overseer: overseer.clone(),
            admin_keys: config.admin.keys.clone(),
            admin_session: config.admin.session,
            run_rates: RunRates { anybody: client.rate_limit, keys: keys.rates(), origins: embed.rate_limit },
            rules: Arc::new(rules),
            headers: assets.inline().map_err(io::Error::other).and_then(|inline| {
                Headers::new(&settings.frame_ancestors, inline).map_err(io::Error::other)
            })?,
            frame_policy: embed::frame_policy(&embed.origins).map_err(io::Error::other)?,
            display: Display::new(assets, &around).map_err(io::Error::other)?,
            assets: assets.clone(),
            book: book.clone(),
            has_fixtures: has_fixtures(&config.egress),
            modules: modules::Modules::new(&config.modules, catalogue.clone()),
            proxies: Proxies::new(settings.trusted_proxies.clone(), settings.proxy_header),
            connections: connections.clone(),
            intake: intake.clone(),
            allowed_origins: settings.allowed_origins.clone(),
            public_url: settings.public_url.clone(),
            hosts: Hosts::new(settings.public_url.as_ref(), &settings.hosts),
            snippets: shared::snippets(config, store.clone()),
            store: store.clone(),
            owner_key: owner_key.clone(),
            shares: shares.of(config.snippets.rate_limit),
            delivery: Delivery::new(config, in_flight.clone(), reads.of(config.snippets.read_rate_limit)),
            keys,
            streams: streams.clone(),
            idempotent: idempotent.clone(),
            share_bytes: config.share_bytes(),
            frame_bytes: client.frame_bytes(),
            ping_interval: client.ping_interval,
            answer_timeout: client.answer_timeout,
            request_timeout: client.request_timeout,
            metrics_token: config.metrics.token.reveal().map(str::to_owned),
            notes: notes.clone(),
            leaving: leaving.clone(),
        })
    }

    /// How often a client may start a run.
    pub fn run_rates(&self) -> RunRates {
        self.run_rates.clone()
    }
}

/// The settings that count now. To read them takes no lock.
pub struct Live {
    current: ArcSwap<AppState>,
    /// Tells those who stay (WebSockets) that there are others.
    changes: watch::Sender<()>,
}

impl Live {
    /// These, to begin with.
    pub fn new(state: AppState) -> Self {
        Self { current: ArcSwap::from_pointee(state), changes: watch::Sender::new(()) }
    }

    /// Those that count now.
    pub fn state(&self) -> State {
        State(self.current.load_full())
    }

    /// From now on, these count.
    pub fn replace(&self, state: AppState) {
        self.current.store(Arc::new(state));
        self.changes.send_replace(());
    }

    /// Hears of each change from now on.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }
}

/// What a handler takes. Cheap to clone.
#[derive(Clone)]
pub struct State(Arc<AppState>);

impl Deref for State {
    type Target = AppState;

    fn deref(&self) -> &AppState {
        &self.0
    }
}

impl State {
    /// Those that count for this request; every request has some.
    pub fn of(req: &HttpRequest) -> Option<Self> {
        req.app_data::<Arc<Live>>().map(|live| live.state())
    }
}

impl FromRequest for State {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let detail = "The server has no settings. Its log may say why.";
        ready(Self::of(req).ok_or_else(|| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, detail)))
    }
}

/// How a server goes, step by step.
#[derive(Clone, Debug, Default)]
pub struct Leaving {
    /// It was told to stop: `/readyz` says so, and no connection is kept for another request. All else is as before.
    pub announced: CancellationToken,
    /// It takes no more connections and no more runs on those that are there.
    pub begun: CancellationToken,
    /// What is still under way has had its time.
    pub now: CancellationToken,
    /// Whether new clients are sent elsewhere, for as long as the operator likes.
    pub drained: Arc<watch::Sender<bool>>,
}

impl Leaving {
    /// Whether new clients are sent elsewhere.
    pub fn sends_away(&self) -> bool {
        self.announced.is_cancelled() || *self.drained.borrow()
    }
}
