//! A bare isolate to look at values in, and what the tests share.

mod bounds;
mod hostile;
mod kinds;
mod platform;
mod temporal;

use deno_core::v8;

use super::*;
use crate::protocol::value::{ObjectValue, Property, Value};
pub(in crate::runner) use bounds::expression;
pub(in crate::runner) use hostile::with_hostile_values;

/// The name of the visitor's script in tests.
pub(in crate::runner) const SCRIPT: &str = "user.js";

pub(in crate::runner) fn user_frames() -> UserFrames {
    UserFrames::of_script(SCRIPT)
}

/// Runs `test` in a bare isolate, set up as the runner does where that matters here.
pub(in crate::runner) fn with_isolate(test: impl for<'s, 'i> FnOnce(&mut v8::PinScope<'s, 'i>)) {
    static START: std::sync::Once = std::sync::Once::new();
    START.call_once(|| {
        v8::V8::set_flags_from_string("--expose-gc --no-freeze-flags-after-init");
        v8::V8::initialize_platform(v8::new_unprotected_default_platform(1, false).make_shared());
        v8::V8::initialize();
    });
    let mut isolate = v8::Isolate::new(v8::CreateParams::default().heap_limits(0, 64 << 20));
    isolate.set_capture_stack_trace_for_uncaught_exceptions(true, 10);
    isolate.set_microtasks_policy(v8::MicrotasksPolicy::Explicit);
    v8::scope!(let scope, &mut isolate);
    let context = v8::Context::new(scope, Default::default());
    let scope = &mut v8::ContextScope::new(scope, context);
    if let Some(temporal) = Temporal::capture(scope) {
        temporal.install(scope);
    }
    test(scope);
}

/// The value of a script.
pub(in crate::runner) fn eval<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    source: &str,
) -> v8::Local<'s, v8::Value> {
    let name = v8::String::new(scope, SCRIPT).unwrap();
    let origin = v8::ScriptOrigin::new(scope, name.into(), 0, 0, false, 0, None, false, false, false, None);
    let code = v8::String::new(scope, source).unwrap();
    v8::tc_scope!(let scope, scope);
    let result = v8::Script::compile(scope, code, Some(&origin)).and_then(|script| script.run(scope));
    let thrown = scope.exception().map(|thrown| thrown.to_rust_string_lossy(scope));
    result.unwrap_or_else(|| panic!("{source}: {thrown:?}"))
}

fn look<'s>(scope: &mut v8::PinScope<'s, '_>, value: v8::Local<'s, v8::Value>) -> Value {
    inspect(scope, value, &InspectLimits::default(), &mut Budget::new(48 << 10), &user_frames())
}

fn look_at(scope: &mut v8::PinScope<'_, '_>, source: &str) -> Value {
    let value = eval(scope, source);
    look(scope, value)
}

fn object(value: Value) -> ObjectValue {
    match value {
        Value::Object(object) => *object,
        other => panic!("not an object: {other:?}"),
    }
}

fn property<'a>(object: &'a ObjectValue, key: &str) -> &'a Property {
    object
        .properties
        .iter()
        .find(|property| property.key == key)
        .unwrap_or_else(|| panic!("{key}: {object:?}"))
}
