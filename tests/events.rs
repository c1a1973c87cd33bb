//! `POST /api/v1/run` as a stream of events: what comes, and what happens when somebody leaves and comes back.

use std::net::SocketAddr;

use futures_util::StreamExt;
use mayfly::sandbox::RunEvent;
use serde_json::{Value, json};

use crate::support::{FakeApp, finished, request, soon};

const JSON: (&str, &str) = ("content-type", "application/json");
const EVENTS: (&str, &str) = ("accept", "text/event-stream");

/// A stream that is being read.
struct Events {
    body: std::pin::Pin<Box<dyn futures_util::Stream<Item = Result<bytes::Bytes, awc::error::PayloadError>>>>,
    text: String,
}

/// One event, or a comment, whose fields are empty.
#[derive(Debug, PartialEq)]
struct Event {
    id: String,
    kind: String,
    data: Value,
}

impl Events {
    async fn open(address: SocketAddr, body: Value, last: Option<&str>) -> Self {
        let client = awc::Client::builder().timeout(crate::support::PATIENCE).finish();
        let mut request = client
            .post(format!("http://{address}/api/v1/run"))
            .insert_header(JSON)
            .insert_header(("accept", "application/json;q=0.5, text/event-stream"));
        if let Some(last) = last {
            request = request.insert_header(("last-event-id", last));
        }
        let response = soon("an answer", request.send_body(body.to_string())).await.expect("an answer");
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers().get("content-type").expect("a type"), "text/event-stream");
        assert_eq!(response.headers().get("cache-control").expect("a header"), "no-store");
        Self { body: Box::pin(response), text: String::new() }
    }

    /// The next event, comments included; `None` at the end.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                let field = |name: &str| {
                    let lines = event.lines().filter_map(|line| line.strip_prefix(&format!("{name}: ")));
                    lines.collect::<Vec<_>>().join("\n")
                };
                let data = serde_json::from_str(&field("data")).unwrap_or_default();
                return Some(Event { id: field("id"), kind: field("event"), data });
            }
            let chunk = soon("more events", self.body.next()).await?.expect("the connection holds");
            self.text += std::str::from_utf8(&chunk).expect("text");
        }
    }
}

#[actix_web::test]
async fn events_come_as_they_happen() {
    let mut app = FakeApp::start(&[]).await;
    let id = "0b3f9b4e-3f63-4c0e-9d8e-2f2f2a3b4c5d";
    let (mut events, run) =
        tokio::join!(Events::open(app.address, json!({"source": "1", "run_id": id}), None), app.started());
    run.emit(RunEvent::Queued { position: 2 }).await;
    let event = events.next().await.expect("an event");
    assert_eq!((event.id.as_str(), event.kind.as_str()), (format!("{id}:0").as_str(), "queued"));
    assert_eq!(event.data, json!({"type": "queued", "run_id": id, "position": 2}));
    run.emit(RunEvent::Started).await;
    assert_eq!(events.next().await.expect("an event").kind, "started");
    run.log(0, "one\ntwo").await;
    let event = events.next().await.expect("an event");
    assert_eq!((event.id.as_str(), event.kind.as_str()), (format!("{id}:2").as_str(), "console"));
    assert_eq!((&event.data["seq"], &event.data["events"][0]["text"]), (&json!(0), &json!("one\ntwo")));
    run.emit(finished()).await;
    let event = events.next().await.expect("an event");
    assert_eq!((event.kind.as_str(), &event.data["outcome"]), ("finished", &json!("completed")));
    assert_eq!(events.next().await, None, "that is the last");
}

#[actix_web::test]
async fn json_of_several_lines_arrives_whole() {
    let mut app = FakeApp::start(&[]).await;
    let (mut events, run) =
        tokio::join!(Events::open(app.address, json!({"source": "1"}), None), app.started());
    let pretty =
        serde_json::value::RawValue::from_string("[\n {\"text\":\r\n \"x\"}]".to_owned()).expect("JSON");
    run.emit(RunEvent::Console { seq: 0, count: 1, events: pretty }).await;
    assert_eq!(events.next().await.expect("an event").data["events"][0]["text"], "x");
}

#[actix_web::test]
async fn a_stream_that_broke_off_is_taken_up_where_it_was() {
    let mut app = FakeApp::start(&["--api-resume=1h"]).await;
    let (mut events, run) =
        tokio::join!(Events::open(app.address, json!({"source": "1"}), None), app.started());
    run.emit(RunEvent::Started).await;
    run.log(0, "zero").await;
    events.next().await;
    let last = events.next().await.expect("an event").id;
    drop(events);
    run.log(1, "one").await;
    run.log(2, "two").await;
    let mut events = Events::open(app.address, json!({"source": "1"}), Some(&last)).await;
    for seq in 1..=2 {
        assert_eq!(events.next().await.expect("an event").data["seq"], seq);
    }
    run.emit(finished()).await;
    assert_eq!(events.next().await.expect("an event").kind, "finished");
    assert_eq!(events.next().await, None);
    // The end can be asked for once more: the connection may have broken just before it.
    let mut events = Events::open(app.address, json!({}), Some(&last)).await;
    let kinds = [events.next().await, events.next().await, events.next().await, events.next().await];
    assert_eq!(
        kinds.map(|event| event.map_or(String::new(), |it| it.kind)),
        ["console", "console", "finished", ""]
    );
}

#[actix_web::test]
async fn a_run_that_nobody_listens_to_is_stopped_in_the_end() {
    let mut app = FakeApp::start(&["--api-resume=100ms"]).await;
    let (mut events, run) =
        tokio::join!(Events::open(app.address, json!({"source": "1"}), None), app.started());
    run.emit(RunEvent::Started).await;
    let last = events.next().await.expect("an event").id;
    drop(events);
    // That it goes on printing does not keep it.
    tokio::join!(run.chatter("still here"), soon("its end", run.dropped.cancelled()));
    let headers = [JSON, EVENTS, ("last-event-id", last.as_str())];
    let answer = request(app.address, "POST", "/api/v1/run", &headers, "{}").await;
    assert!(answer.expect_problem(404).contains("not kept any more"));
}

#[actix_web::test]
async fn only_so_many_streams_are_kept_after_their_end() {
    let mut app = FakeApp::start(&["--api-kept-streams=1", "--api-resume=1h"]).await;
    let mut ends = Vec::new();
    for _ in 0..2 {
        let (mut events, run) =
            tokio::join!(Events::open(app.address, json!({"source": "1"}), None), app.started());
        run.emit(finished()).await;
        ends.push(events.next().await.expect("an event").id);
        assert_eq!(events.next().await, None);
    }
    let again = async |id: &str| {
        let headers = [JSON, EVENTS, ("last-event-id", id)];
        request(app.address, "POST", "/api/v1/run", &headers, "{}").await.status
    };
    crate::support::until("the older is gone", || async { again(&ends[0]).await == 404 }).await;
    assert_eq!(again(&ends[1]).await, 200);
}

#[actix_web::test]
async fn what_can_not_be_streamed_is_a_problem() {
    let mut app = FakeApp::start(&[]).await;
    let id = "0b3f9b4e-3f63-4c0e-9d8e-2f2f2a3b4c5d";
    let body = json!({"source": "1", "run_id": id});
    let (_events, _run) = tokio::join!(Events::open(app.address, body.clone(), None), app.started());
    let post = async |body: Value, last: Option<&str>| {
        let mut headers = vec![JSON, EVENTS];
        headers.extend(last.map(|last| ("last-event-id", last)));
        request(app.address, "POST", "/api/v1/run", &headers, body.to_string()).await
    };
    assert!(post(body, None).await.expect_problem(409).contains("a stream of a run with this id"));
    post(json!({"source": "busy"}), None).await.expect_problem(503);
    post(json!({"sauce": ""}), None).await.expect_problem(400);
    post(json!({}), Some("yesterday")).await.expect_problem(400);
    post(json!({}), Some("0b3f9b4e-3f63-4c0e-9d8e-2f2f2a3b4c5e:0")).await.expect_problem(404);
}

#[actix_web::test]
async fn a_silent_stream_says_that_it_lives() {
    let mut app = FakeApp::start(&["--ping-interval=20ms"]).await;
    let (mut events, _run) =
        tokio::join!(Events::open(app.address, json!({"source": "1"}), None), app.started());
    let comment = events.next().await.expect("a comment");
    assert_eq!((comment.kind.as_str(), comment.data), ("", Value::Null));
}

#[actix_web::test]
async fn shutting_down_ends_streams_and_their_runs() {
    let mut app = FakeApp::start(&[]).await;
    let (mut events, run) =
        tokio::join!(Events::open(app.address, json!({"source": "1"}), None), app.started());
    app.stop();
    assert_eq!(events.next().await, None);
    soon("its end", run.dropped.cancelled()).await;
    app.stopped().await;
}
