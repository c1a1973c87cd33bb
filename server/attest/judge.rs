//! What an attack is sent as, and what its run came to.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::parse::Attack;

/// CPU time of a program that may end as `cpu_exceeded`, unless its header says otherwise, in milliseconds. Those that
/// burn it cost no more than this.
const CPU_MS: u64 = 1_500;

/// What a program says that got hold of something it should not. No program may.
const LEAK: &str = "LEAK";

/// The longest piece of a program's output that is repeated, in characters.
const SHOWN_CHARS: usize = 300;

/// What an attack came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It ended as it should.
    Held,
    /// Its run was ended in another way than expected, by a limit or with its process. It reached nothing.
    EndedOtherwise(String),
    /// It ran to an end without saying what it says where the sandbox holds, or where it should have been stopped.
    Unproven(String),
    /// It got hold of something.
    Reached(String),
}

/// The body of `POST /api/v1/run` for an attack.
pub fn request(attack: &Attack) -> Value {
    let mut limits = json!({});
    if attack.outcomes.iter().any(|outcome| outcome == "cpu_exceeded") {
        limits["cpu_ms"] = json!(CPU_MS);
    }
    for (name, value) in &attack.limits {
        limits[name] = json!(value);
    }
    let mut body = json!({"mode": attack.mode, "limits": limits});
    if attack.files.is_empty() {
        body["source"] = json!(attack.source);
        body["language"] = json!(attack.language);
    } else {
        let extension = if attack.language == "typescript" { "ts" } else { "js" };
        let entry = (format!("main.{extension}"), attack.source.clone());
        let files = std::iter::once(&entry).chain(&attack.files);
        let files: Vec<_> = files.map(|(name, content)| json!({"name": name, "content": content})).collect();
        body["files"] = json!(files);
        body["entry"] = json!(entry.0);
    }
    body
}

/// What came of an attack, by the answer to its [`request`].
pub fn judge(attack: &Attack, ran: &Value) -> Verdict {
    let outcome = ran["outcome"].as_str().unwrap_or_default();
    let said = said(ran);
    let forbidden = attack.never.iter().map(String::as_str).chain([LEAK]);
    for text in forbidden {
        if let Some(start) = said.find(text) {
            return Verdict::Reached(format!("{outcome}, and said {:?}", shown(&said[start..])));
        }
    }
    let is_expected = attack.outcomes.iter().any(|expected| expected == outcome);
    let missing = attack.says.iter().find(|text| !said.contains(*text));
    match (is_expected, missing) {
        (true, None) => Verdict::Held,
        (true, Some(missing)) => {
            Verdict::Unproven(format!("{outcome}, but did not say {missing:?}: {}", shown(&said)))
        }
        (false, _) => {
            let otherwise = format!("{outcome} and not {}: {}", attack.outcomes.join(" or "), shown(&said));
            match outcome {
                "failed" | "timed_out" | "cpu_exceeded" | "memory_exceeded" | "output_exceeded"
                | "crashed" => Verdict::EndedOtherwise(otherwise),
                _ => Verdict::Unproven(otherwise),
            }
        }
    }
}

fn shown(text: &str) -> String {
    text.chars().take(SHOWN_CHARS).collect()
}

/// All that a run said: its console's text, its error and its value.
pub fn said(ran: &Value) -> String {
    let mut said = String::new();
    for event in ran["console"].as_array().into_iter().flatten() {
        said.push_str(event["text"].as_str().unwrap_or_default());
        said.push('\n');
    }
    let error = &ran["error"];
    if !error.is_null() {
        let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
        let _ = writeln!(said, "{}: {}", text("name"), text("message"));
    }
    for result in ["value", "returned"] {
        if !ran[result].is_null() {
            let _ = writeln!(said, "{}", ran[result]);
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attack() -> Attack {
        Attack {
            outcomes: vec!["completed".into(), "memory_exceeded".into()],
            says: vec!["held".into()],
            never: vec!["root:".into()],
            ..Attack::default()
        }
    }

    fn ran(outcome: &str, text: &str) -> Value {
        json!({"outcome": outcome, "console": [{"text": text}]})
    }

    #[test]
    fn a_verdict_says_whether_anything_was_reached() {
        let judged = |outcome, text| judge(&attack(), &ran(outcome, text));
        assert_eq!(judged("completed", "held 3"), Verdict::Held);
        assert!(matches!(judged("completed", "held LEAK"), Verdict::Reached(_)));
        assert!(matches!(judged("failed", "root:x:0"), Verdict::Reached(_)));
        assert!(matches!(judged("completed", "done"), Verdict::Unproven(_)));
        assert!(matches!(judged("cpu_exceeded", ""), Verdict::EndedOtherwise(_)));
        assert!(matches!(judged("crashed", ""), Verdict::EndedOtherwise(_)));
        assert!(matches!(judged("stopped", "held"), Verdict::Unproven(_)));
        assert!(matches!(judge(&attack(), &json!({})), Verdict::Unproven(_)));
        let memory = Attack { outcomes: vec!["memory_exceeded".into()], ..Attack::default() };
        let end = judge(&memory, &ran("completed", ""));
        assert!(matches!(end, Verdict::Unproven(_)), "what should have been stopped was not: {end:?}");
    }
}
