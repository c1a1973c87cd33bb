//! `mayfly doctor`: what this machine offers, which parts of Mayfly do without something here, and what to do about it.

use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use mayfly::limits::Limits;
use mayfly::policy::modules::Allowed;
use mayfly::protocol::browser::{Language, Mode, Outcome};
use mayfly::protocol::runner::{Layer, LayerState, Submission};
use mayfly::sandbox::{ClientKey, ConfinementPolicy, ForkMode, Run, RunEvent, Sandbox, SandboxSettings};
use mayfly::tuning::{Step, StepReport, StepState, Steps};
use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit};
use serde::Serialize;

/// How long the whole examination of one rung may take.
const RUNG_TIME: Duration = Duration::from_secs(60);
/// What each rung runs.
const PROGRAM: &str = "console.log('Hello'); 1 + 1";

/// The whole report; `--json` prints it as it is.
#[derive(Serialize)]
pub struct Report {
    /// `ok`, `reduced` or `unable`, for exit codes 0, 1 and 2.
    pub result: Verdict,
    /// The version of this program.
    pub version: &'static str,
    /// The machine's facts.
    pub machine: Vec<Fact>,
    /// The ways to make processes, from the fastest to the slowest.
    pub rungs: Vec<Rung>,
    /// Every tuning step on the first rung.
    pub tuning: Vec<Item>,
    /// Every layer of the confinement.
    pub confinement: Vec<Item>,
    /// What else was noted while the sandbox started.
    pub notes: Vec<String>,
}

/// The result in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// All that Mayfly can use is there.
    Ok,
    /// It serves, without something.
    Reduced,
    /// It can't serve.
    Unable,
}

/// One fact about the machine.
#[derive(Serialize)]
pub struct Fact {
    name: &'static str,
    value: String,
    /// What to do, where the value is a problem.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

/// One way to make processes.
#[derive(Serialize)]
pub struct Rung {
    name: &'static str,
    /// Whether a process made this way ran a program.
    works: bool,
    /// From accepting a run to its end, the fastest of a few, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    run_ms: Option<f64>,
    /// Why it does not work.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// A tuning step or a layer of the confinement.
#[derive(Serialize)]
pub struct Item {
    name: String,
    /// `applied`, `missing`, `skipped` or `off`.
    state: &'static str,
    /// Why it is not applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// What its absence costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<&'static str>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<&'static str>,
}

/// Examines this machine with these settings.
pub fn examine(settings: &SandboxSettings) -> anyhow::Result<Report> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(runtime.block_on(examine_rungs(settings)))
}

async fn examine_rungs(settings: &SandboxSettings) -> Report {
    // A layer that is missing is to be listed, not to end the start.
    let confinement = match settings.confinement {
        ConfinementPolicy::Off => ConfinementPolicy::Off,
        ConfinementPolicy::Auto | ConfinementPolicy::Required => ConfinementPolicy::Auto,
    };
    let base = SandboxSettings { confinement, warm_children: 1, ..settings.clone() };
    let warm = |tuning| SandboxSettings { cold: false, tuning, ..base.clone() };
    let plans = [
        ("tuned warm fork", warm(settings.tuning.clone())),
        ("plain warm fork", warm(Steps::none())),
        ("cold start", SandboxSettings { cold: true, tuning: Steps::none(), ..base.clone() }),
    ];
    let mut rungs = Vec::new();
    let (mut tuning, mut layers, mut notes) = (Vec::new(), Vec::new(), Vec::new());
    for (number, (name, settings)) in plans.into_iter().enumerate() {
        let is_cold = settings.cold;
        let examined = tokio::time::timeout(RUNG_TIME, examine_rung(settings)).await;
        let examined = examined.unwrap_or_else(|_| Err(format!("it took more than {RUNG_TIME:?}")));
        let mut rung = Rung { name, works: false, run_ms: None, error: None };
        match examined {
            Ok(examined) => {
                rung.works = is_cold || examined.fork == ForkMode::Warm;
                rung.run_ms = Some((examined.run.as_secs_f64() * 1e5).round() / 100.0);
                if !rung.works {
                    rung.error = Some(examined.notes.join("; "));
                }
                if number == 0 {
                    tuning = examined.tuning;
                }
                // The layers are the same on each rung; the first that works lists them.
                if layers.is_empty() {
                    (layers, notes) = (examined.confinement, examined.notes);
                }
            }
            Err(error) => rung.error = Some(error),
        }
        rungs.push(rung);
    }
    let tuning: Vec<Item> = tuning.into_iter().map(step_item).collect();
    let layers: Vec<Item> = layers.into_iter().map(layer_item).collect();
    let machine = machine();
    let has_missing_layer = layers.iter().any(|item| item.state == "missing");
    let result = if rungs.iter().all(|rung| !rung.works)
        || (has_missing_layer && settings.confinement == ConfinementPolicy::Required)
    {
        Verdict::Unable
    } else if rungs.iter().any(|rung| !rung.works)
        || has_missing_layer
        || tuning.iter().any(|item| item.state == "skipped")
        || machine.iter().any(|fact| fact.advice.is_some())
    {
        Verdict::Reduced
    } else {
        Verdict::Ok
    };
    let version = env!("CARGO_PKG_VERSION");
    Report { result, version, machine, rungs, tuning, confinement: layers, notes }
}

/// What one rung came to.
struct Examined {
    fork: ForkMode,
    run: Duration,
    tuning: Vec<StepReport>,
    confinement: Vec<Layer>,
    notes: Vec<String>,
}

async fn examine_rung(settings: SandboxSettings) -> Result<Examined, String> {
    let sandbox = Sandbox::launch(settings).await.map_err(|error| error.to_string())?;
    let mut fastest = Duration::MAX;
    for _ in 0..5 {
        let begun = Instant::now();
        run(&sandbox).await?;
        fastest = fastest.min(begun.elapsed());
    }
    let health = sandbox.health();
    Ok(Examined {
        fork: health.fork,
        run: fastest,
        tuning: health.tuning,
        confinement: health.confinement,
        notes: health.notes,
    })
}

async fn run(sandbox: &Sandbox) -> Result<(), String> {
    let run = Run {
        run_id: uuid::Uuid::new_v4(),
        client: ClientKey::of([127, 0, 0, 1].into()),
        program: Submission::of_source(PROGRAM.into(), Language::Javascript, Mode::Auto),
        input: None,
        limits: Limits::default(),
        egress: None,
        sender: Default::default(),
        watcher: None,
        modules: Allowed::default(),
        stdin: Vec::new(),
        is_attended: false,
        tells_usage: false,
        repl: false,
    };
    let (_handle, mut events) = sandbox.start(run).map_err(|error| error.to_string())?;
    while let Some(event) = events.recv().await {
        if let RunEvent::Finished(report) = event {
            if report.outcome == Outcome::Completed {
                return Ok(());
            }
            let error = report.error.map(|error| format!(": {}", error.message)).unwrap_or_default();
            return Err(format!("a program of one line ended as {:?}{error}", report.outcome));
        }
    }
    Err("a run was not reported".into())
}

fn step_item(StepReport { step, state }: StepReport) -> Item {
    let reason = match &state {
        StepState::Skipped { reason } => Some(reason.clone()),
        StepState::Applied | StepState::Off => None,
    };
    let is_missing = reason.is_some();
    let (cost, advice) = step_texts(step);
    Item {
        name: step.name().to_owned(),
        state: state.name(),
        reason,
        cost: is_missing.then_some(cost),
        advice: is_missing.then_some(advice),
    }
}

/// What the absence of a step costs, and what to do about it.
fn step_texts(step: Step) -> (&'static str, &'static str) {
    match step {
        Step::HugeCode => (
            "speed: each run takes more CPU time",
            "Allow transparent huge pages: write `madvise` to /sys/kernel/mm/transparent_hugepage/enabled.",
        ),
        Step::Prefault => (
            "speed: each run takes more CPU time",
            "Give the server a readable /proc. A kernel from 5.14 on has what this step needs.",
        ),
        Step::BatchThread | Step::OutputYield | Step::DelayedRefill => (
            "speed: the first output comes a little later",
            "Nothing has to be done: Mayfly works without it.",
        ),
    }
}

fn layer_item(Layer { layer, state }: Layer) -> Item {
    let (state, reason) = match state {
        LayerState::Applied => ("applied", None),
        LayerState::Missing { reason } => ("missing", Some(reason)),
        LayerState::Off => ("off", None),
    };
    let is_missing = reason.is_some();
    let (cost, advice) = layer_texts(&layer);
    Item {
        name: layer,
        state,
        reason,
        cost: is_missing.then_some(cost),
        advice: is_missing.then_some(advice),
    }
}

/// What the absence of a layer costs, and what to do about it.
fn layer_texts(layer: &str) -> (&'static str, &'static str) {
    const NAMESPACES: &str = "Let the server make user namespaces (kernel.unprivileged_userns_clone=1, \
                              kernel.apparmor_restrict_unprivileged_userns=0), or start it as root with CAP_SYS_ADMIN. \
                              In a container, run it under gVisor.";
    match layer {
        "seccomp" => (
            "security: a program that breaks out of V8 can make any system call",
            "Use a kernel with CONFIG_SECCOMP_FILTER.",
        ),
        "landlock_files" | "landlock_network" | "landlock_scopes" => (
            "security: one of the walls around files, sockets and signals is missing",
            "Use Linux 5.13 or later for files, 6.7 for the network, 6.12 for scopes, with landlock in `lsm=`. gVisor has none.",
        ),
        "user" => (
            "security: processes keep the user of the server",
            "Start the server as a user that is not root, or give it CAP_SETUID and CAP_SETGID.",
        ),
        "capabilities" | "no_new_privileges" | "not_dumpable" => (
            "security: processes keep privileges",
            "Look at the reason: every kernel that Mayfly supports has this layer.",
        ),
        "user_namespace" | "pid_namespace" | "network_namespace" | "ipc_namespace" | "uts_namespace"
        | "cgroup_namespace" | "mount_namespace" => {
            ("security: processes share this namespace with the server", NAMESPACES)
        }
        "empty_root" => ("security: processes keep the root folder of the server", NAMESPACES),
        "memory_limits" => (
            "security: the kernel does not bound the memory of a process; Mayfly itself still does",
            "Mount /proc where the server runs.",
        ),
        "resource_limits" => (
            "security: a limit on descriptors, processes or stack is missing",
            "Look at the reason: it names the limit.",
        ),
        "oom_score" => (
            "security: a machine out of memory may end other programs before a run",
            "Mount /proc so that the server can write to /proc/self/oom_score_adj.",
        ),
        _ => ("security: this wall is missing", "Look at the reason."),
    }
}

/// What the kernel and the processor are, and the limits of this process.
fn machine() -> Vec<Fact> {
    let fact = |name, value: String| Fact { name, value, advice: None };
    let mut facts = Vec::new();
    if let Ok(uname) = nix::sys::utsname::uname() {
        let text = |part: &std::ffi::OsStr| part.to_string_lossy().into_owned();
        facts.push(fact("kernel", format!("{} {}", text(uname.sysname()), text(uname.release()))));
        facts.push(fact("architecture", text(uname.machine())));
    }
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    facts.push(fact("processors", processors.to_string()));
    let flags = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let flags = flags.lines().find_map(|line| line.strip_prefix("flags")).unwrap_or_default();
    let has = |flag: &str| flags.split_whitespace().any(|it| it == flag);
    let yes = |is: bool| if is { "yes" } else { "no" }.to_owned();
    facts.push(fact("protection keys", yes(has("ospke"))));
    facts.push(fact("five-level paging", yes(has("la57"))));
    // SAFETY: reads a constant of the system.
    let page = unsafe { nix::libc::sysconf(nix::libc::_SC_PAGESIZE) };
    facts.push(fact("page size", format!("{page} bytes")));
    let thp = std::fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled");
    facts.push(fact("transparent huge pages", thp.map_or("unknown".into(), |text| text.trim().to_owned())));
    // SAFETY: reads a number.
    let root = unsafe { nix::libc::geteuid() } == 0;
    facts.push(fact("root", yes(root)));
    let has_proc = std::path::Path::new("/proc/self/maps").exists();
    facts.push(Fact {
        name: "/proc",
        value: if has_proc { "mounted" } else { "missing" }.into(),
        advice: (!has_proc).then(|| {
            "Mount /proc: without it runs start cold, ten times slower, and some layers are missing."
                .to_owned()
        }),
    });
    for (name, resource, least) in [
        ("address space limit", Resource::RLIMIT_AS, Some(64 << 30)),
        ("open files limit", Resource::RLIMIT_NOFILE, Some(1_024)),
        ("processes limit", Resource::RLIMIT_NPROC, None),
    ] {
        let Ok((_, most)) = getrlimit(resource) else { continue };
        let value = if most == RLIM_INFINITY { "none".to_owned() } else { most.to_string() };
        let advice = least.filter(|least| most < *least).map(|least| match resource {
            Resource::RLIMIT_AS => format!(
                "V8 reserves address space by the gigabyte without using it. Raise the limit to {least} bytes or \
                 remove it (ulimit -v unlimited); bound memory by a cgroup instead."
            ),
            _ => format!("Raise it to {least} or more (ulimit -n, LimitNOFILE=)."),
        });
        facts.push(Fact { name, value, advice });
    }
    if let Some(most) = cgroup_memory() {
        facts.push(fact("cgroup memory limit", format!("{} MiB", most >> 20)));
    }
    facts
}

/// The memory limit of this process's cgroup, in bytes, if it has one.
fn cgroup_memory() -> Option<u64> {
    let groups = std::fs::read_to_string("/proc/self/cgroup").ok()?;
    let path = groups.lines().find_map(|line| line.strip_prefix("0::"))?;
    let file = format!("/sys/fs/cgroup{}/memory.max", path.trim_end_matches('/'));
    std::fs::read_to_string(file).ok()?.trim().parse().ok()
}

impl Report {
    /// 0 where all is there, 1 where Mayfly works with less, 2 where it can't run.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self.result {
            Verdict::Ok => 0,
            Verdict::Reduced => 1,
            Verdict::Unable => 2,
        })
    }

    /// The report for a terminal.
    pub fn text(&self) -> String {
        let mut text = format!("Mayfly {}\n\nMachine\n", self.version);
        // Writing to a text can't fail.
        for Fact { name, value, advice } in &self.machine {
            let _ = writeln!(text, "  {name:<24} {value}");
            advice.iter().for_each(|advice| {
                let _ = writeln!(text, "    to do: {advice}");
            });
        }
        let _ = writeln!(text, "\nWays to make processes, the fastest first");
        for Rung { name, works, run_ms, error } in &self.rungs {
            let state = if *works { "works" } else { "fails" };
            let time = run_ms.map(|ms| format!("a run takes {ms} ms")).unwrap_or_default();
            let _ = writeln!(text, "  {state:<8} {name:<20} {time}");
            error.iter().for_each(|error| {
                let _ = writeln!(text, "    {error}");
            });
        }
        for (title, items) in [
            ("Tuning (sandbox.tuning): speed", &self.tuning),
            ("Confinement (sandbox.confinement): security", &self.confinement),
        ] {
            let _ = writeln!(text, "\n{title}");
            for Item { name, state, reason, cost, advice } in items {
                let _ = writeln!(text, "  {state:<8} {name}");
                for (what, line) in [("why", reason.as_deref()), ("costs", *cost), ("to do", *advice)] {
                    if let Some(line) = line {
                        let _ = writeln!(text, "    {what}: {line}");
                    }
                }
            }
        }
        if !self.notes.is_empty() {
            let _ = writeln!(text, "\nNotes");
            for note in &self.notes {
                let _ = writeln!(text, "  {note}");
            }
        }
        let result = match self.result {
            Verdict::Ok => "Everything that Mayfly can use is there.",
            Verdict::Reduced => "Mayfly works here, without what is listed above.",
            Verdict::Unable => "Mayfly can't run programs here.",
        };
        let _ = writeln!(text, "\n{result}");
        text
    }
}
