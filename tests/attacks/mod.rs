//! Programs that come to break the sandbox, in one file per class (`server/attest/programs`). `server/attest/parse.rs`
//! says how they are written.
//!
//! All of them go through one server with the real sandbox, a few at a time, while a benign client runs
//! without pause. Each has to end as its header says, the benign client never fails, and the server and its
//! zygote are the same processes at the end.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use actix_web::rt;
use futures_util::future::join;
use futures_util::stream::{self, StreamExt};
use mayfly::attest::judge::{Verdict, judge, request, said};
use mayfly::attest::parse::Attack;
use mayfly::attest::programs;
use serde_json::json;

use crate::support::{TestApp, post, until};

/// The least that all the classes hold together.
const PROGRAMS: usize = 150;

/// Programs under way at a time.
const AT_A_TIME: usize = 3;

/// What any other gets. Memory fills slowly in gVisor, which also counts a process as computing while the machine
/// lets another go first. (Programs that take long to fill it have a smaller heap.)
const PATIENT: [&str; 2] = ["--limit-cpu-ms=15s", "--limit-wall-ms=30s"];

/// Runs one program. The error says how it deviated.
async fn attempt(app: &TestApp, attack: &Attack) -> Result<(), String> {
    let answer = post(app.address, request(attack).to_string()).await;
    if answer.status != 200 {
        return Err(format!("status {}: {}", answer.status, answer.text()));
    }
    match judge(attack, &answer.json()) {
        Verdict::Held => Ok(()),
        Verdict::EndedOtherwise(how) | Verdict::Unproven(how) | Verdict::Reached(how) => Err(how),
    }
}

/// Runs a small honest program over and over. Gives how many runs there were, and what went wrong.
async fn benign_client(app: &TestApp, over: &AtomicBool) -> (usize, Vec<String>) {
    let source =
        "let sum = 0; for (let i = 0; i < 20; i++) { sum += i; await 0 } console.log('sum', sum); sum";
    let (mut runs, mut wrong) = (0, Vec::new());
    while !over.load(Relaxed) {
        let answer = post(app.address, json!({"source": source}).to_string()).await;
        runs += 1;
        let ran = if answer.status == 200 { answer.json() } else { json!({"status": answer.status}) };
        if ran["outcome"] != "completed" || said(&ran) != "sum 190\n{\"type\":\"number\",\"value\":190}\n" {
            wrong.push(format!("run {runs}: {ran}"));
        }
        // An honest client is not the load here.
        rt::time::sleep(Duration::from_millis(10)).await;
    }
    (runs, wrong)
}

#[actix_web::test]
async fn attacks_are_held() {
    let attacks = programs::all().expect("they are well written");
    assert!(attacks.len() >= PROGRAMS, "there are only {}", attacks.len());

    let app = TestApp::with(&PATIENT);
    app.run("1").expect_completed().await;
    let before = app.zygotes();
    assert_eq!(before.len(), 1, "one zygote: {before:?}");

    let started = Instant::now();
    let over = AtomicBool::new(false);
    let attacking = async {
        let mut table: BTreeMap<&str, (usize, Vec<String>)> = BTreeMap::new();
        let mut ends = stream::iter(&attacks)
            .map(|(class, attack)| {
                let app = &app;
                async move { (*class, attack, attempt(app, attack).await) }
            })
            .buffer_unordered(AT_A_TIME);
        while let Some((class, attack, end)) = ends.next().await {
            let (programs, deviations) = table.entry(class).or_default();
            *programs += 1;
            deviations.extend(end.err().map(|error| format!("{class}/{}: {error}", attack.name)));
        }
        over.store(true, Relaxed);
        table
    };
    let (table, (benign, wrong)) = join(attacking, benign_client(&app, &over)).await;

    println!("{:<12}{:>9}{:>13}{:>12}", "class", "programs", "as expected", "deviations");
    for (class, (programs, deviations)) in &table {
        let held = programs - deviations.len();
        println!("{class:<12}{programs:>9}{held:>13}{:>12}", deviations.len());
    }
    println!("{} programs in {:.1?}, beside {benign} benign runs", attacks.len(), started.elapsed());

    let mut deviations: Vec<String> = table.into_values().flat_map(|(_, deviations)| deviations).collect();
    deviations.extend(wrong.into_iter().map(|wrong| format!("the benign client: {wrong}")));
    if app.zygotes() != before {
        deviations.push(format!("the zygote was {before:?} and is {:?}", app.zygotes()));
    }
    let health = app.health().await;
    if health["status"] != "ok" {
        deviations.push(format!("the server is not well: {health}"));
    }
    until("every run to be over", || async { app.open_runs().await == 0 }).await;
    // First the server, whose log would stand behind what went wrong.
    drop(app);
    assert!(deviations.is_empty(), "{} deviations:\n{}", deviations.len(), deviations.join("\n"));
}

/// Writes to all that a program can write to, after looking whether another's mark is there.
const MARK: &str = r#"
    const found = [];
    const look = (where, there) => { if (there) found.push(where) };
    look("global", "stain" in globalThis);
    look("prototype", "stain" in {} || "stain" in [] || "stain" in (() => {}) || "stain" in Promise.prototype);
    look("registry", Symbol.for("stain").stain !== undefined || Symbol.for("stain").description !== "stain");
    look("platform", "stain" in URL || "stain" in console || "stain" in performance || "stain" in crypto);
    look("intrinsic", JSON.parse.stain || Intl.stain || WebAssembly.stain || Reflect.stain || Math.stain);
    look("regexp", RegExp.$1 !== "" || RegExp.lastMatch !== "");
    look("meta", "stain" in import.meta || Object.getPrototypeOf(import.meta) !== null);
    look("timeline", performance.getEntries().length > 0);
    look("counter", setTimeout(() => {}, 0) > 1);
    look("template", ((strings) => strings)`stain`.stain !== undefined);
    look("stack limit", Error.stackTraceLimit !== 10 || Error.prepareStackTrace !== undefined);
    console.log(found.join() || "clean");
    console.count("stain");
    globalThis.stain = 1;
    for (const it of [Object.prototype, Array.prototype, Function.prototype, Promise.prototype, URL, console,
        performance, crypto, JSON.parse, Intl, WebAssembly, Reflect, Math, Symbol.prototype]) it.stain = 1;
    /(stain)/.exec("stain");
    import.meta.stain = 1;
    performance.mark("stain");
    Error.stackTraceLimit = 1;
    Error.prepareStackTrace = () => "stain";
    console.time("stain");
    console.group("stain");
    setInterval(() => {}, 1);
    setTimeout(() => { throw 1 }, 60_000);
    Promise.prototype.then = Array.prototype[Symbol.iterator] = setTimeout = queueMicrotask = null;
    new MessageChannel().port1.postMessage("stain");
    await 0;
"#;

/// The rest of what `many.rs` looks at: state that is not a global.
#[actix_web::test]
async fn nothing_that_a_run_leaves_is_read_by_another() {
    let app = TestApp::start();
    for _ in 0..200 {
        // Its timers would keep it: an error at the end does not wait for them.
        let ran = app.run(&format!("{MARK} throw 'done'")).expect("failed").await;
        assert_eq!(ran.lines()[..2], ["clean", "stain: 1"], "{ran}");
        assert_eq!(ran.0["console"][0].get("depth"), None, "nobody's group is open");
    }
}
