//! Programs in every language and form, each with an error, a console call or an end at a marked place: what is
//! reported names that very line, column and file. See `parse.rs` for how they are written.

mod parse;

use serde_json::{Value, json};

use crate::support::{TestApp, post};
use parse::{Case, Mark};

const PROGRAMS: &str = include_str!("programs.txt");

fn place(at: &Value) -> (Option<&str>, u64, u64) {
    let number = |name: &str| at[name].as_u64().unwrap_or_default();
    (at["file"].as_str(), number("line"), number("column"))
}

fn of(mark: &Mark) -> (Option<&str>, u64, u64) {
    (mark.file.as_deref(), mark.line, mark.column)
}

/// Compares what is reported of a run with its marks.
fn compare(case: &Case, ran: &Value) -> Result<(), String> {
    let error = &ran["error"];
    let mut logs = ran["console"].as_array().into_iter().flatten();
    let mut before = (None, 0, 0);
    for mark in &case.marks {
        let expected = of(mark);
        let found = match mark.name.as_str() {
            "log" => logs.next().map(place),
            "throws" => Some(place(&error["stack"][0])),
            "cause" => Some(place(&error["cause"]["error"]["stack"][0])),
            "stopped" => {
                let found = place(&ran["stopped_at"]);
                let is_between = before.0 == found.0 && before <= found && found <= expected;
                Some(if is_between { expected } else { found })
            }
            "from" => Some(expected),
            // A function that awaits what threw.
            name if name.starts_with("await") => {
                let index: usize = name[5..].parse().expect("a known mark");
                let frame = &error["stack"][index];
                Some(place(frame)).filter(|_| frame["async"] == true)
            }
            name => {
                let index: usize =
                    name.strip_prefix("frame").and_then(|n| n.parse().ok()).expect("a known mark");
                Some(place(&error["stack"][index]))
            }
        };
        if found != Some(expected) {
            return Err(format!(
                "{}: {} is at {expected:?}, and {found:?} was said: {} {} {}",
                case.title, mark.name, ran["outcome"], ran["error"], ran["console"]
            ));
        }
        before = expected;
    }
    if logs.next().is_some() {
        return Err(format!("{}: it wrote more than it marks: {ran:#}", case.title));
    }
    Ok(())
}

#[actix_web::test]
async fn every_place_is_exact() {
    let app = TestApp::with(&["--rate-limit=off"]);
    let cases = parse::cases(PROGRAMS);
    assert!(cases.len() >= 45, "there are {} programs", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let mut request = case.request.clone();
        if case.marks.iter().any(|mark| mark.name == "stopped") {
            request["limits"] = json!({"cpu_ms": 300});
        }
        let answer = post(app.address, request.to_string()).await;
        if answer.status != 200 {
            wrong.push(format!("{}: {}", case.title, answer.text()));
            continue;
        }
        wrong.extend(compare(case, &answer.json()).err());
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}
