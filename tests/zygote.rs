//! Processes that are killed, stuck, worn or left over: what that does to runs, and what it leaves behind.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

use crate::support::{JsonSocket, TestApp, is_alive, soon, until};

const FOR_EVER: &str = "console.log(1); while (true) {}";

fn signal(pid: u32, signal: Signal) {
    kill(Pid::from_raw(pid as i32), signal).expect("the process is there");
}

/// A visitor whose program has begun and does not end.
async fn busy_visitor(app: &TestApp) -> JsonSocket {
    let mut socket = app.socket().await;
    socket.run(FOR_EVER).await;
    socket.wait_for("console").await;
    socket
}

async fn expect_crashed(socket: &mut JsonSocket) {
    let finished = socket.wait_for("finished").await;
    assert_eq!(finished["outcome"], "crashed", "{finished}");
    assert_eq!(finished["error"]["name"], "Crashed");
}

#[actix_web::test]
async fn a_run_whose_process_is_killed_crashes_alone() {
    let app = TestApp::start();
    until("the pool to be full", || async { app.runners().len() == 4 }).await;
    let warm = app.runners();
    let (mut hit, mut unhurt) = (busy_visitor(&app).await, busy_visitor(&app).await);
    // The oldest child has the first run.
    let (mut hit_pid, mut unhurt_pid) = (None, None);
    for pid in warm {
        match cpu_ticks(pid).await {
            ticks if ticks < 2 => {}
            _ if hit_pid.is_none() => hit_pid = Some(pid),
            _ => unhurt_pid = Some(pid),
        }
    }
    let (hit_pid, unhurt_pid) = (hit_pid.expect("a busy process"), unhurt_pid.expect("another"));
    signal(hit_pid, Signal::SIGKILL);
    // Either of the two may be the one that was hit.
    tokio::select! {
        () = expect_crashed(&mut hit) => {}
        () = expect_crashed(&mut unhurt) => {}
    }
    until("the place to be free", || async { app.open_runs().await == 1 }).await;
    assert!(is_alive(unhurt_pid));
    app.run("1").expect_completed().await;
}

#[actix_web::test]
async fn a_child_that_dies_while_it_waits_is_replaced_before_anybody_asks() {
    let app = TestApp::start();
    until("the pool to be full", || async { app.runners().len() == 4 }).await;
    let warm = app.runners();
    signal(warm[0], Signal::SIGKILL);
    until("another in its place", || async {
        let now = app.runners();
        now.len() == 4 && !now.contains(&warm[0]) && app.health().await["warm_children"] == 4
    })
    .await;
}

/// How much CPU time a process takes while the test looks at it.
async fn cpu_ticks(pid: u32) -> u64 {
    let ticks = || {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("the process is there");
        let fields: Vec<&str> = stat.rsplit_once(')').expect("a name").1.split_whitespace().collect();
        fields[11].parse::<u64>().expect("a number")
    };
    let before = ticks();
    tokio::time::sleep(Duration::from_millis(200)).await;
    ticks() - before
}

#[actix_web::test]
async fn children_that_die_in_the_pool_are_nobodys_run() {
    let app = TestApp::start();
    for _ in 0..3 {
        until("the pool to be full", || async { app.runners().len() == 4 }).await;
        for pid in app.runners() {
            signal(pid, Signal::SIGKILL);
        }
        join_all((0..6).map(|_| app.run("1").expect_completed())).await;
    }
}

#[actix_web::test]
async fn a_dead_zygote_takes_the_runs_it_had_and_no_other() {
    let app = TestApp::with(&["--open-runs=2", "--reserve=0"]);
    let (mut first, mut second) = (busy_visitor(&app).await, busy_visitor(&app).await);
    let mut waiting = Vec::new();
    for _ in 0..5 {
        let mut socket = app.socket().await;
        socket.run("console.log(1)").await;
        socket.expect("queued").await;
        waiting.push(socket);
    }
    let before = app.descendants();
    let zygotes = app.zygotes();
    assert_eq!(zygotes.len(), 1);
    signal(zygotes[0], Signal::SIGKILL);
    expect_crashed(&mut first).await;
    expect_crashed(&mut second).await;
    for socket in &mut waiting {
        let finished = socket.wait_for("finished").await;
        assert_eq!(finished["outcome"], "completed", "a run that had not started is not lost: {finished}");
    }
    until("its children to be gone", || async { !before.iter().any(|pid| is_alive(*pid)) }).await;
    assert_eq!(app.health().await["status"], "ok");
    assert_eq!(app.zygotes().len(), 1);
    app.run("1").expect_completed().await;
}

#[actix_web::test]
async fn a_zygote_that_dies_while_nothing_runs_is_replaced_before_anybody_asks() {
    let app = TestApp::start();
    for _ in 0..3 {
        let zygotes = app.zygotes();
        signal(zygotes[0], Signal::SIGKILL);
        until("another zygote with a full pool", || async {
            app.zygotes() != zygotes && app.zygotes().len() == 1 && app.health().await["warm_children"] == 4
        })
        .await;
        app.run("1").expect_completed().await;
    }
}

#[actix_web::test]
async fn a_zygote_that_is_stuck_is_replaced() {
    let app = TestApp::with(&["--open-runs=2"]);
    until("the pool to be full", || async { app.runners().len() == 4 }).await;
    let stuck = app.zygotes();
    signal(stuck[0], Signal::SIGSTOP);
    // The pool has children for some of these; the others wait for the next zygote.
    for _ in 0..6 {
        app.run("1").expect_completed().await;
    }
    until("all places to be free", || async { app.open_runs().await == 0 }).await;
    until("the stuck zygote to be gone", || async { !is_alive(stuck[0]) }).await;
}

#[actix_web::test]
async fn worn_zygotes_are_replaced_without_a_gap() {
    let app = TestApp::with(&["--zygote-forks=5"]);
    let mut zygotes = HashSet::new();
    // However many runs it takes: they are faster than a zygote starts, and a worn one forks on until there is another.
    let replacing = async {
        while zygotes.len() < 10 {
            let started = Instant::now();
            app.run("console.log(1)").expect_completed().await;
            assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
            zygotes.extend(app.zygotes());
        }
    };
    soon("ten zygotes", replacing).await;
    // Four children are ready; they are of two zygotes at the most, and a third may be on its way.
    until("the worn ones to be gone", || async { app.zygotes().len() <= 3 && app.runners().len() == 4 })
        .await;
}

#[actix_web::test]
async fn a_worn_zygote_stays_for_the_runs_it_has() {
    let app = TestApp::with(&["--zygote-forks=5"]);
    let mut socket = app.socket().await;
    let run_id = socket.run(FOR_EVER).await;
    socket.wait_for("console").await;
    for _ in 0..20 {
        app.run("1").expect_completed().await;
    }
    until("the other runs to be gone", || async { app.open_runs().await == 1 }).await;
    socket.send(json!({"type": "stop", "run_id": run_id})).await;
    assert_eq!(socket.wait_for("finished").await["outcome"], "stopped");
}

#[actix_web::test]
async fn a_killed_server_leaves_no_process_behind() {
    let mut app = TestApp::start();
    let _busy = busy_visitor(&app).await;
    let processes = app.descendants();
    assert!(processes.len() >= 2, "{processes:?}");
    app.kill();
    until("all of its processes to be gone", || async { !processes.iter().any(|pid| is_alive(*pid)) }).await;
}

#[actix_web::test]
async fn a_server_whose_file_was_replaced_starts_no_other_program() {
    let app = TestApp::prepared(&[], |command| {
        let folder = command.get_current_dir().expect("the test's folder").to_owned();
        let copy = folder.join("mayfly");
        std::fs::copy(command.get_program(), &copy).expect("it can be copied");
        let mut same = std::process::Command::new(copy);
        same.args(command.get_args()).env_clear().current_dir(folder).stdin(std::process::Stdio::null());
        same.env("MAYFLY_RATE_LIMIT", "off");
        *command = same;
    });
    app.run("1").expect_completed().await;
    // As an upgrade in place does it: another file under the same name.
    let other = app.file("other");
    std::fs::copy("/bin/false", &other).expect("it can be copied");
    std::fs::rename(&other, app.file("mayfly")).expect("it can be replaced");
    let before = app.zygotes();
    for zygote in &before {
        kill(Pid::from_raw(*zygote as i32), Signal::SIGKILL).expect("it runs");
    }
    let is_replaced = || async {
        let now = app.zygotes();
        !now.is_empty() && now.iter().all(|zygote| !before.contains(zygote))
    };
    until("another zygote", is_replaced).await;
    app.run("1").expect_completed().await;
    assert_eq!(app.health().await["status"], "ok");
}
