//! `import()`. V8 must not be asked to evaluate a module while it evaluates another, so an import begins in a
//! microtask of its own, as the standard has it.

use deno_core::v8;

use super::super::visit::Visit;
use super::{Kind, Who, attributes, evaluate, load, target, throw};
use crate::protocol::value::StackFrame;

/// How many frames are kept of where an import was asked for.
const FRAMES: usize = 10;

/// An import under way.
pub struct Import {
    resolver: v8::Global<v8::PromiseResolver>,
    state: State,
}

enum State {
    /// It has not begun.
    Asked { script: String, specifier: String, attributes: Vec<(String, String)>, stack: Vec<StackFrame> },
    /// Its module is being evaluated.
    Evaluates(v8::Global<v8::Module>),
}

pub fn import<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    _: v8::Local<'s, v8::Data>,
    script: v8::Local<'s, v8::Value>,
    specifier: v8::Local<'s, v8::String>,
    with: v8::Local<'s, v8::FixedArray>,
) -> Option<v8::Local<'s, v8::Promise>> {
    let visit = Visit::of(scope)?;
    let resolver = v8::PromiseResolver::new(scope)?;
    let promise = resolver.get_promise(scope);
    let script = script.try_cast::<v8::String>().map(|name| name.to_rust_string_lossy(scope));
    let import = Import {
        resolver: v8::Global::new(scope, resolver),
        state: State::Asked {
            script: script.unwrap_or_default(),
            specifier: specifier.to_rust_string_lossy(scope),
            attributes: attributes(scope, with, 2),
            stack: visit.frames.current(scope, FRAMES),
        },
    };
    let number = {
        let mut state = visit.modules.state.borrow_mut();
        let number = state.next_import;
        state.next_import = number.wrapping_add(1);
        state.imports.insert(number, import);
        number
    };
    let begin = callback(scope, number, begin)?;
    scope.enqueue_microtask(begin);
    Some(promise)
}

pub fn import_with_phase<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    options: v8::Local<'s, v8::Data>,
    script: v8::Local<'s, v8::Value>,
    specifier: v8::Local<'s, v8::String>,
    phase: v8::ModuleImportPhase,
    with: v8::Local<'s, v8::FixedArray>,
) -> Option<v8::Local<'s, v8::Promise>> {
    if phase == v8::ModuleImportPhase::kEvaluation {
        return import(scope, options, script, specifier, with);
    }
    let visit = Visit::of(scope)?;
    let message = "`import source` and `import defer` are not available in this sandbox";
    throw(scope, &visit, Kind::Type, message, None);
    None
}

/// A function that knows the number of an import.
fn callback<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    number: u32,
    callback: impl v8::MapFnTo<v8::FunctionCallback>,
) -> Option<v8::Local<'s, v8::Function>> {
    let number = v8::Integer::new_from_unsigned(scope, number);
    v8::Function::builder(callback).data(number.into()).build(scope)
}

/// The import that a callback is about.
fn take(visit: &Visit, args: &v8::FunctionCallbackArguments<'_>) -> Option<(u32, Import)> {
    let number = args.data().try_cast::<v8::Uint32>().ok()?.value();
    Some((number, visit.modules.state.borrow_mut().imports.remove(&number)?))
}

/// Loads and evaluates what was asked for.
fn begin<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    args: v8::FunctionCallbackArguments<'s>,
    _: v8::ReturnValue<'s, v8::Value>,
) {
    let Some(visit) = Visit::of(scope) else { return };
    let Some((number, import)) = take(&visit, &args) else { return };
    let State::Asked { script, specifier, attributes, stack } = import.state else { return };
    let resolver = v8::Local::new(scope, &import.resolver);
    v8::tc_scope!(let scope, scope);
    // Code from `eval` has no name, and is taken for the entry file's.
    let file = visit.modules.files.find(&script).unwrap_or(visit.modules.files.entry());
    let evaluated = match target(&visit, Who::File(file), &specifier, stack.first(), &attributes, true) {
        Ok(who) => {
            load(scope, &visit, who).and_then(|module| Some((module, evaluate(scope, &visit, module)?)))
        }
        Err(message) => {
            throw(scope, &visit, Kind::Type, &message, Some(stack));
            None
        }
    };
    if let Some((module, promise)) = evaluated {
        let state = State::Evaluates(v8::Global::new(scope, module));
        let import = Import { resolver: import.resolver, state };
        visit.modules.state.borrow_mut().imports.insert(number, import);
        let done = callback(scope, number, fulfilled).zip(callback(scope, number, rejected));
        if let Some((fulfilled, rejected)) = done {
            promise.then2(scope, fulfilled, rejected);
        }
    } else if let Some(reason) = scope.exception()
        && !scope.has_terminated()
    {
        scope.reset();
        resolver.reject(scope, reason);
    }
    if scope.has_terminated() {
        scope.terminate_execution();
    }
}

fn fulfilled<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    args: v8::FunctionCallbackArguments<'s>,
    _: v8::ReturnValue<'s, v8::Value>,
) {
    let Some(visit) = Visit::of(scope) else { return };
    if let Some((_, Import { resolver, state: State::Evaluates(module) })) = take(&visit, &args) {
        let (resolver, module) = (v8::Local::new(scope, resolver), v8::Local::new(scope, module));
        resolver.resolve(scope, module.get_module_namespace());
    }
}

fn rejected<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    args: v8::FunctionCallbackArguments<'s>,
    _: v8::ReturnValue<'s, v8::Value>,
) {
    let Some(visit) = Visit::of(scope) else { return };
    if let Some((_, import)) = take(&visit, &args) {
        let resolver = v8::Local::new(scope, import.resolver);
        resolver.reject(scope, args.get(0));
    }
}
