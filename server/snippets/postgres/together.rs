//! Rates and calls of several servers. All times are the database's own: the servers' clocks need not agree.

use std::time::Duration;

use super::super::together::{Bucket, CallKey, Keeping, KeptAnswer, Known, LEASE, Taken, Together};
use super::super::{Answer, StoreError};
use super::Postgres;

/// How often a call is looked at again that was forgotten just then.
const TRIES: u32 = 5;

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

fn hash(bytes: &[u8]) -> Result<[u8; 32], StoreError> {
    bytes.try_into().map_err(|_| StoreError::Corrupt("a hash of another length".to_owned()))
}

impl Together for Postgres {
    fn take<'a>(&'a self, taken: &'a [Taken]) -> Answer<'a, Vec<(Bucket, Duration)>> {
        self.answer(async {
            let buckets: Vec<Vec<u8>> = taken.iter().map(|it| it.bucket.to_vec()).collect();
            let costs: Vec<i64> = taken.iter().map(|it| micros(it.cost)).collect();
            // In one order, so that servers that write the same ones at once do not wait for each other in a ring.
            let rows = sqlx::query!(
                r#"INSERT INTO rates AS r (bucket, full_at)
                SELECT bucket, now() + cost * INTERVAL '1 microsecond'
                FROM unnest($1::BYTEA[], $2::BIGINT[]) AS taken (bucket, cost)
                ORDER BY bucket
                ON CONFLICT (bucket) DO UPDATE SET full_at = greatest(r.full_at, now()) + (excluded.full_at - now())
                RETURNING bucket, (extract(epoch FROM full_at - now()) * 1000000)::BIGINT AS "ahead!""#,
                &buckets,
                &costs
            )
            .fetch_all(self.pool().await?)
            .await?;
            rows.into_iter()
                .map(|row| {
                    let ahead = Duration::from_micros(u64::try_from(row.ahead).unwrap_or(0));
                    Ok((hash(&row.bucket)?, ahead))
                })
                .collect()
        })
    }

    fn begin<'a>(&'a self, call: &'a CallKey, asked: &'a [u8; 32], age: Duration) -> Answer<'a, Known> {
        self.answer(async move {
            let pool = self.pool().await?;
            for _ in 0..TRIES {
                let begun = sqlx::query!(
                    "INSERT INTO calls AS c (key, asked, turn, since) VALUES ($1, $2, $3, now())
                     ON CONFLICT (key) DO UPDATE
                     SET asked = excluded.asked, turn = excluded.turn, since = excluded.since,
                         status = NULL, headers = NULL, body = NULL
                     WHERE c.since < now() - (CASE WHEN c.status IS NULL THEN $4::BIGINT ELSE $5::BIGINT END)
                         * INTERVAL '1 microsecond'",
                    &call.key[..],
                    &asked[..],
                    &call.turn.as_bytes()[..],
                    micros(LEASE),
                    micros(age)
                )
                .execute(pool)
                .await?;
                if begun.rows_affected() > 0 {
                    return Ok(Known::Mine);
                }
                let known = sqlx::query!(
                    "SELECT asked, status, headers, body FROM calls WHERE key = $1",
                    &call.key[..]
                )
                .fetch_optional(pool)
                .await?;
                let Some(known) = known else { continue };
                if known.asked != asked {
                    return Ok(Known::Other);
                }
                let Some(status) = known.status else { return Ok(Known::Working) };
                let corrupt = |what: &str| StoreError::Corrupt(format!("{what} of a call"));
                let headers = known.headers.unwrap_or_default();
                return Ok(Known::Done(KeptAnswer {
                    status: u16::try_from(status).map_err(|_| corrupt("the status"))?,
                    headers: serde_json::from_str(&headers).map_err(|_| corrupt("the headers"))?,
                    body: known.body.unwrap_or_default(),
                }));
            }
            Ok(Known::Working)
        })
    }

    fn renew<'a>(&'a self, call: &'a CallKey) -> Answer<'a, ()> {
        self.answer(async {
            sqlx::query!(
                "UPDATE calls SET since = now() WHERE key = $1 AND turn = $2 AND status IS NULL",
                &call.key[..],
                &call.turn.as_bytes()[..]
            )
            .execute(self.pool().await?)
            .await?;
            Ok(())
        })
    }

    fn done<'a>(&'a self, call: &'a CallKey, answer: &'a KeptAnswer) -> Answer<'a, ()> {
        self.answer(async {
            let headers = serde_json::to_string(&answer.headers)
                .map_err(|error| StoreError::Corrupt(format!("the headers can't be written: {error}")))?;
            sqlx::query!(
                "UPDATE calls SET status = $3, headers = $4, body = $5, since = now() WHERE key = $1 AND turn = $2",
                &call.key[..],
                &call.turn.as_bytes()[..],
                i32::from(answer.status),
                headers,
                &answer.body
            )
            .execute(self.pool().await?)
            .await?;
            Ok(())
        })
    }

    fn forget<'a>(&'a self, call: &'a CallKey) -> Answer<'a, ()> {
        self.answer(async {
            sqlx::query!(
                "DELETE FROM calls WHERE key = $1 AND turn = $2 AND status IS NULL",
                &call.key[..],
                &call.turn.as_bytes()[..]
            )
            .execute(self.pool().await?)
            .await?;
            Ok(())
        })
    }

    fn tidy(&self, Keeping { age, bytes }: Keeping) -> Answer<'_, ()> {
        self.answer(async move {
            let pool = self.pool().await?;
            sqlx::query!("DELETE FROM rates WHERE full_at < now()").execute(pool).await?;
            sqlx::query!(
                "DELETE FROM calls
                 WHERE since < now() - (CASE WHEN status IS NULL THEN $1::BIGINT ELSE $2::BIGINT END)
                     * INTERVAL '1 microsecond'
                 OR key IN (
                     SELECT key FROM (
                         SELECT key, sum(octet_length(body) + octet_length(headers) + 1024)
                             OVER (ORDER BY since DESC, key) AS so_far
                         FROM calls WHERE status IS NOT NULL
                     ) AS newest WHERE so_far > $3::BIGINT
                 )",
                micros(LEASE),
                micros(age),
                i64::try_from(bytes).unwrap_or(i64::MAX)
            )
            .execute(pool)
            .await?;
            Ok(())
        })
    }
}
