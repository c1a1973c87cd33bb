//! Faults on purpose, so that tests see what a step that fails does to a server.
//!
//! The variable `MAYFLY_TUNING_FAULT` of the server names one: `prefault:zygote` kills the zygote as it takes that
//! step, `prefault:trial` its trial, `prefault:100` every child from the hundredth on before it is ready,
//! `prefault:100:ready` the same once it is ready, and `prefault:page` has a run write to a page that nobody can write to later.

use std::str::FromStr;

use crate::tuning::{Step, Steps};

/// A fault, and the step that it goes with. Without the step there is no fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    step: Step,
    point: Point,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Point {
    Zygote,
    Trial,
    Page,
    Child { from: u64 },
    Ready { from: u64 },
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let unknown = || format!("`{text}` names no fault");
        let (step, point) = text.split_once(':').ok_or_else(unknown)?;
        let step = Step::ALL.into_iter().find(|it| it.name() == step).ok_or_else(unknown)?;
        let number = |text: &str| text.parse::<u64>().map_err(|_| unknown());
        let point = match point {
            "zygote" => Point::Zygote,
            "trial" => Point::Trial,
            "page" => Point::Page,
            other => match other.split_once(':') {
                Some((from, "ready")) => Point::Ready { from: number(from)? },
                Some(_) => return Err(unknown()),
                None => Point::Child { from: number(other)? },
            },
        };
        Ok(Self { step, point })
    }
}

impl Fault {
    /// Dies, if a zygote is to die at this step.
    pub fn in_zygote(&self, step: Step) {
        if self.step == step && self.point == Point::Zygote {
            std::process::abort();
        }
    }

    /// Dies, if a child made with these steps is to die before it is ready.
    pub fn in_child(&self, active: &Steps, number: Option<u64>) {
        let dies = match (self.point, number) {
            (Point::Trial, None) => true,
            (Point::Child { from }, Some(number)) => number >= from,
            _ => false,
        };
        if dies && active.has(self.step) {
            std::process::abort();
        }
    }

    /// Dies, if a child made with these steps is to die once it is ready.
    pub fn when_ready(&self, active: &Steps, number: Option<u64>) {
        if let (Point::Ready { from }, Some(number)) = (self.point, number)
            && number >= from
            && active.has(self.step)
        {
            std::process::abort();
        }
    }

    /// Whether a run is to write to a page that is read-only later.
    pub fn has_unwritable_page(&self) -> bool {
        self.point == Point::Page
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_parse_with_their_point() {
        let fault = |text: &str| text.parse::<Fault>().unwrap();
        assert_eq!(fault("prefault:trial"), Fault { step: Step::Prefault, point: Point::Trial });
        assert_eq!(fault("huge_code:zygote").point, Point::Zygote);
        assert_eq!(fault("prefault:100").point, Point::Child { from: 100 });
        assert_eq!(fault("prefault:7:ready").point, Point::Ready { from: 7 });
        for text in ["", "prefault", "other:trial", "prefault:x", "prefault:1:x", "prefault:-1"] {
            assert!(text.parse::<Fault>().is_err(), "{text}");
        }
    }
}
