//! SIGHUP: settings are read again, and no run is disturbed.

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::support::{JsonSocket, TestApp, get, post, until};

const WAIT: &str = "console.log('begun'); await new Promise((go) => setTimeout(go, 300)); 'done'";

fn start(settings: &str) -> TestApp {
    TestApp::prepared(&["--log-format=json"], |command| {
        // A variable would win over the file.
        command.env_remove("MAYFLY_RATE_LIMIT");
        let folder = command.get_current_dir().expect("the test's folder");
        std::fs::write(folder.join("mayfly.toml"), settings).expect("it can be written");
    })
}

/// Writes other settings, sends the signal, and waits for what is said of it. Gives that.
async fn reload(app: &TestApp, settings: &str) -> Value {
    let said = |app: &TestApp| app.log().lines().filter(|line| line.contains("SIGHUP")).count();
    let before = said(app);
    std::fs::write(app.file("mayfly.toml"), settings).expect("it can be written");
    app.signal(Signal::SIGHUP);
    until("the signal to be heard", || async { said(app) > before }).await;
    let log = app.log();
    let line = log.lines().rfind(|line| line.contains("SIGHUP")).expect("it was said");
    serde_json::from_str(line).expect("JSON")
}

#[actix_web::test]
async fn limits_count_for_the_next_run_and_connections_hear_of_them() {
    let app = start("[limits]\nwall_ms = '10s'\n");
    let mut socket = app.socket().await;
    socket.run(WAIT).await;
    socket.wait_for("console").await;
    let said = reload(&app, "[limits]\nwall_ms = '150ms'\n[client]\nsource_bytes = '40'\n").await;
    assert_eq!(said["fields"]["changed"], "limits.wall_ms, client.source_bytes", "{said}");
    assert_eq!(said["fields"]["waiting"], "none", "{said}");
    let hello = socket.expect("hello").await;
    assert_eq!((&hello["limits"]["wall_ms"], &hello["source_bytes"]), (&json!(150), &json!(40)));
    let finished = socket.wait_for("finished").await;
    assert_eq!(finished["outcome"], "completed", "what had begun goes on as it began: {finished}");
    socket.run("for (;;);").await;
    let finished = socket.wait_for("finished").await;
    assert_eq!(finished["outcome"], "timed_out");
    assert_eq!(finished["usage"]["limits"]["wall_ms"], 150);
    socket.run(&"1".repeat(41)).await;
    socket.expect_rejected("too_large").await;
    app.run("for (;;);").expect("timed_out").await;
}

#[actix_web::test]
async fn lists_keys_rates_and_policies_count_at_once() {
    let app = start("");
    let origin = [("origin", "https://school.example")];
    assert_eq!(JsonSocket::connect_as(app.address, Some(origin[0].1)).await.err(), Some(403));
    app.run("require('node:path').sep").expect_completed().await;
    let keys =
        "[[key]]\nname = 'ci'\nhash = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'\n";
    std::fs::write(app.file("keys.toml"), keys).expect("it can be written");
    let settings = "[server]\nallowed_origins = ['https://school.example']\n\
                    [modules]\nallow = 'lodash'\n\
                    [egress]\nallow = ['api.example.com']\n\
                    [api]\nanonymous = 'nothing'\nkeys = 'keys.toml'\n";
    reload(&app, settings).await;
    let mut socket = JsonSocket::connect_as(app.address, Some(origin[0].1)).await.expect("it is allowed");
    socket.expect("hello").await;
    socket.run("require('node:path').sep").await;
    assert_eq!(socket.wait_for("finished").await["outcome"], "failed", "the module is not allowed any more");
    socket.run("await fetch('http://other.example/').catch((error) => error.message)").await;
    let told = socket.wait_for("finished").await.to_string();
    assert!(told.contains("only api.example.com"), "{told}");
    post(app.address, r#"{"source": "1"}"#).await.expect_problem(401);
    let with_key = [("content-type", "application/json"), ("authorization", "Bearer test")];
    let answer =
        crate::support::request(app.address, "POST", "/api/v1/run", &with_key, r#"{"source": "1"}"#).await;
    assert_eq!(answer.status, 200, "{}", answer.text());

    let settings = "[client]\nrate_limit = '1/h'\n";
    reload(&app, settings).await;
    app.run("1").expect_completed().await;
    post(app.address, r#"{"source": "1"}"#).await.expect_problem(429);
    // The same rate again: what was used of it stays used.
    reload(&app, settings).await;
    post(app.address, r#"{"source": "1"}"#).await.expect_problem(429);
    reload(&app, "").await;
    app.run("1").expect_completed().await;
}

#[actix_web::test]
async fn settings_that_can_not_be_used_are_refused_whole() {
    let app = start("[limits]\nwall_ms = '9s'\n");
    for (settings, why) in [
        ("[limits]\nwall_ms = '8s'\n[client]\nrate_limit = 'often'\n", "client.rate_limit"),
        ("[limits]\nwall_ms = '8s'\n[api]\nkeys = 'nowhere.toml'\n", "nowhere.toml"),
        ("[limits]\nwall_ms = '8s'\n[egress]\nfixtures = 'nowhere.toml'\n", "egress.fixtures"),
        ("[limits]\nwall_ms = '8s'\nwal_ms = 1\n", "wal_ms"),
        ("[limits\n", "mayfly.toml"),
    ] {
        let said = reload(&app, settings).await;
        let words = said.to_string();
        assert!(
            said["level"] == "ERROR" && words.contains(why) && words.contains("those before stay"),
            "{words}"
        );
        let ran = app.run("1").expect_completed().await;
        assert_eq!(ran.0["usage"]["limits"]["wall_ms"], 9_000, "{settings}");
    }
}

#[actix_web::test]
async fn what_needs_a_restart_is_said_by_name_and_all_else_counts() {
    let app = start("");
    let said = reload(
        &app,
        "[server]\ndata_dir = 'elsewhere'\n[store]\nurl = 'postgres://a:b@c/d'\n[sandbox]\nopen_runs = 3\n\
         [limits]\nwall_ms = '7s'\nheap_bytes = '128MiB'\nprocess_bytes = '200MiB'\n",
    )
    .await;
    let [changed, waiting] =
        ["changed", "waiting"].map(|list| said["fields"][list].as_str().expect("a list").to_owned());
    for key in ["limits.wall_ms", "limits.process_bytes"] {
        assert!(changed.contains(key) && !waiting.contains(key), "{key} in {said}");
    }
    // Memory can become less, and not more than processes are made for.
    for key in ["server.data_dir", "store.url", "sandbox.open_runs", "limits.heap_bytes"] {
        assert!(!changed.contains(key) && waiting.contains(key), "{key} in {said}");
    }
    let limits = &app.run("1").expect_completed().await.0["usage"]["limits"];
    assert_eq!((&limits["wall_ms"], &limits["process_bytes"]), (&json!(7_000), &json!(200 << 20)));
    assert_eq!(limits["heap_bytes"], 64 << 20);
    assert_eq!(get(app.address, "/readyz", &[]).await.status, 200);
}
