//! Whether programs find the web platform as its standards describe it. Each file is about one of them, and is
//! run as a program by the real server; `harness.js` is what they are written with.

use std::fmt::Write as _;
use std::time::Instant;

use futures_util::stream::{self, StreamExt};
use serde_json::Value;

use crate::support::TestApp;

pub(crate) const HARNESS: &str = include_str!("harness.js");

/// The areas, each a file of tests.
const AREAS: [(&str, &str); 24] = [
    ("abort", include_str!("abort.js")),
    ("base64", include_str!("base64.js")),
    ("blob", include_str!("blob.js")),
    ("bodies", include_str!("bodies.js")),
    ("bytes", include_str!("bytes.js")),
    ("clone", include_str!("clone.js")),
    ("console", include_str!("console.js")),
    ("crypto", include_str!("crypto.js")),
    ("encoding", include_str!("encoding.js")),
    ("events", include_str!("events.js")),
    ("exception", include_str!("exception.js")),
    ("globals", include_str!("globals.js")),
    ("headers", include_str!("headers.js")),
    ("intl", include_str!("intl.js")),
    ("microtasks", include_str!("microtasks.js")),
    ("performance", include_str!("performance.js")),
    ("pipes", include_str!("pipes.js")),
    ("search_params", include_str!("search_params.js")),
    ("streams", include_str!("streams.js")),
    ("subtle", include_str!("subtle.js")),
    ("timers", include_str!("timers.js")),
    ("url", include_str!("url.js")),
    ("url_pattern", include_str!("url_pattern.js")),
    ("wasm", include_str!("wasm.js")),
];

/// The least that all the areas assert together.
const ASSERTIONS: u64 = 1_500;

/// Programs under way at a time.
const AT_A_TIME: usize = 3;

/// What the program of one area found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) assertions: u64,
    pub(crate) failures: Vec<String>,
    /// Deviations that are known, with the reasons.
    known: Vec<String>,
}

impl Found {
    /// Reads what a run said.
    pub(crate) fn in_run(ran: &Value) -> Self {
        let mut found = Self::default();
        let mut done = false;
        let mut shown: Option<(String, Vec<Value>, Vec<Value>)> = None;
        for event in ran["console"].as_array().into_iter().flatten() {
            let Some(message) = message(event) else {
                match &mut shown {
                    Some((_, _, events)) => events.push(event.clone()),
                    None => found.failures.push(format!("it says {}", event["text"])),
                }
                continue;
            };
            if let Some((name, expected, events)) = shown.take() {
                found.compare(&name, &expected, &events);
            }
            let text = |key: &str| message[key].as_str().unwrap_or_default().to_owned();
            match message.as_object().and_then(|message| message.keys().next()).map_or("", String::as_str) {
                "fail" => found.failures.push(text("fail")),
                "known" => found.known.push(text("known")),
                "shows" => {
                    let expected = message["shows"]["events"].as_array().cloned().unwrap_or_default();
                    let name = message["shows"]["name"].as_str().unwrap_or_default().to_owned();
                    shown = Some((name, expected, Vec::new()));
                }
                "shown" => {}
                "done" => {
                    done = true;
                    found.assertions += message["done"].as_u64().unwrap_or_default();
                }
                _ => found.failures.push(format!("the harness says {message}")),
            }
        }
        if !done || ran["outcome"] != "completed" {
            let (outcome, error) = (&ran["outcome"], &ran["error"]);
            found.failures.push(format!("it did not come to its end: {outcome} {error}"));
        }
        found
    }

    /// Compares the events of one console call with those that are expected.
    fn compare(&mut self, name: &str, expected: &[Value], events: &[Value]) {
        if expected.len() != events.len() {
            let texts: Vec<_> = events.iter().map(|event| &event["text"]).collect();
            let (expected, found) = (expected.len(), events.len());
            self.failures.push(format!("{name}: {found} events and not {expected}: {texts:?}"));
        }
        for (expected, event) in expected.iter().zip(events) {
            let Some(members) = expected.as_object() else { continue };
            for (member, expected) in members {
                self.assertions += 1;
                if !holds(&event[member], expected) {
                    let found = &event[member];
                    self.failures.push(format!("{name}: `{member}` is {found} and not {expected}"));
                }
            }
        }
    }
}

/// What the harness says in a console event; `None` where a program says something.
fn message(event: &Value) -> Option<Value> {
    let [mark, message] = event["args"].as_array()?.as_slice() else { return None };
    if event["level"] != "debug" || mark["value"] != "conformance" {
        return None;
    }
    serde_json::from_str(message["value"].as_str()?).ok()
}

/// Whether `found` has all that is `expected`: the members of an object, the items of an array, or it is equal.
fn holds(found: &Value, expected: &Value) -> bool {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) => {
            expected.iter().all(|(key, expected)| holds(found.get(key).unwrap_or(&Value::Null), expected))
        }
        (Value::Array(found), Value::Array(expected)) => {
            found.len() == expected.len()
                && found.iter().zip(expected).all(|(found, expected)| holds(found, expected))
        }
        // 1 and 1.0 are one number to a program.
        (Value::Number(found), Value::Number(expected)) => found.as_f64() == expected.as_f64(),
        _ => found == expected,
    }
}

#[actix_web::test]
async fn programs_find_the_platform_as_its_standards_describe_it() {
    let app = TestApp::start();
    let started = Instant::now();
    let found: Vec<(&str, Found)> = stream::iter(AREAS)
        .map(|(area, source)| {
            let source = format!("{HARNESS}{source}\nawait report();\n");
            let run = app.run(&source).mode("module");
            async move { (area, Found::in_run(&run.send().await.0)) }
        })
        .buffered(AT_A_TIME)
        .collect()
        .await;
    let elapsed = started.elapsed();

    println!("{:<16}{:>11}{:>9}{:>18}", "area", "assertions", "failed", "known deviations");
    for (area, it) in &found {
        let (failed, known) = (it.failures.len(), it.known.len());
        println!("{area:<16}{:>11}{failed:>9}{known:>18}", it.assertions);
    }
    let assertions: u64 = found.iter().map(|(_, it)| it.assertions).sum();
    println!("{assertions} assertions in {elapsed:.1?}");
    for (area, known) in found.iter().flat_map(|(area, it)| it.known.iter().map(move |known| (area, known))) {
        println!("known: {area}/{known}");
    }

    let mut failures = String::new();
    for (area, failure) in found.iter().flat_map(|(area, it)| it.failures.iter().map(move |it| (area, it))) {
        let _ = writeln!(failures, "{area}/{failure}");
    }
    assert!(failures.is_empty(), "{} failures:\n{failures}", failures.lines().count());
    assert!(assertions >= ASSERTIONS, "there are only {assertions} assertions");
}

/// What a program can't look at itself, as it is over by then:
/// <https://html.spec.whatwg.org/multipage/webappapis.html#runtime-script-errors> and
/// <https://html.spec.whatwg.org/multipage/webappapis.html#unhandled-promise-rejections>.
#[actix_web::test]
async fn what_nobody_catches_ends_a_program() {
    const END: [(&str, &str); 9] = [
        ("Promise.reject(new RangeError('end'))", "a rejection"),
        ("(async () => { throw new RangeError('end') })()", "an async function"),
        (
            "const p = Promise.reject(new RangeError('end')); setTimeout(() => p.catch(() => {}), 5)",
            "too late",
        ),
        ("setTimeout(() => { throw new RangeError('end') })", "a timer"),
        ("queueMicrotask(() => { throw new RangeError('end') })", "a microtask"),
        ("reportError(new RangeError('end'))", "a report"),
        (
            "const t = new EventTarget(); t.addEventListener('x', () => { throw new RangeError('end') }); \
             t.dispatchEvent(new Event('x')); new Promise(() => setTimeout(() => console.log('on'), 5))",
            "a listener",
        ),
        (
            "const { port1, port2 } = new MessageChannel(); port2.onmessage = () => { throw new RangeError('end') }; \
             port1.postMessage(1)",
            "a message",
        ),
        ("new ReadableStream({ pull() { throw new RangeError('end') } }).getReader().read()", "a stream"),
    ];
    let app = TestApp::start();
    for (source, what) in END {
        let ran = app.run(source).expect("failed").await;
        assert_eq!((&ran.0["error"]["name"], ran.message()), (&"RangeError".into(), "end"), "{what}");
        assert!(ran.lines().is_empty(), "{what}: {ran}");
    }
    for source in [
        "Promise.reject(1).catch(() => {})",
        "const p = Promise.reject(1); queueMicrotask(() => p.catch(() => {}))",
        "const p = Promise.reject(1); p.then(() => {}, () => {})",
        "Promise.allSettled([Promise.reject(1)])",
        "new ReadableStream({ start(to) { to.error(1) } }).getReader()",
        "AbortSignal.abort(); new AbortController().abort()",
        "new ReadableStream().pipeTo(new WritableStream(), { signal: AbortSignal.abort() }).catch(() => {})",
    ] {
        app.run(source).expect_completed().await;
    }
}

#[actix_web::test]
async fn what_is_absent_says_its_name() {
    let app = TestApp::start();
    for name in ["Deno", "nothing"] {
        let ran = app.run(&format!("{name}('a')")).expect("failed").await;
        assert_eq!(ran.0["error"]["name"], "ReferenceError", "{ran}");
        assert_eq!(ran.message(), format!("{name} is not defined"));
    }
    // What people may expect all the same they are told about; to programs it is as absent as the rest.
    for (source, reason) in [
        (
            "new Worker('a.js')",
            "Worker is not defined: it is not available in this sandbox, where a run has one thread",
        ),
        (
            "new Promise(() => { new SharedWorker('a.js') })",
            "SharedWorker is not defined: it is not available in",
        ),
        (
            "setTimeout(() => new BroadcastChannel('a'))",
            "BroadcastChannel is not defined: it is not available in",
        ),
        (
            "new WebSocket('wss://a')",
            "WebSocket is not defined: it is not available in this sandbox; fetch is",
        ),
        (
            "localStorage.a = 1",
            "localStorage is not defined: it is not available in this sandbox, where nothing",
        ),
        ("await document.body; export {}", "document is not defined: programs run without a page here"),
    ] {
        let ran = app.run(source).expect("failed").await;
        assert!(ran.message().starts_with(reason), "{ran}");
        assert_eq!(
            (&ran.0["error"]["name"], &ran.0["error"]["stack"][0]["line"]),
            (&"ReferenceError".into(), &1.into())
        );
    }
    let source =
        "try { Worker } catch (error) { console.log(typeof Worker, 'Worker' in globalThis, error.message) }";
    let ran = app.run(source).expect_completed().await;
    assert_eq!(ran.lines(), ["undefined false Worker is not defined"]);
}
