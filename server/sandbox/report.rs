//! How a run's end is told: from what was seen of it to an outcome and a sentence a person understands.

use std::time::Duration;

use super::process::End;
use crate::limits::Limits;
use crate::protocol::browser::{Dropped, Outcome, RunError, RunReport, Usage};
use crate::protocol::runner::{
    EXIT_CPU_EXCEEDED, EXIT_OUT_OF_MEMORY, EXIT_STOPPED, EXIT_TOO_DEEP, Ending, FinishedSpec,
};
use crate::protocol::value::StackFrame;

/// Why the server itself ended a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Somebody asked for it.
    Stopped,
    /// `wall_ms` is over.
    TimedOut,
    /// `prompt_ms` is over.
    Unanswered,
    /// More output came than the runner should have sent.
    OutputExceeded,
    /// The runner said something that it may not say.
    Broken,
    /// There was no process for it.
    NotStarted,
    /// Its program has ended, and it stays no longer.
    Released,
    /// It asked something, and there was no place among the runs that do.
    Displaced(Crowd),
}

/// Which runs with open questions were as many as may be, and how many that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crowd {
    /// Those of the run's client.
    Client(usize),
    /// Those of all, of which the run's client or network had the most.
    All(usize),
}

/// All that is known of a run that has ended.
pub struct Seen {
    /// What it was allowed.
    pub limits: Limits,
    /// Why the server ended it, if it did.
    pub cause: Option<Cause>,
    /// How its program has ended, where it stayed after that.
    pub ended: Option<Box<RunReport>>,
    /// The runner's last word.
    pub finished: Option<FinishedSpec>,
    /// How the process ended, where it ended without a word.
    pub end: Option<End>,
    /// From start to end, without `waited`.
    pub wall: Duration,
    /// While a question was open.
    pub waited: Duration,
    /// Output that was passed on.
    pub output_bytes: u64,
    /// Console events that were passed on.
    pub console_events: u64,
    /// Output that the server itself did not pass on.
    pub dropped: Dropped,
}

/// The report of a run.
pub fn report(mut seen: Seen) -> RunReport {
    // Whoever lets a run go that only stayed changes nothing about how its program has ended.
    let is_let_go = matches!(seen.cause, Some(Cause::Stopped | Cause::Released));
    let ended = seen.ended.take().filter(|_| is_let_go);
    let report = of_run(seen);
    match ended {
        Some(ended) => RunReport { usage: report.usage, dropped: report.dropped, ..*ended },
        None => report,
    }
}

fn of_run(seen: Seen) -> RunReport {
    let outcome = outcome(&seen);
    // A program that could not be asked where it was is not known to have waited.
    let answered = seen.finished.is_some();
    let is_too_deep = seen.cause.is_none() && !answered && is_too_deep(seen.end);
    let Seen { limits, cause, ended: _, finished, end, wall, waited, output_bytes, console_events, dropped } =
        seen;
    let [wall_ms, prompt_ms] = [wall, waited].map(|it| u64::try_from(it.as_millis()).unwrap_or(u64::MAX));
    let mut usage = Usage { wall_ms, prompt_ms, output_bytes, console_events, limits, ..Usage::default() };
    let mut dropped = dropped;
    let (mut value, mut returned, mut error, mut stopped_at) = (None, None, None, None);
    if let Some(finished) = finished {
        let FinishedSpec {
            ending: _,
            value: its_value,
            returned: its_returned,
            error: its_error,
            stopped_at: its_place,
            cpu_ms,
            heap_bytes,
            buffer_bytes,
            process_bytes,
            compiled_us: _,
            dropped: its_dropped,
        } = finished;
        (value, returned, error, stopped_at) = (its_value, its_returned, its_error, its_place);
        usage.cpu_ms = cpu_ms;
        usage.heap_bytes = heap_bytes;
        usage.buffer_bytes = buffer_bytes;
        usage.process_bytes = process_bytes;
        dropped.events = dropped.events.saturating_add(its_dropped.events);
        dropped.bytes = dropped.bytes.saturating_add(its_dropped.bytes);
    } else if let Some(end) = end {
        usage.cpu_ms = end.cpu_ms;
        usage.process_bytes = end.process_bytes;
    }
    if outcome == Outcome::Completed {
        error = None;
    } else {
        (value, returned) = (None, None);
        if cause == Some(Cause::NotStarted) {
            error = Some(not_started());
        } else if is_too_deep {
            error = Some(too_deep());
        } else if cause == Some(Cause::Unanswered) {
            error = Some(unanswered(&limits, stopped_at.as_ref()));
        } else if let Some(Cause::Displaced(crowd)) = cause {
            error = Some(displaced(crowd, stopped_at.as_ref()));
        } else if outcome != Outcome::Failed {
            error = Some(limit_error(outcome, &limits, error, stopped_at.as_ref(), answered));
        }
    }
    RunReport { outcome, value, returned, error, stopped_at, usage, dropped }
}

fn outcome(seen: &Seen) -> Outcome {
    match seen.cause {
        Some(Cause::TimedOut | Cause::Unanswered) => return Outcome::TimedOut,
        Some(Cause::Stopped | Cause::Released | Cause::Displaced(_)) => return Outcome::Stopped,
        Some(Cause::OutputExceeded) => return Outcome::OutputExceeded,
        Some(Cause::Broken | Cause::NotStarted) => return Outcome::Crashed,
        None => {}
    }
    if let Some(finished) = &seen.finished {
        return match finished.ending {
            Ending::Completed => Outcome::Completed,
            Ending::Failed if finished.error.is_some() => Outcome::Failed,
            Ending::CpuExceeded => Outcome::CpuExceeded,
            Ending::MemoryExceeded => Outcome::MemoryExceeded,
            Ending::OutputExceeded => Outcome::OutputExceeded,
            // A failure without an error, or a stop that nobody asked for, is not a runner's to report.
            Ending::Failed | Ending::Stopped => Outcome::Crashed,
        };
    }
    match seen.end {
        Some(End { status: Some(EXIT_OUT_OF_MEMORY), .. }) => Outcome::MemoryExceeded,
        Some(End { status: Some(EXIT_CPU_EXCEEDED), .. }) => Outcome::CpuExceeded,
        end if is_too_deep(end) => Outcome::Failed,
        // Without a cause of ours the runner ended this by itself, and output is what it was stuck on.
        Some(End { status: Some(EXIT_STOPPED), .. }) => Outcome::OutputExceeded,
        Some(End { signal: Some(libc::SIGXCPU), .. }) => Outcome::CpuExceeded,
        // V8 ends itself by a trap when it runs out of memory where it has nobody to tell.
        Some(End { signal: Some(libc::SIGTRAP | libc::SIGILL | libc::SIGABRT), process_bytes, .. })
            if process_bytes > seen.limits.process_bytes =>
        {
            Outcome::MemoryExceeded
        }
        // SIGKILL that is not ours: the kernel's, for CPU time or for memory.
        Some(End { signal: Some(libc::SIGKILL), cpu_ms, process_bytes, .. }) => {
            if cpu_ms >= seen.limits.cpu_ms {
                Outcome::CpuExceeded
            } else if process_bytes >= seen.limits.process_bytes / 2 {
                Outcome::MemoryExceeded
            } else {
                Outcome::Crashed
            }
        }
        _ => Outcome::Crashed,
    }
}

/// Whether a process ended since its program nests too deeply to be read.
fn is_too_deep(end: Option<End>) -> bool {
    end.is_some_and(|end| end.status == Some(EXIT_TOO_DEEP))
}

fn too_deep() -> RunError {
    let message = "The program nests too deeply to be read: too much stands inside something else, or in one chain of \
                   operators. None of it has run. Take it apart, for instance into functions or shorter sums.";
    RunError::new("SyntaxError", message)
}

fn not_started() -> RunError {
    let message = "The server could not start a process for the program, so none of it has run. Try again in a \
                   moment; if that does not help, whoever runs this site can find more in the server's log.";
    RunError::new("NotStarted", message)
}

fn unanswered(limits: &Limits, stopped_at: Option<&StackFrame>) -> RunError {
    let message = format!(
        "Stopped{}: it waited for an answer too long. A run may wait {} in all for people to answer its questions.",
        place(stopped_at),
        seconds(limits.prompt_ms)
    );
    RunError { stack: stopped_at.cloned().into_iter().collect(), ..RunError::new("PromptLimit", message) }
}

fn displaced(crowd: Crowd, stopped_at: Option<&StackFrame>) -> RunError {
    let place = place(stopped_at);
    let message = match crowd {
        Crowd::Client(bound) => format!(
            "Stopped{place}: it asked something, and {bound} programs from your address have a question open, as many as \
             may. Answer or stop one of them, then run it again."
        ),
        Crowd::All(bound) => format!(
            "Stopped{place}: it asked something, and {bound} programs here have a question open, as many as may. Your \
             address or network had the most of them, so its last one was stopped. Try again in a moment."
        ),
    };
    RunError {
        stack: stopped_at.cloned().into_iter().collect(),
        ..RunError::new("TooManyQuestions", message)
    }
}

fn limit_error(
    outcome: Outcome,
    limits: &Limits,
    thrown: Option<RunError>,
    stopped_at: Option<&StackFrame>,
    answered: bool,
) -> RunError {
    let waited = answered && stopped_at.is_none();
    let place = place(stopped_at);
    let thrown_stack = thrown.as_ref().map(|error| error.stack.clone()).unwrap_or_default();
    let (name, message) = match outcome {
        Outcome::TimedOut => (
            "TimeLimit",
            format!(
                "Stopped after {}{place}. A run may take {0} from start to end.",
                seconds(limits.wall_ms),
                place = if waited { ", while it waited".to_owned() } else { place },
            ),
        ),
        Outcome::CpuExceeded => (
            "CpuLimit",
            format!(
                "Stopped after {} of computing{place}. Is there a loop that does not end?",
                seconds(limits.cpu_ms)
            ),
        ),
        Outcome::MemoryExceeded => ("MemoryLimit", memory_message(limits, thrown, &place)),
        Outcome::OutputExceeded => (
            "OutputLimit",
            format!(
                "Stopped{place}: the output became more than a run may write, which is {} or {} console events.",
                size(limits.output_bytes),
                limits.console_events
            ),
        ),
        Outcome::Stopped => ("Stopped", format!("Stopped{place}.")),
        Outcome::Completed | Outcome::Failed | Outcome::Crashed => (
            "Crashed",
            "The process that ran the program died for a reason of its own. Running it again may help; \
             if it does not, whoever runs this site can find more in the server's log."
                .to_owned(),
        ),
    };
    let stack =
        if thrown_stack.is_empty() { stopped_at.cloned().into_iter().collect() } else { thrown_stack };
    RunError { stack, ..RunError::new(name, message) }
}

fn memory_message(limits: &Limits, thrown: Option<RunError>, place: &str) -> String {
    match thrown {
        Some(thrown) => {
            let line = thrown.stack.first().map(|frame| format!(" at {}", line(frame))).unwrap_or_default();
            format!(
                "The program asked for a buffer{line} that is more than a run may hold: \
                 {} in ArrayBuffers and WebAssembly memory together.",
                size(limits.buffer_bytes)
            )
        }
        None => format!(
            "Stopped{place}: the program needed more memory than a run may use, which is {} for values and {} \
             for buffers. Does something grow without end, or is it made far larger than needed?",
            size(limits.heap_bytes),
            size(limits.buffer_bytes)
        ),
    }
}

/// `, in `name` at line 7`, or nothing.
fn place(frame: Option<&StackFrame>) -> String {
    match frame {
        None => String::new(),
        Some(frame) if frame.function.is_empty() => format!(", at {}", line(frame)),
        Some(frame) => format!(", in `{}` at {}", frame.function, line(frame)),
    }
}

/// `line 7`, or `line 7 of lib/a.ts`.
fn line(frame: &StackFrame) -> String {
    match &frame.file {
        None => format!("line {}", frame.line),
        Some(file) => format!("line {} of {file}", frame.line),
    }
}

fn seconds(ms: u64) -> String {
    if ms.is_multiple_of(1000) { format!("{} s", ms / 1000) } else { format!("{ms} ms") }
}

fn size(bytes: u64) -> String {
    for (unit, shift) in [("GiB", 30), ("MiB", 20), ("KiB", 10)] {
        if bytes >= 1 << shift && bytes.trailing_zeros() >= shift {
            return format!("{} {unit}", bytes >> shift);
        }
    }
    format!("{bytes} bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen() -> Seen {
        Seen {
            limits: Limits::default(),
            cause: None,
            ended: None,
            finished: None,
            end: None,
            wall: Duration::from_millis(12),
            waited: Duration::ZERO,
            output_bytes: 3,
            console_events: 1,
            dropped: Dropped::default(),
        }
    }

    fn finished(ending: Ending) -> FinishedSpec {
        FinishedSpec {
            ending,
            value: None,
            returned: None,
            error: None,
            stopped_at: Some(StackFrame {
                function: "loop".into(),
                line: 7,
                column: 3,
                ..StackFrame::default()
            }),
            cpu_ms: 1,
            heap_bytes: 2,
            buffer_bytes: 3,
            process_bytes: 4,
            compiled_us: 0,
            dropped: Dropped { events: 1, bytes: u64::MAX },
        }
    }

    #[test]
    fn a_limit_says_how_long_where_and_what_to_do() {
        let report = report(Seen {
            cause: Some(Cause::TimedOut),
            finished: Some(finished(Ending::Stopped)),
            ..seen()
        });
        assert_eq!(report.outcome, Outcome::TimedOut);
        let error = report.error.unwrap();
        assert_eq!(error.name, "TimeLimit");
        assert!(error.message.starts_with("Stopped after 10 s, in `loop` at line 7. "), "{}", error.message);
        assert_eq!(report.stopped_at.unwrap().line, 7);
    }

    #[test]
    fn a_program_that_nests_too_deeply_has_failed() {
        let end = Some(End { status: Some(EXIT_TOO_DEEP), ..End::default() });
        let error = report(Seen { end, ..seen() }).error.unwrap();
        assert_eq!(error.name, "SyntaxError");
        assert!(error.message.contains("nests too deeply"), "{}", error.message);
    }

    #[test]
    fn a_place_names_its_file() {
        let mut finished = finished(Ending::Stopped);
        finished.stopped_at.as_mut().unwrap().file = Some("lib/a.ts".into());
        let report = report(Seen { cause: Some(Cause::Stopped), finished: Some(finished), ..seen() });
        assert_eq!(report.error.unwrap().message, "Stopped, in `loop` at line 7 of lib/a.ts.");
    }

    #[test]
    fn a_question_that_nobody_answered_is_told_from_a_slow_program() {
        let report = report(Seen {
            cause: Some(Cause::Unanswered),
            finished: Some(finished(Ending::Stopped)),
            waited: Duration::from_secs(120),
            ..seen()
        });
        assert_eq!((report.outcome, report.usage.prompt_ms), (Outcome::TimedOut, 120_000));
        let error = report.error.unwrap();
        assert_eq!((error.name.as_str(), error.stack.len()), ("PromptLimit", 1));
        assert!(error.message.starts_with("Stopped, in `loop` at line 7: it waited"), "{}", error.message);
        assert!(error.message.contains("may wait 120 s in all"), "{}", error.message);
    }

    #[test]
    fn a_run_without_a_place_to_ask_is_told_why() {
        for (crowd, words) in
            [(Crowd::Client(16), "16 programs from your address"), (Crowd::All(128), "128 programs here")]
        {
            let cause = Some(Cause::Displaced(crowd));
            let report = report(Seen { cause, finished: Some(finished(Ending::Stopped)), ..seen() });
            let error = report.error.unwrap();
            assert_eq!((report.outcome, error.name.as_str()), (Outcome::Stopped, "TooManyQuestions"));
            assert!(
                error.message.starts_with("Stopped, in `loop` at line 7: ") && error.message.contains(words)
            );
        }
    }

    #[test]
    fn the_servers_own_reason_counts_more_than_the_runners_word() {
        let finished = Some(finished(Ending::Completed));
        assert_eq!(
            report(Seen { cause: Some(Cause::Stopped), finished, ..seen() }).outcome,
            Outcome::Stopped
        );
    }

    #[test]
    fn a_run_without_a_process_is_not_said_to_have_died() {
        let report = report(Seen { cause: Some(Cause::NotStarted), ..seen() });
        assert_eq!(report.outcome, Outcome::Crashed);
        let error = report.error.unwrap();
        assert_eq!(error.name, "NotStarted");
        assert!(error.message.contains("none of it has run"), "{}", error.message);
    }

    #[test]
    fn what_a_runner_may_not_report_is_a_crash() {
        for ending in [Ending::Stopped, Ending::Failed] {
            assert_eq!(report(Seen { finished: Some(finished(ending)), ..seen() }).outcome, Outcome::Crashed);
        }
    }

    #[test]
    fn a_process_that_ended_without_a_word_is_told_by_how_it_ended() {
        let status = |status| End { status: Some(status), ..End::default() };
        let killed =
            |cpu_ms, process_bytes| End { signal: Some(libc::SIGKILL), cpu_ms, process_bytes, status: None };
        for (end, expected) in [
            (status(EXIT_OUT_OF_MEMORY), Outcome::MemoryExceeded),
            (status(EXIT_CPU_EXCEEDED), Outcome::CpuExceeded),
            (status(EXIT_TOO_DEEP), Outcome::Failed),
            (status(0), Outcome::Crashed),
            (killed(6_000, 0), Outcome::CpuExceeded),
            (killed(0, 256 << 20), Outcome::MemoryExceeded),
            (killed(0, 0), Outcome::Crashed),
            (End { signal: Some(libc::SIGSEGV), ..End::default() }, Outcome::Crashed),
            (End { signal: Some(libc::SIGTRAP), ..End::default() }, Outcome::Crashed),
            (
                End { signal: Some(libc::SIGTRAP), process_bytes: 300 << 20, ..End::default() },
                Outcome::MemoryExceeded,
            ),
        ] {
            assert_eq!(report(Seen { end: Some(end), ..seen() }).outcome, expected, "{end:?}");
        }
        assert_eq!(report(seen()).outcome, Outcome::Crashed);
    }

    #[test]
    fn sizes_and_times_read_well() {
        assert_eq!(size(64 << 20), "64 MiB");
        assert_eq!(size(1000), "1000 bytes");
        assert_eq!(seconds(10_000), "10 s");
        assert_eq!(seconds(1500), "1500 ms");
    }

    #[test]
    fn figures_from_a_liar_do_not_overflow() {
        let dropped = Dropped { events: u64::MAX, bytes: 1 };
        let report = report(Seen { finished: Some(finished(Ending::Completed)), dropped, ..seen() });
        assert_eq!(report.dropped, Dropped { events: u64::MAX, bytes: u64::MAX });
    }
}
