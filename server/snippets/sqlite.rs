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
    Answer, Bounds, Columns, EVICTED_AT_ONCE, Full, Owner, Reference, Row, Share, Snippet, SnippetId, Store,
    StoreError, StoreSettings, Timestamp, Written, enough,
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

    fn create<'a>(&'a self, snippet: &'a Snippet, share: &'a Share) -> Answer<'a, Written> {
        self.answer(async {
            let it = Columns::of(snippet)?;
            let (client, network) = (&share.owner.client[..], &share.owner.network[..]);
            // From the start the one that writes: a transaction that comes to it later can be turned away.
            let mut transaction = self.pool().await?.begin_with("BEGIN IMMEDIATE").await?;
            sqlx::query!(
                "INSERT INTO snippets (id, token_hash, parent_id, parent_version, created_ms, expires_ms, latest, client,
                     network, bytes, opened_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
                it.id,
                it.token_hash,
                it.parent_id,
                it.parent_version,
                it.created_ms,
                it.expires_ms,
                it.version,
                client,
                network,
                it.bytes,
                it.opened_ms
            )
            .execute(&mut *transaction)
            .await?;
            if let Some(full) = exceeded(&mut transaction, share).await? {
                return Ok(Written::Full(full));
            }
            insert_version(&mut transaction, &it).await?;
            transaction.commit().await?;
            Ok(Written::Kept)
        })
    }

    fn find<'a>(&'a self, reference: &'a Reference) -> Answer<'a, Option<Snippet>> {
        self.answer(async {
            let (id, version) = (reference.id.as_str(), reference.version.map(i64::from));
            let row = sqlx::query_as!(
                Row,
                r#"SELECT s.id AS "id!", v.version AS "version!", s.latest AS "latest!", s.parent_id, s.parent_version,
                       s.created_ms AS "created_ms!", v.revised_ms AS "revised_ms!", s.expires_ms,
                       coalesce(s.opened_ms, s.created_ms) AS "opened_ms!: i64", s.token_hash AS "token_hash!", v.content AS "content!", v.output
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

    fn revise<'a>(&'a self, snippet: &'a Snippet, share: &'a Share) -> Answer<'a, Written> {
        self.answer(async {
            let it = Columns::of(snippet)?;
            let (client, network) = (&share.owner.client[..], &share.owner.network[..]);
            let mut transaction = self.pool().await?.begin_with("BEGIN IMMEDIATE").await?;
            let changed = sqlx::query!(
                r#"UPDATE snippets
                   SET latest = ?2, expires_ms = ?3, bytes = bytes + ?5, opened_ms = ?6,
                       client = coalesce(client, ?7), network = coalesce(network, ?8)
                   WHERE id = ?1 AND latest = ?4
                   RETURNING client AS "client!: Vec<u8>", network AS "network!: Vec<u8>""#,
                it.id,
                it.version,
                it.expires_ms,
                it.before,
                it.bytes,
                it.opened_ms,
                client,
                network
            )
            .fetch_optional(&mut *transaction)
            .await?;
            let Some(changed) = changed else { return Ok(Written::Stale) };
            let corrupt = |_| StoreError::Corrupt(format!("the owner of {:?}", it.id));
            let owner = Owner {
                client: changed.client.try_into().map_err(corrupt)?,
                network: changed.network.try_into().map_err(corrupt)?,
            };
            let share = Share { owner, ..*share };
            if let Some(full) = exceeded(&mut transaction, &share).await? {
                return Ok(Written::Full(full));
            }
            insert_version(&mut transaction, &it).await?;
            transaction.commit().await?;
            Ok(Written::Kept)
        })
    }

    fn opened<'a>(&'a self, id: &'a SnippetId, at: Timestamp) -> Answer<'a, ()> {
        self.answer(async move {
            let (id, at) = (id.as_str(), at.millis());
            sqlx::query!("UPDATE snippets SET opened_ms = ?2 WHERE id = ?1", id, at)
                .execute(self.pool().await?)
                .await?;
            Ok(())
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

    fn purge_unopened(&self, since: Timestamp) -> Answer<'_, u64> {
        self.answer(async move {
            let since = since.millis();
            let purged = sqlx::query!(
                "DELETE FROM snippets
                 WHERE coalesce(opened_ms, created_ms) < ?1
                 AND (opened_ms IS NOT NULL OR ?1 > (SELECT max(since_ms) FROM openings))",
                since
            )
            .execute(self.pool().await?)
            .await?;
            Ok(purged.rows_affected())
        })
    }

    fn evict(&self, since: Timestamp, bytes: u64) -> Answer<'_, (u64, u64)> {
        self.answer(async move {
            let (since, most) = (since.millis(), i64::from(EVICTED_AT_ONCE));
            let mut transaction = self.pool().await?.begin_with("BEGIN IMMEDIATE").await?;
            let candidates = sqlx::query!(
                r#"SELECT s.id AS "id!", (SELECT coalesce(sum(length(CAST(v.content AS BLOB)) + coalesce(length(CAST(v.output AS BLOB)), 0) + 512), 0)
                       FROM versions v WHERE v.snippet_id = s.id) AS "bytes!: i64"
                   FROM snippets s
                   WHERE coalesce(s.opened_ms, s.created_ms) < ?1
                   AND (s.opened_ms IS NOT NULL OR ?1 > (SELECT max(since_ms) FROM openings))
                   ORDER BY coalesce(s.opened_ms, s.created_ms) LIMIT ?2"#,
                since,
                most
            )
            .fetch_all(&mut *transaction)
            .await?;
            let (chosen, freed) = enough(candidates.into_iter().map(|it| (it.id, it.bytes)).collect(), bytes);
            let mut deleted = 0;
            for id in chosen {
                // Not one that was opened just now.
                let query = sqlx::query!(
                    "DELETE FROM snippets WHERE id = ?1 AND coalesce(opened_ms, created_ms) < ?2",
                    id,
                    since
                );
                deleted += query.execute(&mut *transaction).await?.rows_affected();
            }
            transaction.commit().await?;
            Ok((deleted, freed))
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

/// Whose share is exceeded by what has just been written.
async fn exceeded(
    connection: &mut sqlx::SqliteConnection,
    share: &Share,
) -> Result<Option<Full>, StoreError> {
    let (client, network) = (&share.owner.client[..], &share.owner.network[..]);
    let has = |bytes: i64, count: i64| Bounds {
        bytes: u64::try_from(bytes).unwrap_or(0),
        count: u64::try_from(count).unwrap_or(0),
    };
    let of_client = sqlx::query!(
        r#"SELECT coalesce(sum(bytes), 0) AS "bytes!: i64", count(*) AS "count!: i64"
           FROM snippets WHERE client = ?1"#,
        client
    )
    .fetch_one(&mut *connection)
    .await?;
    let of_network = sqlx::query!(
        r#"SELECT coalesce(sum(bytes), 0) AS "bytes!: i64", count(*) AS "count!: i64"
           FROM snippets WHERE network = ?1"#,
        network
    )
    .fetch_one(&mut *connection)
    .await?;
    Ok(share.exceeded(has(of_client.bytes, of_client.count), has(of_network.bytes, of_network.count)))
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
