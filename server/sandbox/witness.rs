//! Who hears what becomes of a run, besides whoever started it: the metrics, the traces, and whoever looks after the
//! server.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{ClientKey, Run};
use crate::metrics;
use crate::protocol::browser::{Outcome, RunReport};
use crate::traces::{self, Context, Kind, Span};

/// Where a run comes from, as far as that is known.
#[derive(Clone, Debug, Default)]
pub struct Sender {
    /// The address, whatever key was sent along.
    pub address: Option<ClientKey>,
    /// Origins of the pages around the editor, or else of the page that sent it, if those are not the server's own. A
    /// browser says them truly; whoever writes requests by hand says what he likes.
    pub origins: Vec<String>,
    /// Which shared program is called, if it is one.
    pub snippet: Option<String>,
}

/// Hears what becomes of a run. Dropped when the run is over.
pub trait Watcher: fmt::Debug + Send + Sync {
    /// A process has the program.
    fn started(&self);

    /// The run lost its turn in the queue to another.
    fn displaced(&self);

    /// The program has ended. What whoever started it is told can still be put in other words.
    fn ended(&self, report: &mut RunReport);
}

/// All who hear of one run.
#[derive(Debug)]
pub(super) struct Witness {
    counted: metrics::Run,
    watcher: Option<Box<dyn Watcher>>,
    /// Where in a trace it is, if it is in one.
    context: Option<Context>,
    spans: Mutex<Spans>,
}

/// A run, and what of it goes on now. Both are nothing where nobody wants traces.
#[derive(Debug, Default)]
struct Spans {
    stage: Span,
    run: Span,
}

impl Witness {
    /// Of a run that is accepted now.
    pub(super) fn new(run: &mut Run) -> Self {
        let mut span = Span::begin("run", Kind::Internal, traces::current());
        let context = span.context();
        if context.is_some() {
            span.note("mayfly.run_id", run.run_id.to_string());
            if let Some(snippet) = &run.sender.snippet {
                span.note("mayfly.snippet", snippet.as_str());
            }
        }
        let spans = Mutex::new(Spans { stage: span.child("queued", Kind::Internal), run: span });
        Self { counted: metrics::Run::accepted(run.run_id), watcher: run.watcher.take(), context, spans }
    }

    /// Where in a trace the run is.
    pub(super) fn context(&self) -> Option<Context> {
        self.context
    }

    fn spans(&self) -> MutexGuard<'_, Spans> {
        self.spans.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stage(&self, name: &'static str) {
        if self.context.is_some() {
            let mut spans = self.spans();
            spans.stage = spans.run.child(name, Kind::Internal);
        }
    }

    /// It has a place, and is given a process.
    pub(super) fn placed(&self) {
        self.stage("process");
    }

    /// A process has the program.
    pub(super) fn started(&self) {
        self.stage("program");
        if let Some(watcher) = &self.watcher {
            watcher.started();
        }
    }

    /// It lost its turn in the queue to another run.
    pub(super) fn displaced(&self) {
        if let Some(watcher) = &self.watcher {
            watcher.displaced();
        }
    }

    /// It has said something.
    pub(super) fn said_something(&self) {
        self.counted.said_something();
    }

    /// Its program has ended; it was compiled in that time, if the process has said so.
    pub(super) fn ended(&self, report: &mut RunReport, compiled: Option<Duration>) {
        self.counted.ended(report.outcome);
        if let Some(watcher) = &self.watcher {
            watcher.ended(report);
        }
        if self.context.is_some() {
            let Spans { stage, mut run } = std::mem::take(&mut *self.spans());
            if let Some(compiled) = compiled {
                drop(stage.split("compile", compiled));
            }
            drop(stage);
            run.note("mayfly.outcome", name(report.outcome));
            run.note("mayfly.cpu_ms", report.usage.cpu_ms);
            run.note("mayfly.console_events", report.usage.console_events);
            if report.outcome != Outcome::Completed {
                run.fail(name(report.outcome));
            }
        }
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        // Told already, it has no span left.
        self.spans().run.note("mayfly.outcome", "abandoned");
    }
}

/// What an outcome is called wherever it is told.
fn name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Completed => "completed",
        Outcome::Failed => "failed",
        Outcome::TimedOut => "timed_out",
        Outcome::CpuExceeded => "cpu_exceeded",
        Outcome::MemoryExceeded => "memory_exceeded",
        Outcome::OutputExceeded => "output_exceeded",
        Outcome::Stopped => "stopped",
        Outcome::Crashed => "crashed",
    }
}
