//! Evaluations: what a visitor asks of the program's isolate, on the main thread between the program's tasks.
//!
//! After a script, an evaluation is a script in the same realm, so it sees what the program declared at its top level.
//! A module's names are its own: there the entry file gets a function at its end that evaluates in its scope
//! ([`with_door`]), and what an evaluation declares is gone when it is done. Of CommonJS only the globals are in reach.
//!
//! One expression may use `await`: it then is the body of an async function, and its value is told when it is there.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use deno_core::v8;

use super::console::Method;
use super::errors;
use super::inbox::Topic;
use super::inspect::{Budget, InspectLimits, inspect};
use super::isolate::{attempt, compile_options, origin};
use super::link::Link;
use super::program::{Goal, Program, Syntax, Want, unused_name};
use super::stack;
use super::visit::Visit;
use crate::protocol::browser::RunError;
use crate::protocol::fetch::parts;
use crate::protocol::frame::Frame;
use crate::protocol::repl::EvaluatedSpec;

/// The name that evaluations have as scripts: no program's file is called so.
const SCRIPT: &str = "evaluation";
/// Under this name the entry module exports the way into its scope.
const DOOR: &str = "mayfly:evaluate";

/// The evaluations of one run.
pub struct Repl {
    link: Arc<Link>,
    visit: Rc<Visit>,
    syntax: Syntax,
    message_bytes: usize,
    /// How many lines the entry file has: what stands behind them is ours.
    lines: u32,
    module: RefCell<Option<v8::Global<v8::Module>>>,
    /// Evaluations that wait for a promise.
    awaited: RefCell<Vec<(u32, v8::Global<v8::Promise>)>>,
    /// The server knows that nothing is left to do.
    is_resting: Cell<bool>,
}

/// What came of an evaluation so far.
enum Came {
    Value(v8::Global<v8::Value>),
    Promise(v8::Global<v8::Promise>),
}

/// `text`, the entry file as a module, with a way into its scope.
pub fn with_door(text: &str) -> String {
    if text.contains(DOOR) {
        return text.to_owned();
    }
    let own = unused_name(text);
    format!("{text}\n;export{{{own} as \"{DOOR}\"}};function {own}({own}s){{return eval({own}s)}}")
}

impl Repl {
    /// Of a run whose entry file has this name and so many lines.
    pub fn new(visit: Rc<Visit>, entry: &str, lines: usize, message_bytes: usize) -> Self {
        let link = visit.link.clone();
        visit.modules.has_door.set(true);
        Self {
            link,
            visit,
            syntax: Syntax::of(entry).unwrap_or_default(),
            message_bytes,
            lines: u32::try_from(lines).unwrap_or(u32::MAX),
            module: RefCell::default(),
            awaited: RefCell::default(),
            is_resting: Cell::new(false),
        }
    }

    /// The program's entry is this module.
    pub fn enter(&self, module: v8::Global<v8::Module>) {
        *self.module.borrow_mut() = Some(module);
    }

    /// Does what there is to do; whether there was anything.
    pub fn poll(&self, scope: &mut v8::PinScope<'_, '_>, cx: &mut Context) -> bool {
        let mut has_done = self.tell_settled(scope);
        while self.link.ending().is_none()
            && let Poll::Ready(Some(frame)) = self.link.inbox.poll_next(Topic::Evaluations, cx)
        {
            has_done = true;
            self.is_resting.set(false);
            self.take(scope, &frame);
        }
        has_done
    }

    /// Nothing is left to do.
    pub fn rest(&self) {
        if !self.is_resting.replace(true) {
            self.link.rest();
        }
    }

    /// The program has ended, and that is told.
    pub fn paused(&self) {
        self.is_resting.set(true);
    }

    /// Shows an error that nobody caught after the program's end.
    pub fn uncaught(&self, scope: &mut v8::PinScope<'_, '_>, error: &RunError) {
        self.is_resting.set(false);
        scope.cancel_terminate_execution();
        self.show(scope, error);
    }

    /// Shows an error that ends nothing.
    pub fn show(&self, scope: &mut v8::PinScope<'_, '_>, error: &RunError) {
        let lead = if error.in_promise { "Uncaught (in promise)" } else { "Uncaught" };
        let name = if error.name == "Uncaught" { String::new() } else { format!("{}: ", error.name) };
        if let Some(text) = v8::String::new(scope, &format!("{lead} {name}{}", error.message)) {
            self.visit.console(scope, Method::Error, &[text.into()]);
        }
    }

    fn take(&self, scope: &mut v8::PinScope<'_, '_>, frame: &Frame) {
        let Some((id, json)) = parts(&frame.payload) else { return };
        let source: String = serde_json::from_slice(json).unwrap_or_default();
        // What the program threw last may have left this behind.
        scope.cancel_terminate_execution();
        let came = self.evaluate(scope, &source);
        match came {
            _ if self.link.ending().is_some() => {}
            Ok(Came::Value(value)) => {
                let value = v8::Local::new(scope, value);
                self.tell_value(scope, id, value);
            }
            Ok(Came::Promise(promise)) => self.awaited.borrow_mut().push((id, promise)),
            Err(error) => self.tell_error(id, error),
        }
    }

    fn evaluate(&self, scope: &mut v8::PinScope<'_, '_>, source: &str) -> Result<Came, RunError> {
        let (text, awaits) = self.readable(scope, source)?;
        let run = |scope: &mut v8::PinScope<'_, '_>| {
            let text = v8::String::new(scope, &text)?;
            let value = match self.door(scope) {
                Some(door) => {
                    let receiver = v8::undefined(scope).into();
                    door.call(scope, receiver, &[text.into()])?
                }
                None => {
                    let origin = origin(scope, SCRIPT, false);
                    v8::Script::compile(scope, text, Some(&origin))?.run(scope)?
                }
            };
            Some(v8::Global::new(scope, value))
        };
        let value = Visit::as_evaluation(scope, |scope| attempt(scope, &self.visit, run))?;
        if awaits && let Ok(promise) = v8::Local::new(scope, &value).try_cast::<v8::Promise>() {
            // It is told as what came of the evaluation.
            promise.mark_as_handled();
            let promise = v8::Global::new(scope, promise);
            self.visit.forget_rejection(&promise);
            return Ok(Came::Promise(promise));
        }
        Ok(Came::Value(value))
    }

    /// The source as V8 takes it, and whether it awaits. An object literal is an expression here, not a block.
    fn readable(&self, scope: &mut v8::PinScope<'_, '_>, source: &str) -> Result<(String, bool), RunError> {
        let expression = source.trim().trim_end_matches(';');
        let mut forms = vec![(source.to_owned(), false)];
        if expression.starts_with('{') && !source.trim_end().ends_with(';') {
            forms.insert(0, (format!("({expression}\n)"), false));
        }
        if source.contains("await") {
            forms.push((format!("(async()=>(\n{expression}\n))()"), true));
        }
        let mut error = None;
        for (form, awaits) in forms {
            let is_source = form == source;
            match self.compiled(scope, form) {
                Ok(text) => return Ok((text, awaits)),
                Err(why) if is_source => error = Some(why),
                Err(_) => {}
            }
        }
        Err(error.unwrap_or_default())
    }

    /// `source` in plain JavaScript, if it can be read.
    fn compiled(&self, scope: &mut v8::PinScope<'_, '_>, source: String) -> Result<String, RunError> {
        let syntax = self.syntax;
        let program = stack::watched(|| Program::new(source, syntax, Want::Be(Goal::Script), false));
        if let Some((message, _)) = program.error {
            return Err(RunError::new("SyntaxError", message));
        }
        let text = program.text.changed().to_owned();
        attempt(scope, &self.visit, |scope| {
            let source = v8::String::new(scope, &text)?;
            let origin = origin(scope, SCRIPT, false);
            let mut source = v8::script_compiler::Source::new(source, Some(&origin));
            let (options, reason) = compile_options();
            v8::script_compiler::compile_unbound_script(scope, &mut source, options, reason).map(|_| ())
        })?;
        Ok(text)
    }

    fn door<'s>(&self, scope: &mut v8::PinScope<'s, '_>) -> Option<v8::Local<'s, v8::Function>> {
        let module = v8::Local::new(scope, self.module.borrow().as_ref()?);
        let namespace = module.get_module_namespace().try_cast::<v8::Object>().ok()?;
        let key = v8::String::new(scope, DOOR)?;
        namespace.get(scope, key.into())?.try_cast::<v8::Function>().ok()
    }

    /// Tells of the promises that are settled; whether there were any.
    fn tell_settled(&self, scope: &mut v8::PinScope<'_, '_>) -> bool {
        let settled: Vec<_> = {
            let is_settled = |(_, promise): &mut (u32, v8::Global<v8::Promise>)| {
                v8::Local::new(scope, &*promise).state() != v8::PromiseState::Pending
            };
            self.awaited.borrow_mut().extract_if(.., is_settled).collect()
        };
        let any = !settled.is_empty();
        for (id, promise) in settled {
            let promise = v8::Local::new(scope, promise);
            let result = promise.result(scope);
            if promise.state() == v8::PromiseState::Fulfilled {
                self.tell_value(scope, id, result);
            } else {
                let error = errors::from_exception(scope, &self.visit, result, None);
                self.tell_error(id, error);
            }
        }
        any
    }

    fn tell_value<'s>(&self, scope: &mut v8::PinScope<'s, '_>, id: u32, value: v8::Local<'s, v8::Value>) {
        let mut budget = Budget::close(self.message_bytes);
        let value = inspect(scope, value, &InspectLimits::CLOSE, &mut budget, &self.visit.frames);
        self.tell(id, &EvaluatedSpec { value: serde_json::value::to_raw_value(&value).ok(), error: None });
    }

    fn tell_error(&self, id: u32, mut error: RunError) {
        error.stack.retain(|frame| frame.file.is_some() || frame.line <= self.lines);
        self.tell(id, &EvaluatedSpec { value: None, error: Some(error) });
    }

    fn tell(&self, id: u32, spec: &EvaluatedSpec) {
        self.link.evaluated(id, &serde_json::to_vec(spec).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_door_has_names_that_the_module_has_not() {
        assert_eq!(
            with_door("let $r0 // the end"),
            "let $r0 // the end\n;export{$r1 as \"mayfly:evaluate\"};function $r1($r1s){return eval($r1s)}"
        );
        let taken = "export { a as \"mayfly:evaluate\" }";
        assert_eq!(with_door(taken), taken);
    }
}
