//! A store whose answers are counted and timed.

use std::time::Instant;

use super::{Answer, Desk, Reference, Share, Snippet, SnippetId, Store, Timestamp, Together, Written};
use crate::metrics::{self, Gone, StoreCall};
use crate::traces::{self, Kind, Span};

/// The same store, watched.
pub struct Watched<S>(pub S);

fn watched<'a, T: Send + 'a>(call: StoreCall, answer: Answer<'a, T>) -> Answer<'a, T> {
    // Outside of a request nobody asks.
    let mut span = match traces::current() {
        Some(place) => Span::begin(call.span(), Kind::Client, Some(place)),
        None => Span::default(),
    };
    Box::pin(async move {
        let asked = Instant::now();
        let answer = answer.await;
        if let Err(error) = &answer {
            span.fail(error.to_string());
        }
        drop(span);
        metrics::stored(call, asked.elapsed(), answer.is_ok());
        answer
    })
}

/// Counts what an answer says to be deleted.
fn counted<'a, T: Send + 'a>(why: Gone, answer: Answer<'a, T>, count: fn(&T) -> u64) -> Answer<'a, T> {
    Box::pin(async move {
        let answer = answer.await?;
        metrics::gone(why, count(&answer));
        Ok(answer)
    })
}

impl<S: Store> Store for Watched<S> {
    fn create<'a>(&'a self, snippet: &'a Snippet, share: &'a Share) -> Answer<'a, Written> {
        watched(StoreCall::Create, self.0.create(snippet, share))
    }

    fn find<'a>(&'a self, reference: &'a Reference) -> Answer<'a, Option<Snippet>> {
        watched(StoreCall::Find, self.0.find(reference))
    }

    fn revise<'a>(&'a self, snippet: &'a Snippet, share: &'a Share) -> Answer<'a, Written> {
        watched(StoreCall::Revise, self.0.revise(snippet, share))
    }

    fn opened<'a>(&'a self, id: &'a SnippetId, at: Timestamp) -> Answer<'a, ()> {
        watched(StoreCall::Opened, self.0.opened(id, at))
    }

    fn delete<'a>(&'a self, id: &'a SnippetId) -> Answer<'a, bool> {
        watched(StoreCall::Delete, self.0.delete(id))
    }

    fn purge(&self, now: Timestamp) -> Answer<'_, u64> {
        counted(Gone::Expired, watched(StoreCall::Purge, self.0.purge(now)), |gone| *gone)
    }

    fn purge_unopened(&self, since: Timestamp) -> Answer<'_, u64> {
        counted(Gone::Unopened, watched(StoreCall::Purge, self.0.purge_unopened(since)), |gone| *gone)
    }

    fn evict(&self, since: Timestamp, bytes: u64) -> Answer<'_, (u64, u64)> {
        counted(Gone::Evicted, watched(StoreCall::Evict, self.0.evict(since, bytes)), |(gone, _)| *gone)
    }

    fn desk(&self) -> &dyn Desk {
        self.0.desk()
    }

    fn together(&self) -> Option<&dyn Together> {
        self.0.together()
    }

    fn size(&self) -> Answer<'_, u64> {
        watched(StoreCall::Size, self.0.size())
    }
}
