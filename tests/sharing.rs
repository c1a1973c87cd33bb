//! Sharing with the real program: kills, copies, databases that fail, keys.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Answer, Postgres, TestApp, command, get, post, request, until};

const JSON: (&str, &str) = ("content-type", "application/json");

async fn share(app: &TestApp, body: Value) -> Answer {
    request(app.address, "POST", "/api/v1/snippets", &[JSON], body.to_string()).await
}

async fn source(app: &TestApp, id: &str) -> Value {
    get(app.address, &format!("/api/v1/snippets/{id}"), &[]).await.json()["source"].clone()
}

fn at(folder: &Path) -> String {
    format!("--data-dir={}", folder.display())
}

/// Posts without expecting an answer: the server may die meanwhile.
async fn try_to_share(address: std::net::SocketAddr, source: &str) -> Option<String> {
    let client = awc::Client::builder().timeout(crate::support::PATIENCE).finish();
    let request = client.post(format!("http://{address}/api/v1/snippets")).insert_header(JSON);
    let mut response = request.send_body(json!({"source": source}).to_string()).await.ok()?;
    let created: Value =
        response.status().is_success().then_some(response.json()).map(async |it| it.await.ok())?.await?;
    Some(created["id"].as_str()?.to_owned())
}

#[actix_web::test]
async fn nothing_that_was_acknowledged_is_lost_when_the_server_is_killed() {
    const KILLS: usize = 50;
    const WRITERS: usize = 4;
    let folder = tempfile::tempdir().expect("a folder");
    let mut acknowledged: Vec<(String, String)> = Vec::new();
    let mut checked = 0;
    for round in 0..=KILLS {
        let mut app = TestApp::with(&[&at(folder.path()), "--warm-children=1", "--workers=2"]);
        // What the server before this one said that it had.
        for (id, text) in &acknowledged[checked..] {
            assert_eq!(source(&app, id).await, json!(text), "round {round}");
        }
        checked = acknowledged.len();
        if round == KILLS {
            break;
        }
        let (sender, mut received) = tokio::sync::mpsc::unbounded_channel();
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (sender, address) = (sender.clone(), app.address);
                actix_web::rt::spawn(async move {
                    for number in 0.. {
                        let text = format!("{round} {writer} {number}");
                        let Some(id) = try_to_share(address, &text).await else { break };
                        if sender.send((id, text)).is_err() {
                            break;
                        }
                    }
                })
            })
            .collect();
        drop(sender);
        // It dies in the middle of other writes, each time at another point.
        for _ in 0..=round % 7 {
            acknowledged.push(received.recv().await.expect("somebody writes"));
        }
        app.kill();
        for writer in writers {
            writer.await.expect("no writer panics");
        }
        while let Some(last) = received.recv().await {
            acknowledged.push(last);
        }
    }
    // And nothing from before got lost later on.
    let app = TestApp::with(&[&at(folder.path())]);
    for (id, text) in &acknowledged {
        assert_eq!(source(&app, id).await, json!(text));
    }
    assert!(acknowledged.len() >= KILLS, "{}", acknowledged.len());
}

#[actix_web::test]
async fn a_copy_made_while_the_server_runs_has_everything() {
    let app = TestApp::start();
    let folder = tempfile::tempdir().expect("a folder");
    let backup = |to: &str| {
        let data_dir = at(&app.data_dir());
        command(folder.path(), &["backup", to, &data_dir]).output().expect("mayfly starts")
    };
    let ids: Vec<String> = futures_util::future::join_all(
        (0..20).map(|number| share(&app, json!({"source": number.to_string()}))),
    )
    .await
    .iter()
    .map(|answer| answer.json()["id"].as_str().expect("an id").to_owned())
    .collect();
    let copied = backup("snippets.db");
    assert!(copied.status.success(), "{}", String::from_utf8_lossy(&copied.stderr));
    let again = backup("snippets.db");
    assert!(!again.status.success(), "it does not write over anything");
    // A server on the copy.
    let other = TestApp::with(&[&at(folder.path())]);
    for (number, id) in ids.iter().enumerate() {
        assert_eq!(source(&other, id).await, json!(number.to_string()));
    }
    let nowhere = tempfile::tempdir().expect("a folder");
    let output = command(nowhere.path(), &["backup", "x.db"]).output().expect("mayfly starts");
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && words.contains("nothing was shared yet"), "{words}");
    let postgres = "--database-url=postgres://x/y";
    let output = command(nowhere.path(), &["backup", "x.db", postgres]).output().expect("mayfly starts");
    assert!(String::from_utf8_lossy(&output.stderr).contains("pg_dump"));
}

#[actix_web::test]
async fn a_database_that_fails_stops_sharing_and_nothing_else() {
    let mut postgres = Postgres::start();
    let url = postgres.url();
    let app = TestApp::prepared(&["--database-timeout=500ms", "--snippet-purge-interval=50ms"], |command| {
        command.env("MAYFLY_DATABASE_URL", &url);
    });
    let created = share(&app, json!({"source": "kept"})).await;
    assert_eq!(created.status, 201, "{}", created.text());
    let id = created.json()["id"].as_str().expect("an id").to_owned();
    assert!(!app.data_dir().join("snippets.db").exists(), "it is in the other database");

    postgres.stop();
    let answer = share(&app, json!({"source": "lost"})).await;
    let detail = answer.expect_problem(503);
    assert!(detail.contains("Programs run as ever") && answer.header("retry-after") == "5", "{detail}");
    assert_eq!(get(app.address, &format!("/s/{id}"), &[]).await.status, 503);
    let ran = post(app.address, r#"{"source":"6 * 7"}"#).await;
    assert_eq!(ran.json()["value"]["value"], 42.0, "runs go on");
    assert_eq!(get(app.address, "/", &[]).await.status, 200, "and so does the page");
    assert_eq!(app.health().await["status"], "ok");
    until("the log says so", || async { app.log().contains("nothing can be shared") }).await;

    postgres.resume();
    until("sharing works again", || async { share(&app, json!({"source": "again"})).await.status == 201 })
        .await;
    assert_eq!(source(&app, &id).await, json!("kept"));
    until("the log says so", || async { app.log().contains("the store of snippets answers again") }).await;
    assert!(
        !app.log().contains("mayfly@"),
        "the address, which can have a password in it, is not in the log"
    );
}

#[actix_web::test]
async fn a_data_folder_that_takes_no_file_stops_sharing_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    // A folder where the file should be.
    std::fs::create_dir(folder.path().join("snippets.db")).expect("a folder");
    let app = TestApp::with(&[&at(folder.path())]);
    share(&app, json!({"source": "1"})).await.expect_problem(503);
    assert_eq!(post(app.address, r#"{"source":"1"}"#).await.json()["outcome"], "completed");
    std::fs::remove_dir(folder.path().join("snippets.db")).expect("it is empty");
    until("sharing works", || async { share(&app, json!({"source": "1"})).await.status == 201 }).await;
}

#[actix_web::test]
async fn keys_say_who_may_do_what() {
    let folder = tempfile::tempdir().expect("a folder");
    let make = |name: &str, rest: &str| {
        let output = command(folder.path(), &["keys", "new", name]).output().expect("mayfly starts");
        assert!(output.status.success());
        let words = String::from_utf8(output.stderr).expect("text");
        let entry = words[words.find("[[key]]").expect("an entry")..].to_owned();
        let key = String::from_utf8(output.stdout).expect("text").trim().to_owned();
        assert!(key.starts_with("mfk_") && !words.contains(&key), "{words}");
        (key, format!("{entry}{rest}\n"))
    };
    let (all, first) =
        make("all", "limits = { wall_ms = \"700ms\" }\negress_allow_private = [\"127.0.0.1:9001\"]");
    let (runner, second) = make("runs \"only\"", "may = \"run\"\nrate_limit = \"1/h\"");
    std::fs::write(folder.path().join("keys.toml"), first + &second).expect("a file");
    let keys = format!("--api-keys={}", folder.path().join("keys.toml").display());
    let app = TestApp::with(&[&keys, "--api-anonymous=share"]);
    let run = async |key: &str, source: &str| {
        let bearer = format!("Bearer {key}");
        let headers = [JSON, ("authorization", bearer.as_str())];
        request(app.address, "POST", "/api/v1/run", &headers, json!({"source": source}).to_string()).await
    };
    let answer = post(app.address, r#"{"source":"1"}"#).await;
    assert!(answer.expect_problem(401).contains("it takes a key to run programs"), "{}", answer.text());
    assert_eq!(answer.header("www-authenticate"), "Bearer");
    assert_eq!(share(&app, json!({"source": "1"})).await.status, 201, "that takes none");
    run("mfk_wrong", "1").await.expect_problem(401);

    let answer = run(&all, "1").await.json();
    assert_eq!(
        (&answer["outcome"], &answer["usage"]["limits"]["wall_ms"]),
        (&json!("completed"), &json!(700))
    );
    let fetched = run(&all, "await fetch('http://127.0.0.1:9001/').catch(String)").await.json();
    let others = run(&runner, "await fetch('http://127.0.0.1:9001/').catch(String)").await.json();
    let console = |answer: &Value| answer["console"].to_string();
    assert!(console(&others).contains("nothing outside"), "{others}");
    assert!(!console(&fetched).contains("nothing outside"), "{fetched}");
    assert!(run(&runner, "1").await.expect_problem(429).contains("with your key: at most 1 an hour"));
    assert_eq!(run(&all, "1").await.status, 200, "each has its own rate");

    let bearer = format!("Bearer {runner}");
    let headers = [JSON, ("authorization", bearer.as_str())];
    let answer = request(app.address, "POST", "/api/v1/snippets", &headers, r#"{"source":"1"}"#).await;
    assert!(answer.expect_problem(403).contains("may not share programs"));

    std::fs::write(folder.path().join("keys.toml"), "[[key]]\nname = \"x\"\nhash = \"y\"").expect("a file");
    let output =
        command(folder.path(), &["serve", "--listen=127.0.0.1:0", &keys]).output().expect("mayfly starts");
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        !output.status.success()
            && words.contains("the setting api.keys")
            && words.contains("`mayfly keys new`"),
        "{words}"
    );
}
