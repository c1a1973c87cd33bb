//! Another process takes the listening socket over while many use it: no request and no accepted run is lost.

use std::cell::Cell;
use std::net::SocketAddr;

use awc::ws::{CloseCode, Frame, Message};
use futures_util::future::{join_all, join3};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use uuid::Uuid;

use crate::support::{JsonSocket, PATIENCE, TestApp, get, is_alive, soon, until};

/// What came of the load.
#[derive(Debug, Default)]
struct Done {
    requests: Cell<u32>,
    runs: Cell<u32>,
    reconnected: Cell<u32>,
}

fn count(cell: &Cell<u32>) {
    cell.set(cell.get() + 1);
}

/// Requests, each on a connection of its own.
async fn short_requests(address: SocketAddr, over: &Cell<bool>, done: &Done) {
    while !over.get() {
        assert_eq!(get(address, "/healthz", &[]).await.status, 200);
        count(&done.requests);
    }
}

/// Requests on one connection, until the server says that the last answer was its last.
async fn kept_connection(address: SocketAddr, over: &Cell<bool>, done: &Done) {
    while !over.get() {
        let mut stream = TcpStream::connect(address).await.expect("somebody listens");
        loop {
            stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("it reads");
            let mut answer = Vec::new();
            while !answer.ends_with(b"}") {
                let read = soon("an answer", stream.read_buf(&mut answer)).await.expect("an answer");
                assert!(read > 0, "hung up on after {} bytes", answer.len());
            }
            let answer = String::from_utf8(answer).expect("words");
            assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
            count(&done.requests);
            if over.get() || answer.contains("\r\nconnection: close\r\n") {
                break;
            }
        }
    }
}

/// The next message, or `None` when the server says that it restarts.
async fn message(socket: &mut JsonSocket) -> Option<Value> {
    loop {
        match socket.frame().await {
            Some(Frame::Text(text)) => return serde_json::from_slice(&text).expect("JSON"),
            Some(Frame::Ping(payload)) => socket.send_frame(Message::Pong(payload)).await,
            Some(Frame::Pong(_)) => {}
            Some(Frame::Close(Some(reason))) if reason.code == CloseCode::Restart => return None,
            other => panic!("expected a message or a restart, got {other:?}"),
        }
    }
}

/// A page: it runs programs, and one that was not begun when the server restarts it sends to the next.
async fn editor(address: SocketAddr, over: &Cell<bool>, done: &Done) {
    let mut socket = JsonSocket::connect(address).await;
    'runs: while !over.get() {
        let run_id = Uuid::new_v4();
        'sent: loop {
            let program = "console.log(1); await new Promise((go) => setTimeout(go, 30)); 'done'";
            socket.send(json!({"type": "run", "run_id": run_id, "source": program})).await;
            let mut is_accepted = false;
            loop {
                let Some(message) = message(&mut socket).await else {
                    assert!(!is_accepted, "a run that was accepted is lost");
                    socket = JsonSocket::connect(address).await;
                    count(&done.reconnected);
                    continue 'sent;
                };
                assert_eq!(message["run_id"], run_id.to_string(), "{message}");
                is_accepted = true;
                match message["type"].as_str() {
                    Some("finished") => {
                        assert_eq!(message["outcome"], "completed", "{message}");
                        count(&done.runs);
                        continue 'runs;
                    }
                    Some("queued" | "started" | "console") => {}
                    _ => panic!("unexpected: {message}"),
                }
            }
        }
    }
}

/// The newest process: no test leaves it behind.
struct Last(Cell<u32>);

impl Drop for Last {
    fn drop(&mut self) {
        let _ = kill(Pid::from_raw(self.0.get() as i32), Signal::SIGKILL);
    }
}

/// Tells `pid` to hand over, and waits until it is gone. Gives the process that has taken over.
async fn hand_over(app: &TestApp, pid: u32) -> u32 {
    let taken = |app: &TestApp| -> Vec<u32> {
        let log = app.log();
        let said = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let taken = said.filter(|it| {
            it["fields"]["message"]
                .as_str()
                .is_some_and(|words| words.contains("another process has taken over"))
        });
        taken.filter_map(|it| it["fields"]["pid"].as_u64()?.try_into().ok()).collect()
    };
    let before = taken(app).len();
    kill(Pid::from_raw(pid as i32), Signal::SIGUSR2).expect("it runs");
    until("another to take over", || async { taken(app).len() > before }).await;
    until("the one before to be gone", || async { !is_alive(pid) }).await;
    *taken(app).last().expect("it said so")
}

#[actix_web::test]
async fn under_load_nothing_is_lost() {
    let app = TestApp::with(&["--shutdown-grace=5m", "--open-runs=16", "--log-format=json"]);
    let (address, over, done) = (app.address, Cell::new(false), Done::default());
    let (over, done) = (&over, &done);
    let load = join3(
        join_all((0..4).map(|_| short_requests(address, over, done))),
        join_all((0..4).map(|_| kept_connection(address, over, done))),
        join_all((0..8).map(|_| editor(address, over, done))),
    );
    let last = Last(Cell::new(app.pid()));
    let handing = async {
        for round in 1..=3 {
            let more = (done.requests.get() + 20, done.runs.get() + 20);
            until("some load", || async { done.requests.get() > more.0 && done.runs.get() > more.1 }).await;
            last.0.set(hand_over(&app, last.0.get()).await);
            let version = get(address, "/healthz", &[]).await.json()["status"].clone();
            assert_eq!(version, "ok", "round {round}");
        }
        over.set(true);
    };
    let ending = async {
        tokio::time::timeout(4 * PATIENCE, async { tokio::join!(load, handing) }).await.expect("it ends");
    };
    ending.await;
    println!("{done:?}");
    assert!(done.reconnected.get() >= 8, "{done:?}");
    let pid = last.0.get();
    kill(Pid::from_raw(pid as i32), Signal::SIGTERM).expect("it runs");
    until("the last to be gone", || async { !is_alive(pid) }).await;
    // Its id may be another's from now on.
    std::mem::forget(last);
    assert!(TcpStream::connect(address).await.is_err());
    assert!(!app.log().contains("ERROR"), "{}", app.log());
}

#[actix_web::test]
async fn one_that_can_not_start_takes_nothing_over() {
    let app = TestApp::prepared(&[], |command| {
        let folder = command.get_current_dir().expect("the test's folder");
        std::fs::write(folder.join("mayfly.toml"), "").expect("it can be written");
    });
    std::fs::write(app.file("mayfly.toml"), "[limits]\nwall_ms = 'soon'\n").expect("it can be written");
    app.signal(Signal::SIGUSR2);
    until("it to fail", || async { app.log().contains("no other process has taken over") }).await;
    assert!(app.log().contains("limits.wall_ms"), "its own words are there, too: {}", app.log());
    app.run("1").expect_completed().await;
    assert_eq!(get(app.address, "/readyz", &[]).await.status, 200);
}
