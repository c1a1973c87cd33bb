//! Orders and acts in SQLite.

use uuid::Uuid;

use super::super::desk::{ACTS_AT_ONCE, Act, ActRow, Desk, MOST_ORDERS, Order, OrderRow};
use super::super::{Answer, StoreError, Timestamp};
use super::Sqlite;

impl Desk for Sqlite {
    fn orders(&self, now: Timestamp) -> Answer<'_, Vec<Order>> {
        self.answer(async move {
            let (now, most) = (now.millis(), i64::from(MOST_ORDERS));
            let rows = sqlx::query_as!(
                OrderRow,
                r#"SELECT id AS "id!", kind AS "kind!", value AS "value!", words AS "words!", given_by AS "given_by!",
                       given_ms AS "given_ms!", expires_ms
                   FROM orders WHERE expires_ms IS NULL OR expires_ms > ?1
                   ORDER BY given_ms DESC, id LIMIT ?2"#,
                now,
                most
            )
            .fetch_all(self.pool().await?)
            .await?;
            Ok(rows.into_iter().map(OrderRow::order).collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
        })
    }

    fn give<'a>(&'a self, order: &'a Order, act: &'a Act) -> Answer<'a, bool> {
        self.answer(async {
            let (id, kind) = (order.id.as_bytes().as_slice(), order.kind.name());
            let (given, expires) = (order.given_at.millis(), order.expires_at.map(Timestamp::millis));
            let mut transaction = self.pool().await?.begin_with("BEGIN IMMEDIATE").await?;
            sqlx::query!("DELETE FROM orders WHERE expires_ms <= ?1", given)
                .execute(&mut *transaction)
                .await?;
            let count = sqlx::query_scalar!(r#"SELECT count(*) AS "count!: i64" FROM orders"#)
                .fetch_one(&mut *transaction)
                .await?;
            if count >= i64::from(MOST_ORDERS) {
                return Ok(false);
            }
            sqlx::query!(
                "INSERT INTO orders (id, kind, value, words, given_by, given_ms, expires_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                id,
                kind,
                order.value,
                order.words,
                order.given_by,
                given,
                expires
            )
            .execute(&mut *transaction)
            .await?;
            insert_act(&mut transaction, act).await?;
            transaction.commit().await?;
            Ok(true)
        })
    }

    fn withdraw<'a>(&'a self, id: &'a Uuid, act: &'a Act) -> Answer<'a, bool> {
        self.answer(async move {
            let id = id.as_bytes().as_slice();
            let mut transaction = self.pool().await?.begin_with("BEGIN IMMEDIATE").await?;
            let deleted =
                sqlx::query!("DELETE FROM orders WHERE id = ?1", id).execute(&mut *transaction).await?;
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
            let (before, most) = (before.unwrap_or(i64::MAX), i64::from(ACTS_AT_ONCE));
            let rows = sqlx::query_as!(
                ActRow,
                r#"SELECT number AS "number!", at_ms AS "at_ms!", who AS "who!", address AS "address!", what AS "what!",
                       about AS "about!"
                   FROM acts WHERE number < ?1 ORDER BY number DESC LIMIT ?2"#,
                before,
                most
            )
            .fetch_all(self.pool().await?)
            .await?;
            Ok(rows.into_iter().map(Into::into).collect())
        })
    }
}

async fn insert_act(connection: &mut sqlx::SqliteConnection, act: &Act) -> Result<(), StoreError> {
    let Act { at, who, address, what, about } = act;
    let at = at.millis();
    sqlx::query!(
        "INSERT INTO acts (at_ms, who, address, what, about) VALUES (?1, ?2, ?3, ?4, ?5)",
        at,
        who,
        address,
        what,
        about
    )
    .execute(connection)
    .await?;
    Ok(())
}
