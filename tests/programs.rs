//! Programs and what comes of them, through `POST /api/v1/run` and the WebSocket.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::TestApp;

#[actix_web::test]
async fn the_last_expression_is_the_value() {
    let app = TestApp::start();
    let ran = app.run("console.log('hi', {a: 1}); 1 + 1").expect_completed().await;
    assert_eq!(ran.0["value"], json!({"type": "number", "value": 2.0}));
    assert_eq!(ran.lines(), ["hi {a: 1}"]);
    assert_eq!(ran.0["console"][0]["line"], 1);
    assert_eq!(ran.0["usage"]["limits"]["wall_ms"], 10_000);
    assert_eq!(ran.0["usage"]["console_events"], 1);
    assert_eq!(ran.0["dropped"], json!({"events": 0, "bytes": 0}));
}

#[actix_web::test]
async fn input_is_a_global_of_its_own() {
    let app = TestApp::start();
    let ran = app
        .run("console.log(input.n[1]); input.n.push(1)")
        .input(json!({"n": [1, "two"]}))
        .expect_completed()
        .await;
    assert_eq!(ran.lines(), ["two"]);
    app.run("if ('input' in globalThis) throw new Error('it is there')").expect_completed().await;
}

#[actix_web::test]
async fn modules_and_scripts_are_told_apart() {
    let app = TestApp::start();
    app.run("await null; if (this !== undefined) throw 1").expect_completed().await;
    app.run("if (this === undefined) throw 1").expect_completed().await;
    app.run("if (this !== undefined) throw 1").mode("module").expect_completed().await;
    app.run("await null").mode("script").expect("failed").await;
}

#[actix_web::test]
async fn errors_say_where_they_are() {
    let app = TestApp::start();
    for (source, name, line, column) in [
        ("let x = 1;\nlet = ;", "SyntaxError", 2, 7),
        ("1;\nthrow new TypeError('no')", "TypeError", 2, 7),
        ("\nPromise.reject(new RangeError('no'))", "RangeError", 2, 16),
        ("function f() {\n  null.x\n}\nf()", "TypeError", 2, 8),
    ] {
        let ran = app.run(source).expect("failed").await;
        let error = &ran.0["error"];
        assert_eq!(error["name"], name, "{source}: {error}");
        assert_eq!(
            (&error["stack"][0]["line"], &error["stack"][0]["column"]),
            (&json!(line), &json!(column)),
            "{source}: {error}"
        );
    }
    let ran = app.run("throw {a: 1}").expect("failed").await;
    assert_eq!(ran.0["error"]["name"], "Uncaught");
    assert!(ran.message().contains("a: 1"), "{}", ran.0);
}

#[actix_web::test]
async fn what_belongs_to_the_host_is_out_of_reach() {
    let app = TestApp::start();
    let source = "['Deno', '__bootstrap', 'process', 'require', 'WebSocket', 'Worker'].filter((name) => name in globalThis).join()";
    let ran = app.run(source).expect_completed().await;
    assert_eq!(ran.0["value"]["value"], "");
}

#[actix_web::test]
async fn output_arrives_while_the_program_still_runs() {
    let app = TestApp::start();
    let mut socket = app.socket().await;
    let id = socket
        .run("for (let i = 0; i < 3; i++) { console.log(i); await new Promise((go) => setTimeout(go, 200)) }")
        .await;
    socket.wait_for("started").await;
    let mut arrived = Vec::new();
    for seq in 0..3 {
        let console = socket.expect("console").await;
        assert_eq!((&console["run_id"], &console["seq"]), (&json!(id), &json!(seq)));
        arrived.push(Instant::now());
    }
    for pair in arrived.windows(2) {
        assert!(pair[1] - pair[0] > Duration::from_millis(100), "they came together");
    }
    assert_eq!(socket.expect("finished").await["outcome"], "completed");
}

#[actix_web::test]
async fn stop_ends_a_loop_and_says_where() {
    let app = TestApp::start();
    let mut socket = app.socket().await;
    let id = socket.run("function loop() {\n  console.log('in');\n  while (true) {}\n}\nloop()").await;
    socket.wait_for("console").await;
    let asked = Instant::now();
    socket.send(json!({"type": "stop", "run_id": id})).await;
    let end = socket.wait_for("finished").await;
    assert!(asked.elapsed() < Duration::from_millis(300), "{:?}", asked.elapsed());
    assert_eq!(end["outcome"], "stopped");
    assert_eq!(end["stopped_at"]["function"], "loop", "{end}");
    // The call may not have returned yet.
    assert!([2, 3].map(|line| json!(line)).contains(&end["stopped_at"]["line"]), "{end}");
    // Its id is spent, and it is not there to be stopped.
    socket.send(json!({"type": "stop", "run_id": id})).await;
    socket.expect_rejected("unknown_run").await;
    socket.send(json!({"type": "run", "run_id": id, "source": ""})).await;
    socket.expect_rejected("duplicate_run_id").await;
}

#[actix_web::test]
async fn a_program_that_waits_is_stopped_too() {
    let app = TestApp::start();
    let mut socket = app.socket().await;
    let id = socket.run("console.log('in'); await new Promise((go) => setTimeout(go, 60_000))").await;
    socket.wait_for("console").await;
    socket.send(json!({"type": "stop", "run_id": id})).await;
    assert_eq!(socket.wait_for("finished").await["outcome"], "stopped");
}

#[actix_web::test]
async fn the_wall_limit_names_the_line() {
    let app = TestApp::start();
    let ran = app
        .run("let n = 0\nfunction loop() {\n  while (true) n++\n}\nloop()")
        .limit("wall_ms", 300)
        .expect("timed_out")
        .await;
    assert_eq!(ran.0["error"]["name"], "TimeLimit");
    assert_eq!(ran.0["stopped_at"]["line"], 3, "{}", ran.0);
    assert!(ran.message().contains("`loop` at line 3"), "{}", ran.message());
    assert_eq!(ran.0["usage"]["limits"]["wall_ms"], 300);
}

#[actix_web::test]
async fn a_run_waits_its_turn_and_a_full_queue_says_so() {
    let app = TestApp::with(&["--open-runs=1", "--queue=1"]);
    let mut socket = app.socket().await;
    let first = socket.run("while (true) {}").await;
    socket.wait_for("started").await;
    let second = socket.run("2").await;
    let queued = socket.expect("queued").await;
    assert_eq!((&queued["run_id"], &queued["position"]), (&json!(second), &json!(1)));
    socket.run("3").await;
    let message = socket.expect("rejected").await;
    assert_eq!(message["reason"], "busy");
    assert!(message["retry_after_ms"].as_u64().is_some_and(|ms| ms > 0), "{message}");
    let answer = app.run("4").answer().await;
    answer.expect_problem(503);
    assert!(answer.header("retry-after").parse::<u64>().is_ok());
    socket.send(json!({"type": "stop", "run_id": first})).await;
    assert_eq!(socket.wait_for("finished").await["run_id"], json!(first));
    assert_eq!(socket.wait_for("finished").await["run_id"], json!(second));
}

#[actix_web::test]
async fn a_system_that_cannot_fork_a_warm_runtime_runs_programs_too() {
    let app = TestApp::with(&["--fork=cold"]);
    assert_eq!(app.health().await["fork"], "cold");
    let ran = app.run("console.log('hi'); 1 + 1").expect_completed().await;
    assert_eq!((ran.lines(), &ran.0["value"]["value"]), (vec!["hi"], &json!(2.0)));
}
