//! One run's requests, as its runner sees them. The network's side is in tests/fetch.

use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;
use tokio::time::timeout;

use super::*;
use crate::policy::rules;
use crate::protocol::fetch::{
    CHUNK_BYTES, FETCH, FETCH_ABORT, FETCH_BODY, FETCH_END, FETCH_FAILED, FETCH_MORE, FETCHED, FETCHED_BODY,
    FETCHED_END, FETCHED_MORE, FetchFailed, FetchedHead, WINDOW,
};
use crate::protocol::frame::HEADER;

/// One side of the wire: the runner's.
struct Wire(Fetches);

impl Wire {
    fn with(settings: EgressSettings) -> Self {
        Self(Fetches::new(Egress::new(settings), None, uuid::Uuid::nil(), None))
    }

    /// With these fixtures, in TOML.
    fn canned(fixtures: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fixtures.toml");
        std::fs::write(&path, fixtures).unwrap();
        let fixtures = Fixtures::load(Path::new(&path), 4 << 20).unwrap();
        Self::with(EgressSettings { fixtures, ..EgressSettings::default() })
    }

    fn say(&mut self, kind: u8, id: u32, rest: &[u8]) -> Result<(), &'static str> {
        self.0.take(kind, &crate::protocol::fetch::payload(id, rest))
    }

    fn ask(&mut self, id: u32, method: &str, url: &str, body: serde_json::Value) {
        let head = json!({"method": method, "url": url, "headers": [], "body": body});
        self.say(FETCH, id, head.to_string().as_bytes()).unwrap();
    }

    /// The next frame: its kind, number and the rest.
    async fn next(&mut self) -> (u8, u32, Vec<u8>) {
        let frame = timeout(Duration::from_secs(20), self.0.next()).await.expect("a frame");
        let (id, rest) = crate::protocol::fetch::parts(&frame[HEADER..]).unwrap();
        (frame[HEADER - 1], id, rest.to_vec())
    }

    async fn failure(&mut self) -> FetchFailed {
        let (kind, _, json) = self.next().await;
        assert_eq!(kind, FETCH_FAILED);
        serde_json::from_slice(&json).unwrap()
    }

    /// Whether there is nothing to say until something is heard.
    async fn is_quiet(&mut self) -> bool {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        timeout(Duration::ZERO, self.0.next()).await.is_err()
    }
}

#[tokio::test]
async fn a_fixture_is_answered_without_any_network() {
    let mut wire = Wire::canned(
        "[[fixture]]\nurl = \"https://a.example/*\"\nstatus = 201\nheaders = { x-a = \"é\" }\nbody = \"hello\"",
    );
    wire.ask(1, "GET", "https://a.example/b", json!("absent"));
    let (kind, id, head) = wire.next().await;
    let head: FetchedHead = serde_json::from_slice(&head).unwrap();
    assert_eq!((kind, id, head.status, head.status_text.as_str()), (FETCHED, 1, 201, "Created"));
    assert_eq!(head.headers, [("x-a".to_owned(), "é".to_owned())]);
    assert_eq!(wire.next().await, (FETCHED_BODY, 1, b"hello".to_vec()));
    assert_eq!(wire.next().await, (FETCHED_END, 1, Vec::new()));
}

#[tokio::test]
async fn a_response_waits_for_the_runner_to_use_it_up() {
    let body = "x".repeat((WINDOW + 2) * CHUNK_BYTES);
    let mut wire = Wire::canned(&format!("[[fixture]]\nurl = \"http://a.example/\"\nbody = \"{body}\""));
    wire.ask(1, "GET", "http://a.example/", json!("absent"));
    assert_eq!(wire.next().await.0, FETCHED);
    for _ in 0..WINDOW {
        assert_eq!(wire.next().await.2.len(), CHUNK_BYTES);
    }
    for _ in 0..2 {
        assert!(wire.is_quiet().await);
        wire.say(FETCHED_MORE, 1, b"").unwrap();
        assert_eq!(wire.next().await.0, FETCHED_BODY);
    }
    assert_eq!(wire.next().await.0, FETCHED_END);
    // These were on their way.
    for _ in 0..WINDOW {
        wire.say(FETCHED_MORE, 1, b"").unwrap();
    }
}

#[tokio::test]
async fn a_request_is_taken_chunk_by_chunk_and_no_further_than_it_may_be_long() {
    let fixtures = "[[fixture]]\nurl = \"http://a.example/\"";
    let mut wire = Wire::canned(fixtures);
    wire.ask(1, "POST", "http://a.example/", json!("unknown"));
    for _ in 0..20 {
        wire.say(FETCH_BODY, 1, &[0; CHUNK_BYTES]).unwrap();
        assert_eq!(wire.next().await.0, FETCH_MORE);
    }
    wire.say(FETCH_END, 1, b"").unwrap();
    assert_eq!(wire.next().await.0, FETCHED);
    assert_eq!(wire.next().await.0, FETCHED_END);

    wire.ask(2, "POST", "http://a.example/", json!({"known": 3}));
    wire.say(FETCH_BODY, 2, b"four").unwrap();
    assert!(wire.failure().await.message.contains("longer than was said"));
    wire.ask(3, "POST", "http://a.example/", json!({"known": 3}));
    wire.say(FETCH_END, 3, b"").unwrap();
    assert!(wire.failure().await.message.contains("shorter than was said"));
    wire.ask(4, "POST", "http://a.example/", json!({"known": (4 << 20) + 1}));
    let failure = wire.failure().await;
    assert!(failure.is_refused && failure.message.contains("egress.request_bytes"), "{failure:?}");
    wire.ask(5, "POST", "http://a.example/", json!("unknown"));
    let failure = loop {
        wire.say(FETCH_BODY, 5, &[0; CHUNK_BYTES]).unwrap();
        let (kind, _, rest) = wire.next().await;
        if kind == FETCH_FAILED {
            break String::from_utf8(rest).unwrap();
        }
    };
    assert!(failure.contains("egress.request_bytes"), "{failure}");
}

#[tokio::test]
async fn a_row_of_redirects_is_counted_whoever_follows_it() {
    let mut wire = Wire::canned(
        "[[fixture]]\nurl = \"http://a.example/b\"\nstatus = 302\nheaders = { location = \"b#f\" }\n\
         [[fixture]]\nurl = \"http://a.example/c\"",
    );
    for id in 1..=6 {
        wire.ask(id, "GET", "http://a.example/b#other", json!("absent"));
        assert_eq!(wire.next().await.0, FETCHED, "{id}");
        assert_eq!(wire.next().await.0, FETCHED_END);
    }
    wire.ask(7, "GET", "http://a.example/b", json!("absent"));
    let failure = wire.failure().await;
    assert!(failure.is_refused && failure.message.contains("more than 5 redirects"), "{failure:?}");
    // What no redirect led to is a row of its own.
    wire.ask(8, "GET", "http://a.example/c", json!("absent"));
    assert_eq!(wire.next().await.0, FETCHED);
}

#[tokio::test]
async fn nothing_is_said_about_a_request_that_was_given_up() {
    let mut wire = Wire::canned("[[fixture]]\nurl = \"http://a.example/\"\nbody = \"x\"");
    wire.ask(1, "POST", "http://a.example/", json!("unknown"));
    wire.say(FETCH_ABORT, 1, b"").unwrap();
    wire.ask(2, "GET", "http://a.example/", json!("absent"));
    for kind in [FETCHED, FETCHED_BODY, FETCHED_END] {
        let (said, id, _) = wire.next().await;
        assert_eq!((said, id), (kind, 2));
    }
    assert!(wire.is_quiet().await);
}

#[tokio::test]
async fn what_the_policy_blocks_is_said_in_words() {
    let say = |allow: &str| {
        let policy = EgressPolicy { allow: rules(allow).unwrap(), allow_private: Vec::new() };
        Wire::with(EgressSettings { policy, ..EgressSettings::default() })
    };
    for (allow, url, expected) in [
        (
            "",
            "https://a.example/",
            "was blocked: this site lets programs reach nothing outside (egress.allow)",
        ),
        (
            "b.example, GET *.c.example:*",
            "https://a.example/",
            "reach only b.example, GET *.c.example:* (egress.allow)",
        ),
        ("HEAD,PUT a.example", "https://a.example/", "by HEAD and PUT only (egress.allow)"),
        ("*", "http://127.0.0.1/", "its host is a loopback address"),
        ("*", "http://localhost./", "its host is a loopback address"),
        ("*", "http://user@a.example/", "a user name and a password can't stand in its URL"),
        ("*", "ftp://a.example/", "programs can reach http: and https: URLs"),
    ] {
        let mut wire = say(allow);
        wire.ask(1, "GET", url, json!("absent"));
        let failure = wire.failure().await;
        assert!(failure.is_refused && failure.message.contains(expected), "{failure:?}");
        assert!(failure.message.starts_with(&format!("fetch to {url} was ")), "{failure:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_frames_panic_or_make_it_keep_more_than_the_windows(
        frames in prop::collection::vec(
            (
                FETCH..=FETCHED_MORE,
                0_u32..4,
                prop_oneof![
                    Just(json!({"method": "POST", "url": "http://a.example/", "headers": [], "body": "unknown"}).to_string().into_bytes()),
                    prop::collection::vec(any::<u8>(), 0..8),
                    Just(Vec::new()),
                ],
            ),
            0..60,
        )
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut wire = Wire::with(EgressSettings::default());
            let mut taken = 0;
            for (kind, id, rest) in frames {
                if wire.say(kind, id, &rest).is_err() {
                    break;
                }
                taken += 1;
                while !wire.is_quiet().await {}
            }
            // Every request here is refused at once, so little can be said about them.
            assert!(taken <= 3 * 12);
        });
    }
}
