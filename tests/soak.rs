//! Processes are killed at random under load: children all the time, the zygote now and then. No accepted run
//! goes without its outcome, and nothing is left behind.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use tokio::time::{MissedTickBehavior, interval};
use uuid::Uuid;

use crate::support::{TestApp, post, started_at, until};

/// How long the short form takes, which is part of all tests. `make soak-kills` sets [`SECONDS`] to 120.
const SHORT: Duration = Duration::from_secs(8);
const SECONDS: &str = "MAYFLY_SOAK_SECONDS";
const CHILD_EVERY: Duration = Duration::from_millis(100);

const SOCKETS: usize = 4;
const RUNS_PER_SOCKET: usize = 2;
const POSTS: usize = 3;
/// Runs open at a time, at most: what a zygote can take with it.
const OPEN: usize = SOCKETS * RUNS_PER_SOCKET + POSTS;

/// Each says how many console events it has when it completes.
const PROGRAMS: [(u64, &str); 5] = [
    (1, "console.log('hello', {a: 1}); 1 + 1"),
    (0, "const end = Date.now() + 200; while (Date.now() < end);"),
    (1, "await new Promise((go) => setTimeout(go, 150)); console.log('later')"),
    (40, "for (let i = 0; i < 40; i++) { console.log(i); await new Promise((go) => setTimeout(go, 5)) }"),
    (200, "for (let i = 0; i < 200; i++) console.log(i, 'x'.repeat(500))"),
];

/// What came of the runs.
#[derive(Debug, Default)]
struct Tally {
    completed: u32,
    crashed: u32,
    rejected: u32,
}

impl Tally {
    /// Counts the end of a run, which has to be one of two.
    fn ended(&mut self, report: &Value, events: u64, events_seen: u64) {
        match report["outcome"].as_str() {
            Some("completed") => {
                assert_eq!(events_seen, events, "{report}");
                self.completed += 1;
            }
            Some("crashed") => {
                assert_eq!(
                    report["error"]["name"], "Crashed",
                    "a run that did not start is retried: {report}"
                );
                assert!(events_seen <= events);
                self.crashed += 1;
            }
            _ => panic!("neither completed nor crashed: {report}"),
        }
    }
}

/// What was killed.
#[derive(Debug, Default)]
struct Kills {
    children: u32,
    zygotes: u32,
}

#[actix_web::test]
async fn killed_processes_take_their_own_runs_and_no_other() {
    let length = std::env::var(SECONDS).map_or(SHORT, |text| {
        Duration::from_secs(text.parse().unwrap_or_else(|_| panic!("{SECONDS} can't be {text:?}")))
    });
    let zygote_every = if length > Duration::from_secs(30) { 5 } else { 2 };
    let app = TestApp::start();
    is_at_rest(&app).await;
    let (processes, files) = (app.descendants().len(), app.open_files());

    let is_over = Cell::new(false);
    let load = async {
        let sockets = join_all((0..SOCKETS).map(|_| socket_client(&app, &is_over)));
        let posts = join_all((0..POSTS).map(|_| post_client(&app, &is_over)));
        join(sockets, posts).await
    };
    let killing = async {
        let killed = kill_at_random(&app, length, Duration::from_secs(zygote_every)).await;
        is_over.set(true);
        killed
    };
    let ((sockets, posts), (kills, seen)) = join(load, killing).await;
    let total = sockets.into_iter().chain(posts).fold(Tally::default(), |total, one| Tally {
        completed: total.completed + one.completed,
        crashed: total.crashed + one.crashed,
        rejected: total.rejected + one.rejected,
    });
    println!("{} s: {kills:?}, {total:?}, {} processes seen", length.as_secs(), seen.len());

    assert!(kills.zygotes >= 2 && kills.children > 10, "{kills:?}");
    assert!(total.crashed > 0 && total.completed > 0, "{total:?}");
    assert!(total.crashed <= kills.children + kills.zygotes * OPEN as u32, "{total:?} with {kills:?}");
    // There are far more places than the clients ask for at a time, and a dead zygote does not change that.
    assert_eq!(total.rejected, 0);

    is_at_rest(&app).await;
    until("only the usual processes", || async { app.descendants().len() <= processes }).await;
    until("only the usual sockets", || async { app.open_files() <= files }).await;
    let now: HashSet<u32> = app.descendants().into_iter().collect();
    let gone = |pid: u32, at: u64| now.contains(&pid) || started_at(pid) != Some(at);
    until("no other process, and no zombie", || async { seen.iter().all(|&(pid, at)| gone(pid, at)) }).await;
    assert!(!app.log().contains("ERROR"), "{}", app.log());
    app.run("1").expect_completed().await;
}

/// The pool is full, and nothing runs.
async fn is_at_rest(app: &TestApp) {
    until("a full pool and no run", || async {
        let health = app.health().await;
        health["status"] == "ok"
            && [&health["open_runs"], &health["queued_runs"]].iter().all(|it| **it == 0)
            && health["warm_children"] == 4
            && app.zygotes().len() == 1
            && app.runners().len() == 4
    })
    .await;
}

/// Kills for so long. Also gives every process there was: its id and when it started.
async fn kill_at_random(
    app: &TestApp,
    length: Duration,
    zygote_every: Duration,
) -> (Kills, HashSet<(u32, u64)>) {
    let started = Instant::now();
    let (mut kills, mut seen) = (Kills::default(), HashSet::new());
    let mut zygote_at = zygote_every;
    let mut ticks = interval(CHILD_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while started.elapsed() < length {
        ticks.tick().await;
        seen.extend(app.descendants().into_iter().filter_map(|pid| Some((pid, started_at(pid)?))));
        let is_zygotes_turn = started.elapsed() >= zygote_at;
        let victims = if is_zygotes_turn { app.zygotes() } else { app.runners() };
        let Some(&victim) = victims.get(random(victims.len())) else { continue };
        match kill(Pid::from_raw(victim as i32), Signal::SIGKILL) {
            Ok(()) if is_zygotes_turn => {
                kills.zygotes += 1;
                zygote_at += zygote_every;
            }
            Ok(()) => kills.children += 1,
            // It was faster.
            Err(Errno::ESRCH) => {}
            Err(error) => panic!("{victim} can't be killed: {error}"),
        }
    }
    (kills, seen)
}

/// A number below `end`, or 0.
fn random(end: usize) -> usize {
    getrandom::u32().expect("there is randomness") as usize % end.max(1)
}

/// An open run: how many console events it has when it completes, and how many came.
struct Open {
    events: u64,
    events_seen: u64,
}

/// A visitor with several runs open at a time.
async fn socket_client(app: &TestApp, is_over: &Cell<bool>) -> Tally {
    let mut socket = app.socket().await;
    let mut open: HashMap<String, Open> = HashMap::new();
    let mut tally = Tally::default();
    loop {
        while !is_over.get() && open.len() < RUNS_PER_SOCKET {
            let (events, source) = PROGRAMS[random(PROGRAMS.len())];
            let run_id = socket.run(source).await;
            open.insert(run_id.to_string(), Open { events, events_seen: 0 });
        }
        if open.is_empty() {
            break;
        }
        let message = socket.next().await;
        let run_id = message["run_id"].as_str().expect("an id").to_owned();
        let run = open.get_mut(&run_id).unwrap_or_else(|| panic!("not open, or no more: {message}"));
        match message["type"].as_str() {
            Some("queued" | "started") => {}
            Some("console") => {
                assert_eq!(message["seq"], run.events_seen, "no event is lost");
                run.events_seen += message["events"].as_array().expect("an array").len() as u64;
            }
            Some("finished") => {
                tally.ended(&message, run.events, run.events_seen);
                open.remove(&run_id);
            }
            Some("rejected") => {
                assert_eq!(message["reason"], "busy", "{message}");
                tally.rejected += 1;
                open.remove(&run_id);
            }
            _ => panic!("unexpected: {message}"),
        }
    }
    // Nothing comes after the last `finished`: the next word is the answer to this.
    socket.send(json!({"type": "stop", "run_id": Uuid::new_v4()})).await;
    socket.expect_rejected("unknown_run").await;
    tally
}

/// A visitor who posts one program after the other.
async fn post_client(app: &TestApp, is_over: &Cell<bool>) -> Tally {
    let mut tally = Tally::default();
    while !is_over.get() {
        let (events, source) = PROGRAMS[random(PROGRAMS.len())];
        let answer = post(app.address, json!({"source": source}).to_string()).await;
        match answer.status {
            200 => {
                let ran = answer.json();
                tally.ended(&ran, events, ran["console"].as_array().expect("an array").len() as u64);
            }
            503 => tally.rejected += 1,
            _ => panic!("{}: {}", answer.status, answer.text()),
        }
    }
    tally
}
