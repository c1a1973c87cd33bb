//! Programs that come to break the sandbox, in one file per class. See `parse.rs` for how they are written.
//!
//! All of them go through one server with the real sandbox, a few at a time, while a benign client runs
//! without pause. Each has to end as its header says, the benign client never fails, and the server and its
//! zygote are the same processes at the end.

mod made;
pub(crate) mod parse;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use actix_web::rt;
use futures_util::future::join;
use futures_util::stream::{self, StreamExt};
use serde_json::json;

use crate::support::{TestApp, post, until};
use parse::Attack;

/// The classes, each a file of programs.
const CLASSES: [(&str, &str); 12] = [
    ("escape", include_str!("escape.js")),
    ("memory", include_str!("memory.js")),
    ("cpu", include_str!("cpu.js")),
    ("output", include_str!("output.js")),
    ("import", include_str!("import.js")),
    ("modules", include_str!("modules.js")),
    ("prototype", include_str!("prototype.js")),
    ("inspect", include_str!("inspect.js")),
    ("frames", include_str!("frames.js")),
    ("egress", include_str!("egress.js")),
    ("interaction", include_str!("interaction.js")),
    ("language", include_str!("language.js")),
];

/// The least that all the classes hold together.
const PROGRAMS: usize = 150;

/// Programs under way at a time.
const AT_A_TIME: usize = 3;

/// CPU time that a program gets that may end as `cpu_exceeded`, unless its header says otherwise: those that burn
/// it cost no more than this.
const CPU_MS: u64 = 1_500;

/// What any other gets. Memory fills slowly in gVisor, which also counts a process as computing while the machine
/// lets another go first. (Programs that take long to fill it have a smaller heap.)
const PATIENT: [&str; 2] = ["--limit-cpu-ms=15s", "--limit-wall-ms=30s"];

/// What a program says that got hold of something it should not. No program may.
const LEAK: &str = "LEAK";

/// The program of this name in a class.
#[cfg(target_arch = "x86_64")]
pub(crate) fn attack(class: &str, name: &str) -> Attack {
    let (_, text) = CLASSES.into_iter().find(|(it, _)| *it == class).expect("a class");
    let attacks = parse::attacks(text).unwrap_or_else(|error| panic!("{class}.js: {error}"));
    attacks.into_iter().find(|it| it.name == name).unwrap_or_else(|| panic!("no {name} in {class}.js"))
}

/// Runs one program. The error says how it deviated.
pub(crate) async fn attempt(app: &TestApp, attack: &Attack) -> Result<(), String> {
    let mut limits = json!({});
    if attack.outcomes.iter().any(|outcome| outcome == "cpu_exceeded") {
        limits["cpu_ms"] = json!(CPU_MS);
    }
    for (name, value) in &attack.limits {
        limits[name] = json!(value);
    }
    let mut body = json!({"mode": attack.mode, "limits": limits});
    if attack.files.is_empty() {
        body["source"] = json!(attack.source);
        body["language"] = json!(attack.language);
    } else {
        let extension = if attack.language == "typescript" { "ts" } else { "js" };
        let entry = (format!("main.{extension}"), attack.source.clone());
        let files = std::iter::once(&entry).chain(&attack.files);
        let files: Vec<_> = files.map(|(name, content)| json!({"name": name, "content": content})).collect();
        body["files"] = json!(files);
        body["entry"] = json!(entry.0);
    }
    let answer = post(app.address, body.to_string()).await;
    if answer.status != 200 {
        return Err(format!("status {}: {}", answer.status, answer.text()));
    }
    let ran = answer.json();
    let outcome = ran["outcome"].as_str().unwrap_or_default();
    let said = said(&ran);
    let shown: String = said.chars().take(400).collect();
    if !attack.outcomes.iter().any(|expected| expected == outcome) {
        return Err(format!("{outcome} and not {}: {shown}", attack.outcomes.join(" or ")));
    }
    if let Some(missing) = attack.says.iter().find(|text| !said.contains(*text)) {
        return Err(format!("{outcome}, but did not say {missing:?}: {shown}"));
    }
    let forbidden = attack.never.iter().map(String::as_str).chain([LEAK]);
    for text in forbidden {
        if let Some(start) = said.find(text) {
            let around: String = said[start..].chars().take(200).collect();
            return Err(format!("{outcome}, and said {around:?}"));
        }
    }
    Ok(())
}

/// All that a run said: its console's text, its error and its value.
fn said(ran: &serde_json::Value) -> String {
    let mut said = String::new();
    for event in ran["console"].as_array().into_iter().flatten() {
        said.push_str(event["text"].as_str().unwrap_or_default());
        said.push('\n');
    }
    let error = &ran["error"];
    if !error.is_null() {
        let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
        let _ = writeln!(said, "{}: {}", text("name"), text("message"));
    }
    for result in ["value", "returned"] {
        if !ran[result].is_null() {
            let _ = writeln!(said, "{}", ran[result]);
        }
    }
    said
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
    let attacks: Vec<(&str, Attack)> = CLASSES
        .iter()
        .flat_map(|&(class, text)| {
            let attacks = parse::attacks(text).unwrap_or_else(|error| panic!("{class}.js: {error}"));
            attacks.into_iter().map(move |attack| (class, attack))
        })
        .chain(made::attacks().into_iter().map(|attack| ("made", attack)))
        .collect();
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
