//! Internal slots that V8's interface has no function for: a RegExp's flags, a boxed primitive, and whether an object
//! has any.
//!
//! V8's serialiser (the one behind `structuredClone`) writes both straight from the slots, without looking at
//! a property. Its output for them is a tag and plain data, read here. A boxed symbol is the one thing that
//! neither can tell.

use deno_core::v8;

use crate::protocol::value::Value;

/// Text that is longer, in UTF-16 units, is not serialised.
const MAX_UNITS: usize = 1 << 20;

/// A delegate that supports nothing beyond what V8 can write by itself.
struct Plain;

impl v8::ValueSerializerImpl for Plain {
    fn throw_data_clone_error<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        message: v8::Local<'s, v8::String>,
    ) {
        let error = v8::Exception::error(scope, message);
        scope.throw_exception(error);
    }
}

/// A delegate that takes over every object whose properties V8 would write, so that V8 looks at none of them.
struct Probe;

impl v8::ValueSerializerImpl for Probe {
    /// Throws nothing: that there is no form to write is the answer.
    fn throw_data_clone_error<'s>(&self, _: &mut v8::PinScope<'s, '_>, _: v8::Local<'s, v8::String>) {}

    fn has_custom_host_object(&self, _: &v8::Isolate) -> bool {
        true
    }

    fn is_host_object<'s>(&self, _: &mut v8::PinScope<'s, '_>, _: v8::Local<'s, v8::Object>) -> Option<bool> {
        Some(true)
    }

    fn write_host_object<'s>(
        &self,
        _: &mut v8::PinScope<'s, '_>,
        _: v8::Local<'s, v8::Object>,
        _: &dyn v8::ValueSerializerHelper,
    ) -> Option<bool> {
        Some(true)
    }

    fn get_wasm_module_transfer_id(
        &self,
        _: &mut v8::PinScope<'_, '_>,
        _: v8::Local<v8::WasmModuleObject>,
    ) -> Option<u32> {
        None
    }
}

/// Whether `object` has no internal slots: a plain object, or an instance of a program's own class that extends
/// nothing. It must be none of the kinds that V8 has a test for; V8 would write what is in those.
pub(super) fn is_ordinary<'s>(scope: &mut v8::PinScope<'s, '_>, object: v8::Local<'s, v8::Object>) -> bool {
    // V8 throws where the stack has no room for this.
    v8::tc_scope!(let scope, scope);
    let context = scope.get_current_context();
    let serializer = v8::ValueSerializer::new(scope, Box::new(Probe));
    let is_ordinary = serializer.write_value(context, object.into()) == Some(true);
    if scope.has_terminated() {
        scope.terminate_execution();
    }
    is_ordinary
}

/// The serialised form of `object`, without a header: the first byte is its tag.
fn serialized<'s>(scope: &mut v8::PinScope<'s, '_>, object: v8::Local<'s, v8::Object>) -> Option<Vec<u8>> {
    let context = scope.get_current_context();
    let serializer = v8::ValueSerializer::new(scope, Box::new(Plain));
    serializer.write_value(context, object.into())?.then(|| serializer.release())
}

/// Takes a little-endian base-128 number off the front of `bytes`.
fn varint(bytes: &mut &[u8]) -> Option<usize> {
    let mut value = 0usize;
    for shift in (0..usize::BITS).step_by(7) {
        let (&first, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= usize::from(first & 0x7f).checked_shl(shift)?;
        if first & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// Takes a tagged string off the front of `bytes`.
fn text(bytes: &mut &[u8]) -> Option<Vec<u16>> {
    let (mut tag, mut rest) = bytes.split_first()?;
    while *tag == 0 {
        (tag, rest) = rest.split_first()?;
    }
    let length = varint(&mut rest)?;
    let (body, rest) = rest.split_at_checked(length)?;
    *bytes = rest;
    match tag {
        b'"' => Some(body.iter().copied().map(u16::from).collect()),
        b'c' => Some(body.chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]])).collect()),
        _ => None,
    }
}

/// The flags of a RegExp, in the order in which `flags` has them; none for one of over a million characters.
pub(super) fn flags<'s>(scope: &mut v8::PinScope<'s, '_>, regexp: v8::Local<'s, v8::RegExp>) -> String {
    if regexp.get_source(scope).length() > MAX_UNITS {
        return String::new();
    }
    let read = |bytes: &[u8]| {
        let mut bytes = bytes.strip_prefix(b"R")?;
        text(&mut bytes)?;
        varint(&mut bytes)
    };
    let bits = serialized(scope, regexp.into()).and_then(|bytes| read(&bytes)).unwrap_or(0);
    let bits = v8::RegExpCreationFlags::from_bits_truncate(bits as i32);
    [
        (v8::RegExpCreationFlags::HAS_INDICES, 'd'),
        (v8::RegExpCreationFlags::GLOBAL, 'g'),
        (v8::RegExpCreationFlags::IGNORE_CASE, 'i'),
        (v8::RegExpCreationFlags::MULTILINE, 'm'),
        (v8::RegExpCreationFlags::DOT_ALL, 's'),
        (v8::RegExpCreationFlags::UNICODE, 'u'),
        (v8::RegExpCreationFlags::UNICODE_SETS, 'v'),
        (v8::RegExpCreationFlags::STICKY, 'y'),
    ]
    .into_iter()
    .filter_map(|(flag, letter)| bits.contains(flag).then_some(letter))
    .collect()
}

/// The primitive in a boxed one (a string only if it has no more than a million characters). `length` is
/// that of a string.
pub(super) fn boxed<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
    length: u64,
    max_units: usize,
) -> Option<Value> {
    if length > MAX_UNITS as u64 || object.is_symbol_object() {
        return None;
    }
    let bytes = serialized(scope, object)?;
    let (tag, mut rest) = bytes.split_first()?;
    match tag {
        b'y' => Some(Value::Boolean { value: true }),
        b'x' => Some(Value::Boolean { value: false }),
        b'n' => Some(super::walk::number_value(f64::from_le_bytes(rest.try_into().ok()?))),
        b'z' => {
            // A sign bit and the number of bytes, then the bytes.
            let header = varint(&mut rest)?;
            let words: Vec<u64> = rest
                .chunks(8)
                .map(|chunk| chunk.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)))
                .collect();
            let bigint = v8::BigInt::new_from_words(scope, header & 1 == 1, &words)?;
            Some(Value::Bigint { value: super::primitive::bigint(bigint) })
        }
        b's' => {
            let units = text(&mut rest)?;
            let mut value = String::from_utf16_lossy(&units[..units.len().min(max_units)]);
            if units.len() > max_units && value.ends_with('\u{fffd}') {
                value.pop();
            }
            Some(Value::String { value, length: units.len() as u64 })
        }
        _ => None,
    }
}
