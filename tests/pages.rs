//! Pages of shared programs whose recordings are hostile, and readers who are.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use mayfly::snippets::sqlite::Sqlite;
use mayfly::snippets::{
    Content, Database, DeletionToken, SQLITE_FILE, Snippet, SnippetId, Store, StoreSettings, Timestamp,
};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Answer, FakeApp, TestApp, get, post, request, soon, until};

const JSON: (&str, &str) = ("content-type", "application/json");

async fn share(address: SocketAddr, body: Value) -> Answer {
    request(address, "POST", "/api/v1/snippets", &[JSON], body.to_string()).await
}

async fn shared(address: SocketAddr, body: Value) -> String {
    let answer = share(address, body).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()["id"].as_str().expect("an id").to_owned()
}

fn event(fields: Value) -> Value {
    let mut event = json!({"level": "log", "args": [], "text": "", "line": 1, "column": 1, "at_ms": 0});
    for (name, value) in fields.as_object().expect("fields") {
        event[name] = value.clone();
    }
    event
}

/// One value of 600 KB that a message names 40,000 times: 24 GB of text.
fn repeated() -> Value {
    let parts = vec![json!({"type": "value", "arg": 0}); 40_000];
    let args = json!([{"type": "bigint", "value": "9".repeat(600_000)}]);
    let event = event(json!({"args": args, "text": "99…", "format": {"parts": parts, "consumed": 1}}));
    json!({"console": [event], "outcome": "completed"})
}

/// About 2 MB of the character that HTML spells longest, as long as a run's strings can be.
fn long() -> Value {
    let text = "<".repeat(60_000);
    let event = event(json!({"args": [{"type": "string", "value": text, "length": text.len()}],
        "text": "<".repeat(4_000)}));
    json!({"console": vec![event; 31], "outcome": "completed"})
}

/// A snippet with this recording, put into a server's store as an older version may have done.
async fn stored(folder: &Path, output: &Value) -> String {
    let settings =
        StoreSettings { database: Database::Sqlite, connections: 1, timeout: Duration::from_secs(10) };
    let store = Sqlite::new(&folder.join(SQLITE_FILE), &settings);
    let now = Timestamp::now();
    let snippet = Snippet {
        id: SnippetId::random(),
        version: 1,
        latest: 1,
        parent: None,
        created_at: now,
        revised_at: now,
        opened_at: now,
        expires_at: None,
        token_hash: DeletionToken::random().expect("random").hash(),
        content: Content { source: Some("the_program()".to_owned()), ..Content::default() },
        output: Some(RawValue::from_string(output.to_string()).expect("JSON")),
    };
    store.create(&snippet, &crate::store::whole()).await.expect("it is kept");
    snippet.id.to_string()
}

/// A reader who asks for this and then takes nothing but the head of the answer.
async fn stalled(address: SocketAddr, path: &str, headers: &str) -> (TcpStream, u16) {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.expect("it is sent");
    let mut head = [0; 12];
    soon("a head", stream.read_exact(&mut head)).await.expect("a head");
    let head = String::from_utf8_lossy(&head).into_owned();
    (stream, head["HTTP/1.1 ".len()..].parse().expect("a status"))
}

#[actix_web::test]
async fn a_recording_that_no_run_makes_is_rejected() {
    let app = FakeApp::start(&[]).await;
    let deep = (0..30).fold(
        json!({"type": "null"}),
        |inner, _| json!({"type": "object", "kind": "array", "text": "", "length": 1, "items": [inner]}),
    );
    let wide = json!({"columns": ["(index)"], "more_rows": 0, "more_columns": 0,
        "rows": [{"index": "0", "cells": vec![json!({"type": "null"}); 100]}]});
    let console = |event: Value| json!({"console": [event], "outcome": "completed"});
    for (output, words) in [
        (repeated(), "`output.console[0].args[0]` is no BigInt"),
        (console(event(json!({"args": [deep]}))), "is over 24 levels deep"),
        (
            console(event(json!({"kind": "table", "table": wide}))),
            "`output.console[0].table.rows[0]` has 100 cells",
        ),
        (console(event(json!({"kind": "hologram"}))), "unknown variant `hologram`"),
    ] {
        let detail = share(app.address, json!({"source": "1", "output": output})).await.expect_problem(400);
        assert!(detail.contains(words), "{words}: {detail}");
    }
}

/// The attack that once ended the server, and again after each restart.
#[actix_web::test]
async fn a_stored_attack_is_shown_by_its_program_alone() {
    let mut app = TestApp::start();
    shared(app.address, json!({"source": "1"})).await;
    let id = stored(&app.data_dir(), &repeated()).await;
    let before = app.resident_bytes();
    let page = get(app.address, &format!("/s/{id}"), &[]).await;
    assert_eq!(page.status, 200);
    let html = page.text();
    let address = format!("/api/v1/snippets/{id}@1/output");
    for part in
        ["the_program()", "is not what a run does, so it is not shown.", &format!("<a href=\"{address}\">")]
    {
        assert!(html.contains(part), "{part}");
    }
    assert!(html.len() < 1 << 20, "{}", html.len());
    let output = get(app.address, &address, &[]).await;
    assert_eq!((output.status, output.json()["console"][0]["text"].clone()), (200, json!("99…")));
    for path in [format!("/s/{id}/card.png"), format!("/oembed?url=http://{}/s/{id}", app.address)] {
        let answer = get(app.address, &path, &[]).await;
        assert!(answer.status == 200 && answer.body.len() < 1 << 20, "{path}");
    }
    let grown = app.resident_bytes().saturating_sub(before);
    assert!(grown < 128 << 20, "{grown}");
    assert!(app.terminate(), "it is still there, and goes when it is told to");
}

#[actix_web::test]
async fn a_long_recording_is_cut_in_the_page_alone() {
    let app = FakeApp::start(&[]).await;
    let output = long();
    let id = shared(app.address, json!({"source": "1", "output": output})).await;
    let page = get(app.address, &format!("/s/{id}"), &[]).await.text();
    assert!(page.len() < 1 << 20, "{}", page.len());
    assert_eq!(page.matches("All of this row, as JSON").count(), 31);
    let address = format!("/api/v1/snippets/{id}@1/output");
    let all = get(app.address, &address, &[]).await;
    assert_eq!(all.json()["console"], output["console"]);
    let packed = get(app.address, &address, &[("accept-encoding", "gzip")]).await;
    assert_eq!(packed.header("content-encoding"), "gzip");
    assert!(packed.body.len() < all.body.len() / 10, "{}", packed.body.len());
    let missing = shared(app.address, json!({"source": "1"})).await;
    let detail =
        get(app.address, &format!("/api/v1/snippets/{missing}/output"), &[]).await.expect_problem(404);
    assert!(detail.contains("without its output"), "{detail}");
}

#[actix_web::test]
async fn a_change_is_seen_at_once_in_all_forms() {
    let app = FakeApp::start(&[]).await;
    let answer = share(app.address, json!({"title": "First", "source": "1", "output": long()})).await.json();
    let text = |field: &str| answer[field].as_str().expect("a text").to_owned();
    let (id, token) = (text("id"), format!("Bearer {}", text("deletion_token")));
    let paths = [
        "/s/ID",
        "/s/ID/raw",
        "/s/ID/card.png",
        "/s/ID.js",
        "/api/v1/snippets/ID",
        "/api/v1/snippets/ID/output",
    ]
    .map(|path| path.replace("ID", &id));
    for path in &paths {
        assert_eq!(get(app.address, path, &[]).await.status, 200, "{path}");
    }
    let headers = [JSON, ("authorization", token.as_str())];
    let change = json!({"title": "Second", "source": "2"}).to_string();
    let path = format!("/api/v1/snippets/{id}");
    assert_eq!(request(app.address, "PATCH", &path, &headers, change).await.status, 200);
    assert!(get(app.address, &paths[0], &[]).await.text().contains("Second"));
    assert_eq!(get(app.address, &paths[1], &[]).await.text(), "2");
    assert_eq!(get(app.address, &paths[4], &[]).await.json()["title"], "Second");
    assert_eq!(get(app.address, &paths[5], &[]).await.status, 404, "another program has printed that");
    assert!(get(app.address, &format!("/s/{id}@1"), &[]).await.text().contains("First"));
    assert_eq!(request(app.address, "DELETE", &path, &headers, "").await.status, 204);
    for path in paths {
        assert_eq!(get(app.address, &path, &[]).await.status, 404, "{path}");
    }
}

#[actix_web::test]
async fn slow_readers_hold_little_of_the_server() {
    let app =
        TestApp::with(&["--response-bytes-in-flight-per-client=1GiB", "--response-bytes-in-flight=1GiB"]);
    let id = shared(app.address, json!({"source": "1", "output": long()})).await;
    let paths =
        [format!("/api/v1/snippets/{id}/output"), format!("/s/{id}"), format!("/api/v1/snippets/{id}")];
    for path in &paths {
        assert_eq!(get(app.address, path, &[]).await.status, 200);
    }
    let before = app.resident_bytes();
    let mut readers = Vec::new();
    for at in 0..120 {
        let (reader, status) = stalled(app.address, &paths[at % 3], "").await;
        assert_eq!(status, 200);
        readers.push(reader);
    }
    // When it answers others, what it could hold for these is held.
    assert_eq!(post(app.address, r#"{"source":"1"}"#).await.status, 200);
    let grown = app.resident_bytes().saturating_sub(before);
    assert!(grown < 32 << 20, "{grown} bytes for {} readers", readers.len());
}

#[actix_web::test]
async fn a_client_has_only_so_much_in_flight() {
    let flags = ["--response-bytes-in-flight-per-client=64KiB", "--trusted-proxies=127.0.0.1"];
    let app = FakeApp::start(&flags).await;
    let id = shared(app.address, json!({"source": "1", "output": long()})).await;
    let path = format!("/api/v1/snippets/{id}/output");
    let (reader, status) = stalled(app.address, &path, "x-forwarded-for: 192.0.2.1\r\n").await;
    assert_eq!(status, 200, "a single answer may be longer");
    let theirs = [("x-forwarded-for", "192.0.2.1")];
    let refused = get(app.address, &path, &theirs).await;
    let detail = refused.expect_problem(429);
    assert!(
        detail.contains("has not taken earlier answers") && refused.header("retry-after") == "5",
        "{detail}"
    );
    let page = get(app.address, &format!("/s/{id}"), &theirs).await;
    assert_eq!((page.status, page.header("content-type")), (429, "text/html; charset=utf-8"));
    assert_eq!(get(app.address, &path, &[("x-forwarded-for", "192.0.2.2")]).await.status, 200);
    drop(reader);
    until("it is free again", || async { get(app.address, &path, &theirs).await.status == 200 }).await;
}

#[actix_web::test]
async fn all_clients_have_only_so_much_in_flight() {
    let flags = ["--response-bytes-in-flight=2MiB", "--trusted-proxies=127.0.0.1"];
    let app = FakeApp::start(&flags).await;
    let id = shared(app.address, json!({"source": "1", "output": long()})).await;
    let path = format!("/api/v1/snippets/{id}/output");
    let (reader, status) = stalled(app.address, &path, "x-forwarded-for: 192.0.2.1\r\n").await;
    assert_eq!(status, 200);
    let other = [("x-forwarded-for", "192.0.2.2")];
    let refused = get(app.address, &path, &other).await;
    assert!(refused.expect_problem(503).contains("as many answers on their way as it may"));
    assert_eq!(refused.header("retry-after"), "5");
    assert_eq!(get(app.address, "/healthz", &other).await.status, 200);
    drop(reader);
    until("it is free again", || async { get(app.address, &path, &other).await.status == 200 }).await;
}

#[actix_web::test]
async fn a_client_may_open_shared_programs_so_often() {
    let app = FakeApp::start(&["--snippet-read-rate-limit=6/h"]).await;
    let id = shared(app.address, json!({"source": "1", "output": long()})).await;
    let paths = [
        "/s/ID",
        "/s/ID/raw",
        "/s/ID/card.png",
        "/s/ID.js",
        "/api/v1/snippets/ID",
        "/api/v1/snippets/ID/output",
    ]
    .map(|path| path.replace("ID", &id));
    for path in &paths {
        assert_eq!(get(app.address, path, &[]).await.status, 200, "{path}");
    }
    for path in &paths {
        let answer = get(app.address, path, &[]).await;
        assert_eq!(answer.status, 429, "{path}");
        assert!(
            answer.text().contains("You open shared programs too fast: at most 6 an hour"),
            "{}",
            answer.text()
        );
        assert!(answer.header("retry-after").parse::<u64>().is_ok_and(|seconds| seconds > 60));
    }
    assert_eq!(get(app.address, "/", &[]).await.status, 200, "the editor is nobody's");
}

/// Eight who read as fast as they can, and one who runs programs.
#[actix_web::test]
async fn fast_readers_leave_runs_quick() {
    let app = TestApp::start();
    let id = shared(app.address, json!({"source": "1", "output": long()})).await;
    let path = format!("/s/{id}");
    let run = async || {
        let started = Instant::now();
        assert_eq!(post(app.address, r#"{"source":"1"}"#).await.status, 200);
        started.elapsed()
    };
    let median = |mut times: Vec<Duration>| {
        times.sort_unstable();
        times[times.len() / 2]
    };
    let mut alone = Vec::new();
    for _ in 0..50 {
        alone.push(run().await);
    }
    let readers: Vec<_> = (0..8)
        .map(|_| {
            let (address, path) = (app.address, path.clone());
            actix_web::rt::spawn(async move {
                loop {
                    assert_eq!(get(address, &path, &[("accept-encoding", "gzip")]).await.status, 200);
                }
            })
        })
        .collect();
    let mut beside = Vec::new();
    for _ in 0..50 {
        beside.push(run().await);
    }
    for reader in readers {
        reader.abort();
    }
    let (alone, beside) = (median(alone), median(beside));
    assert!(beside < 10 * alone + Duration::from_millis(15), "{alone:?} alone, {beside:?} beside readers");
}

/// Programs that go to the bounds of what the console shows: as many values, parts, rows, levels and digits as it can.
const REAL: [&str; 16] = [
    "console.log('%o %O %s %d %i %f %c x %% %j', {a: 1}, [1, 2], 's', 4.5, 7, 1.5, 'color:red', 9, 10)",
    "console.log('%o'.repeat(300), ...Array.from({length: 300}, (_, i) => ({i})))",
    "console.log('%s%o'.repeat(150), ...Array.from({length: 300}, (_, i) => i)); console.log(...new Array(500))",
    "let o = {}, c = o; for (let i = 0; i < 50; i++) c = c.a = {}; console.log(o); console.dir(o); o",
    "console.table(Array.from({length: 300}, () => Object.fromEntries(Array.from({length: 60}, (_, i) => ['k' + i, i]))));
     console.table(new Map([[1, {a: 2}]])); console.table(new Set([1, [2]])); console.table([[1, 2], [3]]);
     console.table({}); console.table(1)",
    "console.trace('x %o', {}); console.assert(false, 'a', {b: 1}); console.count(); console.countReset('q');
     console.time(); console.timeLog('default', 1, {}); console.timeEnd(); console.clear()",
    "for (let i = 0; i < 150; i++) console.group('g' + i); console.log('deep')",
    "console.log(2n ** 5000n, -(2n ** 90n), 10n ** 999n, 10n ** 1000n, -(10n ** 1000n), NaN, -0, -Infinity, 1e300)",
    "console.log([, , 1, , ], new Array(100000), (() => { let a = []; a[5000] = 1; a[100000] = 2; return a; })());
     (function () { arguments.length = 99999; console.log(arguments); arguments.length = 0; console.log(arguments); })(1)",
    "console.log(new Map([[{a: 1}, new Set([1])]]), new Set(Array.from({length: 500}, (_, i) => i)), new Map().entries(),
     new WeakMap(), Promise.resolve({a: 1}), new Proxy({}, {}), new String('abc'), Object(1n), globalThis)",
    "console.log(new Uint8Array(1000), new ArrayBuffer(16), new DataView(new ArrayBuffer(4)), new Float64Array([NaN]))",
    "console.log('x'.repeat(100000), '\\ud800', 'a\\u0000b', '\\u{1f98b}'.repeat(20000), {['k'.repeat(500)]: 'y'.repeat(5000)})",
    "console.log(new URL('https://a.example/?a=1&b=2'), new URLSearchParams('a=1&b=2'), new Headers({a: 'b'}))",
    "display.html('<b>x</b>'); display.svg('<svg></svg>'); display.markdown('# x', {alt: 'a'});
     display({'text/html': 'x', 'application/json': {a: 1}}); display.chart('line', [1, 2, 3]); display({a: 1})",
    "function f(n) { if (n === 0) throw new Error('deep', {cause: [1, {a: new Map([[1, 2]])}]}); f(n - 1); } f(200)",
    "console.dir(new (class B extends (class A extends Array {}) {})()); prompt('q?'); confirm('c'); while (true) {}",
];

#[actix_web::test]
async fn what_real_runs_print_is_accepted_and_shown() {
    let app = TestApp::start();
    for source in REAL {
        let run =
            json!({"source": source, "stdin": ["a", "y"], "limits": {"wall_ms": 3_000, "cpu_ms": 1_000}});
        let output = post(app.address, run.to_string()).await.json();
        assert!(output["outcome"].is_string(), "{output}");
        let id = shared(app.address, json!({"source": source, "output": output})).await;
        let html = get(app.address, &format!("/s/{id}"), &[]).await.text();
        assert!(!html.contains("is not what a run does"), "{source}");
    }
}
