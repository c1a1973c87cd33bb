//! How large one console event can be, in counts. The console in a run's process keeps to these bounds, and a
//! recording that a client sends is held to them.

/// Arguments of one call that are shown.
pub const ARGS: usize = 100;
/// Values that the console itself adds to the arguments: a label before them, and how many are missing after them.
pub const ADDED_ARGS: usize = 2;
/// Parts of a formatted message at which no further directive is applied.
pub const FORMAT_PARTS: usize = 200;
/// Parts that the last directive can add to them: the text before it, its value, the text after it.
pub const LAST_PARTS: usize = 3;
/// The longest text of an event, in UTF-16 units.
pub const TEXT_UNITS: usize = 4_096;
/// The longest line that stands for an object, in UTF-16 units.
pub const LINE_UNITS: usize = 256;
/// The deepest nesting of groups.
pub const GROUPS: u32 = 100;
/// Rows of a table.
pub const TABLE_ROWS: u32 = 100;
/// Columns of a table that show a property.
pub const TABLE_COLUMNS: usize = 20;
/// Columns of a table besides those: the rows' names, keys and values.
pub const OTHER_COLUMNS: usize = 3;
/// Frames of a call stack.
pub const FRAMES: usize = 50;
/// Levels of a value's members.
pub const DEPTH: u32 = 20;
/// Prototypes that are shown one after the other, each a level more.
pub const PROTOTYPES: u32 = 4;
/// Decimal digits of a BigInt; a longer one is shown as `0x`, leading hex digits and `…`.
pub const BIGINT_DIGITS: usize = 1_000;
/// Those leading hex digits.
pub const BIGINT_HEX: usize = 64;
/// Forms in which one thing can be displayed, by MIME type.
pub const FORMS: [&str; 9] = [
    "text/plain",
    "text/html",
    "image/svg+xml",
    "text/markdown",
    "application/json",
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
];
