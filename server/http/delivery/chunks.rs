//! A body that is handed over in chunks. actix-web copies what a body gives into the buffer of its connection, so a body
//! of one piece would be there whole for each of its readers.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::web::Bytes;

use super::in_flight::Flight;
use super::pace::Pace;

/// The longest chunk, in bytes.
pub const CHUNK_BYTES: usize = 16 << 10;

/// A body in chunks. What has not been handed over yet counts as in flight.
pub struct Chunks {
    body: BoxBody,
    /// What the body has given that was not handed over yet.
    piece: Bytes,
    flight: Option<Flight>,
    pace: Option<Pace>,
}

impl Chunks {
    /// `body`, which counts as `flight` and whose reader has to keep `pace`.
    pub fn new(body: BoxBody, flight: Option<Flight>, pace: Option<Pace>) -> Self {
        Self { body, piece: Bytes::new(), flight, pace }
    }
}

impl MessageBody for Chunks {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = &mut *self;
        if this.piece.is_empty() {
            match Pin::new(&mut this.body).poll_next(cx) {
                Poll::Ready(Some(Ok(piece))) => this.piece = piece,
                other => return other,
            }
        }
        let chunk = this.piece.split_to(this.piece.len().min(CHUNK_BYTES));
        let bytes = chunk.len() as u64;
        if let Some(flight) = &mut this.flight {
            flight.land(bytes);
        }
        if let Some(pace) = &this.pace {
            pace.took(bytes);
        }
        Poll::Ready(Some(Ok(chunk)))
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;
    use crate::http::delivery::in_flight::{Bounds, InFlight};
    use crate::sandbox::ClientKey;

    #[actix_web::test]
    async fn a_body_comes_in_chunks_that_land_one_by_one() {
        let text: Vec<u8> = (0..100_000_u32).map(|n| n as u8).collect();
        let (all, client) = (InFlight::default(), ClientKey::of([192, 0, 2, 1].into()));
        let bounds = Bounds { all: 100_000, client: 100_000 };
        let flight = all.take(client, 100_000, bounds).expect("room");
        let mut chunks = Chunks::new(BoxBody::new(Bytes::from(text.clone())), Some(flight), None);
        assert!(matches!(chunks.size(), BodySize::Sized(100_000)));
        let mut read = Vec::new();
        while let Some(chunk) = poll_fn(|cx| Pin::new(&mut chunks).poll_next(cx)).await {
            let chunk = chunk.expect("a chunk");
            assert!(chunk.len() <= CHUNK_BYTES);
            read.extend_from_slice(&chunk);
            let left = 100_000 - read.len() as u64;
            assert!(all.take(client, 100_000 - left, bounds).is_ok(), "what was handed over is free");
            if left > 0 {
                assert!(all.take(client, 100_001 - left, bounds).is_err(), "and the rest is not");
            }
        }
        assert_eq!(read, text);
    }
}
