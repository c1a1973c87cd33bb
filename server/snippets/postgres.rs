//! The store of several servers: PostgreSQL. Queries are checked as those for [SQLite](super::sqlite) are; their
//! parameters are written `$1` here and `?1` there, so that no two are the same text.

use std::str::FromStr;
use std::sync::LazyLock;
use std::time::Duration;

use sqlx::PgPool;
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use super::desk::Desk;
use super::lazy::{Lazy, within};
use super::together::Together;
use super::{
    Answer, Columns, Reference, Row, Snippet, SnippetId, Store, StoreError, StoreSettings, Timestamp,
};

mod desk;
mod together;

static MIGRATIONS: LazyLock<Migrator> = LazyLock::new(|| {
    let mut migrations = sqlx::migrate!("server/snippets/migrations/postgres");
    // A newer server may have added to the tables: those of the next version are no hindrance to this one.
    migrations.set_ignore_missing(true);
    migrations
});

/// Snippets in a PostgreSQL database.
pub struct Postgres {
    options: PgConnectOptions,
    connections: u32,
    timeout: Duration,
    pool: Lazy<PgPool>,
}

impl Postgres {
    /// The store at this address.
    ///
    /// # Errors
    /// When that is none.
    pub fn new(url: &str, settings: &StoreSettings) -> Result<Self, StoreError> {
        let StoreSettings { connections, timeout, .. } = *settings;
        let options = PgConnectOptions::from_str(url)?
            .application_name("mayfly")
            // A query that nobody waits for any more is given up by the database, too.
            .options([("statement_timeout", timeout.as_millis().max(1).to_string())]);
        Ok(Self { options, connections, timeout, pool: Lazy::new() })
    }

    async fn pool(&self) -> Result<&PgPool, StoreError> {
        let open = async {
            let pool = PgPoolOptions::new()
                .max_connections(self.connections)
                .acquire_timeout(self.timeout)
                .connect_lazy_with(self.options.clone());
            // Servers that start together take turns here.
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

impl Store for Postgres {
    fn desk(&self) -> &dyn Desk {
        self
    }

    fn together(&self) -> Option<&dyn Together> {
        Some(self)
    }

    fn create<'a>(&'a self, snippet: &'a Snippet) -> Answer<'a, ()> {
        self.answer(async {
            let it = Columns::of(snippet)?;
            let mut transaction = self.pool().await?.begin().await?;
            sqlx::query!(
                "INSERT INTO snippets (id, token_hash, parent_id, parent_version, created_ms, expires_ms, latest)
                 VALUES ($1, $2, $3, $4, $5, $6, $7)",
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
            let row = sqlx::query_as!(
                Row,
                "SELECT s.id, v.version, s.latest, s.parent_id, s.parent_version, s.created_ms, v.revised_ms,
                     s.expires_ms, s.token_hash, v.content, v.output
                 FROM snippets s JOIN versions v ON v.snippet_id = s.id
                 WHERE s.id = $1 AND v.version = coalesce($2, s.latest)",
                reference.id.as_str(),
                reference.version.map(i64::from) as _
            )
            .fetch_optional(self.pool().await?)
            .await?;
            row.map(Snippet::try_from).transpose()
        })
    }

    fn revise<'a>(&'a self, snippet: &'a Snippet) -> Answer<'a, bool> {
        self.answer(async {
            let it = Columns::of(snippet)?;
            let mut transaction = self.pool().await?.begin().await?;
            let changed = sqlx::query!(
                "UPDATE snippets SET latest = $2, expires_ms = $3 WHERE id = $1 AND latest = $4",
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
            let deleted = sqlx::query!("DELETE FROM snippets WHERE id = $1", id.as_str())
                .execute(self.pool().await?)
                .await?;
            Ok(deleted.rows_affected() > 0)
        })
    }

    fn purge(&self, now: Timestamp) -> Answer<'_, u64> {
        self.answer(async move {
            let purged = sqlx::query!("DELETE FROM snippets WHERE expires_ms <= $1", now.millis())
                .execute(self.pool().await?)
                .await?;
            Ok(purged.rows_affected())
        })
    }

    fn size(&self) -> Answer<'_, u64> {
        self.answer(async {
            // The tables' own sizes would not do: they stay what they are when something is deleted.
            let bytes =
                sqlx::query_scalar!(r#"SELECT coalesce(sum(bytes), 0)::BIGINT AS "bytes!" FROM versions"#)
                    .fetch_one(self.pool().await?)
                    .await?;
            Ok(u64::try_from(bytes).unwrap_or(0))
        })
    }
}

async fn insert_version(connection: &mut sqlx::PgConnection, it: &Columns<'_>) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO versions (snippet_id, version, revised_ms, content, output, bytes) VALUES ($1, $2, $3, $4, $5, $6)",
        it.id,
        it.version,
        it.revised_ms,
        it.content,
        it.output,
        it.bytes
    )
    .execute(connection)
    .await?;
    Ok(())
}
