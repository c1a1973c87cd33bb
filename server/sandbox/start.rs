//! A run's way to its process: it waits for a place, then a process is given the program.

use std::io::{self, ErrorKind, Write};
use std::os::unix::net::UnixStream;

use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use super::egress::Egress;
use super::permit::{Permit, Turn, Waiting};
use super::process::{Life, Process, ProcessError};
use super::wire::Wire;
use super::{Inner, Run, RunEvent, SandboxSettings, Wish};
use crate::protocol::frame;
use crate::protocol::runner::{RUN, RunSpec};

/// How many processes a run is given, beside those that may have died together while they waited in the pool.
pub(super) const START_TRIES: u32 = 3;

/// What whoever holds a run may want of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wished {
    /// That it stops, with a report.
    Stop,
    /// Nothing: the handle or the receiver is gone.
    Nothing,
}

/// Waits until somebody wants a run to stop, or nobody wants anything. May be dropped and called again.
pub async fn wished(events: &mpsc::Sender<RunEvent>, wish: &mut watch::Receiver<Wish>) -> Wished {
    tokio::select! {
        biased;
        changed = wish.changed() => if changed.is_ok() { Wished::Stop } else { Wished::Nothing },
        () = events.closed() => Wished::Nothing,
    }
}

/// Why a run that waited has no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// It is not wanted any more.
    Wished(Wished),
    /// It lost its turn to another run.
    Displaced,
}

/// Waits for a place and tells the client how it goes.
pub async fn wait(
    mut waiting: Waiting,
    events: &mpsc::Sender<RunEvent>,
    wish: &mut watch::Receiver<Wish>,
) -> Result<Permit, Gone> {
    let mut position = waiting.position();
    let mut told = 0;
    loop {
        tokio::select! {
            biased;
            wished = wished(events, wish) => return Err(Gone::Wished(wished)),
            turn = waiting.next() => match turn {
                Turn::Granted(permit) => return Ok(permit),
                Turn::Position(now) => position = now,
                Turn::Displaced => return Err(Gone::Displaced),
            },
            // Positions go out as the client takes them; one that has changed meanwhile is not sent.
            place = events.reserve(), if position != told => match place {
                Ok(place) => {
                    place.send(RunEvent::Queued { position });
                    told = position;
                }
                Err(_) => return Err(Gone::Wished(Wished::Nothing)),
            }
        }
    }
}

async fn write_all(wire: &Wire<UnixStream>, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let written = wire.write(|mut socket| socket.write(bytes)).await?;
        bytes = &bytes[written..];
    }
    Ok(())
}

/// How a start ended.
pub enum Start {
    /// The process has the program.
    Started {
        /// Its socket.
        wire: Wire<UnixStream>,
        /// Its life.
        life: Box<dyn Life>,
    },
    /// It is not wanted any more; with the process that was to have the program, if there was one.
    Unwanted(Wished, Option<Box<dyn Life>>),
    /// No process took it.
    Failed(ProcessError),
}

/// A program on its way to a process. A process that died while it waited in the pool, or that does not take
/// the program, is no fault of the run's: it is given another.
pub struct Starting<'a> {
    inner: &'a Inner,
    packet: Vec<u8>,
    /// How many more processes may turn out to be dead and cost no try: the pool may have been full of them.
    dead_left: usize,
    tries_left: u32,
}

impl<'a> Starting<'a> {
    /// The run, packed for a process.
    pub fn new(inner: &'a Inner, run: Run, egress: &Egress) -> Result<Self, ProcessError> {
        let Run {
            run_id: _,
            client: _,
            sender: _,
            watcher: _,
            program,
            input,
            limits,
            modules,
            egress: _,
            stdin,
            is_attended,
            tells_usage,
            repl,
        } = run;
        let SandboxSettings { message_bytes, display_bytes, prompts, .. } = inner.settings;
        let fetches = egress.requests();
        let spec = RunSpec {
            program,
            input,
            limits,
            message_bytes,
            fetches,
            modules,
            display_bytes,
            prompts,
            stdin,
            is_attended,
            tells_usage,
            repl: repl && !inner.settings.paused.is_zero(),
        };
        let payload = serde_json::to_vec(&spec).map_err(|error| ProcessError(error.to_string()))?;
        let dead_left = inner.settings.warm_children;
        Ok(Self { inner, packet: frame::encode(RUN, &payload), dead_left, tries_left: START_TRIES })
    }

    /// Gives the program to a process; to another one, where it turned out that `last` did not read it.
    pub async fn start(
        &mut self,
        mut last: Option<Box<dyn Life>>,
        events: &mpsc::Sender<RunEvent>,
        wish: &mut watch::Receiver<Wish>,
    ) -> Start {
        let patience = self.inner.settings.ready_timeout;
        let mut why = ProcessError("the last process died before it read its program".into());
        if last.is_some() {
            self.count_dead();
        }
        loop {
            // The run has one place, so it has one process at a time.
            if let Some(mut life) = last.take() {
                life.kill();
                tokio::select! {
                    biased;
                    wished = wished(events, wish) => return Start::Unwanted(wished, Some(life)),
                    exit = life.ended() => self.inner.backend.program_unread(&exit, life.rung()),
                }
            }
            if self.tries_left == 0 {
                return Start::Failed(why);
            }
            let process = tokio::select! {
                biased;
                wished = wished(events, wish) => return Start::Unwanted(wished, None),
                process = timeout(patience, self.inner.backend.process()) => process,
            };
            let Process { socket, life } = match process {
                Ok(Ok(process)) => process,
                Ok(Err(error)) => return Start::Failed(error),
                Err(_) => return Start::Failed(ProcessError("no process became ready in time".into())),
            };
            // First of all, so that the process begins while this one sees to the rest.
            let begun = match (&socket).write(&self.packet) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
                begun => begun,
            };
            let wire = match Wire::new(socket) {
                Ok(wire) => wire,
                Err(error) => return Start::Failed(ProcessError(error.to_string())),
            };
            let written = match begun.map(|bytes| &self.packet[bytes..]) {
                Ok([]) => Ok(Ok(())),
                // A long program does not fit in the socket, so this waits for the process to read.
                Ok(rest) => tokio::select! {
                    biased;
                    wished = wished(events, wish) => return Start::Unwanted(wished, Some(life)),
                    written = timeout(patience, write_all(&wire, rest)) => written,
                },
                Err(error) => Ok(Err(error)),
            };
            why = match written {
                Ok(Ok(())) => return Start::Started { wire, life },
                Ok(Err(error)) => {
                    self.count_dead();
                    ProcessError(format!("a process died before it had its program: {error}"))
                }
                Err(_) => {
                    self.tries_left -= 1;
                    ProcessError("a process did not take its program".into())
                }
            };
            last = Some(life);
        }
    }

    /// The process reads the program: it is not needed a second time.
    pub fn heard(&mut self) {
        self.packet = Vec::new();
    }

    /// A process died before it read its program.
    fn count_dead(&mut self) {
        match self.dead_left.checked_sub(1) {
            Some(left) => self.dead_left = left,
            None => self.tries_left = self.tries_left.saturating_sub(1),
        }
    }
}
