//! Programs and what comes of them, through `POST /api/v1/run` and the WebSocket.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::TestApp;

#[actix_web::test]
async fn the_last_expression_is_the_value() {
    let app = TestApp::start();
    let ran = app.run("console.log('hi', {a: 1}); 1 + 1").expect_completed().await;
    assert_eq!(ran.0["value"], json!({"type": "number", "value": 2}));
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
        .run("for (let i = 0; ; i++) { console.log(i); await new Promise((go) => setTimeout(go, 200)) }")
        .await;
    socket.wait_for("started").await;
    // The program goes on until it is told to stop, so these came while it ran.
    for seq in 0..3 {
        let console = socket.expect("console").await;
        assert_eq!((&console["run_id"], &console["seq"]), (&json!(id), &json!(seq)));
    }
    socket.send(json!({"type": "stop", "run_id": id})).await;
    assert_eq!(socket.wait_for("finished").await["outcome"], "stopped");
}

#[actix_web::test]
async fn stop_ends_a_loop_and_says_where() {
    let app = TestApp::with(&["--grace=10s"]);
    let mut socket = app.socket().await;
    let id = socket.run("function loop() {\n  console.log('in');\n  while (true) {}\n}\nloop()").await;
    socket.wait_for("console").await;
    let asked = Instant::now();
    socket.send(json!({"type": "stop", "run_id": id})).await;
    let end = socket.wait_for("finished").await;
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
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
    assert_eq!((ran.lines(), &ran.0["value"]["value"]), (vec!["hi"], &json!(2)));
}

#[actix_web::test]
async fn clocks_are_no_finer_than_a_browsers() {
    let app = TestApp::start();
    let source = "
        const times = new Set();
        for (let i = 0; i < 100_000; i++) times.add(performance.now());
        times.delete(0);
        const steps = [...times].map((time) => time / 0.005);
        if (steps.some((step) => Math.abs(step - Math.round(step)) > 1e-3)) throw new Error('finer than 5 µs');
        const most = Math.max(...steps) - Math.min(...steps) + 2;
        if (times.size < 10 || times.size > most) throw new Error(`${times.size} different times of ${most}`);
        const since = performance.now();
        await new Promise((done) => setTimeout(done, 20));
        if (performance.now() - since < 15) throw new Error('it stands');
        try { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1); throw 1 } catch (error) {
            if (!(error instanceof TypeError)) throw new Error('Atomics.wait waits');
        }
        if (typeof Worker !== 'undefined') throw new Error('a second thread can count');";
    app.run(source).expect_completed().await;
}

/// `structuredClone`, and what becomes of the original, each an expression that is true.
#[actix_web::test]
async fn values_are_cloned_as_html_says() {
    let app = TestApp::start();
    let source = r#"
        const clone = structuredClone, wrong = [];
        const is = (what, truth) => { if (truth !== true) wrong.push(what) };
        const refuses = (what, make) => {
            try { make(); wrong.push(`${what} is cloned`) } catch (error) {
                is(`${what}: ${error}`, error instanceof DOMException && error.name === "DataCloneError");
            }
        };
        const it = clone({ a: [1, , 3], m: new Map([[1, new Set([2])]]), d: new Date(5), r: /x/gi, n: -0, b: 10n });
        is("array", 0 in it.a && !(1 in it.a) && it.a.length === 3);
        is("map", it.m.get(1).has(2));
        is("date", it.d.getTime() === 5);
        is("regexp", it.r.source === "x" && it.r.flags === "gi");
        is("-0 and bigint", Object.is(it.n, -0) && it.b === 10n);
        const ring = {}; ring.ring = ring;
        const other = clone(ring);
        is("cycle", other !== ring && other.ring === other);
        const error = clone(new RangeError("r", { cause: 1 }));
        is("error", error instanceof RangeError && error.message === "r" && error.cause === 1);
        const blob = clone({ blob: new Blob(["abc"], { type: "text/plain" }) }).blob;
        is("blob", blob instanceof Blob && blob.type === "text/plain" && await blob.text() === "abc");
        const file = clone(new File(["xy"], "n.txt", { lastModified: 7 }));
        is("file", file instanceof File && file.name === "n.txt" && file.lastModified === 7 && await file.text() === "xy");
        const dom = clone(new DOMException("m", "AbortError"));
        is("exception", dom instanceof DOMException && dom.name === "AbortError" && dom.message === "m");
        const bytes = new Uint8Array([1, 2, 3]);
        const moved = clone(bytes, { transfer: [bytes.buffer] });
        is("transfer", bytes.length === 0 && bytes.buffer.detached && moved.join() === "1,2,3");
        const growing = clone(new ArrayBuffer(4, { maxByteLength: 16 }));
        is("resizable", growing.resizable && growing.maxByteLength === 16);
        const shared = new SharedArrayBuffer(4);
        new Uint8Array(clone(shared))[0] = 7;
        is("shared", new Uint8Array(shared)[0] === 7);
        is("module", clone(new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]))) instanceof WebAssembly.Module);
        const stream = new ReadableStream({ start(to) { to.enqueue("x"); to.close() } });
        const { port1, port2 } = new MessageChannel();
        const got = new Promise((done) => { port2.onmessage = ({ data, ports }) => done([data, ports]) });
        const channel = new MessageChannel(), buffer = new ArrayBuffer(3);
        port1.postMessage({ buffer, port: channel.port1, blob }, [channel.port1, buffer]);
        const [data, ports] = await got;
        is("message", data.buffer.byteLength === 3 && buffer.detached && data.port === ports[0] && data.blob instanceof Blob);
        for (const port of [port1, port2, channel.port2, data.port]) port.close();
        refuses("a function", () => clone(() => 1));
        refuses("a symbol", () => clone(Symbol("s")));
        refuses("a promise", () => clone([Promise.resolve()]));
        refuses("a proxy", () => clone(new Proxy({}, {})));
        refuses("a weak map", () => clone(new WeakMap()));
        refuses("a port that stays", () => clone(new MessageChannel().port1));
        refuses("a stream that stays", () => clone(stream));
        refuses("a URL", () => clone(new URL("a:b")));
        const twice = new ArrayBuffer(1);
        refuses("a buffer twice", () => clone(1, { transfer: [twice, twice] }));
        is("a refused buffer stays", !twice.detached);
        refuses("a detached buffer", () => { clone(twice, { transfer: [twice] }); clone(1, { transfer: [twice] }) });
        refuses("a memory's buffer", () => clone(1, { transfer: [new WebAssembly.Memory({ initial: 1 }).buffer] }));
        if (wrong.length) throw new Error(wrong.join("; "));"#;
    app.run(source).mode("module").expect_completed().await;
}
