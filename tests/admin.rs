//! The operator's page and the API beneath it, through the real server.

use std::net::SocketAddr;

use awc::ws::CloseCode;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Answer, JsonSocket, Postgres, TestApp, get, post, request, until};

const KEY: &str = "a-key-of-the-operator-1234";
const KEYS: &str = "--admin-keys=ada:a-key-of-the-operator-1234,ben:another-key-of-another-one";
const JSON: (&str, &str) = ("content-type", "application/json");

fn bearer() -> (&'static str, &'static str) {
    ("authorization", "Bearer a-key-of-the-operator-1234")
}

async fn admin(address: SocketAddr, method: &str, path: &str, body: Value) -> Answer {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    request(address, method, &format!("/api/v1/admin/{path}"), &[bearer(), JSON], body).await
}

async fn overview(address: SocketAddr) -> Value {
    let answer = admin(address, "GET", "overview", Value::Null).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("cache-control"), "no-store");
    answer.json()
}

/// Logs in as a browser would, and gives the cookie.
async fn log_in(address: SocketAddr, key: &str) -> Result<String, Answer> {
    let origin = format!("http://{address}");
    let body = json!({ "key": key }).to_string();
    let answer = request(address, "POST", "/api/v1/admin/session", &[("origin", &origin), JSON], body).await;
    if answer.status != 204 {
        return Err(answer);
    }
    let set = answer.header("set-cookie");
    assert!(set.contains("; HttpOnly; SameSite=Strict") && set.contains("; Path=/api/v1/admin;"), "{set}");
    Ok(set.split(';').next().expect("a cookie").to_owned())
}

fn acts(overview: &Value) -> Vec<(String, String, String)> {
    let text = |act: &Value, name: &str| act[name].as_str().unwrap_or_default().to_owned();
    let all = overview["acts"].as_array().expect("a list").iter();
    all.map(|act| (text(act, "who"), text(act, "what"), text(act, "about"))).collect()
}

#[actix_web::test]
async fn without_a_key_in_the_settings_there_is_nothing() {
    let app = TestApp::start();
    assert_eq!(get(app.address, "/admin", &[]).await.status, 404);
    for (method, path) in [
        ("GET", "overview"),
        ("GET", "acts"),
        ("POST", "session"),
        ("DELETE", "session"),
        ("POST", "blocks"),
        ("POST", "drain"),
        ("POST", "attestation"),
        ("DELETE", "blocks/0b3f9b4e-3f63-4c0e-9d8e-2f2f2a3b4c5d"),
        ("POST", "runs/0b3f9b4e-3f63-4c0e-9d8e-2f2f2a3b4c5d/stop"),
    ] {
        let answer = admin(app.address, method, path, Value::Null).await;
        assert_eq!(answer.status, 404, "{method} {path}: {}", answer.text());
    }
}

#[actix_web::test]
async fn the_page_is_framed_by_nobody_and_runs_only_its_own() {
    let app = TestApp::with(&[KEYS, "--frame-ancestors=https://school.example", "--embed-origins=*"]);
    let page = get(app.address, "/admin", &[]).await;
    assert_eq!(page.status, 200);
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{policy}");
    assert_eq!((page.header("x-frame-options"), page.header("cache-control")), ("DENY", "no-store"));
    let text = page.text();
    assert!(
        !text.contains(KEY) && !text.contains("https://"),
        "it holds nothing, and nothing of others: {text}"
    );
}

#[actix_web::test]
async fn who_has_no_key_gets_nothing_and_tries_in_vain_only_so_often() {
    let app = TestApp::with(&[KEYS, "--allowed-origins=https://school.example"]);
    let answer = get(app.address, "/api/v1/admin/overview", &[]).await;
    assert!(answer.expect_problem(401).contains("Log in at /admin"));
    // Not even pages that may use the rest of the API.
    for origin in ["https://school.example", "https://evil.example", "null"] {
        let headers = [bearer(), ("origin", origin)];
        get(app.address, "/api/v1/admin/overview", &headers).await.expect_problem(403);
        let body = json!({ "key": KEY }).to_string();
        let answer =
            request(app.address, "POST", "/api/v1/admin/session", &[("origin", origin), JSON], body).await;
        answer.expect_problem(403);
        assert_eq!(answer.header("access-control-allow-origin"), "");
    }
    let cookie = log_in(app.address, KEY).await.expect("it is right");
    for wrong in 0..10 {
        let refused = log_in(app.address, &format!("{KEY}{wrong}")).await.expect_err("it is wrong");
        assert!(refused.expect_problem(401).contains("There is no such key."));
    }
    let refused = log_in(app.address, KEY).await.expect_err("too many were wrong");
    assert!(refused.expect_problem(429).contains("Too many wrong keys"));
    assert_eq!(refused.header("retry-after"), "60");
    get(app.address, "/api/v1/admin/overview", &[bearer()]).await.expect_problem(429);
    let still = get(app.address, "/api/v1/admin/overview", &[("cookie", &cookie)]).await;
    assert_eq!(still.status, 200, "who is logged in stays so");
    assert!(!app.log().contains(KEY), "no key is logged");
}

#[actix_web::test]
async fn a_log_in_is_for_the_page_alone_and_over_when_it_is_ended() {
    let app = TestApp::with(&[KEYS]);
    let cookie = log_in(app.address, "another-key-of-another-one").await.expect("it is right");
    let own = format!("http://{}", app.address);
    let told = get(app.address, "/api/v1/admin/overview", &[("cookie", &cookie)]).await;
    assert_eq!((told.status, &told.json()["you"]["name"]), (200, &json!("ben")));
    let drain = |headers: Vec<(&'static str, String)>| {
        let (address, cookie) = (app.address, cookie.clone());
        async move {
            let mut all = vec![("cookie", cookie.as_str()), JSON];
            all.extend(headers.iter().map(|(name, value)| (*name, value.as_str())));
            let body = json!({ "drained": false }).to_string();
            request(address, "POST", "/api/v1/admin/drain", &all, body).await.status
        }
    };
    assert_eq!(drain(vec![]).await, 403, "a browser always says whose page sends something");
    assert_eq!(drain(vec![("origin", "https://evil.example".to_owned())]).await, 403);
    assert_eq!(drain(vec![("origin", format!("{own}1"))]).await, 403);
    assert_eq!(drain(vec![("origin", own.clone())]).await, 204);
    let headers = [("cookie", cookie.as_str()), ("origin", own.as_str())];
    assert_eq!(request(app.address, "DELETE", "/api/v1/admin/session", &headers, "").await.status, 204);
    get(app.address, "/api/v1/admin/overview", &[("cookie", &cookie)]).await.expect_problem(401);
    let what: Vec<_> =
        acts(&overview(app.address).await).into_iter().map(|(who, what, _)| (who, what)).collect();
    let ben = |what: &str| ("ben".to_owned(), what.to_owned());
    assert_eq!(what, [ben("log_out"), ben("resume"), ben("log_in")], "the latest first");
}

#[actix_web::test]
async fn live_runs_are_seen_and_stopped_with_words() {
    let app = TestApp::with(&[KEYS]);
    assert_eq!(overview(app.address).await["runs"], json!([]));
    let mut socket = app.socket().await;
    let run_id =
        socket.run("console.log('begun'); await new Promise(() => setTimeout(() => {}, 9_000))").await;
    socket.wait_for("console").await;
    let seen = overview(app.address).await;
    let run = &seen["runs"][0];
    assert_eq!((&run["run_id"], &run["state"]), (&json!(run_id), &json!("running")), "{seen}");
    assert_eq!((&run["address"], &run["origins"]), (&json!("127.0.0.1"), &json!([])));
    let stopped = admin(app.address, "POST", &format!("runs/{run_id}/stop"), Value::Null).await;
    assert_eq!(stopped.status, 204, "{}", stopped.text());
    let finished = socket.wait_for("finished").await;
    assert_eq!(finished["outcome"], "stopped");
    assert_eq!(finished["error"]["message"], "The operator of this server stopped this run.");
    until("it to be gone", || async { overview(app.address).await["runs"] == json!([]) }).await;
    let again = admin(app.address, "POST", &format!("runs/{run_id}/stop"), Value::Null).await;
    assert_eq!(again.expect_problem(404), "There is no such run any more.");
    let told = overview(app.address).await;
    assert_eq!(acts(&told), [("ada".to_owned(), "stop".to_owned(), run_id.to_string())]);
    // A run that nobody waits for is nobody's.
    socket.run("await new Promise(() => setTimeout(() => {}, 9_000))").await;
    socket.wait_for("started").await;
    drop(socket);
    until("that to be gone, too", || async { overview(app.address).await["runs"] == json!([]) }).await;
}

#[actix_web::test]
async fn what_goes_wrong_is_told_by_message_snippet_and_site() {
    let app = TestApp::with(&[KEYS, "--allowed-origins=https://school.example", "--embed-origins=*"]);
    for at in [1, 22, 333] {
        app.run(&format!("throw new RangeError('<img src=x> {at} is too much')")).expect("failed").await;
    }
    app.run("for (;;);").limit("wall_ms", 100).expect("timed_out").await;
    let shared = json!({ "source": "export default () => { throw new Error('shared') }" }).to_string();
    let shared = request(app.address, "POST", "/api/v1/snippets", &[JSON], shared).await.json();
    let id = shared["id"].as_str().expect("an id");
    let call = format!("/api/v1/functions/{id}");
    assert_eq!(request(app.address, "POST", &call, &[JSON], "null").await.status, 422);
    let from_school = [("origin", "https://school.example"), JSON];
    request(app.address, "POST", "/api/v1/run", &from_school, r#"{"source":"throw new Error('shared')"}"#)
        .await;
    let query = "?embedder=https://blog.example&embedder=null";
    let mut embedded = JsonSocket::connect_asking(app.address, query).await.expect("it is taken");
    embedded.run("throw new Error('shared')").await;
    embedded.wait_for("finished").await;

    let told = overview(app.address).await;
    let errors: Vec<_> = told["errors"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|it| {
            let text = |name: &str| it[name].as_str().unwrap_or_default().to_owned();
            (text("name"), text("message"), text("snippet"), it["count"].as_u64(), it["origins"].clone())
        })
        .collect();
    let sites = json!(["https://school.example", "https://blog.example", "unknown"]);
    let alike = |name: &str, message: &str, snippet: &str, count, origins| {
        (name.to_owned(), message.to_owned(), snippet.to_owned(), Some(count), origins)
    };
    assert_eq!(errors[0], alike("Error", "shared", "", 2, sites), "{told}");
    assert_eq!(errors[1], alike("Error", "shared", id, 1, json!([])), "a shared program's own");
    assert_eq!(errors[2].0, "TimeLimit");
    assert_eq!(errors[3], alike("RangeError", "<img src=x> # is too much", "", 3, json!([])));
    let limit = &told["limits"][0];
    assert_eq!((&limit["name"], &limit["count"]), (&json!("timed_out"), &json!(1)), "{told}");
    let origins: Vec<_> = told["origins"].as_array().expect("a list").iter().map(|it| &it["name"]).collect();
    assert_eq!(origins.len(), 3, "{origins:?}");
    let own = &told["clients"][0];
    assert_eq!((&own["name"], &own["runs"], &own["failed"]), (&json!("127.0.0.1"), &json!(7), &json!(6)));
}

#[actix_web::test]
async fn an_address_that_is_blocked_is_told_so_until_it_is_not() {
    let app = TestApp::with(&[KEYS, "--trusted-proxies=127.0.0.1"]);
    let from = |address: &'static str| ("x-forwarded-for", address);
    let mut socket = JsonSocket::connect_with(app.address, &[from("192.0.2.9")]).await.expect("it is taken");
    socket.expect("hello").await;
    socket.run("console.log('begun'); await new Promise(() => setTimeout(() => {}, 9_000))").await;
    socket.wait_for("console").await;

    for (body, why) in [
        (json!({"kind": "address", "value": "0.0.0.0/0"}), "nearly everybody"),
        (json!({"kind": "address", "value": "school"}), "Write an address or a network"),
        (json!({"kind": "origin", "value": "school"}), "Write an origin"),
        (json!({"kind": "address", "value": "192.0.2.9", "expires_in": 0}), "takes seconds"),
        (json!({"kind": "address", "value": "192.0.2.9", "reason": "a\nb"}), "one line"),
        (json!({"kind": "address", "value": "192.0.2.9", "more": 1}), "unknown field"),
    ] {
        let refused = admin(app.address, "POST", "blocks", body).await.expect_problem(400);
        assert!(refused.contains(why), "{refused}");
    }
    let body = json!({"kind": "address", "value": "192.0.2.0/24", "reason": "Spam, <b>again</b>.", "expires_in": 3_600});
    let made = admin(app.address, "POST", "blocks", body).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let until_then = made.json()["until"].as_str().expect("a time").to_owned();
    let words = format!(
        "The operator of this server takes nothing from your address until {until_then}. The reason given: Spam, \
         <b>again</b>."
    );
    let finished = socket.wait_for("finished").await;
    assert_eq!((&finished["outcome"], &finished["error"]["message"]), (&json!("stopped"), &json!(words)));
    socket.run("1").await;
    assert_eq!(socket.expect_rejected("blocked").await, words);
    for (path, body) in [("/api/v1/run", r#"{"source":"1"}"#), ("/api/v1/snippets", r#"{"source":"1"}"#)] {
        let refused = request(app.address, "POST", path, &[from("192.0.2.77"), JSON], body).await;
        assert_eq!(refused.expect_problem(403), words);
        assert_eq!(refused.json()["reason"], "blocked");
        let others = request(app.address, "POST", path, &[from("198.51.100.1"), JSON], body).await;
        assert!(others.status < 300, "{}", others.text());
    }
    assert_eq!(get(app.address, "/", &[from("192.0.2.9")]).await.status, 200, "pages can be read");

    let told = overview(app.address).await;
    let block = &told["blocks"][0];
    assert_eq!(
        (&block["value"], &block["by"], &block["kind"]),
        (&json!("192.0.2.0/24"), &json!("ada"), &json!("address"))
    );
    let path = format!("blocks/{}", block["id"].as_str().expect("an id"));
    assert_eq!(admin(app.address, "DELETE", &path, Value::Null).await.status, 204);
    admin(app.address, "DELETE", &path, Value::Null).await.expect_problem(404);
    socket.run("1").await;
    assert_eq!(socket.wait_for("finished").await["outcome"], "completed");
    let what: Vec<_> =
        acts(&overview(app.address).await).into_iter().map(|(_, what, about)| (what, about)).collect();
    assert_eq!(what[0], ("unblock".to_owned(), "192.0.2.0/24".to_owned()));
    assert_eq!(what[1].1, format!("192.0.2.0/24 until {until_then} Spam, <b>again</b>."));
}

#[actix_web::test]
async fn a_block_is_there_after_a_restart() {
    let mut app = TestApp::with(&[KEYS]);
    let body = json!({"kind": "address", "value": "127.0.0.1"});
    assert_eq!(admin(app.address, "POST", "blocks", body).await.status, 201);
    post(app.address, r#"{"source":"1"}"#).await.expect_problem(403);
    assert!(app.terminate());
    let data = format!("--data-dir={}", app.data_dir().display());
    let again = TestApp::with(&[KEYS, &data]);
    until("the order to be found", || async { post(again.address, r#"{"source":"1"}"#).await.status == 403 })
        .await;
    assert_eq!(acts(&overview(again.address).await)[0].1, "block", "the record as well");
}

#[actix_web::test]
async fn pages_of_an_origin_are_blocked_and_have_a_quota_together() {
    let app = TestApp::with(&[KEYS, "--embed-origins=*", "--embed-rate-limit=2/h"]);
    let connect = async |query: &str| {
        let mut socket = JsonSocket::connect_asking(app.address, query).await.expect("it is taken");
        socket.expect("hello").await;
        socket
    };
    let mut one = connect("?embedder=https://blog.example").await;
    let mut other = connect("?embedder=https://blog.example").await;
    let mut school = connect("?embedder=https://school.example").await;
    for socket in [&mut one, &mut other, &mut school] {
        socket.run("1").await;
        socket.wait_for("finished").await;
    }
    one.run("1").await;
    let words = one.expect_rejected("rate_limited").await;
    assert!(
        words.starts_with("Too many runs from pages of https://blog.example: at most 2 an hour"),
        "{words}"
    );
    let told = overview(app.address).await;
    let of = |name: &str| {
        let all = told["origins"].as_array().expect("a list");
        all.iter().find(|it| it["name"] == name).unwrap_or_else(|| panic!("no {name} in {told}")).clone()
    };
    let blog = of("https://blog.example");
    assert_eq!((&blog["runs"], &blog["turned_away"]), (&json!(2), &json!(1)), "{blog}");
    assert_eq!((&blog["quota"]["used"], &blog["quota"]["most"]), (&json!(2), &json!(2)), "{blog}");
    assert_eq!(of("https://school.example")["quota"]["used"], 1);

    let body = json!({"kind": "origin", "value": "https://school.example/"});
    assert_eq!(admin(app.address, "POST", "blocks", body).await.status, 201);
    school.run("1").await;
    let words = school.expect_rejected("blocked").await;
    assert_eq!(words, "The operator of this server takes nothing from pages of https://school.example.");
    app.run("1").expect_completed().await;
}

#[actix_web::test]
async fn a_key_of_the_api_is_seen_with_its_quota() {
    let app = TestApp::prepared(&[KEYS, "--api-keys=keys.toml"], |command| {
        let folder = command.get_current_dir().expect("the test's folder");
        let keys = "[[key]]\nname = 'ci'\nrate_limit = '5/h'\n\
                    hash = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'\n\
                    [[key]]\nname = 'unused'\nhash = '0f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'\n";
        std::fs::write(folder.join("keys.toml"), keys).expect("it can be written");
    });
    let ci = [("authorization", "Bearer test"), JSON];
    for _ in 0..2 {
        assert_eq!(request(app.address, "POST", "/api/v1/run", &ci, r#"{"source":"1"}"#).await.status, 200);
    }
    let told = overview(app.address).await;
    let [first, second] = [0, 1].map(|at| told["keys"][at].clone());
    assert_eq!((&first["name"], &first["runs"]), (&json!("ci"), &json!(2)), "{told}");
    assert_eq!((&first["quota"]["used"], &first["quota"]["most"]), (&json!(2), &json!(5)), "{told}");
    assert_eq!(
        (&second["name"], &second["runs"], &second["quota"]),
        (&json!("unused"), &json!(0), &Value::Null)
    );
    assert_eq!(told["clients"], json!([]), "a key's runs are the key's");
}

#[actix_web::test]
async fn a_server_is_drained_and_takes_clients_again() {
    let app = TestApp::with(&[KEYS]);
    let (mut idle, mut busy) = (app.socket().await, app.socket().await);
    busy.run("console.log('begun'); await new Promise((go) => setTimeout(go, 300)); 'done'").await;
    busy.wait_for("console").await;
    assert_eq!(admin(app.address, "POST", "drain", json!({"drained": true})).await.status, 204);
    let ready = get(app.address, "/readyz", &[]).await;
    assert_eq!((ready.status, &ready.json()["status"]), (503, &json!("drained")));
    assert_eq!(ready.header("connection"), "close");
    assert_eq!(idle.expect_close(CloseCode::Restart).await, "The server restarts. Connect again now.");
    assert_eq!(busy.wait_for("finished").await["outcome"], "completed");
    busy.expect_close(CloseCode::Restart).await;
    assert_eq!(overview(app.address).await["server"]["drained"], true);
    let mut late = app.socket().await;
    late.run("1").await;
    assert_eq!(late.wait_for("finished").await["outcome"], "completed", "who comes all the same is served");
    assert_eq!(admin(app.address, "POST", "drain", json!({"drained": false})).await.status, 204);
    assert_eq!(get(app.address, "/readyz", &[]).await.status, 200);
    late.run("1").await;
    assert_eq!(late.wait_for("finished").await["outcome"], "completed", "and stays");
    let other = json!({"drained": true, "server": Uuid::new_v4()});
    admin(app.address, "POST", "drain", other).await.expect_problem(404);
}

#[actix_web::test]
async fn servers_with_one_postgres_follow_the_same_orders() {
    let postgres = Postgres::start();
    let url = format!("--database-url={}", postgres.url());
    let (one, other) = (TestApp::with(&[KEYS, &url]), TestApp::with(&[KEYS, &url]));
    let cookie = log_in(one.address, KEY).await.expect("it is right");
    // The cookie is the same server's for both: they are one to a browser, behind their balancer.
    let told = get(other.address, "/api/v1/admin/overview", &[("cookie", &cookie)]).await;
    assert_eq!(told.status, 200);
    let mut socket = other.socket().await;
    let run_id =
        socket.run("console.log('begun'); await new Promise(() => setTimeout(() => {}, 9_000))").await;
    socket.wait_for("console").await;
    let stopped = admin(one.address, "POST", &format!("runs/{run_id}/stop"), Value::Null).await;
    assert_eq!(stopped.status, 202, "{}", stopped.text());
    assert_eq!(socket.wait_for("finished").await["outcome"], "stopped");
    let id = told.json()["server"]["id"].clone();
    assert_eq!(admin(one.address, "POST", "drain", json!({"drained": true, "server": id})).await.status, 202);
    until("the other to drain", || async { get(other.address, "/readyz", &[]).await.status == 503 }).await;
    assert_eq!(get(one.address, "/readyz", &[]).await.status, 200);
    assert_eq!(
        admin(one.address, "POST", "drain", json!({"drained": false, "server": id})).await.status,
        202
    );
    until("the other to be ready", || async { get(other.address, "/readyz", &[]).await.status == 200 }).await;
    let body = json!({"kind": "address", "value": "127.0.0.1", "expires_in": 60});
    assert_eq!(admin(one.address, "POST", "blocks", body).await.status, 201);
    until("the block to hold", || async { post(other.address, r#"{"source":"1"}"#).await.status == 403 })
        .await;
    let own = format!("http://{}", one.address);
    let headers = [("cookie", cookie.as_str()), ("origin", own.as_str())];
    assert_eq!(request(one.address, "DELETE", "/api/v1/admin/session", &headers, "").await.status, 204);
    let is_over =
        async || get(other.address, "/api/v1/admin/overview", &[("cookie", &cookie)]).await.status == 401;
    until("the log-in to be over", is_over).await;
    let what: Vec<_> = acts(&overview(other.address).await).into_iter().map(|(_, what, _)| what).collect();
    assert_eq!(what, ["log_out", "block", "resume", "drain", "stop", "log_in"]);
}

#[actix_web::test]
async fn without_postgres_the_operator_still_sees_and_stops() {
    let mut postgres = Postgres::start();
    let url = format!("--database-url={}", postgres.url());
    let app = TestApp::with(&[KEYS, &url, "--database-timeout=1s"]);
    overview(app.address).await;
    postgres.stop();
    let cookie = log_in(app.address, KEY).await.expect("it is right");
    let told = get(app.address, "/api/v1/admin/overview", &[("cookie", &cookie)]).await.json();
    assert!(told["store_problem"].is_string(), "{told}");
    let mut socket = app.socket().await;
    let run_id =
        socket.run("console.log('begun'); await new Promise(() => setTimeout(() => {}, 9_000))").await;
    socket.wait_for("console").await;
    assert_eq!(admin(app.address, "POST", &format!("runs/{run_id}/stop"), Value::Null).await.status, 204);
    assert_eq!(socket.wait_for("finished").await["outcome"], "stopped");
    let body = json!({"kind": "address", "value": "192.0.2.1"});
    let refused = admin(app.address, "POST", "blocks", body).await;
    assert!(refused.expect_problem(503).starts_with("The store does not answer, so nothing was done."));
    assert!(app.log().contains("which could not be recorded"), "the log has it instead");
}
