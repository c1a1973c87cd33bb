//! `POST /api/v1/run` without programs: what it takes, what it answers, what it refuses.

use mayfly::protocol::browser::Outcome;
use mayfly::sandbox::RunEvent;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::support::{FakeApp, finished, get, post, report, request, soon, until};

#[actix_web::test]
async fn the_answer_is_all_that_the_run_did() {
    let mut app = FakeApp::start(&[]).await;
    let id = "0b3f9b4e-3f63-4c0e-9d8e-2f2f2a3b4c5d";
    let body =
        json!({"run_id": id, "source": "1", "mode": "module", "limits": {"wall_ms": 77}, "input": {"n": 1}});
    let (answer, ()) = tokio::join!(post(app.address, body.to_string()), async {
        let run = app.started().await;
        assert_eq!((run.run.run_id.to_string().as_str(), run.run.limits.wall_ms), (id, 77));
        assert_eq!(run.run.input.as_ref().map(|input| input.get()), Some(r#"{"n":1}"#));
        run.emit(RunEvent::Queued { position: 1 }).await;
        run.emit(RunEvent::Started).await;
        run.log(0, "one").await;
        run.log(1, "two").await;
        run.emit(RunEvent::Finished(Box::new(report(Outcome::TimedOut)))).await;
    });
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    assert_eq!(answer.header("cache-control"), "no-store");
    let body = answer.json();
    assert_eq!((&body["run_id"], &body["outcome"]), (&json!(id), &json!("timed_out")));
    assert_eq!((&body["console"][0]["text"], &body["console"][1]["text"]), (&json!("one"), &json!("two")));
    for field in ["value", "error", "stopped_at"] {
        assert!(
            body.as_object().expect("an object").contains_key(field),
            "{field} is there, if null: {body}"
        );
    }
    assert_eq!(body["usage"]["limits"]["wall_ms"], 10_000);
}

#[actix_web::test]
async fn a_run_without_an_id_gets_one() {
    let mut app = FakeApp::start(&[]).await;
    let (answer, ()) = tokio::join!(post(app.address, r#"{"source":""}"#), async {
        app.started().await.emit(finished()).await;
    });
    answer.json()["run_id"].as_str().expect("a text").parse::<uuid::Uuid>().expect("a UUID");
}

#[actix_web::test]
async fn a_run_that_the_sandbox_loses_is_answered_as_crashed() {
    let mut app = FakeApp::start(&[]).await;
    let (answer, ()) = tokio::join!(post(app.address, r#"{"source":""}"#), async {
        drop(app.started().await);
    });
    assert_eq!(answer.json()["outcome"], "crashed");
}

#[actix_web::test]
async fn bad_bodies_are_told_what_is_wrong() {
    let app = FakeApp::start(&["--source-bytes=100"]).await;
    for (body, status, words) in [
        ("", 400, "not a JSON object"),
        ("nonsense", 400, "line 1 column"),
        ("{\"source\":\n \"1\",}", 400, "line 2"),
        ("[\"1\"]", 400, "not a JSON object"),
        ("{}", 400, "missing field `source`"),
        ("{\"source\":\"\",\"files\":[]}", 400, "either `source` or `files`"),
        ("{\"source\":1}", 400, "expected a string at line 1 column 11"),
        ("{\"source\":\"\",\"sauce\":\"\"}", 400, "unknown field `sauce`"),
        (
            "{\"source\":\"\",\"mode\":\"fast\"}",
            400,
            "expected one of `auto`, `script`, `module`, `commonjs`, `function`",
        ),
        ("{\"source\":\"\",\"limits\":{\"wall_ms\":-1}}", 400, "invalid value"),
        ("{\"source\":\"\",\"run_id\":\"7\"}", 400, "UUID"),
    ] {
        let detail = post(app.address, body).await.expect_problem(status);
        assert!(detail.contains(words), "{body}: {detail}");
    }
    let not_text = post(app.address, b"{\"source\":\"\xff\"}".to_vec()).await.expect_problem(400);
    assert!(not_text.contains("unicode"), "{not_text}");
    let long = json!({"source": "x".repeat(101)}).to_string();
    let answer = post(app.address, long).await;
    assert!(answer.expect_problem(413).contains("at most 100 are allowed"));
    assert_eq!(answer.json()["reason"], "too_large");
}

#[actix_web::test]
async fn a_body_over_the_limit_is_not_read_to_its_end() {
    let app = FakeApp::start(&["--source-bytes=100"]).await;
    let detail = post(app.address, vec![b' '; 500_000]).await.expect_problem(413);
    assert!(detail.contains("409600 bytes"), "{detail}");
}

#[actix_web::test]
async fn only_plain_json_is_taken() {
    let app = FakeApp::start(&[]).await;
    for headers in [
        vec![],
        vec![("content-type", "text/plain")],
        vec![("content-type", "application/x-www-form-urlencoded")],
        vec![("content-type", "application/json"), ("content-encoding", "gzip")],
    ] {
        let answer = request(app.address, "POST", "/api/v1/run", &headers, "{}").await;
        answer.expect_problem(415);
    }
    let headers = [("content-type", "Application/JSON; charset=utf-8")];
    request(app.address, "POST", "/api/v1/run", &headers, "{}").await.expect_problem(400);
}

#[actix_web::test]
async fn a_full_server_says_when_to_try_again() {
    let app = FakeApp::start(&[]).await;
    let answer = post(app.address, r#"{"source":"busy"}"#).await;
    answer.expect_problem(503);
    assert_eq!(answer.header("retry-after"), "2");
    assert_eq!(answer.json()["retry_after_ms"], 1_500);
    assert_eq!(answer.json()["reason"], "busy");
}

#[actix_web::test]
async fn a_body_that_does_not_arrive_is_given_up() {
    let app = FakeApp::start(&["--request-timeout=50ms"]).await;
    let mut stream = TcpStream::connect(app.address).await.expect("the server listens");
    let head = "POST /api/v1/run HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{";
    stream.write_all(head.as_bytes()).await.expect("the server reads");
    let mut answer = [0; 12];
    let reading = tokio::io::AsyncReadExt::read_exact(&mut stream, &mut answer);
    soon("an answer", reading).await.expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 408");
}

#[actix_web::test]
async fn a_client_that_leaves_takes_its_run_along() {
    let mut app = FakeApp::start(&[]).await;
    let mut stream = TcpStream::connect(app.address).await.expect("the server listens");
    let head = "POST /api/v1/run HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n";
    stream.write_all(head.as_bytes()).await.expect("the server reads");
    stream.write_all(br#"{"source":""}"#).await.expect("the server reads");
    let run = app.started().await;
    assert!(!run.dropped.is_cancelled());
    drop(stream);
    soon("the run's end", run.dropped.cancelled()).await;
}

#[actix_web::test]
async fn pages_of_other_origins_are_refused_unless_the_settings_allow_them() {
    let mut app = FakeApp::start(&["--allowed-origins=https://school.example"]).await;
    let own = format!("http://{}", app.address);
    let body = r#"{"source":"busy"}"#;
    for (origin, status) in [
        (own.as_str(), 503),
        ("https://school.example", 503),
        ("https://SCHOOL.example:443", 503),
        ("http://school.example", 403),
        ("https://evil.example", 403),
        ("null", 403),
        ("", 403),
    ] {
        let headers = [("content-type", "application/json"), ("origin", origin)];
        let answer = request(app.address, "POST", "/api/v1/run", &headers, body).await;
        answer.expect_problem(status);
        let may_read = answer.header("access-control-allow-origin");
        assert_eq!(may_read.is_empty(), status == 403, "{origin}: {may_read}");
    }
    let asks = [("origin", "https://school.example"), ("access-control-request-method", "POST")];
    let answer = request(app.address, "OPTIONS", "/api/v1/run", &asks, "").await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-origin"), "https://school.example");
    assert_eq!(answer.header("access-control-allow-headers"), "content-type");
    let asks = [("origin", "https://evil.example"), ("access-control-request-method", "POST")];
    request(app.address, "OPTIONS", "/api/v1/run", &asks, "").await.expect_problem(403);
    // Nothing that was refused has started.
    let (_, run) = tokio::join!(get(app.address, "/healthz", &[]), async {
        let own = [("content-type", "application/json"), ("origin", own.as_str())];
        let (_, run) =
            tokio::join!(request(app.address, "POST", "/api/v1/run", &own, r#"{"source":"first"}"#), async {
                let run = app.started().await;
                run.emit(finished()).await;
                run
            });
        run
    });
    assert_eq!(run.run.program.source(), "first");
}

#[actix_web::test]
async fn shutting_down_ends_runs_with_an_answer() {
    let mut app = FakeApp::start(&[]).await;
    let address = app.address;
    let (answer, run) = tokio::join!(post(address, r#"{"source":""}"#), async {
        let run = app.started().await;
        app.stop();
        run
    });
    answer.expect_problem(503);
    assert_eq!(answer.header("retry-after"), "5");
    until("the run's end", || async { run.dropped.is_cancelled() }).await;
    app.stopped().await;
}
