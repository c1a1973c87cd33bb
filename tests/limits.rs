//! What one client may do and hold: the rate of runs, connections, places and turns in the queue, and the time
//! that a connection may take.

use std::net::SocketAddr;
use std::time::Duration;

use actix_ws::Item;
use awc::ws::{CloseCode, Frame, Message};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Answer, FakeApp, JsonSocket, TestApp, get, post, request, soon, until};

/// Two clients behind a proxy.
const ONE: (&str, &str) = ("x-forwarded-for", "192.0.2.1");
const OTHER: (&str, &str) = ("x-forwarded-for", "192.0.2.2");
/// All tests come from here.
const BEHIND_A_PROXY: &str = "--trusted-proxies=127.0.0.1";
/// Runs until it is stopped.
const LONG: &str = "await new Promise((go) => setTimeout(go, 9_000))";

async fn post_as(address: SocketAddr, client: (&str, &str), source: &str) -> Answer {
    let body = json!({"source": source}).to_string();
    request(address, "POST", "/api/v1/run", &[("content-type", "application/json"), client], body).await
}

async fn connect_as(address: SocketAddr, client: (&str, &str)) -> JsonSocket {
    let mut socket = JsonSocket::connect_with(address, &[client]).await.expect("the server takes WebSockets");
    socket.expect("hello").await;
    socket
}

/// Checks that this says that the rate was too high, and in how many seconds to come again.
#[track_caller]
fn expect_rate_limited(answer: &Answer, seconds: &str) {
    let detail = answer.expect_problem(429);
    let words = format!("at most 2 an hour, 2 at once. Try again in {seconds} s.");
    assert!(detail.contains(&words), "{detail}");
    assert_eq!(answer.header("retry-after"), seconds);
    assert_eq!(answer.json()["reason"], "rate_limited");
    let ms = answer.json()["retry_after_ms"].as_u64().expect("a number");
    assert_eq!(ms.div_ceil(1_000).to_string(), seconds);
}

#[actix_web::test]
async fn runs_over_the_rate_are_told_when_to_come_again() {
    let mut app = FakeApp::start(&["--rate-limit=2/h"]).await;
    let mut socket = JsonSocket::connect(app.address).await;
    socket.run("1").await;
    let _run = app.started().await;
    // Another connection, another way, the same client.
    post(app.address, r#"{"source":"busy"}"#).await.expect_problem(503);
    expect_rate_limited(&post(app.address, r#"{"source":"1"}"#).await, "1800");
    let mut second = JsonSocket::connect(app.address).await;
    for socket in [&mut socket, &mut second] {
        let id = socket.run("1").await;
        let rejected = socket.expect("rejected").await;
        assert_eq!((&rejected["run_id"], &rejected["reason"]), (&json!(id), &json!("rate_limited")));
        let ms = rejected["retry_after_ms"].as_u64().expect("a number");
        assert!((1_790_000..=1_800_000).contains(&ms), "{rejected}");
    }
    // What is no run costs nothing, and the page is there.
    assert_eq!(get(app.address, "/", &[]).await.status, 200);
}

#[actix_web::test]
async fn the_rate_can_be_taken_away() {
    let app = FakeApp::start(&["--rate-limit=off"]).await;
    let mut socket = JsonSocket::connect(app.address).await;
    for _ in 0..500 {
        socket.run("busy").await;
        socket.expect_rejected("busy").await;
    }
}

#[actix_web::test]
async fn each_client_behind_a_trusted_proxy_has_a_rate_of_its_own() {
    let app = FakeApp::start(&[BEHIND_A_PROXY, "--rate-limit=2/h"]).await;
    for client in [ONE, OTHER] {
        for _ in 0..2 {
            post_as(app.address, client, "busy").await.expect_problem(503);
        }
        expect_rate_limited(&post_as(app.address, client, "busy").await, "1800");
    }
    // What a client makes up comes before what the proxy says.
    let made_up = ("x-forwarded-for", "203.0.113.9, 192.0.2.1");
    expect_rate_limited(&post_as(app.address, made_up, "busy").await, "1800");
    let mut socket = connect_as(app.address, OTHER).await;
    socket.run("busy").await;
    socket.expect_rejected("rate_limited").await;
    // All of a /64 are one.
    for (address, status) in [("2001:db8::1", 503), ("2001:db8::2", 503), ("[2001:db8::3]:80", 429)] {
        post_as(app.address, ("x-forwarded-for", address), "busy").await.expect_problem(status);
    }
}

#[actix_web::test]
async fn forwarded_is_read_where_the_settings_say_so() {
    let app = FakeApp::start(&[BEHIND_A_PROXY, "--proxy-header=forwarded", "--rate-limit=2/h"]).await;
    for (header, status) in [
        (("forwarded", "for=192.0.2.1"), 503),
        (("forwarded", "for=\"192.0.2.1:4711\";proto=https"), 503),
        (("forwarded", "for=\"[2001:db8::1]\", for=192.0.2.1"), 429),
        (("forwarded", "for=192.0.2.2"), 503),
        // The other header is not the proxy's word: these are the proxy itself.
        (("x-forwarded-for", "192.0.2.3"), 503),
        (("x-forwarded-for", "192.0.2.4"), 503),
        (("x-forwarded-for", "192.0.2.5"), 429),
    ] {
        post_as(app.address, header, "busy").await.expect_problem(status);
    }
}

#[actix_web::test]
async fn nobody_else_is_believed_about_who_they_are() {
    let app = FakeApp::start(&["--trusted-proxies=192.0.2.0/24", "--rate-limit=2/h"]).await;
    for (client, status) in [(ONE, 503), (OTHER, 503), (("x-forwarded-for", "192.0.2.3"), 429)] {
        post_as(app.address, client, "busy").await.expect_problem(status);
    }
}

#[actix_web::test]
async fn connections_of_one_client_are_bounded() {
    let app = FakeApp::start(&["--connections-per-client=2"]).await;
    let first = JsonSocket::connect(app.address).await;
    let second = JsonSocket::connect(app.address).await;
    assert_eq!(JsonSocket::connect_as(app.address, None).await.err(), Some(429));
    let answer = post(app.address, r#"{"source":"busy"}"#).await;
    assert!(answer.expect_problem(429).contains("has 2 connections open"), "{}", answer.text());
    assert_eq!((answer.header("retry-after"), &answer.json()["retry_after_ms"]), ("5", &json!(5_000)));
    let page = get(app.address, "/", &[]).await;
    assert_eq!((page.status, page.header("content-type")), (429, "text/html; charset=utf-8"));
    assert!(page.header("content-security-policy").contains("default-src 'none'"));
    assert_eq!(get(app.address, "/healthz", &[]).await.status, 200, "whoever watches is let in");
    drop(first);
    until("room for another", || async { JsonSocket::connect_as(app.address, None).await.is_ok() }).await;
    drop(second);
}

#[actix_web::test]
async fn connections_that_wait_to_be_turned_away_are_bounded_too() {
    let app = FakeApp::start(&["--connections-per-client=2"]).await;
    let mut open = Vec::new();
    for _ in 0..4 {
        open.push(TcpStream::connect(app.address).await.expect("the server listens"));
    }
    // The server counts in the order in which they came, so this one is the fifth.
    let mut fifth = TcpStream::connect(app.address).await.expect("the server listens");
    let mut said = Vec::new();
    let _ = soon("the end", fifth.read_to_end(&mut said)).await;
    assert!(said.is_empty(), "it is closed without a word");
    let answer = read_answer(&mut open[3], "GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 429 ") && answer.contains("connection: close"), "{answer}");
    let answer = read_answer(&mut open[1], "GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && !answer.contains("connection: close"), "{answer}");
}

#[actix_web::test]
async fn connections_in_all_are_bounded() {
    let app = FakeApp::start(&["--max-connections=2"]).await;
    let first = JsonSocket::connect(app.address).await;
    let _second = JsonSocket::connect(app.address).await;
    let answer = post(app.address, r#"{"source":"busy"}"#).await;
    assert!(answer.expect_problem(503).contains("has 2 connections open"), "{}", answer.text());
    assert_eq!(answer.header("retry-after"), "5");
    assert_eq!(get(app.address, "/healthz", &[]).await.status, 200);
    drop(first);
    until("room for another", || async { JsonSocket::connect_as(app.address, None).await.is_ok() }).await;
}

#[actix_web::test]
async fn a_proxy_may_have_more_connections_than_each_of_its_clients() {
    let app = FakeApp::start(&[BEHIND_A_PROXY, "--connections-per-client=2"]).await;
    let first = connect_as(app.address, ONE).await;
    let _second = connect_as(app.address, ONE).await;
    assert_eq!(JsonSocket::connect_with(app.address, &[ONE]).await.err(), Some(429));
    post_as(app.address, ONE, "busy").await.expect_problem(429);
    let (_third, _fourth) = (connect_as(app.address, OTHER).await, connect_as(app.address, OTHER).await);
    post_as(app.address, OTHER, "busy").await.expect_problem(429);
    let third = ("x-forwarded-for", "192.0.2.3");
    for _ in 0..10 {
        post_as(app.address, third, "busy").await.expect_problem(503);
    }
    drop(first);
    until("room for another", || async { JsonSocket::connect_with(app.address, &[ONE]).await.is_ok() }).await;
}

/// Waits until a run is told that it has this position.
async fn position(socket: &mut JsonSocket, run_id: uuid::Uuid, position: u32) {
    loop {
        let queued: Value = socket.wait_for("queued").await;
        if queued["run_id"] == json!(run_id) && queued["position"] == position {
            return;
        }
    }
}

#[actix_web::test]
async fn a_client_with_many_runs_does_not_starve_one_with_a_single_run() {
    let app = TestApp::with(&[BEHIND_A_PROXY, "--open-runs=1", "--open-runs-per-connection=20"]);
    let (mut many, mut single) = (connect_as(app.address, ONE).await, connect_as(app.address, OTHER).await);
    let running = many.run(LONG).await;
    many.wait_for("started").await;
    let mut waiting = Vec::new();
    for n in 1..=10 {
        waiting.push(many.run(LONG).await);
        position(&mut many, waiting[n as usize - 1], n).await;
    }
    let own = single.run("6 * 7").await;
    position(&mut single, own, 2).await;
    // Those behind it are told that they wait for one more.
    position(&mut many, waiting[9], 11).await;
    many.send(json!({"type": "stop", "run_id": running})).await;
    position(&mut single, own, 1).await;
    many.send(json!({"type": "stop", "run_id": waiting[0]})).await;
    let finished = single.wait_for("finished").await;
    assert_eq!(finished["value"]["value"], 42.0, "{finished}");
    // Nine of the others waited all the while, and the next has its place now.
    until("the next to start", || async { app.health().await["queued_runs"] == 8 }).await;
}

#[actix_web::test]
async fn a_client_may_not_fill_the_queue_and_a_full_one_says_so() {
    let app = TestApp::with(&[BEHIND_A_PROXY, "--open-runs=1", "--queue=3", "--queue-per-client=2"]);
    let mut one = connect_as(app.address, ONE).await;
    let first = one.run(LONG).await;
    one.wait_for("started").await;
    one.run("1").await;
    one.run("2").await;
    until("two to wait", || async { app.health().await["queued_runs"] == 2 }).await;
    one.run("3").await;
    let rejected = one.wait_for("rejected").await;
    assert_eq!((&rejected["reason"], &rejected["retry_after_ms"]), (&json!("too_many_runs"), &json!(1_000)));
    let answer = post_as(app.address, ONE, "3").await;
    assert!(answer.expect_problem(429).contains("has 2 runs waiting"), "{}", answer.text());
    assert_eq!((answer.header("retry-after"), &answer.json()["reason"]), ("1", &json!("too_many_runs")));
    // There is room for others, and then for nobody.
    let mut other = connect_as(app.address, OTHER).await;
    other.run("4").await;
    other.wait_for("queued").await;
    let answer = post_as(app.address, OTHER, "5").await;
    assert!(answer.expect_problem(503).contains("and 3 runs wait for one"), "{}", answer.text());
    assert_eq!((answer.header("retry-after"), &answer.json()["reason"]), ("1", &json!("busy")));
    one.send(json!({"type": "stop", "run_id": first})).await;
    other.wait_for("finished").await;
    for _ in 0..3 {
        one.wait_for("finished").await;
    }
    assert_eq!(post_as(app.address, ONE, "6").await.status, 200);
}

#[actix_web::test]
async fn one_client_may_not_take_all_places() {
    let app = TestApp::with(&[BEHIND_A_PROXY, "--open-runs=2", "--places-per-client=1"]);
    let mut one = connect_as(app.address, ONE).await;
    let first = one.run(LONG).await;
    one.wait_for("started").await;
    let second = one.run("2").await;
    position(&mut one, second, 1).await;
    assert_eq!(post_as(app.address, OTHER, "3").await.json()["outcome"], "completed");
    assert_eq!(app.health().await["queued_runs"], 1);
    one.send(json!({"type": "stop", "run_id": first})).await;
    let ended = [one.wait_for("finished").await, one.wait_for("finished").await];
    assert!(
        ended.iter().any(|it| it["run_id"] == json!(second) && it["outcome"] == "completed"),
        "{ended:?}"
    );
}

/// Sends a request and reads its answer up to the end of the head.
async fn read_answer(stream: &mut TcpStream, head: &str) -> String {
    stream.write_all(head.as_bytes()).await.expect("the server reads");
    let mut said = Vec::new();
    while !said.ends_with(b"\r\n\r\n") {
        said.push(soon("an answer", stream.read_u8()).await.expect("an answer"));
    }
    String::from_utf8(said).expect("text")
}

/// Writes `piece` again and again until the server closes the connection. What it said.
async fn trickle(stream: &mut TcpStream, piece: &[u8]) -> String {
    let (mut read, mut write) = stream.split();
    let mut said = Vec::new();
    let trickling = async {
        while write.write_all(piece).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        std::future::pending::<()>().await;
    };
    // A connection that was closed while we wrote may end with an error, after what was said.
    let reading = read.read_to_end(&mut said);
    soon("the end of the connection", async {
        tokio::select! {
            _ = reading => {}
            () = trickling => {}
        }
    })
    .await;
    String::from_utf8_lossy(&said).into_owned()
}

/// actix-web's clock moves every half a second, and its time-outs are early by as much.
const IMPATIENT: &[&str] = &["--request-timeout=1s", "--idle-timeout=1s"];

#[actix_web::test]
async fn a_head_that_comes_byte_by_byte_is_given_up() {
    let app = FakeApp::start(IMPATIENT).await;
    let mut stream = TcpStream::connect(app.address).await.expect("the server listens");
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nX: ").await.expect("the server reads");
    let said = trickle(&mut stream, b"x").await;
    assert!(said.starts_with("HTTP/1.1 408 "), "{said}");
    // The same again behind a request that was answered.
    let mut stream = TcpStream::connect(app.address).await.expect("the server listens");
    let answer = read_answer(&mut stream, "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nX: ").await.expect("the server reads");
    trickle(&mut stream, b"x").await;
}

#[actix_web::test]
async fn a_body_that_comes_byte_by_byte_is_given_up() {
    let mut app = FakeApp::start(IMPATIENT).await;
    let head = "POST /api/v1/run HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n";
    let mut stream = TcpStream::connect(app.address).await.expect("the server listens");
    stream.write_all(head.as_bytes()).await.expect("the server reads");
    let said = trickle(&mut stream, b" ").await;
    assert!(said.starts_with("HTTP/1.1 408 ") && said.contains("did not arrive in 1 s"), "{said}");
    // And those that nobody waits for.
    let address = app.address;
    let unread = async |line: &str, header: &str, status: &str| {
        let mut stream = TcpStream::connect(address).await.expect("the server listens");
        let head = format!("{line} HTTP/1.1\r\nHost: x\r\n{header}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.expect("the server reads");
        let said = trickle(&mut stream, b"1\r\nx\r\n").await;
        assert!(said.starts_with(&format!("HTTP/1.1 {status} ")), "{head}: {said}");
    };
    tokio::join!(
        unread("GET /healthz", "Transfer-Encoding: chunked", "200"),
        unread("GET /healthz", "Content-Length: 60000", "200"),
        unread("POST /api/v1/run", "Transfer-Encoding: chunked", "415"),
        unread("GET /nowhere", "Transfer-Encoding: chunked", "404"),
    );
    // A run takes its time all the same.
    let mut socket = JsonSocket::connect(app.address).await;
    socket.run("1").await;
    app.started().await;
}

#[actix_web::test]
async fn a_connection_that_asks_for_nothing_is_closed() {
    let app = FakeApp::start(IMPATIENT).await;
    let mut silent = TcpStream::connect(app.address).await.expect("the server listens");
    let mut said = String::new();
    soon("the end", silent.read_to_string(&mut said)).await.expect("a good end");
    assert!(said.is_empty() || said.starts_with("HTTP/1.1 408 "), "{said}");
    let mut idle = TcpStream::connect(app.address).await.expect("the server listens");
    let head = "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n";
    for _ in 0..3 {
        let answer = read_answer(&mut idle, head).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }
    let started = std::time::Instant::now();
    let mut said = String::new();
    soon("the end", idle.read_to_string(&mut said)).await.expect("a good end");
    assert!(
        started.elapsed() >= Duration::from_millis(150),
        "it is kept for a while: {:?}",
        started.elapsed()
    );
    assert_eq!(said, "");
}

#[actix_web::test]
async fn a_run_may_take_longer_than_a_connection_may_be_idle() {
    let mut app =
        FakeApp::start(&["--request-timeout=1s", "--idle-timeout=10ms", "--ping-interval=10m"]).await;
    let mut socket = JsonSocket::connect(app.address).await;
    let (answer, ()) = tokio::join!(post(app.address, r#"{"source":""}"#), async {
        let run = app.started().await;
        // Longer than a connection may be idle: that is what this is about.
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        run.emit(crate::support::finished()).await;
    });
    assert_eq!(answer.status, 200);
    socket.run("busy").await;
    socket.expect_rejected("busy").await;
}

#[actix_web::test]
async fn a_head_that_does_not_end_is_refused() {
    let app = FakeApp::start(&[]).await;
    let mut stream = TcpStream::connect(app.address).await.expect("the server listens");
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nX: ").await.expect("the server reads");
    let said = trickle(&mut stream, &[b'x'; 16 << 10]).await;
    assert!(said.starts_with("HTTP/1.1 431 "), "{said}");
}

#[actix_web::test]
async fn a_message_whose_rest_does_not_come_is_given_up() {
    let app = FakeApp::start(&["--request-timeout=1s", "--ping-interval=30ms", "--answer-timeout=10s"]).await;
    let mut socket = JsonSocket::connect(app.address).await;
    socket.send_frame(Message::Continuation(Item::FirstText("{".into()))).await;
    // It answers every ping, so it lives.
    loop {
        match socket.frame().await {
            Some(Frame::Ping(payload)) => {
                socket.send_frame(Message::Pong(payload)).await;
                socket.send_frame(Message::Continuation(Item::Continue(" ".into()))).await;
            }
            Some(Frame::Close(Some(reason))) => {
                assert_eq!(reason.code, CloseCode::Policy);
                assert!(reason.description.expect("words").contains("The rest of a message"));
                break;
            }
            other => panic!("{other:?}"),
        }
    }
}

#[actix_web::test]
async fn a_message_in_a_thousand_pieces_is_one() {
    let mut app = FakeApp::start(&[]).await;
    let mut socket = JsonSocket::connect(app.address).await;
    let text = json!({"type": "run", "run_id": uuid::Uuid::nil(), "source": "ä".repeat(500)}).to_string();
    let pieces: Vec<Vec<u8>> = text.bytes().map(|byte| vec![byte]).collect();
    let (first, rest) = pieces.split_first().expect("there are some");
    socket.send_frame(Message::Continuation(Item::FirstText(first.clone().into()))).await;
    for piece in rest {
        socket.send_frame(Message::Continuation(Item::Continue(piece.clone().into()))).await;
    }
    socket.send_frame(Message::Continuation(Item::Last("".into()))).await;
    assert_eq!(app.started().await.run.program.source(), "ä".repeat(500));
    socket.send_frame(Message::Continuation(Item::FirstBinary("x".into()))).await;
    socket.expect_close(CloseCode::Unsupported).await;
}
