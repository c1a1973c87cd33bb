// The extension whose JavaScript is in the startup snapshot. Included by the build script, which makes the
// snapshot, and by the runner, which loads it: both must name the same extensions in the same order.

deno_core::extension!(
    mayfly,
    deps = [deno_webidl, deno_web],
    esm_entry_point = "ext:mayfly/bootstrap.js",
    esm = [dir "server/runner/js", "bootstrap.js", "platform.js"],
);

/// The extensions of a runner's JavaScript runtime, in order.
pub fn extensions() -> Vec<deno_core::Extension> {
    let blobs = std::sync::Arc::new(deno_web::BlobStore::default());
    let channels = deno_web::InMemoryBroadcastChannel::default();
    vec![
        deno_webidl::deno_webidl::init(),
        deno_web::deno_web::init(blobs, None, false, channels),
        mayfly::init(),
    ]
}
