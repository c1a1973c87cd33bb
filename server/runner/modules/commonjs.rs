//! CommonJS: `require` and what it runs. A module is compiled as a function, so its positions are those of its text.

use deno_core::v8;

use super::super::program::commonjs::OWN;
use super::super::program::{Goal, Program};
use super::super::visit::Visit;
use super::code_cache;
use super::{Kind, Who, load, origin, readable, text, throw};

/// How far up the stack the place of a `require` is looked for.
const POSITION_FRAMES: usize = 16;

/// The folder of a path, for `__dirname`.
pub fn folder(path: &str) -> String {
    match path.rsplit_once('/') {
        Some(("", _)) | None => "/".to_owned(),
        Some((folder, _)) => folder.to_owned(),
    }
}

/// A module that was started: its `module`, what its `exports` was at first, and what it returned.
pub struct Started<'s> {
    /// `module`
    pub module: v8::Local<'s, v8::Object>,
    /// The first `module.exports`.
    pub exports: v8::Local<'s, v8::Object>,
    /// What its function returned: the value of its last expression, where that was captured.
    pub returned: v8::Local<'s, v8::Value>,
}

/// What `require` gives for a module, which is run if it was not yet; `None` when it threw.
pub fn require<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    visit: &Visit,
    who: Who,
) -> Option<v8::Local<'s, v8::Value>> {
    if let Some(module) = known(scope, visit, who) {
        let key = text(scope, "exports");
        return module.get(scope, key.into());
    }
    if let Who::File(file) = who {
        if visit.modules.files.is_json(file) {
            return json(scope, visit, who, file);
        }
        if readable(scope, visit, file)?.goal == Goal::Module {
            return es_module(scope, visit, who);
        }
    }
    let started = run(scope, visit, who)?;
    let key = text(scope, "exports");
    started.module.get(scope, key.into())
}

fn known<'s>(scope: &v8::PinScope<'s, '_>, visit: &Visit, who: Who) -> Option<v8::Local<'s, v8::Object>> {
    visit.modules.state.borrow().commonjs.get(&who.key()).map(|module| v8::Local::new(scope, module))
}

/// A `module` with these exports, which is found from now on.
fn keep<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    visit: &Visit,
    who: Who,
    exports: v8::Local<'s, v8::Value>,
) -> v8::Local<'s, v8::Object> {
    let module = v8::Object::new(scope);
    let path = match who {
        Who::File(file) | Who::Own(file) => format!("/{}", visit.modules.files.name(file)),
        Who::Catalogue(catalogue) => catalogue.name.clone(),
    };
    let path = text(scope, &path).into();
    for (key, value) in [("exports", exports), ("id", path), ("filename", path)] {
        let key = text(scope, key);
        module.create_data_property(scope, key.into(), value);
    }
    let kept = v8::Global::new(scope, module);
    visit.modules.state.borrow_mut().commonjs.insert(who.key(), kept);
    module
}

fn json<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    visit: &Visit,
    who: Who,
    file: usize,
) -> Option<v8::Local<'s, v8::Value>> {
    let json = v8::String::new(scope, &visit.modules.files.json(file))?;
    let (value, why) = {
        v8::tc_scope!(let scope, scope);
        let value = v8::json::parse(scope, json);
        if scope.has_terminated() {
            scope.terminate_execution();
            return None;
        }
        let why = scope.message().map(|message| message.get(scope).to_rust_string_lossy(scope));
        (value.map(|value| v8::Global::new(scope, value)), why)
    };
    let Some(value) = value else {
        let why = why.unwrap_or_default();
        let why = why.strip_prefix("Uncaught SyntaxError: ").unwrap_or(&why);
        let message = format!("'{}' is not JSON: {why}", visit.modules.files.name(file));
        throw(scope, visit, Kind::Syntax, &message, None);
        return None;
    };
    let value = v8::Local::new(scope, value);
    keep(scope, visit, who, value);
    Some(value)
}

/// `require` of an ES module gives its namespace, as it does in Node, unless it waits for something.
fn es_module<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    visit: &Visit,
    who: Who,
) -> Option<v8::Local<'s, v8::Value>> {
    let module = load(scope, visit, who)?;
    if !super::is_under_way(scope, visit, module) {
        if module.get_status() == v8::ModuleStatus::Uninstantiated {
            module.instantiate_module(scope, super::find)?;
        }
        if module.is_graph_async() && module.get_status() != v8::ModuleStatus::Errored {
            let name = visit.modules.script_name(who);
            let message =
                format!("'{name}' has a top-level await and can't be required: use `await import()` instead");
            throw(scope, visit, Kind::Error, &message, None);
            return None;
        }
    }
    let evaluated = super::evaluate(scope, visit, module)?;
    if evaluated.state() == v8::PromiseState::Rejected {
        // It goes on as an exception: nobody else needs to hear of it.
        evaluated.mark_as_handled();
        let reason = evaluated.result(scope);
        scope.throw_exception(reason);
        return None;
    }
    Some(module.get_module_namespace())
}

/// Runs a CommonJS module; `None` when it threw.
pub fn run<'s>(scope: &mut v8::PinScope<'s, '_>, visit: &Visit, who: Who) -> Option<Started<'s>> {
    let exports = v8::Object::new(scope);
    let module = keep(scope, visit, who, exports.into());
    let returned = run_with(scope, visit, who, module, exports);
    let Some(returned) = returned else {
        // Whoever tries again gets another try.
        visit.modules.state.borrow_mut().commonjs.remove(&who.key());
        return None;
    };
    Some(Started { module, exports, returned })
}

/// Starts the program's entry file as CommonJS.
pub fn start<'s>(scope: &mut v8::PinScope<'s, '_>, visit: &Visit) -> Option<Started<'s>> {
    run(scope, visit, Who::File(visit.modules.files.entry()))
}

fn run_with<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    visit: &Visit,
    who: Who,
    module: v8::Local<'s, v8::Object>,
    exports: v8::Local<'s, v8::Object>,
) -> Option<v8::Local<'s, v8::Value>> {
    let program: Option<&Program> = match who {
        Who::File(file) => Some(readable(scope, visit, file)?),
        Who::Catalogue(_) | Who::Own(_) => None,
    };
    let source = match (program, who) {
        (Some(program), _) => v8::String::new(scope, program.text.changed()),
        (None, Who::Catalogue(module)) => {
            v8::String::new_external_onebyte_static(scope, module.source.as_bytes())
        }
        (None, _) => None,
    };
    let Some(source) = source else {
        throw(scope, visit, Kind::Error, "the program is too long for V8", None);
        return None;
    };
    let globals = program.map_or_else(Vec::new, |program| program.mentions.globals());
    let (mut names, mut values) = (Vec::new(), Vec::new());
    for (name, value) in own_values(scope, visit, who, module, exports)? {
        names.push(text(scope, name));
        values.push(value);
    }
    for name in globals {
        if let Some(value) = global(scope, visit, who, name)? {
            names.push(text(scope, name));
            values.push(value);
        }
    }
    let origin = origin(scope, &visit.modules.script_name(who), false);
    let kept = match who {
        Who::Catalogue(module) => module.compiled.and_then(|kept| code_cache::fitted(scope, kept)),
        _ => None,
    };
    let (plain, reason) = super::super::isolate::compile_options();
    let (mut source, options) = match &kept {
        // V8 looks whether it can take it, and compiles if it can't.
        Some(kept) => {
            let kept = v8::CachedData::new(kept);
            let source = v8::script_compiler::Source::new_with_cached_data(source, Some(&origin), kept);
            (source, v8::script_compiler::CompileOptions::ConsumeCodeCache)
        }
        None => (v8::script_compiler::Source::new(source, Some(&origin)), plain),
    };
    let function = v8::script_compiler::compile_function(scope, &mut source, &names, &[], options, reason)?;
    let returned = function.call(scope, exports.into(), &values)?;
    let key = text(scope, "loaded");
    let loaded = v8::Boolean::new(scope, true);
    module.create_data_property(scope, key.into(), loaded.into());
    Some(returned)
}

/// What a CommonJS module is called with, by name.
fn own_values<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    visit: &Visit,
    who: Who,
    module: v8::Local<'s, v8::Object>,
    exports: v8::Local<'s, v8::Object>,
) -> Option<[(&'static str, v8::Local<'s, v8::Value>); OWN.len()]> {
    let path = match who {
        Who::File(file) | Who::Own(file) => format!("/{}", visit.modules.files.name(file)),
        Who::Catalogue(catalogue) => format!("/{}", catalogue.name),
    };
    let require = requirer(scope, visit, who)?;
    let (path, folder) = (text(scope, &path), text(scope, &folder(&path)));
    Some([
        ("exports", exports.into()),
        ("require", require.into()),
        ("module", module.into()),
        ("__filename", path.into()),
        ("__dirname", folder.into()),
    ])
}

/// The same for a file that is an ES module, and globals of Node's that it mentions, as an object. What there is not
/// for it is `undefined`.
pub fn own<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    visit: &Visit,
    who: Who,
) -> Option<v8::Local<'s, v8::Object>> {
    let (Who::File(file) | Who::Own(file)) = who else { return None };
    let mentions = &readable(scope, visit, file)?.mentions;
    let all = v8::Object::new(scope);
    if !mentions.own_names().is_empty() {
        let exports = v8::Object::new(scope);
        let module = keep(scope, visit, Who::Own(file), exports.into());
        for (name, value) in own_values(scope, visit, who, module, exports)? {
            let name = text(scope, name);
            all.create_data_property(scope, name.into(), value)?;
        }
    }
    for name in mentions.globals() {
        if let Some(value) = global(scope, visit, who, name)? {
            let name = text(scope, name);
            all.create_data_property(scope, name.into(), value)?;
        }
    }
    Some(all)
}

/// The `module` of an ES module that has one.
pub fn own_module<'s>(
    scope: &v8::PinScope<'s, '_>,
    visit: &Visit,
    file: usize,
) -> Option<v8::Local<'s, v8::Object>> {
    known(scope, visit, Who::Own(file))
}

/// A global of Node's, where the catalogue has what it takes.
fn global<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    visit: &Visit,
    who: Who,
    name: &str,
) -> Option<Option<v8::Local<'s, v8::Value>>> {
    if name == "global" {
        return Some(Some(scope.get_current_context().global(scope).into()));
    }
    let (module, is_export) = match name {
        "Buffer" => ("buffer", true),
        "setImmediate" | "clearImmediate" => ("timers", true),
        _ => (name, false),
    };
    let Ok(target @ Who::Catalogue(_)) = visit.modules.resolve(who, module, None) else { return Some(None) };
    let exports = require(scope, visit, target)?;
    if !is_export {
        return Some(Some(exports));
    }
    let key = text(scope, name);
    Some(Some(exports.try_cast::<v8::Object>().ok()?.get(scope, key.into())?))
}

/// The function `require` of a module.
fn requirer<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    visit: &Visit,
    who: Who,
) -> Option<v8::Local<'s, v8::Function>> {
    let number = {
        let mut state = visit.modules.state.borrow_mut();
        state.requirers.push(who);
        state.requirers.len() - 1
    };
    let number = v8::Integer::new_from_unsigned(scope, u32::try_from(number).ok()?);
    let function = |name: &str, callback: v8::FunctionCallback| {
        let function = v8::Function::builder_raw(callback)
            .length(1)
            .data(number.into())
            .constructor_behavior(v8::ConstructorBehavior::Throw)
            .build(scope)?;
        let name = text(scope, name);
        function.set_name(name);
        Some(function)
    };
    use v8::MapFnTo as _;
    let require = function("require", on_require.map_fn_to())?;
    let resolve = function("resolve", on_resolve.map_fn_to())?;
    let key = text(scope, "resolve");
    require.create_data_property(scope, key.into(), resolve.into())?;
    if let Some(main) = known(scope, visit, Who::File(visit.modules.files.entry())) {
        let key = text(scope, "main");
        require.create_data_property(scope, key.into(), main.into())?;
    }
    Some(require)
}

/// Who is meant by the argument of a `require`; `None` when an error was thrown.
fn required(
    scope: &mut v8::PinScope<'_, '_>,
    visit: &Visit,
    args: &v8::FunctionCallbackArguments<'_>,
) -> Option<Who> {
    let number = args.data().try_cast::<v8::Uint32>().ok()?.value();
    let from = *visit.modules.state.borrow().requirers.get(number as usize)?;
    let Ok(specifier) = args.get(0).try_cast::<v8::String>() else {
        let message = "require needs the name of a module, which is a string";
        throw(scope, visit, Kind::Type, message, None);
        return None;
    };
    let specifier = specifier.to_rust_string_lossy(scope);
    let place = visit.frames.position(scope, POSITION_FRAMES).frame(String::new());
    match visit.modules.resolve(from, &specifier, Some(&place)) {
        Ok(target) => Some(target),
        Err(message) => {
            let message = text(scope, &message);
            let error = v8::Exception::error(scope, message);
            // What programs look at that can do without a module.
            if let Ok(error) = error.try_cast::<v8::Object>() {
                let (key, code) = (text(scope, "code"), text(scope, "MODULE_NOT_FOUND"));
                error.create_data_property(scope, key.into(), code.into());
            }
            scope.throw_exception(error);
            None
        }
    }
}

fn on_require<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    args: v8::FunctionCallbackArguments<'s>,
    mut result: v8::ReturnValue<'s, v8::Value>,
) {
    let Some(visit) = Visit::of(scope) else { return };
    let exports = required(scope, &visit, &args).and_then(|who| require(scope, &visit, who));
    if let Some(exports) = exports {
        result.set(exports);
    }
}

fn on_resolve<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    args: v8::FunctionCallbackArguments<'s>,
    mut result: v8::ReturnValue<'s, v8::Value>,
) {
    let Some(visit) = Visit::of(scope) else { return };
    let Some(who) = required(scope, &visit, &args) else { return };
    let path = match who {
        Who::File(file) | Who::Own(file) => format!("/{}", visit.modules.files.name(file)),
        Who::Catalogue(module) => module.name.clone(),
    };
    let path = text(scope, &path);
    result.set(path.into());
}
