//! `GET /healthz`: whether the server can run programs, for whoever watches over it.

use std::sync::LazyLock;

use actix_web::HttpResponse;
use actix_web::http::header;
use serde::Serialize;
use uuid::Uuid;

use super::State;
use crate::protocol::runner::Layer;
use crate::sandbox::{ForkMode, MemoryBound, SandboxHealth};
use crate::session::Runs;
use crate::snippets::Timestamp;
use crate::tuning::StepReport;

#[derive(Serialize)]
struct Health {
    /// `ok`, or `failing` (with status 503) when no run could start now.
    status: &'static str,
    version: &'static str,
    engine: String,
    /// What answers the server's system calls: `linux`, or `gvisor` when it runs in gVisor.
    kernel: &'static str,
    fork: ForkMode,
    warm_children: usize,
    open_runs: usize,
    queued_runs: usize,
    asking_runs: usize,
    /// Every layer of the confinement: `applied`, `missing` with the reason, or `off`.
    confinement: Vec<Layer>,
    /// Every step that makes runs faster: `applied`, `skipped` with the reason, or `off`.
    tuning: Vec<StepReport>,
    notes: Vec<String>,
    /// Names this server from its start to its end.
    server: Uuid,
    /// Since when it serves.
    since: Timestamp,
    /// Processes that start runs, and ended unasked. Each was replaced.
    zygotes_lost: u64,
    /// What all runs together can hold, and what there is.
    memory: MemoryBound,
}

/// gVisor's kernel says in its log what it is, and lets anybody read it. Its version number has changed before.
static KERNEL: LazyLock<&str> = LazyLock::new(|| {
    /// `SYSLOG_ACTION_READ_ALL`: the end of the log, and nothing is taken out of it.
    const READ_ALL: libc::c_int = 3;
    let mut log = [0_u8; 4_096];
    // SAFETY: The kernel writes at most as many bytes as it is told, into a buffer of that length.
    let read = unsafe { libc::klogctl(READ_ALL, log.as_mut_ptr().cast(), log.len() as libc::c_int) };
    let log = String::from_utf8_lossy(&log[..usize::try_from(read).unwrap_or(0)]);
    if log.contains("Starting gVisor") { "gvisor" } else { "linux" }
});

#[derive(Serialize)]
struct Readiness {
    /// `ready`; or with status 503 `leaving`, when the server was told to stop, `drained`, when its operator sends new
    /// clients elsewhere, or `failing`.
    status: &'static str,
}

/// Answers 200 when new clients should be sent here, else 503. It is the first to change when the server stops.
pub async fn readyz(state: State) -> HttpResponse {
    let status = match state.runs.health().ok {
        _ if state.leaving.announced.is_cancelled() => "leaving",
        _ if state.leaving.sends_away() => "drained",
        true => "ready",
        false => "failing",
    };
    let mut response =
        if status == "ready" { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    response.insert_header((header::CACHE_CONTROL, "no-store")).json(Readiness { status })
}

/// Answers 200 when a run started now would find a process, else 503.
pub async fn healthz(state: State) -> HttpResponse {
    let SandboxHealth {
        ok,
        fork,
        warm_children,
        open_runs,
        queued_runs,
        asking_runs,
        confinement,
        notes,
        engine,
        tuning,
        zygotes_lost,
        memory,
    } = state.runs.health();
    let status = if ok { "ok" } else { "failing" };
    let version = env!("CARGO_PKG_VERSION");
    let body = Health {
        status,
        version,
        engine,
        kernel: *KERNEL,
        fork,
        warm_children,
        open_runs,
        queued_runs,
        asking_runs,
        confinement,
        tuning,
        notes,
        server: state.overseer.id,
        since: state.overseer.since,
        zygotes_lost,
        memory,
    };
    let mut response = if ok { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    response.insert_header((header::CACHE_CONTROL, "no-store")).json(body)
}
