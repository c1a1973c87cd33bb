//! What browsers and other runtimes have and this one does not, and why. A program finds out as it would anywhere:
//! `typeof Worker` is `"undefined"`, `"Worker" in globalThis` is false, and to use it all the same is a
//! `ReferenceError`. Only where nobody catches that error is the reason added, for the person who reads it.

/// Names, with what there is to say about them.
const ABSENT: &[(&[&str], &str)] = &[
    (
        &["Worker", "SharedWorker", "ServiceWorker", "Worklet", "importScripts"],
        "it is not available in this sandbox, where a run has one thread",
    ),
    (
        &["BroadcastChannel"],
        "it is not available in this sandbox, where a run has nobody else to talk to; within it, use a MessageChannel",
    ),
    (
        &[
            "WebSocket",
            "WebSocketStream",
            "WebTransport",
            "EventSource",
            "RTCPeerConnection",
            "XMLHttpRequest",
        ],
        "it is not available in this sandbox; fetch is, as far as the server allows it",
    ),
    (
        &["localStorage", "sessionStorage", "indexedDB", "caches", "cookieStore", "openDatabase"],
        "it is not available in this sandbox, where nothing is kept from one run to the next",
    ),
    (
        &[
            "document",
            "window",
            "location",
            "history",
            "screen",
            "customElements",
            "requestAnimationFrame",
            "cancelAnimationFrame",
            "requestIdleCallback",
            "DOMParser",
            "XMLSerializer",
            "MutationObserver",
            "ResizeObserver",
            "IntersectionObserver",
            "Node",
            "Element",
            "HTMLElement",
            "Image",
            "Audio",
            "OffscreenCanvas",
            "getComputedStyle",
            "matchMedia",
        ],
        "programs run without a page here; what a browser has without one is on globalThis",
    ),
    (
        &["FileReader", "FileReaderSync"],
        "it is not available in this sandbox; use the methods of Blob: text, bytes, arrayBuffer",
    ),
    (&["PerformanceObserver"], "it is not available in this sandbox; performance.getEntries has the entries"),
    (&["Temporal"], "the JavaScript engine of this server is built without it"),
    (&["global"], "its name is globalThis here"),
    (&["Buffer"], "import it: import { Buffer } from \"node:buffer\""),
    (&["process"], "import it: import process from \"node:process\""),
    (
        &["setImmediate", "clearImmediate"],
        "import it: import { setImmediate, clearImmediate } from \"node:timers\"",
    ),
];

/// What to say instead of an uncaught error's `message`, if that is V8's about a name in the list. `was_there` says
/// of a name whether the program began with it: whoever deleted it knows why it is absent.
pub fn explain(error: &str, message: &str, was_there: impl FnOnce(&str) -> bool) -> Option<String> {
    let name = message.strip_suffix(" is not defined").filter(|_| error == "ReferenceError")?;
    let (_, reason) = ABSENT.iter().find(|(names, _)| names.contains(&name))?;
    if was_there(name) {
        return None;
    }
    Some(format!("{message}: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_given_for_what_is_known_to_be_absent() {
        assert_eq!(
            explain("ReferenceError", "Worker is not defined", |_| false).unwrap(),
            "Worker is not defined: it is not available in this sandbox, where a run has one thread"
        );
        for (error, message) in [
            ("ReferenceError", "worker is not defined"),
            ("ReferenceError", "Worker"),
            ("ReferenceError", " is not defined"),
            ("TypeError", "Worker is not defined"),
        ] {
            assert_eq!(explain(error, message, |_| false), None, "{error}: {message}");
        }
    }

    #[test]
    fn temporal_is_explained_only_where_the_engine_has_none() {
        let explained = |was_there| explain("ReferenceError", "Temporal is not defined", |_| was_there);
        let absent = "Temporal is not defined: the JavaScript engine of this server is built without it";
        assert_eq!(explained(false).as_deref(), Some(absent));
        assert_eq!(explained(true), None, "the program deleted it");
    }

    #[test]
    fn each_name_is_listed_once() {
        let mut names: Vec<_> = ABSENT.iter().flat_map(|(names, _)| *names).collect();
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
