//! Shared functions as addresses: what they answer, and that a repeated call is made once.

use mayfly::protocol::browser::Outcome;
use mayfly::sandbox::RunEvent;
use serde_json::{Value, json};

use crate::support::{Answer, FakeApp, TestApp, report, request};

const JSON: (&str, &str) = ("content-type", "application/json");

async fn share(address: std::net::SocketAddr, body: Value) -> String {
    let answer = request(address, "POST", "/api/v1/snippets", &[JSON], body.to_string()).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()["id"].as_str().expect("an id").to_owned()
}

async fn call(address: std::net::SocketAddr, id: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let headers: Vec<_> = [JSON].iter().chain(headers).copied().collect();
    request(address, "POST", &format!("/api/v1/functions/{id}"), &headers, body).await
}

#[actix_web::test]
async fn a_function_answers_with_what_it_returns() {
    let app = TestApp::start();
    for (program, input, expected) in [
        ("export default ({ a, b }) => a + b", json!({"a": 2, "b": 3}), json!(5)),
        (
            "module.exports = async (name) => { await null; return { hello: name, at: [1, null] } }",
            json!("you"),
            json!({"hello": "you", "at": [1, null]}),
        ),
        ("export default () => undefined", json!(null), json!(null)),
        ("export default (x) => x", json!("é\u{2028}"), json!("é\u{2028}")),
    ] {
        let id = share(app.address, json!({"source": program})).await;
        let answer = call(app.address, &id, &[], &input.to_string()).await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (200, "application/json"),
            "{}",
            answer.text()
        );
        assert_eq!(answer.json(), expected, "{program}");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!((answer.header("mayfly-usage"), answer.header("mayfly-logs")), ("", ""));
    }
    // Several files, TypeScript, an export by its name, and the argument that was shared where a call has none.
    let files = json!([
        {"name": "main.ts", "content": "import { twice } from './lib.ts';\nexport const run = (n: number): number => twice(n);"},
        {"name": "lib.ts", "content": "export const twice = (n: number) => 2 * n;"},
    ]);
    let id = share(app.address, json!({"files": files, "export": "run", "input": 4})).await;
    assert_eq!(call(app.address, &id, &[], "21").await.json(), 42);
    let answer = request(app.address, "POST", &format!("/api/v1/functions/{id}"), &[], "").await;
    assert_eq!(answer.json(), 8);
}

#[actix_web::test]
async fn a_version_goes_on_as_it_was() {
    let app = TestApp::start();
    let body = json!({"source": "export default () => 1"}).to_string();
    let created = request(app.address, "POST", "/api/v1/snippets", &[JSON], body).await.json();
    let (id, token) =
        (created["id"].as_str().expect("an id"), created["deletion_token"].as_str().expect("one"));
    let bearer = format!("Bearer {token}");
    let headers = [JSON, ("authorization", bearer.as_str())];
    let body = json!({"source": "export default () => 2"}).to_string();
    let revised = request(app.address, "PATCH", &format!("/api/v1/snippets/{id}"), &headers, body).await;
    assert_eq!(revised.status, 200);
    assert_eq!(call(app.address, id, &[], "null").await.json(), 2);
    assert_eq!(call(app.address, &format!("{id}@1"), &[], "null").await.json(), 1);
    call(app.address, &format!("{id}@3"), &[], "null").await.expect_problem(404);
    call(app.address, "2222222222zz", &[], "null").await.expect_problem(404);
}

#[actix_web::test]
async fn what_it_throws_is_a_problem_with_a_stack_in_its_own_lines() {
    let app = TestApp::start();
    let program = "type N = number;\nexport default function check(n: N) {\n  throw new RangeError(`bad ${n}`, { cause: 'why' });\n}";
    let id = share(app.address, json!({"source": program, "language": "typescript"})).await;
    let answer = call(app.address, &id, &[], "7").await;
    assert_eq!(answer.expect_problem(422), "The function threw RangeError: bad 7");
    let body = answer.json();
    assert_eq!(body["outcome"], "failed");
    let error = &body["error"];
    assert_eq!((&error["name"], &error["message"]), (&json!("RangeError"), &json!("bad 7")));
    assert_eq!(
        (&error["stack"][0]["function"], &error["stack"][0]["line"], &error["stack"][0]["column"]),
        (&json!("check"), &json!(3), &json!(9)),
        "{error}"
    );
    assert_eq!(error["cause"]["value"], "why");
    // What throws without an error, and what is no function at all.
    let id = share(app.address, json!({"source": "export default () => { throw 7 }"})).await;
    assert_eq!(call(app.address, &id, &[], "null").await.expect_problem(422), "The function threw: 7");
    let id = share(app.address, json!({"source": "1 + 1"})).await;
    call(app.address, &id, &[], "null").await.expect_problem(422);
}

#[actix_web::test]
async fn limits_are_problems_of_their_own() {
    let outputs = ["--limit-output-bytes=20KiB", "--message-bytes=16KiB"];
    let busy = TestApp::with(&[&["--limit-wall-ms=60s", "--limit-cpu-ms=300ms"], &outputs[..]].concat());
    let idle = TestApp::with(&["--limit-wall-ms=300ms"]);
    for (app, program, status, outcome) in [
        (&idle, "export default () => new Promise(() => setTimeout(() => {}, 1e6))", 408, "timed_out"),
        (&busy, "export default () => { for (;;); }", 408, "cpu_exceeded"),
        (&busy, "export default () => { for (;;) console.log('x'.repeat(1000)) }", 413, "output_exceeded"),
    ] {
        let id = share(app.address, json!({"source": program})).await;
        let answer = call(app.address, &id, &[], "null").await;
        answer.expect_problem(status);
        assert_eq!(answer.json()["outcome"], outcome, "{}", answer.text());
    }
    let roomy = TestApp::with(&["--limit-wall-ms=60s", "--limit-cpu-ms=60s"]);
    let program = "export default () => { const a = []; for (;;) a.push(new Array(1e5).fill(1)) }";
    let id = share(roomy.address, json!({"source": program})).await;
    let answer = call(roomy.address, &id, &[], "null").await;
    answer.expect_problem(413);
    assert_eq!(answer.json()["outcome"], "memory_exceeded", "{}", answer.text());
}

#[actix_web::test]
async fn usage_and_logs_come_to_who_asks() {
    let app = TestApp::start();
    let program = "export default (n) => { console.log('n is', n); console.warn('\u{1f98b}'); if (n < 0) throw 1; return n }";
    let id = share(app.address, json!({"source": program})).await;
    for (input, status) in [("3", 200), ("-3", 422)] {
        let answer = call(app.address, &id, &[("mayfly-usage", "1"), ("mayfly-logs", "1")], input).await;
        assert_eq!(answer.status, status, "{}", answer.text());
        let usage = answer.header("mayfly-usage");
        assert!(usage.starts_with("wall_ms=") && usage.ends_with("console_events=2"), "{usage}");
        let logs: Value = serde_json::from_str(answer.header("mayfly-logs")).expect("JSON");
        assert_eq!(logs, json!([["log", format!("n is {input}")], ["warn", "\u{1f98b}"]]));
    }
}

#[actix_web::test]
async fn a_repeated_call_is_made_once() {
    let mut app = FakeApp::start(&[]).await;
    let (address, id) = (app.address, share(app.address, json!({"source": "export default () => 1"})).await);
    let key = [("idempotency-key", "abc")];
    let (first, ()) = tokio::join!(call(address, &id, &key, "1"), async {
        let run = app.started().await;
        let answer = call(address, &id, &key, "1").await;
        assert!(answer.expect_problem(409).contains("still being answered"));
        assert_eq!(answer.header("retry-after"), "1");
        run.emit(RunEvent::Finished(Box::new(report(Outcome::Failed)))).await;
    });
    assert_eq!((first.status, first.header("idempotent-replayed")), (422, ""));
    // No run is started for this one: nobody would answer it.
    let again = call(address, &id, &key, "1").await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (422, "true"));
    assert_eq!((again.text(), again.header("content-type")), (first.text(), first.header("content-type")));
    let other = call(address, &id, &key, "2").await;
    assert!(other.expect_problem(422).contains("used for another request"));
}

#[actix_web::test]
async fn other_requests_are_told_what_is_wrong() {
    let app = FakeApp::start(&["--source-bytes=100", "--rate-limit=1/h"]).await;
    let id = share(app.address, json!({"source": "busy"})).await;
    let path = format!("/api/v1/functions/{id}");
    request(app.address, "POST", &path, &[], "1").await.expect_problem(415);
    assert!(call(app.address, &id, &[], "{").await.expect_problem(400).contains("is no JSON"));
    let long = format!("\"{}\"", "x".repeat(200));
    assert!(call(app.address, &id, &[], &long).await.expect_problem(413).contains("at most 100"));
    call(app.address, &id, &[("idempotency-key", "")], "1").await.expect_problem(400);
    call(app.address, &id, &[], "1").await.expect_problem(503);
    assert!(call(app.address, &id, &[], "1").await.expect_problem(429).contains("at most 1 an hour"));
    let answer = request(app.address, "GET", &path, &[], "").await;
    assert_eq!((answer.status, answer.header("allow")), (405, "POST, OPTIONS"));
}

#[actix_web::test]
async fn what_the_sandbox_loses_can_be_called_again() {
    let mut app = FakeApp::start(&[]).await;
    let id = share(app.address, json!({"source": "export default () => 1"})).await;
    let key = [("idempotency-key", "abc")];
    let (answer, ()) = tokio::join!(call(app.address, &id, &key, "1"), async {
        drop(app.started().await);
    });
    answer.expect_problem(503);
    assert!(!answer.header("retry-after").is_empty());
    let (answer, ()) = tokio::join!(call(app.address, &id, &key, "1"), async {
        app.started().await.emit(RunEvent::Finished(Box::new(report(Outcome::Completed)))).await;
    });
    assert_eq!((answer.status, answer.text().as_str()), (200, "null"));
}
