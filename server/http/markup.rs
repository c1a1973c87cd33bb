//! A snippet's code and recorded output as HTML, for readers without JavaScript: browsers that have it off, search
//! engines, archives. What people shared only ever goes in as text; the few tags around it are written here.
//!
//! All of it is written to a [`Bounded`] text. An event that takes more than [`ROW_BYTES`] is shown by its beginning,
//! and a console that takes more than its bound by its first events. Both say so, with a link to the recording.

use std::fmt::{self, Write};

use super::bounded::Bounded;
use crate::protocol::browser::{Outcome, RunError};
use crate::protocol::value::{
    Accessor, ConsoleEvent, FormatPart, Kind, Level, ObjectValue, PromiseState, Property, StackFrame, Table,
    Value,
};
use crate::snippets::Recording;

/// The most HTML of a recording's console, in bytes.
pub const CONSOLE_BYTES: usize = 256 << 10;
/// How much longer than its JSON a console may be as HTML.
pub const TIMES: usize = 3;
/// And how many bytes more than that: enough for small values, whose tags are longer than their JSON.
pub const EXTRA_BYTES: usize = 16 << 10;
/// The most HTML of one event, in bytes.
pub const ROW_BYTES: usize = 32 << 10;
/// What is kept free for the rows that end a console: the result or the error, and what is missing.
const END_BYTES: usize = 8 << 10;
/// How much of a text is shown whose whole does not fit, in characters.
const BEGINNING_CHARS: usize = 500;
/// The most HTML of a program, in bytes.
pub const PROGRAM_BYTES: usize = 512 << 10;
/// Depth beyond which rows are not indented further.
const MOST_INDENT: u32 = 10;

/// HTML in the making.
struct Html(Bounded);

impl Html {
    /// A tag of ours.
    fn tag(&mut self, tag: &'static str) -> Result<&mut Self, fmt::Error> {
        self.0.write_str(tag)?;
        Ok(self)
    }

    /// Anybody's text. In the content of an element, only `&` and `<` mean anything.
    fn text(&mut self, text: &str) -> Result<&mut Self, fmt::Error> {
        let mut rest = text;
        while let Some(at) = rest.find(['&', '<', '\0']) {
            self.0.write_str(&rest[..at])?;
            self.0.write_str(match rest.as_bytes()[at] {
                b'&' => "&amp;",
                b'<' => "&lt;",
                // HTML has no such character, whatever the spelling.
                _ => "\u{fffd}",
            })?;
            rest = &rest[at + 1..];
        }
        self.0.write_str(rest)?;
        Ok(self)
    }

    /// As much of anybody's text as there is room for, and whether that was all of it.
    fn as_much_of(&mut self, text: &str) -> Result<bool, fmt::Error> {
        let mut rest = text;
        // In pieces, as what each takes is known when it is written. Most texts are one.
        while !rest.is_empty() {
            let piece = &rest[..rest.floor_char_boundary(rest.len().min(self.0.room() / 5))];
            if piece.is_empty() {
                return Ok(false);
            }
            self.text(piece)?;
            rest = &rest[piece.len()..];
        }
        Ok(true)
    }

    /// A part that takes at most `bytes`, all of it or nothing.
    fn part(&mut self, bytes: usize, write: impl FnOnce(&mut Self) -> fmt::Result) -> fmt::Result {
        let part = self.0.begin(bytes);
        let written = write(self);
        self.0.end(part, written)
    }

    /// A link to one of our addresses.
    fn link(&mut self, address: &str, words: &str) -> fmt::Result {
        debug_assert!(!address.contains(['"', '&', '<']));
        self.tag("<a href=\"")?.0.write_str(address)?;
        self.tag("\">")?.text(words)?.tag("</a>")?;
        Ok(())
    }
}

/// The files of a program, each in a box of its own. Where all of it is too much, the rest is at the address `raw`.
pub fn program(files: &[(String, &str)], raw: &str) -> String {
    let mut html = Html(Bounded::new(PROGRAM_BYTES));
    // A page without its program is still a page.
    let _ = write_program(&mut html, files, raw);
    html.0.into_string()
}

fn write_program(html: &mut Html, files: &[(String, &str)], raw: &str) -> fmt::Result {
    html.0.limit_to(PROGRAM_BYTES - END_BYTES);
    html.tag("<div class=\"static-program\">")?;
    let mut is_whole = true;
    for (name, content) in files {
        // A file's name is short, and so are the tags around it.
        if html.0.room() < END_BYTES {
            is_whole = false;
            break;
        }
        if files.len() > 1 {
            html.tag("<h3 class=\"static-file\">")?.text(name)?.tag("</h3>")?;
        }
        html.tag("<pre class=\"static-code\" tabindex=\"0\"><code>")?;
        is_whole = html.as_much_of(content)?;
        html.0.limit_to(PROGRAM_BYTES);
        html.tag("</code></pre>")?;
        html.0.limit_to(PROGRAM_BYTES - END_BYTES);
        if !is_whole {
            break;
        }
    }
    html.0.limit_to(PROGRAM_BYTES);
    if !is_whole {
        html.tag("<p class=\"more\">… The program is too long to show all of it here. ")?;
        html.link(raw, "All of it, as plain text")?;
        html.tag("</p>")?;
    }
    html.tag("</div>")?;
    Ok(())
}

/// The rows of a console whose recording takes `bytes` of JSON and is at the address `all`.
pub fn console(recording: &Recording, bytes: usize, all: &str) -> String {
    let limit = CONSOLE_BYTES.min(bytes.saturating_mul(TIMES).saturating_add(EXTRA_BYTES));
    let mut html = Html(Bounded::new(limit - END_BYTES));
    for (at, event) in recording.console.iter().enumerate() {
        if event.kind == Some(Kind::GroupEnd) {
            continue;
        }
        let written = html.part(ROW_BYTES, |html| row(html, event, message)).or_else(|_| {
            html.part(ROW_BYTES, |html| row(html, event, |html, event| beginning(html, event, all)))
        });
        if written.is_err() {
            html.0.limit_to(limit);
            let more = format!("… {} more events are not shown here. ", recording.console.len() - at);
            // What is kept free has room for that.
            let _ = html.part(END_BYTES, |html| notice(html, &more, all));
            break;
        }
    }
    html.0.limit_to(limit);
    // The whole of it, or else its beginning, which fits into what was kept free.
    if let Some(error) = &recording.error {
        let _ = html
            .part(ROW_BYTES, |html| uncaught(html, error, None))
            .or_else(|_| html.part(END_BYTES, |html| uncaught(html, error, Some(all))));
    } else if let Some(value) = &recording.value {
        let _ = html
            .part(ROW_BYTES, |html| result(html, |html| whole(html, value)))
            .or_else(|_| html.part(END_BYTES, |html| result(html, |html| cut_value(html, value, all))));
    }
    html.0.into_string()
}

/// A row in the place of a console that is not shown, since `why`.
pub fn not_shown(why: &str, all: &str) -> String {
    let mut html = Html(Bounded::new(END_BYTES));
    let _ = notice(&mut html, why, all);
    html.0.into_string()
}

fn notice(html: &mut Html, words: &str, all: &str) -> fmt::Result {
    html.tag("<li class=\"row level-info notice\"><span class=\"mark\"></span><div class=\"message\">")?;
    html.text(words)?.link(all, "All of the output, as JSON")?;
    html.tag("</div></li>")?;
    Ok(())
}

fn result(html: &mut Html, value: impl FnOnce(&mut Html) -> fmt::Result) -> fmt::Result {
    html.tag("<li class=\"row level-log result\"><span class=\"mark\">⇐</span><div class=\"message\">")?;
    value(html)?;
    html.tag("</div></li>")?;
    Ok(())
}

/// The beginning of an event whose whole is too long.
fn beginning(html: &mut Html, event: &ConsoleEvent, all: &str) -> fmt::Result {
    cut_text(html, &event.text, "All of this row, as JSON", all)
}

fn cut_value(html: &mut Html, value: &Value, all: &str) -> fmt::Result {
    let text = match value {
        Value::Object(object) => &object.text,
        Value::String { value, .. } | Value::Bigint { value } | Value::Symbol { value } => value,
        Value::SpecialNumber { value } => value,
        _ => "…",
    };
    cut_text(html, text, "All of this value, as JSON", all)
}

/// The beginning of a text, and where all of it is.
fn cut_text(html: &mut Html, text: &str, words: &str, all: &str) -> fmt::Result {
    let end = text.char_indices().nth(BEGINNING_CHARS).map_or(text.len(), |(at, _)| at);
    html.tag("<span class=\"text\">")?.text(&text[..end])?.tag("</span>")?;
    html.tag(" <span class=\"more\">… It is too long to show here. ")?;
    html.link(all, words)?;
    html.tag("</span>")?;
    Ok(())
}
/// How a run ended, in a word, and the tone to say it in.
pub fn outcome(outcome: Outcome) -> (&'static str, &'static str) {
    match outcome {
        Outcome::Completed => ("Completed", "good"),
        Outcome::Failed => ("Failed", "bad"),
        Outcome::TimedOut => ("Timed out", "warn"),
        Outcome::CpuExceeded => ("CPU limit", "warn"),
        Outcome::MemoryExceeded => ("Memory limit", "warn"),
        Outcome::OutputExceeded => ("Output limit", "warn"),
        Outcome::Stopped => ("Stopped", "quiet"),
        Outcome::Crashed => ("Crashed", "bad"),
    }
}

fn row(
    html: &mut Html,
    event: &ConsoleEvent,
    message: impl FnOnce(&mut Html, &ConsoleEvent) -> fmt::Result,
) -> fmt::Result {
    let (class, mark) = match event.level {
        Level::Debug => ("level-debug", ""),
        Level::Log => ("level-log", ""),
        Level::Info => ("level-info", "ⓘ"),
        Level::Warn => ("level-warn", "⚠"),
        Level::Error => ("level-error", "⊗"),
    };
    html.tag("<li class=\"row ")?.tag(class)?.tag("\" data-depth=\"")?;
    html.text(&event.depth.min(MOST_INDENT).to_string())?;
    html.tag("\"><span class=\"mark\">")?.tag(mark)?.tag("</span><div class=\"message\">")?;
    message(html, event)?;
    html.tag("</div><span class=\"aside\"><span class=\"at\">")?;
    html.text(&format!("+{:.2} s", event.at_ms as f64 / 1_000.0))?;
    html.tag("</span>")?;
    if event.line > 0 {
        html.tag("<span class=\"position\">")?;
        // Where the row is shown by its beginning alone, so is the name of its file.
        let file = event.file.as_deref().unwrap_or_default();
        let end = file.char_indices().nth(BEGINNING_CHARS).map_or(file.len(), |(at, _)| at);
        html.text(&file[..end])?;
        html.text(if end < file.len() {
            "…:"
        } else if file.is_empty() {
            ""
        } else {
            ":"
        })?;
        html.text(&format!("{}:{}", event.line, event.column))?.tag("</span>")?;
    }
    html.tag("</span></li>")?;
    Ok(())
}

fn message(html: &mut Html, event: &ConsoleEvent) -> fmt::Result {
    let lead = |html: &mut Html, word: &str| -> fmt::Result {
        html.tag("<strong>")?.text(word)?.tag("</strong>")?;
        if !event.args.is_empty() {
            html.text(": ")?;
        }
        Ok(())
    };
    match event.kind {
        Some(Kind::Table) => match &event.table {
            Some(cells) => table(html, cells),
            None => content(html, event),
        },
        Some(Kind::Clear) => {
            html.tag("<span class=\"quiet\">Console was cleared</span>")?;
            Ok(())
        }
        Some(Kind::Assert) => {
            lead(html, "Assertion failed")?;
            content(html, event)
        }
        Some(Kind::Trace) => {
            lead(html, "Trace")?;
            content(html, event)?;
            stack(html, event.stack.as_deref().unwrap_or_default())
        }
        Some(Kind::Group | Kind::GroupCollapsed) => {
            html.tag("<strong>")?;
            if event.args.is_empty() {
                html.text(if event.text.is_empty() { "console.group" } else { &event.text })?;
            } else {
                content(html, event)?;
            }
            html.tag("</strong>")?;
            Ok(())
        }
        Some(Kind::Count | Kind::Time | Kind::Prompt) => plain(html, &event.text),
        Some(Kind::Network) => {
            html.tag("<strong>Network</strong>: ")?;
            plain(html, &event.text)
        }
        // What is shown as more than text takes the page's scripts, which have all of it.
        Some(Kind::Display | Kind::Dir | Kind::GroupEnd) | None => content(html, event),
    }
}

fn plain(html: &mut Html, text: &str) -> fmt::Result {
    html.tag("<span class=\"text\">")?.text(text)?.tag("</span>")?;
    Ok(())
}

/// The arguments in a line: those of a format string as it lays them out, the others with spaces between.
fn content(html: &mut Html, event: &ConsoleEvent) -> fmt::Result {
    if event.args.is_empty() {
        return plain(html, &event.text);
    }
    let mut rest = event.args.as_slice();
    let mut is_first = true;
    if let Some(format) = &event.format {
        html.tag("<span class=\"text\">")?;
        for part in &format.parts {
            match part {
                FormatPart::Text { text, style: _ } => {
                    html.text(text)?;
                }
                FormatPart::Value { arg } => {
                    if let Some(value) = event.args.get(*arg as usize) {
                        whole(html, value)?;
                    }
                }
            }
        }
        html.tag("</span>")?;
        is_first = false;
        rest = event.args.get(format.consumed as usize..).unwrap_or_default();
    }
    for value in rest {
        if !is_first {
            html.text(" ")?;
        }
        is_first = false;
        match value {
            // A string that is an argument is a text, not a value.
            Value::String { value, length } => {
                html.tag("<span class=\"text\">")?.text(value)?.text(&cut(value, *length))?.tag("</span>")?;
            }
            value => whole(html, value)?,
        }
    }
    Ok(())
}

/// A value that can be unfolded, where there is something to.
fn whole(html: &mut Html, value: &Value) -> fmt::Result {
    match value {
        Value::Object(object) if has_children(object) => {
            html.tag("<details class=\"static-tree\"><summary>")?;
            inline(html, value)?;
            html.tag("</summary>")?;
            children(html, object)?;
            html.tag("</details>")?;
            Ok(())
        }
        value => inline(html, value),
    }
}

/// A value in a line.
fn inline(html: &mut Html, value: &Value) -> fmt::Result {
    let mut value_of = |class: &'static str, text: &str, end: &str| -> fmt::Result {
        html.tag("<span class=\"")?.tag(class)?.tag("\">")?.text(text)?.text(end)?.tag("</span>")?;
        Ok(())
    };
    match value {
        Value::Undefined => value_of("v-undefined", "undefined", ""),
        Value::Null => value_of("v-null", "null", ""),
        Value::Boolean { value } => value_of("v-boolean", if *value { "true" } else { "false" }, ""),
        Value::Number { value } => value_of("v-number", &number(*value), ""),
        Value::SpecialNumber { value } => value_of("v-number", value, ""),
        Value::Bigint { value } => value_of("v-bigint", value, "n"),
        Value::String { value, length } => {
            // In quotes it is longer still, so there is no need to write those.
            if value.len() > html.0.room() {
                return Err(fmt::Error);
            }
            let quoted = serde_json::to_string(value).map_err(|_| fmt::Error)?;
            let missing = cut(value, *length);
            html.tag("<span class=\"v-string\">")?.text(&quoted)?.text(&missing)?.tag("</span>")?;
            Ok(())
        }
        Value::Symbol { value } => value_of("v-symbol", value, ""),
        Value::Hole { count: 1 } => value_of("v-hole", "empty", ""),
        Value::Hole { count } => value_of("v-hole", &format!("empty × {count}"), ""),
        Value::Ref { id } => value_of("v-ref", &format!("→ #{id}"), ""),
        Value::Object(object) => value_of("v-object", &object.text, ""),
    }
}

/// As JavaScript writes it, near enough: no `.0` behind whole numbers.
fn number(value: f64) -> String {
    if value.abs() >= 1e21 || (value != 0.0 && value.abs() < 1e-6) {
        format!("{value:e}")
    } else {
        value.to_string()
    }
}

/// What a cut string lacks, in words.
fn cut(value: &str, length: u64) -> String {
    let missing = length.saturating_sub(value.encode_utf16().count() as u64);
    if missing == 0 { String::new() } else { format!(" … {missing} more characters") }
}

fn has_children(object: &ObjectValue) -> bool {
    let ObjectValue { items, entries, properties, more, state, value, handler, error, .. } = object;
    !items.is_empty()
        || !entries.is_empty()
        || !properties.is_empty()
        || *more > 0
        || state.is_some()
        || value.is_some()
        || handler.is_some()
        || error.as_ref().is_some_and(|error| !error.stack.is_empty() || error.cause.is_some())
}

fn children(html: &mut Html, object: &ObjectValue) -> fmt::Result {
    html.tag("<ul class=\"static-children\">")?;
    if let Some(error) = &object.error {
        for frame in &error.stack {
            html.tag("<li class=\"frame\">")?;
            place(html, frame)?;
            html.tag("</li>")?;
        }
        if let Some(cause) = &error.cause {
            child(html, "v-note", "[[cause]]", cause)?;
        }
    }
    if let Some(state) = object.state {
        let state = match state {
            PromiseState::Pending => "pending",
            PromiseState::Fulfilled => "fulfilled",
            PromiseState::Rejected => "rejected",
        };
        html.tag("<li><span class=\"v-note\">[[state]]</span>: ")?.tag(state)?.tag("</li>")?;
    }
    if let Some(value) = &object.value {
        child(html, "v-note", "[[value]]", value)?;
    }
    if let Some(handler) = &object.handler {
        child(html, "v-note", "[[handler]]", handler)?;
    }
    let mut index = 0_u64;
    for item in &object.items {
        child(html, "k-index", &index.to_string(), item)?;
        index = index.saturating_add(if let Value::Hole { count } = item { (*count).max(1) } else { 1 });
    }
    for (key, value) in &object.entries {
        html.tag("<li>")?;
        whole(html, key)?;
        html.text(" ⇒ ")?;
        whole(html, value)?;
        html.tag("</li>")?;
    }
    for property in &object.properties {
        own(html, property)?;
    }
    if object.more > 0 {
        html.tag("<li class=\"more\">")?.text(&format!("… {} more", object.more))?.tag("</li>")?;
    }
    html.tag("</ul>")?;
    Ok(())
}

/// A property of an object.
fn own(html: &mut Html, property: &Property) -> fmt::Result {
    let Property { key, symbol, hidden: _, value, accessor } = property;
    let (class, [open, close]) = if *symbol { ("k-symbol", ["[", "]"]) } else { ("k-key", ["", ""]) };
    html.tag("<li><span class=\"")?.tag(class)?.tag("\">")?;
    html.text(open)?.text(key)?.text(close)?.tag("</span>: ")?;
    if let Some(value) = value {
        whole(html, value)?;
    } else {
        let which = match accessor {
            Some(Accessor::Getter) => "(getter)",
            Some(Accessor::Setter) => "(setter)",
            Some(Accessor::GetterSetter) => "(getter, setter)",
            None => "…",
        };
        html.tag("<span class=\"v-note\">")?.tag(which)?.tag("</span>")?;
    }
    html.tag("</li>")?;
    Ok(())
}

fn child(html: &mut Html, class: &'static str, label: &str, value: &Value) -> fmt::Result {
    html.tag("<li><span class=\"")?.tag(class)?.tag("\">")?.text(label)?.tag("</span>: ")?;
    whole(html, value)?;
    html.tag("</li>")?;
    Ok(())
}

fn table(html: &mut Html, table: &Table) -> fmt::Result {
    html.tag("<div class=\"table\" tabindex=\"0\"><table><thead><tr>")?;
    for column in &table.columns {
        html.tag("<th scope=\"col\">")?.text(column)?.tag("</th>")?;
    }
    html.tag("</tr></thead><tbody>")?;
    for row in &table.rows {
        html.tag("<tr><th scope=\"row\">")?.text(&row.index)?.tag("</th>")?;
        for cell in &row.cells {
            html.tag("<td>")?;
            if let Some(value) = cell {
                whole(html, value)?;
            }
            html.tag("</td>")?;
        }
        html.tag("</tr>")?;
    }
    html.tag("</tbody></table></div>")?;
    if table.more_rows > 0 || table.more_columns > 0 {
        let more = format!("… {} more rows, {} more columns", table.more_rows, table.more_columns);
        html.tag("<div class=\"more\">")?.text(&more)?.tag("</div>")?;
    }
    Ok(())
}

fn stack(html: &mut Html, frames: &[StackFrame]) -> fmt::Result {
    html.tag("<div class=\"stack\">")?;
    for frame in frames {
        html.tag("<div class=\"frame\">")?;
        place(html, frame)?;
        html.tag("</div>")?;
    }
    html.tag("</div>")?;
    Ok(())
}

fn place(html: &mut Html, frame: &StackFrame) -> fmt::Result {
    let StackFrame { function, file, line, column, is_async } = frame;
    html.text(if *is_async { "at async " } else { "at " })?;
    if !function.is_empty() {
        html.text(function)?.text(" (")?;
    }
    if let Some(file) = file {
        html.text(file)?.text(":")?;
    }
    html.text(&format!("{line}:{column}"))?;
    html.text(if function.is_empty() { "" } else { ")" })?;
    Ok(())
}

/// What the program did not catch; its message alone, cut, where `all` is the address of the rest.
fn uncaught(html: &mut Html, error: &RunError, all: Option<&str>) -> fmt::Result {
    html.tag("<li class=\"row level-error uncaught\"><span class=\"mark\">⊗</span><div class=\"message\">")?;
    html.tag("<span class=\"text\">Uncaught ")?;
    if error.name != "Uncaught" && (all.is_none() || error.name.len() <= BEGINNING_CHARS) {
        html.text(&error.name)?.text(": ")?;
    }
    if let Some(all) = all {
        html.tag("</span>")?;
        cut_text(html, &error.message, "All of this error, as JSON", all)?;
    } else {
        html.text(&error.message)?.tag("</span>")?;
        stack(html, &error.stack)?;
        if let Some(cause) = &error.cause {
            html.tag("<div class=\"cause\">Caused by: ")?;
            whole(html, cause)?;
            html.tag("</div>")?;
        }
    }
    html.tag("</div></li>")?;
    Ok(())
}

/// What HTML looks for in a script's text: such a text could end the script, or hide its end.
const SCRIPT_MARKS: [&str; 3] = ["!--", "/script", "script"];

/// `json`, safe inside a `<script>`: no text of it can end that or begin a comment. Only what could is spelled
/// otherwise.
pub fn embedded_json(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find('<') {
        let (before, after) = (&rest[..at], &rest[at + 1..]);
        safe.push_str(before);
        let is_mark = |mark: &&str| {
            after.as_bytes().get(..mark.len()).is_some_and(|it| it.eq_ignore_ascii_case(mark.as_bytes()))
        };
        // `<` stands only in strings, where it may be spelled so.
        safe.push_str(if SCRIPT_MARKS.iter().any(is_mark) { "\\u003c" } else { "<" });
        rest = after;
    }
    safe.push_str(rest);
    safe
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const ALL: &str = "/api/v1/snippets/7Xq2mPz9RtKb@1/output";

    fn shown(recording: serde_json::Value) -> String {
        let bytes = recording.to_string().len();
        console(&serde_json::from_value(recording).expect("a recording"), bytes, ALL)
    }

    #[test]
    fn trees_can_be_unfolded_and_texts_are_texts() {
        let object = json!({"type": "object", "kind": "object", "class": "Object", "text": "{a: <b>}", "properties": [
            {"key": "a", "value": {"type": "string", "value": "<b>\"", "length": 9}},
            {"key": "s", "symbol": true, "accessor": "getter"},
        ], "more": 2});
        let html = shown(json!({"outcome": "completed", "console": [
            {"level": "warn", "args": [{"type": "string", "value": "<i>", "length": 3}, object], "text": "", "line": 2,
             "column": 7, "at_ms": 1_250, "depth": 3},
            {"level": "log", "kind": "group_end", "args": [], "text": "", "line": 0, "column": 0, "at_ms": 0},
        ], "value": {"type": "number", "value": 42.0}}));
        for part in [
            "level-warn",
            "data-depth=\"3\"",
            "<span class=\"text\">&lt;i></span> <details",
            "<summary><span class=\"v-object\">{a: &lt;b>}</span></summary>",
            "<span class=\"k-key\">a</span>: <span class=\"v-string\">\"&lt;b>\\\"\" … 5 more characters</span>",
            "<span class=\"k-symbol\">[s]</span>: <span class=\"v-note\">(getter)</span>",
            "… 2 more",
            "+1.25 s",
            "2:7",
            "result",
            ">42<",
        ] {
            assert!(html.contains(part), "{part}: {html}");
        }
        assert_eq!(html.matches("<li class=\"row").count(), 2);
    }

    #[test]
    fn a_long_console_is_cut_with_a_count_and_a_link() {
        let event = json!({"level": "log", "args": [], "text": "x".repeat(3_000), "line": 0, "column": 0, "at_ms": 0});
        let html = shown(json!({"outcome": "completed", "console": vec![event; 500],
            "value": {"type": "number", "value": 42.0}}));
        assert!(html.len() <= CONSOLE_BYTES, "{}", html.len());
        assert!(html.contains("more events are not shown here.") && html.contains(ALL), "{html}");
        assert!(html.contains(">42<"), "the result is shown all the same");
    }

    #[test]
    fn a_long_row_is_shown_by_its_beginning() {
        let long = json!({"type": "string", "value": "&".repeat(20_000), "length": 20_000});
        let event = |text: &str| json!({"level": "log", "args": [long], "text": text, "line": 1, "column": 1, "at_ms": 0});
        let html =
            shown(json!({"outcome": "completed", "console": [event(&"&".repeat(20_000)), event("second")],
            "value": long}));
        assert!(
            html.contains(&format!("<span class=\"text\">{}</span>", "&amp;".repeat(BEGINNING_CHARS))),
            "{html}"
        );
        assert!(html.contains("<span class=\"text\">second</span>"), "{html}");
        assert_eq!(html.matches("All of this row").count(), 2);
        assert_eq!(html.matches("All of this value").count(), 1);
        assert!(html.len() < 3 * 4_096, "{}", html.len());
    }

    /// The attack that once made a page of 24 GB.
    #[test]
    fn one_value_named_often_is_written_once_at_most() {
        let bigint = json!({"type": "bigint", "value": "9".repeat(600_000)});
        let small = json!({"type": "bigint", "value": "9"});
        let parts = vec![json!({"type": "value", "arg": 0}); 40_000];
        for arg in [bigint, small] {
            let event = json!({"level": "log", "args": [arg], "text": "<9>", "line": 1, "column": 1, "at_ms": 0,
                "format": {"parts": parts, "consumed": 1}});
            let started = std::time::Instant::now();
            let html = shown(json!({"outcome": "completed", "console": vec![event; 3]}));
            assert!(html.len() < 10_000, "{}", html.len());
            assert_eq!(html.matches("&lt;9>").count(), 3, "each is there by its text");
            assert!(started.elapsed().as_secs() < 5);
        }
    }

    #[test]
    fn a_long_program_is_cut_with_a_link() {
        let files = [("a.js".to_owned(), "<".repeat(600_000)), ("b.js".to_owned(), "b".to_owned())];
        let files: Vec<_> = files.iter().map(|(name, text)| (name.clone(), text.as_str())).collect();
        let html = program(&files, "/s/7Xq2mPz9RtKb@1/raw");
        assert!(html.len() <= PROGRAM_BYTES, "{}", html.len());
        assert!(html.ends_with("All of it, as plain text</a></p></div>"), "{}", &html[html.len() - 300..]);
        let whole = program(&files[1..], "/s/7Xq2mPz9RtKb@1/raw");
        assert!(whole.contains("<code>b</code></pre></div>"), "{whole}");
    }

    #[test]
    fn errors_say_where() {
        let html = shown(
            json!({"outcome": "failed", "console": [], "error": {"name": "TypeError", "message": "a < b",
            "stack": [{"function": "f", "line": 1, "column": 2}, {"function": "", "line": 3, "column": 4}]}}),
        );
        assert!(html.contains("Uncaught TypeError: a &lt; b"), "{html}");
        assert!(html.contains("at f (1:2)") && html.contains("at 3:4"), "{html}");
        let long = "<".repeat(50_000);
        let html = shown(json!({"outcome": "failed", "console": [], "error": {"name": long, "message": long,
            "stack": []}}));
        assert!(html.contains("Uncaught </span>") && html.contains("All of this error"), "{html}");
    }

    #[test]
    fn only_what_could_end_a_script_is_escaped() {
        for (json, safe) in [
            ("\"a < b </b> <svg> <\"", "\"a < b </b> <svg> <\""),
            ("\"</script>\"", "\"\\u003c/script>\""),
            ("\"<SCRIPT <!-- </ScRiPt\"", "\"\\u003cSCRIPT \\u003c!-- \\u003c/ScRiPt\""),
            ("\"<<script\"", "\"<\\u003cscript\""),
        ] {
            assert_eq!(embedded_json(json), safe);
        }
    }

    proptest! {
        #[test]
        fn no_text_becomes_a_tag(text in "\\PC*[<>&\"']{0,3}\\PC*") {
            let raw = "/s/7Xq2mPz9RtKb@1/raw";
            let html = program(&[("a".to_owned(), &text), (text.clone(), "")], raw);
            let ours = html.matches('<').count();
            prop_assert_eq!(ours, program(&[("a".to_owned(), ""), (String::new(), "")], raw).matches('<').count());
        }

        #[test]
        fn embedded_json_never_ends_its_script(text in "([<!/-]|script|SCRIPT|\\PC){0,30}") {
            let json = serde_json::to_string(&text).expect("JSON");
            let embedded = embedded_json(&json);
            let lower = embedded.to_ascii_lowercase();
            prop_assert!(!["<!--", "<script", "</script"].iter().any(|mark| lower.contains(mark)));
            prop_assert!(embedded.len() <= 3 * json.len());
            prop_assert_eq!(serde_json::from_str::<String>(&embedded).expect("JSON"), text);
        }
    }
}
