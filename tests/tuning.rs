//! What exists for speed alone: which steps are in effect, and that none of them keeps a server from starting or a run from
//! finishing.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use mayfly::tuning::Step;
use serde_json::Value;

use crate::support::{TestApp, command, get};

/// The steps that a zygote takes, which can fail there.
fn zygote_steps() -> impl Iterator<Item = Step> {
    Step::ALL.into_iter().filter(|step| *step != Step::DelayedRefill)
}

/// State and reason of each step.
async fn tuning(app: &TestApp) -> BTreeMap<String, (String, String)> {
    let health = app.health().await;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let steps = health["tuning"].as_array().expect("a list").iter();
    steps.map(|it| (text(&it["step"]), (text(&it["state"]), text(&it["reason"])))).collect()
}

fn with_fault(fault: &str) -> TestApp {
    TestApp::prepared(&[], |command| {
        command.env("MAYFLY_TUNING_FAULT", fault);
    })
}

#[actix_web::test]
async fn each_step_is_reported_with_its_state() {
    let app = TestApp::with(&["--metrics-token=0123456789abcdef0123456789abcdef"]);
    let steps = tuning(&app).await;
    let names: Vec<&str> = Step::ALL.iter().map(|step| step.name()).collect();
    let mut known: Vec<&str> = steps.keys().map(String::as_str).collect();
    assert_eq!(known.len(), names.len());
    known.retain(|name| !names.contains(name));
    assert!(known.is_empty(), "{known:?}");
    for (step, (state, reason)) in &steps {
        assert!(state == "applied" || (state == "skipped" && !reason.is_empty()), "{step}: {state} {reason}");
    }
    let metrics =
        get(app.address, "/metrics", &[("authorization", "Bearer 0123456789abcdef0123456789abcdef")]).await;
    for (step, (state, _)) in &steps {
        let line = format!("mayfly_tuning_step{{step=\"{step}\",state=\"{state}\"}} 1");
        assert!(metrics.text().contains(&line), "{line}");
    }
    let log = app.log();
    let lines = log.lines().filter(|line| line.contains("sandbox::pool") && line.contains(" tuning"));
    assert_eq!(lines.count(), 1, "one line at the start: {log}");
}

#[actix_web::test]
async fn tuning_off_serves_warm_without_any_step() {
    let app = TestApp::with(&["--tuning=off"]);
    assert!(tuning(&app).await.values().all(|(state, _)| state == "off"));
    assert_eq!(app.health().await["fork"], "warm");
    app.run("console.log(1)").expect_completed().await;
}

#[actix_web::test]
async fn tuning_list_takes_these_steps_only() {
    let app = TestApp::with(&["--tuning=prefault,output_yield"]);
    for (step, (state, reason)) in tuning(&app).await {
        let wanted = ["prefault", "output_yield"].contains(&step.as_str());
        assert_eq!(state != "off", wanted, "{step}: {state} {reason}");
    }
    app.run("1").expect_completed().await;
}

#[actix_web::test]
async fn step_that_fails_is_left_out_alone() {
    let usual = {
        let app = TestApp::start();
        tuning(&app).await
    };
    for step in zygote_steps().filter(|step| usual[step.name()].0 == "applied") {
        for point in ["trial", "zygote"] {
            let app = with_fault(&format!("{step}:{point}"));
            let now = tuning(&app).await;
            for (name, (state, reason)) in &now {
                if name == step.name() {
                    assert_eq!(state, "skipped", "{step}:{point}");
                    // A process that is the first of its namespace has another status for the same.
                    let is_told = ["SIGABRT", "signal: 6", "exit status: 1"];
                    assert!(is_told.iter().any(|text| reason.contains(text)), "{reason}");
                } else if usual[name].0 == "applied" {
                    assert_eq!(state, "applied", "{name} with {step}:{point}: {reason}");
                }
            }
            assert_eq!(app.health().await["fork"], "warm");
            app.run("console.log({ a: [1] }); 1 + 1").expect_completed().await;
            let about = app.log();
            assert!(!about.contains("confinement=off"), "the confinement is not to blame: {about}");
        }
    }
}

#[actix_web::test]
async fn step_that_fails_later_costs_no_run() {
    for fault in ["output_yield:60", "output_yield:60:ready"] {
        let app = with_fault(fault);
        assert_eq!(tuning(&app).await["output_yield"].0, "applied");
        for _ in 0..40 {
            join_all((0..4).map(|_| app.run("console.log(1); 1 + 1").expect_completed())).await;
        }
        let steps = tuning(&app).await;
        let (state, reason) = &steps["output_yield"];
        assert_eq!(state, "skipped", "{fault}");
        assert!(reason.contains("3 processes in a row died"), "{reason}");
        assert_eq!(app.health().await["fork"], "warm", "{fault}");
    }
}

#[actix_web::test]
async fn page_that_can_not_be_written_is_not_prefaulted() {
    let app = with_fault("prefault:page");
    let (state, reason) = &tuning(&app).await["prefault"];
    assert_eq!(state, "applied", "{reason}");
    app.run("console.log(1); 1 + 1").expect_completed().await;
}

#[test]
fn unknown_step_stops_the_start_with_all_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = command(folder.path(), &["serve", "--tuning=faster"]).output().expect("it starts");
    assert!(!output.status.success());
    let error = String::from_utf8_lossy(&output.stderr);
    for step in Step::ALL {
        assert!(error.contains(step.name()), "{error}");
    }
}

#[test]
fn doctor_reports_rungs_steps_and_layers() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = command(folder.path(), &["doctor", "--json"]).output().expect("it starts");
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let result = report["result"].as_str().expect("a word");
    let code = ["ok", "reduced", "unable"].iter().position(|it| *it == result).expect("a known word");
    assert_eq!(output.status.code(), Some(code as i32), "{report}");
    assert!(code < 2, "{report}");
    let rungs = report["rungs"].as_array().expect("a list");
    assert_eq!(rungs.len(), 3);
    for rung in rungs {
        assert_eq!(rung["works"], true, "{rung}");
    }
    for (list, least) in [("tuning", Step::ALL.len()), ("confinement", 15), ("machine", 8)] {
        assert!(report[list].as_array().expect("a list").len() >= least, "{list}: {report}");
    }
    for item in ["tuning", "confinement"].iter().flat_map(|list| report[*list].as_array().expect("a list")) {
        if item["state"] == "skipped" || item["state"] == "missing" {
            for field in ["reason", "cost", "advice"] {
                assert!(item[field].as_str().is_some_and(|text| !text.is_empty()), "{item}");
            }
        }
    }
}

#[test]
fn doctor_text_ends_with_the_result() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = command(folder.path(), &["doctor", "--tuning=off"]).output().expect("it starts");
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(text.contains("works    plain warm fork"), "{text}");
    assert!(
        text.trim_end().ends_with('.') && text.contains("\nMayfly works here") || text.contains("is there."),
        "{text}"
    );
}

#[test]
fn doctor_says_what_is_missing_when_nothing_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    // A fault that no zygote knows keeps each one from starting.
    let output = command(folder.path(), &["doctor", "--json"])
        .env("MAYFLY_TUNING_FAULT", "nonsense:trial")
        .output()
        .expect("it starts");
    assert_eq!(output.status.code(), Some(2));
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["result"], "unable");
    for rung in report["rungs"].as_array().expect("a list") {
        assert!(rung["error"].as_str().is_some_and(|error| error.contains("names no fault")), "{rung}");
    }
}
