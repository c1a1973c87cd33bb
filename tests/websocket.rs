//! The WebSocket: what it takes, what it refuses, and how it ends.

use std::time::Duration;

use actix_ws::Item;
use awc::ws::{CloseCode, CloseReason, Frame, Message};
use mayfly::protocol::browser::{Outcome, PromptKind, ReleaseReason, RunError};
use mayfly::sandbox::RunEvent;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use uuid::Uuid;

use crate::support::{FakeApp, JsonSocket, PATIENCE, finished, get, report, soon};

#[actix_web::test]
async fn hello_comes_first_and_tells_the_limits() {
    let app = FakeApp::start(&["--limit-wall-ms=3s", "--source-bytes=1KiB"]).await;
    let mut socket = JsonSocket::connect_as(app.address, None).await.expect("a socket");
    let hello = socket.expect("hello").await;
    assert_eq!((&hello["version"], &hello["engine"]), (&json!(1), &json!("V8 1.2.3")));
    assert_eq!((&hello["limits"]["wall_ms"], &hello["source_bytes"]), (&json!(3_000), &json!(1_024)));
    assert_eq!((&hello["message_bytes"], &hello["open_runs"]), (&json!(65_536), &json!(8)));
}

#[actix_web::test]
async fn a_run_streams_and_several_share_a_connection() {
    let mut app = FakeApp::start(&[]).await;
    let mut socket = JsonSocket::connect(app.address).await;
    let (first, second) = (socket.run("1").await, socket.run("2").await);
    let (one, two) = (app.started().await, app.started().await);
    assert_eq!((one.run.program.source(), two.run.program.source()), ("1", "2"));
    for (run, id) in [(&two, second), (&one, first)] {
        run.emit(RunEvent::Queued { position: 3 }).await;
        assert_eq!(socket.expect("queued").await, json!({"type": "queued", "run_id": id, "position": 3}));
        run.emit(RunEvent::Started).await;
        assert_eq!(socket.expect("started").await["run_id"], json!(id));
        run.log(0, "hi").await;
        let console = socket.expect("console").await;
        assert_eq!(
            (&console["run_id"], &console["seq"], &console["events"][0]["text"]),
            (&json!(id), &json!(0), &json!("hi"))
        );
    }
    one.emit(finished()).await;
    let end = socket.expect("finished").await;
    assert_eq!((&end["run_id"], &end["outcome"]), (&json!(first), &json!("completed")));
    soon("the handle's end", one.dropped.cancelled()).await;
    assert!(!two.dropped.is_cancelled());
}

#[actix_web::test]
async fn a_prompt_goes_out_and_its_answer_comes_in() {
    let mut app = FakeApp::start(&[]).await;
    let mut socket = JsonSocket::connect(app.address).await;
    let id = socket.run("1").await;
    let mut run = app.started().await;
    assert!(run.run.is_attended);
    let (kind, message, default) = (PromptKind::Line, "?".to_owned(), Some("d".to_owned()));
    run.emit(RunEvent::Prompt { prompt_id: 7, kind, message, default }).await;
    let expected = json!({"type": "prompt", "run_id": id, "prompt_id": 7, "kind": "line", "message": "?", "default": "d"});
    assert_eq!(socket.expect("prompt").await, expected);
    socket.send(json!({"type": "input", "run_id": id, "prompt_id": 8, "value": "x"})).await;
    socket.expect_rejected("unknown_prompt").await;
    socket.send(json!({"type": "input", "run_id": id, "prompt_id": 7, "value": "x"})).await;
    assert_eq!(soon("the answer", run.answers.recv()).await, Some((7, Some("x".to_owned()))));
}

#[actix_web::test]
async fn an_evaluation_goes_in_and_what_came_of_it_comes_out() {
    let mut app = FakeApp::start(&[]).await;
    let mut socket = JsonSocket::connect(app.address).await;
    let id = Uuid::new_v4();
    socket.send(json!({"type": "run", "run_id": id, "source": "1", "repl": true})).await;
    let mut run = app.started().await;
    assert!(run.run.repl);
    let ended = Some(Box::new(report(Outcome::Completed)));
    run.emit(RunEvent::Paused { left_ms: 9, report: ended }).await;
    let paused = socket.expect("paused").await;
    assert_eq!((&paused["left_ms"], &paused["report"]["outcome"]), (&json!(9), &json!("completed")));
    socket.send(json!({"type": "evaluate", "run_id": id, "evaluation_id": 1, "source": "x"})).await;
    assert_eq!(soon("the evaluation", run.evaluations.recv()).await, Some((1, "x".to_owned())));
    let error = Some(RunError::new("TypeError", "no"));
    run.emit(RunEvent::Evaluated { evaluation_id: 1, value: None, error }).await;
    let expected = json!({"type": "evaluated", "run_id": id, "evaluation_id": 1,
        "error": {"name": "TypeError", "message": "no", "stack": []}});
    assert_eq!(socket.expect("evaluated").await, expected);
    run.emit(RunEvent::Released(ReleaseReason::Time)).await;
    assert_eq!(socket.expect("released").await["reason"], "time");
    run.emit(finished()).await;
    socket.expect("finished").await;
    socket.send(json!({"type": "evaluate", "run_id": id, "evaluation_id": 2, "source": "x"})).await;
    socket.expect_rejected("unknown_run").await;
}

#[actix_web::test]
async fn bad_frames_are_answered_and_the_connection_stays() {
    let mut app = FakeApp::start(&["--source-bytes=1000"]).await;
    let mut socket = JsonSocket::connect(app.address).await;
    let id = socket.run("1").await;
    let run = app.started().await;
    for (frame, reason) in [
        ("not json".to_owned(), "bad_request"),
        ("[]".to_owned(), "bad_request"),
        (json!({"type": "walk"}).to_string(), "bad_request"),
        (json!({"type": "run", "source": ""}).to_string(), "bad_request"),
        (json!({"type": "run", "run_id": Uuid::nil(), "source": 5}).to_string(), "bad_request"),
        (json!({"type": "run", "run_id": Uuid::nil(), "source": "x".repeat(1_001)}).to_string(), "too_large"),
        (json!({"type": "run", "run_id": id, "source": ""}).to_string(), "duplicate_run_id"),
        (json!({"type": "stop", "run_id": Uuid::nil()}).to_string(), "unknown_run"),
        (json!({"type": "input", "run_id": id, "prompt_id": 0, "value": "x"}).to_string(), "unknown_prompt"),
        (json!({"type": "run", "run_id": Uuid::nil(), "source": "busy"}).to_string(), "busy"),
    ] {
        socket.send_text(frame).await;
        socket.expect_rejected(reason).await;
    }
    for _ in 1..8 {
        socket.run("more").await;
    }
    socket.run("one too many").await;
    socket.expect_rejected("too_many_runs").await;
    assert!(!run.dropped.is_cancelled(), "no bad frame harms a run");
    run.emit(finished()).await;
    socket.expect("finished").await;
}

#[actix_web::test]
async fn a_message_in_pieces_is_put_together() {
    let mut app = FakeApp::start(&[]).await;
    let mut socket = JsonSocket::connect(app.address).await;
    let text = json!({"type": "run", "run_id": Uuid::nil(), "source": "pieces"}).to_string();
    let (head, tail) = text.split_at(20);
    socket.send_frame(Message::Continuation(Item::FirstText(head.to_owned().into()))).await;
    socket.send_frame(Message::Ping("between".into())).await;
    socket.send_frame(Message::Continuation(Item::Last(tail.to_owned().into()))).await;
    assert_eq!(app.started().await.run.program.source(), "pieces");
    assert_eq!(socket.frame().await, Some(Frame::Pong("between".into())));
}

/// A masked frame with `opcode` in its first byte; the mask is zero, so the payload is as it is.
fn raw_frame(first_byte: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first_byte, 0x80 | payload.len() as u8, 0, 0, 0, 0];
    frame.extend_from_slice(payload);
    frame
}

#[actix_web::test]
async fn what_breaks_the_protocol_is_closed_with_the_code_for_it() {
    let app = FakeApp::start(&["--source-bytes=100"]).await;
    let limit = 400 << 10;
    let cases: [(&str, Vec<u8>, CloseCode); 5] = [
        ("a binary frame", raw_frame(0x82, b"x"), CloseCode::Unsupported),
        ("not UTF-8", raw_frame(0x81, b"\xff"), CloseCode::Invalid),
        ("reserved bits", raw_frame(0xf1, b"x"), CloseCode::Protocol),
        ("a bad opcode", raw_frame(0x83, b"x"), CloseCode::Protocol),
        ("an unmasked frame", vec![0x81, 1, b'x'], CloseCode::Protocol),
    ];
    for (what, bytes, code) in cases {
        let mut socket = JsonSocket::connect(app.address).await;
        socket.send_bytes(&bytes).await;
        let words = socket.expect_close(code).await;
        assert!(!words.is_empty(), "{what} has a reason");
        assert_eq!(socket.frame().await, None, "{what}: the connection ends");
    }

    let mut socket = JsonSocket::connect(app.address).await;
    socket.send_text("x".repeat(limit + 1)).await;
    assert!(socket.expect_close(CloseCode::Size).await.contains("409600 bytes"));

    let mut socket = JsonSocket::connect(app.address).await;
    socket.send_frame(Message::Continuation(Item::FirstText(vec![b'x'; limit].into()))).await;
    socket.send_frame(Message::Continuation(Item::Continue("xx".into()))).await;
    socket.expect_close(CloseCode::Size).await;

    let mut socket = JsonSocket::connect(app.address).await;
    socket.send_frame(Message::Continuation(Item::FirstText((&b"\xff"[..]).into()))).await;
    socket.send_frame(Message::Continuation(Item::Last("x".into()))).await;
    socket.expect_close(CloseCode::Invalid).await;

    assert_eq!(get(app.address, "/healthz", &[]).await.status, 200);
}

#[actix_web::test]
async fn goodbye_is_answered_and_ends_the_runs() {
    let mut app = FakeApp::start(&[]).await;
    let mut socket = JsonSocket::connect(app.address).await;
    socket.run("1").await;
    let run = app.started().await;
    socket.send_frame(Message::Close(Some(CloseReason { code: CloseCode::Normal, description: None }))).await;
    socket.expect_close(CloseCode::Normal).await;
    soon("the run's end", run.dropped.cancelled()).await;
}

#[actix_web::test]
async fn a_visitor_who_leaves_takes_the_runs_along() {
    let mut app = FakeApp::start(&[]).await;
    let mut socket = JsonSocket::connect(app.address).await;
    socket.run("1").await;
    let run = app.started().await;
    drop(socket);
    let started = std::time::Instant::now();
    soon("the run's end", run.dropped.cancelled()).await;
    assert!(started.elapsed() < Duration::from_millis(250), "{:?}", started.elapsed());
}

#[actix_web::test]
async fn a_client_that_never_reads_holds_its_run_back_can_stop_it_and_is_given_up() {
    let mut app = FakeApp::start(&["--answer-timeout=700ms", "--ping-interval=10m"]).await;
    let mut socket = JsonSocket::connect(app.address).await;
    let id = socket.run("flood").await;
    let run = app.started().await;
    let line = "x".repeat(60_000);
    let mut sent: u64 = 0;
    // The channel takes what the network takes: once nothing has moved for a while, everything is full.
    while tokio::time::timeout(Duration::from_millis(200), run.log(sent, &line)).await.is_ok() {
        sent += 1;
        assert!(sent < 5_000, "300 MB were taken for a client that does not read");
    }
    assert!(!run.dropped.is_cancelled());
    socket.send(json!({"type": "stop", "run_id": id})).await;
    soon("the stop", run.stopped.cancelled()).await;
    soon("the run's end", run.dropped.cancelled()).await;
}

#[actix_web::test]
async fn a_slow_client_loses_nothing() {
    let mut app = FakeApp::start(&[]).await;
    let mut socket = JsonSocket::connect(app.address).await;
    socket.run("flood").await;
    let run = app.started().await;
    let line = "x".repeat(10_000);
    let flood = async {
        for seq in 0..2_000 {
            run.log(seq, &line).await;
        }
        run.emit(finished()).await;
    };
    let read = async {
        for seq in 0..2_000 {
            if seq % 400 == 0 {
                // Long enough for everything between the two to fill up.
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            assert_eq!(socket.expect("console").await["seq"], seq);
        }
        socket.expect("finished").await;
    };
    tokio::join!(flood, read);
}

#[actix_web::test]
async fn a_silent_client_is_pinged_and_then_given_up() {
    let app = FakeApp::start(&["--ping-interval=50ms", "--answer-timeout=100ms"]).await;
    let mut socket = JsonSocket::connect(app.address).await;
    for _ in 0..3 {
        assert_eq!(socket.frame().await, Some(Frame::Ping("".into())));
        socket.send_frame(Message::Pong("".into())).await;
    }
    assert_eq!(socket.frame().await, Some(Frame::Ping("".into())));
    assert!(socket.expect_close(CloseCode::Policy).await.contains("ping"));
}

#[actix_web::test]
async fn pages_of_other_origins_are_refused() {
    let app = FakeApp::start(&["--allowed-origins=https://school.example"]).await;
    let own = format!("http://{}", app.address);
    for origin in [own.as_str(), "https://school.example"] {
        assert!(JsonSocket::connect_as(app.address, Some(origin)).await.is_ok(), "{origin}");
    }
    for origin in
        ["https://evil.example", "null", "http://127.0.0.1:1", "https://school.example.evil.example"]
    {
        assert_eq!(JsonSocket::connect_as(app.address, Some(origin)).await.err(), Some(403), "{origin}");
    }
}

#[actix_web::test]
async fn a_plain_request_is_told_to_upgrade() {
    let app = FakeApp::start(&[]).await;
    // By hand: the client library takes any answer with this header for a WebSocket.
    let mut stream = tokio::net::TcpStream::connect(app.address).await.expect("the server listens");
    let request = b"GET /api/v1/ws HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    stream.write_all(request).await.expect("the server reads");
    let mut answer = Vec::new();
    // The connection's end is not waited for: in gVisor, tokio does not always hear of it when it comes with the
    // last bytes.
    while !answer.ends_with(b"}") {
        let read = soon("an answer", stream.read_buf(&mut answer)).await.expect("an answer");
        assert!(read > 0, "{}", String::from_utf8_lossy(&answer));
    }
    let answer = String::from_utf8(answer).expect("words");
    assert!(answer.starts_with("HTTP/1.1 426 "), "{answer}");
    assert!(answer.contains("\r\nupgrade: websocket\r\n"), "{answer}");
    assert!(answer.contains("\"detail\":\"This address speaks WebSocket"), "{answer}");
}

#[actix_web::test]
async fn a_flood_of_bad_frames_is_answered_frame_by_frame() {
    let app = FakeApp::start(&[]).await;
    let mut socket = JsonSocket::connect(app.address).await;
    // Nobody reads while these are sent: what the server holds for them is bounded, and none is lost.
    let (mut many, reply) = (Vec::new(), "bad_request");
    for _ in 0..1_000 {
        many.extend(raw_frame(0x81, b"{}"));
    }
    tokio::time::timeout(PATIENCE, socket.send_bytes(&many)).await.expect("the server reads on");
    for _ in 0..1_000 {
        socket.expect_rejected(reply).await;
    }
}
