//! A server that goes: it says so first, hangs up on nobody, and lets what is under way finish.

use std::io::Read;

use awc::ws::CloseCode;
use mayfly::protocol::browser::Outcome;
use mayfly::sandbox::RunEvent;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::support::{FakeApp, JsonSocket, PATIENCE, TestApp, finished, get, post, report, soon, until};

/// Reads an answer to its end, and the connection to its.
/// What comes to the connection's end. Read by a thread: in gVisor, tokio can miss an end that comes together with what
/// is before it (server/README.md, "In gVisor").
async fn last_answer(stream: TcpStream) -> String {
    let mut stream = stream.into_std().expect("it is open");
    stream.set_nonblocking(false).expect("it can wait");
    stream.set_read_timeout(Some(PATIENCE)).expect("it can be told");
    let reading = actix_web::rt::task::spawn_blocking(move || {
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("an answer and the connection's end");
        String::from_utf8(answer).expect("words")
    });
    reading.await.expect("it does not panic")
}

#[actix_web::test]
async fn ready_while_runs_can_start_and_not_without_a_zygote() {
    let app = TestApp::start();
    let answer = get(app.address, "/readyz", &[]).await;
    assert_eq!((answer.status, answer.json()), (200, json!({"status": "ready"})));
    assert_eq!(answer.header("cache-control"), "no-store");
    until("it to be failing for a moment", || async {
        for zygote in app.zygotes() {
            // It may be gone already.
            let _ = kill(Pid::from_raw(zygote as i32), Signal::SIGKILL);
        }
        let answer = get(app.address, "/readyz", &[]).await;
        answer.status == 503 && answer.json() == json!({"status": "failing"})
    })
    .await;
    until("it to be ready again", || async { get(app.address, "/readyz", &[]).await.status == 200 }).await;
    app.run("1").expect_completed().await;
}

#[actix_web::test]
async fn it_says_that_it_goes_and_goes_on_until_others_have_seen_that() {
    let mut app = FakeApp::start(&["--shutdown-delay=5m"]).await;
    let mut before = JsonSocket::connect(app.address).await;
    app.stop();
    until("readiness to be over", || async { get(app.address, "/readyz", &[]).await.status == 503 }).await;
    let answer = get(app.address, "/readyz", &[]).await;
    assert_eq!(answer.json(), json!({"status": "leaving"}));
    let alive = get(app.address, "/healthz", &[]).await;
    assert_eq!(alive.status, 200, "it is well all the same");
    assert_eq!(alive.header("connection"), "close", "and keeps no connection for another request");
    let mut after = JsonSocket::connect(app.address).await;
    for socket in [&mut before, &mut after] {
        socket.run("1").await;
        app.started().await.emit(finished()).await;
        socket.expect("finished").await;
    }
}

#[actix_web::test]
async fn connections_without_a_run_are_closed_at_once_and_those_with_one_after_it() {
    let mut app = FakeApp::start(&["--shutdown-grace=5m"]).await;
    let mut idle = JsonSocket::connect(app.address).await;
    let mut busy = JsonSocket::connect(app.address).await;
    busy.run("1").await;
    let run = app.started().await;
    let address = app.address;
    let posted = actix_web::rt::spawn(async move { post(address, r#"{"source": "2"}"#).await });
    let posted_run = app.started().await;
    app.stop();
    assert!(idle.expect_close(CloseCode::Restart).await.contains("restarts"));
    // It is not begun here any more: who sent it sees that it was not answered, and sends it elsewhere.
    busy.run("3").await;
    run.log(0, "still here").await;
    assert_eq!(busy.expect("console").await["events"][0]["text"], "still here");
    run.emit(finished()).await;
    busy.expect("finished").await;
    busy.expect_close(CloseCode::Restart).await;
    assert!(!posted.is_finished(), "nobody hangs up on it");
    posted_run.emit(finished()).await;
    let answer = posted.await.expect("it is not cancelled");
    assert_eq!((answer.status, answer.header("connection")), (200, "close"));
    app.stopped().await;
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
}

#[actix_web::test]
async fn what_takes_longer_than_its_time_is_stopped_and_told_so() {
    let mut app = FakeApp::start(&["--shutdown-grace=0s"]).await;
    let mut socket = JsonSocket::connect(app.address).await;
    socket.run("1").await;
    let run = app.started().await;
    let address = app.address;
    let posted = actix_web::rt::spawn(async move { post(address, r#"{"source": "2"}"#).await });
    let posted_run = app.started().await;
    app.stop();
    soon("the run to be told", run.stopped.cancelled()).await;
    run.emit(RunEvent::Finished(Box::new(report(Outcome::Stopped)))).await;
    assert_eq!(socket.expect("finished").await["outcome"], "stopped");
    socket.expect_close(CloseCode::Restart).await;
    soon("the other run's end", posted_run.dropped.cancelled()).await;
    let detail = posted.await.expect("it is not cancelled").expect_problem(503);
    assert!(detail.contains("shuts down"), "{detail}");
    app.stopped().await;
}

#[actix_web::test]
async fn a_run_that_does_not_end_is_not_waited_for() {
    let mut app = FakeApp::start(&["--shutdown-grace=0s"]).await;
    let mut socket = JsonSocket::connect(app.address).await;
    socket.run("1").await;
    let run = app.started().await;
    app.stop();
    // Its report was never told, so this is no promise that it was.
    assert!(socket.expect_close(CloseCode::Away).await.contains("shuts down"));
    soon("the run's end", run.dropped.cancelled()).await;
    app.stopped().await;
}

#[actix_web::test]
async fn a_request_that_has_begun_to_arrive_is_answered() {
    let mut app = FakeApp::start(&["--shutdown-grace=5m"]).await;
    let mut idle = JsonSocket::connect(app.address).await;
    let mut stream = TcpStream::connect(app.address).await.expect("it listens");
    let head = "POST /api/v1/run HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n";
    stream.write_all(head.as_bytes()).await.expect("it reads");
    // Once this is answered, the head before it is read: one thread serves both.
    assert_eq!(get(app.address, "/healthz", &[]).await.status, 200);
    app.stop();
    idle.expect_close(CloseCode::Restart).await;
    stream.write_all(br#"{"source": "1"}"#).await.expect("it reads");
    app.started().await.emit(finished()).await;
    let answer = last_answer(stream).await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("\r\nconnection: close\r\n"), "{answer}");
    app.stopped().await;
}

#[actix_web::test]
async fn a_program_that_runs_finishes_when_the_server_is_told_to_stop() {
    let mut app = TestApp::start();
    let mut socket = app.socket().await;
    socket
        .run("console.log(1); await new Promise((go) => setTimeout(go, 500)); console.log(2); 'done'")
        .await;
    socket.wait_for("console").await;
    app.signal(Signal::SIGTERM);
    assert_eq!(socket.expect("console").await["events"][0]["text"], "2");
    let finished = socket.expect("finished").await;
    assert_eq!((&finished["outcome"], &finished["value"]["value"]), (&json!("completed"), &json!("done")));
    socket.expect_close(CloseCode::Restart).await;
    assert!(app.ended(), "{}", app.log());
}

#[actix_web::test]
async fn asked_twice_it_waits_for_nothing() {
    let mut app = TestApp::with(&["--shutdown-grace=5m"]);
    let mut socket = app.socket().await;
    socket.run("console.log(1); await new Promise((go) => setTimeout(go, 9_000))").await;
    socket.wait_for("console").await;
    app.signal(Signal::SIGTERM);
    until("the first to be heard", || async { app.log().contains("SIGTERM: shutting down") }).await;
    app.signal(Signal::SIGINT);
    assert!(app.ended(), "{}", app.log());
    assert!(app.log().contains("asked again to stop"), "{}", app.log());
}

#[actix_web::test]
async fn systemd_is_told_when_it_serves_and_when_it_stops() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("notify");
    let socket = tokio::net::UnixDatagram::bind(&path).expect("a socket");
    let heard = async || {
        let mut words = [0; 200];
        let length = soon("a word for systemd", socket.recv(&mut words)).await.expect("it can be read");
        String::from_utf8_lossy(&words[..length]).into_owned()
    };
    let mut app = TestApp::prepared(&[], |command| {
        command.env("NOTIFY_SOCKET", &path);
    });
    assert_eq!(heard().await, format!("READY=1\nMAINPID={}", app.pid()));
    app.signal(Signal::SIGTERM);
    assert_eq!(heard().await, "STOPPING=1");
    assert!(app.ended(), "{}", app.log());
}

#[actix_web::test]
async fn a_run_that_stays_after_its_programs_end_stays_no_longer() {
    let mut app = FakeApp::start(&["--shutdown-grace=5m"]).await;
    let mut socket = JsonSocket::connect(app.address).await;
    let report = || Some(Box::new(report(Outcome::Completed)));
    socket.run("1").await;
    let stays = app.started().await;
    stays.emit(RunEvent::Paused { left_ms: 60_000, report: report() }).await;
    socket.expect("paused").await;
    // Another one keeps the connection open, and its program ends when the server already goes.
    socket.run("2").await;
    let runs = app.started().await;
    app.stop();
    soon("the first to be told", stays.stopped.cancelled()).await;
    stays.emit(finished()).await;
    socket.expect("finished").await;
    assert!(!runs.stopped.is_cancelled(), "its program runs");
    runs.emit(RunEvent::Paused { left_ms: 60_000, report: report() }).await;
    socket.expect("paused").await;
    soon("the other to be told", runs.stopped.cancelled()).await;
    runs.emit(finished()).await;
    socket.expect("finished").await;
    socket.expect_close(CloseCode::Restart).await;
    app.stopped().await;
}
