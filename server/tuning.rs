//! The steps that make runs faster and that no run needs: their names, which of them are wanted, and what became of each.
//!
//! What the steps do stands in `server/runner/tuning`. `docs/performance.md` has what each one gains and what it needs.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One step, named by what it does. The order is the order in which a zygote takes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The zygote's code is moved into huge pages.
    HugeCode,
    /// Each process gets its own copy of the pages that a run writes to, before its run.
    Prefault,
    /// The watchdog thread does not preempt others when it wakes.
    BatchThread,
    /// A program yields its processor when it has sent output.
    OutputYield,
    /// The pool forks a replacement when the run has settled, not when it starts.
    DelayedRefill,
}

impl Step {
    /// Every step.
    pub const ALL: [Self; 5] =
        [Self::HugeCode, Self::Prefault, Self::BatchThread, Self::OutputYield, Self::DelayedRefill];

    /// The name in settings, `/healthz`, metrics and the log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::HugeCode => "huge_code",
            Self::Prefault => "prefault",
            Self::BatchThread => "batch_thread",
            Self::OutputYield => "output_yield",
            Self::DelayedRefill => "delayed_refill",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A set of steps. Written as `auto` (all), `off` (none) or a list with commas.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Steps(BTreeSet<Step>);

impl Steps {
    /// All steps.
    pub fn all() -> Self {
        Self(Step::ALL.into())
    }

    /// No step.
    pub fn none() -> Self {
        Self::default()
    }

    /// Whether a step is in the set.
    pub fn has(&self, step: Step) -> bool {
        self.0.contains(&step)
    }

    /// Whether no step is in the set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a step.
    pub fn insert(&mut self, step: Step) {
        self.0.insert(step);
    }

    /// Takes a step out.
    pub fn remove(&mut self, step: Step) {
        self.0.remove(&step);
    }
}

impl FromStr for Steps {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim() {
            "auto" => return Ok(Self::all()),
            "off" => return Ok(Self::none()),
            _ => {}
        }
        let step = |name: &str| {
            Step::ALL.into_iter().find(|step| step.name() == name).ok_or_else(|| {
                let names = Step::ALL.map(Step::name).join(", ");
                format!(
                    "there is no step `{name}`. Write `auto`, `off`, or some of these with commas: {names}"
                )
            })
        };
        text.split(',').map(|name| step(name.trim())).collect::<Result<_, _>>().map(Self)
    }
}

/// What became of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepReport {
    /// Which step.
    pub step: Step,
    /// Its state, and why it is not applied.
    #[serde(flatten)]
    pub state: StepState,
}

/// Whether a step is in effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum StepState {
    /// It is in effect.
    Applied,
    /// The setting `sandbox.tuning` leaves it out, or runs start cold.
    Off,
    /// It was tried or probed, and this machine does without it.
    Skipped {
        /// Why, in words.
        reason: String,
    },
}

impl StepState {
    /// The state's name in metrics.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Off => "off",
            Self::Skipped { .. } => "skipped",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_parse_auto_off_and_lists() {
        assert_eq!("auto".parse(), Ok(Steps::all()));
        assert_eq!("off".parse(), Ok(Steps::none()));
        let some: Steps = "prefault, huge_code".parse().unwrap();
        let has: Vec<Step> = Step::ALL.into_iter().filter(|step| some.has(*step)).collect();
        assert_eq!(has, [Step::HugeCode, Step::Prefault]);
    }

    #[test]
    fn steps_unknown_name_lists_the_names() {
        for text in ["", "prefault,", "faster", "auto,off"] {
            let error = text.parse::<Steps>().unwrap_err();
            assert!(error.contains("prefault, batch_thread"), "{error}");
        }
    }

    #[test]
    fn step_names_are_those_on_the_wire() {
        for step in Step::ALL {
            assert_eq!(serde_json::to_string(&step).unwrap(), format!("\"{}\"", step.name()));
        }
    }
}
