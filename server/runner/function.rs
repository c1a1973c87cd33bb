//! Mode `function`: finds what the program exports and calls it.

use deno_core::v8;
use serde_json::value::RawValue;

use super::inspect::{Budget, Keys, keys, primitive};
use super::isolate::{attempt, internal};
use super::visit::Visit;
use crate::protocol::browser::RunError;

/// How many exports a message lists.
const LISTED: usize = 20;
/// The longest name in one, in UTF-16 units.
const NAME_UNITS: usize = 50;

/// What a program exports.
#[derive(Clone, Copy)]
pub enum Exports<'s> {
    /// A module's namespace.
    Module(v8::Local<'s, v8::Value>),
    /// `module.exports`.
    CommonJs(v8::Local<'s, v8::Value>),
}

/// Calls the exported function: the one named `export`, else the default one. Gives the promise of what it returns.
pub fn call<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    visit: &Visit,
    exports: Exports<'s>,
    export: Option<&str>,
    input: Option<&RawValue>,
) -> Result<v8::Global<v8::Promise>, RunError> {
    let Some(function) = find(scope, visit, exports, export)? else {
        return Err(nothing_to_call(scope, visit, exports, export));
    };
    let argument = match input {
        Some(input) => attempt(scope, visit, |scope| {
            // Made here, of text: nothing that the program holds leads to it.
            let json = v8::String::new(scope, input.get())?;
            v8::json::parse(scope, json).map(|value| v8::Global::new(scope, value))
        })?,
        None => {
            let undefined: v8::Local<v8::Value> = v8::undefined(scope).into();
            v8::Global::new(scope, undefined)
        }
    };
    attempt(scope, visit, |scope| {
        let function = v8::Local::new(scope, &function);
        let receiver = v8::undefined(scope).into();
        let argument = v8::Local::new(scope, &argument);
        let returned = function.call(scope, receiver, &[argument])?;
        let resolver = v8::PromiseResolver::new(scope)?;
        resolver.resolve(scope, returned)?;
        let promise = resolver.get_promise(scope);
        Some(v8::Global::new(scope, promise))
    })
    .map_err(|error| if error.name.is_empty() { internal("the function failed") } else { error })
}

fn find<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    visit: &Visit,
    exports: Exports<'s>,
    export: Option<&str>,
) -> Result<Option<v8::Global<v8::Function>>, RunError> {
    let member = |scope: &mut v8::PinScope<'s, '_>, of: v8::Local<'s, v8::Value>, name: &str| {
        let Ok(of) = of.try_cast::<v8::Object>() else { return Ok(None) };
        attempt(scope, visit, |scope| {
            let key = v8::String::new(scope, name)?;
            let function = of.get(scope, key.into())?.try_cast::<v8::Function>().ok();
            Some(function.map(|function| v8::Global::new(scope, function)))
        })
    };
    match (exports, export) {
        (Exports::Module(exports) | Exports::CommonJs(exports), Some(name)) => member(scope, exports, name),
        (Exports::Module(exports), None) => member(scope, exports, "default"),
        (Exports::CommonJs(exports), None) => match exports.try_cast::<v8::Function>() {
            Ok(function) => Ok(Some(v8::Global::new(scope, function))),
            // What was an ES module before somebody compiled it.
            Err(_) => member(scope, exports, "default"),
        },
    }
}

/// What to write, for who exported no function.
fn nothing_to_call<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    _: &Visit,
    exports: Exports<'s>,
    export: Option<&str>,
) -> RunError {
    let (Exports::Module(value) | Exports::CommonJs(value)) = exports;
    let mut names = Vec::new();
    let mut more = "";
    if let Ok(object) = value.try_cast::<v8::Object>()
        && !object.is_proxy()
        && let Some(keys) = keys(scope, object, Keys::All, &mut Budget::new(0))
    {
        if keys.length() as usize > LISTED {
            more = ", …";
        }
        for index in 0..keys.length().min(LISTED as u32) {
            let key = keys.get_index(scope, index).and_then(|key| key.try_cast::<v8::String>().ok());
            names.extend(key.map(|key| format!("`{}`", primitive::string(scope, key, NAME_UNITS))));
        }
    }
    let exported = match (exports, names.is_empty()) {
        (_, false) => format!("exports {}{more}", names.join(", ")),
        (Exports::CommonJs(value), true) if !value.is_object() => "exports something else".to_owned(),
        (_, true) => "exports nothing".to_owned(),
    };
    let message = match export {
        Some(name) => {
            let shown: String = name.chars().take(NAME_UNITS).collect();
            format!(
                "The program exports no function `{}`: it {exported}. Write `export function …`, or send another \
                 `export`.",
                shown.escape_debug()
            )
        }
        None => format!(
            "The program exports no function to call: it {exported}. Write `export default (input) => …` or \
             `module.exports = (input) => …`, or name an exported function as `export` in the request."
        ),
    };
    RunError::new("TypeError", message)
}
