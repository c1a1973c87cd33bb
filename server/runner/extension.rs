// The extension whose JavaScript is in the startup snapshot. Included by the build script, which makes the
// snapshot, and by the runner, which loads it: both must name the same extensions and ops in the same order.

#[path = "line_op.rs"]
pub mod line_op;
#[path = "fetch/ops.rs"]
pub mod ops;

/// V8's flag for noting where in the source each piece of code is when it is compiled, and not when somebody asks: the
/// answer took another look at the whole script, in each run that prints a line. What was compiled without would have
/// no positions at all, so it holds for both.
pub const NOTE_POSITIONS: &str = "--no-enable-lazy-source-positions";

deno_core::extension!(
    mayfly,
    deps = [deno_webidl, deno_web],
    ops = [ops::op_fetch, ops::op_fetch_send, ops::op_fetch_promise_is_settled, line_op::op_read_line],
    esm_entry_point = "ext:mayfly/bootstrap.js",
    esm = [dir "server/runner/js", "algorithms.js", "bootstrap.js", "parameters.js", "platform.js", "subtle.js",
        "transfer.js"],
);

/// The extensions of a runner's JavaScript runtime, in order; ours is the last.
pub fn extensions() -> Vec<deno_core::Extension> {
    let blobs = std::sync::Arc::new(deno_web::BlobStore::default());
    let channels = deno_web::InMemoryBroadcastChannel::default();
    vec![
        deno_webidl::deno_webidl::init(),
        deno_web::deno_web::init(blobs, None, false, channels),
        mayfly::init(),
    ]
}
