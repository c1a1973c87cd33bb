//! `GET /healthz`: whether the server can run programs, for whoever watches over it.

use actix_web::HttpResponse;
use actix_web::http::header;
use serde::Serialize;

use super::State;
use crate::protocol::runner::Layer;
use crate::sandbox::{ForkMode, SandboxHealth};

#[derive(Serialize)]
struct Health {
    /// `ok`, or `failing` (with status 503) when no run could start now.
    status: &'static str,
    version: &'static str,
    engine: String,
    fork: ForkMode,
    warm_children: usize,
    open_runs: usize,
    queued_runs: usize,
    /// Every layer of the confinement: `applied`, `missing` with the reason, or `off`.
    confinement: Vec<Layer>,
    notes: Vec<String>,
}

/// Answers 200 when a run started now would find a process, else 503.
pub async fn healthz(state: State) -> HttpResponse {
    let SandboxHealth { ok, fork, warm_children, open_runs, queued_runs, confinement, notes, engine } =
        state.runs.health();
    let status = if ok { "ok" } else { "failing" };
    let version = env!("CARGO_PKG_VERSION");
    let body =
        Health { status, version, engine, fork, warm_children, open_runs, queued_runs, confinement, notes };
    let mut response = if ok { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    response.insert_header((header::CACHE_CONTROL, "no-store")).json(body)
}
