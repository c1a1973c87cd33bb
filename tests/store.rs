//! What a store promises, asked of both.

use std::sync::Arc;
use std::time::Duration;

use mayfly::snippets::{
    Act, Content, Database, DeletionToken, Order, OrderKind, Reference, Snippet, SnippetId, Store,
    StoreSettings, Timestamp, open,
};
use serde_json::value::RawValue;

use crate::support::{Postgres, soon};

fn settings(database: Database) -> StoreSettings {
    StoreSettings { database, connections: 4, timeout: Duration::from_secs(10) }
}

fn reference(id: &SnippetId, version: Option<u32>) -> Reference {
    Reference { id: id.clone(), version }
}

fn snippet(source: &str) -> Snippet {
    let now = Timestamp::from_millis(1_700_000_000_123);
    Snippet {
        id: SnippetId::random(),
        version: 1,
        latest: 1,
        parent: None,
        created_at: now,
        revised_at: now,
        expires_at: None,
        token_hash: DeletionToken::random().expect("random").hash(),
        content: Content { source: Some(source.to_owned()), ..Content::default() },
        output: None,
    }
}

fn next(before: &Snippet, source: &str) -> Snippet {
    let mut next = before.clone();
    next.version += 1;
    next.latest = next.version;
    next.revised_at = before.revised_at.after(Duration::from_secs(1));
    next.content.source = Some(source.to_owned());
    next
}

async fn source(store: &dyn Store, id: &SnippetId, version: Option<u32>) -> Option<String> {
    store.find(&reference(id, version)).await.expect("it answers").and_then(|found| found.content.source)
}

/// Each promise, one after the other.
async fn keeps_its_promises(store: Arc<dyn Store>) {
    what_is_put_in_comes_out(&*store).await;
    versions_stay_and_the_latest_is_found(&*store).await;
    of_two_changes_at_once_one_is_made(&*store).await;
    what_is_deleted_is_gone_in_all_versions(&*store).await;
    what_has_expired_is_purged_and_nothing_else(&*store).await;
    its_size_follows_what_is_in_it(&*store).await;
    orders_hold_until_they_are_withdrawn_or_over(&*store).await;
    many_can_use_it_at_once(store).await;
}

fn act(what: &str, about: &str) -> Act {
    let at = Timestamp::from_millis(1_700_000_000_123);
    let text = str::to_owned;
    Act { at, who: text("ada"), address: text("192.0.2.1"), what: text(what), about: text(about) }
}

async fn orders_hold_until_they_are_withdrawn_or_over(store: &dyn Store) {
    let desk = store.desk();
    let at = |seconds: i64| Timestamp::from_millis(1_700_000_000_000 + 1_000 * seconds);
    let order = |value: &str, given: i64, expires: Option<i64>| Order {
        id: uuid::Uuid::new_v4(),
        kind: OrderKind::Origin,
        value: value.to_owned(),
        words: "Ünïcödé \u{1f98b}".to_owned(),
        given_by: "ada".to_owned(),
        given_at: at(given),
        expires_at: expires.map(at),
    };
    assert_eq!(desk.orders(at(0)).await.expect("it answers"), []);
    assert_eq!(desk.acts(None).await.expect("it answers"), []);
    let (good, passing) = (order("https://a.example", 1, None), order("https://b.example", 2, Some(10)));
    for order in [&good, &passing] {
        assert!(desk.give(order, &act("block", &order.value)).await.expect("it answers"));
    }
    assert_eq!(desk.orders(at(9)).await.expect("it answers"), [passing.clone(), good.clone()]);
    assert_eq!(desk.orders(at(10)).await.expect("it answers"), [good.clone()], "its time is over");
    assert!(desk.give(&good, &act("block", "again")).await.is_err(), "an id is used once");
    assert!(desk.withdraw(&good.id, &act("unblock", &good.value)).await.expect("it answers"));
    assert!(!desk.withdraw(&good.id, &act("unblock", "again")).await.expect("it answers"));
    assert_eq!(desk.orders(at(9)).await.expect("it answers"), [passing]);
    desk.record(&act("stop", "a run")).await.expect("it answers");
    let all = desk.acts(None).await.expect("it answers");
    let about: Vec<_> = all.iter().map(|(_, act)| act.about.as_str()).collect();
    // What was not done is not recorded.
    assert_eq!(about, ["a run", "https://a.example", "https://b.example", "https://a.example"]);
    assert_eq!(all[0].1, act("stop", "a run"));
    let before = desk.acts(Some(all[1].0)).await.expect("it answers");
    assert_eq!(before, all[2..], "page by page");
}

async fn what_is_put_in_comes_out(store: &dyn Store) {
    let mut all = snippet("console.log('\u{1f98b} \\u0000 \"\\\\')\n\u{0}");
    all.parent = Some(Reference { id: SnippetId::random(), version: Some(7) });
    all.expires_at = Some(Timestamp::from_millis(4_000_000_000_001));
    all.content.title = Some("Ünïcödé".to_owned());
    all.content.input = Some(RawValue::from_string(r#"{"a":[1, 2.50]}"#.to_owned()).expect("JSON"));
    all.output =
        Some(RawValue::from_string(r#"{"console":[],"outcome":"completed"}"#.to_owned()).expect("JSON"));
    store.create(&all).await.expect("it is kept");
    let found = store.find(&reference(&all.id, None)).await.expect("it answers").expect("it is there");
    assert_eq!(found.id, all.id);
    assert_eq!((found.version, found.latest), (1, 1));
    assert_eq!(found.parent, all.parent);
    assert_eq!(
        (found.created_at, found.revised_at, found.expires_at),
        (all.created_at, all.revised_at, all.expires_at)
    );
    assert_eq!(found.token_hash, all.token_hash);
    assert_eq!((found.content.source, found.content.title), (all.content.source, all.content.title));
    assert_eq!(
        found.content.input.map(|it| it.get().to_owned()),
        all.content.input.map(|it| it.get().to_owned())
    );
    assert_eq!(found.output.map(|it| it.get().to_owned()), all.output.map(|it| it.get().to_owned()));
    // A name is used once.
    let mut again = snippet("other");
    again.id = all.id.clone();
    assert!(store.create(&again).await.is_err());
    assert_ne!(source(store, &all.id, None).await.as_deref(), Some("other"));
    assert!(store.find(&reference(&SnippetId::random(), None)).await.expect("it answers").is_none());
}

async fn versions_stay_and_the_latest_is_found(store: &dyn Store) {
    let first = snippet("one");
    store.create(&first).await.expect("it is kept");
    let mut second = next(&first, "two");
    second.expires_at = Some(Timestamp::from_millis(4_000_000_000_000));
    assert!(store.revise(&second).await.expect("it answers"));
    assert_eq!(source(store, &first.id, None).await.as_deref(), Some("two"));
    assert_eq!(source(store, &first.id, Some(1)).await.as_deref(), Some("one"));
    assert_eq!(source(store, &first.id, Some(2)).await.as_deref(), Some("two"));
    assert_eq!(source(store, &first.id, Some(3)).await, None);
    let old = store.find(&reference(&first.id, Some(1))).await.expect("it answers").expect("it is there");
    assert_eq!((old.version, old.latest, old.expires_at), (1, 2, second.expires_at));
    assert_eq!((old.created_at, old.revised_at), (first.created_at, first.revised_at));
}

async fn of_two_changes_at_once_one_is_made(store: &dyn Store) {
    let first = snippet("one");
    store.create(&first).await.expect("it is kept");
    let (a, b) = (next(&first, "a"), next(&first, "b"));
    let (made_a, made_b) = tokio::join!(store.revise(&a), store.revise(&b));
    let made = (made_a.expect("it answers"), made_b.expect("it answers"));
    assert!(matches!(made, (true, false) | (false, true)), "{made:?}");
    let kept = source(store, &first.id, None).await;
    assert_eq!(kept.as_deref(), Some(if made.0 { "a" } else { "b" }));
    assert!(!store.revise(&snippet("of nothing")).await.expect("it answers"));
}

async fn what_is_deleted_is_gone_in_all_versions(store: &dyn Store) {
    let (first, other) = (snippet("one"), snippet("other"));
    store.create(&first).await.expect("it is kept");
    store.create(&other).await.expect("it is kept");
    assert!(store.revise(&next(&first, "two")).await.expect("it answers"));
    assert!(store.delete(&first.id).await.expect("it answers"));
    assert!(!store.delete(&first.id).await.expect("it answers"), "once");
    for version in [None, Some(1), Some(2)] {
        assert_eq!(source(store, &first.id, version).await, None);
    }
    assert!(!store.revise(&next(&first, "two")).await.expect("it answers"));
    assert_eq!(source(store, &other.id, None).await.as_deref(), Some("other"));
}

async fn what_has_expired_is_purged_and_nothing_else(store: &dyn Store) {
    let at = |millis| Some(Timestamp::from_millis(millis));
    let mut all = [snippet("past"), snippet("now"), snippet("later"), snippet("never")];
    for (snippet, expires_at) in all.iter_mut().zip([at(999), at(1_000), at(1_001), None]) {
        snippet.expires_at = expires_at;
        store.create(snippet).await.expect("it is kept");
    }
    assert_eq!(store.purge(Timestamp::from_millis(1_000)).await.expect("it answers"), 2);
    assert_eq!(store.purge(Timestamp::from_millis(1_000)).await.expect("it answers"), 0);
    let mut left = Vec::new();
    for snippet in &all {
        left.extend(source(store, &snippet.id, None).await);
    }
    assert_eq!(left, ["later", "never"]);
}

async fn its_size_follows_what_is_in_it(store: &dyn Store) {
    let before = store.size().await.expect("it answers");
    let big = snippet(&"x".repeat(1_000_000));
    store.create(&big).await.expect("it is kept");
    let with = store.size().await.expect("it answers");
    assert!((900_000..1_300_000).contains(&(with - before)), "{before}, {with}");
    store.delete(&big.id).await.expect("it answers");
    let after = store.size().await.expect("it answers");
    assert!(after < before + 100_000, "{before}, {after}");
}

async fn many_can_use_it_at_once(store: Arc<dyn Store>) {
    let tasks: Vec<_> = (0..40)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move {
                let one = snippet(&number.to_string());
                store.create(&one).await.expect("it is kept");
                assert!(store.revise(&next(&one, &format!("{number}!"))).await.expect("it answers"));
                assert_eq!(source(&*store, &one.id, None).await, Some(format!("{number}!")));
            })
        })
        .collect();
    for task in tasks {
        soon("all of them", task).await.expect("none panics");
    }
}

#[tokio::test]
async fn sqlite_keeps_its_promises() {
    let folder = tempfile::tempdir().expect("a folder");
    keeps_its_promises(open(&settings(Database::Sqlite), folder.path()).expect("a store")).await;
}

#[tokio::test]
async fn postgres_keeps_its_promises() {
    let postgres = Postgres::start();
    let settings = settings(Database::Postgres(postgres.url()));
    keeps_its_promises(open(&settings, "unused".as_ref()).expect("a store")).await;
}

#[tokio::test]
async fn several_servers_share_a_postgres() {
    let postgres = Postgres::start();
    let settings = settings(Database::Postgres(postgres.url()));
    // All make its tables at the same time.
    let stores: Vec<_> = (0..4).map(|_| open(&settings, "unused".as_ref()).expect("a store")).collect();
    let all = snippet("shared");
    let asked = futures_util::future::join_all(stores.iter().map(|store| store.size())).await;
    assert!(asked.iter().all(Result::is_ok), "{asked:?}");
    stores[0].create(&all).await.expect("it is kept");
    for store in &stores {
        assert_eq!(source(&**store, &all.id, None).await.as_deref(), Some("shared"));
    }
}

#[tokio::test]
async fn a_postgres_that_fails_is_found_again() {
    let mut postgres = Postgres::start();
    let mut settings = settings(Database::Postgres(postgres.url()));
    settings.timeout = Duration::from_millis(700);
    postgres.stop();
    // It is not there when it is first asked,
    let store = open(&settings, "unused".as_ref()).expect("a store");
    assert!(store.size().await.is_err());
    postgres.resume();
    let one = snippet("one");
    crate::support::until("the store to answer", || async { store.create(&one).await.is_ok() }).await;
    // and it goes away while it is used.
    postgres.stop();
    let started = std::time::Instant::now();
    assert!(store.find(&reference(&one.id, None)).await.is_err());
    assert!(started.elapsed() < Duration::from_secs(5), "nobody waits for longer than they were told");
    postgres.resume();
    crate::support::until("the store to answer", || async {
        store.find(&reference(&one.id, None)).await.is_ok_and(|found| found.is_some())
    })
    .await;
}

#[tokio::test]
async fn a_sqlite_file_that_can_not_be_made_is_made_later() {
    let folder = tempfile::tempdir().expect("a folder");
    let data_dir = folder.path().join("not/there");
    let store = open(&settings(Database::Sqlite), &data_dir).expect("a store");
    assert!(store.size().await.is_err());
    std::fs::create_dir_all(&data_dir).expect("a folder");
    crate::support::until("the store to answer", || async { store.create(&snippet("one")).await.is_ok() })
        .await;
}

#[test]
fn an_address_that_makes_no_sense_is_refused() {
    let settings = settings(Database::Postgres("postgres://host:port/x".to_owned()));
    assert!(open(&settings, "unused".as_ref()).is_err());
}
