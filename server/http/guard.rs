//! What every request goes through: whom it comes from is settled, and whether that client may ask at all.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{ConnectionType, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use actix_web::{Error, HttpMessage, HttpRequest};

use super::connections::{Answering, Connection, Counted};
use super::error::answer;
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
        (Some(full), _) | (None, Err(full)) => (Some(full), None),
        (None, Ok(counted)) => (None, counted),
    };
    let mut response = match refused {
        Some(full) if !FOR_ALL.contains(&req.path()) => {
            let refusal = answer(req.request(), &state.connections.problem(full));
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
    let is_leaving = state.leaving.sends_away() && response.status() != StatusCode::SWITCHING_PROTOCOLS;
    if full.is_some() || is_leaving {
        response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    Ok(response.map_body(|_, body| Answer { body, _answering: answering, _counted: counted }))
}

/// The client that a request comes from.
pub fn client(req: &HttpRequest) -> ClientKey {
    // Only a request that came over no network has no address.
    req.extensions().get().copied().unwrap_or_else(|| ClientKey::of([127, 0, 0, 1].into()))
}

/// A body; while there is more of it, its request is being answered.
pub struct Answer {
    body: BoxBody,
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
