//! The part of a call stack that waits: `async` functions that await the one which threw.
//!
//! V8 finds them when an error is made, and tells them with the error's call sites, which it hands to a callback once:
//! when the error's text is first made, as its `stack` is first read. So this is that callback. It keeps the sites with
//! the error, under a private symbol, and leaves the text to deno_core. Where an error is shown whose program has not read
//! its `stack`, the text is made here, in V8's form and without a line of the program's code; if the program makes such
//! texts itself (`Error.prepareStackTrace`), it is left to it, and only what runs is shown.

use std::cell::Cell;
use std::rc::Rc;

use deno_core::error::prepare_stack_trace_callback;
use deno_core::v8;

use super::own::{self, Reader, Slot};
use super::primitive;
use super::stack::{FUNCTION_UNITS, MAX_FRAMES, SCRIPT_UNITS};

/// The longest line that a site is in a text, in UTF-16 units.
const LINE_UNITS: usize = 1_000;
/// The longest message in a text that is made here, in UTF-16 units.
const MESSAGE_UNITS: usize = 10_000;

/// How the names of the platform's own scripts begin.
const OWN_SCRIPTS: &str = "ext:";

/// A function that waits.
pub(super) struct Site {
    /// Its name; empty at top level and for anonymous functions.
    pub(super) function: String,
    /// The script that it is in.
    pub(super) script: String,
    /// The line, from 1.
    pub(super) line: u32,
    /// The column, from 1.
    pub(super) column: u32,
}

/// What is going on with errors' texts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Doing {
    Nothing,
    /// deno_core makes one, and with it maybe the program.
    Text,
    /// One is made to have its sites.
    Look,
}

/// V8's own functions, as they are before a program can replace them.
struct Natives {
    /// Reads `stack`.
    stack: v8::Global<v8::Function>,
    /// `Error`.
    error: v8::Global<v8::Object>,
    is_async: v8::Global<v8::Function>,
    function: v8::Global<v8::Function>,
    script: v8::Global<v8::Function>,
    line: v8::Global<v8::Function>,
    column: v8::Global<v8::Function>,
    text: v8::Global<v8::Function>,
    doing: Cell<Doing>,
}

/// Prepares the isolate. `None` when V8 is another than it was.
pub fn install(scope: &mut v8::PinScope<'_, '_>) -> Option<()> {
    scope.set_prepare_stack_trace_callback(on_text);
    let code = r#"(() => {
        const error = new Error();
        const { get } = Object.getOwnPropertyDescriptor(error, "stack");
        get.call(error);
        return [error, get, Error];
    })()"#;
    let code = v8::String::new(scope, code)?;
    let made = v8::Script::compile(scope, code, None)?.run(scope)?.try_cast::<v8::Array>().ok()?;
    let error = made.get_index(scope, 0)?.try_cast::<v8::Object>().ok()?;
    let stack = made.get_index(scope, 1)?.try_cast::<v8::Function>().ok()?;
    let class = made.get_index(scope, 2)?.try_cast::<v8::Object>().ok()?;
    let prototype = sites(scope, error)?.get_index(scope, 0)?.try_cast::<v8::Object>().ok()?;
    let prototype = prototype.get_prototype(scope)?.try_cast::<v8::Object>().ok()?;
    let method = |name: &str| {
        let key = own::name(scope, name);
        let method = prototype.get(scope, key.into())?.try_cast::<v8::Function>().ok()?;
        Some(v8::Global::new(scope, method))
    };
    let natives = Natives {
        is_async: method("isAsync")?,
        function: method("getFunctionName")?,
        script: method("getFileName")?,
        line: method("getLineNumber")?,
        column: method("getColumnNumber")?,
        text: method("toString")?,
        stack: v8::Global::new(scope, stack),
        error: v8::Global::new(scope, class),
        doing: Cell::new(Doing::Nothing),
    };
    scope.set_slot(Rc::new(natives));
    Some(())
}

fn key<'s>(scope: &v8::PinScope<'s, '_>) -> Option<v8::Local<'s, v8::Private>> {
    let name = v8::String::new(scope, "mayfly: call sites")?;
    Some(v8::Private::for_api(scope, Some(name)))
}

/// The call sites that were kept with an error.
fn sites<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    error: v8::Local<'s, v8::Object>,
) -> Option<v8::Local<'s, v8::Array>> {
    let key = key(scope)?;
    error.get_private(scope, key)?.try_cast().ok()
}

/// V8 wants the text of an error.
fn on_text<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    error: v8::Local<'s, v8::Value>,
    sites: v8::Local<'s, v8::Array>,
) -> v8::Local<'s, v8::Value> {
    if let (Ok(error), Some(key)) = (error.try_cast::<v8::Object>(), key(scope)) {
        // The program gets copies of the sites, in a list of its own.
        error.set_private(scope, key, sites.into());
    }
    let natives = scope.get_slot::<Rc<Natives>>().cloned();
    if let Some(natives) = &natives
        && natives.doing.get() == Doing::Look
    {
        let sites = natives.visible(scope, sites);
        return natives.text(scope, error, sites);
    }
    let before = natives.as_ref().map(|natives| natives.doing.replace(Doing::Text));
    let sites = natives.as_ref().map_or(sites, |natives| natives.visible(scope, sites));
    let text = prepare_stack_trace_callback(scope, error, sites);
    if let (Some(natives), Some(before)) = (natives, before) {
        natives.doing.set(before);
    }
    text
}

/// The functions that wait for the one that made `error`, innermost first. Runs none of the program's code.
pub(super) fn of_error<'s>(scope: &mut v8::PinScope<'s, '_>, error: v8::Local<'s, v8::Value>) -> Vec<Site> {
    let Some(natives) = scope.get_slot::<Rc<Natives>>().cloned() else { return Vec::new() };
    let Ok(error) = error.try_cast::<v8::Object>() else { return Vec::new() };
    if !error.is_native_error() {
        return Vec::new();
    }
    let kept = sites(scope, error).or_else(|| {
        natives.make_text(scope, error)?;
        sites(scope, error)
    });
    kept.map(|sites| natives.waiting(scope, sites)).unwrap_or_default()
}

impl Natives {
    /// Has V8 make the text of an error, unless the program does such things itself.
    fn make_text<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        error: v8::Local<'s, v8::Object>,
    ) -> Option<()> {
        // V8 makes one text at a time by its callback; another meanwhile it would make itself, by calling what it
        // finds for `toString`.
        if self.doing.get() != Doing::Nothing {
            return None;
        }
        let class = v8::Local::new(scope, &self.error);
        let name = own::name(scope, "prepareStackTrace");
        let reader = Reader::new(scope);
        if class.has_own_property(scope, name)? {
            match reader.own(scope, class, name)?.slot {
                Slot::Data(value) if !value.is_function() => {}
                _ => return None,
            }
        }
        let stack = v8::Local::new(scope, &self.stack);
        self.doing.set(Doing::Look);
        let text = stack.call(scope, error.into(), &[]);
        self.doing.set(Doing::Nothing);
        text.map(drop)
    }

    /// Those of `sites` that a program may see: none in the platform's own scripts.
    fn visible<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        sites: v8::Local<'s, v8::Array>,
    ) -> v8::Local<'s, v8::Array> {
        let script = v8::Local::new(scope, &self.script);
        let all: Vec<_> = (0..sites.length()).map_while(|index| sites.get_index(scope, index)).collect();
        let mut visible = Vec::with_capacity(all.len());
        for site in &all {
            let name = script.call(scope, *site, &[]).and_then(|name| name.try_cast::<v8::String>().ok());
            let name = name.map(|name| primitive::string(scope, name, OWN_SCRIPTS.len()));
            if name.as_deref() != Some(OWN_SCRIPTS) {
                visible.push(*site);
            }
        }
        if visible.len() == all.len() { sites } else { v8::Array::new_with_elements(scope, &visible) }
    }

    /// Those of `sites` that wait.
    fn waiting<'s>(&self, scope: &mut v8::PinScope<'s, '_>, sites: v8::Local<'s, v8::Array>) -> Vec<Site> {
        let mut waiting = Vec::new();
        for index in 0..sites.length().min(MAX_FRAMES as u32) {
            let Some(site) = sites.get_index(scope, index) else { break };
            let ask = |what: &v8::Global<v8::Function>| {
                let what = v8::Local::new(scope, what);
                what.call(scope, site, &[])
            };
            if !ask(&self.is_async).is_some_and(|yes| yes.is_true()) {
                continue;
            }
            let (function, script) = (ask(&self.function), ask(&self.script));
            let (line, column) = (ask(&self.line), ask(&self.column));
            let number = |value: Option<v8::Local<'s, v8::Value>>| {
                value
                    .and_then(|value| value.try_cast::<v8::Number>().ok())
                    .map_or(0, |number| number.value() as u32)
            };
            let text = |value: Option<v8::Local<'s, v8::Value>>, units| {
                let text = value.and_then(|value| value.try_cast::<v8::String>().ok());
                text.map(|text| primitive::string(scope, text, units)).unwrap_or_default()
            };
            waiting.push(Site {
                function: text(function, FUNCTION_UNITS),
                script: text(script, SCRIPT_UNITS),
                line: number(line),
                column: number(column),
            });
        }
        waiting
    }

    /// The text of an error, of what can be read without running anything.
    fn text<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        error: v8::Local<'s, v8::Value>,
        sites: v8::Local<'s, v8::Array>,
    ) -> v8::Local<'s, v8::Value> {
        let mut text = match error.try_cast::<v8::Object>() {
            Ok(error) => {
                let reader = Reader::new(scope);
                let (name, message) = super::error::name_and_message(scope, &reader, error, MESSAGE_UNITS);
                if message.is_empty() || name.is_empty() {
                    name + &message
                } else {
                    format!("{name}: {message}")
                }
            }
            Err(_) => String::new(),
        };
        for index in 0..sites.length() {
            let Some(site) = sites.get_index(scope, index) else { break };
            let line = v8::Local::new(scope, &self.text).call(scope, site, &[]);
            let Some(line) = line.and_then(|line| line.try_cast::<v8::String>().ok()) else { break };
            text.push_str("\n    at ");
            text.push_str(&primitive::string(scope, line, LINE_UNITS));
        }
        v8::String::new(scope, &text).unwrap_or_else(|| v8::String::empty(scope)).into()
    }
}
