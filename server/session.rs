//! One connection's state machine: text frames and run events in, [`ServerMsg`]s out. No actix and no clock:
//! whoever owns a session decides when to ask it for the next message, and a session that is not asked holds
//! its runs back, since their channels are bounded. Dropping it kills what is still running.

use std::collections::{HashSet, VecDeque};
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use uuid::Uuid;

use crate::limits::Limits;
use crate::metrics;
use crate::policy::modules::Allowed;
use crate::protocol::browser::{
    ClientMsg, Dropped, EvaluateRequest, InputRequest, Outcome, RejectReason, RunError, RunReport,
    RunRequest, ServerMsg, StopRequest, Usage, WIRE_VERSION,
};
use crate::protocol::parse;
use crate::protocol::prompt::ANSWER_BYTES;
use crate::protocol::repl::{EVALUATION_BYTES, EVALUATIONS};
use crate::sandbox::{
    ClientKey, Rejection, Run, RunEvent, RunEvents, RunHandle, Sandbox, SandboxHealth, Sender,
};

mod program;
#[cfg(test)]
mod tests;

/// Where a session's runs happen: the sandbox, or in tests something that follows a script.
pub trait Runs: Send + Sync {
    /// See [`Sandbox::start`].
    ///
    /// # Errors
    /// When the run can't be accepted now.
    fn start(&self, run: Run) -> Result<(Box<dyn OpenRun>, RunEvents), Rejection>;

    /// See [`Sandbox::health`].
    fn health(&self) -> SandboxHealth;
}

/// A run that was accepted. Dropping it kills the run.
pub trait OpenRun: Send {
    /// See [`RunHandle::stop`].
    fn stop(&self);

    /// See [`RunHandle::answer`].
    fn answer(&self, prompt_id: u32, value: Option<String>);

    /// See [`RunHandle::evaluate`].
    fn evaluate(&self, evaluation_id: u32, source: String);
}

impl Runs for Sandbox {
    fn start(&self, run: Run) -> Result<(Box<dyn OpenRun>, RunEvents), Rejection> {
        let (handle, events) = Self::start(self, run)?;
        Ok((Box::new(handle), events))
    }

    fn health(&self) -> SandboxHealth {
        Self::health(self)
    }
}

impl OpenRun for RunHandle {
    fn stop(&self) {
        Self::stop(self);
    }

    fn answer(&self, prompt_id: u32, value: Option<String>) {
        Self::answer(self, prompt_id, value);
    }

    fn evaluate(&self, evaluation_id: u32, source: String) {
        Self::evaluate(self, evaluation_id, source);
    }
}

/// What a client may ask for.
#[derive(Clone, Debug)]
pub struct Rules {
    /// What a run may use.
    pub limits: Limits,
    /// The longest source or files together, and the longest `input`, in bytes of UTF-8.
    pub source_bytes: u64,
    /// How many files a program may have.
    pub files: u32,
    /// The longest console event, in bytes of JSON.
    pub message_bytes: u64,
    /// Runs open on one connection at once.
    pub open_runs: u32,
    /// Ids of ended runs that a connection remembers.
    pub remembered_runs: usize,
    /// How long a run stays for evaluations after its program's end, in milliseconds.
    pub paused_ms: u64,
}

impl Rules {
    /// The run that `request` of `client` asks for, under the name `run_id`, with nobody there to be asked.
    ///
    /// # Errors
    /// [`RejectReason::TooLarge`] for a source, an input or answers over the limit, [`RejectReason::BadRequest`] for
    /// files that are no program.
    pub fn admit(&self, run_id: Uuid, client: ClientKey, request: RunRequest) -> Result<Run, Rejection> {
        let RunRequest {
            run_id: _,
            source,
            files,
            entry,
            language,
            mode,
            export,
            input,
            limits,
            stdin,
            usage: _,
            repl: _,
        } = request;
        let input_bytes = input.as_ref().map_or(0, |input| input.get().len());
        let of_files = files.iter().flatten().map(|file| file.name.len() + file.content.len()).sum();
        let source_bytes = source.as_ref().map_or(0, String::len);
        // A line takes one at least, for its end.
        let stdin_bytes = stdin.iter().map(|line| line.len() + 1).sum();
        for (what, bytes) in
            [("source", source_bytes), ("files", of_files), ("input", input_bytes), ("stdin", stdin_bytes)]
        {
            if bytes as u64 > self.source_bytes {
                let (verb, length) = if what == "files" { ("are", "together") } else { ("is", "long") };
                let message = format!(
                    "The {what} {verb} {bytes} bytes {length}; at most {} are allowed. Send less.",
                    self.source_bytes
                );
                return Err(rejection(RejectReason::TooLarge, message));
            }
        }
        let asked = program::Asked { source, files, entry, language, mode, export };
        let program = asked.check(self.files).map_err(|error| rejection(RejectReason::BadRequest, error))?;
        let limits = self.limits.lowered(&limits);
        let modules = Allowed::default();
        let (is_attended, tells_usage, repl) = (false, false, false);
        Ok(Run {
            run_id,
            client,
            program,
            input,
            limits,
            egress: None,
            sender: Sender::default(),
            watcher: None,
            modules,
            stdin,
            is_attended,
            tells_usage,
            repl,
        })
    }
}

/// What to report of a run whose events ended without a report: the sandbox broke its word, and the client
/// still gets its one `finished`.
pub fn lost_run(limits: Limits) -> RunReport {
    let message = "The server lost this run. Run it again; the server's log has more.".to_owned();
    RunReport {
        outcome: Outcome::Crashed,
        value: None,
        returned: None,
        error: Some(RunError::new("Crashed", message)),
        stopped_at: None,
        usage: Usage { limits, ..Usage::default() },
        dropped: Dropped::default(),
    }
}

/// A run of this connection that has not finished.
struct Open {
    run_id: Uuid,
    limits: Limits,
    handle: Box<dyn OpenRun>,
    events: RunEvents,
    /// Questions that the client knows of and has not answered: two at most.
    prompts: Vec<u32>,
    /// Whether it takes evaluations, the number of the last one, and how many are under way.
    repl: bool,
    last_evaluation: u32,
    evaluations: usize,
    /// Its program has ended, and it stays for evaluations.
    has_ended: bool,
}

/// One connection.
pub struct Session {
    runs: Arc<dyn Runs>,
    rules: Arc<Rules>,
    client: ClientKey,
    modules: Allowed,
    sender: Sender,
    /// Open runs, the one whose turn it is first.
    open: VecDeque<Open>,
    ended: Remembered,
    /// No more runs are taken.
    is_leaving: bool,
}

impl Session {
    /// A connection of `client` without runs, which may import all modules.
    pub fn new(runs: Arc<dyn Runs>, rules: Arc<Rules>, client: ClientKey) -> Self {
        let ended =
            Remembered { capacity: rules.remembered_runs, set: HashSet::new(), order: VecDeque::new() };
        Self {
            runs,
            rules,
            client,
            modules: Allowed::default(),
            sender: Sender::default(),
            open: VecDeque::new(),
            ended,
            is_leaving: false,
        }
    }

    /// The same, whose runs may import what is `allowed`.
    pub fn with_modules(self, allowed: Allowed) -> Self {
        Self { modules: allowed, ..self }
    }

    /// The same, whose runs come from there.
    pub fn with_sender(self, sender: Sender) -> Self {
        Self { sender, ..self }
    }

    /// From now on, runs are held to these rules and may import what is allowed. Those that are open go on as they
    /// began.
    pub fn renew(&mut self, rules: Arc<Rules>, allowed: Allowed) {
        (self.rules, self.modules) = (rules, allowed);
    }

    /// From now on, requests for runs are passed over: the client sees that they were not answered when the connection
    /// is closed, and sends them elsewhere. Runs whose programs have ended stay no longer for evaluations.
    pub fn leave(&mut self) {
        self.is_leaving = true;
        for open in self.open.iter().filter(|open| open.has_ended) {
            open.handle.stop();
        }
    }

    /// Whether no run is open.
    pub fn is_idle(&self) -> bool {
        self.open.is_empty()
    }

    /// Stops all runs that are open. Their reports come as always.
    pub fn stop_all(&self) {
        for open in &self.open {
            open.handle.stop();
        }
    }

    /// The first message of every connection, and what it is told again when that has changed.
    pub fn hello(&self) -> ServerMsg {
        ServerMsg::Hello {
            version: WIRE_VERSION,
            engine: self.runs.health().engine,
            limits: self.rules.limits,
            source_bytes: self.rules.source_bytes,
            message_bytes: self.rules.message_bytes,
            open_runs: self.rules.open_runs,
            paused_ms: self.rules.paused_ms,
        }
    }

    /// Acts on a text frame. What there is to say at once, which is a rejection, is returned; what an
    /// accepted run does comes from [`Session::next`].
    pub fn receive(&mut self, text: &str) -> Option<ServerMsg> {
        let rejected = match parse::client_msg(text) {
            Ok(ClientMsg::Run(_)) if self.is_leaving => return None,
            Ok(ClientMsg::Run(request)) => self.run(*request),
            Ok(ClientMsg::Stop(request)) => self.stop(request),
            Ok(ClientMsg::Input(request)) => self.input(request),
            Ok(ClientMsg::Evaluate(request)) => self.evaluate(request),
            Err(bad) => Err((bad.run_id, rejection(RejectReason::BadRequest, bad.message))),
        };
        rejected.err().map(|(run_id, rejection)| self::rejected(run_id, rejection))
    }

    fn run(&mut self, request: RunRequest) -> Result<(), (Option<Uuid>, Rejection)> {
        let Some(run_id) = request.run_id else {
            let message = "The `run` message has no `run_id`. Send a new UUID with each run.";
            return Err((None, rejection(RejectReason::BadRequest, message)));
        };
        let rejected = |rejection| (Some(run_id), rejection);
        if self.find(run_id).is_some() || self.ended.set.contains(&run_id) {
            let message = "This connection has had a run with this id. Send a new UUID with each run.";
            return Err(rejected(rejection(RejectReason::DuplicateRunId, message)));
        }
        if self.open.len() >= self.rules.open_runs as usize {
            let message = format!(
                "This connection has {} runs open, as many as it may. Stop one, or wait for one to finish.",
                self.open.len()
            );
            return Err(rejected(rejection(RejectReason::TooManyRuns, message)));
        }
        let (repl, tells_usage) = (request.repl, request.usage);
        let mut run = self.rules.admit(run_id, self.client, request).map_err(rejected)?;
        run.modules = self.modules.clone();
        run.sender = self.sender.clone();
        run.is_attended = true;
        run.repl = repl;
        run.tells_usage = tells_usage;
        let limits = run.limits;
        let (handle, events) = self.runs.start(run).map_err(rejected)?;
        let (prompts, last_evaluation, evaluations) = (Vec::new(), 0, 0);
        self.open.push_back(Open {
            run_id,
            limits,
            handle,
            events,
            prompts,
            repl,
            last_evaluation,
            evaluations,
            has_ended: false,
        });
        Ok(())
    }

    fn stop(&self, StopRequest { run_id }: StopRequest) -> Result<(), (Option<Uuid>, Rejection)> {
        self.known(run_id)?.handle.stop();
        Ok(())
    }

    fn input(&mut self, request: InputRequest) -> Result<(), (Option<Uuid>, Rejection)> {
        let InputRequest { run_id, prompt_id, value } = request;
        self.known(run_id)?;
        let open = self.open.iter_mut().find(|open| open.run_id == run_id);
        let asked = open.and_then(|open| Some((open.prompts.iter().position(|id| *id == prompt_id)?, open)));
        let Some((at, open)) = asked else {
            let message =
                format!("The run has no prompt {prompt_id} open. Answer a prompt once, while it waits.");
            return Err((Some(run_id), rejection(RejectReason::UnknownPrompt, message)));
        };
        let bytes = value.as_ref().map_or(0, String::len);
        if bytes > ANSWER_BYTES {
            let message = format!(
                "The answer is {bytes} bytes long; at most {ANSWER_BYTES} are allowed. Send a shorter one: the \
                 prompt still waits."
            );
            return Err((Some(run_id), rejection(RejectReason::TooLarge, message)));
        }
        open.prompts.swap_remove(at);
        open.handle.answer(prompt_id, value);
        Ok(())
    }

    fn evaluate(&mut self, request: EvaluateRequest) -> Result<(), (Option<Uuid>, Rejection)> {
        let EvaluateRequest { run_id, evaluation_id, source } = request;
        self.known(run_id)?;
        let Some(open) = self.open.iter_mut().find(|open| open.run_id == run_id) else { return Ok(()) };
        let rejected = |reason, message: String| Err((Some(run_id), rejection(reason, message)));
        if !open.repl {
            let message = "The run takes no evaluations. Start a run with `\"repl\": true` for that.";
            return rejected(RejectReason::BadRequest, message.to_owned());
        }
        if evaluation_id <= open.last_evaluation {
            let message = format!(
                "The run has had evaluation {}. Number evaluations upwards, from 1.",
                open.last_evaluation
            );
            return rejected(RejectReason::BadRequest, message);
        }
        if source.len() > EVALUATION_BYTES {
            let message = format!(
                "The source is {} bytes long; at most {EVALUATION_BYTES} are allowed. Send a shorter one.",
                source.len()
            );
            return rejected(RejectReason::TooLarge, message);
        }
        if open.evaluations >= EVALUATIONS {
            let message = format!(
                "{EVALUATIONS} evaluations of the run are under way, as many as may be. Wait for one to be done."
            );
            return rejected(RejectReason::TooManyEvaluations, message);
        }
        open.last_evaluation = evaluation_id;
        open.evaluations += 1;
        open.handle.evaluate(evaluation_id, source);
        Ok(())
    }

    fn find(&self, run_id: Uuid) -> Option<&Open> {
        self.open.iter().find(|open| open.run_id == run_id)
    }

    fn known(&self, run_id: Uuid) -> Result<&Open, (Option<Uuid>, Rejection)> {
        self.find(run_id).ok_or_else(|| {
            let message = "No run with this id is open on this connection: it has finished, or never was.";
            (Some(run_id), rejection(RejectReason::UnknownRun, message))
        })
    }

    /// The next thing that happens in one of the runs; pending while there is none. Open runs take turns.
    /// Nothing is lost when the future is dropped.
    pub async fn next(&mut self) -> ServerMsg {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    fn poll_next(&mut self, cx: &mut Context) -> Poll<ServerMsg> {
        for at in 0..self.open.len() {
            let open = &mut self.open[at];
            let Poll::Ready(event) = open.events.poll_recv(cx) else { continue };
            let run_id = open.run_id;
            let message = match event {
                Some(RunEvent::Queued { position }) => ServerMsg::Queued { run_id, position },
                Some(RunEvent::Started) => ServerMsg::Started { run_id },
                Some(RunEvent::Console { seq, count: _, events }) => {
                    ServerMsg::Console { run_id, seq, events }
                }
                Some(RunEvent::Prompt { prompt_id, kind, message, default }) => {
                    open.prompts.push(prompt_id);
                    ServerMsg::Prompt { run_id, prompt_id, kind, message, default }
                }
                Some(RunEvent::Usage { usage, at }) => ServerMsg::Usage { run_id, usage, at },
                Some(RunEvent::Paused { left_ms, report }) => {
                    open.has_ended = true;
                    if self.is_leaving {
                        open.handle.stop();
                    }
                    ServerMsg::Paused { run_id, left_ms, report }
                }
                Some(RunEvent::Evaluated { evaluation_id, value, error }) => {
                    open.evaluations = open.evaluations.saturating_sub(1);
                    ServerMsg::Evaluated { run_id, evaluation_id, value, error }
                }
                Some(RunEvent::Released(reason)) => ServerMsg::Released { run_id, reason },
                Some(RunEvent::Finished(report)) => return Poll::Ready(self.finish(at, report)),
                Some(RunEvent::Displaced(rejection)) => {
                    // It was not begun, so it is as if it had not been taken.
                    self.open.remove(at);
                    return Poll::Ready(rejected(Some(run_id), rejection));
                }
                None => {
                    tracing::error!(%run_id, "the events of a run ended without a report");
                    let report = Box::new(lost_run(open.limits));
                    return Poll::Ready(self.finish(at, report));
                }
            };
            // Whoever spoke goes behind those who waited.
            self.open.rotate_left(at + 1);
            return Poll::Ready(message);
        }
        Poll::Pending
    }

    fn finish(&mut self, at: usize, report: Box<RunReport>) -> ServerMsg {
        let run_id = self.open[at].run_id;
        self.open.remove(at);
        self.ended.add(run_id);
        ServerMsg::Finished { run_id, report }
    }
}

fn rejected(run_id: Option<Uuid>, Rejection { reason, message, retry_after_ms }: Rejection) -> ServerMsg {
    metrics::rejected(reason);
    ServerMsg::Rejected { run_id, reason, message, retry_after_ms }
}

fn rejection(reason: RejectReason, message: impl Into<String>) -> Rejection {
    Rejection { reason, message: message.into(), retry_after_ms: None }
}

/// The latest ids of ended runs.
struct Remembered {
    capacity: usize,
    set: HashSet<Uuid>,
    order: VecDeque<Uuid>,
}

impl Remembered {
    fn add(&mut self, run_id: Uuid) {
        if self.order.len() == self.capacity
            && let Some(oldest) = self.order.pop_front()
        {
            self.set.remove(&oldest);
        }
        self.set.insert(run_id);
        self.order.push_back(run_id);
    }
}
