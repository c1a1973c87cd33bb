//! A store whose answers are counted and timed.

use std::time::Instant;

use super::{Answer, Desk, Reference, Snippet, SnippetId, Store, Timestamp, Together};
use crate::metrics::{self, StoreCall};

/// The same store, watched.
pub struct Watched<S>(pub S);

fn watched<'a, T: Send + 'a>(call: StoreCall, answer: Answer<'a, T>) -> Answer<'a, T> {
    Box::pin(async move {
        let asked = Instant::now();
        let answer = answer.await;
        metrics::stored(call, asked.elapsed(), answer.is_ok());
        answer
    })
}

impl<S: Store> Store for Watched<S> {
    fn create<'a>(&'a self, snippet: &'a Snippet) -> Answer<'a, ()> {
        watched(StoreCall::Create, self.0.create(snippet))
    }

    fn find<'a>(&'a self, reference: &'a Reference) -> Answer<'a, Option<Snippet>> {
        watched(StoreCall::Find, self.0.find(reference))
    }

    fn revise<'a>(&'a self, snippet: &'a Snippet) -> Answer<'a, bool> {
        watched(StoreCall::Revise, self.0.revise(snippet))
    }

    fn delete<'a>(&'a self, id: &'a SnippetId) -> Answer<'a, bool> {
        watched(StoreCall::Delete, self.0.delete(id))
    }

    fn purge(&self, now: Timestamp) -> Answer<'_, u64> {
        watched(StoreCall::Purge, self.0.purge(now))
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
