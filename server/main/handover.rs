//! Another process of this program, from the same file or from the one that has taken its place, takes over: it gets
//! the listening socket, says when it serves, and only then does this one go.
//!
//! Both accept on one socket, so they share one queue of connections, and no connection is in a queue that nobody
//! looks at any more. With a socket for each (`SO_REUSEPORT`) there would be two queues, and what is in the old one
//! would be lost with it.

use std::io;
use std::net::TcpListener;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use mayfly::config::HANDOVER;
use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
use nix::unistd::{pipe2, write};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;
use tokio::process::Command;
use tokio::time::timeout;

/// How long the other one may take until it serves. Then it is ended, and this one goes on.
const PATIENCE: Duration = Duration::from_secs(60);

/// Starts `program` with this process' arguments and `listener`, and waits until it serves. Its process id.
///
/// # Errors
/// When it does not serve; then it is gone.
pub async fn start(program: &Path, listener: &TcpListener) -> anyhow::Result<u32> {
    let (told, tells) = pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK).context("there is no pipe to be had")?;
    let passed = [listener.as_raw_fd(), tells.as_raw_fd()];
    let mut command = Command::new(program);
    command
        .args(std::env::args_os().skip(1))
        .env("LISTEN_FDS", "1")
        .env("LISTEN_FDS_FIRST_FD", passed[0].to_string())
        // That was for this process, if it is there at all.
        .env_remove("LISTEN_PID")
        .env(HANDOVER, passed[1].to_string());
    // SAFETY: Between fork and exec only a system call is made, and nothing is allocated.
    unsafe {
        command.pre_exec(move || {
            for fd in passed {
                if libc::fcntl(fd, libc::F_SETFD, 0) < 0 {
                    return Err(io::Error::last_os_error());
                }
            }
            Ok(())
        });
    }
    let mut child = command.spawn().with_context(|| format!("{} can't be started", program.display()))?;
    // So that its end is that of the pipe.
    drop(tells);
    let mut told = Receiver::from_owned_fd(told)?;
    match timeout(PATIENCE, told.read_u8()).await {
        Ok(Ok(_)) => child.id().context("it has ended already"),
        Ok(Err(_)) => {
            let status = child.wait().await?;
            bail!("it ended before it served ({status}); its own words say why");
        }
        Err(_) => {
            child.kill().await?;
            bail!("it did not serve within {PATIENCE:?}");
        }
    }
}

/// The process that this one takes over from.
pub struct Predecessor(OwnedFd);

impl Predecessor {
    /// The one that started this process, if one did to be taken over from. To be called before anything is started
    /// that could inherit the pipe.
    pub fn find() -> Option<Self> {
        let fd: RawFd = std::env::var(HANDOVER).ok()?.parse().ok().filter(|fd| *fd > 2)?;
        // SAFETY: Whoever set the variable passed the descriptor with it, to be owned here. One that is not open makes
        // the next call fail, and is closed by nobody.
        let pipe = unsafe { OwnedFd::from_raw_fd(fd) };
        match fcntl(&pipe, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC)) {
            Ok(_) => Some(Self(pipe)),
            Err(_) => {
                std::mem::forget(pipe);
                None
            }
        }
    }

    /// Tells it that this process serves.
    pub fn tell(self) {
        if let Err(error) = write(&self.0, &[1]) {
            tracing::warn!(%error, "the process before this one does not hear that it may go");
        }
    }
}
