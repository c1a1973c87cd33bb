//! One line for a value, made from the tree alone.

use super::primitive;
use super::size::units;
use crate::protocol::bounds;
use crate::protocol::value::{Accessor, ObjectKind, ObjectValue, Property, Value};

/// The longest line for an object, in UTF-16 units.
pub(super) const LINE_UNITS: usize = bounds::LINE_UNITS;
/// The longest string or name inside another object's line, in UTF-16 units.
const INNER_UNITS: usize = 50;
/// The longest of `Temporal`'s objects there: with nanoseconds and a time zone.
const TEMPORAL_UNITS: usize = 100;

/// A line that grows until it is full.
struct Line {
    text: String,
    units: usize,
    empty: bool,
    close: &'static str,
}

impl Line {
    fn open(head: &str, open: &str, close: &'static str) -> Self {
        let head = primitive::shortened(head, LINE_UNITS / 2);
        let text = if head.is_empty() { open.to_owned() } else { format!("{head} {open}") };
        Self { units: units(&text), text, empty: true, close }
    }

    /// Adds a member, or `…` and `false` when there is no room for it.
    fn push(&mut self, member: &str) -> bool {
        let separator = if self.empty { "" } else { ", " };
        // Room is kept for ", …" and the closing bracket.
        if self.units + separator.len() + units(member) + 5 > LINE_UNITS {
            self.more();
            return false;
        }
        self.text.push_str(separator);
        self.text.push_str(member);
        self.units += separator.len() + units(member);
        self.empty = false;
        true
    }

    fn more(&mut self) {
        self.text.push_str(if self.empty { "…" } else { ", …" });
        self.empty = false;
    }

    fn close(mut self) -> String {
        self.text.push_str(self.close);
        self.text
    }
}

/// A string as a program would write it.
fn quoted(text: &str, whole: bool) -> String {
    let mut line = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => line.extend(['\\', c]),
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            '\t' => line.push_str("\\t"),
            c if c.is_control() => line.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            c => line.push(c),
        }
    }
    line.push_str(if whole { "\"" } else { "…\"" });
    line
}

/// `text` without line breaks and other control characters.
pub(super) fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c })
        .collect()
}

/// A property's key as a program would write it.
fn key(property: &Property) -> String {
    let text = primitive::shortened(&property.key, INNER_UNITS);
    let mut chars = text.chars();
    let plain = chars.next().is_some_and(|c| c.is_alphabetic() || c == '_' || c == '$' || c == '#')
        && chars.all(|c| c.is_alphanumeric() || matches!(c, '_' | '$' | '…'));
    let index = !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    if property.symbol || plain || index { one_line(&text) } else { quoted(&text, true) }
}

/// What stands for an accessor.
pub(in crate::runner) fn accessor(accessor: Accessor) -> &'static str {
    match accessor {
        Accessor::Getter => "[Getter]",
        Accessor::Setter => "[Setter]",
        Accessor::GetterSetter => "[Getter/Setter]",
    }
}

fn member(property: &Property) -> String {
    let value = match (&property.value, property.accessor) {
        (Some(value), _) => inner(value),
        (None, Some(halves)) => accessor(halves).to_owned(),
        (None, None) => "<uninitialized>".to_owned(),
    };
    format!("{}: {value}", key(property))
}

/// A value inside another one's line.
pub(super) fn inner(value: &Value) -> String {
    match value {
        Value::String { value, length } => {
            let short = primitive::shortened(value, INNER_UNITS);
            let whole = short.len() == value.len() && units(value) as u64 == *length;
            quoted(short.strip_suffix('…').filter(|_| !whole).unwrap_or(&short), whole)
        }
        Value::Symbol { value } => primitive::shortened(&one_line(value), INNER_UNITS),
        Value::Bigint { value } => primitive::shortened(&format!("{value}n"), INNER_UNITS),
        Value::Object(object) => match object.kind {
            ObjectKind::Object if is_plain(object) && is_empty(object) => "{}".to_owned(),
            ObjectKind::Object if is_plain(object) => "{…}".to_owned(),
            ObjectKind::Array
            | ObjectKind::Arguments
            | ObjectKind::Object
            | ObjectKind::Map
            | ObjectKind::Set
            | ObjectKind::TypedArray
            | ObjectKind::Iterator
            | ObjectKind::Promise
            | ObjectKind::Module => head(object),
            ObjectKind::Temporal => primitive::shortened(&object.text, TEMPORAL_UNITS),
            _ => primitive::shortened(&object.text, INNER_UNITS),
        },
        _ => line(value),
    }
}

/// A value on its own, as a terminal would show it. Strings stand as they are.
pub(in crate::runner) fn line(value: &Value) -> String {
    match value {
        Value::Undefined => "undefined".to_owned(),
        Value::Null => "null".to_owned(),
        Value::Boolean { value } => value.to_string(),
        Value::Number { value } => primitive::number(*value),
        Value::SpecialNumber { value } | Value::Symbol { value } => value.clone(),
        Value::Bigint { value } => format!("{value}n"),
        Value::String { value, length } if (units(value) as u64) < *length => format!("{value}…"),
        Value::String { value, .. } => value.clone(),
        Value::Hole { count: 1 } => "empty".to_owned(),
        Value::Hole { count } => format!("empty × {count}"),
        Value::Ref { .. } => "{…}".to_owned(),
        Value::Object(object) => object.text.clone(),
    }
}

pub(super) fn is_plain(object: &ObjectValue) -> bool {
    object.class.as_deref().is_none_or(|class| class == "Object")
}

fn is_empty(object: &ObjectValue) -> bool {
    object.more == 0 && object.properties.is_empty()
}

/// The class, and the length where there is one: `Array(3)`, `Foo`.
pub(super) fn head(object: &ObjectValue) -> String {
    let class = match object.class.as_deref() {
        Some(class) => primitive::shortened(&one_line(class), INNER_UNITS),
        None if object.kind == ObjectKind::Module => return "Module".to_owned(),
        None => format!("[{:?}: null prototype]", object.kind),
    };
    match object.length {
        Some(length) => format!("{class}({length})"),
        None => class,
    }
}

/// The line for an object whose members are in the tree. Kinds whose `text` does not depend on members
/// (functions, dates, errors…) have it already.
pub(super) fn object(object: &ObjectValue) -> String {
    let enumerable = || object.properties.iter().filter(|property| !property.hidden);
    let mut line = match object.kind {
        ObjectKind::Object | ObjectKind::Module => {
            let plain = object.class.as_deref() == Some("Object");
            Line::open(&if plain { String::new() } else { head(object) }, "{", "}")
        }
        ObjectKind::Array => {
            let plain = object.class.as_deref() == Some("Array");
            Line::open(&if plain { String::new() } else { head(object) }, "[", "]")
        }
        ObjectKind::Arguments | ObjectKind::TypedArray => Line::open(&head(object), "[", "]"),
        ObjectKind::Map | ObjectKind::Set | ObjectKind::Iterator | ObjectKind::Boxed => {
            Line::open(&head(object), "{", "}")
        }
        ObjectKind::Promise => {
            let mut line = Line::open(&head(object), "{", "}");
            use crate::protocol::value::PromiseState;
            match (object.state, &object.value) {
                (Some(PromiseState::Fulfilled), Some(value)) => line.push(&inner(value)),
                (Some(PromiseState::Rejected), Some(value)) => {
                    line.push(&format!("<rejected> {}", inner(value)))
                }
                (Some(PromiseState::Fulfilled), None) => line.push("<fulfilled>"),
                (Some(PromiseState::Rejected), None) => line.push("<rejected>"),
                _ => line.push("<pending>"),
            };
            line
        }
        _ => return object.text.clone(),
    };
    let mut full = true;
    if object.kind == ObjectKind::Boxed
        && let Some(value) = &object.value
    {
        full = line.push(&inner(value));
    }
    for item in &object.items {
        full = full && line.push(&inner(item));
    }
    for (key, value) in &object.entries {
        full = full && line.push(&format!("{} => {}", inner(key), inner(value)));
    }
    for property in enumerable() {
        full = full && line.push(&member(property));
    }
    if full && object.more > 0 {
        line.more();
    }
    line.close()
}
