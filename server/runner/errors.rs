//! From what a program threw to what its visitor is told. Runs none of the program's code: see [`inspect`].

use deno_core::v8;

use super::inspect::{
    Budget, InspectLimits, MAX_FRAMES, error_cause, had_global, inspect, inspect_error, line,
};
use super::visit::Visit;
use super::{absent, memory};
use crate::protocol::browser::RunError;
use crate::protocol::value::StackFrame;

/// The longest message of an error, in UTF-16 units.
const MESSAGE_UNITS: usize = 4_096;

/// The most that an error's cause takes, in bytes of JSON.
const CAUSE_BYTES: usize = 8 << 10;

/// The error that `exception` stands for. `message` is V8's, where it made one: it knows the position of what
/// is no `Error`, and of syntax errors.
pub fn from_exception<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    visit: &Visit,
    exception: v8::Local<'s, v8::Value>,
    message: Option<v8::Local<'s, v8::Message>>,
) -> RunError {
    let mut error = match inspect_error(scope, exception, MESSAGE_UNITS, &visit.frames) {
        Some(error) => {
            let cause = error_cause(scope, exception, CAUSE_BYTES, &visit.frames).map(Box::new);
            RunError {
                name: error.name,
                message: error.message,
                stack: error.stack,
                cause,
                in_promise: false,
            }
        }
        None => {
            let mut budget = Budget::new(4 * MESSAGE_UNITS);
            let limits = InspectLimits { depth: 2, ..InspectLimits::default() };
            let value = inspect(scope, exception, &limits, &mut budget, &visit.frames);
            RunError::new("Uncaught", line(&value))
        }
    };
    if let Some(explained) = absent::explain(&error.name, &error.message, |name| had_global(scope, name)) {
        error.message = explained;
    }
    if let Some(stack) = visit.place_of(scope, exception) {
        error.stack = stack;
        return error;
    }
    let syntax_error = error.name == "SyntaxError" && exception.is_native_error();
    // Where a text does not parse is known to its error, however it comes here.
    let message = message.or_else(|| syntax_error.then(|| v8::Exception::create_message(scope, exception)));
    if let Some(message) = message
        && (error.stack.is_empty() || syntax_error)
    {
        let stack = message.get_stack_trace(scope);
        let stack = stack.map(|stack| visit.frames.of_stack(scope, stack, MAX_FRAMES));
        let place = place(scope, visit, message);
        // A syntax error's stack is where the parser was called from; its place is the message's.
        error.stack = match place {
            Some(place) if syntax_error => std::iter::once(place).collect(),
            place => stack.filter(|stack| !stack.is_empty()).unwrap_or_else(|| place.into_iter().collect()),
        };
    }
    error
}

/// Where `message` points to, if that is in the program.
pub fn place(
    scope: &mut v8::PinScope<'_, '_>,
    visit: &Visit,
    message: v8::Local<v8::Message>,
) -> Option<StackFrame> {
    let script = message.get_script_resource_name(scope)?.try_cast::<v8::String>().ok()?;
    let script = script.to_rust_string_lossy(scope);
    let line = u32::try_from(message.get_line_number(scope)?).ok()?;
    // The message counts columns from 0.
    let column = u32::try_from(message.get_start_column()).ok()?.checked_add(1)?;
    Some(visit.frames.locate(&script, line, column)?.frame(String::new()))
}

/// Whether `error` is what V8 throws when a program asks for more than its buffers may hold.
pub fn is_refused_buffer(error: &RunError) -> bool {
    error.name == "RangeError"
        && match error.message.as_str() {
            "Array buffer allocation failed" => memory::buffer_refusals() > 0,
            "WebAssembly.Memory(): could not allocate memory" => true,
            _ => false,
        }
}

/// The visitor's frames at the place where an isolate was interrupted.
pub fn current_stack(isolate: &mut v8::Isolate) -> Vec<StackFrame> {
    let Some(visit) = Visit::of(isolate) else { return Vec::new() };
    let context = visit.context.clone();
    v8::scope_with_context!(scope, isolate, &context);
    visit.frames.current(scope, 10)
}
