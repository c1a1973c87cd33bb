//! A handful of addresses against one more: those who keep slots, questions or the queue do not keep others out.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Answer, JsonSocket, TestApp, request, until};

/// All tests come from here.
const BEHIND_A_PROXY: &str = "--trusted-proxies=127.0.0.1";
/// Runs until it is stopped.
const LONG: &str = "await new Promise((go) => setTimeout(go, 9_000))";
const ASKS: &str = "prompt('?'); 'done'";

/// The address of the client with this number, in a network of its own.
fn address(n: u8) -> String {
    format!("198.51.{n}.7")
}

async fn connect(app: &TestApp, n: u8) -> JsonSocket {
    let from = address(n);
    let headers = [("x-forwarded-for", from.as_str())];
    let mut socket =
        JsonSocket::connect_with(app.address, &headers).await.expect("the server takes WebSockets");
    socket.expect("hello").await;
    socket
}

async fn post(app: SocketAddr, n: u8, source: &str) -> Answer {
    let from = address(n);
    let headers = [("content-type", "application/json"), ("x-forwarded-for", from.as_str())];
    request(app, "POST", "/api/v1/run", &headers, json!({"source": source}).to_string()).await
}

async fn count(app: &TestApp, what: &str) -> u64 {
    app.health().await[what].as_u64().expect("a number")
}

async fn answer(socket: &mut JsonSocket, prompt: &Value) {
    let (run_id, prompt_id) = (&prompt["run_id"], &prompt["prompt_id"]);
    socket.send(json!({"type": "input", "run_id": run_id, "prompt_id": prompt_id, "value": "x"})).await;
}

#[actix_web::test]
async fn runs_that_ask_keep_nobody_waiting() {
    let app = TestApp::with(&[BEHIND_A_PROXY, "--open-runs=4", "--queue=64"]);
    let mut hostile = Vec::new();
    for n in 1..=4 {
        let mut socket = connect(&app, n).await;
        for source in ["prompt('?')", "for (;;) confirm('?')", "await readLine('?')", "alert('?')"] {
            socket.run(source).await;
        }
        hostile.push(socket);
    }
    // Some of these sixteen have asked, and the others wait or run.
    until("all to ask", || async { count(&app, "asking_runs").await == 16 }).await;
    assert_eq!((count(&app, "open_runs").await, count(&app, "queued_runs").await), (0, 0));
    for _ in 0..20 {
        let began = Instant::now();
        assert_eq!(post(app.address, 9, "6 * 7").await.json()["outcome"], "completed");
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    }
    drop(hostile);
    until("all to be gone", || async { count(&app, "asking_runs").await == 0 }).await;
}

#[actix_web::test]
async fn an_answered_run_is_next_of_its_own_client() {
    let app = TestApp::with(&[BEHIND_A_PROXY, "--open-runs=1", "--limit-wall-ms=3s"]);
    let (mut one, mut other) = (connect(&app, 1).await, connect(&app, 2).await);
    let asks = one.run(ASKS).await;
    let prompt = one.wait_for("prompt").await;
    let keeps = other.run("await new Promise((go) => setTimeout(go, 2_500))").await;
    other.wait_for("started").await;
    let (new, next) = (one.run("'new'").await, other.run("'next'").await);
    until("two to wait", || async { count(&app, "queued_runs").await == 2 }).await;
    answer(&mut one, &prompt).await;
    // Its own time stands still until it has its slot again.
    let mut ends = Vec::new();
    for _ in 0..2 {
        ends.push(one.wait_for("finished").await);
    }
    assert_eq!(ends.iter().map(|end| end["run_id"].clone()).collect::<Vec<_>>(), [json!(asks), json!(new)]);
    assert_eq!(ends[0]["outcome"], "completed", "{}", ends[0]);
    assert!(ends[0]["usage"]["wall_ms"].as_u64().expect("a figure") < 2_000, "{}", ends[0]);
    for run in [keeps, next] {
        assert_eq!(other.wait_for("finished").await["run_id"], json!(run));
    }
}

#[actix_web::test]
async fn who_has_most_questions_open_loses_the_last() {
    let app = TestApp::with(&[BEHIND_A_PROXY, "--asking=3", "--asking-per-client=2"]);
    let (mut one, mut other) = (connect(&app, 1).await, connect(&app, 2).await);
    let mut asked = Vec::new();
    for _ in 0..2 {
        one.run(ASKS).await;
        asked.push(one.wait_for("prompt").await);
    }
    let third = one.run(ASKS).await;
    let end = one.wait_for("finished").await;
    assert_eq!((&end["run_id"], &end["outcome"]), (&json!(third), &json!("stopped")), "{end}");
    let words = end["error"]["message"].as_str().expect("words");
    assert!(words.contains("2 programs from your address have a question open"), "{words}");
    other.run(ASKS).await;
    let own = other.wait_for("prompt").await;
    let mut last = connect(&app, 3).await;
    last.run(ASKS).await;
    let end = one.wait_for("finished").await;
    assert_eq!(
        (&end["run_id"], &end["error"]["name"]),
        (&asked[1]["run_id"], &json!("TooManyQuestions")),
        "{end}"
    );
    for (socket, prompt) in [(&mut one, &asked[0]), (&mut other, &own)] {
        answer(socket, prompt).await;
        assert_eq!(socket.wait_for("finished").await["value"]["value"], "done");
    }
}

#[actix_web::test]
async fn slots_are_kept_for_those_who_have_none() {
    let app = TestApp::with(&[BEHIND_A_PROXY, "--open-runs=8"]);
    let mut hostile = connect(&app, 1).await;
    for _ in 0..8 {
        hostile.run(LONG).await;
    }
    until("four to wait", || async { count(&app, "queued_runs").await == 4 }).await;
    let began = Instant::now();
    assert_eq!(post(app.address, 2, "1").await.json()["outcome"], "completed");
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
}

#[actix_web::test]
async fn who_has_most_waiting_loses_the_last_turn() {
    let app = TestApp::with(&[BEHIND_A_PROXY, "--open-runs=1", "--queue=4"]);
    let mut one = connect(&app, 1).await;
    let keeps = one.run(LONG).await;
    one.wait_for("started").await;
    let mut waiting = Vec::new();
    for n in 1..=4 {
        waiting.push(one.run("1").await);
        until("it to wait", || async { count(&app, "queued_runs").await == n }).await;
    }
    let mut other = connect(&app, 2).await;
    let own = other.run("6 * 7").await;
    assert_eq!(other.wait_for("queued").await["run_id"], json!(own));
    let rejected = one.wait_for("rejected").await;
    assert_eq!(
        (&rejected["run_id"], &rejected["reason"], &rejected["retry_after_ms"]),
        (&json!(waiting[3]), &json!("busy"), &json!(1_000))
    );
    let words = rejected["message"].as_str().expect("words");
    assert!(words.contains("had the most of them") && words.contains("None of it has run"), "{words}");
    // Who has as many as any other loses nothing to somebody else, and displaces nobody.
    one.send(json!({"type": "stop", "run_id": keeps})).await;
    assert_eq!(other.wait_for("finished").await["value"]["value"], 42.0);
    for _ in 0..4 {
        one.wait_for("finished").await;
    }
    // Its name can be used again: nothing of it was begun.
    one.send(json!({"type": "run", "run_id": waiting[3], "source": "1"})).await;
    assert_eq!(one.wait_for("finished").await["outcome"], "completed");
}

#[actix_web::test]
async fn a_lost_turn_is_told_over_http_too() {
    let app = TestApp::with(&[BEHIND_A_PROXY, "--open-runs=1", "--queue=2"]);
    let mut keeps = connect(&app, 1).await;
    keeps.run(LONG).await;
    keeps.wait_for("started").await;
    let from = address(2);
    for accept in ["application/json", "text/event-stream"] {
        let headers =
            [("content-type", "application/json"), ("accept", accept), ("x-forwarded-for", from.as_str())];
        let mut first = connect(&app, 2).await;
        first.run("1").await;
        first.wait_for("queued").await;
        let body = json!({"source": "1"}).to_string();
        let last = request(app.address, "POST", "/api/v1/run", &headers, body);
        let other = async {
            until("two to wait", || async { count(&app, "queued_runs").await == 2 }).await;
            let mut other = connect(&app, 3).await;
            other.run("1").await;
            other.wait_for("queued").await;
            other
        };
        let (answer, other) = tokio::join!(last, other);
        if accept == "application/json" {
            assert!(answer.expect_problem(503).contains("lost its turn"), "{}", answer.text());
            assert_eq!((answer.header("retry-after"), &answer.json()["reason"]), ("1", &json!("busy")));
        } else {
            let events = answer.text();
            assert!(
                events.contains("event: rejected\n") && events.contains("\"reason\":\"busy\""),
                "{events}"
            );
            assert!(!events.contains("event: finished"), "a run has one end: {events}");
        }
        drop((first, other));
        until("nobody to wait", || async { count(&app, "queued_runs").await == 0 }).await;
    }
}
