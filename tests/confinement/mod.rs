//! What a process that runs a program can't do, shown from its inside: system calls made in a program's place.

mod main_instead;
mod reach;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mayfly::limits::Limits;
use mayfly::policy::modules::Allowed;
use mayfly::protocol::browser::{Language, Mode, Outcome};
use mayfly::protocol::runner::{LayerState, Submission};
use mayfly::sandbox::{ClientKey, ConfinementPolicy, Run, RunEvent, Sandbox, SandboxSettings};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch, apply_filter};
use serde_json::Value;

use crate::support::{TestApp, command, soon};

/// How a call ends.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// With this result: `done` or an error's name.
    Gave(String),
    /// With the process.
    Killed,
}

struct Calls {
    sandbox: Sandbox,
    /// The layers that are there, by this machine's leave.
    layers: BTreeSet<String>,
}

impl Calls {
    async fn new(program: PathBuf) -> Self {
        let sandbox = Sandbox::launch(SandboxSettings {
            program,
            limits: Limits::default(),
            cold: false,
            tuning: mayfly::tuning::Steps::all(),
            tuning_fault: None,
            confinement: ConfinementPolicy::Auto,
            warm_children: 2,
            open_runs: 4,
            reserve: 0,
            asking: 1,
            client_asking: 1,
            queue_bytes: 1 << 20,
            queue: 4,
            client_open_runs: 4,
            client_queue: 4,
            grace: Duration::from_millis(200),
            ready_timeout: Duration::from_secs(10),
            zygote_forks: 10_000,
            zygote_age: Duration::from_secs(3600),
            paused: Duration::ZERO,
            message_bytes: 64 << 10,
            display_bytes: 256 << 10,
            prompts: 0,
            egress: mayfly::sandbox::egress::EgressSettings::default(),
            modules_dir: None,
        })
        .await
        .expect("a sandbox");
        let there = |state: &LayerState| *state == LayerState::Applied;
        let layers = sandbox.health().confinement.into_iter();
        let layers = layers.filter(|layer| there(&layer.state)).map(|layer| layer.layer).collect();
        Self { sandbox, layers }
    }

    async fn sealed() -> Self {
        Self::new(std::env::current_exe().expect("this binary")).await
    }

    fn has(&self, layer: &str) -> bool {
        self.layers.contains(layer)
    }

    async fn call(&self, name: &str) -> End {
        let run = Run {
            run_id: uuid::Uuid::new_v4(),
            client: ClientKey::of([127, 0, 0, 1].into()),
            program: Submission::of_source(name.to_owned(), Language::Javascript, Mode::Auto),
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
        let (_handle, mut events) = self.sandbox.start(run).expect("there is room");
        loop {
            match soon(name, events.recv()).await.expect("a last event") {
                RunEvent::Finished(report) => {
                    return match report.outcome {
                        Outcome::Completed => {
                            let value = report.value.expect("a result");
                            End::Gave(serde_json::from_str(value.get()).expect("a text"))
                        }
                        Outcome::Crashed => End::Killed,
                        other => panic!("{name}: {other:?}"),
                    };
                }
                RunEvent::Queued { .. }
                | RunEvent::Started
                | RunEvent::Console { .. }
                | RunEvent::Prompt { .. }
                | RunEvent::Usage { .. }
                | RunEvent::Paused { .. }
                | RunEvent::Evaluated { .. }
                | RunEvent::Released(_)
                | RunEvent::Displaced(_) => {}
            }
        }
    }
}

/// This process, which is the server to the children of its sandbox.
fn with_own_pid(name: &str) -> String {
    format!("{name} {}", std::process::id())
}

const KILL: &[&str] = &[
    "mkdir",
    "unlink",
    "rename",
    "link",
    "symlink",
    "chmod",
    "truncate",
    "mknod",
    "chdir",
    "getdents64",
    "open_by_handle_at",
    "inotify_init1",
    "fanotify_init",
    "socket",
    "socket_udp",
    "socket_unix",
    "socket_netlink",
    "socketpair",
    "connect",
    "connect_own",
    "bind",
    "listen",
    "accept",
    "sendmsg",
    "recvmsg",
    "setsockopt",
    "execve",
    "execveat",
    "memfd_create",
    "fork",
    "fork_by_clone",
    "clone_newuser",
    "thread",
    "clone3",
    "wait4",
    "kill",
    "kill_parent",
    "kill_all",
    "rt_sigqueueinfo",
    "pidfd_open",
    "pidfd_getfd",
    "pidfd_send_signal",
    "ptrace",
    "ptrace_me",
    "process_vm_readv",
    "process_vm_writev",
    "process_madvise",
    "kcmp",
    "prlimit",
    "setpriority",
    "sched_setaffinity",
    "sched_setscheduler",
    "raise_files",
    "raise_processes",
    "raise_memory",
    "dumpable",
    "forget_parent",
    "seccomp",
    "setuid",
    "setresuid",
    "setgid",
    "setgroups",
    "capset",
    "unshare",
    "unshare_net",
    "setns",
    "chroot",
    "pivot_root",
    "mount",
    "umount2",
    "open_tree",
    "fsopen",
    "keyctl",
    "add_key",
    "io_uring_setup",
    "bpf",
    "userfaultfd",
    "perf_event_open",
    "init_module",
    "kexec_load",
    "reboot",
    "syslog",
    "sethostname",
    "settimeofday",
    "personality",
    "modify_ldt",
    "iopl",
    "vmsplice",
    "splice",
    "shmget",
    "msgget",
    "semget",
    "mq_open",
    "epoll_create1",
    "eventfd2",
    "timer_create",
    "timerfd_create",
    "timerfd_settime",
    "pipe2",
    "dup",
    "fcntl",
    "handle_sigsys",
    "call_unknown",
    "call_x32",
    "call_i386",
    "lock",
    "use_readv",
    "use_writev",
    "use_shutdown",
    "use_getuid",
    "use_geteuid",
    "use_getgid",
    "use_getegid",
];

/// What libraries try and do without.
const REFUSE: &[(&str, &str)] = &[
    ("open", "EPERM"),
    ("open_old", "EPERM"),
    ("open_root", "EPERM"),
    ("open_above", "EPERM"),
    ("open_environ", "EPERM"),
    ("create", "EPERM"),
    ("stat", "EPERM"),
    ("ioctl", "EPERM"),
    ("tgkill", "EPERM"),
    ("tkill", "EPERM"),
    ("raise_cpu", "EPERM"),
    ("uname", "EPERM"),
    ("sysinfo", "EPERM"),
    ("priority_of", "EPERM"),
    ("policy_of", "EPERM"),
    ("affinity_of", "EPERM"),
    ("barrier", "EPERM"),
];

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no panic").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[actix_web::test]
async fn a_call_that_no_runner_makes_is_refused_or_kills_its_process_alone() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let _logging = tracing::subscriber::set_default(subscriber);

    let calls = Calls::sealed().await;
    if !calls.has("seccomp") {
        return;
    }
    let zygote = crate::support::children_of(std::process::id());
    for name in KILL {
        assert_eq!(calls.call(&with_own_pid(name)).await, End::Killed, "{name}");
    }
    for (name, error) in REFUSE {
        assert_eq!(calls.call(&with_own_pid(name)).await, End::Gave((*error).to_owned()), "{name}");
    }
    assert_eq!(calls.call("nothing").await, End::Gave("done".into()), "the next run is none the worse");
    assert_eq!(
        crate::support::children_of(std::process::id()),
        zygote,
        "it is the zygote that was there first"
    );
    let log = String::from_utf8(log.0.lock().expect("no panic").clone()).expect("text");
    assert_eq!(log.matches("(SIGSYS)").count(), 1, "{log}");
}

#[actix_web::test]
async fn memory_has_an_end() {
    let calls = Calls::sealed().await;
    if !calls.has("memory_limits") {
        return;
    }
    let done = || End::Gave("done".into());
    let mib = |name: &str, mib: u64| format!("{name} {}", mib << 20);
    assert_eq!(calls.call(&mib("map", 256)).await, done(), "a run's own memory is to be had");
    assert_eq!(calls.call(&mib("map", 512)).await, End::Gave("ENOMEM".into()));
    assert_eq!(calls.call(&mib("map_reserve", 512)).await, End::Gave("ENOMEM".into()));
}

/// The layers below the filter, as if that had a hole.
#[actix_web::test]
async fn without_the_filter_the_other_layers_hold() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = folder.path().join(main_instead::UNSEALED);
    std::os::unix::fs::symlink(std::env::current_exe().expect("this binary"), &program).expect("a link");
    let mut victim = Victim::new();
    let calls = Calls::new(program).await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    // A layer (or another), a call, and the errors that it may give.
    let table: &[(&[&str], &str, &[&str])] = &[
        (&["landlock_files", "empty_root"], "open", &["EACCES", "ENOENT"]),
        (&["landlock_files", "empty_root"], "open_above", &["EACCES", "ENOENT"]),
        (&["landlock_files", "empty_root"], "open_environ", &["EACCES", "ENOENT"]),
        (&["landlock_files", "empty_root"], "create", &["EACCES", "ENOENT", "EROFS"]),
        (&["landlock_files"], "open_root", &["EACCES"]),
        (&["landlock_files", "empty_root"], "execve", &["EACCES", "ENOENT"]),
        (&["empty_root"], "stat", &["ENOENT"]),
        (&["empty_root"], "chdir", &["ENOENT"]),
        (&["network_namespace", "landlock_network"], "connect", &["ENETUNREACH", "EACCES", "EAFNOSUPPORT"]),
        (&["capabilities"], "mount", &["EPERM"]),
        (&["capabilities"], "chroot", &["EPERM"]),
        (&["capabilities"], "sethostname", &["EPERM"]),
        (&["capabilities"], "setuid", &["EPERM", "EINVAL"]),
        (&["capabilities"], "setresuid", &["EPERM", "EINVAL"]),
        (&["capabilities"], "capset", &["EPERM"]),
        (&["capabilities"], "unshare_net", &["EPERM"]),
        (&["capabilities"], "raise_files", &["EPERM"]),
        (&["capabilities"], "raise_memory", &["EPERM"]),
        (&["capabilities"], "init_module", &["EPERM", "ENOSYS"]),
        (&["capabilities"], "reboot", &["EPERM"]),
        (&["capabilities"], "iopl", &["EPERM", "ENOSYS"]),
        (&["pid_namespace", "landlock_scopes"], "kill", &["ESRCH", "EPERM"]),
        (&["pid_namespace", "landlock_scopes"], "tgkill", &["ESRCH", "EPERM"]),
        (&["pid_namespace"], "pidfd_open", &["ESRCH", "ENOSYS"]),
        (&["pid_namespace", "landlock_files"], "ptrace", &["ESRCH", "EPERM"]),
        (&["pid_namespace", "landlock_files"], "process_vm_readv", &["ESRCH", "EPERM", "ENOSYS"]),
        (&["pid_namespace"], "prlimit", &["ESRCH"]),
        (&["resource_limits"], "lock", &["EPERM", "ENOMEM"]),
        (&["resource_limits"], "mq_open", &["EMFILE", "EACCES", "EPERM"]),
    ];
    for (layers, name, errors) in table {
        if !layers.iter().any(|layer| calls.has(layer)) {
            continue;
        }
        let call =
            if *name == "connect" { format!("connect {port}") } else { format!("{name} {}", victim.0.id()) };
        let end = calls.call(&call).await;
        let refused = matches!(&end, End::Gave(error) if errors.contains(&error.as_str()));
        assert!(refused, "{name}: {end:?}, not one of {errors:?}");
    }
    assert!(victim.0.try_wait().expect("it is ours").is_none(), "nobody killed it");
    assert_eq!(calls.call("nothing").await, End::Gave("done".into()));
}

/// A line of `/proc/PID/status`.
fn status(pid: u32, name: &str) -> String {
    shown(pid, name).unwrap_or_else(|| panic!("no {name}"))
}

/// A line of `/proc/PID/status` that not every kernel has.
fn shown(pid: u32, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the process lives");
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.trim_start_matches(':').trim().to_owned())
}

/// Both limits of a process. Asked of the kernel, which needs privileges, where `/proc` does not have them.
fn limits(pid: u32, resource: libc::__rlimit_resource_t, name: &str) -> [String; 2] {
    if let Ok(text) = std::fs::read_to_string(format!("/proc/{pid}/limits")) {
        let line = text.lines().find(|line| line.starts_with(&format!("Max {name} "))).expect("a limit");
        let mut numbers = line[25..].split_whitespace().map(str::to_owned);
        return std::array::from_fn(|_| numbers.next().expect("a number"));
    }
    let mut limit = libc::rlimit { rlim_cur: 1, rlim_max: 1 };
    // SAFETY: the call fills what it is given.
    let result = unsafe { libc::prlimit(pid as i32, resource, std::ptr::null(), &raw mut limit) };
    assert_eq!(result, 0, "{name}: {}", std::io::Error::last_os_error());
    [limit.rlim_cur.to_string(), limit.rlim_max.to_string()]
}

/// A process that a child is to do harm to. Its number is above all those in the child's namespace of processes,
/// where low numbers are the child's siblings.
struct Victim(std::process::Child);

impl Victim {
    fn new() -> Self {
        loop {
            let sleeping = Command::new("sleep").arg("60").spawn().map(Self).expect("a process");
            if sleeping.0.id() > 200 {
                return sleeping;
            }
        }
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What the kernel says of a process that runs a program.
#[actix_web::test]
async fn the_kernel_agrees() {
    let app = TestApp::start();
    let health = app.health().await;
    let has = |layer: &str| {
        let layers = health["confinement"].as_array().expect("a list");
        layers.iter().find(|it| it["layer"] == layer).unwrap_or_else(|| panic!("no {layer}"))["state"]
            == "applied"
    };
    let children: Vec<u32> =
        app.descendants().into_iter().filter(|&pid| status(pid, "Threads") == "2").collect();
    assert!(!children.is_empty(), "some wait ready");
    let child = children[0];
    // Where the kernel shows its ambient set, it is empty when the permitted one is.
    for set in ["CapInh", "CapPrm", "CapEff", "CapBnd"] {
        let held = status(child, set);
        assert!(held == "0000000000000000" || set == "CapBnd" && !has("user_namespace"), "{set}: {held}");
    }
    assert_eq!(shown(child, "NoNewPrivs").as_deref().unwrap_or("1"), "1");
    assert!(!has("seccomp") || status(child, "Seccomp") == "2");
    assert!(!status(child, "Uid").split_whitespace().any(|uid| uid == "0"), "{}", status(child, "Uid"));
    if let (true, Some(ids), Some(own)) =
        (has("pid_namespace"), shown(child, "NSpid"), shown(std::process::id(), "NSpid"))
    {
        assert_eq!(ids.split_whitespace().count(), own.split_whitespace().count() + 1);
    }
    // Two open files are what a child polls; it has those two and can't open a third.
    for (resource, name, allowed) in [
        (libc::RLIMIT_NOFILE, "open files", "2"),
        (libc::RLIMIT_NPROC, "processes", "0"),
        (libc::RLIMIT_CORE, "core file size", "0"),
        (libc::RLIMIT_FSIZE, "file size", "0"),
        (libc::RLIMIT_MEMLOCK, "locked memory", "0"),
        (libc::RLIMIT_MSGQUEUE, "msgqueue size", "0"),
    ] {
        if resource != libc::RLIMIT_MSGQUEUE || has("resource_limits") {
            assert_eq!(limits(child, resource, name), [allowed; 2], "{name}");
        }
    }
    if has("oom_score") {
        let score =
            std::fs::read_to_string(format!("/proc/{child}/oom_score_adj")).expect("the process lives");
        assert_eq!(score.trim(), "1000");
    }
    // Only root may look further: a runner is not dumpable.
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let environ = std::fs::read(format!("/proc/{child}/environ")).expect("root may read it");
    assert!(environ.is_empty(), "{}", String::from_utf8_lossy(&environ));
    let folder = format!("/proc/{child}/fd");
    let names = std::fs::read_dir(&folder).expect("root may read it").map(|it| it.expect("an entry").path());
    let open: Vec<PathBuf> = names.map(|name| std::fs::read_link(name).expect("a link")).collect();
    // Besides /dev/null: its socket, and what wakes the second of its threads.
    let others: BTreeSet<&PathBuf> = open.iter().filter(|it| *it != Path::new("/dev/null")).collect();
    let sockets = others.iter().filter(|it| it.to_string_lossy().starts_with("socket:")).count();
    let events = others.iter().filter(|it| it.to_string_lossy() == "anon_inode:[eventfd]").count();
    let timers = others.iter().filter(|it| it.to_string_lossy() == "anon_inode:[timerfd]").count();
    assert_eq!((others.len(), sockets, events, timers), (3, 1, 1, 1), "{open:?}");
    assert_eq!(open.len(), 8, "three ends of one socket: {open:?}");
    // gVisor has no links that name namespaces.
    if std::fs::read_link("/proc/self/ns/mnt").is_err() {
        return;
    }
    for (layer, file) in [
        ("user_namespace", "user"),
        ("pid_namespace", "pid"),
        ("network_namespace", "net"),
        ("ipc_namespace", "ipc"),
        ("uts_namespace", "uts"),
        ("cgroup_namespace", "cgroup"),
        ("mount_namespace", "mnt"),
    ] {
        let of = |pid: u32| std::fs::read_link(format!("/proc/{pid}/ns/{file}")).expect("root may read it");
        assert_eq!(of(child) != of(app.pid()), has(layer), "{layer}");
    }
}

fn states(health: &Value) -> BTreeSet<&str> {
    let layers = health["confinement"].as_array().expect("a list");
    layers.iter().map(|layer| layer["state"].as_str().expect("a state")).collect()
}

/// Takes `unshare` away from a server, as containers without privileges do.
fn in_a_container(command: &mut Command) {
    let rules = BTreeMap::from([(libc::SYS_unshare, Vec::new())]);
    let refuse = SeccompAction::Errno(libc::EPERM as u32);
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, refuse, TargetArch::x86_64);
    let filter: BpfProgram = filter.expect("a filter").try_into().expect("a program");
    // SAFETY: between fork and exec this makes system calls only.
    unsafe { command.pre_exec(move || apply_filter(&filter).map_err(std::io::Error::other)) };
}

#[actix_web::test]
async fn required_confinement_is_had_or_the_server_does_not_start() {
    if !states(&TestApp::start().health().await).contains("missing") {
        for fork in ["--fork=warm", "--fork=cold"] {
            let app = TestApp::with(&[fork, "--confinement=required"]);
            assert_eq!(states(&app.health().await), BTreeSet::from(["applied"]));
            app.run("1").expect_completed().await;
        }
    }
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = command(folder.path(), &["serve", "--listen=127.0.0.1:0", "--confinement=required"]);
    in_a_container(&mut command);
    let output = command.output().expect("mayfly starts");
    assert!(!output.status.success());
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("`required`") && error.contains("pid_namespace (unshare: "), "{error}");
}

#[actix_web::test]
async fn confinement_can_be_turned_off_and_health_says_so() {
    let app = TestApp::with(&["--confinement=off"]);
    assert_eq!(states(&app.health().await), BTreeSet::from(["off"]));
    app.run("1").expect_completed().await;
    assert!(app.log().contains("runs are not confined"), "{}", app.log());
}

#[actix_web::test]
async fn a_missing_layer_is_logged_once_and_shown_and_the_others_are_there() {
    let app = TestApp::prepared(&["--zygote-forks=1"], in_a_container);
    let full = TestApp::start().health().await;
    for _ in 0..3 {
        app.run("1").expect_completed().await;
    }
    let lines = app.log().lines().filter(|line| line.contains("pid_namespace")).count();
    assert_eq!(lines, 1, "{}", app.log());
    let health = app.health().await;
    let layers = health["confinement"].as_array().expect("a list");
    for (layer, elsewhere) in layers.iter().zip(full["confinement"].as_array().expect("a list")) {
        let name = layer["layer"].as_str().expect("a name");
        if name == "empty_root" && nix::unistd::geteuid().is_root() {
            assert_eq!(layer["state"], "applied", "root has another way: {layer}");
        } else if name.ends_with("_namespace") || name == "empty_root" {
            assert_eq!(layer["state"], "missing", "{layer}");
            assert!(layer["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{layer}");
        } else {
            assert_eq!(layer, elsewhere);
        }
    }
}

/// gVisor has no more than it says, and no less: an update that changes this should be noticed, and the table
/// in `server/README.md` with it.
#[actix_web::test]
#[ignore = "is for gVisor: make test-gvisor"]
async fn gvisor_lacks_these_layers_and_no_others() {
    let health = TestApp::start().health().await;
    let layers = health["confinement"].as_array().expect("a list");
    let missing = layers.iter().filter(|layer| layer["state"] != "applied");
    let missing: BTreeMap<_, _> = missing
        .map(|it| (it["layer"].as_str().expect("a name"), it["reason"].as_str().expect("words")))
        .collect();
    let expected = [
        ("cgroup_namespace", "this kernel has none"),
        ("landlock_files", "this kernel has no landlock"),
        ("landlock_network", "this kernel has no landlock"),
        ("landlock_scopes", "this kernel has no landlock"),
        ("mount_namespace", "this kernel has none"),
        ("resource_limits", "message queues: Operation not permitted (the other limits are set)"),
    ];
    assert_eq!(missing, BTreeMap::from(expected));
    assert_eq!(health["fork"], "warm");
    assert_eq!(health["kernel"], "gvisor");
}
