//! The short way for what programs print most: strings, numbers and the like. It writes the event's JSON at once,
//! where [`Console::call`] makes a tree of every value first; what comes out is the same to the byte, and the tests
//! hold it to that. Anything else, and whatever might have to be cut, is left to the long way.

use std::io::Write as _;
use std::time::Instant;

use deno_core::v8;
use serde::Serialize;

use super::{Console, EVENT, MAX_GROUPS, Method, POSITION_FRAMES};
use crate::protocol::value::Value;
use crate::runner::inspect::{NOTHING, Place, line, number_value};

/// The most arguments of a call that goes this way.
const ARGS: usize = 16;
/// The most that its strings may have together, in UTF-16 units.
const UNITS: usize = 1_000;
/// The most that an argument takes in JSON besides its text, and what is held back for it.
const ARG: usize = 60 + NOTHING;
/// From here on there are whole numbers that a number can't tell apart.
const MOST: f64 = 9_007_199_254_740_992.0;

/// Memory that is used again for each event.
#[derive(Default)]
pub(super) struct Buffers {
    json: Vec<u8>,
    /// The event's text, escaped as in a JSON string.
    text: Vec<u8>,
    narrow: Vec<u8>,
    wide: Vec<u16>,
}

impl Console {
    /// The event of a call, in JSON, if it goes the short way. Where it does not, nothing has happened.
    ///
    /// Runs no code of the program's and throws nothing.
    pub fn plain<'s>(
        &mut self,
        scope: &v8::PinScope<'s, '_>,
        method: Method,
        args: impl ExactSizeIterator<Item = v8::Local<'s, v8::Value>>,
        now: Instant,
    ) -> Option<&[u8]> {
        let count = args.len();
        // A quarter of an event is its text's and most of the rest its arguments': so none of them has to be cut.
        let room = self.message_bytes.saturating_sub(EVENT) / 4;
        if method.kind().is_some() || count > ARGS || count * ARG > room {
            return None;
        }
        let Buffers { json, text, .. } = &mut self.plain;
        json.clear();
        text.clear();
        json.extend_from_slice(b"{\"level\":");
        write(json, &method.level());
        json.extend_from_slice(b",\"args\":[");
        let mut units = 0;
        for (index, arg) in args.enumerate() {
            let Buffers { json, text, .. } = &mut self.plain;
            if index > 0 {
                json.push(b',');
                text.push(b' ');
            }
            if let Ok(string) = arg.try_cast::<v8::String>() {
                units += string.length();
                if units > UNITS {
                    return None;
                }
                self.plain.string(scope, string);
                // It may be a format for what comes after it.
                if index == 0 && count > 1 && self.plain.text.contains(&b'%') {
                    return None;
                }
            } else if !self.plain.primitive(arg) {
                return None;
            }
            if count * ARG + self.plain.text.len() > room {
                return None;
            }
        }
        let Place { file, line, column } = self.frames.position(scope, POSITION_FRAMES);
        let at_ms = now.saturating_duration_since(self.started).as_millis() as u64;
        let depth = self.groups.min(MAX_GROUPS);
        let Buffers { json, text, .. } = &mut self.plain;
        json.extend_from_slice(b"],\"text\":\"");
        json.extend_from_slice(text);
        json.extend_from_slice(b"\",\"line\":");
        write(json, &line);
        json.extend_from_slice(b",\"column\":");
        write(json, &column);
        if let Some(file) = file {
            json.extend_from_slice(b",\"file\":");
            write(json, &file);
        }
        json.extend_from_slice(b",\"at_ms\":");
        write(json, &at_ms);
        if depth > 0 {
            json.extend_from_slice(b",\"depth\":");
            write(json, &depth);
        }
        json.push(b'}');
        Some(json)
    }
}

impl Buffers {
    /// Adds a string of no more than [`UNITS`].
    fn string(&mut self, scope: &v8::Isolate, string: v8::Local<v8::String>) {
        let Self { json, text, narrow, wide } = self;
        let (length, start) = (string.length(), text.len());
        // Ropes are not flattened.
        if string.is_onebyte() {
            narrow.resize(length, 0);
            string.write_one_byte_v2(scope, 0, narrow, v8::WriteFlags::empty());
            for &unit in &*narrow {
                // Latin-1 has Unicode's first characters.
                escape(text, char::from(unit));
            }
        } else {
            wide.resize(length, 0);
            string.write_v2(scope, 0, wide, v8::WriteFlags::empty());
            for unit in char::decode_utf16(wide.iter().copied()) {
                escape(text, unit.unwrap_or(char::REPLACEMENT_CHARACTER));
            }
        }
        json.extend_from_slice(b"{\"type\":\"string\",\"value\":\"");
        json.extend_from_slice(&text[start..]);
        json.extend_from_slice(b"\",\"length\":");
        write(json, &length);
        json.push(b'}');
    }

    /// Adds a value that is neither a string nor an object; `false` for one that is left to the long way.
    fn primitive(&mut self, arg: v8::Local<v8::Value>) -> bool {
        let value = if let Ok(number) = arg.try_cast::<v8::Number>() {
            let value = number.value();
            if value.fract() == 0.0 && value.abs() <= MOST && value != 0.0 {
                return self.whole(value as i64);
            }
            number_value(value)
        } else if arg.is_undefined() {
            Value::Undefined
        } else if arg.is_null() {
            Value::Null
        } else if arg.is_boolean() {
            Value::Boolean { value: arg.is_true() }
        } else {
            return false;
        };
        write(&mut self.json, &value);
        // None of these has a character in it that is escaped.
        self.text.extend_from_slice(line(&value).as_bytes());
        true
    }

    fn whole(&mut self, value: i64) -> bool {
        let start = self.text.len();
        write(&mut self.text, &value);
        self.json.extend_from_slice(b"{\"type\":\"number\",\"value\":");
        self.json.extend_from_slice(&self.text[start..]);
        self.json.push(b'}');
        true
    }
}

/// Writes `value` as JSON.
fn write(to: &mut Vec<u8>, value: &impl Serialize) {
    // What is written here has nothing that JSON can't say, and a vector takes it.
    let _ = serde_json::to_writer(to, value);
}

/// Writes a character as it stands in a JSON string, as serde_json does.
fn escape(to: &mut Vec<u8>, c: char) {
    match c {
        '"' => to.extend_from_slice(b"\\\""),
        '\\' => to.extend_from_slice(b"\\\\"),
        '\u{8}' => to.extend_from_slice(b"\\b"),
        '\t' => to.extend_from_slice(b"\\t"),
        '\n' => to.extend_from_slice(b"\\n"),
        '\u{c}' => to.extend_from_slice(b"\\f"),
        '\r' => to.extend_from_slice(b"\\r"),
        '\0'..='\u{1f}' => {
            let _ = write!(to, "\\u{:04x}", u32::from(c));
        }
        ' '..='\u{7f}' => to.push(c as u8),
        _ => to.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
    }
}
