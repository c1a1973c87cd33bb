//! Whether a recording says only what a run can have done. A client sends recordings, and what it makes up may be
//! small itself and huge when it is shown: one value that a message names 40,000 times, for example.
//!
//! Each check is a promise that the console keeps (`protocol/bounds.rs`, `protocol/value.rs`), so no recording of a
//! real run is rejected.

use std::fmt;

use super::Recording;
use crate::protocol::bounds;
use crate::protocol::browser::{Outcome, RunError};
use crate::protocol::value::{
    ConsoleEvent, ErrorValue, Format, FormatPart, Kind, ObjectKind, ObjectValue, StackFrame, Table, Value,
};

/// What no run does: where in the recording it stands, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// From the outermost field to the innermost.
    path: String,
    words: String,
}

impl Fault {
    /// A fault of what is looked at.
    fn here(words: impl Into<String>) -> Checked {
        Err(Self { path: String::new(), words: words.into() })
    }

    /// A fault of one field.
    fn of(field: &str, words: impl Into<String>) -> Checked {
        Err(Self { path: field.to_owned(), words: words.into() })
    }

    /// The same fault, seen from one field further out.
    fn within(mut self, field: &str) -> Self {
        let separator = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path.insert_str(0, separator);
        self.path.insert_str(0, field);
        self
    }

    /// The same fault, seen from the list that its part is in.
    fn at(self, index: usize) -> Self {
        self.within(&format!("[{index}]"))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "`output.{}` {}", self.path, self.words)
    }
}

type Checked = Result<(), Fault>;

/// Checks each member of a list.
fn each<T>(name: &str, list: &[T], check: impl Fn(&T) -> Checked) -> Checked {
    for (index, member) in list.iter().enumerate() {
        check(member).map_err(|fault| fault.at(index).within(name))?;
    }
    Ok(())
}

/// Rejects a count of `what` that is over `most`.
fn at_most(name: &str, count: usize, most: usize, what: &str) -> Checked {
    if count <= most {
        return Ok(());
    }
    Fault::of(name, format!("has {count} {what}; a run shows at most {most}"))
}

/// Rejects a text over `most` UTF-16 units.
fn text(name: &str, text: &str, most: usize) -> Checked {
    // No text has more units than bytes, so most need not be counted.
    let units = if text.len() <= most { 0 } else { units(text) };
    at_most(name, units, most, "UTF-16 units")
}

fn units(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// Checks that a run can have done all of this.
///
/// # Errors
/// The first thing that no run does.
pub fn check(recording: &Recording) -> Checked {
    let Recording {
        console,
        outcome,
        value,
        error,
        stopped_at: _,
        usage: _,
        dropped: _,
        engine: _,
        mayfly: _,
    } = recording;
    each("console", console, event)?;
    if value.is_some() && *outcome != Outcome::Completed {
        return Fault::of("value", "is there, and only a run that completed has one");
    }
    if error.is_some() && *outcome == Outcome::Completed {
        return Fault::of("error", "is there, and a run that completed has none");
    }
    if let Some(value) = value {
        tree(value).map_err(|fault| fault.within("value"))?;
    }
    if let Some(RunError { name: _, message: _, stack, cause, in_promise: _ }) = error {
        let checked = frames(stack).and_then(|()| match cause {
            Some(cause) => tree(cause).map_err(|fault| fault.within("cause")),
            None => Ok(()),
        });
        checked.map_err(|fault| fault.within("error"))?;
    }
    Ok(())
}

fn event(event: &ConsoleEvent) -> Checked {
    let ConsoleEvent {
        level: _,
        kind,
        args,
        format,
        text: line,
        line: _,
        column: _,
        file: _,
        at_ms: _,
        depth,
        table,
        stack,
        bundle,
    } = event;
    at_most("args", args.len(), bounds::ARGS + bounds::ADDED_ARGS, "values")?;
    each("args", args, tree)?;
    text("text", line, bounds::TEXT_UNITS)?;
    at_most("depth", *depth as usize, bounds::GROUPS as usize, "open groups")?;
    if let Some(format) = format {
        laid_out(format, args).map_err(|fault| fault.within("format"))?;
    }
    only_with("table", table.is_some(), *kind, Kind::Table)?;
    only_with("stack", stack.is_some(), *kind, Kind::Trace)?;
    only_with("bundle", bundle.is_some(), *kind, Kind::Display)?;
    if let Some(table) = table {
        cells(table).map_err(|fault| fault.within("table"))?;
    } else if *kind == Some(Kind::Table) {
        return Fault::of("kind", "is `table`, and there is no `table`");
    }
    frames(stack.as_deref().unwrap_or_default())?;
    let unknown = bundle.iter().flatten().find(|(form, _)| !bounds::FORMS.contains(&form.as_str()));
    if let Some((form, _)) = unknown {
        let form: String = form.chars().take(100).collect();
        return Fault::of("bundle", format!("has the form {form:?}, which nothing is shown in"));
    }
    Ok(())
}

/// Rejects a field that only events of another kind have.
fn only_with(field: &str, is_there: bool, kind: Option<Kind>, its_kind: Kind) -> Checked {
    if !is_there || kind == Some(its_kind) {
        return Ok(());
    }
    Fault::of(field, "is there, and this kind of event has none")
}

/// Each value is named once, in order, and none that is not there. The format string itself is never named.
fn laid_out(format: &Format, args: &[Value]) -> Checked {
    let Format { parts, consumed } = format;
    if *consumed as usize > args.len() {
        return Fault::of("consumed", format!("is {consumed}, and there are {} values", args.len()));
    }
    at_most("parts", parts.len(), bounds::FORMAT_PARTS + bounds::LAST_PARTS, "parts")?;
    let mut last = 0;
    for (index, part) in parts.iter().enumerate() {
        let FormatPart::Value { arg } = part else { continue };
        let words = if *arg == 0 || *arg >= *consumed {
            format!("names value {arg}, and the format has values 1 to {}", consumed.saturating_sub(1))
        } else if *arg <= last {
            format!("names value {arg}, after value {last}: each is named once, in order")
        } else {
            last = *arg;
            continue;
        };
        return Fault::of(&format!("parts[{index}]"), words);
    }
    Ok(())
}

fn cells(table: &Table) -> Checked {
    let Table { columns, rows, more_rows: _, more_columns: _ } = table;
    at_most("columns", columns.len(), bounds::TABLE_COLUMNS + bounds::OTHER_COLUMNS, "columns")?;
    at_most("rows", rows.len(), bounds::TABLE_ROWS as usize, "rows")?;
    each("rows", rows, |row| {
        if row.cells.len() + 1 != columns.len() {
            let words =
                format!("has {} cells for {} columns", row.cells.len(), columns.len().saturating_sub(1));
            return Fault::here(words);
        }
        each("cells", &row.cells, |cell| cell.as_ref().map_or(Ok(()), tree))
    })
}

fn frames(stack: &[StackFrame]) -> Checked {
    at_most("stack", stack.len(), bounds::FRAMES, "frames")
}

/// A value with all that is in it.
fn tree(root: &Value) -> Checked {
    value(root, 0)
}

/// A value so many levels below the one that the console was given.
fn value(it: &Value, level: u32) -> Checked {
    const DEEPEST: u32 = bounds::DEPTH + bounds::PROTOTYPES;
    if level > DEEPEST {
        return Fault::here(format!("is over {DEEPEST} levels deep; a run shows fewer"));
    }
    match it {
        Value::Undefined | Value::Null | Value::Boolean { .. } | Value::Symbol { .. } | Value::Ref { .. } => {
            Ok(())
        }
        Value::Number { value } if !value.is_finite() => Fault::here("is no number that JSON can say"),
        Value::Number { .. } => Ok(()),
        Value::SpecialNumber { value } => match value.as_str() {
            "NaN" | "Infinity" | "-Infinity" | "-0" => Ok(()),
            _ => Fault::here("is none of the numbers `NaN`, `Infinity`, `-Infinity` and `-0`"),
        },
        Value::Bigint { value } if is_bigint(value) => Ok(()),
        Value::Bigint { .. } => Fault::here(format!(
            "is no BigInt: it takes up to {} digits, or `0x`, up to {} hex digits and `…`",
            bounds::BIGINT_DIGITS,
            bounds::BIGINT_HEX
        )),
        Value::String { value, length } => {
            let units = units(value) as u64;
            if units > *length {
                return Fault::here(format!("has {units} UTF-16 units, and its `length` is {length}"));
            }
            Ok(())
        }
        Value::Hole { count: 0 } => Fault::here("is a hole of nothing"),
        Value::Hole { .. } => Ok(()),
        Value::Object(object) => members(object, level + 1),
    }
}

fn members(object: &ObjectValue, level: u32) -> Checked {
    let ObjectValue {
        kind,
        class: _,
        text: line,
        id: _,
        length,
        items,
        entries,
        properties,
        more: _,
        state,
        value: inner,
        handler,
        prototype,
        error,
    } = object;
    text("text", line, bounds::LINE_UNITS)?;
    let lists_elements =
        matches!(kind, ObjectKind::Array | ObjectKind::Arguments | ObjectKind::TypedArray | ObjectKind::Set);
    let shown = if lists_elements {
        items.iter().fold(0, |sum: u64, item| {
            sum.saturating_add(if let Value::Hole { count } = item { *count } else { 1 })
        })
    } else {
        entries.len() as u64
    };
    if let Some(length) = length
        && shown > *length
        && (lists_elements || *kind == ObjectKind::Map)
    {
        return Fault::of("length", format!("is {length}, and {shown} are there"));
    }
    if state.is_some() && *kind != ObjectKind::Promise {
        return Fault::of("state", "is there, and only a promise has one");
    }
    each("items", items, |item| value(item, level))?;
    each("entries", entries, |(key, it)| value(key, level).and_then(|()| value(it, level)))?;
    each("properties", properties, |property| match (&property.value, property.accessor) {
        (Some(_), Some(_)) => Fault::here("has a value and an accessor"),
        (Some(it), None) => value(it, level).map_err(|fault| fault.within("value")),
        (None, _) => Ok(()),
    })?;
    for (name, it) in [("value", inner), ("handler", handler), ("prototype", prototype)] {
        if let Some(it) = it {
            value(it, level).map_err(|fault| fault.within(name))?;
        }
    }
    if let Some(ErrorValue { name: _, message: _, stack, cause }) = error {
        let checked = frames(stack).and_then(|()| match cause {
            Some(cause) => value(cause, level).map_err(|fault| fault.within("cause")),
            None => Ok(()),
        });
        checked.map_err(|fault| fault.within("error"))?;
    }
    Ok(())
}

fn is_bigint(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    match text.strip_prefix("0x").and_then(|hex| hex.strip_suffix('…')) {
        Some(hex) => hex.len() <= bounds::BIGINT_HEX && hex.bytes().all(|digit| digit.is_ascii_hexdigit()),
        None => {
            (1..=bounds::BIGINT_DIGITS).contains(&text.len())
                && text.bytes().all(|digit| digit.is_ascii_digit())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    fn string(text: &str) -> Json {
        json!({"type": "string", "value": text, "length": text.len()})
    }

    fn event_with(fields: Json) -> Json {
        let mut event = json!({"level": "log", "args": [], "text": "", "line": 1, "column": 1, "at_ms": 0});
        for (name, value) in fields.as_object().expect("fields") {
            event[name] = value.clone();
        }
        json!({"console": [event], "outcome": "completed"})
    }

    fn value_of(value: Json) -> Json {
        json!({"console": [], "outcome": "completed", "value": value})
    }

    fn fault(recording: Json) -> Option<String> {
        let recording: Recording = serde_json::from_value(recording).expect("the shape is right");
        check(&recording).err().map(|fault| fault.to_string())
    }

    fn nested(levels: u32) -> Json {
        (0..levels).fold(
            json!({"type": "null"}),
            |inner, _| json!({"type": "object", "kind": "array", "text": "", "length": 1, "items": [inner]}),
        )
    }

    #[test]
    fn what_a_run_does_is_accepted() {
        let args = json!([string("a%ob%O"), nested(20), {"type": "bigint", "value": "-12"}, string("more")]);
        let parts =
            json!([{"type": "text", "text": "a"}, {"type": "value", "arg": 1}, {"type": "value", "arg": 2}]);
        let table = json!({"columns": ["(index)", "a"], "rows": [{"index": "0", "cells": [null]}],
            "more_rows": 3, "more_columns": 0});
        for recording in [
            event_with(json!({"args": args, "format": {"parts": parts, "consumed": 3}})),
            event_with(json!({"kind": "table", "table": table})),
            event_with(json!({"kind": "trace", "stack": []})),
            event_with(json!({"kind": "display", "bundle": {"text/html": "<b>"}})),
            value_of(json!({"type": "bigint", "value": format!("0x{}…", "f".repeat(64))})),
            value_of(json!({"type": "object", "kind": "array", "text": "", "length": 5,
                "items": [{"type": "hole", "count": 4}, {"type": "null"}]})),
        ] {
            assert_eq!(fault(recording.clone()), None, "{recording}");
        }
    }

    #[test]
    fn what_no_run_does_is_named() {
        let args = json!([string("%o"), {"type": "null"}]);
        let format = |parts: Json, consumed: u32| {
            event_with(json!({"args": args, "format": {"parts": parts, "consumed": consumed}}))
        };
        let part = |arg: u32| json!({"type": "value", "arg": arg});
        let table = |columns: usize, cells: usize| {
            event_with(json!({"kind": "table", "table": {"columns": vec!["c"; columns], "more_rows": 0,
                "more_columns": 0, "rows": [{"index": "0", "cells": vec![Json::Null; cells]}]}}))
        };
        let frame = json!({"function": "f", "line": 1, "column": 1});
        for (recording, words) in [
            (
                format(json!([part(1), part(1)]), 2),
                "`output.console[0].format.parts[1]` names value 1, after value 1",
            ),
            (format(json!([part(0)]), 2), "`output.console[0].format.parts[0]` names value 0"),
            (format(json!([part(2)]), 2), "names value 2, and the format has values 1 to 1"),
            (format(json!([]), 3), "`output.console[0].format.consumed` is 3, and there are 2 values"),
            (
                format(json!(vec![json!({"type": "text", "text": ""}); 204]), 2),
                "`output.console[0].format.parts` has 204 parts",
            ),
            (table(2, 2), "`output.console[0].table.rows[0]` has 2 cells for 1 columns"),
            (table(3, 1), "has 1 cells for 2 columns"),
            (table(24, 23), "`output.console[0].table.columns` has 24 columns"),
            (event_with(json!({"kind": "table"})), "`output.console[0].kind` is `table`"),
            (event_with(json!({"stack": []})), "`output.console[0].stack` is there"),
            (event_with(json!({"bundle": {}})), "`output.console[0].bundle` is there"),
            (event_with(json!({"kind": "display", "bundle": {"text/x": ""}})), "the form \"text/x\""),
            (event_with(json!({"args": vec![json!({"type": "null"}); 103]})), "has 103 values"),
            (
                event_with(json!({"text": "é".repeat(4_097)})),
                "`output.console[0].text` has 4097 UTF-16 units",
            ),
            (event_with(json!({"depth": 101})), "has 101 open groups"),
            (event_with(json!({"kind": "trace", "stack": vec![frame.clone(); 51]})), "has 51 frames"),
            (
                value_of(json!({"type": "string", "value": "abc", "length": 2})),
                "`output.value` has 3 UTF-16 units",
            ),
            (value_of(json!({"type": "bigint", "value": "9".repeat(1_001)})), "is no BigInt"),
            (value_of(json!({"type": "bigint", "value": "1<b>"})), "is no BigInt"),
            (value_of(json!({"type": "special_number", "value": "<b>"})), "is none of the numbers"),
            (value_of(json!({"type": "hole", "count": 0})), "a hole of nothing"),
            (value_of(nested(26)), "is over 24 levels deep"),
            (
                value_of(json!({"type": "object", "kind": "set", "text": "", "length": 1,
                    "items": [{"type": "null"}, {"type": "null"}]})),
                "`output.value.length` is 1, and 2 are there",
            ),
            (
                value_of(json!({"type": "object", "kind": "object", "text": "", "state": "pending"})),
                "only a promise has one",
            ),
            (
                json!({"console": [], "outcome": "failed", "value": {"type": "null"}}),
                "only a run that completed has one",
            ),
            (
                json!({"console": [], "outcome": "completed", "error": {"name": "", "message": "", "stack": []}}),
                "a run that completed has none",
            ),
            (
                json!({"console": [], "outcome": "failed",
                    "error": {"name": "", "message": "", "stack": vec![frame; 51]}}),
                "`output.error.stack` has 51 frames",
            ),
        ] {
            let found = fault(recording.clone()).unwrap_or_default();
            assert!(found.contains(words), "{words}: {found:?}");
        }
    }
}
