//! The objects of `Temporal`: which class they belong to, and what they hold.
//!
//! V8's interface has no functions for them. [`Temporal::capture`] takes the language's own methods before any program
//! runs, and later calls those. Each of them checks for the internal slots of its class, reads them, and runs no code
//! of the program, so a program can't forge an object for them.
//!
//! Only some objects are checked, so that ordinary ones cost no serializer and no exception: those that inherit from a
//! class of `Temporal`, those that V8 names after one, and those without a prototype. So a program can
//! hide one object, by giving an object of a subclass another prototype. That shows as a plain object.
//!
//! An engine without `Temporal` has nothing to capture. There, objects of a program's own `Temporal` are plain objects.

use std::rc::Rc;

use deno_core::v8;

use super::own::{self, Keys, Own, Slot};
use super::platform::call;
use super::walk::Walk;
use super::{kinds, primitive, slots};
use crate::protocol::value::{ObjectKind, ObjectValue, Value};

/// The longest ISO form, in UTF-16 units. All that V8 gives are far shorter.
const ISO_UNITS: usize = 160;
/// The calendar whose dates need no era and no code for a month.
const ISO_CALENDAR: &str = "iso8601";

/// Fields of the classes that have a date, those of a time of day, and those of a duration.
const ERA: &[&str] = &["era", "eraYear"];
const TIME: &[&str] = &["hour", "minute", "second", "millisecond", "microsecond", "nanosecond"];
const DURATION: &[&str] = &[
    "years",
    "months",
    "weeks",
    "days",
    "hours",
    "minutes",
    "seconds",
    "milliseconds",
    "microseconds",
    "nanoseconds",
    "sign",
];

/// Each class of `Temporal`, and the fields that it shows, in order.
const CLASSES: [(&str, &[&[&str]]); 8] = [
    ("PlainDate", &[ERA, &["year", "month", "monthCode", "day", "dayOfWeek", "calendarId"]]),
    ("PlainTime", &[TIME]),
    ("PlainDateTime", &[ERA, &["year", "month", "monthCode", "day"], TIME, &["dayOfWeek", "calendarId"]]),
    ("PlainYearMonth", &[ERA, &["year", "month", "monthCode", "daysInMonth", "calendarId"]]),
    ("PlainMonthDay", &[&["monthCode", "day", "calendarId"]]),
    (
        "ZonedDateTime",
        &[
            ERA,
            &["year", "month", "monthCode", "day"],
            TIME,
            &["dayOfWeek", "offset", "timeZoneId", "calendarId", "epochMilliseconds"],
        ],
    ),
    ("Instant", &[&["epochMilliseconds", "epochNanoseconds"]]),
    ("Duration", &[DURATION]),
];

/// The language's own methods, by class. Found in the isolate that it was installed in.
pub struct Temporal(Vec<Class>);

struct Class {
    /// Such as `PlainDate`.
    name: &'static str,
    prototype: v8::Global<v8::Object>,
    /// Gives the ISO form, and throws for what is no object of this class.
    to_string: v8::Global<v8::Function>,
    /// The fields to show, and the getters that read them.
    fields: Vec<(&'static str, v8::Global<v8::Function>)>,
}

/// An object of `Temporal`.
pub(super) struct Found {
    /// The name of its class, such as `Temporal.PlainDate`.
    pub(super) class: String,
    /// Its ISO form.
    pub(super) iso: String,
    place: usize,
}

impl Temporal {
    /// Takes the methods from the global object. To be called before any program runs.
    ///
    /// `None` when the engine has no `Temporal`.
    pub fn capture<'s>(scope: &mut v8::PinScope<'s, '_>) -> Option<Self> {
        let global = scope.get_current_context().global(scope);
        let temporal = member(scope, global, "Temporal")?.try_cast::<v8::Object>().ok()?;
        let classes = CLASSES.iter().filter_map(|(name, fields)| {
            let class = member(scope, temporal, name)?.try_cast::<v8::Object>().ok()?;
            let prototype = member(scope, class, "prototype")?.try_cast::<v8::Object>().ok()?;
            let to_string = member(scope, prototype, "toString")?.try_cast::<v8::Function>().ok()?;
            let fields = fields.iter().copied().flatten().filter_map(|field| {
                let key = own::name(scope, field);
                let descriptor = prototype.get_own_property_descriptor(scope, key)?;
                let get =
                    member(scope, descriptor.try_cast().ok()?, "get")?.try_cast::<v8::Function>().ok()?;
                Some((*field, v8::Global::new(scope, get)))
            });
            let fields = fields.collect();
            Some(Class {
                name,
                prototype: v8::Global::new(scope, prototype),
                to_string: v8::Global::new(scope, to_string),
                fields,
            })
        });
        let classes = classes.collect::<Vec<_>>();
        (!classes.is_empty()).then_some(Self(classes))
    }

    /// Makes it known to every look at a value in `isolate`.
    pub fn install(self, isolate: &mut v8::Isolate) {
        isolate.set_slot(Rc::new(self));
    }

    /// What was installed in `isolate`, if anything was.
    pub(super) fn of(isolate: &v8::Isolate) -> Option<Rc<Self>> {
        isolate.get_slot::<Rc<Self>>().cloned()
    }

    /// Which of `Temporal`'s objects `object` is, which must be none of the kinds that V8 has a test for. `class` is
    /// what V8 calls its class.
    pub(super) fn find<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        object: v8::Local<'s, v8::Object>,
        class: Option<&str>,
    ) -> Option<Found> {
        // Both can be forged. Whether it really is of the class, only the method knows.
        let likely = self.inherited(scope, object).or_else(|| self.named(class?));
        if likely.is_none() && class.is_some() {
            return None;
        }
        if let Some(found) = likely.and_then(|place| self.of_class(scope, object, place)) {
            return Some(found);
        }
        if slots::is_ordinary(scope, object) {
            return None;
        }
        let mut others = (0..self.0.len()).filter(|place| Some(*place) != likely);
        others.find_map(|place| self.of_class(scope, object, place))
    }

    fn of_class<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        object: v8::Local<'s, v8::Object>,
        place: usize,
    ) -> Option<Found> {
        let class = &self.0[place];
        let iso = call(scope, &class.to_string, object)?.try_cast::<v8::String>().ok()?;
        let iso = primitive::string(scope, iso, ISO_UNITS);
        Some(Found { class: format!("Temporal.{}", class.name), iso, place })
    }

    /// V8 names some objects by the class alone and some with `Temporal` before it.
    fn named(&self, class: &str) -> Option<usize> {
        let name = class.strip_prefix("Temporal.").unwrap_or(class);
        self.0.iter().position(|class| class.name == name)
    }

    fn inherited<'s>(
        &self,
        scope: &v8::PinScope<'s, '_>,
        object: v8::Local<'s, v8::Object>,
    ) -> Option<usize> {
        let chain =
            std::iter::successors(own::prototype(scope, object), |object| own::prototype(scope, *object));
        chain
            .take(own::MAX_PROTOTYPES)
            .find_map(|prototype| self.0.iter().position(|class| class.prototype == prototype))
    }
}

/// The value of a property of one of the language's own objects.
fn member<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
    key: &str,
) -> Option<v8::Local<'s, v8::Value>> {
    let key = own::name(scope, key);
    object.get(scope, key.into())
}

/// The ISO form of an object of `Temporal`; `None` for any other value.
pub(in crate::runner) fn iso<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    value: v8::Local<'s, v8::Value>,
) -> Option<String> {
    let temporal = Temporal::of(scope)?;
    let object = value.try_cast::<v8::Object>().ok()?;
    if object.is_proxy() || kinds::kind(object, None) != ObjectKind::Object {
        return None;
    }
    let class = kinds::class(scope, object);
    Some(temporal.find(scope, object, class.as_deref())?.iso)
}

/// The ISO form in a node of [`ObjectKind::Temporal`]: the last word of its text, as no ISO form has a blank in it.
pub(in crate::runner) fn iso_of(node: &ObjectValue) -> Option<&str> {
    let (_, iso) = node.text.rsplit_once(' ').filter(|_| node.kind == ObjectKind::Temporal)?;
    Some(iso)
}

/// How many members a collapsed node hides.
pub(super) fn count<'s>(
    walk: &mut Walk<'s, '_>,
    scope: &mut v8::PinScope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
    class: Option<&str>,
) -> u64 {
    let temporal = walk.temporal.clone();
    let found = temporal.as_ref().and_then(|temporal| Some((temporal, temporal.find(scope, object, class)?)));
    let fields = found.map_or(0, |(temporal, found)| temporal.0[found.place].fields.len());
    let own = own::keys(scope, object, Keys::All, walk.budget).map_or(1, |keys| u64::from(keys.length()));
    fields as u64 + own
}

/// Fills in the fields of an object of `Temporal` as properties. Own properties of the same name go first, for those
/// are what a program would see.
pub(super) fn members<'s>(
    walk: &mut Walk<'s, '_>,
    scope: &mut v8::PinScope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
    node: &mut ObjectValue,
    depth: u32,
) {
    let Some(temporal) = walk.temporal.clone() else { return };
    let Some(found) = temporal.find(scope, object, node.class.as_deref()) else { return };
    let Class { name, fields, .. } = &temporal.0[found.place];
    if !walk.budget.has_fields() {
        node.more += fields.len() as u64;
        return;
    }
    let calendar = fields.iter().find(|(field, _)| *field == "calendarId");
    let calendar = calendar.and_then(|(_, get)| call(scope, get, object)?.try_cast::<v8::String>().ok());
    let is_iso =
        calendar.is_some_and(|calendar| primitive::string(scope, calendar, ISO_UNITS) == ISO_CALENDAR);
    for (field, get) in fields {
        // The month's number says the same there, but for a month and a day, which have no number.
        if *field == "monthCode" && is_iso && *name != "PlainMonthDay" {
            continue;
        }
        let key = own::name(scope, field);
        if object.has_own_property(scope, key) == Some(true) {
            continue;
        }
        let Some(value) = call(scope, get, object) else { continue };
        if ERA.contains(field) && value.is_undefined() {
            continue;
        }
        let own = Own { slot: Slot::Data(value), enumerable: true };
        match walk.property(scope, (*field).to_owned(), false, own, depth) {
            Some(property) => node.properties.push(property),
            None => node.more += 1,
        }
    }
}

/// What `String` gives for a tree, as far as a node says it: the ISO form of an object of `Temporal`.
pub(in crate::runner) fn text_of(value: &Value) -> Option<&str> {
    match value {
        Value::Object(node) => iso_of(node),
        _ => None,
    }
}
