//! A whole run against a process that says these bytes. The first eight say how: what it was allowed, when
//! it hangs up, how it ends, whether it is stopped.

use std::io::Write as _;
use std::net::Ipv4Addr;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use mayfly::limits::Limits;
use mayfly::policy::modules::Allowed;
use mayfly::protocol::browser::{Language, Mode, Outcome, RunReport, Usage};
use mayfly::protocol::prompt::TEXT_BYTES;
use mayfly::protocol::runner::Submission;
use mayfly::protocol::usage::USAGE_BYTES;
use mayfly::sandbox::egress::EgressSettings;
use mayfly::sandbox::process::{Backend, BackendHealth, BoxFuture, End, Life, Process, ProcessError};
use mayfly::sandbox::{ClientKey, ConfinementPolicy, ForkMode, Run, RunEvent, Sandbox, SandboxSettings};
use mayfly::tuning::Steps;
use serde_json::value::RawValue;
use tokio::runtime::{Builder, Runtime};
use uuid::Uuid;

const MESSAGE_BYTES: u64 = 256;
const DISPLAY_BYTES: u64 = 512;
const PROMPTS: u32 = 5;
/// What a socket takes without a reader.
const SOCKET_BYTES: usize = 64 << 10;

struct Script {
    bytes: Vec<u8>,
    hangs_up: bool,
    end: End,
    /// How many processes die before this one comes.
    unread: u8,
}

struct Scripted(Mutex<Script>, /* the ends of the children */ Mutex<Vec<UnixStream>>);

impl Backend for Scripted {
    fn process(&self) -> BoxFuture<'_, Result<Process, ProcessError>> {
        Box::pin(async {
            let mut script = self.0.lock().expect("nobody panics with it");
            let (socket, mut child) = UnixStream::pair().expect("a socket");
            socket.set_nonblocking(true).expect("a socket");
            let life = Box::new(Fate(script.end));
            if script.unread > 0 {
                script.unread -= 1;
                return Ok(Process { socket, life });
            }
            // The server may be gone already where its word to the child was its last.
            child.write_all(&script.bytes).expect("it fits");
            if script.hangs_up {
                child.shutdown(std::net::Shutdown::Write).expect("it is open");
            }
            self.1.lock().expect("nobody panics with it").push(child);
            Ok(Process { socket, life })
        })
    }

    fn replenish(&self) {}

    fn health(&self) -> BackendHealth {
        BackendHealth {
            ok: true,
            fork: ForkMode::Warm,
            warm: 0,
            confinement: Vec::new(),
            notes: Vec::new(),
            engine: "V8".to_owned(),
            tuning: Vec::new(),
            zygotes_lost: 0,
        }
    }
}

struct Fate(End);

impl Life for Fate {
    fn kill(&mut self) {}

    fn ended(&mut self) -> BoxFuture<'_, End> {
        Box::pin(std::future::ready(self.0))
    }
}

pub fn target(data: &[u8]) {
    thread_local! {
        static RUNTIME: Runtime =
            Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime");
    }
    let Some((how, bytes)) = data.split_first_chunk::<8>() else { return };
    if bytes.len() > SOCKET_BYTES {
        return;
    }
    RUNTIME.with(|runtime| runtime.block_on(see_through(*how, bytes)));
}

async fn see_through([output, events, hangs_up, unread, status, signal, used, stop]: [u8; 8], bytes: &[u8]) {
    let limits = Limits {
        wall_ms: 1_000,
        prompt_ms: 2_000,
        cpu_ms: 100,
        process_bytes: 1_000,
        output_bytes: u64::from(output) * 8,
        console_events: u64::from(events),
        ..Limits::default()
    };
    let end = End {
        status: (status < 128).then(|| status.into()),
        signal: (signal < 128).then(|| signal.into()),
        cpu_ms: u64::from(used),
        process_bytes: u64::from(used) * 8,
    };
    let script = Script { bytes: bytes.to_vec(), hangs_up: hangs_up % 2 == 0, end, unread: unread % 4 };
    let sandbox = Sandbox::with_backend(settings(limits), Scripted(Mutex::new(script), Mutex::default()));
    let run = Run {
        run_id: Uuid::nil(),
        client: ClientKey::of(Ipv4Addr::LOCALHOST.into()),
        program: Submission::of_source(String::new(), Language::Javascript, Mode::Auto),
        input: None,
        limits,
        egress: None,
        sender: Default::default(),
        watcher: None,
        modules: Allowed::default(),
        stdin: Vec::new(),
        // One that dies as often as it may has nobody to ask, either.
        is_attended: unread < 128,
        tells_usage: unread.is_multiple_of(2),
        repl: unread < 64,
    };
    let (handle, mut received) = sandbox.start(run).expect("there is a place");
    let (mut is_started, mut seen_events, mut seen_bytes, mut seen_prompts) = (false, 0, 0, 0);
    let (mut report, mut is_paused) = (None, false);
    for id in 1..3 {
        handle.evaluate(id, "1".to_owned());
    }
    while let Some(event) = received.recv().await {
        assert!(report.is_none(), "`Finished` is the last: {event:?}");
        match event {
            RunEvent::Queued { .. } => panic!("it had a place"),
            RunEvent::Started => assert!(!std::mem::replace(&mut is_started, true), "it starts once"),
            RunEvent::Console { seq, count, events } => {
                assert!(is_started);
                assert_eq!(seq, seen_events);
                let members: Vec<&RawValue> = serde_json::from_str(events.get()).expect("an array");
                assert_eq!(members.len() as u64, count);
                let most = if count == 1 { DISPLAY_BYTES } else { MESSAGE_BYTES };
                assert!(members.iter().all(|event| event.get().len() as u64 <= most));
                seen_events += count;
                seen_bytes += events.get().len() as u64 - count - 1;
            }
            RunEvent::Prompt { prompt_id, kind: _, message, default } => {
                assert!(is_started && unread < 128);
                assert!(prompt_id == seen_prompts + 1 && prompt_id <= PROMPTS);
                assert!(message.len().max(default.map_or(0, |it| it.len())) <= TEXT_BYTES);
                seen_prompts = prompt_id;
                // Every other one is answered, and one that is not open.
                handle.answer(prompt_id & !1, Some(message));
                handle.answer(prompt_id + 1, None);
            }
            RunEvent::Usage { usage, at } => {
                assert!(is_started && unread.is_multiple_of(2));
                assert_eq!((usage.console_events, usage.limits), (seen_events, limits));
                assert!(at.is_none_or(|at| at.function.len() <= USAGE_BYTES));
            }
            RunEvent::Paused { left_ms, report } => {
                assert!(is_started && unread < 64 && left_ms <= 1_000);
                assert_eq!(report.is_some(), !std::mem::replace(&mut is_paused, true), "an end is told once");
            }
            RunEvent::Evaluated { evaluation_id, value, error } => {
                assert!(unread < 64 && matches!(evaluation_id, 1 | 2));
                assert!(value.is_some() != error.is_some());
            }
            RunEvent::Released(_) => assert!(is_paused),
            RunEvent::Displaced(_) => panic!("it had a place"),
            RunEvent::Finished(finished) => report = Some(*finished),
        }
        if u64::from(stop) == seen_events {
            handle.stop();
        }
    }
    let report = report.expect("one `Finished`");
    check(&report, limits, is_started, (seen_events, seen_bytes));
    // The place is given back when the process is gone, which may be after the report.
    for _ in 0..100 {
        if sandbox.health().open_runs == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the place is not free again: {report:?}");
}

fn check(report: &RunReport, limits: Limits, is_started: bool, (events, bytes): (u64, u64)) {
    let RunReport { outcome, value, returned, error, stopped_at: _, usage, dropped: _ } = report;
    let Usage { output_bytes, console_events, limits: told, .. } = *usage;
    assert_eq!(told, limits);
    assert_eq!(console_events, events);
    let value_bytes = value.as_ref().map_or(0, |value| value.get().len() as u64);
    assert!(value_bytes <= MESSAGE_BYTES);
    let returned_bytes = returned.as_ref().map_or(0, |returned| returned.json.get().len() as u64);
    assert!(output_bytes >= bytes + value_bytes + returned_bytes);
    assert!(output_bytes <= limits.output_bytes && console_events <= limits.console_events);
    assert_eq!(error.is_none(), *outcome == Outcome::Completed, "{report:?}");
    assert!(value.is_none() && returned.is_none() || *outcome == Outcome::Completed);
    assert!(is_started || matches!(outcome, Outcome::Stopped | Outcome::Crashed), "{report:?}");
    serde_json::to_string(report).expect("a report can be written");
}

fn settings(limits: Limits) -> SandboxSettings {
    SandboxSettings {
        program: PathBuf::new(),
        limits,
        cold: false,
        tuning: Steps::none(),
        tuning_fault: None,
        confinement: ConfinementPolicy::Off,
        warm_children: 0,
        open_runs: 1,
        reserve: 0,
        asking: 1,
        client_open_runs: 1,
        client_asking: 1,
        queue: 1,
        queue_bytes: 1,
        client_queue: 1,
        grace: Duration::from_millis(200),
        ready_timeout: Duration::from_secs(10),
        zygote_forks: 1,
        zygote_age: Duration::from_secs(1),
        paused: Duration::from_secs(1),
        message_bytes: MESSAGE_BYTES,
        display_bytes: DISPLAY_BYTES,
        prompts: PROMPTS,
        egress: EgressSettings::default(),
        modules_dir: None,
    }
}
