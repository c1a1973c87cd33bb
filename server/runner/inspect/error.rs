//! What errors say: without reading `stack`, and with nothing behind an accessor.

use deno_core::v8;

use super::kinds::{CLASS_UNITS, class};
use super::own::{self, Keys, Own, Reader, Slot};
use super::size::text_len;
use super::walk::Walk;
use super::{platform, primitive};
use crate::protocol::value::{ErrorValue, ObjectValue, StackFrame};

/// `"error":{"name":"","message":"","stack":[],"cause":}`
const ERROR: usize = 60;
/// `{"function":"","line":…,"column":…,"file":""},`
pub(in crate::runner) const FRAME: usize = 80;

/// `name` and `message` of an error, from data properties or, if it is a `DOMException`, its hidden state; each
/// cut to `max_units`.
pub(super) fn name_and_message<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    reader: &Reader<'s>,
    error: v8::Local<'s, v8::Object>,
    max_units: usize,
) -> (String, String) {
    let mut text = |key: &str| {
        let name = own::name(scope, key);
        let text = match reader.data(scope, error, name) {
            Some(text) => text,
            None => platform::slot(scope, reader, error, key)?,
        };
        Some(primitive::string(scope, text.try_cast::<v8::String>().ok()?, max_units))
    };
    let (name, message) = (text("name"), text("message").unwrap_or_default());
    let name = name.or_else(|| class(scope, error)).unwrap_or_else(|| "Error".to_owned());
    (name, message)
}

/// The length of a frame as JSON, rounded up, in bytes.
pub(in crate::runner) fn frame_len(frame: &StackFrame) -> usize {
    FRAME + text_len(&frame.function) + frame.file.as_ref().map_or(0, String::len)
}

/// Fills in what an error says and what else it holds. Members stand at `depth`.
pub(super) fn members<'s>(
    walk: &mut Walk<'s, '_>,
    scope: &mut v8::PinScope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
    node: &mut ObjectValue,
    depth: u32,
) {
    let mut told = false;
    if walk.budget.charge(ERROR) {
        let units = if depth == 1 { walk.limits.top_units } else { walk.limits.inner_units };
        let (name, message) = name_and_message(scope, &walk.reader, object, units);
        let (name, message) = (walk.text(name, CLASS_UNITS), walk.text(message, units));
        let stack = walk.frames.of_error(scope, object.into(), super::MAX_FRAMES);
        let stack = stack.into_iter().take_while(|frame| walk.budget.charge(frame_len(frame))).collect();
        let key = own::name(scope, "cause");
        let cause =
            walk.reader.own_data(scope, object, key).and_then(|cause| walk.value(scope, cause, depth));
        node.error = Some(ErrorValue { name, message, stack, cause });
        told = true;
    }
    // What `error` has said already; `stack` always, for it is V8's text of the same frames.
    let skip = |key: &str, own: &Own<'s>| {
        key == "stack"
            || told && matches!(own.slot, Slot::Data(_)) && matches!(key, "name" | "message" | "cause")
    };
    platform::members(walk, scope, object, node, depth);
    walk.properties(scope, object, node, Keys::All, depth, skip);
}
