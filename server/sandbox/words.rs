//! What a zygote prints on its standard error: a sentence when it can't start, or V8's own words when that ends the
//! process.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::process::ChildStderr;
use tokio::sync::watch;
use tokio::time::timeout;

/// How much is kept, in bytes: what was printed first. The rest is read and dropped, so that a zygote never waits for
/// room.
const KEPT_BYTES: usize = 4 << 10;
/// The longest text that is shown, in characters.
const SHOWN_CHARS: usize = 600;
/// What `mayfly runner` puts in front of its sentence.
const PREFIX: &str = "mayfly runner: ";
/// How the line begins that Rust puts behind a panic.
const BACKTRACE_HINT: &str = "note: run with `RUST_BACKTRACE";
/// The line after which V8 prints addresses of code.
const STACK_TRACE: &str = "==== C stack trace";
/// What the server and its zygote hold before anything runs, in MiB, rounded up.
const OWN_MIB: u32 = 200;
/// How long after a zygote's end its last words may take to be read.
const READ_WITHIN: Duration = Duration::from_millis(200);

/// What a zygote has printed so far.
pub struct Words {
    kept: Arc<Mutex<Vec<u8>>>,
    /// Closed when there will be no more.
    more: watch::Receiver<()>,
}

impl Words {
    /// Reads from `stderr` for as long as the zygote has it open. To be called in a tokio runtime.
    pub fn of(stderr: Option<ChildStderr>) -> Self {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let (open, more) = watch::channel(());
        if let Some(mut stderr) = stderr {
            let kept = kept.clone();
            tokio::spawn(async move {
                let mut piece = [0; 1 << 10];
                while let Ok(length @ 1..) = stderr.read(&mut piece).await {
                    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                    let room = KEPT_BYTES.saturating_sub(kept.len()).min(length);
                    kept.extend_from_slice(&piece[..room]);
                }
                drop(open);
            });
        }
        Self { kept, more }
    }

    /// All that is worth showing, on one line. To be called after the zygote's end.
    pub async fn said(mut self) -> String {
        let _ = timeout(READ_WITHIN, self.more.changed()).await;
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        shown(&String::from_utf8_lossy(&kept))
    }

    /// Why a zygote that ended with `status` was never ready.
    pub async fn told_at_end(self, status: ExitStatus) -> String {
        // The warden ends as the zygote did, as shells do it.
        let signal = status.signal().or_else(|| status.code().map(|code| code - 128));
        let said = self.said().await;
        match said.strip_prefix(PREFIX) {
            Some(sentence) => sentence.to_owned(),
            None if said.is_empty() && signal == Some(libc::SIGKILL) => format!(
                "the zygote was killed (SIGKILL) before it was ready. The kernel does so when memory runs out: the server \
                 and its zygote need {OWN_MIB} MiB, beside what runs use"
            ),
            None if said.is_empty() => format!("the zygote ended before it was ready ({status})"),
            None => format!("the zygote ended before it was ready ({status}), and printed: {said}"),
        }
    }
}

/// The lines of a text, without V8's ornaments and what follows them, in one.
fn shown(text: &str) -> String {
    let lines = text.lines().take_while(|line| !line.starts_with(STACK_TRACE));
    let lines = lines.filter(|line| !line.starts_with(BACKTRACE_HINT));
    let lines = lines.map(|line| line.trim_matches(|it: char| it == '#' || it.is_whitespace()));
    let line = lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ");
    let control = |it: char| if it.is_control() { ' ' } else { it };
    line.chars().take(SHOWN_CHARS).map(control).collect()
}

#[cfg(test)]
mod tests {
    use std::process::Stdio;

    use tokio::process::Command;

    use super::*;

    async fn ended(script: &str) -> String {
        let mut shell = Command::new("sh");
        let mut process = shell.args(["-c", script]).stderr(Stdio::piped()).spawn().unwrap();
        let words = Words::of(process.stderr.take());
        let status = process.wait().await.unwrap();
        words.told_at_end(status).await
    }

    #[tokio::test]
    async fn sentence_of_the_runner_stands_alone() {
        assert_eq!(ended("echo 'mayfly runner: it lacks this' >&2; exit 1").await, "it lacks this");
    }

    #[tokio::test]
    async fn status_stands_where_nothing_was_printed() {
        let said = ended("exit 3").await;
        assert_eq!(said, "the zygote ended before it was ready (exit status: 3)");
    }

    #[tokio::test]
    async fn killed_zygote_mentions_memory() {
        for script in ["kill -KILL $$", "exit 137"] {
            let said = ended(script).await;
            assert!(said.contains("SIGKILL") && said.contains("memory runs out"), "{said}");
        }
    }

    #[tokio::test]
    async fn v8_is_quoted_without_its_stack_trace() {
        let text = "\n#\n# Fatal error in , line 0\n# Fatal process out of memory: x\n#\n==== C stack trace ====\n\n 0x1";
        let said = ended(&format!("printf '{text}' >&2; kill -ABRT $$")).await;
        assert!(said.ends_with("printed: Fatal error in , line 0; Fatal process out of memory: x"), "{said}");
        assert!(said.contains("SIGABRT"), "{said}");
    }

    #[tokio::test]
    async fn flood_neither_blocks_nor_is_kept() {
        let said = ended("yes 0123456789 | head -c 1000000 >&2; exit 1").await;
        assert!(said.chars().count() < SHOWN_CHARS + 100, "{}", said.len());
    }
}
