//! The store of a single server: SQLite, in one file. Queries are checked when they are compiled, against what is
//! kept in `.sqlx`; `make queries` renews that.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

use sqlx::SqlitePool;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::desk::Desk;
use super::lazy::{Lazy, within};
use super::{
    Answer, Columns, Reference, Row, Snippet, SnippetId, Store, StoreError, StoreSettings, Timestamp,
};

mod desk;

static MIGRATIONS: LazyLock<Migrator> = LazyLock::new(|| {
    let mut migrations = sqlx::migrate!("server/snippets/migrations/sqlite");
    // A file that a newer server has written to can be opened by this one.
    migrations.set_ignore_missing(true);
    migrations
});

/// Snippets in a SQLite file.
pub struct Sqlite {
    path: PathBuf,
    connections: u32,
    timeout: Duration,
    pool: Lazy<SqlitePool>,
}

impl Sqlite {
    /// The store in this file, which is made when it is first needed.
    pub fn new(path: &Path, settings: &StoreSettings) -> Self {
        let StoreSettings { connections, timeout, .. } = *settings;
        Self { path: path.to_owned(), connections, timeout, pool: Lazy::new() }
    }

    /// Copies all that is in the store into a new file, while servers use it.
    ///
    /// # Errors
    /// When the store can't be read or the file can't be written.
    pub async fn backup(&self, to: &Path) -> Result<(), StoreError> {
        // One consistent view, compacted. Takes the time it takes.
        let path = to.to_string_lossy().into_owned();
        sqlx::query("VACUUM INTO ?1").bind(path).execute(self.pool().await?).await?;
        Ok(())
    }

    async fn pool(&self) -> Result<&SqlitePool, StoreError> {
        let open = async {
            let options = SqliteConnectOptions::new()
                .filename(&self.path)
                .create_if_missing(true)
                .foreign_keys(true)
                .journal_mode(SqliteJournalMode::Wal)
                // What was answered stays, even if the machine loses its power.
                .synchronous(SqliteSynchronous::Full)
                .busy_timeout(self.timeout)
                // What was deleted is overwritten.
                .pragma("secure_delete", "on");
            let pool = SqlitePoolOptions::new()
                .max_connections(self.connections)
                .acquire_timeout(self.timeout)
                .connect_lazy_with(options);
            MIGRATIONS.run(&pool).await?;
            Ok(pool)
        };
        self.pool.get(self.timeout, open).await
    }

    fn answer<'a, T: Send + 'a>(
        &'a self,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'a,
    ) -> Answer<'a, T> {
        Box::pin(within(self.timeout, work))
    }
}

impl Store for Sqlite {
    fn desk(&self) -> &dyn Desk {
        self
    }

    fn create<'a>(&'a self, snippet: &'a Snippet) -> Answer<'a, ()> {
        self.answer(async {
            let it = Columns::of(snippet)?;
            // From the start the one that writes: a transaction that comes to it later can be turned away.
            let mut transaction = self.pool().await?.begin_with("BEGIN IMMEDIATE").await?;
            sqlx::query!(
                "INSERT INTO snippets (id, token_hash, parent_id, parent_version, created_ms, expires_ms, latest)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                it.id,
                it.token_hash,
                it.parent_id,
                it.parent_version,
                it.created_ms,
                it.expires_ms,
                it.version
            )
            .execute(&mut *transaction)
            .await?;
            insert_version(&mut transaction, &it).await?;
            Ok(transaction.commit().await?)
        })
    }

    fn find<'a>(&'a self, reference: &'a Reference) -> Answer<'a, Option<Snippet>> {
        self.answer(async {
            let (id, version) = (reference.id.as_str(), reference.version.map(i64::from));
            let row = sqlx::query_as!(
                Row,
                r#"SELECT s.id AS "id!", v.version AS "version!", s.latest AS "latest!", s.parent_id, s.parent_version,
                       s.created_ms AS "created_ms!", v.revised_ms AS "revised_ms!", s.expires_ms,
                       s.token_hash AS "token_hash!", v.content AS "content!", v.output
                   FROM snippets s JOIN versions v ON v.snippet_id = s.id
                   WHERE s.id = ?1 AND v.version = coalesce(?2, s.latest)"#,
                id,
                version
            )
            .fetch_optional(self.pool().await?)
            .await?;
            row.map(Snippet::try_from).transpose()
        })
    }

    fn revise<'a>(&'a self, snippet: &'a Snippet) -> Answer<'a, bool> {
        self.answer(async {
            let it = Columns::of(snippet)?;
            let mut transaction = self.pool().await?.begin_with("BEGIN IMMEDIATE").await?;
            let changed = sqlx::query!(
                "UPDATE snippets SET latest = ?2, expires_ms = ?3 WHERE id = ?1 AND latest = ?4",
                it.id,
                it.version,
                it.expires_ms,
                it.before
            )
            .execute(&mut *transaction)
            .await?;
            if changed.rows_affected() == 0 {
                return Ok(false);
            }
            insert_version(&mut transaction, &it).await?;
            transaction.commit().await?;
            Ok(true)
        })
    }

    fn delete<'a>(&'a self, id: &'a SnippetId) -> Answer<'a, bool> {
        self.answer(async {
            let id = id.as_str();
            let deleted =
                sqlx::query!("DELETE FROM snippets WHERE id = ?1", id).execute(self.pool().await?).await?;
            Ok(deleted.rows_affected() > 0)
        })
    }

    fn purge(&self, now: Timestamp) -> Answer<'_, u64> {
        self.answer(async move {
            let now = now.millis();
            let purged = sqlx::query!("DELETE FROM snippets WHERE expires_ms <= ?1", now)
                .execute(self.pool().await?)
                .await?;
            Ok(purged.rows_affected())
        })
    }

    fn size(&self) -> Answer<'_, u64> {
        self.answer(async {
            let bytes = sqlx::query_scalar!(
                r#"SELECT (c.page_count - f.freelist_count) * s.page_size AS "bytes!: i64"
                   FROM pragma_page_count() c, pragma_freelist_count() f, pragma_page_size() s"#
            )
            .fetch_one(self.pool().await?)
            .await?;
            Ok(u64::try_from(bytes).unwrap_or(0))
        })
    }
}

async fn insert_version(connection: &mut sqlx::SqliteConnection, it: &Columns<'_>) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO versions (snippet_id, version, revised_ms, content, output) VALUES (?1, ?2, ?3, ?4, ?5)",
        it.id,
        it.version,
        it.revised_ms,
        it.content,
        it.output
    )
    .execute(connection)
    .await?;
    Ok(())
}
