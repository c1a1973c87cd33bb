//! One run's evaluations, and its stay after its program's end. The runner is treated as hostile: what it says that it
//! may not say ends the run.

use super::RunEvent;
use crate::protocol::browser::RunReport;
use crate::protocol::fetch::{parts, payload};
use crate::protocol::frame;
use crate::protocol::nesting::nests_too_deeply;
use crate::protocol::repl::{EVALUATE, EVALUATIONS, EvaluatedSpec};

/// The evaluations of one run.
pub struct Repl {
    /// The run was asked to take evaluations.
    is_wanted: bool,
    last_id: u32,
    open: Vec<u32>,
    /// The program has ended, like this.
    ended: Option<Box<RunReport>>,
    /// And the runner has said that nothing is left to do.
    is_idle: bool,
}

impl Repl {
    /// Of a run that may take evaluations, or may not.
    pub fn new(is_wanted: bool) -> Self {
        Self { is_wanted, last_id: 0, open: Vec::new(), ended: None, is_idle: false }
    }

    /// Whether the program's end may be told before the run's.
    ///
    /// # Errors
    /// What the runner may not say.
    pub fn may_pause(&self) -> Result<(), &'static str> {
        match (self.is_wanted, &self.ended) {
            (false, _) => Err("a program's end before the run's, which nobody asked for"),
            (true, Some(_)) => Err("a program's end for the second time"),
            (true, None) => Ok(()),
        }
    }

    /// The program has ended.
    pub fn paused(&mut self, report: Box<RunReport>) {
        self.ended = Some(report);
        self.is_idle = self.open.is_empty();
    }

    /// Nothing is left to do, says the runner. One that has been given something meanwhile says so again. Gives
    /// whether that is news.
    ///
    /// # Errors
    /// What the runner may not say.
    pub fn idle(&mut self) -> Result<bool, &'static str> {
        if self.ended.is_none() {
            return Err("rest before the program's end");
        }
        let was_idle = std::mem::replace(&mut self.is_idle, self.open.is_empty());
        Ok(self.is_idle && !was_idle)
    }

    /// Whether the run is kept for its visitor alone.
    pub fn is_idle(&self) -> bool {
        self.is_idle
    }

    /// Whether the program has ended.
    pub fn has_ended(&self) -> bool {
        self.ended.is_some()
    }

    /// How the program has ended, if it has.
    pub fn take_ended(&mut self) -> Option<Box<RunReport>> {
        self.ended.take()
    }

    /// The frame for the runner with evaluation `id`; `None` for one that comes too early, too late or too often.
    pub fn evaluate(&mut self, id: u32, source: &str) -> Option<Vec<u8>> {
        if !self.is_wanted || id <= self.last_id || self.open.len() >= EVALUATIONS {
            return None;
        }
        let json = serde_json::to_vec(source).ok()?;
        self.last_id = id;
        self.open.push(id);
        self.is_idle = false;
        Some(frame::encode(EVALUATE, &payload(id, &json)))
    }

    /// Acts on what came of one, whose value may take `value_bytes`, and an error `error_bytes`.
    ///
    /// # Errors
    /// What the runner may not say.
    pub fn take(
        &mut self,
        frame: &[u8],
        value_bytes: u64,
        error_bytes: u64,
    ) -> Result<RunEvent, &'static str> {
        let (id, json) = parts(frame).ok_or("an evaluation without its number")?;
        let at =
            self.open.iter().position(|open| *open == id).ok_or("an evaluation that nobody asked for")?;
        let EvaluatedSpec { value, error } =
            serde_json::from_slice(json).map_err(|_| "an evaluation that can't be read")?;
        if value.is_some() == error.is_some() {
            return Err("an evaluation with a value and an error, or with neither");
        }
        let (bytes, allowed) = match &value {
            Some(value) => (value.get().len(), value_bytes),
            None => (json.len(), error_bytes),
        };
        if bytes as u64 > allowed {
            return Err("what came of an evaluation is over the limit");
        }
        if value.as_ref().is_some_and(|value| nests_too_deeply(value.get())) {
            return Err("a value of an evaluation that nests too deeply");
        }
        self.open.swap_remove(at);
        Ok(RunEvent::Evaluated { evaluation_id: id, value, error })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::protocol::browser::{Dropped, Outcome, Usage};
    use crate::protocol::nesting::MAX_NESTING;

    fn said(repl: &mut Repl, id: u32, json: &str) -> Result<(), &'static str> {
        repl.take(&payload(id, json.as_bytes()), 100, 200).map(|_| ())
    }

    const ONE: &str = r#"{"value":1,"error":null}"#;

    #[test]
    fn an_evaluation_is_asked_for_and_told_once() {
        let mut repl = Repl::new(true);
        let frame = repl.evaluate(1, "é\0").unwrap();
        assert_eq!(frame[4..], [&[EVALUATE, 1, 0, 0, 0][..], b"\"\xc3\xa9\\u0000\""].concat());
        assert_eq!(repl.evaluate(1, "again"), None);
        assert!(repl.evaluate(7, "2").is_some());
        assert_eq!(repl.evaluate(3, "back"), None);
        assert!(repl.evaluate(8, "").is_some() && repl.evaluate(9, "").is_some());
        assert_eq!(repl.evaluate(10, "one too many"), None);
        said(&mut repl, 7, ONE).unwrap();
        assert!(repl.evaluate(10, "").is_some());
        assert!(said(&mut repl, 7, ONE).is_err());
        assert!(said(&mut repl, 99, ONE).is_err());
        for bad in [
            "",
            "{}",
            "{\"value\":1}x",
            r#"{"value":null,"error":null}"#,
            r#"{"value":1,"error":{"name":"","message":"","stack":[]}}"#,
        ] {
            assert!(said(&mut repl, 1, bad).is_err(), "{bad}");
        }
        let long = format!(r#"{{"value":"{}","error":null}}"#, "x".repeat(100));
        assert!(said(&mut repl, 1, &long).is_err());
        let deep =
            |levels| format!(r#"{{"value":{}{},"error":null}}"#, "[".repeat(levels), "]".repeat(levels));
        let take = |repl: &mut Repl, id, json: &str| {
            repl.take(&payload(id, json.as_bytes()), 1_000, 1_000).map(drop)
        };
        assert!(take(&mut repl, 1, &deep(MAX_NESTING + 1)).is_err());
        take(&mut repl, 8, &deep(MAX_NESTING)).unwrap();
        said(&mut repl, 1, r#"{"value":null,"error":{"name":"E","message":"","stack":[]}}"#).unwrap();
    }

    #[test]
    fn a_run_that_was_not_asked_takes_none_and_does_not_stay() {
        let mut repl = Repl::new(false);
        assert_eq!(repl.evaluate(1, "1"), None);
        assert!(said(&mut repl, 1, ONE).is_err());
        assert!(repl.may_pause().is_err());
        assert!(repl.idle().is_err());
    }

    #[test]
    fn a_run_is_idle_after_its_end_while_nothing_is_under_way() {
        let mut repl = Repl::new(true);
        assert!(repl.idle().is_err(), "before its end");
        repl.may_pause().unwrap();
        repl.paused(Box::new(RunReport {
            outcome: Outcome::Completed,
            value: None,
            returned: None,
            error: None,
            stopped_at: None,
            usage: Usage::default(),
            dropped: Dropped::default(),
        }));
        assert!(repl.may_pause().is_err(), "an end comes once");
        assert!(repl.is_idle());
        repl.evaluate(1, "1").unwrap();
        assert!(!repl.is_idle());
        assert_eq!(repl.idle(), Ok(false), "it was said before the evaluation came");
        assert!(!repl.is_idle());
        said(&mut repl, 1, ONE).unwrap();
        assert_eq!(repl.idle(), Ok(true));
        assert_eq!(repl.idle(), Ok(false), "no news");
    }

    proptest! {
        #[test]
        fn no_frame_panics(frame in prop::collection::vec(any::<u8>(), 0..60), json in "\\PC{0,60}") {
            let mut repl = Repl::new(true);
            repl.evaluate(1, "1");
            let _ = repl.take(&frame, 100, 200);
            let _ = repl.take(&payload(1, json.as_bytes()), 100, 200);
        }
    }
}
