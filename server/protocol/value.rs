//! Console values: bounded trees made inside the isolate. `web/protocol.ts` is generated from these types.
//!
//! What does not fit is cut, and each cut says how much is missing: a string carries its whole `length`,
//! an object the number of properties (`more`) that are not in the tree.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer};
use utoipa::ToSchema;

/// One console call (or one thing the runner says in the console's stead, such as an uncaught error).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct ConsoleEvent {
    /// How grave it is.
    pub level: Level,
    /// What kind of call it was, where it was not a plain message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// The call's arguments, in order.
    pub args: Vec<Value>,
    /// How the leading arguments are laid out, when the first one was a format string with `%` directives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// The event as one line of plain text, directives applied: what a terminal would show, newlines in
    /// strings included. At most 4,096 UTF-16 units.
    pub text: String,
    /// Line of the call in the visitor's program, counted from 1; 0 where there is none.
    pub line: u32,
    /// Column of the call, counted from 1 in UTF-16 units; 0 where there is none.
    pub column: u32,
    /// The file that the call stands in, where that is not the entry file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Milliseconds since the run started.
    pub at_ms: u64,
    /// How many console groups are open around this event. Default 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[cfg_attr(test, ts(as = "Option<u32>"))]
    pub depth: u32,
    /// For `kind: "table"`: the cells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<Table>,
    /// For `kind: "trace"`: the call stack, innermost first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stack: Option<Vec<StackFrame>>,
    /// For `kind: "display"`: the same thing in one form or several, by MIME type: `text/plain`, `text/html`,
    /// `image/svg+xml` and `text/markdown` as they are, `application/json` as its text, `image/png`, `image/jpeg`,
    /// `image/gif` and `image/webp` in base64. Where there is none, the value is in `args`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundle: Option<BTreeMap<String, String>>,
}

fn is_zero(n: &u32) -> bool {
    *n == 0
}

/// Severity of a console event, for colour and filtering.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Level {
    /// `console.debug`
    Debug,
    /// `console.log`, and whatever has no severity of its own.
    Log,
    /// `console.info`
    Info,
    /// `console.warn`
    Warn,
    /// `console.error`, a failed `console.assert`, uncaught errors.
    Error,
}

/// Console calls that are more than a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Kind {
    /// `console.assert` whose condition was falsy. `args` are the rest of the arguments.
    Assert,
    /// `console.clear()`
    Clear,
    /// `console.count` and `countReset`; `text` is `label: n`.
    Count,
    /// `console.dir`: the value's properties rather than its usual rendering.
    Dir,
    /// `display()`; what to show is in `bundle`.
    Display,
    /// `console.group`: opens a group whose heading is this event.
    Group,
    /// `console.groupCollapsed`: the same, closed at first.
    GroupCollapsed,
    /// `console.groupEnd`: closes the innermost group.
    GroupEnd,
    /// What `fetch` was not allowed, and why; the runner says it in the console's stead.
    Network,
    /// What the program asked, and the answer (a string, a boolean, or `null` where it was cancelled; none for an
    /// `alert`): `args` are both. Or that nobody was there to ask; the runner says it in the console's stead.
    Prompt,
    /// `console.table`; `table` has the cells.
    Table,
    /// `console.time`, `timeLog` and `timeEnd`; `text` is `label: 12.3 ms`.
    Time,
    /// `console.trace`; `stack` has the frames.
    Trace,
}

/// A format string taken apart. The arguments from `consumed` on are not part of it and follow it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Format {
    /// What to show, in order, with nothing between.
    pub parts: Vec<FormatPart>,
    /// How many leading `args` (the format string among them) the parts stand for.
    pub consumed: u32,
}

/// A piece of a formatted message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub enum FormatPart {
    /// Literal text, or a `%s %d %i %f` directive already applied.
    Text {
        /// The text.
        text: String,
        /// CSS from the last `%c` before it, unchecked: the page applies a safe subset.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        style: Option<String>,
    },
    /// A `%o` or `%O` directive: the value `args[arg]`, expandable.
    Value {
        /// Index into `args`.
        arg: u32,
    },
}

/// A table as `console.table` lays it out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Table {
    /// Headings, the first one (`(index)` or `(iteration index)`) for the rows' own names.
    pub columns: Vec<String>,
    /// The rows.
    pub rows: Vec<TableRow>,
    /// Rows that were cut.
    pub more_rows: u64,
    /// Columns that were cut.
    pub more_columns: u64,
}

/// One row of a [`Table`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct TableRow {
    /// The row's own name: an array index, a property key.
    pub index: String,
    /// One cell for each column after the first; `null` where the row has no such property.
    pub cells: Vec<Option<Value>>,
}

/// A JavaScript value, as far as it was looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub enum Value {
    /// `undefined`
    Undefined,
    /// `null`
    Null,
    /// `true` or `false`
    Boolean {
        /// Itself.
        value: bool,
    },
    /// A number that JSON can say.
    Number {
        /// Itself. Never −0.
        #[serde(serialize_with = "as_javascript")]
        value: f64,
    },
    /// A number that JSON can't say.
    SpecialNumber {
        /// `NaN`, `Infinity`, `-Infinity` or `-0`.
        value: String,
    },
    /// A BigInt.
    Bigint {
        /// Decimal digits without the `n`. Over 1,000 digits: `0x` and leading hex digits, then `…`.
        value: String,
    },
    /// A string.
    String {
        /// Its beginning. Lone surrogates are shown as U+FFFD.
        value: String,
        /// How long the whole is, in UTF-16 units: more than `value` holds means that it was cut.
        length: u64,
    },
    /// A symbol.
    Symbol {
        /// As `String(symbol)` gives it: `Symbol(name)`.
        value: String,
    },
    /// A hole in an array.
    Hole {
        /// How many in a row.
        count: u64,
    },
    /// An object that stands elsewhere in the same tree.
    Ref {
        /// The `id` of that object.
        id: u32,
    },
    /// Anything else. Boxed: it is far larger than the other variants.
    Object(Box<ObjectValue>),
}

/// A number as JavaScript writes it: a whole one has no `.0`.
fn as_javascript<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    /// Beyond it there are whole numbers that this can't tell apart.
    const MOST: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && value.abs() <= MOST {
        serializer.serialize_i64(*value as i64)
    } else {
        serializer.serialize_f64(*value)
    }
}

/// An object, a function, or anything else with an identity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct ObjectValue {
    /// What it is.
    pub kind: ObjectKind,
    /// Name of its class (constructor), as V8 has it; absent for a null prototype.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// One line that stands for it while collapsed, such as `{a: 1, b: Array(2)}`. At most 256 UTF-16 units.
    pub text: String,
    /// Present when a [`Value::Ref`] in the same tree points here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u32>,
    /// Arrays, typed arrays: the number of elements. ArrayBuffer, DataView: of bytes. Map, Set, URLSearchParams:
    /// of entries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<u64>,
    /// Elements of an array, typed array or Set, from index 0; runs of holes as one [`Value::Hole`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(test, ts(as = "Option<Vec<Value>>"))]
    #[schema(no_recursion)]
    pub items: Vec<Value>,
    /// Entries of a Map or of what lists pairs as one does, such as a URLSearchParams.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(test, ts(as = "Option<Vec<(Value, Value)>>"))]
    #[schema(no_recursion)]
    pub entries: Vec<(Value, Value)>,
    /// Own properties: strings in insertion order, then symbols; array indices are in `items`. Before them, for
    /// an object of the platform (`URL`, `Event`…) or of `Temporal`, its attributes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(test, ts(as = "Option<Vec<Property>>"))]
    pub properties: Vec<Property>,
    /// Elements, entries and properties that are not shown. Default 0.
    #[serde(default, skip_serializing_if = "is_zero_u64")]
    #[cfg_attr(test, ts(as = "Option<u64>"))]
    pub more: u64,
    /// Promises: `pending`, `fulfilled` or `rejected`, and for the latter two `value`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<PromiseState>,
    /// A settled promise's value or reason; a boxed primitive's; a proxy's target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(no_recursion)]
    pub value: Option<Value>,
    /// A proxy's handler.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(no_recursion)]
    pub handler: Option<Value>,
    /// Its prototype, where it was asked for: by `console.dir`, and of what was evaluated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(no_recursion)]
    pub prototype: Option<Value>,
    /// Errors: what they say and where they were made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorValue>,
}

fn is_zero_u64(n: &u64) -> bool {
    *n == 0
}

/// What an [`ObjectValue`] is. Taken from V8's own idea of the object, which no program can fake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum ObjectKind {
    /// A plain object or an instance of a program's own class.
    Object,
    /// An array.
    Array,
    /// `arguments`
    Arguments,
    /// A function; `text` is `ƒ name()`.
    Function,
    /// A class; `text` is `class Name`.
    Class,
    /// An `Error` or a subclass; details in `error`.
    Error,
    /// A `Map`
    Map,
    /// A `Set`
    Set,
    /// A `WeakMap`: its entries can't be listed.
    WeakMap,
    /// A `WeakSet`: its entries can't be listed.
    WeakSet,
    /// A `WeakRef`
    WeakRef,
    /// A `Date`; `text` is its ISO form, or `Invalid Date`.
    Date,
    /// An object of `Temporal`, such as a `Temporal.PlainDate`; `text` is its class and its ISO form, with a blank
    /// between, and `properties` has its fields.
    Temporal,
    /// A `RegExp`; `text` is its literal.
    RegExp,
    /// A `Promise`
    Promise,
    /// A `Proxy`; none of its traps is run.
    Proxy,
    /// `Uint8Array` and its kin; which one is in `class`.
    TypedArray,
    /// An `ArrayBuffer` or `SharedArrayBuffer`.
    ArrayBuffer,
    /// A `DataView`
    DataView,
    /// `new Number(1)` and its kin; the primitive is in `value`.
    Boxed,
    /// A generator object.
    Generator,
    /// The iterator of a Map or Set, whose remaining entries are in `items`.
    Iterator,
    /// A module's namespace.
    Module,
}

/// State of a promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum PromiseState {
    /// Not settled.
    Pending,
    /// Settled with a value.
    Fulfilled,
    /// Settled with a reason.
    Rejected,
}

/// What an `Error` says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct ErrorValue {
    /// Its `name`.
    pub name: String,
    /// Its `message`.
    pub message: String,
    /// Where it was made, innermost first; only frames of the visitor's program.
    pub stack: Vec<StackFrame>,
    /// Its `cause`, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(no_recursion)]
    pub cause: Option<Value>,
}

/// One own property of an object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct Property {
    /// The key; for a symbol `Symbol(name)`.
    pub key: String,
    /// Whether the key is a symbol. Default false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[cfg_attr(test, ts(as = "Option<bool>"))]
    pub symbol: bool,
    /// Whether the property is left out by `for…in` and `Object.keys`. Default false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[cfg_attr(test, ts(as = "Option<bool>"))]
    pub hidden: bool,
    /// Its value; absent for an accessor, which is never run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(no_recursion)]
    pub value: Option<Value>,
    /// For an accessor: which halves it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accessor: Option<Accessor>,
}

/// Which halves an accessor property has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Accessor {
    /// A getter alone.
    Getter,
    /// A setter alone.
    Setter,
    /// Both.
    GetterSetter,
}

/// One frame of a call stack, in the visitor's own lines.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct StackFrame {
    /// Name of the function; empty at top level and for anonymous functions.
    pub function: String,
    /// Line, counted from 1.
    pub line: u32,
    /// Column, counted from 1 in UTF-16 units.
    pub column: u32,
    /// The file, where that is not the entry file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Whether it was not running but waiting: an `async` function that awaits the one before it. Default false.
    #[serde(default, rename = "async", skip_serializing_if = "std::ops::Not::not")]
    #[cfg_attr(test, ts(as = "Option<bool>"))]
    pub is_async: bool,
}
