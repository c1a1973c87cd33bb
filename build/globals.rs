//! Which names of the language this V8 has that another may lack. V8 is linked in, so that is known here.

use deno_core::{JsRuntime, RuntimeOptions, v8};

/// Names that not every build of V8 has.
const OPTIONAL: [&str; 1] = ["Temporal"];

/// Those of the optional names that a runtime from this snapshot has.
pub fn optional(snapshot: &'static [u8]) -> Vec<&'static str> {
    // deno_core wants one when V8 has something to do later.
    let executor =
        tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a tokio runtime");
    let _entered = executor.enter();
    let mut runtime = JsRuntime::new(RuntimeOptions {
        extensions: super::extension::extensions(),
        startup_snapshot: Some(snapshot),
        ..RuntimeOptions::default()
    });
    let context = runtime.main_context();
    v8::scope_with_context!(scope, runtime.v8_isolate(), &context);
    let global = scope.get_current_context().global(scope);
    let has = |name: &str| {
        let key = v8::String::new(scope, name).expect("a short string");
        global.has(scope, key.into()) == Some(true)
    };
    OPTIONAL.into_iter().filter(|name| has(name)).collect()
}
