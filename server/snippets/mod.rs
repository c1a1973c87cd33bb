//! Programs that people share: what a snippet is ([`content`], [`recording`]), what it is called ([`id`]), where it
//! is kept ([`Store`]: [`sqlite`] or [`postgres`]), and what may be done with it ([`Snippets`]).
//!
//! Nothing here is needed to run programs: a store that fails makes sharing answer so, and comes back by itself.

use std::fmt;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use serde_json::value::RawValue;

pub mod content;
pub mod desk;
pub mod id;
mod lazy;
pub mod owner;
mod plausible;
#[cfg(not(queries = "sqlite"))]
pub mod postgres;
pub mod recording;
mod service;
#[cfg(not(queries = "postgres"))]
pub mod sqlite;
pub mod time;
pub mod together;
#[cfg(not(any(queries = "sqlite", queries = "postgres")))]
mod watched;

pub use content::{Content, File, Language, Mode, NewSnippet, Revision};
pub use desk::{Act, Desk, Order, OrderKind};
pub use id::{ApiToken, DeletionToken, Reference, SnippetId, TokenHash};
pub use owner::{Bounds, Full, Owner, OwnerKey, Share, Sharer, Written};
pub use recording::Recording;
pub use service::{Created, Failure, Fill, Purged, Revised, Rules, Snippets};
pub use time::Timestamp;
pub use together::Together;

/// A snippet in one of its versions, as it is kept.
#[derive(Clone, Debug)]
pub struct Snippet {
    /// What it is called.
    pub id: SnippetId,
    /// Which version this is.
    pub version: u32,
    /// Which is its latest.
    pub latest: u32,
    /// What it was made from.
    pub parent: Option<Reference>,
    /// When its first version was made.
    pub created_at: Timestamp,
    /// When this version was made.
    pub revised_at: Timestamp,
    /// From when on it is gone.
    pub expires_at: Option<Timestamp>,
    /// When it was last opened, to the day or so.
    pub opened_at: Timestamp,
    /// Of the token that its owner has.
    pub token_hash: TokenHash,
    /// The program.
    pub content: Content,
    /// What it did when it was run: a [`Recording`] in JSON, checked when it came.
    pub output: Option<Box<RawValue>>,
}

/// What a store gave, or why it gave nothing.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Where snippets are kept. What a future has answered is on the disk: a server that is killed afterwards loses
/// none of it.
pub trait Store: Send + Sync {
    /// Keeps a new snippet in its first version, if its owner's share has room.
    fn create<'a>(&'a self, snippet: &'a Snippet, share: &'a Share) -> Answer<'a, Written>;

    /// The snippet that `reference` names, expired or not.
    fn find<'a>(&'a self, reference: &'a Reference) -> Answer<'a, Option<Snippet>>;

    /// Keeps one more version, and what that has of `latest` and `expires_at`, if there is room in the share of the
    /// snippet's owner. That is `share`'s where the snippet has none.
    fn revise<'a>(&'a self, snippet: &'a Snippet, share: &'a Share) -> Answer<'a, Written>;

    /// Notes that a snippet was opened.
    fn opened<'a>(&'a self, id: &'a SnippetId, at: Timestamp) -> Answer<'a, ()>;

    /// Deletes a snippet with all its versions. False when it was gone.
    fn delete<'a>(&'a self, id: &'a SnippetId) -> Answer<'a, bool>;

    /// Deletes all that had expired by `now`, and says how many.
    fn purge(&self, now: Timestamp) -> Answer<'_, u64>;

    /// Deletes all that was not opened since, and says how many.
    fn purge_unopened(&self, since: Timestamp) -> Answer<'_, u64>;

    /// Deletes snippets that were not opened since, those opened longest ago first, until `bytes` are free or there
    /// are [`EVICTED_AT_ONCE`]. Says how many, and how many bytes they took.
    fn evict(&self, since: Timestamp, bytes: u64) -> Answer<'_, (u64, u64)>;

    /// About how many bytes all snippets take.
    fn size(&self) -> Answer<'_, u64>;

    /// What the operator orders.
    fn desk(&self) -> &dyn Desk;

    /// What several servers can hold clients to together, where they can share it.
    fn together(&self) -> Option<&dyn Together> {
        None
    }
}

/// How many snippets are deleted at once to make room.
pub const EVICTED_AT_ONCE: u32 = 100;

/// Of candidates for deletion and their bytes, as many as it takes to free `bytes`.
fn enough(candidates: Vec<(String, i64)>, bytes: u64) -> (Vec<String>, u64) {
    let mut freed = 0_u64;
    let mut chosen = Vec::new();
    for (id, size) in candidates {
        if freed >= bytes {
            break;
        }
        freed = freed.saturating_add(u64::try_from(size).unwrap_or(0));
        chosen.push(id);
    }
    (chosen, freed)
}

/// Why a store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database does not answer, or not as it should. Later it may.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// Its tables can't be brought up to date.
    #[error("the tables can't be brought up to date: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// It could not be opened a moment ago.
    #[error("it could not be opened a moment ago: {0}")]
    Waiting(String),
    /// What it holds is not what was put in.
    #[error("a row can't be understood: {0}")]
    Corrupt(String),
}

/// Which database snippets are kept in.
#[derive(Clone, PartialEq, Eq)]
pub enum Database {
    /// SQLite, in one file of the data folder.
    Sqlite,
    /// PostgreSQL, at this address: several servers can share it.
    Postgres(String),
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        // The address has a password in it.
        f.write_str(match self {
            Self::Sqlite => "Sqlite",
            Self::Postgres(_) => "Postgres(…)",
        })
    }
}

/// How a store is used.
#[derive(Clone, Debug)]
pub struct StoreSettings {
    /// Which database.
    pub database: Database,
    /// The most connections to it.
    pub connections: u32,
    /// How long one answer may take.
    pub timeout: Duration,
}

/// The name of SQLite's file in the data folder.
pub const SQLITE_FILE: &str = "snippets.db";

/// The store that the settings name. Nothing is opened yet: that is done when it is first asked, and again while it
/// fails.
///
/// # Errors
/// When the address makes no sense.
#[cfg(not(any(queries = "sqlite", queries = "postgres")))]
pub fn open(settings: &StoreSettings, data_dir: &Path) -> Result<Arc<dyn Store>, StoreError> {
    use watched::Watched;
    Ok(match &settings.database {
        Database::Sqlite => Arc::new(Watched(sqlite::Sqlite::new(&data_dir.join(SQLITE_FILE), settings))),
        Database::Postgres(url) => Arc::new(Watched(postgres::Postgres::new(url, settings)?)),
    })
}

/// What the columns of a row say, whichever the database.
struct Row {
    id: String,
    version: i64,
    latest: i64,
    parent_id: Option<String>,
    parent_version: Option<i64>,
    created_ms: i64,
    revised_ms: i64,
    expires_ms: Option<i64>,
    opened_ms: i64,
    token_hash: Vec<u8>,
    content: String,
    output: Option<String>,
}

impl TryFrom<Row> for Snippet {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let corrupt = |what: &str| StoreError::Corrupt(format!("{what} of {:?}", row.id));
        let id = |text: &str| SnippetId::parse(text);
        let version = |number: i64, what| u32::try_from(number).map_err(|_| corrupt(what));
        let parent = match row.parent_id.as_deref() {
            None => None,
            Some(parent) => Some(Reference {
                id: id(parent).ok_or_else(|| corrupt("the parent"))?,
                version: row.parent_version.map(|it| version(it, "the parent's version")).transpose()?,
            }),
        };
        let output = row.output.clone().map(RawValue::from_string).transpose();
        Ok(Self {
            id: id(&row.id).ok_or_else(|| corrupt("the id"))?,
            version: version(row.version, "the version")?,
            latest: version(row.latest, "the latest version")?,
            parent,
            created_at: Timestamp::from_millis(row.created_ms),
            revised_at: Timestamp::from_millis(row.revised_ms),
            expires_at: row.expires_ms.map(Timestamp::from_millis),
            opened_at: Timestamp::from_millis(row.opened_ms),
            token_hash: TokenHash::from_bytes(&row.token_hash).ok_or_else(|| corrupt("the token"))?,
            content: serde_json::from_str(&row.content)
                .map_err(|error| corrupt(&format!("the content ({error})")))?,
            output: output.map_err(|error| corrupt(&format!("the output ({error})")))?,
        })
    }
}

/// A snippet as the columns of its rows.
struct Columns<'a> {
    id: &'a str,
    version: i64,
    before: i64,
    parent_id: Option<&'a str>,
    parent_version: Option<i64>,
    created_ms: i64,
    revised_ms: i64,
    expires_ms: Option<i64>,
    opened_ms: i64,
    token_hash: &'a [u8],
    content: String,
    output: Option<&'a str>,
    bytes: i64,
}

impl<'a> Columns<'a> {
    fn of(snippet: &'a Snippet) -> Result<Self, StoreError> {
        let content = serde_json::to_string(&snippet.content)
            .map_err(|error| StoreError::Corrupt(format!("the content can't be written: {error}")))?;
        let output = snippet.output.as_deref().map(RawValue::get);
        Ok(Self {
            id: snippet.id.as_str(),
            version: snippet.version.into(),
            before: i64::from(snippet.version) - 1,
            parent_id: snippet.parent.as_ref().map(|parent| parent.id.as_str()),
            parent_version: snippet.parent.as_ref().and_then(|parent| parent.version).map(i64::from),
            created_ms: snippet.created_at.millis(),
            revised_ms: snippet.revised_at.millis(),
            expires_ms: snippet.expires_at.map(Timestamp::millis),
            opened_ms: snippet.opened_at.millis(),
            token_hash: snippet.token_hash.as_bytes(),
            // Rows and indices take room as well.
            bytes: (content.len() + output.map_or(0, str::len) + 512) as i64,
            content,
            output,
        })
    }
}
