//! Makes the startup snapshot that runners load: deno_core, deno_webidl, deno_web, the JavaScript of deno_fetch
//! and our own bootstrap, with every web API that a program can see already evaluated.

use std::path::{Path, PathBuf};
use std::process::Command;

use deno_core::ExtensionFileSource;

// The snapshot wants the ops' names, not what they are given.
#[allow(dead_code)]
#[path = "server/runner/extension.rs"]
mod extension;

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

    let mut extensions = extension::extensions();
    let ours = extensions.last_mut().expect("there are extensions");
    ours.lazy_loaded_js_files = fetch_sources().into();

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
    std::fs::write(out.join("snapshot.bin"), snapshot.output).expect("OUT_DIR can be written");
}

/// The scripts of deno_fetch, and ours in the place of one.
fn fetch_sources() -> Vec<ExtensionFileSource> {
    let folder = folder_of("deno_fetch");
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

/// Where cargo has the sources of a crate in server/runner/js/sources/Cargo.toml. It downloads them when they
/// are not there yet.
fn folder_of(name: &str) -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("server/runner/js/sources/Cargo.toml");
    let target = std::env::var("TARGET").expect("cargo sets TARGET");
    let output = Command::new(std::env::var_os("CARGO").expect("cargo sets CARGO"))
        .args(["metadata", "--locked", "--format-version=1", "--filter-platform", &target, "--manifest-path"])
        .arg(&manifest)
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
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("cargo writes JSON");
    let packages = metadata["packages"].as_array().expect("cargo lists packages");
    let package = packages.iter().find(|package| package["name"] == name).expect("the manifest names it");
    let manifest = Path::new(package["manifest_path"].as_str().expect("cargo says where"));
    manifest.parent().expect("a manifest is in a folder").to_owned()
}
