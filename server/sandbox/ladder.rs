//! How processes for runs are made: the fastest way that works here. A way that fails is left for a slower one.
//!
//! The rungs are: warm with all wanted steps, warm without the steps that failed, warm without any, cold. Going down is for good, until
//! the server starts again.

use std::collections::BTreeMap;

use super::process::End;
use crate::tuning::{Step, StepReport, StepState, Steps};

/// After so many processes in a row that died before they had read a program, the rung is left.
const FAILURES_IN_A_ROW: u32 = 3;

/// The state of the ladder.
#[derive(Debug)]
pub struct Ladder {
    wanted: Steps,
    is_cold: bool,
    /// The steps that failed, and why.
    dropped: BTreeMap<Step, String>,
    /// Why runs start cold, if they do though they need not.
    cold_reason: Option<String>,
    /// Processes in a row that died before they had read a program.
    failures: u32,
    /// A zygote of this rung has become ready.
    has_worked: bool,
    /// Counts the rungs that were left.
    rung: u64,
}

/// What the death of a process means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing: the way in which it was made does not cause such a death, or is not in use any more.
    Ignored,
    /// The rung may be at fault; not enough processes have died to say so.
    Counted,
    /// The rung was left. What was made on it has to go.
    RungLeft,
    /// There is no rung below.
    Bottom,
}

/// How to make processes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Which rung this is.
    pub rung: u64,
    /// Start V8 in each process.
    pub is_cold: bool,
    /// The steps to take.
    pub steps: Steps,
}

impl Ladder {
    /// Begins with all the steps that are wanted; or at the bottom.
    pub fn new(wanted: Steps, is_cold: bool) -> Self {
        Self {
            wanted,
            is_cold,
            dropped: BTreeMap::new(),
            cold_reason: None,
            failures: 0,
            has_worked: false,
            rung: 0,
        }
    }

    /// Which rung processes are made on now.
    pub fn rung(&self) -> u64 {
        self.rung
    }

    /// How to make processes now.
    pub fn plan(&self) -> Plan {
        let mut steps = if self.is_cold { Steps::none() } else { self.wanted.clone() };
        for step in self.dropped.keys() {
            steps.remove(*step);
        }
        Plan { rung: self.rung, is_cold: self.is_cold, steps }
    }

    /// A zygote did not become ready. Whether there is another rung to try at once.
    pub fn zygote_failed(&mut self, step: Option<Step>, reason: &str) -> bool {
        match step {
            Some(step) if self.plan().steps.has(step) => {
                tracing::warn!(step = step.name(), reason, "a tuning step is left out");
                self.dropped.insert(step, reason.to_owned());
                self.rung += 1;
                true
            }
            // A zygote of this rung has been ready before, so this one failed for a reason of the moment.
            _ if self.has_worked => false,
            _ => self.descend(reason),
        }
    }

    /// A zygote is ready.
    pub fn zygote_ready(&mut self) {
        self.has_worked = true;
    }

    /// A process that was made on that rung exited before it had read a program.
    pub fn process_failed(&mut self, exit: &End, rung: u64) -> Verdict {
        // Other signals come from outside (an operator, or a kernel that is out of memory), and a process that exits by itself
        // lacks something that no rung gives it.
        let is_fault = matches!(
            exit.signal,
            Some(
                libc::SIGSEGV
                    | libc::SIGBUS
                    | libc::SIGILL
                    | libc::SIGFPE
                    | libc::SIGABRT
                    | libc::SIGTRAP
                    | libc::SIGSYS
            )
        );
        if !is_fault || rung != self.rung {
            return Verdict::Ignored;
        }
        self.failures += 1;
        if self.failures < FAILURES_IN_A_ROW {
            return Verdict::Counted;
        }
        self.failures = 0;
        let reason = format!(
            "{FAILURES_IN_A_ROW} processes in a row died before they had read a program, the last one {exit}"
        );
        if self.descend(&reason) { Verdict::RungLeft } else { Verdict::Bottom }
    }

    /// A process has read its program.
    pub fn process_worked(&mut self) {
        self.failures = 0;
    }

    /// Leaves all steps, or the warm fork. Whether there was something to leave.
    fn descend(&mut self, reason: &str) -> bool {
        let Plan { is_cold, steps, .. } = self.plan();
        if is_cold {
            return false;
        }
        self.has_worked = false;
        self.rung += 1;
        let mut has_zygote_steps = false;
        for step in Step::ALL.into_iter().filter(|step| steps.has(*step) && *step != Step::DelayedRefill) {
            self.dropped.insert(step, reason.to_owned());
            has_zygote_steps = true;
        }
        if has_zygote_steps {
            tracing::warn!(reason, "all tuning steps are left out");
        } else {
            tracing::warn!(reason, "runs start cold");
            self.is_cold = true;
            self.cold_reason = Some(reason.to_owned());
        }
        true
    }

    /// Why runs start cold, if that was not asked for.
    pub fn cold_reason(&self) -> Option<&str> {
        self.cold_reason.as_deref()
    }

    /// What became of each step, with the reports of the zygote for those that it takes.
    pub fn reports(&self, zygote: &[StepReport]) -> Vec<StepReport> {
        let steps = self.plan().steps;
        let state = |step: Step| {
            if let Some(reason) = self.dropped.get(&step) {
                return StepState::Skipped { reason: reason.clone() };
            }
            match zygote.iter().find(|report| report.step == step) {
                Some(report) => report.state.clone(),
                None if steps.has(step) => StepState::Applied,
                None => StepState::Off,
            }
        };
        Step::ALL.into_iter().map(|step| StepReport { step, state: state(step) }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn killed(signal: i32) -> End {
        End { signal: Some(signal), ..End::default() }
    }

    fn ladder() -> Ladder {
        Ladder::new(Steps::all(), false)
    }

    #[test]
    fn step_that_fails_is_dropped_alone() {
        let mut ladder = ladder();
        assert!(ladder.zygote_failed(Some(Step::Prefault), "killed"));
        let mut steps = Steps::all();
        steps.remove(Step::Prefault);
        assert_eq!(ladder.plan(), Plan { rung: 1, is_cold: false, steps });
        let reports = ladder.reports(&[]);
        let prefault = reports.iter().find(|report| report.step == Step::Prefault).unwrap();
        assert_eq!(prefault.state, StepState::Skipped { reason: "killed".into() });
    }

    #[test]
    fn zygote_failure_descends_to_cold_and_ends() {
        let mut ladder = ladder();
        assert!(ladder.zygote_failed(None, "no memory"));
        assert!(!ladder.plan().is_cold && !ladder.plan().steps.has(Step::Prefault));
        assert!(ladder.zygote_failed(None, "no memory"));
        assert_eq!(ladder.plan(), Plan { rung: 2, is_cold: true, steps: Steps::none() });
        assert_eq!(ladder.cold_reason(), Some("no memory"));
        assert!(!ladder.zygote_failed(None, "no memory"), "there is no rung below");
    }

    #[test]
    fn rung_that_worked_survives_a_failed_zygote() {
        let mut ladder = ladder();
        ladder.zygote_ready();
        let before = ladder.plan();
        assert!(!ladder.zygote_failed(None, "no memory at the moment"));
        assert_eq!(ladder.plan(), before);
    }

    #[test]
    fn three_early_deaths_in_a_row_leave_the_rung() {
        let mut ladder = ladder();
        let faults = [killed(libc::SIGSEGV), killed(libc::SIGABRT)];
        for _ in 0..2 {
            for exit in &faults {
                assert_eq!(ladder.process_failed(exit, 0), Verdict::Counted);
            }
            ladder.process_worked();
        }
        for exit in &faults {
            assert_eq!(ladder.process_failed(exit, 0), Verdict::Counted);
        }
        assert_eq!(ladder.process_failed(&faults[0], 0), Verdict::RungLeft);
        assert!(!ladder.plan().steps.has(Step::Prefault) && !ladder.plan().is_cold);
        // Some more of those that were on their way.
        for _ in 0..8 {
            assert_eq!(ladder.process_failed(&faults[0], 0), Verdict::Ignored);
        }
        for verdict in [Verdict::Counted, Verdict::Counted, Verdict::RungLeft] {
            assert_eq!(ladder.process_failed(&faults[0], 1), verdict);
        }
        assert!(ladder.plan().is_cold);
        for verdict in [Verdict::Counted, Verdict::Counted, Verdict::Bottom] {
            assert_eq!(ladder.process_failed(&faults[0], 2), verdict);
        }
    }

    #[test]
    fn exits_that_no_rung_causes_do_not_count() {
        let mut ladder = ladder();
        let status = |status| End { status: Some(status), ..End::default() };
        for exit in [killed(libc::SIGKILL), killed(libc::SIGTERM), status(0), status(1), End::default()] {
            for _ in 0..5 {
                assert_eq!(ladder.process_failed(&exit, 0), Verdict::Ignored);
            }
        }
        assert_eq!(ladder.plan(), Plan { rung: 0, is_cold: false, steps: Steps::all() });
    }
}
