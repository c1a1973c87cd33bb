//! All that exists for speed alone. Nothing in here may keep a process from running its program.
//!
//! Each step is probed (does the kernel offer it, tried on memory of no use), applied, and tried: a child that was made
//! this way runs a program. A step whose trial fails ends the zygote; the server starts another one without that step. So does a
//! step that kills the zygote itself, as the zygote announces each step before it takes it.

use std::ops::Range;

use super::trial::{self, TrialError};
use crate::tuning::{Step, StepReport, StepState, Steps};

mod fault;
mod huge_pages;
mod page_map;
mod prefault;
pub mod scheduling;
mod usage;

pub use fault::Fault;
pub use huge_pages::unaccounted_bytes;
use prefault::Prefault;
use usage::Usage;

/// The steps that a zygote takes, in this order.
const ZYGOTE_STEPS: [Step; 4] = [Step::HugeCode, Step::Prefault, Step::BatchThread, Step::OutputYield];

/// Ranges of addresses.
type Ranges = Vec<Range<usize>>;

/// The steps of one zygote and its children.
pub struct Tuning {
    wanted: Steps,
    active: Steps,
    skipped: Vec<(Step, String)>,
    /// What a run uses, once a child has recorded it.
    usage: Option<Usage>,
    /// A child is recording it: what warming up writes to, no other child will.
    is_recording: bool,
    prefault: Prefault,
    fault: Option<Fault>,
}

/// Makes a child the way that the given tuning says, and has it run a program.
pub trait Trials {
    /// Runs a trial; with `record`, gives what that returned as the child left.
    ///
    /// # Errors
    /// In words, when the child did not run its program to the end.
    fn run(&mut self, tuning: &Tuning, record: Option<trial::OnExit>) -> Result<Vec<u8>, TrialError>;
}

impl Tuning {
    /// No step has been taken yet.
    pub fn new(wanted: Steps, fault: Option<Fault>) -> Self {
        Self {
            wanted,
            active: Steps::none(),
            skipped: Vec::new(),
            usage: None,
            is_recording: false,
            prefault: Prefault::default(),
            fault,
        }
    }

    /// No step at all.
    pub fn off() -> Self {
        Self::new(Steps::none(), None)
    }

    /// Whether a step is in effect.
    pub fn has(&self, step: Step) -> bool {
        self.active.has(step)
    }

    /// Takes all wanted steps, in a zygote whose children run programs. Announces each one before it begins.
    ///
    /// # Errors
    /// The step whose trial failed, and why. The zygote is of no use then.
    pub fn in_zygote(
        &mut self,
        trials: &mut dyn Trials,
        announce: impl Fn(Option<Step>),
    ) -> Result<(), (Step, String)> {
        for step in ZYGOTE_STEPS {
            if !self.wanted.has(step) {
                continue;
            }
            announce(Some(step));
            if let Some(fault) = &self.fault {
                fault.in_zygote(step);
            }
            let applied = self.apply(step, trials).map_err(|error| (step, error))?;
            if self.note(step, applied) {
                trials.run(self, None).map_err(|error| (step, error.to_string()))?;
            }
        }
        announce(None);
        Ok(())
    }

    /// Takes a step. The outer error is a failed trial, the inner one says why this machine does without the step.
    fn apply(&mut self, step: Step, trials: &mut dyn Trials) -> Result<Result<(), String>, String> {
        match step {
            Step::HugeCode => Ok(huge_pages::move_code()),
            Step::Prefault => {
                let usage = match self.usage(trials)? {
                    Ok(usage) => usage,
                    Err(reason) => return Ok(Err(reason)),
                };
                let prefault = Prefault::new(usage);
                Ok(prefault.map(|prefault| self.prefault = prefault))
            }
            // Children do these by themselves.
            Step::BatchThread | Step::OutputYield | Step::DelayedRefill => Ok(Ok(())),
        }
    }

    /// What a run uses, recorded by a trial when it is first asked for.
    fn usage(&mut self, trials: &mut dyn Trials) -> Result<Result<&Usage, String>, String> {
        if self.usage.is_none() {
            let recorder = match usage::Recorder::new(self.fault.as_ref()) {
                Ok(recorder) => recorder,
                Err(reason) => return Ok(Err(reason)),
            };
            let finish = recorder.finish();
            self.is_recording = true;
            let report = trials.run(self, Some(recorder.on_exit()));
            self.is_recording = false;
            let report = report.map_err(|error| error.to_string())?;
            self.usage = Some(finish.usage(&report));
        }
        Ok(self.usage.as_ref().ok_or_else(|| "a child did not record what it used".to_owned()))
    }

    /// Notes what became of a step. Whether it is in effect.
    fn note(&mut self, step: Step, applied: Result<(), String>) -> bool {
        match applied {
            Ok(()) => {
                self.active.insert(step);
                true
            }
            Err(reason) => {
                self.skipped.push((step, reason));
                false
            }
        }
    }

    /// Does a child's part, right after the fork. `number` counts the children from 1; a trial has none.
    pub fn in_child(&self, number: Option<u64>) {
        if let Some(fault) = &self.fault {
            fault.in_child(&self.active, number);
        }
        if self.has(Step::Prefault) {
            self.prefault.populate();
        }
    }

    /// A child is ready, and has not read its program.
    pub fn child_is_ready(&self, number: Option<u64>) {
        if let Some(fault) = &self.fault {
            fault.when_ready(&self.active, number);
        }
    }

    /// Whether a run uses more than a child has prefaulted, so that children run a small program of ours first.
    pub fn needs_warm_up(&self) -> bool {
        let is_prepared =
            self.has(Step::Prefault) && self.usage.as_ref().is_some_and(|usage| usage.is_complete);
        !self.is_recording && !is_prepared
    }

    /// What became of each step of a zygote.
    pub fn reports(&self) -> Vec<StepReport> {
        let state = |step: Step| {
            let skipped = self.skipped.iter().find(|(skipped, _)| *skipped == step);
            match skipped {
                _ if self.active.has(step) => StepState::Applied,
                Some((_, reason)) => StepState::Skipped { reason: reason.clone() },
                None => StepState::Off,
            }
        };
        ZYGOTE_STEPS.map(|step| StepReport { step, state: state(step) }).into()
    }
}
