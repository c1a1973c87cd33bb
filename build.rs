//! Makes the startup snapshot that runners load: deno_core, deno_webidl, deno_web, the JavaScript of deno_fetch
//! and our own bootstrap, with every web API that a program can see already evaluated.

use std::path::{Path, PathBuf};
use std::process::Command;

use deno_core::ExtensionFileSource;
use serde_json::Value;

// The snapshot wants the ops' names, not what they are given.
#[path = "build/code_caches.rs"]
mod code_caches;
#[allow(dead_code)]
#[path = "server/runner/extension.rs"]
mod extension;
#[path = "build/globals.rs"]
mod globals;
#[path = "build/notices.rs"]
mod notices;

/// The scripts of deno_fetch that are wanted, in no particular order: each loads those that it needs.
const FETCH: [&str; 6] =
    ["20_headers.js", "21_formdata.js", "22_body.js", "23_request.js", "23_response.js", "26_fetch.js"];

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=server/runner/extension.rs");
    println!("cargo:rerun-if-changed=server/runner/fetch/ops.rs");
    println!("cargo:rerun-if-changed=server/runner/line_op.rs");
    println!("cargo:rerun-if-changed=server/runner/js");
    // rust-embed and askama read these when the crate is compiled.
    println!("cargo:rerun-if-changed=static/dist");
    println!("cargo:rerun-if-changed=templates");
    println!("cargo:rerun-if-changed=server/snippets/migrations");
    println!("cargo:rerun-if-changed=.sqlx");
    // Queries are checked against what is kept in .sqlx, whatever database the environment names.
    println!("cargo:rustc-env=SQLX_OFFLINE=true");
    // What is in the program, and under what terms.
    println!("cargo:rerun-if-changed=Cargo.lock");
    println!("cargo:rerun-if-changed=build");

    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources = metadata(&root.join("server/runner/js/sources/Cargo.toml"));
    let fetch = package(&sources, "deno_fetch");
    deno_core::v8::V8::set_flags_from_string(extension::NOTE_POSITIONS);
    let mut extensions = extension::extensions();
    let ours = extensions.last_mut().expect("there are extensions");
    ours.lazy_loaded_js_files = fetch_sources(fetch).into();

    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let snapshot = deno_core::snapshot::create_snapshot(
        deno_core::snapshot::CreateSnapshotOptions {
            cargo_manifest_dir: env!("CARGO_MANIFEST_DIR"),
            startup_snapshot: None,
            skip_op_registration: false,
            extensions,
            extension_transpiler: None,
            with_runtime_cb: None,
        },
        None,
    )
    .expect("the startup snapshot can be made");
    std::fs::write(out.join("snapshot.bin"), &snapshot.output).expect("OUT_DIR can be written");
    let snapshot: &'static [u8] = Box::leak(snapshot.output);
    code_caches::write(&out, snapshot, &root.join("static/dist/modules"));
    println!("cargo:rustc-env=ENGINE_GLOBALS={}", globals::optional(snapshot).join(","));
    let ours = metadata(&root.join("Cargo.toml"));
    notices::write(&out.join("notices.txt"), &ours, env!("CARGO_PKG_NAME"), &[fetch]);
}

/// The scripts of deno_fetch, and ours in the place of one.
fn fetch_sources(fetch: &Value) -> Vec<ExtensionFileSource> {
    let manifest = Path::new(fetch["manifest_path"].as_str().expect("cargo says where"));
    let folder = manifest.parent().expect("a manifest is in a folder");
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("server/runner/js/http_client.js");
    let theirs = FETCH.iter().map(|name| (*name, folder.join(name)));
    theirs
        .chain([("22_http_client.js", ours)])
        .map(|(name, path)| {
            let path = path.to_str().expect("the path is UTF-8").to_owned();
            // A build script is over soon: what it leaks is gone with it.
            ExtensionFileSource::loaded_during_snapshot(format!("ext:deno_fetch/{name}").leak(), path.leak())
        })
        .collect()
}

/// The package of this name in what cargo says.
fn package<'a>(metadata: &'a Value, name: &str) -> &'a Value {
    let packages = metadata["packages"].as_array().expect("cargo lists packages");
    packages.iter().find(|package| package["name"] == name).expect("the manifest names it")
}

/// What cargo knows of a manifest's packages, and where it has their sources. It downloads them when they are not
/// there yet.
fn metadata(manifest: &Path) -> Value {
    let target = std::env::var("TARGET").expect("cargo sets TARGET");
    let output = Command::new(std::env::var_os("CARGO").expect("cargo sets CARGO"))
        .args(["metadata", "--locked", "--format-version=1", "--filter-platform", &target, "--manifest-path"])
        .arg(manifest)
        .output()
        .expect("cargo can be started");
    if !output.status.success() {
        let manifest = manifest.display();
        let error = String::from_utf8_lossy(&output.stderr);
        panic!(
            "cargo can't get the sources that {manifest} names. Without a network, get them beforehand with \
             `cargo fetch --locked --manifest-path {manifest}`.\n{error}"
        );
    }
    serde_json::from_slice(&output.stdout).expect("cargo writes JSON")
}
