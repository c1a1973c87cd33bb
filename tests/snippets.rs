//! Sharing: the API, the page, the file, the picture, oEmbed.

use std::time::Duration;

use mayfly::snippets::sqlite::Sqlite;
use mayfly::snippets::{
    Bounds, Content, Database, DeletionToken, OwnerKey, SQLITE_FILE, Share, Sharer, Snippet, SnippetId,
    Store, StoreSettings, Timestamp,
};
use serde_json::{Value, json};

use crate::support::{Answer, FakeApp, get, request, until};

const JSON: (&str, &str) = ("content-type", "application/json");

async fn share(app: &FakeApp, body: Value) -> Answer {
    request(app.address, "POST", "/api/v1/snippets", &[JSON], body.to_string()).await
}

/// Shares something that is right, and returns its id and its token.
async fn shared(app: &FakeApp, body: Value) -> (String, String) {
    let answer = share(app, body).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let body = answer.json();
    let text = |field: &str| body[field].as_str().expect("a text").to_owned();
    (text("id"), text("deletion_token"))
}

async fn with_token(app: &FakeApp, method: &str, id: &str, token: &str, body: Value) -> Answer {
    let bearer = format!("Bearer {token}");
    let headers = [JSON, ("authorization", bearer.as_str())];
    request(app.address, method, &format!("/api/v1/snippets/{id}"), &headers, body.to_string()).await
}

async fn snippet(app: &FakeApp, reference: &str) -> Answer {
    get(app.address, &format!("/api/v1/snippets/{reference}"), &[]).await
}

/// A recording with one of everything that a reader without JavaScript is to see.
fn recording() -> Value {
    json!({
        "console": [
            {"level": "log", "args": [{"type": "string", "value": "<b>hello</b>", "length": 12}],
             "text": "<b>hello</b>", "line": 1, "column": 9, "at_ms": 40},
            {"level": "warn", "args": [{"type": "object", "kind": "object", "class": "Object", "text": "{deep: {…}}",
              "properties": [{"key": "deep", "value": {"type": "object", "kind": "object", "text": "{x: 1.5}",
                "properties": [{"key": "x", "value": {"type": "number", "value": 1.5}}]}}]}],
             "text": "{deep: {…}}", "line": 2, "column": 1, "at_ms": 1_500},
        ],
        "outcome": "completed",
        "value": {"type": "number", "value": 42},
    })
}

/// A snippet that has expired, put into the app's store behind its back.
async fn expired(app: &FakeApp) -> String {
    let settings =
        StoreSettings { database: Database::Sqlite, connections: 1, timeout: Duration::from_secs(10) };
    let store = Sqlite::new(&app.folder.path().join(SQLITE_FILE), &settings);
    let old = old_snippet(Some(Timestamp::from_millis(1_000)));
    store.create(&old, &share_of("192.0.2.1")).await.expect("it is kept");
    old.id.to_string()
}

/// The share of whoever is at this address: more than any test keeps.
fn share_of(address: &str) -> Share {
    let sharer = Sharer::Address(address.parse().expect("an address"));
    let owner = OwnerKey::of_secret("0123456789abcdef").owner(sharer);
    Share { owner, client: Bounds { bytes: 1 << 40, count: 1 << 40 } }
}

/// A snippet that was made and last opened in 1970.
fn old_snippet(expires_at: Option<Timestamp>) -> Snippet {
    let past = Timestamp::from_millis(1_000);
    Snippet {
        id: SnippetId::random(),
        version: 1,
        latest: 1,
        parent: None,
        created_at: past,
        revised_at: past,
        expires_at,
        opened_at: past,
        token_hash: DeletionToken::random().expect("random").hash(),
        content: Content { source: Some("1".to_owned()), ..Content::default() },
        output: None,
    }
}

#[actix_web::test]
async fn what_is_shared_is_read_back_as_it_was() {
    let app = FakeApp::start(&[]).await;
    let body = json!({"title": " Hello ", "source": "console.log(1)\n", "language": "typescript", "mode": "module",
        "input": {"a": [1, 2.5]}, "stdin": ["Ada"], "output": recording()});
    let answer = share(&app, body).await;
    assert_eq!((answer.status, answer.header("cache-control")), (201, "no-store"));
    let created = answer.json();
    let id = created["id"].as_str().expect("an id").to_owned();
    assert!(id.len() == 12 && id.bytes().all(|it| it.is_ascii_alphanumeric()), "{id}");
    assert_eq!(created["version"], 1);
    assert_eq!(created["url"], format!("http://{}/s/{id}", app.address));
    assert_eq!(answer.header("location"), created["url"]);
    assert!(created["deletion_token"].as_str().is_some_and(|it| it.starts_with("mfd_") && it.len() > 40));

    for reference in [id.clone(), format!("{id}@1")] {
        let answer = snippet(&app, &reference).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
        let found = answer.json();
        assert_eq!(
            (&found["id"], &found["version"], &found["latest_version"]),
            (&json!(id), &json!(1), &json!(1))
        );
        assert_eq!((&found["title"], &found["source"]), (&json!("Hello"), &json!("console.log(1)\n")));
        assert_eq!((&found["language"], &found["mode"]), (&json!("typescript"), &json!("module")));
        assert_eq!((&found["input"], &found["stdin"]), (&json!({"a": [1, 2.5]}), &json!(["Ada"])));
        assert_eq!(found["output"]["console"], recording()["console"]);
        assert_eq!(
            (&found["output"]["engine"], &found["output"]["mayfly"]),
            (&json!("V8 1.2.3"), &json!(env!("CARGO_PKG_VERSION")))
        );
        assert!(
            !found.as_object().expect("an object").contains_key("deletion_token")
                && !answer.text().contains("mfd_")
        );
        assert!(found["created_at"].as_str().is_some_and(|it| it.ends_with('Z')), "{found}");
    }
    // Who shares the same again has their own.
    let again = json!({"source": "console.log(1)\n"});
    assert_ne!(shared(&app, again.clone()).await.0, shared(&app, again).await.0);
}

#[actix_web::test]
async fn several_files_and_a_parent_are_kept() {
    let app = FakeApp::start(&[]).await;
    let files = json!([{"name": "lib/a.ts", "content": "export const a = 1;"}, {"name": "main.ts", "content": "import './lib/a.ts'"}]);
    let (id, _) = shared(&app, json!({"files": files, "entry": "main.ts"})).await;
    assert_eq!(snippet(&app, &id).await.json()["files"], files);
    for parent in [id.clone(), format!("{id}@1")] {
        let (fork, _) = shared(&app, json!({"source": "2", "parent": parent})).await;
        assert_eq!(snippet(&app, &fork).await.json()["parent"], parent);
    }
    let missing = format!("{id}@2");
    let detail = share(&app, json!({"source": "2", "parent": missing})).await.expect_problem(400);
    assert!(detail.contains("there is no such snippet"), "{detail}");
}

#[actix_web::test]
async fn bad_input_is_told_what_is_wrong() {
    let app = FakeApp::start(&["--source-bytes=100", "--snippet-output-bytes=1000"]).await;
    for (body, status, words) in [
        (json!([]), 400, "not a JSON object"),
        (json!({}), 400, "There is no program"),
        (json!({"source": 1}), 400, "expected a string"),
        (json!({"source": "", "sauce": 1}), 400, "unknown field `sauce`"),
        (json!({"source": "", "files": []}), 400, "both `source` and `files`"),
        (json!({"source": "", "language": "cobol"}), 400, "expected one of `javascript`"),
        (json!({"files": [{"name": "../x", "content": ""}]}), 400, "no name of a file"),
        (json!({"source": "", "expires_in": 59}), 400, "from 60"),
        (json!({"source": "", "expires_in": -1}), 400, "invalid value"),
        (json!({"source": "", "parent": "x"}), 400, "no snippet is called so"),
        (json!({"source": "", "output": {"console": [], "outcome": "won"}}), 400, "unknown variant `won`"),
        (json!({"source": "x".repeat(101)}), 413, "`source` takes 101 bytes; at most 100"),
        (json!({"source": "", "title": "x".repeat(201)}), 413, "at most 200"),
        (json!({"source": "", "input": "x".repeat(101)}), 413, "`input` takes"),
    ] {
        let answer = share(&app, body.clone()).await;
        let detail = answer.expect_problem(status);
        assert!(detail.contains(words), "{body}: {detail}");
    }
    let mut long = recording();
    long["console"][0]["text"] = "x".repeat(1_000).into();
    assert!(
        share(&app, json!({"source": "", "output": long})).await.expect_problem(413).contains("at most 1000")
    );
    let much = vec![b' '; 420_000];
    request(app.address, "POST", "/api/v1/snippets", &[JSON], much).await.expect_problem(413);
    request(app.address, "POST", "/api/v1/snippets", &[], "{}").await.expect_problem(415);
}

#[actix_web::test]
async fn a_change_is_a_new_version_and_the_old_one_stays() {
    let app = FakeApp::start(&["--snippet-versions=4"]).await;
    let (id, token) =
        shared(&app, json!({"title": "T", "source": "one", "input": 1, "output": recording()})).await;

    let answer = with_token(&app, "PATCH", &id, &token, json!({"title": "U"})).await;
    assert_eq!((answer.status, &answer.json()["version"]), (200, &json!(2)), "{}", answer.text());
    let second = snippet(&app, &id).await.json();
    assert_eq!(
        (&second["title"], &second["source"], &second["version"]),
        (&json!("U"), &json!("one"), &json!(2))
    );
    assert!(second["output"].is_object(), "the same program does the same");

    with_token(&app, "PATCH", &id, &token, json!({"source": "two", "title": null})).await;
    let third = snippet(&app, &id).await.json();
    assert_eq!((&third["source"], &third["input"], &third["version"]), (&json!("two"), &json!(1), &json!(3)));
    assert!(third["title"].is_null() && third["output"].is_null(), "what another program printed is gone");

    with_token(
        &app,
        "PATCH",
        &id,
        &token,
        json!({"files": [{"name": "a.js", "content": "3"}], "input": null}),
    )
    .await;
    let fourth = snippet(&app, &id).await.json();
    assert!(fourth["source"].is_null() && fourth["input"].is_null());
    assert_eq!(fourth["files"][0]["content"], "3");

    let first = snippet(&app, &format!("{id}@1")).await.json();
    assert_eq!(
        (&first["source"], &first["version"], &first["latest_version"]),
        (&json!("one"), &json!(1), &json!(4))
    );
    assert_eq!(first["url"], format!("http://{}/s/{id}@1", app.address));
    snippet(&app, &format!("{id}@5")).await.expect_problem(404);
    let full = with_token(&app, "PATCH", &id, &token, json!({"source": "five"})).await.expect_problem(409);
    assert!(full.contains("has 4 versions"), "{full}");
    // A version itself can't be changed.
    let answer = with_token(&app, "PATCH", &format!("{id}@1"), &token, json!({"source": "x"})).await;
    answer.expect_problem(405);
    assert_eq!(answer.header("allow"), "GET, HEAD, OPTIONS");
}

#[actix_web::test]
async fn only_whoever_shared_it_changes_and_deletes_it() {
    let app = FakeApp::start(&[]).await;
    let (id, token) = shared(&app, json!({"source": "mine"})).await;
    let (other, others_token) = shared(&app, json!({"source": "other"})).await;
    let path = format!("/api/v1/snippets/{id}");
    for method in ["PATCH", "DELETE"] {
        let answer = request(app.address, method, &path, &[JSON], "{}").await;
        answer.expect_problem(401);
        assert_eq!(answer.header("www-authenticate"), "Bearer");
        for wrong in [others_token.as_str(), "mfd_", &token[1..], &format!("{token}0")] {
            with_token(&app, method, &id, wrong, json!({})).await.expect_problem(403);
        }
        with_token(&app, method, "2222222222zz", &token, json!({})).await.expect_problem(404);
    }
    assert_eq!(with_token(&app, "DELETE", &id, &token, json!(null)).await.status, 204);
    snippet(&app, &id).await.expect_problem(404);
    with_token(&app, "DELETE", &id, &token, json!(null)).await.expect_problem(404);
    assert_eq!(snippet(&app, &other).await.status, 200);
}

#[actix_web::test]
async fn what_has_expired_is_gone_before_it_is_deleted_and_then_deleted() {
    let app = FakeApp::start(&[
        "--snippet-purge-interval=1h",
        "--snippet-max-age=2h",
        "--snippet-unopened-age=never",
    ])
    .await;
    let answer = share(&app, json!({"source": "1", "expires_in": 60})).await;
    assert!(answer.json()["expires_at"].is_string());
    let kept = share(&app, json!({"source": "1", "expires_in": 3_155_760_000_u64})).await.json();
    let soon = Timestamp::now().after(Duration::from_secs(7_300)).to_string();
    assert!(kept["expires_at"].as_str().expect("a time") < soon.as_str(), "no longer than any may be kept");
    let old = expired(&app).await;
    assert!(snippet(&app, &old).await.expect_problem(410).contains("1970-01-01T00:00:01Z"));
    for path in
        [format!("/s/{old}"), format!("/s/{old}/raw"), format!("/s/{old}.js"), format!("/s/{old}/card.png")]
    {
        assert_eq!(get(app.address, &path, &[]).await.status, 410, "{path}");
    }
    drop(app);

    let app = FakeApp::start(&["--snippet-purge-interval=20ms"]).await;
    shared(&app, json!({"source": "1"})).await;
    let old = expired(&app).await;
    until("it is deleted", || async { snippet(&app, &old).await.status == 404 }).await;
}

#[actix_web::test]
async fn what_is_not_there_is_said_to_be_missing() {
    let app = FakeApp::start(&[]).await;
    for reference in
        ["2222222222zz", "2222222222zz@1", "short", "2222222222zz@0", "..", "%00", "2222222222zz@x"]
    {
        snippet(&app, reference).await.expect_problem(404);
        for path in
            [format!("/s/{reference}"), format!("/s/{reference}/raw"), format!("/s/{reference}/card.png")]
        {
            let answer = get(app.address, &path, &[]).await;
            assert_eq!(
                (answer.status, answer.header("content-type")),
                (404, "text/html; charset=utf-8"),
                "{path}"
            );
        }
    }
    let answer = request(app.address, "PUT", "/api/v1/snippets/2222222222zz", &[], "").await;
    assert_eq!((answer.status, answer.header("allow")), (405, "GET, HEAD, PATCH, DELETE, OPTIONS"));
}

#[actix_web::test]
async fn each_client_may_share_only_so_often() {
    let app = FakeApp::start(&["--snippet-rate-limit=2/h"]).await;
    let (id, token) = shared(&app, json!({"source": "1"})).await;
    with_token(&app, "PATCH", &id, &token, json!({"source": "2"})).await;
    let answer = share(&app, json!({"source": "3"})).await;
    assert!(answer.expect_problem(429).contains("at most 2 an hour"), "{}", answer.text());
    assert!(answer.header("retry-after").parse::<u64>().is_ok_and(|it| it > 60));
    with_token(&app, "DELETE", &id, &token, json!({})).await.expect_problem(429);
    assert_eq!(snippet(&app, &id).await.status, 200, "reading has a rate of its own");
}

#[actix_web::test]
async fn a_full_store_takes_no_more() {
    let app =
        FakeApp::start(&["--database-bytes=1MiB", "--source-bytes=600KiB", "--snippet-purge-interval=10ms"])
            .await;
    let big = json!({"source": "x".repeat(200_000)});
    shared(&app, big.clone()).await;
    let answer = loop {
        let answer = share(&app, big.clone()).await;
        if answer.status != 201 {
            break answer;
        }
    };
    let detail = answer.expect_problem(507);
    assert!(detail.contains("no room for more snippets"), "{detail}");
    assert_eq!(answer.json()["full"], "store");
    until("the server to say that it is full", || async {
        let notes = get(app.address, "/healthz", &[]).await.json()["notes"].to_string();
        notes.contains("% of store.bytes are used")
    })
    .await;
}

#[actix_web::test]
async fn one_client_can_not_fill_the_store() {
    let flags = ["--snippet-client-bytes=64KiB", "--snippet-client-count=3", "--trusted-proxies=127.0.0.1"];
    let app = FakeApp::start(&flags).await;
    let share_from = async |address: &str, source: &str| {
        let headers = [JSON, ("x-forwarded-for", address)];
        let body = json!({"source": source}).to_string();
        request(app.address, "POST", "/api/v1/snippets", &headers, body).await
    };
    // By count.
    let mut first = Value::Null;
    for number in 0..3 {
        let answer = share_from("192.0.2.1", "1").await;
        assert_eq!(answer.status, 201, "{number}: {}", answer.text());
        first = answer.json();
    }
    assert_eq!(first["unopened_seconds"], 180 * 86_400);
    let answer = share_from("192.0.2.1", "1").await;
    let detail = answer.expect_problem(507);
    assert!(detail.contains("3 shared programs, or 64 KiB together. Delete some"), "{detail}");
    assert!(detail.contains("What nobody opens for 180 days goes by itself"), "{detail}");
    assert_eq!(answer.json()["full"], "client");
    assert_eq!(share_from("192.0.2.2", "1").await.status, 201, "others have shares of their own");
    // By bytes, versions among them.
    let answer = share_from("192.0.2.3", &"x".repeat(40_000)).await;
    assert_eq!(answer.status, 201);
    let big = answer.json();
    let text = |field: &str| big[field].as_str().expect("a text").to_owned();
    let answer = share_from("192.0.2.3", &"x".repeat(40_000)).await;
    assert_eq!((answer.status, answer.json()["full"].as_str()), (507, Some("client")));
    let longer = json!({"source": "y".repeat(40_000)});
    let answer = with_token(&app, "PATCH", &text("id"), &text("deletion_token"), longer).await;
    assert_eq!((answer.status, answer.json()["full"].as_str()), (507, Some("client")), "whoever sends it");
    // What is deleted makes room.
    let (id, token) =
        (first["id"].as_str().expect("a text"), first["deletion_token"].as_str().expect("a text"));
    assert_eq!(with_token(&app, "DELETE", id, token, json!({})).await.status, 204);
    assert_eq!(share_from("192.0.2.1", "1").await.status, 201);
    // Whoever has a /48 does not get a share for each of its 65,536 networks.
    let mut kept = 0;
    let full = loop {
        let answer = share_from(&format!("2001:db8:1:{kept:x}::1"), "1").await;
        if answer.status != 201 {
            break answer.json()["full"].clone();
        }
        kept += 1;
    };
    assert_eq!((kept, full), (12, json!("network")));
    assert_eq!(share_from("2001:db8:2::1", "1").await.status, 201, "another /48");
    let file = std::fs::read(app.folder.path().join(SQLITE_FILE)).expect("the store");
    let log = std::fs::read(app.folder.path().join(format!("{SQLITE_FILE}-wal"))).unwrap_or_default();
    for bytes in [file, log] {
        for clear in [&b"192.0.2.1"[..], b"2001:db8", &[192, 0, 2, 1], &[0x20, 1, 0xd, 0xb8]] {
            assert!(!bytes.windows(clear.len()).any(|it| it == clear), "no address is kept: {clear:?}");
        }
    }
}

#[actix_web::test]
async fn what_nobody_opens_is_deleted_in_the_end() {
    let app = FakeApp::start(&["--snippet-purge-interval=10ms"]).await;
    let (new, _) = shared(&app, json!({"source": "1"})).await;
    let settings =
        StoreSettings { database: Database::Sqlite, connections: 1, timeout: Duration::from_secs(10) };
    let store = Sqlite::new(&app.folder.path().join(SQLITE_FILE), &settings);
    let old = old_snippet(None);
    store.create(&old, &share_of("192.0.2.1")).await.expect("it is kept");
    // The store itself is asked, as whoever opens a snippet renews it.
    let reference = mayfly::snippets::Reference { id: old.id.clone(), version: None };
    until("the old one to go", || async { store.find(&reference).await.expect("it answers").is_none() })
        .await;
    assert_eq!(snippet(&app, old.id.as_str()).await.status, 404);
    assert_eq!(snippet(&app, &new).await.status, 200);
}

/// Waits for the server to have its tables: whoever opens the file at the same time would make them, too.
async fn store_to_be_open(app: &FakeApp) {
    until("the store to be open", || async { snippet(app, "7Xq2mPz9RtKb").await.status == 404 }).await;
}

#[actix_web::test]
async fn to_open_a_snippet_renews_it() {
    // Nothing is deleted meanwhile: a server looks for what is old when it starts.
    let app = FakeApp::start(&["--snippet-unopened-age=never"]).await;
    store_to_be_open(&app).await;
    let settings =
        StoreSettings { database: Database::Sqlite, connections: 1, timeout: Duration::from_secs(10) };
    let store = Sqlite::new(&app.folder.path().join(SQLITE_FILE), &settings);
    for path in ["/s/{}", "/s/{}/raw", "/api/v1/snippets/{}"] {
        let old = old_snippet(None);
        store.create(&old, &share_of("192.0.2.1")).await.expect("it is kept");
        let before = Timestamp::now();
        let path = path.replace("{}", old.id.as_str());
        assert_eq!(get(app.address, &path, &[]).await.status, 200);
        let reference = mayfly::snippets::Reference { id: old.id.clone(), version: None };
        let found = store.find(&reference).await.expect("it answers").expect("it is there");
        assert!(found.opened_at >= before, "{path}");
    }
}

#[actix_web::test]
async fn full_store_evicts_what_was_opened_longest_ago() {
    let flags = ["--database-bytes=1MiB", "--source-bytes=600KiB", "--snippet-purge-interval=1h"];
    let app = FakeApp::start(&[&flags[..], &["--snippet-unopened-age=never"]].concat()).await;
    store_to_be_open(&app).await;
    let settings =
        StoreSettings { database: Database::Sqlite, connections: 1, timeout: Duration::from_secs(10) };
    let store = Sqlite::new(&app.folder.path().join(SQLITE_FILE), &settings);
    let (mut old, mut opened) = (old_snippet(None), old_snippet(None));
    for snippet in [&mut old, &mut opened] {
        snippet.content.source = Some("x".repeat(300_000));
        store.create(snippet, &share_of("192.0.2.1")).await.expect("it is kept");
    }
    assert_eq!(snippet(&app, opened.id.as_str()).await.status, 200, "somebody opens the one");
    // Nobody can take more than the old one, however often he tries.
    let mut full = Value::Null;
    for _ in 0..5 {
        let answer = share(&app, json!({"source": "y".repeat(300_000)})).await;
        if answer.status != 201 {
            full = answer.json()["full"].clone();
        }
    }
    assert_eq!(full, "store");
    assert_eq!(snippet(&app, old.id.as_str()).await.status, 404);
    assert_eq!(snippet(&app, opened.id.as_str()).await.status, 200);
}

#[actix_web::test]
async fn pages_of_other_origins_may_share_if_the_settings_allow_them() {
    let app = FakeApp::start(&["--allowed-origins=https://school.example"]).await;
    for (origin, status) in [("https://school.example", 201), ("https://evil.example", 403)] {
        let headers = [JSON, ("origin", origin)];
        let answer = request(app.address, "POST", "/api/v1/snippets", &headers, r#"{"source":"1"}"#).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("access-control-allow-origin") == origin, status == 201);
        let asks = [("origin", origin), ("access-control-request-method", "DELETE")];
        let answer = request(app.address, "OPTIONS", "/api/v1/snippets/2222222222zz", &asks, "").await;
        assert_eq!(answer.status, if status == 201 { 204 } else { 403 });
        let methods = answer.header("access-control-allow-methods");
        assert_eq!(methods.contains("DELETE"), status == 201, "{methods}");
    }
}

#[actix_web::test]
async fn the_page_shows_code_and_output_without_javascript() {
    let app = FakeApp::start(&[]).await;
    let source = "console.log('<b>hello</b>');\n// </script><script>alert(1)</script>";
    let (id, _) =
        shared(&app, json!({"title": "A <i>title</i>", "source": source, "output": recording()})).await;
    let page = get(app.address, &format!("/s/{id}"), &[]).await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    let html = page.text();
    for part in [
        "A &#60;i&#62;title&#60;/i&#62; · Mayfly</title>",
        "<code>console.log('&lt;b>hello&lt;/b>');\n// &lt;/script>&lt;script>alert(1)",
        "<span class=\"text\">&lt;b>hello&lt;/b></span>",
        "<details class=\"static-tree\"><summary><span class=\"v-object\">{deep: {…}}</span></summary>",
        "<span class=\"k-key\">x</span>: <span class=\"v-number\">1.5</span>",
        ">42</span>",
        "data-tone=\"good\">Completed</span>",
        "by V8 1.2.3 and Mayfly",
    ] {
        assert!(html.contains(part), "{part}\n{html}");
    }
    let base = format!("http://{}", app.address);
    for part in [
        format!("<meta property=\"og:url\" content=\"{base}/s/{id}\">"),
        format!("<meta property=\"og:image\" content=\"{base}/s/{id}@1/card.png\">"),
        format!("<link rel=\"canonical\" href=\"{base}/s/{id}\">"),
        "type=\"application/json+oembed\"".to_owned(),
        format!("href=\"/s/{id}@1/raw\""),
    ] {
        assert!(html.contains(&part), "{part}\n{html}");
    }
    let (shown, data) = html.split_once("id=\"snippet\">").expect("data");
    assert!(
        !shown.contains("<b>") && !shown.contains("<i>") && !html.contains("alert(1)</script>"),
        "{html}"
    );
    // The whole of it, for the page's scripts: the program here, the output at its own address.
    let data: Value = serde_json::from_str(data.split("</script>").next().expect("data")).expect("JSON");
    assert_eq!((&data["id"], &data["source"]), (&json!(id), &json!(source)));
    assert_eq!(
        (&data["output"], &data["output_url"]),
        (&Value::Null, &json!(format!("/api/v1/snippets/{id}@1/output")))
    );
    let output = get(app.address, &format!("/api/v1/snippets/{id}/output"), &[]).await;
    assert_eq!((output.status, output.header("content-type")), (200, "application/json"));
    assert_eq!(output.json()["console"], recording()["console"]);
    // The editor itself has none of that.
    assert!(!get(app.address, "/", &[]).await.text().contains("id=\"snippet\""));
}

#[actix_web::test]
async fn files_are_text_or_something_to_keep_but_never_a_script() {
    let app = FakeApp::start(&[]).await;
    let (id, _) = shared(&app, json!({"source": "<script>1</script>"})).await;
    let raw = get(app.address, &format!("/s/{id}/raw"), &[]).await;
    assert_eq!((raw.status, raw.header("content-type")), (200, "text/plain; charset=utf-8"));
    assert_eq!(
        (raw.text().as_str(), raw.header("x-content-type-options")),
        ("<script>1</script>", "nosniff")
    );

    let path = format!("/s/{id}@1.js");
    let file = get(app.address, &path, &[("sec-fetch-dest", "document")]).await;
    assert_eq!((file.status, file.header("content-type")), (200, "text/javascript; charset=utf-8"));
    assert_eq!(file.header("content-disposition"), format!("attachment; filename=\"main-{id}.js\""));
    assert_eq!(file.header("x-content-type-options"), "nosniff");
    for kind in ["script", "worker", "serviceworker", "sharedworker", "audioworklet", "style", "iframe"] {
        assert_eq!(get(app.address, &path, &[("sec-fetch-dest", kind)]).await.status, 403, "{kind}");
    }
    let wrong = get(app.address, &format!("/s/{id}.ts"), &[]).await;
    assert!(wrong.status == 404 && wrong.text().contains(&format!("/s/{id}.js")), "{}", wrong.text());

    let files = json!([{"name": "b.js", "content": "b"}, {"name": "src/main.tsx", "content": "main"}]);
    let (id, _) = shared(&app, json!({"files": files})).await;
    assert_eq!(
        get(app.address, &format!("/s/{id}/raw"), &[]).await.text(),
        "b",
        "the first, where none is called main"
    );
    let (id, _) = shared(&app, json!({"files": files, "entry": "src/main.tsx"})).await;
    assert_eq!(get(app.address, &format!("/s/{id}/raw"), &[]).await.text(), "main");
    assert_eq!(get(app.address, &format!("/s/{id}/raw?file=b.js"), &[]).await.text(), "b");
    assert_eq!(get(app.address, &format!("/s/{id}/raw?file=c.js"), &[]).await.status, 404);
    let file = get(app.address, &format!("/s/{id}.tsx"), &[]).await;
    assert_eq!((file.status, file.header("content-type")), (200, "text/plain; charset=utf-8"));
}

#[actix_web::test]
async fn the_picture_is_a_png_of_the_size_that_previews_want() {
    let app = FakeApp::start(&[]).await;
    let (id, _) = shared(&app, json!({"title": "Sieve", "source": "let a = 1;\n".repeat(40)})).await;
    for _ in 0..2 {
        let card = get(app.address, &format!("/s/{id}/card.png"), &[]).await;
        assert_eq!((card.status, card.header("content-type")), (200, "image/png"));
        assert_eq!(card.header("cross-origin-resource-policy"), "cross-origin");
        assert!(card.body.starts_with(b"\x89PNG\r\n\x1a\n"));
        assert_eq!(card.body[16..24], [0, 0, 0x04, 0xb0, 0, 0, 0x02, 0x76], "1200 by 630");
    }
}

#[actix_web::test]
async fn oembed_tells_how_to_show_it() {
    let app = FakeApp::start(&[]).await;
    let (id, _) = shared(&app, json!({"title": "\"><script>", "source": "1"})).await;
    let url = format!("http://{}/s/{id}", app.address);
    let answer = get(app.address, &format!("/oembed?url={url}&maxwidth=400"), &[]).await;
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, "application/json"),
        "{}",
        answer.text()
    );
    let told = answer.json();
    assert_eq!(
        (&told["version"], &told["type"], &told["width"]),
        (&json!("1.0"), &json!("rich"), &json!(400))
    );
    let html = told["html"].as_str().expect("a text");
    assert!(html.contains(&format!("/embed/frame?snippet={id}")) && !html.contains("<script>"), "{html}");
    assert_eq!(told["thumbnail_url"], format!("{url}@1/card.png"));
    for (query, status) in [
        (String::new(), 400),
        (format!("?url={url}&format=xml"), 501),
        (format!("?url=http://evil.example/s/{id}"), 404),
        (format!("?url=http://{}/x/{id}", app.address), 404),
        (format!("?url={url}x"), 404),
        (format!("?url={url}&maxwidth=wide"), 400),
    ] {
        assert_eq!(get(app.address, &format!("/oembed{query}"), &[]).await.status, status, "{query}");
    }
}

#[actix_web::test]
async fn links_are_where_visitors_find_the_server() {
    let app = FakeApp::start(&["--public-url=https://play.example.org/"]).await;
    let url = share(&app, json!({"source": "1"})).await.json()["url"].as_str().expect("a text").to_owned();
    assert!(url.starts_with("https://play.example.org/s/"), "{url}");
    let app = FakeApp::start(&["--trusted-proxies=127.0.0.1"]).await;
    let headers = [JSON, ("x-forwarded-proto", "https"), ("x-forwarded-for", "192.0.2.1")];
    let answer = request(app.address, "POST", "/api/v1/snippets", &headers, r#"{"source":"1"}"#).await;
    assert!(answer.header("location").starts_with(&format!("https://{}/s/", app.address)));
    let app = FakeApp::start(&[]).await;
    let answer = request(app.address, "POST", "/api/v1/snippets", &headers, r#"{"source":"1"}"#).await;
    assert!(answer.header("location").starts_with("http://"), "nobody else is believed");
}
