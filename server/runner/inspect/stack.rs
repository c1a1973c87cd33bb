//! Call stacks, in the visitor's own lines.
//!
//! An error's `stack` property is never read: a program can put an accessor there, or an
//! `Error.prepareStackTrace` behind it. V8 keeps the frames themselves with the error, from the moment it was
//! made, if the isolate was told to (`set_capture_stack_trace_for_uncaught_exceptions`, as `deno_core` does);
//! `Exception::get_stack_trace` hands them over whatever the program did to the property.

use std::cell::RefCell;
use std::rc::Rc;

use deno_core::v8;

use super::{awaits, primitive};
use crate::protocol::bounds;
use crate::protocol::value::StackFrame;

/// The most frames of a stack that are shown.
pub const MAX_FRAMES: usize = bounds::FRAMES;
/// The longest function name in a frame, in UTF-16 units.
pub(super) const FUNCTION_UNITS: usize = 100;
/// Names of scripts are compared up to this length, in UTF-16 units.
pub(super) const SCRIPT_UNITS: usize = 1_000;

/// A place in the visitor's text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The file, where that is not the entry file.
    pub file: Option<String>,
    /// Line, counted from 1; 0 for no place.
    pub line: u32,
    /// Column, counted from 1 in UTF-16 units; 0 for no place.
    pub column: u32,
}

impl Place {
    /// A frame of the function of that name.
    pub fn frame(self, function: String) -> StackFrame {
        let Self { file, line, column } = self;
        StackFrame { function, line, column, file, is_async: false }
    }
}

impl From<StackFrame> for Place {
    fn from(StackFrame { function: _, line, column, file, is_async: _ }: StackFrame) -> Self {
        Self { file, line, column }
    }
}

/// Turns a script's name and V8's line and column (both from 1) into the visitor's place.
type Locate = Rc<dyn Fn(&str, u32, u32) -> Option<Place>>;

/// What of a call stack is the visitor's. Cheap to clone.
#[derive(Clone)]
pub struct UserFrames {
    locate: Locate,
    last: Rc<RefCell<Option<Found>>>,
}

/// A place that was found last: a loop asks for the same one again and again.
struct Found {
    /// V8's number of the script, which has one name for good, line and column.
    at: (usize, usize, usize),
    place: Place,
}

impl UserFrames {
    /// Frames for which `locate` gives a place, from their script's name and V8's line and column, both counted
    /// from 1. The name is the one the script was compiled with, so a `//# sourceURL` can't fake it; code from
    /// `eval` has none.
    pub fn new(locate: impl Fn(&str, u32, u32) -> Option<Place> + 'static) -> Self {
        Self { locate: Rc::new(locate), last: Rc::default() }
    }

    /// Frames of the one script of that name, whose text is as the visitor wrote it.
    pub fn of_script(name: &'static str) -> Self {
        Self::new(move |script, line, column| (script == name).then_some(Place { file: None, line, column }))
    }

    /// The place in the visitor's text for V8's, if the script is the visitor's.
    pub fn locate(&self, script: &str, line: u32, column: u32) -> Option<Place> {
        (self.locate)(script, line, column)
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
                let (line, column) = (frame.get_line_number() as u32, frame.get_column() as u32);
                let place = self.locate(&script, line, column)?;
                let function = frame.get_function_name(scope);
                let function = function.map(|name| primitive::string(scope, name, FUNCTION_UNITS));
                Some(place.frame(function.unwrap_or_default()))
            })
            .take(max)
            .collect()
    }

    /// The visitor's frames from where an error was made, and behind them those of the functions that await the ones
    /// before; none when V8 kept none.
    pub fn of_error<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        error: v8::Local<'s, v8::Value>,
        max: usize,
    ) -> Vec<StackFrame> {
        let Some(stack) = v8::Exception::get_stack_trace(scope, error) else { return Vec::new() };
        let mut frames = self.of_stack(scope, stack, max);
        self.add_awaiting(scope, error, max, &mut frames);
        frames
    }

    fn add_awaiting<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        error: v8::Local<'s, v8::Value>,
        max: usize,
        frames: &mut Vec<StackFrame>,
    ) {
        if frames.len() >= max {
            return;
        }
        for site in awaits::of_error(scope, error) {
            let awaits::Site { function, script, line, column } = site;
            let Some(place) = self.locate(&script, line, column) else { continue };
            if frames.len() < max {
                frames.push(StackFrame { is_async: true, ..place.frame(function) });
            }
        }
    }

    /// The visitor's innermost frame, if it is among the innermost `depth` ones; else zeros.
    pub fn position<'s>(&self, scope: &v8::PinScope<'s, '_>, depth: usize) -> Place {
        // Mostly the innermost one is the visitor's, and V8 takes as long as it has frames to look at.
        [1, depth].into_iter().find_map(|depth| self.innermost(scope, depth)).unwrap_or_default()
    }

    fn innermost(&self, scope: &v8::PinScope<'_, '_>, depth: usize) -> Option<Place> {
        let stack = v8::StackTrace::current_stack_trace(scope, depth)?;
        (0..stack.get_frame_count()).filter_map(|index| stack.get_frame(scope, index)).find_map(|frame| {
            let at = (frame.get_script_id(), frame.get_line_number(), frame.get_column());
            let mut last = self.last.borrow_mut();
            if let Some(found) = last.as_ref().filter(|found| found.at == at) {
                return Some(found.place.clone());
            }
            let script = primitive::string(scope, frame.get_script_name(scope)?, SCRIPT_UNITS);
            let place = self.locate(&script, at.1 as u32, at.2 as u32)?;
            *last = Some(Found { at, place: place.clone() });
            Some(place)
        })
    }

    /// The visitor's frames of the running code and of those that await it, innermost first.
    pub fn traced<'s>(&self, scope: &mut v8::PinScope<'s, '_>, max: usize) -> Vec<StackFrame> {
        let mut frames = self.current(scope, max);
        // V8 tells who awaits of an error only.
        let error = v8::Exception::error(scope, v8::String::empty(scope));
        self.add_awaiting(scope, error, max, &mut frames);
        frames
    }

    /// The visitor's frames of the running code, innermost first.
    pub fn current<'s>(&self, scope: &v8::PinScope<'s, '_>, max: usize) -> Vec<StackFrame> {
        match v8::StackTrace::current_stack_trace(scope, MAX_FRAMES) {
            Some(stack) => self.of_stack(scope, stack, max),
            None => Vec::new(),
        }
    }
}
