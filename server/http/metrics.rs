//! `GET /metrics`: figures for Prometheus. At the server's own address only for who has the token of
//! `metrics.token`, and without a word of its existence where there is none; or at an address of its own.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;

use actix_web::dev::Server;
use actix_web::http::header;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, SockaddrStorage, bind, listen, setsockopt, socket, sockopt,
};
use subtle::ConstantTimeEq;

use super::State;
use super::api::{bearer, unauthorized};
use super::error::{answer, not_found};
use super::state::Live;
use crate::metrics::{self, Now};
use crate::sandbox::SandboxHealth;
use crate::session::Runs;

/// How long Prometheus may keep a connection that it does not use: longer than it mostly waits between two questions.
const KEPT: std::time::Duration = std::time::Duration::from_secs(75);

/// At the server's own address.
pub async fn metrics(req: HttpRequest, state: State) -> HttpResponse {
    let Some(token) = &state.metrics_token else { return not_found(req).await };
    let given = bearer(req.headers()).unwrap_or_default();
    if !bool::from(given.as_bytes().ct_eq(token.as_bytes())) {
        let detail = "The server's metrics take a token. Send it as `Authorization: Bearer TOKEN`.";
        return answer(&req, &unauthorized(detail));
    }
    told(&state)
}

fn told(state: &State) -> HttpResponse {
    let SandboxHealth { warm_children, open_runs, queued_runs, .. } = state.runs.health();
    let connections = state.connections.count_all();
    let text = metrics::text(Now { open_runs, queued_runs, warm_children, connections });
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::CONTENT_TYPE, metrics::MEDIA_TYPE))
        .body(text)
}

/// A server of nothing but these, at `address`, and where that is.
pub fn serve(address: SocketAddr, live: Arc<Live>) -> io::Result<(Server, SocketAddr)> {
    let listener = listener(address).map_err(|error| {
        io::Error::other(format!("can't listen on {address} (the setting metrics.listen): {error}"))
    })?;
    let address = listener.local_addr()?;
    let server = HttpServer::new(move || {
        let live = live.clone();
        let all = move || {
            let state = live.state();
            async move { told(&state) }
        };
        App::new().route("/metrics", web::get().to(all))
    })
    .workers(1)
    .max_connections(64)
    .keep_alive(KEPT)
    .disable_signals()
    .listen(listener)?
    .run();
    Ok((server, address))
}

/// A socket that another process may listen beside: one that takes over has to, for as long as both are there.
fn listener(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let family = if address.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
    let made: OwnedFd = socket(family, SockType::Stream, SockFlag::SOCK_CLOEXEC, None)?;
    setsockopt(&made, sockopt::ReuseAddr, &true)?;
    setsockopt(&made, sockopt::ReusePort, &true)?;
    bind(made.as_raw_fd(), &SockaddrStorage::from(address))?;
    listen(&made, Backlog::new(64)?)?;
    Ok(made.into())
}
