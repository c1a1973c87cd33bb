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
    Answer, Bounds, Columns, EVICTED_AT_ONCE, Full, Owner, Reference, Row, Share, Snippet, SnippetId, Store,
    StoreError, StoreSettings, Timestamp, Written, enough,
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

    fn create<'a>(&'a self, snippet: &'a Snippet, share: &'a Share) -> Answer<'a, Written> {
        self.answer(async {
            let it = Columns::of(snippet)?;
            let (client, network) = (&share.owner.client[..], &share.owner.network[..]);
            let mut transaction = self.pool().await?.begin().await?;
            lock(&mut transaction, &share.owner.network).await?;
            sqlx::query!(
                "INSERT INTO snippets (id, token_hash, parent_id, parent_version, created_ms, expires_ms, latest, client,
                     network, bytes, opened_ms)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
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
            let row = sqlx::query_as!(
                Row,
                r#"SELECT s.id, v.version, s.latest, s.parent_id, s.parent_version, s.created_ms, v.revised_ms,
                     s.expires_ms, coalesce(s.opened_ms, s.created_ms) AS "opened_ms!", s.token_hash, v.content, v.output
                 FROM snippets s JOIN versions v ON v.snippet_id = s.id
                 WHERE s.id = $1 AND v.version = coalesce($2, s.latest)"#,
                reference.id.as_str(),
                reference.version.map(i64::from) as _
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
            let mut transaction = self.pool().await?.begin().await?;
            let changed = sqlx::query!(
                r#"UPDATE snippets
                   SET latest = $2, expires_ms = $3, bytes = bytes + $5, opened_ms = $6,
                       client = coalesce(client, $7), network = coalesce(network, $8)
                   WHERE id = $1 AND latest = $4
                   RETURNING client AS "client!", network AS "network!""#,
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
            lock(&mut transaction, &share.owner.network).await?;
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
            sqlx::query!("UPDATE snippets SET opened_ms = $2 WHERE id = $1", id, at)
                .execute(self.pool().await?)
                .await?;
            Ok(())
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

    fn purge_unopened(&self, since: Timestamp) -> Answer<'_, u64> {
        self.answer(async move {
            let since = since.millis();
            let purged = sqlx::query!(
                "DELETE FROM snippets
                 WHERE coalesce(opened_ms, created_ms) < $1
                 AND (opened_ms IS NOT NULL OR $1 > (SELECT max(since_ms) FROM openings))",
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
            let mut transaction = self.pool().await?.begin().await?;
            let candidates = sqlx::query!(
                r#"SELECT s.id, (SELECT coalesce(sum(v.bytes), 0) FROM versions v WHERE v.snippet_id = s.id)::BIGINT AS "bytes!"
                   FROM snippets s
                   WHERE coalesce(s.opened_ms, s.created_ms) < $1
                   AND (s.opened_ms IS NOT NULL OR $1 > (SELECT max(since_ms) FROM openings))
                   ORDER BY coalesce(s.opened_ms, s.created_ms) LIMIT $2"#,
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
                    "DELETE FROM snippets WHERE id = $1 AND coalesce(opened_ms, created_ms) < $2",
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
            // The tables' own sizes would not do: they stay what they are when something is deleted.
            let bytes =
                sqlx::query_scalar!(r#"SELECT coalesce(sum(bytes), 0)::BIGINT AS "bytes!" FROM versions"#)
                    .fetch_one(self.pool().await?)
                    .await?;
            Ok(u64::try_from(bytes).unwrap_or(0))
        })
    }
}

/// Lets writers of one network take turns, so that none of them sees a share that another is about to use up.
async fn lock(connection: &mut sqlx::PgConnection, network: &[u8]) -> Result<(), StoreError> {
    let number = network.iter().take(8).fold(0_i64, |number, byte| number << 8 | i64::from(*byte));
    sqlx::query!(r#"SELECT pg_advisory_xact_lock($1)::TEXT AS "done""#, number).fetch_one(connection).await?;
    Ok(())
}

/// Whose share is exceeded by what has just been written.
async fn exceeded(connection: &mut sqlx::PgConnection, share: &Share) -> Result<Option<Full>, StoreError> {
    let (client, network) = (&share.owner.client[..], &share.owner.network[..]);
    let has = |bytes: i64, count: i64| Bounds {
        bytes: u64::try_from(bytes).unwrap_or(0),
        count: u64::try_from(count).unwrap_or(0),
    };
    let of_client = sqlx::query!(
        r#"SELECT coalesce(sum(bytes), 0)::BIGINT AS "bytes!", count(*) AS "count!"
           FROM snippets WHERE client = $1"#,
        client
    )
    .fetch_one(&mut *connection)
    .await?;
    let of_network = sqlx::query!(
        r#"SELECT coalesce(sum(bytes), 0)::BIGINT AS "bytes!", count(*) AS "count!"
           FROM snippets WHERE network = $1"#,
        network
    )
    .fetch_one(&mut *connection)
    .await?;
    Ok(share.exceeded(has(of_client.bytes, of_client.count), has(of_network.bytes, of_network.count)))
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
