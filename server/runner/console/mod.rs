//! The console: what a program's calls of `console` methods become.
//!
//! It implements the Console Standard (<https://console.spec.whatwg.org>) natively, since nothing of the
//! program's realm can be trusted: see [`super::inspect`]. The global `console` is a thin object whose methods
//! pass their number and arguments here.
//!
//! An event never takes more than `message_bytes` as JSON. Every part of it is paid from one [`Budget`], so it
//! fits by construction; if ever it did not, the event is made again with less, and at last of its text alone.

mod format;
mod method;
mod plain;
mod table;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use deno_core::v8;

pub use method::{Method, UnknownMethod};

use super::inspect::{
    Budget, InspectLimits, MAX_FRAMES, NOTHING, Place, UserFrames, frame_len, guarded, inspect, json_len,
    line, primitive, size,
};
use crate::protocol::bounds;
use crate::protocol::value::{ConsoleEvent, FormatPart, Kind, Level, StackFrame, Value};

/// The most arguments of one call that are shown.
const MAX_ARGS: usize = bounds::ARGS;
/// The most labels of `count`, and of `time`, that are told apart.
const MAX_LABELS: usize = 1_000;
/// The longest label, in UTF-16 units; of longer ones only the beginning counts.
const LABEL_UNITS: usize = 200;
/// The longest `text` of an event, in UTF-16 units.
pub const TEXT_UNITS: usize = bounds::TEXT_UNITS;
/// The deepest nesting of groups that is shown; deeper groups stay at it.
const MAX_GROUPS: u32 = bounds::GROUPS;
/// How far up the stack the call's position is looked for.
pub const POSITION_FRAMES: usize = 16;
/// What an event takes in JSON without its variable parts, rounded up.
const EVENT: usize = 360;
/// `{"type":"string","value":"","length":…},`
const SHOWN: usize = 60;
/// The least that `message_bytes` can be.
pub const MIN_MESSAGE_BYTES: usize = 1_024;

/// The console of one run.
pub struct Console {
    frames: UserFrames,
    started: Instant,
    message_bytes: usize,
    groups: u32,
    counts: HashMap<String, u64>,
    timers: HashMap<String, Instant>,
    plain: plain::Buffers,
}

/// What is to be shown, before it is made to fit.
struct Draft<'s, 'a> {
    level: Level,
    kind: Option<Kind>,
    /// In `text` before everything else.
    prefix: &'static str,
    /// A first argument that is not the program's.
    lead: Option<String>,
    args: &'a [v8::Local<'s, v8::Value>],
    /// Whether the first argument can be a format string.
    formatted: bool,
    /// For `table`: the `columns` argument.
    columns: Option<v8::Local<'s, v8::Value>>,
    stack: Option<Vec<StackFrame>>,
    position: Place,
    at_ms: u64,
    depth: u32,
}

/// A question of the program's that is over.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    /// The question.
    pub message: &'a str,
    /// What came of it.
    pub answer: Answer<'a>,
    /// Where it was asked.
    pub position: Place,
    /// Whether it is rather that there was nobody to ask.
    pub is_notice: bool,
}

/// What came of a question.
#[derive(Clone, Copy, Debug)]
pub enum Answer<'a> {
    /// There is nothing to answer.
    None,
    /// Nobody answered it.
    Cancelled,
    /// Yes or no.
    Yes(bool),
    /// This.
    Text(&'a str),
}

/// The arguments in a JavaScript array made by a rest parameter.
pub fn arguments<'s>(
    scope: &v8::PinScope<'s, '_>,
    array: v8::Local<v8::Array>,
) -> Vec<v8::Local<'s, v8::Value>> {
    // Such an array has no holes and no accessors: reading it runs nothing.
    (0..array.length()).map_while(|index| array.get_index(scope, index)).collect()
}

impl Console {
    /// A console that knows the visitor's `frames`, counts time from `started`, and makes events of no more
    /// than `message_bytes` of JSON (at least [`MIN_MESSAGE_BYTES`]).
    pub fn new(frames: UserFrames, started: Instant, message_bytes: usize) -> Self {
        Self {
            frames,
            started,
            message_bytes: message_bytes.max(MIN_MESSAGE_BYTES),
            groups: 0,
            counts: HashMap::new(),
            timers: HashMap::new(),
            plain: plain::Buffers::default(),
        }
    }

    /// What of a call stack is the visitor's.
    pub fn frames(&self) -> &UserFrames {
        &self.frames
    }

    /// Calls `method`. `None` when that shows nothing.
    ///
    /// Runs no code of the program's and throws nothing. A pending termination stays pending.
    pub fn call<'s>(
        &mut self,
        scope: &mut v8::PinScope<'s, '_>,
        method: Method,
        args: &[v8::Local<'s, v8::Value>],
    ) -> Option<ConsoleEvent> {
        guarded(scope, |scope| self.call_guarded(scope, method, args))
    }

    /// A warning of the network's, in the console's stead.
    pub fn notice(&self, message: &str) -> ConsoleEvent {
        let mut text = message.to_owned();
        shorten(&mut text, self.message_bytes.saturating_sub(EVENT) / 3);
        ConsoleEvent {
            level: Level::Warn,
            kind: Some(Kind::Network),
            args: vec![Value::String { length: size::units(&text) as u64, value: text.clone() }],
            format: None,
            text,
            line: 0,
            column: 0,
            file: None,
            at_ms: self.started.elapsed().as_millis() as u64,
            depth: self.groups.min(MAX_GROUPS),
            table: None,
            stack: None,
            bundle: None,
        }
    }

    /// A question and its answer.
    pub fn asked(&self, asked: &Asked<'_>) -> ConsoleEvent {
        let Asked { message, answer, position, is_notice } = asked;
        // Each of the two is there twice: for itself, and in the text.
        let bytes = self.message_bytes.saturating_sub(EVENT + 2 * SHOWN) / 4;
        let string = |text: &str| {
            let (length, mut value) = (size::units(text) as u64, text.to_owned());
            size::cut(&mut value, bytes, TEXT_UNITS);
            Value::String { value, length }
        };
        let answer = match *answer {
            Answer::None => None,
            Answer::Cancelled => Some(Value::Null),
            Answer::Yes(yes) => Some(Value::Boolean { value: yes }),
            Answer::Text(text) => Some(string(text)),
        };
        let args: Vec<Value> = std::iter::once(string(message)).chain(answer).collect();
        let mut text: String = args.iter().map(line).collect::<Vec<_>>().join(" ");
        shorten(&mut text, 2 * bytes);
        ConsoleEvent {
            level: if *is_notice { Level::Warn } else { Level::Log },
            kind: Some(Kind::Prompt),
            args,
            format: None,
            text,
            line: position.line,
            column: position.column,
            file: position.file.clone(),
            at_ms: self.started.elapsed().as_millis() as u64,
            depth: self.groups.min(MAX_GROUPS),
            table: None,
            stack: None,
            bundle: None,
        }
    }

    /// An event of `display`, of a value that has no bundle, or still without its bundle.
    pub fn displayed<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        value: Option<v8::Local<'s, v8::Value>>,
    ) -> ConsoleEvent {
        guarded(scope, |scope| {
            let draft = Draft {
                level: Level::Log,
                kind: Some(Kind::Display),
                prefix: "",
                lead: None,
                args: value.as_slice(),
                formatted: false,
                columns: None,
                stack: None,
                position: self.frames.position(scope, POSITION_FRAMES),
                at_ms: self.started.elapsed().as_millis() as u64,
                depth: self.groups.min(MAX_GROUPS),
            };
            self.fitted(scope, &draft)
        })
    }

    fn call_guarded<'s>(
        &mut self,
        scope: &mut v8::PinScope<'s, '_>,
        method: Method,
        args: &[v8::Local<'s, v8::Value>],
    ) -> Option<ConsoleEvent> {
        let mut draft = Draft {
            level: method.level(),
            kind: method.kind(),
            prefix: "",
            lead: None,
            args,
            formatted: true,
            columns: None,
            stack: None,
            position: Place::default(),
            at_ms: 0,
            depth: self.groups.min(MAX_GROUPS),
        };
        match method {
            Method::Log | Method::Info | Method::Warn | Method::Error | Method::Debug | Method::Dirxml => {}
            Method::Dir => {
                draft.args = args.get(..1).unwrap_or(args);
                draft.formatted = false;
            }
            Method::Table => {
                draft.args = args.get(..1).unwrap_or(args);
                draft.columns = args.get(1).copied();
            }
            Method::Group | Method::GroupCollapsed => self.groups = self.groups.saturating_add(1),
            Method::GroupEnd => {
                self.groups = self.groups.checked_sub(1)?;
                draft.depth = self.groups.min(MAX_GROUPS);
                draft.args = &[];
            }
            Method::Clear => {
                self.groups = 0;
                draft.depth = 0;
                draft.args = &[];
            }
            Method::Assert => {
                if args.first().is_some_and(|condition| condition.boolean_value(scope)) {
                    return None;
                }
                draft.args = args.get(1..).unwrap_or(&[]);
                draft.prefix = if draft.args.is_empty() { "Assertion failed" } else { "Assertion failed: " };
            }
            Method::Trace => {
                draft.prefix = if args.is_empty() { "Trace" } else { "Trace: " };
                draft.stack = Some(self.frames.traced(scope, MAX_FRAMES));
            }
            Method::Count | Method::CountReset => {
                draft.args = &[];
                let label = self.label(scope, args);
                (draft.level, draft.lead) = self.count(method, label)?;
            }
            Method::Time | Method::TimeLog | Method::TimeEnd => {
                draft.args = if method == Method::TimeLog { args.get(1..).unwrap_or(&[]) } else { &[] };
                draft.formatted = false;
                let label = self.label(scope, args);
                (draft.level, draft.lead) = self.time(method, label)?;
                if draft.level == Level::Warn {
                    draft.args = &[];
                }
            }
        }
        draft.position = match &draft.stack {
            Some(stack) => stack.first().cloned().map_or(Place::default(), Into::into),
            None => self.frames.position(scope, POSITION_FRAMES),
        };
        draft.at_ms = self.started.elapsed().as_millis() as u64;
        Some(self.fitted(scope, &draft))
    }

    /// The label of a counter or timer. Whoever calls has made a string of an object; where not, it is its one-line text.
    fn label<'s>(&self, scope: &mut v8::PinScope<'s, '_>, args: &[v8::Local<'s, v8::Value>]) -> String {
        let Some(label) = args.first().filter(|label| !label.is_undefined()) else {
            return "default".to_owned();
        };
        let limits = InspectLimits {
            depth: 1,
            members: 10,
            top_units: LABEL_UNITS,
            inner_units: LABEL_UNITS,
            prototypes: 0,
        };
        let label = inspect(scope, *label, &limits, &mut Budget::new(4 * MIN_MESSAGE_BYTES), &self.frames);
        let mut label = line(&label);
        size::cut(&mut label, usize::MAX, LABEL_UNITS);
        label
    }

    fn count(&mut self, method: Method, label: String) -> Option<(Level, Option<String>)> {
        if method == Method::CountReset {
            return match self.counts.remove(&label) {
                Some(_) => None,
                None => Some((Level::Warn, Some(format!("Count for '{label}' does not exist")))),
            };
        }
        if self.counts.len() >= MAX_LABELS && !self.counts.contains_key(&label) {
            let text = format!("Count for '{label}' was not kept: there are {MAX_LABELS} counters already");
            return Some((Level::Warn, Some(text)));
        }
        let text = format!("{label}: ");
        let count = self.counts.entry(label).or_default();
        *count += 1;
        Some((Level::Log, Some(format!("{text}{count}"))))
    }

    fn time(&mut self, method: Method, label: String) -> Option<(Level, Option<String>)> {
        let warn = |text| Some((Level::Warn, Some(text)));
        match method {
            Method::Time if self.timers.contains_key(&label) => {
                warn(format!("Timer '{label}' already exists"))
            }
            Method::Time if self.timers.len() >= MAX_LABELS => {
                warn(format!("Timer '{label}' was not started: there are {MAX_LABELS} timers already"))
            }
            Method::Time => {
                self.timers.insert(label, Instant::now());
                None
            }
            _ => {
                let started = match method {
                    Method::TimeEnd => self.timers.remove(&label),
                    _ => self.timers.get(&label).copied(),
                };
                let Some(started) = started else { return warn(format!("Timer '{label}' does not exist")) };
                Some((Level::Log, Some(format!("{label}: {}", milliseconds(started.elapsed())))))
            }
        }
    }

    /// The event of `draft`, within `message_bytes`.
    fn fitted<'s>(&self, scope: &mut v8::PinScope<'s, '_>, draft: &Draft<'s, '_>) -> ConsoleEvent {
        let mut bytes = self.message_bytes;
        while bytes >= MIN_MESSAGE_BYTES {
            let event = self.event(scope, draft, bytes);
            if json_len(&event) <= self.message_bytes {
                return event;
            }
            if cfg!(test) {
                panic!("an event came out larger than what was paid for: {event:?}");
            }
            bytes /= 2;
        }
        let position = draft.position.clone();
        let bare = Draft { args: &[], columns: None, stack: None, lead: None, position, ..*draft };
        let mut event = self.event(scope, &bare, bytes);
        event.text = format!("{}(too large to show)", draft.prefix);
        event
    }

    /// The event of `draft`, made with a budget of `bytes`.
    fn event<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        draft: &Draft<'s, '_>,
        bytes: usize,
    ) -> ConsoleEvent {
        let mut budget = Budget::new(bytes.saturating_sub(EVENT));
        let text_bytes = budget.hold(bytes / 4);
        let for_table = if draft.kind == Some(Kind::Table) { budget.hold(budget.bytes() * 2 / 3) } else { 0 };
        let stack = draft.stack.as_ref().map(|stack| {
            let paid = |frame: &&StackFrame| budget.charge(frame_len(frame));
            stack.iter().take_while(paid).cloned().collect()
        });

        let is_dir = draft.kind == Some(Kind::Dir);
        let limits = if is_dir { InspectLimits::CLOSE } else { InspectLimits::default() };
        let mut args = Vec::new();
        if let Some(lead) = &draft.lead {
            // A label and a number at most: always far below the least budget.
            budget.charge(64 + size::text_len(lead));
            args.push(Value::String { value: lead.clone(), length: size::units(lead) as u64 });
        }
        // Each argument leaves enough for those after it to be there at all.
        let most = MAX_ARGS.min(budget.bytes() / (4 * NOTHING));
        let shown = draft.args.len().min(most);
        let hidden = draft.args.len() - shown;
        let mut reserve = budget.hold((shown + usize::from(hidden > 0) * 2) * NOTHING);
        for &arg in &draft.args[..shown] {
            args.push(inspect(scope, arg, &limits, &mut budget, &self.frames));
            reserve -= NOTHING;
            budget.give_back(NOTHING);
        }
        budget.give_back(reserve);
        let format = if draft.formatted { format::format(&args, &mut budget) } else { None };
        if hidden > 0 {
            let more = format!("… {hidden} more arguments");
            args.push(Value::String { length: size::units(&more) as u64, value: more });
        }
        budget.give_back(for_table);
        let table = match (draft.kind, draft.args.first()) {
            (Some(Kind::Table), Some(&data)) => {
                table::table(scope, data, draft.columns, &mut budget, &self.frames)
            }
            _ => None,
        };

        let mut text = draft.prefix.to_owned();
        let rest = match &format {
            Some(format) => {
                for part in &format.parts {
                    match part {
                        FormatPart::Text { text: part, .. } => text.push_str(part),
                        FormatPart::Value { arg } => {
                            text.push_str(&args.get(*arg as usize).map_or(String::new(), line));
                        }
                    }
                }
                format.consumed as usize
            }
            None => 0,
        };
        for (index, arg) in args.iter().enumerate().skip(rest) {
            if index > 0 {
                text.push(' ');
            }
            text.push_str(&line(arg));
        }
        shorten(&mut text, text_bytes);
        ConsoleEvent {
            level: draft.level,
            // Without rows it is a plain message, as the standard says.
            kind: draft.kind.filter(|kind| *kind != Kind::Table || table.is_some()),
            args,
            format,
            text,
            line: draft.position.line,
            column: draft.position.column,
            file: draft.position.file.clone(),
            at_ms: draft.at_ms,
            depth: draft.depth,
            table,
            stack,
            bundle: None,
        }
    }
}

/// Cuts an event's text to [`TEXT_UNITS`] and `bytes` of JSON, with `…` at the cut.
fn shorten(text: &mut String, bytes: usize) {
    let whole = text.len();
    size::cut(text, bytes, TEXT_UNITS);
    if text.len() < whole {
        size::cut(text, bytes.saturating_sub("…".len()), TEXT_UNITS - 1);
        text.push('…');
    }
}

/// A duration as `time` prints it.
fn milliseconds(duration: Duration) -> String {
    let ms = duration.as_secs_f64() * 1_000.0;
    // Tenths are enough, and more would be a finer clock than the program is meant to have.
    format!("{} ms", primitive::number((ms * 10.0).round() / 10.0))
}
