//! Call stacks, in the visitor's own lines.
//!
//! An error's `stack` property is never read: a program can put an accessor there, or an
//! `Error.prepareStackTrace` behind it. V8 keeps the frames themselves with the error, from the moment it was
//! made, if the isolate was told to (`set_capture_stack_trace_for_uncaught_exceptions`, as `deno_core` does);
//! `Exception::get_stack_trace` hands them over whatever the program did to the property.

use std::rc::Rc;

use deno_core::v8;

use super::primitive;
use crate::protocol::value::StackFrame;

/// The most frames of a stack that are shown.
pub const MAX_FRAMES: usize = 50;
/// The longest function name in a frame, in UTF-16 units.
const FUNCTION_UNITS: usize = 100;
/// Names of scripts are compared up to this length, in UTF-16 units.
const SCRIPT_UNITS: usize = 1_000;

/// Tells a visitor's script from the runner's own, by its name.
type IsUserScript = Rc<dyn Fn(&str) -> bool>;
/// Turns V8's line and column (both from 1) into the visitor's.
type Position = Rc<dyn Fn(u32, u32) -> (u32, u32)>;

/// What of a call stack is the visitor's. Cheap to clone.
#[derive(Clone)]
pub struct UserFrames {
    is_user_script: IsUserScript,
    position: Position,
}

impl UserFrames {
    /// Frames whose script's name satisfies `is_user_script`. The name is the one the script was compiled
    /// with, so a `//# sourceURL` can't fake it; code from `eval` has none. `position` maps V8's line and
    /// column, both counted from 1, to those in the visitor's text.
    pub fn new(
        is_user_script: impl Fn(&str) -> bool + 'static,
        position: impl Fn(u32, u32) -> (u32, u32) + 'static,
    ) -> Self {
        Self { is_user_script: Rc::new(is_user_script), position: Rc::new(position) }
    }

    /// The position in the visitor's text for V8's, both counted from 1.
    pub fn original(&self, line: u32, column: u32) -> (u32, u32) {
        (self.position)(line, column)
    }

    /// The visitor's frames of `stack`, innermost first, no more than `max`.
    pub fn of_stack<'s>(
        &self,
        scope: &v8::PinScope<'s, '_>,
        stack: v8::Local<v8::StackTrace>,
        max: usize,
    ) -> Vec<StackFrame> {
        (0..stack.get_frame_count())
            .filter_map(|index| stack.get_frame(scope, index))
            .filter_map(|frame| {
                let script = primitive::string(scope, frame.get_script_name(scope)?, SCRIPT_UNITS);
                if !(self.is_user_script)(&script) {
                    return None;
                }
                let (line, column) = (frame.get_line_number() as u32, frame.get_column() as u32);
                let (line, column) = (self.position)(line, column);
                let function = frame.get_function_name(scope);
                let function = function.map(|name| primitive::string(scope, name, FUNCTION_UNITS));
                Some(StackFrame { function: function.unwrap_or_default(), line, column })
            })
            .take(max)
            .collect()
    }

    /// The visitor's frames from where an error was made; none when V8 kept none.
    pub fn of_error<'s>(
        &self,
        scope: &v8::PinScope<'s, '_>,
        error: v8::Local<v8::Value>,
        max: usize,
    ) -> Vec<StackFrame> {
        match v8::Exception::get_stack_trace(scope, error) {
            Some(stack) => self.of_stack(scope, stack, max),
            None => Vec::new(),
        }
    }

    /// Line and column of the visitor's innermost frame, if it is among the innermost `depth` ones; else zeros.
    pub fn position<'s>(&self, scope: &v8::PinScope<'s, '_>, depth: usize) -> (u32, u32) {
        let stack = v8::StackTrace::current_stack_trace(scope, depth);
        let frames = stack.map(|stack| self.of_stack(scope, stack, 1)).unwrap_or_default();
        frames.first().map_or((0, 0), |frame| (frame.line, frame.column))
    }

    /// The visitor's frames of the running code, innermost first.
    pub fn current<'s>(&self, scope: &v8::PinScope<'s, '_>, max: usize) -> Vec<StackFrame> {
        match v8::StackTrace::current_stack_trace(scope, MAX_FRAMES) {
            Some(stack) => self.of_stack(scope, stack, max),
            None => Vec::new(),
        }
    }
}
