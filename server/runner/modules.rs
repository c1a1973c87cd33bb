//! What a program may import: nothing yet, so all of it is refused by name. deno_core's own loader, which
//! knows the runtime's internals by `ext:` names, is taken out of the isolate and never asked.

use deno_core::v8;

use super::catalogue::refusal;
use super::globals::throw_type_error;
use super::visit::Visit;
use crate::protocol::browser::RunError;
use crate::protocol::value::StackFrame;

/// Puts our callbacks where deno_core's were.
pub fn replace_loader(isolate: &mut v8::Isolate) {
    isolate.set_host_import_module_dynamically_callback(import_dynamically);
    isolate.set_host_import_module_with_phase_dynamically_callback(import_dynamically_with_phase);
    isolate.set_host_initialize_import_meta_object_callback(initialize_import_meta);
}

/// Refuses the imports of a module, with the place of the first.
///
/// # Errors
/// When it has any.
pub fn check_imports(
    scope: &mut v8::PinScope<'_, '_>,
    visit: &Visit,
    module: v8::Local<v8::Module>,
) -> Result<(), RunError> {
    let requests = module.get_module_requests();
    let Some(request) =
        requests.get(scope, 0).and_then(|request| request.try_cast::<v8::ModuleRequest>().ok())
    else {
        return Ok(());
    };
    let location = module.source_offset_to_location(request.get_source_offset());
    let from_zero = |n: i32| u32::try_from(n).unwrap_or(0) + 1;
    let (line, column) =
        visit.frames.original(from_zero(location.get_line_number()), from_zero(location.get_column_number()));
    let specifier = request.get_specifier().to_rust_string_lossy(scope);
    Err(RunError {
        name: "TypeError".into(),
        message: refusal(&specifier, ""),
        stack: vec![StackFrame { function: String::new(), line, column }],
    })
}

/// V8 asks for an import's module here. [`check_imports`] comes first, so this is never reached; it refuses
/// all the same.
pub fn resolve<'s>(
    context: v8::Local<'s, v8::Context>,
    specifier: v8::Local<'s, v8::String>,
    _: v8::Local<'s, v8::FixedArray>,
    _: v8::Local<'s, v8::Module>,
) -> Option<v8::Local<'s, v8::Module>> {
    v8::callback_scope!(unsafe scope, context);
    let specifier = specifier.to_rust_string_lossy(scope);
    throw_type_error(scope, &refusal(&specifier, ""));
    None
}

fn reject<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    specifier: v8::Local<'s, v8::String>,
) -> Option<v8::Local<'s, v8::Promise>> {
    let resolver = v8::PromiseResolver::new(scope)?;
    let specifier = specifier.to_rust_string_lossy(scope);
    let message = v8::String::new(scope, &refusal(&specifier, ""))?;
    let error = v8::Exception::type_error(scope, message);
    resolver.reject(scope, error)?;
    Some(resolver.get_promise(scope))
}

fn import_dynamically<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    _: v8::Local<'s, v8::Data>,
    _: v8::Local<'s, v8::Value>,
    specifier: v8::Local<'s, v8::String>,
    _: v8::Local<'s, v8::FixedArray>,
) -> Option<v8::Local<'s, v8::Promise>> {
    reject(scope, specifier)
}

fn import_dynamically_with_phase<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    _: v8::Local<'s, v8::Data>,
    _: v8::Local<'s, v8::Value>,
    specifier: v8::Local<'s, v8::String>,
    _: v8::ModuleImportPhase,
    _: v8::Local<'s, v8::FixedArray>,
) -> Option<v8::Local<'s, v8::Promise>> {
    reject(scope, specifier)
}

/// `import.meta` is an empty object: a program has no address.
unsafe extern "C" fn initialize_import_meta(
    _: v8::Local<v8::Context>,
    _: v8::Local<v8::Module>,
    _: v8::Local<v8::Object>,
) {
}
