//! What the operator of the servers orders, and the record of it. All servers that use one store hold to its orders.

use std::fmt;

use uuid::Uuid;

use super::{Answer, StoreError, Timestamp};

/// The most orders that can be in force at once.
pub const MOST_ORDERS: u32 = 10_000;
/// How many acts are told at once.
pub const ACTS_AT_ONCE: u32 = 100;

/// What an order is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OrderKind {
    /// No runs from an address or a network.
    Address,
    /// No runs from the pages of an origin.
    Origin,
    /// A run is to stop, wherever it is.
    Run,
    /// A log-in is over before its time.
    Session,
    /// A server is to send new clients elsewhere.
    Drain,
    /// A server is to take new clients again.
    Resume,
}

/// All kinds, and what they are called in a store.
const KINDS: [(OrderKind, &str); 6] = [
    (OrderKind::Address, "address"),
    (OrderKind::Origin, "origin"),
    (OrderKind::Run, "run"),
    (OrderKind::Session, "session"),
    (OrderKind::Drain, "drain"),
    (OrderKind::Resume, "resume"),
];

impl OrderKind {
    /// What it is called in a store.
    pub fn name(self) -> &'static str {
        KINDS.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }

    /// The kind of this name; a newer server may have others.
    pub fn of_name(name: &str) -> Option<Self> {
        KINDS.iter().find(|(_, own)| *own == name).map(|(kind, _)| *kind)
    }
}

/// Something that holds until it is withdrawn or its time is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Which one.
    pub id: Uuid,
    /// What it is about.
    pub kind: OrderKind,
    /// Whom or what it is about.
    pub value: String,
    /// What whoever it stops is told, besides that.
    pub words: String,
    /// Who gave it.
    pub given_by: String,
    /// When.
    pub given_at: Timestamp,
    /// From when on it holds no longer.
    pub expires_at: Option<Timestamp>,
}

/// Something that an operator did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// When.
    pub at: Timestamp,
    /// Who: the name of the key.
    pub who: String,
    /// From where.
    pub address: String,
    /// What was done, in a word.
    pub what: String,
    /// To whom or what.
    pub about: String,
}

/// See the [module](self). What is ordered and the record of it are kept together or not at all.
pub trait Desk: Send + Sync {
    /// All orders that hold now, the newest first.
    fn orders(&self, now: Timestamp) -> Answer<'_, Vec<Order>>;

    /// Gives an order. False when there are [`MOST_ORDERS`].
    fn give<'a>(&'a self, order: &'a Order, act: &'a Act) -> Answer<'a, bool>;

    /// Withdraws one. False when there is none.
    fn withdraw<'a>(&'a self, id: &'a Uuid, act: &'a Act) -> Answer<'a, bool>;

    /// Keeps a record. It can never be changed or deleted.
    fn record<'a>(&'a self, act: &'a Act) -> Answer<'a, ()>;

    /// The newest [`ACTS_AT_ONCE`] acts that are older than the one of the number `before`, with their numbers.
    fn acts(&self, before: Option<i64>) -> Answer<'_, Vec<(i64, Act)>>;
}

/// An order as its row has it.
pub(super) struct OrderRow {
    pub(super) id: Vec<u8>,
    pub(super) kind: String,
    pub(super) value: String,
    pub(super) words: String,
    pub(super) given_by: String,
    pub(super) given_ms: i64,
    pub(super) expires_ms: Option<i64>,
}

impl OrderRow {
    /// The order; `None` for one of a kind that only a newer server knows.
    pub(super) fn order(self) -> Result<Option<Order>, StoreError> {
        let Some(kind) = OrderKind::of_name(&self.kind) else { return Ok(None) };
        Ok(Some(Order {
            id: Uuid::from_slice(&self.id)
                .map_err(|_| StoreError::Corrupt("the id of an order".to_owned()))?,
            kind,
            value: self.value,
            words: self.words,
            given_by: self.given_by,
            given_at: Timestamp::from_millis(self.given_ms),
            expires_at: self.expires_ms.map(Timestamp::from_millis),
        }))
    }
}

/// An act as its row has it.
pub(super) struct ActRow {
    pub(super) number: i64,
    pub(super) at_ms: i64,
    pub(super) who: String,
    pub(super) address: String,
    pub(super) what: String,
    pub(super) about: String,
}

impl From<ActRow> for (i64, Act) {
    fn from(row: ActRow) -> Self {
        let ActRow { number, at_ms, who, address, what, about } = row;
        (number, Act { at: Timestamp::from_millis(at_ms), who, address, what, about })
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{} at {} by {} from {}: {}", self.what, self.at, self.who, self.address, self.about)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_found_by_its_name_and_one_of_a_newer_server_is_none() {
        for (kind, name) in KINDS {
            assert_eq!((kind.name(), OrderKind::of_name(name)), (name, Some(kind)));
        }
        assert_eq!(OrderKind::of_name("of the next version"), None);
        let row = OrderRow {
            id: vec![1; 16],
            kind: "of the next version".to_owned(),
            value: String::new(),
            words: String::new(),
            given_by: String::new(),
            given_ms: 0,
            expires_ms: None,
        };
        assert_eq!(row.order().expect("it is no error"), None);
    }
}
