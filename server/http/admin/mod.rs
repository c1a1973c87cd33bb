//! The operator's page, `/admin`, and the API beneath it: what goes on, who uses how much, whom to block, whether to
//! send clients elsewhere. There is nothing at these addresses unless the setting `admin.keys` names somebody.
//!
//! Each server tells of itself. What is ordered is in the store, where all servers that share it look every
//! [`LOOK_EVERY`], and so is the record of who did what.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::{Path, Payload, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::api::{check_type, read};
use super::assets::Assets;
use super::error::{Problem, answer, not_found};
use super::state::{Lasting, Leaving};
use super::{AppState, State, pages};
use crate::protocol::browser::RejectReason;
use crate::protocol::parse;
use crate::snippets::{Act, Order, OrderKind, Store, StoreError, Timestamp};

mod access;
pub mod attestation;
mod oversight;
mod recent;
mod rulings;
mod view;

pub use access::Who;
pub use oversight::{Overseen, Overseer};
use view::{ActView, BlockView, Overview};

/// How often orders are looked for in the store.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How long an order to one server, or about one run, is there to be found.
const PASSING: Duration = Duration::from_secs(60);
/// The longest body, in bytes.
const BODY_BYTES: usize = 16 << 10;
/// The longest reason for a block, in characters.
const REASON_CHARS: usize = 200;
/// The longest time of a block, in seconds.
const LONGEST_BLOCK: u64 = 10 * 366 * 86_400;

/// The content security policy of the page: its own scripts and styles, and the API.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
                      require-trusted-types-for 'script'";

#[derive(Template)]
#[template(path = "admin.html")]
struct AdminPage<'a> {
    assets: &'a Assets,
}

/// `GET /admin`: the page. What it shows it asks the API for.
pub async fn page(req: HttpRequest, state: State) -> HttpResponse {
    if state.admin_keys.is_empty() {
        return not_found(req).await;
    }
    let mut response = pages::html(&state, &AdminPage { assets: &state.assets });
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Answers with what `respond` makes of a request. No page of another origin may read it.
async fn respond(
    req: &HttpRequest,
    respond: impl AsyncFnOnce() -> Result<HttpResponse, Problem>,
) -> HttpResponse {
    let mut response = respond().await.unwrap_or_else(|problem| answer(req, &problem));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn read_json<T: DeserializeOwned>(
    req: &HttpRequest,
    body: Payload,
    state: &AppState,
) -> Result<T, Problem> {
    check_type(req.headers())?;
    let bytes = read(req, body, BODY_BYTES, state).await?;
    parse::object(&bytes)
        .map_err(|detail| Problem::new(StatusCode::BAD_REQUEST, detail).reason(RejectReason::BadRequest))
}

fn bad(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, detail)
}

fn unstored(error: StoreError) -> Problem {
    tracing::error!(%error, "the store does not answer an operator");
    let detail = "The store does not answer, so nothing was done. Try again in a moment.";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).retry_after_ms(1_000)
}

fn unkept(error: &std::io::Error) -> Problem {
    tracing::error!(%error, "the report of an attestation can't be kept");
    let detail = "The report can't be kept: the server can't write to its data folder. Its log says more.";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).retry_after_ms(1_000)
}

fn act(who: &Who, what: &str, about: impl Into<String>) -> Act {
    Act {
        at: Timestamp::now(),
        who: who.name.clone(),
        address: who.address.clone(),
        what: what.to_owned(),
        about: about.into(),
    }
}

/// Records what was done already. Where the store does not answer, the log has it.
async fn record(state: &AppState, act: &Act) {
    match state.store.desk().record(act).await {
        Ok(()) => tracing::info!(%act, "an operator's act"),
        Err(error) => tracing::error!(%act, %error, "an operator's act, which could not be recorded"),
    }
}

/// Gives an order, which all servers follow, this one at once.
async fn give(state: &AppState, order: &Order, act: &Act) -> Result<(), Problem> {
    if !state.store.desk().give(order, act).await.map_err(unstored)? {
        let detail = "There are as many orders as there can be. Withdraw some first.";
        return Err(Problem::new(StatusCode::CONFLICT, detail));
    }
    tracing::info!(%act, "an operator's act");
    look(state).await
}

/// Looks for orders, and follows them.
async fn look(state: &AppState) -> Result<(), Problem> {
    look_into(&*state.store, &state.overseer, &state.leaving).await.map_err(unstored)
}

async fn look_into(store: &dyn Store, overseer: &Overseer, leaving: &Leaving) -> Result<(), StoreError> {
    let orders = store.desk().orders(Timestamp::now()).await?;
    if let Some(drained) = overseer.rule(orders) {
        leaving.drained.send_replace(drained);
        tracing::warn!(drained, "an operator says whether new clients are sent elsewhere");
    }
    Ok(())
}

/// Follows what is ordered, at whichever server, for as long as this one runs.
pub async fn follow(lasting: &Lasting) {
    let mut is_well = true;
    loop {
        match look_into(&*lasting.store, &lasting.overseer, &lasting.leaving).await {
            Ok(()) => is_well = true,
            Err(error) => {
                if std::mem::replace(&mut is_well, false) {
                    tracing::warn!(%error, "orders can't be looked for: those before hold");
                }
            }
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// What a log-in takes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LogIn {
    /// A key of `admin.keys`.
    key: String,
}

/// `POST /api/v1/admin/session`
#[utoipa::path(
    post, path = "/api/v1/admin/session", tag = "admin", operation_id = "admin_log_in",
    summary = "Logs in",
    description = "Gives a cookie that only this server's own page can use. Programs send the key with each request \
                   instead, as `Authorization: Bearer KEY`.",
    request_body = LogIn,
    responses((status = 204, description = "Logged in", headers(("Set-Cookie" = String, description = "The log-in"))))
)]
pub async fn log_in(req: HttpRequest, body: Payload, state: State) -> HttpResponse {
    respond(&req, async || {
        if state.admin_keys.is_empty() {
            return Ok(not_found(req.clone()).await);
        }
        let LogIn { key } = read_json(&req, body, &state).await?;
        let (who, cookie) = access::log_in(&req, &state, &key)?;
        record(&state, &act(&who, "log_in", "")).await;
        Ok(HttpResponse::NoContent().insert_header((header::SET_COOKIE, cookie)).finish())
    })
    .await
}

/// `DELETE /api/v1/admin/session`
#[utoipa::path(
    delete, path = "/api/v1/admin/session", tag = "admin", operation_id = "admin_log_out",
    summary = "Logs out",
    description = "The log-in's cookie is good for nothing any more, at any server.",
    responses((status = 204, description = "Logged out")),
    security(("admin" = []), ("admin_session" = []))
)]
pub async fn log_out(req: HttpRequest, state: State) -> HttpResponse {
    respond(&req, async || {
        let who = access::who(&req, &state, true)?;
        let gone = access::set_cookie(&req, &state, "", Duration::ZERO);
        if let Some((cookie, until)) = &who.session {
            let order = order(&who, OrderKind::Session, access::session_value(cookie), "", Some(*until));
            give(&state, &order, &act(&who, "log_out", "")).await?;
        }
        Ok(HttpResponse::NoContent().insert_header((header::SET_COOKIE, gone)).finish())
    })
    .await
}

fn order(who: &Who, kind: OrderKind, value: String, words: &str, expires_at: Option<Timestamp>) -> Order {
    let (id, given_at) = (Uuid::new_v4(), Timestamp::now());
    Order { id, kind, value, words: words.to_owned(), given_by: who.name.clone(), given_at, expires_at }
}

/// An order that has done its work when each server has looked.
fn passing(who: &Who, kind: OrderKind, value: String) -> Order {
    order(who, kind, value, "", Some(Timestamp::now().after(PASSING)))
}

/// `GET /api/v1/admin/overview`
#[utoipa::path(
    get, path = "/api/v1/admin/overview", tag = "admin", operation_id = "admin_overview",
    summary = "Tells what goes on",
    description = "At the server that answers, but for blocks and acts, which all servers with one store share.",
    responses((status = 200, description = "What goes on", body = Overview)),
    security(("admin" = []), ("admin_session" = []))
)]
pub async fn overview(req: HttpRequest, state: State) -> HttpResponse {
    respond(&req, async || {
        let who = access::who(&req, &state, false)?;
        let acts = state.store.desk().acts(None).await.map_err(|error| error.to_string());
        Ok(HttpResponse::Ok().json(Overview::of(&state, &who, acts)))
    })
    .await
}

/// Which acts.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Before {
    /// Only those before the one of this number.
    before: Option<i64>,
}

/// Who did what.
#[derive(Serialize, ToSchema)]
pub struct Acts {
    /// At most 100, the latest first.
    acts: Vec<ActView>,
}

/// `GET /api/v1/admin/acts`
#[utoipa::path(
    get, path = "/api/v1/admin/acts", tag = "admin", operation_id = "admin_acts",
    summary = "Tells who did what",
    description = "The record can only be added to.",
    params(("before" = Option<i64>, Query, description = "Only those before the one of this number")),
    responses((status = 200, description = "The record, or the next part of it", body = Acts)),
    security(("admin" = []), ("admin_session" = []))
)]
pub async fn acts(req: HttpRequest, query: Query<Before>, state: State) -> HttpResponse {
    respond(&req, async || {
        access::who(&req, &state, false)?;
        let acts = state.store.desk().acts(query.before).await.map_err(unstored)?;
        Ok(HttpResponse::Ok().json(Acts { acts: acts.into_iter().map(Into::into).collect() }))
    })
    .await
}

/// `POST /api/v1/admin/runs/{run_id}/stop`
#[utoipa::path(
    post, path = "/api/v1/admin/runs/{run_id}/stop", tag = "admin", operation_id = "admin_stop",
    summary = "Stops a run",
    description = "At whichever server it is: 202 when that is another, which hears of it in some seconds.",
    params(("run_id" = Uuid, Path, description = "Which run")),
    responses((status = 204, description = "It was told to stop"), (status = 202, description = "The other servers will be told")),
    security(("admin" = []), ("admin_session" = []))
)]
pub async fn stop(req: HttpRequest, path: Path<String>, state: State) -> HttpResponse {
    respond(&req, async || {
        let who = access::who(&req, &state, true)?;
        let run_id: Uuid = path.parse().map_err(|_| bad("A run's id is a UUID."))?;
        let act = act(&who, "stop", run_id.to_string());
        if state.overseer.stop_run(run_id) {
            record(&state, &act).await;
            return Ok(HttpResponse::NoContent().finish());
        }
        if state.store.together().is_none() {
            let detail = "There is no such run any more.";
            return Err(Problem::new(StatusCode::NOT_FOUND, detail).reason(RejectReason::UnknownRun));
        }
        give(&state, &passing(&who, OrderKind::Run, run_id.to_string()), &act).await?;
        Ok(HttpResponse::Accepted().finish())
    })
    .await
}

/// What a block is about.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BlockKind {
    /// An address or a network.
    Address,
    /// The pages of an origin, and editors in them.
    Origin,
}

/// Whom to block.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBlock {
    kind: BlockKind,
    /// An address or a network, like `192.0.2.0/24`; or an origin, like `https://example.org`.
    value: String,
    /// What whoever it stops is told. Default: nothing more than that.
    #[serde(default)]
    reason: String,
    /// For how many seconds. Default: until it is withdrawn.
    #[serde(default)]
    expires_in: Option<u64>,
}

/// `POST /api/v1/admin/blocks`
#[utoipa::path(
    post, path = "/api/v1/admin/blocks", tag = "admin", operation_id = "admin_block",
    summary = "Blocks an address or an origin",
    description = "Nothing is run, called or shared from there, at any server, and runs that are under way are stopped. \
                   Pages can still be read. Whoever it stops is told so, until when, and the reason.",
    request_body = NewBlock,
    responses((status = 201, description = "It holds", body = BlockView)),
    security(("admin" = []), ("admin_session" = []))
)]
pub async fn block(req: HttpRequest, body: Payload, state: State) -> HttpResponse {
    respond(&req, async || {
        let who = access::who(&req, &state, true)?;
        let NewBlock { kind, value, reason, expires_in } = read_json(&req, body, &state).await?;
        let (kind, value) = match kind {
            BlockKind::Address => (OrderKind::Address, rulings::address_value(&value).map_err(bad)?),
            BlockKind::Origin => (OrderKind::Origin, rulings::origin_value(&value).map_err(bad)?),
        };
        let reason = reason.trim();
        if reason.chars().count() > REASON_CHARS || reason.chars().any(char::is_control) {
            return Err(bad(format!("A reason is one line of at most {REASON_CHARS} characters.")));
        }
        if expires_in.is_some_and(|seconds| !(1..=LONGEST_BLOCK).contains(&seconds)) {
            return Err(bad(format!("`expires_in` takes seconds, from 1 to {LONGEST_BLOCK}.")));
        }
        let until = expires_in.map(|seconds| Timestamp::now().after(Duration::from_secs(seconds)));
        let order = order(&who, kind, value, reason, until);
        let shown = until.map_or("for good".to_owned(), |until| format!("until {until}"));
        give(&state, &order, &act(&who, "block", format!("{} {shown} {reason}", order.value).trim())).await?;
        Ok(HttpResponse::Created().json(BlockView::of(&order)))
    })
    .await
}

/// `DELETE /api/v1/admin/blocks/{id}`
#[utoipa::path(
    delete, path = "/api/v1/admin/blocks/{id}", tag = "admin", operation_id = "admin_unblock",
    summary = "Withdraws a block",
    params(("id" = Uuid, Path, description = "Which block")),
    responses((status = 204, description = "It holds no longer")),
    security(("admin" = []), ("admin_session" = []))
)]
pub async fn unblock(req: HttpRequest, path: Path<String>, state: State) -> HttpResponse {
    respond(&req, async || {
        let who = access::who(&req, &state, true)?;
        let id: Uuid = path.parse().map_err(|_| bad("A block's id is a UUID."))?;
        let rulings = state.overseer.rulings().clone();
        let known = rulings.orders().iter().find(|order| order.id == id && BlockView::of(order).is_some());
        let about = known.map_or_else(|| id.to_string(), |order| order.value.clone());
        if known.is_none()
            || !state.store.desk().withdraw(&id, &act(&who, "unblock", about)).await.map_err(unstored)?
        {
            return Err(Problem::new(StatusCode::NOT_FOUND, "There is no such block any more."));
        }
        look(&state).await?;
        Ok(HttpResponse::NoContent().finish())
    })
    .await
}

/// Whether a server sends new clients elsewhere.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Drain {
    /// Whether it does.
    drained: bool,
    /// Which server, by its id; default: the one that answers.
    #[serde(default)]
    server: Option<Uuid>,
}

/// `POST /api/v1/admin/drain`
#[utoipa::path(
    post, path = "/api/v1/admin/drain", tag = "admin", operation_id = "admin_drain",
    summary = "Sends new clients elsewhere, or takes them again",
    description = "`/readyz` answers 503, connections are not kept, and WebSockets on which nothing runs are closed with \
                   1012, so that their pages connect to another server. Whoever comes all the same is served. 202 when it \
                   is another server's turn, which hears of it in some seconds.",
    request_body = Drain,
    responses((status = 204, description = "It does"), (status = 202, description = "The other server will be told")),
    security(("admin" = []), ("admin_session" = []))
)]
pub async fn drain(req: HttpRequest, body: Payload, state: State) -> HttpResponse {
    respond(&req, async || {
        let who = access::who(&req, &state, true)?;
        let Drain { drained, server } = read_json(&req, body, &state).await?;
        let server = server.unwrap_or(state.overseer.id);
        let act = act(&who, if drained { "drain" } else { "resume" }, server.to_string());
        if server == state.overseer.id {
            state.leaving.drained.send_replace(drained);
            record(&state, &act).await;
            return Ok(HttpResponse::NoContent().finish());
        }
        if state.store.together().is_none() {
            return Err(Problem::new(StatusCode::NOT_FOUND, "There is no such server."));
        }
        let kind = if drained { OrderKind::Drain } else { OrderKind::Resume };
        give(&state, &passing(&who, kind, server.to_string()), &act).await?;
        Ok(HttpResponse::Accepted().finish())
    })
    .await
}
