//! What the server says about things that a program asked it for, on its way from the watch, which reads it, to
//! the main thread, which waits for it: one box for each such thing. A box takes in what the server may send
//! unasked and no more, so it needs no bound of its own.

use std::collections::{HashMap, VecDeque};
use std::future::poll_fn;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::protocol::frame::Frame;

/// What a box is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// The response to the request of this number.
    Response(u32),
    /// Room for the body of the request of this number.
    Upload(u32),
    /// The answer to the question of this number.
    Answer(u32),
    /// What the visitor evaluates.
    Evaluations,
}

/// See the [module](self).
#[derive(Default)]
pub struct Inbox {
    boxes: Mutex<Boxes>,
    /// Something has happened that whoever blocks waits for.
    news: Condvar,
}

#[derive(Default)]
struct Boxes {
    letters: HashMap<Topic, Letters>,
    /// The program must end: there is nothing to block for any more.
    is_over: bool,
}

#[derive(Default)]
struct Letters {
    frames: VecDeque<Frame>,
    waker: Option<Waker>,
}

impl Inbox {
    fn boxes(&self) -> MutexGuard<'_, Boxes> {
        // Nothing that runs under the lock panics.
        self.boxes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to keep what is said about `topic`.
    pub fn open(&self, topic: Topic) {
        self.boxes().letters.entry(topic).or_default();
    }

    /// Forgets `topic`. Whoever waits for it is told that nothing comes.
    pub fn close(&self, topic: Topic) {
        let letters = self.boxes().letters.remove(&topic);
        self.news.notify_all();
        if let Some(waker) = letters.and_then(|letters| letters.waker) {
            waker.wake();
        }
    }

    /// Takes in what the server said. What nobody waits for any more is dropped.
    pub fn deliver(&self, topic: Topic, frame: Frame) {
        let waker = self.boxes().letters.get_mut(&topic).and_then(|letters| {
            letters.frames.push_back(frame);
            letters.waker.take()
        });
        self.news.notify_all();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The next thing said about `topic`; `None` when it is closed.
    pub async fn next(&self, topic: Topic) -> Option<Frame> {
        poll_fn(|context| self.poll_next(topic, context)).await
    }

    /// The same, for those who wait for more than that.
    pub fn poll_next(&self, topic: Topic, context: &mut Context) -> Poll<Option<Frame>> {
        let mut boxes = self.boxes();
        let Some(letters) = boxes.letters.get_mut(&topic) else { return Poll::Ready(None) };
        if let Some(frame) = letters.frames.pop_front() {
            return Poll::Ready(Some(frame));
        }
        letters.waker = Some(context.waker().clone());
        Poll::Pending
    }

    /// Blocks until the next thing is said about `topic`; `None` when it is closed, or the program must end.
    pub fn wait(&self, topic: Topic) -> Option<Frame> {
        let mut boxes = self.boxes();
        loop {
            if boxes.is_over {
                return None;
            }
            if let Some(frame) = boxes.letters.get_mut(&topic)?.frames.pop_front() {
                return Some(frame);
            }
            boxes = self.news.wait(boxes).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Lets nobody block any more.
    pub fn end(&self) {
        self.boxes().is_over = true;
        self.news.notify_all();
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
        assert!(inbox.boxes().letters.is_empty());
    }

    #[test]
    fn whoever_blocks_goes_on_with_a_letter_a_close_and_the_end() {
        let inbox = Arc::new(Inbox::default());
        inbox.open(TOPIC);
        let (asking, asked) = std::sync::mpsc::channel();
        let theirs = inbox.clone();
        let thread = std::thread::spawn(move || {
            for _ in 0..3 {
                asking.send(()).unwrap();
                let said = theirs.wait(TOPIC);
                asking.send(()).unwrap();
                if said != Some(letter(1)) {
                    assert_eq!(said, None);
                    theirs.open(TOPIC);
                }
            }
        });
        for happens in [&|| inbox.deliver(TOPIC, letter(1)) as (), &|| inbox.close(TOPIC), &|| inbox.end()]
            as [&dyn Fn(); 3]
        {
            asked.recv().unwrap();
            happens();
            asked.recv().unwrap();
        }
        thread.join().unwrap();
        assert_eq!(inbox.wait(TOPIC), None, "and after the end nobody blocks");
    }
}
