//! Spans of a call, a run and what it fetches, as an OpenTelemetry collector gets them: a small one of the test's own.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use serde_json::{Value, json};

use crate::support::{Origin, TestApp, request, until};

type Spans = Arc<Mutex<Vec<Value>>>;

/// A collector, and what it was sent.
fn collector() -> (SocketAddr, Spans) {
    let spans = Spans::default();
    let kept = Data::from(spans.clone());
    let server =
        HttpServer::new(move || App::new().app_data(kept.clone()).route("/v1/traces", web::post().to(take)))
            .workers(1)
            .disable_signals()
            .bind("127.0.0.1:0")
            .expect("a free port");
    let address = server.addrs()[0];
    actix_web::rt::spawn(server.run());
    (address, spans)
}

async fn take(req: HttpRequest, body: Bytes, spans: Data<Mutex<Vec<Value>>>) -> HttpResponse {
    assert!(req.headers().get("content-type").is_some_and(|it| it == "application/json"));
    let sent: Value = serde_json::from_slice(&body).expect("JSON");
    let resource = &sent["resourceSpans"][0];
    assert_eq!(attributes(&resource["resource"])["service.name"], "mayfly");
    let new = resource["scopeSpans"][0]["spans"].as_array().expect("a list").iter().cloned();
    spans.lock().expect("no test panics with it").extend(new);
    HttpResponse::Ok().json(json!({}))
}

fn attributes(of: &Value) -> HashMap<String, String> {
    let all = of["attributes"].as_array().expect("a list").iter();
    all.map(|it| {
        let value =
            it["value"]["stringValue"].as_str().or(it["value"]["intValue"].as_str()).unwrap_or_default();
        (it["key"].as_str().unwrap_or_default().to_owned(), value.to_owned())
    })
    .collect()
}

fn named(spans: &Spans, name: &str) -> Option<Value> {
    spans.lock().expect("no test panics with it").iter().find(|span| span["name"] == name).cloned()
}

/// The span of this name directly under another.
fn under(spans: &Spans, name: &str, outer: &Value) -> Option<Value> {
    let spans = spans.lock().expect("no test panics with it");
    spans.iter().find(|it| it["name"] == name && it["parentSpanId"] == outer["spanId"]).cloned()
}

/// Waits for the span of this name.
async fn span(spans: &Spans, name: &str) -> Value {
    until(name, || async { named(spans, name).is_some() }).await;
    named(spans, name).expect("it is there")
}

fn time(span: &Value, which: &str) -> u128 {
    span[which].as_str().and_then(|time| time.parse().ok()).expect("a time")
}

/// Whether `inner` is under `outer`, and within its time.
fn expect_under(outer: &Value, inner: &Value) {
    assert_eq!(inner["traceId"], outer["traceId"]);
    assert_eq!(inner["parentSpanId"], outer["spanId"], "{inner} is not under {outer}");
    let [from, to] = ["startTimeUnixNano", "endTimeUnixNano"];
    assert!(
        time(outer, from) <= time(inner, from) && time(inner, from) <= time(inner, to),
        "{outer} {inner}"
    );
}

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const JSON: (&str, &str) = ("content-type", "application/json");

#[actix_web::test]
async fn a_call_is_a_trace_from_its_caller_to_its_compilation() {
    let (collector, spans) = collector();
    let origin = Origin::start();
    let app = TestApp::with(&[
        &format!("--traces-endpoint=http://{collector}/"),
        &format!("--egress-allow-private={}", origin.address),
    ]);
    let source = format!(
        "export default async () => {{ await fetch('{}'); return 'secret' }}",
        origin.url("/status/204")
    );
    let shared =
        request(app.address, "POST", "/api/v1/snippets", &[JSON], json!({"source": source}).to_string())
            .await;
    assert_eq!(shared.status, 201, "{}", shared.text());
    let id = shared.json()["id"].as_str().expect("an id").to_owned();
    let parent = format!("00-{TRACE}-00f067aa0ba902b7-01");
    let headers = [("traceparent", parent.as_str()), JSON];
    let called = request(app.address, "POST", &format!("/api/v1/functions/{id}"), &headers, "null").await;
    assert_eq!(called.json(), "secret");

    let call = span(&spans, "POST /api/v1/functions/{reference}").await;
    assert_eq!(
        (&call["traceId"], &call["parentSpanId"], &call["kind"]),
        (&json!(TRACE), &json!("00f067aa0ba902b7"), &json!(2))
    );
    assert_eq!(attributes(&call)["http.response.status_code"], "200");
    expect_under(&call, &span(&spans, "store find").await);
    until("the run", || async { under(&spans, "run", &call).is_some() }).await;
    let run = under(&spans, "run", &call).expect("its run");
    let known = attributes(&run);
    assert_eq!(
        (known["mayfly.outcome"].as_str(), known["mayfly.snippet"].as_str()),
        ("completed", id.as_str())
    );
    for stage in ["queued", "process", "program"] {
        expect_under(&run, &span(&spans, stage).await);
    }
    let (program, compile) = (span(&spans, "program").await, span(&spans, "compile").await);
    expect_under(&program, &compile);
    assert_eq!(compile["startTimeUnixNano"], program["startTimeUnixNano"]);
    let evaluated = under(&spans, "evaluate", &program).expect("what follows");
    assert_eq!(evaluated["startTimeUnixNano"], compile["endTimeUnixNano"]);
    let fetch = span(&spans, "fetch").await;
    expect_under(&run, &fetch);
    assert_eq!((attributes(&fetch)["server.address"].as_str(), &fetch["kind"]), ("127.0.0.1", &json!(3)));
    // What is the visitor's stays his.
    let all = json!(*spans.lock().expect("no test panics with it")).to_string();
    assert!(!all.contains("secret") && !all.contains("/status/"), "{all}");
}

#[actix_web::test]
async fn runs_on_a_socket_are_traces_and_so_is_what_goes_wrong() {
    let (collector, spans) = collector();
    let mut app = TestApp::with(&[&format!("--traces-endpoint=http://{collector}")]);
    let mut socket = app.socket().await;
    let run_id = socket.run("throw new Error('mine')").await;
    socket.wait_for("finished").await;
    drop(socket);
    // What waits is sent before the server goes.
    assert!(app.terminate());
    let run = span(&spans, "run").await;
    assert_eq!((&run["parentSpanId"], &run["status"]["code"]), (&Value::Null, &json!(2)), "{run}");
    let known = attributes(&run);
    assert_eq!(
        (known["mayfly.run_id"].as_str(), known["mayfly.outcome"].as_str()),
        (run_id.to_string().as_str(), "failed")
    );
}

#[actix_web::test]
async fn a_caller_that_keeps_no_trace_makes_none_and_a_collector_that_is_away_stops_nothing() {
    let (collector, spans) = collector();
    let app = TestApp::with(&[&format!("--traces-endpoint=http://{collector}")]);
    let unkept = format!("00-{TRACE}-00f067aa0ba902b7-00");
    let run = |parent: &str| {
        let (address, parent) = (app.address, parent.to_owned());
        async move {
            let headers = [("traceparent", parent.as_str()), JSON];
            request(address, "POST", "/api/v1/run", &headers, r#"{"source":"1"}"#).await.status
        }
    };
    assert_eq!((run(&unkept).await, run("nonsense").await), (200, 200));
    let seen = span(&spans, "POST /api/v1/run").await;
    assert!(
        seen["traceId"] != TRACE && seen["parentSpanId"].is_null(),
        "what makes no sense is passed over: {seen}"
    );
    assert!(spans.lock().expect("no test panics with it").iter().all(|span| span["traceId"] != TRACE));

    let closed = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("one");
    let app = TestApp::with(&[&format!("--traces-endpoint=http://{closed}")]);
    app.run("1").expect_completed().await;
    until("it to say so", || async { app.log().contains("spans can't be exported") }).await;
    app.run("1").expect_completed().await;
}
