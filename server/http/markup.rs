//! A snippet's code and recorded output as HTML, for readers without JavaScript: browsers that have it off, search
//! engines, archives. What people shared only ever goes in as text; the few tags around it are written here.

use crate::protocol::browser::{Outcome, RunError};
use crate::protocol::value::{
    Accessor, ConsoleEvent, FormatPart, Kind, Level, ObjectValue, PromiseState, Property, StackFrame, Table,
    Value,
};
use crate::snippets::Recording;

/// How much HTML is written of a recording, about, in bytes. The rest is in the page as data.
const MOST_BYTES: usize = 1 << 20;
/// Depth beyond which rows are not indented further.
const MOST_INDENT: u32 = 10;

/// HTML in the making.
#[derive(Default)]
struct Html(String);

impl Html {
    /// A tag of ours.
    fn tag(&mut self, tag: &'static str) -> &mut Self {
        self.0.push_str(tag);
        self
    }

    /// Anybody's text.
    fn text(&mut self, text: &str) -> &mut Self {
        for letter in text.chars() {
            match letter {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                // HTML has no such character, whatever the spelling.
                '\0' => self.0.push('\u{fffd}'),
                letter => self.0.push(letter),
            }
        }
        self
    }
}

/// The files of a program, each in a box of its own.
pub fn program(files: &[(String, &str)]) -> String {
    let mut html = Html::default();
    html.tag("<div class=\"static-program\">");
    for (name, content) in files {
        if files.len() > 1 {
            html.tag("<h3 class=\"static-file\">").text(name).tag("</h3>");
        }
        html.tag("<pre class=\"static-code\" tabindex=\"0\"><code>").text(content).tag("</code></pre>");
    }
    html.tag("</div>");
    html.0
}

/// The rows of a recorded console.
pub fn console(recording: &Recording) -> String {
    let mut html = Html::default();
    for (at, event) in recording.console.iter().enumerate() {
        if html.0.len() > MOST_BYTES {
            let more = recording.console.len() - at;
            html.tag(
                "<li class=\"row level-info notice\"><span class=\"mark\"></span><div class=\"message\">",
            );
            html.text(&format!("… {more} more events, which show with JavaScript turned on"));
            html.tag("</div></li>");
            break;
        }
        if event.kind != Some(Kind::GroupEnd) {
            row(&mut html, event);
        }
    }
    if let Some(error) = &recording.error {
        uncaught(&mut html, error);
    } else if let Some(value) = &recording.value {
        html.tag("<li class=\"row level-log result\"><span class=\"mark\">⇐</span><div class=\"message\">");
        whole(&mut html, value);
        html.tag("</div></li>");
    }
    html.0
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

fn row(html: &mut Html, event: &ConsoleEvent) {
    let (class, mark) = match event.level {
        Level::Debug => ("level-debug", ""),
        Level::Log => ("level-log", ""),
        Level::Info => ("level-info", "ⓘ"),
        Level::Warn => ("level-warn", "⚠"),
        Level::Error => ("level-error", "⊗"),
    };
    html.tag("<li class=\"row ").tag(class).tag("\" data-depth=\"");
    html.text(&event.depth.min(MOST_INDENT).to_string());
    html.tag("\"><span class=\"mark\">").tag(mark).tag("</span><div class=\"message\">");
    message(html, event);
    html.tag("</div><span class=\"aside\"><span class=\"at\">");
    html.text(&format!("+{:.2} s", event.at_ms as f64 / 1_000.0));
    html.tag("</span>");
    if event.line > 0 {
        let file = event.file.as_ref().map(|file| format!("{file}:")).unwrap_or_default();
        let place = format!("{file}{}:{}", event.line, event.column);
        html.tag("<span class=\"position\">").text(&place).tag("</span>");
    }
    html.tag("</span></li>");
}

fn message(html: &mut Html, event: &ConsoleEvent) {
    let lead = |html: &mut Html, word: &str| {
        html.tag("<strong>").text(word).tag("</strong>");
        if !event.args.is_empty() {
            html.text(": ");
        }
    };
    match event.kind {
        Some(Kind::Table) => match &event.table {
            Some(cells) => table(html, cells),
            None => content(html, event),
        },
        Some(Kind::Clear) => {
            html.tag("<span class=\"quiet\">Console was cleared</span>");
        }
        Some(Kind::Assert) => {
            lead(html, "Assertion failed");
            content(html, event);
        }
        Some(Kind::Trace) => {
            lead(html, "Trace");
            content(html, event);
            stack(html, event.stack.as_deref().unwrap_or_default());
        }
        Some(Kind::Group | Kind::GroupCollapsed) => {
            html.tag("<strong>");
            if event.args.is_empty() {
                html.text(if event.text.is_empty() { "console.group" } else { &event.text });
            } else {
                content(html, event);
            }
            html.tag("</strong>");
        }
        Some(Kind::Count | Kind::Time) => {
            html.tag("<span class=\"text\">").text(&event.text).tag("</span>");
        }
        Some(Kind::Network) => {
            html.tag("<strong>Network</strong>: <span class=\"text\">").text(&event.text).tag("</span>");
        }
        Some(Kind::Prompt) => {
            html.tag("<span class=\"text\">").text(&event.text).tag("</span>");
        }
        // What is shown as more than text takes the page's scripts, which have all of it.
        Some(Kind::Display | Kind::Dir | Kind::GroupEnd) | None => content(html, event),
    }
}

/// The arguments in a line: those of a format string as it lays them out, the others with spaces between.
fn content(html: &mut Html, event: &ConsoleEvent) {
    if event.args.is_empty() {
        html.tag("<span class=\"text\">").text(&event.text).tag("</span>");
        return;
    }
    let mut rest = event.args.as_slice();
    let mut is_first = true;
    if let Some(format) = &event.format {
        html.tag("<span class=\"text\">");
        for part in &format.parts {
            match part {
                FormatPart::Text { text, style: _ } => {
                    html.text(text);
                }
                FormatPart::Value { arg } => {
                    if let Some(value) = event.args.get(*arg as usize) {
                        whole(html, value);
                    }
                }
            }
        }
        html.tag("</span>");
        is_first = false;
        rest = event.args.get(format.consumed as usize..).unwrap_or_default();
    }
    for value in rest {
        if !is_first {
            html.text(" ");
        }
        is_first = false;
        match value {
            // A string that is an argument is a text, not a value.
            Value::String { value, length } => {
                html.tag("<span class=\"text\">").text(value).text(&cut(value, *length)).tag("</span>");
            }
            value => whole(html, value),
        }
    }
}

/// A value that can be unfolded, where there is something to.
fn whole(html: &mut Html, value: &Value) {
    match value {
        Value::Object(object) if has_children(object) => {
            html.tag("<details class=\"static-tree\"><summary>");
            inline(html, value);
            html.tag("</summary>");
            children(html, object);
            html.tag("</details>");
        }
        value => inline(html, value),
    }
}

/// A value in a line.
fn inline(html: &mut Html, value: &Value) {
    let (class, text) = match value {
        Value::Undefined => ("v-undefined", "undefined".to_owned()),
        Value::Null => ("v-null", "null".to_owned()),
        Value::Boolean { value } => ("v-boolean", value.to_string()),
        Value::Number { value } => ("v-number", number(*value)),
        Value::SpecialNumber { value } => ("v-number", value.clone()),
        Value::Bigint { value } => ("v-bigint", format!("{value}n")),
        Value::String { value, length } => {
            let quoted = serde_json::to_string(value).unwrap_or_default();
            ("v-string", format!("{quoted}{}", cut(value, *length)))
        }
        Value::Symbol { value } => ("v-symbol", value.clone()),
        Value::Hole { count: 1 } => ("v-hole", "empty".to_owned()),
        Value::Hole { count } => ("v-hole", format!("empty × {count}")),
        Value::Ref { id } => ("v-ref", format!("→ #{id}")),
        Value::Object(object) => ("v-object", object.text.clone()),
    };
    html.tag("<span class=\"").tag(class).tag("\">").text(&text).tag("</span>");
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

fn children(html: &mut Html, object: &ObjectValue) {
    html.tag("<ul class=\"static-children\">");
    if let Some(error) = &object.error {
        for frame in &error.stack {
            html.tag("<li class=\"frame\">").text(&place(frame)).tag("</li>");
        }
        if let Some(cause) = &error.cause {
            child(html, "v-note", "[[cause]]", cause);
        }
    }
    if let Some(state) = object.state {
        let state = match state {
            PromiseState::Pending => "pending",
            PromiseState::Fulfilled => "fulfilled",
            PromiseState::Rejected => "rejected",
        };
        html.tag("<li><span class=\"v-note\">[[state]]</span>: ").tag(state).tag("</li>");
    }
    if let Some(value) = &object.value {
        child(html, "v-note", "[[value]]", value);
    }
    if let Some(handler) = &object.handler {
        child(html, "v-note", "[[handler]]", handler);
    }
    let mut index = 0_u64;
    for item in &object.items {
        child(html, "k-index", &index.to_string(), item);
        index = index.saturating_add(if let Value::Hole { count } = item { (*count).max(1) } else { 1 });
    }
    for (key, value) in &object.entries {
        html.tag("<li>");
        whole(html, key);
        html.text(" ⇒ ");
        whole(html, value);
        html.tag("</li>");
    }
    for Property { key, symbol, hidden: _, value, accessor } in &object.properties {
        let (class, key) = if *symbol { ("k-symbol", format!("[{key}]")) } else { ("k-key", key.clone()) };
        match (value, accessor) {
            (Some(value), _) => child(html, class, &key, value),
            (None, accessor) => {
                let which = match accessor {
                    Some(Accessor::Getter) => "(getter)",
                    Some(Accessor::Setter) => "(setter)",
                    Some(Accessor::GetterSetter) => "(getter, setter)",
                    None => "…",
                };
                html.tag("<li><span class=\"").tag(class).tag("\">").text(&key).tag("</span>: ");
                html.tag("<span class=\"v-note\">").tag(which).tag("</span></li>");
            }
        }
    }
    if object.more > 0 {
        html.tag("<li class=\"more\">").text(&format!("… {} more", object.more)).tag("</li>");
    }
    html.tag("</ul>");
}

fn child(html: &mut Html, class: &'static str, label: &str, value: &Value) {
    html.tag("<li><span class=\"").tag(class).tag("\">").text(label).tag("</span>: ");
    whole(html, value);
    html.tag("</li>");
}

fn table(html: &mut Html, table: &Table) {
    html.tag("<div class=\"table\" tabindex=\"0\"><table><thead><tr>");
    for column in &table.columns {
        html.tag("<th scope=\"col\">").text(column).tag("</th>");
    }
    html.tag("</tr></thead><tbody>");
    for row in &table.rows {
        html.tag("<tr><th scope=\"row\">").text(&row.index).tag("</th>");
        for cell in &row.cells {
            html.tag("<td>");
            if let Some(value) = cell {
                whole(html, value);
            }
            html.tag("</td>");
        }
        html.tag("</tr>");
    }
    html.tag("</tbody></table></div>");
    if table.more_rows + table.more_columns > 0 {
        let more = format!("… {} more rows, {} more columns", table.more_rows, table.more_columns);
        html.tag("<div class=\"more\">").text(&more).tag("</div>");
    }
}

fn stack(html: &mut Html, frames: &[StackFrame]) {
    html.tag("<div class=\"stack\">");
    for frame in frames {
        html.tag("<div class=\"frame\">").text(&place(frame)).tag("</div>");
    }
    html.tag("</div>");
}

fn place(frame: &StackFrame) -> String {
    let StackFrame { function, file, line, column, is_async } = frame;
    let place = match file {
        Some(file) => format!("{file}:{line}:{column}"),
        None => format!("{line}:{column}"),
    };
    let at = if *is_async { "at async" } else { "at" };
    if function.is_empty() { format!("{at} {place}") } else { format!("{at} {function} ({place})") }
}

fn uncaught(html: &mut Html, error: &RunError) {
    html.tag("<li class=\"row level-error uncaught\"><span class=\"mark\">⊗</span><div class=\"message\">");
    html.tag("<span class=\"text\">");
    if error.name == "Uncaught" {
        html.text("Uncaught ");
    } else {
        html.text(&format!("Uncaught {}: ", error.name));
    }
    html.text(&error.message).tag("</span>");
    stack(html, &error.stack);
    if let Some(cause) = &error.cause {
        html.tag("<div class=\"cause\">Caused by: ");
        whole(html, cause);
        html.tag("</div>");
    }
    html.tag("</div></li>");
}

/// `json`, safe inside a `<script>`: no text of it can end that or begin a comment.
pub fn embedded_json(json: &str) -> String {
    // `<` stands only in strings, where it may be spelled so.
    json.replace('<', "\\u003c")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn shown(recording: serde_json::Value) -> String {
        console(&serde_json::from_value(recording).expect("a recording"))
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
            "<span class=\"text\">&lt;i&gt;</span> <details",
            "<summary><span class=\"v-object\">{a: &lt;b&gt;}</span></summary>",
            "<span class=\"k-key\">a</span>: <span class=\"v-string\">&quot;&lt;b&gt;\\&quot;&quot; … 5 more characters</span>",
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
    fn what_is_too_long_for_a_page_is_counted() {
        let event = json!({"level": "log", "args": [], "text": "x".repeat(3_000), "line": 0, "column": 0, "at_ms": 0});
        let html = shown(json!({"outcome": "completed", "console": vec![event; 500]}));
        assert!(html.len() < MOST_BYTES + 10_000, "{}", html.len());
        assert!(html.contains("more events, which show with JavaScript turned on"));
    }

    #[test]
    fn errors_say_where() {
        let html = shown(
            json!({"outcome": "failed", "console": [], "error": {"name": "TypeError", "message": "a < b",
            "stack": [{"function": "f", "line": 1, "column": 2}, {"function": "", "line": 3, "column": 4}]}}),
        );
        assert!(html.contains("Uncaught TypeError: a &lt; b"), "{html}");
        assert!(html.contains("at f (1:2)") && html.contains("at 3:4"), "{html}");
    }

    proptest! {
        #[test]
        fn no_text_becomes_a_tag(text in "\\PC*[<>&\"']{0,3}\\PC*") {
            let html = program(&[("a".to_owned(), &text), (text.clone(), "")]);
            let ours = html.matches('<').count();
            prop_assert_eq!(ours, program(&[("a".to_owned(), ""), (String::new(), "")]).matches('<').count());
            let json = serde_json::to_string(&text).expect("JSON");
            let embedded = embedded_json(&json);
            prop_assert!(!embedded.contains('<'));
            prop_assert_eq!(serde_json::from_str::<String>(&embedded).expect("JSON"), text);
        }
    }
}
