//! What a store promises, asked of both.

use std::sync::Arc;
use std::time::Duration;

use mayfly::snippets::{
    Act, Bounds, Content, Database, DeletionToken, Full, Order, OrderKind, OwnerKey, Reference, Share,
    Sharer, Snippet, SnippetId, Store, StoreSettings, Timestamp, Written, open,
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
        opened_at: now,
        token_hash: DeletionToken::random().expect("random").hash(),
        content: Content { source: Some(source.to_owned()), ..Content::default() },
        output: None,
    }
}

/// A share that nothing here exceeds.
pub(crate) fn whole() -> Share {
    share_of("192.0.2.1", 1 << 40, 1 << 40)
}

fn share_of(address: &str, bytes: u64, count: u64) -> Share {
    let sharer = Sharer::Address(address.parse().expect("an address"));
    let owner = OwnerKey::of_secret("0123456789abcdef").owner(sharer);
    Share { owner, client: Bounds { bytes, count } }
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
    shares_bound_what_each_client_keeps(&*store).await;
    what_was_not_opened_is_purged_and_evicted(&*store).await;
    writers_at_once_do_not_exceed_a_share(&store).await;
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
    assert_eq!(
        desk.orders(at(10)).await.expect("it answers"),
        std::slice::from_ref(&good),
        "its time is over"
    );
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
    store.create(&all, &whole()).await.expect("it is kept");
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
    assert!(store.create(&again, &whole()).await.is_err());
    assert_ne!(source(store, &all.id, None).await.as_deref(), Some("other"));
    assert!(store.find(&reference(&SnippetId::random(), None)).await.expect("it answers").is_none());
}

async fn versions_stay_and_the_latest_is_found(store: &dyn Store) {
    let first = snippet("one");
    store.create(&first, &whole()).await.expect("it is kept");
    let mut second = next(&first, "two");
    second.expires_at = Some(Timestamp::from_millis(4_000_000_000_000));
    assert_eq!(store.revise(&second, &whole()).await.expect("it answers"), Written::Kept);
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
    store.create(&first, &whole()).await.expect("it is kept");
    let (a, b) = (next(&first, "a"), next(&first, "b"));
    let (made_a, made_b) = {
        let share = whole();
        tokio::join!(store.revise(&a, &share), store.revise(&b, &share))
    };
    let made = (made_a.expect("it answers"), made_b.expect("it answers"));
    assert!(matches!(made, (Written::Kept, Written::Stale) | (Written::Stale, Written::Kept)), "{made:?}");
    let kept = source(store, &first.id, None).await;
    assert_eq!(kept.as_deref(), Some(if made.0 == Written::Kept { "a" } else { "b" }));
    assert_eq!(store.revise(&snippet("of nothing"), &whole()).await.expect("it answers"), Written::Stale);
}

async fn what_is_deleted_is_gone_in_all_versions(store: &dyn Store) {
    let (first, other) = (snippet("one"), snippet("other"));
    store.create(&first, &whole()).await.expect("it is kept");
    store.create(&other, &whole()).await.expect("it is kept");
    assert_eq!(store.revise(&next(&first, "two"), &whole()).await.expect("it answers"), Written::Kept);
    assert!(store.delete(&first.id).await.expect("it answers"));
    assert!(!store.delete(&first.id).await.expect("it answers"), "once");
    for version in [None, Some(1), Some(2)] {
        assert_eq!(source(store, &first.id, version).await, None);
    }
    assert_eq!(store.revise(&next(&first, "two"), &whole()).await.expect("it answers"), Written::Stale);
    assert_eq!(source(store, &other.id, None).await.as_deref(), Some("other"));
}

async fn what_has_expired_is_purged_and_nothing_else(store: &dyn Store) {
    let at = |millis| Some(Timestamp::from_millis(millis));
    let mut all = [snippet("past"), snippet("now"), snippet("later"), snippet("never")];
    for (snippet, expires_at) in all.iter_mut().zip([at(999), at(1_000), at(1_001), None]) {
        snippet.expires_at = expires_at;
        store.create(snippet, &whole()).await.expect("it is kept");
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
    store.create(&big, &whole()).await.expect("it is kept");
    let with = store.size().await.expect("it answers");
    assert!((900_000..1_300_000).contains(&(with - before)), "{before}, {with}");
    store.delete(&big.id).await.expect("it answers");
    let after = store.size().await.expect("it answers");
    assert!(after < before + 100_000, "{before}, {after}");
}

async fn shares_bound_what_each_client_keeps(store: &dyn Store) {
    let write = async |source: &str, address: &str, bytes: u64, count: u64| {
        let one = snippet(source);
        let written = store.create(&one, &share_of(address, bytes, count)).await.expect("it answers");
        let is_there = source_of(store, &one.id).await;
        assert_eq!(is_there, written == Written::Kept, "all of it or nothing");
        (one, written)
    };
    // By count: the client's, and four times that for the network above it.
    for place in 0..4_u8 {
        let address = format!("2001:db8:5:{place}::1");
        let (_, written) = write("1", &address, 1 << 40, 1).await;
        assert_eq!(written, Written::Kept);
        let (_, written) = write("1", &address, 1 << 40, 1).await;
        assert_eq!(written, Written::Full(Full::Client));
    }
    assert_eq!(write("1", "2001:db8:5:4::1", 1 << 40, 1).await.1, Written::Full(Full::Network));
    assert_eq!(write("1", "2001:db8:6::1", 1 << 40, 1).await.1, Written::Kept);
    // By bytes, all versions together, whoever sends a new one.
    let (one, written) = write(&"x".repeat(5_000), "198.51.100.1", 10_000, 10).await;
    assert_eq!(written, Written::Kept);
    let second = next(&one, &"y".repeat(5_000));
    let from = share_of("198.51.100.2", 10_000, 10);
    assert_eq!(store.revise(&second, &from).await.expect("it answers"), Written::Full(Full::Client));
    assert_eq!(source(store, &one.id, None).await, one.content.source);
    assert_eq!(store.revise(&next(&one, "short"), &from).await.expect("it answers"), Written::Kept);
    assert_eq!(write(&"x".repeat(4_000), "198.51.100.1", 10_000, 10).await.1, Written::Full(Full::Client));
    // What is deleted makes room.
    assert!(store.delete(&one.id).await.expect("it answers"));
    assert_eq!(write(&"x".repeat(4_000), "198.51.100.1", 10_000, 10).await.1, Written::Kept);
}

async fn source_of(store: &dyn Store, id: &SnippetId) -> bool {
    source(store, id, None).await.is_some()
}

async fn what_was_not_opened_is_purged_and_evicted(store: &dyn Store) {
    let at = Timestamp::from_millis;
    let mut all = Vec::new();
    for (number, opened) in [1_000_i64, 2_000, 3_000, 4_000].into_iter().enumerate() {
        let mut one = snippet(&"x".repeat(10_000 + number));
        (one.created_at, one.opened_at) = (at(500), at(opened));
        store.create(&one, &whole()).await.expect("it is kept");
        let found = store.find(&reference(&one.id, None)).await.expect("it answers").expect("it is there");
        assert_eq!(found.opened_at, at(opened));
        all.push(one.id);
    }
    // To open one renews it.
    store.opened(&all[0], at(9_000)).await.expect("it answers");
    let found = store.find(&reference(&all[0], None)).await.expect("it answers").expect("it is there");
    assert_eq!(found.opened_at, at(9_000));
    // As many as it takes, those opened longest ago first, and none of those opened since.
    let (evicted, freed) = store.evict(at(4_000), 1).await.expect("it answers");
    assert!(evicted == 1 && (10_000..12_000).contains(&freed), "{evicted}, {freed}");
    let mut there = Vec::new();
    for id in &all {
        there.push(source_of(store, id).await);
    }
    assert_eq!(there, [true, false, true, true]);
    assert_eq!(store.evict(at(4_000), u64::MAX).await.expect("it answers").0, 1);
    assert_eq!(store.evict(at(4_000), u64::MAX).await.expect("it answers"), (0, 0));
    assert_eq!(store.purge_unopened(at(4_000)).await.expect("it answers"), 0, "not those opened since");
    assert_eq!(store.purge_unopened(at(4_001)).await.expect("it answers"), 1);
    assert!(source_of(store, &all[0]).await && !source_of(store, &all[3]).await);
    assert!(store.delete(&all[0]).await.expect("it answers"));
}

async fn writers_at_once_do_not_exceed_a_share(store: &Arc<dyn Store>) {
    let tasks: Vec<_> = (0..20)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move {
                let share = share_of(&format!("2001:db8:7:{:x}::1", number % 2), 1 << 40, 3);
                store.create(&snippet("1"), &share).await.expect("it answers")
            })
        })
        .collect();
    let mut kept = 0;
    for task in tasks {
        let written = soon("all of them", task).await.expect("none panics");
        kept += usize::from(written == Written::Kept);
    }
    assert_eq!(kept, 6, "three for each of two clients");
}

/// What is in a store that a server without shares has made counts as opened when that is upgraded, and for nobody.
async fn old_snippets_stay(store: &dyn Store, id: &SnippetId) {
    let long_ago = Timestamp::from_millis(1_700_000_000_000);
    let found = store.find(&reference(id, None)).await.expect("it answers").expect("it is there");
    assert_eq!(found.opened_at, Timestamp::from_millis(1_000));
    assert_eq!(store.purge_unopened(long_ago).await.expect("it answers"), 0);
    assert_eq!(store.evict(long_ago, u64::MAX).await.expect("it answers"), (0, 0));
    // A new version is somebody's.
    let second = next(&found, "two");
    let tight = share_of("203.0.113.1", 1 << 40, 1);
    assert_eq!(store.revise(&second, &tight).await.expect("it answers"), Written::Kept);
    let other = store.create(&snippet("1"), &tight).await.expect("it answers");
    assert_eq!(other, Written::Full(Full::Client));
    let later = Timestamp::now().after(Duration::from_secs(86_400));
    assert_eq!(store.purge_unopened(later).await.expect("it answers"), 1);
}

const OLD_SNIPPET: &str = "INSERT INTO snippets (id, token_hash, created_ms, latest) VALUES ('2222222222zz',     {hash}, 1000, 1); INSERT INTO versions {versions};";

#[tokio::test]
async fn sqlite_of_the_version_before_is_upgraded() {
    use sqlx::Connection as _;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join(mayfly::snippets::SQLITE_FILE);
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&file).create_if_missing(true);
    let mut before = sqlx::SqliteConnection::connect_with(&options).await.expect("a file");
    // As the server of the version before leaves it.
    let whole = sqlx::migrate::Migrator::new(std::path::Path::new("server/snippets/migrations/sqlite")).await;
    let mut old = whole.expect("migrations");
    old.migrations.to_mut().retain(|it| it.version < 3);
    old.run(&mut before).await.expect("they run");
    let values =
        "(snippet_id, version, revised_ms, content) VALUES ('2222222222zz', 1, 1000, '{\"source\":\"1\"}')";
    let insert = OLD_SNIPPET.replace("{hash}", "zeroblob(32)").replace("{versions}", values);
    sqlx::raw_sql(sqlx::AssertSqlSafe(insert)).execute(&mut before).await.expect("it is kept");
    before.close().await.expect("it closes");
    let store = open(&settings(Database::Sqlite), folder.path()).expect("a store");
    old_snippets_stay(&*store, &SnippetId::parse("2222222222zz").expect("an id")).await;
}

#[tokio::test]
async fn postgres_of_the_version_before_is_upgraded() {
    let postgres = Postgres::start();
    let pool = sqlx::PgPool::connect(&postgres.url()).await.expect("it answers");
    let whole =
        sqlx::migrate::Migrator::new(std::path::Path::new("server/snippets/migrations/postgres")).await;
    let mut old = whole.expect("migrations");
    old.migrations.to_mut().retain(|it| it.version < 4);
    old.run(&pool).await.expect("they run");
    let values = "(snippet_id, version, revised_ms, content, bytes) VALUES ('2222222222zz', 1, 1000,         '{\"source\":\"1\"}', 600)";
    let hash = "decode(repeat('00', 32), 'hex')";
    postgres.psql(&OLD_SNIPPET.replace("{hash}", hash).replace("{versions}", values));
    pool.close().await;
    let store = open(&settings(Database::Postgres(postgres.url())), "unused".as_ref()).expect("a store");
    old_snippets_stay(&*store, &SnippetId::parse("2222222222zz").expect("an id")).await;
}

async fn many_can_use_it_at_once(store: Arc<dyn Store>) {
    let tasks: Vec<_> = (0..40)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move {
                let one = snippet(&number.to_string());
                store.create(&one, &whole()).await.expect("it is kept");
                assert_eq!(
                    store.revise(&next(&one, &format!("{number}!")), &whole()).await.expect("it answers"),
                    Written::Kept
                );
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
    stores[0].create(&all, &whole()).await.expect("it is kept");
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
    crate::support::until("the store to answer", || async { store.create(&one, &whole()).await.is_ok() })
        .await;
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
    crate::support::until("the store to answer", || async {
        store.create(&snippet("one"), &whole()).await.is_ok()
    })
    .await;
}

#[test]
fn an_address_that_makes_no_sense_is_refused() {
    let settings = settings(Database::Postgres("postgres://host:port/x".to_owned()));
    assert!(open(&settings, "unused".as_ref()).is_err());
}
