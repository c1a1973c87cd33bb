//! Which operations of deno_core and its extensions a program's runtime needs. Those that it does not need are
//! out of a program's sight like the others; besides, they do nothing but throw.

use deno_core::Extension;

/// Groups of operations, by how their names begin.
const FAMILIES: &[&str] = &[
    "op_base64",
    "op_blob_",
    "op_compression_",
    "op_encoding_",
    "op_fetch",
    "op_is_",
    "op_message_port_",
    "op_readable_stream_",
    "op_timer_",
    "op_url",
    "op_void_",
];

/// Operations.
const SINGLE: &[&str] = &[
    "op_add_main_module_handler",
    "op_cancel_handle",
    "op_cancel_read",
    "op_close",
    "op_decode",
    "op_defer",
    "op_destructure_error",
    "op_dispatch_exception",
    "op_encode",
    "op_encode_binary_string",
    "op_event_loop_has_more_work",
    "op_get_extras_binding_object",
    "op_get_promise_details",
    "op_immediate_check",
    "op_now",
    "op_read",
    "op_read_all",
    "op_read_line",
    "op_ref_op",
    "op_run_microtasks",
    "op_str_byte_length",
    "op_time_origin",
    "op_try_close",
    "op_unref_op",
];

fn is_needed(operation: &str) -> bool {
    FAMILIES.iter().any(|family| operation.starts_with(family)) || SINGLE.contains(&operation)
}

/// Disables what is not needed, in deno_core itself and in all `extensions`.
pub fn disarm(mut extensions: Vec<Extension>) -> Vec<Extension> {
    // Whichever extension brings it, a middleware is asked about every operation there is.
    if let Some(first) = extensions.first_mut() {
        first.middleware_fn = Some(Box::new(|op| if is_needed(op.name) { op } else { op.disable() }));
    }
    extensions
}

#[cfg(test)]
mod tests {
    use deno_core::{JsRuntime, RuntimeOptions, v8};

    use super::super::isolate::SNAPSHOT;
    use super::*;

    #[test]
    fn operations_that_no_program_needs_do_nothing() {
        v8::V8::set_flags_from_string("--single-threaded --no-freeze-flags-after-init");
        let platform = v8::new_single_threaded_default_platform(false).make_shared();
        JsRuntime::init_platform(Some(platform));
        let mut runtime = JsRuntime::new(RuntimeOptions {
            extensions: disarm(super::super::extension::extensions()),
            startup_snapshot: Some(SNAPSHOT),
            ..RuntimeOptions::default()
        });
        let script = r#"
            const { ops } = Deno.core;
            const answers = {};
            for (const name of ["op_print", "op_eval_context", "op_panic", "op_load_ext_script",
                "op_lazy_load_esm", "op_import_sync", "op_resources", "op_read_sync", "op_write_sync",
                "op_memory_usage", "op_serialize", "op_structured_clone", "op_broadcast_subscribe",
                "op_lock_manager_request", "op_console_inspect"]) {
                try { answers[name] = `gave ${ops[name]("1", "2", "3")}` } catch (error) { answers[name] = error.message }
            }
            JSON.stringify(answers)"#;
        let answers = runtime.execute_script("test.js", script).unwrap();
        deno_core::scope!(scope, runtime);
        let answers = v8::Local::new(scope, answers).to_rust_string_lossy(scope);
        let answers: std::collections::BTreeMap<String, String> = serde_json::from_str(&answers).unwrap();
        for (name, answer) in answers {
            assert!(answer.contains("disabled"), "{name}: {answer}");
        }
    }
}
