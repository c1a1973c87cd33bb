//! What others send, and who bounds it before it takes memory: [`BOUNDS`] has a row for each, and a test for each row.
//! Where a library is relied on, the test is there to notice when the library changes.

use std::time::Duration;

use awc::ws::CloseCode;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use uuid::Uuid;

use crate::support::{Answer, JsonSocket, TestApp, get, post, request, until};

/// A row: what arrives, who looks at its length, and before what.
struct Bound {
    what: &'static str,
    /// Who checks it, and before what.
    checked: &'static str,
    /// How much may be.
    limit: &'static str,
    /// The file and the test that prove it.
    proof: (&'static str, &'static str),
}

const BOUNDS: &[Bound] = &[
    Bound {
        what: "a WebSocket frame",
        checked: "protocol/websocket.rs, by the frame's header, before any of its payload is kept",
        limit: "8 × client.source_bytes + 64 KiB",
        proof: ("tests/bounds.rs", "giant_frames_are_refused_by_their_header"),
    },
    Bound {
        what: "a WebSocket message in fragments",
        checked: "protocol/websocket.rs, by each fragment's header, with those before it",
        limit: "the same",
        proof: ("tests/bounds.rs", "fragments_count_together"),
    },
    Bound {
        what: "unfinished messages and bodies of one client, and of all",
        checked: "http/intake.rs, at each piece, before the next is read",
        limit: "client.intake_bytes, server.intake_bytes",
        proof: ("tests/bounds.rs", "unfinished_requests_of_many_are_bounded"),
    },
    Bound {
        what: "a request's head",
        checked: "actix-http, by its read buffer, before more is read",
        limit: "128 KiB",
        proof: ("tests/bounds.rs", "endless_heads_take_no_memory"),
    },
    Bound {
        what: "a request's headers",
        checked: "httparse, by their number, into an array of that length",
        limit: "96",
        proof: ("tests/bounds.rs", "too_many_headers_are_refused"),
    },
    Bound {
        what: "a body with a length",
        checked: "http/api/mod.rs, by Content-Length, before the body is read",
        limit: "8 × client.source_bytes + 64 KiB; with snippets.output_bytes twice where something is shared",
        proof: ("tests/bounds.rs", "long_bodies_are_refused_before_they_arrive"),
    },
    Bound {
        what: "a body in chunks",
        checked: "http/api/mod.rs, at each piece, before it is kept",
        limit: "the same",
        proof: ("tests/bounds.rs", "endless_bodies_take_no_memory"),
    },
    Bound {
        what: "a body that no handler reads",
        checked: "actix-http, which stops reading until what it has is taken",
        limit: "32 KiB, and its read buffer",
        proof: ("tests/bounds.rs", "endless_bodies_take_no_memory"),
    },
    Bound {
        what: "a compressed body",
        checked: "http/api/mod.rs, by its header: none is decompressed",
        limit: "none",
        proof: ("tests/bounds.rs", "compressed_bodies_are_not_read"),
    },
    Bound {
        what: "JSON in JSON",
        checked: "serde_json, by depth, before it recurses; an `input` is skipped without recursion",
        limit: "128 levels; an `input` as deep as it is long",
        proof: ("tests/bounds.rs", "deep_json_harms_nothing"),
    },
    Bound {
        what: "a list of answers, whose lines take more memory than JSON",
        checked: "protocol/parse.rs, by their number, at each",
        limit: "32,768",
        proof: ("tests/bounds.rs", "lists_of_nothing_are_refused"),
    },
    Bound {
        what: "programs in the queue",
        checked: "sandbox/scheduler.rs, by their length, before they wait",
        limit: "sandbox.queue_bytes",
        proof: ("server/sandbox/scheduler/tests.rs", "long_programs_make_room_for_short_ones"),
    },
    Bound {
        what: "events of a stream, for those who come back for them",
        checked: "the sandbox, by limits.output_bytes, while the run lasts; http/api/events.rs after it",
        limit: "limits.output_bytes each; api.kept_stream_bytes after the run",
        proof: ("tests/bounds.rs", "streams_that_nobody_reads_are_let_go"),
    },
    Bound {
        what: "a frame of a child",
        checked: "protocol/frame.rs, by its length, before there is room for it",
        limit: "client.message_bytes or limits.output_bytes, and 64 KiB",
        proof: ("server/protocol/frame.rs", "a_huge_length_is_refused_before_anything_is_allocated"),
    },
    Bound {
        what: "a response to a fetch, decompressed",
        checked: "sandbox/egress, by its length, and at each piece that the program has room for",
        limit: "egress.response_bytes",
        proof: ("tests/fetch/mod.rs", "bodies_and_times_are_bounded_and_the_visitor_is_told"),
    },
    Bound {
        what: "the head of a response to a fetch",
        checked: "hyper, by its read buffer and the number of headers",
        limit: "100 headers; about 400 KiB",
        proof: ("tests/fetch/mod.rs", "a_broken_server_is_an_error_of_the_programs"),
    },
    Bound {
        what: "a row of PostgreSQL",
        checked: "this server, before it writes one; sqlx reads whatever length the database announces, which the \
                  operator has to trust",
        limit: "the body that shares something",
        proof: ("tests/bounds.rs", "long_bodies_are_refused_before_they_arrive"),
    },
];

/// The longest message with the settings that these tests use, in bytes.
const LONGEST: usize = 400 << 10;
/// So that this is the longest.
const SHORT_SOURCES: &str = "--source-bytes=1KiB";
/// What the server's memory may grow by for reasons of its own, in bytes.
const SLACK: u64 = 12 << 20;

#[test]
fn each_bound_has_its_proof() {
    for Bound { what, checked, limit, proof: (file, test) } in BOUNDS {
        assert!(!checked.is_empty() && !limit.is_empty());
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let text = std::fs::read_to_string(path).expect("a file");
        assert!(text.contains(&format!("fn {test}(")), "{what}: there is no test {test} in {file}");
    }
}

/// A masked frame's header, with a mask of zeros.
fn header(first_byte: u8, length: u64) -> Vec<u8> {
    let mut bytes = vec![first_byte, 0xff];
    bytes.extend(length.to_be_bytes());
    bytes.extend([0; 4]);
    bytes
}

/// By how much the server's memory has grown since it was `before`.
fn growth(app: &TestApp, before: u64) -> u64 {
    app.resident_bytes().saturating_sub(before)
}

/// A server that has answered already, and its memory.
async fn warmed(flags: &[&str]) -> (TestApp, u64) {
    let app = TestApp::with(&[&["--workers=1", SHORT_SOURCES], flags].concat());
    assert_eq!(post(app.address, r#"{"source":"1"}"#).await.status, 200);
    let before = app.resident_bytes();
    (app, before)
}

/// A connection that has become a WebSocket, by hand.
async fn upgraded(app: &TestApp, from: &str) -> TcpStream {
    let mut stream = TcpStream::connect(app.address).await.expect("the server listens");
    let head = format!(
        "GET /api/v1/ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\nX-Forwarded-For: {from}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.expect("the server reads");
    let mut said = [0; 12];
    stream.read_exact(&mut said).await.expect("an answer");
    assert_eq!(&said, b"HTTP/1.1 101");
    stream
}

/// Writes `bytes` over and over until so many are written, or the server takes no more. How many it took.
async fn flood(stream: &mut TcpStream, bytes: &[u8], most: usize) -> usize {
    let mut written = 0;
    while written < most {
        match timeout(Duration::from_millis(500), stream.write(bytes)).await {
            Ok(Ok(some)) => written += some,
            Ok(Err(_)) | Err(_) => break,
        }
    }
    written
}

#[actix_web::test]
async fn giant_frames_are_refused_by_their_header() {
    let (app, before) = warmed(&[]).await;
    // Nothing but headers: the answer comes before any payload does.
    for length in [LONGEST as u64 + 1, 300 << 20, 1 << 40, u64::MAX] {
        let mut socket = JsonSocket::connect(app.address).await;
        socket.send_bytes(&header(0x81, length)).await;
        assert!(socket.expect_close(CloseCode::Size).await.contains("409600 bytes"), "{length}");
    }
    // And with as much of the payload as the server takes.
    let mut stream = upgraded(&app, "192.0.2.1").await;
    stream.write_all(&header(0x81, 300 << 20)).await.expect("the server reads");
    flood(&mut stream, &[b'x'; 65_536], 300 << 20).await;
    assert!(growth(&app, before) < SLACK, "{} bytes", growth(&app, before));
}

#[actix_web::test]
async fn fragments_count_together() {
    let (app, _) = warmed(&[]).await;
    let mut socket = JsonSocket::connect(app.address).await;
    socket.send_bytes(&[header(0x01, 1), vec![b'x']].concat()).await;
    socket.send_bytes(&header(0x00, LONGEST as u64)).await;
    socket.expect_close(CloseCode::Size).await;
}

#[actix_web::test]
async fn a_message_that_stops_half_way_is_given_up() {
    let app = TestApp::with(&["--request-timeout=1s", "--ping-interval=10m"]);
    // In a header, in a payload, between two fragments.
    for part in
        [vec![0x81], [header(0x81, 10), b"12345".to_vec()].concat(), [header(0x01, 1), vec![b'x']].concat()]
    {
        let mut socket = JsonSocket::connect(app.address).await;
        socket.send_bytes(&part).await;
        assert!(socket.expect_close(CloseCode::Policy).await.contains("The rest of a message"), "{part:?}");
    }
}

#[actix_web::test]
async fn unfinished_requests_of_many_are_bounded() {
    let flags = ["--trusted-proxies=127.0.0.1", "--intake-bytes=8MiB", "--intake-bytes-per-client=4MiB"];
    let (app, before) =
        warmed(&[&flags[..], &["--request-timeout=1m", "--snippet-output-bytes=0"]].concat()).await;
    let (mut kept, mut refused) = (Vec::new(), 0);
    for n in 0..200 {
        let from = format!("198.51.{}.7", n % 20);
        if n % 2 == 0 {
            let mut stream = upgraded(&app, &from).await;
            stream.write_all(&header(0x81, LONGEST as u64)).await.expect("the server reads");
            let taken = flood(&mut stream, &[b'x'; 65_536], LONGEST - 65_536).await;
            refused += usize::from(taken < LONGEST - 65_536);
            kept.push(stream);
        } else {
            let mut stream = TcpStream::connect(app.address).await.expect("the server listens");
            let head = format!(
                "POST /api/v1/run HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {LONGEST}\r\n\
                 X-Forwarded-For: {from}\r\n\r\n"
            );
            stream.write_all(head.as_bytes()).await.expect("the server reads");
            flood(&mut stream, &[b' '; 65_536], LONGEST - 65_536).await;
            kept.push(stream);
        }
    }
    // 80 MB were sent. 8 MiB count; the rest is the first 16 KiB of each, spare room, and read buffers of connections.
    assert!(growth(&app, before) < (36 << 20) + SLACK, "{} bytes, {refused} refused", growth(&app, before));
    // Whoever comes now is served, with a program that is not short.
    let body = json!({"source": "1", "input": "x".repeat(900)}).to_string();
    let headers = [("content-type", "application/json"), ("x-forwarded-for", "203.0.113.9")];
    let answer = request(app.address, "POST", "/api/v1/run", &headers, body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    drop(kept);
    // All is free again.
    until("room", || async { longest_is_taken(&app).await }).await;
}

async fn longest_is_taken(app: &TestApp) -> bool {
    let body = format!("{}{{\"source\":\"1\"}}", " ".repeat(LONGEST - 100));
    post(app.address, body).await.status == 200
}

#[actix_web::test]
async fn endless_heads_take_no_memory() {
    let (app, before) = warmed(&[]).await;
    let mut open = Vec::new();
    for _ in 0..20 {
        let mut stream = TcpStream::connect(app.address).await.expect("the server listens");
        stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nX: ").await.expect("the server reads");
        flood(&mut stream, &[b'x'; 65_536], 16 << 20).await;
        open.push(stream);
    }
    assert!(growth(&app, before) < SLACK, "{} bytes", growth(&app, before));
}

#[actix_web::test]
async fn too_many_headers_are_refused() {
    let (app, _) = warmed(&[]).await;
    let many: Vec<(String, String)> = (0..200).map(|n| (format!("x-{n}"), "y".to_owned())).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(get(app.address, "/healthz", &many).await.status, 431);
    assert_eq!(get(app.address, "/healthz", &many[..60]).await.status, 200);
}

#[actix_web::test]
async fn long_bodies_are_refused_before_they_arrive() {
    let (app, _) = warmed(&["--snippet-output-bytes=1MiB"]).await;
    for (path, longest) in [("/api/v1/run", LONGEST), ("/api/v1/snippets", LONGEST + (2 << 20))] {
        let mut stream = TcpStream::connect(app.address).await.expect("the server listens");
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            longest + 1
        );
        // Nothing of the body is sent.
        stream.write_all(head.as_bytes()).await.expect("the server reads");
        let mut said = [0; 12];
        crate::support::soon("an answer", stream.read_exact(&mut said)).await.expect("an answer");
        assert_eq!(&said, b"HTTP/1.1 413", "{path}");
    }
}

#[actix_web::test]
async fn endless_bodies_take_no_memory() {
    let (app, before) = warmed(&[]).await;
    let chunk = [b"10000\r\n".to_vec(), vec![b' '; 65_536], b"\r\n".to_vec()].concat();
    for line in ["POST /api/v1/run", "POST /api/v1/snippets", "GET /healthz", "GET /", "POST /nowhere"] {
        for framing in ["Transfer-Encoding: chunked", "Content-Length: 1000000000000"] {
            let mut stream = TcpStream::connect(app.address).await.expect("the server listens");
            let head =
                format!("{line} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{framing}\r\n\r\n");
            stream.write_all(head.as_bytes()).await.expect("the server reads");
            flood(&mut stream, &chunk, 64 << 20).await;
        }
        // A chunk that announces more than there is in the world.
        let mut stream = TcpStream::connect(app.address).await.expect("the server listens");
        let head = format!(
            "{line} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n\
             FFFFFFFFFFFFFFF\r\n"
        );
        stream.write_all(head.as_bytes()).await.expect("the server reads");
        flood(&mut stream, &chunk, 64 << 20).await;
    }
    assert!(growth(&app, before) < SLACK, "{} bytes", growth(&app, before));
}

#[actix_web::test]
async fn compressed_bodies_are_not_read() {
    let (app, before) = warmed(&[]).await;
    let headers = [("content-type", "application/json"), ("content-encoding", "gzip")];
    for path in ["/api/v1/run", "/api/v1/snippets"] {
        let answer = request(app.address, "POST", path, &headers, vec![0x1f; 1_000]).await;
        assert!(answer.expect_problem(415).contains("without a Content-Encoding"));
    }
    assert!(growth(&app, before) < SLACK);
}

#[actix_web::test]
async fn deep_json_harms_nothing() {
    let app = TestApp::with(&["--workers=1"]);
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let refused = |answer: Answer| answer.expect_problem(400);
    for body in [
        deep.clone(),
        format!("{{\"source\":{deep}}}"),
        format!("{{\"source\":\"1\",\"stdin\":{deep}}}"),
        format!("{{\"source\":\"1\",\"limits\":{{\"wall_ms\":{deep}}}}}"),
        format!("{{\"source\":\"1\",\"unknown\":{deep}}}"),
        format!("{{\"type\":{deep},\"source\":\"1\",\"x\":1}}"),
    ] {
        refused(post(app.address, body).await);
    }
    let answer = post(app.address, format!("{{\"source\":\"typeof input\",\"input\":{deep}}}")).await;
    assert!(answer.status == 200 || answer.status == 400, "{}", answer.text());
    let mut socket = JsonSocket::connect(app.address).await;
    socket.send_text(format!("{{\"type\":\"run\",\"run_id\":{deep}}}")).await;
    socket.expect_rejected("bad_request").await;
    assert_eq!(post(app.address, r#"{"source":"1"}"#).await.json()["outcome"], "completed");
}

#[actix_web::test]
async fn lists_of_nothing_are_refused() {
    let (app, before) = warmed(&["--open-runs=1"]).await;
    let list = format!("[{}\"\"]", "\"\",".repeat(100_000));
    for _ in 0..20 {
        let answer = post(app.address, format!("{{\"source\":\"1\",\"stdin\":{list}}}")).await;
        assert!(answer.expect_problem(400).contains("at most 32768 texts"), "{}", answer.text());
    }
    assert!(growth(&app, before) < SLACK, "{} bytes", growth(&app, before));
}

#[actix_web::test]
async fn streams_that_nobody_reads_are_let_go() {
    let (app, before) = warmed(&["--api-kept-stream-bytes=1MiB", "--api-resume=5m"]).await;
    let source = "for (let i = 0; i < 9; i++) console.log('x'.repeat(50_000))";
    let headers = [("content-type", "application/json"), ("accept", "text/event-stream")];
    let mut first = String::new();
    for n in 0..60 {
        let run_id = Uuid::new_v4();
        let body = json!({"source": source, "run_id": run_id}).to_string();
        let answer = request(app.address, "POST", "/api/v1/run", &headers, body).await;
        assert!(answer.text().contains("event: finished"), "{}", answer.text());
        if n == 0 {
            first = format!("{run_id}:0");
        }
        let last = [headers[0], headers[1], ("last-event-id", first.as_str())];
        let kept = request(app.address, "POST", "/api/v1/run", &last, "{}").await.status;
        // Some hundred KB each: the first is there while few are, and gone when there are many.
        assert!(kept == 200 || n > 2, "{n}: {kept}");
        assert!(kept == 404 || n < 30, "{n}: {kept}");
    }
    assert!(growth(&app, before) < (16 << 20) + SLACK, "{} bytes", growth(&app, before));
}
