//! Looking at objects without running a program's code.
//!
//! Every way by which V8 would enter a program is avoided here and nowhere else: accessors are recognised by
//! their descriptor and never called, proxies are never asked, and a descriptor is read only where it is
//! known to have a property of its own, for a program may have put a `value` or a `get` on
//! `Object.prototype`.

use deno_core::v8;

use super::Budget;
use crate::protocol::value::Accessor;

/// How many prototypes are looked through for an inherited `name` or `message`.
pub(super) const MAX_PROTOTYPES: usize = 32;

/// What an own property holds.
#[derive(Clone, Copy)]
pub(in crate::runner) enum Slot<'s> {
    /// A value.
    Data(v8::Local<'s, v8::Value>),
    /// Code, which is not run.
    Accessor(Accessor),
    /// Nothing yet: a module's binding before its declaration ran.
    Uninitialized,
}

/// An own property.
#[derive(Clone, Copy)]
pub(in crate::runner) struct Own<'s> {
    pub(in crate::runner) slot: Slot<'s>,
    pub(in crate::runner) enumerable: bool,
}

/// Reads own properties. Holds the names of a descriptor's fields so that they are made once.
pub(in crate::runner) struct Reader<'s> {
    value: v8::Local<'s, v8::Name>,
    get: v8::Local<'s, v8::Name>,
    set: v8::Local<'s, v8::Name>,
    enumerable: v8::Local<'s, v8::Name>,
}

/// An internalised string.
pub(in crate::runner) fn name<'s>(scope: &v8::PinScope<'s, '_>, text: &str) -> v8::Local<'s, v8::Name> {
    v8::String::new_from_utf8(scope, text.as_bytes(), v8::NewStringType::Internalized)
        .unwrap_or_else(|| v8::String::empty(scope))
        .into()
}

/// Which own keys to list.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::runner) enum Keys {
    /// All of them.
    All,
    /// All but array indices: O(named properties), however long the array is.
    NoIndices,
}

/// The own keys of `object`, which must not be a proxy, as strings and symbols. `None` when `budget` allows no
/// more lists, or V8 is being terminated.
pub(in crate::runner) fn keys<'s>(
    scope: &v8::PinScope<'s, '_>,
    object: v8::Local<v8::Object>,
    which: Keys,
    budget: &mut Budget,
) -> Option<v8::Local<'s, v8::Array>> {
    if !budget.may_list() {
        return None;
    }
    let args = v8::GetPropertyNamesArgsBuilder::new()
        .mode(v8::KeyCollectionMode::OwnOnly)
        .property_filter(v8::PropertyFilter::ALL_PROPERTIES)
        .index_filter(match which {
            Keys::All => v8::IndexFilter::IncludeIndices,
            Keys::NoIndices => v8::IndexFilter::SkipIndices,
        })
        .key_conversion(v8::KeyConversionMode::ConvertToString)
        .build();
    let keys = object.get_property_names(scope, args)?;
    budget.listed(keys.length() as usize);
    Some(keys)
}

/// The prototype of `object`, unless that is `null` or a proxy.
pub(in crate::runner) fn prototype<'s>(
    scope: &v8::PinScope<'s, '_>,
    object: v8::Local<v8::Object>,
) -> Option<v8::Local<'s, v8::Object>> {
    let prototype = object.get_prototype(scope)?;
    if prototype.is_proxy() { None } else { prototype.try_cast().ok() }
}

impl<'s> Reader<'s> {
    pub(in crate::runner) fn new(scope: &v8::PinScope<'s, '_>) -> Self {
        Self {
            value: name(scope, "value"),
            get: name(scope, "get"),
            set: name(scope, "set"),
            enumerable: name(scope, "enumerable"),
        }
    }

    /// The own property `key` of `object`, which must not be a proxy; `None` when there is none.
    pub(in crate::runner) fn own(
        &self,
        scope: &v8::PinScope<'s, '_>,
        object: v8::Local<v8::Object>,
        key: v8::Local<v8::Name>,
    ) -> Option<Own<'s>> {
        let Some(descriptor) = object.get_own_property_descriptor(scope, key) else {
            // It threw. No code of the program's ran, so it is a binding that is not there yet (or V8 is
            // being terminated, and nothing that is found now matters).
            return Some(Own { slot: Slot::Uninitialized, enumerable: true });
        };
        let descriptor: v8::Local<v8::Object> = descriptor.try_cast().ok()?;
        let field = |key| match descriptor.has_own_property(scope, key) {
            Some(true) => descriptor.get(scope, key.into()),
            _ => None,
        };
        let enumerable = field(self.enumerable).is_some_and(|yes| yes.is_true());
        let slot = match field(self.value) {
            Some(value) => Slot::Data(value),
            None => {
                let has = |key| field(key).is_some_and(|half| half.is_function());
                match (has(self.get), has(self.set)) {
                    (true, true) => Slot::Accessor(Accessor::GetterSetter),
                    (false, true) => Slot::Accessor(Accessor::Setter),
                    _ => Slot::Accessor(Accessor::Getter),
                }
            }
        };
        Some(Own { slot, enumerable })
    }

    /// The value of the own data property `key`.
    pub(in crate::runner) fn own_data(
        &self,
        scope: &v8::PinScope<'s, '_>,
        object: v8::Local<v8::Object>,
        key: v8::Local<v8::Name>,
    ) -> Option<v8::Local<'s, v8::Value>> {
        match self.own(scope, object, key)?.slot {
            Slot::Data(value) => Some(value),
            _ => None,
        }
    }

    /// The value of the data property `key`, own or inherited. An accessor or a proxy on the way ends the
    /// search.
    pub(in crate::runner) fn data(
        &self,
        scope: &v8::PinScope<'s, '_>,
        object: v8::Local<'s, v8::Object>,
        key: v8::Local<v8::Name>,
    ) -> Option<v8::Local<'s, v8::Value>> {
        let mut object = object;
        for _ in 0..MAX_PROTOTYPES {
            match self.own(scope, object, key) {
                Some(Own { slot: Slot::Data(value), .. }) => return Some(value),
                Some(_) => return None,
                None => object = prototype(scope, object)?,
            }
        }
        None
    }
}
