//! The walk over a value: nodes, properties, elements.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use deno_core::v8;

use super::own::{self, Keys, Own, Reader, Slot};
use super::platform::Platform;
use super::size::{cut, text_len};
use super::temporal::Temporal;
use super::{Budget, InspectLimits, MAX_DEPTH, UserFrames, kinds, preview, primitive};
use crate::protocol::value::{ObjectKind, ObjectValue, Property, Value};

/// The longest property key, in UTF-16 units.
const KEY_UNITS: usize = 200;
/// How many holes of an array are looked at one by one before its keys are listed.
const MAX_PROBES: usize = 1_000;
/// Bytes held back for the line of an object near the root while its members are looked at.
const HELD_FOR_LINE: usize = 400;
/// Levels at which they are.
const HELD_DEPTH: u32 = 1;

// Lengths in JSON of what surrounds the variable parts, each with a comma after it; rounded up.
const STRING: usize = 60;
const LEAF: usize = 60;
const REF: usize = 30;
pub(super) const OBJECT: usize = 120;
const PROPERTY: usize = 60;
pub(super) const ENTRY: usize = 4;
/// `"length":…,` with the largest number.
pub(super) const LENGTH: usize = 30;
/// `"items":[],"entries":[]`
pub(super) const LISTS: usize = 26;

/// An object that has been looked at.
struct Seen<'s> {
    object: v8::Local<'s, v8::Object>,
    id: u32,
    /// Its members are not in the tree, since it stood too far down.
    collapsed: bool,
}

/// One tree in the making.
pub(super) struct Walk<'s, 'a> {
    pub(super) limits: &'a InspectLimits,
    pub(super) budget: &'a mut Budget,
    pub(super) frames: &'a UserFrames,
    pub(super) reader: Reader<'s>,
    /// Absent where no platform was installed.
    pub(super) platform: Option<Rc<Platform>>,
    /// Absent where the engine has none.
    pub(super) temporal: Option<Rc<Temporal>>,
    /// By identity hash, which is not unique.
    seen: HashMap<i32, Vec<Seen<'s>>>,
    referenced: HashSet<u32>,
    last_id: u32,
}

/// The tree of `value`; `None` when the budget has no room for any of it.
pub(super) fn tree<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    value: v8::Local<'s, v8::Value>,
    limits: &InspectLimits,
    budget: &mut Budget,
    frames: &UserFrames,
) -> Option<Value> {
    let mut walk = Walk {
        limits,
        budget,
        frames,
        reader: Reader::new(scope),
        platform: Platform::of(scope),
        temporal: Temporal::of(scope),
        seen: HashMap::new(),
        referenced: HashSet::new(),
        last_id: 0,
    };
    let mut tree = walk.value(scope, value, 0)?;
    let mut names = HashMap::new();
    settle_ids(&mut tree, &walk.referenced, &mut names);
    settle_refs(&mut tree, &names);
    Some(tree)
}

/// What stands for a value of which nothing fits.
pub(super) fn nothing() -> Value {
    Value::Object(Box::new(ObjectValue { text: "…".to_owned(), ..empty(ObjectKind::Object) }))
}

/// A node without anything.
pub(super) fn empty(kind: ObjectKind) -> ObjectValue {
    ObjectValue {
        kind,
        class: None,
        text: String::new(),
        id: None,
        length: None,
        items: Vec::new(),
        entries: Vec::new(),
        properties: Vec::new(),
        more: 0,
        state: None,
        value: None,
        handler: None,
        prototype: None,
        error: None,
    }
}

/// While a tree is made every object has an id; afterwards those that are pointed at keep one, from 1.
fn settle_ids(value: &mut Value, referenced: &HashSet<u32>, names: &mut HashMap<u32, u32>) {
    let Value::Object(object) = value else { return };
    if let Some(id) = object.id.take()
        && referenced.contains(&id)
    {
        let name = names.len() as u32 + 1;
        names.insert(id, name);
        object.id = Some(name);
    }
    each_child(object, |child| settle_ids(child, referenced, names));
}

/// Gives references the ids that [`settle_ids`] chose.
fn settle_refs(value: &mut Value, names: &HashMap<u32, u32>) {
    match value {
        Value::Ref { id } => *id = names.get(id).copied().unwrap_or(0),
        Value::Object(object) => each_child(object, |child| settle_refs(child, names)),
        _ => {}
    }
}

fn each_child(object: &mut ObjectValue, mut act: impl FnMut(&mut Value)) {
    let ObjectValue { items, entries, properties, value, handler, prototype, error, .. } = object;
    let entries = entries.iter_mut().flat_map(|(key, value)| [key, value]);
    let properties = properties.iter_mut().filter_map(|property| property.value.as_mut());
    let cause = error.as_mut().and_then(|error| error.cause.as_mut());
    items
        .iter_mut()
        .chain(entries)
        .chain(properties)
        .chain(value)
        .chain(handler)
        .chain(prototype)
        .chain(cause)
        .for_each(&mut act);
}

impl<'s> Walk<'s, '_> {
    /// The node for `value` at `depth` levels below the root; `None` when the budget has no room for it.
    pub(super) fn value(
        &mut self,
        scope: &mut v8::PinScope<'s, '_>,
        value: v8::Local<'s, v8::Value>,
        depth: u32,
    ) -> Option<Value> {
        if let Ok(object) = value.try_cast::<v8::Object>() {
            return self.object(scope, object, depth);
        }
        if let Ok(text) = value.try_cast::<v8::String>() {
            let units = if depth == 0 { self.limits.top_units } else { self.limits.inner_units };
            return self.string(scope, text, units);
        }
        let leaf = if value.is_undefined() {
            Value::Undefined
        } else if value.is_null() {
            Value::Null
        } else if value.is_boolean() {
            Value::Boolean { value: value.is_true() }
        } else if let Ok(number) = value.try_cast::<v8::Number>() {
            number_value(number.value())
        } else if let Ok(bigint) = value.try_cast::<v8::BigInt>() {
            Value::Bigint { value: primitive::bigint(bigint) }
        } else if let Ok(symbol) = value.try_cast::<v8::Symbol>() {
            Value::Symbol { value: primitive::symbol(scope, symbol) }
        } else {
            // An External or the like: an embedder's, not a program's.
            Value::Undefined
        };
        let bytes = match &leaf {
            Value::Bigint { value } | Value::Symbol { value } => STRING + text_len(value),
            _ => LEAF,
        };
        self.budget.node(bytes).then_some(leaf)
    }

    /// A string, cut to `units` and to what is left.
    fn string(
        &mut self,
        scope: &mut v8::PinScope<'s, '_>,
        text: v8::Local<'s, v8::String>,
        units: usize,
    ) -> Option<Value> {
        self.pay_for_string()?;
        let mut value = primitive::string(scope, text, units.min(self.budget.bytes()));
        let bytes = cut(&mut value, self.budget.bytes(), usize::MAX);
        self.budget.charge(bytes);
        Some(Value::String { value, length: text.length() as u64 })
    }

    /// A text that is part of a node rather than a value: cut to `units` and to what is left, and charged.
    pub(super) fn text(&mut self, mut text: String, units: usize) -> String {
        let bytes = cut(&mut text, self.budget.bytes(), units);
        self.budget.charge(bytes);
        text
    }

    fn object(
        &mut self,
        scope: &mut v8::PinScope<'s, '_>,
        object: v8::Local<'s, v8::Object>,
        depth: u32,
    ) -> Option<Value> {
        let hash = object.get_identity_hash().get();
        let collapsed = depth >= self.limits.depth.min(MAX_DEPTH);
        let seen = self.seen.entry(hash).or_default();
        if let Some(seen) = seen.iter().find(|seen| seen.object == object && (!seen.collapsed || collapsed)) {
            let id = seen.id;
            return self.budget.node(REF).then(|| {
                self.referenced.insert(id);
                Value::Ref { id }
            });
        }
        if !self.budget.node(OBJECT) {
            return None;
        }
        let mut node = kinds::head(self, scope, object);
        if !self.budget.charge(text_len(&node.text) + node.class.as_deref().map_or(0, text_len)) {
            // The node itself is paid for: it loses what makes it too long.
            node.class = None;
            node.text = self.text(std::mem::take(&mut node.text), 40);
        }
        self.last_id += 1;
        node.id = Some(self.last_id);
        let seen = Seen { object, id: self.last_id, collapsed };
        self.seen.entry(hash).or_default().push(seen);

        let held = if depth <= HELD_DEPTH { self.budget.hold(HELD_FOR_LINE) } else { 0 };
        if collapsed {
            node.more = kinds::count(self, scope, object, &node);
        } else {
            kinds::members(self, scope, object, &mut node, depth + 1);
        }
        if depth == 0 && self.limits.prototypes > 0 {
            node.prototype = self.prototype(scope, object, self.limits.prototypes);
        }
        self.budget.give_back(held);
        if !collapsed || (node.more == 0 && !matches!(node.kind, ObjectKind::Promise | ObjectKind::Boxed)) {
            let line = preview::object(&node);
            let longer = text_len(&line).saturating_sub(text_len(&node.text));
            if self.budget.charge(longer) {
                node.text = line;
            }
        }
        Some(Value::Object(Box::new(node)))
    }

    /// The prototype of `object`, and `levels` in all of those that it has. What is in them is collapsed.
    fn prototype(
        &mut self,
        scope: &mut v8::PinScope<'s, '_>,
        object: v8::Local<'s, v8::Object>,
        levels: u32,
    ) -> Option<Value> {
        // Whoever asks a proxy runs its handler.
        if levels == 0 || object.is_proxy() {
            return None;
        }
        let prototype = own::prototype(scope, object)?;
        if !self.budget.charge(LEAF) {
            return None;
        }
        let mut value = self.value(scope, prototype.into(), self.limits.depth.saturating_sub(1).max(1))?;
        if let Value::Object(node) = &mut value {
            node.prototype = self.prototype(scope, prototype, levels - 1);
        }
        Some(value)
    }

    /// The own properties of `object` but those for which `skip` says so.
    pub(super) fn properties(
        &mut self,
        scope: &mut v8::PinScope<'s, '_>,
        object: v8::Local<'s, v8::Object>,
        node: &mut ObjectValue,
        which: Keys,
        depth: u32,
        skip: impl Fn(&str, &Own<'s>) -> bool,
    ) {
        let Some(keys) = own::keys(scope, object, which, self.budget) else {
            // It is not known whether there are any, let alone how many.
            node.more += 1;
            return;
        };
        let total = keys.length();
        for index in 0..total {
            if node.properties.len() >= self.limits.members {
                node.more += u64::from(total - index);
                return;
            }
            let key = keys.get_index(scope, index).and_then(|key| key.try_cast::<v8::Name>().ok());
            let Some(key) = key else { continue };
            if key.is_symbol()
                && self.platform.as_ref().is_some_and(|platform| platform.hides(scope, object, key))
            {
                continue;
            }
            let Some(own) = self.reader.own(scope, object, key) else { continue };
            let (text, symbol) = key_text(scope, key);
            if !symbol && skip(&text, &own) {
                continue;
            }
            let Some(property) = self.property(scope, text, symbol, own, depth) else {
                node.more += u64::from(total - index);
                return;
            };
            node.properties.push(property);
        }
    }

    /// The property `key`, whose value stands at `depth`; `None` when the budget has no room for it.
    pub(super) fn property(
        &mut self,
        scope: &mut v8::PinScope<'s, '_>,
        key: String,
        symbol: bool,
        own: Own<'s>,
        depth: u32,
    ) -> Option<Property> {
        self.pay_for_property(&key)?;
        let (value, accessor) = match own.slot {
            Slot::Data(value) => (Some(self.value(scope, value, depth)?), None),
            Slot::Accessor(halves) => (None, Some(halves)),
            Slot::Uninitialized => (None, None),
        };
        Some(Property { key, symbol, hidden: !own.enumerable, value, accessor })
    }

    /// Pays for a property, but for its value.
    pub(super) fn pay_for_property(&mut self, key: &str) -> Option<()> {
        self.budget.charge(PROPERTY + text_len(key)).then_some(())
    }

    /// Pays for a string, but for its text.
    pub(super) fn pay_for_string(&mut self) -> Option<()> {
        self.pay_for_node(STRING)
    }

    /// Pays for a node of `bytes`.
    pub(super) fn pay_for_node(&mut self, bytes: usize) -> Option<()> {
        self.budget.node(bytes).then_some(())
    }

    /// An array's elements from 0, holes as runs.
    pub(super) fn elements(
        &mut self,
        scope: &mut v8::PinScope<'s, '_>,
        object: v8::Local<'s, v8::Object>,
        length: u32,
        node: &mut ObjectValue,
        depth: u32,
    ) {
        // `next` is the first index that is not in the tree, `at` the one looked at: holes lie between.
        let (mut next, mut at, mut probes) = (0, 0, 0);
        while at < length && node.items.len() < self.limits.members {
            let key = own::name(scope, &at.to_string());
            let Some(own) = self.reader.own(scope, object, key) else {
                at += 1;
                probes += 1;
                if probes == MAX_PROBES && at < length {
                    match next_element(scope, object, at..length, self.budget) {
                        Ok(Some(index)) => (at, probes) = (index, 0),
                        Ok(None) => at = length,
                        Err(CannotList) => break,
                    }
                }
                continue;
            };
            if at > next {
                if !self.hole(node, at - next) {
                    break;
                }
                next = at;
                continue;
            }
            let Some(item) = self.element(scope, own, depth) else { break };
            node.items.push(item);
            at += 1;
            next = at;
        }
        if at > next && node.items.len() < self.limits.members && self.hole(node, at - next) {
            next = at;
        }
        node.more += u64::from(length - next);
    }

    fn element(&mut self, scope: &mut v8::PinScope<'s, '_>, own: Own<'s>, depth: u32) -> Option<Value> {
        match own.slot {
            Slot::Data(value) => self.value(scope, value, depth),
            // There is no place for an accessor among items; this shows as the bare word.
            Slot::Accessor(halves) => {
                let value = preview::accessor(halves).to_owned();
                self.budget.node(LEAF).then_some(Value::Symbol { value })
            }
            Slot::Uninitialized => None,
        }
    }

    fn hole(&mut self, node: &mut ObjectValue, count: u32) -> bool {
        let paid = self.budget.node(LEAF);
        if paid {
            node.items.push(Value::Hole { count: u64::from(count) });
        }
        paid
    }
}

/// A property with a value.
pub(super) fn data(key: &str, value: Value) -> Property {
    Property { key: key.to_owned(), symbol: false, hidden: false, value: Some(value), accessor: None }
}

/// A number's node.
pub(in crate::runner) fn number_value(value: f64) -> Value {
    if value.is_finite() && !(value == 0.0 && value.is_sign_negative()) {
        Value::Number { value }
    } else {
        Value::SpecialNumber { value: primitive::number(value) }
    }
}

/// A key as text, and whether it is a symbol.
pub(in crate::runner) fn key_text<'s>(
    scope: &v8::PinScope<'s, '_>,
    key: v8::Local<v8::Name>,
) -> (String, bool) {
    if let Ok(text) = key.try_cast::<v8::String>() {
        let mut key = primitive::string(scope, text, KEY_UNITS);
        if text.length() > KEY_UNITS {
            key.push('…');
        }
        return (key, false);
    }
    (key.try_cast::<v8::Symbol>().map(|symbol| primitive::symbol(scope, symbol)).unwrap_or_default(), true)
}

/// Listing an array's keys could take more memory than the program has left, or the budget allows no more.
struct CannotList;

/// The first element among `range`, found by listing all keys: for arrays that are mostly holes.
fn next_element(
    scope: &mut v8::PinScope<'_, '_>,
    object: v8::Local<v8::Object>,
    range: std::ops::Range<u32>,
    budget: &mut Budget,
) -> Result<Option<u32>, CannotList> {
    // An array whose elements would need more than the heap in use must be a dictionary, and listing it costs
    // as much as it has elements. Any other one has a slot for each index up to its length.
    let slots = range.end as usize * size_of::<usize>();
    if !budget.may_list() {
        return Err(CannotList);
    }
    if slots < scope.get_heap_statistics().used_heap_size() && !kinds::has_room(scope, slots) {
        return Err(CannotList);
    }
    let args = v8::GetPropertyNamesArgsBuilder::new()
        .mode(v8::KeyCollectionMode::OwnOnly)
        .property_filter(v8::PropertyFilter::SKIP_SYMBOLS)
        .index_filter(v8::IndexFilter::IncludeIndices)
        .key_conversion(v8::KeyConversionMode::KeepNumbers)
        .build();
    v8::scope!(let scope, scope);
    let Some(keys) = object.get_property_names(scope, args) else { return Ok(None) };
    budget.listed(keys.length() as usize);
    // Indices come first and ascend, as numbers; other keys are strings.
    let index_at = |at: u32| {
        let key = keys.get_index(scope, at)?.try_cast::<v8::Number>().ok()?.value();
        (key < f64::from(range.end)).then_some(key as u32)
    };
    let (mut low, mut high) = (0, keys.length());
    while low < high {
        let middle = low + (high - low) / 2;
        match index_at(middle) {
            Some(index) if index < range.start => low = middle + 1,
            _ => high = middle,
        }
    }
    Ok(if low < keys.length() { index_at(low) } else { None })
}
