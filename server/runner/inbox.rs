//! What the server says about things that a program asked it for, on its way from the watch, which reads it, to
//! the main thread, which waits for it: one box for each such thing. A box takes in what the server may send
//! unasked and no more, so it needs no bound of its own.

use std::collections::{HashMap, VecDeque};
use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use crate::protocol::frame::Frame;

/// What a box is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// The response to the request of this number.
    Response(u32),
    /// Room for the body of the request of this number.
    Upload(u32),
}

/// See the [module](self).
#[derive(Default)]
pub struct Inbox(Mutex<HashMap<Topic, Letters>>);

#[derive(Default)]
struct Letters {
    frames: VecDeque<Frame>,
    waker: Option<Waker>,
}

impl Inbox {
    fn boxes(&self) -> MutexGuard<'_, HashMap<Topic, Letters>> {
        // Nothing that runs under the lock panics.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to keep what is said about `topic`.
    pub fn open(&self, topic: Topic) {
        self.boxes().entry(topic).or_default();
    }

    /// Forgets `topic`. Whoever waits for it is told that nothing comes.
    pub fn close(&self, topic: Topic) {
        let letters = self.boxes().remove(&topic);
        if let Some(waker) = letters.and_then(|letters| letters.waker) {
            waker.wake();
        }
    }

    /// Takes in what the server said. What nobody waits for any more is dropped.
    pub fn deliver(&self, topic: Topic, frame: Frame) {
        let waker = self.boxes().get_mut(&topic).and_then(|letters| {
            letters.frames.push_back(frame);
            letters.waker.take()
        });
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The next thing said about `topic`; `None` when it is closed.
    pub async fn next(&self, topic: Topic) -> Option<Frame> {
        poll_fn(|context| {
            let mut boxes = self.boxes();
            let Some(letters) = boxes.get_mut(&topic) else { return Poll::Ready(None) };
            if let Some(frame) = letters.frames.pop_front() {
                return Poll::Ready(Some(frame));
            }
            letters.waker = Some(context.waker().clone());
            Poll::Pending
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    const TOPIC: Topic = Topic::Response(1);

    fn letter(kind: u8) -> Frame {
        Frame { kind, payload: Vec::new() }
    }

    #[tokio::test]
    async fn letters_come_in_order_to_their_topic_and_from_another_thread() {
        let inbox = Arc::new(Inbox::default());
        inbox.open(TOPIC);
        inbox.open(Topic::Upload(1));
        let theirs = inbox.clone();
        let thread = std::thread::spawn(move || {
            theirs.deliver(Topic::Upload(1), letter(9));
            for kind in 1..4 {
                theirs.deliver(TOPIC, letter(kind));
            }
        });
        for kind in 1..4 {
            assert_eq!(inbox.next(TOPIC).await, Some(letter(kind)));
        }
        assert_eq!(inbox.next(Topic::Upload(1)).await, Some(letter(9)));
        thread.join().unwrap();
    }

    #[tokio::test]
    async fn a_closed_topic_ends_the_wait_and_keeps_nothing() {
        let inbox = Arc::new(Inbox::default());
        inbox.open(TOPIC);
        let waiting = tokio::spawn({
            let inbox = inbox.clone();
            async move { inbox.next(TOPIC).await }
        });
        tokio::task::yield_now().await;
        inbox.close(TOPIC);
        assert_eq!(waiting.await.unwrap(), None);
        inbox.deliver(TOPIC, letter(1));
        assert_eq!(inbox.next(TOPIC).await, None);
        assert!(inbox.boxes().is_empty());
    }
}
