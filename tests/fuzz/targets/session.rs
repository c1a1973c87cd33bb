//! One connection: each line is a frame from the browser, or, after a `!`, something that happens in a run.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use futures_util::FutureExt as _;
use mayfly::limits::{FLOOR, Limits};
use mayfly::protocol::browser::{Outcome, PromptKind, RejectReason, RunReport, ServerMsg};
use mayfly::protocol::prompt::ANSWER_BYTES;
use mayfly::protocol::repl::EVALUATION_BYTES;
use mayfly::sandbox::{ClientKey, ForkMode, MemoryBound, Rejection, Run, RunEvent, RunEvents, SandboxHealth};
use mayfly::session::{OpenRun, Rules, Runs, Session, lost_run};
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::sync::mpsc;

const RULES: Rules = Rules {
    limits: Limits {
        wall_ms: 10_000,
        prompt_ms: 120_000,
        cpu_ms: 5_000,
        heap_bytes: 64 << 20,
        buffer_bytes: 64 << 20,
        process_bytes: 256 << 20,
        output_bytes: 1 << 20,
        console_events: 10_000,
    },
    source_bytes: 64,
    files: 2,
    message_bytes: 4_096,
    open_runs: 3,
    remembered_runs: 2,
    paused_ms: 1_000,
};

#[derive(Default)]
struct Script {
    is_busy: Mutex<bool>,
    started: Mutex<Vec<Option<mpsc::Sender<RunEvent>>>>,
    stops: AtomicUsize,
    answers: AtomicUsize,
    open: Arc<AtomicUsize>,
}

struct Handle(Arc<Script>);

impl OpenRun for Handle {
    fn stop(&self) {
        self.0.stops.fetch_add(1, Relaxed);
    }

    fn answer(&self, _: u32, value: Option<String>) {
        assert!(value.is_none_or(|value| value.len() <= ANSWER_BYTES));
        self.0.answers.fetch_add(1, Relaxed);
    }

    fn evaluate(&self, _: u32, source: String) {
        assert!(source.len() <= EVALUATION_BYTES);
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Relaxed);
    }
}

struct Scripted(Arc<Script>);

impl Runs for Scripted {
    fn start(&self, run: Run) -> Result<(Box<dyn OpenRun>, RunEvents), Rejection> {
        if *self.0.is_busy.lock().expect("nobody panics with it") {
            let message = "No place.".to_owned();
            return Err(Rejection { reason: RejectReason::Busy, message, retry_after_ms: Some(1_000) });
        }
        check(&run);
        let (sender, events) = mpsc::channel(4);
        self.0.started.lock().expect("nobody panics with it").push(Some(sender));
        self.0.open.fetch_add(1, Relaxed);
        Ok((Box::new(Handle(self.0.clone())), events))
    }

    fn health(&self) -> SandboxHealth {
        SandboxHealth {
            ok: true,
            fork: ForkMode::Warm,
            warm_children: 0,
            open_runs: 0,
            queued_runs: 0,
            asking_runs: 0,
            confinement: Vec::new(),
            notes: Vec::new(),
            engine: "V8".to_owned(),
            tuning: Vec::new(),
            zygotes_lost: 0,
            memory: MemoryBound::new(1, 0, 1, 1),
        }
    }
}

/// What is accepted is within the rules.
fn check(run: &Run) {
    let bytes: usize = run.program.files.iter().map(|file| file.content.len()).sum();
    assert!(bytes as u64 <= RULES.source_bytes);
    assert!((1..=RULES.files as usize).contains(&run.program.files.len()));
    assert!(run.program.entry < run.program.files.len());
    assert!(run.stdin.iter().map(|line| line.len() as u64 + 1).sum::<u64>() <= RULES.source_bytes);
    assert!(run.is_attended);
    assert!(run.input.as_ref().is_none_or(|input| input.get().len() as u64 <= RULES.source_bytes));
    let figures = |limits: Limits| {
        let Limits {
            wall_ms,
            prompt_ms,
            cpu_ms,
            heap_bytes,
            buffer_bytes,
            process_bytes,
            output_bytes,
            console_events,
        } = limits;
        [wall_ms, prompt_ms, cpu_ms, heap_bytes, buffer_bytes, process_bytes, output_bytes, console_events]
    };
    let bounds = figures(FLOOR).into_iter().zip(figures(RULES.limits));
    for (figure, (least, most)) in figures(run.limits).into_iter().zip(bounds) {
        assert!((least..=most).contains(&figure), "{:?}", run.limits);
    }
}

pub fn target(data: &[u8]) {
    let script = Arc::new(Script::default());
    let client = ClientKey::of(Ipv4Addr::LOCALHOST.into());
    let mut session = Session::new(Arc::new(Scripted(script.clone())), Arc::new(RULES), client);
    let (mut finished, mut said) = (0, 0);
    for line in data.split(|byte| *byte == b'\n') {
        match line {
            [b'!', run, what, ..] => happen(&script, *run, *what),
            _ => {
                let Ok(text) = str::from_utf8(line) else { continue };
                let acted = |script: &Script| {
                    started(script) + script.stops.load(Relaxed) + script.answers.load(Relaxed)
                };
                let before = acted(&script);
                let answer = session.receive(text);
                if let Some(answer) = &answer {
                    is_rejection(answer);
                }
                let actions = acted(&script) - before;
                assert_eq!(usize::from(answer.is_some()) + actions, 1, "one answer or one action");
            }
        }
        assert!(script.open.load(Relaxed) <= RULES.open_runs as usize);
        // A session is asked now and then, as one with a slow reader is.
        if line.len() % 2 == 0 {
            count(session.next().now_or_never(), &mut finished, &mut said);
        }
    }
    let open = script.open.load(Relaxed);
    assert_eq!(finished + open, started(&script), "one finish for each run that was accepted");
    // Every run whose events end is finished, and then the session is silent.
    script.started.lock().expect("nobody panics with it").fill(None);
    while let message @ Some(_) = session.next().now_or_never() {
        count(message, &mut finished, &mut said);
    }
    assert_eq!(finished, started(&script), "one finish for each run that was accepted");
    assert_eq!(script.open.load(Relaxed), 0);
}

fn started(script: &Script) -> usize {
    script.started.lock().expect("nobody panics with it").len()
}

fn happen(script: &Script, run: u8, what: u8) {
    if what == b'b' {
        let mut is_busy = script.is_busy.lock().expect("nobody panics with it");
        *is_busy = !*is_busy;
        return;
    }
    let mut started = script.started.lock().expect("nobody panics with it");
    let Some(place) = started.get_mut(usize::from(run.wrapping_sub(b'0'))) else { return };
    let Some(sender) = place else { return };
    let event = match what {
        b'q' => RunEvent::Queued { position: u32::from(run) },
        b's' => RunEvent::Started,
        b'c' => RunEvent::Console {
            seq: 0,
            count: 1,
            events: RawValue::from_string("[{}]".to_owned()).expect("JSON"),
        },
        b'p' => RunEvent::Prompt {
            prompt_id: 1,
            kind: PromptKind::Prompt,
            message: "?".to_owned(),
            default: None,
        },
        b'e' => {
            let value = RawValue::from_string("{}".to_owned()).expect("JSON");
            RunEvent::Evaluated { evaluation_id: 1, value: Some(value), error: None }
        }
        b'f' => {
            let report = RunReport { outcome: Outcome::Completed, error: None, ..lost_run(RULES.limits) };
            RunEvent::Finished(Box::new(report))
        }
        _ => {
            *place = None;
            return;
        }
    };
    // A full channel is the sandbox's to wait for.
    let _ = sender.try_send(event);
}

fn is_rejection(message: &ServerMsg) {
    assert!(matches!(message, ServerMsg::Rejected { .. }), "{message:?}");
    let json: Value = serde_json::from_str(&text_of(message)).expect("JSON");
    assert!(json["message"].as_str().is_some_and(|text| !text.is_empty() && text.len() <= 500), "{json}");
}

fn count(message: Option<ServerMsg>, finished: &mut usize, said: &mut usize) {
    let Some(message) = message else { return };
    text_of(&message);
    *said += 1;
    if matches!(message, ServerMsg::Finished { .. }) {
        *finished += 1;
    }
}

fn text_of(message: &ServerMsg) -> String {
    serde_json::to_string(message).expect("a message can be written")
}
