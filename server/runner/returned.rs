//! What a function returned, as JSON: a copy made without running any code of the program's. Its end has come, and
//! every method of its prototypes may be another; so there is no `toJSON`, no getter is called and no proxy asked.
//! What can't be copied is listed, with the reason.

use std::fmt::Write as _;

use deno_core::v8;
use serde_json::value::RawValue;

use super::inspect::size::{cut, text_len, units};
use super::inspect::{
    Budget, Keys, Own, Reader, Slot, guarded, keys, name, platform_class, primitive, temporal_iso,
};
use crate::protocol::browser::{Omitted, Returned};
use crate::protocol::nesting::MAX_NESTING;
use crate::protocol::runner::{MAX_OMITTED, OMITTED_BYTES, RETURNED_BYTES};

/// The most levels of a copy: more than parsers of JSON take is of no use.
const MAX_DEPTH: usize = MAX_NESTING;
/// The longest key in a path, in UTF-16 units.
const KEY_UNITS: usize = 60;

/// The copy of `value`, in no more than `bytes`.
pub fn copy<'s>(scope: &mut v8::PinScope<'s, '_>, value: v8::Local<'s, v8::Value>, bytes: u64) -> Returned {
    let bytes = usize::try_from(bytes.min(RETURNED_BYTES)).unwrap_or(usize::MAX);
    guarded(scope, |scope| {
        let reader = Reader::new(scope);
        let mut copy = Copy {
            budget: Budget::new(0),
            json: String::new(),
            // What is kept back is for closing brackets.
            most: bytes.saturating_sub(MAX_DEPTH + "null".len()),
            path: Vec::new(),
            above: Vec::new(),
            omitted: Vec::new(),
            more: 0,
        };
        if !copy.value(scope, &reader, value) {
            copy.json = "null".to_owned();
        }
        let Copy { json, omitted, more, .. } = copy;
        let json = RawValue::from_string(json)
            .or_else(|_| RawValue::from_string("null".to_owned()))
            .unwrap_or_default();
        Returned { json, omitted, more }
    })
}

/// A step of a path.
enum Step {
    Index(u32),
    Key(String),
}

struct Copy {
    budget: Budget,
    json: String,
    /// How long it may become, in bytes.
    most: usize,
    path: Vec<Step>,
    /// The objects that stand around what is copied.
    above: Vec<v8::Global<v8::Object>>,
    omitted: Vec<Omitted>,
    more: u64,
}

impl Copy {
    /// Appends the copy of `value`. `false` if there is none; then nothing was appended.
    fn value<'s>(
        &mut self,
        scope: &mut v8::PinScope<'s, '_>,
        reader: &Reader<'s>,
        value: v8::Local<'s, v8::Value>,
    ) -> bool {
        if let Ok(object) = value.try_cast::<v8::Object>() {
            return self.object(scope, reader, object);
        }
        if value.is_null() {
            return self.put("null");
        }
        if value.is_boolean() {
            return self.put(if value.is_true() { "true" } else { "false" });
        }
        if let Ok(number) = value.try_cast::<v8::Number>() {
            let number = number.value();
            return if number.is_finite() {
                let text = if number == 0.0 { "0".to_owned() } else { primitive::number(number) };
                self.put(&text)
            } else {
                self.omit(&format!("{} is no number of JSON", primitive::number(number)))
            };
        }
        if let Ok(text) = value.try_cast::<v8::String>() {
            return self.string(scope, text);
        }
        if value.is_undefined() {
            // Nothing is what a function returns that returns nothing.
            return if self.path.is_empty() {
                false
            } else {
                self.omit("undefined, which JSON does not have")
            };
        }
        if value.is_big_int() {
            return self.omit("a BigInt; return `String(it)`");
        }
        self.omit("a symbol")
    }

    fn string(&mut self, scope: &v8::PinScope<'_, '_>, text: v8::Local<'_, v8::String>) -> bool {
        // A string takes at least as many bytes as it has units.
        if text.length() > self.left() {
            return self.too_much();
        }
        let text = primitive::string(scope, text, usize::MAX);
        match serde_json::to_string(&text) {
            Ok(json) => self.put(&json),
            Err(_) => self.too_much(),
        }
    }

    /// Bytes left.
    fn left(&self) -> usize {
        self.most.saturating_sub(self.json.len())
    }

    fn put(&mut self, json: &str) -> bool {
        if json.len() > self.left() {
            return self.too_much();
        }
        self.json.push_str(json);
        true
    }

    fn too_much(&mut self) -> bool {
        self.omit("too long for what is left of the run's output")
    }

    fn object<'s>(
        &mut self,
        scope: &mut v8::PinScope<'s, '_>,
        reader: &Reader<'s>,
        object: v8::Local<'s, v8::Object>,
    ) -> bool {
        type Test = fn(&v8::Value) -> bool;
        const REASONS: [(Test, &str); 25] = [
            (v8::Value::is_proxy, "a Proxy, which is not asked"),
            (v8::Value::is_function, "a function"),
            (v8::Value::is_native_error, "an Error; return its `message`, or throw it"),
            (v8::Value::is_map, "a Map; return `Object.fromEntries(it)` or `[...it]`"),
            (v8::Value::is_set, "a Set; return `[...it]`"),
            (v8::Value::is_promise, "a Promise; `await` it"),
            (v8::Value::is_reg_exp, "a RegExp; return `String(it)`"),
            (v8::Value::is_typed_array, "a typed array; return `Array.from(it)`"),
            (v8::Value::is_data_view, "a DataView"),
            (v8::Value::is_array_buffer, "an ArrayBuffer; return `Array.from(new Uint8Array(it))`"),
            (v8::Value::is_shared_array_buffer, "a SharedArrayBuffer"),
            (v8::Value::is_weak_map, "a WeakMap"),
            (v8::Value::is_weak_set, "a WeakSet"),
            (v8::Value::is_map_iterator, "an iterator; return `[...it]`"),
            (v8::Value::is_set_iterator, "an iterator; return `[...it]`"),
            (v8::Value::is_generator_object, "a generator; return `[...it]`"),
            (v8::Value::is_number_object, "a boxed number; return `it.valueOf()`"),
            (v8::Value::is_boolean_object, "a boxed boolean; return `it.valueOf()`"),
            (v8::Value::is_string_object, "a boxed string; return `it.valueOf()`"),
            (v8::Value::is_symbol_object, "a boxed symbol"),
            (v8::Value::is_big_int_object, "a boxed BigInt"),
            (v8::Value::is_wasm_module_object, "a WebAssembly.Module"),
            (v8::Value::is_wasm_memory_object, "a WebAssembly.Memory"),
            (v8::Value::is_external, "something of the platform's"),
            (v8::Value::is_generator_function, "a function"),
        ];
        if let Ok(date) = object.try_cast::<v8::Date>() {
            let text = primitive::date(date.value_of());
            return if text.starts_with('I') {
                self.omit("an invalid Date")
            } else {
                self.put(&format!("\"{text}\""))
            };
        }
        if let Some((_, reason)) = REASONS.iter().find(|(test, _)| test(&object)) {
            return self.omit(reason);
        }
        if let Some(iso) = temporal_iso(scope, object.into()) {
            return self.put(&format!("\"{iso}\""));
        }
        if let Some(class) = platform_class(scope, object) {
            return self.omit(&format!("an object of the platform's ({class}); return what you need of it"));
        }
        if self.above.iter().any(|above| v8::Local::new(scope, above) == object) {
            return self.omit("a circle: it stands inside itself");
        }
        if self.above.len() == MAX_DEPTH {
            return self.omit(&format!("more than {MAX_DEPTH} levels deep"));
        }
        self.above.push(v8::Global::new(scope, object));
        let done = match object.try_cast::<v8::Array>() {
            Ok(array) => self.array(scope, reader, array),
            Err(_) => self.members(scope, reader, object),
        };
        self.above.pop();
        done
    }

    fn array<'s>(
        &mut self,
        scope: &mut v8::PinScope<'s, '_>,
        reader: &Reader<'s>,
        array: v8::Local<'s, v8::Array>,
    ) -> bool {
        if !self.put("[") {
            return false;
        }
        for index in 0..array.length() {
            self.path.push(Step::Index(index));
            if self.left() < "null,".len() {
                self.omit(&format!(
                    "too long for what is left of the run's output, as are all from here to {}",
                    array.length()
                ));
                self.path.pop();
                break;
            }
            if index > 0 {
                self.json.push(',');
            }
            let is_copied = {
                v8::scope!(let scope, scope);
                let key = name(scope, &index.to_string());
                let own = reader.own(scope, array.into(), key);
                self.slot(scope, reader, own)
            };
            if !is_copied {
                self.json.push_str("null");
            }
            self.path.pop();
        }
        self.json.push(']');
        true
    }

    fn members<'s>(
        &mut self,
        scope: &mut v8::PinScope<'s, '_>,
        reader: &Reader<'s>,
        object: v8::Local<'s, v8::Object>,
    ) -> bool {
        let Some(names) = keys(scope, object, Keys::All, &mut self.budget) else {
            return self.omit("an object with too many members to list");
        };
        if !self.put("{") {
            return false;
        }
        let mut is_first = true;
        for index in 0..names.length() {
            v8::scope!(let scope, scope);
            let Some(key) = names.get_index(scope, index) else { continue };
            let Ok(name) = key.try_cast::<v8::Name>() else { continue };
            let Some(own) = reader.own(scope, object, name) else { continue };
            if !own.enumerable {
                continue;
            }
            let Ok(text) = key.try_cast::<v8::String>() else {
                self.path.push(Step::Key("Symbol()".to_owned()));
                self.omit("its key is a symbol");
                self.path.pop();
                continue;
            };
            let key = primitive::string(scope, text, KEY_UNITS + 1);
            self.path.push(Step::Key(key));
            let start = self.json.len();
            let is_copied = (is_first || self.put(","))
                && self.string(scope, text)
                && self.put(":")
                && self.slot(scope, reader, Some(own));
            if is_copied {
                is_first = false;
            } else {
                self.json.truncate(start);
            }
            self.path.pop();
        }
        self.json.push('}');
        true
    }

    fn slot<'s>(
        &mut self,
        scope: &mut v8::PinScope<'s, '_>,
        reader: &Reader<'s>,
        own: Option<Own<'s>>,
    ) -> bool {
        match own.map(|own| own.slot) {
            Some(Slot::Data(value)) => self.value(scope, reader, value),
            Some(Slot::Accessor(_)) => self.omit("a getter, which is not run"),
            Some(Slot::Uninitialized) => self.omit("not there yet"),
            None => self.omit("a hole in an array"),
        }
    }

    /// Lists what can't be copied.
    fn omit(&mut self, reason: &str) -> bool {
        if self.omitted.len() == MAX_OMITTED {
            self.more += 1;
            return false;
        }
        let mut path = String::new();
        for step in &self.path {
            match step {
                Step::Index(index) => {
                    let _ = write!(path, "[{index}]");
                }
                Step::Key(key) => {
                    let is_plain = !key.starts_with(|c: char| c.is_ascii_digit())
                        && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '$'))
                        && !key.is_empty();
                    let long = units(key) > KEY_UNITS;
                    let key: String = key.chars().take(KEY_UNITS).chain(long.then_some('…')).collect();
                    let _ = match (is_plain, path.is_empty()) {
                        (true, true) => write!(path, "{key}"),
                        (true, false) => write!(path, ".{key}"),
                        (false, _) => write!(path, "[{}]", serde_json::Value::String(key)),
                    };
                }
            }
            if path.len() > 2 * OMITTED_BYTES {
                break;
            }
        }
        let mut reason = reason.to_owned();
        for text in [&mut path, &mut reason] {
            if text.len() > OMITTED_BYTES || text_len(text) > OMITTED_BYTES {
                cut(text, OMITTED_BYTES - '…'.len_utf8(), usize::MAX);
                text.push('…');
            }
        }
        self.omitted.push(Omitted { path, reason });
        false
    }
}
