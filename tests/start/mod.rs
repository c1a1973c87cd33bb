//! Where the server starts: the real one, in circumstances in which it finds less than it is used to. Each case either
//! serves, and says what it goes without, or ends with one sentence that says what is missing and how to give it.
//!
//! A case that serves runs a program, one attack of each class, and the program again, before it is stopped. A case
//! that this machine can't arrange is skipped; the table at the end has the reason.

mod cases;
mod launcher;

use std::fmt::Write as _;
use std::os::unix::process::ExitStatusExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitStatus;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use mayfly::attest::parse::Attack;
use serde_json::Value;

use crate::attacks::{attack, attempt};
use crate::support::{TestApp, get};
use cases::{Case, Expected, Serves};
use launcher::{Launch, Started};

/// Cases under way at a time.
const AT_A_TIME: usize = 2;

/// Limits, by their names.
type Lowered = &'static [(&'static str, u64)];

/// An attack of each class, with limits that end it soon.
const ATTACKS: [(&str, &str, Lowered); 5] = [
    ("escape", "names of the runtime on the global object and its prototypes", &[]),
    ("memory", "an array without end", &[("heap_bytes", 24 << 20), ("cpu_ms", 5_000)]),
    ("cpu", "a loop", &[("cpu_ms", 200)]),
    ("output", "a flood of console.log", &[("output_bytes", 64 << 10)]),
    ("egress", "a plain request", &[]),
];

/// What came of a case.
struct Row {
    name: &'static str,
    outcome: String,
    without: String,
    listening: Option<Duration>,
    took: Duration,
    wrong: Vec<String>,
}

/// Runs what a server has to be able to run.
async fn exercise(app: &TestApp, case: &Case) -> Vec<String> {
    let mut wrong = Vec::new();
    honest(app, "at first", &mut wrong).await;
    for (class, name, limits) in ATTACKS {
        let mut attack: Attack = attack(class, name);
        attack.limits.extend(limits.iter().map(|(name, value)| ((*name).to_owned(), *value)));
        if let Err(how) = attempt(app, &attack).await {
            wrong.push(format!("{class}: {how}"));
        }
    }
    if let Some(during) = case.during {
        during(app);
        // More than wait ready, so that a zygote forks meanwhile.
        for _ in 0..8 {
            honest(app, "meanwhile", &mut wrong).await;
        }
    }
    honest(app, "after the attacks", &mut wrong).await;
    wrong
}

async fn honest(app: &TestApp, when: &str, wrong: &mut Vec<String>) {
    let ran = app.run("console.log('Hello', { a: [1] }); [1, 2, 3].map((it) => it * 2)").send().await;
    if ran.0["outcome"] != "completed" || ran.lines() != ["Hello {a: Array(1)}"] {
        wrong.push(format!("a program {when}: {:?}, {ran}", ran.lines()));
    }
}

/// What `/healthz` says that the server goes without: layers of the confinement, steps of tuning, and notes.
fn without(health: &Value) -> Vec<String> {
    let entries = |list: &str| health[list].as_array().cloned().unwrap_or_default();
    let mut without: Vec<String> = Vec::new();
    if health["fork"] == "cold" {
        without.push("warm forks".to_owned());
    }
    for (list, name, state) in [("confinement", "layer", "missing"), ("tuning", "step", "skipped")] {
        let lacking = entries(list).into_iter().filter(|it| it["state"] == state);
        without.extend(lacking.filter_map(|it| it[name].as_str().map(str::to_owned)));
    }
    without.extend(entries("notes").iter().filter_map(|it| it.as_str().map(str::to_owned)));
    without
}

fn check_health(health: &Value, expected: &Serves, wrong: &mut Vec<String>) {
    if health["status"] != "ok" {
        wrong.push(format!("it is not well: {health}"));
    }
    for list in ["confinement", "tuning"] {
        let lacking = health[list].as_array().into_iter().flatten();
        let unexplained = lacking
            .filter(|it| matches!(it["state"].as_str(), Some("missing" | "skipped")))
            .find(|it| it["reason"].as_str().is_none_or(str::is_empty));
        wrong.extend(unexplained.map(|it| format!("it does not say why: {it}")));
    }
    let said = without(health);
    for lacks in expected.without {
        if !said.iter().any(|it| it.contains(lacks)) {
            wrong.push(format!("/healthz does not say that it goes without {lacks:?}: {said:?}"));
        }
    }
}

/// Texts that no start may end with: they are for programmers.
const NOT_FOR_PEOPLE: [&str; 5] = ["panicked", "stack trace", "RUST_BACKTRACE", "Fatal error", "SIGSEGV"];

fn check_words(said: &str, wrong: &mut Vec<String>) {
    for text in NOT_FOR_PEOPLE {
        if said.contains(text) {
            wrong.push(format!("it said {text:?}:\n{said}"));
        }
    }
}

/// The sentence that a server ends with. The lines of its log begin with a time.
fn sentence<'a>(status: ExitStatus, said: &'a str, expected: &[&str], wrong: &mut Vec<String>) -> &'a str {
    let sentences: Vec<&str> = said.lines().filter_map(|line| line.strip_prefix("mayfly: ")).collect();
    let [sentence] = sentences[..] else {
        wrong.push(format!("it ended with {status} and {} sentences:\n{said}", sentences.len()));
        return "";
    };
    if status.code() != Some(1) {
        wrong.push(format!("it ended with {status}, signal {:?}", status.signal()));
    }
    for part in expected {
        if !sentence.contains(part) {
            wrong.push(format!("it does not say {part:?}: {sentence}"));
        }
    }
    sentence
}

async fn run(case: &Case) -> Row {
    let begun = Instant::now();
    let row = |outcome: &str, without: String, listening, wrong| Row {
        name: case.name,
        outcome: outcome.to_owned(),
        without,
        listening,
        took: begun.elapsed(),
        wrong,
    };
    let launch = match (case.launch)(Launch::new()) {
        Ok(launch) => launch,
        Err(reason) => return row("skipped", reason, None, Vec::new()),
    };
    let mut wrong = Vec::new();
    let (started, _groups) = launch.start();
    match (started, &case.expected) {
        (Started::Serves(mut app, listening), Expected::Serves(expected)) => {
            wrong.extend(exercise(&app, case).await);
            let health = get(app.address, "/healthz", &[]).await.json();
            check_health(&health, expected, &mut wrong);
            let log = app.log();
            check_words(&log, &mut wrong);
            for text in expected.log {
                if !log.contains(text) {
                    wrong.push(format!("its log does not say {text:?}:\n{log}"));
                }
            }
            match app.stop() {
                Some(status) if status.success() => {}
                Some(status) => wrong.push(format!("it stopped with {status}:\n{}", app.log())),
                None => wrong.push(format!("it did not stop:\n{}", app.log())),
            }
            row("serves", without(&health).join(", "), Some(listening), wrong)
        }
        (Started::Ended(status, said), Expected::Says(parts)) => {
            check_words(&said, &mut wrong);
            let sentence = sentence(status, &said, parts, &mut wrong).to_owned();
            row("says", sentence, None, wrong)
        }
        (Started::Serves(..), Expected::Says(_)) => {
            wrong.push("it serves, and should not".to_owned());
            row("serves", String::new(), None, wrong)
        }
        (Started::Ended(status, said), Expected::Serves(_)) => {
            wrong.push(format!("it ended with {status}:\n{said}"));
            row("ended", String::new(), None, wrong)
        }
        (Started::Hangs(log), _) => {
            wrong.push(format!("it neither listens nor ends:\n{log}"));
            row("hangs", String::new(), None, wrong)
        }
    }
}

fn table(rows: &[Row]) -> String {
    let mut table = String::new();
    let _ = writeln!(
        table,
        "| case | outcome | goes without, or says | ms to listening |\n| --- | --- | --- | --- |"
    );
    for Row { name, outcome, without, listening, wrong, .. } in rows {
        let listening = listening.map_or("–".to_owned(), |it| it.as_millis().to_string());
        let failed = if wrong.is_empty() { "" } else { ", **not as it should**" };
        let _ = writeln!(table, "| {name} | {outcome}{failed} | {without} | {listening} |");
    }
    table
}

#[test]
fn server_in_each_circumstance_serves_or_says_why() {
    let cases = cases::all();
    let waiting = Mutex::new(cases.iter().enumerate());
    let done: Mutex<Vec<(usize, Row)>> = Mutex::default();
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                loop {
                    let next = waiting.lock().expect("no panic").next();
                    let Some((place, case)) = next else { return };
                    let begun = Instant::now();
                    let ran = || actix_web::rt::System::new().block_on(run(case));
                    let row = catch_unwind(AssertUnwindSafe(ran)).unwrap_or_else(|_| Row {
                        name: case.name,
                        outcome: "panicked".to_owned(),
                        without: String::new(),
                        listening: None,
                        took: begun.elapsed(),
                        wrong: vec!["the test panicked; its words are above".to_owned()],
                    });
                    done.lock().expect("no panic").push((place, row));
                }
            });
        }
    });
    let mut rows = done.into_inner().expect("no panic");
    rows.sort_by_key(|(place, _)| *place);
    let rows: Vec<Row> = rows.into_iter().map(|(_, row)| row).collect();
    println!("{}", table(&rows));
    let longest = rows.iter().max_by_key(|row| row.took).expect("there are cases");
    println!("{} cases in {:.1?}; {} took {:.1?}", rows.len(), begun.elapsed(), longest.name, longest.took);
    let wrong: Vec<String> =
        rows.iter().flat_map(|row| row.wrong.iter().map(|wrong| format!("{}: {wrong}", row.name))).collect();
    assert!(wrong.is_empty(), "{} things are wrong:\n{}", wrong.len(), wrong.join("\n"));
}
