//! `prompt`, `confirm`, `alert` and `readLine`: how a program asks whoever runs it.
//!
//! The first three block: the main thread waits in their call until the watch has the answer, or the program is to end.
//! What they are given is turned into text before anything is asked, by the program's own `toString` if it likes; from
//! then on none of its code runs. `readLine` waits in the event loop, and several of it take turns.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use deno_core::v8;

use super::console::{Answer, Asked};
use super::extension::line_op::Lines;
use super::globals::{define, function, throw_range_error};
use super::inbox::Topic;
use super::inspect::{Place, primitive};
use super::link::Link;
use super::visit::Visit;
use crate::protocol::browser::PromptKind;
use crate::protocol::fetch::parts;
use crate::protocol::frame::Frame;
use crate::protocol::prompt::{PromptSpec, TEXT_UNITS};

/// The questions of one run. Found from any callback of V8.
pub struct Prompts {
    link: Arc<Link>,
    visit: Rc<Visit>,
    /// Answers given beforehand.
    stdin: RefCell<VecDeque<String>>,
    is_attended: bool,
    allowed: u32,
    /// How often the program has asked.
    asked: Cell<u32>,
    /// The number of the last question that the server was told of.
    sent: Cell<u32>,
    has_said_so: Cell<bool>,
    /// Calls of `readLine` between their two halves, by a number of their own.
    lines: RefCell<HashMap<u32, Question>>,
    turn: Rc<tokio::sync::Mutex<()>>,
}

struct Question {
    kind: PromptKind,
    message: String,
    default: Option<String>,
    position: Place,
    /// The answer, where nobody needs to be asked.
    known: Option<Option<String>>,
}

/// What a program says to be a yes.
fn is_yes(answer: &str) -> bool {
    ["y", "yes", "true", "ok", "1"].iter().any(|yes| answer.trim().eq_ignore_ascii_case(yes))
}

impl Prompts {
    /// The questions of a run that may ask `allowed`, with the answers that were given beforehand, and whether there
    /// is somebody to ask for more.
    pub fn new(visit: Rc<Visit>, allowed: u32, stdin: Vec<String>, is_attended: bool) -> Rc<Self> {
        Rc::new(Self {
            link: visit.link.clone(),
            visit,
            stdin: RefCell::new(stdin.into()),
            is_attended,
            allowed,
            asked: Cell::new(0),
            sent: Cell::new(0),
            has_said_so: Cell::new(false),
            lines: RefCell::default(),
            turn: Rc::default(),
        })
    }

    fn of(isolate: &v8::Isolate) -> Option<Rc<Self>> {
        isolate.get_slot::<Rc<Self>>().cloned()
    }

    /// A question of the program's, unless it has asked often enough, which throws.
    fn question(
        &self,
        scope: &mut v8::PinScope<'_, '_>,
        kind: PromptKind,
        message: String,
        default: Option<String>,
    ) -> Option<Question> {
        if self.asked.get() >= self.allowed {
            let message = format!("a program may ask {} times here (client.prompts)", self.allowed);
            throw_range_error(scope, &message);
            return None;
        }
        self.asked.set(self.asked.get() + 1);
        let position = self.visit.place(scope);
        let known = self.known(kind, &position);
        Some(Question { kind, message, default, position, known })
    }

    /// The answer that needs nobody: the next line that was given beforehand, and none where nobody is there.
    fn known(&self, kind: PromptKind, position: &Place) -> Option<Option<String>> {
        if kind != PromptKind::Alert
            && let Some(line) = self.stdin.borrow_mut().pop_front()
        {
            return Some(Some(line));
        }
        if self.is_attended {
            return None;
        }
        // Once is enough for a program that asks in a loop.
        if kind != PromptKind::Alert && !self.has_said_so.replace(true) {
            let message = "Nobody is there to answer, and `stdin` has no line left: this question and those after \
                           it count as cancelled. Send their answers along, as `stdin`.";
            self.visit.asked(&Asked {
                message,
                answer: Answer::None,
                position: position.clone(),
                is_notice: true,
            });
        }
        Some(None)
    }

    /// Asks the server; gives the question's number.
    fn send(&self, question: &Question) -> u32 {
        let id = self.sent.get() + 1;
        self.sent.set(id);
        // Before the server can answer.
        self.link.inbox.open(Topic::Answer(id));
        let Question { kind, message, default, .. } = question;
        let spec = PromptSpec { id, kind: *kind, message: message.clone(), default: default.clone() };
        self.link.ask(&serde_json::to_vec(&spec).unwrap_or_default());
        id
    }

    /// Takes in what the server said to question `id`, and shows both.
    fn answered(&self, id: u32, question: &Question, frame: Option<&Frame>) -> Option<String> {
        self.link.inbox.close(Topic::Answer(id));
        let json = frame.and_then(|frame| parts(&frame.payload)).map_or(&b"null"[..], |(_, json)| json);
        let answer: Option<String> = serde_json::from_slice(json).unwrap_or_default();
        self.show(question, answer.as_deref());
        answer
    }

    fn show(&self, Question { kind, message, position, .. }: &Question, answer: Option<&str>) {
        let answer = match (kind, answer) {
            (PromptKind::Alert, _) => Answer::None,
            (PromptKind::Confirm, answer) => Answer::Yes(answer.is_some_and(is_yes)),
            (PromptKind::Prompt | PromptKind::Line, None) => Answer::Cancelled,
            (PromptKind::Prompt | PromptKind::Line, Some(text)) => Answer::Text(text),
        };
        self.visit.asked(&Asked { message, answer, position: position.clone(), is_notice: false });
    }

    /// Asks and blocks. `None` when the program must end instead.
    fn block(&self, scope: &mut v8::PinScope<'_, '_>, question: &Question) -> Option<Option<String>> {
        if let Some(answer) = &question.known {
            self.show(question, answer.as_deref());
            return Some(answer.clone());
        }
        let id = self.send(question);
        let frame = self.link.inbox.wait(Topic::Answer(id));
        if self.link.ending().is_some() {
            // V8 looks for interrupts in loops and calls, and there may be none any more.
            self.link.stopped_at(|| self.visit.frames.current(scope, 10));
            scope.terminate_execution();
            return None;
        }
        Some(self.answered(id, question, frame.as_ref()))
    }

    /// The second half of `readLine`.
    async fn line(self: Rc<Self>, number: u32) -> Option<String> {
        let question = self.lines.borrow_mut().remove(&number)?;
        let turn = self.turn.clone();
        let _turn = turn.lock().await;
        if let Some(answer) = &question.known {
            self.show(&question, answer.as_deref());
            return answer.clone();
        }
        let id = self.send(&question);
        let frame = self.link.inbox.next(Topic::Answer(id)).await;
        self.answered(id, &question, frame.as_ref())
    }
}

impl Lines for Rc<Prompts> {
    fn next(&self, number: u32) -> Pin<Box<dyn Future<Output = Option<String>>>> {
        Box::pin(self.clone().line(number))
    }
}

/// Puts `prompt`, `confirm` and `alert` on the global object. Gives the first half of `readLine`.
pub fn install<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    global: v8::Local<'s, v8::Object>,
) -> v8::Local<'s, v8::Function> {
    let functions = [
        function(scope, "prompt", 0, prompt),
        function(scope, "confirm", 0, confirm),
        function(scope, "alert", 0, alert),
    ];
    for (name, function) in ["prompt", "confirm", "alert"].into_iter().zip(functions) {
        define(scope, global, name, function.into(), v8::PropertyAttribute::NONE);
    }
    function(scope, "", 1, begin_line)
}

/// An argument as text of at most [`TEXT_UNITS`], with `…` where it was longer; `None` when that threw.
fn text<'s>(scope: &mut v8::PinScope<'s, '_>, value: v8::Local<'s, v8::Value>) -> Option<String> {
    let string = value.to_string(scope)?;
    let is_long = string.length() > TEXT_UNITS;
    let mut text = primitive::string(scope, string, if is_long { TEXT_UNITS - 1 } else { TEXT_UNITS });
    if is_long {
        text.push('…');
    }
    Some(text)
}

/// The same of one that may be left out.
fn optional_text<'s>(scope: &mut v8::PinScope<'s, '_>, value: v8::Local<'s, v8::Value>) -> Option<String> {
    if value.is_undefined() { Some(String::new()) } else { text(scope, value) }
}

/// <https://html.spec.whatwg.org/multipage/timers-and-user-prompts.html#dom-prompt>
fn prompt<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    args: v8::FunctionCallbackArguments<'s>,
    mut result: v8::ReturnValue<'s, v8::Value>,
) {
    let Some(prompts) = Prompts::of(scope) else { return };
    let Some(message) = optional_text(scope, args.get(0)) else { return };
    let default = if args.get(1).is_undefined() {
        None
    } else {
        let Some(default) = args.get(1).to_string(scope) else { return };
        if default.length() > TEXT_UNITS {
            let length = default.length();
            let message =
                format!("the default of a prompt may have {TEXT_UNITS} characters; this one has {length}");
            return throw_range_error(scope, &message);
        }
        Some(primitive::string(scope, default, TEXT_UNITS))
    };
    let Some(question) = prompts.question(scope, PromptKind::Prompt, message, default) else { return };
    match prompts.block(scope, &question) {
        Some(Some(answer)) => {
            if let Some(answer) = v8::String::new(scope, &answer) {
                result.set(answer.into());
            }
        }
        Some(None) => result.set_null(),
        None => {}
    }
}

/// <https://html.spec.whatwg.org/multipage/timers-and-user-prompts.html#dom-confirm>
fn confirm<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    args: v8::FunctionCallbackArguments<'s>,
    mut result: v8::ReturnValue<'s, v8::Value>,
) {
    let Some(prompts) = Prompts::of(scope) else { return };
    let Some(message) = optional_text(scope, args.get(0)) else { return };
    let Some(question) = prompts.question(scope, PromptKind::Confirm, message, None) else { return };
    if let Some(answer) = prompts.block(scope, &question) {
        result.set_bool(answer.as_deref().is_some_and(is_yes));
    }
}

/// <https://html.spec.whatwg.org/multipage/timers-and-user-prompts.html#dom-alert>
fn alert<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    args: v8::FunctionCallbackArguments<'s>,
    _: v8::ReturnValue<'s, v8::Value>,
) {
    let Some(prompts) = Prompts::of(scope) else { return };
    let message = if args.length() == 0 { Some(String::new()) } else { text(scope, args.get(0)) };
    let Some(message) = message else { return };
    let Some(question) = prompts.question(scope, PromptKind::Alert, message, None) else { return };
    prompts.block(scope, &question);
}

/// The first half of `readLine`: notes the question and gives a number for it.
fn begin_line<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    args: v8::FunctionCallbackArguments<'s>,
    mut result: v8::ReturnValue<'s, v8::Value>,
) {
    let Some(prompts) = Prompts::of(scope) else { return };
    let Some(message) = optional_text(scope, args.get(0)) else { return };
    let Some(question) = prompts.question(scope, PromptKind::Line, message, None) else { return };
    let number = prompts.asked.get();
    prompts.lines.borrow_mut().insert(number, question);
    result.set_uint32(number);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_yes_is_told_from_a_no() {
        for yes in ["y", "Y", "yes", "YES", " true\n", "ok", "1"] {
            assert!(is_yes(yes), "{yes}");
        }
        for no in ["", "n", "no", "false", "0", "yes please", "ye"] {
            assert!(!is_yes(no), "{no}");
        }
    }
}
