//! `display`: output that is more than text, as a bundle of forms by MIME type.
//!
//! Native like the console: a program may have replaced what JavaScript would go by. Unlike the console, this reads
//! what it is given as any function would: the getters of a bundle run, and the `toJSON` of what is shown as JSON,
//! once each and before anything is shown. What is not a bundle is looked at as the console does, and nothing runs.

mod chart;
mod data;

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use data_url::DataUrl;
use deno_core::{JsRuntime, v8};
use deno_web::BlobStoreTrait;
use futures_util::FutureExt as _;

use self::chart::{Chart, KINDS};
use super::console::Method;
use super::globals::{define, function, get, throw_range_error, throw_type_error};
use super::inspect::{json_len, primitive, size};
use super::visit::Visit;

/// The longest console event with a bundle, in bytes of JSON. Found in the isolate of a run.
#[derive(Clone, Copy)]
pub struct DisplayBytes(pub usize);

/// The startup snapshot's function that takes a blob apart. Found in the isolate.
#[derive(Clone)]
struct TakeBlob(v8::Global<v8::Function>);

/// Forms of text.
const TEXTS: [&str; 4] = ["text/plain", "text/html", SVG, "text/markdown"];
const SVG: &str = "image/svg+xml";
const JSON: &str = "application/json";
/// Forms of pictures, and how their bytes begin.
const PICTURES: [(&str, &[u8]); 4] = [
    ("image/png", b"\x89PNG\r\n\x1a\n"),
    ("image/jpeg", b"\xff\xd8\xff"),
    ("image/gif", b"GIF8"),
    ("image/webp", b"RIFF"),
];
/// The most forms in one bundle, and the longest of their names that a message repeats.
const FORMS: u32 = 20;
const NAME_UNITS: usize = 100;
/// The longest description of a picture, in UTF-16 units.
const ALT_UNITS: usize = 1_000;
/// Base64 as people have it: padded or not.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Why nothing is shown.
enum Refused {
    /// A `TypeError` is to be thrown.
    Type(String),
    /// A `RangeError` is.
    Range(String),
    /// Something was thrown already, by the program itself.
    Thrown,
}

type Done<T> = Result<T, Refused>;
type Bundle = BTreeMap<String, String>;

fn refuse<T>(message: impl Into<String>) -> Done<T> {
    Err(Refused::Type(message.into()))
}

/// Puts `display` on the global object.
///
/// # Errors
/// When the startup snapshot is not ours.
pub fn install<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    global: v8::Local<'s, v8::Object>,
    hooks: v8::Local<'s, v8::Object>,
) -> Result<(), &'static str> {
    let blob = get(scope, hooks, "blob").and_then(|hook| hook.try_cast::<v8::Function>().ok());
    let blob = blob.ok_or("the startup snapshot can't take a blob apart")?;
    let blob = Rc::new(TakeBlob(v8::Global::new(scope, blob)));
    scope.set_slot(blob);
    let display = function(scope, "display", 1, display);
    let helpers = [
        ("html", function(scope, "html", 1, html)),
        ("svg", function(scope, "svg", 1, svg)),
        ("markdown", function(scope, "markdown", 1, markdown)),
        ("image", function(scope, "image", 1, image)),
        ("table", function(scope, "table", 1, table)),
        ("chart", function(scope, "chart", 2, chart)),
    ];
    for (name, helper) in helpers {
        define(scope, display.into(), name, helper.into(), v8::PropertyAttribute::NONE);
    }
    define(scope, global, "display", display.into(), v8::PropertyAttribute::NONE);
    Ok(())
}

/// Where one call's output goes.
struct Stage {
    visit: Rc<Visit>,
    /// The longest event.
    bytes: usize,
}

/// Does `what`, and throws what it is refused with.
fn or_throw<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    what: impl FnOnce(&mut v8::PinScope<'s, '_>, &Stage) -> Done<()>,
) {
    let Some(visit) = Visit::of(scope) else { return };
    let bytes = scope.get_slot::<DisplayBytes>().map_or(0, |bytes| bytes.0);
    match what(scope, &Stage { visit, bytes }) {
        Ok(()) | Err(Refused::Thrown) => {}
        Err(Refused::Type(message)) => throw_type_error(scope, &message),
        Err(Refused::Range(message)) => throw_range_error(scope, &message),
    }
}

fn display<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    args: v8::FunctionCallbackArguments<'s>,
    _: v8::ReturnValue<'s, v8::Value>,
) {
    or_throw(scope, |scope, stage| {
        let value = args.get(0);
        let mut bundle = Bundle::new();
        let options = Options::read(scope, args.get(1))?;
        if let Some(form) = &options.form {
            stage.add(scope, &mut bundle, form, value)?;
        } else if let Some((form, bytes)) = stage.blob(scope, value)? {
            stage.add_bytes(&mut bundle, &form, bytes)?;
        } else if let Some(keys) = forms(scope, value)? {
            for key in keys {
                let name = primitive::string(scope, key, NAME_UNITS);
                let object = value.try_cast::<v8::Object>().map_err(|_| Refused::Thrown)?;
                let value = object.get(scope, key.into()).ok_or(Refused::Thrown)?;
                stage.add(scope, &mut bundle, &name, value)?;
            }
        } else {
            let event = stage.visit.displayed(scope, Some(value));
            if let Ok(json) = serde_json::to_vec(&event) {
                stage.visit.link.console(&json, Instant::now());
            }
            return Ok(());
        }
        options.add_to(&mut bundle);
        stage.show(scope, bundle)
    });
}

fn html<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    args: v8::FunctionCallbackArguments<'s>,
    _: v8::ReturnValue<'s, v8::Value>,
) {
    show_as(scope, "text/html", args.get(0), args.get(1));
}

fn svg<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    args: v8::FunctionCallbackArguments<'s>,
    _: v8::ReturnValue<'s, v8::Value>,
) {
    show_as(scope, SVG, args.get(0), args.get(1));
}

fn markdown<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    args: v8::FunctionCallbackArguments<'s>,
    _: v8::ReturnValue<'s, v8::Value>,
) {
    show_as(scope, "text/markdown", args.get(0), args.get(1));
}

/// Shows one form, described by `options`.
fn show_as<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    form: &str,
    value: v8::Local<'s, v8::Value>,
    options: v8::Local<'s, v8::Value>,
) {
    or_throw(scope, |scope, stage| {
        let options = Options::read(scope, options)?;
        let mut bundle = Bundle::new();
        stage.add(scope, &mut bundle, form, value)?;
        options.add_to(&mut bundle);
        stage.show(scope, bundle)
    });
}

fn image<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    args: v8::FunctionCallbackArguments<'s>,
    _: v8::ReturnValue<'s, v8::Value>,
) {
    or_throw(scope, |scope, stage| {
        let value = args.get(0);
        let options = Options::read(scope, args.get(1))?;
        let mut bundle = Bundle::new();
        let wanted = options.form.as_deref();
        let (form, bytes) = match stage.blob(scope, value)? {
            Some((form, bytes)) => (wanted.map_or(form, str::to_owned), bytes),
            None => stage.image(scope, value, wanted)?,
        };
        if form != SVG && !PICTURES.iter().any(|(picture, _)| *picture == form) {
            return refuse(format!("display.image can't show {form:?}: it shows {}", picture_names()));
        }
        stage.add_bytes(&mut bundle, &form, bytes)?;
        options.add_to(&mut bundle);
        stage.show(scope, bundle)
    });
}

/// What `console.table` does.
fn table<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    args: v8::FunctionCallbackArguments<'s>,
    _: v8::ReturnValue<'s, v8::Value>,
) {
    or_throw(scope, |scope, stage| {
        let args: Vec<_> = (0..args.length().min(2)).map(|index| args.get(index)).collect();
        stage.visit.console(scope, Method::Table, &args);
        Ok(())
    });
}

fn chart<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    args: v8::FunctionCallbackArguments<'s>,
    _: v8::ReturnValue<'s, v8::Value>,
) {
    or_throw(scope, |scope, stage| {
        let name = args.get(0).try_cast::<v8::String>().ok();
        let name = name.map(|name| primitive::string(scope, name, NAME_UNITS)).unwrap_or_default();
        let Some((_, kind)) = KINDS.into_iter().find(|(known, _)| *known == name) else {
            return refuse(
                "the first argument of display.chart is the kind: \"line\", \"bar\" or \"scatter\"",
            );
        };
        let data = data::read(scope, args.get(1))?;
        let options = data::Options::read(scope, args.get(2))?;
        let chart: Chart = data::chart(kind, data, options);
        let bundle = [(SVG, chart.svg()), ("text/plain", chart.description())];
        stage.show(scope, bundle.into_iter().map(|(form, text)| (form.to_owned(), text)).collect())
    });
}

/// What can be said beside a value: `"image/png"`, or `{type, alt}`.
#[derive(Default)]
struct Options {
    form: Option<String>,
    alt: Option<String>,
}

impl Options {
    fn read<'s>(scope: &mut v8::PinScope<'s, '_>, value: v8::Local<'s, v8::Value>) -> Done<Self> {
        if value.is_null_or_undefined() {
            return Ok(Self::default());
        }
        if let Ok(form) = value.try_cast::<v8::String>() {
            return Ok(Self { form: Some(primitive::string(scope, form, NAME_UNITS)), alt: None });
        }
        let Ok(object) = value.try_cast::<v8::Object>() else {
            return refuse("the options of display are a MIME type, or an object such as {type, alt}");
        };
        let form = option(scope, object, "type", NAME_UNITS)?;
        Ok(Self { form, alt: option(scope, object, "alt", ALT_UNITS)? })
    }

    fn add_to(self, bundle: &mut Bundle) {
        if let Some(alt) = self.alt {
            bundle.insert("text/plain".to_owned(), alt);
        }
    }
}

/// A text among some options, cut to `units`.
fn option<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    options: v8::Local<'s, v8::Object>,
    name: &str,
    units: usize,
) -> Done<Option<String>> {
    let key = v8::String::new(scope, name).ok_or(Refused::Thrown)?;
    let value = options.get(scope, key.into()).ok_or(Refused::Thrown)?;
    if value.is_null_or_undefined() {
        return Ok(None);
    }
    match value.try_cast::<v8::String>() {
        Ok(text) => Ok(Some(primitive::string(scope, text, units))),
        Err(_) => refuse(format!("the option {name} has to be a string, not {}", kind_of(scope, value))),
    }
}

/// What a value is, for a message.
fn kind_of<'s>(scope: &mut v8::PinScope<'s, '_>, value: v8::Local<'s, v8::Value>) -> String {
    if value.is_null() {
        return "null".to_owned();
    }
    let kind = value.type_of(scope);
    primitive::string(scope, kind, NAME_UNITS)
}

/// The keys of a bundle, which is an object whose first key has a slash in it; `None` for any other value.
fn forms<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    value: v8::Local<'s, v8::Value>,
) -> Done<Option<Vec<v8::Local<'s, v8::String>>>> {
    let Ok(object) = value.try_cast::<v8::Object>() else { return Ok(None) };
    // What has many members is no bundle, and is not asked for their names.
    if object.is_proxy() || object.is_array() || object.is_typed_array() || object.is_function() {
        return Ok(None);
    }
    let args = v8::GetPropertyNamesArgsBuilder::new()
        .mode(v8::KeyCollectionMode::OwnOnly)
        .property_filter(v8::PropertyFilter::ONLY_ENUMERABLE | v8::PropertyFilter::SKIP_SYMBOLS)
        .index_filter(v8::IndexFilter::SkipIndices)
        .key_conversion(v8::KeyConversionMode::ConvertToString)
        .build();
    let keys = object.get_own_property_names(scope, args).ok_or(Refused::Thrown)?;
    let key = |index| keys.get_index(scope, index)?.try_cast::<v8::String>().ok();
    let Some(first) = key(0) else { return Ok(None) };
    if !primitive::string(scope, first, NAME_UNITS).contains('/') {
        return Ok(None);
    }
    if keys.length() > FORMS {
        return refuse(format!("display can show one thing in {FORMS} forms at most"));
    }
    Ok(Some((0..keys.length()).filter_map(key).collect()))
}

fn picture_names() -> String {
    PICTURES.iter().map(|(name, _)| *name).chain([SVG]).collect::<Vec<_>>().join(", ")
}

impl Stage {
    /// Adds `value` in this form.
    fn add<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        bundle: &mut Bundle,
        form: &str,
        value: v8::Local<'s, v8::Value>,
    ) -> Done<()> {
        if PICTURES.iter().any(|(picture, _)| *picture == form) {
            let (form, bytes) = match self.blob(scope, value)? {
                Some((_, bytes)) => (form.to_owned(), bytes),
                None => self.image(scope, value, Some(form))?,
            };
            return self.add_bytes(bundle, &form, bytes);
        }
        let text = if form == JSON {
            if value.is_undefined() || value.is_function() || value.is_symbol() {
                return refuse(format!("display can't say {} in JSON", kind_of(scope, value)));
            }
            v8::json::stringify(scope, value).ok_or(Refused::Thrown)?
        } else if TEXTS.contains(&form) {
            match value.try_cast::<v8::String>() {
                Ok(text) => text,
                Err(_) => {
                    return refuse(format!(
                        "display: {form} has to be a string, not {}",
                        kind_of(scope, value)
                    ));
                }
            }
        } else {
            return refuse(format!(
                "display can't show {form:?}: it shows {}, {JSON}, {}",
                TEXTS.join(", "),
                { PICTURES.map(|(name, _)| name).join(", ") }
            ));
        };
        // Never shorter in JSON than it is here.
        self.check(text.length())?;
        bundle.insert(form.to_owned(), primitive::string(scope, text, usize::MAX));
        Ok(())
    }

    /// Adds what a blob or a picture holds, in this form.
    fn add_bytes(&self, bundle: &mut Bundle, form: &str, bytes: Vec<u8>) -> Done<()> {
        let text = if let Some((_, beginning)) = PICTURES.iter().find(|(picture, _)| *picture == form) {
            if !bytes.starts_with(beginning) {
                return refuse(format!("display: these bytes are no {form}"));
            }
            self.check(bytes.len() / 3 * 4)?;
            STANDARD.encode(bytes)
        } else if TEXTS.contains(&form) || form == JSON {
            String::from_utf8(bytes).or_else(|_| refuse(format!("display: these bytes are no {form}")))?
        } else {
            return refuse(format!("display can't show {form:?} as it is"));
        };
        bundle.insert(form.to_owned(), text);
        Ok(())
    }

    /// The bytes of a picture that is no blob, and what it is: `wanted`, or what its data URL or its bytes say.
    fn image<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        value: v8::Local<'s, v8::Value>,
        wanted: Option<&str>,
    ) -> Done<(String, Vec<u8>)> {
        if let Ok(text) = value.try_cast::<v8::String>() {
            self.check(text.length())?;
            let text = primitive::string(scope, text, usize::MAX);
            if text.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:")) {
                let wrong = || Refused::Type("display: this data URL can't be read".to_owned());
                let url = DataUrl::process(&text).map_err(|_| wrong())?;
                let (bytes, _) = url.decode_to_vec().map_err(|_| wrong())?;
                let form = format!("{}/{}", url.mime_type().type_, url.mime_type().subtype);
                return Ok((wanted.map_or(form, str::to_owned), bytes));
            }
            // Else a picture's bytes, in base64.
            return match (wanted, LENIENT.decode(text.trim_ascii())) {
                (Some(form), Ok(bytes)) => Ok((form.to_owned(), bytes)),
                (Some(form), Err(_)) => {
                    refuse(format!("display: {form} as a string has to be a data URL or base64"))
                }
                (None, _) => refuse("display.image needs bytes, a data URL or a Blob"),
            };
        }
        let Some(bytes) = self.bytes(value)? else {
            return refuse(format!(
                "display: a picture has to be bytes, a data URL or a Blob, not {}",
                kind_of(scope, value)
            ));
        };
        let sniffed =
            PICTURES.iter().find(|(_, beginning)| bytes.starts_with(beginning)).map(|(form, _)| *form);
        match wanted.or(sniffed) {
            Some(form) => Ok((form.to_owned(), bytes)),
            None => {
                refuse(format!("display.image can't tell what these bytes are: it shows {}", picture_names()))
            }
        }
    }

    /// The bytes of a buffer or a view of one.
    fn bytes(&self, value: v8::Local<v8::Value>) -> Done<Option<Vec<u8>>> {
        if let Ok(view) = value.try_cast::<v8::ArrayBufferView>() {
            self.check(view.byte_length())?;
            let mut bytes = vec![0; view.byte_length()];
            let copied = view.copy_contents(&mut bytes);
            bytes.truncate(copied);
            return Ok(Some(bytes));
        }
        let (store, length) = if let Ok(buffer) = value.try_cast::<v8::ArrayBuffer>() {
            (buffer.get_backing_store(), buffer.byte_length())
        } else if let Ok(buffer) = value.try_cast::<v8::SharedArrayBuffer>() {
            (buffer.get_backing_store(), buffer.byte_length())
        } else {
            return Ok(None);
        };
        self.check(length)?;
        Ok(Some(store.iter().take(length).map(std::cell::Cell::get).collect()))
    }

    /// The type and the bytes of a blob; `None` for any other value.
    fn blob<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        value: v8::Local<'s, v8::Value>,
    ) -> Done<Option<(String, Vec<u8>)>> {
        let Ok(object) = value.try_cast::<v8::Object>() else { return Ok(None) };
        if object.is_proxy() || object.is_array() || object.is_function() {
            return Ok(None);
        }
        let Some(take) = scope.get_slot::<Rc<TakeBlob>>().cloned() else { return Ok(None) };
        let take = v8::Local::new(scope, &take.0);
        let receiver = v8::undefined(scope).into();
        let taken = take.call(scope, receiver, &[value]).ok_or(Refused::Thrown)?;
        let Ok(taken) = taken.try_cast::<v8::Array>() else { return Ok(None) };
        // The array, and the one in it, are the bootstrap's own.
        let form = taken.get_index(scope, 0).and_then(|form| form.try_cast::<v8::String>().ok());
        let form = form.map(|form| primitive::string(scope, form, NAME_UNITS)).unwrap_or_default();
        let parts = taken.get_index(scope, 1).and_then(|parts| parts.try_cast::<v8::Array>().ok());
        let parts = parts.ok_or(Refused::Thrown)?;
        let state = JsRuntime::op_state_from(scope);
        let Ok(state) = state.try_borrow() else { return refuse("display can't read this blob now") };
        let store = state.try_borrow::<Arc<dyn BlobStoreTrait>>();
        let mut bytes = Vec::new();
        for index in 0..parts.length() {
            let id = parts.get_index(scope, index).and_then(|id| id.try_cast::<v8::String>().ok());
            let id = id.and_then(|id| primitive::string(scope, id, NAME_UNITS).parse().ok());
            let part = id.zip(store).and_then(|(id, store)| store.get_part(&id));
            let Some(part) = part else { return refuse("display can't find all of this blob") };
            self.check(bytes.len() + part.size())?;
            // All blobs here are in memory, so there is nothing to wait for.
            bytes.extend_from_slice(part.read().now_or_never().unwrap_or_default());
        }
        // What a program adds to a type, such as a charset, is not part of what it is.
        let essence = form.split(';').next().unwrap_or_default().trim();
        Ok(Some((essence.to_owned(), bytes)))
    }

    /// Refuses what has more bytes than an event may.
    fn check(&self, bytes: usize) -> Done<()> {
        if bytes <= self.bytes {
            return Ok(());
        }
        Err(Refused::Range(format!(
            "display: this takes {bytes} bytes; {} can be shown at once (client.display_bytes)",
            self.bytes
        )))
    }

    /// Shows a bundle.
    fn show(&self, scope: &mut v8::PinScope<'_, '_>, bundle: Bundle) -> Done<()> {
        let mut event = self.visit.displayed(scope, None);
        event.text = text(&bundle);
        event.bundle = Some(bundle);
        self.check(json_len(&event))?;
        if let Ok(json) = serde_json::to_vec(&event) {
            self.visit.link.display(&json);
        }
        Ok(())
    }
}

/// A bundle in a line, for those who see text alone.
fn text(bundle: &Bundle) -> String {
    let mut text = match bundle.get("text/plain") {
        Some(text) => text.clone(),
        None => bundle.iter().map(|(form, data)| format!("({form}, {} bytes)", data.len())).collect(),
    };
    size::cut(&mut text, usize::MAX, super::console::TEXT_UNITS);
    text
}
