//! Several servers that share a database: what they hold clients to together, and how they go on without it.

use std::sync::Arc;
use std::time::Duration;

use mayfly::snippets::together::{CallKey, Keeping, KeptAnswer, Known, LEASE, Taken};
use mayfly::snippets::{Database, Store, StoreSettings, Together, open};
use serde_json::json;
use uuid::Uuid;

use crate::support::{Answer, Postgres, TestApp, post, request, soon, until};

const AGE: Duration = Duration::from_secs(3_600);

fn store(postgres: &Postgres) -> Arc<dyn Store> {
    let settings = StoreSettings {
        database: Database::Postgres(postgres.url()),
        connections: 4,
        timeout: Duration::from_secs(10),
    };
    open(&settings, std::path::Path::new("/nowhere")).expect("an address")
}

fn together(store: &Arc<dyn Store>) -> &dyn Together {
    store.together().expect("PostgreSQL can be shared")
}

fn answer(body: &str) -> KeptAnswer {
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    KeptAnswer { status: 200, headers, body: body.into() }
}

#[actix_web::test]
async fn what_is_taken_adds_up_and_a_bucket_fills_again() {
    let postgres = Postgres::start();
    let (one, other) = (store(&postgres), store(&postgres));
    let take = async |store: &Arc<dyn Store>, seconds: u64| {
        let taken =
            [1, 2].map(|n| Taken { bucket: [n; 32], cost: Duration::from_secs(seconds * u64::from(n)) });
        let mut left = together(store).take(&taken).await.expect("it answers");
        left.sort();
        assert_eq!(left.iter().map(|(bucket, _)| bucket[0]).collect::<Vec<_>>(), [1, 2]);
        [left[0].1, left[1].1]
    };
    // Time passes meanwhile, so it may be a little less than what was taken.
    let is = |left: Duration, seconds| {
        left <= Duration::from_secs(seconds) && left > Duration::from_secs(seconds - 400)
    };
    let [first, second] = take(&one, 1_000).await;
    assert!(is(first, 1_000) && is(second, 2_000), "{first:?} {second:?}");
    let [first, second] = take(&other, 500).await;
    assert!(is(first, 1_500) && is(second, 3_000), "{first:?} {second:?}");
    // Many at once: none is lost, and nobody waits for ever.
    let all = (0..20).map(|n| take(if n % 2 == 0 { &one } else { &other }, 100));
    soon("all of them", futures_util::future::join_all(all)).await;
    let [first, _] = take(&one, 0).await;
    assert!(is(first, 3_500), "{first:?}");
    together(&one).tidy(Keeping { age: AGE, bytes: 1 << 20 }).await.expect("it answers");
    let [first, _] = take(&other, 0).await;
    assert!(is(first, 3_500), "what is not full yet stays: {first:?}");
}

#[actix_web::test]
async fn a_call_is_whose_turn_it_is_wherever_it_is_asked() {
    let postgres = Postgres::start();
    let (one, other) = (store(&postgres), store(&postgres));
    let (one, other) = (together(&one), together(&other));
    let call = |n: u8| CallKey { key: [n; 32], turn: Uuid::new_v4() };
    let (first, second) = (call(1), call(1));
    let begin = async |server: &dyn Together, call: &CallKey, asked: u8, age| {
        server.begin(call, &[asked; 32], age).await.expect("it answers")
    };
    assert_eq!(begin(one, &first, 7, AGE).await, Known::Mine);
    assert_eq!(begin(other, &second, 7, AGE).await, Known::Working);
    assert_eq!(begin(other, &second, 8, AGE).await, Known::Other);
    // Another's turn is not this one's to give up or to answer.
    other.forget(&second).await.expect("it answers");
    other.done(&second, &answer("2")).await.expect("it answers");
    assert_eq!(begin(one, &call(1), 7, AGE).await, Known::Working);
    one.done(&first, &answer("1")).await.expect("it answers");
    assert_eq!(begin(other, &second, 7, AGE).await, Known::Done(answer("1")));
    assert_eq!(begin(other, &second, 8, AGE).await, Known::Other);
    one.forget(&first).await.expect("it answers");
    assert_eq!(begin(other, &second, 7, AGE).await, Known::Done(answer("1")), "what is answered stays");
    assert_eq!(begin(other, &second, 8, Duration::ZERO).await, Known::Mine, "until it is too old");
    other.forget(&second).await.expect("it answers");
    assert_eq!(begin(one, &first, 7, AGE).await, Known::Mine, "what was given up can be done");

    for n in 10..20 {
        let call = call(n);
        assert_eq!(begin(one, &call, 0, AGE).await, Known::Mine);
        one.done(&call, &answer(&"x".repeat(1_000))).await.expect("it answers");
    }
    one.tidy(Keeping { age: AGE, bytes: 5 * 2_100 }).await.expect("it answers");
    let mut kept = Vec::new();
    for n in 10..20 {
        if begin(other, &call(n), 0, AGE).await != Known::Mine {
            kept.push(n);
        }
    }
    assert_eq!(kept, [15, 16, 17, 18, 19], "the oldest go first");
    assert_eq!(begin(one, &call(1), 7, AGE).await, Known::Working, "and none that is worked on");
}

#[actix_web::test]
async fn a_call_of_a_server_that_died_is_done_again_and_one_of_a_server_that_lives_is_not() {
    let postgres = Postgres::start();
    let store = store(&postgres);
    let server = together(&store);
    let call = || CallKey { key: [1; 32], turn: Uuid::new_v4() };
    let first = call();
    let begin = async |call: &CallKey| server.begin(call, &[7; 32], AGE).await.expect("it answers");
    assert_eq!(begin(&first).await, Known::Mine);
    let age = |seconds: u64| {
        postgres.psql(&format!("UPDATE calls SET since = since - INTERVAL '{seconds} seconds'"));
    };
    // Longer in all than anybody's word counts, but said again and again.
    for _ in 0..3 {
        age(LEASE.as_secs() / 2);
        server.renew(&first).await.expect("it answers");
        assert_eq!(begin(&call()).await, Known::Working);
    }
    age(LEASE.as_secs());
    let second = call();
    assert_eq!(begin(&second).await, Known::Mine, "nobody has said so for too long");
    server.renew(&first).await.expect("it answers");
    server.done(&first, &answer("late")).await.expect("it answers");
    assert_eq!(begin(&call()).await, Known::Working, "who was given up has nothing to say");
    server.done(&second, &answer("2")).await.expect("it answers");
    server.renew(&second).await.expect("it answers");
    assert_eq!(begin(&call()).await, Known::Done(answer("2")));
}

#[actix_web::test]
async fn acts_stay_in_postgres_whoever_asks() {
    let postgres = Postgres::start();
    let store = store(&postgres);
    let at = mayfly::snippets::Timestamp::now();
    let text = str::to_owned;
    let act = mayfly::snippets::Act {
        at,
        who: text("ada"),
        address: text("x"),
        what: text("stop"),
        about: text("y"),
    };
    store.desk().record(&act).await.expect("it answers");
    for forbidden in ["UPDATE acts SET who = 'eve'", "DELETE FROM acts", "TRUNCATE acts"] {
        postgres.psql(&format!(
            "DO $$ BEGIN {forbidden}; RAISE EXCEPTION 'it was let'; EXCEPTION WHEN raise_exception THEN
             IF SQLERRM NOT LIKE '%can only be added to' THEN RAISE; END IF; END $$"
        ));
    }
    assert_eq!(store.desk().acts(None).await.expect("it answers").len(), 1);
}

#[actix_web::test]
async fn tables_that_a_newer_server_has_added_to_are_no_hindrance() {
    let postgres = Postgres::start();
    let before = store(&postgres);
    before.size().await.expect("it answers");
    postgres.psql(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'of the next version', true, 'x', 0);
         ALTER TABLE snippets ADD COLUMN of_the_next_version TEXT;",
    );
    let this = store(&postgres);
    this.size().await.expect("it answers");
    let taken = [Taken { bucket: [1; 32], cost: Duration::from_secs(1) }];
    together(&this).take(&taken).await.expect("it answers");
}

fn server(postgres: &Postgres, flags: &[&str]) -> TestApp {
    let url = format!("--database-url={}", postgres.url());
    TestApp::with(&[&[url.as_str(), "--database-timeout=2s"], flags].concat())
}

async fn share(app: &TestApp, source: &str) -> Answer {
    let body = json!({"source": source, "mode": "function"}).to_string();
    request(app.address, "POST", "/api/v1/snippets", &[("content-type", "application/json")], body).await
}

async fn call(app: &TestApp, id: &str, key: &str) -> Answer {
    let headers = [("content-type", "application/json"), ("idempotency-key", key)];
    request(app.address, "POST", &format!("/api/v1/functions/{id}"), &headers, "1").await
}

#[actix_web::test]
async fn a_call_is_done_once_whichever_server_it_reaches() {
    let postgres = Postgres::start();
    let servers = [server(&postgres, &[]), server(&postgres, &[]), server(&postgres, &[])];
    let shared = share(&servers[0], "export default () => crypto.randomUUID()").await;
    assert_eq!(shared.status, 201, "{}", shared.text());
    let id = shared.json()["id"].as_str().expect("an id").to_owned();
    let first = call(&servers[0], &id, "a").await;
    assert_eq!((first.status, first.header("idempotent-replayed")), (200, ""), "{}", first.text());
    for server in &servers {
        let again = call(server, &id, "a").await;
        assert_eq!((again.status, again.text()), (200, first.text()));
        assert_eq!(again.header("idempotent-replayed"), "true");
        assert_eq!(again.header("content-type"), "application/json");
    }
    assert_ne!(call(&servers[1], &id, "b").await.text(), first.text());
    let headers = [("content-type", "application/json"), ("idempotency-key", "a")];
    let path = format!("/api/v1/functions/{id}");
    let other = request(servers[2].address, "POST", &path, &headers, "2").await;
    assert!(other.expect_problem(422).contains("another request"));
    // All at once, on all servers: it is done once, and the others are told so or told to come again.
    let all = servers.iter().cycle().take(9).map(|server| call(server, &id, "c"));
    let answers = futures_util::future::join_all(all).await;
    let mut done: Vec<String> = answers.iter().filter(|it| it.status == 200).map(Answer::text).collect();
    assert!(answers.iter().all(|it| it.status == 200 || it.status == 409));
    done.dedup();
    assert_eq!(done.len(), 1, "{done:?}");
}

#[actix_web::test]
async fn a_rate_holds_over_all_servers() {
    let postgres = Postgres::start();
    let flags = ["--rate-limit=1/h burst 20", "--log-format=json"];
    let servers = [server(&postgres, &flags), server(&postgres, &flags)];
    let run = async |app: &TestApp| post(app.address, r#"{"source": "1"}"#).await.status;
    // How many tokens a server has told the others of, knowing since what they have taken.
    let told = |app: &TestApp| -> u64 {
        let log = app.log();
        let said = log.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        let together = said.filter(|it| it["fields"]["message"] == "rates were brought together");
        together.filter_map(|it| it["fields"]["tokens"].as_u64()).sum()
    };
    for _ in 0..20 {
        assert_eq!(run(&servers[0]).await, 200);
    }
    assert_eq!(run(&servers[0]).await, 429);
    until("the first to tell the others", || async { told(&servers[0]) == 20 }).await;
    // The other one knows nothing of this client until it has asked, which it does behind the first run's back.
    assert_eq!(run(&servers[1]).await, 200, "no run waits for the database");
    until("the second to have asked", || async { told(&servers[1]) == 1 }).await;
    assert_eq!(run(&servers[1]).await, 429);
    let problem = post(servers[1].address, r#"{"source": "1"}"#).await.expect_problem(429);
    assert!(problem.contains("1 an hour"), "{problem}");
}

#[actix_web::test]
async fn without_the_database_programs_run_and_sharing_says_so_until_it_is_back() {
    let mut postgres = Postgres::start();
    let app = server(&postgres, &["--rate-limit=1000/min"]);
    let shared = share(&app, "export default () => 1").await;
    let id = shared.json()["id"].as_str().expect("an id").to_owned();
    postgres.stop();
    for _ in 0..3 {
        app.run("6 * 7").expect_completed().await;
    }
    let mut socket = app.socket().await;
    socket.run("6 * 7").await;
    assert_eq!(socket.wait_for("finished").await["outcome"], "completed");
    let detail = share(&app, "1").await.expect_problem(503);
    assert!(
        detail.contains("Sharing does not work at the moment") && detail.contains("Programs run as ever")
    );
    call(&app, &id, "a").await.expect_problem(503);
    postgres.resume();
    until("sharing to work again", || async { share(&app, "1").await.status == 201 }).await;
    assert_eq!(call(&app, &id, "a").await.status, 200);
}
