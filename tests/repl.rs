//! Evaluations in a program's isolate, while it runs and after its end.

use serde_json::{Value, json};

use crate::support::{JsonSocket, TestApp, until};

/// A run with evaluations, from its visitor's side.
struct Repl {
    socket: JsonSocket,
    run_id: String,
    last: u32,
    /// What was printed.
    lines: Vec<String>,
}

impl Repl {
    async fn start(app: &TestApp, source: &str) -> Self {
        Self::start_with(app, source, json!({})).await
    }

    async fn start_with(app: &TestApp, source: &str, fields: Value) -> Self {
        let socket = JsonSocket::connect(app.address).await;
        let run_id = uuid::Uuid::new_v4().to_string();
        let mut run = json!({"type": "run", "run_id": run_id, "source": source, "repl": true});
        for (name, value) in fields.as_object().expect("fields") {
            run[name] = value.clone();
        }
        let mut it = Self { socket, run_id, last: 0, lines: Vec::new() };
        it.socket.send(run).await;
        it
    }

    /// The next message of this type; what is printed before is noted.
    async fn next(&mut self, kind: &str) -> Value {
        loop {
            let message = self.socket.next().await;
            match message["type"].as_str() {
                Some(it) if it == kind => return message,
                Some("console") => {
                    let events = message["events"].as_array().expect("an array");
                    self.lines.extend(
                        events.iter().map(|event| event["text"].as_str().expect("a text").to_owned()),
                    );
                }
                // That it rests again may come at any time.
                Some("started" | "queued" | "paused") => {}
                _ => panic!("expected `{kind}`, got {message}"),
            }
        }
    }

    async fn send(&mut self, source: &str) -> u32 {
        self.last += 1;
        let message =
            json!({"type": "evaluate", "run_id": self.run_id, "evaluation_id": self.last, "source": source});
        self.socket.send(message).await;
        self.last
    }

    /// What comes of an evaluation.
    async fn evaluated(&mut self, source: &str) -> Value {
        let id = self.send(source).await;
        let message = self.next("evaluated").await;
        assert_eq!(message["evaluation_id"], id, "{message}");
        assert_eq!(message["run_id"], self.run_id);
        message
    }

    /// A value's own value, or its line.
    async fn value(&mut self, source: &str) -> Value {
        let message = self.evaluated(source).await;
        let value = message.get("value").unwrap_or_else(|| panic!("{source}: {message}"));
        value.get("value").or_else(|| value.get("text")).unwrap_or(&value["type"]).clone()
    }

    /// What was thrown, in words.
    async fn thrown(&mut self, source: &str) -> String {
        let message = self.evaluated(source).await;
        let error = message.get("error").unwrap_or_else(|| panic!("{source}: {message}"));
        format!(
            "{}: {}",
            error["name"].as_str().expect("a name"),
            error["message"].as_str().expect("a message")
        )
    }

    async fn stop(&mut self) -> Value {
        self.socket.send(json!({"type": "stop", "run_id": self.run_id})).await;
        self.next("finished").await
    }
}

#[actix_web::test]
async fn a_script_s_names_are_in_reach_after_its_end() {
    let app = TestApp::start();
    let source =
        "const point = { x: 3 }; let n = 1; class Fly { days = 1 } function up() { return ++n } 'the end'";
    let mut repl = Repl::start(&app, source).await;
    let paused = repl.next("paused").await;
    assert_eq!(paused["report"]["outcome"], "completed", "{paused}");
    assert_eq!(paused["report"]["value"]["value"], "the end");
    assert!(paused["report"]["usage"]["heap_bytes"].as_u64().is_some_and(|bytes| bytes > 0));
    let left = paused["left_ms"].as_u64().expect("a time");
    assert!(left > 0 && left <= 60_000, "{left}");
    assert_eq!(repl.value("point.x + n").await, json!(4));
    assert_eq!(repl.value("up()").await, json!(2));
    assert_eq!(repl.value("n").await, json!(2));
    assert_eq!(repl.value("new Fly()").await, json!("Fly {days: 1}"));
    assert_eq!(repl.value("const more = 7; more * 6").await, json!(42));
    assert_eq!(repl.value("more").await, json!(7), "what an evaluation declares stays");
    assert_eq!(repl.value("undefined").await, json!("undefined"));
    assert_eq!(repl.value("{ a: 1, b: 2 }").await, json!("{a: 1, b: 2}"), "an object, not a block");
    assert_eq!(repl.value("{ let q = 5; q }").await, json!(5), "a block that is no object");
    repl.evaluated("console.log('printed', n)").await;
    assert_eq!(repl.lines, ["printed 2"]);
    assert_eq!(repl.thrown("nothing.here").await, "ReferenceError: nothing is not defined");
    assert!(repl.thrown("1 +").await.starts_with("SyntaxError: "));
    assert!(repl.thrown("throw 5").await.starts_with("Uncaught: 5"));
    assert!(repl.thrown("let n = 2").await.contains("already been declared"));
    assert_eq!(repl.value("n").await, json!(2), "after errors all is as it was");
    let end = repl.stop().await;
    assert_eq!((&end["outcome"], &end["value"]["value"]), (&json!("completed"), &json!("the end")), "{end}");
    until("the place to be free", async || app.open_runs().await == 0).await;
}

#[actix_web::test]
async fn a_module_s_names_are_in_reach_too_even_before_its_end() {
    let app = TestApp::start();
    let source = "let n = 1; export const point = { x: 3 };
        const gate = new Promise((open) => { globalThis.open = open });
        const busy = setInterval(() => {}, 10);
        console.log('waits'); const more = await gate; n += more; clearInterval(busy);
        console.log('goes on', n) // no end of line here";
    let mut repl = Repl::start(&app, source).await;
    repl.next("started").await;
    assert_eq!(repl.value("n + point.x").await, json!(4));
    assert_eq!(repl.value("n = 10").await, json!(10));
    assert_eq!(repl.value("typeof open").await, json!("function"));
    assert_eq!(repl.lines, ["waits"]);
    repl.send("open(5)").await;
    repl.next("evaluated").await;
    let paused = repl.next("paused").await;
    assert_eq!(paused["report"]["outcome"], "completed", "{paused}");
    assert_eq!(repl.lines, ["waits", "goes on 15"]);
    assert_eq!(repl.value("n").await, json!(15));
    assert_eq!(repl.thrown("(() => { throw new TypeError('here') })()").await, "TypeError: here");
    let thrown = repl.evaluated("null.x").await;
    assert_eq!(thrown["error"]["stack"], json!([]), "no place in the program is to blame: {thrown}");
    assert_eq!(repl.stop().await["outcome"], "completed");
}

#[actix_web::test]
async fn an_expression_may_wait() {
    let app = TestApp::start();
    let mut repl =
        Repl::start(&app, "const later = (v) => new Promise((go) => setTimeout(go, 5, v)); 1").await;
    repl.next("paused").await;
    assert_eq!(repl.value("await later(7)").await, json!(7));
    assert_eq!(repl.value("(await later(2)) + 1;").await, json!(3));
    assert_eq!(repl.thrown("await Promise.reject(new RangeError('no'))").await, "RangeError: no");
    assert!(repl.thrown("await (").await.starts_with("SyntaxError: "));
    // One that waits is not in the way of the next.
    let waiting = repl.send("await new Promise((go) => { globalThis.go = go })").await;
    let next = repl.send("go('it went'); 'done'").await;
    let first = repl.next("evaluated").await;
    assert_eq!((&first["evaluation_id"], &first["value"]["value"]), (&json!(next), &json!("done")));
    let second = repl.next("evaluated").await;
    assert_eq!((&second["evaluation_id"], &second["value"]["value"]), (&json!(waiting), &json!("it went")));
    // And timers go on between evaluations.
    repl.evaluated("setTimeout(() => console.log('tick'), 5)").await;
    until_printed(&mut repl, "tick").await;
}

async fn until_printed(repl: &mut Repl, line: &str) {
    while repl.lines.iter().all(|it| it != line) {
        let message = repl.socket.next().await;
        if message["type"] == "console" {
            let events = message["events"].as_array().expect("an array");
            repl.lines.extend(events.iter().map(|event| event["text"].as_str().expect("a text").to_owned()));
        } else {
            assert_eq!(message["type"], "paused", "{message}");
        }
    }
}

#[actix_web::test]
async fn evaluations_are_in_the_language_of_the_program() {
    let app = TestApp::start();
    let mut repl =
        Repl::start_with(&app, "type A = number; const a: A = 3", json!({"language": "typescript"})).await;
    repl.next("paused").await;
    assert_eq!(repl.value("const b: number = a + 1; b as unknown").await, json!(4));
    assert!(repl.thrown("const : number").await.starts_with("SyntaxError: "));
}

#[actix_web::test]
async fn a_program_that_failed_can_be_looked_at() {
    let app = TestApp::start();
    for (source, in_promise) in [
        ("const seen = [1, 2]; throw new Error('oh')", false),
        ("const seen = [1, 2]; Promise.reject(new Error('oh'))", true),
        ("const seen = [1, 2]; setTimeout(() => { throw new Error('oh') })", false),
        ("const seen = [1, 2]; export {}; throw new Error('oh')", false),
        ("const seen = [1, 2]; queueMicrotask(() => { throw new Error('oh') })", false),
    ] {
        let mut repl = Repl::start(&app, source).await;
        let report = repl.next("paused").await["report"].clone();
        assert_eq!(
            (&report["outcome"], &report["error"]["message"]),
            (&json!("failed"), &json!("oh")),
            "{source}"
        );
        assert_eq!(report["error"].get("in_promise").is_some(), in_promise, "{source}: {report}");
        assert_eq!(repl.value("seen.length").await, json!(2), "{source}");
        let end = repl.stop().await;
        assert_eq!((&end["outcome"], &end["error"]["message"]), (&json!("failed"), &json!("oh")), "{source}");
    }
}

#[actix_web::test]
async fn what_nobody_catches_after_the_end_is_told_and_ends_nothing() {
    let app = TestApp::start();
    let mut repl = Repl::start(&app, "0").await;
    repl.next("paused").await;
    repl.evaluated("setTimeout(() => { throw new TypeError('late') })").await;
    until_printed(&mut repl, "Uncaught TypeError: late").await;
    repl.evaluated("Promise.reject(7); 0").await;
    until_printed(&mut repl, "Uncaught (in promise) 7").await;
    repl.evaluated("queueMicrotask(() => { throw 'micro' })").await;
    until_printed(&mut repl, "Uncaught micro").await;
    assert_eq!(repl.value("1 + 1").await, json!(2));
    assert_eq!(repl.stop().await["outcome"], "completed");
}

#[actix_web::test]
async fn what_nobody_catches_of_an_evaluation_ends_no_program_that_runs() {
    let app = TestApp::start();
    let source = "const gate = new Promise((open, shut) => { Object.assign(globalThis, { open, shut }) });
        const busy = setInterval(() => {}, 10);
        async function fails(why) { await 0; throw new Error(why) }
        console.log('went on', await gate); clearInterval(busy); export {}";
    let mut repl = Repl::start(&app, source).await;
    repl.next("started").await;
    for (evaluation, told) in [
        ("Promise.reject(new RangeError('at once')); 0", "Uncaught (in promise) RangeError: at once"),
        ("(async () => { await null; throw 7 })(); 0", "Uncaught (in promise) 7"),
        ("fails('in the program'); 0", "Uncaught (in promise) Error: in the program"),
        ("setTimeout(() => { throw new TypeError('later') }); 0", "Uncaught TypeError: later"),
        ("setTimeout(() => Promise.reject('later still')); 0", "Uncaught (in promise) later still"),
        ("queueMicrotask(() => { throw 'micro' })", "Uncaught micro"),
        ("reportError(new Error('told')); 0", "Uncaught Error: told"),
    ] {
        repl.evaluated(evaluation).await;
        until_printed(&mut repl, told).await;
    }
    assert_eq!(repl.value("1 + 1").await, json!(2));
    repl.evaluated("open(3)").await;
    let paused = repl.next("paused").await;
    assert_eq!(paused["report"]["outcome"], "completed", "{paused}");
    assert!(repl.lines.iter().any(|line| line == "went on 3"), "{:?}", repl.lines);
    // What the program itself leaves uncaught ends it, also when an evaluation was what it waited for.
    let mut repl = Repl::start(&app, source).await;
    repl.next("started").await;
    repl.evaluated("shut(new Error('shut')); 0").await;
    let paused = repl.next("paused").await;
    let report = (&paused["report"]["outcome"], &paused["report"]["error"]["message"]);
    assert_eq!(report, (&json!("failed"), &json!("shut")), "{paused}");
}

#[actix_web::test]
async fn evaluations_are_held_to_the_run_s_limits() {
    let app = TestApp::with(&["--limit-wall-ms=20s"]);
    for (source, limits, outcome) in [
        ("for (;;) ;", json!({"cpu_ms": 300}), "cpu_exceeded"),
        ("for (;;) ;", json!({"wall_ms": 300}), "timed_out"),
        ("await new Promise(() => {})", json!({"wall_ms": 300}), "timed_out"),
        (
            "const all = []; for (;;) all.push(new Array(1e5).fill(0))",
            json!({"heap_bytes": 32 << 20}),
            "memory_exceeded",
        ),
        ("for (;;) console.log('x'.repeat(1e4))", json!({"output_bytes": 100_000}), "output_exceeded"),
        ("'x'.repeat(1e4)", json!({"output_bytes": 5_000}), "output_exceeded"),
        ("setInterval(() => {}, 1); 0", json!({"wall_ms": 500}), "timed_out"),
    ] {
        let mut repl = Repl::start_with(&app, "'here'", json!({"limits": limits})).await;
        assert_eq!(repl.next("paused").await["report"]["outcome"], "completed");
        repl.send(source).await;
        let end = loop {
            let message = repl.socket.next().await;
            match message["type"].as_str() {
                Some("finished") => break message,
                Some("console" | "paused" | "evaluated") => {}
                _ => panic!("{source}: {message}"),
            }
        };
        assert_eq!(end["outcome"], outcome, "{source}: {end}");
    }
    until("the places to be free", async || app.open_runs().await == 0).await;
}

#[actix_web::test]
async fn an_evaluation_that_does_not_end_can_be_stopped() {
    let app = TestApp::with(&["--limit-wall-ms=30s", "--limit-cpu-ms=25s"]);
    let mut repl = Repl::start(&app, "'the end'").await;
    repl.next("paused").await;
    repl.send("console.log('on it'); for (;;) ;").await;
    until_printed(&mut repl, "on it").await;
    let end = repl.stop().await;
    assert_eq!((&end["outcome"], &end["value"]["value"]), (&json!("completed"), &json!("the end")), "{end}");
}

#[actix_web::test]
async fn a_run_stays_for_a_while_and_no_longer() {
    let app = TestApp::with(&["--paused=200ms"]);
    let mut repl = Repl::start(&app, "7").await;
    let paused = repl.next("paused").await;
    assert!(paused["left_ms"].as_u64().is_some_and(|left| left <= 200), "{paused}");
    let released = repl.next("released").await;
    assert_eq!(released["reason"], "time");
    let end = repl.next("finished").await;
    assert_eq!((&end["outcome"], &end["value"]["value"]), (&json!("completed"), &json!(7)));
    until("the place to be free", async || app.open_runs().await == 0).await;
}

#[actix_web::test]
async fn a_run_that_stays_makes_way_for_one_that_waits() {
    let app = TestApp::with(&["--open-runs=1"]);
    let mut repl = Repl::start(&app, "7").await;
    repl.next("paused").await;
    let other = app.run("'it ran'").expect_completed().await;
    assert_eq!(other.0["value"]["value"], "it ran");
    assert_eq!(repl.next("released").await["reason"], "others");
    assert_eq!(repl.next("finished").await["outcome"], "completed");
    // One that does something keeps its place, and goes when it has done it.
    let mut repl = Repl::start(&app, "7").await;
    repl.next("paused").await;
    repl.send("await new Promise((go) => { globalThis.go = go })").await;
    assert_eq!(repl.value("typeof go").await, json!("function"));
    let address = app.address;
    let waiting = actix_web::rt::spawn(async move {
        crate::support::post(address, json!({"source": "'second'"}).to_string()).await.json()
    });
    until("the other to wait", async || app.health().await["queued_runs"] == 1).await;
    repl.send("go('now')").await;
    repl.next("evaluated").await;
    repl.next("evaluated").await;
    assert_eq!(repl.next("released").await["reason"], "others");
    assert_eq!(repl.next("finished").await["outcome"], "completed");
    assert_eq!(waiting.await.expect("an answer")["value"]["value"], "second");
}

#[actix_web::test]
async fn where_nothing_stays_a_run_ends_as_any_other() {
    let app = TestApp::with(&["--paused=0s"]);
    let mut socket = JsonSocket::connect(app.address).await;
    let run_id = uuid::Uuid::new_v4().to_string();
    socket.send(json!({"type": "run", "run_id": run_id, "source": "7", "repl": true})).await;
    let end = loop {
        let message = socket.next().await;
        match message["type"].as_str() {
            Some("started") => {}
            _ => break message,
        }
    };
    assert_eq!((&end["type"], &end["value"]["value"]), (&json!("finished"), &json!(7)), "{end}");
    // And over HTTP there is nobody to stay for.
    let app = TestApp::start();
    app.run("7").with("repl", true).expect_completed().await;
    until("the place to be free", async || app.open_runs().await == 0).await;
}

#[actix_web::test]
async fn a_program_can_t_meddle_with_evaluations() {
    let app = TestApp::start();
    for prelude in [
        "for (const key of Object.getOwnPropertyNames(Promise.prototype)) Promise.prototype[key] = null;",
        "Object.prototype.then = (f) => f(666);",
        "globalThis.eval = () => 666;",
        "Object.defineProperty(Object.prototype, 'value', { set() {}, get: () => 666 });",
        "Array.prototype.push = () => { throw 1 };",
        "JSON.stringify = () => '666'; String.prototype.toString = () => '666';",
        "globalThis.Error = class {}; Error.prepareStackTrace = () => 666;",
        "Object.freeze(globalThis);",
    ] {
        let mut repl = Repl::start(&app, &format!("{prelude}; let own = 5")).await;
        repl.next("paused").await;
        assert_eq!(repl.value("own + 1").await, json!(6), "{prelude}");
        assert_eq!(repl.value("'text'").await, json!("text"), "{prelude}");
        repl.stop().await;
    }
    // A module's way in is its own function: what it says there is its own affair, and nobody else's.
    let mut repl = Repl::start(&app, "export const own = 5; globalThis.eval = () => 666").await;
    repl.next("paused").await;
    assert_eq!(repl.value("own").await, json!(666));
    // Nothing of ours is in reach.
    let mut repl = Repl::start(&app, "1").await;
    repl.next("paused").await;
    for name in ["Deno", "process", "require", "__bootstrap", "core"] {
        assert_eq!(repl.value(&format!("typeof {name}")).await, json!("undefined"), "{name}");
    }
    let evil = "const e = new Error(); e.stack";
    let stack = repl.value(evil).await;
    assert!(!stack.as_str().expect("a stack").contains("ext:"), "{stack}");
}

#[actix_web::test]
async fn evaluations_that_can_t_be_are_refused_and_harm_nothing() {
    let app = TestApp::start();
    let mut repl = Repl::start(&app, "7").await;
    repl.next("paused").await;
    let evaluate = |run_id: &str, id: u32, source: &str| json!({"type": "evaluate", "run_id": run_id, "evaluation_id": id, "source": source});
    let run_id = repl.run_id.clone();
    let stranger = uuid::Uuid::new_v4().to_string();
    for (message, reason, words) in [
        (evaluate(&stranger, 1, "1"), "unknown_run", "No run with this id"),
        (evaluate(&run_id, 0, "1"), "bad_request", "Number evaluations upwards"),
        (evaluate(&run_id, 1, &"x".repeat((64 << 10) + 1)), "too_large", "65537 bytes"),
        (json!({"type": "evaluate", "run_id": run_id, "evaluation_id": 1}), "bad_request", "source"),
        (
            json!({"type": "evaluate", "run_id": run_id, "evaluation_id": -1, "source": ""}),
            "bad_request",
            "wrong",
        ),
    ] {
        repl.socket.send(message).await;
        let rejected = repl.next("rejected").await;
        assert_eq!(rejected["reason"], reason, "{rejected}");
        assert!(rejected["message"].as_str().expect("words").contains(words), "{rejected}");
    }
    for _ in 0..4 {
        repl.send("await new Promise((go) => { globalThis.go = go })").await;
    }
    repl.send("1").await;
    let rejected = repl.next("rejected").await;
    assert_eq!(rejected["reason"], "too_many_evaluations", "{rejected}");
    let mut plain = JsonSocket::connect(app.address).await;
    let run_id = plain.run("await new Promise((go) => setTimeout(go, 1e6))").await;
    plain.send(evaluate(&run_id.to_string(), 1, "1")).await;
    loop {
        let message = plain.next().await;
        if message["type"] == "rejected" {
            assert!(message["message"].as_str().expect("words").contains("`\"repl\": true`"), "{message}");
            break;
        }
    }
}

#[actix_web::test]
async fn an_evaluation_may_ask_its_visitor() {
    let app = TestApp::start();
    let mut repl = Repl::start(&app, "7").await;
    repl.next("paused").await;
    repl.send("prompt('Who?') + '!'").await;
    let prompt = repl.next("prompt").await;
    let answer =
        json!({"type": "input", "run_id": repl.run_id, "prompt_id": prompt["prompt_id"], "value": "Ada"});
    repl.socket.send(answer).await;
    assert_eq!(repl.next("evaluated").await["value"]["value"], "Ada!");
}

#[actix_web::test]
async fn whoever_leaves_takes_the_isolate_along() {
    let app = TestApp::start();
    let mut repl = Repl::start(&app, "7").await;
    repl.next("paused").await;
    assert_eq!(app.open_runs().await, 1);
    drop(repl);
    until("the place to be free", async || app.open_runs().await == 0).await;
}
