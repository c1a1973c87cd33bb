//! Orders and acts in PostgreSQL.

use uuid::Uuid;

use super::super::desk::{ACTS_AT_ONCE, Act, ActRow, Desk, MOST_ORDERS, Order, OrderRow};
use super::super::{Answer, StoreError, Timestamp};
use super::Postgres;

impl Desk for Postgres {
    fn orders(&self, now: Timestamp) -> Answer<'_, Vec<Order>> {
        self.answer(async move {
            let rows = sqlx::query_as!(
                OrderRow,
                "SELECT id, kind, value, words, given_by, given_ms, expires_ms
                 FROM orders WHERE expires_ms IS NULL OR expires_ms > $1
                 ORDER BY given_ms DESC, id LIMIT $2",
                now.millis(),
                i64::from(MOST_ORDERS)
            )
            .fetch_all(self.pool().await?)
            .await?;
            Ok(rows
                .into_iter()
                .map(OrderRow::order)
                .collect::<Result<Vec<_>, _>>()?
                .into_iter()
                .flatten()
                .collect())
        })
    }

    fn give<'a>(&'a self, order: &'a Order, act: &'a Act) -> Answer<'a, bool> {
        self.answer(async {
            let mut transaction = self.pool().await?.begin().await?;
            sqlx::query!("DELETE FROM orders WHERE expires_ms <= $1", order.given_at.millis())
                .execute(&mut *transaction)
                .await?;
            let count = sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM orders"#)
                .fetch_one(&mut *transaction)
                .await?;
            if count >= i64::from(MOST_ORDERS) {
                return Ok(false);
            }
            sqlx::query!(
                "INSERT INTO orders (id, kind, value, words, given_by, given_ms, expires_ms)
                 VALUES ($1, $2, $3, $4, $5, $6, $7)",
                &order.id.as_bytes()[..],
                order.kind.name(),
                order.value,
                order.words,
                order.given_by,
                order.given_at.millis(),
                order.expires_at.map(Timestamp::millis) as _
            )
            .execute(&mut *transaction)
            .await?;
            insert_act(&mut transaction, act).await?;
            transaction.commit().await?;
            Ok(true)
        })
    }

    fn withdraw<'a>(&'a self, id: &'a Uuid, act: &'a Act) -> Answer<'a, bool> {
        self.answer(async {
            let mut transaction = self.pool().await?.begin().await?;
            let deleted = sqlx::query!("DELETE FROM orders WHERE id = $1", &id.as_bytes()[..])
                .execute(&mut *transaction)
                .await?;
            if deleted.rows_affected() == 0 {
                return Ok(false);
            }
            insert_act(&mut transaction, act).await?;
            transaction.commit().await?;
            Ok(true)
        })
    }

    fn record<'a>(&'a self, act: &'a Act) -> Answer<'a, ()> {
        self.answer(async {
            let mut connection = self.pool().await?.acquire().await?;
            insert_act(&mut connection, act).await
        })
    }

    fn acts(&self, before: Option<i64>) -> Answer<'_, Vec<(i64, Act)>> {
        self.answer(async move {
            let rows = sqlx::query_as!(
                ActRow,
                "SELECT number, at_ms, who, address, what, about
                 FROM acts WHERE number < $1 ORDER BY number DESC LIMIT $2",
                before.unwrap_or(i64::MAX),
                i64::from(ACTS_AT_ONCE)
            )
            .fetch_all(self.pool().await?)
            .await?;
            Ok(rows.into_iter().map(Into::into).collect())
        })
    }
}

async fn insert_act(connection: &mut sqlx::PgConnection, act: &Act) -> Result<(), StoreError> {
    let Act { at, who, address, what, about } = act;
    sqlx::query!(
        "INSERT INTO acts (at_ms, who, address, what, about) VALUES ($1, $2, $3, $4, $5)",
        at.millis(),
        who,
        address,
        what,
        about
    )
    .execute(connection)
    .await?;
    Ok(())
}
