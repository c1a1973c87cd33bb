//! `mayfly attest`, the command, against servers that hold and servers that do not.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::Output;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use actix_web::{App, HttpResponse, HttpServer, rt, web};
use serde_json::{Value, json};

use crate::support::{TestApp, command, request};

const KEY: &str = "a-key-of-the-operator-1234";

/// Runs the command beside the test's own servers.
async fn attest(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = command(folder, &[&["attest"][..], arguments].concat());
    rt::task::spawn_blocking(move || command.output().expect("mayfly starts")).await.expect("it ends")
}

fn code(output: &Output) -> Option<i32> {
    if output.status.code() != Some(0) {
        eprintln!("{}", String::from_utf8_lossy(&output.stderr));
    }
    output.status.code()
}

fn json_of(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| {
        panic!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    })
}

/// A server that answers as it likes.
struct Liar {
    address: SocketAddr,
    _handle: actix_web::dev::ServerHandle,
}

impl Liar {
    /// `health` and `run` are given how often they were asked before.
    fn start(health: fn(u64) -> Value, run: fn(u64, &Value) -> (u16, Value)) -> Self {
        let counts = Arc::new([AtomicU64::new(0), AtomicU64::new(0)]);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let server = HttpServer::new(move || {
            let (one, other) = (counts.clone(), counts.clone());
            App::new()
                .app_data(web::JsonConfig::default().limit(64 << 20))
                .route(
                    "/healthz",
                    web::get().to(move || {
                        let body = health(one[0].fetch_add(1, Relaxed));
                        async move { HttpResponse::Ok().json(body) }
                    }),
                )
                .route(
                    "/api/v1/run",
                    web::post().to(move |body: web::Json<Value>| {
                        let (status, body) = run(other[1].fetch_add(1, Relaxed), &body);
                        async move {
                            let status = actix_web::http::StatusCode::from_u16(status).expect("a status");
                            HttpResponse::build(status).json(body)
                        }
                    }),
                )
        })
        .workers(1)
        .disable_signals()
        .listen(listener)
        .expect("it listens")
        .run();
        let handle = server.handle();
        rt::spawn(server);
        Self { address, _handle: handle }
    }

    async fn attested(&self) -> Output {
        let folder = tempfile::tempdir().expect("a folder");
        attest(folder.path(), &[&format!("http://{}", self.address), "--class=cpu", "--json"]).await
    }
}

fn one_server(_: u64) -> Value {
    json!({"status": "ok", "server": "one", "version": "9", "confinement": [], "notes": ["a\u{1b}[31mb"]})
}

fn is_benign(body: &Value) -> bool {
    body["source"].as_str().is_some_and(|source| source.starts_with("let sum = 0;"))
}

/// What the honest program does, and any other as `outcome` with these words.
fn ran(body: &Value, outcome: &str, text: &str) -> (u16, Value) {
    if is_benign(body) {
        let value = json!({"type": "number", "value": 190});
        return (200, json!({"outcome": "completed", "console": [{"text": "sum 190"}], "value": value}));
    }
    (200, json!({"outcome": outcome, "console": [{"text": text}]}))
}

#[actix_web::test]
async fn a_server_that_holds_is_attested_and_shows_it() {
    let keys = format!("--admin-keys=ada:{KEY}");
    let app = TestApp::with(&[&keys, "--rate-limit=20/s burst 5"]);
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("key"), format!("{KEY}\n")).expect("it is written");
    let url = format!("http://{}", app.address);
    let before = app.zygotes();
    let arguments = [&*url, "--class=frames", "--class=inspect", "--output=reports", "--admin-key-file=key"];
    let output = attest(folder.path(), &arguments).await;
    assert_eq!(code(&output), Some(0));
    assert_eq!(app.zygotes(), before);
    let text = String::from_utf8(output.stdout).expect("text");
    for words in ["HELD: no program reached anything", "     0  Capabilities reached", "seccomp ", "frames "]
    {
        assert!(text.contains(words), "{words}: {text}");
    }
    let files: Vec<_> = std::fs::read_dir(folder.path().join("reports")).expect("a folder").collect();
    assert_eq!(files.len(), 2, "{files:?}");
    let shown = overview(&app).await;
    let shown = &shown["attestation"];
    assert_eq!(
        (&shown["outcome"], &shown["reached"], &shown["target"]),
        (&json!("held"), &json!(0), &json!(url))
    );
    assert!(shown["programs"].as_u64().is_some_and(|programs| programs > 30), "{shown}");
}

async fn admin(app: &TestApp, method: &str, path: &str, body: String) -> crate::support::Answer {
    let bearer = format!("Bearer {KEY}");
    let headers = [("authorization", &*bearer), ("content-type", "application/json")];
    request(app.address, method, &format!("/api/v1/admin/{path}"), &headers, body).await
}

async fn overview(app: &TestApp) -> Value {
    admin(app, "GET", "overview", String::new()).await.json()
}

#[actix_web::test]
async fn a_report_that_lies_is_not_kept() {
    let keys = format!("--admin-keys=ada:{KEY}");
    let app = TestApp::with(&[&keys]);
    assert!(overview(&app).await.get("attestation").is_none());
    let report = json!({
        "format": 1, "outcome": "held", "begun": "", "done": "", "target": "t", "attested_by": "m", "programs_digest": "",
        "server": {"id": "", "version": "", "engine": "", "kernel": "", "fork": "", "layers": [], "tuning": [], "notes": []},
        "programs": [{"class": "cpu", "name": "n", "outcome": "held"}], "exits": [],
        "benign": {"runs": 1, "harmed": 0, "details": [], "median_ms": 1, "longest_ms": 1},
    });
    let with = |path: &str, value: Value| {
        let mut report = report.clone();
        *report.pointer_mut(path).expect("a field") = value;
        report.to_string()
    };
    for bad in [
        with("/outcome", json!("reached")),
        with("/target", json!("a\u{1b}[2J")),
        with("/format", json!(2)),
        with("/benign/harmed", json!(1)),
        with("/benign/harmed", json!(-1)),
        with("/exits", json!([["x"]])),
        with("/server", json!({"x": 1})),
        "[".repeat(100_000),
        String::new(),
    ] {
        let answer = admin(&app, "POST", "attestation", bad).await;
        assert_eq!(answer.status, 400, "{}", answer.text());
    }
    assert_eq!(admin(&app, "POST", "attestation", " ".repeat(1 << 20)).await.status, 413);
    let nobody = request(
        app.address,
        "POST",
        "/api/v1/admin/attestation",
        &[("content-type", "application/json")],
        report.to_string(),
    );
    assert_eq!(nobody.await.status, 401);
    assert!(overview(&app).await.get("attestation").is_none());
    assert_eq!(admin(&app, "POST", "attestation", report.to_string()).await.status, 204);
    assert_eq!(overview(&app).await["attestation"]["outcome"], "held");
    std::fs::write(app.data_dir().join("attestation.json"), "{").expect("it is written");
    let shown = overview(&app).await;
    assert!(shown["attestation_problem"].as_str().is_some_and(|why| why.contains("no report")), "{shown}");
}

#[actix_web::test]
async fn a_server_of_its_own_is_attested_with_the_settings() {
    let folder = tempfile::tempdir().expect("a folder");
    let arguments =
        ["--here", "--class=language", "--json", "--fork=cold", "--data-dir=kept", "--listen=192.0.2.1:1"];
    let output = attest(folder.path(), &arguments).await;
    assert_eq!(code(&output), Some(0));
    let report = json_of(&output);
    assert_eq!((&report["outcome"], &report["server"]["fork"]), (&json!("held"), &json!("cold")));
    assert!(report["benign"]["runs"].as_u64().is_some_and(|runs| runs > 0), "{report}");
    assert!(folder.path().join("kept/attestation.json").is_file());
    let output = attest(folder.path(), &["--here", "--limit-cpu-ms=nonsense"]).await;
    assert_eq!(code(&output), Some(2));
}

#[actix_web::test]
async fn a_program_that_reaches_something_is_reported() {
    let leaky = Liar::start(one_server, |_, body| ran(body, "completed", "LEAK: reached\u{1b}[2J Deno"));
    let output = leaky.attested().await;
    assert_eq!(code(&output), Some(1));
    let report = json_of(&output);
    assert_eq!(report["outcome"], "reached");
    assert_eq!(report["programs"][0]["outcome"], "reached");
    let text = report.to_string();
    assert!(text.contains("LEAK") && !text.contains("\\u001b"), "{text}");
}

#[actix_web::test]
async fn a_program_that_shows_nothing_proves_nothing() {
    let silent = Liar::start(one_server, |_, body| ran(body, "completed", ""));
    let output = silent.attested().await;
    assert_eq!(code(&output), Some(1));
    assert_eq!(json_of(&output)["programs"][0]["outcome"], "unproven");
}

#[actix_web::test]
async fn a_server_that_starts_anew_is_reported() {
    // The first eight answers say whether one server answers.
    let health = |asked: u64| {
        let server = if asked < 9 { "one" } else { "two" };
        json!({"server": server, "zygotes_lost": 0})
    };
    let restarted = Liar::start(health, |_, body| ran(body, "cpu_exceeded", ""));
    let output = restarted.attested().await;
    assert_eq!(code(&output), Some(1));
    let report = json_of(&output);
    assert_eq!(report["exits"].as_array().map(Vec::len), Some(1), "{report}");
    assert!(report["exits"][0].as_str().is_some_and(|exit| exit.contains("started anew")), "{report}");
}

#[actix_web::test]
async fn a_lost_zygote_and_a_harmed_run_are_reported() {
    let health = |asked: u64| json!({"server": "one", "zygotes_lost": u64::from(asked > 8)});
    let harmed = Liar::start(health, |asked, body| {
        if asked > 0 && is_benign(body) {
            (500, json!({"detail": "broken"}))
        } else {
            ran(body, "cpu_exceeded", "")
        }
    });
    let output = harmed.attested().await;
    assert_eq!(code(&output), Some(1));
    let report = json_of(&output);
    assert!(report["exits"][0].as_str().is_some_and(|exit| exit.contains("1 of the processes")), "{report}");
    assert!(report["benign"]["harmed"].as_u64().is_some_and(|harmed| harmed > 0), "{report}");
}

#[actix_web::test]
async fn programs_that_cannot_run_are_not_said_to_hold() {
    let refusing = Liar::start(one_server, |_, body| {
        if is_benign(body) { ran(body, "", "") } else { (403, json!({"detail": "not here"})) }
    });
    let output = refusing.attested().await;
    assert_eq!(code(&output), Some(2));
    let report = json_of(&output);
    assert_eq!(
        (&report["outcome"], &report["programs"][0]["outcome"]),
        (&json!("incomplete"), &json!("not_run"))
    );
}

#[actix_web::test]
async fn what_can_not_be_attested_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let two = Liar::start(|asked| json!({"server": asked.to_string()}), |_, body| ran(body, "", ""));
    let other = Liar::start(|_| json!({"hello": "world"}), |_, body| ran(body, "", ""));
    let locked = Liar::start(one_server, |_, _| (401, json!({"detail": "send a key"})));
    let closed = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    for (url, words) in [
        (format!("http://{}", two.address), "several servers"),
        (format!("http://{}", other.address), "no Mayfly"),
        (format!("http://{}", locked.address), "send a key"),
        (format!("http://{closed}"), "refused"),
        ("ftp://example.org".to_owned(), "can't be asked"),
        ("http://user:secret@127.0.0.1:1".to_owned(), "can't be asked"),
        ("nonsense".to_owned(), "is no address"),
    ] {
        let output = attest(folder.path(), &[&url]).await;
        let error = String::from_utf8_lossy(&output.stderr).to_lowercase();
        assert_eq!(output.status.code(), Some(2), "{url}: {error}");
        assert!(error.contains(&words.to_lowercase()), "{url}: {error}");
    }
}
