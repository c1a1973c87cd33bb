//! The cells of `console.table`, as the Console Standard lays them out, from own data properties alone.

use std::collections::HashSet;

use deno_core::v8;

use crate::protocol::bounds;
use crate::protocol::value::{Table, TableRow, Value};
use crate::runner::inspect::{
    Budget, InspectLimits, Keys, Reader, Slot, UserFrames, accessor, has_room, key_text, keys, name, size,
    temporal_iso, try_inspect,
};

/// The most rows.
const MAX_ROWS: u32 = bounds::TABLE_ROWS;
/// The most columns besides that of the rows' names.
const MAX_COLUMNS: usize = bounds::TABLE_COLUMNS;
/// How many keys of a row are looked at.
const MAX_KEYS: u32 = 1_000;
/// How far a cell is looked into.
const CELL: InspectLimits =
    InspectLimits { depth: 1, members: 10, top_units: 1_000, inner_units: 100, prototypes: 0 };
/// `"table":{"columns":[],"rows":[],"more_rows":…,"more_columns":…},`
const TABLE: usize = 110;
/// `{"index":"","cells":[]},`
const ROW: usize = 26;
/// `null,`
const NO_CELL: usize = 5;

/// A row before its cells are known.
struct Row<'s> {
    index: String,
    value: v8::Local<'s, v8::Value>,
    /// For a Map: the entry's key.
    key: Option<v8::Local<'s, v8::Value>>,
    /// Spread over the columns that are properties, rather than in the one column for values.
    spread: bool,
}

/// A column that shows a property.
struct Column<'s> {
    key: v8::Local<'s, v8::Name>,
    text: String,
}

/// The table of `data`; `None` when that has no rows to show (a primitive, a function, a proxy), or the
/// budget has no room.
pub(super) fn table<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    data: v8::Local<'s, v8::Value>,
    only: Option<v8::Local<'s, v8::Value>>,
    budget: &mut Budget,
    frames: &UserFrames,
) -> Option<Table> {
    let object: v8::Local<v8::Object> = data.try_cast().ok()?;
    if object.is_proxy() || object.is_function() || !budget.charge(TABLE) {
        return None;
    }
    let reader = Reader::new(scope);
    let (rows, mut more_rows) = rows(scope, &reader, object, budget);
    let (columns, more_columns) = match only.and_then(|only| chosen(scope, &reader, only)) {
        Some(chosen) => chosen,
        None => columns(scope, &reader, &rows, budget),
    };
    let has_keys = rows.iter().any(|row| row.key.is_some());
    let has_values = rows.iter().any(|row| !row.spread);
    let heading = if object.is_map() || object.is_set() { "(iteration index)" } else { "(index)" };
    let mut headings = vec![heading.to_owned()];
    headings.extend(has_keys.then(|| "Key".to_owned()));
    headings.extend(columns.iter().map(|column| column.text.clone()));
    headings.extend(has_values.then(|| "Values".to_owned()));
    if !budget.charge(headings.iter().map(|heading| size::text_len(heading) + 3).sum()) {
        budget.give_back(TABLE);
        return None;
    }

    let mut table = Table { columns: headings, rows: Vec::new(), more_rows: 0, more_columns };
    let total = rows.len();
    for row in rows {
        let Some(row) = cells(scope, &reader, row, &columns, (has_keys, has_values), budget, frames) else {
            break;
        };
        table.rows.push(row);
    }
    more_rows += (total - table.rows.len()) as u64;
    table.more_rows = more_rows;
    Some(table)
}

/// The first rows of `object`, and how many more there are.
fn rows<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    reader: &Reader<'s>,
    object: v8::Local<'s, v8::Object>,
    budget: &mut Budget,
) -> (Vec<Row<'s>>, u64) {
    let mut rows = Vec::new();
    if object.is_map() || object.is_set() {
        let (step, size) = match (object.try_cast::<v8::Map>(), object.try_cast::<v8::Set>()) {
            (Ok(map), _) => (2, map.size()),
            (_, Ok(set)) => (1, set.size()),
            _ => return (rows, 0),
        };
        // A copy of everything: as in the inspector, only where there is room for it.
        let list = match (object.try_cast::<v8::Map>(), object.try_cast::<v8::Set>()) {
            _ if !budget.may_list() || !has_room(scope, size.saturating_mul(16)) => None,
            (Ok(map), _) => Some(map.as_array(scope)),
            (_, Ok(set)) => Some(set.as_array(scope)),
            _ => None,
        };
        let Some(list) = list else { return (rows, size as u64) };
        budget.listed(list.length() as usize);
        for index in 0..MAX_ROWS.min(list.length() / step) {
            let first = list.get_index(scope, index * step);
            let last = list.get_index(scope, index * step + step - 1);
            let (Some(first), Some(value)) = (first, last) else { break };
            let key = (step == 2).then_some(first);
            rows.push(row(scope, index.to_string(), value, key));
        }
        let more = (size - rows.len()) as u64;
        return (rows, more);
    }
    let length = match (object.try_cast::<v8::Array>(), object.try_cast::<v8::TypedArray>()) {
        (Ok(array), _) => Some(array.length() as usize),
        (_, Ok(array)) => Some(array.length()),
        _ => None,
    };
    if let Some(length) = length {
        let shown = length.min(MAX_ROWS as usize);
        for index in 0..shown {
            let index = index.to_string();
            let key = name(scope, &index);
            if let Some(value) = data(scope, reader, object, key) {
                rows.push(row(scope, index, value, None));
            }
        }
        return (rows, (length - shown) as u64);
    }
    let Some(keys) = keys(scope, object, Keys::All, budget) else { return (rows, 1) };
    let mut more = 0;
    for at in 0..keys.length() {
        if rows.len() >= MAX_ROWS as usize {
            more = u64::from(keys.length() - at);
            break;
        }
        let Some(key) = keys.get_index(scope, at).and_then(|key| key.try_cast::<v8::String>().ok()) else {
            continue;
        };
        if let Some(value) = data(scope, reader, object, key.into()) {
            let (text, _) = key_text(scope, key.into());
            rows.push(row(scope, text, value, None));
        }
    }
    (rows, more)
}

fn row<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    index: String,
    value: v8::Local<'s, v8::Value>,
    key: Option<v8::Local<'s, v8::Value>>,
) -> Row<'s> {
    // The rows of a Map or Set are not spread: their columns are fixed. Neither are objects that say more as
    // a whole than by their properties.
    let spread = key.is_none()
        && value.is_object()
        && !value.is_proxy()
        && !value.is_function()
        && !value.is_date()
        && !value.is_reg_exp()
        && !value.is_native_error()
        && !value.is_promise()
        && !value.is_map()
        && !value.is_set()
        && temporal_iso(scope, value).is_none();
    Row { index, value, key, spread }
}

/// The value of an enumerable own property; the name of an accessor, which is not run.
fn data<'s>(
    scope: &v8::PinScope<'s, '_>,
    reader: &Reader<'s>,
    object: v8::Local<'s, v8::Object>,
    key: v8::Local<'s, v8::Name>,
) -> Option<v8::Local<'s, v8::Value>> {
    let own = reader.own(scope, object, key).filter(|own| own.enumerable)?;
    match own.slot {
        Slot::Data(value) => Some(value),
        Slot::Accessor(halves) => Some(name(scope, accessor(halves)).into()),
        Slot::Uninitialized => None,
    }
}

/// The columns that the caller asked for, if `only` is an array.
fn chosen<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    reader: &Reader<'s>,
    only: v8::Local<'s, v8::Value>,
) -> Option<(Vec<Column<'s>>, u64)> {
    let only: v8::Local<v8::Array> = only.try_cast().ok()?;
    let mut columns: Vec<Column> = Vec::new();
    let shown = only.length().min(MAX_COLUMNS as u32);
    for index in 0..shown {
        let key = name(scope, &index.to_string());
        let Some(key) = reader.own_data(scope, only.into(), key) else { continue };
        // A number becomes a string; nothing else that is not a string is a key here.
        let key = if key.is_string() || key.is_number() { key.to_string(scope) } else { None };
        let Some(key) = key else { continue };
        let (text, _) = key_text(scope, key.into());
        if columns.iter().all(|column| column.text != text) {
            columns.push(Column { key: key.into(), text });
        }
    }
    Some((columns, u64::from(only.length() - shown)))
}

/// The columns that the rows have, in the order in which they come up.
fn columns<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    reader: &Reader<'s>,
    rows: &[Row<'s>],
    budget: &mut Budget,
) -> (Vec<Column<'s>>, u64) {
    let mut columns: Vec<Column> = Vec::new();
    let mut known = HashSet::new();
    for row in rows.iter().filter(|row| row.spread) {
        let Ok(object) = row.value.try_cast::<v8::Object>() else { continue };
        // Long arrays are not listed: their first indices are the columns.
        let long = match (object.try_cast::<v8::Array>(), object.try_cast::<v8::TypedArray>()) {
            (Ok(array), _) => array.length() as usize,
            (_, Ok(array)) => array.length(),
            _ => 0,
        };
        let list = match long > MAX_KEYS as usize {
            true => None,
            false => match keys(scope, object, Keys::All, budget) {
                Some(list) => Some(list),
                None => break,
            },
        };
        let count = list.map_or(MAX_KEYS, |list| list.length().min(MAX_KEYS));
        for at in 0..count {
            let key = match list {
                Some(list) => list.get_index(scope, at).and_then(|key| key.try_cast::<v8::String>().ok()),
                None => name(scope, &at.to_string()).try_cast::<v8::String>().ok(),
            };
            let Some(key) = key else { continue };
            if reader.own(scope, object, key.into()).is_none_or(|own| !own.enumerable) {
                continue;
            }
            let (text, _) = key_text(scope, key.into());
            if known.insert(text.clone()) && columns.len() < MAX_COLUMNS {
                columns.push(Column { key: key.into(), text });
            }
        }
    }
    let more = (known.len() - columns.len()) as u64;
    (columns, more)
}

/// The row with its cells; `None` when the budget has no room for it.
fn cells<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    reader: &Reader<'s>,
    row: Row<'s>,
    columns: &[Column<'s>],
    (has_keys, has_values): (bool, bool),
    budget: &mut Budget,
    frames: &UserFrames,
) -> Option<TableRow> {
    let count = columns.len() + usize::from(has_keys) + usize::from(has_values);
    if !budget.charge(ROW + size::text_len(&row.index) + count * NO_CELL) {
        return None;
    }
    let mut cells: Vec<Option<Value>> = Vec::with_capacity(count);
    let mut cell = |scope: &mut v8::PinScope<'s, '_>, value: Option<v8::Local<'s, v8::Value>>| {
        match value.map(|value| try_inspect(scope, value, &CELL, budget, frames)) {
            // Looked at, but there is no room.
            Some(None) => return None,
            Some(shown) => cells.push(shown),
            None => cells.push(None),
        }
        Some(())
    };
    if has_keys {
        cell(scope, row.key)?;
    }
    let object = row.value.try_cast::<v8::Object>().ok().filter(|_| row.spread);
    for column in columns {
        let value = object.and_then(|object| data(scope, reader, object, column.key));
        cell(scope, value)?;
    }
    if has_values {
        cell(scope, (!row.spread).then_some(row.value))?;
    }
    Some(TableRow { index: row.index, cells })
}
