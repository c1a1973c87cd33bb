//! `/metrics`: who may ask, and that what is told is what happened.

use std::collections::BTreeSet;

use serde_json::json;

use crate::support::{FakeApp, Origin, TestApp, get, post, request, until};

const TOKEN: &str = "0123456789abcdef";

/// The value of a series.
fn value(text: &str, series: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
}

/// All series, without their values.
fn series(text: &str) -> BTreeSet<&str> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| Some(line.rsplit_once(' ')?.0))
        .collect()
}

async fn metrics(app: &TestApp) -> String {
    let answer = get(app.address, "/metrics", &[("authorization", &format!("Bearer {TOKEN}"))]).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("content-type"), "application/openmetrics-text; version=1.0.0; charset=utf-8");
    answer.text()
}

#[actix_web::test]
async fn nobody_is_told_by_default() {
    let app = FakeApp::start(&[]).await;
    for headers in [&[][..], &[("authorization", "Bearer none")], &[("authorization", "Bearer ")]] {
        get(app.address, "/metrics", headers).await.expect_problem(404);
    }
}

#[actix_web::test]
async fn with_a_token_those_are_told_who_have_it() {
    let app = FakeApp::start(&[&format!("--metrics-token={TOKEN}")]).await;
    for headers in [&[][..], &[("authorization", "Bearer 0123456789abcdeg")], &[("authorization", TOKEN)]] {
        let answer = get(app.address, "/metrics", headers).await;
        assert!(answer.expect_problem(401).contains("take a token"));
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
    let answer = get(app.address, "/metrics", &[("authorization", &format!("Bearer {TOKEN}"))]).await;
    let text = answer.text();
    assert_eq!(value(&text, "mayfly_open_runs"), Some(2.0), "{text}");
    assert_eq!(value(&text, "mayfly_queue_length"), Some(3.0));
    assert_eq!(value(&text, "mayfly_warm_children"), Some(1.0));
}

#[actix_web::test]
async fn at_an_address_of_their_own_there_is_nothing_else_and_no_token() {
    let app = TestApp::with(&["--metrics-listen=127.0.0.1:0", "--log-format=json"]);
    let log = app.log();
    let mut said = log.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let said = said.find(|it| it["fields"]["message"] == "metrics are told here").expect("it says where");
    let address = said["fields"]["address"].as_str().and_then(|it| it.parse().ok()).expect("an address");
    let answer = get(address, "/metrics", &[]).await;
    assert!(value(&answer.text(), "process_open_fds").is_some_and(|files| files > 3.0), "{}", answer.text());
    assert_eq!(get(address, "/", &[]).await.status, 404);
    assert_eq!(get(address, "/healthz", &[]).await.status, 404);
    get(app.address, "/metrics", &[]).await.expect_problem(404);
}

#[actix_web::test]
async fn what_happens_is_counted() {
    let origin = Origin::start();
    let private = format!("--egress-allow-private={}", origin.address);
    let app = TestApp::with(&[&format!("--metrics-token={TOKEN}"), "--egress-allow=example.com", &private]);
    app.run("console.log(1)").expect_completed().await;
    app.run("throw 1").expect("failed").await;
    app.run("for (;;);").limit("wall_ms", 50).expect("timed_out").await;
    app.run("await fetch('http://other.example/').catch(() => 1)").expect_completed().await;
    let asks = "await (await fetch(input + '/echo', {method: 'POST', body: '1234567'})).text()";
    app.run(asks).input(json!(origin.url(""))).expect_completed().await;
    post(app.address, "{}").await.expect_problem(400);
    let mut socket = app.socket().await;
    socket.send_text("{}").await;
    socket.expect_rejected("bad_request").await;
    let shared = request(
        app.address,
        "POST",
        "/api/v1/snippets",
        &[("content-type", "application/json")],
        r#"{"source": "1"}"#,
    )
    .await;
    assert_eq!(shared.status, 201, "{}", shared.text());
    socket.run("console.log(2); for (;;);").await;
    socket.wait_for("console").await;
    let text = metrics(&app).await;
    let told = |series: &str| value(&text, series).unwrap_or_else(|| panic!("no {series} in {text}"));
    assert_eq!(told("mayfly_runs_total{outcome=\"completed\"}"), 3.0);
    assert_eq!(told("mayfly_runs_total{outcome=\"failed\"}"), 1.0);
    assert_eq!(told("mayfly_runs_total{outcome=\"timed_out\"}"), 1.0);
    assert_eq!(told("mayfly_run_seconds_count"), 5.0);
    assert_eq!(told("mayfly_first_output_seconds_count"), 3.0, "what a blocked fetch says counts, too");
    assert_eq!(told("mayfly_rejected_total{reason=\"bad_request\"}"), 2.0);
    assert_eq!(told("mayfly_egress_requests_total{result=\"blocked\"}"), 1.0);
    assert_eq!(told("mayfly_egress_requests_total{result=\"done\"}"), 1.0);
    let host = "host=\"127.0.0.1\"";
    assert_eq!(told(&format!("mayfly_egress_host_requests_total{{{host},result=\"done\"}}")), 1.0);
    assert_eq!(told(&format!("mayfly_egress_host_seconds_count{{{host}}}")), 1.0);
    assert_eq!(told(&format!("mayfly_egress_host_bytes_total{{{host},direction=\"sent\"}}")), 7.0);
    assert!(told(&format!("mayfly_egress_host_bytes_total{{{host},direction=\"received\"}}")) > 0.0);
    assert!(!text.contains("other.example"), "what is blocked has no host");
    assert_eq!(told("mayfly_store_seconds_count{call=\"create\"}"), 1.0);
    assert_eq!(told("mayfly_store_errors_total{call=\"create\"}"), 0.0);
    assert_eq!(told("mayfly_websockets"), 1.0);
    assert_eq!(told("mayfly_open_runs"), 1.0);
    assert_eq!(told("mayfly_zygotes_total"), 1.0);
    assert!(told("mayfly_forks_total{start=\"warm\"}") + told("mayfly_forks_total{start=\"cold\"}") >= 6.0);
    assert_eq!(told("mayfly_http_requests_total{route=\"/api/v1/run\",status=\"200\"}"), 5.0);
    assert!(told("process_resident_memory_bytes") > 1e6 && told("process_start_time_seconds") > 1e9);
    drop(socket);
    until("the run that nobody waits for any more", || async {
        value(&metrics(&app).await, "mayfly_runs_total{outcome=\"abandoned\"}") == Some(1.0)
    })
    .await;
}

#[actix_web::test]
async fn nothing_that_visitors_send_becomes_a_label() {
    let app = TestApp::with(&[&format!("--metrics-token={TOKEN}"), "--rate-limit=1/h"]);
    let visit = async |n: u32| {
        for path in [
            format!("/x{n}"),
            format!("/s/x{n}"),
            format!("/assets/x{n}.js"),
            format!("/api/v1/snippets/x{n}?x{n}"),
        ] {
            get(app.address, &path, &[("user-agent", &format!("x{n}")), ("host", &format!("x{n}"))]).await;
        }
        request(app.address, &format!("X{n}"), "/", &[], "").await;
        post(app.address, format!(r#"{{"source": "throw new (class X{n} extends Error {{}})('x{n}')"}}"#))
            .await;
    };
    visit(0).await;
    visit(1).await;
    // It counts itself, from the second time on.
    metrics(&app).await;
    let before = metrics(&app).await;
    for n in 2..40 {
        visit(n).await;
    }
    let after = metrics(&app).await;
    let (before, series) = (series(&before), series(&after));
    let new: Vec<_> = series.difference(&before).collect();
    assert!(new.is_empty(), "as many visitors, and new series: {new:?}");
    assert!(value(&after, "mayfly_rate_limited_total").is_some_and(|times| times > 0.0));
}
