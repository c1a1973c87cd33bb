//! Who hears what becomes of a run, besides whoever started it: the metrics, and whoever looks after the server.

use std::fmt;

use uuid::Uuid;

use super::ClientKey;
use crate::metrics;
use crate::protocol::browser::RunReport;

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

    /// The program has ended. What whoever started it is told can still be put in other words.
    fn ended(&self, report: &mut RunReport);
}

/// All who hear of one run.
#[derive(Debug)]
pub(super) struct Witness {
    counted: metrics::Run,
    watcher: Option<Box<dyn Watcher>>,
}

impl Witness {
    /// Of a run that was accepted now.
    pub(super) fn new(run_id: Uuid, watcher: Option<Box<dyn Watcher>>) -> Self {
        Self { counted: metrics::Run::accepted(run_id), watcher }
    }

    /// A process has the program.
    pub(super) fn started(&self) {
        if let Some(watcher) = &self.watcher {
            watcher.started();
        }
    }

    /// It has said something.
    pub(super) fn said_something(&self) {
        self.counted.said_something();
    }

    /// Its program has ended.
    pub(super) fn ended(&self, report: &mut RunReport) {
        self.counted.ended(report.outcome);
        if let Some(watcher) = &self.watcher {
            watcher.ended(report);
        }
    }
}
