//! What V8 makes of the modules that programs may import, so that no run has to compile them: each is run once, and
//! what was compiled for that is kept (`server/runner/modules/code_cache.rs` takes it from there).

use std::path::Path;

use deno_core::{JsRuntime, RuntimeOptions, v8};
use serde_json::{Map, Value, json};

/// What a module is compiled as: see `OWN` in `server/runner/modules/commonjs.rs`.
const ARGUMENTS: [&str; 5] = ["exports", "require", "module", "__filename", "__dirname"];

/// Runs them all. What of the platform is native (`server/runner/globals.rs`) is not there; a module that wants it at
/// once stops there, and what it had compiled counts.
const RUN: &str = r#"(functions) => {
    globalThis.console = new Proxy({}, { get: () => () => {} });
    globalThis.queueMicrotask = () => {};
    const loaded = { __proto__: null };
    const require = (specifier) => {
        const name = specifier.replace(/^npm:/, "");
        if (name in loaded) return loaded[name].exports;
        const module = loaded[name] = { exports: {} };
        functions[name].call(module.exports, module.exports, require, module, `/${name}`, "/");
        return module.exports;
    };
    for (const name of Object.keys(functions)) {
        try { require(name) } catch {}
    }
}"#;

/// A module: its name, the hash of its text, and that.
struct Module {
    name: String,
    sha256: String,
    text: String,
}

/// Writes `code_caches.bin` and its index into `out`: for each module in `dist`, by the hash of its text, where its
/// part is.
pub fn write(out: &Path, snapshot: &'static [u8], dist: &Path) {
    let (mut bytes, mut index) = (Vec::new(), Map::new());
    // Without the front end there are no modules either: the program says so when it is started.
    if let Some(modules) = modules(dist) {
        for (module, cache) in modules.iter().zip(caches(snapshot, &modules)) {
            let Some(cache) = cache else { continue };
            index.insert(module.sha256.clone(), json!([bytes.len(), cache.len()]));
            bytes.extend(cache);
        }
    }
    std::fs::write(out.join("code_caches.bin"), bytes).expect("OUT_DIR can be written");
    std::fs::write(out.join("code_caches.json"), Value::from(index).to_string())
        .expect("OUT_DIR can be written");
}

fn read(file: &Path) -> Option<Value> {
    serde_json::from_str(&std::fs::read_to_string(file).ok()?).ok()
}

fn modules(dist: &Path) -> Option<Vec<Module>> {
    let catalogue = read(&dist.join("catalogue.json"))?;
    let mut modules = Vec::new();
    let mut add = |folder: &Path, name: String, of: &Value| {
        let text = std::fs::read_to_string(folder.join(of["file"].as_str()?)).ok()?;
        modules.push(Module { name, sha256: of["sha256"].as_str()?.to_owned(), text });
        Some(())
    };
    for builtin in catalogue["builtins"].as_array()? {
        add(dist, builtin["name"].as_str()?.to_owned(), builtin)?;
    }
    for package in catalogue["packages"].as_array()? {
        let folder = dist.join("packages").join(package.as_str()?);
        let about = read(&folder.join("module.json"))?;
        let own = about["name"].as_str()?;
        for entry in about["entries"].as_array()? {
            let path = entry["path"].as_str()?;
            add(&folder, if path.is_empty() { own.to_owned() } else { format!("{own}/{path}") }, entry)?;
        }
    }
    Some(modules)
}

fn caches(snapshot: &'static [u8], modules: &[Module]) -> Vec<Option<Vec<u8>>> {
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
    let functions = v8::Object::new(scope);
    let mut compiled = Vec::new();
    for Module { name, text, .. } in modules {
        let names = ARGUMENTS.map(|name| v8::String::new(scope, name).expect("a short string"));
        let text = v8::String::new(scope, text).expect("a string");
        let mut source = v8::script_compiler::Source::new(text, None);
        let function = v8::script_compiler::compile_function(
            scope,
            &mut source,
            &names,
            &[],
            v8::script_compiler::CompileOptions::NoCompileOptions,
            v8::script_compiler::NoCacheReason::NoReason,
        )
        .expect("the module parses");
        let key = v8::String::new(scope, name).expect("a short string");
        functions.set(scope, key.into(), function.into());
        compiled.push(function);
    }
    let run = v8::String::new(scope, RUN).expect("a string");
    let run = v8::Script::compile(scope, run, None).and_then(|script| script.run(scope));
    let run = run.and_then(|run| run.try_cast::<v8::Function>().ok()).expect("it is a function");
    let receiver = v8::undefined(scope).into();
    run.call(scope, receiver, &[functions.into()]).expect("it catches all");
    compiled.iter().map(|function| function.create_code_cache().map(|cache| cache.to_vec())).collect()
}
