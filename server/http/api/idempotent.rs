//! Answers that are given again to who asks again: `Idempotency-Key`. A client that does not know whether its
//! request arrived sends it once more, with the same key, and what it asks for is done once.
//!
//! Kept in memory, within bounds; or in the database, where several servers can share that: then a call is done once,
//! whichever of them it reaches. A call waits for the database anyway, which has the function.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use actix_web::HttpResponse;
use actix_web::http::header::{HeaderMap, HeaderName};
use actix_web::http::{StatusCode, header};
use actix_web::web::Bytes;

use uuid::Uuid;

use super::super::error::Problem;
use super::snippets::problem;
use crate::protocol::browser::RejectReason;
use crate::sandbox::ClientKey;
use crate::snippets::together::{CallKey, Keeping, KeptAnswer, Known as KnownTogether, LEASE};
use crate::snippets::{Failure, Store, StoreError, Together};

/// The longest key, in bytes.
const KEY_BYTES: usize = 255;
/// What an entry takes besides its answer, about, in bytes.
const ENTRY_BYTES: u64 = 1 << 10;

/// What is remembered.
pub struct Idempotent {
    known: Mutex<Known>,
    age: Duration,
    bytes: u64,
    /// Where it is remembered, if that can be shared with other servers.
    store: Option<Arc<dyn Store>>,
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

    /// The same, given again.
    fn again(mut self) -> Self {
        self.headers.push((HeaderName::from_static("idempotent-replayed"), "true".to_owned()));
        self
    }

    fn kept(&self) -> KeptAnswer {
        let headers = self.headers.iter().map(|(name, value)| (name.to_string(), value.clone()));
        KeptAnswer { status: self.status.as_u16(), headers: headers.collect(), body: self.body.to_vec() }
    }

    fn of_kept(kept: KeptAnswer) -> Result<Self, Problem> {
        let KeptAnswer { status, headers, body } = kept;
        let corrupt = || problem(Failure::Store(StoreError::Corrupt("an answer that is none".to_owned())));
        let headers =
            headers.into_iter().map(|(name, value)| Ok((name.parse().map_err(|_| corrupt())?, value)));
        Ok(Self {
            status: StatusCode::from_u16(status).map_err(|_| corrupt())?,
            headers: headers.collect::<Result<_, Problem>>()?,
            body: body.into(),
        })
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
    entry: Option<(Arc<Idempotent>, Place)>,
}

/// Where a request is remembered that is worked on.
enum Place {
    Here(Key),
    Together(CallKey),
}

impl Idempotent {
    /// Nothing yet; answers are kept for `age`, and no more than `bytes` of them.
    pub fn new(age: Duration, bytes: u64) -> Self {
        Self { known: Mutex::default(), age, bytes, store: None }
    }

    /// The same, kept in `store` if that can be shared.
    pub fn in_store(self, store: &Arc<dyn Store>) -> Self {
        Self { store: store.together().is_some().then(|| store.clone()), ..self }
    }

    /// How what is kept in a store is kept.
    pub fn keeping(&self) -> Keeping {
        Keeping { age: self.age, bytes: self.bytes }
    }

    fn together(&self) -> Option<&dyn Together> {
        self.store.as_ref()?.together()
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What to do about a request of `client` for what `parts` say, which may have a key.
    ///
    /// # Errors
    /// 400 for a key that is none, 409 while the same is worked on, 422 for a key that was used for something else, 503
    /// when nobody can say which.
    pub async fn turn(
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
        let asked = digest(parts);
        if let Some(together) = self.together() {
            let hash = digest(&[client.to_string().as_bytes(), key.as_bytes()]);
            let call = CallKey { key: hash, turn: Uuid::new_v4() };
            let known = together.begin(&call, &asked, self.age).await;
            return match known.map_err(|error| problem(Failure::Store(error)))? {
                KnownTogether::Mine => {
                    Ok(Turn::Mine(Working { entry: Some((self.clone(), Place::Together(call))) }))
                }
                KnownTogether::Working => Err(still_answered()),
                KnownTogether::Other => Err(used_for_another()),
                KnownTogether::Done(kept) => Answer::of_kept(kept).map(|answer| Turn::Done(answer.again())),
            };
        }
        let key = (client, key.to_owned());
        let mut known = self.lock();
        known.forget_old(self.age);
        match known.entries.get(&key) {
            Some(entry) if entry.asked != asked => Err(used_for_another()),
            Some(Entry { answer: None, .. }) => Err(still_answered()),
            Some(Entry { answer: Some(answer), .. }) => Ok(Turn::Done(answer.clone().again())),
            None => {
                known.entries.insert(key.clone(), Entry { asked, answer: None });
                Ok(Turn::Mine(Working { entry: Some((self.clone(), Place::Here(key))) }))
            }
        }
    }
}

fn used_for_another() -> Problem {
    let detail = "This `Idempotency-Key` was used for another request. Send a new one with each call, and the same \
                  one only to repeat a call as it was.";
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
}

fn still_answered() -> Problem {
    let detail = "The call with this `Idempotency-Key` is still being answered. Ask again in a moment.";
    Problem::new(StatusCode::CONFLICT, detail).retry_after_ms(1_000)
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
    /// Does the work, and says meanwhile to the other servers that it is done.
    pub async fn during<T>(&self, work: impl Future<Output = T>) -> T {
        let Some((idempotent, Place::Together(call))) = &self.entry else { return work.await };
        let renewing = async {
            loop {
                tokio::time::sleep(LEASE / 4).await;
                let Some(together) = idempotent.together() else { continue };
                if let Err(error) = together.renew(call).await {
                    tracing::warn!(%error, "the other servers do not hear that a call is still worked on");
                }
            }
        };
        tokio::select! {
            done = work => done,
            never = renewing => never,
        }
    }

    /// Remembers what came of it.
    pub async fn done(mut self, answer: &Answer) {
        let Some((idempotent, place)) = self.entry.take() else { return };
        let bytes = answer.bytes() + ENTRY_BYTES;
        let key = match place {
            Place::Here(key) => key,
            Place::Together(call) => {
                let Some(together) = idempotent.together() else { return };
                let kept = if bytes > idempotent.bytes {
                    together.forget(&call).await
                } else {
                    together.done(&call, &answer.kept()).await
                };
                if let Err(error) = kept {
                    tracing::error!(%error, "the answer to a call with an Idempotency-Key could not be kept");
                }
                return;
            }
        };
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
        match self.entry.take() {
            None => {}
            Some((idempotent, Place::Here(key))) => {
                idempotent.lock().entries.remove(&key);
            }
            Some((idempotent, Place::Together(call))) => {
                actix_web::rt::spawn(async move {
                    let Some(together) = idempotent.together() else { return };
                    if let Err(error) = together.forget(&call).await {
                        tracing::warn!(%error, "a call that was given up can be sent again only later");
                    }
                });
            }
        }
    }
}

/// A hash of several parts, each with its length, so that no two lists of parts are the same.
pub fn digest(parts: &[&[u8]]) -> [u8; 32] {
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

    async fn work(all: &Arc<Idempotent>, key: &str) -> Working {
        match all.turn(client(1), &headers(key), &[b"body"]).await {
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

    #[actix_web::test]
    async fn what_was_done_is_told_again_and_only_that() {
        let all = Arc::new(Idempotent::new(Duration::from_secs(60), 1 << 20));
        let working = work(&all, "a").await;
        assert_eq!(status(all.turn(client(1), &headers("a"), &[b"body"]).await), 409, "it is worked on");
        working.done(&answer(3)).await;
        assert_eq!(status(all.turn(client(1), &headers("a"), &[b"body"]).await), 200);
        assert_eq!(status(all.turn(client(1), &headers("a"), &[b"other"]).await), 422);
        assert_eq!(status(all.turn(client(1), &headers("a"), &[b"bo", b"dy"]).await), 422);
        assert_eq!(
            status(all.turn(client(2), &headers("a"), &[b"body"]).await),
            0,
            "each client has keys of its own"
        );
        assert_eq!(status(all.turn(client(1), &HeaderMap::new(), &[b"body"]).await), 0, "no key, no memory");
        drop(work(&all, "b").await);
        drop(work(&all, "b").await);
        for bad in ["", " ", &"x".repeat(256)] {
            assert_eq!(status(all.turn(client(1), &headers(bad), &[b"body"]).await), 400);
        }
    }

    #[actix_web::test]
    async fn what_is_remembered_is_bounded() {
        let all = Arc::new(Idempotent::new(Duration::from_secs(60), 10 * ENTRY_BYTES));
        for number in 0..100 {
            work(&all, &number.to_string()).await.done(&answer(500)).await;
        }
        {
            let known = all.lock();
            assert!(known.bytes <= all.bytes && known.entries.len() == known.order.len(), "{}", known.bytes);
            assert!((4..10).contains(&known.entries.len()), "{}", known.entries.len());
        }
        work(&all, "long").await.done(&answer(20 << 10)).await;
        assert!(all.lock().entries.len() >= 4, "one that does not fit pushes nobody out");
        drop(work(&all, "long").await);

        let short = Arc::new(Idempotent::new(Duration::ZERO, 1 << 20));
        work(&short, "a").await.done(&answer(1)).await;
        work(&short, "a").await.done(&answer(1)).await;
        assert_eq!(short.lock().entries.len(), 1, "what is old is forgotten");
    }
}
