//! The JavaScript runtime of a runner: made once, warm, by the zygote; used once, by a child.

use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

use deno_core::{JsRuntime, PollEventLoopOptions, RuntimeOptions, v8};
use serde_json::value::RawValue;

use super::console::{Console, Method};
use super::display::DisplayBytes;
use super::extension::line_op::Lines;
use super::extension::ops::Network;
use super::fetch::Gateway;
use super::function::Exports;
use super::inspect::{Budget, InspectLimits, Keys, Reader, UserFrames, inspect, keys, name};
use super::link::Link;
use super::modules::{self, Files, Who};
use super::program::text::Point;
use super::program::{Goal, RESULT_EXPORT};
use super::prompts::Prompts;
use super::repl::Repl;
use super::visit::Visit;
use super::{errors, exhaustion, function, globals, heap, memory, ops, returned};
use crate::protocol::browser::{Language, Mode, Returned, RunError};
use crate::protocol::runner::{Ending, RunSpec, Submission};
use crate::protocol::value::{StackFrame, Value};

/// The startup snapshot that the build script made.
pub static SNAPSHOT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/snapshot.bin"));

/// What [`Template::warm_up`] runs, and under what name.
const WARM_UP_NAME: &str = "main.js";
const WARM_UP: &str = "(function f(a) { return [a, { a }, `${a}`].map((x) => x) })(1)";

/// How a program ended, with what came of it.
pub struct Ended {
    /// How.
    pub ending: Ending,
    /// The result, in JSON.
    pub value: Option<Box<RawValue>>,
    /// What a function returned.
    pub returned: Option<Returned>,
    /// What was thrown.
    pub error: Option<RunError>,
}

/// A runtime that has run no program.
pub struct Template {
    executor: tokio::runtime::Runtime,
    runtime: JsRuntime,
    platform: v8::SharedRef<v8::Platform>,
    start_clock: v8::Global<v8::Function>,
}

/// V8's version, for people.
pub fn engine() -> String {
    format!("V8 {}", v8::V8::get_version())
}

impl Template {
    /// Starts V8 and a runtime in this process, which must have one thread: V8 is told to start no other.
    ///
    /// `heap_bytes` bounds V8's heap for good, `buffer_bytes` a single WebAssembly memory.
    ///
    /// # Errors
    /// In words, when V8 or the snapshot won't start.
    pub fn new(heap_bytes: u64, buffer_bytes: u64) -> Result<Self, String> {
        // A runtime without an I/O driver: its epoll instance would be shared by all children.
        let executor = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .map_err(|error| format!("no tokio runtime: {error}"))?;
        let _entered = executor.enter();

        exhaustion::install();
        // V8 would else look for /dev/urandom, and take the time of day where it is not to be had.
        v8::V8::set_entropy_source(|bytes: &mut [u8]| getrandom::fill(bytes).is_ok());

        let wasm_pages = (buffer_bytes >> 16).max(1);
        // One thread, so that a fork takes the whole of V8 along. Flags stay open, so that each child can
        // set its own random seed. WebAssembly checks its bounds in code, not by guard regions of 8 GiB
        // each, so that a memory takes only the address space that it may fill.
        v8::V8::set_flags_from_string(&format!(
            "--single-threaded --no-freeze-flags-after-init --wasm-max-mem-pages={wasm_pages} \
             --wasm-enforce-bounds-checks {}",
            super::extension::NOTE_POSITIONS
        ));
        let platform = v8::new_single_threaded_default_platform(false).make_shared();
        JsRuntime::init_platform(Some(platform.clone()));

        let heap = usize::try_from(heap_bytes).map_err(|_| "heap_bytes is out of range".to_owned())?;
        let params = heap::bounded(heap)
            .array_buffer_allocator(memory::allocator().make_shared())
            .allow_atomics_wait(false);
        let mut runtime = JsRuntime::try_new(RuntimeOptions {
            extensions: ops::disarm(super::extension::extensions()),
            startup_snapshot: Some(SNAPSHOT),
            create_params: Some(params),
            ..RuntimeOptions::default()
        })
        .map_err(|error| error.to_string())?;

        modules::replace_loader(runtime.v8_isolate());
        let start_clock = {
            let context = runtime.main_context();
            v8::scope_with_context!(scope, runtime.v8_isolate(), &context);
            globals::install(scope)?
        };
        drop(_entered);
        Ok(Self { executor, runtime, platform, start_clock })
    }

    /// Gives this process random numbers of its own. To be called in each child before its first script:
    /// children of one zygote would else all draw the same.
    pub fn reseed(&mut self) {
        let mut seed = [0; 4];
        if getrandom::fill(&mut seed).is_ok() {
            // 0 would mean "seed yourself", which happened in the zygote.
            let seed = i32::from_le_bytes(seed).wrapping_abs().max(1);
            v8::V8::set_flags_from_string(&format!("--random-seed={seed}"));
        }
    }

    /// Sends a small program of our own the way that a visitor's will go: what it touches is then in place,
    /// in the zygote for all children, and in a child before its visitor waits. It leaves nothing that a
    /// program could see.
    pub fn warm_up(&mut self) {
        let _entered = self.executor.enter();
        let context = self.runtime.main_context();
        v8::scope_with_context!(scope, self.runtime.v8_isolate(), &context);
        // Compiled when it is first called: here once, or in each child.
        let receiver = v8::undefined(scope).into();
        v8::Local::new(scope, &self.start_clock).call(scope, receiver, &[]);
        let files = Files::new(Submission::of_source(WARM_UP.into(), Language::Javascript, Mode::Auto));
        let Some(program) = files.program(files.entry()) else { return };
        let origin = origin(scope, WARM_UP_NAME, false);
        let Some(source) = v8::String::new(scope, program.text.changed()) else { return };
        let Some(script) = v8::Script::compile(scope, source, Some(&origin)) else { return };
        let Some(value) = script.run(scope) else { return };
        let frames = UserFrames::of_script(WARM_UP_NAME);
        let mut console = Console::new(frames, Instant::now(), 1 << 16);
        let text = v8::String::empty(scope).into();
        let event = console.call(scope, Method::Log, &[text, value]);
        drop(serde_json::to_vec(&event));
    }

    /// Runs `test` in the realm that a program would get.
    #[cfg(test)]
    pub fn with_realm(&mut self, test: impl for<'s, 'i> FnOnce(&mut v8::PinScope<'s, 'i>)) {
        let _entered = self.executor.enter();
        let context = self.runtime.main_context();
        v8::scope_with_context!(scope, self.runtime.v8_isolate(), &context);
        test(scope);
    }

    /// A handle that other threads can interrupt the isolate with.
    pub fn handle(&mut self) -> v8::IsolateHandle {
        self.runtime.v8_isolate().thread_safe_handle()
    }

    /// Runs a program to its end. A template is for one program.
    pub fn run(&mut self, link: &Arc<Link>, spec: RunSpec) -> Ended {
        let start = Instant::now();
        exhaustion::watch();
        memory::limit_buffers(link.limits().buffer_bytes);
        let message_bytes = usize::try_from(spec.message_bytes).unwrap_or(usize::MAX);
        let RunSpec { program: submission, input, fetches, modules, prompts, stdin, is_attended, .. } = spec;
        let lines = if spec.repl { submission.source().lines().count() } else { 0 };
        let (mode, export) = (submission.mode, submission.export.clone());
        let files = Rc::new(Files::new(submission));
        let context = self.runtime.main_context();
        let isolate: &mut v8::Isolate = self.runtime.v8_isolate();
        let visit =
            Visit::enter(isolate, context.clone(), link.clone(), &files, modules, message_bytes, start);
        heap::guard(isolate, link);
        let repl =
            spec.repl.then(|| Repl::new(visit.clone(), files.name(files.entry()), lines, message_bytes));
        let prompts = Prompts::new(visit.clone(), prompts, stdin, is_attended);
        isolate.set_slot(prompts.clone());
        isolate.set_slot(DisplayBytes(usize::try_from(spec.display_bytes).unwrap_or(usize::MAX)));

        {
            let state = self.runtime.op_state();
            let mut state = state.borrow_mut();
            state.put(deno_web::StartTime::default());
            let gateway = Gateway::new(link.clone(), visit.clone(), fetches);
            state.put::<Rc<dyn Network>>(Rc::new(gateway));
            state.put::<Box<dyn Lines>>(Box::new(prompts));
        }
        let _entered = self.executor.enter();
        let started = {
            v8::scope_with_context!(scope, self.runtime.v8_isolate(), &context);
            let receiver = v8::undefined(scope).into();
            v8::Local::new(scope, &self.start_clock).call(scope, receiver, &[]);
            if let Some(input) = input.as_ref().filter(|_| mode != Mode::Function) {
                define_input(scope, input);
            }
            evaluate(scope, &visit)
        };
        drop(_entered);
        let repl = repl.as_ref();
        if let (Some(repl), Ok(Started::Module { module, .. })) = (repl, &started) {
            repl.enter(module.clone());
        }
        let result = started.and_then(|started| {
            if mode != Mode::Function {
                return self.settle(&visit, started, Until::Idle, repl);
            }
            let started = self.settle(&visit, started, Until::Evaluated, repl)?;
            let called = {
                let _entered = self.executor.enter();
                v8::scope_with_context!(scope, self.runtime.v8_isolate(), &context);
                started.result(scope, &visit)?;
                let exports = started.exports(scope, &visit)?;
                function::call(scope, &visit, exports, export.as_deref(), input.as_deref())?
            };
            self.settle(&visit, Started::Function(called), Until::Idle, repl)
        });
        let ended = self.conclude(&visit, result, message_bytes);
        let ended = match repl {
            Some(repl) if matches!(ended.ending, Ending::Completed | Ending::Failed) => {
                self.stay(&visit, repl, ended)
            }
            _ => ended,
        };
        link.note_heap(self.runtime.v8_isolate().get_heap_statistics().used_heap_size() as u64);
        ended
    }

    /// Runs the event loop until nothing is left to do, or no more than `until`.
    fn settle(
        &mut self,
        visit: &Visit,
        started: Started,
        until: Until,
        repl: Option<&Repl>,
    ) -> Result<Started, RunError> {
        let Self { executor, runtime, platform, .. } = self;
        let context = runtime.main_context();
        let finished: Result<(), RunError> = executor.block_on(async {
            tokio::select! {
                biased;
                () = visit.link.wake.notified() => Ok(()),
                result = poll_fn(|cx| loop {
                    let polled = runtime.poll_event_loop(cx, PollEventLoopOptions::default());
                    if visit.link.ending().is_some() {
                        return Poll::Ready(Ok(()));
                    }
                    if let Some(error) = visit.take_uncaught() {
                        return Poll::Ready(Err(error));
                    }
                    {
                        v8::scope_with_context!(scope, runtime.v8_isolate(), &context);
                        if let Some(repl) = repl {
                            while let Some(error) = visit.take_stray(scope) {
                                repl.show(scope, &error);
                            }
                        }
                        if let Some(error) = visit.take_rejection(scope, started.promise()) {
                            return Poll::Ready(Err(error));
                        }
                        if repl.is_some_and(|repl| repl.poll(scope, cx)) {
                            continue;
                        }
                        if until == Until::Evaluated && started.is_evaluated(scope) {
                            return Poll::Ready(Ok(()));
                        }
                    }
                    // V8's own tasks: WebAssembly that compiles, finalizers.
                    let mut ran_task = false;
                    while v8::Platform::pump_message_loop(platform, runtime.v8_isolate(), false) {
                        ran_task = true;
                    }
                    return match polled {
                        _ if ran_task => continue,
                        Poll::Pending => Poll::Pending,
                        Poll::Ready(Ok(())) => Poll::Ready(Ok(())),
                        Poll::Ready(Err(error)) => Poll::Ready(Err(internal(&error.to_string()))),
                    };
                }) => result,
            }
        });
        finished.and_then(|()| match visit.take_uncaught() {
            Some(error) => Err(error),
            None => Ok(started),
        })
    }

    /// Tells how the program has ended, and stays for evaluations until it is told to go. What nobody catches from now
    /// on ends nothing.
    fn stay(&mut self, visit: &Visit, repl: &Repl, Ended { ending, value, returned, error }: Ended) -> Ended {
        visit.link.note_heap(self.runtime.v8_isolate().get_heap_statistics().used_heap_size() as u64);
        visit.link.paused(ending, value, returned, error);
        repl.paused();
        let Self { executor, runtime, platform, .. } = self;
        // An error that nobody caught has ended the program by this.
        runtime.v8_isolate().cancel_terminate_execution();
        let context = runtime.main_context();
        executor.block_on(async {
            tokio::select! {
                biased;
                () = over(visit) => {}
                () = poll_fn(|cx| loop {
                    let polled = runtime.poll_event_loop(cx, PollEventLoopOptions::default());
                    if visit.link.ending().is_some() {
                        return Poll::Ready(());
                    }
                    let mut has_done = false;
                    {
                        v8::scope_with_context!(scope, runtime.v8_isolate(), &context);
                        while let Some(error) = visit
                            .take_uncaught()
                            .or_else(|| visit.take_stray(scope))
                            .or_else(|| visit.take_rejection(scope, None))
                        {
                            repl.uncaught(scope, &error);
                            has_done = true;
                        }
                        has_done |= repl.poll(scope, cx);
                    }
                    while v8::Platform::pump_message_loop(platform, runtime.v8_isolate(), false) {
                        has_done = true;
                    }
                    if has_done {
                        continue;
                    }
                    if polled.is_ready() {
                        repl.rest();
                    }
                    return Poll::Pending;
                }) => {}
            }
        });
        let ending = visit.link.ending().unwrap_or(Ending::Stopped);
        Ended { ending, value: None, returned: None, error: None }
    }

    /// What is to be reported.
    fn conclude(&mut self, visit: &Visit, result: Result<Started, RunError>, message_bytes: usize) -> Ended {
        if let Some(ending) = visit.link.ending() {
            return Ended { ending, value: None, returned: None, error: None };
        }
        let error = match result {
            Ok(started) => {
                let context = self.runtime.main_context();
                v8::scope_with_context!(scope, self.runtime.v8_isolate(), &context);
                match started.result(scope, visit) {
                    Ok(result) => {
                        let value = result.and_then(|value| report_value(scope, visit, value, message_bytes));
                        let is_function = matches!(started, Started::Function(_));
                        let returned = result.filter(|_| is_function).map(|result| {
                            let told = value.as_ref().map_or(0, |value| value.get().len() as u64);
                            returned::copy(scope, result, visit.link.output_left().saturating_sub(told))
                        });
                        return Ended { ending: Ending::Completed, value, returned, error: None };
                    }
                    Err(error) => error,
                }
            }
            Err(error) => error,
        };
        let ending = if errors::is_refused_buffer(&error) { Ending::MemoryExceeded } else { Ending::Failed };
        Ended { ending, value: None, returned: None, error: Some(error) }
    }
}

/// A program that was evaluated, as far as that goes without the event loop.
enum Started {
    /// A script, with its completion value.
    Script(v8::Global<v8::Value>),
    /// A module, with the promise of its evaluation.
    Module { module: v8::Global<v8::Module>, evaluated: v8::Global<v8::Promise>, exports_result: bool },
    /// CommonJS: its `module`, the first `module.exports`, and the value of its last expression.
    CommonJs {
        module: v8::Global<v8::Object>,
        exports: v8::Global<v8::Object>,
        returned: v8::Global<v8::Value>,
    },
    /// A function that was called, with the promise of what it returns.
    Function(v8::Global<v8::Promise>),
}

/// How long the event loop runs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Until {
    /// Until the program's top level is done.
    Evaluated,
    /// Until nothing is left to do.
    Idle,
}

/// Waits until the program must end. The main thread is also woken for less.
async fn over(visit: &Visit) {
    while visit.link.ending().is_none() {
        visit.link.wake.notified().await;
    }
}

pub(super) fn internal(message: &str) -> RunError {
    RunError::new("Error", message)
}

/// The global `input`: a value of the program's own, made from the request's JSON.
fn define_input(scope: &mut v8::PinScope<'_, '_>, input: &RawValue) {
    let Some(json) = v8::String::new(scope, input.get()) else { return };
    let Some(value) = v8::json::parse(scope, json) else { return };
    let Some(key) = v8::String::new(scope, "input") else { return };
    let global = scope.get_current_context().global(scope);
    global.create_data_property(scope, key.into(), value);
}

pub(super) fn origin<'s>(scope: &mut v8::PinScope<'s, '_>, name: &str, module: bool) -> v8::ScriptOrigin<'s> {
    let name = v8::String::new(scope, name).map_or_else(|| v8::undefined(scope).into(), Into::into);
    v8::ScriptOrigin::new(scope, name, 0, 0, false, -1, None, false, false, module, None)
}

/// Compiles and evaluates; microtasks and timers are left to the event loop.
fn evaluate<'s>(scope: &mut v8::PinScope<'s, '_>, visit: &Visit) -> Result<Started, RunError> {
    let files = &visit.modules.files;
    let name = files.name(files.entry());
    let Some(program) = files.program(files.entry()) else {
        return Err(internal("the entry file is no program"));
    };
    if let Some((message, Point { line, column })) = &program.error {
        let place = StackFrame { line: *line, column: *column, ..StackFrame::default() };
        return Err(RunError { stack: vec![place], ..RunError::new("SyntaxError", message.as_str()) });
    }
    let Some(source) = v8::String::new(scope, program.text.changed()) else {
        return Err(internal("the program is too long for V8"));
    };
    match program.goal {
        Goal::Script => script(scope, visit, name, source),
        Goal::Module => module(scope, visit, program.gives_result),
        Goal::CommonJs => {
            let started = attempt(scope, visit, |scope| {
                let started = modules::start(scope, visit)?;
                Some(Started::CommonJs {
                    module: v8::Global::new(scope, started.module),
                    exports: v8::Global::new(scope, started.exports),
                    returned: v8::Global::new(scope, started.returned),
                })
            })?;
            Ok(started)
        }
        Goal::Unknown => {
            // Our parser did not take it. If V8 takes it as one of the two, so be it; if as neither, the
            // error that is further into the text comes from the grammar that the visitor meant.
            let as_script = compile(scope, visit, name, |scope, origin| {
                let mut source = v8::script_compiler::Source::new(source, Some(origin));
                let (options, reason) = compile_options();
                v8::script_compiler::compile_unbound_script(scope, &mut source, options, reason).map(|_| ())
            });
            let Err(script_error) = as_script else { return script(scope, visit, name, source) };
            let as_module =
                attempt(scope, visit, |scope| modules::make(scope, visit, entry(visit)).map(|_| ()));
            let Err(module_error) = as_module else {
                return module(scope, visit, false);
            };
            let place =
                |error: &RunError| error.stack.first().map_or((0, 0), |frame| (frame.line, frame.column));
            Err(if place(&module_error) > place(&script_error) { module_error } else { script_error })
        }
    }
}

/// The entry file as a module.
fn entry(visit: &Visit) -> Who {
    Who::File(visit.modules.files.entry())
}

pub(super) fn compile_options() -> (v8::script_compiler::CompileOptions, v8::script_compiler::NoCacheReason) {
    (v8::script_compiler::CompileOptions::NoCompileOptions, v8::script_compiler::NoCacheReason::NoReason)
}

/// Does `what` and turns what it throws into an error.
fn compile<'s, T>(
    scope: &mut v8::PinScope<'s, '_>,
    visit: &Visit,
    name: &str,
    what: impl for<'a> FnOnce(&mut v8::PinScope<'s, 'a>, &v8::ScriptOrigin<'s>) -> Option<T>,
) -> Result<T, RunError> {
    let origin = origin(scope, name, false);
    attempt(scope, visit, |scope| what(scope, &origin))
}

/// Does `what` and turns what it throws into an error.
pub(super) fn attempt<'s, T>(
    scope: &mut v8::PinScope<'s, '_>,
    visit: &Visit,
    what: impl for<'a> FnOnce(&mut v8::PinScope<'s, 'a>) -> Option<T>,
) -> Result<T, RunError> {
    v8::tc_scope!(let scope, scope);
    if let Some(done) = what(scope) {
        return Ok(done);
    }
    if let Some(error) = visit.take_uncaught() {
        return Err(error);
    }
    let message = scope.message();
    match scope.exception() {
        Some(exception) if !scope.has_terminated() => {
            Err(errors::from_exception(scope, visit, exception, message))
        }
        _ => Err(internal("the program was terminated")),
    }
}

fn script<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    visit: &Visit,
    name: &str,
    source: v8::Local<'s, v8::String>,
) -> Result<Started, RunError> {
    let origin = origin(scope, name, false);
    let value = attempt(scope, visit, |scope| {
        let script = v8::Script::compile(scope, source, Some(&origin))?;
        visit.link.compiled();
        let value = script.run(scope)?;
        Some(v8::Global::new(scope, value))
    })?;
    Ok(Started::Script(value))
}

fn module<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    visit: &Visit,
    exports_result: bool,
) -> Result<Started, RunError> {
    attempt(scope, visit, |scope| {
        let module = modules::load(scope, visit, entry(visit))?;
        visit.link.compiled();
        let evaluated = modules::evaluate(scope, visit, module)?;
        let evaluated = v8::Global::new(scope, evaluated);
        Some(Started::Module { module: v8::Global::new(scope, module), evaluated, exports_result })
    })
}

impl Started {
    /// The value of the last expression, now that nothing is left to do.
    fn result<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        visit: &Visit,
    ) -> Result<Option<v8::Local<'s, v8::Value>>, RunError> {
        let (module, evaluated, exports_result) = match self {
            Self::Script(value) => return Ok(Some(v8::Local::new(scope, value))),
            Self::Module { module, evaluated, exports_result } => (module, evaluated, *exports_result),
            Self::CommonJs { module, exports, returned } => {
                let module = v8::Local::new(scope, module);
                let first = v8::Local::new(scope, exports);
                let exported = exported(scope, module, first);
                return Ok(Some(exported.unwrap_or_else(|| v8::Local::new(scope, returned))));
            }
            Self::Function(promise) => {
                let promise = v8::Local::new(scope, promise);
                return match promise.state() {
                    v8::PromiseState::Fulfilled => Ok(Some(promise.result(scope))),
                    v8::PromiseState::Rejected => {
                        let reason = promise.result(scope);
                        Err(errors::from_exception(scope, visit, reason, None))
                    }
                    v8::PromiseState::Pending => Err(internal(
                        "the function returned a promise that nothing is left to settle: does it await \
                         something that never comes?",
                    )),
                };
            }
        };
        let module = v8::Local::new(scope, module);
        let evaluated = v8::Local::new(scope, evaluated);
        match evaluated.state() {
            v8::PromiseState::Fulfilled => {}
            v8::PromiseState::Rejected => {
                let reason = evaluated.result(scope);
                return Err(errors::from_exception(scope, visit, reason, None));
            }
            v8::PromiseState::Pending => return Err(stalled(scope, visit, module)),
        }
        // A module that waits for something and says `module.exports`, too.
        if let Some(own) = modules::own_module(scope, visit, visit.modules.files.entry())
            && let Some(exported) = exported_by(scope, own)
        {
            return Ok(Some(exported));
        }
        if !exports_result {
            return Ok(None);
        }
        let namespace = module.get_module_namespace().try_cast::<v8::Object>().ok();
        let key = v8::String::new(scope, RESULT_EXPORT);
        Ok(namespace.zip(key).and_then(|(namespace, key)| namespace.get(scope, key.into())))
    }

    /// The promise that stands for the program itself.
    fn promise(&self) -> Option<&v8::Global<v8::Promise>> {
        match self {
            Self::Module { evaluated, .. } => Some(evaluated),
            Self::Function(promise) => Some(promise),
            Self::Script(_) | Self::CommonJs { .. } => None,
        }
    }

    /// Whether the program's top level is done.
    fn is_evaluated(&self, scope: &mut v8::PinScope<'_, '_>) -> bool {
        match self {
            Self::Module { evaluated, .. } => {
                v8::Local::new(scope, evaluated).state() != v8::PromiseState::Pending
            }
            Self::Script(_) | Self::CommonJs { .. } | Self::Function(_) => true,
        }
    }

    /// What the program exports: `module.exports`, or a module's namespace.
    fn exports<'s>(&self, scope: &mut v8::PinScope<'s, '_>, visit: &Visit) -> Result<Exports<'s>, RunError> {
        let own = match self {
            Self::CommonJs { module, .. } => Some(v8::Local::new(scope, module)),
            Self::Module { .. } => modules::own_module(scope, visit, visit.modules.files.entry())
                .filter(|own| exported_by(scope, *own).is_some()),
            Self::Script(_) | Self::Function(_) => None,
        };
        if let Some(module) = own {
            let exports = attempt(scope, visit, |scope| {
                let key = v8::String::new(scope, "exports")?;
                module.get(scope, key.into()).map(|exports| v8::Global::new(scope, exports))
            })?;
            return Ok(Exports::CommonJs(v8::Local::new(scope, exports)));
        }
        match self {
            Self::Module { module, .. } => {
                Ok(Exports::Module(v8::Local::new(scope, module).get_module_namespace()))
            }
            _ => Err(internal("a script exports nothing")),
        }
    }
}

/// `module.exports`, if the program set it or put something into it. Runs no code of the program's.
fn exported<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    module: v8::Local<'s, v8::Object>,
    first: v8::Local<'s, v8::Object>,
) -> Option<v8::Local<'s, v8::Value>> {
    let key = name(scope, "exports");
    let exports = Reader::new(scope).own_data(scope, module, key)?;
    if exports != v8::Local::<v8::Value>::from(first) || has_members(scope, first) {
        return Some(exports);
    }
    None
}

/// The same where the first `module.exports` is not known: what is no empty object was set.
fn exported_by<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    module: v8::Local<'s, v8::Object>,
) -> Option<v8::Local<'s, v8::Value>> {
    let key = name(scope, "exports");
    let exports = Reader::new(scope).own_data(scope, module, key)?;
    match exports.try_cast::<v8::Object>() {
        Ok(object) if !object.is_function() && !object.is_proxy() && !has_members(scope, object) => None,
        _ => Some(exports),
    }
}

fn has_members(scope: &mut v8::PinScope<'_, '_>, object: v8::Local<v8::Object>) -> bool {
    let mut budget = Budget::new(0);
    keys(scope, object, Keys::All, &mut budget).is_some_and(|keys| keys.length() > 0)
}

/// A module that awaits what can't come any more.
fn stalled(scope: &mut v8::PinScope<'_, '_>, visit: &Visit, module: v8::Local<v8::Module>) -> RunError {
    let message =
        "the program waits at a top-level await for a promise that nothing is left to settle".to_owned();
    let mut error = RunError::new("Error", message);
    if let Some((_, message)) = module.get_stalled_top_level_await_message(scope).first()
        && let Some(place) = errors::place(scope, visit, *message)
    {
        error.stack.push(place);
    }
    error
}

/// The result as the wire has it; nothing for `undefined`.
fn report_value<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    visit: &Visit,
    value: v8::Local<'s, v8::Value>,
    message_bytes: usize,
) -> Option<Box<RawValue>> {
    let mut budget = Budget::new(message_bytes);
    match inspect(scope, value, &InspectLimits::default(), &mut budget, &visit.frames) {
        Value::Undefined => None,
        value => serde_json::value::to_raw_value(&value).ok(),
    }
}
