//! One run's questions. The runner is treated as hostile: numbers, lengths, order and how many are checked, and one
//! that may not be ends the run.

use super::RunEvent;
use crate::protocol::browser::PromptKind;
use crate::protocol::fetch::payload;
use crate::protocol::frame;
use crate::protocol::prompt::{ANSWER, PromptSpec, TEXT_BYTES};

/// The questions of one run.
pub struct Prompts {
    is_attended: bool,
    allowed: u32,
    last_id: u32,
    /// The one that blocks the program, and the one that does not.
    open: [Option<u32>; 2],
}

/// Which of the two places for open questions one of this kind takes.
fn place(kind: PromptKind) -> usize {
    match kind {
        PromptKind::Prompt | PromptKind::Confirm | PromptKind::Alert => 0,
        PromptKind::Line => 1,
    }
}

impl Prompts {
    /// The questions of a run that has asked none, and may ask `allowed`, if there is somebody to ask.
    pub fn new(is_attended: bool, allowed: u32) -> Self {
        Self { is_attended, allowed, last_id: 0, open: [None; 2] }
    }

    /// Acts on a runner's frame.
    ///
    /// # Errors
    /// What the runner may not say.
    pub fn take(&mut self, json: &[u8]) -> Result<RunEvent, &'static str> {
        if !self.is_attended {
            return Err("a question where nobody is there to ask");
        }
        let spec: PromptSpec = serde_json::from_slice(json).map_err(|_| "a question that can't be read")?;
        let PromptSpec { id, kind, message, default } = spec;
        if id.checked_sub(1) != Some(self.last_id) {
            return Err("a question out of order");
        }
        // The runner counts, too.
        if id > self.allowed {
            return Err("more questions than there may be");
        }
        if message.len() > TEXT_BYTES || default.as_ref().is_some_and(|it| it.len() > TEXT_BYTES) {
            return Err("a question that is too long");
        }
        if default.is_some() && kind != PromptKind::Prompt {
            return Err("a proposal for what is no text");
        }
        let place = place(kind);
        if self.open[0].is_some() || self.open[place].is_some() {
            return Err("a question while another one is open");
        }
        self.last_id = id;
        self.open[place] = Some(id);
        Ok(RunEvent::Prompt { prompt_id: id, kind, message, default })
    }

    /// Whether one is open.
    pub fn is_open(&self) -> bool {
        self.open.iter().any(Option::is_some)
    }

    /// The frame for the runner with the answer to question `id`, if that is open.
    pub fn answer(&mut self, id: u32, value: Option<&str>) -> Option<Vec<u8>> {
        let open = self.open.iter_mut().find(|open| **open == Some(id))?;
        let json = serde_json::to_vec(&value).ok()?;
        *open = None;
        Some(frame::encode(ANSWER, &payload(id, &json)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn ask(prompts: &mut Prompts, id: u32, kind: &str) -> Result<(), &'static str> {
        let json = json!({"id": id, "kind": kind, "message": "?", "default": null});
        prompts.take(json.to_string().as_bytes()).map(|_| ())
    }

    #[test]
    fn a_question_is_answered_once() {
        let mut prompts = Prompts::new(true, 10);
        ask(&mut prompts, 1, "line").unwrap();
        ask(&mut prompts, 2, "prompt").unwrap();
        assert!(ask(&mut prompts, 3, "line").is_err());
        assert_eq!(prompts.answer(3, Some("x")), None);
        let frame = prompts.answer(2, Some("\"é\0")).unwrap();
        assert_eq!(frame[4..], [&[ANSWER, 2, 0, 0, 0][..], b"\"\\\"\xc3\xa9\\u0000\""].concat());
        assert_eq!(prompts.answer(2, None), None, "it was answered");
        assert!(prompts.is_open());
        assert!(prompts.answer(1, None).unwrap().ends_with(b"null"));
        assert!(!prompts.is_open());
        ask(&mut prompts, 3, "alert").unwrap();
    }

    proptest! {
        #[test]
        fn no_question_panics(json in ".{0,80}", id in any::<u32>(), kind in "prompt|alert|line|x", last in any::<u32>()) {
            let mut prompts = Prompts { last_id: last, ..Prompts::new(true, u32::MAX) };
            let _ = prompts.take(json.as_bytes());
            let is_taken = ask(&mut prompts, id, &kind).is_ok();
            prop_assert_eq!(is_taken, prompts.answer(id, None).is_some());
        }
    }
}
