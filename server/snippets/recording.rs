//! What a program did when somebody ran it, as they sent it along. That was a client, so none of it is believed:
//! it has to have the shape of a run's output, within bounds, and only what has is kept.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::content::Wrong;
use super::plausible;
use crate::protocol::browser::{Dropped, Outcome, RunError, Usage};
use crate::protocol::value::{ConsoleEvent, StackFrame, Value};

/// The longest name of an engine or a version, in characters.
const NAME_CHARS: usize = 60;

/// The recorded output of a run: what `POST /api/v1/run` answers, and what ran it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Recording {
    /// Every console event, in order.
    pub console: Vec<ConsoleEvent>,
    /// How the run ended.
    pub outcome: Outcome,
    /// The value of the program's last expression, or what its function returned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<RunError>,
    /// Where it was stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped_at: Option<StackFrame>,
    /// What it used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// Output that was cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dropped: Option<Dropped>,
    /// What ran it, such as `V8 15.0.1`. Default: what runs programs now.
    #[serde(default)]
    #[schema(max_length = 60)]
    pub engine: Option<String>,
    /// The version of Mayfly that ran it. Default: this one.
    #[serde(default)]
    #[schema(max_length = 60)]
    pub mayfly: Option<String>,
}

/// The bounds of a recording.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Its JSON, in bytes.
    pub bytes: u64,
    /// Its console events.
    pub events: u64,
}

impl Recording {
    /// The recording in this JSON, where a run can have made it. What a store holds was checked by the rules of the
    /// version that kept it.
    ///
    /// # Errors
    /// In words for the log: what is wrong with it.
    pub fn read(json: &str) -> Result<Self, String> {
        let recording: Self = serde_json::from_str(json).map_err(|error| error.to_string())?;
        plausible::check(&recording).map_err(|fault| fault.to_string())?;
        Ok(recording)
    }

    /// This recording in JSON, if it is within `bounds`; `engine` is what runs programs now.
    ///
    /// # Errors
    /// In words for a person.
    pub fn check(mut self, bounds: Bounds, engine: &str) -> Result<Box<RawValue>, Wrong> {
        let events = self.console.len();
        if events as u64 > bounds.events {
            return Err(Wrong::TooLarge(format!(
                "`output` has {events} console events; at most {} are allowed. Share it without its output.",
                bounds.events
            )));
        }
        for (what, given, own) in
            [("engine", &mut self.engine, engine), ("mayfly", &mut self.mayfly, env!("CARGO_PKG_VERSION"))]
        {
            let name = given.get_or_insert_with(|| own.to_owned());
            if name.chars().count() > NAME_CHARS || name.chars().any(char::is_control) {
                return Err(Wrong::Invalid(format!(
                    "`output.{what}` is no name of a version: leave it out."
                )));
            }
        }
        plausible::check(&self).map_err(|fault| {
            Wrong::Invalid(format!("{fault}. No run does that. Share it without its output."))
        })?;
        let json = serde_json::to_string(&self)
            .and_then(RawValue::from_string)
            .map_err(|error| Wrong::Invalid(format!("`output` can't be kept: {error}.")))?;
        let bytes = json.get().len();
        if bytes as u64 > bounds.bytes {
            return Err(Wrong::TooLarge(format!(
                "`output` takes {bytes} bytes; at most {} are allowed. Share it without its output.",
                bounds.bytes
            )));
        }
        Ok(json)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const BOUNDS: Bounds = Bounds { bytes: 2_000, events: 3 };

    fn event(text: &str) -> serde_json::Value {
        json!({"level": "log", "args": [{"type": "string", "value": text, "length": text.len()}], "text": text,
            "line": 1, "column": 1, "at_ms": 0})
    }

    fn check(json: &serde_json::Value) -> Result<Box<RawValue>, Wrong> {
        let recording: Recording = serde_json::from_value(json.clone()).expect("the shape is right");
        recording.check(BOUNDS, "V8 1.2")
    }

    #[test]
    fn what_is_known_is_kept_and_nothing_else() {
        let kept = check(
            &json!({"console": [event("<b>")], "outcome": "completed", "run_id": "x", "evil": {"a": [1]},
            "value": {"type": "number", "value": 1.5, "more": 1}}),
        )
        .expect("right");
        let kept: serde_json::Value = serde_json::from_str(kept.get()).expect("JSON");
        assert_eq!(
            kept,
            json!({"console": [event("<b>")], "outcome": "completed", "value": {"type": "number", "value": 1.5},
                "engine": "V8 1.2", "mayfly": env!("CARGO_PKG_VERSION")})
        );
    }

    #[test]
    fn numbers_are_written_as_javascript_does() {
        for (number, written) in [
            ("1", "1"),
            ("-7.0", "-7"),
            ("0.5", "0.5"),
            ("9007199254740993", "9007199254740992"),
            ("1e21", "1e+21"),
        ] {
            let given = format!(
                r#"{{"console":[],"outcome":"completed","value":{{"type":"number","value":{number}}}}}"#
            );
            let recording: Recording = serde_json::from_str(&given).expect("the shape is right");
            let kept = recording.check(BOUNDS, "V8 1.2").expect("right");
            assert!(kept.get().contains(&format!(r#""value":{written}}}"#)), "{number}: {}", kept.get());
        }
    }

    #[test]
    fn what_has_another_shape_is_refused() {
        for bad in [
            json!({"console": [], "outcome": "won"}),
            json!({"outcome": "completed"}),
            json!({"console": {}, "outcome": "completed"}),
            json!({"console": [{"level": "log"}], "outcome": "completed"}),
            json!({"console": [], "outcome": "completed", "value": {"type": "html", "value": "<script>"}}),
        ] {
            assert!(serde_json::from_value::<Recording>(bad.clone()).is_err(), "{bad}");
        }
        // A tree that is deeper than any run's is not even read.
        let deep = format!(
            r#"{{"console":[],"outcome":"completed","value":{}{}}}"#,
            r#"{"type":"object","kind":"array","text":"","items":["#.repeat(100),
            "]}".repeat(100)
        );
        assert!(serde_json::from_str::<Recording>(&deep).is_err());
    }

    #[test]
    fn what_is_too_much_is_told() {
        let many = json!({"console": vec![event(""); 4], "outcome": "completed"});
        assert!(
            matches!(check(&many), Err(Wrong::TooLarge(it)) if it.contains("4 console events; at most 3"))
        );
        let long = json!({"console": [event(&"x".repeat(1_000))], "outcome": "completed"});
        assert!(matches!(check(&long), Err(Wrong::TooLarge(it)) if it.contains("at most 2000")));
        let odd = json!({"console": [], "outcome": "completed", "engine": "x".repeat(61)});
        assert!(matches!(check(&odd), Err(Wrong::Invalid(it)) if it.contains("output.engine")));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC*") {
            if let Ok(recording) = serde_json::from_str::<Recording>(&text) {
                let _ = recording.check(BOUNDS, "");
            }
        }
    }
}
