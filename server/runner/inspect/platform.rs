//! The platform's own objects: `URL`, `Event`, `DOMException` and their kin.
//!
//! What they are is not in own properties but behind accessors of their prototypes, which a program may have
//! replaced. So before any program runs, [`Platform::capture`] takes what the startup snapshot says of each
//! class (server/runner/js/platform.js): its prototype, which own properties are its hidden state, and the few
//! accessors that are safe to call. Later, nothing is looked up by a name that the program can reach.
//!
//! Hidden state behind symbols is read as data: a program can find the symbols and put anything there, which
//! then shows, but does not run. Private fields are read by deno_web's accessors, in JavaScript. What is
//! called does nothing but look for a brand and read a field, and the brand is looked for here first: deno_web
//! throws an error whose making can be observed.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use deno_core::url::{Url, quirks};
use deno_core::v8;

use super::own::{self, Keys, Own, Reader, Slot};
use super::size::{text_len, units};
use super::walk::{ENTRY, LENGTH, LISTS, OBJECT, Walk, empty, key_text, nothing};
use super::{Budget, preview, primitive};
use crate::protocol::value::{ObjectKind, ObjectValue, Value};

/// Prototypes that are looked through for a platform class.
const MAX_PROTOTYPES: usize = 32;
/// The longest text of a URL that is taken apart, in UTF-16 units.
const URL_UNITS: usize = 1 << 16;
/// The longest description of a symbol that can be one of the platform's, in UTF-16 units.
const DESCRIPTION_UNITS: usize = 64;

/// What is known of the platform's classes. Found in the isolate that it was installed in.
pub struct Platform {
    brand: v8::Global<v8::Symbol>,
    /// Keys of hidden state, by identity hash.
    symbols: HashMap<i32, Vec<v8::Global<v8::Symbol>>>,
    /// Descriptions of keys that no object has from the start.
    late: HashSet<String>,
    /// By the prototype's identity hash.
    classes: HashMap<i32, Vec<Rc<Class>>>,
    /// Properties of the global object that are there for every program.
    globals: HashSet<String>,
}

struct Class {
    prototype: v8::Global<v8::Object>,
    attributes: Vec<Attribute>,
}

struct Attribute {
    key: String,
    source: Source,
}

/// Keys to follow from an object, the first one a symbol.
type Path = Vec<v8::Global<v8::Name>>;

/// Where the value of an attribute comes from.
enum Source {
    /// A property's value.
    Slot(Path),
    /// Whether a property has a value other than `undefined`.
    IsSet(Path),
    /// A private field, which `get` reads; `branded` if it looks for the brand first.
    Field { get: v8::Global<v8::Function>, branded: bool },
    /// A URL's text, from which the other attributes follow.
    Url(v8::Global<v8::Function>),
    /// An array of pairs, shown as entries. The keys are those of a pair's two halves.
    Pairs(Path, [&'static str; 2]),
    /// The last member of an array.
    Last(Path),
}

/// The class of an object of the platform's, which must not be a proxy.
pub(in crate::runner) fn class<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
) -> Option<String> {
    if Platform::of(scope)?.classes_of(scope, object).is_empty() {
        return None;
    }
    super::kinds::class(scope, object)
}

/// Whether the global object had the property `name` before the program began.
pub(in crate::runner) fn had_global(isolate: &v8::Isolate, name: &str) -> bool {
    Platform::of(isolate).is_some_and(|platform| platform.had_global(name))
}

impl Platform {
    /// Takes what the startup snapshot's `description` says, and what is on the global object. To be called
    /// before any program runs.
    ///
    /// `None` when the description is not one.
    pub fn capture<'s>(
        scope: &mut v8::PinScope<'s, '_>,
        description: v8::Local<'s, v8::Object>,
    ) -> Option<Self> {
        let brand = field(scope, description, "brand")?.try_cast::<v8::Symbol>().ok()?;
        let mut symbols: HashMap<_, Vec<_>> = HashMap::new();
        for symbol in list(scope, description, "symbols")? {
            let symbol = symbol.try_cast::<v8::Symbol>().ok()?;
            symbols.entry(symbol.get_identity_hash().get()).or_default().push(v8::Global::new(scope, symbol));
        }
        let late = list(scope, description, "late")?.into_iter().map(|text| text.to_rust_string_lossy(scope));
        let late = late.collect();
        let mut classes: HashMap<_, Vec<_>> = HashMap::new();
        for class in list(scope, description, "classes")? {
            let class = class.try_cast::<v8::Object>().ok()?;
            let prototype = field(scope, class, "prototype")?.try_cast::<v8::Object>().ok()?;
            let attributes = list(scope, class, "attributes")?
                .into_iter()
                .map(|attribute| Attribute::capture(scope, attribute.try_cast().ok()?))
                .collect::<Option<_>>()?;
            let hash = prototype.get_identity_hash().get();
            let prototype = v8::Global::new(scope, prototype);
            classes.entry(hash).or_default().push(Rc::new(Class { prototype, attributes }));
        }
        let global = scope.get_current_context().global(scope);
        let keys = own::keys(scope, global, Keys::All, &mut Budget::new(0))?;
        let globals = (0..keys.length())
            .filter_map(|index| keys.get_index(scope, index)?.try_cast::<v8::Name>().ok())
            .map(|key| key_text(scope, key).0)
            .collect();
        Some(Self { brand: v8::Global::new(scope, brand), symbols, late, classes, globals })
    }

    /// Makes it known to every look at a value in `isolate`.
    pub fn install(self, isolate: &mut v8::Isolate) {
        isolate.set_slot(Rc::new(self));
    }

    /// What was installed in `isolate`, if anything was.
    pub(super) fn of(isolate: &v8::Isolate) -> Option<Rc<Self>> {
        isolate.get_slot::<Rc<Self>>().cloned()
    }

    /// The platform classes that `object` (which must not be a proxy) inherits from, the most derived first.
    fn classes_of<'s>(
        &self,
        scope: &v8::PinScope<'s, '_>,
        object: v8::Local<'s, v8::Object>,
    ) -> Vec<Rc<Class>> {
        let chain =
            std::iter::successors(own::prototype(scope, object), |object| own::prototype(scope, *object));
        chain
            .take(MAX_PROTOTYPES)
            .filter_map(|prototype| {
                let same_hash = self.classes.get(&prototype.get_identity_hash().get())?;
                same_hash.iter().find(|class| class.prototype == prototype).cloned()
            })
            .collect()
    }

    /// Whether the property `key` of `object` is hidden state of the platform's.
    pub(super) fn hides<'s>(
        &self,
        scope: &v8::PinScope<'s, '_>,
        object: v8::Local<'s, v8::Object>,
        key: v8::Local<'s, v8::Name>,
    ) -> bool {
        let Ok(symbol) = key.try_cast::<v8::Symbol>() else { return false };
        let same_hash = self.symbols.get(&symbol.get_identity_hash().get());
        if same_hash.is_some_and(|symbols| symbols.iter().any(|known| *known == symbol)) {
            return true;
        }
        // Some of deno_web's instances have a tag of their own.
        let internal = symbol == v8::Symbol::get_to_string_tag(scope)
            || symbol.description(scope).try_cast::<v8::String>().is_ok_and(|text| {
                let text = primitive::string(scope, text, DESCRIPTION_UNITS);
                text.starts_with("[[") && text.ends_with("]]") || self.late.contains(&text)
            });
        internal && !self.classes_of(scope, object).is_empty()
    }

    /// Whether the property `key` of the global object was there before the program.
    pub(super) fn had_global(&self, key: &str) -> bool {
        self.globals.contains(key)
    }

    /// Whether `object` has the brand as a property whose look-up runs nothing.
    fn is_branded<'s>(
        &self,
        scope: &v8::PinScope<'s, '_>,
        reader: &Reader<'s>,
        object: v8::Local<'s, v8::Object>,
    ) -> bool {
        let brand = v8::Local::new(scope, &self.brand);
        reader.own_data(scope, object, brand.into()).is_some_and(|value| value == brand)
    }

    fn value<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        reader: &Reader<'s>,
        object: v8::Local<'s, v8::Object>,
        source: &Source,
    ) -> Option<v8::Local<'s, v8::Value>> {
        match source {
            Source::Slot(path) | Source::Pairs(path, _) => follow(scope, reader, object, path),
            Source::Last(path) => {
                let list = follow(scope, reader, object, path)?.try_cast::<v8::Array>().ok()?;
                let last = own::name(scope, &list.length().checked_sub(1)?.to_string());
                reader.own_data(scope, list.into(), last)
            }
            Source::IsSet(path) => {
                let value = follow(scope, reader, object, path)?;
                Some(v8::Boolean::new(scope, !value.is_undefined()).into())
            }
            Source::Field { get, branded } if !branded || self.is_branded(scope, reader, object) => {
                call(scope, get, object)
            }
            Source::Url(get) if self.is_branded(scope, reader, object) => call(scope, get, object),
            Source::Field { .. } | Source::Url(_) => None,
        }
    }
}

impl Attribute {
    fn capture<'s>(scope: &mut v8::PinScope<'s, '_>, attribute: v8::Local<'s, v8::Object>) -> Option<Self> {
        let key = field(scope, attribute, "key")?.to_rust_string_lossy(scope);
        let kind = field(scope, attribute, "kind")?.to_rust_string_lossy(scope);
        let path = |scope: &mut v8::PinScope<'s, '_>| -> Option<Path> {
            let path = list(scope, attribute, "path")?.into_iter();
            path.map(|key| Some(v8::Global::new(scope, key.try_cast::<v8::Name>().ok()?))).collect()
        };
        let get = |scope: &mut v8::PinScope<'s, '_>| {
            let get = field(scope, attribute, "get")?.try_cast::<v8::Function>().ok()?;
            Some(v8::Global::new(scope, get))
        };
        let source = match kind.as_str() {
            "slot" => Source::Slot(path(scope)?),
            "is_set" => Source::IsSet(path(scope)?),
            "pairs" => Source::Pairs(path(scope)?, ["0", "1"]),
            "records" => Source::Pairs(path(scope)?, ["name", "value"]),
            "last" => Source::Last(path(scope)?),
            "field" => Source::Field { get: get(scope)?, branded: false },
            "branded_field" => Source::Field { get: get(scope)?, branded: true },
            "url" => Source::Url(get(scope)?),
            _ => return None,
        };
        Some(Self { key, source })
    }
}

/// A property of the description.
fn field<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
    key: &str,
) -> Option<v8::Local<'s, v8::Value>> {
    let key = own::name(scope, key);
    object.get(scope, key.into())
}

/// An array in the description.
fn list<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
    key: &str,
) -> Option<Vec<v8::Local<'s, v8::Value>>> {
    let list = field(scope, object, key)?.try_cast::<v8::Array>().ok()?;
    (0..list.length()).map(|index| list.get_index(scope, index)).collect()
}

/// Follows data properties.
fn follow<'s>(
    scope: &v8::PinScope<'s, '_>,
    reader: &Reader<'s>,
    object: v8::Local<'s, v8::Object>,
    path: &Path,
) -> Option<v8::Local<'s, v8::Value>> {
    path.iter().try_fold(object.into(), |value: v8::Local<v8::Value>, key| {
        let object = value.try_cast::<v8::Object>().ok().filter(|object| !object.is_proxy())?;
        reader.own_data(scope, object, v8::Local::new(scope, key))
    })
}

/// Calls a captured accessor on `object`. It throws where the private field is missing.
pub(super) fn call<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    get: &v8::Global<v8::Function>,
    object: v8::Local<'s, v8::Object>,
) -> Option<v8::Local<'s, v8::Value>> {
    v8::tc_scope!(let scope, scope);
    let value = v8::Local::new(scope, get).call(scope, object.into(), &[]);
    if scope.has_terminated() {
        // This scope has caught it; it is meant for the program.
        scope.terminate_execution();
    }
    value
}

/// The attribute `key` of `object` where that is a property's value: enough for a `DOMException`.
pub(super) fn slot<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    reader: &Reader<'s>,
    object: v8::Local<'s, v8::Object>,
    key: &str,
) -> Option<v8::Local<'s, v8::Value>> {
    let classes = Platform::of(scope)?.classes_of(scope, object);
    let attribute =
        classes.iter().flat_map(|class| &class.attributes).find(|attribute| attribute.key == key)?;
    match &attribute.source {
        Source::Slot(path) => follow(scope, reader, object, path),
        _ => None,
    }
}

/// How many members a collapsed platform object hides; `None` if `object` is none.
pub(super) fn count<'s>(
    walk: &mut Walk<'s, '_>,
    scope: &v8::PinScope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
) -> Option<u64> {
    let platform = walk.platform.clone()?;
    let classes = platform.classes_of(scope, object);
    if classes.is_empty() {
        return None;
    }
    let attributes = classes.iter().flat_map(|class| &class.attributes);
    let attributes = attributes.map(|attribute| match &attribute.source {
        Source::Pairs(path, _) => follow(scope, &walk.reader, object, path)
            .and_then(|list| list.try_cast::<v8::Array>().ok())
            .map_or(0, |list| u64::from(list.length())),
        _ => 1,
    });
    let attributes: u64 = attributes.sum();
    let Some(keys) = own::keys(scope, object, Keys::All, walk.budget) else { return Some(attributes.max(1)) };
    let own = (0..keys.length())
        .filter_map(|index| keys.get_index(scope, index)?.try_cast::<v8::Name>().ok())
        .filter(|key| !platform.hides(scope, object, *key));
    Some(attributes + own.count() as u64)
}

/// Fills in the attributes of `object` as properties, if it is one of the platform's. Own properties of the
/// same name go first, for that is what a program would see.
pub(super) fn members<'s>(
    walk: &mut Walk<'s, '_>,
    scope: &mut v8::PinScope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
    node: &mut ObjectValue,
    depth: u32,
) {
    let Some(platform) = walk.platform.clone() else { return };
    for class in platform.classes_of(scope, object) {
        for Attribute { key, source } in &class.attributes {
            // An error's have been said.
            if node.kind == ObjectKind::Error && matches!(key.as_str(), "name" | "message") {
                continue;
            }
            let name = own::name(scope, key);
            if object.has_own_property(scope, name) == Some(true) {
                continue;
            }
            let Some(value) = platform.value(scope, &walk.reader, object, source) else { continue };
            if let Source::Pairs(_, keys) = source {
                pairs(walk, scope, value, *keys, node, depth);
                continue;
            }
            let own = Own { slot: Slot::Data(value), enumerable: true };
            match walk.property(scope, key.clone(), false, own, depth) {
                Some(property) => node.properties.push(property),
                None => node.more += 1,
            }
            if let (Source::Url(_), Ok(href)) = (source, value.try_cast::<v8::String>()) {
                url(walk, scope, href, node);
            }
        }
    }
}

/// Entries from an array of pairs.
fn pairs<'s>(
    walk: &mut Walk<'s, '_>,
    scope: &mut v8::PinScope<'s, '_>,
    list: v8::Local<'s, v8::Value>,
    keys: [&str; 2],
    node: &mut ObjectValue,
    depth: u32,
) {
    let Ok(list) = list.try_cast::<v8::Array>() else { return };
    walk.budget.hold(LENGTH);
    node.length = Some(u64::from(list.length()));
    let [first, second] = keys.map(|key| own::name(scope, key));
    for index in 0..list.length() {
        // What stands for a value that does not fit is paid before its key.
        let spare = nothing_len();
        if node.entries.len() >= walk.limits.members || !walk.budget.charge(spare) {
            node.more += u64::from(list.length() - index);
            return;
        }
        let at = own::name(scope, &index.to_string());
        let pair =
            walk.reader.own_data(scope, list.into(), at).and_then(|pair| pair.try_cast::<v8::Object>().ok());
        let pair = pair.filter(|pair| !pair.is_proxy()).and_then(|pair| {
            let key = walk.reader.own_data(scope, pair, first)?;
            Some((key, walk.reader.own_data(scope, pair, second)?))
        });
        let entry = pair.and_then(|(key, value)| {
            let key = walk.value(scope, key, depth)?;
            Some((key, walk.value(scope, value, depth).unwrap_or_else(nothing)))
        });
        match entry {
            Some(entry) => node.entries.push(entry),
            None => node.more += 1,
        }
    }
}

/// What an entry takes whose value does not fit, in bytes of JSON, without its key.
fn nothing_len() -> usize {
    super::NOTHING + text_len("…") + ENTRY
}

/// The attributes of a URL that follow from its text, which is as deno_web keeps it: in the form that the URL
/// Standard's serialiser gives it.
fn url(walk: &mut Walk<'_, '_>, scope: &v8::Isolate, href: v8::Local<v8::String>, node: &mut ObjectValue) {
    if href.length() > URL_UNITS {
        return;
    }
    let Ok(url) = Url::parse(&primitive::string(scope, href, URL_UNITS)) else { return };
    let before_params = [
        ("origin", &*quirks::origin(&url)),
        ("protocol", quirks::protocol(&url)),
        ("username", quirks::username(&url)),
        ("password", quirks::password(&url)),
        ("host", quirks::host(&url)),
        ("hostname", quirks::hostname(&url)),
        ("port", quirks::port(&url)),
        ("pathname", quirks::pathname(&url)),
        ("search", quirks::search(&url)),
    ];
    for (key, text) in before_params {
        text_property(walk, node, key, text);
    }
    // The object itself is made when a program first asks for it; it always has what the text has.
    match search_params(walk, &url) {
        Some(params) => node.properties.push(super::walk::data("searchParams", params)),
        None => node.more += 1,
    }
    text_property(walk, node, "hash", quirks::hash(&url));
}

fn text_property(walk: &mut Walk<'_, '_>, node: &mut ObjectValue, key: &str, text: &str) {
    match walk.pay_for_property(key).and_then(|()| text_value(walk, text)) {
        Some(value) => node.properties.push(super::walk::data(key, value)),
        None => node.more += 1,
    }
}

fn text_value(walk: &mut Walk<'_, '_>, text: &str) -> Option<Value> {
    walk.pay_for_string()?;
    let value = walk.text(text.to_owned(), walk.limits.inner_units);
    Some(Value::String { value, length: units(text) as u64 })
}

/// The `URLSearchParams` of a URL.
fn search_params(walk: &mut Walk<'_, '_>, url: &Url) -> Option<Value> {
    let class = "URLSearchParams";
    walk.pay_for_property("searchParams")?;
    walk.pay_for_node(OBJECT + LISTS + LENGTH + 2 * class.len())?;
    let mut node = ObjectValue { class: Some(class.to_owned()), ..empty(ObjectKind::Object) };
    let mut length = 0;
    for (key, value) in url.query_pairs() {
        length += 1;
        if node.more > 0 || node.entries.len() >= walk.limits.members || !walk.budget.charge(nothing_len()) {
            node.more += 1;
            continue;
        }
        match text_value(walk, &key) {
            Some(key) => node.entries.push((key, text_value(walk, &value).unwrap_or_else(nothing))),
            None => node.more += 1,
        }
    }
    node.length = Some(length);
    node.text = format!("{class}({length})");
    let line = preview::object(&node);
    if walk.budget.charge(text_len(&line).saturating_sub(class.len())) {
        node.text = line;
    }
    Some(Value::Object(Box::new(node)))
}
