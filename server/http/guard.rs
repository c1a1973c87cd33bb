//! What every request goes through: whom it comes from is settled, and whether that client may ask at all.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{ConnectionType, Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use actix_web::{Error, HttpMessage, HttpRequest};

use super::connections::{Answering, Connection, Counted};
use super::delivery::chunks::{CHUNK_BYTES, Chunks};
use super::delivery::pace::Pace;
use super::error::{Problem, answer};
use super::{State, host};
use crate::sandbox::ClientKey;

/// Answers that nobody is refused: whoever watches over a server has to learn that it is full.
const FOR_ALL: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// Settles who the client is, counts the request while it is answered, and turns it away where its connection,
/// or the request itself, is one too many.
pub async fn guard(
    state: State,
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<Answer>, Error> {
    let connection = req.request().conn_data::<Connection>();
    let full = connection.and_then(|connection| connection.full);
    let answering = connection.map(Connection::answering);
    let mut counted = Ok(None);
    if let Some(peer) = req.peer_addr().map(|peer| peer.ip()) {
        let client = ClientKey::of(state.proxies.client(peer, req.headers()));
        req.extensions_mut().insert(client);
        if state.proxies.trusts(peer) {
            counted = state.connections.request(client).map(Some);
        }
    }
    let (refused, counted) = match (full, counted) {
        (Some(full), _) | (None, Err(full)) => (Some(state.connections.problem(full)), None),
        (None, Ok(counted)) => (None, counted),
    };
    let refused = refused.or_else(|| unread(&req, &state));
    let mut response = match refused {
        Some(problem) if !FOR_ALL.contains(&req.path()) => {
            let refusal = answer(req.request(), &problem);
            req.into_response(refusal)
        }
        _ => match host::check(&state, &req) {
            Ok(()) => next.call(req).await?.map_into_boxed_body(),
            Err(problem) => {
                let refusal = answer(req.request(), &problem);
                req.into_response(refusal)
            }
        },
    };
    // What is short is in the connection's buffer at once, and static files take no memory of their own.
    let size = response.response().body().size();
    let mut flight = None;
    if let BodySize::Sized(bytes) = size
        && bytes > CHUNK_BYTES as u64
        && !response.request().path().starts_with("/assets/")
    {
        let (client, delivery) = (client(response.request()), &state.delivery);
        let is_read = [Method::GET, Method::HEAD].contains(response.request().method());
        match delivery.in_flight.take(client, bytes, delivery.bounds) {
            Ok(taken) => flight = Some(taken),
            // A run is over by then, and can't be asked for again: its answer is sent, and no further one begun.
            Err(_) if !is_read => flight = Some(delivery.in_flight.add(client, bytes)),
            Err(full) => {
                let refusal = answer(response.request(), &full.problem(delivery.bounds));
                response = ServiceResponse::new(response.request().clone(), refusal);
            }
        }
    }
    let is_leaving = state.leaving.sends_away() && response.status() != StatusCode::SWITCHING_PROTOCOLS;
    if full.is_some() || is_leaving {
        response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    let least_speed = state.delivery.least_speed;
    let socket = response.request().conn_data::<Connection>().and_then(Connection::socket);
    let pace = match (&flight, socket) {
        (Some(_), Some(socket)) if least_speed > 0 => Some(Pace::watch(socket, least_speed)),
        _ => None,
    };
    Ok(response.map_body(|_, body| Answer {
        body: Chunks::new(body, flight, pace),
        _answering: answering,
        _counted: counted,
    }))
}

/// The refusal of a request whose answer can be long, where its client, or all together, have not taken earlier
/// answers: it would be in vain to begin.
fn unread(req: &ServiceRequest, state: &State) -> Option<Problem> {
    let path = req.path();
    let can_be_long = path.starts_with("/s/")
        || ["/api/v1/snippets/", "/api/v1/functions/"].iter().any(|it| path.starts_with(it))
        || path == "/api/v1/run";
    let (client, delivery) = (client(req.request()), &state.delivery);
    let full = can_be_long.then(|| delivery.in_flight.full(client, delivery.bounds)).flatten()?;
    Some(full.problem(delivery.bounds))
}

/// The client that a request comes from.
pub fn client(req: &HttpRequest) -> ClientKey {
    // Only a request that came over no network has no address.
    req.extensions().get().copied().unwrap_or_else(|| ClientKey::of([127, 0, 0, 1].into()))
}

/// A body; while there is more of it, its request is being answered.
pub struct Answer {
    body: Chunks,
    _answering: Option<Answering>,
    _counted: Option<Counted>,
}

impl MessageBody for Answer {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(cx)
    }
}
