//! Visitors who leave, or never read, while their programs run.

use std::time::Duration;

use serde_json::json;
use tokio::io::AsyncWriteExt;

use crate::support::{TestApp, until};

const PROMPT: Duration = Duration::from_secs(4);

#[actix_web::test]
async fn a_run_whose_visitor_left_is_killed_at_once() {
    let app = TestApp::with(&["--open-runs=1"]);
    for source in [
        "console.log(1); while (true) {}",
        "console.log(1); await new Promise((go) => setTimeout(go, 9_000))",
    ] {
        let mut socket = app.socket().await;
        socket.run(source).await;
        socket.wait_for("console").await;
        assert_eq!(app.open_runs().await, 1);
        drop(socket);
        let took = until("the place to be free", || async { app.open_runs().await == 0 }).await;
        assert!(took < PROMPT, "{took:?}");
    }
    app.run("1").expect_completed().await;
}

#[actix_web::test]
async fn a_run_over_http_whose_client_left_is_killed_at_once() {
    let app = TestApp::with(&["--open-runs=1"]);
    let body = json!({"source": "while (true) {}"}).to_string();
    let mut stream = tokio::net::TcpStream::connect(app.address).await.expect("the server listens");
    let head = format!(
        "POST /api/v1/run HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.expect("the server reads");
    until("the run to start", || async { app.open_runs().await == 1 }).await;
    drop(stream);
    let took = until("the place to be free", || async { app.open_runs().await == 0 }).await;
    assert!(took < PROMPT, "{took:?}");
}

#[actix_web::test]
async fn a_visitor_who_leaves_the_queue_leaves_no_gap() {
    let app = TestApp::with(&["--open-runs=1"]);
    let (mut first, mut second) = (app.socket().await, app.socket().await);
    let id = first.run("console.log(1); while (true) {}").await;
    first.wait_for("console").await;
    second.run("2").await;
    second.expect("queued").await;
    drop(second);
    until("the queue to be empty", || async { app.health().await["queued_runs"] == 0 }).await;
    first.send(json!({"type": "stop", "run_id": id})).await;
    first.wait_for("finished").await;
    app.run("3").expect_completed().await;
}

#[actix_web::test]
async fn a_client_that_never_reads_is_given_up_and_its_run_killed() {
    let app = TestApp::with(&[
        "--answer-timeout=500ms",
        "--limit-output-bytes=64MiB",
        "--limit-wall-ms=1m",
        "--limit-cpu-ms=1m",
    ]);
    let before = app.resident_bytes();
    let mut socket = app.socket().await;
    socket.run("for (;;) console.log('x'.repeat(5e4))").await;
    until("the run to start", || async { app.open_runs().await == 1 }).await;
    until("the run to be given up", || async { app.open_runs().await == 0 }).await;
    let grown = app.resident_bytes().saturating_sub(before);
    assert!(grown < 48 << 20, "the server grew by {} MiB for it", grown >> 20);
}
