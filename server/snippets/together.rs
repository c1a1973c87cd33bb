//! What several servers hold clients to together: how often they may do something, and calls that are done once. Only
//! a database that several servers can share has it.

use std::time::Duration;

use uuid::Uuid;

use super::Answer;

/// How long a call counts as worked on that nobody says so of: its server is gone.
pub const LEASE: Duration = Duration::from_secs(20);

/// A bucket of a rate, by a hash of whose it is and of which rate.
pub type Bucket = [u8; 32];

/// Tokens that were taken from a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// From which.
    pub bucket: Bucket,
    /// How long it takes until those are there again.
    pub cost: Duration,
}

/// Whose turn it is to answer a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallKey {
    /// A hash of whose key it is, and of the key.
    pub key: [u8; 32],
    /// This turn, and none before or after it.
    pub turn: Uuid,
}

/// An answer that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAnswer {
    /// Its status.
    pub status: u16,
    /// Names and values of its headers, as far as they are its own.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
}

/// What is known of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// Nothing: it is for whoever asked to do it.
    Mine,
    /// It is being done.
    Working,
    /// The key was used for something else.
    Other,
    /// It was done.
    Done(KeptAnswer),
}

/// How calls are kept.
#[derive(Clone, Copy, Debug)]
pub struct Keeping {
    /// How long an answer is.
    pub age: Duration,
    /// How many bytes all may take; the oldest go first.
    pub bytes: u64,
}

/// See the [module](self).
pub trait Together: Send + Sync {
    /// Takes tokens from buckets, each of which is named once. How long each takes until it is full again.
    fn take<'a>(&'a self, taken: &'a [Taken]) -> Answer<'a, Vec<(Bucket, Duration)>>;

    /// What to do about a call for what `asked` is a hash of. An answer is told again for `age`.
    fn begin<'a>(&'a self, call: &'a CallKey, asked: &'a [u8; 32], age: Duration) -> Answer<'a, Known>;

    /// It is still worked on. Has to be said more often than every [`LEASE`], or it counts as given up.
    fn renew<'a>(&'a self, call: &'a CallKey) -> Answer<'a, ()>;

    /// What came of it.
    fn done<'a>(&'a self, call: &'a CallKey, answer: &'a KeptAnswer) -> Answer<'a, ()>;

    /// Nothing came of it: it can be sent again.
    fn forget<'a>(&'a self, call: &'a CallKey) -> Answer<'a, ()>;

    /// Deletes what is of no use any more.
    fn tidy(&self, keeping: Keeping) -> Answer<'_, ()>;
}
