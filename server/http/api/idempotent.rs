//! Answers that are given again to who asks again: `Idempotency-Key`. A client that does not know whether its
//! request arrived sends it once more, with the same key, and what it asks for is done once.
//!
//! Kept in memory, within bounds: whoever has several servers keeps a client on one of them, or a repeated request
//! is done by each.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use actix_web::HttpResponse;
use actix_web::http::header::{HeaderMap, HeaderName};
use actix_web::http::{StatusCode, header};
use actix_web::web::Bytes;

use super::super::error::Problem;
use crate::protocol::browser::RejectReason;
use crate::sandbox::ClientKey;

/// The longest key, in bytes.
const KEY_BYTES: usize = 255;
/// What an entry takes besides its answer, about, in bytes.
const ENTRY_BYTES: u64 = 1 << 10;

/// What is remembered.
pub struct Idempotent {
    known: Mutex<Known>,
    age: Duration,
    bytes: u64,
}

/// Whose key it is, and the key.
type Key = (ClientKey, String);

#[derive(Default)]
struct Known {
    entries: HashMap<Key, Entry>,
    /// Those that are answered, the oldest first.
    order: VecDeque<(Instant, Key)>,
    bytes: u64,
}

struct Entry {
    /// Of what was asked.
    asked: [u8; 32],
    /// `None` while it is worked on.
    answer: Option<Answer>,
}

/// An answer that can be given again.
#[derive(Clone)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers, as far as they are its own.
    pub headers: Vec<(HeaderName, String)>,
    /// Its body.
    pub body: Bytes,
}

impl Answer {
    fn bytes(&self) -> u64 {
        let headers: usize = self.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
        (self.body.len() + headers) as u64
    }

    /// The response that it is.
    pub fn respond(self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        for header in self.headers {
            response.insert_header(header);
        }
        response.insert_header((header::CACHE_CONTROL, "no-store")).body(self.body)
    }
}

/// What is to be done about a request.
pub enum Turn {
    /// To do what it asks for, and to say here what came of it.
    Mine(Working),
    /// Nothing: this came of it before.
    Done(Answer),
}

/// A request that is worked on. Dropped without an answer, it can be sent again.
pub struct Working {
    /// Without a key, nothing is remembered.
    entry: Option<(Arc<Idempotent>, Key)>,
}

impl Idempotent {
    /// Nothing yet; answers are kept for `age`, and no more than `bytes` of them.
    pub fn new(age: Duration, bytes: u64) -> Self {
        Self { known: Mutex::default(), age, bytes }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What to do about a request of `client` for what `parts` say, which may have a key.
    ///
    /// # Errors
    /// 400 for a key that is none, 409 while the same is worked on, 422 for a key that was used for something else.
    pub fn turn(
        self: &Arc<Self>,
        client: ClientKey,
        headers: &HeaderMap,
        parts: &[&[u8]],
    ) -> Result<Turn, Problem> {
        let Some(key) = headers.get(HeaderName::from_static("idempotency-key")) else {
            return Ok(Turn::Mine(Working { entry: None }));
        };
        let key = key.to_str().unwrap_or_default().trim();
        if key.is_empty() || key.len() > KEY_BYTES {
            let detail = format!(
                "`Idempotency-Key` takes 1 to {KEY_BYTES} visible ASCII characters: a new UUID is best."
            );
            return Err(Problem::new(StatusCode::BAD_REQUEST, detail).reason(RejectReason::BadRequest));
        }
        let key = (client, key.to_owned());
        let asked = digest(parts);
        let mut known = self.lock();
        known.forget_old(self.age);
        match known.entries.get(&key) {
            Some(entry) if entry.asked != asked => {
                let detail = "This `Idempotency-Key` was used for another request. Send a new one with each call, \
                              and the same one only to repeat a call as it was.";
                Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail))
            }
            Some(Entry { answer: None, .. }) => {
                let detail =
                    "The call with this `Idempotency-Key` is still being answered. Ask again in a moment.";
                Err(Problem::new(StatusCode::CONFLICT, detail).retry_after_ms(1_000))
            }
            Some(Entry { answer: Some(answer), .. }) => {
                let mut answer = answer.clone();
                answer.headers.push((HeaderName::from_static("idempotent-replayed"), "true".to_owned()));
                Ok(Turn::Done(answer))
            }
            None => {
                known.entries.insert(key.clone(), Entry { asked, answer: None });
                Ok(Turn::Mine(Working { entry: Some((self.clone(), key)) }))
            }
        }
    }
}

impl Known {
    fn forget_old(&mut self, age: Duration) {
        while self.order.front().is_some_and(|(at, _)| at.elapsed() >= age) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let Some((_, key)) = self.order.pop_front() else { return };
        if let Some(Entry { answer: Some(answer), .. }) = self.entries.remove(&key) {
            self.bytes -= answer.bytes() + ENTRY_BYTES;
        }
    }
}

impl Working {
    /// Remembers what came of it.
    pub fn done(mut self, answer: &Answer) {
        let Some((idempotent, key)) = self.entry.take() else { return };
        let bytes = answer.bytes() + ENTRY_BYTES;
        let mut known = idempotent.lock();
        if bytes > idempotent.bytes {
            // It would push out all others, and still not fit.
            known.entries.remove(&key);
            return;
        }
        let Some(entry) = known.entries.get_mut(&key) else { return };
        entry.answer = Some(answer.clone());
        known.order.push_back((Instant::now(), key));
        known.bytes += bytes;
        while known.bytes > idempotent.bytes {
            known.forget_oldest();
        }
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        if let Some((idempotent, key)) = self.entry.take() {
            idempotent.lock().entries.remove(&key);
        }
    }
}

/// A hash of several parts, each with its length, so that no two lists of parts are the same.
fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_le_bytes());
        context.update(part);
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn headers(key: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers
            .insert(HeaderName::from_static("idempotency-key"), HeaderValue::from_str(key).expect("a value"));
        headers
    }

    fn answer(length: usize) -> Answer {
        Answer { status: StatusCode::OK, headers: Vec::new(), body: "x".repeat(length).into() }
    }

    fn client(number: u8) -> ClientKey {
        ClientKey::of([127, 0, 0, number].into())
    }

    fn work(all: &Arc<Idempotent>, key: &str) -> Working {
        match all.turn(client(1), &headers(key), &[b"body"]) {
            Ok(Turn::Mine(working)) => working,
            Ok(Turn::Done(_)) => panic!("{key} is new"),
            Err(problem) => panic!("{key}: {problem}"),
        }
    }

    fn status(turn: Result<Turn, Problem>) -> u16 {
        match turn {
            Ok(Turn::Mine(_)) => 0,
            Ok(Turn::Done(answer)) => answer.status.as_u16(),
            Err(problem) => problem.status().as_u16(),
        }
    }

    #[test]
    fn what_was_done_is_told_again_and_only_that() {
        let all = Arc::new(Idempotent::new(Duration::from_secs(60), 1 << 20));
        let working = work(&all, "a");
        assert_eq!(status(all.turn(client(1), &headers("a"), &[b"body"])), 409, "it is worked on");
        working.done(&answer(3));
        assert_eq!(status(all.turn(client(1), &headers("a"), &[b"body"])), 200);
        assert_eq!(status(all.turn(client(1), &headers("a"), &[b"other"])), 422);
        assert_eq!(status(all.turn(client(1), &headers("a"), &[b"bo", b"dy"])), 422);
        assert_eq!(
            status(all.turn(client(2), &headers("a"), &[b"body"])),
            0,
            "each client has keys of its own"
        );
        assert_eq!(status(all.turn(client(1), &HeaderMap::new(), &[b"body"])), 0, "no key, no memory");
        drop(work(&all, "b"));
        drop(work(&all, "b"));
        for bad in ["", " ", &"x".repeat(256)] {
            assert_eq!(status(all.turn(client(1), &headers(bad), &[b"body"])), 400);
        }
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let all = Arc::new(Idempotent::new(Duration::from_secs(60), 10 * ENTRY_BYTES));
        for number in 0..100 {
            work(&all, &number.to_string()).done(&answer(500));
        }
        let known = all.lock();
        assert!(known.bytes <= all.bytes && known.entries.len() == known.order.len(), "{}", known.bytes);
        assert!((4..10).contains(&known.entries.len()), "{}", known.entries.len());
        drop(known);
        work(&all, "long").done(&answer(20 << 10));
        assert!(all.lock().entries.len() >= 4, "one that does not fit pushes nobody out");
        drop(work(&all, "long"));

        let short = Arc::new(Idempotent::new(Duration::ZERO, 1 << 20));
        work(&short, "a").done(&answer(1));
        work(&short, "a").done(&answer(1));
        assert_eq!(short.lock().entries.len(), 1, "what is old is forgotten");
    }
}
