//! What an object is, and what there is to say of each kind.

use deno_core::v8;

use super::own::{self, Keys, Slot};
use super::preview::{self, LINE_UNITS, one_line};
use super::size::{cut, text_len};
use super::walk::{ENTRY, LENGTH, LISTS, Walk, empty, nothing};
use super::{error, platform, primitive, slots, temporal};
use crate::protocol::value::{ObjectKind, ObjectValue, PromiseState, Value};

/// The longest class name, in UTF-16 units.
pub(super) const CLASS_UNITS: usize = 64;
/// An object with more prototypes is an `Object`, whatever their names.
const MAX_PROTOTYPES: usize = 100;
/// The longest name of a function in its `text`, in UTF-16 units.
const FUNCTION_UNITS: usize = 100;
/// How much of a function's source is read to tell a class, in UTF-16 units.
const SOURCE_UNITS: usize = 200;
/// `"state":"…","value":…`
const STATE: usize = 40;
/// `"value":,` or `"handler":,`
const VALUE: usize = 12;

pub(super) fn kind(object: v8::Local<v8::Object>, class: Option<&str>) -> ObjectKind {
    type Test = fn(&v8::Value) -> bool;
    const TESTS: [(Test, ObjectKind); 24] = [
        (v8::Value::is_array, ObjectKind::Array),
        (v8::Value::is_function, ObjectKind::Function),
        (v8::Value::is_native_error, ObjectKind::Error),
        (v8::Value::is_map, ObjectKind::Map),
        (v8::Value::is_set, ObjectKind::Set),
        (v8::Value::is_promise, ObjectKind::Promise),
        (v8::Value::is_date, ObjectKind::Date),
        (v8::Value::is_reg_exp, ObjectKind::RegExp),
        (v8::Value::is_typed_array, ObjectKind::TypedArray),
        (v8::Value::is_data_view, ObjectKind::DataView),
        (v8::Value::is_array_buffer, ObjectKind::ArrayBuffer),
        (v8::Value::is_shared_array_buffer, ObjectKind::ArrayBuffer),
        (v8::Value::is_arguments_object, ObjectKind::Arguments),
        (v8::Value::is_map_iterator, ObjectKind::Iterator),
        (v8::Value::is_set_iterator, ObjectKind::Iterator),
        (v8::Value::is_generator_object, ObjectKind::Generator),
        (v8::Value::is_module_namespace_object, ObjectKind::Module),
        (v8::Value::is_weak_map, ObjectKind::WeakMap),
        (v8::Value::is_weak_set, ObjectKind::WeakSet),
        (v8::Value::is_number_object, ObjectKind::Boxed),
        (v8::Value::is_boolean_object, ObjectKind::Boxed),
        (v8::Value::is_string_object, ObjectKind::Boxed),
        (v8::Value::is_symbol_object, ObjectKind::Boxed),
        (v8::Value::is_big_int_object, ObjectKind::Boxed),
    ];
    match TESTS.into_iter().find(|(test, _)| test(&object)) {
        Some((_, kind)) => kind,
        // V8 has no test for a WeakRef, so this one goes by the name and can be faked; nothing hangs on it.
        None if class == Some("WeakRef") => ObjectKind::WeakRef,
        None => ObjectKind::Object,
    }
}

/// The class that V8 names: the constructor that made the object, or what data properties of its prototypes
/// say. `None` for a null prototype. Accessors are not called and proxies not asked.
pub(super) fn class<'s>(scope: &v8::PinScope<'s, '_>, object: v8::Local<v8::Object>) -> Option<String> {
    if object.get_prototype(scope).is_none_or(|prototype| prototype.is_null()) {
        return None;
    }
    // V8 looks through all prototypes for a name, however many there are.
    let chain = std::iter::successors(own::prototype(scope, object), |object| own::prototype(scope, *object));
    if chain.take(MAX_PROTOTYPES).count() == MAX_PROTOTYPES {
        return Some("Object".to_owned());
    }
    let class = primitive::string(scope, object.get_constructor_name(), CLASS_UNITS);
    (!class.is_empty()).then_some(class)
}

/// The node of `object` without its members, and with the text that needs none of them.
pub(super) fn head<'s>(
    walk: &mut Walk<'s, '_>,
    scope: &mut v8::PinScope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
) -> ObjectValue {
    if let Ok(proxy) = object.try_cast::<v8::Proxy>() {
        let text = proxy_text(scope, proxy);
        return ObjectValue { text, ..empty(ObjectKind::Proxy) };
    }
    let class = class(scope, object);
    let kind = kind(object, class.as_deref());
    // A program can call a class of its own `WeakRef`.
    if matches!(kind, ObjectKind::Object | ObjectKind::WeakRef)
        && let Some(temporal) = walk.temporal.clone()
        && let Some(found) = temporal.find(scope, object, class.as_deref())
    {
        return temporal_node(class, found);
    }
    let mut node = ObjectValue { class, ..empty(kind) };
    node.length = length(walk, scope, object, kind);
    if node.length.is_some() {
        walk.budget.hold(LENGTH);
    }
    node.text = match kind {
        ObjectKind::Function => {
            let (text, is_class) = function(walk, scope, object);
            if is_class {
                node.kind = ObjectKind::Class;
            }
            text
        }
        ObjectKind::Error => {
            let (name, message) = error::name_and_message(scope, &walk.reader, object, LINE_UNITS);
            // A subclass that did not set its name is better known by its own.
            let name = match node.class.as_deref() {
                Some(class) if name == "Error" => class,
                _ => &name,
            };
            if message.is_empty() { name.to_owned() } else { format!("{name}: {message}") }
        }
        ObjectKind::Date => match object.try_cast::<v8::Date>() {
            Ok(date) => primitive::date(date.value_of()),
            Err(_) => String::new(),
        },
        ObjectKind::RegExp => match object.try_cast::<v8::RegExp>() {
            Ok(regexp) => {
                let source = regexp.get_source(scope);
                let cut = if source.length() > LINE_UNITS { "…" } else { "" };
                let source = primitive::string(scope, source, LINE_UNITS - 16);
                format!("/{source}{cut}/{}", slots::flags(scope, regexp))
            }
            Err(_) => String::new(),
        },
        ObjectKind::Object if preview::is_plain(&node) => "{…}".to_owned(),
        ObjectKind::WeakMap | ObjectKind::WeakSet | ObjectKind::WeakRef | ObjectKind::Generator => {
            format!("{} {{}}", preview::head(&node))
        }
        _ => preview::head(&node),
    };
    node.text = primitive::shortened(&one_line(&node.text), LINE_UNITS);
    node
}

/// The node of an object of `Temporal`, whose class V8 may have named without `Temporal`.
fn temporal_node(class: Option<String>, found: temporal::Found) -> ObjectValue {
    let full = found.class;
    let class = class.map(|class| if full.ends_with(&format!(".{class}")) { full.clone() } else { class });
    let name = match class.as_deref() {
        Some(class) => primitive::shortened(&one_line(class), CLASS_UNITS),
        None => format!("[{full}: null prototype]"),
    };
    ObjectValue { text: format!("{name} {}", found.iso), class, ..empty(ObjectKind::Temporal) }
}

fn proxy_text<'s>(scope: &mut v8::PinScope<'s, '_>, proxy: v8::Local<v8::Proxy>) -> String {
    let target = match proxy.get_target(scope).try_cast::<v8::Object>() {
        Ok(target) if !proxy.is_revoked() => target,
        _ => return "Proxy(revoked)".to_owned(),
    };
    let target = if target.is_proxy() {
        "Proxy".to_owned()
    } else {
        class(scope, target).unwrap_or("Object".to_owned())
    };
    format!("Proxy({target})")
}

/// How long it is, for the kinds that have a length.
fn length<'s>(
    walk: &Walk<'s, '_>,
    scope: &mut v8::PinScope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
    kind: ObjectKind,
) -> Option<u64> {
    let length = match kind {
        ObjectKind::Array => object.try_cast::<v8::Array>().ok()?.length() as usize,
        ObjectKind::Arguments => {
            // An ordinary property, which the program may have put anything into.
            let key = own::name(scope, "length");
            walk.reader.own_data(scope, object, key)?.try_cast::<v8::Uint32>().ok()?.value() as usize
        }
        ObjectKind::Map => object.try_cast::<v8::Map>().ok()?.size(),
        ObjectKind::Set => object.try_cast::<v8::Set>().ok()?.size(),
        ObjectKind::TypedArray => object.try_cast::<v8::TypedArray>().ok()?.length(),
        ObjectKind::DataView => object.try_cast::<v8::DataView>().ok()?.byte_length(),
        ObjectKind::ArrayBuffer => match object.try_cast::<v8::ArrayBuffer>() {
            Ok(buffer) => buffer.byte_length(),
            Err(_) => object.try_cast::<v8::SharedArrayBuffer>().ok()?.byte_length(),
        },
        _ => return None,
    };
    Some(length as u64)
}

/// The text of a function, and whether it is a class.
fn function<'s>(
    walk: &Walk<'s, '_>,
    scope: &mut v8::PinScope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
) -> (String, bool) {
    let own_name = own::name(scope, "name");
    let name =
        walk.reader.own_data(scope, object, own_name).and_then(|name| name.try_cast::<v8::String>().ok());
    let name = match (name, object.try_cast::<v8::Function>()) {
        (Some(name), _) => name,
        (None, Ok(function)) => function.get_name(scope),
        (None, Err(_)) => v8::String::empty(scope),
    };
    let name = primitive::string(scope, name, FUNCTION_UNITS);
    // For a function this is its source text, straight from the script: no `toString` is called.
    let source = object.to_detail_string(scope).map(|source| primitive::string(scope, source, SOURCE_UNITS));
    if source.is_some_and(|source| is_class(&source)) {
        let name = if name.is_empty() { "(anonymous)" } else { &name };
        return (format!("class {name}"), true);
    }
    let is_async = if object.is_async_function() { "async " } else { "" };
    let star = if object.is_generator_function() { "*" } else { "" };
    (format!("{is_async}ƒ{star} {name}()"), false)
}

/// Whether a function's source is that of a class rather than of a method called `class`.
fn is_class(source: &str) -> bool {
    let Some(mut rest) = source.strip_prefix("class") else { return false };
    loop {
        rest = rest.trim_start();
        if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.split_once("*/").map_or("", |(_, rest)| rest);
        } else if let Some(comment) = rest.strip_prefix("//") {
            rest = comment.split_once('\n').map_or("", |(_, rest)| rest);
        } else {
            return !rest.starts_with('(');
        }
    }
}

/// How many members a collapsed node hides.
pub(super) fn count<'s>(
    walk: &mut Walk<'s, '_>,
    scope: &mut v8::PinScope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
    node: &ObjectValue,
) -> u64 {
    match node.kind {
        ObjectKind::Temporal => temporal::count(walk, scope, object, node.class.as_deref()),
        ObjectKind::Object | ObjectKind::Module => {
            platform::count(walk, scope, object).unwrap_or_else(|| {
                own::keys(scope, object, Keys::All, walk.budget).map_or(1, |keys| u64::from(keys.length()))
            })
        }
        ObjectKind::DataView => 0,
        _ => node.length.unwrap_or(0),
    }
}

/// Fills in what `object` holds. Members stand at `depth`.
pub(super) fn members<'s>(
    walk: &mut Walk<'s, '_>,
    scope: &mut v8::PinScope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
    node: &mut ObjectValue,
    depth: u32,
) {
    if !walk.budget.charge(LISTS) {
        node.more = count(walk, scope, object, node);
        return;
    }
    let length = node.length.unwrap_or(0);
    let mut which = Keys::All;
    let mut skipped: &[&str] = &[];
    match node.kind {
        ObjectKind::Proxy => return proxy(walk, scope, object, node, depth),
        ObjectKind::Array | ObjectKind::Arguments => {
            // An array's length is below 2^32.
            walk.elements(scope, object, length as u32, node, depth);
            which = Keys::NoIndices;
            skipped = &["length", "callee"];
        }
        ObjectKind::TypedArray => {
            for index in 0..length {
                let item = (node.items.len() < walk.limits.members)
                    .then(|| object.get_index(scope, index as u32))
                    .flatten()
                    .and_then(|item| walk.value(scope, item, depth));
                let Some(item) = item else {
                    node.more += length - index;
                    break;
                };
                node.items.push(item);
            }
            which = Keys::NoIndices;
        }
        ObjectKind::ArrayBuffer => bytes(walk, object, node),
        ObjectKind::Map => match object.try_cast::<v8::Map>() {
            // Copies all entries, two words for each.
            Ok(map) if walk.budget.may_list() && has_room(scope, map.size().saturating_mul(16)) => {
                let list = map.as_array(scope);
                entries(walk, scope, list, true, node, depth);
            }
            _ => node.more += length,
        },
        ObjectKind::Set => match object.try_cast::<v8::Set>() {
            Ok(set) if walk.budget.may_list() && has_room(scope, set.size().saturating_mul(8)) => {
                let list = set.as_array(scope);
                entries(walk, scope, list, false, node, depth);
            }
            _ => node.more += length,
        },
        ObjectKind::Iterator => {
            // How many are left can't be told beforehand; their copy takes at most half of what they take.
            let used = scope.get_heap_statistics().used_heap_size();
            if walk.budget.may_list()
                && has_room(scope, used / 2)
                && let (Some(list), pairs) = object.preview_entries(scope)
            {
                entries(walk, scope, list, pairs, node, depth);
            }
        }
        ObjectKind::Promise => promise(walk, scope, object, node, depth),
        ObjectKind::Boxed => {
            let key = own::name(scope, "length");
            let length =
                match object.is_string_object().then(|| walk.reader.own_data(scope, object, key)).flatten() {
                    Some(length) => {
                        length.try_cast::<v8::Uint32>().map_or(0, |length| u64::from(length.value()))
                    }
                    None => 0,
                };
            if let Some(mut value) = slots::boxed(scope, object, length, walk.limits.inner_units)
                && walk.budget.node(VALUE + 60)
            {
                if let Value::String { value, .. } | Value::Bigint { value } = &mut value {
                    let used = cut(value, walk.budget.bytes(), usize::MAX);
                    walk.budget.charge(used);
                }
                node.value = Some(value);
            }
            which = Keys::NoIndices;
            if object.is_string_object() {
                skipped = &["length"];
            }
        }
        ObjectKind::Error => return error::members(walk, scope, object, node, depth),
        ObjectKind::Object => {
            platform::members(walk, scope, object, node, depth);
            if object == scope.get_current_context().global(scope) {
                return global(walk, scope, object, node, depth);
            }
        }
        ObjectKind::Temporal => temporal::members(walk, scope, object, node, depth),
        ObjectKind::Function | ObjectKind::Class => {
            skipped = &["length", "name", "prototype", "arguments", "caller"];
        }
        ObjectKind::RegExp => {
            return walk.properties(scope, object, node, which, depth, |key, own| {
                key == "lastIndex" && matches!(own.slot, Slot::Data(at) if at.is_int32() && at.try_cast::<v8::Int32>().is_ok_and(|at| at.value() == 0))
            });
        }
        _ => {}
    }
    walk.properties(scope, object, node, which, depth, |key, own| !own.enumerable && skipped.contains(&key));
}

/// Whether the program's heap has room for a copy of `bytes` and as much again.
pub(in crate::runner) fn has_room(scope: &mut v8::PinScope<'_, '_>, bytes: usize) -> bool {
    // Small ones are not worth the question.
    if bytes < 64 << 10 {
        return true;
    }
    let heap = scope.get_heap_statistics();
    heap.heap_size_limit().saturating_sub(heap.used_heap_size()) / 2 > bytes
}

fn proxy<'s>(
    walk: &mut Walk<'s, '_>,
    scope: &mut v8::PinScope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
    node: &mut ObjectValue,
    depth: u32,
) {
    let Ok(proxy) = object.try_cast::<v8::Proxy>() else { return };
    if walk.budget.charge(2 * VALUE) {
        let (target, handler) = (proxy.get_target(scope), proxy.get_handler(scope));
        node.value = walk.value(scope, target, depth);
        node.handler = walk.value(scope, handler, depth);
    }
}

fn promise<'s>(
    walk: &mut Walk<'s, '_>,
    scope: &mut v8::PinScope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
    node: &mut ObjectValue,
    depth: u32,
) {
    let Ok(promise) = object.try_cast::<v8::Promise>() else { return };
    if !walk.budget.charge(STATE) {
        return;
    }
    node.state = Some(match promise.state() {
        v8::PromiseState::Pending => PromiseState::Pending,
        v8::PromiseState::Fulfilled => PromiseState::Fulfilled,
        v8::PromiseState::Rejected => PromiseState::Rejected,
    });
    // A pending promise has no result to ask for.
    if node.state != Some(PromiseState::Pending) {
        let result = promise.result(scope);
        node.value = walk.value(scope, result, depth);
    }
}

/// The first bytes of a buffer.
fn bytes(walk: &mut Walk<'_, '_>, object: v8::Local<v8::Object>, node: &mut ObjectValue) {
    let store = match object.try_cast::<v8::ArrayBuffer>() {
        Ok(buffer) => buffer.get_backing_store(),
        Err(_) => match object.try_cast::<v8::SharedArrayBuffer>() {
            Ok(buffer) => buffer.get_backing_store(),
            Err(_) => return,
        },
    };
    // The buffer's own length, not the store's: that of a resizable one is larger.
    let length = (node.length.unwrap_or(0) as usize).min(store.byte_length());
    for byte in store.iter().take(length.min(walk.limits.members)) {
        if !walk.budget.node(40) {
            break;
        }
        node.items.push(Value::Number { value: f64::from(byte.get()) });
    }
    node.more = (length - node.items.len()) as u64;
}

/// Entries or values of a collection, from the list that V8 made of them.
fn entries<'s>(
    walk: &mut Walk<'s, '_>,
    scope: &mut v8::PinScope<'s, '_>,
    list: v8::Local<'s, v8::Array>,
    pairs: bool,
    node: &mut ObjectValue,
    depth: u32,
) {
    walk.budget.listed(list.length() as usize);
    let step = if pairs { 2 } else { 1 };
    let total = list.length() / step;
    for index in 0..total {
        let mut at = |walk: &mut Walk<'s, '_>, offset| {
            let value = list.get_index(scope, index * step + offset)?;
            walk.value(scope, value, depth)
        };
        // What stands for a value that does not fit is paid beforehand, so that a key never loses its place
        // when the budget ends between it and its value.
        let spare = text_len("…") + 54 + ENTRY;
        let full = node.items.len() + node.entries.len() >= walk.limits.members;
        let key = if !full && walk.budget.charge(spare) { at(walk, 0) } else { None };
        let Some(key) = key else {
            node.more += u64::from(total - index);
            return;
        };
        if pairs {
            let value = at(walk, 1).unwrap_or_else(nothing);
            node.entries.push((key, value));
        } else {
            node.items.push(key);
        }
        if !pairs {
            walk.budget.give_back(spare);
        }
    }
}

/// The global object: what every program has without enumerating it (`Object`, `URL`…) is only counted.
fn global<'s>(
    walk: &mut Walk<'s, '_>,
    scope: &mut v8::PinScope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
    node: &mut ObjectValue,
    depth: u32,
) {
    let platform = walk.platform.clone();
    let skipped = std::cell::Cell::new(0);
    walk.properties(scope, object, node, Keys::All, depth, |key, own| {
        let skip = !own.enumerable && platform.as_ref().is_some_and(|platform| platform.had_global(key));
        skipped.set(skipped.get() + u64::from(skip));
        skip
    });
    node.more += skipped.get();
}
