//! `prompt`, `confirm`, `alert` and `readLine`, with a visitor and without one.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{JsonSocket, TestApp, until};

/// The next prompt of a run; what is printed before it goes to `lines`.
async fn asked(socket: &mut JsonSocket, lines: &mut Vec<String>) -> Value {
    loop {
        let message = socket.next().await;
        match message["type"].as_str() {
            Some("prompt") => return message,
            Some("console") => take(&message, lines),
            Some("started" | "queued") => {}
            _ => panic!("expected a prompt, got {message}"),
        }
    }
}

/// The end of a run; what is printed before it goes to `lines`.
async fn ended(socket: &mut JsonSocket, lines: &mut Vec<String>) -> Value {
    loop {
        let message = socket.next().await;
        match message["type"].as_str() {
            Some("finished") => return message,
            Some("console") => take(&message, lines),
            _ => panic!("expected the end, got {message}"),
        }
    }
}

fn take(message: &Value, lines: &mut Vec<String>) {
    let events = message["events"].as_array().expect("an array");
    lines.extend(events.iter().map(|event| event["text"].as_str().expect("a text").to_owned()));
}

async fn answer(socket: &mut JsonSocket, prompt: &Value, value: Value) {
    let (run_id, prompt_id) = (&prompt["run_id"], &prompt["prompt_id"]);
    socket.send(json!({"type": "input", "run_id": run_id, "prompt_id": prompt_id, "value": value})).await;
}

#[actix_web::test]
async fn a_program_asks_its_visitor_and_stands_still_until_the_answer() {
    let app = TestApp::start();
    let mut socket = JsonSocket::connect(app.address).await;
    let run_id = socket
        .run(
            "console.log('before');
            setTimeout(() => console.log('a timer'), 0);
            const name = prompt('Your name?', 'Ada');
            console.log(typeof name, name);
            const sure = confirm(`Sure, ${name}?`);
            console.log(typeof sure, sure);
            console.log(typeof alert('Done'));
            console.log(prompt(), prompt('Never?'));
            name.length",
        )
        .await;
    let mut lines = Vec::new();
    let prompt = asked(&mut socket, &mut lines).await;
    let expected = json!({"type": "prompt", "run_id": run_id, "prompt_id": 1, "kind": "prompt",
        "message": "Your name?", "default": "Ada"});
    assert_eq!(prompt, expected);
    assert_eq!(lines, ["before"], "what was written comes first, and no timer runs meanwhile");
    answer(&mut socket, &prompt, json!("Grace \u{1f98b}")).await;
    for (kind, message, value) in [
        ("confirm", "Sure, Grace \u{1f98b}?", json!("yes")),
        ("alert", "Done", json!(null)),
        ("prompt", "", json!("")),
        ("prompt", "Never?", json!(null)),
    ] {
        let prompt = asked(&mut socket, &mut lines).await;
        assert_eq!(
            (&prompt["kind"], &prompt["message"], prompt.get("default")),
            (&json!(kind), &json!(message), None)
        );
        answer(&mut socket, &prompt, value).await;
    }
    let end = ended(&mut socket, &mut lines).await;
    assert_eq!((&end["outcome"], &end["value"]["value"]), (&json!("completed"), &json!(8)), "{end}");
    assert_eq!(
        lines,
        [
            "before",
            "Your name? Grace \u{1f98b}",
            "string Grace \u{1f98b}",
            "Sure, Grace \u{1f98b}? true",
            "boolean true",
            "Done",
            "undefined",
            " ",
            "Never? null",
            " null",
            "a timer"
        ]
    );
}

#[actix_web::test]
async fn read_line_lets_the_rest_of_a_program_go_on() {
    let app = TestApp::start();
    let mut socket = JsonSocket::connect(app.address).await;
    socket
        .run(
            "const lines = Promise.all([readLine('first'), readLine(), readLine('third')]);
            for (let i = 0; i < 3; i++) {
                console.log('tick', i);
                await new Promise((wake) => setTimeout(wake, 5));
            }
            console.log(prompt('in between'));
            console.log(JSON.stringify(await lines))",
        )
        .await;
    let mut lines = Vec::new();
    let first = asked(&mut socket, &mut lines).await;
    assert_eq!(
        (&first["kind"], &first["message"], &first["prompt_id"]),
        (&json!("line"), &json!("first"), &json!(1))
    );
    // A question that blocks can come while it waits.
    let between = asked(&mut socket, &mut lines).await;
    assert_eq!(between["message"], "in between");
    assert_eq!(lines, ["tick 0", "tick 1", "tick 2"]);
    answer(&mut socket, &first, json!("one")).await;
    answer(&mut socket, &between, json!("now")).await;
    // The others take their turns.
    for value in [json!("two"), json!(null)] {
        let next = asked(&mut socket, &mut lines).await;
        assert_eq!(next["kind"], "line");
        answer(&mut socket, &next, value).await;
    }
    let end = ended(&mut socket, &mut lines).await;
    assert_eq!(end["outcome"], "completed", "{end}");
    assert_eq!(lines.last().expect("a line"), r#"["one","two",null]"#);
    assert!(lines.contains(&"now".to_owned()));
}

#[actix_web::test]
async fn waiting_for_a_person_takes_no_time_of_the_programs_own() {
    let app = TestApp::with(&["--limit-wall-ms=600ms", "--limit-cpu-ms=500ms"]);
    let mut socket = JsonSocket::connect(app.address).await;
    socket.run("for (let i = 0; i < 2; i++) prompt(); await readLine(); 'done'").await;
    let mut lines = Vec::new();
    for _ in 0..3 {
        let prompt = asked(&mut socket, &mut lines).await;
        // A person takes their time; this is what is tested.
        actix_web::rt::time::sleep(Duration::from_millis(400)).await;
        answer(&mut socket, &prompt, json!("x")).await;
    }
    let end = ended(&mut socket, &mut lines).await;
    assert_eq!(end["outcome"], "completed", "{end}");
    let usage = &end["usage"];
    assert!(usage["prompt_ms"].as_u64().expect("a figure") >= 1_200, "{usage}");
    assert!(usage["wall_ms"].as_u64().expect("a figure") < 600, "{usage}");
    assert!(usage["cpu_ms"].as_u64().expect("a figure") < 400, "{usage}");
}

#[actix_web::test]
async fn who_answers_too_late_is_told_where_the_program_waited() {
    let app = TestApp::with(&["--limit-prompt-ms=60s"]);
    let mut socket = JsonSocket::connect(app.address).await;
    for (source, place) in [
        ("function ask() {\n  return prompt('?');\n}\nask()", ", in `ask` at line 2"),
        ("console.log(await readLine())", ""),
    ] {
        let run_id = Uuid::new_v4();
        let limits = json!({"prompt_ms": 100, "wall_ms": 5_000});
        socket.send(json!({"type": "run", "run_id": run_id, "source": source, "limits": limits})).await;
        let mut lines = Vec::new();
        let prompt = asked(&mut socket, &mut lines).await;
        let end = ended(&mut socket, &mut lines).await;
        assert_eq!(
            (&end["outcome"], &end["error"]["name"]),
            (&json!("timed_out"), &json!("PromptLimit")),
            "{end}"
        );
        let message = end["error"]["message"].as_str().expect("a message");
        assert_eq!(
            message,
            format!(
                "Stopped{place}: it waited for an answer too long. A run may wait 100 ms in all for people to answer \
                 its questions."
            )
        );
        assert_eq!(end["usage"]["limits"]["prompt_ms"], 100);
        answer(&mut socket, &prompt, json!("late")).await;
        socket.expect_rejected("unknown_run").await;
    }
}

#[actix_web::test]
async fn a_program_that_waits_can_be_stopped_at_once_and_leaves_with_its_visitor() {
    // The server's own patience, which none of these may need, is longer than a slow machine takes.
    let app = TestApp::with(&["--grace=10s"]);
    let mut socket = JsonSocket::connect(app.address).await;
    for source in ["\nprompt('?')", "\nwhile (true) confirm('?')", "\nawait readLine('?')"] {
        let run_id = socket.run(source).await;
        asked(&mut socket, &mut Vec::new()).await;
        let at = Instant::now();
        socket.send(json!({"type": "stop", "run_id": run_id})).await;
        let end = ended(&mut socket, &mut Vec::new()).await;
        assert_eq!(end["outcome"], "stopped", "{end}");
        if !source.contains("await") {
            assert_eq!(end["stopped_at"]["line"], 2, "{end}");
        }
        assert!(at.elapsed() < Duration::from_secs(5), "{:?}", at.elapsed());
    }
    socket.run("prompt('?')").await;
    asked(&mut socket, &mut Vec::new()).await;
    // The stopped ones' places are free when their processes are gone, which is after their reports.
    until("the other runs to be gone", || async { app.open_runs().await == 0 }).await;
    assert_eq!(app.health().await["asking_runs"], 1);
    drop(socket);
    until("the run to be over", || async { app.health().await["asking_runs"] == 0 }).await;
}

#[actix_web::test]
async fn an_answer_to_what_was_not_asked_is_rejected() {
    let app = TestApp::start();
    let mut socket = JsonSocket::connect(app.address).await;
    socket.run("prompt('?'); prompt('again?')").await;
    let prompt = asked(&mut socket, &mut Vec::new()).await;
    let mut wrong = prompt.clone();
    wrong["prompt_id"] = json!(2);
    answer(&mut socket, &wrong, json!("x")).await;
    let message = socket.expect_rejected("unknown_prompt").await;
    assert_eq!(message, "The run has no prompt 2 open. Answer a prompt once, while it waits.");
    answer(&mut socket, &prompt, json!("x".repeat(65_537))).await;
    let message = socket.expect_rejected("too_large").await;
    assert!(message.contains("65537 bytes long; at most 65536"), "{message}");
    answer(&mut socket, &prompt, json!("\0".repeat(65_536))).await;
    // The second question waits, so nothing else is said meanwhile.
    let again = asked(&mut socket, &mut Vec::new()).await;
    answer(&mut socket, &prompt, json!("twice")).await;
    socket.expect_rejected("unknown_prompt").await;
    answer(&mut socket, &again, json!(null)).await;
    assert_eq!(ended(&mut socket, &mut Vec::new()).await["outcome"], "completed");
}

#[actix_web::test]
async fn over_http_answers_are_given_beforehand() {
    let app = TestApp::start();
    let ran = app
        .run(
            "console.log(prompt('a'), confirm('b'), confirm('c'), alert('d'), await readLine('e'), prompt('f'));
            console.log(prompt('g'), confirm('h'), await readLine('i'), alert('j'))",
        )
        .stdin(&["one", "OK", "no", "two", ""])
        .expect_completed()
        .await;
    assert_eq!(
        ran.lines(),
        [
            "a one",
            "b true",
            "c false",
            "d",
            "e two",
            "f ",
            "one true false undefined two ",
            "Nobody is there to answer, and `stdin` has no line left: this question and those after it count as \
             cancelled. Send their answers along, as `stdin`.",
            "g null",
            "h false",
            "i null",
            "j",
            "null false null undefined",
        ]
    );
    let events = ran.0["console"].as_array().expect("an array");
    assert_eq!(
        (&events[0]["kind"], &events[0]["line"], &events[0]["column"]),
        (&json!("prompt"), &json!(1), &json!(13))
    );
    assert_eq!((&events[7]["kind"], &events[7]["level"]), (&json!("prompt"), &json!("warn")));
    assert_eq!(ran.0["usage"]["prompt_ms"], 0);
    let ran = app.run("prompt('?')").expect_completed().await;
    assert!(ran.lines()[0].starts_with("Nobody is there"), "{ran}");
}

#[actix_web::test]
async fn a_visitor_is_asked_when_the_answers_given_beforehand_are_used_up() {
    let app = TestApp::start();
    let mut socket = JsonSocket::connect(app.address).await;
    let source = "console.log(prompt('a'), prompt('b'))";
    socket.send(json!({"type": "run", "run_id": Uuid::new_v4(), "source": source, "stdin": ["one"]})).await;
    let mut lines = Vec::new();
    let prompt = asked(&mut socket, &mut lines).await;
    assert_eq!((&prompt["message"], &prompt["prompt_id"]), (&json!("b"), &json!(1)));
    answer(&mut socket, &prompt, json!("two")).await;
    ended(&mut socket, &mut lines).await;
    assert_eq!(lines, ["a one", "b two", "one two"]);
}

#[actix_web::test]
async fn there_is_a_bound_to_all_of_it() {
    let app = TestApp::with(&["--prompts-per-run=3", "--source-bytes=1000"]);
    let ran = app
        .run(
            "const long = 'x'.repeat(5000);
            prompt(long);
            for (const ask of [() => prompt('', long), () => prompt(), () => alert(), () => prompt(), () => confirm()]) {
                try { ask() } catch (error) { console.log(error instanceof RangeError, error.message) }
            }
            await readLine().catch((error) => console.log(error.message));",
        )
        .stdin(&["a", "b"])
        .expect_completed()
        .await;
    let lines = ran.lines();
    assert_eq!(lines[0], format!("{}…", "x".repeat(4_095)), "an event's text is cut, too");
    let args = &ran.0["console"][0]["args"];
    assert_eq!(args[0]["value"], format!("{}…", "x".repeat(4_095)));
    let refused = "a program may ask 3 times here (client.prompts)";
    assert_eq!(
        lines[1..],
        [
            "true the default of a prompt may have 4096 characters; this one has 5000".to_owned(),
            " b".to_owned(),
            String::new(),
            format!("true {refused}"),
            format!("true {refused}"),
            refused.to_owned(),
        ]
    );
    let answer = app.run("1").stdin(&["x".repeat(1_000).as_str()]).answer().await;
    assert_eq!(answer.status, 413);
    assert!(
        answer.text().contains("The stdin is 1001 bytes long; at most 1000 are allowed"),
        "{}",
        answer.text()
    );
}

#[actix_web::test]
async fn the_functions_are_what_they_seem() {
    let app = TestApp::start();
    app.run(
        "for (const [name, length] of [['prompt', 0], ['confirm', 0], ['alert', 0], ['readLine', 0], ['display', 1]]) {
            const { value, ...attributes } = Object.getOwnPropertyDescriptor(globalThis, name);
            if (JSON.stringify(attributes) !== '{\"writable\":true,\"enumerable\":true,\"configurable\":true}') throw name;
            if (value.name !== name || value.length !== length || 'prototype' in value) throw name;
            try { new value() } catch (error) { if (error instanceof TypeError) continue }
            throw name;
        }
        for (const it of [prompt, confirm, alert, display, display.html, display.chart]) {
            if (!/^function \\w+\\(\\) \\{ \\[native code\\] \\}$/.test(it.toString())) throw it.toString();
        }
        if (!(readLine() instanceof Promise)) throw 'no promise';
        const thrown = (what) => { try { what() } catch (error) { return error.name } };
        if (thrown(() => prompt(Symbol())) !== 'TypeError') throw 1;
        if (thrown(() => alert(Object.create(null))) !== 'TypeError') throw 2;
        if (await readLine(Symbol()).catch((error) => error.name) !== 'TypeError') throw 3;
        if (thrown(() => confirm({ toString() { throw new RangeError() } })) !== 'RangeError') throw 4;",
    )
    .expect_completed()
    .await;
    // What is not given is not shown as `undefined`, as in browsers; `alert` shows what it is given.
    let ran = app
        .run("prompt(undefined); prompt(null); confirm(); alert(); alert(undefined); alert({ toString: () => 'mine' })")
        .stdin(&["x", "y", "z"])
        .expect_completed()
        .await;
    assert_eq!(ran.lines(), [" x", "null y", " false", "", "undefined", "mine"]);
}
