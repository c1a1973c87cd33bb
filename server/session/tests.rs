use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::FutureExt;
use proptest::prelude::*;
use serde_json::value::RawValue;
use tokio::sync::mpsc;

use super::*;
use crate::protocol::browser::PromptKind;
use crate::sandbox::{ForkMode, MemoryBound};

/// Runs that do what a test tells them.
#[derive(Default)]
struct Fake {
    started: Mutex<Vec<(Run, mpsc::Sender<RunEvent>)>>,
    stopped: Arc<AtomicUsize>,
    dropped: Arc<AtomicUsize>,
    answered: Answers,
    evaluated: Evaluated,
    busy: bool,
}

/// Answers that runs were given, with the question's number.
type Answers = Arc<Mutex<Vec<(u32, Option<String>)>>>;

/// What runs were asked to evaluate, with its number.
type Evaluated = Arc<Mutex<Vec<(u32, String)>>>;

struct FakeRun(Arc<AtomicUsize>, Arc<AtomicUsize>, Answers, Evaluated);

impl OpenRun for FakeRun {
    fn stop(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn answer(&self, prompt_id: u32, value: Option<String>) {
        self.2.lock().expect("no test panics with it").push((prompt_id, value));
    }

    fn evaluate(&self, evaluation_id: u32, source: String) {
        self.3.lock().expect("no test panics with it").push((evaluation_id, source));
    }
}

impl Drop for FakeRun {
    fn drop(&mut self) {
        self.1.fetch_add(1, Ordering::Relaxed);
    }
}

impl Runs for Fake {
    fn start(&self, run: Run) -> Result<(Box<dyn OpenRun>, RunEvents), Rejection> {
        if self.busy {
            return Err(Rejection {
                reason: RejectReason::Busy,
                message: "full".into(),
                retry_after_ms: Some(500),
            });
        }
        let (sender, events) = mpsc::channel(8);
        self.started.lock().expect("no test panics with it").push((run, sender));
        let (stopped, dropped) = (self.stopped.clone(), self.dropped.clone());
        let run = FakeRun(stopped, dropped, self.answered.clone(), self.evaluated.clone());
        Ok((Box::new(run), events))
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
            tuning: Vec::new(),
            engine: "V8 1.2.3".into(),
            zygotes_lost: 0,
            memory: MemoryBound::new(1, 0, 1, 1),
        }
    }
}

fn rules() -> Rules {
    Rules {
        limits: Limits::default(),
        source_bytes: 100,
        files: 3,
        message_bytes: 1_000,
        open_runs: 2,
        remembered_runs: 2,
        paused_ms: 60_000,
    }
}

fn session(fake: &Arc<Fake>) -> Session {
    Session::new(fake.clone(), Arc::new(rules()), ClientKey::of([192, 0, 2, 1].into()))
}

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn run(n: u128) -> String {
    format!(r#"{{"type":"run","run_id":"{}","source":"1"}}"#, id(n))
}

fn reason(message: Option<ServerMsg>) -> (Option<Uuid>, RejectReason) {
    match message {
        Some(ServerMsg::Rejected { run_id, reason, message, .. }) => {
            assert!(message.ends_with('.') || reason == RejectReason::Busy, "a sentence: {message}");
            (run_id, reason)
        }
        other => panic!("expected a rejection, got {other:?}"),
    }
}

fn send(fake: &Fake, at: usize, event: RunEvent) {
    fake.started.lock().expect("no test panics with it")[at].1.try_send(event).expect("there is room");
}

fn next(session: &mut Session) -> Option<ServerMsg> {
    session.next().now_or_never()
}

fn finished() -> RunEvent {
    RunEvent::Finished(Box::new(RunReport {
        outcome: Outcome::Completed,
        error: None,
        ..lost_run(Limits::default())
    }))
}

#[test]
fn a_run_goes_from_start_to_its_one_finish() {
    let fake = Arc::new(Fake::default());
    let mut session = session(&fake);
    assert!(session.receive(&run(1)).is_none());
    assert!(next(&mut session).is_none(), "nothing has happened");
    send(&fake, 0, RunEvent::Queued { position: 1 });
    send(&fake, 0, RunEvent::Started);
    let events = RawValue::from_string("[ {}]".into()).expect("JSON");
    send(&fake, 0, RunEvent::Console { seq: 0, count: 1, events });
    send(&fake, 0, finished());
    assert!(matches!(next(&mut session), Some(ServerMsg::Queued { position: 1, .. })));
    assert!(matches!(next(&mut session), Some(ServerMsg::Started { .. })));
    let Some(console @ ServerMsg::Console { .. }) = next(&mut session) else { panic!("console") };
    let text = serde_json::to_string(&console).expect("JSON");
    assert!(text.ends_with(r#""seq":0,"events":[ {}]}"#), "passed on as it came: {text}");
    assert!(matches!(next(&mut session), Some(ServerMsg::Finished { .. })));
    assert_eq!(fake.dropped.load(Ordering::Relaxed), 1, "the place is given back");
    assert!(next(&mut session).is_none(), "one finish");
}

#[test]
fn a_run_whose_events_just_end_is_finished_as_crashed() {
    let fake = Arc::new(Fake::default());
    let mut session = session(&fake);
    session.receive(&run(1));
    fake.started.lock().expect("no test panics with it").clear();
    let Some(ServerMsg::Finished { report, .. }) = next(&mut session) else { panic!("a finish") };
    assert_eq!(report.outcome, Outcome::Crashed);
    assert!(next(&mut session).is_none(), "one finish");
}

#[test]
fn a_request_lowers_the_limits_of_its_run() {
    let fake = Arc::new(Fake::default());
    let text = format!(
        r#"{{"type":"run","run_id":"{}","source":"1","limits":{{"wall_ms":50}},"input":[1]}}"#,
        id(1)
    );
    session(&fake).receive(&text);
    let started = fake.started.lock().expect("no test panics with it");
    assert_eq!(started[0].0.limits.wall_ms, 50);
    assert_eq!(started[0].0.input.as_ref().map(|input| input.get()), Some("[1]"));
}

#[test]
fn an_id_is_used_once_while_open_and_while_remembered() {
    let fake = Arc::new(Fake::default());
    let mut session = session(&fake);
    session.receive(&run(1));
    assert_eq!(reason(session.receive(&run(1))), (Some(id(1)), RejectReason::DuplicateRunId));
    send(&fake, 0, finished());
    next(&mut session);
    assert_eq!(reason(session.receive(&run(1))), (Some(id(1)), RejectReason::DuplicateRunId));
    for n in 2..4 {
        assert!(session.receive(&run(n)).is_none());
        send(&fake, n as usize - 1, finished());
        next(&mut session);
    }
    assert!(session.receive(&run(1)).is_none(), "two later ones have pushed it out");
    assert_eq!(session.ended.set.len(), 2, "and no more than two are kept");
}

#[test]
fn a_third_run_is_one_too_many() {
    let fake = Arc::new(Fake::default());
    let mut session = session(&fake);
    session.receive(&run(1));
    session.receive(&run(2));
    assert_eq!(reason(session.receive(&run(3))), (Some(id(3)), RejectReason::TooManyRuns));
    send(&fake, 0, finished());
    next(&mut session);
    assert!(session.receive(&run(3)).is_none(), "a rejected id may be tried again");
}

#[test]
fn a_full_sandbox_says_when_to_try_again() {
    let fake = Arc::new(Fake { busy: true, ..Fake::default() });
    let Some(ServerMsg::Rejected { retry_after_ms, .. }) = session(&fake).receive(&run(1)) else { panic!() };
    assert_eq!(retry_after_ms, Some(500));
}

#[test]
fn bad_frames_get_the_reason_that_fits() {
    let fake = Arc::new(Fake::default());
    let mut session = session(&fake);
    session.receive(&run(1));
    let named = |n| Some(id(n));
    let long = format!(r#"{{"type":"run","run_id":"{}","source":"{}"}}"#, id(5), "x".repeat(101));
    let long_input =
        format!(r#"{{"type":"run","run_id":"{}","source":"","input":"{}"}}"#, id(5), "x".repeat(100));
    let stop = |n| format!(r#"{{"type":"stop","run_id":"{}"}}"#, id(n));
    let input = |n| format!(r#"{{"type":"input","run_id":"{}","prompt_id":0,"value":"x"}}"#, id(n));
    for (text, run_id, expected) in [
        ("nonsense".to_owned(), None, RejectReason::BadRequest),
        (r#"{"type":"dance"}"#.to_owned(), None, RejectReason::BadRequest),
        (r#"{"type":"run","source":"1"}"#.to_owned(), None, RejectReason::BadRequest),
        (long, named(5), RejectReason::TooLarge),
        (long_input, named(5), RejectReason::TooLarge),
        (stop(9), named(9), RejectReason::UnknownRun),
        (input(9), named(9), RejectReason::UnknownRun),
        (input(1), named(1), RejectReason::UnknownPrompt),
    ] {
        assert_eq!(reason(session.receive(&text)), (run_id, expected), "{text}");
    }
    assert_eq!(fake.started.lock().expect("no test panics with it").len(), 1, "and nothing was started");
}

fn prompt(prompt_id: u32) -> RunEvent {
    RunEvent::Prompt { prompt_id, kind: PromptKind::Prompt, message: "?".into(), default: None }
}

fn input(n: u128, prompt_id: u32, value: &str) -> String {
    format!(r#"{{"type":"input","run_id":"{}","prompt_id":{prompt_id},"value":{value}}}"#, id(n))
}

#[test]
fn a_prompt_is_answered_once_and_only_while_it_is_open() {
    let fake = Arc::new(Fake::default());
    let mut session = session(&fake);
    session.receive(&run(1));
    session.receive(&run(2));
    assert_eq!(reason(session.receive(&input(1, 1, "null"))).1, RejectReason::UnknownPrompt);
    send(&fake, 0, prompt(1));
    assert_eq!(
        reason(session.receive(&input(1, 1, "null"))).1,
        RejectReason::UnknownPrompt,
        "nobody knows yet"
    );
    assert!(matches!(next(&mut session), Some(ServerMsg::Prompt { prompt_id: 1, .. })));
    assert_eq!(reason(session.receive(&input(2, 1, "null"))).1, RejectReason::UnknownPrompt, "another run's");
    let long = format!("\"{}\"", "x".repeat(ANSWER_BYTES + 1));
    assert_eq!(reason(session.receive(&input(1, 1, &long))), (Some(id(1)), RejectReason::TooLarge));
    assert!(session.receive(&input(1, 1, "\"é\"")).is_none(), "it still waits");
    assert_eq!(reason(session.receive(&input(1, 1, "\"é\""))).1, RejectReason::UnknownPrompt, "once");
    send(&fake, 0, prompt(2));
    send(&fake, 0, finished());
    next(&mut session);
    assert!(session.receive(&input(1, 2, "null")).is_none());
    next(&mut session);
    assert_eq!(reason(session.receive(&input(1, 2, "null"))).1, RejectReason::UnknownRun);
    let answered = fake.answered.lock().expect("no test panics with it");
    assert_eq!(*answered, [(1, Some("é".to_owned())), (2, None)]);
}

#[test]
fn evaluations_go_to_runs_that_take_them_in_order_and_so_many_at_once() {
    let fake = Arc::new(Fake::default());
    let mut session = session(&fake);
    let evaluate = |n: u128, evaluation_id: u32, source: &str| {
        let source = serde_json::to_string(source).expect("JSON");
        format!(
            r#"{{"type":"evaluate","run_id":"{}","evaluation_id":{evaluation_id},"source":{source}}}"#,
            id(n)
        )
    };
    session.receive(&run(1));
    session.receive(&format!(r#"{{"type":"run","run_id":"{}","source":"1","repl":true}}"#, id(2)));
    assert_eq!(reason(session.receive(&evaluate(1, 1, "1"))), (Some(id(1)), RejectReason::BadRequest));
    assert_eq!(reason(session.receive(&evaluate(3, 1, "1"))), (Some(id(3)), RejectReason::UnknownRun));
    assert_eq!(reason(session.receive(&evaluate(2, 0, "1"))).1, RejectReason::BadRequest);
    let long = "x".repeat(EVALUATION_BYTES + 1);
    assert_eq!(reason(session.receive(&evaluate(2, 1, &long))).1, RejectReason::TooLarge);
    for number in 1..=EVALUATIONS as u32 {
        assert!(session.receive(&evaluate(2, 2 * number, "é")).is_none());
    }
    assert_eq!(reason(session.receive(&evaluate(2, 8, "again"))).1, RejectReason::BadRequest);
    assert_eq!(reason(session.receive(&evaluate(2, 9, "1"))).1, RejectReason::TooManyEvaluations);
    let value = Some(RawValue::from_string("{}".into()).expect("JSON"));
    send(&fake, 1, RunEvent::Evaluated { evaluation_id: 4, value, error: None });
    assert!(matches!(next(&mut session), Some(ServerMsg::Evaluated { evaluation_id: 4, error: None, .. })));
    assert!(session.receive(&evaluate(2, 9, "1")).is_none());
    send(&fake, 1, RunEvent::Paused { left_ms: 5, report: None });
    assert!(matches!(next(&mut session), Some(ServerMsg::Paused { left_ms: 5, report: None, .. })));
    send(&fake, 1, finished());
    next(&mut session);
    assert_eq!(reason(session.receive(&evaluate(2, 10, "1"))).1, RejectReason::UnknownRun);
    let evaluated = fake.evaluated.lock().expect("no test panics with it");
    assert_eq!(evaluated.len(), 5);
    assert_eq!(evaluated[0], (2, "é".to_owned()));
    let started = fake.started.lock().expect("no test panics with it");
    assert_eq!((started[0].0.repl, started[1].0.repl), (false, true));
}

#[test]
fn answers_may_come_beforehand_and_are_as_long_as_a_source_at_most() {
    let fake = Arc::new(Fake::default());
    let mut session = session(&fake);
    let with = |stdin: &str| format!(r#"{{"type":"run","run_id":"{}","source":"","stdin":{stdin}}}"#, id(1));
    let lines = vec![""; 101];
    let refused = session.receive(&with(&serde_json::to_string(&lines).expect("JSON")));
    assert_eq!(reason(refused), (Some(id(1)), RejectReason::TooLarge));
    assert_eq!(reason(session.receive(&with("\"x\""))).1, RejectReason::BadRequest);
    assert!(session.receive(&with(r#"["a",""]"#)).is_none());
    let started = fake.started.lock().expect("no test panics with it");
    assert_eq!(
        (started[0].0.stdin.as_slice(), started[0].0.is_attended),
        (&["a".into(), String::new()][..], true)
    );
}

#[test]
fn stop_reaches_the_run_and_leaving_drops_it() {
    let fake = Arc::new(Fake::default());
    let mut session = session(&fake);
    session.receive(&run(1));
    session.receive(&run(2));
    assert!(session.receive(&format!(r#"{{"type":"stop","run_id":"{}"}}"#, id(1))).is_none());
    assert_eq!(fake.stopped.load(Ordering::Relaxed), 1);
    drop(session);
    assert_eq!(fake.dropped.load(Ordering::Relaxed), 2);
}

#[test]
fn a_busy_run_does_not_starve_another() {
    let fake = Arc::new(Fake::default());
    let mut session = session(&fake);
    session.receive(&run(1));
    session.receive(&run(2));
    for _ in 0..4 {
        send(&fake, 0, RunEvent::Started);
        send(&fake, 1, RunEvent::Started);
    }
    let mut order = Vec::new();
    while let Some(ServerMsg::Started { run_id }) = next(&mut session) {
        order.push(run_id);
    }
    assert_eq!(order, [1, 2, 1, 2, 1, 2, 1, 2].map(id));
}

proptest! {
    #[test]
    fn no_frame_makes_it_panic(texts in proptest::collection::vec("\\PC*", 0..8)) {
        let fake = Arc::new(Fake::default());
        let mut session = session(&fake);
        for text in texts {
            // Text that is no message is rejected, always and at once.
            let rejected = matches!(session.receive(&text), Some(ServerMsg::Rejected { .. }));
            prop_assert!(rejected);
        }
    }

    /// Messages near the right ones: each gets a rejection, or starts a run, or stops one.
    #[test]
    fn every_frame_gets_one_answer_or_one_action(
        frames in proptest::collection::vec(
            (prop::sample::select(vec!["run", "stop", "input", "rune"]), 0u128..4, prop::sample::select(vec![
                "", r#","source":"1""#, r#","source":1"#, r#","prompt_id":0,"value":null"#, r#","mode":"x","source":"""#,
            ])),
            0..40,
        )
    ) {
        let fake = Arc::new(Fake::default());
        let mut session = session(&fake);
        for (kind, n, rest) in frames {
            let acted = |fake: &Fake| {
                let started = fake.started.lock().expect("no test panics with it").len();
                started + fake.stopped.load(Ordering::Relaxed)
            };
            let before = acted(&fake);
            let answer = session.receive(&format!(r#"{{"type":"{kind}","run_id":"{}"{rest}}}"#, id(n)));
            prop_assert_eq!(usize::from(answer.is_some()) + acted(&fake) - before, 1);
            prop_assert!(session.open.len() <= 2);
        }
    }
}
