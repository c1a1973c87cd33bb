//! What signals ask of a server that runs: to stop (SIGTERM, SIGINT), to read its settings again (SIGHUP), to hand over
//! to another process of this program (SIGUSR2).

use std::net::TcpListener;
use std::path::PathBuf;

use mayfly::http::Stop;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{handover, systemd};

/// The signals that are listened to. One that comes after this was made is not lost.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
    take_over: Signal,
}

impl Signals {
    /// Listens from now on.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
            take_over: signal(SignalKind::user_defined2())?,
        })
    }

    /// Does what they ask until one asks to stop, or another process has taken over. `program` is the file to start for
    /// that, which gets `listener`.
    pub async fn obey(mut self, program: PathBuf, listener: TcpListener, mut reload: impl FnMut()) -> Stop {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => {
                    tracing::info!("SIGTERM: shutting down");
                    systemd::tell("STOPPING=1");
                    return Stop::Told;
                }
                _ = self.interrupt.recv() => {
                    tracing::info!("SIGINT: shutting down");
                    systemd::tell("STOPPING=1");
                    return Stop::Told;
                }
                _ = self.hangup.recv() => reload(),
                _ = self.take_over.recv() => {
                    tracing::info!(program = %program.display(), "SIGUSR2: starting another to take over");
                    match handover::start(&program, &listener).await {
                        Ok(pid) => {
                            tracing::info!(pid, "another process has taken over: shutting down");
                            return Stop::HandedOver;
                        }
                        Err(error) => {
                            let error = format!("{error:#}");
                            tracing::error!(error, "no other process has taken over: this one goes on");
                        }
                    }
                }
            }
        }
    }
}

/// Waits until somebody has asked twice to stop: they do not want to wait.
pub async fn asked_twice() -> std::io::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    for _ in 0..2 {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    }
    Ok(())
}
