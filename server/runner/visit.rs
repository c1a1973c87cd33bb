//! The main thread's state of one run, found from any callback of V8: the visit of one program to the
//! isolate.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use deno_core::v8;

use super::catalogue::Allowed;
use super::console::{Asked, Console, Method, POSITION_FRAMES};
use super::errors;
use super::inspect::{Place, UserFrames};
use super::link::Link;
use super::modules::{Files, Modules};
use super::program::text::Point;
use crate::protocol::browser::RunError;
use crate::protocol::value::{ConsoleEvent, StackFrame};

/// The most errors whose place is remembered.
const MAX_PLACES: usize = 100;

/// See the [module](self).
pub struct Visit {
    /// To the server and the other threads.
    pub link: Arc<Link>,
    /// Which frames are the visitor's, and where they are in the visitor's text.
    pub frames: UserFrames,
    /// The context that the program runs in.
    pub context: v8::Global<v8::Context>,
    /// What it may import, its own files above all.
    pub modules: Modules,
    places: RefCell<VecDeque<(v8::Global<v8::Value>, Vec<StackFrame>)>>,
    console: RefCell<Console>,
    uncaught: RefCell<Option<RunError>>,
    rejections: RefCell<Vec<Rejection>>,
    /// What nobody caught of what evaluations have set off.
    strays: RefCell<Vec<RunError>>,
}

/// How many errors of evaluations are kept to be told. They are told in the next turn of the event loop.
const MAX_STRAYS: usize = 32;

/// A promise that was rejected while nobody listened.
struct Rejection {
    promise: v8::Global<v8::Promise>,
    reason: v8::Global<v8::Value>,
    /// Where that happened: all there is to say where a reason is not an error.
    stack: Vec<StackFrame>,
    /// An evaluation has set it off, and not the program.
    of_evaluation: bool,
}

impl Visit {
    /// Enters the isolate.
    pub fn enter(
        isolate: &mut v8::Isolate,
        context: v8::Global<v8::Context>,
        link: Arc<Link>,
        files: &Rc<Files>,
        allowed: Allowed,
        message_bytes: usize,
        start: Instant,
    ) -> Rc<Self> {
        let frames = UserFrames::new({
            let files = files.clone();
            move |script, line, column| files.locate(script, line, column)
        });
        let visit = Rc::new(Self {
            link,
            modules: Modules::new(files.clone(), allowed),
            places: RefCell::default(),
            console: RefCell::new(Console::new(frames.clone(), start, message_bytes)),
            frames,
            context,
            uncaught: RefCell::default(),
            rejections: RefCell::default(),
            strays: RefCell::default(),
        });
        isolate.set_slot(visit.clone());
        isolate.set_promise_reject_callback(on_promise_reject);
        isolate.add_message_listener(on_message);
        visit
    }

    /// The visit under way in an isolate, if there is one.
    pub fn of(isolate: &v8::Isolate) -> Option<Rc<Self>> {
        isolate.get_slot::<Rc<Self>>().cloned()
    }

    /// A call of a console method, if there is a short way for it. Else it has not been made.
    pub fn print<'s>(
        &self,
        scope: &v8::PinScope<'s, '_>,
        method: Method,
        args: impl ExactSizeIterator<Item = v8::Local<'s, v8::Value>>,
    ) -> bool {
        let now = Instant::now();
        // As below.
        let mut console = self.console.borrow_mut();
        let json = console.plain(scope, method, args, now);
        json.map(|json| self.link.console(json, now)).is_some()
    }

    /// A call of a console method.
    pub fn console<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        method: Method,
        args: &[v8::Local<'s, v8::Value>],
    ) {
        // Inspection runs no code of the program's, so nothing can come back here meanwhile.
        let event = self.console.borrow_mut().call(scope, method, args);
        if let Some(event) = event
            && let Ok(json) = serde_json::to_vec(&event)
        {
            self.link.console(&json, Instant::now());
        }
    }

    /// Tells the visitor what the network's rules kept from the program.
    pub fn notice(&self, message: &str) {
        let event = self.console.borrow().notice(message);
        if let Ok(json) = serde_json::to_vec(&event) {
            self.link.console(&json, Instant::now());
        }
    }

    /// Where the program is now, as far as the innermost frames show it; zeros where it is not.
    pub fn place(&self, scope: &v8::PinScope<'_, '_>) -> Place {
        self.frames.position(scope, POSITION_FRAMES)
    }

    /// Shows a question and its answer, or that there was nobody to ask.
    pub fn asked(&self, asked: &Asked<'_>) {
        let event = self.console.borrow().asked(asked);
        if let Ok(json) = serde_json::to_vec(&event) {
            self.link.console(&json, Instant::now());
        }
    }

    /// An event of `display`, of a value that has no bundle, or still without its bundle.
    pub fn displayed<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        value: Option<v8::Local<'s, v8::Value>>,
    ) -> ConsoleEvent {
        self.console.borrow().displayed(scope, value)
    }

    /// Does `work` as an evaluation's: what it throws, now or in what it sets off, is told and does not end the
    /// program. V8 and `deno_core` carry the mark along with promises, microtasks and timers; no program can reach it.
    pub fn as_evaluation<'s, 'i, T>(
        scope: &mut v8::PinScope<'s, 'i>,
        work: impl FnOnce(&mut v8::PinScope<'s, 'i>) -> T,
    ) -> T {
        let before = scope.get_continuation_preserved_embedder_data();
        let mark = v8::Boolean::new(scope, true);
        scope.set_continuation_preserved_embedder_data(mark.into());
        let done = work(scope);
        scope.set_continuation_preserved_embedder_data(before);
        done
    }

    /// Notes an error that nobody caught, if it is the first, and ends the program, unless an evaluation has set it
    /// off. `message` is V8's, where it made one when the error was thrown.
    pub fn uncaught<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        exception: v8::Local<'s, v8::Value>,
        message: Option<v8::Local<'s, v8::Message>>,
    ) {
        if is_of_evaluation(scope) {
            if self.strays.borrow().len() < MAX_STRAYS {
                let error = errors::from_exception(scope, self, exception, message);
                self.strays.borrow_mut().push(error);
            }
            return;
        }
        if self.uncaught.borrow().is_none() {
            let error = errors::from_exception(scope, self, exception, message);
            *self.uncaught.borrow_mut() = Some(error);
        }
        scope.terminate_execution();
        self.link.wake.notify_one();
    }

    /// Notes where an error belongs that was made by nobody's code.
    pub fn note_place(
        &self,
        scope: &v8::PinScope<'_, '_>,
        error: v8::Local<'_, v8::Value>,
        stack: Vec<StackFrame>,
    ) {
        let mut places = self.places.borrow_mut();
        if places.len() == MAX_PLACES {
            places.pop_front();
        }
        places.push_back((v8::Global::new(scope, error), stack));
    }

    /// Where an error belongs that [`Visit::note_place`] knows.
    pub fn place_of(
        &self,
        scope: &v8::PinScope<'_, '_>,
        error: v8::Local<'_, v8::Value>,
    ) -> Option<Vec<StackFrame>> {
        let places = self.places.borrow();
        places.iter().find(|(known, _)| v8::Local::new(scope, known) == error).map(|(_, stack)| stack.clone())
    }

    /// A promise of ours was rejected, perhaps, and we listen.
    pub fn forget_rejection(&self, promise: &v8::Global<v8::Promise>) {
        self.rejections.borrow_mut().retain(|rejection| rejection.promise != *promise);
    }

    /// The error that nobody caught, if there was one.
    pub fn take_uncaught(&self) -> Option<RunError> {
        self.uncaught.borrow_mut().take()
    }

    /// The first rejected promise that still has nobody who listens, as an error. `whole` is the one that stands for
    /// the program itself.
    pub fn take_rejection<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        whole: Option<&v8::Global<v8::Promise>>,
    ) -> Option<RunError> {
        let rejection = {
            let mut rejections = self.rejections.borrow_mut();
            if rejections.is_empty() {
                return None;
            }
            rejections.swap_remove(0)
        };
        Some(self.rejected(scope, rejection, whole))
    }

    /// What nobody caught of what an evaluation has set off.
    pub fn take_stray(&self, scope: &mut v8::PinScope<'_, '_>) -> Option<RunError> {
        if let Some(error) = self.strays.borrow_mut().pop() {
            return Some(error);
        }
        let rejection = {
            let mut rejections = self.rejections.borrow_mut();
            let at = rejections.iter().position(|rejection| rejection.of_evaluation)?;
            rejections.remove(at)
        };
        Some(self.rejected(scope, rejection, None))
    }

    fn rejected(
        &self,
        scope: &mut v8::PinScope<'_, '_>,
        rejection: Rejection,
        whole: Option<&v8::Global<v8::Promise>>,
    ) -> RunError {
        let reason = v8::Local::new(scope, rejection.reason);
        let mut error = errors::from_exception(scope, self, reason, None);
        error.in_promise = whole != Some(&rejection.promise);
        if error.stack.is_empty() {
            error.stack = rejection.stack;
        }
        if error.stack.is_empty() && !reason.is_native_error() {
            let files = &self.modules.files;
            let place = files.program(files.entry()).and_then(|program| program.lone_throw);
            error.stack.extend(place.map(|Point { line, column }| StackFrame {
                line,
                column,
                ..StackFrame::default()
            }));
        }
        error
    }
}

/// Whether an evaluation has set off what runs now.
fn is_of_evaluation(scope: &v8::PinScope<'_, '_>) -> bool {
    scope.get_continuation_preserved_embedder_data().is_true()
}

/// <https://html.spec.whatwg.org/multipage/webappapis.html#the-hostpromiserejectiontracker-implementation>
unsafe extern "C" fn on_promise_reject(message: v8::PromiseRejectMessage) {
    v8::callback_scope!(unsafe scope, &message);
    let Some(visit) = Visit::of(scope) else { return };
    match message.get_event() {
        v8::PromiseRejectEvent::PromiseRejectWithNoHandler => {
            let Some(reason) = message.get_value() else { return };
            let stack = if reason.is_native_error() { Vec::new() } else { visit.frames.current(scope, 10) };
            let promise = v8::Global::new(scope, message.get_promise());
            let reason = v8::Global::new(scope, reason);
            let of_evaluation = is_of_evaluation(scope);
            visit.rejections.borrow_mut().push(Rejection { promise, reason, stack, of_evaluation });
        }
        v8::PromiseRejectEvent::PromiseHandlerAddedAfterReject => {
            let promise = v8::Global::new(scope, message.get_promise());
            let mut rejections = visit.rejections.borrow_mut();
            if let Some(index) = rejections.iter().rposition(|rejection| rejection.promise == promise) {
                rejections.remove(index);
            }
        }
        v8::PromiseRejectEvent::PromiseRejectAfterResolved
        | v8::PromiseRejectEvent::PromiseResolveAfterResolved => {}
    }
}

/// V8 reports what nobody can catch any more, which is what a microtask throws.
unsafe extern "C" fn on_message(message: v8::Local<v8::Message>, exception: v8::Local<v8::Value>) {
    v8::callback_scope!(unsafe scope, message);
    if let Some(visit) = Visit::of(scope) {
        visit.uncaught(scope, exception, Some(message));
    }
}
