//! Makes the startup snapshot that runners load: deno_core, deno_webidl, deno_web and our own bootstrap, with
//! every web API that a program can see already evaluated.

#[path = "server/runner/extension.rs"]
mod extension;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=server/runner/extension.rs");
    println!("cargo:rerun-if-changed=server/runner/js");
    // rust-embed and askama read these when the crate is compiled.
    println!("cargo:rerun-if-changed=static/dist");
    println!("cargo:rerun-if-changed=templates");

    let out = std::path::PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let snapshot = deno_core::snapshot::create_snapshot(
        deno_core::snapshot::CreateSnapshotOptions {
            cargo_manifest_dir: env!("CARGO_MANIFEST_DIR"),
            startup_snapshot: None,
            skip_op_registration: false,
            extensions: extension::extensions(),
            extension_transpiler: None,
            with_runtime_cb: None,
        },
        None,
    )
    .expect("the startup snapshot can be made");
    std::fs::write(out.join("snapshot.bin"), snapshot.output).expect("OUT_DIR can be written");
}
