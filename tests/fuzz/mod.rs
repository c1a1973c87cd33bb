//! What the fuzzers have found worth keeping, once more: every file of their corpora through the functions
//! that they were found with. `make fuzz` looks for more; README.md beside this says how.

use std::fs;
use std::path::{Path, PathBuf};

#[path = "targets/browser.rs"]
mod browser;
#[path = "targets/child.rs"]
mod child;
#[path = "targets/config.rs"]
mod config;
#[path = "targets/frames.rs"]
mod frames;
#[path = "targets/origin.rs"]
mod origin;
#[path = "targets/recording.rs"]
mod recording;
#[path = "targets/session.rs"]
mod session;
#[path = "targets/websocket.rs"]
mod websocket;
#[path = "targets/zygote.rs"]
mod zygote;

/// Names the file whose bytes were too much.
struct Blame(PathBuf);

impl Drop for Blame {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("it was {}", self.0.display());
        }
    }
}

fn replay(target: &str, run: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(target);
    let files = fs::read_dir(&folder).expect("a corpus").map(|entry| entry.expect("a file").path());
    let mut count = 0;
    for path in files {
        let bytes = fs::read(&path).expect("a file that can be read");
        let blame = Blame(path);
        run(&bytes);
        // Shorter by one: what is cut off is where parsers of lengths go wrong.
        run(&bytes[..bytes.len().saturating_sub(1)]);
        drop(blame);
        count += 1;
    }
    assert!(count >= 4, "{count} files in {}", folder.display());
}

#[test]
fn corpus_of_browser_frames() {
    replay("browser", browser::target);
}

#[test]
fn corpus_of_connections() {
    replay("session", session::target);
}

#[test]
fn corpus_of_websocket_bytes() {
    replay("websocket", websocket::target);
}

#[test]
fn corpus_of_child_frames() {
    replay("frames", frames::target);
}

#[test]
fn corpus_of_children() {
    replay("child", child::target);
}

#[test]
fn corpus_of_settings() {
    replay("config", config::target);
}

#[test]
fn corpus_of_zygote_packets() {
    replay("zygote", zygote::target);
}

#[test]
fn corpus_of_recordings() {
    replay("recording", recording::target);
}

#[test]
fn corpus_of_origins() {
    replay("origin", origin::target);
}
