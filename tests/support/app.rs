use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::{JsonSocket, get};

/// How much of a server's log a test shows that fails: its own words should not be lost in it.
const LOG_LINES: usize = 40;

/// The real program with the real sandbox, in a process and a folder of its own.
pub(crate) struct TestApp {
    pub(crate) address: SocketAddr,
    process: Child,
    folder: tempfile::TempDir,
}

/// `mayfly` with these arguments, an empty environment and `folder` to work in.
pub(crate) fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mayfly"));
    command.args(arguments).env_clear().current_dir(folder).stdin(Stdio::null());
    command
}

impl TestApp {
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    /// Starts with these flags besides a free port.
    pub(crate) fn with(flags: &[&str]) -> Self {
        Self::prepared(flags, |_| {})
    }

    /// Starts with these flags, and whatever `prepare` does to the command.
    pub(crate) fn prepared(flags: &[&str], prepare: impl FnOnce(&mut Command)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let log = std::fs::File::create(folder.path().join("log")).expect("a log");
        let arguments: Vec<&str> =
            ["serve", "--listen=127.0.0.1:0", "--log=debug"].iter().chain(flags).copied().collect();
        let mut command = command(folder.path(), &arguments);
        // All tests come from one address. A flag wins over this.
        command.env("MAYFLY_RATE_LIMIT", "off").env("MAYFLY_SNIPPET_RATE_LIMIT", "off");
        command.env("MAYFLY_SNIPPET_READ_RATE_LIMIT", "off");
        prepare(&mut command);
        let mut process = command.stdout(Stdio::piped()).stderr(log).spawn().expect("mayfly starts");
        let mut ready = String::new();
        let stdout = process.stdout.take().expect("it is piped");
        BufReader::new(stdout).read_line(&mut ready).expect("a line");
        let Some(address) = ready.trim_end().strip_prefix("Mayfly listens on http://") else {
            let log = std::fs::read_to_string(folder.path().join("log")).unwrap_or_default();
            let _ = process.kill();
            let _ = process.wait();
            panic!("mayfly did not get ready: {ready:?}\n{log}");
        };
        Self { address: address.parse().expect("an address"), process, folder }
    }

    /// A server that was started in another way and listens there, with the folder that it was started in and has its
    /// `log` in.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn adopt(address: SocketAddr, process: Child, folder: tempfile::TempDir) -> Self {
        Self { address, process, folder }
    }

    /// Sends SIGTERM and waits. `None` when it does not end.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn stop(&mut self) -> Option<std::process::ExitStatus> {
        self.signal(nix::sys::signal::Signal::SIGTERM);
        let asked = std::time::Instant::now();
        while asked.elapsed() < super::PATIENCE {
            if let Some(status) = self.process.try_wait().expect("it can be waited for") {
                return Some(status);
            }
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        None
    }

    pub(crate) async fn socket(&self) -> JsonSocket {
        JsonSocket::connect(self.address).await
    }

    pub(crate) async fn health(&self) -> Value {
        get(self.address, "/healthz", &[]).await.json()
    }

    pub(crate) async fn open_runs(&self) -> u64 {
        self.health().await["open_runs"].as_u64().expect("a number")
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).expect("the log can be read")
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.folder.path().join("var")
    }

    /// A file in the folder that the server was started in.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn signal(&self, signal: nix::sys::signal::Signal) {
        let pid = nix::unistd::Pid::from_raw(self.pid() as i32);
        nix::sys::signal::kill(pid, signal).expect("it runs");
    }

    /// Sends SIGTERM and waits. Whether it ended well.
    pub(crate) fn terminate(&mut self) -> bool {
        self.signal(nix::sys::signal::Signal::SIGTERM);
        self.ended()
    }

    /// Waits for its end. Whether it ended well.
    pub(crate) fn ended(&mut self) -> bool {
        self.process.wait().expect("it can be waited for").success()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Ids of all processes that the server started, and those that these started.
    pub(crate) fn descendants(&self) -> Vec<u32> {
        let parents = parents();
        let is_ours = |mut pid: u32| {
            while let Some(&parent) = parents.get(&pid) {
                if parent == self.pid() {
                    return true;
                }
                pid = parent;
            }
            false
        };
        parents.keys().copied().filter(|&pid| is_ours(pid)).collect()
    }

    /// Ids of the processes that the server itself started.
    fn started(&self) -> Vec<u32> {
        children_of(self.pid())
    }

    /// Ids of the zygotes. Where a zygote has a PID namespace, the server started its warden, which started
    /// the zygote as the namespace's first process.
    pub(crate) fn zygotes(&self) -> Vec<u32> {
        let zygote_of = |started: u32| {
            let first = children_of(started).into_iter().find(|&pid| is_first(pid, started));
            first.unwrap_or(started)
        };
        self.started().into_iter().map(zygote_of).collect()
    }

    /// Ids of the processes that the zygotes forked.
    pub(crate) fn runners(&self) -> Vec<u32> {
        let others = [self.started(), self.zygotes()].concat();
        self.descendants().into_iter().filter(|pid| !others.contains(pid)).collect()
    }

    /// SIGKILL for the server.
    pub(crate) fn kill(&mut self) {
        self.process.kill().expect("it runs");
        self.process.wait().expect("it can be waited for");
    }

    /// How many file descriptors the server has open, but for its store's: that opens its files in its own time.
    pub(crate) fn open_files(&self) -> usize {
        let data = self.data_dir();
        let all = std::fs::read_dir(format!("/proc/{}/fd", self.pid())).expect("the server runs");
        // One that has been closed meanwhile can't be read.
        let open = all.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
        open.filter(|file| !file.starts_with(&data)).count()
    }

    /// Resident memory of the server's own process, in bytes.
    pub(crate) fn resident_bytes(&self) -> u64 {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("the server runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line of that name");
        line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") << 10
    }
}

/// Ids of the processes that this one started and that are still there.
pub(crate) fn children_of(pid: u32) -> Vec<u32> {
    let children = parents().into_iter().filter(|(_, parent)| *parent == pid);
    let mut children: Vec<u32> = children.map(|(pid, _)| pid).collect();
    children.sort_unstable();
    children
}

/// Whether a process, started by `parent`, is the first of a PID namespace of its own.
fn is_first(pid: u32, parent: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let Some(ids) = status.lines().find_map(|line| line.strip_prefix("NSpid:")) else {
        // gVisor does not say. There, a parent that has no file open is a warden.
        return std::fs::read_dir(format!("/proc/{parent}/fd")).is_ok_and(|mut open| open.next().is_none());
    };
    let ids: Vec<&str> = ids.split_whitespace().collect();
    ids.len() > 1 && ids.last() == Some(&"1")
}

/// The parents of all processes that are alive.
fn parents() -> HashMap<u32, u32> {
    std::fs::read_dir("/proc")
        .expect("/proc is there")
        .filter_map(|entry| {
            let pid: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
            // A process may be gone by now. The name, in parentheses, may hold anything.
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
            let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
            let is_alive = fields.next()? != "Z";
            let parent = fields.next()?.parse().ok()?;
            is_alive.then_some((pid, parent))
        })
        .collect()
}

/// Whether a process is there and no zombie.
pub(crate) fn is_alive(pid: u32) -> bool {
    parents().contains_key(&pid)
}

/// When a process started, in the kernel's ticks: with the id it names one process for ever. `None` when there
/// is none; a zombie is one.
pub(crate) fn started_at(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()
}

impl Drop for TestApp {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            let end = &lines[lines.len().saturating_sub(LOG_LINES)..];
            eprintln!("--- the end of the server's log ---\n{}", end.join("\n"));
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
