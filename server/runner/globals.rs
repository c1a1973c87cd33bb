//! The native part of a program's global object: `console`, `queueMicrotask` and where `crypto` gets its
//! bytes from. Functions of Rust have no frame of their own in a stack and can't be taken apart by a program
//! that replaces prototypes.

use deno_core::v8;

use super::console::Method;
use super::crypto;
use super::inspect::{Platform, Temporal, awaits};
use super::visit::Visit;
use super::{clone, display, prompts};

/// What `navigator.userAgent` says, and the header of that name where a program sets none.
pub const USER_AGENT: &str = concat!("Mayfly/", env!("CARGO_PKG_VERSION"));

/// Puts the natives in place and takes away what deno_core and the bootstrap left on the global object.
/// Gives the function that sets `performance.now()` to zero.
///
/// # Errors
/// When the startup snapshot is not ours.
pub fn install<'s>(scope: &mut v8::PinScope<'s, '_>) -> Result<v8::Global<v8::Function>, &'static str> {
    let global = scope.get_current_context().global(scope);
    let hooks = take(scope, global, "__mayfly").ok_or("the startup snapshot has no bootstrap in it")?;
    for leftover in ["Deno", "__bootstrap", "__infra"] {
        take(scope, global, leftover);
    }
    // deno_core answers these by calling a function that nobody gave it, and there is nothing to stream from.
    if let Some(wasm) = get(scope, global, "WebAssembly").and_then(|it| it.try_cast::<v8::Object>().ok()) {
        for streaming in ["compileStreaming", "instantiateStreaming"] {
            let key = key(scope, streaming);
            wasm.delete(scope, key.into());
        }
    }

    let on_uncaught = function(scope, "", 1, uncaught);
    call(scope, hooks, "onUncaught", &[on_uncaught.into()])?;
    let fill = function(scope, "", 1, random_fill);
    let uuid = function(scope, "", 0, random_uuid);
    call(scope, hooks, "useRandom", &[fill.into(), uuid.into()])?;
    let subtle = get(scope, hooks, "subtleError").and_then(|error| crypto::install(scope, error));
    let subtle = subtle.ok_or("the startup snapshot does not say what a failure of crypto.subtle is")?;
    call(scope, hooks, "useSubtle", &[subtle.into()])?;
    let cloner = cloner(scope, hooks).ok_or("the startup snapshot does not say what can be cloned")?;
    call(scope, hooks, "useCloner", &cloner.map(Into::into))?;
    let begin_line = prompts::install(scope, global);
    call(scope, hooks, "useLines", &[begin_line.into()])?;
    display::install(scope, global, hooks)?;
    let name = key(scope, USER_AGENT);
    call(scope, hooks, "useName", &[name.into()])?;

    awaits::install(scope).ok_or("V8 does not say who awaits whom")?;

    let console = console(scope);
    define(scope, global, "console", console.into(), v8::PropertyAttribute::DONT_ENUM);
    let queue_microtask = function(scope, "queueMicrotask", 1, queue_microtask);
    define(scope, global, "queueMicrotask", queue_microtask.into(), v8::PropertyAttribute::NONE);

    // Last, when the global object is as programs find it.
    let platform = get(scope, hooks, "platform").and_then(|platform| platform.try_cast().ok());
    let platform = platform.and_then(|platform| Platform::capture(scope, platform));
    platform.ok_or("the startup snapshot does not describe the platform")?.install(scope);

    if let Some(temporal) = Temporal::capture(scope) {
        temporal.install(scope);
    }

    let clock = get(scope, hooks, "startClock").and_then(|clock| clock.try_cast::<v8::Function>().ok());
    let clock = clock.ok_or("the startup snapshot has no clock in it")?;
    Ok(v8::Global::new(scope, clock))
}

fn cloner<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    hooks: v8::Local<'s, v8::Object>,
) -> Option<[v8::Local<'s, v8::Function>; 3]> {
    let cloneable = get(scope, hooks, "cloneable")?.try_cast::<v8::Object>().ok()?;
    let brand = get(scope, cloneable, "brand")?;
    let error = get(scope, cloneable, "error")?;
    let types = get(scope, cloneable, "types")?.try_cast().ok()?;
    clone::install(scope, brand, error, types)
}

fn key<'s>(scope: &mut v8::PinScope<'s, '_>, name: &str) -> v8::Local<'s, v8::String> {
    // Only a string of half a gigabyte can't be made.
    v8::String::new(scope, name).unwrap_or_else(|| v8::String::empty(scope))
}

/// The value of a property of one of our own objects.
pub fn get<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
    name: &str,
) -> Option<v8::Local<'s, v8::Value>> {
    let key = key(scope, name);
    object.get(scope, key.into())
}

/// Gives `object` a property of its own.
pub fn define<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
    name: &str,
    value: v8::Local<'s, v8::Value>,
    attributes: v8::PropertyAttribute,
) {
    let key = key(scope, name);
    object.define_own_property(scope, key.into(), value, attributes);
}

fn take<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
    name: &str,
) -> Option<v8::Local<'s, v8::Object>> {
    let value = get(scope, object, name)?.try_cast::<v8::Object>().ok();
    let key = key(scope, name);
    object.delete(scope, key.into());
    value
}

fn call<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    hooks: v8::Local<'s, v8::Object>,
    name: &str,
    args: &[v8::Local<'s, v8::Value>],
) -> Result<(), &'static str> {
    let hook = get(scope, hooks, name).and_then(|hook| hook.try_cast::<v8::Function>().ok());
    let hook = hook.ok_or("the startup snapshot lacks a hook")?;
    hook.call(scope, hooks.into(), args).ok_or("a hook of the startup snapshot threw")?;
    Ok(())
}

/// A function that shows as native and is no constructor.
pub fn function<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    name: &str,
    length: i32,
    callback: impl v8::MapFnTo<v8::FunctionCallback>,
) -> v8::Local<'s, v8::Function> {
    native(scope, name, length, None, callback)
}

fn native<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    name: &str,
    length: i32,
    data: Option<v8::Local<'s, v8::Value>>,
    callback: impl v8::MapFnTo<v8::FunctionCallback>,
) -> v8::Local<'s, v8::Function> {
    let mut builder =
        v8::Function::builder(callback).length(length).constructor_behavior(v8::ConstructorBehavior::Throw);
    if let Some(data) = data {
        builder = builder.data(data);
    }
    let name = key(scope, name);
    // Making a function fails only when the isolate is being terminated, and no program has run yet.
    let function = builder.build(scope).expect("a fresh isolate can make a function");
    function.set_name(name);
    function
}

/// <https://console.spec.whatwg.org/#console-namespace>
fn console<'s>(scope: &mut v8::PinScope<'s, '_>) -> v8::Local<'s, v8::Object> {
    let console = v8::Object::new(scope);
    let prototype = v8::Object::new(scope);
    console.set_prototype(scope, prototype.into());
    for method in Method::ALL {
        let number = v8::Integer::new_from_unsigned(scope, *method as u32);
        // Of a template that keeps its function: V8 would else make another one each time that it looks at the stack
        // while the function runs, which is at each call.
        let template = v8::FunctionTemplate::builder(console_call)
            .constructor_behavior(v8::ConstructorBehavior::Throw)
            .data(number.into())
            .build(scope);
        // As above.
        let function = template.get_function(scope).expect("a fresh isolate can make a function");
        let name = key(scope, method.name());
        function.set_name(name);
        define(scope, console, method.name(), function.into(), v8::PropertyAttribute::NONE);
    }
    let tag = v8::Symbol::get_to_string_tag(scope);
    let name = key(scope, "console");
    let attributes = v8::PropertyAttribute::DONT_ENUM | v8::PropertyAttribute::READ_ONLY;
    console.define_own_property(scope, tag.into(), name.into(), attributes);
    console
}

fn console_call<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    args: v8::FunctionCallbackArguments<'s>,
    _: v8::ReturnValue<'s, v8::Value>,
) {
    let method = args.data().try_cast::<v8::Uint32>().map(|number| number.value());
    if let (Some(visit), Some(method)) =
        (Visit::of(scope), method.ok().and_then(|n| Method::try_from(n).ok()))
    {
        let args = (0..args.length()).map(|index| args.get(index));
        if visit.print(scope, method, args.clone()) {
            return;
        }
        let mut args: Vec<_> = args.collect();
        // Only here does a program's code run: the standard wants a label as a string before anything is done.
        if method.has_label()
            && let Some(label) = args.first_mut().filter(|it| it.is_object() || it.is_symbol())
        {
            let Some(text) = label.to_string(scope) else { return };
            *label = text.into();
        }
        visit.console(scope, method, &args);
    }
}

fn uncaught<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    args: v8::FunctionCallbackArguments<'s>,
    _: v8::ReturnValue<'s, v8::Value>,
) {
    if let Some(visit) = Visit::of(scope) {
        visit.uncaught(scope, args.get(0), None);
    }
}

/// <https://html.spec.whatwg.org/multipage/timers-and-user-prompts.html#microtask-queuing>. What the callback
/// throws reaches the isolate's message listener.
fn queue_microtask<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    args: v8::FunctionCallbackArguments<'s>,
    _: v8::ReturnValue<'s, v8::Value>,
) {
    match args.get(0).try_cast::<v8::Function>() {
        Ok(callback) => scope.enqueue_microtask(callback),
        Err(_) => throw_type_error(scope, "queueMicrotask needs a function"),
    }
}

/// Throws a `RangeError` at the running program.
pub fn throw_range_error(scope: &mut v8::PinScope<'_, '_>, message: &str) {
    let message = key(scope, message);
    let error = v8::Exception::range_error(scope, message);
    scope.throw_exception(error);
}

/// Throws a `TypeError` at the running program.
pub fn throw_type_error(scope: &mut v8::PinScope<'_, '_>, message: &str) {
    let message = key(scope, message);
    let error = v8::Exception::type_error(scope, message);
    scope.throw_exception(error);
}

fn random_fill<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    args: v8::FunctionCallbackArguments<'s>,
    _: v8::ReturnValue<'s, v8::Value>,
) {
    let Ok(view) = args.get(0).try_cast::<v8::ArrayBufferView>() else { return };
    let (offset, length) = (view.byte_offset(), view.byte_length());
    let Some(buffer) = view.buffer(scope) else { return };
    let store = buffer.get_backing_store();
    // A buffer can be shared, so its bytes are cells: fill a copy and store that.
    let mut bytes = vec![0; length];
    if getrandom::fill(&mut bytes).is_err() {
        return throw_type_error(scope, "the system has no random bytes to give");
    }
    for (cell, byte) in store.iter().skip(offset).zip(bytes) {
        cell.set(byte);
    }
}

fn random_uuid<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    _: v8::FunctionCallbackArguments<'s>,
    mut result: v8::ReturnValue<'s, v8::Value>,
) {
    let mut bytes = [0; 16];
    if getrandom::fill(&mut bytes).is_err() {
        return throw_type_error(scope, "the system has no random bytes to give");
    }
    let uuid = uuid::Builder::from_random_bytes(bytes).into_uuid().to_string();
    let uuid = key(scope, &uuid);
    result.set(uuid.into());
}
