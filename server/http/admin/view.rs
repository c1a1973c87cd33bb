//! What the operator is told, as JSON. Texts that come from visitors are texts, and nothing else.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::AppState;
use super::super::rate::{RateLimit, of_origin};
use super::attestation::AttestationView;
use super::oversight::{Hits, Known, Live, Use};
use crate::config::Rate;
use crate::sandbox::{ClientKey, SandboxHealth};
use crate::session::Runs;
use crate::snippets::{Act, Order, OrderKind, Timestamp};

/// How many mistakes, origins, keys and clients are told of.
const MOST: usize = 100;

/// What goes on at one server.
#[derive(Serialize, ToSchema)]
pub struct Overview {
    server: ServerView,
    /// Runs that are open or wait for a place, the oldest first.
    runs: Vec<RunView>,
    /// Limits that runs were over, or were turned away for, since the server started.
    limits: Vec<LimitView>,
    /// What went wrong in programs, the latest first; what differs in numbers only is one.
    errors: Vec<ErrorView>,
    /// Other sites whose pages sent runs, the latest first.
    origins: Vec<UseView>,
    /// All keys of the API.
    keys: Vec<UseView>,
    /// Clients without a key, the latest first.
    clients: Vec<UseView>,
    /// What is blocked, the newest first.
    blocks: Vec<BlockView>,
    /// Who did what, the latest first.
    acts: Vec<ActView>,
    /// The last report of `mayfly attest` that is in this server's data folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    attestation: Option<AttestationView>,
    /// Why that can't be shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    attestation_problem: Option<String>,
    /// Why the record can't be read now.
    #[serde(skip_serializing_if = "Option::is_none")]
    store_problem: Option<String>,
    you: YouView,
}

#[derive(Serialize, ToSchema)]
struct ServerView {
    /// Names the server among those that share its store.
    id: Uuid,
    /// Its machine.
    host: String,
    version: &'static str,
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    now: Timestamp,
    /// Whether new clients are sent elsewhere.
    drained: bool,
    /// Whether it was told to stop.
    leaving: bool,
    open_runs: usize,
    queued_runs: usize,
    warm_children: usize,
    connections: usize,
}

#[derive(Serialize, ToSchema)]
struct RunView {
    run_id: Uuid,
    /// `queued`, `running`, or `paused` when its program has ended and it stays for evaluations.
    state: &'static str,
    /// Since when, in milliseconds.
    age_ms: u64,
    /// From which address.
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    /// With which key.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    /// From pages of which other sites.
    origins: Vec<String>,
    /// Which shared program it calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    snippet: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct LimitView {
    name: &'static str,
    count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    last: Option<Timestamp>,
    /// The last of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    run_id: Option<Uuid>,
}

#[derive(Serialize, ToSchema)]
struct ErrorView {
    name: String,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    snippet: Option<String>,
    /// Some of the sites from whose pages it came.
    origins: Vec<String>,
    count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    first: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    last: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run_id: Option<Uuid>,
}

#[derive(Serialize, ToSchema)]
struct UseView {
    name: String,
    runs: u64,
    failed: u64,
    limited: u64,
    turned_away: u64,
    cpu_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    last: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quota: Option<QuotaView>,
}

/// How much of a rate is used now.
#[derive(Serialize, ToSchema)]
struct QuotaView {
    /// The rate, like `120/min burst 60`.
    rate: String,
    used: u32,
    /// How many at once.
    most: u32,
}

#[derive(Serialize, ToSchema)]
pub struct BlockView {
    id: Uuid,
    /// `address` or `origin`.
    kind: &'static str,
    value: String,
    /// The reason that whoever it stops is told.
    reason: String,
    by: String,
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
}

/// Something that an operator did.
#[derive(Serialize, ToSchema)]
pub struct ActView {
    /// Its number: later ones are higher.
    number: i64,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    who: String,
    address: String,
    what: String,
    about: String,
}

#[derive(Serialize, ToSchema)]
struct YouView {
    /// The name of your key.
    name: String,
    /// Your address, as the server sees it.
    address: String,
    /// When your log-in is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
}

impl BlockView {
    /// The block that an order is, if it is one.
    pub fn of(order: &Order) -> Option<Self> {
        matches!(order.kind, OrderKind::Address | OrderKind::Origin).then(|| Self {
            id: order.id,
            kind: order.kind.name(),
            value: order.value.clone(),
            reason: order.words.clone(),
            by: order.given_by.clone(),
            since: order.given_at,
            until: order.expires_at,
        })
    }
}

impl From<(i64, Act)> for ActView {
    fn from((number, act): (i64, Act)) -> Self {
        let Act { at, who, address, what, about } = act;
        Self { number, at, who, address, what, about }
    }
}

/// A rate as the settings have it.
fn written(rate: Rate) -> String {
    format!("{rate}")
}

fn quota(limit: Option<&RateLimit>, client: ClientKey) -> Option<QuotaView> {
    let limit = limit?;
    let rate = limit.rate();
    Some(QuotaView { rate: written(rate), used: limit.used(client), most: rate.burst.get() })
}

fn used(name: String, it: &Use, quota: Option<QuotaView>) -> UseView {
    let Use { runs, failed, limited, turned_away, cpu_ms, last } = it.clone();
    UseView { name, runs, failed, limited, turned_away, cpu_ms, last, quota }
}

fn run(state: &AppState, run: &Live, now: Timestamp) -> RunView {
    RunView {
        run_id: run.run_id,
        state: match (run.is_started, run.has_ended) {
            (_, true) => "paused",
            (true, false) => "running",
            (false, false) => "queued",
        },
        age_ms: u64::try_from(now.millis() - run.since.millis()).unwrap_or(0),
        address: run.sender.address.map(|address| address.to_string()),
        key: run.client.key().map(|number| key_name(state, number)),
        origins: run.sender.origins.clone(),
        snippet: run.sender.snippet.clone(),
    }
}

fn key_name(state: &AppState, number: u64) -> String {
    state.keys.name_of(number).map_or_else(|| format!("{number:016x}"), str::to_owned)
}

/// What the machine is called.
fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    name.trim().to_owned()
}

impl Overview {
    /// What `state`'s server knows now, and `acts` from the store.
    pub fn of(state: &AppState, who: &super::Who, acts: Result<Vec<(i64, Act)>, String>) -> Self {
        let now = Timestamp::now();
        let SandboxHealth { warm_children, open_runs, queued_runs, .. } = state.runs.health();
        let server = ServerView {
            id: state.overseer.id,
            host: host(),
            version: env!("CARGO_PKG_VERSION"),
            since: state.overseer.since,
            now,
            drained: *state.leaving.drained.borrow(),
            leaving: state.leaving.announced.is_cancelled(),
            open_runs,
            queued_runs,
            warm_children,
            connections: state.connections.count_all(),
        };
        let (acts, store_problem) = match acts {
            Ok(acts) => (acts.into_iter().map(Into::into).collect(), None),
            Err(problem) => (Vec::new(), Some(problem)),
        };
        let (attestation, attestation_problem) =
            match state.overseer.attestations.last(&state.settings.data_dir).transpose() {
                Ok(attestation) => (attestation, None),
                Err(problem) => (None, Some(problem)),
            };
        let until = who.session.as_ref().map(|(_, until)| *until);
        let you = YouView { name: who.name.clone(), address: who.address.clone(), until };
        let blocks = state.overseer.rulings().orders().iter().filter_map(BlockView::of).collect();
        let known = state.overseer.known();
        let mut live: Vec<_> = known.live.values().collect();
        live.sort_by_key(|run| (run.since, run.run_id));
        Self {
            server,
            runs: live.into_iter().map(|it| run(state, it, now)).collect(),
            limits: limits(&known),
            errors: errors(&known),
            origins: origins(state, &known),
            keys: keys(state, &known),
            clients: clients(state, &known),
            blocks,
            acts,
            attestation,
            attestation_problem,
            store_problem,
            you,
        }
    }
}

fn limits(known: &Known) -> Vec<LimitView> {
    let view = |(name, hits): (&&'static str, &Hits)| {
        let Hits { count, last, run_id } = hits.clone();
        LimitView { name, count, last, run_id }
    };
    let mut limits: Vec<_> = known.limits.iter().map(view).collect();
    limits.sort_by_key(|limit| std::cmp::Reverse(limit.count));
    limits
}

fn errors(known: &Known) -> Vec<ErrorView> {
    let all = known.mistakes.all().into_iter().take(MOST);
    all.map(|(mistake, cluster)| ErrorView {
        name: mistake.name.clone(),
        message: mistake.message.clone(),
        snippet: mistake.snippet.clone(),
        origins: cluster.origins.clone(),
        count: cluster.hits.count,
        first: cluster.first,
        last: cluster.hits.last,
        run_id: cluster.hits.run_id,
    })
    .collect()
}

fn origins(state: &AppState, known: &Known) -> Vec<UseView> {
    let limit = state.limited.of_origins();
    let all = known.origins.all().into_iter().take(MOST);
    all.map(|(origin, it)| used(origin.clone(), it, quota(limit.as_deref(), of_origin(origin)))).collect()
}

fn keys(state: &AppState, known: &Known) -> Vec<UseView> {
    let seen = known.keys.all();
    let unused = Use::default();
    let names = state.keys.names().take(MOST);
    names
        .map(|(number, name)| {
            let it = seen.iter().find(|(key, _)| **key == number).map_or(&unused, |(_, it)| *it);
            let limit = state.limited.of_key(number);
            used(name.to_owned(), it, quota(limit.as_deref(), ClientKey::with_key(number)))
        })
        .collect()
}

fn clients(state: &AppState, known: &Known) -> Vec<UseView> {
    let limit = state.limited.of_anybody();
    let all = known.clients.all().into_iter().take(MOST);
    all.map(|(client, it)| used(client.to_string(), it, quota(limit.as_deref(), *client))).collect()
}
