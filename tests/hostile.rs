//! Programs that mean harm: each gets the right end and words, and hurts nobody else.

use serde_json::json;

use crate::support::{Ran, TestApp};

/// Runs a hostile program beside a benign one, and one that may burn CPU time with little of that. Returns how the
/// hostile one ended.
async fn beside_a_benign_one(app: &TestApp, source: &str, burns: bool) -> Ran {
    let benign = "let sum = 0; for (let i = 0; i < 20; i++) { sum += i; await new Promise((go) => setTimeout(go, 5)) } sum";
    let hostile = app.run(source);
    let hostile = if burns { hostile.limit("cpu_ms", 3_000) } else { hostile };
    let (hostile, benign) = tokio::join!(hostile.send(), app.run(benign).expect_completed());
    assert_eq!(benign.0["value"]["value"], json!(190), "the benign run is unharmed");
    assert_eq!(app.health().await["status"], "ok", "the server answers");
    let after = app.run("1 + 1").expect_completed().await;
    assert_eq!(after.0["value"]["value"], json!(2), "and runs what comes next");
    hostile
}

/// Declares a test for each program: its outcome has to be one of those listed, and its message has to hold
/// the words. Where two limits are as near, either may be the first.
macro_rules! hostile {
    ($($name:ident: $source:expr => $outcomes:expr, $words:expr;)+) => {$(
        #[actix_web::test]
        async fn $name() {
            let app = TestApp::with(&["--limit-cpu-ms=15s", "--limit-wall-ms=30s"]);
            let outcomes: &[&str] = &$outcomes;
            let ran = beside_a_benign_one(&app, $source, outcomes.contains(&"cpu_exceeded")).await;
            let outcome = ran.0["outcome"].as_str().expect("an outcome");
            assert!(outcomes.contains(&outcome), "{ran}");
            let words: &str = $words;
            assert!(ran.message().to_lowercase().contains(words), "{ran}");
        }
    )+};
}

hostile! {
    a_split_into_half_a_billion: r#""x".repeat(2**29-24).split("")"# => ["memory_exceeded"], "mib";
    a_filled_array: "new Array(5e7).fill(0)" => ["memory_exceeded"], "mib";
    an_object_without_end: r#"let o={};for(let i=0;;i++)o["k"+i]=i"# => ["memory_exceeded"], "mib";
    a_builtin_that_does_not_listen: "Array.prototype.includes.call({length:2**53-1},1)"
        => ["timed_out", "cpu_exceeded"], "stopped after";
    a_flood_of_output: r#"for(;;)console.log("x".repeat(1e5))"# => ["output_exceeded"], "1 mib";
    a_getter_in_a_thrown_object: "throw {__proto__:Error.prototype,get stack(){for(;;);}}"
        => ["failed"], "";
    recursion_without_end: "(function f(){f()})()" => ["failed"], "maximum call stack";
    promises_without_end: "Promise.resolve().then(function f(){return Promise.resolve().then(f)})"
        => ["timed_out", "cpu_exceeded", "memory_exceeded"], "";
}

#[actix_web::test]
async fn a_buffer_larger_than_allowed() {
    let app = TestApp::start();
    let ran = beside_a_benign_one(&app, "new ArrayBuffer(8e9)", false).await;
    // V8 refuses it as it refuses any buffer it has no memory for; the program may catch that and go on.
    let outcome = ran.0["outcome"].as_str().expect("an outcome");
    assert!(["failed", "memory_exceeded"].contains(&outcome), "{ran}");
    let ran = app.run("try { new ArrayBuffer(8e9) } catch (error) { console.log(error.name) }").send().await;
    let outcome = ran.0["outcome"].as_str().expect("an outcome");
    assert!(["completed", "memory_exceeded"].contains(&outcome), "{ran}");
}

#[actix_web::test]
async fn what_is_thrown_away_is_not_held_and_what_is_held_is_noticed() {
    let app = TestApp::start();
    // Each lives for long enough to count as an old value, and is garbage by then: 45 MiB in all, 3 at a time.
    let churn = "const ring = []; let at = 0;
        for (let i = 0; i < 300_000; i++) {
            ring[at] = { i, text: 'x' + i, more: [i, i, i, i] };
            at = (at + 1) % 20_000;
        }";
    app.run(churn).limit("heap_bytes", 10 << 20).expect_completed().await;
    for (count, limit) in [(150_000, 10 << 20), (2_000_000, 64 << 20)] {
        // All of it is there before the first of many collections of new values that hold nothing.
        let hold = format!(
            "globalThis.held = [];
            for (let i = 0; i < {count}; i++) held.push({{ i, text: 'x' + i, more: [i, i, i, i] }});
            for (;;) globalThis.other = [1, 2, 3]"
        );
        let ran = app.run(&hold).limit("heap_bytes", limit).expect("memory_exceeded").await;
        let used = ran.0["usage"]["heap_bytes"].as_u64().expect("a number");
        assert!(used < limit + (24 << 20), "{used} of {limit}");
    }
}

#[actix_web::test]
async fn output_that_was_cut_is_counted() {
    let app = TestApp::start();
    let ran = app
        .run("for (let i = 0; i < 200; i++) console.log(i)")
        .limit("console_events", 50)
        .expect("output_exceeded")
        .await;
    assert!(ran.lines().len() <= 50, "{}", ran.lines().len());
    assert_eq!(ran.lines()[0], "0");
    assert!(ran.0["dropped"]["events"].as_u64().is_some_and(|count| count > 0), "{}", ran.0["dropped"]);
}

#[actix_web::test]
async fn a_process_is_never_used_twice() {
    let app = TestApp::start();
    let poison = "globalThis.left = 1; Array.prototype.left = 1; Object.prototype.left = 1; console.log = () => {}; \
                  Promise.prototype.then = null; globalThis.setTimeout = null";
    for _ in 0..10 {
        app.run(poison).expect_completed().await;
        let ran = app
            .run("console.log(typeof left, [].left, ({}).left, typeof setTimeout); await 1")
            .expect_completed()
            .await;
        assert_eq!(ran.lines(), ["undefined undefined undefined function"]);
    }
}
