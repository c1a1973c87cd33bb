//! Values as bounded trees ([`crate::protocol::value`]), without running a line of the program's code.
//!
//! The program is hostile: it may have replaced every method of every prototype, put accessors wherever a
//! property is looked for, and handed over proxies. So all of this goes through V8's own functions on the
//! objects themselves: own keys, property descriptors, prototypes, internal slots (`own.rs`). Nothing here
//! calls a function that the program could have replaced, converts an object to a primitive, or asks a proxy.
//! The platform's own objects keep private fields, which a few captured accessors read (`platform.rs`), and those of
//! `Temporal` internal slots, which the language's own methods read (`temporal.rs`).
//!
//! What is looked at is bounded three ways: levels, members for each object, and a [`Budget`] of nodes and
//! bytes of JSON for a whole event. Bytes are charged before a node is made, so that a tree is never larger
//! than its budget.

pub(super) mod awaits;
mod error;
mod kinds;
mod own;
mod platform;
mod preview;
pub(super) mod primitive;
pub(super) mod size;
mod slots;
mod stack;
mod temporal;
#[cfg(test)]
pub(super) mod tests;
mod walk;

use deno_core::v8;

pub(super) use error::frame_len;
pub(super) use kinds::has_room;
pub(super) use own::{Keys, Own, Reader, Slot, keys, name};
pub use platform::Platform;
pub(super) use platform::{class as platform_class, had_global};
pub(super) use preview::{accessor, line};
pub use size::json_len;
pub use stack::{MAX_FRAMES, Place, UserFrames};
pub use temporal::Temporal;
pub(super) use temporal::{iso as temporal_iso, text_of as temporal_text};
pub(super) use walk::{key_text, number_value};

use crate::protocol::bounds;
use crate::protocol::nesting::MAX_NESTING;
use crate::protocol::value::{ErrorValue, Value};

/// The most levels that [`InspectLimits::depth`] can ask for: the recursion is on the native stack.
pub const MAX_DEPTH: u32 = bounds::DEPTH;

/// What stands around a value in an event, a table's cell at most, and the prototypes of an object at the top.
const AROUND: usize = 20;
/// A level of a value is three of JSON at most: an object, its entries, a pair.
const _: () = assert!(3 * MAX_DEPTH as usize + AROUND <= MAX_NESTING);

/// How far a value is looked into.
#[derive(Clone, Copy, Debug)]
pub struct InspectLimits {
    /// Levels whose members are shown; objects further down are collapsed. Default 6, at most [`MAX_DEPTH`].
    pub depth: u32,
    /// Elements, entries and properties (each) of one object. Default 100.
    pub members: usize,
    /// Length of a string at the top, in UTF-16 units. Default 10,000.
    pub top_units: usize,
    /// Length of a string inside an object, in UTF-16 units. Default 1,000.
    pub inner_units: usize,
    /// How many prototypes of an object at the top are shown, one after the other. Default none.
    pub prototypes: u32,
}

impl InspectLimits {
    /// For what somebody looks at in particular: more of it, and its prototypes.
    pub const CLOSE: Self = Self {
        depth: 6,
        members: 1_000,
        top_units: 10_000,
        inner_units: 1_000,
        prototypes: bounds::PROTOTYPES,
    };
}

impl Default for InspectLimits {
    fn default() -> Self {
        Self { depth: 6, members: 100, top_units: 10_000, inner_units: 1_000, prototypes: 0 }
    }
}

/// What is left to spend on one event, over all its values.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    nodes: usize,
    bytes: usize,
    listed: usize,
    fields: u32,
}

impl Budget {
    /// The default number of nodes.
    pub const NODES: usize = 1_000;

    /// How many keys and entries V8 may list for one event. To see the first hundred it has to list them all,
    /// in native code that no termination interrupts.
    const LISTED: usize = 2_000_000;

    /// How many of `Temporal`'s objects show their fields. The others count them: a list of a hundred dates is worth
    /// more than the fields of its first thirty.
    const FIELDS: u32 = 8;

    /// [`Budget::NODES`] nodes, which as JSON take no more than `bytes`.
    pub fn new(bytes: usize) -> Self {
        Self { nodes: Self::NODES, bytes, listed: Self::LISTED, fields: Self::FIELDS }
    }

    /// The same with more nodes, for [`InspectLimits::CLOSE`].
    pub fn close(bytes: usize) -> Self {
        Self { nodes: 4 * Self::NODES, ..Self::new(bytes) }
    }

    /// Whether anything may be listed still.
    pub(super) fn may_list(&self) -> bool {
        self.listed > 0
    }

    /// Notes that `count` keys or entries were listed. The last list may go over the limit.
    pub(super) fn listed(&mut self, count: usize) {
        self.listed = self.listed.saturating_sub(count);
    }

    /// Whether one more of `Temporal`'s objects may show its fields; takes its place among those.
    fn has_fields(&mut self) -> bool {
        let left = self.fields.checked_sub(1);
        self.fields = left.unwrap_or(0);
        left.is_some()
    }

    /// Bytes left.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes `bytes` if they are there.
    pub fn charge(&mut self, bytes: usize) -> bool {
        match self.bytes.checked_sub(bytes) {
            Some(left) => self.bytes = left,
            None => return false,
        }
        true
    }

    /// Puts aside up to `bytes`; what was put aside comes back through [`Budget::give_back`].
    pub fn hold(&mut self, bytes: usize) -> usize {
        let held = bytes.min(self.bytes);
        self.bytes -= held;
        held
    }

    /// Returns what was put aside.
    pub fn give_back(&mut self, bytes: usize) {
        self.bytes += bytes;
    }

    /// Takes a node of `bytes` if both are there.
    fn node(&mut self, bytes: usize) -> bool {
        if self.nodes == 0 || !self.charge(bytes) {
            return false;
        }
        self.nodes -= 1;
        true
    }
}

/// Looks at `value`. What does not fit `limits` or `budget` is cut and counted; a value of which nothing fits
/// is a collapsed object whose text is `…` and which costs nothing (it takes 54 bytes: leave as many).
///
/// Runs no code of the program's, throws nothing, and leaves a pending termination pending.
pub fn inspect<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    value: v8::Local<'s, v8::Value>,
    limits: &InspectLimits,
    budget: &mut Budget,
    frames: &UserFrames,
) -> Value {
    try_inspect(scope, value, limits, budget, frames).unwrap_or_else(walk::nothing)
}

/// What [`inspect`] shows for a value of which nothing fits, with a comma, in bytes of JSON.
pub(super) const NOTHING: usize = 55;

/// [`inspect`], with `None` for a value of which nothing fits.
pub(super) fn try_inspect<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    value: v8::Local<'s, v8::Value>,
    limits: &InspectLimits,
    budget: &mut Budget,
    frames: &UserFrames,
) -> Option<Value> {
    guarded(scope, |scope| walk::tree(scope, value, limits, budget, frames))
}

/// What an error says: name, message and the visitor's frames, without its cause. `None` for a value that is
/// no `Error`.
pub fn inspect_error<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    value: v8::Local<'s, v8::Value>,
    max_units: usize,
    frames: &UserFrames,
) -> Option<ErrorValue> {
    guarded(scope, |scope| {
        let error: v8::Local<v8::Object> = value.try_cast().ok()?;
        if error.is_proxy() || !error.is_native_error() {
            return None;
        }
        let reader = Reader::new(scope);
        let (name, message) = error::name_and_message(scope, &reader, error, max_units);
        let stack = frames.of_error(scope, value, MAX_FRAMES);
        Some(ErrorValue { name, message, stack, cause: None })
    })
}

/// The `cause` of an error, where it has one, in no more than `bytes` of JSON.
pub(super) fn error_cause<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    value: v8::Local<'s, v8::Value>,
    bytes: usize,
    frames: &UserFrames,
) -> Option<Value> {
    guarded(scope, |scope| {
        let error: v8::Local<v8::Object> = value.try_cast().ok()?;
        if error.is_proxy() || !error.is_native_error() {
            return None;
        }
        let key = own::name(scope, "cause");
        let cause = Reader::new(scope).own_data(scope, error, key)?;
        walk::tree(scope, cause, &InspectLimits::default(), &mut Budget::new(bytes), frames)
    })
}

/// Runs `look` in handle and try-catch scopes of its own. An exception (there is none to be expected but
/// that of a module's uninitialised binding) ends here; a termination goes on.
pub(super) fn guarded<'s, T>(
    scope: &mut v8::PinScope<'s, '_>,
    look: impl for<'a> FnOnce(&mut v8::PinScope<'s, 'a>) -> T,
) -> T {
    v8::tc_scope!(let scope, scope);
    let result = look(scope);
    if scope.has_terminated() {
        scope.terminate_execution();
    }
    result
}
