use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Gid, Pid, Uid, chown};

/// Who PostgreSQL runs as when the tests run as root: that it refuses.
const NOBODY: u32 = 65_534;

/// A PostgreSQL of the test's own, in a folder of its own, on a socket there.
pub(crate) struct Postgres {
    folder: tempfile::TempDir,
    process: Option<Child>,
}

/// Where a program of PostgreSQL's is.
fn program(name: &str) -> PathBuf {
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = debian.map(|entry| entry.path().join("bin")).collect();
    folders.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    folders.extend(std::env::split_paths(&path));
    let found = folders.into_iter().map(|folder| folder.join(name)).rfind(|file| file.is_file());
    found.unwrap_or_else(|| panic!("there is no {name}: install PostgreSQL, as scripts/setup test does"))
}

fn command(name: &str, folder: &Path) -> Command {
    let mut command = Command::new(program(name));
    command.env_clear().env("LC_ALL", "C").current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null());
    if Uid::effective().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

impl Postgres {
    /// Makes a cluster and starts it.
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        if Uid::effective().is_root() {
            let (user, group) = (Uid::from_raw(NOBODY), Gid::from_raw(NOBODY));
            chown(folder.path(), Some(user), Some(group)).expect("root may give it away");
        }
        let made = command("initdb", folder.path())
            .args(["-D", "data", "-U", "mayfly", "-A", "trust", "-E", "UTF8", "--no-sync"])
            .output()
            .expect("initdb starts");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let mut postgres = Self { folder, process: None };
        postgres.resume();
        postgres
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        format!("postgres://mayfly@localhost/postgres?host={}", self.folder.path().display())
    }

    /// Starts it again, and waits until it takes connections.
    pub(crate) fn resume(&mut self) {
        let folder = self.folder.path();
        let log = std::fs::File::create(folder.join("log")).expect("a log");
        let mut server = command("postgres", folder);
        server.args(["-D", "data", "-h", "", "-F", "-c", "max_connections=40", "-k"]).arg(folder).stderr(log);
        self.process = Some(server.spawn().expect("postgres starts"));
        let started = Instant::now();
        let is_ready = || {
            let asked = command("pg_isready", folder).args(["-q", "-h"]).arg(folder).status();
            asked.expect("pg_isready starts").success()
        };
        while !is_ready() {
            let log = || std::fs::read_to_string(folder.join("log")).unwrap_or_default();
            assert!(started.elapsed() < super::PATIENCE, "PostgreSQL does not start:\n{}", log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Has it do this.
    pub(crate) fn psql(&self, commands: &str) {
        let folder = self.folder.path();
        let done = command("psql", folder)
            .args(["-q", "-v", "ON_ERROR_STOP=1", "-U", "mayfly", "-h"])
            .arg(folder)
            .args(["postgres", "-c", commands])
            .output()
            .expect("psql starts");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    /// Stops it at once, as if its machine had failed.
    pub(crate) fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let pid = i32::try_from(process.id()).expect("an id is small");
            kill(Pid::from_raw(pid), Signal::SIGQUIT).expect("it runs");
            process.wait().expect("it can be waited for");
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop();
    }
}
